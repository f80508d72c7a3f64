// SPDX-License-Identifier: GPL-2.0
/*
 * The switches of the first versions of migration offload, at their old places:
 *
 *   /sys/kernel/cpu_mt/{offloading,threads}
 *   /sys/kernel/dcbm/{offloading,nr_dma_chan}
 *
 * Other names for what is in /sys/kernel/mm/migration, for scripts that use them.
 */
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/migrate_offload.h>
#include <linux/module.h>
#include <linux/sysfs.h>

/**
 * struct compat_attr - a file
 * @attr: Its attribute.
 * @migrator: Migrator that it is about.
 * @setting: That migrator's name for it; NULL for "offloading".
 */
struct compat_attr {
	struct kobj_attribute attr;
	const char *migrator;
	const char *setting;
};

static struct compat_attr *to_compat(struct kobj_attribute *attr)
{
	return container_of(attr, struct compat_attr, attr);
}

static ssize_t offloading_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	const char *migrator = to_compat(attr)->migrator;

	return sysfs_emit(buf, "%d\n", migrate_offload_is_selected(migrator));
}

/* Off concerns this migrator alone: another one that is selected stays. */
static ssize_t offloading_store(struct kobject *kobj,
				struct kobj_attribute *attr,
				const char *buf, size_t count)
{
	const char *migrator = to_compat(attr)->migrator;
	bool on;
	int err;

	err = kstrtobool(buf, &on);
	if (err)
		return err;
	if (on)
		err = migrate_offload_select(migrator);
	else
		migrate_offload_deselect(migrator);
	return err ?: count;
}

static ssize_t setting_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct compat_attr *a = to_compat(attr);

	return migrate_offload_setting_show(a->migrator, a->setting, buf);
}

static ssize_t setting_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	struct compat_attr *a = to_compat(attr);

	return migrate_offload_setting_store(a->migrator, a->setting, buf, count);
}

#define COMPAT_OFFLOADING(_migrator) {				\
	.attr = __ATTR(offloading, 0644, offloading_show, offloading_store), \
	.migrator = _migrator,						\
}

#define COMPAT_SETTING(_name, _migrator, _setting) {			\
	.attr = __ATTR(_name, 0644, setting_show, setting_store),	\
	.migrator = _migrator,						\
	.setting = _setting,						\
}

static struct compat_attr cpu_mt_offloading = COMPAT_OFFLOADING("mtcopy");
static struct compat_attr cpu_mt_threads =
	COMPAT_SETTING(threads, "mtcopy", "threads");

static struct attribute *cpu_mt_attrs[] = {
	&cpu_mt_offloading.attr.attr,
	&cpu_mt_threads.attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(cpu_mt);

static struct compat_attr dcbm_offloading = COMPAT_OFFLOADING("dcbm");
static struct compat_attr dcbm_nr_dma_chan =
	COMPAT_SETTING(nr_dma_chan, "dcbm", "channels");

static struct attribute *dcbm_attrs[] = {
	&dcbm_offloading.attr.attr,
	&dcbm_nr_dma_chan.attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(dcbm);

static struct kobject *cpu_mt_kobj;
static struct kobject *dcbm_kobj;

static struct kobject *compat_dir(const char *name,
				  const struct attribute_group **groups)
{
	struct kobject *kobj = kobject_create_and_add(name, kernel_kobj);

	if (kobj && sysfs_create_groups(kobj, groups)) {
		kobject_put(kobj);
		kobj = NULL;
	}
	return kobj;
}

/* The files are gone then, and nobody is in their functions. */
static void compat_remove(struct kobject *kobj)
{
	kobject_del(kobj);
	kobject_put(kobj);
}

static int __init compat_init(void)
{
	cpu_mt_kobj = compat_dir("cpu_mt", cpu_mt_groups);
	if (!cpu_mt_kobj)
		return -ENOMEM;
	dcbm_kobj = compat_dir("dcbm", dcbm_groups);
	if (!dcbm_kobj) {
		compat_remove(cpu_mt_kobj);
		return -ENOMEM;
	}
	return 0;
}
module_init(compat_init);

static void __exit compat_exit(void)
{
	compat_remove(dcbm_kobj);
	compat_remove(cpu_mt_kobj);
}
module_exit(compat_exit);

MODULE_DESCRIPTION("Old names of the switches of migration offload");
MODULE_LICENSE("GPL");
