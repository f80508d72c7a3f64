// SPDX-License-Identifier: GPL-2.0
/*
 * Windows and helpers of the migration offload core.
 *
 * A parallel copy is cut into pieces.  The caller and its helpers claim one
 * piece after the other; the caller never waits for a helper that has not
 * started, only for pieces that are being copied right now.  So a machine
 * without a free CPU copies as fast as on the ordinary path.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "internal.h"

/* Free windows. */
static LIST_HEAD(mo_windows);
/* Protects the three around it; held for a list operation only. */
static DEFINE_SPINLOCK(mo_windows_lock);
/* Windows that are in use. */
static unsigned int mo_nr_windows_used;
/* Set from the creation of the pool until its destruction begins. */
static bool mo_pool_open;
/* mo_pool_destroy() waits here for the windows that are in use. */
static DECLARE_WAIT_QUEUE_HEAD(mo_windows_back);
static struct workqueue_struct *mo_helper_wq;

/**
 * mo_window_get - take a window
 *
 * Context: Any process context.  Does not sleep.  The caller may sleep while it
 * has the window, which delays mo_pool_destroy().
 * Return: a window for mo_window_put(); NULL when all are in use, and when the
 * pool is about to be destroyed.
 */
struct mo_window *mo_window_get(void)
{
	struct mo_window *window = NULL;

	spin_lock(&mo_windows_lock);
	if (mo_pool_open)
		window = list_first_entry_or_null(&mo_windows, struct mo_window, node);
	if (window) {
		list_del(&window->node);
		mo_nr_windows_used++;
	}
	spin_unlock(&mo_windows_lock);
	return window;
}

/**
 * mo_window_put - give a window back
 * @window: What mo_window_get() returned.  No helper has a claim in it.
 *
 * Context: Any process context.  Does not sleep.
 */
void mo_window_put(struct mo_window *window)
{
	spin_lock(&mo_windows_lock);
	list_add(&window->node, &mo_windows);
	if (!WARN_ON_ONCE(!mo_nr_windows_used))
		mo_nr_windows_used--;
	/* The wait queue is static, and outlives the pool. */
	if (!mo_nr_windows_used && !mo_pool_open)
		wake_up(&mo_windows_back);
	spin_unlock(&mo_windows_lock);
}

void mo_batch_init(struct mo_window *window)
{
	window->batch.pairs = window->pairs;
	window->batch.nr_pairs = 0;
	window->batch.nr_pages = 0;
	window->batch.nr_helpers = 0;
	window->batch.helper_ns = 0;
}

/**
 * mo_batch_add - append a pair to a batch
 * @batch: The batch, with room for another pair.
 * @src: Source folio.
 * @dst: Destination folio.
 * @nr_pages: Size of each in base pages.
 *
 * Return: whether there is room for one more.
 */
bool mo_batch_add(struct migrate_batch *batch, struct folio *src,
		  struct folio *dst, unsigned int nr_pages)
{
	struct migrate_pair *pair = &batch->pairs[batch->nr_pairs++];

	pair->src = src;
	pair->dst = dst;
	pair->start = batch->nr_pages;
	pair->nr_pages = nr_pages;
	atomic_set(&pair->done, 0);
	pair->verdict = MIGRATE_NOT_COPIED;
	batch->nr_pages += nr_pages;
	return batch->nr_pairs < MO_WINDOW_PAIRS;
}

/*
 * A CPU that went offline hands its work to any other, and a helper that lost
 * the race with the end of its job may see the next one's generation.  Neither
 * may leave the CPUs of the job's initiator.
 */
static bool mo_helper_may_claim(const struct mo_helper *helper)
{
	if (READ_ONCE(helper->cpu) != raw_smp_processor_id())
		return false;
	return !READ_ONCE(helper->idle_only) || !sched_cpu_contended();
}

static void mo_helper_run(struct work_struct *work)
{
	struct mo_helper *helper = container_of(work, struct mo_helper, work);
	struct mo_job *job = &helper->window->job;
	/* Pairs with the release in mo_wake_helpers(): gen, then the others. */
	u32 gen = smp_load_acquire(&helper->gen);
	u64 start = task_sched_runtime(current);
	unsigned int piece;
	bool active = false;

	while (mo_helper_may_claim(helper) && mo_job_claim(job, gen, &piece)) {
		if (!active)
			atomic_inc(&job->nr_active);
		active = true;
		mo_job_copy_piece(job, piece);
		start = mo_job_charge(job, start);
		/* From here on the caller may be gone, and @job recycled. */
		if (atomic_dec_and_test(&job->unfinished))
			complete(&job->done);
		cond_resched();
	}
}

static unsigned int mo_wake_helpers(struct mo_window *window, u32 gen,
				    bool idle_only)
{
	unsigned int nr = 0;
	int cpu;

	for_each_cpu(cpu, &window->picked) {
		struct mo_helper *helper = &window->helpers[nr++];

		WRITE_ONCE(helper->cpu, cpu);
		WRITE_ONCE(helper->idle_only, idle_only);
		/* Pairs with the acquire in mo_helper_run(). */
		smp_store_release(&helper->gen, gen);
		queue_work_on(cpu, mo_helper_wq, &helper->work);
	}
	return nr;
}

/**
 * migrate_offload_copy_parallel - copy a batch with several CPUs
 * @batch: The batch that &migrate_ops.copy was called with.
 * @helpers: How many CPUs to use, and which.
 * @copy: Copies a part of one folio.
 *
 * Splits the batch by bytes, inside folios where needed, and sets the verdict
 * of each pair and the number of helpers.  The caller copies too.  It waits only
 * for pieces that a helper is copying, at most one of 256 KB or a page for
 * each; a helper that does not get to run costs nothing.  A piece that could
 * not be copied leaves its pair at MIGRATE_NOT_COPIED.
 *
 * Helpers run on CPUs of the current task's cpuset that are not isolated, and
 * for a task of user space only where its affinity lets it run.  One that may
 * use idle CPUs only claims no further piece once another task wants its CPU.
 * A real-time task has no helpers, nor has a worker of cpuset.memory_migrate.
 *
 * With the callers, the helpers of all batches of a group are no more than its
 * CPU bandwidth (cpu.max, cpu.cfs_quota_us) and that of its ancestors amount to
 * in whole CPUs.  A caller always copies, also where nothing is left.  It counts
 * only while it copies here.  Time of helpers is not taken from the bandwidth,
 * and a group that gets its first limit has batches in flight that do not count.
 *
 * Context: &migrate_ops.copy of the same batch.  Sleeps, allocates nothing.
 */
void migrate_offload_copy_parallel(struct migrate_batch *batch,
				   const struct migrate_helpers *helpers,
				   migrate_copy_fn copy)
{
	struct mo_window *window = mo_window_of(batch);
	struct mo_job *job = &window->job;
	unsigned int nr_woken, piece;
	u32 gen;

	might_sleep();
	mo_place_helpers(window, helpers);
	gen = mo_job_start(job, batch, cpumask_weight(&window->picked) + 1,
			   copy);
	nr_woken = mo_wake_helpers(window, gen, helpers->idle_only);

	while (mo_job_claim(job, gen, &piece)) {
		mo_job_copy_piece(job, piece);
		atomic_dec(&job->unfinished);
		cond_resched();
	}

	/* Nothing is left for helpers that have not started. */
	while (nr_woken)
		cancel_work(&window->helpers[--nr_woken].work);
	/*
	 * Fully ordered, as in the helper: what others copied is visible.
	 * Helpers that still hold a piece are running and need no memory.
	 */
	if (!atomic_dec_and_test(&job->unfinished))
		wait_for_completion(&job->done);
	mo_job_settle(job);
}
EXPORT_SYMBOL_GPL(migrate_offload_copy_parallel);

static void mo_window_init(struct mo_window *window)
{
	atomic64_set(&window->job.claim, 0);
	init_completion(&window->job.done);
	for (int i = 0; i < ARRAY_SIZE(window->helpers); i++) {
		struct mo_helper *helper = &window->helpers[i];

		INIT_WORK(&helper->work, mo_helper_run);
		helper->window = window;
	}
}

static unsigned int mo_windows_used(void)
{
	unsigned int nr;

	spin_lock(&mo_windows_lock);
	nr = mo_nr_windows_used;
	spin_unlock(&mo_windows_lock);
	return nr;
}

/**
 * mo_pool_create - allocate windows and the helpers' queue
 *
 * Context: Process context, serialised by the caller.  Sleeps.
 * Return: 0 or -ENOMEM; nothing is left allocated on failure.
 */
int mo_pool_create(void)
{
	unsigned int nr = clamp(num_online_cpus(), 4U, 64U);

	/*
	 * Bound to CPUs, since the placement above chooses each helper's CPU
	 * and nothing else keeps it inside the initiator's cpuset; intensive,
	 * so that it does not hold up other work of that CPU; and never
	 * dependent on memory, since reclaim waits for it.
	 */
	WARN_ON_ONCE(mo_helper_wq);
	mo_helper_wq = alloc_workqueue("migrate_offload", WQ_PERCPU |
				       WQ_CPU_INTENSIVE | WQ_MEM_RECLAIM, 0);
	if (!mo_helper_wq)
		return -ENOMEM;

	for (; nr; nr--) {
		struct mo_window *window = kvzalloc_obj(*window);

		if (!window) {
			mo_pool_destroy();
			return -ENOMEM;
		}
		mo_window_init(window);
		list_add(&window->node, &mo_windows);
	}
	scoped_guard(spinlock, &mo_windows_lock)
		mo_pool_open = true;
	return 0;
}

/**
 * mo_pool_destroy - free what mo_pool_create() allocated
 *
 * From its beginning mo_window_get() returns NULL.
 *
 * Context: Process context, serialised by the caller.  Waits for the windows
 * that are in use, and then for late helpers.
 */
void mo_pool_destroy(void)
{
	struct mo_window *window, *next;

	scoped_guard(spinlock, &mo_windows_lock)
		mo_pool_open = false;
	wait_event(mo_windows_back, !mo_windows_used());
	/* A late helper reads the claim word of its window. */
	destroy_workqueue(mo_helper_wq);
	mo_helper_wq = NULL;
	list_for_each_entry_safe(window, next, &mo_windows, node)
		kvfree(window);
	INIT_LIST_HEAD(&mo_windows);
}
