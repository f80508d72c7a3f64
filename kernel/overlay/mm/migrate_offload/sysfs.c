// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/migration, see
 * Documentation/ABI/testing/sysfs-kernel-mm-migration.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "internal.h"

/* Return the name that was written, in @text; NULL if it cannot be one. */
char *mo_name_of(char text[MO_NAME_TEXT], const char *buf, size_t count)
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

static struct migrate_setting *mo_setting_of(struct kobj_attribute *attr)
{
	return container_of(attr, struct migrate_setting, attr);
}

/* show() of the macros MIGRATE_SETTING_*(). */
ssize_t migrate_setting_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	const struct migrate_setting *s = mo_setting_of(attr);

	switch (s->type) {
	case MIGRATE_SETTING_IS_ULONG:
		return sysfs_emit(buf, "%lu\n", READ_ONCE(*s->ulong));
	case MIGRATE_SETTING_IS_UINT:
		return sysfs_emit(buf, "%u\n", READ_ONCE(*s->uint));
	case MIGRATE_SETTING_IS_BOOL:
		return sysfs_emit(buf, "%d\n", READ_ONCE(*s->boolean));
	case MIGRATE_SETTING_IS_COPY_MODE:
		return mo_copy_mode_show(READ_ONCE(*s->copy_mode), buf);
	}
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(migrate_setting_show);

static int mo_store_number(const struct migrate_setting *s, const char *buf)
{
	unsigned long val;
	int err = kstrtoul(buf, 0, &val);

	if (err)
		return err;
	if (val < s->low || val > s->high)
		return -EINVAL;
	if (s->type == MIGRATE_SETTING_IS_ULONG)
		WRITE_ONCE(*s->ulong, val);
	else
		WRITE_ONCE(*s->uint, val);
	return 0;
}

/* kstrtobool() would ignore what follows the first letter. */
static int mo_store_bool(const struct migrate_setting *s, const char *buf)
{
	static const char * const words[] = {
		"0", "1", "n", "y", "N", "Y", "off", "on",
	};
	int word = sysfs_match_string(words, buf);

	if (word < 0)
		return word;
	WRITE_ONCE(*s->boolean, word % 2);
	return 0;
}

/* store() of the macros MIGRATE_SETTING_*(). */
ssize_t migrate_setting_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	const struct migrate_setting *s = mo_setting_of(attr);
	int err;

	if (s->type == MIGRATE_SETTING_IS_COPY_MODE)
		err = mo_copy_mode_store(buf, s->copy_mode);
	else if (s->type == MIGRATE_SETTING_IS_BOOL)
		err = mo_store_bool(s, buf);
	else
		err = mo_store_number(s, buf);
	return err ?: count;
}
EXPORT_SYMBOL_GPL(migrate_setting_store);

static MIGRATE_SETTING_ULONG(max_batch_bytes, mo_max_batch_bytes,
			     MO_DEFAULT_BATCH_BYTES, SZ_1G);
static MIGRATE_SETTING_ULONG(min_batch_bytes, mo_min_batch_bytes, 0, SZ_1G);
#ifdef CONFIG_MIGRATE_OFFLOAD_STALL
static MIGRATE_SETTING_ULONG(max_stall_us, mo_max_stall_us, 0,
			     10 * USEC_PER_SEC);
#endif
static MIGRATE_SETTING_BOOL(file_folios, mo_file_folios);

static struct attribute *mo_attrs[] = {
	&offload_migrator_attr.attr,
	&max_batch_bytes_setting.attr.attr,
	&min_batch_bytes_setting.attr.attr,
#ifdef CONFIG_MIGRATE_OFFLOAD_STALL
	&max_stall_us_setting.attr.attr,
#endif
	&file_folios_setting.attr.attr,
	NULL
};

static const struct attribute_group mo_attr_group = {
	.attrs = mo_attrs,
};

static const struct attribute_group *mo_groups[] = {
	&mo_attr_group,
	NULL
};

static int __init mo_sysfs_init(void)
{
	int err;

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
