// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of "auto".
 */
#include <kunit/test.h>

#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "test_migrators.h"

static void test_a_deactivate(void)
{
	test_a.nr_active--;
}

static const struct migrate_ops test_ops_a = {
	.name = "a", .ready = test_a_ready, .copy = test_no_copy,
	.activate = test_a_activate, .deactivate = test_a_deactivate,
};

static int auto_init(struct kunit *test)
{
	memset(&test_a, 0, sizeof(test_a));
	memset(&test_b, 0, sizeof(test_b));
	if (test_nr_copiers())
		kunit_skip(test, "there are other migrators");
	KUNIT_ASSERT_NOT_NULL(test, test_find("auto"));
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_a), 0);
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_b), 0);
	return 0;
}

static void auto_exit(struct kunit *test)
{
	struct mo_migrator *m = test_find("auto");

	if (!test_nr_copiers() || test->status == KUNIT_SKIPPED)
		return;
	migrate_offload_unregister(&test_ops_a);
	migrate_offload_unregister(&test_ops_b);
	migrate_offload_select("kernel");
	/* What was made up is no measurement. */
	memset(m->speed, 0, sizeof(m->speed));
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 0);
	KUNIT_EXPECT_FALSE(test, mo_enabled());
}

static struct mo_speed test_speed(u32 cost)
{
	return (struct mo_speed){
		.cost = cost, .last = cost, .nr_samples = cost ? 8 : 0,
	};
}

/* Costs are in ns for each MB; 0 is unknown. */
static void test_costs(u32 ordinary, u32 a, u32 b)
{
	struct test_cost {
		const char *name;
		u32 cost;
	} costs[] = { { "auto", ordinary }, { "a", a }, { "b", b } };

	for (int i = 0; i < ARRAY_SIZE(costs); i++)
		for (int class = 0; class < NR_MO_CLASSES; class++)
			test_find(costs[i].name)->speed[class] =
				test_speed(costs[i].cost);
}

/* Let "auto" choose the migrator of a batch of small folios. */
static const char *auto_planned(struct mo_plan *plan, bool long_batch)
{
	unsigned int nr = long_batch ? 5 * 512 : 512;
	/* Not inside mo_srcu, which is waited for under the lock of the list. */
	struct mo_migrator *m = test_find("auto");
	int idx = srcu_read_lock(&mo_srcu);

	*plan = (struct mo_plan) {
		.migrator = m,
		.reason = MR_SYSCALL,
		.size = { nr * SZ_4K, nr },
		.long_batch = long_batch,
	};
	plan->class = mo_class_of(&plan->size, long_batch);
	plan->copier = plan->migrator->ops->choose(plan);
	srcu_read_unlock(&mo_srcu, idx);
	return plan->copier ? plan->copier->ops->name : "kernel";
}

static void auto_done(struct mo_plan *plan)
{
	int idx = srcu_read_lock(&mo_srcu);

	if (plan->copier)
		plan->migrator->ops->done(plan);
	srcu_read_unlock(&mo_srcu, idx);
}

static const char *auto_chosen(bool long_batch)
{
	struct mo_plan plan;
	const char *name = auto_planned(&plan, long_batch);

	auto_done(&plan);
	return name;
}

static void auto_takes_the_fastest(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 500, 400);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	KUNIT_EXPECT_STREQ(test, auto_chosen(true), "b");
	test_b.busy = true;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "a");
	test_a.busy = true;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "kernel");
	KUNIT_EXPECT_STREQ(test, auto_chosen(true), "kernel");
	test_a.busy = false;
	test_b.busy = false;
	/* Slower than the ordinary path, and hardly faster. */
	test_costs(1000, 1200, 970);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "kernel");
	test_costs(1000, 1200, 900);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
}

/* What is not known is measured, the ordinary path first. */
static void auto_measures(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(0, 0, 400);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "auto");
	test_costs(1000, 0, 400);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "a");
	test_a.busy = true;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	test_b.busy = true;
	test_costs(0, 0, 0);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "kernel");
}

/* A loser costs one part in 512 of what the winner takes. */
static void auto_tries_again(struct kunit *test)
{
	unsigned int nr_a = 0, nr_auto = 0, nr_b = 0;

	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 4000, 500);
	for (int i = 0; i < 32 * 1024; i++) {
		const char *name = auto_chosen(false);

		nr_a += !strcmp(name, "a");
		nr_b += !strcmp(name, "b");
		nr_auto += !strcmp(name, "auto");
	}
	KUNIT_EXPECT_EQ(test, nr_a, 7);
	KUNIT_EXPECT_EQ(test, nr_auto, 32 * 1024 / 513);
	KUNIT_EXPECT_EQ(test, nr_b, 32 * 1024 - nr_a - nr_auto);
}

/* One batch at a time is a trial, from its decision to its end. */
static void trials_are_claimed(struct kunit *test)
{
	struct mo_plan first, second;
	struct mo_speed *speed;

	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 0, 500);
	for (int long_batch = 0; long_batch <= 1; long_batch++) {
		KUNIT_EXPECT_STREQ(test, auto_planned(&first, long_batch), "a");
		speed = &test_find("a")->speed[first.class];
		KUNIT_EXPECT_TRUE(test, first.trial);
		KUNIT_EXPECT_TRUE(test, speed->trial);
		KUNIT_EXPECT_STREQ(test, auto_planned(&second, long_batch), "b");
		KUNIT_EXPECT_FALSE(test, second.trial);
		auto_done(&second);
		KUNIT_EXPECT_TRUE(test, speed->trial);
		/* A batch that does not come to its copy has tried nothing. */
		first.outcome = MO_CHANGED;
		auto_done(&first);
		KUNIT_EXPECT_FALSE(test, speed->trial);
		KUNIT_EXPECT_EQ(test, speed->nr_tries, 0);
		KUNIT_EXPECT_STREQ(test, auto_chosen(long_batch), "a");
		KUNIT_EXPECT_EQ(test, speed->nr_tries, 1);
	}
}

/* A migrator that may not be used now is not, however long the batch is. */
static bool test_allowed;

static bool test_is_allowed(enum migrate_reason reason)
{
	return test_allowed;
}

static void auto_respects_vetoes(struct kunit *test)
{
	static const struct migrate_ops ops = {
		.name = "veto", .ready = test_b_ready, .copy = test_no_copy,
		.allowed = test_is_allowed,
	};

	KUNIT_ASSERT_EQ(test, migrate_offload_register(&ops), 0);
	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 500, 500);
	for (int class = 0; class < NR_MO_CLASSES; class++)
		test_find("veto")->speed[class] = test_speed(100);
	test_allowed = true;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "veto");
	test_allowed = false;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	test_a.busy = true;
	test_b.busy = true;
	KUNIT_EXPECT_STRNEQ(test, auto_chosen(true), "veto");
	migrate_offload_unregister(&ops);
}

static void auto_leaves_out(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_named), 0);
	test_a.activate_error = -ENODEV;
	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 10, 400);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	test_b.busy = true;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "kernel");
	migrate_offload_unregister(&test_ops_named);
}

/* What could not be activated is tried when "auto" is asked for again. */
static void auto_asks_again(struct kunit *test)
{
	test_a.activate_error = -ENODEV;
	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 10, 400);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	test_a.activate_error = 0;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	KUNIT_EXPECT_EQ(test, migrate_offload_select("auto"), 0);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "a");
	/* Also by a policy, and once. */
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DEMOTION, "auto"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 1);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DEMOTION, "default"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 0);
}

/* What is loaded later is a choice, too. */
static void auto_takes_newcomers(struct kunit *test)
{
	migrate_offload_unregister(&test_ops_b);
	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_b), 0);
	test_costs(1000, 900, 400);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	/* And what goes away is none. */
	migrate_offload_unregister(&test_ops_b);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "a");
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_b), 0);
}

static void auto_needs_somebody(struct kunit *test)
{
	migrate_offload_unregister(&test_ops_a);
	migrate_offload_unregister(&test_ops_b);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("auto"), 0);
	KUNIT_EXPECT_FALSE(test, mo_enabled());
	KUNIT_EXPECT_EQ(test, migrate_offload_register(&test_ops_a), 0);
	KUNIT_EXPECT_TRUE(test, mo_enabled());
	KUNIT_EXPECT_EQ(test, migrate_offload_register(&test_ops_b), 0);
}

/* Activated once, however many slots name it, "auto" among them. */
static void activated_once(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "a"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("auto"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 1);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "default"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 1);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 0);
}

static struct kunit_case auto_cases[] = {
	KUNIT_CASE(auto_takes_the_fastest),
	KUNIT_CASE(auto_measures),
	KUNIT_CASE(auto_tries_again),
	KUNIT_CASE(trials_are_claimed),
	KUNIT_CASE(auto_respects_vetoes),
	KUNIT_CASE(auto_leaves_out),
	KUNIT_CASE(auto_asks_again),
	KUNIT_CASE(auto_takes_newcomers),
	KUNIT_CASE(auto_needs_somebody),
	KUNIT_CASE(activated_once),
	{}
};

static struct kunit_suite auto_suite = {
	.name = "migrate_offload_auto",
	.init = auto_init,
	.exit = auto_exit,
	.test_cases = auto_cases,
};

kunit_test_suites(&auto_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload: choosing the fastest migrator");
MODULE_LICENSE("GPL");
