// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of policies, handles and "auto".
 */
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sizes.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../internal.h"

/* Two migrators that copy nothing. */
static struct test_migrator {
	bool busy;
	int activate_error;
	int nr_active;
} test_a, test_b;

static bool test_a_ready(enum migrate_reason reason, unsigned long bytes,
			 bool longer)
{
	return !test_a.busy;
}

static bool test_b_ready(enum migrate_reason reason, unsigned long bytes,
			 bool longer)
{
	return !test_b.busy;
}

static void test_no_copy(struct migrate_batch *batch)
{
}

static int test_a_activate(void)
{
	if (test_a.activate_error)
		return test_a.activate_error;
	test_a.nr_active++;
	return 0;
}

/* Somebody reads what is selected, while mo_lock is held. */
static struct test_reader {
	struct work_struct work;
	struct completion done;
	char *buf;
	bool in_time;
} test_reader;

static void test_read(struct work_struct *work)
{
	mo_show_selected(test_reader.buf);
	complete(&test_reader.done);
}

static void test_a_deactivate(void)
{
	test_a.nr_active--;
	if (!test_reader.buf)
		return;
	schedule_work(&test_reader.work);
	test_reader.in_time =
		wait_for_completion_timeout(&test_reader.done, 10 * HZ);
}

static const struct migrate_ops test_ops_a = {
	.name = "a", .ready = test_a_ready, .copy = test_no_copy,
	.activate = test_a_activate, .deactivate = test_a_deactivate,
};

static const struct migrate_ops test_ops_b = {
	.name = "b", .ready = test_b_ready, .copy = test_no_copy,
};

static const struct migrate_ops test_ops_named = {
	.name = "named", .ready = test_b_ready, .copy = test_no_copy,
	.by_name_only = true,
};

static int policy_init(struct kunit *test)
{
	memset(&test_a, 0, sizeof(test_a));
	memset(&test_b, 0, sizeof(test_b));
	if (!list_empty(&mo_migrators))
		kunit_skip(test, "there are other migrators");
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_a), 0);
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_b), 0);
	return 0;
}

static void policy_exit(struct kunit *test)
{
	if (list_empty(&mo_migrators) || test->status == KUNIT_SKIPPED)
		return;
	migrate_offload_unregister(&test_ops_a);
	migrate_offload_unregister(&test_ops_b);
	migrate_offload_select("kernel");
	/* What was made up is no measurement. */
	memset(mo_auto->speed, 0, sizeof(mo_auto->speed));
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 0);
	KUNIT_EXPECT_FALSE(test, mo_enabled());
}

/* Name of the migrator for @reason, "kernel" for none. */
static const char *chosen(enum migrate_reason reason)
{
	int idx = srcu_read_lock(&mo_srcu);
	struct mo_migrator *m = mo_choose(reason);
	const char *name = m ? m->ops->name : "kernel";

	srcu_read_unlock(&mo_srcu, idx);
	return name;
}

static void reasons_have_their_own(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "kernel");
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "a"), 0);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DAMON, "b"), 0);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "a");
	KUNIT_EXPECT_STREQ(test, chosen(MR_DAMON), "b");
	KUNIT_EXPECT_STREQ(test, chosen(MR_MEMORY_HOTPLUG), "kernel");

	KUNIT_EXPECT_EQ(test, migrate_offload_select("b"), 0);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "a");
	KUNIT_EXPECT_STREQ(test, chosen(MR_MEMORY_HOTPLUG), "b");
	KUNIT_EXPECT_STREQ(test, chosen(MR_MEMORY_FAILURE), "kernel");
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "kernel"), 0);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "kernel");
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "default"), 0);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "b");
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DAMON, "default"), 0);
}

static void refused_policy_changes_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "b"), 0);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "c"), -EINVAL);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, ""), -EINVAL);
	test_a.activate_error = -ENODEV;
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "a"), -ENODEV);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "b");
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "default"), 0);
}

/* Taken once, however many name it, and given back by the last. */
static void activated_once(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "a"), 0);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DAMON, "a"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("a"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("auto"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 1);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("kernel"), 0);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "b"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 1);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DAMON, "kernel"), 0);
	KUNIT_EXPECT_EQ(test, test_a.nr_active, 0);
	KUNIT_EXPECT_TRUE(test, mo_enabled());
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "default"), 0);
	KUNIT_EXPECT_FALSE(test, mo_enabled());
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_DAMON, "default"), 0);
}

static void unregistering_leaves_no_name(struct kunit *test)
{
	char *buf = (char *)get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, migrate_offload_register(&test_ops_named), 0);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "named"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("named"), 0);
	mo_policy_show(MR_SYSCALL, buf);
	KUNIT_EXPECT_STREQ(test, buf, "default kernel auto a b [named]\n");
	migrate_offload_unregister(&test_ops_named);
	mo_policy_show(MR_SYSCALL, buf);
	KUNIT_EXPECT_STREQ(test, buf, "[default] kernel auto a b\n");
	mo_show_selected(buf);
	KUNIT_EXPECT_STREQ(test, buf, "[kernel] auto a b\n");
	free_page((unsigned long)buf);
}

/* Nobody waits for the last batches of a migrator to read who comes next. */
static void reading_waits_for_nobody(struct kunit *test)
{
	test_reader = (struct test_reader){
		.buf = (char *)get_zeroed_page(GFP_KERNEL),
	};
	KUNIT_ASSERT_NOT_NULL(test, test_reader.buf);
	INIT_WORK(&test_reader.work, test_read);
	init_completion(&test_reader.done);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("a"), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("b"), 0);
	flush_work(&test_reader.work);
	KUNIT_EXPECT_TRUE(test, test_reader.in_time);
	KUNIT_EXPECT_STREQ(test, test_reader.buf, "kernel auto a [b]\n");
	free_page((unsigned long)test_reader.buf);
	test_reader.buf = NULL;
}

/* A wish counts for the task that has it, for its reason, while it lasts. */
static void handles(struct kunit *test)
{
	struct migrate_handle *handle;
	struct mo_wish wish;

	KUNIT_EXPECT_PTR_EQ(test, migrate_offload_get("c"), ERR_PTR(-EINVAL));
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_named), 0);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "a"), 0);
	handle = migrate_offload_get("named");
	KUNIT_ASSERT_FALSE(test, IS_ERR(handle));
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "a");
	mo_wish_begin(&wish, handle, MR_SYSCALL);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "named");
	KUNIT_EXPECT_STREQ(test, chosen(MR_DEMOTION), "kernel");
	migrate_offload_unregister(&test_ops_named);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "a");
	mo_wish_end(&wish);
	migrate_offload_put(handle);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "default"), 0);
}

static struct mo_speed test_speed(u32 cost)
{
	return (struct mo_speed){
		.cost = cost, .last = cost, .nr_samples = cost ? 8 : 0,
	};
}

/* Costs are in ns for each MB; 0 is unknown. */
static void test_costs(u32 today, u32 a, u32 b)
{
	struct test_cost {
		const char *name;
		u32 cost;
	} costs[] = { { "a", a }, { "b", b } };

	for (int class = 0; class < NR_MO_CLASSES; class++)
		mo_auto->speed[class] = test_speed(today);
	mutex_lock(&mo_lock);
	for (int i = 0; i < ARRAY_SIZE(costs); i++)
		for (int class = 0; class < NR_MO_CLASSES; class++)
			mo_find(costs[i].name)->speed[class] =
				test_speed(costs[i].cost);
	mutex_unlock(&mo_lock);
}

static const struct mo_extent test_extent = {
	.bytes = SZ_2M, .nr_folios = 512,
};

static const char *auto_chosen(bool longer)
{
	int idx = srcu_read_lock(&mo_srcu);
	enum mo_outcome outcome;
	struct mo_migrator *m = mo_auto_choose(&test_extent, MR_SYSCALL,
					       longer, &outcome);
	const char *name = m ? m->ops->name : "kernel";

	srcu_read_unlock(&mo_srcu, idx);
	return name;
}

static void auto_takes_the_fastest(struct kunit *test)
{
	KUNIT_ASSERT_NOT_NULL(test, mo_auto);
	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 500, 400);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
	KUNIT_EXPECT_STREQ(test, auto_chosen(true), "b");
	test_b.busy = true;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "a");
	/* A long batch is not left to one CPU. */
	test_a.busy = true;
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "kernel");
	KUNIT_EXPECT_STREQ(test, auto_chosen(true), "b");
	test_a.busy = false;
	test_b.busy = false;
	/* Slower than today, and hardly faster. */
	test_costs(1000, 1200, 970);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "kernel");
	test_costs(1000, 1200, 900);
	KUNIT_EXPECT_STREQ(test, auto_chosen(false), "b");
}

/* What is not known is measured, today's path first. */
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

static const char *auto_picked(bool longer)
{
	int idx = srcu_read_lock(&mo_srcu);
	enum mo_outcome outcome;
	struct mo_migrator *m = mo_auto_pick(&test_extent, MR_SYSCALL,
					     longer, &outcome);
	const char *name = m ? m->ops->name : "kernel";

	srcu_read_unlock(&mo_srcu, idx);
	return name;
}

static struct mo_speed *test_speed_of(const char *name, unsigned int class)
{
	struct mo_speed *speed;

	mutex_lock(&mo_lock);
	speed = &mo_find(name)->speed[class];
	mutex_unlock(&mo_lock);
	return speed;
}

/* A long trial is whose gate has opened for it, and one at a time. */
static void long_trials_are_claimed(struct kunit *test)
{
	struct mo_speed *a;

	KUNIT_ASSERT_EQ(test, migrate_offload_select("auto"), 0);
	test_costs(1000, 0, 500);
	a = test_speed_of("a", 1);
	KUNIT_EXPECT_STREQ(test, auto_picked(true), "a");
	KUNIT_EXPECT_PTR_EQ(test, a->trier, current);
	KUNIT_EXPECT_STREQ(test, auto_chosen(true), "a");
	KUNIT_EXPECT_NULL(test, a->trier);
	/* Without a claim it is not tried on a long batch. */
	KUNIT_EXPECT_STREQ(test, auto_chosen(true), "b");

	test_costs(1000, 2000, 500);
	a->rested = 6ULL * 512 * mo_max_batch_bytes;
	a->trier = current + 1;
	KUNIT_EXPECT_STREQ(test, auto_picked(true), "b");
	/* Somebody has claimed it and never came. */
	a->rested = 8ULL * 512 * mo_max_batch_bytes;
	KUNIT_EXPECT_STREQ(test, auto_picked(true), "a");
	a->trier = NULL;
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
		*test_speed_of("veto", class) = test_speed(100);
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

static struct kunit_case mo_policy_kunit_cases[] = {
	KUNIT_CASE(reasons_have_their_own),
	KUNIT_CASE(refused_policy_changes_nothing),
	KUNIT_CASE(activated_once),
	KUNIT_CASE(unregistering_leaves_no_name),
	KUNIT_CASE(reading_waits_for_nobody),
	KUNIT_CASE(handles),
	KUNIT_CASE(auto_takes_the_fastest),
	KUNIT_CASE(auto_measures),
	KUNIT_CASE(auto_tries_again),
	KUNIT_CASE(long_trials_are_claimed),
	KUNIT_CASE(auto_respects_vetoes),
	KUNIT_CASE(auto_leaves_out),
	KUNIT_CASE(auto_asks_again),
	KUNIT_CASE(auto_takes_newcomers),
	KUNIT_CASE(auto_needs_somebody),
	{}
};

static struct kunit_suite mo_policy_kunit_suite = {
	.name = "migrate_offload_policy",
	.init = policy_init,
	.exit = policy_exit,
	.test_cases = mo_policy_kunit_cases,
};

kunit_test_suites(&mo_policy_kunit_suite);

MODULE_DESCRIPTION("KUnit tests of the policies of migration offload");
MODULE_LICENSE("GPL");
