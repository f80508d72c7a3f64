// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine has: nodes, processors, DMA channels and huge pages.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "dma.h"
#include "migctl.h"
#include "settings.h"

/* How many "0-3,8" are; 0 for what is no such list. */
static size_t count_list(const char *list)
{
	unsigned long first, last;
	size_t n = 0;
	char *end;

	for (;; list = end + 1) {
		first = last = strtoul(list, &end, 10);
		if (end == list)
			return 0;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first)
			return 0;
		n += last - first + 1;
		if (*end != ',')
			return *end ? 0 : n;
	}
}

/* -1 where the kernel does not say. */
static long read_count(const struct check *c, const char *file)
{
	char path[PATH_MAX], list[SETTING_LEN];

	snprintf(path, sizeof(path), "%s/devices/system/%s", c->tree.sysfs, file);
	if (setting_read(path, list, sizeof(list)))
		return -1;
	return count_list(list);
}

static void check_nodes(struct check *c)
{
	const long nodes = read_count(c, "node/has_memory");

	if (nodes > 1)
		check_add(c, FOUND_OK, "nodes", "%ld with memory", nodes);
	else
		check_add(c, FOUND_MISSING, "nodes",
			  "%s with memory: memory has nowhere to go (numa=fake=2 makes two for a test)",
			  nodes == 1 ? "one" : "no");
}

struct channels {
	size_t used, unused;
	char drivers[128], other_drivers[128];
};

static void find_channels(const struct check *c, struct channels *x)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/class/dma", c->tree.sysfs);
	x->used = dma_drivers(path, x->drivers, sizeof(x->drivers));
	x->unused = dma_drivers_of_free(path, x->other_drivers, sizeof(x->other_drivers));
}

/* One processor is enough where channels copy. */
static void check_cpus(struct check *c, size_t channels)
{
	const long cpus = read_count(c, "cpu/online");

	if (cpus > 1)
		check_add(c, FOUND_OK, "CPUs", "%ld are online", cpus);
	else if (cpus < 0)
		check_add(c, FOUND_NOTE, "CPUs", "how many there are is unknown");
	else
		check_add(c, channels ? FOUND_NOTE : FOUND_MISSING, "CPUs",
			  "no other one that could help to copy%s",
			  channels ? "" : ", and no DMA channel either");
}

/* Which transfers a channel can do is in no file: only selecting dcbm tells. */
static void check_channels(struct check *c, const struct channels *x)
{
	if (!x->used && !x->unused)
		check_add(c, FOUND_NOTE, "DMA channels",
			  "none: dcbm cannot work; load the driver of an engine if there is one");
	if (x->used)
		check_add(c, FOUND_NOTE, "DMA channels", "%zu in use%s%s", x->used,
			  *x->drivers ? ", of " : "", x->drivers);
	if (x->unused)
		check_add(c, FOUND_NOTE, "DMA channels",
			  "%zu free%s%s: whether they copy memory shows when dcbm is selected",
			  x->unused, *x->other_drivers ? ", of " : "", x->other_drivers);
	if (dma_is_software(x->drivers) || dma_is_software(x->other_drivers))
		check_add(c, FOUND_NOTE, "DMA channels", "some are software, which the CPUs run");
}

static void check_thp(struct check *c)
{
	char path[PATH_MAX], enabled[SETTING_LEN];

	snprintf(path, sizeof(path), "%s/kernel/mm/transparent_hugepage/enabled",
		 c->tree.sysfs);
	if (setting_read(path, enabled, sizeof(enabled)))
		check_add(c, FOUND_NOTE, "huge pages",
			  "transparent ones are not in this kernel; small folios gain less");
	else if (!strcmp(enabled, "never"))
		check_add(c, FOUND_NOTE, "huge pages",
			  "transparent ones are never made, and small folios gain less: echo madvise > %s",
			  path);
	else
		check_add(c, FOUND_OK, "huge pages", "%s", enabled);
}

void check_machine(struct check *c)
{
	struct channels x;

	find_channels(c, &x);
	check_nodes(c);
	check_cpus(c, x.used + x.unused);
	check_channels(c, &x);
	check_thp(c);
}
