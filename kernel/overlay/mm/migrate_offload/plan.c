// SPDX-License-Identifier: GPL-2.0
/*
 * The plan of a batch: how long the batch may be, and which migrator copies it.
 *
 * Everything is decided here, once for each batch, before its first folio is
 * unmapped.  See Documentation/mm/migrate_offload.rst.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/srcu.h>

#include "internal.h"

#include <trace/events/migrate_offload.h>

/*
 * Longest batch that is offloaded: its folios are unreachable until all of it
 * is copied.  Documentation/mm/migrate_offload.rst has the curve.
 */
unsigned long mo_max_batch_bytes = MAX(SZ_32M, MO_DEFAULT_BATCH_BYTES);
/* Shortest one: below, waking helpers costs more than they copy. */
unsigned long mo_min_batch_bytes = SZ_512K;
/* Page cache of file systems that use filemap_migrate_folio(). */
bool mo_file_folios;

/* In sysfs, and in the tracepoint of a plan. */
const char * const mo_outcome_names[NR_MO_OUTCOMES] = {
	[MO_CHOSEN] = "chosen",
	[MO_TRIAL] = "trial",
	[MO_TOO_SHORT] = "too_short",
	[MO_NOT_ALLOWED] = "not_allowed",
	[MO_NOT_READY] = "not_ready",
	[MO_SLOWER] = "slower",
	[MO_NO_WINDOW] = "no_window",
	[MO_CHANGED] = "changed",
};

/* Return true if only its owners and the isolation hold references to @folio. */
static bool mo_has_no_users(struct folio *folio)
{
	/* Pages with movable_ops carry a type or a tagged mapping. */
	return !page_has_type(&folio->page) &&
	       folio_ref_count(folio) == folio_expected_ref_count(folio) + 1;
}

/**
 * mo_eligible - check whether a migrator may copy a folio
 * @src: Source folio, locked and unmapped, after the TLB flush.
 *
 * A folio that is copied before it is moved must not change in between.  That
 * holds when its data is written only under the folio lock, through a page
 * table, or under a reference that was held at this check.  Mappings with
 * locks of their own (buffer heads) and callbacks that copy under other rules
 * are left to them.
 *
 * Return: true if it is such a folio, with no reference beyond the expected ones.
 */
bool mo_eligible(struct folio *src)
{
	struct address_space *mapping;

	if (!mo_has_no_users(src) || folio_contain_hwpoisoned_page(src))
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

/* Return the migrator for @reason; to be called and used inside mo_srcu. */
struct mo_migrator *mo_choose(enum migrate_reason reason)
{
	return mo_policy_of(mo_override_find(reason), reason);
}

/**
 * struct mo_walk - a walk of the folios that may make a batch
 * @size: What looks eligible so far, without a lock.
 * @nr_pages: Base pages so far.
 * @nr_busy: Base pages of anonymous folios with additional references, which no
 *	migrator may copy, or in the swap cache, whose users wait for the folio
 *	lock.  Counted for a long batch only.
 * @not_anon: One of the folios is not anonymous.
 */
struct mo_walk {
	struct mo_size size;
	unsigned long nr_pages;
	unsigned long nr_busy;
	bool not_anon;
};

static void mo_walk_folio(struct mo_walk *walk, struct folio *folio)
{
	unsigned int nr = folio_nr_pages(folio);

	walk->nr_pages += nr;
	if (!folio_test_anon(folio)) {
		walk->not_anon = true;
		if (!folio_test_swapbacked(folio) && !READ_ONCE(mo_file_folios))
			return;
	}
	walk->size.bytes += (unsigned long)nr << PAGE_SHIFT;
	walk->size.nr_folios++;
}

/*
 * Walk a list whose folios may be in a long batch, up to @nr_max base pages in all.
 * Its folios are unreachable for longer.  So stop at the first folio that is not
 * anonymous, as read() and write() wait for its lock, and at @nr_busy pages of busy
 * folios.
 *
 * Returns the entry behind the last folio that may be in the batch.
 */
static struct list_head *mo_walk_long(struct mo_plan *plan, struct mo_walk *walk,
				      struct list_head *list, unsigned long nr_max,
				      unsigned long nr_busy,
				      struct list_head *hugetlb)
{
	struct list_head *pos = list->next;

	while (pos != list && walk->nr_pages < nr_max && walk->nr_busy < nr_busy) {
		struct folio *folio = list_entry(pos, struct folio, lru);

		if (!folio_test_hugetlb(folio) && !folio_test_anon(folio))
			break;
		pos = pos->next;
		if (!(++plan->nr_visited % 512))
			cond_resched();
		if (folio_test_hugetlb(folio)) {
			/* As migrate_pages() does where it cuts the list. */
			list_move_tail(&folio->lru, hugetlb);
			continue;
		}
		mo_walk_folio(walk, folio);
		if (folio_test_swapcache(folio) || !mo_has_no_users(folio))
			walk->nr_busy += folio_nr_pages(folio);
	}
	return pos;
}

/* Return true if @m may be used for the current task and @reason at all. */
bool mo_allowed(const struct mo_migrator *m, enum migrate_reason reason)
{
	return !m->ops->allowed || m->ops->allowed(reason);
}

static bool mo_plan_is_short(const struct mo_plan *plan)
{
	return plan->size.bytes < max(READ_ONCE(mo_min_batch_bytes), 1UL);
}

/* Choose a copier for what @plan->size has, and note why there is one or none. */
static void mo_plan_choose(struct mo_plan *plan)
{
	struct mo_migrator *m = plan->migrator;

	/* How much a long batch has is not known yet. */
	if (!plan->long_batch && mo_plan_is_short(plan)) {
		plan->outcome = MO_TOO_SHORT;
		return;
	}
	plan->class = mo_class_of(&plan->size, plan->long_batch);
	plan->outcome = MO_NOT_READY;
	if (m->ops->choose) {
		plan->copier = m->ops->choose(plan);
	} else if (!mo_allowed(m, plan->reason)) {
		plan->outcome = MO_NOT_ALLOWED;
	} else if (m->ops->ready(plan->reason, plan->size.bytes,
				 plan->long_batch)) {
		plan->outcome = MO_CHOSEN;
		plan->copier = m;
	}
}

/*
 * Return true if the selection still names the migrators of @plan.  They then stay
 * valid until the caller leaves mo_srcu.
 */
static bool mo_plan_is_current(const struct mo_plan *plan)
{
	lockdep_assert(srcu_read_lock_held(&mo_srcu));
	/*
	 * A migrator is freed after mo_changed() and a grace period.  That grace
	 * period waits for a reader that does not see the new generation.
	 */
	if (READ_ONCE(mo_generation) == plan->generation)
		return true;
	/* Another migrator may be at the same address now. */
	return mo_choose(plan->reason) == plan->migrator &&
	       (plan->copier == plan->migrator ||
		(mo_is_registered(plan->copier) &&
		 mo_is_active(plan->copier))) &&
	       mo_allowed(plan->copier, plan->reason);
}

/**
 * mo_plan_leave - end a plan
 * @plan: The plan.  It has no copier afterwards.
 *
 * Gives back its window and what its migrator has claimed for it.
 *
 * Context: Inside mo_srcu.
 */
void mo_plan_leave(struct mo_plan *plan)
{
	if (plan->window)
		mo_window_put(plan->window);
	plan->window = NULL;
	/* A migrator that is gone has taken its measurements along. */
	if (plan->copier && mo_is_registered(plan->migrator) &&
	    plan->migrator->ops->done && mo_is_registered(plan->copier))
		plan->migrator->ops->done(plan);
	plan->copier = NULL;
	plan->trial = false;
}

/* Go back to a batch of the ordinary length. */
static bool mo_plan_not_long(struct mo_plan *plan)
{
	/* Nothing is copied or tried. */
	plan->outcome = MO_TOO_SHORT;
	mo_plan_leave(plan);
	plan->long_batch = false;
	return false;
}

/* Choose a copier for a long batch.  Returns how many base pages it may have. */
static unsigned long mo_plan_choose_long(struct mo_plan *plan)
{
	unsigned long max_bytes = READ_ONCE(mo_max_batch_bytes);

	/*
	 * Its window is reserved now: if there was none after the unmapping, the
	 * calling CPU would have to copy all of it.
	 */
	plan->window = mo_window_get();
	if (!plan->window)
		return 0;
	plan->long_batch = true;
	mo_plan_choose(plan);
	if (!plan->copier)
		return 0;
	return min(max_bytes, mo_stall_limit(plan)) >> PAGE_SHIFT;
}

/*
 * Lengthen the batch in @folios from @rest, if there is a copier for a long one.
 * Only then the folios are looked at again, and those behind them: so planning all
 * batches of a list visits each folio twice at most.
 */
static bool mo_plan_long(struct mo_plan *plan, struct list_head *folios,
			 struct list_head *rest, int nr_default,
			 struct list_head *hugetlb)
{
	unsigned long bytes = (unsigned long)nr_default << PAGE_SHIFT, nr_max;
	unsigned long least = READ_ONCE(mo_min_batch_bytes);
	struct list_head *end = rest->next;
	struct mo_walk walk = {};
	LIST_HEAD(more);

	if (max(least, bytes + 1) > READ_ONCE(mo_max_batch_bytes))
		return false;
	nr_max = mo_plan_choose_long(plan);
	if (nr_max <= nr_default)
		return mo_plan_not_long(plan);
	/* A chooser knows nothing of batches that are hardly longer. */
	if (plan->migrator->ops->choose)
		least = max(least, 2 * bytes);
	if (mo_walk_long(plan, &walk, folios, nr_max, nr_default, hugetlb) == folios)
		end = mo_walk_long(plan, &walk, rest, nr_max, nr_default, hugetlb);
	if (end == rest->next ||
	    walk.size.bytes - (walk.nr_busy << PAGE_SHIFT) < least)
		return mo_plan_not_long(plan);
	list_cut_before(&more, rest, end);
	list_splice_tail(&more, folios);
	plan->size = walk.size;
	plan->nr_pages = walk.nr_pages;
	return true;
}

static void mo_plan_trace(const struct mo_plan *plan, const struct mo_migrator *m)
{
	/* Most plans are of a single folio: skip the arguments, too. */
	if (trace_mm_migrate_offload_plan_enabled())
		trace_mm_migrate_offload_plan(m->ops->name, plan->reason,
					      mo_outcome_names[plan->outcome],
					      plan->size.nr_folios,
					      plan->nr_pages, plan->size.bytes);
}

static void mo_plan_decline(const struct mo_plan *plan, struct mo_migrator *m)
{
	mo_stat_decline(m, plan->reason, plan->outcome);
	mo_plan_trace(plan, m);
}

static void mo_plan_decided(struct mo_plan *plan)
{
	if (!plan->copier) {
		mo_plan_decline(plan, plan->migrator);
		return;
	}
	mo_plan_trace(plan, plan->copier);
	mo_stall_begin(plan);
}

/* Most batches have a few small folios: count them as declined, and no more. */
static struct mo_plan *mo_plan_too_short(struct mo_plan *plan,
					 enum migrate_reason reason)
{
	int idx = srcu_read_lock(&mo_srcu);
	struct mo_migrator *m = mo_choose(reason);

	plan->reason = reason;
	plan->outcome = MO_TOO_SHORT;
	if (m && plan->nr_pages)
		mo_plan_decline(plan, m);
	srcu_read_unlock(&mo_srcu, idx);
	return NULL;
}

/* To be called inside mo_srcu. */
static void mo_plan_init(struct mo_plan *plan, enum migrate_reason reason)
{
	/* Before the choice: pairs with the release in mo_changed(). */
	unsigned int generation = smp_load_acquire(&mo_generation);

	plan->generation = generation;
	plan->reason = reason;
	plan->migrator = mo_choose(reason);
	plan->copier = NULL;
	plan->window = NULL;
	plan->start_ns = 0;
	plan->long_batch = false;
	plan->trial = false;
}

/**
 * __mo_plan_begin - decide about a batch before it is unmapped
 * @plan: Set to the decision.
 * @folios: The batch as it is on the ordinary path.  It may be lengthened.
 * @rest: Folios behind it, not empty only if the batch has @nr_default base pages.
 * @reason: Reason of the migration.
 * @nr_default: Base pages at which a batch ends on the ordinary path.
 * @hugetlb: Takes hugetlb folios of @rest, which are no part of a batch.
 *
 * The batch becomes long only if a migrator is ready for it, and if more than an
 * ordinary batch of it is eligible.
 *
 * Context: Process context, with no folio lock held.  Sleeps; allocates nothing.
 * Return: @plan, or NULL if the ordinary path will copy the batch.
 */
struct mo_plan *__mo_plan_begin(struct mo_plan *plan, struct list_head *folios,
				struct list_head *rest, enum migrate_reason reason,
				int nr_default, struct list_head *hugetlb)
{
	struct mo_walk walk = {};
	struct folio *folio;
	int idx;

	plan->copier = NULL;
	plan->nr_visited = 0;
	list_for_each_entry(folio, folios, lru) {
		mo_walk_folio(&walk, folio);
		plan->nr_visited++;
	}
	plan->size = walk.size;
	plan->nr_pages = walk.nr_pages;
	if (list_empty(rest) && mo_plan_is_short(plan))
		return mo_plan_too_short(plan, reason);

	idx = srcu_read_lock(&mo_srcu);
	mo_plan_init(plan, reason);
	if (plan->migrator && walk.nr_pages) {
		if (walk.not_anon || list_empty(rest) ||
		    !mo_plan_long(plan, folios, rest, nr_default, hugetlb))
			mo_plan_choose(plan);
		mo_plan_decided(plan);
	}
	srcu_read_unlock(&mo_srcu, idx);
	return plan;
}

/**
 * __mo_plan_split - take a batch from folios that were split, and decide about it
 * @plan: Set to the new decision.  The previous plan must have ended.
 * @folios: Takes the batch; empty.
 * @split: The folios.
 * @reason: Reason of the migration.
 * @nr_default: Base pages at which a batch ends on the ordinary path.
 * @hugetlb: As for __mo_plan_begin().
 *
 * A long batch of huge folios may be split into as many small ones, which no
 * migrator has been asked about.
 *
 * Context: As __mo_plan_begin().
 * Return: as __mo_plan_begin().
 */
struct mo_plan *__mo_plan_split(struct mo_plan *plan, struct list_head *folios,
				struct list_head *split, enum migrate_reason reason,
				int nr_default, struct list_head *hugetlb)
{
	struct list_head *pos;
	int nr_pages = 0;

	list_for_each(pos, split) {
		if (nr_pages >= nr_default)
			break;
		nr_pages += folio_nr_pages(list_entry(pos, struct folio, lru));
	}
	list_cut_before(folios, split, pos);
	return __mo_plan_begin(plan, folios, split, reason, nr_default, hugetlb);
}

/**
 * mo_plan_folio - decide about a folio that is a batch by itself
 * @plan: Set to the decision.
 * @folio: The folio.
 * @reason: Reason of the migration.
 *
 * Context: Inside mo_srcu, until mo_plan_leave().
 */
void mo_plan_folio(struct mo_plan *plan, const struct folio *folio,
		   enum migrate_reason reason)
{
	mo_plan_init(plan, reason);
	if (!plan->migrator)
		return;
	plan->size = (struct mo_size) { folio_size(folio), 1 };
	plan->nr_pages = folio_nr_pages(folio);
	mo_plan_choose(plan);
	mo_plan_decided(plan);
}

/**
 * mo_plan_enter - begin the copy of a planned batch
 * @plan: The plan; it has a copier.
 *
 * Context: Inside mo_srcu, until mo_plan_leave().
 * Return: true if @plan->copier is to copy into @plan->window; false, after the
 * cause was counted, if the selection has changed or no window is free.
 */
bool mo_plan_enter(struct mo_plan *plan)
{
	if (!mo_plan_is_current(plan)) {
		plan->outcome = MO_CHANGED;
	} else {
		if (!plan->window)
			plan->window = mo_window_get();
		if (plan->window)
			return true;
		plan->outcome = MO_NO_WINDOW;
	}
	if (mo_is_registered(plan->migrator))
		mo_plan_decline(plan, plan->migrator);
	return false;
}
