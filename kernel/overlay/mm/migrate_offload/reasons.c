// SPDX-License-Identifier: GPL-2.0
/*
 * Policies of reasons: /sys/kernel/mm/migration/policy, see
 * Documentation/ABI/testing/sysfs-kernel-mm-migration.
 */
#include <linux/cleanup.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

/**
 * mo_policy_set - choose the migrator for one reason
 * @reason: One of mo_policies.
 * @name: Name of a registered migrator, "kernel", or "default" for the migrator
 *	that is selected for all.
 *
 * Context: Process context.  Sleeps.
 * Return: as migrate_offload_select().
 */
int mo_policy_set(enum migrate_reason reason, const char *name)
{
	struct mo_migrator *m = NULL;

	guard(mutex)(&mo_lock);
	if (strcmp(name, "default")) {
		m = mo_named(name);
		if (!m)
			return -EINVAL;
	}
	return mo_slot_set(&mo_reason_slots[reason], m);
}

ssize_t mo_policy_show(enum migrate_reason reason, char *buf)
{
	return mo_show_slot(&mo_reason_slots[reason], true, buf);
}

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

static int __init mo_reasons_init(void)
{
	mo_policy_attrs_init();
	return mo_kobj ? sysfs_create_group(mo_kobj, &mo_policy_group) : 0;
}

/* After the directory. */
fs_initcall(mo_reasons_init);
