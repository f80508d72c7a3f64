/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the parts of the migration offload core; not for migrators.
 */
#ifndef _MM_MIGRATE_OFFLOAD_INTERNAL_H
#define _MM_MIGRATE_OFFLOAD_INTERNAL_H

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kobject.h>
#include <linux/migrate_offload.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/cputime.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "mo.h"

/* Pairs that are handed to a migrator in one call. */
#define MO_WINDOW_PAIRS	1024

/*
 * Largest piece that one worker claims.  Bounds how long a caller can wait for
 * a helper that was preempted in the middle of a piece.
 */
#define MO_PIECE_PAGES	((unsigned int)max(SZ_256K >> PAGE_SHIFT, 1UL))

/* Where a batch ends without offload: NR_MAX_BATCHED_MIGRATION in bytes. */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define MO_DEFAULT_BATCH_BYTES	HPAGE_PMD_SIZE
#else
#define MO_DEFAULT_BATCH_BYTES	(512UL << PAGE_SHIFT)
#endif

struct mo_window;

#define NR_MO_VERDICTS	(MIGRATE_DST_LOST + 1)

/**
 * struct mo_job - one parallel copy and the claims on its pieces
 * @claim: Generation of the job in the upper half, number of unclaimed
 *	pieces in the lower half.  A piece is claimed by a
 *	cmpxchg of the whole word, so a helper that starts late, when the job is
 *	over or the next one has begun, claims nothing.
 * @unfinished: Pieces not yet copied, plus one for the caller.
 * @nr_active: Helpers that claimed at least one piece.
 * @helper_ns: CPU time that they have used for it.
 * @done: Completed by the helper that finishes the last piece after the caller
 *	has found nothing more to claim.
 * @batch: The pairs to copy.
 * @initiator: Task that migrates.
 * @share: Workers that count against the CPU bandwidth of its group.
 * @piece_pages: Size of a piece in base pages; the last one may be shorter.
 * @copy: Copies a part of one folio.
 *
 * All but @claim may be read only by the caller and by a helper that has
 * claimed a piece and not yet dropped it from @unfinished.
 */
struct mo_job {
	atomic64_t claim;
	atomic_t unfinished;
	atomic_t nr_active;
	atomic64_t helper_ns;
	struct completion done;
	struct migrate_batch *batch;
	struct task_struct *initiator;
	struct sched_quota_share share;
	unsigned int piece_pages;
	migrate_copy_fn copy;
};

/**
 * struct mo_helper - a work item that claims pieces of its window's job
 * @work: The work item.
 * @window: Window that the helper belongs to, for good.
 * @gen: Generation of the job that it was woken for.
 * @cpu: CPU that was chosen for it.
 * @idle_only: Stop when another task wants that CPU.
 */
struct mo_helper {
	struct work_struct work;
	struct mo_window *window;
	u32 gen;
	int cpu;
	bool idle_only;
};

/**
 * struct mo_window - all the state that a batch copy needs
 * @node: Entry in the list of free windows.
 * @batch: What the migrator sees.
 * @job: State of a parallel copy of @batch.
 * @helpers: Helpers of @job.
 * @allowed: Scratch: CPUs that a helper may use.
 * @picked: Scratch: CPUs that were chosen.
 * @pairs: Storage of @batch.
 *
 * Allocated when the first migrator registers, because no window may be
 * allocated while a batch is locked and unmapped.  It stays until the helpers
 * are drained, so that a late helper may always read @job's claim word.
 */
struct mo_window {
	struct list_head node;
	struct migrate_batch batch;
	struct mo_job job;
	struct mo_helper helpers[MIGRATE_OFFLOAD_MAX_WORKERS - 1];
	struct cpumask allowed;
	struct cpumask picked;
	struct migrate_pair pairs[MO_WINDOW_PAIRS];
};

/**
 * enum mo_outcome - the decision for a batch
 * @MO_CHOSEN: A migrator copies the batch.
 * @MO_TRIAL: A migrator copies the batch so that its speed becomes known.
 * @MO_TOO_SHORT: The batch has fewer eligible bytes than min_batch_bytes.
 * @MO_NOT_ALLOWED: The migrator is not allowed for this task and reason.
 * @MO_NOT_READY: The migrator is not ready: no idle CPU, no free channel.
 * @MO_SLOWER: The ordinary path was measured to be as fast.
 * @MO_NO_WINDOW: All windows were in use.
 * @MO_CHANGED: The selection changed while the batch was being unmapped.
 * @NR_MO_OUTCOMES: Number of outcomes.
 *
 * From @MO_TOO_SHORT on the batch is declined: the ordinary path copies it.
 */
enum mo_outcome {
	MO_CHOSEN,
	MO_TRIAL,
	MO_TOO_SHORT,
	MO_NOT_ALLOWED,
	MO_NOT_READY,
	MO_SLOWER,
	MO_NO_WINDOW,
	MO_CHANGED,
	NR_MO_OUTCOMES
};

#define NR_MO_DECLINES	(NR_MO_OUTCOMES - MO_TOO_SHORT)

/* Counters of a migrator, for each reason. */
enum mo_stat {
	MO_STAT_BATCHES,
	MO_STAT_FOLIOS,
	MO_STAT_BYTES,
	MO_STAT_NS,
	MO_STAT_CPU_NS,
	MO_STAT_HELPERS,
	MO_STAT_NOT_COPIED,
	MO_STAT_POISONED,
	MO_STAT_LOST,
	/* Declined batches: a counter for each cause, as enum mo_outcome has them. */
	MO_STAT_DECLINED_TOO_SHORT,
	MO_STAT_DECLINED_NOT_ALLOWED,
	MO_STAT_DECLINED_NOT_READY,
	MO_STAT_DECLINED_SLOWER,
	MO_STAT_DECLINED_NO_WINDOW,
	MO_STAT_DECLINED_CHANGED,
	MO_STAT_AUTO_FASTEST,
	MO_STAT_AUTO_TRIAL,
	NR_MO_STATS
};

struct mo_stats {
	u64 nr[MR_TYPES][NR_MO_STATS];
};

/*
 * Measurements are kept apart for folios smaller than 64 KB, than a default
 * batch, and others; and for batches of at most about the default length and
 * others (the odd ones).
 */
#define NR_MO_CLASSES	6
/* Batches until the cost of a migrator is known. */
#define MO_SPEED_SAMPLES	3
/* A smaller batch says little about the cost of a larger one. */
#define MO_COST_MIN_BYTES	((unsigned long)SZ_256K)

/**
 * struct mo_speed - what a migrator was measured to cost, in one class
 * @cost: Nanoseconds for each MB, an average; 0 without a measurement.
 * @last: The last measurement.
 * @nr_samples: Measurements, until there are enough.
 * @nr_tries: Batches that a chooser gave to it, until there are enough.
 * @rested: Bytes that a chooser gave to other migrators since the last one.
 * @trial: A batch that is planned or copied will be the next measurement.
 */
struct mo_speed {
	u32 cost;
	u32 last;
	u32 nr_samples;
	u32 nr_tries;
	u64 rested;
	unsigned int trial;
};

/**
 * struct mo_migrator - a registered migrator
 * @ops: The migrator's own part; not to be used after unregistration.
 * @node: Entry in the list of migrators, changed under mo_lock,
 *	read also inside mo_srcu.
 * @nr_users: Slots that name it, under mo_lock; activated while
 *	there are any.
 * @adopted: One of the users is a chooser, which may choose it.
 * @speed: What it was measured to cost.
 * @kobj: Its directory in sysfs; holds the memory.
 * @reasons: Directory "reasons" in that.
 * @stats: Counters, which every small batch that is declined touches.
 */
struct mo_migrator {
	const struct migrate_ops *ops;
	struct list_head node;
	unsigned int nr_users;
	bool adopted;
	struct mo_speed speed[NR_MO_CLASSES];
	struct kobject kobj;
	struct kobject *reasons;
	struct mo_stats __percpu *stats;
};

/**
 * struct mo_slot - one decision for a migrator
 * @m: The migrator; NULL leaves the decision to a more general slot.
 *
 * There is one for each reason, a general one, and one for each handle of a
 * kernel user.
 */
struct mo_slot {
	struct mo_migrator __rcu *m;
};

/* The override of a task in migrate_pages_with(), on its stack. */
struct mo_override {
	struct list_head node;
	struct task_struct *task;
	struct mo_slot *slot;
	enum migrate_reason reason;
};

/* A reason that can have a policy, by the name that the kernel has for it. */
struct mo_reason_name {
	enum migrate_reason reason;
	const char *name;
};

#define NR_MO_POLICIES	9
extern const struct mo_reason_name mo_policies[NR_MO_POLICIES];

/* policy.c */
extern struct mutex mo_lock;
extern struct list_head mo_migrators;
extern struct srcu_struct mo_srcu;
extern unsigned int mo_generation;
extern struct mo_slot mo_reason_slots[MR_TYPES];
struct mo_migrator *mo_find(const char *name);
struct mo_migrator *mo_named(const char *name);
int mo_slot_set(struct mo_slot *slot, struct mo_migrator *m);
struct mo_migrator *mo_policy_of(const struct mo_slot *override,
				 enum migrate_reason reason);
bool mo_is_registered(const struct mo_migrator *which);
ssize_t mo_show_name(char *buf, ssize_t len, const char *name, bool chosen);
ssize_t mo_show_selected(char *buf);
ssize_t mo_show_slot(const struct mo_slot *slot, bool has_default, char *buf);
void mo_policy_join(struct mo_migrator *m);
void mo_policy_forget(struct mo_migrator *m);

/* Return true if choosers may choose @m. */
static inline bool mo_is_active(const struct mo_migrator *m)
{
	/* Pairs with the release in mo_adopt(): it is active. */
	return smp_load_acquire(&m->adopted);
}

/* reasons.c */
int mo_policy_set(enum migrate_reason reason, const char *name);
ssize_t mo_policy_show(enum migrate_reason reason, char *buf);

/* registry.c */
int mo_check_name(const char *name);

/* handles.c */
#ifdef CONFIG_MIGRATE_OFFLOAD_HANDLES
void mo_handles_forget(const struct mo_migrator *m);
void mo_override_begin(struct mo_override *override,
		       struct migrate_handle *handle,
		       enum migrate_reason reason);
void mo_override_end(struct mo_override *override);
struct mo_slot *__mo_override_find(enum migrate_reason reason);
extern struct list_head mo_overrides;

/* Return the slot of the current task's override, or NULL. */
static inline struct mo_slot *mo_override_find(enum migrate_reason reason)
{
	/* The task has added its own itself, and is not missed. */
	return list_empty(&mo_overrides) ? NULL : __mo_override_find(reason);
}
#else
static inline void mo_handles_forget(const struct mo_migrator *m) { }
static inline struct mo_slot *mo_override_find(enum migrate_reason reason)
{
	return NULL;
}
#endif

/* cost.c */
unsigned int mo_class_of(const struct mo_size *size, bool long_batch);
u32 mo_cost_learn(u32 *cost, u64 bytes, u64 ns, bool whole);
void mo_speed_learn(struct mo_speed *speed, u64 bytes, u64 ns, bool whole);

/* stall.c */
#ifdef CONFIG_MIGRATE_OFFLOAD_STALL
extern unsigned long mo_max_stall_us;
extern u32 mo_unmap_costs[NR_MO_CLASSES / 2];
void mo_stall_begin(struct mo_plan *plan);
void mo_stall_unmapped(const struct mo_plan *plan);
unsigned long mo_stall_limit(const struct mo_plan *plan);
#else
static inline void mo_stall_begin(struct mo_plan *plan) { }
static inline void mo_stall_unmapped(const struct mo_plan *plan) { }
static inline unsigned long mo_stall_limit(const struct mo_plan *plan)
{
	return ULONG_MAX;
}
#endif

/* plan.c */
extern const char * const mo_outcome_names[NR_MO_OUTCOMES];
extern unsigned long mo_max_batch_bytes;
extern unsigned long mo_min_batch_bytes;
extern bool mo_file_folios;
bool mo_eligible(struct folio *src);
struct mo_migrator *mo_choose(enum migrate_reason reason);
bool mo_allowed(const struct mo_migrator *m, enum migrate_reason reason);
void mo_plan_folio(struct mo_plan *plan, const struct folio *folio,
		   enum migrate_reason reason);
bool mo_plan_enter(struct mo_plan *plan);
void mo_plan_leave(struct mo_plan *plan);

/* core.c */
bool mo_batch_count(struct mo_migrator *m, const struct migrate_batch *batch,
		    u64 ns, const unsigned int *nr, u64 nr_pages);
bool mo_batch_settle(struct mo_migrator *m, struct migrate_batch *batch, u64 ns,
		     struct mo_folios *folios);
u64 mo_window_copy(struct mo_migrator *m, struct mo_window *window);
void mo_window_finish(struct mo_plan *plan, u64 ns, bool whole);

/* renew.c */
#ifdef CONFIG_MIGRATE_OFFLOAD_RENEW
void mo_renew(struct mo_folios *folios);
#else
static inline void mo_renew(struct mo_folios *folios)
{
	list_splice_tail_init(&folios->src_lost, &folios->src_rejects);
	list_splice_tail_init(&folios->dst_lost, &folios->dst_rejects);
}
#endif

/* helpers.c */
int mo_pool_create(void);
void mo_pool_destroy(void);
struct mo_window *mo_window_get(void);
void mo_window_put(struct mo_window *window);
void mo_batch_init(struct mo_window *window);
bool mo_batch_add(struct migrate_batch *batch, struct folio *src,
		  struct folio *dst, unsigned int nr_pages);

/* place.c */
void mo_place_helpers(struct mo_window *window,
		      const struct migrate_helpers *helpers);

/* pieces.c */
struct mo_window *mo_window_of(struct migrate_batch *batch);
unsigned int mo_job_start(struct mo_job *job, struct migrate_batch *batch,
			  unsigned int nr_workers, migrate_copy_fn copy);
bool mo_job_claim(struct mo_job *job, u32 gen, unsigned int *piece);
void mo_job_copy_piece(struct mo_job *job, unsigned int piece);
u64 mo_job_charge(struct mo_job *job, u64 start);
void mo_job_settle(struct mo_job *job);

/* cpu_copy.c */
ssize_t mo_copy_mode_show(enum migrate_copy_mode mode, char *buf);
int mo_copy_mode_store(const char *buf, enum migrate_copy_mode *mode);

/* sysfs.c */
/* Room for a name, a newline and the end. */
#define MO_NAME_TEXT	(MIGRATE_OFFLOAD_NAME_MAX + 2)
char *mo_name_of(char text[MO_NAME_TEXT], const char *buf, size_t count);

/* stats.c */
extern struct kobject *mo_kobj;

static inline void mo_stat_add(struct mo_migrator *m,
			       enum migrate_reason reason,
			       enum mo_stat stat, u64 n)
{
	if (n)
		this_cpu_add(m->stats->nr[reason][stat], n);
}

static_assert(MO_STAT_DECLINED_CHANGED - MO_STAT_DECLINED_TOO_SHORT ==
	      MO_CHANGED - MO_TOO_SHORT);

/* @outcome is at least MO_TOO_SHORT. */
static inline void mo_stat_decline(struct mo_migrator *m,
				   enum migrate_reason reason,
				   enum mo_outcome outcome)
{
	mo_stat_add(m, reason,
		    MO_STAT_DECLINED_TOO_SHORT + outcome - MO_TOO_SHORT, 1);
}

u64 mo_stat_read(const struct mo_migrator *m, enum mo_stat stat);
u64 mo_stat_read_reason(const struct mo_migrator *m,
			enum migrate_reason reason, enum mo_stat stat);
int mo_migrator_add(struct mo_migrator *m);
void mo_migrator_remove(struct mo_migrator *m);

#endif /* _MM_MIGRATE_OFFLOAD_INTERNAL_H */
