// SPDX-License-Identifier: GPL-2.0
/*
 * Folios of a chosen size.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/kernel-page-flags.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"
#include "thp.h"

#define PM_PRESENT	(1ULL << 63)
#define PM_PFN		((1ULL << 55) - 1)
#define MAX_FOLIO_PAGES	512

const char *const size_check_names[] = {
	[SIZE_UNKNOWN]		= "no permission",
	[SIZE_PAGEFLAGS]	= "page flags",
	[SIZE_SMAPS]		= "smaps",
	[SIZE_BASE]		= "base pages",
	[SIZE_HUGETLB]		= "hugetlb",
};

/* Before Linux 6.8 there is one size only, and no directory for it. */
static int allow_pmd_size(const char *dir, size_t size)
{
	char path[PATH_MAX];
	long long pmd_size;
	int err;

	snprintf(path, sizeof(path), "%s/hpage_pmd_size", dir);
	err = setting_read_number(path, &pmd_size);
	if (err)
		return err;
	if ((size_t)pmd_size != size)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/enabled", dir);
	return setting_write(path, "always");
}

/*
 * "always" and "never" in the directories of the sizes do not depend on the
 * setting for all sizes.
 */
static int allow_in(char *const dirs[], size_t n, size_t size)
{
	char path[PATH_MAX];
	size_t i, kb;
	int err = 0, e, found = 0;

	for (i = 0; i < n; i++) {
		if (sscanf(strrchr(dirs[i], '/'), "/hugepages-%zukB", &kb) != 1)
			continue;
		found |= kb * 1024 == size;
		snprintf(path, sizeof(path), "%s/enabled", dirs[i]);
		e = setting_write(path, kb * 1024 == size ? "always" : "never");
		/* Some sizes exist for shmem only and have no such file. */
		if (e && (e != -ENOENT || kb * 1024 == size))
			err = e;
	}
	return found ? err : -ENOENT;
}

int thp_allow_only(const char *dir, size_t size)
{
	char pattern[PATH_MAX];
	glob_t g;
	int err;

	if (size == (size_t)sysconf(_SC_PAGESIZE))
		return 0;
	snprintf(pattern, sizeof(pattern), "%s/hugepages-*kB", dir);
	if (glob(pattern, 0, NULL, &g))
		return allow_pmd_size(dir, size);
	err = allow_in(g.gl_pathv, g.gl_pathc, size);
	globfree(&g);
	return err;
}

/* One folio: pages in a row, a head, its tails, and no further tail behind. */
static int is_folio(const uint64_t *map, int kpageflags, size_t pages)
{
	const uint64_t mask = 1ULL << KPF_COMPOUND_HEAD | 1ULL << KPF_COMPOUND_TAIL;
	uint64_t flags[MAX_FOLIO_PAGES + 1] = { 0 }, pfn = map[0] & PM_PFN, want;
	size_t i;

	for (i = 0; i < pages; i++)
		if (!(map[i] & PM_PRESENT) || (map[i] & PM_PFN) != pfn + i)
			return 0;
	/* A short read is the end of memory: the entry behind stays 0. */
	if (pread(kpageflags, flags, (pages + 1) * 8, pfn * 8) < (ssize_t)(pages * 8))
		return 0;
	for (i = 0; i < pages; i++) {
		want = 1ULL << (i ? KPF_COMPOUND_TAIL : KPF_COMPOUND_HEAD);
		if ((flags[i] & mask) != (pages > 1 ? want : 0))
			return 0;
	}
	return !(flags[pages] & 1ULL << KPF_COMPOUND_TAIL);
}

static int check_pageflags(int pagemap, int kpageflags, const void *base,
			   size_t bytes, size_t size, size_t *wrong)
{
	const size_t page = sysconf(_SC_PAGESIZE), pages = size / page;
	uint64_t map[MAX_FOLIO_PAGES];
	size_t i;

	*wrong = 0;
	for (i = 0; i < bytes / size; i++) {
		off_t at = ((uintptr_t)base + i * size) / page * 8;

		if (pread(pagemap, map, pages * 8, at) != (ssize_t)(pages * 8))
			return -EIO;
		/* Without CAP_SYS_ADMIN the numbers read as 0. */
		if (map[0] & PM_PRESENT && !(map[0] & PM_PFN))
			return -EPERM;
		*wrong += !is_folio(map, kpageflags, pages);
	}
	return 0;
}

static int try_pageflags(const void *base, size_t bytes, size_t size,
			 size_t *wrong)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int err = -EPERM;

	if (pagemap >= 0 && kpageflags >= 0)
		err = check_pageflags(pagemap, kpageflags, base, bytes, size, wrong);
	if (pagemap >= 0)
		close(pagemap);
	if (kpageflags >= 0)
		close(kpageflags);
	return err;
}

/* AnonHugePages of the mappings that lie in the range, in bytes. */
static size_t pmd_mapped(uintptr_t from, uintptr_t to)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long start, end, kb;
	char line[512];
	size_t sum = 0;
	int inside = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start < to && end > from;
		else if (inside && sscanf(line, "AnonHugePages: %lu kB", &kb) == 1)
			sum += kb * 1024;
	}
	if (f)
		fclose(f);
	return sum;
}

int thp_check(const void *base, size_t bytes, size_t size,
	      enum size_check *how, size_t *wrong)
{
	size_t huge;
	int err;

	*how = SIZE_PAGEFLAGS;
	err = try_pageflags(base, bytes, size, wrong);
	if (err != -EPERM)
		return err;
	*wrong = 0;
	if (size == (size_t)sysconf(_SC_PAGESIZE)) {
		*how = SIZE_BASE;
	} else if (size == SZ_2M) {
		*how = SIZE_SMAPS;
		huge = pmd_mapped((uintptr_t)base, (uintptr_t)base + bytes);
		*wrong = huge < bytes ? (bytes - huge) / size : 0;
	} else {
		*how = SIZE_UNKNOWN;
	}
	return 0;
}
