// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPUs may copy for a task, how many of them, and which are the nearest.
 */
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/cpuset.h>
#include <linux/export.h>
#include <linux/local_lock.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>
#include <linux/sched/isolation.h>
#include <linux/sched/rt.h>
#include <linux/sched/topology.h>
#include <linux/spinlock.h>
#include <linux/topology.h>

#include "internal.h"

/* Here, since this object needs no other one of the core. */
#define CREATE_TRACE_POINTS
#include <trace/events/migrate_offload.h>

/*
 * Scratch memory for a look at the CPUs: a cpumask is too large for the stack,
 * and must not be allocated here.  It is not in a window, so that a batch
 * needs only one window.
 */
struct mo_scratch {
	local_lock_t lock;
	struct cpumask allowed;
};

static DEFINE_PER_CPU(struct mo_scratch, mo_scratch) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

/*
 * Return true if other CPUs may copy for the current task.  A real-time task
 * would wait for helpers that any other task may preempt.  A kernel thread that migrates
 * for MR_SYSCALL is a worker of cpuset.memory_migrate.  It has neither the
 * cpuset nor the bandwidth limit of the task that it works for.
 */
static bool mo_helpers_allowed(enum migrate_reason reason)
{
	if (rt_or_dl_task(current))
		return false;
	return reason != MR_SYSCALL || !(current->flags & PF_KTHREAD);
}

/* Leave only CPUs that the current task wants to run on, if it is of user space. */
static void mo_obey_affinity(struct cpumask *allowed)
{
	unsigned long flags;

	if (current->flags & PF_KTHREAD)
		return;
	/* Another task can change the mask, and frees the old one. */
	raw_spin_lock_irqsave(&current->pi_lock, flags);
	if (current->user_cpus_ptr)
		cpumask_and(allowed, allowed, current->user_cpus_ptr);
	raw_spin_unlock_irqrestore(&current->pi_lock, flags);
}

/*
 * CPUs that may help the current task: those of its cpuset and of the affinity
 * that was set for it, that are online, not isolated, and not the one it runs on.
 */
static void mo_helper_cpus(struct cpumask *allowed)
{
	cpuset_cpus_allowed(current, allowed);
	mo_obey_affinity(allowed);
	cpumask_and(allowed, allowed, cpu_online_mask);
	rcu_read_lock();
	cpumask_and(allowed, allowed, housekeeping_cpumask(HK_TYPE_DOMAIN));
	cpumask_and(allowed, allowed, housekeeping_cpumask(HK_TYPE_WQ));
	rcu_read_unlock();
	/* A hint: the task may be elsewhere by the time it copies. */
	cpumask_clear_cpu(raw_smp_processor_id(), allowed);
}

/* Return true if the current task, or a CPU in @picked, uses the cache of @cpu. */
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
 * The CPU of @cpus where the search begins: the one behind the caller's, or as
 * far into @cpus as the caller's number is.  So callers on different CPUs do not
 * all wake the same helpers.
 */
static unsigned int mo_search_start(const struct cpumask *cpus)
{
	unsigned int cpu = raw_smp_processor_id();
	unsigned int nr = cpumask_weight(cpus);

	if (cpumask_test_cpu(cpu, cpus))
		return cpu + 1 < nr_cpu_ids ? cpu + 1 : 0;
	return nr ? cpumask_nth(cpu % nr, cpus) : 0;
}

/*
 * Move up to @nr of @cpus from @allowed to @picked; with @spread only where no
 * picked one has the same cache.  Busy ones leave @allowed, so that the next
 * search skips them.
 */
static unsigned int mo_pick_cpus(struct mo_window *window,
				 const struct cpumask *cpus,
				 unsigned int nr, bool idle_only, bool spread)
{
	unsigned int found = 0;
	int cpu;

	for_each_cpu_wrap(cpu, cpus, mo_search_start(cpus)) {
		if (found == nr)
			break;
		if (!cpumask_test_cpu(cpu, &window->allowed))
			continue;
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
 * Choose CPUs for up to @nr helpers: near the destination, which is written,
 * then near the source, then anywhere; in each place one for every last level
 * cache before a second one shares it.  Returns the number of CPUs found.
 */
static unsigned int mo_pick_near(struct mo_window *window, unsigned int nr,
				 bool idle_only)
{
	unsigned int wanted = nr;
	const struct cpumask *places[] = {
		cpumask_of_node(window->batch.dst_nid),
		cpumask_of_node(window->batch.src_nid),
		cpu_online_mask,
	};

	mo_helper_cpus(&window->allowed);
	for (int i = 0; i < ARRAY_SIZE(places) && nr; i++) {
		nr -= mo_pick_cpus(window, places[i], nr, idle_only, true);
		nr -= mo_pick_cpus(window, places[i], nr, idle_only, false);
	}
	return wanted - nr;
}

/* Number of CPUs that may copy @bytes, the caller's included, without a quota. */
static unsigned int mo_nr_worth(const struct migrate_helpers *helpers,
				enum migrate_reason reason, unsigned long bytes)
{
	unsigned int nr = min_t(unsigned int, helpers->max_workers,
				MIGRATE_OFFLOAD_MAX_WORKERS);

	if (!mo_helpers_allowed(reason))
		return 1;
	bytes /= max(helpers->min_bytes_per_worker, 1UL);
	return clamp_t(unsigned long, bytes, 1, max(nr, 1U));
}

/**
 * mo_place_helpers - pick CPUs for the helpers of a batch
 * @window: The window; its @picked is set.
 * @helpers: How many CPUs to use, and which.
 *
 * Counts the helpers and the caller against the bandwidth limit of its group.
 * mo_job_settle() gives them back.
 */
void mo_place_helpers(struct mo_window *window,
		      const struct migrate_helpers *helpers)
{
	unsigned long bytes = (unsigned long)window->batch.nr_pages << PAGE_SHIFT;
	enum migrate_reason reason = window->batch.reason;
	struct sched_quota_share *share = &window->job.share;
	unsigned int wanted, granted, placed = 0;

	cpumask_clear(&window->picked);
	wanted = mo_nr_worth(helpers, reason, bytes);
	granted = sched_quota_take(share, wanted);
	if (granted > 1)
		placed = mo_pick_near(window, granted - 1, helpers->idle_only);
	trace_mm_migrate_offload_helpers(reason, wanted - 1, granted - 1,
					 placed, share->in_flight);
	if (granted - 1 > placed)
		sched_quota_give(share, granted - 1 - placed);
}

/**
 * migrate_offload_nr_workers - number of CPUs that should copy a batch
 * @helpers: What the administrator wants.
 * @reason: Reason of the migration.
 * @bytes: What is to be copied.
 *
 * For migrators with threads of their own.
 *
 * Return: CPUs that @bytes are worth and that the current task may use now, the
 * caller's included: what is left of the CPU bandwidth (cpu.max) of its group; 1
 * for a real-time task, and for a worker of cpuset.memory_migrate.
 */
unsigned int migrate_offload_nr_workers(const struct migrate_helpers *helpers,
					enum migrate_reason reason,
					unsigned long bytes)
{
	return min(mo_nr_worth(helpers, reason, bytes), sched_quota_left());
}
EXPORT_SYMBOL_GPL(migrate_offload_nr_workers);

/**
 * migrate_offload_helper_available - look for a CPU that could help
 * @helpers: How many CPUs to use, and which.
 * @reason: Reason of the migration.
 * @bytes: What is to be copied, at least.
 *
 * For &migrate_ops.ready of CPU migrators.
 *
 * Context: Process context.  Does not sleep.  Takes no window.
 * Return: true if another CPU could copy for the current task now.
 */
bool migrate_offload_helper_available(const struct migrate_helpers *helpers,
				      enum migrate_reason reason,
				      unsigned long bytes)
{
	struct cpumask *allowed;
	int cpu;

	if (migrate_offload_nr_workers(helpers, reason, bytes) < 2)
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
