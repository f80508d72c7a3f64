// SPDX-License-Identifier: GPL-2.0
/*
 * The gate: how long a batch may get, which ones a migrator is asked about, and who
 * would copy them.
 *
 * See Documentation/mm/migrate_offload.rst.
 */
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/srcu.h>

#include "internal.h"

/*
 * Longest batch that is offloaded: what a batch holds is unreachable until all
 * of it is copied.  Documentation/mm/migrate_offload.rst has the curve.
 */
unsigned long mo_max_batch_bytes = MAX(SZ_32M, MO_DEFAULT_BATCH_BYTES);
/* Shortest one: below, waking helpers costs more than they copy. */
unsigned long mo_min_batch_bytes = SZ_512K;

/*
 * What is on @folios and looks eligible without a lock, mapped or not: exact up to
 * the larger of @enough bytes and the least that is offloaded, then just more.
 */
struct mo_extent mo_likely(const struct list_head *folios,
			   unsigned long enough)
{
	bool file_folios = READ_ONCE(mo_file_folios);
	struct mo_extent extent = {};
	struct folio *folio;

	enough = max(enough, READ_ONCE(mo_min_batch_bytes));
	list_for_each_entry(folio, folios, lru) {
		if (!file_folios && !folio_test_anon(folio) &&
		    !folio_test_swapbacked(folio))
			continue;
		extent.bytes += folio_size(folio);
		extent.nr_folios++;
		if (extent.bytes > enough)
			break;
	}
	return extent;
}

/*
 * Are the folios of @extent a batch that is longer than without offload?  The folio
 * that ends one may make it almost twice as long as the default.
 */
bool mo_is_longer(const struct mo_extent *extent, int nr_default)
{
	return extent->bytes > 2 * ((unsigned long)nr_default << PAGE_SHIFT);
}

/* May @m be used for the current task, migrating for @reason, at all? */
bool mo_allowed(const struct mo_migrator *m, enum migrate_reason reason)
{
	return !m->ops->allowed || m->ops->allowed(reason);
}

/* Who would copy a batch that is longer than without offload? */
static struct mo_migrator *mo_gate(struct mo_migrator *m,
				   enum migrate_reason reason,
				   const struct mo_extent *extent)
{
	enum mo_outcome outcome;

	if (extent->bytes < READ_ONCE(mo_min_batch_bytes))
		return NULL;
	if (m == mo_auto)
		return mo_auto_pick(extent, reason, true, &outcome);
	return mo_allowed(m, reason) &&
	       m->ops->ready(reason, extent->bytes, true) ? m : NULL;
}

/* Inside mo_srcu: how many base pages may a batch from @from hold? */
static int mo_limit(const struct list_head *from,
		    enum migrate_reason reason, int nr_default)
{
	unsigned long limit = READ_ONCE(mo_max_batch_bytes);
	unsigned long nr_bytes = (unsigned long)nr_default << PAGE_SHIFT;
	struct mo_migrator *m = mo_choose(reason);
	unsigned long enough = m == mo_auto ? 2 * nr_bytes : nr_bytes;
	struct mo_extent extent;

	if (!m || limit <= nr_bytes)
		return nr_default;

	mo_stall_begin(list_first_entry(from, struct folio, lru));
	extent = mo_likely(from, enough);
	/*
	 * What fits into a default batch is asked about later.  "auto" has no
	 * measurements of what is longer than that, but not yet long.
	 */
	if (extent.bytes <= enough)
		return nr_default;
	m = mo_gate(m, reason, &extent);
	if (!m)
		return nr_default;
	limit = min(limit, mo_stall_limit(m, &extent));
	if (limit <= nr_bytes)
		return nr_default;
	return min(limit >> PAGE_SHIFT, (unsigned long)INT_MAX / 2);
}

/**
 * __mo_batch_end - where does the next batch end?
 * @from: Folios to migrate.
 * @end: Where it ends without offload: what is behind the batch, or @from.
 * @nr_pages: Base pages before @end.
 * @reason: Why they are migrated.
 * @nr_default: Limit without offload, in base pages.
 * @hugetlb: Takes hugetlb folios, which are no part of a batch.
 *
 * A batch longer than @nr_default keeps its folios unreachable for longer, so
 * it must be copied by somebody faster than the calling CPU.  That is decided
 * here, before anything is unmapped.
 *
 * Context: migrate_pages(), for a list that does not fit into a default batch.
 * Return: @end, or an entry behind it, or @from for all of the list.
 */
struct list_head *__mo_batch_end(struct list_head *from,
				 struct list_head *end,
				 int nr_pages,
				 enum migrate_reason reason,
				 int nr_default,
				 struct list_head *hugetlb)
{
	int idx = srcu_read_lock(&mo_srcu);
	int limit = mo_limit(from, reason, nr_default);

	srcu_read_unlock(&mo_srcu, idx);
	while (end != from && nr_pages < limit) {
		struct folio *folio = list_entry(end, struct folio, lru);

		end = end->next;
		if (folio_test_hugetlb(folio))
			list_move_tail(&folio->lru, hugetlb);
		else
			nr_pages += folio_nr_pages(folio);
	}
	return end;
}

/* Is there enough to be copied to ask anybody? */
static bool mo_long_enough(const struct list_head *src_folios, int nr_default)
{
	unsigned long least = READ_ONCE(mo_min_batch_bytes);
	struct mo_extent extent = mo_likely(src_folios, least);

	/* A longer one has passed the gate, whatever @least was. */
	return extent.bytes >= least || mo_is_longer(&extent, nr_default);
}

/**
 * mo_wanted - is there enough to be copied for a migrator?
 * @src_folios: Sources: locked, unmapped, TLB flushed.
 * @reason: Why they are migrated.
 * @nr_default: Limit of a batch without offload, in base pages.
 *
 * Most batches hold a few small folios, which cost little more than to ask for a
 * migrator, its window and its opinion.  Nobody copies those.
 *
 * Context: As mo_copy(), which is to be called if this says so.
 * Return: whether a migrator is to be asked.  If one could have been, but is not, that
 * has been counted.
 */
bool mo_wanted(const struct list_head *src_folios,
	       enum migrate_reason reason, int nr_default)
{
	int idx = srcu_read_lock(&mo_srcu);
	struct mo_migrator *m = mo_choose(reason);
	bool wanted = false;

	if (m && !list_empty(src_folios)) {
		wanted = mo_long_enough(src_folios, nr_default);
		if (!wanted)
			mo_stat_decline(m, reason, MO_TOO_SHORT);
	}
	srcu_read_unlock(&mo_srcu, idx);
	return wanted;
}

/**
 * mo_copier - who copies this batch?
 * @m: Who was chosen for the reason.
 * @reason: Why it is migrated.
 * @extent: What is to be copied.
 * @longer: It has passed the gate before it was unmapped.
 * @outcome: Set to the cause.
 *
 * What is longer has passed the gate; the others are asked about now, while "no"
 * costs nothing.
 *
 * Return: a migrator, or NULL.
 */
struct mo_migrator *mo_copier(struct mo_migrator *m,
			      enum migrate_reason reason,
			      const struct mo_extent *extent,
			      bool longer, enum mo_outcome *outcome)
{
	if (m == mo_auto)
		return mo_auto_choose(extent, reason, longer, outcome);
	*outcome = MO_NOT_ALLOWED;
	if (!mo_allowed(m, reason))
		return NULL;
	*outcome = MO_CHOSEN;
	if (longer)
		return m;
	*outcome = MO_TOO_SHORT;
	if (extent->bytes < READ_ONCE(mo_min_batch_bytes))
		return NULL;
	*outcome = MO_NOT_READY;
	if (!m->ops->ready(reason, extent->bytes, false))
		return NULL;
	*outcome = MO_CHOSEN;
	return m;
}
