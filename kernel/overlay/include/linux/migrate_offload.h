/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page migration in batches, with the copying done by a migrator.
 *
 * See Documentation/mm/migrate_offload.rst.
 */
#ifndef _LINUX_MIGRATE_OFFLOAD_H
#define _LINUX_MIGRATE_OFFLOAD_H

/**
 * DOC: How a batch moves
 *
 * migrate_pages() unmaps a batch of folios and flushes the TLB once.  The
 * selected migrator then copies the data of the whole batch.  At last
 * migrate_pages() moves folio by folio, and skips the copy of each folio that
 * the migrator has copied.  The ordinary path copies all other folios: folio by
 * folio, on the CPU of the caller.
 */

/**
 * DOC: Callers that migrate with MIGRATE_ASYNC
 *
 * With "kernel" selected, MIGRATE_ASYNC does not sleep for the copy, except in
 * cond_resched().  A migrator may sleep, and the caller keeps its locks
 * meanwhile.  NUMA balancing and GUP with FOLL_LONGTERM hold mmap_lock or the
 * lock of a VMA; hugetlb folios of a file are copied with i_mmap_rwsem held for
 * writing.  The caller waits
 *
 * * with mtcopy, for the pieces of at most 256 KB that helpers have claimed and
 *   not finished.  A helper that is preempted in a piece adds the time until it
 *   runs again, which has no bound if a real-time task keeps its CPU;
 * * with padata, for all threads that were queued, also for threads that have
 *   not started.  It is used for system calls and memory offlining only;
 * * with dcbm, for at most twice its timeout_ms in one call of
 *   &migrate_ops.copy.  One call has up to 1024 folios, or one hugetlb folio.
 *   dcbm is not used by default for NUMA balancing and FOLL_LONGTERM, see
 *   &migrate_ops.not_by_default;
 * * with "auto", as with the migrator that it chooses.
 *
 * The batch itself can be as long as max_batch_bytes, 32 MB by default, instead
 * of the 2 MB of the ordinary path.  MIGRATE_SYNC and MIGRATE_SYNC_LIGHT begin
 * with an asynchronous pass, so the same holds for them.
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/migrate.h>
#include <linux/migrate_mode.h>
#include <linux/sysfs.h>
#include <linux/types.h>

struct folio;
struct migrate_handle;
struct mo_migrator;
struct mo_plan;

/* Greatest number of workers of one batch, with the task that migrates. */
#define MIGRATE_OFFLOAD_MAX_WORKERS	64

/* Greatest length of a migrator's name, without the terminating NUL. */
#define MIGRATE_OFFLOAD_NAME_MAX	31

/**
 * enum migrate_verdict - what a migrator did with one pair of folios
 * @MIGRATE_NOT_COPIED: The destination holds nothing of value.  The ordinary
 *	path copies the folio.
 * @MIGRATE_COPIED: Every byte of the source has arrived in the destination and
 *	is visible to all CPUs.
 * @MIGRATE_POISONED: The source has an uncorrectable memory error and
 *	memory_failure_queue() was called for it.  The folio is not moved and
 *	its source is not read again in this round.
 * @MIGRATE_DST_LOST: A device may still write to the destination.  The
 *	destination never becomes live memory; the migrator holds a reference
 *	on it until the device is known to be quiet.  The core gives the folio
 *	another one.
 */
enum migrate_verdict {
	MIGRATE_NOT_COPIED,
	MIGRATE_COPIED,
	MIGRATE_POISONED,
	MIGRATE_DST_LOST,
};

/**
 * struct migrate_pair - a source folio and the destination of its data
 * @src: Source: locked, unmapped, isolated, with no reference beyond the
 *	expected ones when the batch was assembled.
 * @dst: Destination: locked, of the same size, not visible elsewhere.
 * @start: Position of the pair in its batch, in base pages.
 * @nr_pages: Size of each of the two folios in base pages.
 * @done: Base pages copied so far, for migrators that copy one folio in
 *	several parts.  Zero when the batch is handed over.
 * @verdict: &enum migrate_verdict, MIGRATE_NOT_COPIED when the batch is handed
 *	over.
 */
struct migrate_pair {
	struct folio *src;
	struct folio *dst;
	unsigned int start;
	unsigned int nr_pages;
	atomic_t done;
	unsigned int verdict;
};

/**
 * struct migrate_batch - the pairs that a migrator copies in one call
 * @pairs: The pairs, in the order of migration.
 * @nr_pairs: Number of @pairs, at least one.
 * @nr_pages: Sum of the sizes in base pages.
 * @nr_helpers: Set by the migrator: number of CPUs or channels that took part,
 *	without the CPU of the caller.
 * @helper_ns: Set by the migrator: CPU time that tasks other than the caller ran
 *	for this batch, in nanoseconds, by their own clocks.  The core charges
 *	the caller for it.
 * @src_nid: Node of the first source folio.
 * @dst_nid: Node of the first destination folio.
 * @reason: Why the folios are migrated.
 *
 * Owned by the core and valid until &migrate_ops.copy returns.
 */
struct migrate_batch {
	struct migrate_pair *pairs;
	unsigned int nr_pairs;
	unsigned int nr_pages;
	unsigned int nr_helpers;
	u64 helper_ns;
	int src_nid;
	int dst_nid;
	enum migrate_reason reason;
};

/**
 * struct migrate_ops - a migrator
 * @name: Name in sysfs, at most MIGRATE_OFFLOAD_NAME_MAX characters without
 *	white space and slashes.  The names of files and of choices ("kernel",
 *	"auto", "default") are refused.
 * @attrs: Files in /sys/kernel/mm/migration/<name>/, or NULL.  Each is the attr
 *	of a &struct kobj_attribute, as &struct migrate_setting has one.
 * @activate: Takes the resources of copying that other drivers could use
 *	otherwise, such as DMA channels; or NULL.  Called before the first
 *	policy, handle or chooser selects the migrator.  An error is returned
 *	to that user and leaves the selection unchanged.
 * @deactivate: Gives these resources back, or NULL.  Called when the last user
 *	has deselected the migrator and its last batch has ended.
 * @by_name_only: Choosers do not choose it.
 * @not_by_default: Mask of BIT(reason).  For these reasons the policy "default"
 *	leaves the folios to the ordinary path while this migrator is
 *	selected.  The policy of a reason can still name the migrator.
 * @allowed: Returns true if the migrator may copy for the current task and this
 *	reason, whatever the batch is.  NULL means always.
 * @ready: Returns true if a batch of at least @bytes can be copied now, and
 *	faster than by the CPU of the caller.  With @longer the batch becomes
 *	longer than on the ordinary path, so that its folios stay unreachable
 *	for longer.  Returning false leaves the batch to the ordinary path.
 *	Called for each batch, so it must be cheap.
 * @choose: For a migrator that chooses another one for each batch; NULL for all
 *	others.  Returns the migrator that copies the batch, or NULL, and sets
 *	the outcome of the plan.  It replaces @allowed and @ready.
 * @done: The batch of a plan for which @choose returned a migrator is over,
 *	whether it was copied or not.  Not called if a migrator of the plan is
 *	gone.  May be NULL.
 * @copy: Copies a batch and gives each pair a verdict.  Called after @ready has
 *	returned true for the batch; it copies a batch that is too large for it
 *	in parts.
 *
 * @activate and @deactivate run in process context, one at a time, and may
 * sleep.  They must not register, unregister or select a migrator, nor get or
 * put a handle.
 *
 * @allowed, @ready and @copy run in the context of the task that migrates, perhaps
 * with PF_MEMALLOC set (reclaim, compaction, DAMON).  @copy runs with the folio
 * locks of the whole batch held, and with the locks of a MIGRATE_ASYNC caller.
 * They may sleep, but they must not allocate memory other than with
 * GFP_NOWAIT | __GFP_NOMEMALLOC, wait for work that needs memory, take a folio
 * lock, or wait without a bound.
 *
 * A migrator does not own the folios: it takes no reference on a source, and
 * on a destination only together with MIGRATE_DST_LOST.  It touches neither
 * after @copy has returned, nor @migrate_batch.
 */
struct migrate_ops {
	const char *name;
	const struct attribute_group *attrs;
	bool by_name_only;
	unsigned long not_by_default;
	bool (*allowed)(enum migrate_reason reason);
	int (*activate)(void);
	void (*deactivate)(void);
	bool (*ready)(enum migrate_reason reason, unsigned long bytes,
		      bool longer);
	struct mo_migrator *(*choose)(struct mo_plan *plan);
	void (*done)(struct mo_plan *plan);
	void (*copy)(struct migrate_batch *batch);
};

/**
 * struct migrate_helpers - how a CPU migrator may use other CPUs
 * @max_workers: Greatest number of CPUs that copy at the same time, with the CPU
 *	of the caller.
 * @min_bytes_per_worker: A CPU is not woken for fewer bytes than this.
 * @idle_only: Use idle CPUs only, and each only until another task wants it.
 */
struct migrate_helpers {
	unsigned int max_workers;
	unsigned long min_bytes_per_worker;
	bool idle_only;
};

/**
 * enum migrate_copy_mode - how CPUs copy
 * @MIGRATE_COPY_CACHED: Page by page, as the ordinary path does it.  The data is
 *	then in the cache of the CPU that copied it, as far as it fits.
 * @MIGRATE_COPY_STREAMING: Without caching the destination.  Faster for more
 *	bytes than caches hold, but the data is cold afterwards.
 * @MIGRATE_COPY_AUTO: Streaming for long batches and for reasons whose caller
 *	does not use the data; else cached.
 */
enum migrate_copy_mode {
	MIGRATE_COPY_CACHED,
	MIGRATE_COPY_STREAMING,
	MIGRATE_COPY_AUTO,
};

/**
 * typedef migrate_copy_fn - copies a part of a folio
 * @dst: Destination folio.
 * @src: Source folio.
 * @first: First base page of the part.
 * @nr: Number of base pages.
 *
 * Runs in the caller of migrate_offload_copy_parallel() and in its helpers at
 * the same time.  May call cond_resched(), must not otherwise sleep.  All of
 * its stores must be ordered before its return (streaming stores need a
 * fence).
 *
 * Return: 0 when all bytes were copied; -EHWPOISON when the source is poisoned
 * and memory_failure_queue() was called; another negative errno when this part
 * was not copied for any other cause.
 */
typedef int (*migrate_copy_fn)(struct folio *dst, struct folio *src,
			       unsigned long first, unsigned long nr);

enum migrate_setting_type {
	MIGRATE_SETTING_IS_ULONG,
	MIGRATE_SETTING_IS_UINT,
	MIGRATE_SETTING_IS_BOOL,
	MIGRATE_SETTING_IS_COPY_MODE,
};

/**
 * struct migrate_setting - a variable that the administrator can set
 * @attr: Its file; &attr.attr goes into &migrate_ops.attrs.
 * @type: Type of the variable.
 * @ulong: The variable, by type.  The migrator reads it with READ_ONCE(), as a
 *	write to the file can change it at any time.
 * @uint: The same.
 * @boolean: The same.
 * @copy_mode: The same.
 * @low: Least value of a number.
 * @high: Greatest value of a number.
 *
 * Defined by the following macros, with the name of the file, the variable and,
 * for a number, its range.  A write outside of the range returns EINVAL and
 * changes nothing.
 */
struct migrate_setting {
	struct kobj_attribute attr;
	enum migrate_setting_type type;
	union {
		unsigned long *ulong;
		unsigned int *uint;
		bool *boolean;
		enum migrate_copy_mode *copy_mode;
	};
	unsigned long low;
	unsigned long high;
};

#define __MIGRATE_SETTING(_name, _type)					\
	.attr = __ATTR(_name, 0644, migrate_setting_show,		\
		       migrate_setting_store),				\
	.type = _type

#define MIGRATE_SETTING_ULONG(_name, _variable, _low, _high)		\
	struct migrate_setting _name##_setting = {			\
		__MIGRATE_SETTING(_name, MIGRATE_SETTING_IS_ULONG),	\
		.ulong = &(_variable), .low = _low, .high = _high,	\
	}

#define MIGRATE_SETTING_UINT(_name, _variable, _low, _high)		\
	struct migrate_setting _name##_setting = {			\
		__MIGRATE_SETTING(_name, MIGRATE_SETTING_IS_UINT),	\
		.uint = &(_variable), .low = _low, .high = _high,	\
	}

#define MIGRATE_SETTING_BOOL(_name, _variable)				\
	struct migrate_setting _name##_setting = {			\
		__MIGRATE_SETTING(_name, MIGRATE_SETTING_IS_BOOL),	\
		.boolean = &(_variable),				\
	}

#define MIGRATE_SETTING_COPY_MODE(_name, _variable)			\
	struct migrate_setting _name##_setting = {			\
		__MIGRATE_SETTING(_name, MIGRATE_SETTING_IS_COPY_MODE),	\
		.copy_mode = &(_variable),				\
	}

ssize_t migrate_setting_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf);
ssize_t migrate_setting_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count);

int migrate_offload_register(const struct migrate_ops *ops);
void migrate_offload_unregister(const struct migrate_ops *ops);

int migrate_offload_select(const char *name);
bool migrate_offload_is_selected(const char *name);
ssize_t migrate_offload_setting(const char *migrator, const char *setting,
				char *buf, size_t count);

#ifdef CONFIG_MIGRATE_OFFLOAD_HANDLES
struct migrate_handle *migrate_offload_get(const char *name);
void migrate_offload_put(struct migrate_handle *handle);
int migrate_pages_with(struct migrate_handle *handle, struct list_head *from,
		       new_folio_t get_new_folio, free_folio_t put_new_folio,
		       unsigned long private, enum migrate_mode mode,
		       enum migrate_reason reason, unsigned int *ret_succeeded);
#else
static inline struct migrate_handle *migrate_offload_get(const char *name)
{
	return ERR_PTR(-EINVAL);
}

static inline void migrate_offload_put(struct migrate_handle *handle)
{
}

static inline int migrate_pages_with(struct migrate_handle *handle,
				     struct list_head *from,
				     new_folio_t get_new_folio,
				     free_folio_t put_new_folio,
				     unsigned long private,
				     enum migrate_mode mode,
				     enum migrate_reason reason,
				     unsigned int *ret_succeeded)
{
	return migrate_pages(from, get_new_folio, put_new_folio, private, mode,
			     reason, ret_succeeded);
}
#endif

bool migrate_offload_helper_available(const struct migrate_helpers *helpers,
				      enum migrate_reason reason,
				      unsigned long bytes);
void migrate_offload_copy_parallel(struct migrate_batch *batch,
				   const struct migrate_helpers *helpers,
				   migrate_copy_fn copy);

unsigned int migrate_offload_nr_workers(const struct migrate_helpers *helpers,
					enum migrate_reason reason,
					unsigned long bytes);
unsigned int migrate_offload_split(struct migrate_batch *batch,
				   unsigned int *nr_workers,
				   migrate_copy_fn copy);
void migrate_offload_copy_pieces(struct migrate_batch *batch,
				 unsigned int first, unsigned int end);
void migrate_offload_settle(struct migrate_batch *batch);
int migrate_offload_copy_pages(struct folio *dst, struct folio *src,
			       unsigned long first, unsigned long nr);
migrate_copy_fn migrate_offload_copy_routine(enum migrate_copy_mode mode,
					     const struct migrate_batch *batch);

#endif /* _LINUX_MIGRATE_OFFLOAD_H */
