/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the parts of the migration offload core; not for migrators.
 */
#ifndef _MM_MIGRATE_OFFLOAD_INTERNAL_H
#define _MM_MIGRATE_OFFLOAD_INTERNAL_H

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/huge_mm.h>
#include <linux/kobject.h>
#include <linux/migrate_offload.h>
#include <linux/mm_types.h>
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

/**
 * struct migrate_job - one parallel copy and the claims on its pieces
 * @claim: Generation of the job in the upper half, number of pieces that
 *	nobody has claimed yet in the lower half.  A piece is claimed by a
 *	cmpxchg of the whole word, so a helper that starts late, when the job is
 *	over or the next one has begun, claims nothing.
 * @unfinished: Pieces not yet copied, plus one for the caller.
 * @nr_active: Helpers that claimed at least one piece.
 * @done: Completed by the helper that finishes the last piece after the caller
 *	has found nothing more to claim.
 * @batch: The pairs to copy.
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
	struct completion done;
	struct migrate_batch *batch;
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
	struct migrate_job job;
	struct migrate_helper helpers[MIGRATE_OFFLOAD_MAX_WORKERS - 1];
	struct cpumask allowed;
	struct cpumask picked;
	struct migrate_pair pairs[MIGRATE_WINDOW_PAIRS];
};

/* Counters of a migrator. */
enum migrate_stat {
	MIGRATE_STAT_BATCHES,
	MIGRATE_STAT_FOLIOS,
	MIGRATE_STAT_BYTES,
	MIGRATE_STAT_NS,
	MIGRATE_STAT_HELPERS,
	MIGRATE_STAT_NOT_COPIED,
	MIGRATE_STAT_POISONED,
	MIGRATE_STAT_LOST,
	MIGRATE_STAT_DECLINED,
	NR_MIGRATE_STATS
};

struct migrate_stats {
	u64 nr[NR_MIGRATE_STATS];
};

/**
 * struct migrate_migrator - a registered migrator
 * @ops: The migrator's own part; not to be used after unregistration.
 * @node: Entry in the list of migrators, under migrate_offload_lock.
 * @kobj: Its directory in sysfs; holds the memory.
 * @stats: Counters, which every small batch that is declined touches.
 */
struct migrate_migrator {
	const struct migrate_ops *ops;
	struct list_head node;
	struct kobject kobj;
	struct migrate_stats __percpu *stats;
};

/* migrate_offload.c */
extern unsigned long migrate_max_batch_bytes;
extern unsigned long migrate_min_batch_bytes;
extern bool migrate_file_folios;
bool migrate_offload_eligible(struct folio *src);
void migrate_batch_settle(struct migrate_migrator *m,
			  struct migrate_batch *batch, u64 ns,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects);

void migrate_renew_all(struct list_head *src_folios,
		       struct list_head *dst_folios,
		       new_folio_t get_new_folio, free_folio_t put_new_folio,
		       unsigned long private, struct list_head *src_rejects,
		       struct list_head *dst_rejects);

/* migrate_offload_registry.c */
extern struct srcu_struct migrate_srcu;
struct migrate_migrator *migrate_offload_choose(enum migrate_reason reason);
ssize_t migrate_offload_show_selected(char *buf);
int migrate_offload_check_name(const char *name);

/* migrate_offload_pool.c */
int migrate_pool_create(void);
void migrate_pool_destroy(void);
struct migrate_window *migrate_window_get(void);
void migrate_window_put(struct migrate_window *window);
void migrate_batch_init(struct migrate_window *window);
bool migrate_batch_add(struct migrate_batch *batch, struct folio *src,
		       struct folio *dst, unsigned int nr_pages);
unsigned int migrate_job_start(struct migrate_job *job,
			       struct migrate_batch *batch,
			       unsigned int nr_workers, migrate_copy_fn copy);
bool migrate_job_claim(struct migrate_job *job, u32 gen, unsigned int *piece);
void migrate_job_copy_piece(struct migrate_job *job, unsigned int piece);
void migrate_job_settle(struct migrate_job *job);

/* migrate_offload_sysfs.c */
u64 migrate_stat_read(const struct migrate_migrator *m, enum migrate_stat stat);
int migrate_migrator_add(struct migrate_migrator *m);
void migrate_migrator_remove(struct migrate_migrator *m);

#endif /* _MM_MIGRATE_OFFLOAD_INTERNAL_H */
