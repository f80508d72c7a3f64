// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of policies and handles.
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

#include "test_migrators.h"

/* What a list of names has if there is a chooser. */
#ifdef CONFIG_MIGRATE_OFFLOAD_AUTO
#define TEST_AUTO	" auto"
#else
#define TEST_AUTO	""
#endif

/* A task reads what is selected, while mo_lock is held. */
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

static int policy_init(struct kunit *test)
{
	memset(&test_a, 0, sizeof(test_a));
	memset(&test_b, 0, sizeof(test_b));
	if (test_nr_copiers())
		kunit_skip(test, "there are other migrators");
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_a), 0);
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_b), 0);
	return 0;
}

static void policy_exit(struct kunit *test)
{
	if (!test_nr_copiers() || test->status == KUNIT_SKIPPED)
		return;
	migrate_offload_unregister(&test_ops_a);
	migrate_offload_unregister(&test_ops_b);
	migrate_offload_select("kernel");
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

/* A migrator may have reasons for which it has to be named. */
static void not_by_default(struct kunit *test)
{
	static const struct migrate_ops ops = {
		.name = "shy", .ready = test_b_ready, .copy = test_no_copy,
		.not_by_default = BIT(MR_NUMA_MISPLACED) | BIT(MR_LONGTERM_PIN),
	};

	KUNIT_ASSERT_EQ(test, migrate_offload_register(&ops), 0);
	KUNIT_EXPECT_EQ(test, migrate_offload_select("shy"), 0);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "shy");
	KUNIT_EXPECT_STREQ(test, chosen(MR_NUMA_MISPLACED), "kernel");
	KUNIT_EXPECT_STREQ(test, chosen(MR_LONGTERM_PIN), "kernel");
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_LONGTERM_PIN, "shy"), 0);
	KUNIT_EXPECT_STREQ(test, chosen(MR_LONGTERM_PIN), "shy");
	migrate_offload_unregister(&ops);
	KUNIT_EXPECT_STREQ(test, chosen(MR_LONGTERM_PIN), "kernel");
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
	KUNIT_EXPECT_STREQ(test, buf, "default kernel" TEST_AUTO " a b [named]\n");
	migrate_offload_unregister(&test_ops_named);
	mo_policy_show(MR_SYSCALL, buf);
	KUNIT_EXPECT_STREQ(test, buf, "[default] kernel" TEST_AUTO " a b\n");
	mo_show_selected(buf);
	KUNIT_EXPECT_STREQ(test, buf, "[kernel]" TEST_AUTO " a b\n");
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
	KUNIT_EXPECT_STREQ(test, test_reader.buf, "kernel" TEST_AUTO " a [b]\n");
	free_page((unsigned long)test_reader.buf);
	test_reader.buf = NULL;
}

#ifdef CONFIG_MIGRATE_OFFLOAD_HANDLES
/* An override counts for the task that has it, for its reason, while it lasts. */
static void handles(struct kunit *test)
{
	struct migrate_handle *handle;
	struct mo_override override;

	KUNIT_EXPECT_PTR_EQ(test, migrate_offload_get("c"), ERR_PTR(-EINVAL));
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops_named), 0);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "a"), 0);
	handle = migrate_offload_get("named");
	KUNIT_ASSERT_FALSE(test, IS_ERR(handle));
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "a");
	mo_override_begin(&override, handle, MR_SYSCALL);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "named");
	KUNIT_EXPECT_STREQ(test, chosen(MR_DEMOTION), "kernel");
	migrate_offload_unregister(&test_ops_named);
	KUNIT_EXPECT_STREQ(test, chosen(MR_SYSCALL), "a");
	mo_override_end(&override);
	migrate_offload_put(handle);
	KUNIT_EXPECT_EQ(test, mo_policy_set(MR_SYSCALL, "default"), 0);
}
#endif

static struct kunit_case mo_policy_kunit_cases[] = {
	KUNIT_CASE(reasons_have_their_own),
	KUNIT_CASE(not_by_default),
	KUNIT_CASE(refused_policy_changes_nothing),
	KUNIT_CASE(activated_once),
	KUNIT_CASE(unregistering_leaves_no_name),
	KUNIT_CASE(reading_waits_for_nobody),
#ifdef CONFIG_MIGRATE_OFFLOAD_HANDLES
	KUNIT_CASE(handles),
#endif
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
