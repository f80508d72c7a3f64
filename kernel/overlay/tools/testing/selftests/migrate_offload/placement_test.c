// SPDX-License-Identifier: GPL-2.0
/*
 * Where helpers run: on the destination's node first, one in each last level
 * cache before a second one shares it, and never where the caller is.  Callers
 * on different CPUs begin with different helpers.
 *
 * A helper is a work item that is bound to a CPU, so the threads of the bound work
 * queues tell, by the time that they have run, on which CPUs there were any.
 */
#include <sched.h>
#include <stdlib.h>

#include "mo_test.h"

#define BYTES		(16UL << 20)
#define MAX_CPUS	64
#define ATTEMPTS	40

static struct cpu {
	int node;
	int cache;	/* first CPU of its last level cache */
	long long time;
} cpus[MAX_CPUS];
static int nr_cpus;

FIXTURE(placement)
{
	struct mo_region r;
};

/* Of a list like "0-1,4" the first number. */
static int first_of(const char *path)
{
	char buf[64];

	return mo_read(path, buf, sizeof(buf)) < 0 ? -1 : atoi(buf);
}

static void find_cpus(void)
{
	char path[128];

	nr_cpus = mo_online_cpus();
	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		cpus[cpu].node = -1;
		for (int i = 0; i < 2; i++) {
			snprintf(path, sizeof(path),
				 "/sys/devices/system/node/node%d/cpu%d",
				 mo_nodes[i], cpu);
			if (!access(path, F_OK))
				cpus[cpu].node = mo_nodes[i];
		}
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/cache/index3/shared_cpu_list",
			 cpu);
		cpus[cpu].cache = first_of(path);
	}
}

/* How many last level caches has @node, but for that of @caller? */
static int caches(int node, int caller)
{
	int nr = 0;

	for (int cpu = 0; cpu < nr_cpus; cpu++)
		nr += cpus[cpu].node == node && cpus[cpu].cache == cpu &&
		      cpus[cpu].cache != cpus[caller].cache;
	return nr;
}

FIXTURE_SETUP(placement)
{
	static const struct mo_variant mtcopy = {
		.migrator = "mtcopy", .threads = 2,
	};
	struct mo_region *r = &self->r;
	const char *reason;

	find_cpus();
	if (nr_cpus > MAX_CPUS || caches(mo_nodes[0], 0) < 1 ||
	    caches(mo_nodes[1], 0) < 2)
		SKIP(return, "needs two nodes with two last level caches each");
	reason = mo_use(&mtcopy);
	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	r->len = BYTES;
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
}

FIXTURE_TEARDOWN(placement)
{
	mo_free(&self->r);
	mo_restore();
}

/*
 * Go to CPU @caller.  An affinity for that CPU alone would keep helpers off all
 * others, so it is taken back, and the scheduler leaves the task where it is
 * for most of the time.
 */
static void go_to(struct __test_metadata *_metadata, int caller)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(caller, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		CPU_SET(cpu, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
}

/*
 * Returns a bit for each CPU that did a good part of the work when @caller moved
 * memory to @node; 0 if the caller did not stay on its CPU.  The way back, which
 * comes first, does not count.
 */
static unsigned long helped(struct __test_metadata *_metadata,
			    struct mo_region *r, int caller, int node)
{
	int back = mo_nodes[node == mo_nodes[0]];
	long long before[MAX_CPUS], after[MAX_CPUS];
	unsigned long found = 0;
	long long cpu_ns;

	ASSERT_EQ(0, mo_move(r, back, MPOL_MF_MOVE));
	go_to(_metadata, caller);
	cpu_ns = -mo_stat("mtcopy", "cpu_ns");
	mo_workers_time(before, nr_cpus);
	ASSERT_EQ(0, mo_move(r, node, MPOL_MF_MOVE));
	if (sched_getcpu() != caller)
		return 0;
	mo_workers_time(after, nr_cpus);
	cpu_ns += mo_stat("mtcopy", "cpu_ns");
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		if (after[cpu] - before[cpu] > cpu_ns / 8 + 500000)
			found |= 1UL << cpu;
	return found;
}

/*
 * Is any of them in the wrong place?  On another node, beside the caller, or two
 * that share a cache.
 */
static bool misplaced(unsigned long found, int caller, int node)
{
	bool used[MAX_CPUS] = {};

	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		int cache = cpus[cpu].cache;

		if (!(found & 1UL << cpu))
			continue;
		if (cpus[cpu].node != node || cache == cpus[caller].cache ||
		    used[cache])
			return true;
		used[cache] = true;
	}
	return false;
}

static void spread(struct __test_metadata *_metadata, struct mo_region *r,
		   int caller, int node)
{
	int nr = caches(node, caller), nr_misplaced = 0;
	unsigned long found, all = 0;
	char buf[16];

	snprintf(buf, sizeof(buf), "%d", nr + 1);
	ASSERT_EQ(0, mo_set(MO_SYSFS "mtcopy/threads", buf));
	/* One that does not get to run in time does not help. */
	for (int i = 0; i < ATTEMPTS && __builtin_popcountl(all) < nr; i++) {
		found = helped(_metadata, r, caller, node);
		if (misplaced(found, caller, node))
			nr_misplaced++;
		else
			all |= found;
	}
	EXPECT_EQ(nr, __builtin_popcountl(all));
	/* Once it may have been somebody else's work. */
	EXPECT_GE(1, nr_misplaced);
	TH_LOG("caller on CPU %d, to node %d: %d helpers, on CPUs %#lx", caller,
	       node, nr, all);
}

/* To the other node: a helper in each of its caches. */
TEST_F(placement, other_node)
{
	spread(_metadata, &self->r, 0, mo_nodes[1]);
	spread(_metadata, &self->r, nr_cpus - 1, mo_nodes[0]);
}

/* To the caller's own: the caches that it does not use itself. */
TEST_F(placement, own_node)
{
	spread(_metadata, &self->r, 0, mo_nodes[0]);
	spread(_metadata, &self->r, nr_cpus - 1, mo_nodes[1]);
}

/* The CPU that is the only helper of @caller in most moves to @node; -1 if none. */
static int first_helper(struct __test_metadata *_metadata, struct mo_region *r,
			int caller, int node)
{
	int times[MAX_CPUS] = {}, first = 0;

	for (int i = 0; i < ATTEMPTS && times[first] < 4; i++) {
		unsigned long found = helped(_metadata, r, caller, node);

		if (__builtin_popcountl(found) != 1)
			continue;
		times[__builtin_ctzl(found)]++;
		for (int cpu = 0; cpu < nr_cpus; cpu++)
			if (times[cpu] > times[first])
				first = cpu;
	}
	return times[first] ? first : -1;
}

/* Each CPU of a node, as a caller, begins with another helper. */
TEST_F(placement, different_callers)
{
	unsigned long helpers = 0;
	int nr = 0;

	ASSERT_EQ(0, mo_set(MO_SYSFS "mtcopy/threads", "2"));
	for (int caller = 0; caller < nr_cpus; caller++) {
		int first;

		if (cpus[caller].node != mo_nodes[0])
			continue;
		first = first_helper(_metadata, &self->r, caller, mo_nodes[1]);
		TH_LOG("caller on CPU %d: helper on CPU %d", caller, first);
		ASSERT_LE(0, first);
		helpers |= 1UL << first;
		nr++;
	}
	EXPECT_EQ(nr, __builtin_popcountl(helpers));
}

MO_TEST_MAIN
