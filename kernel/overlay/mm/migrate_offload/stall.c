// SPDX-License-Identifier: GPL-2.0
/*
 * How long a batch may be, so that its folios are not unreachable for longer than
 * max_stall_us.
 *
 * A folio is unreachable while its batch is unmapped, copied and moved.  The
 * averages of its migrator give the time of the copy.  Unmapping is measured here,
 * and moving is assumed to take as long.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "internal.h"

unsigned long mo_max_stall_us;

/* Cost of unmapping in ns for each MB, by size of the folios. */
u32 mo_unmap_costs[NR_MO_CLASSES / 2];

/* The batch of @plan will be unmapped now. */
void mo_stall_begin(struct mo_plan *plan)
{
	if (READ_ONCE(mo_max_stall_us))
		plan->start_ns = ktime_get_ns();
}

/* The batch of @plan has been unmapped. */
void mo_stall_unmapped(const struct mo_plan *plan)
{
	if (!plan->start_ns)
		return;
	mo_cost_learn(&mo_unmap_costs[plan->class / 2], plan->size.bytes,
		      ktime_get_ns() - plan->start_ns, true);
}

/**
 * mo_stall_limit - return the bytes that a migrator copies within the bound
 * @plan: The plan of a long batch; it has a copier.
 *
 * Return: the greatest length of the batch, in bytes; 0 while nothing is known, so
 * that a short batch is measured first; ULONG_MAX without a bound.
 */
unsigned long mo_stall_limit(const struct mo_plan *plan)
{
	const struct mo_speed *speed = plan->copier->speed;
	u64 us = READ_ONCE(mo_max_stall_us);
	unsigned int class = plan->class | 1;
	u32 copy, unmap;

	if (!us)
		return ULONG_MAX;
	unmap = READ_ONCE(mo_unmap_costs[class / 2]);
	copy = READ_ONCE(speed[class].cost) ?: READ_ONCE(speed[class & ~1U].cost);
	if (!unmap || !copy)
		return 0;
	return div64_u64((us * NSEC_PER_USEC) << 20, copy + 2ULL * unmap);
}
