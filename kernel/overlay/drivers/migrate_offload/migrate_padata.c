// SPDX-License-Identifier: GPL-2.0
/*
 * padata: a migrator that copies with padata_do_multithreaded().
 *
 * To be compared with mtcopy, with which it shares how a batch is cut.  padata has
 * threads of its own, and rules that differ from those of the core's helpers: the
 * caller waits for every thread that was queued, also for one that has not
 * started; they run on any CPU of the unbound workqueues, whatever cpuset the
 * caller is in; and they may need memory to start.  Hence only callers that nobody
 * waits for to get memory.
 */
#include <linux/migrate_offload.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/padata.h>
#include <linux/sched.h>
#include <linux/sizes.h>

static unsigned int migrate_padata_threads = 4;
static unsigned long migrate_padata_min_bytes_per_worker = SZ_128K;
static enum migrate_copy_mode migrate_padata_copy_mode = MIGRATE_COPY_AUTO;

static unsigned int migrate_padata_workers(enum migrate_reason reason,
					   unsigned long bytes)
{
	struct migrate_helpers helpers = {
		.max_workers = READ_ONCE(migrate_padata_threads),
		.min_bytes_per_worker =
			READ_ONCE(migrate_padata_min_bytes_per_worker),
	};

	return migrate_offload_nr_workers(&helpers, reason, bytes);
}

static bool migrate_padata_allowed(enum migrate_reason reason)
{
	if (current->flags & PF_MEMALLOC)
		return false;
	return reason == MR_SYSCALL || reason == MR_MEMPOLICY_MBIND ||
	       reason == MR_MEMORY_HOTPLUG;
}

static bool migrate_padata_ready(enum migrate_reason reason, unsigned long bytes,
				 bool longer)
{
	/* The caller alone: no reason for a longer batch, as in mtcopy. */
	if (READ_ONCE(migrate_padata_threads) == 1)
		return !longer;
	return migrate_padata_workers(reason, bytes) > 1;
}

static void migrate_padata_copy_pieces(unsigned long first, unsigned long end,
				       void *batch)
{
	migrate_offload_copy_pieces(batch, first, end);
}

static void migrate_padata_copy(struct migrate_batch *batch)
{
	unsigned int nr = migrate_padata_workers(batch->reason,
						 (unsigned long)batch->nr_pages
						 << PAGE_SHIFT);
	bool hugetlb = folio_test_hugetlb(batch->pairs[0].src);
	migrate_copy_fn copy =
		migrate_offload_copy_routine(READ_ONCE(migrate_padata_copy_mode),
					     batch);
	struct padata_mt_job job = {
		.thread_fn = migrate_padata_copy_pieces,
		.fn_arg = batch,
		.size = migrate_offload_split(batch, &nr, copy),
		.align = 1,
		.min_chunk = 1,
		.numa_aware = true,
	};

	/*
	 * A hugetlb folio of a file holds a lock that exiting tasks wait for, and
	 * threads that have not started yet may need the memory of those.
	 */
	job.max_threads = hugetlb ? 1 : nr;
	padata_do_multithreaded(&job);
	migrate_offload_settle(batch);
}

static MIGRATE_SETTING_UINT(threads, migrate_padata_threads, 1,
			    MIGRATE_OFFLOAD_MAX_WORKERS);
static MIGRATE_SETTING_ULONG(min_bytes_per_worker,
			     migrate_padata_min_bytes_per_worker,
			     PAGE_SIZE, SZ_1M);
static MIGRATE_SETTING_COPY_MODE(copy_mode, migrate_padata_copy_mode);

static struct attribute *migrate_padata_attrs[] = {
	&threads_setting.attr.attr,
	&min_bytes_per_worker_setting.attr.attr,
	&copy_mode_setting.attr.attr,
	NULL
};

static const struct attribute_group migrate_padata_attr_group = {
	.attrs = migrate_padata_attrs,
};

static const struct migrate_ops migrate_padata_ops = {
	.name = "padata",
	.attrs = &migrate_padata_attr_group,
	.by_name_only = true,
	.allowed = migrate_padata_allowed,
	.ready = migrate_padata_ready,
	.copy = migrate_padata_copy,
};

static int __init migrate_padata_init(void)
{
	return migrate_offload_register(&migrate_padata_ops);
}
module_init(migrate_padata_init);

static void __exit migrate_padata_exit(void)
{
	migrate_offload_unregister(&migrate_padata_ops);
}
module_exit(migrate_padata_exit);

MODULE_ALIAS("migrator-padata");
MODULE_DESCRIPTION("Page migration with padata's threads copying");
MODULE_LICENSE("GPL");
