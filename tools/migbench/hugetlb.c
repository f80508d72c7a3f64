// SPDX-License-Identifier: GPL-2.0
/*
 * Pools of hugetlb pages.
 */
#include <errno.h>
#include <limits.h>
#include <linux/mman.h>
#include <stdio.h>
#include <sys/mman.h>

#include "common.h"
#include "hugetlb.h"
#include "settings.h"

static void pool_path(char path[PATH_MAX], const char *dir, int node, size_t size,
		      const char *file)
{
	snprintf(path, PATH_MAX, "%s/node%d/hugepages/hugepages-%zukB/%s", dir, node,
		 size / SZ_1K, file);
}

static int free_pages(const char *dir, int node, size_t size, long long *n)
{
	char path[PATH_MAX];

	pool_path(path, dir, node, size, "free_hugepages");
	return setting_read_number(path, n);
}

int hugetlb_reserve(const char *dir, int node, size_t size, size_t nr)
{
	const long long want = nr;
	long long all, n;
	char path[PATH_MAX];
	int err;

	err = free_pages(dir, node, size, &n);
	if (err || n >= want)
		return err;
	pool_path(path, dir, node, size, "nr_hugepages");
	err = setting_read_number(path, &all);
	if (!err)
		err = setting_write_number(path, all + want - n);
	if (!err)
		err = free_pages(dir, node, size, &n);
	if (err)
		return err;
	return n < want ? -ENOMEM : 0;
}

int hugetlb_map_flags(size_t size)
{
	return MAP_HUGETLB | __builtin_ctzl(size) << MAP_HUGE_SHIFT;
}
