// SPDX-License-Identifier: GPL-2.0
/*
 * The length of batches: longer than without a migrator only for what a migrator will
 * copy, which is nothing of a file system with buffers, and nothing with a pin.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "mo_engine.h"
#include "mo_test.h"
#include "mo_trace.h"

#define MIN_BATCH	(512U << 10)
#define MAX_BATCH	(32U << 20)
#define MAX_PLANS	1024
#define PIPE_SIZE	(1U << 20)
#define PAGE_ALLOC	MO_DEBUGFS "fail_page_alloc/"

struct batches {
	struct mo_list list;
	struct mo_plan plans[MAX_PLANS];
	long nr_plans;
};

FIXTURE(length)
{
	struct batches b;
	int pipes[16], uring;
};

FIXTURE_VARIANT(length)
{
	struct mo_variant v;
};

MO_VARIANT(length, mtcopy_4, "mtcopy", .threads = 4);
MO_VARIANT(length, dcbm_4, "dcbm", .channels = 4);

FIXTURE_SETUP(length)
{
	const char *reason = mo_use(&variant->v);

	self->uring = -1;
	if (reason)
		SKIP(return, "%s", reason);
	if (!getenv("MO_EXT4_DIR"))
		SKIP(return, "MO_EXT4_DIR is not set");
	if (mo_trace_mount())
		SKIP(return, "this kernel has no tracing");
	ASSERT_EQ(0, mo_putf("524288", MO_SYSFS "min_batch_bytes"));
	ASSERT_EQ(0, mo_putf("33554432", MO_SYSFS "max_batch_bytes"));
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	ASSERT_EQ(0, mo_trace_begin()) {
		TH_LOG("no tracepoint mm_migrate_offload_plan");
		mo_trace_end();
		mo_restore();
	}
}

FIXTURE_TEARDOWN(length)
{
	mo_trace_end();
	mo_restore();
	if (self->uring >= 0)
		close(self->uring);
	for (size_t i = 0; i < ARRAY_SIZE(self->pipes); i++)
		if (self->pipes[i] > 0)
			close(self->pipes[i]);
	mo_list_free(&self->b.list);
	EXPECT_EQ(0, mo_dma_api_errors());
}

/* Pages of a file of ext4, and one anonymous page in @every, or behind all of them. */
static void make_list(struct __test_metadata *_metadata, struct mo_list *list,
		      size_t nr_file, size_t nr_anon, size_t every)
{
	struct mo_region *file = &list->r[0], *anon = &list->r[1];

	file->len = nr_file * mo_page_size;
	anon->len = nr_anon * mo_page_size;
	ASSERT_TRUE(!nr_file || !mo_map_file(file, getenv("MO_EXT4_DIR")));
	ASSERT_TRUE(!nr_anon || !mo_map_small(anon));
	ASSERT_EQ(0, mo_list_mix(list, every));
	/* All folios are base pages. */
	ASSERT_EQ(nr_file + nr_anon, list->nr);
}

/* Base pages of a batch without a migrator, of which the last folio may be huge. */
static unsigned int default_length(unsigned int largest)
{
	return mo_pmd_size / mo_page_size - 1 + largest;
}

/* The CPU copies no more than without a migrator, unless something changed in flight. */
static void judge(struct __test_metadata *_metadata, const struct mo_plan *plan,
		  unsigned int largest)
{
	ASSERT_GT(NR_MO_OUTCOMES, plan->outcome);
	switch (plan->outcome) {
	case MO_NO_WINDOW:
	case MO_CHANGED:
		break;
	case MO_CHOSEN:
	case MO_TRIAL:
		EXPECT_LE(MIN_BATCH, plan->eligible);
		EXPECT_GE(MAX_BATCH / mo_page_size - 1 + largest, plan->pages);
		EXPECT_GE(default_length(largest),
			  plan->pages - plan->eligible / mo_page_size);
		break;
	default:
		EXPECT_GE(default_length(largest), plan->pages);
	}
}

/* Each cause is counted as often as it was traced, and for other tasks, too. */
static void check_causes(struct __test_metadata *_metadata,
			 struct batches *b, const char *migrator,
			 const long long *before)
{
	long long now[NR_MO_OUTCOMES], planned[NR_MO_OUTCOMES] = {};

	mo_declined_all(migrator, now);
	for (long i = 0; i < b->nr_plans; i++)
		planned[b->plans[i].outcome]++;
	for (int cause = MO_FIRST_CAUSE; cause < NR_MO_OUTCOMES; cause++) {
		EXPECT_LE(0, before[cause]) {
			TH_LOG("no counter declined/%s", mo_outcome_names[cause]);
		}
		EXPECT_LE(before[cause] + planned[cause], now[cause]);
	}
}

/*
 * Move the list in batches of @nr_pages together, of which each is judged.  @largest
 * is the size of its largest folio.  Return the pages of the longest batch.
 */
static unsigned int move_list(struct __test_metadata *_metadata,
			      struct batches *b, const char *migrator,
			      unsigned int largest, size_t nr_pages)
{
	long long before[NR_MO_OUTCOMES];
	unsigned int longest;
	size_t sum = 0;

	mo_declined_all(migrator, before);
	ASSERT_LE(0, mo_list_move(&b->list, b->list.nr, mo_nodes[1]));
	b->nr_plans = mo_trace_read(b->plans, MAX_PLANS);
	ASSERT_LT(0, b->nr_plans);
	longest = mo_plans_report(b->plans, b->nr_plans);
	for (long i = 0; i < b->nr_plans; i++) {
		judge(_metadata, &b->plans[i], largest);
		sum += b->plans[i].pages;
	}
	EXPECT_EQ(nr_pages, sum);
	check_causes(_metadata, b, migrator, before);
	return longest;
}

/* A list of base pages with nothing in it for a migrator. */
static void move_ineligible(struct __test_metadata *_metadata,
			    struct batches *b, const char *migrator)
{
	long long bytes = mo_copied_bytes();

	EXPECT_GE(default_length(1), move_list(_metadata, b, migrator, 1, b->list.nr));
	EXPECT_EQ(bytes, mo_copied_bytes());
}

/* The control: a migrator copies these, so the batches are long. */
TEST_F(length, anon)
{
	struct mo_region *anon = &self->b.list.r[1];
	long long bytes = mo_copied_bytes();

	make_list(_metadata, &self->b.list, 0, 16384, 1);
	EXPECT_LT(default_length(1),
		  move_list(_metadata, &self->b, variant->v.migrator, 1, self->b.list.nr));
	EXPECT_EQ(bytes + anon->len, mo_copied_bytes());
	EXPECT_EQ(anon->nr, mo_on_node(anon, mo_nodes[1]));
	EXPECT_EQ(MO_GOOD, mo_check(anon->mem, anon->len, anon->base, 1));
}

static void move_ext4_then_anon(struct __test_metadata *_metadata,
				struct batches *b, const char *migrator)
{
	long long bytes = mo_copied_bytes();
	size_t nr_file = 16384;

	make_list(_metadata, &b->list, nr_file, 1024, SIZE_MAX);
	move_list(_metadata, b, migrator, 1, b->list.nr);
	EXPECT_EQ(bytes + b->list.r[1].len, mo_copied_bytes());
	/* Whatever looked eligible: of the file there is no more in a batch. */
	EXPECT_GE(default_length(1),
		  mo_plans_longest(b->plans, b->nr_plans, nr_file));
}

TEST_F(length, ext4_then_anon)
{
	move_ext4_then_anon(_metadata, &self->b, variant->v.migrator);
}

/* The switch is for file systems without buffers, which ext4 is not. */
TEST_F(length, ext4_then_anon_file_folios)
{
	ASSERT_EQ(0, mo_put(MO_SYSFS "file_folios", "1"));
	move_ext4_then_anon(_metadata, &self->b, variant->v.migrator);
}

TEST_F(length, ext4_file_folios)
{
	ASSERT_EQ(0, mo_put(MO_SYSFS "file_folios", "1"));
	make_list(_metadata, &self->b.list, 16384, 0, SIZE_MAX);
	move_ineligible(_metadata, &self->b, variant->v.migrator);
}

/* 4 MB in 64: no batch of the default length has enough for a migrator. */
TEST_F(length, anon_in_ext4)
{
	make_list(_metadata, &self->b.list, 15360, 1024, 16);
	move_ineligible(_metadata, &self->b, variant->v.migrator);
}

TEST_F(length, pinned)
{
	struct mo_region *anon = &self->b.list.r[1];

	make_list(_metadata, &self->b.list, 0, 4096, 1);
	self->uring = mo_pin(anon);
	if (self->uring == -ENOSYS)
		SKIP(return, "no io_uring");
	ASSERT_LE(0, self->uring);
	move_ineligible(_metadata, &self->b, variant->v.migrator);
	EXPECT_EQ(anon->nr, mo_on_node(anon, mo_nodes[0]));
}

TEST_F(length, spliced)
{
	size_t nr = ARRAY_SIZE(self->pipes);
	struct mo_region *anon = &self->b.list.r[1];

	make_list(_metadata, &self->b.list, 0, nr * PIPE_SIZE / mo_page_size, 1);
	for (size_t i = 0; i < nr; i++) {
		self->pipes[i] = mo_splice(anon, i * PIPE_SIZE, PIPE_SIZE);
		ASSERT_LT(0, self->pipes[i]);
	}
	move_ineligible(_metadata, &self->b, variant->v.migrator);
	EXPECT_EQ(anon->nr, mo_on_node(anon, mo_nodes[0]));
}

/* Allocations of huge pages by this task fail until mo_restore(). */
static int fail_huge_pages(void)
{
	return mo_put(PAGE_ALLOC "min-order", "9") ?:
	       mo_put(PAGE_ALLOC "ignore-gfp-highmem", "N") ?:
	       mo_put(PAGE_ALLOC "ignore-gfp-wait", "N") ?:
	       mo_put(PAGE_ALLOC "task-filter", "Y") ?:
	       mo_put(PAGE_ALLOC "verbose", "0") ?:
	       mo_put(PAGE_ALLOC "times", "1000000") ?:
	       mo_put(PAGE_ALLOC "probability", "100") ?:
	       mo_put("/proc/thread-self/make-it-fail", "1");
}

/*
 * Huge pages that are split since the target has none for them are a batch of their
 * own, behind the one that they were in.  Three of them are too short for a migrator
 * here, but longer than the default.
 */
TEST_F(length, split)
{
	struct mo_region *huge = &self->b.list.r[0], *anon = &self->b.list.r[1];
	size_t nr_huge = 3 * mo_pmd_size / mo_page_size, nr = MAX_BATCH / mo_page_size;
	long long bytes = mo_copied_bytes();

	if (mo_put(MO_THP "enabled", "madvise") ||
	    mo_put(MO_THP "hugepages-2048kB/enabled", "madvise") ||
	    !mo_map_thp(huge, 3))
		SKIP(return, "no transparent huge pages");
	if (fail_huge_pages())
		SKIP(return, "page allocations cannot be made to fail");
	ASSERT_EQ(0, mo_set(MO_SYSFS "min_batch_bytes", "16777216"));
	anon->len = (nr - nr_huge) * mo_page_size;
	ASSERT_EQ(0, mo_map_small(anon));
	ASSERT_EQ(0, mo_list_mix(&self->b.list, SIZE_MAX));

	move_list(_metadata, &self->b, variant->v.migrator, 1, nr + nr_huge);
	EXPECT_EQ(nr, self->b.plans[0].pages);
	EXPECT_GE(default_length(1),
		  mo_plans_longest(self->b.plans + 1, self->b.nr_plans - 1, nr_huge));
	EXPECT_EQ(bytes + anon->len, mo_copied_bytes());
	ASSERT_EQ(0, mo_scan(huge));
	EXPECT_EQ(nr_huge, mo_on_node(huge, mo_nodes[1]));
	EXPECT_EQ(MO_GOOD, mo_check(huge->mem, huge->len, huge->base, 1));
}

MO_TEST_MAIN
