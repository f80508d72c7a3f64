// SPDX-License-Identifier: GPL-2.0
/*
 * "auto": a migrator that chooses the one that was measured to be the fastest.
 *
 * Each migrator keeps what it has cost so far, by size of the folios and length of
 * the batch.  The cost of the ordinary path is measured by a batch now and then
 * that is copied in the same way, by the calling CPU alone.  A migrator that is
 * slower is not used.  It is tried again after a while, the more seldom the more
 * it costs.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/srcu.h>

#include "internal.h"

/* Trial budget of each migrator: one part in this many of the bytes copied. */
#define MO_AUTO_CURIOSITY	512
/* A migrator must be faster than the ordinary path by one part in this many. */
#define MO_AUTO_MARGIN	16
/* Batches after which a migrator without a measurement is given up. */
#define MO_AUTO_TRIES	16

static struct mo_migrator *mo_auto;

static bool mo_speed_known(const struct mo_speed *speed)
{
	return READ_ONCE(speed->nr_samples) >= MO_SPEED_SAMPLES;
}

/* The ordinary path is as fast in short batches as it would be in long ones. */
static struct mo_speed *mo_auto_reference(unsigned int class)
{
	return &mo_auto->speed[class & ~1U];
}

/* What @copier is measured by in the class of @plan. */
static struct mo_speed *mo_auto_speed(struct mo_migrator *copier,
				      const struct mo_plan *plan)
{
	return copier == mo_auto ? mo_auto_reference(plan->class) :
	       &copier->speed[plan->class];
}

/*
 * Return true if @bytes may be spent on a trial.  What was copied since the last
 * one has cost @cost for each MB.
 */
static bool mo_auto_due(const struct mo_speed *speed, u32 cost, u64 bytes)
{
	u32 trial = max3(READ_ONCE(speed->cost), READ_ONCE(speed->last), cost);

	if (!mo_speed_known(speed) && READ_ONCE(speed->nr_tries) < MO_AUTO_TRIES)
		return true;
	return mul_u64_u64_div_u64(READ_ONCE(speed->rested), cost, max(trial, 1U)) >=
	       MO_AUTO_CURIOSITY * bytes;
}

/*
 * Only one batch at a time is a trial, from its decision to its end.
 * mo_auto_done() gives that back.
 */
static bool mo_auto_claim(struct mo_plan *plan, struct mo_speed *speed)
{
	plan->trial = !READ_ONCE(speed->trial) && !xchg(&speed->trial, 1);
	return plan->trial;
}

static bool mo_auto_may(struct mo_migrator *m, enum migrate_reason reason)
{
	return mo_is_active(m) && !(m->ops->not_by_default & BIT(reason)) &&
	       mo_allowed(m, reason);
}

/* Return the fastest known migrator that is ready, or NULL; and whether any is. */
static struct mo_migrator *mo_auto_fastest(const struct mo_plan *plan, bool *any)
{
	struct mo_migrator *m, *fastest = NULL;
	u32 cost, least = U32_MAX;

	list_for_each_entry_srcu(m, &mo_migrators, node, srcu_read_lock_held(&mo_srcu)) {
		struct mo_speed *speed = &m->speed[plan->class];

		if (!mo_auto_may(m, plan->reason) ||
		    !m->ops->ready(plan->reason, plan->size.bytes, plan->long_batch))
			continue;
		*any = true;
		cost = READ_ONCE(speed->cost) ?: U32_MAX;
		if (cost > least || !mo_speed_known(speed))
			continue;
		least = cost;
		fastest = m;
	}
	return fastest;
}

/*
 * Claim and return a migrator, other than @other, whose trial is due where a MB
 * costs @cost; or NULL.
 */
static struct mo_migrator *mo_auto_overdue(struct mo_plan *plan, u32 cost,
					   const struct mo_migrator *other)
{
	u64 bytes = plan->long_batch ? READ_ONCE(mo_max_batch_bytes) : plan->size.bytes;
	struct mo_migrator *m;

	list_for_each_entry_srcu(m, &mo_migrators, node, srcu_read_lock_held(&mo_srcu))
		if (m != other && mo_auto_may(m, plan->reason) &&
		    mo_auto_due(&m->speed[plan->class], cost, bytes) &&
		    m->ops->ready(plan->reason, plan->size.bytes, plan->long_batch) &&
		    mo_auto_claim(plan, &m->speed[plan->class]))
			return m;
	return NULL;
}

/*
 * Return true if the ordinary path is due for a measurement.  Claims it for a short
 * batch; a long one is planned again as a short one.
 */
static bool mo_auto_reference_due(struct mo_plan *plan, u32 cost)
{
	struct mo_speed *reference = mo_auto_reference(plan->class);
	u64 bytes = plan->long_batch ? MO_DEFAULT_BATCH_BYTES :
		    max(plan->size.bytes, MO_DEFAULT_BATCH_BYTES);

	if (!mo_auto_due(reference, cost, bytes))
		return false;
	return plan->long_batch || mo_auto_claim(plan, reference);
}

static void mo_speed_rest(struct mo_speed *speed, u64 bytes, bool chosen)
{
	WRITE_ONCE(speed->rested, chosen ? 0 : READ_ONCE(speed->rested) + bytes);
	if (chosen && READ_ONCE(speed->nr_tries) < MO_AUTO_TRIES)
		WRITE_ONCE(speed->nr_tries, READ_ONCE(speed->nr_tries) + 1);
}

/*
 * A migrator that was not tried this time comes nearer to its next trial.  That
 * also holds for batches of the other length: they stay short where
 * that was measured to be slow.
 */
static void mo_auto_rest(const struct mo_plan *plan)
{
	struct mo_migrator *m;
	u64 bytes = plan->size.bytes;

	list_for_each_entry_srcu(m, &mo_migrators, node, srcu_read_lock_held(&mo_srcu)) {
		if (m == mo_auto)
			continue;
		mo_speed_rest(&m->speed[plan->class], bytes, m == plan->copier);
		mo_speed_rest(&m->speed[plan->class ^ 1], bytes, false);
	}
	mo_speed_rest(mo_auto_reference(plan->class), bytes, plan->copier == mo_auto);
}

/* See &migrate_ops.choose.  Returns "auto" itself to measure the ordinary path. */
static struct mo_migrator *mo_auto_choose(struct mo_plan *plan)
{
	u32 cost = READ_ONCE(mo_auto_reference(plan->class)->cost);
	struct mo_migrator *m, *trial;
	bool any = false;

	plan->outcome = MO_TOO_SHORT;
	if (plan->size.bytes < MO_COST_MIN_BYTES)
		return NULL;

	plan->outcome = MO_NOT_READY;
	m = mo_auto_fastest(plan, &any);
	if (!any)
		return NULL;

	plan->outcome = MO_TRIAL;
	if (mo_auto_reference_due(plan, cost)) {
		/* That is measured in one class for each size. */
		plan->class &= ~1U;
		return plan->long_batch ? NULL : mo_auto;
	}

	if (m && (u64)READ_ONCE(m->speed[plan->class].cost) * (MO_AUTO_MARGIN + 1) <
		 (u64)cost * MO_AUTO_MARGIN)
		cost = READ_ONCE(m->speed[plan->class].cost);
	else
		m = NULL;

	trial = mo_auto_overdue(plan, cost, m);
	if (trial)
		return trial;
	plan->outcome = m ? MO_CHOSEN : MO_SLOWER;
	/* A long batch is planned again as a short one. */
	if (!m && !plan->long_batch)
		mo_auto_rest(plan);
	return m;
}

/* See &migrate_ops.done. */
static void mo_auto_done(struct mo_plan *plan)
{
	if (plan->outcome == MO_CHOSEN || plan->outcome == MO_TRIAL) {
		mo_auto_rest(plan);
		if (plan->copier != mo_auto)
			mo_stat_add(plan->copier, plan->reason, plan->trial ?
				    MO_STAT_AUTO_TRIAL : MO_STAT_AUTO_FASTEST, 1);
	}
	if (plan->trial)
		WRITE_ONCE(mo_auto_speed(plan->copier, plan)->trial, 0);
	plan->trial = false;
}

/* As the move does it: folio by folio, by the calling CPU. */
static void mo_auto_copy(struct migrate_batch *batch)
{
	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		pair->verdict = folio_mc_copy(pair->dst, pair->src) ?
				MIGRATE_POISONED : MIGRATE_COPIED;
	}
}

static const struct migrate_ops mo_auto_ops = {
	.name = "auto",
	.by_name_only = true,
	.choose = mo_auto_choose,
	.done = mo_auto_done,
	.copy = mo_auto_copy,
};

static int __init mo_auto_init(void)
{
	int err = migrate_offload_register(&mo_auto_ops);

	if (err)
		return err;
	guard(mutex)(&mo_lock);
	mo_auto = mo_find(mo_auto_ops.name);
	return 0;
}

/* After the directory, and before migrators that are built in. */
fs_initcall(mo_auto_init);
