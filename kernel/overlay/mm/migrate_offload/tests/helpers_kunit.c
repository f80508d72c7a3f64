// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the windows and of the helpers' CPUs.
 */
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "../internal.h"

static bool test_ready(enum migrate_reason reason, unsigned long bytes,
		       bool longer)
{
	return false;
}

static void test_copy(struct migrate_batch *batch)
{
}

/* The pool exists while it is registered. */
static const struct migrate_ops test_ops = {
	.name = "kunit", .ready = test_ready, .copy = test_copy,
};

static bool test_is_only_migrator(void)
{
	struct mo_migrator *m;
	unsigned int nr = 0;

	/* Choosers need no windows of their own. */
	mutex_lock(&mo_lock);
	list_for_each_entry(m, &mo_migrators, node)
		nr += !m->ops->choose;
	mutex_unlock(&mo_lock);
	return nr == 1;
}

static DECLARE_COMPLETION(test_unregistered);

static int test_unregister(void *unused)
{
	migrate_offload_unregister(&test_ops);
	complete(&test_unregistered);
	return 0;
}

/* Does mo_window_get() return NULL, now or soon? */
static bool test_pool_closes(void)
{
	for (int i = 0; i < 1000; i++) {
		struct mo_window *window = mo_window_get();

		if (!window)
			return true;
		mo_window_put(window);
		msleep(10);
	}
	return false;
}

/* The pool outlives a window that is in use, and gives out no other one. */
static void destruction_waits_for_windows(struct kunit *test)
{
	struct mo_window *window;
	struct task_struct *thread;

	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops), 0);
	window = mo_window_get();
	if (!window || !test_is_only_migrator()) {
		if (window)
			mo_window_put(window);
		migrate_offload_unregister(&test_ops);
		kunit_skip(test, "another migrator keeps the pool");
	}
	reinit_completion(&test_unregistered);
	thread = kthread_run(test_unregister, NULL, "unregister");
	KUNIT_EXPECT_FALSE(test, IS_ERR(thread));
	if (IS_ERR(thread)) {
		mo_window_put(window);
		migrate_offload_unregister(&test_ops);
		return;
	}
	KUNIT_EXPECT_TRUE(test, test_pool_closes());
	/* Long enough for a destruction that does not wait. */
	msleep(100);
	KUNIT_EXPECT_FALSE(test, completion_done(&test_unregistered));
	/* KASAN reports this write if the window is gone. */
	mo_batch_init(window);
	mo_window_put(window);
	wait_for_completion(&test_unregistered);
	KUNIT_EXPECT_NULL(test, mo_window_get());
}

/* A look for a helper needs no window. */
static void look_takes_no_window(struct kunit *test)
{
	static const struct migrate_helpers helpers = {
		.max_workers = 2,
		.min_bytes_per_worker = PAGE_SIZE,
	};
	struct mo_window *window, *next;
	LIST_HEAD(taken);

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a second CPU");
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops), 0);
	KUNIT_EXPECT_TRUE(test,
			  migrate_offload_helper_available(&helpers, SZ_1M));
	while ((window = mo_window_get()))
		list_add(&window->node, &taken);
	KUNIT_EXPECT_FALSE(test, list_empty(&taken));
	KUNIT_EXPECT_TRUE(test,
			  migrate_offload_helper_available(&helpers, SZ_1M));
	list_for_each_entry_safe(window, next, &taken, node)
		mo_window_put(window);
	migrate_offload_unregister(&test_ops);
}

static struct kunit_case helpers_cases[] = {
	KUNIT_CASE(destruction_waits_for_windows),
	KUNIT_CASE(look_takes_no_window),
	{}
};

static struct kunit_suite helpers_suite = {
	.name = "migrate_offload_helpers",
	.test_cases = helpers_cases,
};

kunit_test_suites(&helpers_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload: windows and helpers");
MODULE_LICENSE("GPL");
