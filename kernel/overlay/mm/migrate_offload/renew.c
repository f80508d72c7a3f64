// SPDX-License-Identifier: GPL-2.0
/*
 * Another destination for a folio whose own is lost: a device may still write it.
 */
#include <linux/pagemap.h>

#include "../internal.h"
#include "internal.h"

static void mo_put_dst(struct mo_folios *folios, struct folio *dst)
{
	if (folios->put_new_folio)
		folios->put_new_folio(dst, folios->private);
	else
		folio_put(dst);
}

/*
 * Return another destination instead of @old, or NULL; then nothing has changed.
 * The folio could as well be restored and tried again, but for a large one that is
 * mapped by PTEs, which is split when it is unmapped for the second time.
 */
static struct folio *mo_renew_one(struct mo_folios *folios, struct folio *src,
				  struct folio *old)
{
	struct folio *new = folios->get_new_folio(src, folios->private);

	if (!new)
		return NULL;
	if (!folio_trylock(new)) {
		mo_put_dst(folios, new);
		return NULL;
	}
	/* What the unmapping saved. */
	*migrate_folio_info(new) = *migrate_folio_info(old);
	*migrate_folio_info(old) = 0;
	list_del(&old->lru);
	folio_unlock(old);
	mo_put_dst(folios, old);
	return new;
}

/**
 * mo_renew - give another destination to the sources that lost theirs
 * @folios: The batch, with @src_lost and @dst_lost.
 *
 * Pairs for which there is none become rejects.
 */
void mo_renew(struct mo_folios *folios)
{
	struct folio *src, *next, *dst, *dst_next, *new;

	dst_next = list_first_entry(&folios->dst_lost, struct folio, lru);
	list_for_each_entry_safe(src, next, &folios->src_lost, lru) {
		dst = dst_next;
		dst_next = list_next_entry(dst, lru);
		new = mo_renew_one(folios, src, dst);
		/* Memory is short: stop, as migrate_pages_batch() does. */
		if (!new)
			break;
		list_move_tail(&src->lru, folios->src);
		list_add_tail(&new->lru, folios->dst);
	}
	list_splice_tail_init(&folios->src_lost, &folios->src_rejects);
	list_splice_tail_init(&folios->dst_lost, &folios->dst_rejects);
}
