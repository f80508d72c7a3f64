// SPDX-License-Identifier: GPL-2.0
/*
 * mtcopy: a migrator that copies with several CPUs.
 *
 * The core cuts a batch into pieces, chooses the CPUs and wakes them; see
 * migrate_offload_copy_parallel().  This file has the settings and decides
 * whether several CPUs are worth it.
 */
#include <linux/migrate_offload.h>
#include <linux/module.h>
#include <linux/sizes.h>

static unsigned int mtcopy_threads = 4;
static unsigned long mtcopy_min_bytes_per_worker = SZ_128K;
static bool mtcopy_idle_only = true;
static enum migrate_copy_mode mtcopy_copy_mode = MIGRATE_COPY_AUTO;

/* Writes to sysfs can change the settings at any time, so read each one once. */
static struct migrate_helpers mtcopy_helpers(void)
{
	return (struct migrate_helpers) {
		.max_workers = READ_ONCE(mtcopy_threads),
		.min_bytes_per_worker = READ_ONCE(mtcopy_min_bytes_per_worker),
		.idle_only = READ_ONCE(mtcopy_idle_only),
	};
}

/*
 * An idle CPU may be busy when mtcopy_copy() runs.  The calling CPU then copies
 * the whole batch: slower, but still correct.
 */
static bool mtcopy_ready(enum migrate_reason reason, unsigned long bytes,
			 bool longer)
{
	struct migrate_helpers helpers = mtcopy_helpers();

	/* One CPU is no faster than the ordinary path: no longer batches for it. */
	if (helpers.max_workers == 1)
		return !longer;
	return migrate_offload_helper_available(&helpers, reason, bytes);
}

/*
 * All folios of the batch are locked and unmapped meanwhile, so nothing here may
 * allocate memory.  migrate_offload_copy_parallel() sets the verdict of each pair.
 */
static void mtcopy_copy(struct migrate_batch *batch)
{
	struct migrate_helpers helpers = mtcopy_helpers();
	migrate_copy_fn copy =
		migrate_offload_copy_routine(READ_ONCE(mtcopy_copy_mode), batch);

	migrate_offload_copy_parallel(batch, &helpers, copy);
}

static MIGRATE_SETTING_UINT(threads, mtcopy_threads, 1,
			    MIGRATE_OFFLOAD_MAX_WORKERS);
/* At most half of a batch of 2 MB, so that two CPUs can still share it. */
static MIGRATE_SETTING_ULONG(min_bytes_per_worker, mtcopy_min_bytes_per_worker,
			     PAGE_SIZE, SZ_1M);
static MIGRATE_SETTING_BOOL(idle_only, mtcopy_idle_only);
static MIGRATE_SETTING_COPY_MODE(copy_mode, mtcopy_copy_mode);

static struct attribute *mtcopy_attrs[] = {
	&threads_setting.attr.attr,
	&min_bytes_per_worker_setting.attr.attr,
	&idle_only_setting.attr.attr,
	&copy_mode_setting.attr.attr,
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

/* Returns when the last batch has ended. */
static void __exit mtcopy_exit(void)
{
	migrate_offload_unregister(&mtcopy_ops);
}
module_exit(mtcopy_exit);

MODULE_ALIAS("migrator-mtcopy");
MODULE_DESCRIPTION("Page migration with several CPUs copying");
MODULE_LICENSE("GPL");
