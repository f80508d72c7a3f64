/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What mm/migrate.c sees of migration offload.
 */
#ifndef _MM_MIGRATE_OFFLOAD_MO_H
#define _MM_MIGRATE_OFFLOAD_MO_H

#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/migrate_mode.h>
#include <linux/page-flags.h>
#include <linux/types.h>

struct mo_migrator;
struct mo_window;

/**
 * struct mo_size - what a list of folios has to copy
 * @bytes: Bytes that look eligible.
 * @nr_folios: Folios that hold them.
 */
struct mo_size {
	unsigned long bytes;
	unsigned int nr_folios;
};

/**
 * struct mo_plan - what was decided for one batch, and what it holds meanwhile
 * @migrator: Migrator that the policy names; NULL leaves all to the ordinary path.
 * @copier: Migrator that copies: @migrator, or one that @migrator chose.  NULL
 *	when the ordinary path copies, or when the plan is over.
 * @window: Window that is reserved for the copy, or NULL.
 * @generation: Value of mo_generation at the decision.
 * @reason: Reason of the migration.
 * @outcome: &enum mo_outcome.
 * @class: Measurements that concern the batch, see mo_class_of().
 * @nr_visited: Folios that the decision has looked at.
 * @nr_pages: Base pages of the batch.
 * @size: What looks eligible in it.
 * @start_ns: When its unmapping began; 0 if that is not measured.
 * @long_batch: The batch is longer than on the ordinary path.
 * @trial: The batch is to measure @copier, and no other batch does meanwhile.
 *
 * It is on the stack of migrate_pages() and decided once for each batch.  No lock
 * and no SRCU section is held between the decision and the copy, so the two
 * migrators may be gone by then: outside of mo_srcu their pointers are only
 * compared, and mo_plan_enter() looks for both again if anything was changed.
 */
struct mo_plan {
	struct mo_migrator *migrator;
	struct mo_migrator *copier;
	struct mo_window *window;
	unsigned int generation;
	enum migrate_reason reason;
	unsigned int outcome;
	unsigned int class;
	unsigned int nr_visited;
	unsigned int nr_pages;
	struct mo_size size;
	u64 start_ns;
	bool long_batch;
	bool trial;
};

/**
 * struct mo_folios - an unmapped batch, between the TLB flush and the move
 * @src: Sources: locked and unmapped.
 * @dst: Their destinations, in the same order, locked.
 * @src_rejects: Takes the sources that must not be moved in this round.
 * @dst_rejects: Takes their destinations, in the same order.
 * @src_lost: Sources whose destination may still be written by a device.
 * @dst_lost: These destinations, in the same order.
 * @get_new_folio: Allocates a destination.
 * @put_new_folio: Takes a destination back, or NULL.
 * @private: Passed to both.
 */
struct mo_folios {
	struct list_head *src;
	struct list_head *dst;
	struct list_head src_rejects;
	struct list_head dst_rejects;
	struct list_head src_lost;
	struct list_head dst_lost;
	new_folio_t *get_new_folio;
	free_folio_t *put_new_folio;
	unsigned long private;
};

#ifdef CONFIG_MIGRATE_OFFLOAD
DECLARE_STATIC_KEY_FALSE(mo_key);
#define mo_enabled()	static_branch_unlikely(&mo_key)
#else
/* The compiler drops the calls of what is not built. */
#define mo_enabled()	false
#endif

/* Return true if a migrator is to copy the batch. */
static inline bool mo_plan_copies(const struct mo_plan *plan)
{
	return IS_ENABLED(CONFIG_MIGRATE_OFFLOAD) && unlikely(plan) && plan->copier;
}

struct mo_plan *__mo_plan_begin(struct mo_plan *plan, struct list_head *folios,
				struct list_head *rest, enum migrate_reason reason,
				int nr_default, struct list_head *hugetlb);
struct mo_plan *__mo_plan_split(struct mo_plan *plan, struct list_head *folios,
				struct list_head *split, enum migrate_reason reason,
				int nr_default, struct list_head *hugetlb);
void mo_copy(struct mo_plan *plan, struct mo_folios *folios);

/* Decide about the batch in @folios, see __mo_plan_begin(). */
static inline struct mo_plan *
mo_plan_begin(struct mo_plan *plan, struct list_head *folios,
	      struct list_head *rest, enum migrate_reason reason,
	      int nr_default, struct list_head *hugetlb)
{
	if (!mo_enabled())
		return NULL;
	return __mo_plan_begin(plan, folios, rest, reason, nr_default, hugetlb);
}

/* Move a batch of @split to @folios and decide about it, see __mo_plan_split(). */
static inline struct mo_plan *
mo_plan_split(struct mo_plan *plan, struct list_head *folios,
	      struct list_head *split, enum migrate_reason reason,
	      int nr_default, struct list_head *hugetlb)
{
	if (mo_enabled())
		return __mo_plan_split(plan, folios, split, reason, nr_default,
				       hugetlb);
	list_splice_init(split, folios);
	return NULL;
}

int __mo_copy_hugetlb(struct folio *dst, struct folio *src,
		      enum migrate_reason reason);
bool __mo_hugetlb_copied(struct folio *dst);

static inline bool mo_hugetlb_enabled(void)
{
	return IS_ENABLED(CONFIG_MIGRATE_OFFLOAD_HUGETLB) && mo_enabled();
}

/* Let a migrator copy a hugetlb folio.  Returns 0 if the folio may be moved. */
static inline int mo_copy_hugetlb(struct folio *dst, struct folio *src,
				  enum migrate_reason reason)
{
	return mo_hugetlb_enabled() ? __mo_copy_hugetlb(dst, src, reason) : 0;
}

/* Return true if a migrator has copied the data of this folio, a hugetlb one. */
static inline bool mo_hugetlb_copied(struct folio *dst)
{
	return mo_hugetlb_enabled() && folio_test_hugetlb(dst) &&
	       __mo_hugetlb_copied(dst);
}

#endif /* _MM_MIGRATE_OFFLOAD_MO_H */
