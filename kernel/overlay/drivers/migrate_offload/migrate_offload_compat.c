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
	if (on || migrate_offload_is_selected(migrator))
		err = migrate_offload_select(on ? migrator : "kernel");
	return err ?: count;
}

static ssize_t setting_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct compat_attr *a = to_compat(attr);

	return migrate_offload_setting(a->migrator, a->setting, buf, 0);
}

static ssize_t setting_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	struct compat_attr *a = to_compat(attr);

	if (!count)
		return 0;
	return migrate_offload_setting(a->migrator, a->setting, (char *)buf, count);
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

static struct compat_attr dcbm_offloading = COMPAT_OFFLOADING("dcbm");
static struct compat_attr dcbm_nr_dma_chan =
	COMPAT_SETTING(nr_dma_chan, "dcbm", "channels");

static struct attribute *dcbm_attrs[] = {
	&dcbm_offloading.attr.attr,
	&dcbm_nr_dma_chan.attr.attr,
	NULL
};

static const struct attribute_group cpu_mt_group = {
	.name = "cpu_mt",
	.attrs = cpu_mt_attrs,
};

static const struct attribute_group dcbm_group = {
	.name = "dcbm",
	.attrs = dcbm_attrs,
};

static const struct attribute_group *compat_groups[] = {
	&cpu_mt_group,
	&dcbm_group,
	NULL
};

static int __init compat_init(void)
{
	return sysfs_create_groups(kernel_kobj, compat_groups);
}
module_init(compat_init);

static void __exit compat_exit(void)
{
	sysfs_remove_groups(kernel_kobj, compat_groups);
}
module_exit(compat_exit);

MODULE_DESCRIPTION("Old names of the switches of migration offload");
MODULE_LICENSE("GPL");
