// SPDX-License-Identifier: GPL-2.0
/*
 * For the selftests of migration offload: a page that the kernel cannot read.
 *
 * It is taken out of the direct map, so that whoever copies it meets an exception
 * in the middle of its instructions, as with a memory error, and ends where the
 * exception table says.  No machine check is needed for that, and none is injected.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/set_memory.h>

#include <asm/tlbflush.h>

/* Protects the following. */
static DEFINE_MUTEX(unreadable_lock);
static struct page *unreadable_page;

static int unreadable_end(void)
{
	int err = unreadable_page ?
		  set_direct_map_default_noflush(unreadable_page) : 0;

	if (!err)
		unreadable_page = NULL;
	return err;
}

/* The page is of the caller's memory, and stays so until this is taken back. */
static int unreadable_set(void *data, u64 pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned long addr;
	int err;

	guard(mutex)(&unreadable_lock);
	if (!pfn)
		return unreadable_end();
	if (!page)
		return -EINVAL;
	if (unreadable_page)
		return -EBUSY;
	err = set_direct_map_invalid_noflush(page);
	if (err)
		return err;
	unreadable_page = page;
	addr = (unsigned long)page_address(page);
	flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
	return 0;
}

static int unreadable_get(void *data, u64 *pfn)
{
	guard(mutex)(&unreadable_lock);
	*pfn = unreadable_page ? page_to_pfn(unreadable_page) : 0;
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(unreadable_fops, unreadable_get, unreadable_set, "%llu\n");

static int __init unreadable_init(void)
{
	struct dentry *dir = debugfs_create_dir("migrate_offload", NULL);

	debugfs_create_file_unsafe("unreadable", 0600, dir, NULL, &unreadable_fops);
	return 0;
}
late_initcall(unreadable_init);
