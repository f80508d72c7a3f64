// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs that "auto" is asked, where it can only say no: on one CPU, which
 * has no other to help it.  The clock must count instructions (MO_ICOUNT is set
 * then), so these are numbers of instructions, and the same on every machine.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "mo_test.h"

/*
 * Odd numbers.  Of short moves more, since of them an interrupt is a greater part.
 */
#define MANY_ROUNDS	9
#define FEW_ROUNDS	3
#define SHORT_KB	(64U << 10)
/* In a thousand. */
#define MAX_COST	1010

static const unsigned int sizes_kb[] = { 4, 16, 64, 128, 256, 512, 1024, 2048 };
static const unsigned int counts[] = { 1, 8, 64, 512 };

FIXTURE(cost)
{
	long long batches;
};

FIXTURE_VARIANT(cost)
{
	unsigned int kb;
};

#define COST_VARIANT(size)					\
	FIXTURE_VARIANT_ADD(cost, folios_of_##size##_kb) { .kb = size }

COST_VARIANT(4);
COST_VARIANT(16);
COST_VARIANT(64);
COST_VARIANT(128);
COST_VARIANT(256);
COST_VARIANT(512);
COST_VARIANT(1024);
COST_VARIANT(2048);

FIXTURE_SETUP(cost)
{
	if (!getenv("MO_ICOUNT") || mo_online_cpus() != 1)
		SKIP(return, "needs one CPU whose clock counts instructions");
	if (mo_load("mtcopy"))
		SKIP(return, "no migrator mtcopy");
	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "kernel"));
	for (size_t i = 1; i < ARRAY_SIZE(sizes_kb); i++)
		if (mo_putf(sizes_kb[i] == variant->kb ? "always" : "never",
			    MO_THP "hugepages-%ukB/enabled", sizes_kb[i]) &&
		    sizes_kb[i] == variant->kb)
			SKIP(return, "no folios of %u kB", variant->kb);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	self->batches = mo_stat("mtcopy", "batches");
}

FIXTURE_TEARDOWN(cost)
{
	mo_restore();
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/*
 * Instructions of one move of @nr new folios.  New ones, since a folio that is
 * mapped by PTEs may be split when it moves for the second time.
 */
static long long move_once(struct __test_metadata *_metadata, unsigned int kb,
			   unsigned int nr)
{
	size_t size = (size_t)kb << 10;
	struct mo_region r = { .len = nr * size };
	void *addrs[nr];
	int nodes[nr], status[nr];
	long long time;

	r.mem = mo_map_aligned(r.len, mo_pmd_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r.mem);
	for (unsigned int i = 0; i < nr; i++) {
		addrs[i] = r.mem + i * size;
		*(volatile char *)addrs[i] = i;
		nodes[i] = mo_nodes[1];
	}
	ASSERT_EQ(0, mo_scan(&r));
	ASSERT_EQ(nr, r.nr);
	time = -now();
	ASSERT_EQ(0, mo_move_array(nr, addrs, nodes, status, MPOL_MF_MOVE));
	time += now();
	for (unsigned int i = 0; i < nr; i++) {
		ASSERT_EQ(mo_nodes[1], status[i]);
		ASSERT_EQ((char)i, *(char *)addrs[i]);
	}
	mo_free(&r);
	return time;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

/* How often "auto" has said no because it could not say anything else. */
static long long said_no(void)
{
	return mo_getf(MO_SYSFS "auto/not_ready") + mo_getf(MO_SYSFS "auto/too_short");
}

/*
 * The median of some, each beside one of the other migrator: interrupts add to a
 * few of them, and a few find pages that are cheaper to allocate.
 */
static void measure(struct __test_metadata *_metadata, unsigned int kb,
		    unsigned int nr)
{
	static const char * const names[] = { "kernel", "auto" };
	int rounds = nr * kb > SHORT_KB ? FEW_ROUNDS : MANY_ROUNDS;
	long long times[2][MANY_ROUNDS];
	long long kernel, with_auto, before = said_no();

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < 2; i++) {
			ASSERT_EQ(0, mo_set(MO_SYSFS "offload_migrator", names[i]));
			/* The first one runs code that was just patched. */
			move_once(_metadata, kb, nr);
			times[i][round] = move_once(_metadata, kb, nr);
		}
	}
	for (int i = 0; i < 2; i++)
		qsort(times[i], rounds, sizeof(times[i][0]), compare);
	kernel = times[0][rounds / 2];
	with_auto = times[1][rounds / 2];
	TH_LOG("%3u folios of %4u kB: kernel %lld, auto %lld instructions, %.4f",
	       nr, kb, kernel, with_auto, (double)with_auto / kernel);
	EXPECT_GE(kernel * MAX_COST, with_auto * 1000);
	/* It said no each time, and why. */
	EXPECT_LE(before + 2 * rounds, said_no());
}

TEST_F(cost, of_no)
{
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		measure(_metadata, variant->kb, counts[i]);
	EXPECT_EQ(self->batches, mo_stat("mtcopy", "batches"));
}

MO_TEST_MAIN
