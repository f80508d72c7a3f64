// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the migration offload core.
 */
#include <kunit/test.h>

#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "test_migrators.h"

#define TEST_MAX_PAGES	700

/* Counts, page by page, what a copy routine was asked to copy. */
struct test_copies {
	struct mo_job job;
	struct migrate_batch batch;
	struct migrate_pair pairs[TEST_MAX_PAGES];
	u8 copied[TEST_MAX_PAGES];
};

static struct test_copies *test_copies;

/* Folios are never touched here: a pair stands for its index. */
static struct folio *test_folio(unsigned long i)
{
	return (struct folio *)((i + 1) << PAGE_SHIFT);
}

static int test_count_copy(struct folio *dst, struct folio *src,
			   unsigned long first, unsigned long nr)
{
	unsigned long i = ((unsigned long)src >> PAGE_SHIFT) - 1;
	struct migrate_pair *pair = &test_copies->pairs[i];

	if (first + nr > pair->nr_pages)
		return -EINVAL;
	while (nr--)
		test_copies->copied[pair->start + first++]++;
	return 0;
}

static int test_poison_copy(struct folio *dst, struct folio *src,
			    unsigned long first, unsigned long nr)
{
	if (src == test_folio(1))
		return -EHWPOISON;
	if (src == test_folio(2))
		return -EIO;
	return test_count_copy(dst, src, first, nr);
}

static void test_batch_reset(void)
{
	test_copies->batch.pairs = test_copies->pairs;
	test_copies->batch.nr_pairs = 0;
	test_copies->batch.nr_pages = 0;
	memset(test_copies->copied, 0, sizeof(test_copies->copied));
}

/* Folios of @size pages, and a shorter last one, @nr_pages in all. */
static void test_batch_fill(unsigned int nr_pages, unsigned int size)
{
	test_batch_reset();
	for (unsigned int i = 0; nr_pages; i++) {
		unsigned int nr = min(size, nr_pages);

		mo_batch_add(&test_copies->batch, test_folio(i),
			     test_folio(i), nr);
		nr_pages -= nr;
	}
}

/* Claim and copy everything; true when each page was copied exactly once. */
static bool test_copy_all(unsigned int nr_workers, migrate_copy_fn copy)
{
	struct mo_job *job = &test_copies->job;
	unsigned int gen, piece;

	gen = mo_job_start(job, &test_copies->batch, nr_workers, copy);
	while (mo_job_claim(job, gen, &piece)) {
		mo_job_copy_piece(job, piece);
		atomic_dec(&job->unfinished);
	}
	mo_job_settle(job);
	for (unsigned int i = 0; i < test_copies->batch.nr_pages; i++)
		if (test_copies->copied[i] != 1)
			return false;
	return atomic_read(&job->unfinished) == 1;
}

/* Every length up to a bound, every folio size, every number of workers. */
static void split_covers_every_page(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 2, 3, 4, 16, 64, 100, 512 };
	bool ok;

	for (unsigned int nr = 1; nr <= TEST_MAX_PAGES; nr++)
		for (int s = 0; s < ARRAY_SIZE(sizes); s++) {
			unsigned int workers = 1 + (nr + s) %
					       MIGRATE_OFFLOAD_MAX_WORKERS;

			test_batch_fill(nr, sizes[s]);
			ok = test_copy_all(workers, test_count_copy);
			KUNIT_ASSERT_TRUE_MSG(test, ok,
					      "%u pages in folios of %u, %u workers",
					      nr, sizes[s], workers);
			cond_resched();
		}

	for (unsigned int workers = 1; workers <= MIGRATE_OFFLOAD_MAX_WORKERS;
	     workers++)
		for (unsigned int nr = 1; nr <= 130; nr++) {
			test_batch_fill(nr, 7);
			ok = test_copy_all(workers, test_count_copy);
			KUNIT_ASSERT_TRUE_MSG(test, ok, "%u pages, %u workers",
					      nr, workers);
			cond_resched();
		}
}

static void all_copied_is_a_verdict(struct kunit *test)
{
	test_batch_fill(600, 64);
	KUNIT_ASSERT_TRUE(test, test_copy_all(3, test_count_copy));
	for (unsigned int i = 0; i < test_copies->batch.nr_pairs; i++)
		KUNIT_EXPECT_EQ(test, test_copies->pairs[i].verdict,
				MIGRATE_COPIED);
}

/* One folio's failure stays its own. */
static void failures_stay_apart(struct kunit *test)
{
	test_batch_fill(600, 100);
	test_copy_all(5, test_poison_copy);
	for (unsigned int i = 0; i < test_copies->batch.nr_pairs; i++)
		KUNIT_EXPECT_EQ(test, test_copies->pairs[i].verdict,
				i == 1 ? MIGRATE_POISONED :
				i == 2 ? MIGRATE_NOT_COPIED : MIGRATE_COPIED);
}

/* A piece that nobody copied leaves its folio to the ordinary path. */
static void unfinished_is_not_copied(struct kunit *test)
{
	struct mo_job *job = &test_copies->job;
	unsigned int gen, piece;

	test_batch_fill(512, 256);
	gen = mo_job_start(job, &test_copies->batch, 1, test_count_copy);
	/* Pieces are claimed from the last to the first. */
	KUNIT_ASSERT_TRUE(test, mo_job_claim(job, gen, &piece));
	while (mo_job_claim(job, gen, &piece))
		mo_job_copy_piece(job, piece);
	mo_job_settle(job);
	KUNIT_EXPECT_EQ(test, test_copies->pairs[0].verdict, MIGRATE_COPIED);
	KUNIT_EXPECT_EQ(test, test_copies->pairs[1].verdict, MIGRATE_NOT_COPIED);
}

static void claims_are_exclusive(struct kunit *test)
{
	struct mo_job *job = &test_copies->job;
	unsigned int gen, piece, nr_claimed = 0, nr_pieces;
	u8 *taken;

	test_batch_fill(TEST_MAX_PAGES, 1);
	gen = mo_job_start(job, &test_copies->batch, 16, test_count_copy);
	nr_pieces = atomic_read(&job->unfinished) - 1;
	KUNIT_EXPECT_EQ(test, nr_pieces,
			DIV_ROUND_UP(TEST_MAX_PAGES, job->piece_pages));
	KUNIT_EXPECT_LE(test, job->piece_pages, MO_PIECE_PAGES);

	taken = kunit_kzalloc(test, nr_pieces, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, taken);
	while (mo_job_claim(job, gen, &piece)) {
		KUNIT_ASSERT_LT(test, piece, nr_pieces);
		KUNIT_ASSERT_EQ(test, taken[piece]++, 0);
		nr_claimed++;
	}
	KUNIT_EXPECT_EQ(test, nr_claimed, nr_pieces);
}

/* Claims as many pieces as it can get, in another thread. */
static int test_claimer(void *data)
{
	struct mo_job *job = &test_copies->job;
	unsigned int gen = *(unsigned int *)data, piece;

	while (mo_job_claim(job, gen, &piece)) {
		mo_job_copy_piece(job, piece);
		atomic_dec(&job->unfinished);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void threads_share_the_pieces(struct kunit *test)
{
	struct task_struct *threads[3];
	unsigned int gen, i;

	for (int round = 0; round < 50; round++) {
		test_batch_fill(TEST_MAX_PAGES, 3);
		gen = mo_job_start(&test_copies->job, &test_copies->batch,
				   MIGRATE_OFFLOAD_MAX_WORKERS,
				   test_count_copy);
		for (i = 0; i < ARRAY_SIZE(threads); i++) {
			threads[i] = kthread_run(test_claimer, &gen, "claimer");
			KUNIT_ASSERT_FALSE(test, IS_ERR(threads[i]));
		}
		while (atomic_read(&test_copies->job.unfinished) > 1)
			cond_resched();
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			kthread_stop(threads[i]);
		for (i = 0; i < TEST_MAX_PAGES; i++)
			KUNIT_ASSERT_EQ(test, test_copies->copied[i], 1);
	}
}

static void late_helper_claims_nothing(struct kunit *test)
{
	struct mo_job *job = &test_copies->job;
	unsigned int gen, next, piece = ~0U;

	test_batch_fill(64, 1);
	gen = mo_job_start(job, &test_copies->batch, 2, test_count_copy);
	while (mo_job_claim(job, gen, &piece))
		;
	/* After the end of its own job. */
	piece = ~0U;
	KUNIT_EXPECT_FALSE(test, mo_job_claim(job, gen, &piece));
	/* While the next one has plenty to claim. */
	next = mo_job_start(job, &test_copies->batch, 2, test_count_copy);
	KUNIT_EXPECT_NE(test, gen, next);
	KUNIT_EXPECT_FALSE(test, mo_job_claim(job, gen, &piece));
	KUNIT_EXPECT_EQ(test, piece, ~0U);
	KUNIT_EXPECT_TRUE(test, mo_job_claim(job, next, &piece));
}

/* The generation wraps around and leaves the number of pieces alone. */
static void generations_wrap(struct kunit *test)
{
	struct mo_job *job = &test_copies->job;
	unsigned int gen, piece;

	atomic64_set(&job->claim, (s64)0xffffffff00000000ULL);
	test_batch_fill(8, 1);
	gen = mo_job_start(job, &test_copies->batch, 2, test_count_copy);
	KUNIT_EXPECT_EQ(test, gen, 0);
	KUNIT_EXPECT_FALSE(test, mo_job_claim(job, 0xffffffff, &piece));
	KUNIT_EXPECT_TRUE(test, mo_job_claim(job, gen, &piece));
	KUNIT_EXPECT_EQ(test, piece, 7);
}

/* Verdicts become marks, rejects and counters. */
static void verdicts(struct kunit *test)
{
	static const unsigned int given[] = {
		MIGRATE_COPIED, MIGRATE_POISONED, MIGRATE_NOT_COPIED,
		MIGRATE_DST_LOST, 99
	};
	static const struct migrate_ops ops = { .name = "kunit" };
	LIST_HEAD(srcs);
	LIST_HEAD(dsts);
	struct mo_folios lists = {
		.src_rejects = LIST_HEAD_INIT(lists.src_rejects),
		.dst_rejects = LIST_HEAD_INIT(lists.dst_rejects),
		.src_lost = LIST_HEAD_INIT(lists.src_lost),
		.dst_lost = LIST_HEAD_INIT(lists.dst_lost),
	};
	struct mo_migrator *m;
	struct folio *folios;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	folios = kunit_kcalloc(test, 2 * ARRAY_SIZE(given), sizeof(*folios),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_NOT_NULL(test, folios);
	m->ops = &ops;
	m->stats = alloc_percpu(struct mo_stats);
	KUNIT_ASSERT_TRUE(test, m->stats);
	test_batch_reset();
	for (int i = 0; i < ARRAY_SIZE(given); i++) {
		struct folio *src = &folios[2 * i], *dst = &folios[2 * i + 1];

		list_add_tail(&src->lru, &srcs);
		list_add_tail(&dst->lru, &dsts);
		/* What unmapping saved must survive. */
		dst->private = (void *)0x1000003UL;
		mo_batch_add(&test_copies->batch, src, dst, 1);
		test_copies->pairs[i].verdict = given[i];
	}
	test_copies->batch.nr_helpers = 3;
	mo_batch_settle(m, &test_copies->batch, 42, &lists);

	for (int i = 0; i < ARRAY_SIZE(given); i++)
		KUNIT_EXPECT_PTR_EQ(test, folios[2 * i + 1].private,
				    given[i] == MIGRATE_COPIED ?
				    (void *)0x1000007UL : (void *)0x1000003UL);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&srcs), 3);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&dsts), 3);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&lists.src_rejects));
	KUNIT_EXPECT_PTR_EQ(test, lists.src_rejects.next, &folios[2].lru);
	KUNIT_EXPECT_PTR_EQ(test, lists.dst_rejects.next, &folios[3].lru);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&lists.src_lost));
	KUNIT_EXPECT_PTR_EQ(test, lists.src_lost.next, &folios[6].lru);
	KUNIT_EXPECT_PTR_EQ(test, lists.dst_lost.next, &folios[7].lru);
	KUNIT_EXPECT_EQ(test, mo_stat_read(m, MO_STAT_BATCHES), 1);
	KUNIT_EXPECT_EQ(test, mo_stat_read(m, MO_STAT_FOLIOS), 1);
	KUNIT_EXPECT_EQ(test, mo_stat_read(m, MO_STAT_BYTES),
			PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mo_stat_read(m, MO_STAT_NS), 42);
	KUNIT_EXPECT_EQ(test, mo_stat_read(m, MO_STAT_HELPERS), 3);
	KUNIT_EXPECT_EQ(test,
			mo_stat_read(m, MO_STAT_NOT_COPIED), 2);
	KUNIT_EXPECT_EQ(test, mo_stat_read(m, MO_STAT_POISONED), 1);
	KUNIT_EXPECT_EQ(test, mo_stat_read(m, MO_STAT_LOST), 1);
	free_percpu(m->stats);
}

static bool test_ready(enum migrate_reason reason, unsigned long bytes,
		       bool longer)
{
	return longer;
}

/* What is registered can be selected, once, and leaves no trace. */
static void registry(struct kunit *test)
{
	static const struct migrate_ops ops = {
		.name = "kunit", .ready = test_ready, .copy = test_no_copy,
	};
	static const struct migrate_ops twin = {
		.name = "kunit", .ready = test_ready, .copy = test_no_copy,
	};
	static const struct migrate_ops lame = { .name = "lame" };
	char *before = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	char *buf = (char *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, before);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	mo_show_selected(buf);
	strscpy(before, buf, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), -EINVAL);
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&ops), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_register(&twin), -EEXIST);
	KUNIT_EXPECT_EQ(test, migrate_offload_register(&lame), -EINVAL);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), 0);
	mo_show_selected(buf);
	KUNIT_EXPECT_NOT_NULL(test, strstr(buf, "[kunit]"));
	KUNIT_EXPECT_EQ(test, migrate_offload_select("lame"), -EINVAL);
	mo_show_selected(buf);
	KUNIT_EXPECT_NOT_NULL(test, strstr(buf, "[kunit]"));
	KUNIT_EXPECT_TRUE(test, mo_enabled());

	migrate_offload_unregister(&ops);
	mo_show_selected(buf);
	KUNIT_EXPECT_STREQ(test, buf, before);
	free_page((unsigned long)buf);
}

static int test_activations, test_activate_error;

static int test_activate(void)
{
	if (test_activate_error)
		return test_activate_error;
	test_activations++;
	return 0;
}

static void test_deactivate(void)
{
	test_activations--;
}

/* What a migrator takes while it is selected is taken once and given back. */
static void activation(struct kunit *test)
{
	static const struct migrate_ops ops = {
		.name = "kunit", .ready = test_ready, .copy = test_no_copy,
		.activate = test_activate, .deactivate = test_deactivate,
	};

	KUNIT_ASSERT_EQ(test, migrate_offload_register(&ops), 0);
	KUNIT_EXPECT_EQ(test, test_activations, 0);
	test_activate_error = -ENODEV;
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), -ENODEV);
	KUNIT_EXPECT_FALSE(test, mo_enabled());
	test_activate_error = 0;
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), 0);
	KUNIT_EXPECT_EQ(test, test_activations, 1);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	KUNIT_EXPECT_EQ(test, test_activations, 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), 0);
	migrate_offload_unregister(&ops);
	KUNIT_EXPECT_EQ(test, test_activations, 0);
}

static void names(struct kunit *test)
{
	static const char * const good[] = { "mtcopy", "dcbm", "x", "a-b_c.1" };
	static const char * const bad[] = {
		"", "kernel", "default", "policy", "two words", "new\nline",
		"a/b", "[x]", ".", "file_folios", "0123456789abcdef0123456789abcdef"
	};

	for (int i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_EQ_MSG(test, mo_check_name(good[i]),
				    0, "%s", good[i]);
	for (int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, mo_check_name(bad[i]),
				    -EINVAL, "%s", bad[i]);
	KUNIT_EXPECT_EQ(test, mo_check_name(NULL), -EINVAL);
}

static int mo_kunit_init(struct kunit_suite *suite)
{
	test_copies = kvzalloc_obj(*test_copies);
	return test_copies ? 0 : -ENOMEM;
}

static void mo_kunit_exit(struct kunit_suite *suite)
{
	kvfree(test_copies);
}

static struct kunit_case mo_kunit_cases[] = {
	KUNIT_CASE_SLOW(split_covers_every_page),
	KUNIT_CASE(all_copied_is_a_verdict),
	KUNIT_CASE(failures_stay_apart),
	KUNIT_CASE(unfinished_is_not_copied),
	KUNIT_CASE(claims_are_exclusive),
	KUNIT_CASE(threads_share_the_pieces),
	KUNIT_CASE(late_helper_claims_nothing),
	KUNIT_CASE(generations_wrap),
	KUNIT_CASE(verdicts),
	KUNIT_CASE(registry),
	KUNIT_CASE(activation),
	KUNIT_CASE(names),
	{}
};

static struct kunit_suite mo_kunit_suite = {
	.name = "migrate_offload",
	.suite_init = mo_kunit_init,
	.suite_exit = mo_kunit_exit,
	.test_cases = mo_kunit_cases,
};

kunit_test_suites(&mo_kunit_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload");
MODULE_LICENSE("GPL");
