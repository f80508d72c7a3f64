// SPDX-License-Identifier: GPL-2.0
/*
 * Windows, claims and helpers of the migration offload core.
 *
 * A parallel copy is cut into pieces.  The caller and its helpers claim one
 * piece after the other; the caller never waits for a helper that has not
 * started, only for pieces that are being copied right now.  So a machine
 * without a free CPU copies as fast as today.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/cpuset.h>
#include <linux/local_lock.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/sched/isolation.h>
#include <linux/sched/topology.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/topology.h>
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

/*
 * Scratch memory for a look at the CPUs: a cpumask is too large for the stack,
 * and must not be allocated here.  It is no part of a window, so that a batch
 * needs one window and no second one for the look.
 */
struct mo_scratch {
	local_lock_t lock;
	struct cpumask allowed;
};

static DEFINE_PER_CPU(struct mo_scratch, mo_scratch) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

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
	struct mo_window *window;

	guard(spinlock)(&mo_windows_lock);
	if (!mo_pool_open)
		return NULL;
	window = list_first_entry_or_null(&mo_windows,
					  struct mo_window, node);
	if (!window)
		return NULL;
	list_del(&window->node);
	mo_nr_windows_used++;
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
	guard(spinlock)(&mo_windows_lock);
	list_add(&window->node, &mo_windows);
	if (!WARN_ON_ONCE(!mo_nr_windows_used))
		mo_nr_windows_used--;
	/* The wait queue is static, and outlives the pool. */
	if (!mo_nr_windows_used && !mo_pool_open)
		wake_up(&mo_windows_back);
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

static void mo_helper_run(struct work_struct *work)
{
	struct mo_helper *helper = container_of(work, struct mo_helper,
						work);
	struct mo_job *job = &helper->window->job;
	/* Pairs with the release in mo_wake_helpers(): gen, then cpu. */
	u32 gen = smp_load_acquire(&helper->gen);
	u64 start = task_sched_runtime(current);
	unsigned int piece;
	bool active = false;

	/*
	 * A CPU that went offline hands its work to any other, and a helper
	 * that lost the race with the end of its job may see the next one's
	 * generation.  Neither may leave the CPUs of the job's initiator.
	 */
	while (READ_ONCE(helper->cpu) == raw_smp_processor_id() &&
	       mo_job_claim(job, gen, &piece)) {
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

/*
 * CPUs that may help the current task: those of its cpuset that are online,
 * not isolated, and not the one it runs on.
 */
static void mo_helper_cpus(struct cpumask *allowed)
{
	cpuset_cpus_allowed(current, allowed);
	cpumask_and(allowed, allowed, cpu_online_mask);
	rcu_read_lock();
	cpumask_and(allowed, allowed, housekeeping_cpumask(HK_TYPE_DOMAIN));
	cpumask_and(allowed, allowed, housekeeping_cpumask(HK_TYPE_WQ));
	rcu_read_unlock();
	/* A hint: the task may be elsewhere by the time it copies. */
	cpumask_clear_cpu(raw_smp_processor_id(), allowed);
}

/* Does the task that migrates, or a CPU that was picked, use the same cache? */
static bool mo_shares_cache(int cpu, const struct cpumask *picked)
{
	int other;

	if (cpus_share_cache(cpu, raw_smp_processor_id()))
		return true;
	for_each_cpu(other, picked)
		if (cpus_share_cache(cpu, other))
			return true;
	return false;
}

/*
 * Move up to @nr of @cpus from @allowed to @picked; with @spread only where no
 * picked one has the same cache.  Busy ones leave @allowed, so that nobody
 * looks at them again.
 */
static unsigned int mo_pick_cpus(struct mo_window *window,
				 const struct cpumask *cpus,
				 unsigned int nr, bool idle_only,
				 bool spread)
{
	unsigned int found = 0;
	int cpu;

	for_each_cpu_and(cpu, &window->allowed, cpus) {
		if (found == nr)
			break;
		if (spread && mo_shares_cache(cpu, &window->picked))
			continue;
		cpumask_clear_cpu(cpu, &window->allowed);
		if (idle_only && !idle_cpu(cpu))
			continue;
		cpumask_set_cpu(cpu, &window->picked);
		found++;
	}
	return found;
}

/*
 * Choose CPUs for @nr helpers: near the destination, which is written, then
 * near the source, then anywhere; in each place one for every last level cache
 * before a second one shares it.
 */
static void mo_place_helpers(struct mo_window *window,
			     unsigned int nr, bool idle_only)
{
	const struct cpumask *places[] = {
		cpumask_of_node(window->batch.dst_nid),
		cpumask_of_node(window->batch.src_nid),
		cpu_online_mask,
	};

	cpumask_clear(&window->picked);
	if (!nr)
		return;
	mo_helper_cpus(&window->allowed);
	for (int i = 0; i < ARRAY_SIZE(places) && nr; i++) {
		nr -= mo_pick_cpus(window, places[i], nr, idle_only, true);
		nr -= mo_pick_cpus(window, places[i], nr, idle_only,
				   false);
	}
}

/**
 * migrate_offload_nr_workers - how many CPUs should copy this much?
 * @helpers: What the administrator wants.
 * @bytes: What is to be copied.
 *
 * For migrators with threads of their own.
 *
 * Return: CPUs that @bytes are worth and that the current task's group may use
 * (cpu.max), the caller's included, at least 1.
 */
unsigned int migrate_offload_nr_workers(const struct migrate_helpers *helpers,
					unsigned long bytes)
{
	unsigned int nr = min3(helpers->max_workers, sched_quota_cpus(current),
			       (unsigned int)MIGRATE_OFFLOAD_MAX_WORKERS);

	bytes /= max(helpers->min_bytes_per_worker, 1UL);
	return clamp_t(unsigned long, bytes, 1, max(nr, 1U));
}
EXPORT_SYMBOL_GPL(migrate_offload_nr_workers);

static unsigned int mo_wake_helpers(struct mo_window *window, u32 gen)
{
	unsigned int nr = 0;
	int cpu;

	for_each_cpu(cpu, &window->picked) {
		struct mo_helper *helper = &window->helpers[nr++];

		WRITE_ONCE(helper->cpu, cpu);
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
 * of each pair and the number of helpers.  Helpers run on CPUs of the current
 * task's cpuset that are not isolated; with the caller they are no more than
 * its group's CPU bandwidth amounts to.  The caller copies too.  It waits only
 * for pieces that a helper is copying, at most one of 256 KB or a page for
 * each; a helper that does not get to run costs nothing.  A piece that could
 * not be copied leaves its pair at MIGRATE_NOT_COPIED.
 *
 * Context: &migrate_ops.copy of the same batch.  Sleeps, allocates nothing.
 */
void migrate_offload_copy_parallel(struct migrate_batch *batch,
				   const struct migrate_helpers *helpers,
				   migrate_copy_fn copy)
{
	struct mo_window *window = mo_window_of(batch);
	unsigned long bytes = (unsigned long)batch->nr_pages << PAGE_SHIFT;
	struct mo_job *job = &window->job;
	unsigned int nr_woken, piece;
	u32 gen;

	might_sleep();
	mo_place_helpers(window, migrate_offload_nr_workers(helpers, bytes) - 1,
			 helpers->idle_only);
	gen = mo_job_start(job, batch, cpumask_weight(&window->picked) + 1,
			   copy);
	nr_woken = mo_wake_helpers(window, gen);

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

/**
 * migrate_offload_helper_available - could another CPU help the current task?
 * @helpers: How many CPUs to use, and which.
 * @bytes: What is to be copied, at least.
 *
 * For &migrate_ops.ready of CPU migrators.
 *
 * Context: Process context.  Does not sleep.  Takes no window.
 * Return: whether there is such a CPU now.
 */
bool migrate_offload_helper_available(const struct migrate_helpers *helpers,
				      unsigned long bytes)
{
	struct cpumask *allowed;
	int cpu;

	if (migrate_offload_nr_workers(helpers, bytes) < 2)
		return false;

	guard(local_lock)(&mo_scratch.lock);
	allowed = this_cpu_ptr(&mo_scratch.allowed);
	mo_helper_cpus(allowed);
	for_each_cpu(cpu, allowed)
		if (!helpers->idle_only || idle_cpu(cpu))
			return true;
	return false;
}
EXPORT_SYMBOL_GPL(migrate_offload_helper_available);

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
	guard(spinlock)(&mo_windows_lock);
	return mo_nr_windows_used;
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
				       WQ_CPU_INTENSIVE | WQ_MEM_RECLAIM,
				       0);
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
