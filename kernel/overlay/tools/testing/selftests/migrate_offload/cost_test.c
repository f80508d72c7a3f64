// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs that "auto" is asked, where it can only say no: on one CPU, which
 * has no other to help it.  The clock must count instructions (MO_ICOUNT is set
 * then), so these are numbers of instructions, whatever the machine.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "mo_test.h"

/*
 * How moves of up to so many kB are measured.  Of short ones an interrupt is a greater
 * part, and so is what the allocator does, which comes in turns of two or four moves:
 * each combination of two out of @phases such moves is measured as often as the
 * others.  Of the longest ones it is all less than what is looked for.
 */
static const struct plan {
	unsigned int kb;
	int rounds, phases;
} plans[] = {
	{ .kb = 1U << 10, .rounds = 32, .phases = 4 },
	{ .kb = 16U << 10, .rounds = 16, .phases = 4 },
	{ .kb = UINT_MAX, .rounds = 3, .phases = 1 },
};

#define MAX_ROUNDS	32
/* In a thousand. */
#define MAX_MORE	10

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

static int nr_moves;

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
	nr_moves++;
	return time;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

/* Where some were interrupted, or met an allocator in another state: what most met. */
static long long median(long long *values, int nr)
{
	qsort(values, nr, sizeof(*values), compare);
	return (values[(nr - 1) / 2] + values[nr / 2]) / 2;
}

/* How often "auto" has said no because it could not say anything else. */
static long long said_no(void)
{
	return mo_getf(MO_SYSFS "auto/declined/not_ready") +
	       mo_getf(MO_SYSFS "auto/declined/too_short");
}

static const struct plan *plan_for(unsigned int kb)
{
	const struct plan *plan = plans;

	while (kb > plan->kb)
		plan++;
	return plan;
}

/*
 * Instructions of a move that @migrator is asked about, behind at least one that does
 * not count: the first runs code that was just patched.
 */
static long long measure(struct __test_metadata *_metadata, const char *migrator,
			 unsigned int kb, unsigned int nr, int phase)
{
	ASSERT_EQ(0, mo_set(MO_SYSFS "offload_migrator", migrator));
	do {
		move_once(_metadata, kb, nr);
	} while (nr_moves % plan_for(nr * kb)->phases != phase);
	return move_once(_metadata, kb, nr);
}

/* By how much "auto" is dearer than "kernel", either of which may be first. */
static void compare_cost(struct __test_metadata *_metadata, unsigned int kb,
			 unsigned int nr)
{
	static const char * const names[] = { "kernel", "auto" };
	const struct plan *plan = plan_for(nr * kb);
	long long kernel[MAX_ROUNDS], more[MAX_ROUNDS], no = said_no(), typical, dearer;
	int asked = 0;

	ASSERT_GE(MAX_ROUNDS, plan->rounds);
	for (int round = 0; round < plan->rounds; round++) {
		int phases[] = { round / plan->phases % plan->phases,
				 round % plan->phases };
		int first = random() % 2;
		long long cost[2];

		for (int i = 0; i < 2; i++) {
			int who = first ^ i, before = nr_moves;

			cost[who] = measure(_metadata, names[who], kb, nr, phases[who]);
			asked += who ? nr_moves - before : 0;
		}
		kernel[round] = cost[0];
		more[round] = cost[1] - cost[0];
	}
	typical = median(kernel, plan->rounds);
	dearer = median(more, plan->rounds);
	TH_LOG("%3u folios of %4u kB: kernel %lld instructions, auto %lld more, %.4f",
	       nr, kb, typical, dearer, 1 + (double)dearer / typical);
	EXPECT_GE(typical * MAX_MORE, dearer * 1000);
	/* It said no each time, and why. */
	EXPECT_LE(no + asked, said_no());
}

TEST_F(cost, of_no)
{
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		compare_cost(_metadata, variant->kb, counts[i]);
	EXPECT_EQ(self->batches, mo_stat("mtcopy", "batches"));
}

MO_TEST_MAIN
