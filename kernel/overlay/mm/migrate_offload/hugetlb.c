// SPDX-License-Identifier: GPL-2.0
/*
 * hugetlb folios: a batch of one, in the middle of its own migration.
 *
 * The word in which other destinations are marked holds flags of hugetlb here, so
 * nothing in this file may touch it but by those.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/srcu.h>

#include "internal.h"

/*
 * The references that the move compares as well.  What page tables cannot reach, and
 * is locked, changes only through a reference that was there, as hugetlbfs has no
 * write(); who takes one of the page cache meanwhile, to pin it, is seen by the move
 * unless he is gone by then, which is so without a migrator, too.
 */
static bool mo_hugetlb_eligible(struct folio *src)
{
	return !folio_test_hwpoison(src) &&
	       folio_ref_count(src) == folio_expected_ref_count(src) + 1;
}

static enum migrate_verdict mo_copy_one(struct mo_migrator *m,
					struct mo_window *window,
					struct folio *dst, struct folio *src)
{
	unsigned int nr[NR_MO_VERDICTS] = {};
	struct migrate_batch *batch = &window->batch;
	unsigned int verdict;
	bool whole;
	u64 ns;

	mo_batch_add(batch, src, dst, folio_nr_pages(src));
	ns = mo_window_copy(m, window);
	verdict = batch->pairs[0].verdict;
	if (verdict >= NR_MO_VERDICTS)
		verdict = MIGRATE_NOT_COPIED;
	nr[verdict] = 1;
	whole = mo_batch_count(m, batch, ns, nr,
			       verdict == MIGRATE_COPIED ? batch->nr_pages : 0);
	mo_window_finish(m, window, ns, whole);
	return verdict;
}

/* To be called inside mo_srcu. */
static enum migrate_verdict mo_copy_unmapped_hugetlb(struct mo_migrator *m,
						     struct folio *dst,
						     struct folio *src,
						     enum migrate_reason reason)
{
	struct mo_extent extent = { folio_size(src), 1 };
	enum migrate_verdict verdict = MIGRATE_NOT_COPIED;
	enum mo_outcome outcome = MO_NO_WINDOW;
	struct mo_window *window = mo_window_get();
	struct mo_migrator *copier = NULL;

	if (window)
		copier = mo_copier(m, reason, &extent, false, &outcome);
	if (copier) {
		mo_batch_init(window);
		window->batch.reason = reason;
		window->class = mo_class_of(&extent, false);
		verdict = mo_copy_one(copier, window, dst, src);
	} else {
		mo_stat_decline(m, reason, outcome);
	}
	if (window)
		mo_window_put(window);
	return verdict;
}

/**
 * __mo_copy_hugetlb - copy the data of a hugetlb folio before its move
 * @dst: Destination, locked.
 * @src: Source: locked, unmapped, TLB flushed.
 * @reason: Why it is migrated.
 *
 * However long that takes: a folio is not cut, whatever max_batch_bytes and
 * max_stall_us say.
 *
 * Notes in the flags of @dst whether that needs no further copy; the caller clears
 * the flag when the move is over, however it ended.  To be called for no more than
 * a few attempts to migrate the same folio: the others are for the CPU.
 *
 * Context: Process context, with both folios locked.  Sleeps, allocates nothing.
 * Return: 0 if the folio may be moved; -EHWPOISON if its data is bad; -EAGAIN if
 * @dst is, so that another one must be tried.
 */
int __mo_copy_hugetlb(struct folio *dst, struct folio *src,
		      enum migrate_reason reason)
{
	enum migrate_verdict verdict = MIGRATE_NOT_COPIED;
	int idx = srcu_read_lock(&mo_srcu);
	struct mo_migrator *m = mo_choose(reason);

	if (m && mo_hugetlb_eligible(src))
		verdict = mo_copy_unmapped_hugetlb(m, dst, src, reason);
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

/* Whether that flag is set on @dst, a hugetlb folio. */
bool __mo_hugetlb_copied(struct folio *dst)
{
	return folio_test_hugetlb_data_copied(dst);
}
