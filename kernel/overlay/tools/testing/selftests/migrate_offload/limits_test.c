// SPDX-License-Identifier: GPL-2.0
/*
 * Who moves memory commands no more CPUs than its own limits allow: cpu.max and
 * cpuset of its cgroup or of a parent, the settings of mtcopy, and busy CPUs.
 * And its memory is unreachable no longer than the owner allows.
 * What is declined is counted, and moves all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "mo_test.h"

#define CGROUP	"/sys/fs/cgroup/"
#define OUTER	CGROUP "mo_limits/"
#define INNER	OUTER "inner/"
#define PAGES	600
#define ROUNDS	6

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
