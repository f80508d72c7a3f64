// SPDX-License-Identifier: GPL-2.0
/*
 * How long a batch may be, if no page shall be unreachable for longer than
 * max_stall_us.
 *
 * A page of a batch is unreachable while the batch is unmapped, copied and moved.
 * What the copy costs each migrator keeps.  Unmapping is measured from the gate to
 * the copy; moving is taken for as long.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/time64.h>

#include "internal.h"

#define MO_START_BITS	6

unsigned long mo_max_stall_us;

/*
 * When batches passed the gate, by their first folio: one that does not come to the
 * copy, since nothing of it was unmapped, is not taken for the next one, nor for one
 * that makes room for its destinations (compaction).  Two that share an entry lose a
 * measurement, or make a wrong one, of which the average does not believe much.
 */
static struct mo_start {
	const struct folio *first;
	u64 ns;
} mo_starts[1 << MO_START_BITS];

/* Cost of unmapping in ns for each MB, by size of the folios. */
u32 mo_unmap_costs[NR_MO_CLASSES / 2];

static struct mo_start *mo_start_of(const struct folio *first)
{
	return &mo_starts[hash_ptr(first, MO_START_BITS)];
}

/* A batch that begins with @first has come to the gate, and will be unmapped. */
void mo_stall_begin(const struct folio *first)
{
	struct mo_start *start = mo_start_of(first);

	if (!READ_ONCE(mo_max_stall_us))
		return;
	WRITE_ONCE(start->ns, ktime_get_ns());
	WRITE_ONCE(start->first, first);
}

/* This much was unmapped of a batch that begins with @first. */
void mo_stall_unmapped(const struct folio *first,
		       const struct mo_extent *extent)
{
	struct mo_start *start = mo_start_of(first);

	if (!READ_ONCE(mo_max_stall_us) || READ_ONCE(start->first) != first)
		return;
	WRITE_ONCE(start->first, NULL);
	mo_cost_learn(&mo_unmap_costs[mo_class_of(extent, false) / 2],
		      extent->bytes, ktime_get_ns() - READ_ONCE(start->ns),
		      true);
}

/**
 * mo_stall_limit - bytes that @m copies within the bound
 * @m: The migrator.
 * @extent: What is on the list.
 *
 * Return: the greatest length of a batch, in bytes; 0 while nothing is known, so
 * that a short batch is measured first; ULONG_MAX without a bound.
 */
unsigned long mo_stall_limit(const struct mo_migrator *m,
			     const struct mo_extent *extent)
{
	u64 us = READ_ONCE(mo_max_stall_us);
	unsigned int class = mo_class_of(extent, true);
	u32 copy, unmap;

	if (!us)
		return ULONG_MAX;
	unmap = READ_ONCE(mo_unmap_costs[class / 2]);
	copy = READ_ONCE(m->speed[class].cost) ?:
	       READ_ONCE(m->speed[class & ~1U].cost);
	if (!unmap || !copy)
		return 0;
	return div64_u64((us * NSEC_PER_USEC) << 20, copy + 2ULL * unmap);
}
