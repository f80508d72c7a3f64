// SPDX-License-Identifier: GPL-2.0
/*
 * Core of migration offload: registry, selection, gate, dispatch, verdicts.
 *
 * See Documentation/mm/migrate_offload.rst.
 */
#define pr_fmt(fmt) "migrate_offload: " fmt

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "migrate_offload_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/migrate_offload.h>

/*
 * Longest batch that is offloaded: what a batch holds is unreachable until all
 * of it is copied.  Documentation/mm/migrate_offload.rst has the curve.
 */
unsigned long migrate_max_batch_bytes = MAX(SZ_32M, MIGRATE_DEFAULT_BATCH_BYTES);
/* Shortest one: below, waking helpers costs more than they copy. */
unsigned long migrate_min_batch_bytes = SZ_512K;
/* Page cache of file systems that use filemap_migrate_folio(). */
bool migrate_file_folios;

DEFINE_STATIC_KEY_FALSE(migrate_offload_key);

/*
 * Serialises registration and unregistration as a whole.  Never taken by a
 * store() of sysfs, since unregistration waits for those.
 */
static DEFINE_MUTEX(migrate_register_lock);
/* Protects the list and the selection.  Nests inside the above. */
static DEFINE_MUTEX(migrate_offload_lock);
static LIST_HEAD(migrate_migrators);

/*
 * A batch holds migrate_srcu from the choice of its migrator to the last
 * verdict, so that a migrator can be unregistered under traffic.
 */
DEFINE_STATIC_SRCU(migrate_srcu);
static struct migrate_migrator __rcu *migrate_selected;

/**
 * migrate_offload_eligible - may a migrator copy this folio?
 * @src: Source folio, locked and unmapped, after the TLB flush.
 *
 * A folio that is copied before it is moved must not change in between.  That
 * holds when its data is written only under the folio lock, through a page
 * table, or under a reference that was held at this check.  Mappings with
 * locks of their own (buffer heads) and callbacks that copy under other rules
 * are left to them.
 *
 * Return: whether it is such a folio, with no reference beyond the expected.
 */
bool migrate_offload_eligible(struct folio *src)
{
	struct address_space *mapping;

	/* Pages with movable_ops carry a type or a tagged mapping. */
	if (page_has_type(&src->page) || folio_contain_hwpoisoned_page(src))
		return false;
	if (folio_ref_count(src) != folio_expected_ref_count(src) + 1)
		return false;
	/* Anonymous, KSM, and in the swap cache also shmem. */
	if (folio_test_anon(src) || folio_test_swapcache(src))
		return true;

	mapping = folio_mapping(src);
	if (!mapping || mapping_inaccessible(mapping))
		return false;
	if (shmem_mapping(mapping))
		return true;
	return READ_ONCE(migrate_file_folios) && !folio_test_private(src) &&
	       mapping->a_ops->migrate_folio == filemap_migrate_folio;
}

static void migrate_stat_add(struct migrate_migrator *m, enum migrate_stat stat,
			     u64 n)
{
	if (n)
		this_cpu_add(m->stats->nr[stat], n);
}

/*
 * The mark shares a word with what migrate_pages() saved at unmap time, see
 * __migrate_folio_record().  Where that word is called ->migrate_info, it is
 * the same word.
 */
static void migrate_mark_copied(struct folio *dst)
{
	unsigned long info = (unsigned long)dst->private;

	dst->private = (void *)(info | MIGRATE_OFFLOAD_MARK);
}

/**
 * migrate_batch_settle - act on the verdicts of a batch
 * @m: Migrator that gave them.
 * @batch: The batch.
 * @ns: How long the migrator took.
 * @src_rejects: Takes the sources that must not be moved now.
 * @dst_rejects: Takes their destinations, in the same order.
 */
void migrate_batch_settle(struct migrate_migrator *m,
			  struct migrate_batch *batch, u64 ns,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects)
{
	unsigned int nr[MIGRATE_DST_LOST + 1] = {};
	u64 nr_pages = 0;

	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		switch (pair->verdict) {
		case MIGRATE_COPIED:
			migrate_mark_copied(pair->dst);
			nr_pages += pair->nr_pages;
			break;
		case MIGRATE_POISONED:
		case MIGRATE_DST_LOST:
			list_move_tail(&pair->src->lru, src_rejects);
			list_move_tail(&pair->dst->lru, dst_rejects);
			break;
		default:
			pair->verdict = MIGRATE_NOT_COPIED;
		}
		nr[pair->verdict]++;
	}

	migrate_stat_add(m, MIGRATE_STAT_BATCHES, 1);
	migrate_stat_add(m, MIGRATE_STAT_FOLIOS, nr[MIGRATE_COPIED]);
	migrate_stat_add(m, MIGRATE_STAT_BYTES, nr_pages << PAGE_SHIFT);
	migrate_stat_add(m, MIGRATE_STAT_NS, ns);
	migrate_stat_add(m, MIGRATE_STAT_HELPERS, batch->nr_helpers);
	migrate_stat_add(m, MIGRATE_STAT_NOT_COPIED, nr[MIGRATE_NOT_COPIED]);
	migrate_stat_add(m, MIGRATE_STAT_POISONED, nr[MIGRATE_POISONED]);
	migrate_stat_add(m, MIGRATE_STAT_LOST, nr[MIGRATE_DST_LOST]);
	trace_mm_migrate_offload_end(m->ops->name, batch, ns, nr);
}

/* The migrator for @reason; to be called and used inside migrate_srcu. */
static struct migrate_migrator *migrate_choose(enum migrate_reason reason)
{
	/* The source is suspected to be bad: as careful and slow as ever. */
	if (reason == MR_MEMORY_FAILURE)
		return NULL;
	return srcu_dereference(migrate_selected, &migrate_srcu);
}

/*
 * Bytes on @folios that look eligible without a lock, mapped or not: exact up
 * to the larger of @enough and the least that is offloaded, then just more.
 */
static unsigned long migrate_likely_bytes(const struct list_head *folios,
					  unsigned long enough)
{
	bool file_folios = READ_ONCE(migrate_file_folios);
	unsigned long bytes = 0;
	struct folio *folio;

	enough = max(enough, READ_ONCE(migrate_min_batch_bytes));
	list_for_each_entry(folio, folios, lru) {
		if (file_folios || folio_test_anon(folio) ||
		    folio_test_swapbacked(folio))
			bytes += folio_size(folio);
		if (bytes > enough)
			break;
	}
	return bytes;
}

static bool migrate_gate(struct migrate_migrator *m, enum migrate_reason reason,
			 unsigned long bytes, bool longer)
{
	return bytes >= READ_ONCE(migrate_min_batch_bytes) &&
	       m->ops->ready(reason, bytes, longer);
}

/* To be called inside migrate_srcu. */
static int migrate_limit(const struct list_head *from,
			 enum migrate_reason reason, int nr_default)
{
	unsigned long limit = READ_ONCE(migrate_max_batch_bytes) >> PAGE_SHIFT;
	unsigned long nr_bytes = (unsigned long)nr_default << PAGE_SHIFT;
	struct migrate_migrator *m = migrate_choose(reason);
	unsigned long bytes;

	if (!m || limit <= nr_default)
		return nr_default;

	bytes = migrate_likely_bytes(from, nr_bytes);
	/* A list that fits into a default batch is asked about later. */
	if (bytes <= nr_bytes || !migrate_gate(m, reason, bytes, true))
		return nr_default;
	return min(limit, (unsigned long)INT_MAX / 2);
}

/**
 * migrate_offload_limit - how many base pages may the next batch hold?
 * @from: Folios to migrate.
 * @reason: Why they are migrated.
 * @nr_default: Limit without offload.
 *
 * A batch longer than @nr_default keeps its folios unreachable for longer, so
 * it must be copied by somebody faster than the calling CPU.  That is decided
 * here, before anything is unmapped.
 *
 * Context: migrate_pages(), before it cuts off a batch.
 * Return: the limit, at least @nr_default.
 */
int migrate_offload_limit(const struct list_head *from,
			  enum migrate_reason reason, int nr_default)
{
	int idx = srcu_read_lock(&migrate_srcu);
	int limit = migrate_limit(from, reason, nr_default);

	srcu_read_unlock(&migrate_srcu, idx);
	return limit;
}

static void migrate_copy_window(struct migrate_migrator *m,
				struct migrate_window *window,
				struct list_head *src_rejects,
				struct list_head *dst_rejects)
{
	struct migrate_batch *batch = &window->batch;
	u64 start;

	if (!batch->nr_pairs)
		return;

	batch->src_nid = folio_nid(batch->pairs[0].src);
	batch->dst_nid = folio_nid(batch->pairs[0].dst);
	trace_mm_migrate_offload_start(m->ops->name, batch->reason,
				       batch->nr_pairs,
				       (u64)batch->nr_pages << PAGE_SHIFT);
	start = ktime_get_ns();
	m->ops->copy(batch);
	migrate_batch_settle(m, batch, ktime_get_ns() - start, src_rejects,
			     dst_rejects);
	migrate_batch_init(window);
}

static void migrate_copy_lists(struct migrate_migrator *m,
			       struct migrate_window *window,
			       struct list_head *src_folios,
			       struct list_head *dst_folios,
			       struct list_head *src_rejects,
			       struct list_head *dst_rejects)
{
	struct folio *src, *next, *dst, *dst_next;

	migrate_batch_init(window);
	dst = list_first_entry(dst_folios, struct folio, lru);
	dst_next = list_next_entry(dst, lru);
	list_for_each_entry_safe(src, next, src_folios, lru) {
		if (migrate_offload_eligible(src) &&
		    !migrate_batch_add(&window->batch, src, dst,
				       folio_nr_pages(src)))
			migrate_copy_window(m, window, src_rejects,
					    dst_rejects);
		dst = dst_next;
		dst_next = list_next_entry(dst, lru);
	}
	migrate_copy_window(m, window, src_rejects, dst_rejects);
}

/* To be called inside migrate_srcu, with folios on the lists. */
static void migrate_copy(struct migrate_migrator *m,
			 struct list_head *src_folios,
			 struct list_head *dst_folios,
			 enum migrate_reason reason, int nr_default,
			 struct list_head *src_rejects,
			 struct list_head *dst_rejects)
{
	unsigned long bytes, nr_bytes = (unsigned long)nr_default << PAGE_SHIFT;
	struct migrate_window *window = NULL;

	/*
	 * The folio that ends a batch may make it almost twice as long as the
	 * default.  Beyond that it has passed the gate before it was unmapped;
	 * the others are asked about now, while "no" costs nothing.
	 */
	bytes = migrate_likely_bytes(src_folios, 2 * nr_bytes);
	if (bytes > 2 * nr_bytes || migrate_gate(m, reason, bytes, false))
		window = migrate_window_get();
	if (!window) {
		migrate_stat_add(m, MIGRATE_STAT_DECLINED, 1);
		return;
	}
	window->batch.reason = reason;
	migrate_copy_lists(m, window, src_folios, dst_folios, src_rejects,
			   dst_rejects);
	migrate_window_put(window);
}

/**
 * migrate_offload_copy - copy the data of unmapped folios before they are moved
 * @src_folios: Sources: locked, unmapped, TLB flushed.
 * @dst_folios: Their destinations, in the same order, locked.
 * @reason: Why they are migrated.
 * @nr_default: Limit of a batch without offload, in base pages.
 * @src_rejects: Takes the sources that must not be moved in this round: their
 *	own data or their destination is bad.
 * @dst_rejects: Takes the destinations of those, in the same order.
 *
 * Marks the destinations that need no further copy with MIGRATE_OFFLOAD_MARK.
 * All others are as they were: the move copies them.  To be called for
 * MIGRATE_ASYNC batches only: a folio that comes back one by one afterwards is
 * copied by the CPU to a new destination.
 *
 * Context: Process context, with the locks of all folios held.  Sleeps;
 * allocates nothing.
 */
void migrate_offload_copy(struct list_head *src_folios,
			  struct list_head *dst_folios,
			  enum migrate_reason reason, int nr_default,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects)
{
	int idx = srcu_read_lock(&migrate_srcu);
	struct migrate_migrator *m = migrate_choose(reason);

	if (m && !list_empty(src_folios))
		migrate_copy(m, src_folios, dst_folios, reason, nr_default,
			     src_rejects, dst_rejects);
	srcu_read_unlock(&migrate_srcu, idx);
}

/* To be called with migrate_offload_lock held. */
static struct migrate_migrator *migrate_find(const char *name)
{
	struct migrate_migrator *m;

	lockdep_assert_held(&migrate_offload_lock);
	list_for_each_entry(m, &migrate_migrators, node)
		if (!strcmp(m->ops->name, name))
			return m;
	return NULL;
}

static int migrate_activate(struct migrate_migrator *m)
{
	return m && m->ops->activate ? m->ops->activate() : 0;
}

/* To be called with migrate_offload_lock held. */
static void migrate_set_selected(struct migrate_migrator *m)
{
	struct migrate_migrator *old;

	old = rcu_replace_pointer(migrate_selected, m,
				  lockdep_is_held(&migrate_offload_lock));
	if (m && !old)
		static_branch_enable(&migrate_offload_key);
	else if (!m && old)
		static_branch_disable(&migrate_offload_key);
	if (!old || !old->ops->deactivate)
		return;
	/* Batches never take the lock that we hold. */
	synchronize_srcu(&migrate_srcu);
	old->ops->deactivate();
}

/**
 * migrate_offload_select - choose the migrator
 * @name: Name of a registered migrator, or "kernel".
 *
 * Batches that are being copied finish with the migrator that they have.
 *
 * Context: Process context.  Sleeps.
 * Return: 0; -EINVAL when there is no such migrator; what its @activate
 * returned.  On failure nothing has changed.
 */
int migrate_offload_select(const char *name)
{
	struct migrate_migrator *m = NULL;
	int err;

	guard(mutex)(&migrate_offload_lock);
	if (strcmp(name, "kernel")) {
		m = migrate_find(name);
		if (!m)
			return -EINVAL;
	}
	if (m == rcu_access_pointer(migrate_selected))
		return 0;
	err = migrate_activate(m);
	if (!err)
		migrate_set_selected(m);
	return err;
}

/* Names of all migrators, the selected one in brackets. */
ssize_t migrate_offload_show_selected(char *buf)
{
	struct migrate_migrator *selected, *m;
	ssize_t len;

	guard(mutex)(&migrate_offload_lock);
	selected = rcu_access_pointer(migrate_selected);
	len = sysfs_emit(buf, selected ? "kernel" : "[kernel]");
	list_for_each_entry(m, &migrate_migrators, node)
		len += sysfs_emit_at(buf, len, m == selected ? " [%s]" : " %s",
				     m->ops->name);
	return len + sysfs_emit_at(buf, len, "\n");
}

/* Could @name be that of a migrator, and of its directory? */
int migrate_offload_check_name(const char *name)
{
	static const char * const taken[] = {
		"kernel", "default", "policy", "offload_migrator",
		"max_batch_bytes", "min_batch_bytes", "file_folios",
	};
	size_t len = name ? strlen(name) : 0;

	if (!len || len > MIGRATE_OFFLOAD_NAME_MAX ||
	    strpbrk(name, " \t\n/[]") || *name == '.')
		return -EINVAL;
	return match_string(taken, ARRAY_SIZE(taken), name) < 0 ? 0 : -EINVAL;
}

static int migrate_migrator_create(const struct migrate_ops *ops)
{
	struct migrate_migrator *m;
	int err;

	m = kzalloc_obj(*m);
	if (!m)
		return -ENOMEM;
	m->ops = ops;
	m->stats = alloc_percpu(struct migrate_stats);
	if (!m->stats) {
		kfree(m);
		return -ENOMEM;
	}
	/* From here on the kobject owns the memory. */
	err = migrate_migrator_add(m);
	if (err)
		return err;
	guard(mutex)(&migrate_offload_lock);
	list_add_tail(&m->node, &migrate_migrators);
	return 0;
}

/**
 * migrate_offload_register - make a migrator selectable
 * @ops: The migrator; must stay valid until it is unregistered.
 *
 * Does not select it.
 *
 * Context: Process context.  Sleeps.
 * Return: 0; -EINVAL for a bad name or a missing callback; -EEXIST when the
 * name is taken; -ENOMEM; -ENODEV without sysfs.  On failure nothing has
 * changed.
 */
int migrate_offload_register(const struct migrate_ops *ops)
{
	bool first;
	int err;

	if (!ops->copy || !ops->ready || migrate_offload_check_name(ops->name))
		return -EINVAL;

	guard(mutex)(&migrate_register_lock);
	scoped_guard(mutex, &migrate_offload_lock) {
		if (migrate_find(ops->name))
			return -EEXIST;
		first = list_empty(&migrate_migrators);
	}
	if (first) {
		err = migrate_pool_create();
		if (err)
			return err;
	}
	err = migrate_migrator_create(ops);
	if (err && first)
		migrate_pool_destroy();
	return err;
}
EXPORT_SYMBOL_GPL(migrate_offload_register);

/**
 * migrate_offload_unregister - take a migrator back
 * @ops: What migrate_offload_register() was called with.
 *
 * If it is selected, "kernel" is selected instead.  Waits for the batches that
 * it is copying.  On return nobody calls it, or reads its attributes, any more.
 *
 * Context: Process context.  Sleeps.  Not from the migrator's callbacks or
 * attributes.
 */
void migrate_offload_unregister(const struct migrate_ops *ops)
{
	struct migrate_migrator *m;
	bool last;

	guard(mutex)(&migrate_register_lock);
	scoped_guard(mutex, &migrate_offload_lock) {
		m = migrate_find(ops->name);
		if (WARN_ON_ONCE(!m || m->ops != ops))
			return;
		/* Compared, not dereferenced. */
		if (rcu_access_pointer(migrate_selected) == m)
			migrate_set_selected(NULL);
		list_del(&m->node);
		last = list_empty(&migrate_migrators);
	}
	synchronize_srcu(&migrate_srcu);
	/* Outside migrate_offload_lock: this waits for stores in progress. */
	migrate_migrator_remove(m);
	if (last)
		migrate_pool_destroy();
}
EXPORT_SYMBOL_GPL(migrate_offload_unregister);
