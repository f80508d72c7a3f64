/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folios of a chosen size: asking the kernel for them and looking whether they
 * came. The kernel may always fall back to smaller ones.
 */
#ifndef MIGBENCH_THP_H
#define MIGBENCH_THP_H

#include <stddef.h>

#include "migbench.h"

enum size_check {
	SIZE_UNKNOWN,		/* no permission to see page flags */
	SIZE_PAGEFLAGS,		/* head and tail flags of every page read */
	SIZE_SMAPS,		/* PMD mappings counted in smaps */
	SIZE_BASE,		/* huge pages forbidden for the range */
	SIZE_HUGETLB,		/* nothing else can be mapped there */
};

extern const char *const size_check_names[];

/*
 * Lets page faults make folios of @size only. @dir is the THP directory in
 * sysfs. Base pages need no setting. Returns 0 or -errno: -ENOENT when the
 * kernel knows no such size, -EACCES when the settings stay as they are.
 */
int thp_allow_only(const char *dir, size_t size);

/*
 * Counts the folios of @size in a populated range that are not exactly that.
 * Returns 0 or -errno; *how says what could be looked at.
 */
int thp_check(const void *base, size_t bytes, size_t size,
	      enum size_check *how, size_t *wrong);

#endif
