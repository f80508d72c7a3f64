// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what is decided about a batch.
 */
#include <kunit/test.h>

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/srcu.h>

#include "test_migrators.h"

#define TEST_FOLIOS	64
#define TEST_ANON	(0x1000UL + 1)

/* Ready for a long batch; for a short one. */
static bool test_says_yes, test_says_short;

static bool test_ready(enum migrate_reason reason, unsigned long bytes,
		       bool longer)
{
	return longer ? test_says_yes : test_says_short;
}

static const struct migrate_ops test_ops = {
	.name = "kunit", .ready = test_ready, .copy = test_no_copy,
};

static unsigned long test_min_bytes_were, test_max_bytes_were;
static struct folio *test_folios;
static struct mo_migrator *test_m;

/* Anonymous, isolated, with @refs references more. */
static void test_be_anon(struct folio *folio, int refs)
{
	folio->mapping = (void *)TEST_ANON;
	atomic_set(&folio->_mapcount, -1);
	atomic_set(&folio->_refcount, 1 + refs);
}

/* In the page cache; not eligible, or if @shmem only for a short batch. */
static void test_be_file(struct folio *folio, bool shmem)
{
	folio->mapping = NULL;
	if (shmem)
		__folio_set_swapbacked(folio);
}

static void test_all_anon(void)
{
	for (int i = 0; i < TEST_FOLIOS; i++)
		test_be_anon(&test_folios[i], 0);
}

static u64 test_declined(enum mo_outcome outcome)
{
	return mo_stat_read_reason(test_m, MR_SYSCALL, MO_STAT_DECLINED_TOO_SHORT +
				   outcome - MO_TOO_SHORT);
}

static int test_init(struct kunit *test)
{
	test_min_bytes_were = mo_min_batch_bytes;
	test_max_bytes_were = mo_max_batch_bytes;
	test_says_yes = true;
	test_says_short = false;
	test_m = NULL;
	test_folios = kunit_kcalloc(test, TEST_FOLIOS, sizeof(*test_folios),
				    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test_folios);
	for (int i = 0; i < TEST_FOLIOS; i++)
		test_be_file(&test_folios[i], false);
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops), 0);
	test_m = test_find("kunit");
	KUNIT_ASSERT_EQ(test, migrate_offload_select("kunit"), 0);
	mo_min_batch_bytes = 0;
	return 0;
}

static void test_exit(struct kunit *test)
{
	mo_min_batch_bytes = test_min_bytes_were;
	mo_max_batch_bytes = test_max_bytes_were;
	if (test_m)
		migrate_offload_unregister(&test_ops);
}

static struct mo_plan test_plan;

/* End the plan as migrate_pages_batch() does when no folio could be unmapped. */
static void test_end_plan(void)
{
	LIST_HEAD(src);
	LIST_HEAD(dst);
	struct mo_folios none = { .src = &src, .dst = &dst };

	if (mo_plan_copies(&test_plan))
		mo_copy(&test_plan, &none);
}

/*
 * Plan a batch as migrate_pages() does, from the folios that @from holds.  Returns
 * how many are in the batch.
 */
static int test_next_batch(struct list_head *from, enum migrate_reason reason,
			   int nr_default, struct list_head *hugetlb)
{
	struct list_head *pos;
	LIST_HEAD(batch);
	int nr = 0;

	list_for_each(pos, from)
		if (nr++ == nr_default)
			break;
	list_cut_before(&batch, from, pos);
	mo_plan_begin(&test_plan, &batch, from, reason, nr_default, hugetlb);
	test_end_plan();
	return list_count_nodes(&batch);
}

static void test_fill(struct list_head *list, int nr)
{
	for (int i = 0; i < nr; i++)
		list_add_tail(&test_folios[i].lru, list);
}

/* How many of the folios are in the first batch of all of them? */
static int test_batch_beside(enum migrate_reason reason, int nr_default,
			     struct list_head *hugetlb)
{
	LIST_HEAD(from);

	test_fill(&from, TEST_FOLIOS);
	return test_next_batch(&from, reason, nr_default, hugetlb);
}

static int test_batch(enum migrate_reason reason, int nr_default)
{
	LIST_HEAD(hugetlb);

	return test_batch_beside(reason, nr_default, &hugetlb);
}

/* A batch gets longer only for a ready migrator and enough eligible bytes. */
static void longer_batches(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	KUNIT_EXPECT_FALSE(test, test_plan.long_batch);
	test_all_anon();
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), TEST_FOLIOS);
	KUNIT_EXPECT_TRUE(test, test_plan.long_batch);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, TEST_FOLIOS), TEST_FOLIOS);
	KUNIT_EXPECT_FALSE(test, test_plan.long_batch);
	KUNIT_EXPECT_EQ(test, test_batch(MR_MEMORY_FAILURE, 16), 16);
	mo_max_batch_bytes = 17 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 17);
	mo_max_batch_bytes = 16 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	mo_max_batch_bytes = test_max_bytes_were;
	test_says_yes = false;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	test_says_yes = true;
	/* Only the whole of a long batch shows that it is long enough. */
	mo_min_batch_bytes = TEST_FOLIOS * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), TEST_FOLIOS);
	mo_min_batch_bytes = SZ_1G;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	mo_min_batch_bytes = 0;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
}

/* A long batch ends where page cache begins, and holds little that is in use. */
static void long_batches_end(struct kunit *test)
{
	test_all_anon();
	test_be_file(&test_folios[40], true);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 40);
	/* A batch that begins with page cache has the ordinary length. */
	test_all_anon();
	test_be_file(&test_folios[3], true);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	/* The sixteenth folio with users is the last of a long batch. */
	test_all_anon();
	for (int i = 0; i < TEST_FOLIOS; i += 4)
		test_be_anon(&test_folios[i], 1);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 61);
	for (int i = 0; i < TEST_FOLIOS; i += 2)
		test_be_anon(&test_folios[i], 1);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 31);
	/* Folios with users do not make a batch long enough. */
	mo_min_batch_bytes = 16 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	mo_min_batch_bytes = 0;
	for (int i = 0; i < TEST_FOLIOS; i++)
		test_be_anon(&test_folios[i], 1);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	/* Eligible folios that are far behind lengthen nothing before them. */
	test_all_anon();
	for (int i = 0; i < 48; i++)
		test_be_file(&test_folios[i], false);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
}

static struct mo_migrator *test_choose(struct mo_plan *plan)
{
	plan->outcome = MO_CHOSEN;
	return test_m;
}

/* A chooser gets batches that are twice as long as the ordinary ones, or short. */
static void chooser_has_long_batches(struct kunit *test)
{
	static const struct migrate_ops chooser = {
		.name = "chooser", .by_name_only = true, .choose = test_choose,
		.copy = test_no_copy,
	};
	LIST_HEAD(hugetlb);

	test_all_anon();
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&chooser), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("chooser"), 0);
	for (int nr = 17; nr <= 33; nr++) {
		LIST_HEAD(from);

		test_fill(&from, nr);
		KUNIT_EXPECT_EQ(test, test_next_batch(&from, MR_SYSCALL, 16, &hugetlb),
				nr < 32 ? 16 : nr);
		KUNIT_EXPECT_PTR_EQ(test, test_plan.migrator->ops, &chooser);
	}
	migrate_offload_unregister(&chooser);
}

/* Deciding about all batches of a list visits each folio at most twice. */
static void each_folio_is_visited_twice(struct kunit *test)
{
	for (int kind = 0; kind < 4; kind++) {
		unsigned int visited = 0;
		LIST_HEAD(hugetlb);
		LIST_HEAD(from);

		test_all_anon();
		for (int i = 0; i < TEST_FOLIOS; i++)
			if (kind == 1 || (kind == 2 && i < 50) ||
			    (kind == 3 && i % 8 == 7))
				test_be_file(&test_folios[i], true);
		for (int yes = 0; yes <= 1; yes++) {
			test_says_yes = yes;
			test_fill(&from, TEST_FOLIOS);
			while (!list_empty(&from)) {
				test_next_batch(&from, MR_SYSCALL, 4, &hugetlb);
				visited += test_plan.nr_visited;
			}
			KUNIT_EXPECT_GE(test, visited, TEST_FOLIOS);
			KUNIT_EXPECT_LE(test, visited, 2 * TEST_FOLIOS);
			visited = 0;
		}
	}
}

#ifdef CONFIG_HUGETLB_PAGE
/* They are taken out where the batch goes on, as before that: first, between, last. */
static void hugetlb_is_no_part(struct kunit *test)
{
	static const int which[] = { 16, 20, TEST_FOLIOS - 1 };
	LIST_HEAD(hugetlb);

	mo_max_batch_bytes = 24 * PAGE_SIZE;
	test_all_anon();
	for (int i = 0; i < ARRAY_SIZE(which); i++) {
		test_folios[which[i]].page.page_type = UINT_MAX;
		__folio_set_hugetlb(&test_folios[which[i]]);
	}
	KUNIT_EXPECT_EQ(test, test_batch_beside(MR_SYSCALL, 16, &hugetlb), 24);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&hugetlb), 2);
	INIT_LIST_HEAD(&hugetlb);
	mo_max_batch_bytes = test_max_bytes_were;
	KUNIT_EXPECT_EQ(test, test_batch_beside(MR_SYSCALL, 16, &hugetlb),
			TEST_FOLIOS - ARRAY_SIZE(which));
	KUNIT_EXPECT_EQ(test, list_count_nodes(&hugetlb), ARRAY_SIZE(which));
}
#endif

/* Plan a batch of @nr of the folios, and expect this outcome, counted once. */
static void test_outcome(struct kunit *test, int nr, enum mo_outcome outcome)
{
	bool declined = outcome >= MO_TOO_SHORT;
	u64 before = declined ? test_declined(outcome) : 0;
	LIST_HEAD(hugetlb);
	LIST_HEAD(batch);
	LIST_HEAD(rest);

	test_fill(&batch, nr);
	mo_plan_begin(&test_plan, &batch, &rest, MR_SYSCALL, 512, &hugetlb);
	KUNIT_EXPECT_EQ(test, test_plan.outcome, outcome);
	KUNIT_EXPECT_EQ(test, mo_plan_copies(&test_plan), !declined);
	if (declined)
		KUNIT_EXPECT_EQ(test, test_declined(outcome), before + 1);
	test_end_plan();
}

/* Each decline of a short batch has one cause. */
static void short_batches(struct kunit *test)
{
	test_says_short = true;
	mo_min_batch_bytes = TEST_FOLIOS * PAGE_SIZE;
	test_outcome(test, TEST_FOLIOS, MO_TOO_SHORT);
	test_all_anon();
	test_outcome(test, TEST_FOLIOS, MO_CHOSEN);
	test_outcome(test, TEST_FOLIOS - 1, MO_TOO_SHORT);
	mo_min_batch_bytes = 0;
	test_outcome(test, 1, MO_CHOSEN);
	test_says_short = false;
	test_outcome(test, TEST_FOLIOS, MO_NOT_READY);
	/* shmem is eligible, too. */
	test_says_short = true;
	for (int i = 0; i < TEST_FOLIOS; i++)
		test_be_file(&test_folios[i], true);
	test_outcome(test, 1, MO_CHOSEN);
}

/* An empty batch is no batch, and nothing is declined if nothing is selected. */
static void no_batch(struct kunit *test)
{
	u64 before = test_declined(MO_TOO_SHORT);
	LIST_HEAD(hugetlb);
	LIST_HEAD(batch);
	LIST_HEAD(rest);

	mo_plan_begin(&test_plan, &batch, &rest, MR_SYSCALL, 512, &hugetlb);
	KUNIT_EXPECT_FALSE(test, mo_plan_copies(&test_plan));
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	test_fill(&batch, 1);
	mo_plan_begin(&test_plan, &batch, &rest, MR_SYSCALL, 512, &hugetlb);
	KUNIT_EXPECT_FALSE(test, mo_plan_copies(&test_plan));
	KUNIT_EXPECT_EQ(test, test_declined(MO_TOO_SHORT), before);
}

/* Folios that were split are planned again, a batch at a time. */
static void split_folios(struct kunit *test)
{
	LIST_HEAD(hugetlb);
	LIST_HEAD(batch);
	LIST_HEAD(split);

	test_all_anon();
	test_fill(&split, TEST_FOLIOS);
	mo_plan_split(&test_plan, &batch, &split, MR_SYSCALL, 16, &hugetlb);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&batch), TEST_FOLIOS);
	KUNIT_EXPECT_TRUE(test, list_empty(&split));
	test_end_plan();

	test_says_yes = false;
	INIT_LIST_HEAD(&batch);
	test_fill(&split, 40);
	mo_plan_split(&test_plan, &batch, &split, MR_SYSCALL, 16, &hugetlb);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&batch), 16);
	INIT_LIST_HEAD(&batch);
	mo_plan_split(&test_plan, &batch, &split, MR_SYSCALL, 16, &hugetlb);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&batch), 16);
	INIT_LIST_HEAD(&batch);
	mo_plan_split(&test_plan, &batch, &split, MR_SYSCALL, 16, &hugetlb);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&batch), 8);
	KUNIT_EXPECT_TRUE(test, list_empty(&split));
}

static void test_plan_one(void)
{
	LIST_HEAD(hugetlb);
	LIST_HEAD(batch);
	LIST_HEAD(rest);

	test_fill(&batch, 1);
	mo_plan_begin(&test_plan, &batch, &rest, MR_SYSCALL, 512, &hugetlb);
}

static bool test_enter(void)
{
	int idx = srcu_read_lock(&mo_srcu);
	bool entered = mo_plan_enter(&test_plan);

	mo_plan_leave(&test_plan);
	srcu_read_unlock(&mo_srcu, idx);
	return entered;
}

/* A selection between the decision and the copy is respected. */
static void selection_changes(struct kunit *test)
{
	static const struct migrate_ops other = {
		.name = "other", .ready = test_ready, .copy = test_no_copy,
	};
	u64 before = test_declined(MO_CHANGED);

	test_says_short = true;
	test_all_anon();
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&other), 0);
	test_plan_one();
	KUNIT_EXPECT_TRUE(test, test_enter());
	/* Of something else, and of the same migrator again. */
	test_plan_one();
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DAMON, "other"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), 0);
	KUNIT_EXPECT_TRUE(test, test_enter());
	test_plan_one();
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	KUNIT_EXPECT_FALSE(test, test_enter());
	KUNIT_EXPECT_EQ(test, migrate_offload_select("other"), 0);
	test_plan_one();
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kunit"), 0);
	KUNIT_EXPECT_FALSE(test, test_enter());
	KUNIT_EXPECT_EQ(test, test_declined(MO_CHANGED), before + 1);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("other"), 0);
	test_plan_one();
	migrate_offload_unregister(&other);
	KUNIT_EXPECT_FALSE(test, test_enter());
}

static struct kunit_case plan_cases[] = {
	KUNIT_CASE(longer_batches),
	KUNIT_CASE(long_batches_end),
	KUNIT_CASE(chooser_has_long_batches),
	KUNIT_CASE(each_folio_is_visited_twice),
#ifdef CONFIG_HUGETLB_PAGE
	KUNIT_CASE(hugetlb_is_no_part),
#endif
	KUNIT_CASE(short_batches),
	KUNIT_CASE(no_batch),
	KUNIT_CASE(split_folios),
	KUNIT_CASE(selection_changes),
	{}
};

static struct kunit_suite plan_suite = {
	.name = "migrate_offload_plan",
	.init = test_init,
	.exit = test_exit,
	.test_cases = plan_cases,
};

kunit_test_suites(&plan_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload: what is decided about a batch");
MODULE_LICENSE("GPL");
