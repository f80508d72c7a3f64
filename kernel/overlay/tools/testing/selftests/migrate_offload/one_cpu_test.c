// SPDX-License-Identifier: GPL-2.0
/*
 * With one CPU that counts instructions, others do a part of the copying, and the
 * task that migrates is charged for what it would have run alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "mo_test.h"

#define BYTES	(16UL << 20)
#define ROUNDS	8
/* In a thousand: what it costs to share a batch. */
#define MAX_COST	1010

FIXTURE(one_cpu)
{
	struct mo_region r;
};

FIXTURE_SETUP(one_cpu)
{
	struct mo_region *r = &self->r;

	if (!getenv("MO_ICOUNT") || mo_online_cpus() != 1)
		SKIP(return, "needs one CPU whose clock counts instructions");
	/* Helpers of mtcopy are on other CPUs; padata's where there is room. */
	if (mo_load("padata"))
		SKIP(return, "no migrator padata");
	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "padata"));
	ASSERT_EQ(0, mo_put(MO_SYSFS "padata/threads", "4"));
	/* By the same instructions as without. */
	ASSERT_EQ(0, mo_put(MO_SYSFS "padata/copy_mode", "cached"));
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	r->len = BYTES;
	r->mem = mo_map_aligned(r->len, mo_pmd_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	ASSERT_EQ(0, madvise(r->mem, r->len, MADV_HUGEPAGE));
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
	/* Those who help go first, so that they have something to do. */
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, 0, 19));
}

FIXTURE_TEARDOWN(one_cpu)
{
	mo_free(&self->r);
	mo_restore();
}

/* CPU time that it takes to move everything to and fro, in ns. */
static long long move(struct __test_metadata *_metadata, struct mo_region *r,
		      const char *migrator)
{
	long long used;

	ASSERT_EQ(0, mo_set(MO_SYSFS "offload_migrator", migrator));
	used = -mo_cpu_used(RUSAGE_SELF);
	for (int round = 0; round < ROUNDS; round++)
		ASSERT_EQ(0, mo_move(r, mo_nodes[!(round % 2)], MPOL_MF_MOVE));
	return used + mo_cpu_used(RUSAGE_SELF);
}

TEST_F(one_cpu, charged_as_if_alone)
{
	long long alone, with_help, own, cpu_ns, cost;

	move(_metadata, &self->r, "kernel");
	alone = move(_metadata, &self->r, "kernel");
	cpu_ns = -mo_stat("padata", "cpu_ns");
	own = -mo_cpu_clock(getpid());
	with_help = move(_metadata, &self->r, "padata");
	own += mo_cpu_clock(getpid());
	cpu_ns += mo_stat("padata", "cpu_ns");

	cost = with_help * 1000 / alone;
	TH_LOG("alone %lld, with help %lld: own %lld, of helpers %lld ns; %lld.%03lld",
	       alone, with_help, own, cpu_ns, cost / 1000, cost % 1000);
	/* A good part of it was done by others. */
	EXPECT_LT(alone / 4, cpu_ns);
	EXPECT_GE(MAX_COST, cost);
	EXPECT_LE(2000 - MAX_COST, cost);
}

MO_TEST_MAIN
