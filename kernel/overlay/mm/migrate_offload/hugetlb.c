// SPDX-License-Identifier: GPL-2.0
/*
 * hugetlb folios: each is a batch by itself, in the middle of its own migration.
 *
 * hugetlb keeps flags of its own in the word in which the destinations of other
 * folios are marked.  So the result is one more of those flags.
 */
#include <linux/hugetlb.h>
#include <linux/srcu.h>

#include "internal.h"

/*
 * An unmapped and locked folio only changes through a reference that it had
 * already, as hugetlbfs has no write().  memfd_pin_folios() may take a reference
 * without the lock.  The move detects it, unless it was dropped again; a folio
 * that the calling CPU copies has the same race.
 */
static bool mo_hugetlb_eligible(struct folio *src)
{
	return !folio_test_hwpoison(src) &&
	       folio_ref_count(src) == folio_expected_ref_count(src) + 1;
}

static enum migrate_verdict mo_hugetlb_copy_one(struct mo_plan *plan,
						struct folio *dst,
						struct folio *src)
{
	struct migrate_batch *batch = &plan->window->batch;
	unsigned int nr[NR_MO_VERDICTS] = {};
	unsigned int verdict;
	bool whole;
	u64 ns;

	mo_batch_init(plan->window);
	batch->reason = plan->reason;
	mo_batch_add(batch, src, dst, folio_nr_pages(src));
	ns = mo_window_copy(plan->copier, plan->window);
	verdict = batch->pairs[0].verdict;
	if (verdict >= NR_MO_VERDICTS)
		verdict = MIGRATE_NOT_COPIED;
	nr[verdict] = 1;
	whole = mo_batch_count(plan->copier, batch, ns, nr,
			       verdict == MIGRATE_COPIED ? batch->nr_pages : 0);
	mo_window_finish(plan, ns, whole);
	return verdict;
}

/**
 * __mo_copy_hugetlb - copy the data of a hugetlb folio before its move
 * @dst: Destination, locked.
 * @src: Source: locked, unmapped, TLB flushed.
 * @reason: Reason of the migration.
 *
 * However long that takes: a folio is not cut, whatever max_batch_bytes and
 * max_stall_us are.
 *
 * Sets a flag of @dst if @dst needs no further copy; the caller clears it when the
 * move is over, however it ended.  The caller does so for the first three attempts
 * only; later ones use the CPU.
 *
 * Context: Process context, with both folios locked.  Sleeps, allocates nothing.
 * Return: 0 if the folio may be moved; -EHWPOISON if its data is bad; -EAGAIN if
 * @dst is, so that another one must be tried.
 */
int __mo_copy_hugetlb(struct folio *dst, struct folio *src,
		      enum migrate_reason reason)
{
	enum migrate_verdict verdict = MIGRATE_NOT_COPIED;
	struct mo_plan plan;
	int idx;

	if (!mo_hugetlb_eligible(src))
		return 0;
	idx = srcu_read_lock(&mo_srcu);
	mo_plan_folio(&plan, src, reason);
	if (plan.copier && mo_plan_enter(&plan))
		verdict = mo_hugetlb_copy_one(&plan, dst, src);
	mo_plan_leave(&plan);
	srcu_read_unlock(&mo_srcu, idx);

	switch (verdict) {
	case MIGRATE_COPIED:
		folio_set_hugetlb_data_copied(dst);
		return 0;
	case MIGRATE_POISONED:
		return -EHWPOISON;
	case MIGRATE_DST_LOST:
		return -EAGAIN;
	default:
		return 0;
	}
}

/* Return whether that flag is set on @dst, a hugetlb folio. */
bool __mo_hugetlb_copied(struct folio *dst)
{
	return folio_test_hugetlb_data_copied(dst);
}
