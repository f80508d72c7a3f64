// SPDX-License-Identifier: GPL-2.0
/*
 * What migrators have done: /sys/kernel/mm/migration/<migrator>, see
 * Documentation/ABI/testing/sysfs-kernel-mm-migration.
 */
#include <linux/bits.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "internal.h"

/* /sys/kernel/mm/migration; NULL before mo_sysfs_init(). */
struct kobject *mo_kobj;

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

/* The classes of mo_class_of(). */
static const char * const mo_class_names[NR_MO_CLASSES] = {
	"small_short", "small_long", "medium_short", "medium_long",
	"huge_short", "huge_long",
};

/* Directories that have a file for a counter. */
#define MO_IN_STATS	BIT(0)	/* stats/ */
#define MO_IN_REASONS	BIT(1)	/* reasons/<reason>/ */

#define MO_COUNTER(_name, _stat, _dirs)					\
	{ #_name, MO_STAT_##_stat, MO_STAT_##_stat, _dirs }

/* A file shows the sum of the counters from @first to @last. */
static const struct mo_counter {
	const char *name;
	enum mo_stat first;
	enum mo_stat last;
	unsigned int dirs;
} mo_counters[] = {
	MO_COUNTER(batches, BATCHES, MO_IN_STATS | MO_IN_REASONS),
	MO_COUNTER(folios, FOLIOS, MO_IN_STATS | MO_IN_REASONS),
	MO_COUNTER(bytes, BYTES, MO_IN_STATS | MO_IN_REASONS),
	MO_COUNTER(ns, NS, MO_IN_STATS | MO_IN_REASONS),
	MO_COUNTER(cpu_ns, CPU_NS, MO_IN_STATS | MO_IN_REASONS),
	MO_COUNTER(helpers, HELPERS, MO_IN_STATS),
	MO_COUNTER(not_copied, NOT_COPIED, MO_IN_STATS),
	MO_COUNTER(poisoned, POISONED, MO_IN_STATS),
	MO_COUNTER(lost, LOST, MO_IN_STATS),
	{ "declined", MO_STAT_DECLINED_TOO_SHORT, MO_STAT_DECLINED_CHANGED,
	  MO_IN_STATS | MO_IN_REASONS },
	MO_COUNTER(declined_too_short, DECLINED_TOO_SHORT, MO_IN_REASONS),
	MO_COUNTER(declined_not_allowed, DECLINED_NOT_ALLOWED, MO_IN_REASONS),
	MO_COUNTER(declined_not_ready, DECLINED_NOT_READY, MO_IN_REASONS),
	MO_COUNTER(declined_slower, DECLINED_SLOWER, MO_IN_REASONS),
	MO_COUNTER(declined_no_window, DECLINED_NO_WINDOW, MO_IN_REASONS),
	MO_COUNTER(declined_changed, DECLINED_CHANGED, MO_IN_REASONS),
	MO_COUNTER(auto_fastest, AUTO_FASTEST, MO_IN_STATS),
	MO_COUNTER(auto_trial, AUTO_TRIAL, MO_IN_STATS),
};

/**
 * struct mo_file - a read-only file of a migrator
 * @attr: The file.
 * @reason: In reasons/: the reason.
 * @first: In speed/: the class.  Elsewhere the first counter that is shown.
 * @last: The last counter that is shown.
 */
struct mo_file {
	struct kobj_attribute attr;
	enum migrate_reason reason;
	unsigned int first;
	unsigned int last;
};

/* Length of the longest directory. */
#define NR_MO_FILES	12

/* A directory with such files, the same for every migrator. */
struct mo_dir {
	struct mo_file files[NR_MO_FILES];
	struct attribute *list[NR_MO_FILES + 1];
	struct attribute_group group;
	unsigned int nr;
};

static struct mo_dir mo_stats_dir, mo_declined_dir, mo_speed_dir;
static struct mo_dir mo_reason_dirs[NR_MO_POLICIES];

static struct mo_file *mo_file_of(struct kobj_attribute *attr)
{
	return container_of(attr, struct mo_file, attr);
}

static ssize_t mo_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct mo_migrator *m = container_of(kobj, struct mo_migrator, kobj);
	struct mo_file *file = mo_file_of(attr);
	u64 sum = 0;

	for (unsigned int stat = file->first; stat <= file->last; stat++)
		sum += mo_stat_read(m, stat);
	return sysfs_emit(buf, "%llu\n", sum);
}

static ssize_t mo_reason_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	/* @kobj is the directory "reasons". */
	struct mo_migrator *m = container_of(kobj->parent, struct mo_migrator,
					     kobj);
	struct mo_file *file = mo_file_of(attr);
	u64 sum = 0;

	for (unsigned int stat = file->first; stat <= file->last; stat++)
		sum += mo_stat_read_reason(m, file->reason, stat);
	return sysfs_emit(buf, "%llu\n", sum);
}

/* In MB/s, 10^6 bytes each. */
static ssize_t mo_speed_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct mo_migrator *m = container_of(kobj, struct mo_migrator, kobj);
	u32 cost = READ_ONCE(m->speed[mo_file_of(attr)->first].cost);

	return sysfs_emit(buf, "%llu\n",
			  cost ? div_u64(1000ULL << 20, cost) : 0);
}

static ssize_t not_by_default_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	struct mo_migrator *m = container_of(kobj, struct mo_migrator, kobj);
	ssize_t len = 0;

	for (int i = 0; i < NR_MO_POLICIES; i++)
		if (m->ops->not_by_default & BIT(mo_policies[i].reason))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
					     mo_policies[i].name);
	return len + sysfs_emit_at(buf, len, len ? "\n" : "none\n");
}

static struct kobj_attribute not_by_default_attr = __ATTR_RO(not_by_default);

static struct attribute *mo_migrator_attrs[] = {
	&not_by_default_attr.attr,
	NULL
};

static const struct attribute_group mo_migrator_group = {
	.attrs = mo_migrator_attrs,
};

static const struct attribute_group *mo_migrator_groups[] = {
	&mo_migrator_group,
	&mo_stats_dir.group,
	&mo_declined_dir.group,
	&mo_speed_dir.group,
	NULL
};

static const struct attribute_group *mo_reason_groups[NR_MO_POLICIES + 1];

static void __init mo_dir_init(struct mo_dir *dir, const char *name)
{
	dir->group.name = name;
	dir->group.attrs = dir->list;
}

static void __init mo_dir_add(struct mo_dir *dir, const char *name,
			      const struct mo_file *template)
{
	struct mo_file *file = &dir->files[dir->nr];

	if (WARN_ON_ONCE(dir->nr == NR_MO_FILES))
		return;
	*file = *template;
	file->attr.attr.name = name;
	file->attr.attr.mode = 0444;
	dir->list[dir->nr++] = &file->attr.attr;
}

static void __init mo_dir_add_counters(struct mo_dir *dir, unsigned int which,
				       struct mo_file template)
{
	for (int i = 0; i < ARRAY_SIZE(mo_counters); i++) {
		if (!(mo_counters[i].dirs & which))
			continue;
		template.first = mo_counters[i].first;
		template.last = mo_counters[i].last;
		mo_dir_add(dir, mo_counters[i].name, &template);
	}
}

static int __init mo_stats_init(void)
{
	struct mo_file file = { .attr.show = mo_stat_show };

	mo_dir_init(&mo_stats_dir, "stats");
	mo_dir_add_counters(&mo_stats_dir, MO_IN_STATS, file);

	mo_dir_init(&mo_declined_dir, "declined");
	for (int i = 0; i < NR_MO_DECLINES; i++) {
		file.first = MO_STAT_DECLINED_TOO_SHORT + i;
		file.last = file.first;
		mo_dir_add(&mo_declined_dir, mo_outcome_names[MO_TOO_SHORT + i],
			   &file);
	}

	file.attr.show = mo_speed_show;
	mo_dir_init(&mo_speed_dir, "speed");
	for (int i = 0; i < NR_MO_CLASSES; i++) {
		file.first = i;
		mo_dir_add(&mo_speed_dir, mo_class_names[i], &file);
	}

	file.attr.show = mo_reason_show;
	for (int i = 0; i < NR_MO_POLICIES; i++) {
		mo_dir_init(&mo_reason_dirs[i], mo_policies[i].name);
		file.reason = mo_policies[i].reason;
		mo_dir_add_counters(&mo_reason_dirs[i], MO_IN_REASONS, file);
		mo_reason_groups[i] = &mo_reason_dirs[i].group;
	}
	return 0;
}
core_initcall(mo_stats_init);

static void mo_migrator_release(struct kobject *kobj)
{
	struct mo_migrator *m = container_of(kobj, struct mo_migrator, kobj);

	free_percpu(m->stats);
	kfree(m);
}

static const struct kobj_type mo_migrator_ktype = {
	.release = mo_migrator_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = mo_migrator_groups,
};

static int mo_reasons_add(struct mo_migrator *m)
{
	int err;

	m->reasons = kobject_create_and_add("reasons", &m->kobj);
	if (!m->reasons)
		return -ENOMEM;
	err = sysfs_create_groups(m->reasons, mo_reason_groups);
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
