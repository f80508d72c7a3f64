// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of which lists of folios a migrator is asked about.
 */
#include <kunit/test.h>

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "../internal.h"

#define TEST_FOLIOS	32

static bool test_says_yes;

static bool test_ready(enum migrate_reason reason, unsigned long bytes,
		       bool longer)
{
	return longer && test_says_yes;
}

static void test_no_copy(struct migrate_batch *batch)
{
}

static const struct migrate_ops test_ops = {
	.name = "kunit", .ready = test_ready, .copy = test_no_copy,
};

static unsigned long test_min_bytes_were, test_max_bytes_were;
static struct folio *test_folios;
static struct mo_migrator *test_m;

/* Put @nr on an empty list: page cache, not eligible until test_make_eligible(). */
static void test_fill(struct list_head *list, int nr)
{
	for (int i = 0; i < nr; i++)
		list_add_tail(&test_folios[i].lru, list);
}

static void test_make_eligible(void)
{
	for (int i = 0; i < TEST_FOLIOS; i++)
		__folio_set_swapbacked(&test_folios[i]);
}

/* The entry behind the first @nr of @list. */
static struct list_head *test_entry(struct list_head *list, int nr)
{
	struct list_head *entry = list->next;

	while (nr--)
		entry = entry->next;
	return entry;
}

static u64 test_declined(void)
{
	u64 sum = 0;

	for (int i = 0; i < NR_MO_DECLINES; i++)
		sum += mo_stat_read_reason(test_m, MR_SYSCALL,
					   MO_STAT_DECLINED_TOO_SHORT + i);
	return sum;
}

static int test_init(struct kunit *test)
{
	test_min_bytes_were = mo_min_batch_bytes;
	test_max_bytes_were = mo_max_batch_bytes;
	test_says_yes = true;
	test_m = NULL;
	test_folios = kunit_kcalloc(test, TEST_FOLIOS, sizeof(*test_folios),
				    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test_folios);
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops), 0);
	mutex_lock(&mo_lock);
	test_m = mo_find("kunit");
	mutex_unlock(&mo_lock);
	KUNIT_ASSERT_EQ(test, migrate_offload_select("kunit"), 0);
	return 0;
}

static void test_exit(struct kunit *test)
{
	mo_min_batch_bytes = test_min_bytes_were;
	mo_max_batch_bytes = test_max_bytes_were;
	if (test_m)
		migrate_offload_unregister(&test_ops);
}

/*
 * How many of the folios are in a batch that is at least @nr_default long?  Hugetlb
 * folios behind that go to @hugetlb.
 */
static int test_batch_beside(enum migrate_reason reason, int nr_default,
			     struct list_head *hugetlb)
{
	struct list_head *end;
	LIST_HEAD(batch);
	LIST_HEAD(from);

	test_fill(&from, TEST_FOLIOS);
	end = mo_batch_end(&from, test_entry(&from, nr_default),
			   nr_default, reason, nr_default, hugetlb);
	list_cut_before(&batch, &from, end);
	return list_count_nodes(&batch);
}

static int test_batch(enum migrate_reason reason, int nr_default)
{
	LIST_HEAD(hugetlb);

	return test_batch_beside(reason, nr_default, &hugetlb);
}

/* A batch gets longer only for a ready migrator and enough eligible bytes. */
static void longer_batches(struct kunit *test)
{
	mo_min_batch_bytes = 0;
	/* Neither anonymous nor backed by swap. */
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	test_make_eligible();
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), TEST_FOLIOS);
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, TEST_FOLIOS), TEST_FOLIOS);
	KUNIT_EXPECT_EQ(test, test_batch(MR_MEMORY_FAILURE, 16), 16);
	mo_max_batch_bytes = 17 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 17);
	mo_max_batch_bytes = 16 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	mo_max_batch_bytes = test_max_bytes_were;
	test_says_yes = false;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	test_says_yes = true;
	mo_min_batch_bytes = SZ_1G;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	mo_min_batch_bytes = 0;
	KUNIT_EXPECT_EQ(test, test_batch(MR_SYSCALL, 16), 16);
}

#ifdef CONFIG_HUGETLB_PAGE
/* They are taken out where the batch goes on, as before that: first, between, last. */
static void hugetlb_is_no_part(struct kunit *test)
{
	static const int which[] = { 16, 20, TEST_FOLIOS - 1 };
	LIST_HEAD(hugetlb);

	mo_min_batch_bytes = 0;
	mo_max_batch_bytes = 24 * PAGE_SIZE;
	test_make_eligible();
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

/* Is a migrator asked about a batch of @nr, or else, is that counted @declined times? */
static bool test_wanted(struct kunit *test, int nr, int nr_default,
			unsigned int declined)
{
	u64 before = test_declined();
	LIST_HEAD(srcs);
	bool wanted;

	test_fill(&srcs, nr);
	wanted = mo_wanted(&srcs, MR_SYSCALL, nr_default);
	KUNIT_EXPECT_EQ(test, test_declined(), before + declined);
	return wanted;
}

/* Nobody is asked about what is shorter than the least that is offloaded. */
static void short_batches(struct kunit *test)
{
	mo_min_batch_bytes = TEST_FOLIOS * PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, test_wanted(test, TEST_FOLIOS, 512, 1));
	test_make_eligible();
	KUNIT_EXPECT_TRUE(test, test_wanted(test, TEST_FOLIOS, 512, 0));
	KUNIT_EXPECT_FALSE(test, test_wanted(test, TEST_FOLIOS - 1, 512, 1));
	/* It was long enough before it was unmapped. */
	mo_min_batch_bytes = SZ_1G;
	KUNIT_EXPECT_TRUE(test, test_wanted(test, TEST_FOLIOS, 15, 0));
	KUNIT_EXPECT_FALSE(test, test_wanted(test, TEST_FOLIOS, 16, 1));
	/* No batch at all, and nobody who could decline it. */
	mo_min_batch_bytes = 0;
	KUNIT_EXPECT_FALSE(test, test_wanted(test, 0, 512, 0));
	KUNIT_EXPECT_TRUE(test, test_wanted(test, 1, 512, 0));
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	KUNIT_EXPECT_FALSE(test, test_wanted(test, TEST_FOLIOS, 512, 0));
}

static struct kunit_case gate_cases[] = {
	KUNIT_CASE(longer_batches),
#ifdef CONFIG_HUGETLB_PAGE
	KUNIT_CASE(hugetlb_is_no_part),
#endif
	KUNIT_CASE(short_batches),
	{}
};

static struct kunit_suite gate_suite = {
	.name = "migrate_offload_gate",
	.init = test_init,
	.exit = test_exit,
	.test_cases = gate_cases,
};

kunit_test_suites(&gate_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload: which lists it is asked about");
MODULE_LICENSE("GPL");
