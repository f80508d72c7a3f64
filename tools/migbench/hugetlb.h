/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools of hugetlb pages.
 */
#ifndef MIGBENCH_HUGETLB_H
#define MIGBENCH_HUGETLB_H

#include <stddef.h>

#define NODE_DIR "/sys/devices/system/node"

/*
 * Sees to it that @nr pages of @size are free on @node, of which @dir is the parent;
 * the pool is put back at the end. Returns 0 or -errno: -ENOENT when the kernel has
 * no such pages, -ENOMEM when there are not enough.
 */
int hugetlb_reserve(const char *dir, int node, size_t size, size_t nr);

/* Flags for mmap() of pages of @size. */
int hugetlb_map_flags(size_t size);

#endif
