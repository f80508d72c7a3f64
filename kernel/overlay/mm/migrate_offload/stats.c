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

#include "internal.h"

u64 mo_stat_read_reason(const struct mo_migrator *m,
			enum migrate_reason reason, enum mo_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(m->stats, cpu)->nr[reason][stat];
	return sum;
}

u64 mo_stat_read(const struct mo_migrator *m, enum mo_stat stat)
{
	u64 sum = 0;

	for (int reason = 0; reason < MR_TYPES; reason++)
		sum += mo_stat_read_reason(m, reason, stat);
	return sum;
}

struct mo_stat_attr {
	struct kobj_attribute attr;
	enum migrate_reason reason;
	enum mo_stat stat;
};

static ssize_t mo_stat_show(struct kobject *kobj,
			    struct kobj_attribute *attr, char *buf)
{
	struct mo_migrator *m = container_of(kobj, struct mo_migrator,
					     kobj);
	struct mo_stat_attr *stat_attr =
		container_of(attr, struct mo_stat_attr, attr);

	return sysfs_emit(buf, "%llu\n",
			  mo_stat_read(m, stat_attr->stat));
}

static ssize_t mo_reason_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	/* In the directory "reasons" of the migrator's. */
	struct mo_migrator *m = container_of(kobj->parent,
					     struct mo_migrator, kobj);
	struct mo_stat_attr *stat_attr =
		container_of(attr, struct mo_stat_attr, attr);

	return sysfs_emit(buf, "%llu\n",
			  mo_stat_read_reason(m, stat_attr->reason,
					      stat_attr->stat));
}

#define MO_STAT_ATTR(_name, _stat)					\
	static struct mo_stat_attr mo_stat_##_name = {	\
		.attr = __ATTR(_name, 0444, mo_stat_show, NULL),	\
		.stat = _stat,						\
	}

MO_STAT_ATTR(batches, MO_STAT_BATCHES);
MO_STAT_ATTR(folios, MO_STAT_FOLIOS);
MO_STAT_ATTR(bytes, MO_STAT_BYTES);
MO_STAT_ATTR(ns, MO_STAT_NS);
MO_STAT_ATTR(cpu_ns, MO_STAT_CPU_NS);
MO_STAT_ATTR(helpers, MO_STAT_HELPERS);
MO_STAT_ATTR(not_copied, MO_STAT_NOT_COPIED);
MO_STAT_ATTR(poisoned, MO_STAT_POISONED);
MO_STAT_ATTR(lost, MO_STAT_LOST);
MO_STAT_ATTR(declined, MO_STAT_DECLINED);
MO_STAT_ATTR(auto_fastest, MO_STAT_AUTO_FASTEST);
MO_STAT_ATTR(auto_trial, MO_STAT_AUTO_TRIAL);

static struct attribute *mo_stat_attrs[] = {
	&mo_stat_batches.attr.attr,
	&mo_stat_folios.attr.attr,
	&mo_stat_bytes.attr.attr,
	&mo_stat_ns.attr.attr,
	&mo_stat_cpu_ns.attr.attr,
	&mo_stat_helpers.attr.attr,
	&mo_stat_not_copied.attr.attr,
	&mo_stat_poisoned.attr.attr,
	&mo_stat_lost.attr.attr,
	&mo_stat_declined.attr.attr,
	&mo_stat_auto_fastest.attr.attr,
	&mo_stat_auto_trial.attr.attr,
	NULL
};

static const struct attribute_group mo_stat_group = {
	.name = "stats",
	.attrs = mo_stat_attrs,
};

struct mo_speed_attr {
	struct kobj_attribute attr;
	unsigned int class;
};

/* In MB/s, 10^6 bytes each. */
static ssize_t mo_speed_show(struct kobject *kobj,
			     struct kobj_attribute *attr, char *buf)
{
	struct mo_migrator *m = container_of(kobj, struct mo_migrator,
					     kobj);
	unsigned int class = container_of(attr, struct mo_speed_attr,
					  attr)->class;
	u32 cost = READ_ONCE(m->speed[class].cost);

	return sysfs_emit(buf, "%llu\n",
			  cost ? div_u64(1000ULL << 20, cost) : 0);
}

#define MO_SPEED_ATTR(_name, _class)				\
	static struct mo_speed_attr mo_speed_##_name = {	\
		.attr = __ATTR(_name, 0444, mo_speed_show, NULL),	\
		.class = _class,					\
	}

/* As mo_class_of() numbers them. */
MO_SPEED_ATTR(small_short, 0);
MO_SPEED_ATTR(small_long, 1);
MO_SPEED_ATTR(medium_short, 2);
MO_SPEED_ATTR(medium_long, 3);
MO_SPEED_ATTR(huge_short, 4);
MO_SPEED_ATTR(huge_long, 5);

static struct attribute *mo_speed_attrs[NR_MO_CLASSES + 1] = {
	&mo_speed_small_short.attr.attr,
	&mo_speed_small_long.attr.attr,
	&mo_speed_medium_short.attr.attr,
	&mo_speed_medium_long.attr.attr,
	&mo_speed_huge_short.attr.attr,
	&mo_speed_huge_long.attr.attr,
};

static const struct attribute_group mo_speed_group = {
	.name = "speed",
	.attrs = mo_speed_attrs,
};

static const struct attribute_group *mo_stat_groups[] = {
	&mo_stat_group,
	&mo_speed_group,
	NULL
};

static const struct {
	const char *name;
	enum mo_stat stat;
} mo_reason_stats[] = {
	{ "batches", MO_STAT_BATCHES },
	{ "folios", MO_STAT_FOLIOS },
	{ "bytes", MO_STAT_BYTES },
	{ "ns", MO_STAT_NS },
	{ "cpu_ns", MO_STAT_CPU_NS },
	{ "declined", MO_STAT_DECLINED },
};

#define NR_MO_REASON_STATS	ARRAY_SIZE(mo_reason_stats)

/* A directory for each reason, with the same files in all. */
static struct mo_reason_group {
	struct mo_stat_attr attrs[NR_MO_REASON_STATS];
	struct attribute *list[NR_MO_REASON_STATS + 1];
	struct attribute_group group;
} mo_reason_groups[NR_MO_POLICIES];
static const struct attribute_group *mo_reason_group_list[NR_MO_POLICIES + 1];

static void __init mo_reason_group_init(struct mo_reason_group *group,
					const struct mo_reason_name *reason)
{
	for (int i = 0; i < NR_MO_REASON_STATS; i++) {
		struct mo_stat_attr *attr = &group->attrs[i];

		attr->attr.attr.name = mo_reason_stats[i].name;
		attr->attr.attr.mode = 0444;
		attr->attr.show = mo_reason_show;
		attr->reason = reason->reason;
		attr->stat = mo_reason_stats[i].stat;
		group->list[i] = &attr->attr.attr;
	}
	group->group.name = reason->name;
	group->group.attrs = group->list;
}

static int __init mo_stats_init(void)
{
	for (int i = 0; i < NR_MO_POLICIES; i++) {
		mo_reason_group_init(&mo_reason_groups[i],
				     &mo_policies[i]);
		mo_reason_group_list[i] = &mo_reason_groups[i].group;
	}
	return 0;
}
core_initcall(mo_stats_init);

static void mo_migrator_release(struct kobject *kobj)
{
	struct mo_migrator *m = container_of(kobj, struct mo_migrator,
					     kobj);

	free_percpu(m->stats);
	kfree(m);
}

static const struct kobj_type mo_migrator_ktype = {
	.release = mo_migrator_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = mo_stat_groups,
};

static int mo_reasons_add(struct mo_migrator *m)
{
	int err;

	m->reasons = kobject_create_and_add("reasons", &m->kobj);
	if (!m->reasons)
		return -ENOMEM;
	err = sysfs_create_groups(m->reasons, mo_reason_group_list);
	if (err)
		kobject_put(m->reasons);
	return err;
}

/**
 * mo_migrator_add - show a migrator in sysfs
 * @m: The migrator, allocated by kzalloc().
 *
 * Return: 0 or a negative errno; @m is freed on failure.
 */
int mo_migrator_add(struct mo_migrator *m)
{
	int err = -ENODEV;

	kobject_init(&m->kobj, &mo_migrator_ktype);
	if (mo_kobj)
		err = kobject_add(&m->kobj, mo_kobj, "%s", m->ops->name);
	if (!err && m->ops->attrs)
		err = sysfs_create_group(&m->kobj, m->ops->attrs);
	if (!err)
		err = mo_reasons_add(m);
	if (err)
		kobject_put(&m->kobj);
	return err;
}

/**
 * mo_migrator_remove - take a migrator out of sysfs and drop it
 * @m: The migrator; nobody else refers to it any more.
 *
 * Waits for show() and store() of its attributes.
 */
void mo_migrator_remove(struct mo_migrator *m)
{
	kobject_put(m->reasons);
	if (m->ops->attrs)
		sysfs_remove_group(&m->kobj, m->ops->attrs);
	kobject_del(&m->kobj);
	kobject_put(&m->kobj);
}
