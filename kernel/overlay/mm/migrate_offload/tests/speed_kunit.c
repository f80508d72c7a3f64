// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what is learnt from measurements.
 */
#include <kunit/resource.h>
#include <kunit/test.h>

#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "../internal.h"

static void classes(struct kunit *test)
{
	static const struct {
		unsigned long size;
		unsigned int class;
	} sizes[] = {
		{ SZ_4K, 0 }, { SZ_64K - SZ_4K, 0 }, { SZ_64K, 2 }, { SZ_1M, 2 },
		{ MO_DEFAULT_BATCH_BYTES, 4 },
	};

	for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct mo_size size = {
			.bytes = 2 * sizes[i].size, .nr_folios = 2,
		};

		KUNIT_EXPECT_EQ(test, mo_class_of(&size, false),
				sizes[i].class);
		KUNIT_EXPECT_EQ(test, mo_class_of(&size, true),
				sizes[i].class + 1);
	}
	/* A folio that is as long as a long batch. */
	KUNIT_EXPECT_EQ(test, 5, mo_class_of(&(struct mo_size) {
				4 * MO_DEFAULT_BATCH_BYTES, 1 }, false));
}

static void averages(struct kunit *test)
{
	u32 cost = 0;

	/* Too little says nothing. */
	mo_cost_learn(&cost, SZ_64K, 1000, true);
	KUNIT_EXPECT_EQ(test, cost, 0);
	mo_cost_learn(&cost, SZ_2M, 2000, true);
	KUNIT_EXPECT_EQ(test, cost, 1000);
	mo_cost_learn(&cost, SZ_1M, 1800, true);
	KUNIT_EXPECT_EQ(test, cost, 1100);
	/* One batch that took for ever, and one that failed. */
	mo_cost_learn(&cost, SZ_1M, NSEC_PER_SEC, true);
	KUNIT_EXPECT_EQ(test, cost, (7 * 1100 + 4 * 1100) / 8);
	cost = 1000;
	mo_cost_learn(&cost, SZ_1M, 500, false);
	KUNIT_EXPECT_EQ(test, cost, (7 * 1000 + 4 * 500) / 8);
	/* Giving up is not copying fast. */
	mo_cost_learn(&cost, SZ_1M, 10, false);
	KUNIT_EXPECT_EQ(test, cost, (7 * 1000 + 4 * 500) / 8);
	/* What is faster is believed. */
	cost = 1000;
	mo_cost_learn(&cost, SZ_1M, 500, true);
	KUNIT_EXPECT_EQ(test, cost, 750);
	cost = 0;
	mo_cost_learn(&cost, SZ_1M, 1ULL << 40, true);
	KUNIT_EXPECT_EQ(test, cost, U32_MAX);
}

/* The fastest of the first ones counts. */
static void warm_up(struct kunit *test)
{
	struct mo_speed speed = {};

	mo_speed_learn(&speed, SZ_1M, 10, false);
	KUNIT_EXPECT_EQ(test, speed.nr_samples, 0);
	KUNIT_EXPECT_EQ(test, speed.cost, 0);
	mo_speed_learn(&speed, SZ_1M, 50000, true);
	mo_speed_learn(&speed, SZ_1M, 1000, true);
	mo_speed_learn(&speed, SZ_1M, 3000, true);
	KUNIT_EXPECT_EQ(test, speed.cost, 1000);
	KUNIT_EXPECT_EQ(test, speed.nr_samples, 3);
	mo_speed_learn(&speed, SZ_1M, 1800, true);
	KUNIT_EXPECT_EQ(test, speed.cost, 1100);
	KUNIT_EXPECT_EQ(test, speed.last, 1800);
}

#ifdef CONFIG_MIGRATE_OFFLOAD_STALL
static void test_no_bound(void *unused)
{
	mo_max_stall_us = 0;
	memset(mo_unmap_costs, 0, sizeof(mo_unmap_costs));
}

/* The bound in time becomes one in bytes, once speeds are known. */
static void stall_bound(struct kunit *test)
{
	struct mo_migrator *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct mo_plan plan = { .copier = m, .size = { SZ_2M, 512 } };

	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_EQ(test, mo_max_stall_us, 0);
	KUNIT_EXPECT_EQ(test, mo_stall_limit(&plan), ULONG_MAX);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, test_no_bound, NULL), 0);
	mo_max_stall_us = 1000;
	KUNIT_EXPECT_EQ(test, mo_stall_limit(&plan), 0);
	m->speed[1].cost = 500000;
	KUNIT_EXPECT_EQ(test, mo_stall_limit(&plan), 0);
	mo_stall_begin(&plan);
	mo_stall_unmapped(&plan);
	KUNIT_EXPECT_GT(test, mo_stall_limit(&plan), 0);
	KUNIT_EXPECT_LT(test, mo_stall_limit(&plan), SZ_2M);
	m->speed[1].cost = 0;
	KUNIT_EXPECT_EQ(test, mo_stall_limit(&plan), 0);
}

/* A batch that was planned before there was a bound is not measured. */
static void stall_without_begin(struct kunit *test)
{
	struct mo_plan plan = { .size = { SZ_2M, 512 } };

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, test_no_bound, NULL), 0);
	mo_stall_begin(&plan);
	mo_max_stall_us = 1000;
	mo_stall_unmapped(&plan);
	KUNIT_EXPECT_EQ(test, mo_unmap_costs[0], 0);
}
#endif

static struct kunit_case mo_speed_kunit_cases[] = {
	KUNIT_CASE(classes),
	KUNIT_CASE(averages),
	KUNIT_CASE(warm_up),
#ifdef CONFIG_MIGRATE_OFFLOAD_STALL
	KUNIT_CASE(stall_bound),
	KUNIT_CASE(stall_without_begin),
#endif
	{}
};

static struct kunit_suite mo_speed_kunit_suite = {
	.name = "migrate_offload_speed",
	.test_cases = mo_speed_kunit_cases,
};

kunit_test_suites(&mo_speed_kunit_suite);

MODULE_DESCRIPTION("KUnit tests of the measurements of migration offload");
MODULE_LICENSE("GPL");
