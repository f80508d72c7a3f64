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

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/migrate_offload.h>

/* Page cache of file systems that use filemap_migrate_folio(). */
bool mo_file_folios;

/**
 * mo_eligible - may a migrator copy this folio?
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
bool mo_eligible(struct folio *src)
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
	return READ_ONCE(mo_file_folios) && !folio_test_private(src) &&
	       mapping->a_ops->migrate_folio == filemap_migrate_folio;
}

/*
 * The mark shares a word with what migrate_pages() saved at unmap time, see
 * __migrate_folio_record().  Where that word is called ->migrate_info, it is
 * the same word.
 */
static void mo_mark_copied(struct folio *dst)
{
	unsigned long info = (unsigned long)dst->private;

	dst->private = (void *)(info | MO_MARK);
}

/* Was it marked?  It is not any more. */
static bool mo_unmark(struct folio *dst)
{
	unsigned long info = (unsigned long)dst->private;

	dst->private = (void *)(info & ~MO_MARK);
	return info & MO_MARK;
}

/**
 * mo_batch_count - count what a migrator did with a batch
 * @m: The migrator.
 * @batch: The batch.
 * @ns: How long it took.
 * @nr: How many pairs it gave each &enum migrate_verdict.
 * @nr_pages: Base pages that it copied.
 *
 * Return: whether that was all.
 */
bool mo_batch_count(struct mo_migrator *m,
		    const struct migrate_batch *batch, u64 ns,
		    const unsigned int *nr, u64 nr_pages)
{
	enum migrate_reason reason = batch->reason;

	mo_stat_add(m, reason, MO_STAT_BATCHES, 1);
	mo_stat_add(m, reason, MO_STAT_FOLIOS, nr[MIGRATE_COPIED]);
	mo_stat_add(m, reason, MO_STAT_BYTES, nr_pages << PAGE_SHIFT);
	mo_stat_add(m, reason, MO_STAT_NS, ns);
	mo_stat_add(m, reason, MO_STAT_CPU_NS, batch->helper_ns);
	mo_stat_add(m, reason, MO_STAT_HELPERS, batch->nr_helpers);
	mo_stat_add(m, reason, MO_STAT_NOT_COPIED,
		    nr[MIGRATE_NOT_COPIED]);
	mo_stat_add(m, reason, MO_STAT_POISONED,
		    nr[MIGRATE_POISONED]);
	mo_stat_add(m, reason, MO_STAT_LOST, nr[MIGRATE_DST_LOST]);
	trace_mm_migrate_offload_end(m->ops->name, batch, ns, nr);
	return nr[MIGRATE_COPIED] == batch->nr_pairs;
}

/**
 * mo_batch_settle - act on the verdicts of a batch
 * @m: Migrator that gave them.
 * @batch: The batch.
 * @ns: How long the migrator took.
 * @src_rejects: Takes the sources that must not be moved now.
 * @dst_rejects: Takes their destinations, in the same order.
 *
 * Return: whether all of it was copied.
 */
bool mo_batch_settle(struct mo_migrator *m,
		     struct migrate_batch *batch, u64 ns,
		     struct list_head *src_rejects,
		     struct list_head *dst_rejects)
{
	unsigned int nr[NR_MO_VERDICTS] = {};
	u64 nr_pages = 0;

	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		switch (pair->verdict) {
		case MIGRATE_COPIED:
			mo_mark_copied(pair->dst);
			nr_pages += pair->nr_pages;
			break;
		case MIGRATE_DST_LOST:
			/* Told from the others by it in mo_renew_all(). */
			mo_mark_copied(pair->dst);
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
	return mo_batch_count(m, batch, ns, nr, nr_pages);
}

/**
 * mo_window_copy - let a migrator copy a batch
 * @m: The migrator.
 * @window: Holds the batch, of at least one pair.
 *
 * To be called inside mo_srcu.
 *
 * Return: how long it took, in ns.
 */
u64 mo_window_copy(struct mo_migrator *m, struct mo_window *window)
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
 * mo_window_finish - note what a batch has cost, and make room for the next
 * @m: Migrator that copied it.
 * @window: Holds the batch.
 * @ns: How long it took.
 * @whole: All of it was copied.
 */
void mo_window_finish(struct mo_migrator *m,
		      struct mo_window *window, u64 ns, bool whole)
{
	struct migrate_batch *batch = &window->batch;

	mo_speed_learn(&m->speed[window->class],
		       (u64)batch->nr_pages << PAGE_SHIFT, ns, whole);
	if (batch->helper_ns)
		account_delegated_systime(batch->helper_ns);
	mo_batch_init(window);
}

static void mo_copy_window(struct mo_migrator *m,
			   struct mo_window *window,
			   struct list_head *src_rejects,
			   struct list_head *dst_rejects)
{
	bool whole;
	u64 ns;

	if (!window->batch.nr_pairs)
		return;

	ns = mo_window_copy(m, window);
	whole = mo_batch_settle(m, &window->batch, ns, src_rejects,
				dst_rejects);
	mo_window_finish(m, window, ns, whole);
}

static void mo_copy_lists(struct mo_migrator *m,
			  struct mo_window *window,
			  struct list_head *src_folios,
			  struct list_head *dst_folios,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects)
{
	struct folio *src, *next, *dst, *dst_next;

	mo_batch_init(window);
	dst = list_first_entry(dst_folios, struct folio, lru);
	dst_next = list_next_entry(dst, lru);
	list_for_each_entry_safe(src, next, src_folios, lru) {
		if (mo_eligible(src) &&
		    !mo_batch_add(&window->batch, src, dst,
				  folio_nr_pages(src)))
			mo_copy_window(m, window, src_rejects,
				       dst_rejects);
		dst = dst_next;
		dst_next = list_next_entry(dst, lru);
	}
	mo_copy_window(m, window, src_rejects, dst_rejects);
}

/* To be called inside mo_srcu, with folios on the lists. */
static void mo_copy_batch(struct mo_migrator *m,
			  struct list_head *src_folios,
			  struct list_head *dst_folios,
			  enum migrate_reason reason, int nr_default,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects)
{
	struct mo_extent extent = mo_likely(src_folios, ULONG_MAX);
	bool longer = mo_is_longer(&extent, nr_default);
	enum mo_outcome outcome = MO_NO_WINDOW;
	struct mo_migrator *copier = NULL;
	struct mo_window *window;

	mo_stall_unmapped(list_first_entry(src_folios, struct folio, lru), &extent);
	window = mo_window_get();
	if (window)
		copier = mo_copier(m, reason, &extent, longer, &outcome);
	if (!copier) {
		if (window)
			mo_window_put(window);
		mo_stat_decline(m, reason, outcome);
		return;
	}
	window->batch.reason = reason;
	window->class = mo_class_of(&extent, longer);
	mo_copy_lists(copier, window, src_folios, dst_folios, src_rejects,
		      dst_rejects);
	mo_window_put(window);
}

static void mo_put_dst(struct folio *dst, free_folio_t put_new_folio,
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
static struct folio *mo_renew(struct folio *src, struct folio *old,
			      new_folio_t get_new_folio,
			      free_folio_t put_new_folio,
			      unsigned long private)
{
	struct folio *new = get_new_folio(src, private);

	if (!new)
		return NULL;
	if (!folio_trylock(new)) {
		mo_put_dst(new, put_new_folio, private);
		return NULL;
	}
	/* What the unmapping saved. */
	new->private = old->private;
	old->private = NULL;
	list_del(&old->lru);
	folio_unlock(old);
	mo_put_dst(old, put_new_folio, private);
	return new;
}

/**
 * mo_renew_all - give another destination to those that lost theirs
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
void mo_renew_all(struct list_head *src_folios,
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
		if (!mo_unmark(dst) || !enough)
			continue;
		new = mo_renew(src, dst, get_new_folio, put_new_folio,
			       private);
		enough = new;
		if (!new)
			continue;
		list_move_tail(&src->lru, src_folios);
		list_add_tail(&new->lru, dst_folios);
	}
}

/**
 * mo_copy - copy the data of unmapped folios before they are moved
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
 * Marks the destinations that need no further copy with MO_MARK.
 * All others are as they were: the move copies them.  One whose destination is
 * lost gets another, and is then the last of the lists; it is among the rejects if
 * there is none.  To be called for MIGRATE_ASYNC batches only: a folio that comes
 * back one by one afterwards is copied by the CPU to a new destination.
 *
 * Context: Process context, with the locks of all folios held.  Sleeps;
 * allocates nothing but destinations instead of those that are lost.
 */
void mo_copy(struct list_head *src_folios,
	     struct list_head *dst_folios,
	     new_folio_t get_new_folio,
	     free_folio_t put_new_folio, unsigned long private,
	     enum migrate_reason reason, int nr_default,
	     struct list_head *src_rejects,
	     struct list_head *dst_rejects)
{
	int idx = srcu_read_lock(&mo_srcu);
	struct mo_migrator *m = mo_choose(reason);

	if (m)
		mo_copy_batch(m, src_folios, dst_folios, reason, nr_default,
			      src_rejects, dst_rejects);
	srcu_read_unlock(&mo_srcu, idx);
	mo_renew_all(src_folios, dst_folios, get_new_folio, put_new_folio,
		     private, src_rejects, dst_rejects);
}
