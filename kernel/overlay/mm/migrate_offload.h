/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What mm/migrate.c sees of migration offload.
 */
#ifndef _MM_MIGRATE_OFFLOAD_H
#define _MM_MIGRATE_OFFLOAD_H

#include <linux/bits.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/migrate_mode.h>
#include <linux/types.h>

#ifdef CONFIG_MIGRATE_OFFLOAD

/*
 * Set beside the saved state of a destination folio whose data has arrived.
 * The other users of that word take bits 0 and 1, and the pointer in it is
 * aligned to 8 bytes on 64-bit.
 */
#define MIGRATE_OFFLOAD_MARK	BIT(2)

DECLARE_STATIC_KEY_FALSE(migrate_offload_key);

static inline bool migrate_offload_enabled(void)
{
	return static_branch_unlikely(&migrate_offload_key);
}

int migrate_offload_limit(const struct list_head *from,
			  enum migrate_reason reason, int nr_default);
void migrate_offload_copy(struct list_head *src_folios,
			  struct list_head *dst_folios,
			  new_folio_t get_new_folio,
			  free_folio_t put_new_folio, unsigned long private,
			  enum migrate_reason reason, int nr_default,
			  struct list_head *src_rejects,
			  struct list_head *dst_rejects);

#else /* !CONFIG_MIGRATE_OFFLOAD */

#define MIGRATE_OFFLOAD_MARK	0

static inline bool migrate_offload_enabled(void)
{
	return false;
}

static inline int migrate_offload_limit(const struct list_head *from,
					enum migrate_reason reason,
					int nr_default)
{
	return nr_default;
}

static inline void migrate_offload_copy(struct list_head *src_folios,
					struct list_head *dst_folios,
					new_folio_t get_new_folio,
					free_folio_t put_new_folio,
					unsigned long private,
					enum migrate_reason reason,
					int nr_default,
					struct list_head *src_rejects,
					struct list_head *dst_rejects)
{
}

#endif /* CONFIG_MIGRATE_OFFLOAD */

#endif /* _MM_MIGRATE_OFFLOAD_H */
