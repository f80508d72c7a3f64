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
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/sysfs.h>

#include "migrate_offload_internal.h"

/* What is tried for the sake of knowledge costs one part in so many. */
#define MIGRATE_AUTO_CURIOSITY	128
/* A migrator must be faster than today's path by one part in so many. */
#define MIGRATE_AUTO_MARGIN	16
/* Weight of the past in an average. */
#define MIGRATE_COST_WEIGHT	8
/* A batch that was not copied as a whole counts as so many times slower. */
#define MIGRATE_COST_FAILED	4

/* NULL if there was no memory for it, and then "auto" is an unknown name. */
struct migrate_migrator *migrate_auto;

/* Batches that "auto" left to today's path, and why. */
struct migrate_auto_counts {
	u64 nr[NR_MIGRATE_AUTO_WHYS];
};

static DEFINE_PER_CPU(struct migrate_auto_counts, migrate_auto_counts);

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

	return 2 * size + longer;
}

/**
 * migrate_cost_learn - take a measurement into account
 * @cost: The average so far, in ns for each MB; 0 without any.
 * @bytes: What was copied, or should have been.
 * @ns: How long that took.
 * @whole: All of it was copied.
 *
 * Lost updates are as good as any others, so there is no lock.
 */
void migrate_cost_learn(u32 *cost, u64 bytes, u64 ns, bool whole)
{
	u64 old = READ_ONCE(*cost), new;

	/* The rest of a batch says little about the whole. */
	if (bytes < SZ_256K)
		return;
	new = div64_u64(ns << 20, bytes) * (whole ? 1 : MIGRATE_COST_FAILED);
	/* Somebody else had the CPU meanwhile: do not believe all of it. */
	if (old)
		new = (old * (MIGRATE_COST_WEIGHT - 1) +
		       min(new, MIGRATE_COST_FAILED * old)) / MIGRATE_COST_WEIGHT;
	WRITE_ONCE(*cost, clamp_t(u64, new, 1, U32_MAX));
}

/* Today's path is as fast in short batches as it would be in long ones. */
static const struct migrate_speed *migrate_auto_reference(unsigned int class)
{
	return &migrate_auto->speed[class & ~1U];
}

/* Has @speed rested long enough, compared with what @cost is known for? */
static bool migrate_auto_due(const struct migrate_speed *speed, u32 cost)
{
	return (u64)READ_ONCE(speed->nr_rests) * cost >=
	       (u64)MIGRATE_AUTO_CURIOSITY * READ_ONCE(speed->cost);
}

/* The fastest of those that are ready; @unknown: one that was never measured. */
static struct migrate_migrator *
migrate_auto_fastest(const struct migrate_extent *extent,
		     enum migrate_reason reason, bool longer, bool must,
		     struct migrate_migrator **unknown)
{
	unsigned int class = migrate_class_of(extent, longer);
	struct migrate_migrator *m, *fastest = NULL;
	u32 cost, least = U32_MAX;

	*unknown = NULL;
	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu)) {
		if (!READ_ONCE(m->by_auto))
			continue;
		if (!must && !m->ops->ready(reason, extent->bytes, longer))
			continue;
		cost = READ_ONCE(m->speed[class].cost);
		if (!cost) {
			*unknown = m;
		} else if (cost <= least) {
			least = cost;
			fastest = m;
		}
	}
	return fastest;
}

/* One that is slower than @cost, but has not been tried for long. */
static struct migrate_migrator *
migrate_auto_overdue(const struct migrate_extent *extent,
		     enum migrate_reason reason, bool longer, u32 cost)
{
	unsigned int class = migrate_class_of(extent, longer);
	struct migrate_migrator *m;

	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu))
		if (READ_ONCE(m->by_auto) &&
		    READ_ONCE(m->speed[class].cost) > cost &&
		    migrate_auto_due(&m->speed[class], cost) &&
		    m->ops->ready(reason, extent->bytes, longer))
			return m;
	return NULL;
}

/**
 * migrate_auto_pick - who should copy this batch?
 * @extent: What is to be copied, at least the bytes that are offloaded at all.
 * @reason: Why it is migrated.
 * @longer: The batch is, or would be, longer than without offload.
 * @why: Set to the cause.
 *
 * To be called inside migrate_srcu.  Changes nothing: a batch may be asked about
 * twice.
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
	u32 today = READ_ONCE(reference->cost), cost;
	struct migrate_migrator *m, *unknown;

	m = migrate_auto_fastest(extent, reason, longer, false, &unknown);
	*why = MIGRATE_AUTO_NOT_READY;
	if (!m && !unknown)
		return NULL;

	*why = MIGRATE_AUTO_TRIAL;
	if (!today || migrate_auto_due(reference, today))
		return longer ? NULL : migrate_auto;
	if (unknown)
		return unknown;

	cost = READ_ONCE(m->speed[class].cost);
	*why = MIGRATE_AUTO_FASTEST;
	if (cost + cost / MIGRATE_AUTO_MARGIN < today)
		today = cost;
	else
		*why = MIGRATE_AUTO_KERNEL_FASTER;

	unknown = migrate_auto_overdue(extent, reason, longer, today);
	if (unknown) {
		*why = MIGRATE_AUTO_TRIAL;
		return unknown;
	}
	return *why == MIGRATE_AUTO_FASTEST ? m : NULL;
}

static void migrate_speed_rest(struct migrate_speed *speed, bool chosen)
{
	WRITE_ONCE(speed->nr_rests,
		   chosen ? 0 : READ_ONCE(speed->nr_rests) + 1);
}

/*
 * What was not tried this time comes nearer to its next trial.  Also in the other
 * length: a batch does not get long any more where that was measured to be slow.
 */
static void migrate_auto_rest(const struct migrate_migrator *chosen,
			      unsigned int class)
{
	struct migrate_migrator *m;

	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu)) {
		migrate_speed_rest(&m->speed[class], m == chosen);
		migrate_speed_rest(&m->speed[class ^ 1], false);
	}
	migrate_speed_rest(&migrate_auto->speed[class & ~1U],
			   chosen == migrate_auto);
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
	struct migrate_migrator *m = NULL, *unknown;

	if (longer || extent->bytes >= READ_ONCE(migrate_min_batch_bytes))
		m = migrate_auto_pick(extent, reason, longer, &why);
	if (!m && longer) {
		m = migrate_auto_fastest(extent, reason, longer, true, &unknown);
		m = m ?: unknown;
	}
	if (!m) {
		this_cpu_inc(migrate_auto_counts.nr[why]);
		if (why != MIGRATE_AUTO_KERNEL_FASTER)
			return NULL;
	} else if (m != migrate_auto) {
		this_cpu_inc(m->stats->nr[reason][why == MIGRATE_AUTO_TRIAL ?
						  MIGRATE_STAT_AUTO_TRIAL :
						  MIGRATE_STAT_AUTO_FASTEST]);
	}
	migrate_auto_rest(m, migrate_class_of(extent, longer));
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
