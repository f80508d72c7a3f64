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

#include "migrate_offload_internal.h"

/* What is tried for the sake of knowledge costs one part in so many, each. */
#define MIGRATE_AUTO_CURIOSITY	512
/* A migrator must be faster than today's path by one part in so many. */
#define MIGRATE_AUTO_MARGIN	16
/* Batches that it takes to know a speed, and after which that is given up. */
#define MIGRATE_AUTO_SAMPLES	3
#define MIGRATE_AUTO_TRIES	16
/* Weight of the past in an average, where the present is slower. */
#define MIGRATE_COST_WEIGHT	8
/* A batch that was not copied as a whole counts as so many times slower. */
#define MIGRATE_COST_FAILED	4
/* Less says little about the speed of more. */
#define MIGRATE_COST_MIN_BYTES	((unsigned long)SZ_256K)

/* NULL if there was no memory for it, and then "auto" is an unknown name. */
struct migrate_migrator *migrate_auto;

/* Batches that "auto" left to today's path, and why. */
struct migrate_auto_counts {
	u64 nr[NR_MIGRATE_AUTO_WHYS];
};

static DEFINE_PER_CPU(struct migrate_auto_counts, migrate_auto_counts);

/* "auto" left a batch to today's path. */
void migrate_auto_declined(enum migrate_auto_why why)
{
	this_cpu_inc(migrate_auto_counts.nr[why]);
}

/**
 * migrate_class_of - which measurements concern this batch?
 * @extent: What is on the list.
 * @longer: The batch is longer than without offload.
 */
unsigned int migrate_class_of(const struct migrate_extent *extent, bool longer)
{
	unsigned long mean = extent->bytes / max(extent->nr_folios, 1U);
	unsigned int size = mean < SZ_64K ? 0 :
			    mean < MIGRATE_DEFAULT_BATCH_BYTES ? 1 : 2;

	/* A hugetlb folio can be as long. */
	longer |= extent->bytes > 2 * MIGRATE_DEFAULT_BATCH_BYTES;
	return 2 * size + longer;
}

/**
 * migrate_cost_learn - take a measurement into account
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
u32 migrate_cost_learn(u32 *cost, u64 bytes, u64 ns, bool whole)
{
	u64 old = READ_ONCE(*cost), new, mean;

	if (bytes < MIGRATE_COST_MIN_BYTES)
		return 0;
	new = div64_u64(ns << 20, bytes) * (whole ? 1 : MIGRATE_COST_FAILED);
	new = clamp_t(u64, new, 1, U32_MAX);
	if (!whole && (!old || new <= old))
		return 0;
	mean = new;
	if (old && new < old)
		mean = (old + new) / 2;
	else if (old)
		mean = (old * (MIGRATE_COST_WEIGHT - 1) +
			min(new, MIGRATE_COST_FAILED * old)) / MIGRATE_COST_WEIGHT;
	WRITE_ONCE(*cost, clamp_t(u64, mean, 1, U32_MAX));
	return new;
}

/* A batch was copied.  The first ones are warm-up: the fastest of them counts. */
void migrate_speed_learn(struct migrate_speed *speed, u64 bytes, u64 ns,
			 bool whole)
{
	u32 nr = READ_ONCE(speed->nr_samples), old = READ_ONCE(speed->cost);
	u32 last = migrate_cost_learn(&speed->cost, bytes, ns, whole);

	if (!last)
		return;
	WRITE_ONCE(speed->last, last);
	if (nr >= MIGRATE_AUTO_SAMPLES || !whole)
		return;
	WRITE_ONCE(speed->cost, old ? min(old, last) : last);
	WRITE_ONCE(speed->nr_samples, nr + 1);
}

static bool migrate_speed_known(const struct migrate_speed *speed)
{
	return READ_ONCE(speed->nr_samples) >= MIGRATE_AUTO_SAMPLES;
}

/* Today's path is as fast in short batches as it would be in long ones. */
static struct migrate_speed *migrate_auto_reference(unsigned int class)
{
	return &migrate_auto->speed[class & ~1U];
}

/*
 * May @bytes be spent on a trial?  What was copied since the last one has cost
 * @cost for each MB.
 */
static bool migrate_auto_due(const struct migrate_speed *speed, u32 cost,
			     u64 bytes)
{
	u32 trial = max3(READ_ONCE(speed->cost), READ_ONCE(speed->last), cost);

	if (!migrate_speed_known(speed) &&
	    READ_ONCE(speed->nr_tries) < MIGRATE_AUTO_TRIES)
		return true;
	return mul_u64_u64_div_u64(READ_ONCE(speed->rested), cost,
				   max(trial, 1U)) >=
	       MIGRATE_AUTO_CURIOSITY * bytes;
}

/*
 * Others ask the gate while this task unmaps a long batch for its trial, and must
 * not begin the same.  A task that never comes to copy loses the claim to one that
 * comes when twice the time is over.
 */
static bool migrate_auto_claim(struct migrate_speed *speed, u32 cost, u64 bytes)
{
	struct task_struct *old = READ_ONCE(speed->trier);

	if (old && old != current && !migrate_auto_due(speed, cost, 2 * bytes))
		return false;
	return cmpxchg(&speed->trier, old, current) == old;
}

static bool migrate_auto_may(struct migrate_migrator *m,
			     enum migrate_reason reason)
{
	/* Pairs with the release in migrate_policy_adopt(): it is active. */
	return smp_load_acquire(&m->by_auto) && migrate_allowed(m, reason);
}

/* The fastest that is known; of those that are ready, unless one is a @must. */
static struct migrate_migrator *
migrate_auto_fastest(const struct migrate_extent *extent,
		     enum migrate_reason reason, bool longer, bool must)
{
	unsigned int class = migrate_class_of(extent, longer);
	struct migrate_migrator *m, *fastest = NULL;
	u32 cost, least = U32_MAX;

	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu)) {
		cost = READ_ONCE(m->speed[class].cost) ?: U32_MAX;
		if (cost > least || !migrate_auto_may(m, reason))
			continue;
		if (!must && !(migrate_speed_known(&m->speed[class]) &&
			       m->ops->ready(reason, extent->bytes, longer)))
			continue;
		least = cost;
		fastest = m;
	}
	return fastest;
}

/* One other than @m whose trial is due, where a batch costs @cost. */
static struct migrate_migrator *
migrate_auto_overdue(const struct migrate_extent *extent,
		     enum migrate_reason reason, bool longer, u32 cost,
		     struct migrate_migrator *other)
{
	u64 bytes = longer ? READ_ONCE(migrate_max_batch_bytes) : extent->bytes;
	unsigned int class = migrate_class_of(extent, longer);
	struct migrate_migrator *m;

	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu))
		if (m != other && migrate_auto_may(m, reason) &&
		    migrate_auto_due(&m->speed[class], cost, bytes) &&
		    m->ops->ready(reason, extent->bytes, longer) &&
		    (!longer || migrate_auto_claim(&m->speed[class], cost, bytes)))
			return m;
	return NULL;
}

static bool migrate_auto_any_ready(const struct migrate_extent *extent,
				   enum migrate_reason reason, bool longer)
{
	struct migrate_migrator *m;

	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu))
		if (migrate_auto_may(m, reason) &&
		    m->ops->ready(reason, extent->bytes, longer))
			return true;
	return false;
}

/**
 * migrate_auto_pick - who should copy this batch?
 * @extent: What is to be copied, at least the bytes that are offloaded at all.
 * @reason: Why it is migrated.
 * @longer: The batch is, or would be, longer than without offload.
 * @why: Set to the cause.
 *
 * To be called inside migrate_srcu.  Claims the trial of a longer batch for the
 * current task, and changes nothing else: a batch may be asked about twice.
 *
 * Return: a migrator; "auto" itself to measure today's path, for a batch that is
 * not @longer; or NULL for today's path.
 */
struct migrate_migrator *migrate_auto_pick(const struct migrate_extent *extent,
					   enum migrate_reason reason,
					   bool longer, enum migrate_auto_why *why)
{
	unsigned int class = migrate_class_of(extent, longer);
	const struct migrate_speed *reference = migrate_auto_reference(class);
	u32 today = READ_ONCE(reference->cost);
	struct migrate_migrator *m, *trial;

	*why = MIGRATE_AUTO_NOT_READY;
	m = migrate_auto_fastest(extent, reason, longer, false);
	if (!m && !migrate_auto_any_ready(extent, reason, longer))
		return NULL;

	*why = MIGRATE_AUTO_TRIAL;
	if (migrate_auto_due(reference, today,
			     longer ? MIGRATE_DEFAULT_BATCH_BYTES :
			     max(extent->bytes, MIGRATE_DEFAULT_BATCH_BYTES)))
		return longer ? NULL : migrate_auto;

	if (m && (u64)READ_ONCE(m->speed[class].cost) *
		 (MIGRATE_AUTO_MARGIN + 1) < (u64)today * MIGRATE_AUTO_MARGIN)
		today = READ_ONCE(m->speed[class].cost);
	else
		m = NULL;

	trial = migrate_auto_overdue(extent, reason, longer, today, m);
	if (trial)
		return trial;
	*why = m ? MIGRATE_AUTO_FASTEST : MIGRATE_AUTO_KERNEL_FASTER;
	return m;
}

static void migrate_speed_rest(struct migrate_speed *speed, u64 bytes,
			       bool chosen)
{
	WRITE_ONCE(speed->rested, chosen ? 0 : READ_ONCE(speed->rested) + bytes);
	if (chosen && READ_ONCE(speed->nr_tries) < MIGRATE_AUTO_TRIES)
		WRITE_ONCE(speed->nr_tries, READ_ONCE(speed->nr_tries) + 1);
}

/*
 * What was not tried this time comes nearer to its next trial.  Also in the other
 * length: a batch does not get long any more where that was measured to be slow.
 */
static void migrate_auto_rest(const struct migrate_migrator *chosen,
			      unsigned int class, u64 bytes)
{
	struct migrate_migrator *m;

	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu)) {
		migrate_speed_rest(&m->speed[class], bytes, m == chosen);
		migrate_speed_rest(&m->speed[class ^ 1], bytes, false);
	}
	migrate_speed_rest(migrate_auto_reference(class), bytes,
			   chosen == migrate_auto);
}

/* The migrator whose trial this task has claimed at the gate. */
static struct migrate_migrator *migrate_auto_claimed(unsigned int class,
						     enum migrate_reason reason)
{
	struct migrate_migrator *m;

	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu))
		if (cmpxchg(&m->speed[class].trier, current, NULL) == current &&
		    migrate_auto_may(m, reason))
			return m;
	return NULL;
}

/* For a batch that is too long to be left to one CPU, if that can be helped. */
static struct migrate_migrator *
migrate_auto_choose_longer(const struct migrate_extent *extent,
			   enum migrate_reason reason, enum migrate_auto_why *why)
{
	unsigned int class = migrate_class_of(extent, true);
	struct migrate_migrator *m = migrate_auto_claimed(class, reason);

	*why = MIGRATE_AUTO_TRIAL;
	if (m)
		return m;
	*why = MIGRATE_AUTO_FASTEST;
	m = migrate_auto_fastest(extent, reason, true, false);
	if (!m)
		m = migrate_auto_fastest(extent, reason, true, true);
	if (!m)
		*why = MIGRATE_AUTO_NOT_READY;
	return m;
}

/**
 * migrate_auto_choose - decide who copies a batch that is unmapped
 * @extent: What is to be copied.
 * @reason: Why it is migrated.
 * @longer: The batch is longer than without offload.
 *
 * To be called inside migrate_srcu, once for each batch.
 *
 * Return: as migrate_auto_pick(); but a batch that is @longer is not left to
 * today's path because nobody is ready any more, as long as there is somebody.
 */
struct migrate_migrator *migrate_auto_choose(const struct migrate_extent *extent,
					     enum migrate_reason reason,
					     bool longer)
{
	enum migrate_auto_why why = MIGRATE_AUTO_TOO_SHORT;
	struct migrate_migrator *m = NULL;

	if (longer)
		m = migrate_auto_choose_longer(extent, reason, &why);
	else if (extent->bytes >= max(READ_ONCE(migrate_min_batch_bytes),
				      MIGRATE_COST_MIN_BYTES))
		m = migrate_auto_pick(extent, reason, false, &why);
	if (!m) {
		migrate_auto_declined(why);
		if (why != MIGRATE_AUTO_KERNEL_FASTER)
			return NULL;
	} else if (m != migrate_auto) {
		this_cpu_inc(m->stats->nr[reason][why == MIGRATE_AUTO_TRIAL ?
						  MIGRATE_STAT_AUTO_TRIAL :
						  MIGRATE_STAT_AUTO_FASTEST]);
	}
	migrate_auto_rest(m, migrate_class_of(extent, longer), extent->bytes);
	return m;
}

/* As the move does it: folio by folio, by the calling CPU. */
static void migrate_auto_copy(struct migrate_batch *batch)
{
	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		pair->verdict = folio_mc_copy(pair->dst, pair->src) ?
				MIGRATE_POISONED : MIGRATE_COPIED;
	}
}

/* Takes all that can be taken; the others are no choice. */
static int migrate_auto_activate(void)
{
	struct migrate_migrator *m;

	list_for_each_entry(m, &migrate_migrators, node)
		migrate_policy_adopt(m);
	return 0;
}

static void migrate_auto_deactivate(void)
{
	struct migrate_migrator *m;

	list_for_each_entry(m, &migrate_migrators, node)
		migrate_policy_release(m);
}

static u64 migrate_auto_count(enum migrate_auto_why why)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(migrate_auto_counts, cpu).nr[why];
	return sum;
}

#define MIGRATE_AUTO_ATTR(_name, _why)					\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n", migrate_auto_count(_why));	\
}									\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

MIGRATE_AUTO_ATTR(too_short, MIGRATE_AUTO_TOO_SHORT);
MIGRATE_AUTO_ATTR(not_ready, MIGRATE_AUTO_NOT_READY);
MIGRATE_AUTO_ATTR(kernel_faster, MIGRATE_AUTO_KERNEL_FASTER);

static struct attribute *migrate_auto_attrs[] = {
	&too_short_attr.attr,
	&not_ready_attr.attr,
	&kernel_faster_attr.attr,
	NULL
};

static const struct attribute_group migrate_auto_attr_group = {
	.attrs = migrate_auto_attrs,
};

static const struct migrate_ops migrate_auto_ops = {
	.name = "auto",
	.attrs = &migrate_auto_attr_group,
	.by_name_only = true,
	.activate = migrate_auto_activate,
	.deactivate = migrate_auto_deactivate,
	.copy = migrate_auto_copy,
};

static int __init migrate_auto_init(void)
{
	struct migrate_migrator *m = migrate_migrator_create(&migrate_auto_ops);

	if (IS_ERR(m))
		return PTR_ERR(m);
	migrate_auto = m;
	return 0;
}

/* After the directory, and before migrators that are built in. */
fs_initcall(migrate_auto_init);
