// SPDX-License-Identifier: GPL-2.0
/*
 * How CPUs copy: page by page, or without caching the destination.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/instrumented.h>
#include <linux/kmsan.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

#ifdef CONFIG_MIGRATE_OFFLOAD_STREAM
#include <asm/copy_mc_stream.h>
#include <asm/trapnr.h>
#endif

/*
 * Batches from this size on stream in the mode "auto": see "How CPUs copy" in
 * Documentation/mm/migrate_offload.rst.
 */
#define MO_STREAM_BYTES	((unsigned long)SZ_8M)
/* The scheduler is asked between two runs. */
#define MO_STREAM_RUN	((size_t)SZ_64K)

static const char * const mo_copy_modes[] = {
	[MIGRATE_COPY_CACHED] = "cached",
	[MIGRATE_COPY_STREAMING] = "streaming",
	[MIGRATE_COPY_AUTO] = "auto",
};

/**
 * migrate_offload_copy_pages - copy a part of a folio with this CPU
 * @dst: Destination folio.
 * @src: Source folio.
 * @first: First base page of the part.
 * @nr: Number of base pages.
 *
 * Page by page through copy_mc_highpage(): safe against machine checks, and
 * with everything that an architecture or a sanitizer keeps beside the data.
 *
 * Context: as for &migrate_copy_fn.
 * Return: 0, or -EHWPOISON when memory_failure_queue() was called for the source.
 */
int migrate_offload_copy_pages(struct folio *dst, struct folio *src,
			       unsigned long first, unsigned long nr)
{
	for (unsigned long i = first; i < first + nr; i++) {
		if (copy_mc_highpage(folio_page(dst, i), folio_page(src, i)))
			return -EHWPOISON;
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(migrate_offload_copy_pages);

#ifdef CONFIG_MIGRATE_OFFLOAD_STREAM
/*
 * The pages of a folio are one run of memory: 64-bit, so without highmem.  A
 * machine check is told as copy_mc_highpage() does, once for the page.
 */
static int mo_copy_stream(struct folio *dst, struct folio *src,
			  unsigned long first, unsigned long nr)
{
	void *from = page_address(folio_page(src, first));
	void *to = page_address(folio_page(dst, first));
	size_t left = nr << PAGE_SHIFT, run, rest = 0;
	unsigned int trap;

	for (; left && !rest; left -= run) {
		run = min(left, MO_STREAM_RUN);
		instrument_memcpy_before(to, from, run);
		rest = copy_mc_stream(to, from, run, &trap);
		instrument_memcpy_after(to, from, run, rest);
		from += run;
		to += run;
		cond_resched();
	}
	copy_mc_stream_fence();
	/* Whatever else it is, the ordinary copy of the folio meets it again. */
	if (rest && trap != X86_TRAP_MC)
		return -EFAULT;
	if (rest) {
		memory_failure_queue(page_to_pfn(virt_to_page(from - rest)), 0);
		return -EHWPOISON;
	}
	for (unsigned long i = first; i < first + nr; i++)
		kmsan_copy_page_meta(folio_page(dst, i), folio_page(src, i));
	return 0;
}

/*
 * Who demotes or empties a range has no use for the data.  Who promotes it has, and
 * so may others: what fits into a cache is better found there.
 */
static bool mo_wants_stream(const struct migrate_batch *batch)
{
	switch (batch->reason) {
	case MR_DEMOTION:
	case MR_MEMORY_HOTPLUG:
	case MR_CONTIG_RANGE:
		return true;
	case MR_NUMA_MISPLACED:
		return false;
	default:
		return (unsigned long)batch->nr_pages << PAGE_SHIFT >=
		       MO_STREAM_BYTES;
	}
}
#endif

/**
 * migrate_offload_copy_routine - how CPUs should copy a batch
 * @mode: What the administrator wants.
 * @batch: The batch.
 *
 * Return: what to pass to migrate_offload_copy_parallel() or
 * migrate_offload_split().
 */
migrate_copy_fn migrate_offload_copy_routine(enum migrate_copy_mode mode,
					     const struct migrate_batch *batch)
{
#ifdef CONFIG_MIGRATE_OFFLOAD_STREAM
	if (mode == MIGRATE_COPY_STREAMING ||
	    (mode == MIGRATE_COPY_AUTO && mo_wants_stream(batch)))
		return mo_copy_stream;
#endif
	return migrate_offload_copy_pages;
}
EXPORT_SYMBOL_GPL(migrate_offload_copy_routine);

/* All modes, with @mode in brackets. */
ssize_t mo_copy_mode_show(enum migrate_copy_mode mode, char *buf)
{
	ssize_t len = 0;

	for (int i = 0; i < ARRAY_SIZE(mo_copy_modes); i++)
		len += mo_show_name(buf, len, mo_copy_modes[i], i == mode);
	return len + sysfs_emit_at(buf, len, "\n");
}

int mo_copy_mode_store(const char *buf, enum migrate_copy_mode *mode)
{
	int new = sysfs_match_string(mo_copy_modes, buf);

	if (new < 0)
		return new;
	if (new == MIGRATE_COPY_STREAMING && !IS_ENABLED(CONFIG_MIGRATE_OFFLOAD_STREAM))
		return -EOPNOTSUPP;
	WRITE_ONCE(*mode, new);
	return 0;
}
