// SPDX-License-Identifier: GPL-2.0
/*
 * Core of migration offload: eligibility, dispatch, verdicts.
 *
 * See Documentation/mm/migrate_offload.rst.
 */
#include <linux/ktime.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pgtable.h>
#include <linux/sched/cputime.h>
#include <linux/shmem_fs.h>
#include <linux/srcu.h>

#include "migrate_offload_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/migrate_offload.h>

/* Page cache of file systems that use filemap_migrate_folio(). */
bool migrate_file_folios;

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

/* Was it marked?  It is not any more. */
static bool migrate_unmark(struct folio *dst)
{
	unsigned long info = (unsigned long)dst->private;

	dst->private = (void *)(info & ~MIGRATE_OFFLOAD_MARK);
	return info & MIGRATE_OFFLOAD_MARK;
}

/**
 * migrate_batch_count - count what a migrator did with a batch
 * @m: The migrator.
 * @batch: The batch.
 * @ns: How long it took.
 * @nr: How many pairs it gave each &enum migrate_verdict.
 * @nr_pages: Base pages that it copied.
 *
 * Return: whether that was all.
 */
bool migrate_batch_count(struct migrate_migrator *m,
			 const struct migrate_batch *batch, u64 ns,
			 const unsigned int *nr, u64 nr_pages)
{
	enum migrate_reason reason = batch->reason;

	migrate_stat_add(m, reason, MIGRATE_STAT_BATCHES, 1);
	migrate_stat_add(m, reason, MIGRATE_STAT_FOLIOS, nr[MIGRATE_COPIED]);
	migrate_stat_add(m, reason, MIGRATE_STAT_BYTES, nr_pages << PAGE_SHIFT);
	migrate_stat_add(m, reason, MIGRATE_STAT_NS, ns);
	migrate_stat_add(m, reason, MIGRATE_STAT_CPU_NS, batch->helper_ns);
	migrate_stat_add(m, reason, MIGRATE_STAT_HELPERS, batch->nr_helpers);
	migrate_stat_add(m, reason, MIGRATE_STAT_NOT_COPIED,
			 nr[MIGRATE_NOT_COPIED]);
	migrate_stat_add(m, reason, MIGRATE_STAT_POISONED,
			 nr[MIGRATE_POISONED]);
	migrate_stat_add(m, reason, MIGRATE_STAT_LOST, nr[MIGRATE_DST_LOST]);
	trace_mm_migrate_offload_end(m->ops->name, batch, ns, nr);
	return nr[MIGRATE_COPIED] == batch->nr_pairs;
}

/**
 * migrate_batch_settle - act on the verdicts of a batch
 * @m: Migrator that gave them.
 * @batch: The batch.
 * @ns: How long the migrator took.
 * @src_rejects: Takes the sources that must not be moved now.
 * @dst_rejects: Takes their destinations, in the same order.
 *
 * Return: whether all of it was copied.
 */
bool migrate_batch_settle(struct migrate_migrator *m,
			  struct migrate_batch *batch, u64 ns,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects)
{
	unsigned int nr[NR_MIGRATE_VERDICTS] = {};
	u64 nr_pages = 0;

	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		switch (pair->verdict) {
		case MIGRATE_COPIED:
			migrate_mark_copied(pair->dst);
			nr_pages += pair->nr_pages;
			break;
		case MIGRATE_DST_LOST:
			/* Told from the others by it in migrate_renew_all(). */
			migrate_mark_copied(pair->dst);
			fallthrough;
		case MIGRATE_POISONED:
			list_move_tail(&pair->src->lru, src_rejects);
			list_move_tail(&pair->dst->lru, dst_rejects);
			break;
		default:
			pair->verdict = MIGRATE_NOT_COPIED;
		}
		nr[pair->verdict]++;
	}
	return migrate_batch_count(m, batch, ns, nr, nr_pages);
}

/**
 * migrate_window_copy - let a migrator copy a batch
 * @m: The migrator.
 * @window: Holds the batch, of at least one pair.
 *
 * To be called inside migrate_srcu.
 *
 * Return: how long it took, in ns.
 */
u64 migrate_window_copy(struct migrate_migrator *m, struct migrate_window *window)
{
	struct migrate_batch *batch = &window->batch;
	u64 start;

	batch->src_nid = folio_nid(batch->pairs[0].src);
	batch->dst_nid = folio_nid(batch->pairs[0].dst);
	trace_mm_migrate_offload_start(m->ops->name, batch->reason,
				       batch->nr_pairs,
				       (u64)batch->nr_pages << PAGE_SHIFT);
	start = ktime_get_ns();
	m->ops->copy(batch);
	return ktime_get_ns() - start;
}

/**
 * migrate_window_finish - note what a batch has cost, and make room for the next
 * @m: Migrator that copied it.
 * @window: Holds the batch.
 * @ns: How long it took.
 * @whole: All of it was copied.
 */
void migrate_window_finish(struct migrate_migrator *m,
			   struct migrate_window *window, u64 ns, bool whole)
{
	struct migrate_batch *batch = &window->batch;

	migrate_speed_learn(&m->speed[window->class],
			    (u64)batch->nr_pages << PAGE_SHIFT, ns, whole);
	if (batch->helper_ns)
		account_delegated_systime(batch->helper_ns);
	migrate_batch_init(window);
}

static void migrate_copy_window(struct migrate_migrator *m,
				struct migrate_window *window,
				struct list_head *src_rejects,
				struct list_head *dst_rejects)
{
	bool whole;
	u64 ns;

	if (!window->batch.nr_pairs)
		return;

	ns = migrate_window_copy(m, window);
	whole = migrate_batch_settle(m, &window->batch, ns, src_rejects,
				     dst_rejects);
	migrate_window_finish(m, window, ns, whole);
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
	struct migrate_extent extent = migrate_likely(src_folios, ULONG_MAX);
	bool longer = migrate_is_longer(&extent, nr_default);
	struct migrate_migrator *copier = NULL;
	struct migrate_window *window;

	migrate_stall_unmapped(list_first_entry(src_folios, struct folio, lru), &extent);
	window = migrate_window_get();
	if (window)
		copier = migrate_copier(m, reason, &extent, longer);
	if (!copier) {
		if (window)
			migrate_window_put(window);
		migrate_stat_add(m, reason, MIGRATE_STAT_DECLINED, 1);
		return;
	}
	window->batch.reason = reason;
	window->class = migrate_class_of(&extent, longer);
	migrate_copy_lists(copier, window, src_folios, dst_folios, src_rejects,
			   dst_rejects);
	migrate_window_put(window);
}

static void migrate_put_dst(struct folio *dst, free_folio_t put_new_folio,
			    unsigned long private)
{
	if (put_new_folio)
		put_new_folio(dst, private);
	else
		folio_put(dst);
}

/*
 * Another destination instead of @old, which a device may still write to; NULL if
 * there is none, and then nothing has changed.  The folio could as well be restored
 * and tried again, but for a large one that is mapped by PTEs, which is split when
 * it is unmapped for the second time.
 */
static struct folio *migrate_renew(struct folio *src, struct folio *old,
				   new_folio_t get_new_folio,
				   free_folio_t put_new_folio,
				   unsigned long private)
{
	struct folio *new = get_new_folio(src, private);

	if (!new)
		return NULL;
	if (!folio_trylock(new)) {
		migrate_put_dst(new, put_new_folio, private);
		return NULL;
	}
	/* What the unmapping saved. */
	new->private = old->private;
	old->private = NULL;
	list_del(&old->lru);
	folio_unlock(old);
	migrate_put_dst(old, put_new_folio, private);
	return new;
}

/**
 * migrate_renew_all - give another destination to those that lost theirs
 * @src_folios: Sources that will be moved.
 * @dst_folios: Their destinations.
 * @get_new_folio: As for the unmapping.
 * @put_new_folio: The same.
 * @private: The same.
 * @src_rejects: Sources that will not.
 * @dst_rejects: Their destinations; those that are lost are marked.
 *
 * Pairs for which there is none stay among the rejects, without the mark.
 */
void migrate_renew_all(struct list_head *src_folios,
		       struct list_head *dst_folios,
		       new_folio_t get_new_folio, free_folio_t put_new_folio,
		       unsigned long private, struct list_head *src_rejects,
		       struct list_head *dst_rejects)
{
	struct folio *src, *next, *dst, *dst_next, *new;
	bool enough = true;

	dst_next = list_first_entry(dst_rejects, struct folio, lru);
	list_for_each_entry_safe(src, next, src_rejects, lru) {
		dst = dst_next;
		dst_next = list_next_entry(dst, lru);
		/* Once memory is short no other is tried, as in the unmapping. */
		if (!migrate_unmark(dst) || !enough)
			continue;
		new = migrate_renew(src, dst, get_new_folio, put_new_folio,
				    private);
		enough = new;
		if (!new)
			continue;
		list_move_tail(&src->lru, src_folios);
		list_add_tail(&new->lru, dst_folios);
	}
}

/**
 * migrate_offload_copy - copy the data of unmapped folios before they are moved
 * @src_folios: Sources: locked, unmapped, TLB flushed.  At least one.
 * @dst_folios: Their destinations, in the same order, locked.
 * @get_new_folio: Allocates a destination, as for the unmapping.
 * @put_new_folio: Takes one back, or NULL.
 * @private: For these two.
 * @reason: Why they are migrated.
 * @nr_default: Limit of a batch without offload, in base pages.
 * @src_rejects: Takes the sources that must not be moved in this round: their
 *	own data or their destination is bad.
 * @dst_rejects: Takes the destinations of those, in the same order.
 *
 * Marks the destinations that need no further copy with MIGRATE_OFFLOAD_MARK.
 * All others are as they were: the move copies them.  One whose destination is
 * lost gets another, and is then the last of the lists; it is among the rejects if
 * there is none.  To be called for MIGRATE_ASYNC batches only: a folio that comes
 * back one by one afterwards is copied by the CPU to a new destination.
 *
 * Context: Process context, with the locks of all folios held.  Sleeps;
 * allocates nothing but destinations instead of those that are lost.
 */
void migrate_offload_copy(struct list_head *src_folios,
			  struct list_head *dst_folios,
			  new_folio_t get_new_folio,
			  free_folio_t put_new_folio, unsigned long private,
			  enum migrate_reason reason, int nr_default,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects)
{
	int idx = srcu_read_lock(&migrate_srcu);
	struct migrate_migrator *m = migrate_offload_choose(reason);

	if (m)
		migrate_copy(m, src_folios, dst_folios, reason, nr_default,
			     src_rejects, dst_rejects);
	srcu_read_unlock(&migrate_srcu, idx);
	migrate_renew_all(src_folios, dst_folios, get_new_folio, put_new_folio,
			  private, src_rejects, dst_rejects);
}
