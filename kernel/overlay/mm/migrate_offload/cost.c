// SPDX-License-Identifier: GPL-2.0
/*
 * What copying costs: averages for each migrator, by size of the folios and length
 * of the batch.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "internal.h"

/* Weight of the past in an average, where the present is slower. */
#define MO_COST_WEIGHT	8
/* A batch that was not copied as a whole counts as this many times slower. */
#define MO_COST_FAILED	4

/**
 * mo_class_of - return the measurements that concern a batch
 * @size: What the batch has to copy.
 * @long_batch: The batch is longer than on the ordinary path.
 */
unsigned int mo_class_of(const struct mo_size *size, bool long_batch)
{
	unsigned long mean = size->bytes / max(size->nr_folios, 1U);
	unsigned int class = mean < SZ_64K ? 0 :
			     mean < MO_DEFAULT_BATCH_BYTES ? 1 : 2;

	/* A hugetlb folio can be as long. */
	long_batch |= size->bytes > 2 * MO_DEFAULT_BATCH_BYTES;
	return 2 * class + long_batch;
}

/**
 * mo_cost_learn - add a measurement to an average
 * @cost: The average so far, in ns for each MB; 0 without any.
 * @bytes: Bytes that were copied, or should have been.
 * @ns: Time that the copy took.
 * @whole: All of it was copied.
 *
 * Interference only slows a copy down.  So a faster sample moves the average half
 * way, and a slower one by an eighth, of at most four times the average.  A copy
 * that is not complete never lowers it: its migrator may have given up early.
 * There is no lock, as a lost update is harmless.
 *
 * Return: the measurement in ns for each MB; 0 if there was none.
 */
u32 mo_cost_learn(u32 *cost, u64 bytes, u64 ns, bool whole)
{
	u64 old = READ_ONCE(*cost), new, mean;

	if (bytes < MO_COST_MIN_BYTES)
		return 0;
	new = div64_u64(ns << 20, bytes) * (whole ? 1 : MO_COST_FAILED);
	new = clamp_t(u64, new, 1, U32_MAX);
	if (!whole && (!old || new <= old))
		return 0;
	mean = new;
	if (old && new < old)
		mean = (old + new) / 2;
	else if (old)
		mean = (old * (MO_COST_WEIGHT - 1) +
			min(new, MO_COST_FAILED * old)) / MO_COST_WEIGHT;
	WRITE_ONCE(*cost, clamp_t(u64, mean, 1, U32_MAX));
	return new;
}

/* A batch was copied.  The first ones are warm-up: the fastest of them counts. */
void mo_speed_learn(struct mo_speed *speed, u64 bytes, u64 ns, bool whole)
{
	u32 nr = READ_ONCE(speed->nr_samples), old = READ_ONCE(speed->cost);
	u32 last = mo_cost_learn(&speed->cost, bytes, ns, whole);

	if (!last)
		return;
	WRITE_ONCE(speed->last, last);
	if (nr >= MO_SPEED_SAMPLES || !whole)
		return;
	WRITE_ONCE(speed->cost, old ? min(old, last) : last);
	WRITE_ONCE(speed->nr_samples, nr + 1);
}
