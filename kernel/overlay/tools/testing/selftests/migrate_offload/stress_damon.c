// SPDX-License-Identifier: GPL-2.0
/*
 * The stress program: DAMON, which moves what is cold to one node and what is hot to
 * the other, all the time.
 */
#include <stdio.h>
#include <string.h>

#include "../kselftest.h"
#include "mo_util.h"
#include "stress.h"

#define DAMON	"/sys/kernel/mm/damon/admin/kdamonds/"
#define SCHEME	"0/contexts/0/schemes/%u/"
/* Bytes in a second; most of what is looked at is free. */
#define QUOTA	"268435456"

static const struct scheme {
	const char *action;
	unsigned int node;
	/* Accesses that were seen in an interval: none, or any. */
	const char *least;
	const char *most;
} schemes[] = {
	{ "migrate_cold", 0, "0", "0" },
	{ "migrate_hot", 1, "1", "1000" },
};

static bool running;

static int set(const char *file, const char *value)
{
	char path[192];

	snprintf(path, sizeof(path), DAMON "%s", file);
	if (!mo_set(path, value))
		return 0;
	ksft_print_msg("no DAMON: %s\n", file);
	return -1;
}

static int set_number(const char *file, unsigned long nr)
{
	char value[24];

	snprintf(value, sizeof(value), "%lu", nr);
	return set(file, value);
}

static int set_of(unsigned int scheme, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), SCHEME "%s", scheme, file);
	return set(path, value);
}

/* Where memory ends. What is in between and is none does not matter. */
static unsigned long end_of_memory(void)
{
	FILE *f = fopen("/proc/iomem", "r");
	unsigned long first, last, end = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "System RAM") &&
		    sscanf(line, "%lx-%lx", &first, &last) == 2)
			end = last + 1;
	if (f)
		fclose(f);
	return end;
}

static int set_target(void)
{
	return set("nr_kdamonds", "1") ||
	       set("0/contexts/nr_contexts", "1") ||
	       set("0/contexts/0/operations", "paddr") ||
	       set("0/contexts/0/targets/nr_targets", "1") ||
	       set("0/contexts/0/targets/0/regions/nr_regions", "1") ||
	       set_number("0/contexts/0/targets/0/regions/0/start", mo_page_size) ||
	       set_number("0/contexts/0/targets/0/regions/0/end", end_of_memory());
}

static int set_scheme(unsigned int i)
{
	char node[12];

	snprintf(node, sizeof(node), "%d", mo_nodes[schemes[i].node]);
	return set_of(i, "action", schemes[i].action) ||
	       set_of(i, "target_nid", node) ||
	       set_of(i, "access_pattern/sz/max", "1000000000000") ||
	       set_of(i, "access_pattern/nr_accesses/min", schemes[i].least) ||
	       set_of(i, "access_pattern/nr_accesses/max", schemes[i].most) ||
	       set_of(i, "access_pattern/age/max", "1000000000") ||
	       set_of(i, "quotas/bytes", QUOTA) ||
	       set_of(i, "quotas/reset_interval_ms", "1000");
}

void stress_damon_begin(void)
{
	if (set_target() ||
	    set_number("0/contexts/0/schemes/nr_schemes", ARRAY_SIZE(schemes)))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(schemes); i++)
		if (set_scheme(i))
			return;
	running = !set("0/state", "on");
}

/* What it has moved. The same pages, most often. */
void stress_damon_end(void)
{
	unsigned long long bytes = 0;

	if (!running)
		return;
	set("0/state", "update_schemes_stats");
	for (unsigned int i = 0; i < ARRAY_SIZE(schemes); i++)
		bytes += mo_getf(DAMON SCHEME "stats/sz_applied", i);
	set("0/state", "off");
	ksft_print_msg("DAMON moved %llu MB\n", bytes >> 20);
	if (!bytes)
		stress_fail("DAMON moved nothing");
}
