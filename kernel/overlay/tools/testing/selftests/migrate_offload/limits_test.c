// SPDX-License-Identifier: GPL-2.0
/*
 * A task that moves memory commands no more CPUs than its own limits allow:
 * cpu.max and cpuset of its cgroup or of a parent, its affinity and its class,
 * the settings of mtcopy, and busy CPUs.  And its memory is unreachable no longer
 * than the owner allows.  What is declined is counted, and moves all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "mo_test.h"

#define CGROUP	"/sys/fs/cgroup/"
#define OUTER	CGROUP "mo_limits/"
#define INNER	OUTER "inner/"
#define PAGES	600
#define ROUNDS	6
#define TRACING	"/sys/kernel/tracing/"
#define HELPERS	TRACING "events/migrate_offload/mm_migrate_offload_helpers/"

FIXTURE(limits)
{
	struct mo_region r;
};

/* What mtcopy did, as its counters tell. */
struct work {
	long long batches, folios, helpers, declined;
};

static const struct mo_variant four_threads = {
	.migrator = "mtcopy",
	.threads = 4,
};

FIXTURE_SETUP(limits)
{
	const char *reason = mo_use(&four_threads);
	struct mo_region *r = &self->r;

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	r->len = PAGES * mo_page_size;
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	madvise(r->mem, r->len, MADV_NOHUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
}

FIXTURE_TEARDOWN(limits)
{
	mo_free(&self->r);
	mo_write(CGROUP "cgroup.procs", "0", 1);
	rmdir(INNER);
	rmdir(OUTER);
	if (!access(HELPERS "enable", F_OK))
		mo_set(HELPERS "enable", "0");
	mo_restore();
}

static struct work count(void)
{
	return (struct work) {
		.batches = mo_stat("mtcopy", "batches"),
		.folios = mo_stat("mtcopy", "folios"),
		.helpers = mo_stat("mtcopy", "helpers"),
		.declined = mo_stat("mtcopy", "declined"),
	};
}

/* Move @r to and fro, check it, and tell what mtcopy did of it. */
static struct work move(struct __test_metadata *_metadata, struct mo_region *r)
{
	struct work before = count(), after;

	for (int round = 0; round < ROUNDS; round++) {
		EXPECT_EQ(0, mo_move(r, mo_nodes[!(round % 2)], MPOL_MF_MOVE));
		EXPECT_EQ(r->nr, mo_on_node(r, mo_nodes[!(round % 2)]));
		EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, round + 1));
		mo_fill(r->mem, r->len, r->base, round + 2);
	}
	mo_fill(r->mem, r->len, r->base, 1);
	after = count();
	return (struct work) {
		.batches = after.batches - before.batches,
		.folios = after.folios - before.folios,
		.helpers = after.helpers - before.helpers,
		.declined = after.declined - before.declined,
	};
}

static long long declined_for(const char *cause)
{
	return mo_getf(MO_SYSFS "mtcopy/declined/%s", cause);
}

/* Every batch is declined, and for @cause. */
static void all_is_declined(struct __test_metadata *_metadata,
			    struct mo_region *r, const char *cause)
{
	long long before = declined_for(cause);
	struct work work = move(_metadata, r);

	EXPECT_EQ(0, work.batches);
	EXPECT_EQ(0, work.folios);
	EXPECT_EQ(0, work.helpers);
	EXPECT_LE(ROUNDS, work.declined);
	EXPECT_EQ(work.declined, declined_for(cause) - before);
}

static void all_is_offloaded(struct __test_metadata *_metadata,
			     struct mo_region *r, int max_helpers)
{
	struct work work = move(_metadata, r);

	EXPECT_EQ(ROUNDS * PAGES, work.folios);
	EXPECT_EQ(0, work.declined);
	EXPECT_LE(work.helpers, work.batches * max_helpers);
}

/* A group in a group, with the controllers cpu and cpuset. */
static bool make_groups(void)
{
	if (access(CGROUP "cgroup.procs", F_OK) &&
	    mount("cgroup2", CGROUP, "cgroup2", 0, NULL))
		return false;
	return !mo_set(CGROUP "cgroup.subtree_control", "+cpu +cpuset") &&
	       !mkdir(OUTER, 0755) && !mkdir(INNER, 0755) &&
	       !mo_set(OUTER "cgroup.subtree_control", "+cpu +cpuset");
}

TEST_F(limits, none)
{
	all_is_offloaded(_metadata, &self->r, 3);
}

TEST_F(limits, threads)
{
	ASSERT_EQ(0, mo_set(MO_SYSFS "mtcopy/threads", "2"));
	all_is_offloaded(_metadata, &self->r, 1);
	/* Alone, but in batches: that is what one thread means. */
	ASSERT_EQ(0, mo_set(MO_SYSFS "mtcopy/threads", "1"));
	all_is_offloaded(_metadata, &self->r, 0);
}

TEST_F(limits, bytes_per_worker)
{
	/* 600 pages of 4 KB are worth two workers, 511 only one. */
	ASSERT_EQ(0, mo_set(MO_SYSFS "mtcopy/min_bytes_per_worker", "1048576"));
	all_is_offloaded(_metadata, &self->r, 1);
	self->r.nr = 511;
	all_is_declined(_metadata, &self->r, "not_ready");
}

TEST_F(limits, min_batch_bytes)
{
	ASSERT_EQ(0, mo_set(MO_SYSFS "min_batch_bytes", "1073741824"));
	all_is_declined(_metadata, &self->r, "too_short");
}

TEST_F(limits, cpu_max)
{
	if (!make_groups())
		SKIP(return, "no cgroups with cpu and cpuset");
	ASSERT_EQ(0, mo_set(INNER "cgroup.procs", "0"));
	all_is_offloaded(_metadata, &self->r, 3);

	ASSERT_EQ(0, mo_set(INNER "cpu.max", "100000 100000"));
	all_is_declined(_metadata, &self->r, "not_ready");
	/* One and a half is one. */
	ASSERT_EQ(0, mo_set(INNER "cpu.max", "150000 100000"));
	all_is_declined(_metadata, &self->r, "not_ready");
	ASSERT_EQ(0, mo_set(INNER "cpu.max", "200000 100000"));
	all_is_offloaded(_metadata, &self->r, 1);
	ASSERT_EQ(0, mo_set(INNER "cpu.max", "max"));
	all_is_offloaded(_metadata, &self->r, 3);
}

TEST_F(limits, cpu_max_of_parent)
{
	if (!make_groups())
		SKIP(return, "no cgroups with cpu and cpuset");
	ASSERT_EQ(0, mo_set(INNER "cgroup.procs", "0"));
	ASSERT_EQ(0, mo_set(INNER "cpu.max", "200000 100000"));
	ASSERT_EQ(0, mo_set(OUTER "cpu.max", "100000 100000"));
	all_is_declined(_metadata, &self->r, "not_ready");
}

TEST_F(limits, cpuset)
{
	if (!make_groups())
		SKIP(return, "no cgroups with cpu and cpuset");
	ASSERT_EQ(0, mo_set(INNER "cgroup.procs", "0"));
	ASSERT_EQ(0, mo_set(INNER "cpuset.cpus", "0"));
	all_is_declined(_metadata, &self->r, "not_ready");
	ASSERT_EQ(0, mo_set(INNER "cpuset.cpus", "0-1"));
	all_is_offloaded(_metadata, &self->r, 1);
	ASSERT_EQ(0, mo_set(OUTER "cpuset.cpus", "1"));
	all_is_declined(_metadata, &self->r, "not_ready");
}

/* A kworker moves the memory of a group whose nodes change: it has no helpers. */
TEST_F(limits, memory_migrate)
{
	struct mo_region *r = &self->r;
	struct work before, after;
	char node[16];

	if (!make_groups())
		SKIP(return, "no cgroups with cpu and cpuset");
	snprintf(node, sizeof(node), "%d", mo_nodes[0]);
	ASSERT_EQ(0, mo_set(INNER "cpuset.mems", node));
	ASSERT_EQ(0, mo_set(INNER "cgroup.procs", "0"));
	ASSERT_EQ(r->nr, mo_on_node(r, mo_nodes[0]));
	before = count();
	snprintf(node, sizeof(node), "%d", mo_nodes[1]);
	ASSERT_EQ(0, mo_set(INNER "cpuset.mems", node));
	after = count();
	EXPECT_EQ(r->nr, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(before.helpers, after.helpers);
	EXPECT_EQ(before.batches, after.batches);
	EXPECT_LT(before.declined, after.declined);
}

static int run_on(unsigned int first, unsigned int end)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (; first < end; first++)
		CPU_SET(first, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

TEST_F(limits, affinity)
{
	ASSERT_EQ(0, run_on(0, 1));
	all_is_declined(_metadata, &self->r, "not_ready");
	ASSERT_EQ(0, run_on(0, 2));
	all_is_offloaded(_metadata, &self->r, 1);
	ASSERT_EQ(0, run_on(0, mo_online_cpus()));
	all_is_offloaded(_metadata, &self->r, 3);
}

/* A real-time task waits for no helper that any task may preempt. */
TEST_F(limits, real_time)
{
	struct sched_param param = { .sched_priority = 1 };

	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &param));
	all_is_declined(_metadata, &self->r, "not_ready");
	param.sched_priority = 0;
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_OTHER, &param));
	all_is_offloaded(_metadata, &self->r, 3);
}

/* Tasks that move memory of their own at the same time. */
#define MAX_MOVERS	64
#define MOVES		40

struct mover {
	pthread_t thread;
	pthread_barrier_t *begin;
	struct mo_region r;
	long failed;
};

static void *mover(void *arg)
{
	struct mover *m = arg;

	pthread_barrier_wait(m->begin);
	for (int i = 0; i < MOVES; i++)
		m->failed |= mo_move(&m->r, mo_nodes[!(i % 2)], MPOL_MF_MOVE);
	return NULL;
}

/* @nr threads move @len bytes each to and fro, in pages that @advice asks for. */
static void move_at_once(struct __test_metadata *_metadata, int nr, size_t len,
			 int advice)
{
	static struct mover movers[MAX_MOVERS];
	pthread_barrier_t begin;

	ASSERT_EQ(0, pthread_barrier_init(&begin, NULL, nr));
	for (int i = 0; i < nr; i++) {
		struct mover *m = &movers[i];

		m->begin = &begin;
		m->r.len = len;
		m->r.mem = mo_map_aligned(len, mo_pmd_size, PROT_READ | PROT_WRITE);
		ASSERT_NE(NULL, m->r.mem);
		madvise(m->r.mem, len, advice);
		mo_fill(m->r.mem, len, (uintptr_t)m->r.mem, 1);
		ASSERT_EQ(0, mo_scan(&m->r));
	}
	for (int i = 0; i < nr; i++)
		ASSERT_EQ(0, pthread_create(&movers[i].thread, NULL, mover,
					    &movers[i]));
	for (int i = 0; i < nr; i++) {
		struct mover *m = &movers[i];

		ASSERT_EQ(0, pthread_join(m->thread, NULL));
		EXPECT_EQ(0, m->failed);
		EXPECT_EQ(MO_GOOD, mo_check(m->r.mem, len, m->r.base, 1));
		mo_free(&m->r);
	}
	pthread_barrier_destroy(&begin);
}

/*
 * The most workers that a limited group had in flight when one of its batches was
 * granted a helper, by the tracepoint; 0 if that never happened.
 */
static unsigned int most_in_flight(struct __test_metadata *_metadata)
{
	unsigned int most = 0, granted, in_flight;
	FILE *trace = fopen(TRACING "trace", "r");
	char line[512], *at;

	ASSERT_NE(NULL, trace);
	while (fgets(line, sizeof(line), trace)) {
		at = strstr(line, "granted=");
		if (!at || sscanf(at, "granted=%u placed=%*u in_flight=%u",
				  &granted, &in_flight) != 2)
			continue;
		if (granted && in_flight > most)
			most = in_flight;
	}
	fclose(trace);
	return most;
}

/* The limit is that of the group, not that of each task in it. */
static void crowd(struct __test_metadata *_metadata, const char *cpu_max)
{
	ASSERT_EQ(0, mo_set(cpu_max, "200000 100000"));
	/* Truncation empties the buffer. */
	ASSERT_EQ(0, close(open(TRACING "trace", O_WRONLY | O_TRUNC)));
	ASSERT_EQ(0, mo_set(HELPERS "enable", "1"));
	move_at_once(_metadata, 4, 2 * mo_pmd_size, MADV_NOHUGEPAGE);
	ASSERT_EQ(0, mo_set(HELPERS "enable", "0"));
	/* The caller and one helper. */
	EXPECT_EQ(2, most_in_flight(_metadata));
	ASSERT_EQ(0, mo_set(cpu_max, "max"));
}

TEST_F(limits, cpu_max_of_threads)
{
	if (!make_groups())
		SKIP(return, "no cgroups with cpu and cpuset");
	if (access(HELPERS "enable", F_OK))
		SKIP(return, "no tracepoints");
	ASSERT_EQ(0, mo_set(INNER "cgroup.procs", "0"));
	crowd(_metadata, INNER "cpu.max");
	crowd(_metadata, OUTER "cpu.max");
	/* Nothing is counted any more, and all was given back. */
	ASSERT_EQ(0, mo_set(INNER "cpu.max", "200000 100000"));
	all_is_offloaded(_metadata, &self->r, 1);
}

/*
 * Each batch takes one window, so as many tasks as there are windows never find
 * them all in use.
 */
TEST_F(limits, windows)
{
	int nr = mo_online_cpus() < 4 ? 4 : mo_online_cpus();
	long long declined;

	if (nr > MAX_MOVERS)
		nr = MAX_MOVERS;
	declined = declined_for("no_window");
	ASSERT_LE(0, declined);
	move_at_once(_metadata, nr, mo_pmd_size, MADV_HUGEPAGE);
	EXPECT_EQ(declined, declined_for("no_window"));
}

/* A batch gets no longer than ever where that could not be copied in time. */
TEST_F(limits, stall_bound)
{
	struct work unbound = move(_metadata, &self->r), bound;

	ASSERT_EQ(0, mo_put(MO_SYSFS "max_stall_us", "1"));
	bound = move(_metadata, &self->r);
	EXPECT_EQ(ROUNDS, unbound.batches);
	EXPECT_EQ(2 * ROUNDS, bound.batches);
	EXPECT_EQ(unbound.folios, bound.folios);
}

/* With something to do on every CPU, idle ones cannot be found. */
TEST_F(limits, idle_only)
{
	ASSERT_EQ(0, mo_busy_begin());
	ASSERT_EQ(0, mo_set(MO_SYSFS "mtcopy/idle_only", "1"));
	all_is_declined(_metadata, &self->r, "not_ready");
	ASSERT_EQ(0, mo_set(MO_SYSFS "mtcopy/idle_only", "0"));
	all_is_offloaded(_metadata, &self->r, 3);
	mo_busy_end();
}

MO_TEST_MAIN
