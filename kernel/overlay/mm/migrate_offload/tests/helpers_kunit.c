// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of windows and helpers: which tasks have helpers, and when they stop.
 */
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/sizes.h>

#include "test_migrators.h"

static bool test_ready(enum migrate_reason reason, unsigned long bytes,
		       bool longer)
{
	return false;
}

/* The pool exists while it is registered. */
static const struct migrate_ops test_ops = {
	.name = "kunit", .ready = test_ready, .copy = test_no_copy,
};

static DECLARE_COMPLETION(test_unregistered);

static int test_unregister(void *unused)
{
	migrate_offload_unregister(&test_ops);
	complete(&test_unregistered);
	return 0;
}

/* Return true if mo_window_get() returns NULL, now or soon. */
static bool test_pool_closes(void)
{
	for (int i = 0; i < 1000; i++) {
		struct mo_window *window = mo_window_get();

		if (!window)
			return true;
		mo_window_put(window);
		msleep(20);
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
	if (!window || test_nr_copiers() != 1) {
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

static bool test_available(enum migrate_reason reason)
{
	static const struct migrate_helpers helpers = {
		.max_workers = 2,
		.min_bytes_per_worker = PAGE_SIZE,
	};

	return migrate_offload_helper_available(&helpers, reason, SZ_1M);
}

/* A look for a helper needs no window. */
static void look_takes_no_window(struct kunit *test)
{
	struct mo_window *window, *next;
	LIST_HEAD(taken);

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a second CPU");
	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops), 0);
	KUNIT_EXPECT_TRUE(test, test_available(MR_DEMOTION));
	while ((window = mo_window_get()))
		list_add(&window->node, &taken);
	KUNIT_EXPECT_FALSE(test, list_empty(&taken));
	KUNIT_EXPECT_TRUE(test, test_available(MR_DEMOTION));
	list_for_each_entry_safe(window, next, &taken, node)
		mo_window_put(window);
	migrate_offload_unregister(&test_ops);
}

/*
 * Kernel threads that migrate for themselves have helpers, those of
 * cpuset.memory_migrate and real-time callers have none.
 */
static void callers(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a second CPU");
	KUNIT_EXPECT_TRUE(test, test_available(MR_DEMOTION));
	KUNIT_EXPECT_TRUE(test, test_available(MR_DAMON));
	KUNIT_EXPECT_FALSE(test, test_available(MR_SYSCALL));
	sched_set_fifo(current);
	KUNIT_EXPECT_FALSE(test, test_available(MR_DEMOTION));
	sched_set_normal(current, 0);
	KUNIT_EXPECT_TRUE(test, test_available(MR_DEMOTION));
}

#define TEST_PIECES	16
#define TEST_ATTEMPTS	20
#define TEST_WAIT_MS	500

/* One parallel copy, and what its helper meets. */
static struct test_run {
	struct task_struct *caller;
	bool waited;
	/* Let another task want the helper's CPU during its first piece. */
	bool contend;
	struct task_struct *rival;
	/* Pieces that the helper has begun, and where it runs. */
	atomic_t begun;
	int cpu;
	/* The helper is through with its first piece. */
	struct completion first;
} test_run;

/* Runnable until it is stopped. */
static int test_rival(void *unused)
{
	while (!kthread_should_stop())
		cond_resched();
	return 0;
}

/*
 * The caller keeps one piece until the helper has had the time to copy all
 * others.
 */
static void test_caller_waits(void)
{
	wait_for_completion_timeout(&test_run.first,
				    msecs_to_jiffies(TEST_WAIT_MS));
	for (int i = 0; i < TEST_WAIT_MS / 10; i++) {
		if (atomic_read(&test_run.begun) == TEST_PIECES - 1)
			break;
		msleep(20);
	}
}

static int test_copy_piece(struct folio *dst, struct folio *src,
			   unsigned long first, unsigned long nr)
{
	if (current == test_run.caller) {
		if (!test_run.waited)
			test_caller_waits();
		test_run.waited = true;
		return 0;
	}
	if (atomic_inc_return(&test_run.begun) > 1)
		return 0;
	test_run.cpu = raw_smp_processor_id();
	if (test_run.contend)
		test_run.rival = kthread_run_on_cpu(test_rival, NULL,
						    test_run.cpu, "rival/%u");
	complete_all(&test_run.first);
	return 0;
}

/* Folios are never touched.  Returns how many pieces the helper copied. */
static unsigned int test_parallel(struct kunit *test, bool contend)
{
	static const struct migrate_helpers helpers = {
		.max_workers = 2,
		.min_bytes_per_worker = PAGE_SIZE,
		.idle_only = true,
	};
	struct mo_window *window;

	KUNIT_ASSERT_EQ(test, migrate_offload_register(&test_ops), 0);
	window = mo_window_get();
	KUNIT_ASSERT_NOT_NULL(test, window);
	test_run = (struct test_run) { .caller = current, .contend = contend };
	init_completion(&test_run.first);
	mo_batch_init(window);
	window->batch.reason = MR_DEMOTION;
	window->batch.src_nid = first_online_node;
	window->batch.dst_nid = first_online_node;
	for (int i = 0; i < TEST_PIECES; i++)
		mo_batch_add(&window->batch, NULL, NULL, MO_PIECE_PAGES);
	migrate_offload_copy_parallel(&window->batch, &helpers,
				      test_copy_piece);
	KUNIT_EXPECT_EQ(test, window->batch.nr_helpers,
			atomic_read(&test_run.begun) ? 1 : 0);
	mo_window_put(window);
	migrate_offload_unregister(&test_ops);
	if (!IS_ERR_OR_NULL(test_run.rival))
		kthread_stop(test_run.rival);
	return atomic_read(&test_run.begun);
}

/* A helper that has its CPU for itself copies to the end. */
static void helper_alone(struct kunit *test)
{
	unsigned int most = 0;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a second CPU");
	/* Other work can come to its CPU, too. */
	for (int i = 0; i < TEST_ATTEMPTS && most < TEST_PIECES - 1; i++)
		most = max(most, test_parallel(test, false));
	KUNIT_EXPECT_EQ(test, most, TEST_PIECES - 1);
}

/* A helper claims nothing more once another task wants its CPU. */
static void helper_contended(struct kunit *test)
{
	unsigned int nr = 0;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a second CPU");
	/* Where no CPU is idle there is no helper. */
	for (int i = 0; i < TEST_ATTEMPTS && !nr; i++)
		nr = test_parallel(test, true);
	KUNIT_ASSERT_FALSE(test, IS_ERR(test_run.rival));
	KUNIT_EXPECT_EQ(test, nr, 1);
}

/* A real-time task, and one that gets to run beside it by the fair server. */
static struct test_server {
	bool served;
	bool contended;
	unsigned int nr_alone;
	unsigned int nr_counted;
	struct completion rt_ends;
	struct completion ends;
} test_server;

#define TEST_ROUNDS	10
#define TEST_SAMPLES	10

static int test_rt(void *unused)
{
	u64 end = ktime_get_ns() + 3 * NSEC_PER_SEC;

	sched_set_fifo(current);
	complete(&test_server.ends);
	while (!READ_ONCE(test_server.served) && ktime_get_ns() < end)
		cpu_relax();
	complete(&test_server.rt_ends);
	return 0;
}

static int test_fair(void *unused)
{
	test_server.contended = sched_cpu_contended();
	WRITE_ONCE(test_server.served, !completion_done(&test_server.rt_ends));
	wait_for_completion(&test_server.rt_ends);
	for (int i = 0; i < TEST_ROUNDS && !test_server.nr_alone; i++) {
		/* The real-time task runs to its end in these gaps only. */
		usleep_range(500, 1000);
		for (int j = 0; j < TEST_SAMPLES; j++) {
			test_server.nr_alone += !sched_cpu_contended();
			test_server.nr_counted += !single_task_running();
		}
	}
	complete(&test_server.ends);
	return 0;
}

/*
 * A real-time task holds a CPU until the fair server lets another task run, and
 * ends.  The server still serves that task, and is not a task that waits.
 */
static void server_is_no_task(struct kunit *test)
{
	int cpu = cpumask_last(cpu_online_mask);

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a second CPU");
	test_server = (struct test_server) { };
	init_completion(&test_server.rt_ends);
	init_completion(&test_server.ends);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run_on_cpu(test_rt, NULL, cpu,
							   "rt/%u")));
	wait_for_completion(&test_server.ends);
	if (IS_ERR(kthread_run_on_cpu(test_fair, NULL, cpu, "fair/%u"))) {
		wait_for_completion(&test_server.rt_ends);
		KUNIT_FAIL(test, "no thread");
		return;
	}
	wait_for_completion(&test_server.ends);
	kunit_info(test, "served %d, alone %u, more than one counted %u",
		   test_server.served, test_server.nr_alone,
		   test_server.nr_counted);
	if (!test_server.served)
		kunit_skip(test, "no fair server");
	KUNIT_EXPECT_TRUE(test, test_server.contended);
	KUNIT_EXPECT_GT(test, test_server.nr_alone, 0);
}

/* Helpers are looked for on the other CPUs, so this thread stays on the first. */
static int helpers_init(struct kunit *test)
{
	return set_cpus_allowed_ptr(current,
				    cpumask_of(cpumask_first(cpu_online_mask)));
}

static struct kunit_case helpers_cases[] = {
	KUNIT_CASE(destruction_waits_for_windows),
	KUNIT_CASE(look_takes_no_window),
	KUNIT_CASE(callers),
	KUNIT_CASE_SLOW(helper_alone),
	KUNIT_CASE_SLOW(helper_contended),
	KUNIT_CASE_SLOW(server_is_no_task),
	{}
};

static struct kunit_suite helpers_suite = {
	.name = "migrate_offload_helpers",
	.init = helpers_init,
	.test_cases = helpers_cases,
};

kunit_test_suites(&helpers_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload: windows and helpers");
MODULE_LICENSE("GPL");
