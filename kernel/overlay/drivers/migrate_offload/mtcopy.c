// SPDX-License-Identifier: GPL-2.0
/*
 * mtcopy: a migrator that copies with several CPUs.
 *
 * The splitting, the helpers and their placement are the core's, see
 * migrate_offload_copy_parallel().  Here is what the administrator may choose.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/migrate_offload.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

static unsigned int mtcopy_threads = 4;
static unsigned long mtcopy_min_bytes_per_worker = SZ_128K;
static bool mtcopy_idle_only = true;
static enum migrate_copy_mode mtcopy_copy_mode = MIGRATE_COPY_AUTO;

static struct migrate_helpers mtcopy_helpers(void)
{
	return (struct migrate_helpers) {
		.max_workers = READ_ONCE(mtcopy_threads),
		.min_bytes_per_worker = READ_ONCE(mtcopy_min_bytes_per_worker),
		.idle_only = READ_ONCE(mtcopy_idle_only),
	};
}

/*
 * With one thread the caller copies alone, which shows what batching does by
 * itself; that is no reason to keep more folios unreachable than ever.
 */
static bool mtcopy_ready(enum migrate_reason reason, unsigned long bytes,
			 bool longer)
{
	struct migrate_helpers helpers = mtcopy_helpers();

	if (helpers.max_workers == 1)
		return !longer;
	return migrate_offload_helper_available(&helpers, bytes);
}

static void mtcopy_copy(struct migrate_batch *batch)
{
	struct migrate_helpers helpers = mtcopy_helpers();
	migrate_copy_fn copy =
		migrate_offload_copy_routine(READ_ONCE(mtcopy_copy_mode), batch);

	migrate_offload_copy_parallel(batch, &helpers, copy);
}

static ssize_t threads_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(mtcopy_threads));
}

static ssize_t threads_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	return migrate_offload_store_uint(buf, count, &mtcopy_threads, 1,
					  MIGRATE_OFFLOAD_MAX_WORKERS);
}

static struct kobj_attribute threads_attr = __ATTR_RW(threads);

static ssize_t min_bytes_per_worker_show(struct kobject *kobj,
					 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(mtcopy_min_bytes_per_worker));
}

static ssize_t min_bytes_per_worker_store(struct kobject *kobj,
					  struct kobj_attribute *attr,
					  const char *buf, size_t count)
{
	/* Half of the shortest default batch, which two can share. */
	return migrate_offload_store_ulong(buf, count,
					   &mtcopy_min_bytes_per_worker,
					   PAGE_SIZE, SZ_1M);
}

static struct kobj_attribute min_bytes_per_worker_attr =
	__ATTR_RW(min_bytes_per_worker);

static ssize_t idle_only_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(mtcopy_idle_only));
}

static ssize_t idle_only_store(struct kobject *kobj,
			       struct kobj_attribute *attr,
			       const char *buf, size_t count)
{
	return migrate_offload_store_bool(buf, count, &mtcopy_idle_only);
}

static struct kobj_attribute idle_only_attr = __ATTR_RW(idle_only);

static ssize_t copy_mode_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	return migrate_offload_show_copy_mode(READ_ONCE(mtcopy_copy_mode), buf);
}

static ssize_t copy_mode_store(struct kobject *kobj, struct kobj_attribute *attr,
			       const char *buf, size_t count)
{
	return migrate_offload_store_copy_mode(buf, count, &mtcopy_copy_mode);
}

static struct kobj_attribute copy_mode_attr = __ATTR_RW(copy_mode);

static struct attribute *mtcopy_attrs[] = {
	&threads_attr.attr,
	&min_bytes_per_worker_attr.attr,
	&idle_only_attr.attr,
	&copy_mode_attr.attr,
	NULL
};

static const struct attribute_group mtcopy_attr_group = {
	.attrs = mtcopy_attrs,
};

static const struct migrate_ops mtcopy_ops = {
	.name = "mtcopy",
	.attrs = &mtcopy_attr_group,
	.ready = mtcopy_ready,
	.copy = mtcopy_copy,
};

static int __init mtcopy_init(void)
{
	return migrate_offload_register(&mtcopy_ops);
}
module_init(mtcopy_init);

static void __exit mtcopy_exit(void)
{
	migrate_offload_unregister(&mtcopy_ops);
}
module_exit(mtcopy_exit);

MODULE_ALIAS("migrator-mtcopy");
MODULE_DESCRIPTION("Page migration with several CPUs copying");
MODULE_LICENSE("GPL");
