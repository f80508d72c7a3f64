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

#include "migrate_offload_internal.h"

/*
 * The references that the move compares as well.  What page tables cannot reach, and
 * is locked, changes only through a reference that was there, as hugetlbfs has no
 * write(); who takes one of the page cache meanwhile, to pin it, is seen by the move
 * unless he is gone by then, which is so without a migrator, too.
 */
static bool migrate_hugetlb_eligible(struct folio *src)
{
	return !folio_test_hwpoison(src) &&
	       folio_ref_count(src) == folio_expected_ref_count(src) + 1;
}

static enum migrate_verdict migrate_copy_one(struct migrate_migrator *m,
					     struct migrate_window *window,
					     struct folio *dst, struct folio *src)
{
	unsigned int nr[NR_MIGRATE_VERDICTS] = {};
	struct migrate_batch *batch = &window->batch;
	unsigned int verdict;
	bool whole;
	u64 ns;

	migrate_batch_add(batch, src, dst, folio_nr_pages(src));
	ns = migrate_window_copy(m, window);
	verdict = batch->pairs[0].verdict;
	if (verdict >= NR_MIGRATE_VERDICTS)
		verdict = MIGRATE_NOT_COPIED;
	nr[verdict] = 1;
	whole = migrate_batch_count(m, batch, ns, nr,
				    verdict == MIGRATE_COPIED ? batch->nr_pages : 0);
	migrate_window_finish(m, window, ns, whole);
	return verdict;
}

/* To be called inside migrate_srcu. */
static enum migrate_verdict migrate_copy_hugetlb(struct migrate_migrator *m,
						 struct folio *dst,
						 struct folio *src,
						 enum migrate_reason reason)
{
	struct migrate_extent extent = { folio_size(src), 1 };
	enum migrate_verdict verdict = MIGRATE_NOT_COPIED;
	struct migrate_window *window = migrate_window_get();
	struct migrate_migrator *copier = NULL;

	if (window)
		copier = migrate_copier(m, reason, &extent, false);
	if (copier) {
		migrate_batch_init(window);
		window->batch.reason = reason;
		window->class = migrate_class_of(&extent, false);
		verdict = migrate_copy_one(copier, window, dst, src);
	} else {
		migrate_stat_add(m, reason, MIGRATE_STAT_DECLINED, 1);
	}
	if (window)
		migrate_window_put(window);
	return verdict;
}

/**
 * __migrate_offload_copy_hugetlb - copy the data of a hugetlb folio before its move
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
int __migrate_offload_copy_hugetlb(struct folio *dst, struct folio *src,
				   enum migrate_reason reason)
{
	enum migrate_verdict verdict = MIGRATE_NOT_COPIED;
	int idx = srcu_read_lock(&migrate_srcu);
	struct migrate_migrator *m = migrate_offload_choose(reason);

	if (m && migrate_hugetlb_eligible(src))
		verdict = migrate_copy_hugetlb(m, dst, src, reason);
	srcu_read_unlock(&migrate_srcu, idx);

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
bool __migrate_offload_hugetlb_copied(struct folio *dst)
{
	return folio_test_hugetlb_data_copied(dst);
}
