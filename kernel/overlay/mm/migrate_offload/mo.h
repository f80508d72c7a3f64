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
#include <linux/page-flags.h>
#include <linux/types.h>

#ifdef CONFIG_MIGRATE_OFFLOAD

/*
 * Set beside the saved state of a destination folio whose data has arrived.
 * The other users of that word take bits 0 and 1, and the pointer in it is
 * aligned to 8 bytes on 64-bit.
 */
#define MO_MARK	BIT(2)

DECLARE_STATIC_KEY_FALSE(mo_key);

static inline bool mo_enabled(void)
{
	return static_branch_unlikely(&mo_key);
}

struct list_head *__mo_batch_end(struct list_head *from,
				 struct list_head *end,
				 int nr_pages,
				 enum migrate_reason reason,
				 int nr_default,
				 struct list_head *hugetlb);
bool mo_wanted(const struct list_head *src_folios,
	       enum migrate_reason reason, int nr_default);
void mo_copy(struct list_head *src_folios,
	     struct list_head *dst_folios,
	     new_folio_t get_new_folio,
	     free_folio_t put_new_folio, unsigned long private,
	     enum migrate_reason reason, int nr_default,
	     struct list_head *src_rejects,
	     struct list_head *dst_rejects);
int __mo_copy_hugetlb(struct folio *dst, struct folio *src,
		      enum migrate_reason reason);
bool __mo_hugetlb_copied(struct folio *dst);

/* What is behind the next batch: @end, where it ends without offload, or later. */
static inline struct list_head *
mo_batch_end(struct list_head *from, struct list_head *end,
	     int nr_pages, enum migrate_reason reason,
	     int nr_default, struct list_head *hugetlb)
{
	if (!mo_enabled() || end == from)
		return end;
	return __mo_batch_end(from, end, nr_pages, reason,
			      nr_default, hugetlb);
}

/* Returns 0 if the folio may be moved, whoever copies it. */
static inline int mo_copy_hugetlb(struct folio *dst,
				  struct folio *src,
				  enum migrate_reason reason)
{
	if (!mo_enabled())
		return 0;
	return __mo_copy_hugetlb(dst, src, reason);
}

/* Has the data of a hugetlb folio arrived in @dst already? */
static inline bool mo_hugetlb_copied(struct folio *dst)
{
	return mo_enabled() && folio_test_hugetlb(dst) &&
	       __mo_hugetlb_copied(dst);
}

#else /* !CONFIG_MIGRATE_OFFLOAD */

#define MO_MARK	0

static inline bool mo_enabled(void)
{
	return false;
}

static inline struct list_head *
mo_batch_end(struct list_head *from, struct list_head *end,
	     int nr_pages, enum migrate_reason reason,
	     int nr_default, struct list_head *hugetlb)
{
	return end;
}

static inline bool mo_wanted(const struct list_head *src_folios,
			     enum migrate_reason reason,
			     int nr_default)
{
	return false;
}

static inline void mo_copy(struct list_head *src_folios,
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

static inline int mo_copy_hugetlb(struct folio *dst,
				  struct folio *src,
				  enum migrate_reason reason)
{
	return 0;
}

static inline bool mo_hugetlb_copied(struct folio *dst)
{
	return false;
}

#endif /* CONFIG_MIGRATE_OFFLOAD */

#endif /* _MM_MIGRATE_OFFLOAD_H */
