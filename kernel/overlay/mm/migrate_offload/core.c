// SPDX-License-Identifier: GPL-2.0
/*
 * Core of migration offload: the copy of a planned batch, from its folios to their
 * verdicts.
 *
 * See Documentation/mm/migrate_offload.rst.
 */
#include <linux/ktime.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/cputime.h>
#include <linux/srcu.h>

#include <trace/events/migrate_offload.h>

#include "../internal.h"
#include "internal.h"

/**
 * mo_batch_count - count what a migrator did with a batch
 * @m: The migrator.
 * @batch: The batch.
 * @ns: Time that it took.
 * @nr: Pairs by &enum migrate_verdict.
 * @nr_pages: Base pages that it copied.
 *
 * Return: true if every pair was copied.
 */
bool mo_batch_count(struct mo_migrator *m, const struct migrate_batch *batch,
		    u64 ns, const unsigned int *nr, u64 nr_pages)
{
	enum migrate_reason reason = batch->reason;

	mo_stat_add(m, reason, MO_STAT_BATCHES, 1);
	mo_stat_add(m, reason, MO_STAT_FOLIOS, nr[MIGRATE_COPIED]);
	mo_stat_add(m, reason, MO_STAT_BYTES, nr_pages << PAGE_SHIFT);
	mo_stat_add(m, reason, MO_STAT_NS, ns);
	mo_stat_add(m, reason, MO_STAT_CPU_NS, batch->helper_ns);
	mo_stat_add(m, reason, MO_STAT_HELPERS, batch->nr_helpers);
	mo_stat_add(m, reason, MO_STAT_NOT_COPIED, nr[MIGRATE_NOT_COPIED]);
	mo_stat_add(m, reason, MO_STAT_POISONED, nr[MIGRATE_POISONED]);
	mo_stat_add(m, reason, MO_STAT_LOST, nr[MIGRATE_DST_LOST]);
	trace_mm_migrate_offload_end(m->ops->name, batch, ns, nr);
	return nr[MIGRATE_COPIED] == batch->nr_pairs;
}

static void mo_take_pair(struct migrate_pair *pair, struct list_head *srcs,
			 struct list_head *dsts)
{
	list_move_tail(&pair->src->lru, srcs);
	list_move_tail(&pair->dst->lru, dsts);
}

/**
 * mo_batch_settle - act on the verdicts of a batch
 * @m: Migrator that gave them.
 * @batch: The batch.
 * @ns: Time that the migrator took.
 * @folios: Lists that the pairs are on.
 *
 * Return: true if all of it was copied.
 */
bool mo_batch_settle(struct mo_migrator *m, struct migrate_batch *batch, u64 ns,
		     struct mo_folios *folios)
{
	unsigned int nr[NR_MO_VERDICTS] = {};
	u64 nr_pages = 0;

	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		switch (pair->verdict) {
		case MIGRATE_COPIED:
			*migrate_folio_info(pair->dst) |= MIGRATE_INFO_COPIED;
			nr_pages += pair->nr_pages;
			break;
		case MIGRATE_DST_LOST:
			mo_take_pair(pair, &folios->src_lost, &folios->dst_lost);
			break;
		case MIGRATE_POISONED:
			mo_take_pair(pair, &folios->src_rejects, &folios->dst_rejects);
			break;
		default:
			pair->verdict = MIGRATE_NOT_COPIED;
		}
		nr[pair->verdict]++;
	}
	return mo_batch_count(m, batch, ns, nr, nr_pages);
}

/**
 * mo_window_copy - let a migrator copy what is in a window
 * @m: The migrator.
 * @window: Holds a batch of at least one pair.
 *
 * Context: Inside mo_srcu.
 * Return: how long that took, in ns.
 */
u64 mo_window_copy(struct mo_migrator *m, struct mo_window *window)
{
	struct migrate_batch *batch = &window->batch;
	u64 start;

	batch->src_nid = folio_nid(batch->pairs[0].src);
	batch->dst_nid = folio_nid(batch->pairs[0].dst);
	trace_mm_migrate_offload_start(m->ops->name, batch->reason, batch->nr_pairs,
				       (u64)batch->nr_pages << PAGE_SHIFT);
	start = ktime_get_ns();
	m->ops->copy(batch);
	return ktime_get_ns() - start;
}

/**
 * mo_window_finish - learn from a batch, and make room for the next one
 * @plan: The plan of the batch; its copier has copied it.
 * @ns: Time that the copy took.
 * @whole: All of it was copied.
 */
void mo_window_finish(struct mo_plan *plan, u64 ns, bool whole)
{
	struct migrate_batch *batch = &plan->window->batch;

	mo_speed_learn(&plan->copier->speed[plan->class],
		       (u64)batch->nr_pages << PAGE_SHIFT, ns, whole);
	if (batch->helper_ns)
		account_delegated_systime(batch->helper_ns);
	mo_batch_init(plan->window);
}

static void mo_copy_window(struct mo_plan *plan, struct mo_folios *folios)
{
	struct migrate_batch *batch = &plan->window->batch;
	bool whole;
	u64 ns;

	if (!batch->nr_pairs)
		return;
	ns = mo_window_copy(plan->copier, plan->window);
	whole = mo_batch_settle(plan->copier, batch, ns, folios);
	mo_window_finish(plan, ns, whole);
}

static void mo_copy_lists(struct mo_plan *plan, struct mo_folios *folios)
{
	struct folio *src, *next, *dst, *dst_next;
	struct mo_window *window = plan->window;

	mo_batch_init(window);
	window->batch.reason = plan->reason;
	dst = list_first_entry(folios->dst, struct folio, lru);
	dst_next = list_next_entry(dst, lru);
	list_for_each_entry_safe(src, next, folios->src, lru) {
		if (mo_eligible(src) &&
		    !mo_batch_add(&window->batch, src, dst, folio_nr_pages(src)))
			mo_copy_window(plan, folios);
		dst = dst_next;
		dst_next = list_next_entry(dst, lru);
	}
	mo_copy_window(plan, folios);
}

/**
 * mo_copy - copy the data of a planned batch before its folios are moved
 * @plan: The plan; it is over afterwards.
 * @folios: The batch.  It is empty if no folio could be unmapped.
 *
 * Marks the destinations that need no further copy with MIGRATE_INFO_COPIED.  All
 * others are as they were: the move copies them.  A source that gets another
 * destination moves to the end of the lists.  If none can be allocated, the pair
 * becomes a reject.  Only for MIGRATE_ASYNC batches: a folio that comes back one by
 * one afterwards is copied by the CPU to a new destination.
 *
 * Context: Process context, with the locks of all folios held.  Sleeps;
 * allocates nothing but destinations instead of those that are lost.
 */
void mo_copy(struct mo_plan *plan, struct mo_folios *folios)
{
	int idx;

	INIT_LIST_HEAD(&folios->src_rejects);
	INIT_LIST_HEAD(&folios->dst_rejects);
	INIT_LIST_HEAD(&folios->src_lost);
	INIT_LIST_HEAD(&folios->dst_lost);
	idx = srcu_read_lock(&mo_srcu);
	if (list_empty(folios->src)) {
		/* No folio was unmapped, so nothing is copied or tried. */
		plan->outcome = MO_CHANGED;
	} else {
		mo_stall_unmapped(plan);
		if (mo_plan_enter(plan))
			mo_copy_lists(plan, folios);
	}
	mo_plan_leave(plan);
	srcu_read_unlock(&mo_srcu, idx);
	mo_renew(folios);
}
