// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what happens to a folio whose destination is lost.
 */
#include <kunit/test.h>
#include <linux/list.h>
#include <linux/pagemap.h>

#include "../../internal.h"
#include "../internal.h"

/* One destination more, and then none. */
static struct folio *test_spare;
static struct folio *test_returned;
static unsigned int test_nr_returned;
static unsigned int test_nr_asked;

static struct folio *test_get_new(struct folio *src, unsigned long private)
{
	struct folio *dst = test_spare;

	test_nr_asked++;
	test_spare = NULL;
	return dst;
}

static void test_put_new(struct folio *dst, unsigned long private)
{
	test_nr_returned++;
	test_returned = dst;
}

/* Three that are lost, beside a poisoned one. */
static void lost_destinations(struct kunit *test)
{
	struct folio *folios = kunit_kcalloc(test, 9, sizeof(*folios), GFP_KERNEL);
	struct folio *dsts_were = folios + 4, *spare = folios + 8;
	LIST_HEAD(srcs);
	LIST_HEAD(dsts);
	struct mo_folios lists = {
		.src = &srcs, .dst = &dsts,
		.src_rejects = LIST_HEAD_INIT(lists.src_rejects),
		.dst_rejects = LIST_HEAD_INIT(lists.dst_rejects),
		.src_lost = LIST_HEAD_INIT(lists.src_lost),
		.dst_lost = LIST_HEAD_INIT(lists.dst_lost),
		.get_new_folio = test_get_new, .put_new_folio = test_put_new,
	};

	KUNIT_ASSERT_NOT_NULL(test, folios);
	for (int i = 0; i < 4; i++) {
		list_add_tail(&folios[i].lru,
			      i == 1 ? &lists.src_rejects : &lists.src_lost);
		list_add_tail(&dsts_were[i].lru,
			      i == 1 ? &lists.dst_rejects : &lists.dst_lost);
		__folio_set_locked(&dsts_were[i]);
		*migrate_folio_info(&dsts_were[i]) = 0x1000003UL;
	}
	test_spare = spare;
	test_nr_returned = 0;
	test_nr_asked = 0;
	mo_renew(&lists);

	/* The first has the spare one, and its own was given back. */
	KUNIT_EXPECT_TRUE(test, list_is_singular(&srcs));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&dsts));
	KUNIT_EXPECT_PTR_EQ(test, srcs.next, &folios[0].lru);
	KUNIT_EXPECT_PTR_EQ(test, dsts.next, &spare->lru);
	KUNIT_EXPECT_EQ(test, *migrate_folio_info(spare), 0x1000003UL);
	KUNIT_EXPECT_TRUE(test, folio_test_locked(spare));
	KUNIT_EXPECT_EQ(test, test_nr_returned, 1);
	KUNIT_EXPECT_PTR_EQ(test, test_returned, &dsts_were[0]);
	KUNIT_EXPECT_FALSE(test, folio_test_locked(&dsts_were[0]));
	/* No other was asked for after the one that was not there. */
	KUNIT_EXPECT_EQ(test, test_nr_asked, 2);
	/* The others are rejects, in the same order on both lists. */
	KUNIT_EXPECT_EQ(test, list_count_nodes(&lists.src_rejects), 3);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&lists.dst_rejects), 3);
	KUNIT_EXPECT_TRUE(test, list_empty(&lists.src_lost));
	KUNIT_EXPECT_TRUE(test, list_empty(&lists.dst_lost));
	KUNIT_EXPECT_PTR_EQ(test, lists.src_rejects.next, &folios[1].lru);
	KUNIT_EXPECT_PTR_EQ(test, lists.dst_rejects.next, &dsts_were[1].lru);
	KUNIT_EXPECT_PTR_EQ(test, lists.dst_rejects.prev, &dsts_were[3].lru);
	for (int i = 1; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, *migrate_folio_info(&dsts_were[i]), 0x1000003UL);
		KUNIT_EXPECT_TRUE(test, folio_test_locked(&dsts_were[i]));
	}
}

static struct kunit_case renew_cases[] = {
	KUNIT_CASE(lost_destinations),
	{}
};

static struct kunit_suite renew_suite = {
	.name = "migrate_offload_renew",
	.test_cases = renew_cases,
};

kunit_test_suites(&renew_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload: lost destinations");
MODULE_LICENSE("GPL");
