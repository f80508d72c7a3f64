// SPDX-License-Identifier: GPL-2.0
/*
 * What migrators have done: /sys/kernel/mm/migration/<migrator>, see
 * Documentation/ABI/testing/sysfs-kernel-mm-migration.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "migrate_offload_internal.h"

u64 migrate_stat_read_reason(const struct migrate_migrator *m,
			     enum migrate_reason reason, enum migrate_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(m->stats, cpu)->nr[reason][stat];
	return sum;
}

u64 migrate_stat_read(const struct migrate_migrator *m, enum migrate_stat stat)
{
	u64 sum = 0;

	for (int reason = 0; reason < MR_TYPES; reason++)
		sum += migrate_stat_read_reason(m, reason, stat);
	return sum;
}

struct migrate_stat_attr {
	struct kobj_attribute attr;
	enum migrate_reason reason;
	enum migrate_stat stat;
};

static ssize_t migrate_stat_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	struct migrate_migrator *m = container_of(kobj, struct migrate_migrator,
						  kobj);
	struct migrate_stat_attr *stat_attr =
		container_of(attr, struct migrate_stat_attr, attr);

	return sysfs_emit(buf, "%llu\n",
			  migrate_stat_read(m, stat_attr->stat));
}

static ssize_t migrate_reason_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	/* In the directory "reasons" of the migrator's. */
	struct migrate_migrator *m = container_of(kobj->parent,
						  struct migrate_migrator, kobj);
	struct migrate_stat_attr *stat_attr =
		container_of(attr, struct migrate_stat_attr, attr);

	return sysfs_emit(buf, "%llu\n",
			  migrate_stat_read_reason(m, stat_attr->reason,
						   stat_attr->stat));
}

#define MIGRATE_STAT_ATTR(_name, _stat)					\
	static struct migrate_stat_attr migrate_stat_##_name = {	\
		.attr = __ATTR(_name, 0444, migrate_stat_show, NULL),	\
		.stat = _stat,						\
	}

MIGRATE_STAT_ATTR(batches, MIGRATE_STAT_BATCHES);
MIGRATE_STAT_ATTR(folios, MIGRATE_STAT_FOLIOS);
MIGRATE_STAT_ATTR(bytes, MIGRATE_STAT_BYTES);
MIGRATE_STAT_ATTR(ns, MIGRATE_STAT_NS);
MIGRATE_STAT_ATTR(cpu_ns, MIGRATE_STAT_CPU_NS);
MIGRATE_STAT_ATTR(helpers, MIGRATE_STAT_HELPERS);
MIGRATE_STAT_ATTR(not_copied, MIGRATE_STAT_NOT_COPIED);
MIGRATE_STAT_ATTR(poisoned, MIGRATE_STAT_POISONED);
MIGRATE_STAT_ATTR(lost, MIGRATE_STAT_LOST);
MIGRATE_STAT_ATTR(declined, MIGRATE_STAT_DECLINED);
MIGRATE_STAT_ATTR(auto_fastest, MIGRATE_STAT_AUTO_FASTEST);
MIGRATE_STAT_ATTR(auto_trial, MIGRATE_STAT_AUTO_TRIAL);

static struct attribute *migrate_stat_attrs[] = {
	&migrate_stat_batches.attr.attr,
	&migrate_stat_folios.attr.attr,
	&migrate_stat_bytes.attr.attr,
	&migrate_stat_ns.attr.attr,
	&migrate_stat_cpu_ns.attr.attr,
	&migrate_stat_helpers.attr.attr,
	&migrate_stat_not_copied.attr.attr,
	&migrate_stat_poisoned.attr.attr,
	&migrate_stat_lost.attr.attr,
	&migrate_stat_declined.attr.attr,
	&migrate_stat_auto_fastest.attr.attr,
	&migrate_stat_auto_trial.attr.attr,
	NULL
};

static const struct attribute_group migrate_stat_group = {
	.name = "stats",
	.attrs = migrate_stat_attrs,
};

struct migrate_speed_attr {
	struct kobj_attribute attr;
	unsigned int class;
};

/* In MB/s, 10^6 bytes each. */
static ssize_t migrate_speed_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	struct migrate_migrator *m = container_of(kobj, struct migrate_migrator,
						  kobj);
	unsigned int class = container_of(attr, struct migrate_speed_attr,
					  attr)->class;
	u32 cost = READ_ONCE(m->speed[class].cost);

	return sysfs_emit(buf, "%llu\n",
			  cost ? div_u64(1000ULL << 20, cost) : 0);
}

#define MIGRATE_SPEED_ATTR(_name, _class)				\
	static struct migrate_speed_attr migrate_speed_##_name = {	\
		.attr = __ATTR(_name, 0444, migrate_speed_show, NULL),	\
		.class = _class,					\
	}

/* As migrate_class_of() numbers them. */
MIGRATE_SPEED_ATTR(small_short, 0);
MIGRATE_SPEED_ATTR(small_long, 1);
MIGRATE_SPEED_ATTR(medium_short, 2);
MIGRATE_SPEED_ATTR(medium_long, 3);
MIGRATE_SPEED_ATTR(huge_short, 4);
MIGRATE_SPEED_ATTR(huge_long, 5);

static struct attribute *migrate_speed_attrs[NR_MIGRATE_CLASSES + 1] = {
	&migrate_speed_small_short.attr.attr,
	&migrate_speed_small_long.attr.attr,
	&migrate_speed_medium_short.attr.attr,
	&migrate_speed_medium_long.attr.attr,
	&migrate_speed_huge_short.attr.attr,
	&migrate_speed_huge_long.attr.attr,
};

static const struct attribute_group migrate_speed_group = {
	.name = "speed",
	.attrs = migrate_speed_attrs,
};

static const struct attribute_group *migrate_stat_groups[] = {
	&migrate_stat_group,
	&migrate_speed_group,
	NULL
};

static const struct {
	const char *name;
	enum migrate_stat stat;
} migrate_reason_stats[] = {
	{ "batches", MIGRATE_STAT_BATCHES },
	{ "folios", MIGRATE_STAT_FOLIOS },
	{ "bytes", MIGRATE_STAT_BYTES },
	{ "ns", MIGRATE_STAT_NS },
	{ "cpu_ns", MIGRATE_STAT_CPU_NS },
	{ "declined", MIGRATE_STAT_DECLINED },
};

#define NR_MIGRATE_REASON_STATS	ARRAY_SIZE(migrate_reason_stats)

/* A directory for each reason, with the same files in all. */
static struct migrate_reason_group {
	struct migrate_stat_attr attrs[NR_MIGRATE_REASON_STATS];
	struct attribute *list[NR_MIGRATE_REASON_STATS + 1];
	struct attribute_group group;
} migrate_reason_groups[NR_MIGRATE_POLICIES];
static const struct attribute_group *migrate_reason_group_list[NR_MIGRATE_POLICIES + 1];

static void __init migrate_reason_group_init(struct migrate_reason_group *group,
					     const struct migrate_reason_name *reason)
{
	for (int i = 0; i < NR_MIGRATE_REASON_STATS; i++) {
		struct migrate_stat_attr *attr = &group->attrs[i];

		attr->attr.attr.name = migrate_reason_stats[i].name;
		attr->attr.attr.mode = 0444;
		attr->attr.show = migrate_reason_show;
		attr->reason = reason->reason;
		attr->stat = migrate_reason_stats[i].stat;
		group->list[i] = &attr->attr.attr;
	}
	group->group.name = reason->name;
	group->group.attrs = group->list;
}

static int __init migrate_offload_stats_init(void)
{
	for (int i = 0; i < NR_MIGRATE_POLICIES; i++) {
		migrate_reason_group_init(&migrate_reason_groups[i],
					  &migrate_policies[i]);
		migrate_reason_group_list[i] = &migrate_reason_groups[i].group;
	}
	return 0;
}
core_initcall(migrate_offload_stats_init);

static void migrate_migrator_release(struct kobject *kobj)
{
	struct migrate_migrator *m = container_of(kobj, struct migrate_migrator,
						  kobj);

	free_percpu(m->stats);
	kfree(m);
}

static const struct kobj_type migrate_migrator_ktype = {
	.release = migrate_migrator_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = migrate_stat_groups,
};

static int migrate_reasons_add(struct migrate_migrator *m)
{
	int err;

	m->reasons = kobject_create_and_add("reasons", &m->kobj);
	if (!m->reasons)
		return -ENOMEM;
	err = sysfs_create_groups(m->reasons, migrate_reason_group_list);
	if (err)
		kobject_put(m->reasons);
	return err;
}

/**
 * migrate_migrator_add - show a migrator in sysfs
 * @m: The migrator, allocated by kzalloc().
 *
 * Return: 0 or a negative errno; @m is freed on failure.
 */
int migrate_migrator_add(struct migrate_migrator *m)
{
	int err = -ENODEV;

	kobject_init(&m->kobj, &migrate_migrator_ktype);
	if (migrate_kobj)
		err = kobject_add(&m->kobj, migrate_kobj, "%s", m->ops->name);
	if (!err && m->ops->attrs)
		err = sysfs_create_group(&m->kobj, m->ops->attrs);
	if (!err)
		err = migrate_reasons_add(m);
	if (err)
		kobject_put(&m->kobj);
	return err;
}

/**
 * migrate_migrator_remove - take a migrator out of sysfs and drop it
 * @m: The migrator; nobody else refers to it any more.
 *
 * Waits for show() and store() of its attributes.
 */
void migrate_migrator_remove(struct migrate_migrator *m)
{
	kobject_put(m->reasons);
	if (m->ops->attrs)
		sysfs_remove_group(&m->kobj, m->ops->attrs);
	kobject_del(&m->kobj);
	kobject_put(&m->kobj);
}
