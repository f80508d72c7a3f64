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
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "migrate_offload.h"

/* Pairs that are handed to a migrator in one call. */
#define MIGRATE_WINDOW_PAIRS	1024

/*
 * Largest piece that one worker claims.  Bounds how long a caller can wait for
 * a helper that was preempted in the middle of a piece.
 */
#define MIGRATE_PIECE_PAGES	((unsigned int)max(SZ_256K >> PAGE_SHIFT, 1UL))

/* Where a batch ends without offload: NR_MAX_BATCHED_MIGRATION in bytes. */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define MIGRATE_DEFAULT_BATCH_BYTES	HPAGE_PMD_SIZE
#else
#define MIGRATE_DEFAULT_BATCH_BYTES	(512UL << PAGE_SHIFT)
#endif

struct migrate_window;

#define NR_MIGRATE_VERDICTS	(MIGRATE_DST_LOST + 1)

/**
 * struct migrate_job - one parallel copy and the claims on its pieces
 * @claim: Generation of the job in the upper half, number of pieces that
 *	nobody has claimed yet in the lower half.  A piece is claimed by a
 *	cmpxchg of the whole word, so a helper that starts late, when the job is
 *	over or the next one has begun, claims nothing.
 * @unfinished: Pieces not yet copied, plus one for the caller.
 * @nr_active: Helpers that claimed at least one piece.
 * @helper_ns: CPU time that they have used for it.
 * @done: Completed by the helper that finishes the last piece after the caller
 *	has found nothing more to claim.
 * @batch: The pairs to copy.
 * @initiator: Task that migrates.
 * @piece_pages: Size of a piece in base pages; the last one may be shorter.
 * @copy: Copies a part of one folio.
 *
 * All but @claim may be read only by the caller and by a helper that has
 * claimed a piece and not yet dropped it from @unfinished.
 */
struct migrate_job {
	atomic64_t claim;
	atomic_t unfinished;
	atomic_t nr_active;
	atomic64_t helper_ns;
	struct completion done;
	struct migrate_batch *batch;
	struct task_struct *initiator;
	unsigned int piece_pages;
	migrate_copy_fn copy;
};

/**
 * struct migrate_helper - a work item that claims pieces of its window's job
 * @work: The work item.
 * @window: Window that the helper belongs to, for good.
 * @gen: Generation of the job that it was woken for.
 * @cpu: CPU that was chosen for it.
 */
struct migrate_helper {
	struct work_struct work;
	struct migrate_window *window;
	u32 gen;
	int cpu;
};

/**
 * struct migrate_window - all the state that a batch copy needs
 * @node: Entry in the list of free windows.
 * @batch: What the migrator sees.
 * @class: Which measurements concern it.
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
struct migrate_window {
	struct list_head node;
	struct migrate_batch batch;
	unsigned int class;
	struct migrate_job job;
	struct migrate_helper helpers[MIGRATE_OFFLOAD_MAX_WORKERS - 1];
	struct cpumask allowed;
	struct cpumask picked;
	struct migrate_pair pairs[MIGRATE_WINDOW_PAIRS];
};

/* Counters of a migrator, for each reason. */
enum migrate_stat {
	MIGRATE_STAT_BATCHES,
	MIGRATE_STAT_FOLIOS,
	MIGRATE_STAT_BYTES,
	MIGRATE_STAT_NS,
	MIGRATE_STAT_CPU_NS,
	MIGRATE_STAT_HELPERS,
	MIGRATE_STAT_NOT_COPIED,
	MIGRATE_STAT_POISONED,
	MIGRATE_STAT_LOST,
	MIGRATE_STAT_DECLINED,
	MIGRATE_STAT_AUTO_FASTEST,
	MIGRATE_STAT_AUTO_TRIAL,
	NR_MIGRATE_STATS
};

struct migrate_stats {
	u64 nr[MR_TYPES][NR_MIGRATE_STATS];
};

/**
 * struct migrate_extent - what is on a list of folios
 * @bytes: Bytes that look eligible.
 * @nr_folios: Folios that they are in.
 */
struct migrate_extent {
	unsigned long bytes;
	unsigned int nr_folios;
};

/*
 * Measurements are kept apart for folios smaller than 64 KB, than a default
 * batch, and others; and for batches of at most about the default length and
 * others (the odd ones).
 */
#define NR_MIGRATE_CLASSES	6

/**
 * struct migrate_speed - what a migrator was measured to cost, in one class
 * @cost: Nanoseconds for each MB, an average; 0 without a measurement.
 * @last: The last measurement.
 * @nr_samples: Measurements, until there are enough.
 * @nr_tries: Batches that "auto" gave to it, until there are enough.
 * @rested: Bytes that "auto" gave to others since the last one.
 * @trier: Task that unmaps a long batch for a trial; compared, not dereferenced.
 */
struct migrate_speed {
	u32 cost;
	u32 last;
	u32 nr_samples;
	u32 nr_tries;
	u64 rested;
	struct task_struct *trier;
};

/* Why "auto" has decided as it did. */
enum migrate_auto_why {
	MIGRATE_AUTO_TOO_SHORT,
	MIGRATE_AUTO_NOT_READY,
	MIGRATE_AUTO_KERNEL_FASTER,
	MIGRATE_AUTO_FASTEST,
	MIGRATE_AUTO_TRIAL,
	NR_MIGRATE_AUTO_WHYS
};

/**
 * struct migrate_migrator - a registered migrator
 * @ops: The migrator's own part; not to be used after unregistration.
 * @node: Entry in the list of migrators, changed under migrate_offload_lock,
 *	read also inside migrate_srcu.
 * @nr_users: Slots that name it, under migrate_offload_lock; activated while
 *	there are any.
 * @by_auto: One of the users is "auto", which may choose it.
 * @speed: What it was measured to cost.
 * @kobj: Its directory in sysfs; holds the memory.
 * @reasons: Directory "reasons" in that.
 * @stats: Counters, which every small batch that is declined touches.
 */
struct migrate_migrator {
	const struct migrate_ops *ops;
	struct list_head node;
	unsigned int nr_users;
	bool by_auto;
	struct migrate_speed speed[NR_MIGRATE_CLASSES];
	struct kobject kobj;
	struct kobject *reasons;
	struct migrate_stats __percpu *stats;
};

/**
 * struct migrate_slot - one decision for a migrator
 * @m: Whose turn it is; NULL leaves that to a more general slot.
 * @node: Entry in the list of handles, for theirs, under migrate_offload_lock.
 *
 * There is one for each reason, a general one, and one for each handle of a
 * kernel user.
 */
struct migrate_slot {
	struct migrate_migrator __rcu *m;
	struct list_head node;
};

/* The wish of a task in migrate_pages_with(), on its stack. */
struct migrate_wish {
	struct hlist_node node;
	struct task_struct *task;
	struct migrate_slot *slot;
	enum migrate_reason reason;
};

/* A reason that can have a policy, by the name that the kernel has for it. */
struct migrate_reason_name {
	enum migrate_reason reason;
	const char *name;
};

#define NR_MIGRATE_POLICIES	9
extern const struct migrate_reason_name migrate_policies[NR_MIGRATE_POLICIES];

/* migrate_offload.c */
extern bool migrate_file_folios;
bool migrate_offload_eligible(struct folio *src);
u64 migrate_window_copy(struct migrate_migrator *m,
			struct migrate_window *window);
void migrate_window_finish(struct migrate_migrator *m,
			   struct migrate_window *window, u64 ns, bool whole);
bool migrate_batch_count(struct migrate_migrator *m,
			 const struct migrate_batch *batch, u64 ns,
			 const unsigned int *nr, u64 nr_pages);
bool migrate_batch_settle(struct migrate_migrator *m,
			  struct migrate_batch *batch, u64 ns,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects);

void migrate_renew_all(struct list_head *src_folios,
		       struct list_head *dst_folios,
		       new_folio_t get_new_folio, free_folio_t put_new_folio,
		       unsigned long private, struct list_head *src_rejects,
		       struct list_head *dst_rejects);

/* migrate_offload_gate.c */
extern unsigned long migrate_max_batch_bytes;
extern unsigned long migrate_min_batch_bytes;
struct migrate_extent migrate_likely(const struct list_head *folios,
				     unsigned long enough);
bool migrate_is_longer(const struct migrate_extent *extent, int nr_default);
bool migrate_allowed(const struct migrate_migrator *m,
		     enum migrate_reason reason);
struct migrate_migrator *migrate_copier(struct migrate_migrator *m,
					enum migrate_reason reason,
					const struct migrate_extent *extent,
					bool longer);

/* migrate_offload_registry.c */
extern struct mutex migrate_offload_lock;
extern struct list_head migrate_migrators;
struct migrate_migrator *migrate_offload_find(const char *name);
int migrate_offload_check_name(const char *name);
struct migrate_migrator *migrate_migrator_create(const struct migrate_ops *ops);

/* migrate_offload_policy.c */
extern struct srcu_struct migrate_srcu;
struct migrate_migrator *migrate_offload_choose(enum migrate_reason reason);
ssize_t migrate_show_name(char *buf, ssize_t len, const char *name, bool chosen);
ssize_t migrate_offload_show_selected(char *buf);
int migrate_policy_set(enum migrate_reason reason, const char *name);
ssize_t migrate_policy_show(enum migrate_reason reason, char *buf);
void migrate_policy_adopt(struct migrate_migrator *m);
void migrate_policy_release(struct migrate_migrator *m);
void migrate_policy_join(struct migrate_migrator *m);
void migrate_policy_forget(struct migrate_migrator *m);
void migrate_wish_begin(struct migrate_wish *wish,
			struct migrate_handle *handle,
			enum migrate_reason reason);
void migrate_wish_end(struct migrate_wish *wish);

/* migrate_offload_auto.c */
extern struct migrate_migrator *migrate_auto;
void migrate_auto_declined(enum migrate_auto_why why);
unsigned int migrate_class_of(const struct migrate_extent *extent, bool longer);
u32 migrate_cost_learn(u32 *cost, u64 bytes, u64 ns, bool whole);
void migrate_speed_learn(struct migrate_speed *speed, u64 bytes, u64 ns,
			 bool whole);
struct migrate_migrator *migrate_auto_pick(const struct migrate_extent *extent,
					   enum migrate_reason reason,
					   bool longer, enum migrate_auto_why *why);
struct migrate_migrator *migrate_auto_choose(const struct migrate_extent *extent,
					     enum migrate_reason reason,
					     bool longer);

/* migrate_offload_stall.c */
extern unsigned long migrate_max_stall_us;
extern u32 migrate_unmap_costs[NR_MIGRATE_CLASSES / 2];
void migrate_stall_begin(const struct folio *first);
void migrate_stall_unmapped(const struct folio *first,
			    const struct migrate_extent *extent);
unsigned long migrate_stall_limit(const struct migrate_migrator *m,
				  const struct migrate_extent *extent);

/* migrate_offload_pool.c */
int migrate_pool_create(void);
void migrate_pool_destroy(void);
struct migrate_window *migrate_window_get(void);
void migrate_window_put(struct migrate_window *window);
void migrate_batch_init(struct migrate_window *window);
bool migrate_batch_add(struct migrate_batch *batch, struct folio *src,
		       struct folio *dst, unsigned int nr_pages);

/* migrate_offload_job.c */
unsigned int migrate_job_start(struct migrate_job *job,
			       struct migrate_batch *batch,
			       unsigned int nr_workers, migrate_copy_fn copy);
bool migrate_job_claim(struct migrate_job *job, u32 gen, unsigned int *piece);
void migrate_job_copy_piece(struct migrate_job *job, unsigned int piece);
u64 migrate_job_charge(struct migrate_job *job, u64 start);
void migrate_job_settle(struct migrate_job *job);

/* migrate_offload_sysfs.c */
extern struct kobject *migrate_kobj;

/* migrate_offload_stats.c */
static inline void migrate_stat_add(struct migrate_migrator *m,
				    enum migrate_reason reason,
				    enum migrate_stat stat, u64 n)
{
	if (n)
		this_cpu_add(m->stats->nr[reason][stat], n);
}

u64 migrate_stat_read(const struct migrate_migrator *m, enum migrate_stat stat);
u64 migrate_stat_read_reason(const struct migrate_migrator *m,
			     enum migrate_reason reason, enum migrate_stat stat);
int migrate_migrator_add(struct migrate_migrator *m);
void migrate_migrator_remove(struct migrate_migrator *m);

#endif /* _MM_MIGRATE_OFFLOAD_INTERNAL_H */
