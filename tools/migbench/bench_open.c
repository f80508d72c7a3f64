// SPDX-License-Identifier: GPL-2.0
/*
 * Before a measurement: can it be done here, and between which nodes.
 */
#include <errno.h>
#include <numa.h>
#include <string.h>

#include "bench.h"

static int has_memory(int node)
{
	return numa_bitmask_isbitset(numa_all_nodes_ptr, node) &&
	       numa_node_size64(node, NULL) > 0;
}

/* The first two nodes that have memory and that this process may use. */
static int choose_nodes(struct bench *b)
{
	int i, n = 0;

	for (i = 0; i <= numa_max_node() && n < 2; i++)
		if (has_memory(i))
			b->info.node[n++] = i;
	if (n == 2)
		return 0;
	complain("nodes", "two nodes with memory are needed, this machine has %d", n);
	return EXIT_CANNOT;
}

static int check_nodes(struct bench *b, const int node[2])
{
	char name[32];
	int i;

	for (i = 0; i < 2; i++) {
		b->info.node[i] = node[i];
		if (node[i] <= numa_max_node() && has_memory(node[i]))
			continue;
		snprintf(name, sizeof(name), "node %d", node[i]);
		complain(name, "has no memory that this process may use");
		return EXIT_CANNOT;
	}
	return 0;
}

static int check_move_pages(void)
{
	int err = move_pages_probe();

	if (!err)
		return 0;
	complain("move_pages", "%s", strerror(-err));
	return EXIT_CANNOT;
}

static int set_limit(const char *file, size_t bytes, long long *now)
{
	int err = bytes ? migrator_set_limit(MIGRATION_DIR, file, bytes) : 0;

	if (err) {
		complain(file, "cannot be set to %zu: %s", bytes, strerror(-err));
		return EXIT_CANNOT;
	}
	if (bytes)
		*now = bytes;
	return 0;
}

/* Of all migrators that have one, so that they are compared on equal terms. */
static int set_min_share(const struct bench *b)
{
	const struct migrator *m;
	long long now = RECORD_ABSENT;
	size_t i;
	int ret = 0;

	if (!b->o->min_share)
		return 0;
	for (i = 0; !ret && i < b->migrators.n; i++) {
		m = migrator_find(b->migrators.v[i]);
		if (m->share_file && migrator_offered(MIGRATION_DIR, m->name))
			ret = set_limit(m->share_file, b->o->min_share, &now);
	}
	if (ret || now != RECORD_ABSENT)
		return ret;
	complain("min-share", "no migrator here divides its work");
	return EXIT_CANNOT;
}

/* Demotion and compaction of a live machine then change their migrator, too. */
static void warn_of_choice(void)
{
	if (migrator_switches_all(MIGRATION_DIR))
		complain("policy",
			 "not in this kernel: the migrator of all migrations changes meanwhile");
}

static int open_cputime(const struct options *o)
{
	int err = o->cpu ? cputime_open(PROC_STAT) : 0;

	if (!err)
		return 0;
	complain(PROC_STAT, "%s", strerror(-err));
	return EXIT_CANNOT;
}

static void choose_migrators(struct bench *b)
{
	if (b->o->migrators.n)
		b->migrators = b->o->migrators;
	else
		migrator_list(MIGRATION_DIR, &b->migrators);
}

int bench_open(struct bench *b, const struct options *o)
{
	int ret;

	memset(b, 0, sizeof(*b));
	b->o = o;
	b->reps = o->reps;
	sysinfo_get(&b->info, o->accel, o->kernel_package);
	if (numa_available() < 0) {
		complain("NUMA", "this kernel does not offer it");
		return EXIT_CANNOT;
	}
	ret = o->node[0] < 0 ? choose_nodes(b) : check_nodes(b, o->node);
	if (!ret)
		ret = check_move_pages();
	if (!ret)
		ret = set_limit("max_batch_bytes", o->max_batch,
				&b->info.max_batch_bytes);
	if (!ret)
		ret = set_limit("min_batch_bytes", o->min_batch,
				&b->info.min_batch_bytes);
	choose_migrators(b);
	if (!ret)
		warn_of_choice();
	if (!ret)
		ret = set_min_share(b);
	if (!ret)
		ret = open_cputime(o);
	return ret;
}
