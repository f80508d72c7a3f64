// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/migration, see
 * Documentation/ABI/testing/sysfs-kernel-mm-migration.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "migrate_offload_internal.h"

static struct kobject *migrate_kobj;

static ssize_t offload_migrator_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	return migrate_offload_show_selected(buf);
}

static ssize_t offload_migrator_store(struct kobject *kobj,
				      struct kobj_attribute *attr,
				      const char *buf, size_t count)
{
	char name[MIGRATE_OFFLOAD_NAME_MAX + 2];
	int err;

	/* Room for a newline; embedded NULs make it a different length. */
	if (count >= sizeof(name) || strnlen(buf, count) != count)
		return -EINVAL;
	strscpy(name, buf, sizeof(name));
	err = migrate_offload_select(strim(name));
	return err ?: count;
}

static struct kobj_attribute offload_migrator_attr =
	__ATTR_RW(offload_migrator);

/**
 * migrate_offload_store_ulong - take a number that is written to a setting
 * @buf: What was written.
 * @count: Its length.
 * @value: The setting, which others read at any time.
 * @low: Least number that it may be.
 * @high: Greatest one.
 *
 * Return: @count, or a negative errno, and then nothing has changed.
 */
ssize_t migrate_offload_store_ulong(const char *buf, size_t count,
				    unsigned long *value, unsigned long low,
				    unsigned long high)
{
	unsigned long val;
	int err;

	err = kstrtoul(buf, 0, &val);
	if (err)
		return err;
	if (val < low || val > high)
		return -EINVAL;
	WRITE_ONCE(*value, val);
	return count;
}
EXPORT_SYMBOL_GPL(migrate_offload_store_ulong);

/* The same for an unsigned int. */
ssize_t migrate_offload_store_uint(const char *buf, size_t count,
				   unsigned int *value, unsigned int low,
				   unsigned int high)
{
	unsigned int val;
	int err;

	err = kstrtouint(buf, 0, &val);
	if (err)
		return err;
	if (val < low || val > high)
		return -EINVAL;
	WRITE_ONCE(*value, val);
	return count;
}
EXPORT_SYMBOL_GPL(migrate_offload_store_uint);

/* The same for a switch: 0 or 1, and what else kstrtobool() takes. */
ssize_t migrate_offload_store_bool(const char *buf, size_t count, bool *value)
{
	bool val;
	int err;

	err = kstrtobool(buf, &val);
	if (err)
		return err;
	WRITE_ONCE(*value, val);
	return count;
}
EXPORT_SYMBOL_GPL(migrate_offload_store_bool);

static ssize_t max_batch_bytes_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(migrate_max_batch_bytes));
}

static ssize_t max_batch_bytes_store(struct kobject *kobj,
				     struct kobj_attribute *attr,
				     const char *buf, size_t count)
{
	return migrate_offload_store_ulong(buf, count, &migrate_max_batch_bytes,
					   MIGRATE_DEFAULT_BATCH_BYTES,
					   PUD_SIZE);
}

static struct kobj_attribute max_batch_bytes_attr = __ATTR_RW(max_batch_bytes);

static ssize_t min_batch_bytes_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(migrate_min_batch_bytes));
}

static ssize_t min_batch_bytes_store(struct kobject *kobj,
				     struct kobj_attribute *attr,
				     const char *buf, size_t count)
{
	return migrate_offload_store_ulong(buf, count, &migrate_min_batch_bytes,
					   0, PUD_SIZE);
}

static struct kobj_attribute min_batch_bytes_attr = __ATTR_RW(min_batch_bytes);

static ssize_t file_folios_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(migrate_file_folios));
}

static ssize_t file_folios_store(struct kobject *kobj,
				 struct kobj_attribute *attr,
				 const char *buf, size_t count)
{
	return migrate_offload_store_bool(buf, count, &migrate_file_folios);
}

static struct kobj_attribute file_folios_attr = __ATTR_RW(file_folios);

static struct attribute *migrate_attrs[] = {
	&offload_migrator_attr.attr,
	&max_batch_bytes_attr.attr,
	&min_batch_bytes_attr.attr,
	&file_folios_attr.attr,
	NULL
};

static const struct attribute_group migrate_attr_group = {
	.attrs = migrate_attrs,
};

u64 migrate_stat_read(const struct migrate_migrator *m, enum migrate_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(m->stats, cpu)->nr[stat];
	return sum;
}

struct migrate_stat_attr {
	struct kobj_attribute attr;
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

#define MIGRATE_STAT_ATTR(_name, _stat)					\
	static struct migrate_stat_attr migrate_stat_##_name = {	\
		.attr = __ATTR(_name, 0444, migrate_stat_show, NULL),	\
		.stat = _stat,						\
	}

MIGRATE_STAT_ATTR(batches, MIGRATE_STAT_BATCHES);
MIGRATE_STAT_ATTR(folios, MIGRATE_STAT_FOLIOS);
MIGRATE_STAT_ATTR(bytes, MIGRATE_STAT_BYTES);
MIGRATE_STAT_ATTR(ns, MIGRATE_STAT_NS);
MIGRATE_STAT_ATTR(helpers, MIGRATE_STAT_HELPERS);
MIGRATE_STAT_ATTR(not_copied, MIGRATE_STAT_NOT_COPIED);
MIGRATE_STAT_ATTR(poisoned, MIGRATE_STAT_POISONED);
MIGRATE_STAT_ATTR(lost, MIGRATE_STAT_LOST);
MIGRATE_STAT_ATTR(declined, MIGRATE_STAT_DECLINED);

static struct attribute *migrate_stat_attrs[] = {
	&migrate_stat_batches.attr.attr,
	&migrate_stat_folios.attr.attr,
	&migrate_stat_bytes.attr.attr,
	&migrate_stat_ns.attr.attr,
	&migrate_stat_helpers.attr.attr,
	&migrate_stat_not_copied.attr.attr,
	&migrate_stat_poisoned.attr.attr,
	&migrate_stat_lost.attr.attr,
	&migrate_stat_declined.attr.attr,
	NULL
};

static const struct attribute_group migrate_stat_group = {
	.name = "stats",
	.attrs = migrate_stat_attrs,
};
__ATTRIBUTE_GROUPS(migrate_stat);

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
	if (m->ops->attrs)
		sysfs_remove_group(&m->kobj, m->ops->attrs);
	kobject_del(&m->kobj);
	kobject_put(&m->kobj);
}

static int __init migrate_offload_sysfs_init(void)
{
	int err;

	migrate_kobj = kobject_create_and_add("migration", mm_kobj);
	if (!migrate_kobj)
		return -ENOMEM;
	err = sysfs_create_group(migrate_kobj, &migrate_attr_group);
	if (err) {
		kobject_put(migrate_kobj);
		migrate_kobj = NULL;
	}
	return err;
}
subsys_initcall(migrate_offload_sysfs_init);
