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
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "internal.h"

struct kobject *mo_kobj;

/* Room for a name, a newline and the end. */
#define MO_NAME_TEXT	(MIGRATE_OFFLOAD_NAME_MAX + 2)

/* The name that was written, in @text; NULL if it cannot be one. */
static char *mo_name_of(char text[MO_NAME_TEXT], const char *buf,
			size_t count)
{
	/* Embedded NULs make it a different length. */
	if (count >= MO_NAME_TEXT || strnlen(buf, count) != count)
		return NULL;
	strscpy(text, buf, MO_NAME_TEXT);
	return strim(text);
}

static ssize_t offload_migrator_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	return mo_show_selected(buf);
}

static ssize_t offload_migrator_store(struct kobject *kobj,
				      struct kobj_attribute *attr,
				      const char *buf, size_t count)
{
	char text[MO_NAME_TEXT];
	char *name = mo_name_of(text, buf, count);
	int err = name ? migrate_offload_select(name) : -EINVAL;

	return err ?: count;
}

static struct kobj_attribute offload_migrator_attr =
	__ATTR_RW(offload_migrator);

struct mo_policy_attr {
	struct kobj_attribute attr;
	enum migrate_reason reason;
};

static ssize_t policy_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return mo_policy_show(container_of(attr, struct mo_policy_attr,
					   attr)->reason, buf);
}

static ssize_t policy_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	enum migrate_reason reason = container_of(attr, struct mo_policy_attr,
						  attr)->reason;
	char text[MO_NAME_TEXT];
	char *name = mo_name_of(text, buf, count);
	int err = name ? mo_policy_set(reason, name) : -EINVAL;

	return err ?: count;
}

static struct mo_policy_attr mo_policy_attrs[NR_MO_POLICIES];
static struct attribute *mo_policy_list[NR_MO_POLICIES + 1];

static const struct attribute_group mo_policy_group = {
	.name = "policy",
	.attrs = mo_policy_list,
};

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

/* The same for a switch: what kstrtobool() takes, and nothing behind it. */
ssize_t migrate_offload_store_bool(const char *buf, size_t count, bool *value)
{
	static const char * const words[] = {
		"0", "1", "n", "y", "N", "Y", "off", "on",
	};
	int word = sysfs_match_string(words, buf);

	if (word < 0)
		return word;
	WRITE_ONCE(*value, word % 2);
	return count;
}
EXPORT_SYMBOL_GPL(migrate_offload_store_bool);

static ssize_t max_batch_bytes_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(mo_max_batch_bytes));
}

static ssize_t max_batch_bytes_store(struct kobject *kobj,
				     struct kobj_attribute *attr,
				     const char *buf, size_t count)
{
	return migrate_offload_store_ulong(buf, count, &mo_max_batch_bytes,
					   MO_DEFAULT_BATCH_BYTES,
					   PUD_SIZE);
}

static struct kobj_attribute max_batch_bytes_attr = __ATTR_RW(max_batch_bytes);

static ssize_t min_batch_bytes_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(mo_min_batch_bytes));
}

static ssize_t min_batch_bytes_store(struct kobject *kobj,
				     struct kobj_attribute *attr,
				     const char *buf, size_t count)
{
	return migrate_offload_store_ulong(buf, count, &mo_min_batch_bytes,
					   0, PUD_SIZE);
}

static struct kobj_attribute min_batch_bytes_attr = __ATTR_RW(min_batch_bytes);

static ssize_t max_stall_us_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(mo_max_stall_us));
}

static ssize_t max_stall_us_store(struct kobject *kobj,
				  struct kobj_attribute *attr, const char *buf,
				  size_t count)
{
	return migrate_offload_store_ulong(buf, count, &mo_max_stall_us, 0,
					   10 * USEC_PER_SEC);
}

static struct kobj_attribute max_stall_us_attr = __ATTR_RW(max_stall_us);

static ssize_t file_folios_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(mo_file_folios));
}

static ssize_t file_folios_store(struct kobject *kobj,
				 struct kobj_attribute *attr,
				 const char *buf, size_t count)
{
	return migrate_offload_store_bool(buf, count, &mo_file_folios);
}

static struct kobj_attribute file_folios_attr = __ATTR_RW(file_folios);

static struct attribute *mo_attrs[] = {
	&offload_migrator_attr.attr,
	&max_batch_bytes_attr.attr,
	&min_batch_bytes_attr.attr,
	&max_stall_us_attr.attr,
	&file_folios_attr.attr,
	NULL
};

static const struct attribute_group mo_attr_group = {
	.attrs = mo_attrs,
};

static const struct attribute_group *mo_groups[] = {
	&mo_attr_group,
	&mo_policy_group,
	NULL
};

static void __init mo_policy_attrs_init(void)
{
	for (int i = 0; i < NR_MO_POLICIES; i++) {
		struct mo_policy_attr *attr = &mo_policy_attrs[i];

		attr->attr.attr.name = mo_policies[i].name;
		attr->attr.attr.mode = 0644;
		attr->attr.show = policy_show;
		attr->attr.store = policy_store;
		attr->reason = mo_policies[i].reason;
		mo_policy_list[i] = &attr->attr.attr;
	}
}

static int __init mo_sysfs_init(void)
{
	int err;

	mo_policy_attrs_init();
	mo_kobj = kobject_create_and_add("migration", mm_kobj);
	if (!mo_kobj)
		return -ENOMEM;
	err = sysfs_create_groups(mo_kobj, mo_groups);
	if (err) {
		kobject_put(mo_kobj);
		mo_kobj = NULL;
	}
	return err;
}
subsys_initcall(mo_sysfs_init);
