// SPDX-License-Identifier: GPL-2.0
/*
 * "auto": the migrator that was measured to be the fastest, or none.
 *
 * Each migrator keeps what it has cost so far, by size of the folios and length of
 * the batch.  What today's path costs is measured by copying a batch now and then
 * the way it does, with the calling CPU alone.  Whoever is slower than that is not
 * used, but tried again after a while, the more seldom the more it costs.
 */
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/sysfs.h>

#include "internal.h"

/* What is tried for the sake of knowledge costs one part in so many, each. */
#define MO_AUTO_CURIOSITY	512
/* A migrator must be faster than today's path by one part in so many. */
#define MO_AUTO_MARGIN	16
/* Batches that it takes to know a speed, and after which that is given up. */
#define MO_AUTO_SAMPLES	3
#define MO_AUTO_TRIES	16
/* Weight of the past in an average, where the present is slower. */
#define MO_COST_WEIGHT	8
/* A batch that was not copied as a whole counts as so many times slower. */
#define MO_COST_FAILED	4
/* Less says little about the speed of more. */
#define MO_COST_MIN_BYTES	((unsigned long)SZ_256K)

/* NULL if there was no memory for it, and then "auto" is an unknown name. */
struct mo_migrator *mo_auto;

/**
 * mo_class_of - which measurements concern this batch?
 * @extent: What is on the list.
 * @longer: The batch is longer than without offload.
 */
unsigned int mo_class_of(const struct mo_extent *extent, bool longer)
{
	unsigned long mean = extent->bytes / max(extent->nr_folios, 1U);
	unsigned int size = mean < SZ_64K ? 0 :
			    mean < MO_DEFAULT_BATCH_BYTES ? 1 : 2;

	/* A hugetlb folio can be as long. */
	longer |= extent->bytes > 2 * MO_DEFAULT_BATCH_BYTES;
	return 2 * size + longer;
}

/**
 * mo_cost_learn - take a measurement into account
 * @cost: The average so far, in ns for each MB; 0 without any.
 * @bytes: What was copied, or should have been.
 * @ns: How long that took.
 * @whole: All of it was copied.
 *
 * Whoever has the CPU meanwhile makes a batch slower, never faster.  So what is
 * faster is believed at once by half, and what is slower by an eighth, and of no
 * more than four times the average.  Who did not copy all of it may have been quick
 * to give up, so that makes nobody faster.  Lost updates are as good as any others,
 * so there is no lock.
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
void mo_speed_learn(struct mo_speed *speed, u64 bytes, u64 ns,
		    bool whole)
{
	u32 nr = READ_ONCE(speed->nr_samples), old = READ_ONCE(speed->cost);
	u32 last = mo_cost_learn(&speed->cost, bytes, ns, whole);

	if (!last)
		return;
	WRITE_ONCE(speed->last, last);
	if (nr >= MO_AUTO_SAMPLES || !whole)
		return;
	WRITE_ONCE(speed->cost, old ? min(old, last) : last);
	WRITE_ONCE(speed->nr_samples, nr + 1);
}

static bool mo_speed_known(const struct mo_speed *speed)
{
	return READ_ONCE(speed->nr_samples) >= MO_AUTO_SAMPLES;
}

/* Today's path is as fast in short batches as it would be in long ones. */
static struct mo_speed *mo_auto_reference(unsigned int class)
{
	return &mo_auto->speed[class & ~1U];
}

/*
 * May @bytes be spent on a trial?  What was copied since the last one has cost
 * @cost for each MB.
 */
static bool mo_auto_due(const struct mo_speed *speed, u32 cost,
			u64 bytes)
{
	u32 trial = max3(READ_ONCE(speed->cost), READ_ONCE(speed->last), cost);

	if (!mo_speed_known(speed) &&
	    READ_ONCE(speed->nr_tries) < MO_AUTO_TRIES)
		return true;
	return mul_u64_u64_div_u64(READ_ONCE(speed->rested), cost,
				   max(trial, 1U)) >=
	       MO_AUTO_CURIOSITY * bytes;
}

/*
 * Others ask the gate while this task unmaps a long batch for its trial, and must
 * not begin the same.  A task that never comes to copy loses the claim to one that
 * comes when twice the time is over.
 */
static bool mo_auto_claim(struct mo_speed *speed, u32 cost, u64 bytes)
{
	struct task_struct *old = READ_ONCE(speed->trier);

	if (old && old != current && !mo_auto_due(speed, cost, 2 * bytes))
		return false;
	return cmpxchg(&speed->trier, old, current) == old;
}

static bool mo_auto_may(struct mo_migrator *m,
			enum migrate_reason reason)
{
	/* Pairs with the release in mo_policy_adopt(): it is active. */
	return smp_load_acquire(&m->by_auto) && mo_allowed(m, reason);
}

/* The fastest that is known; of those that are ready, unless one is a @must. */
static struct mo_migrator *
mo_auto_fastest(const struct mo_extent *extent,
		enum migrate_reason reason, bool longer, bool must)
{
	unsigned int class = mo_class_of(extent, longer);
	struct mo_migrator *m, *fastest = NULL;
	u32 cost, least = U32_MAX;

	list_for_each_entry_srcu(m, &mo_migrators, node,
				 srcu_read_lock_held(&mo_srcu)) {
		cost = READ_ONCE(m->speed[class].cost) ?: U32_MAX;
		if (cost > least || !mo_auto_may(m, reason))
			continue;
		if (!must && !(mo_speed_known(&m->speed[class]) &&
			       m->ops->ready(reason, extent->bytes, longer)))
			continue;
		least = cost;
		fastest = m;
	}
	return fastest;
}

/* One other than @m whose trial is due, where a batch costs @cost. */
static struct mo_migrator *
mo_auto_overdue(const struct mo_extent *extent,
		enum migrate_reason reason, bool longer, u32 cost,
		struct mo_migrator *other)
{
	u64 bytes = longer ? READ_ONCE(mo_max_batch_bytes) : extent->bytes;
	unsigned int class = mo_class_of(extent, longer);
	struct mo_migrator *m;

	list_for_each_entry_srcu(m, &mo_migrators, node,
				 srcu_read_lock_held(&mo_srcu))
		if (m != other && mo_auto_may(m, reason) &&
		    mo_auto_due(&m->speed[class], cost, bytes) &&
		    m->ops->ready(reason, extent->bytes, longer) &&
		    (!longer || mo_auto_claim(&m->speed[class], cost, bytes)))
			return m;
	return NULL;
}

static bool mo_auto_any_ready(const struct mo_extent *extent,
			      enum migrate_reason reason, bool longer)
{
	struct mo_migrator *m;

	list_for_each_entry_srcu(m, &mo_migrators, node,
				 srcu_read_lock_held(&mo_srcu))
		if (mo_auto_may(m, reason) &&
		    m->ops->ready(reason, extent->bytes, longer))
			return true;
	return false;
}

/**
 * mo_auto_pick - who should copy this batch?
 * @extent: What is to be copied, at least the bytes that are offloaded at all.
 * @reason: Why it is migrated.
 * @longer: The batch is, or would be, longer than without offload.
 * @outcome: Set to the cause.
 *
 * To be called inside mo_srcu.  Claims the trial of a longer batch for the
 * current task, and changes nothing else: a batch may be asked about twice.
 *
 * Return: a migrator; "auto" itself to measure today's path, for a batch that is
 * not @longer; or NULL for today's path.
 */
struct mo_migrator *mo_auto_pick(const struct mo_extent *extent,
				 enum migrate_reason reason,
				 bool longer, enum mo_outcome *outcome)
{
	unsigned int class = mo_class_of(extent, longer);
	const struct mo_speed *reference = mo_auto_reference(class);
	u32 today = READ_ONCE(reference->cost);
	struct mo_migrator *m, *trial;

	*outcome = MO_NOT_READY;
	m = mo_auto_fastest(extent, reason, longer, false);
	if (!m && !mo_auto_any_ready(extent, reason, longer))
		return NULL;

	*outcome = MO_TRIAL;
	if (mo_auto_due(reference, today,
			longer ? MO_DEFAULT_BATCH_BYTES :
			max(extent->bytes, MO_DEFAULT_BATCH_BYTES)))
		return longer ? NULL : mo_auto;

	if (m && (u64)READ_ONCE(m->speed[class].cost) *
		 (MO_AUTO_MARGIN + 1) < (u64)today * MO_AUTO_MARGIN)
		today = READ_ONCE(m->speed[class].cost);
	else
		m = NULL;

	trial = mo_auto_overdue(extent, reason, longer, today, m);
	if (trial)
		return trial;
	*outcome = m ? MO_CHOSEN : MO_SLOWER;
	return m;
}

static void mo_speed_rest(struct mo_speed *speed, u64 bytes,
			  bool chosen)
{
	WRITE_ONCE(speed->rested, chosen ? 0 : READ_ONCE(speed->rested) + bytes);
	if (chosen && READ_ONCE(speed->nr_tries) < MO_AUTO_TRIES)
		WRITE_ONCE(speed->nr_tries, READ_ONCE(speed->nr_tries) + 1);
}

/*
 * What was not tried this time comes nearer to its next trial.  Also in the other
 * length: a batch does not get long any more where that was measured to be slow.
 */
static void mo_auto_rest(const struct mo_migrator *chosen,
			 unsigned int class, u64 bytes)
{
	struct mo_migrator *m;

	list_for_each_entry_srcu(m, &mo_migrators, node,
				 srcu_read_lock_held(&mo_srcu)) {
		mo_speed_rest(&m->speed[class], bytes, m == chosen);
		mo_speed_rest(&m->speed[class ^ 1], bytes, false);
	}
	mo_speed_rest(mo_auto_reference(class), bytes,
		      chosen == mo_auto);
}

/* The migrator whose trial this task has claimed at the gate. */
static struct mo_migrator *mo_auto_claimed(unsigned int class,
					   enum migrate_reason reason)
{
	struct mo_migrator *m;

	list_for_each_entry_srcu(m, &mo_migrators, node,
				 srcu_read_lock_held(&mo_srcu))
		if (cmpxchg(&m->speed[class].trier, current, NULL) == current &&
		    mo_auto_may(m, reason))
			return m;
	return NULL;
}

/* For a batch that is too long to be left to one CPU, if that can be helped. */
static struct mo_migrator *
mo_auto_choose_longer(const struct mo_extent *extent,
		      enum migrate_reason reason, enum mo_outcome *outcome)
{
	unsigned int class = mo_class_of(extent, true);
	struct mo_migrator *m = mo_auto_claimed(class, reason);

	*outcome = MO_TRIAL;
	if (m)
		return m;
	*outcome = MO_CHOSEN;
	m = mo_auto_fastest(extent, reason, true, false);
	if (!m)
		m = mo_auto_fastest(extent, reason, true, true);
	if (!m)
		*outcome = MO_NOT_READY;
	return m;
}

/**
 * mo_auto_choose - decide who copies a batch that is unmapped
 * @extent: What is to be copied.
 * @reason: Why it is migrated.
 * @longer: The batch is longer than without offload.
 * @outcome: Set to the cause.
 *
 * To be called inside mo_srcu, once for each batch.
 *
 * Return: as mo_auto_pick(); but a batch that is @longer is not left to
 * today's path because nobody is ready any more, as long as there is somebody.
 */
struct mo_migrator *mo_auto_choose(const struct mo_extent *extent,
				   enum migrate_reason reason,
				   bool longer, enum mo_outcome *outcome)
{
	struct mo_migrator *m = NULL;

	*outcome = MO_TOO_SHORT;
	if (longer)
		m = mo_auto_choose_longer(extent, reason, outcome);
	else if (extent->bytes >= max(READ_ONCE(mo_min_batch_bytes),
				      MO_COST_MIN_BYTES))
		m = mo_auto_pick(extent, reason, false, outcome);
	if (!m && *outcome != MO_SLOWER)
		return NULL;
	if (m && m != mo_auto)
		mo_stat_add(m, reason, *outcome == MO_TRIAL ?
			    MO_STAT_AUTO_TRIAL : MO_STAT_AUTO_FASTEST, 1);
	mo_auto_rest(m, mo_class_of(extent, longer), extent->bytes);
	return m;
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

/* Takes all that can be taken; the others are no choice. */
static int mo_auto_activate(void)
{
	struct mo_migrator *m;

	list_for_each_entry(m, &mo_migrators, node)
		mo_policy_adopt(m);
	return 0;
}

static void mo_auto_deactivate(void)
{
	struct mo_migrator *m;

	list_for_each_entry(m, &mo_migrators, node)
		mo_policy_release(m);
}

static const struct migrate_ops mo_auto_ops = {
	.name = "auto",
	.by_name_only = true,
	.activate = mo_auto_activate,
	.deactivate = mo_auto_deactivate,
	.copy = mo_auto_copy,
};

static int __init mo_auto_init(void)
{
	struct mo_migrator *m = mo_migrator_create(&mo_auto_ops);

	if (IS_ERR(m))
		return PTR_ERR(m);
	mo_auto = m;
	return 0;
}

/* After the directory, and before migrators that are built in. */
fs_initcall(mo_auto_init);
