// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs that a migrator is selected where it declines every batch.  On one CPU,
 * "mtcopy" has no other CPU that could help, so it and "auto" are never ready; "dcbm"
 * declines lists that hold nothing for it, and what is too short.  The clock must count
 * instructions (MO_ICOUNT is set then), so these are numbers of instructions, whatever
 * the machine.
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

/*
 * Lists of base pages, up to those of 256 MB.  The same pages move to and fro: the
 * first move of each pair warms up, the second one counts.  Ticks and works of the
 * kernel's own add up to 1 % to one move in three, so the cheapest one is compared.
 * Those works run once a second, and so long do four pairs of 64 MB take: without
 * another order each time, one migrator would meet the works in all of its moves.
 */
#define MAX_PAGES	(64U << 10)
/* One base page in so many of a mixed list is anonymous. */
#define MIX		16

static const struct {
	unsigned int nr;
	int pairs;
} lengths[] = {
	{ 512, 8 },
	{ 4U << 10, 4 },
	{ 16U << 10, 5 },
	{ MAX_PAGES, 2 },
};

static const char * const selected[] = { "kernel", "mtcopy", "auto", "dcbm" };

FIXTURE(pages)
{
	struct mo_list list;
};

/*
 * @ext4: The page cache is that of ext4, not of tmpfs.
 * @nr_anon: Anonymous pages; all others are page cache.
 * @offered: Each batch has enough in it to be offered to a migrator.
 */
FIXTURE_VARIANT(pages)
{
	bool ext4, offered;
	unsigned int nr_anon;
};

FIXTURE_VARIANT_ADD(pages, ext4) { .ext4 = true };
FIXTURE_VARIANT_ADD(pages, tmpfs) { .offered = true };
FIXTURE_VARIANT_ADD(pages, anon) { .offered = true, .nr_anon = MAX_PAGES };
FIXTURE_VARIANT_ADD(pages, ext4_and_anon) { .ext4 = true, .nr_anon = MAX_PAGES / MIX };

FIXTURE_SETUP(pages)
{
	struct mo_region *file = &self->list.r[0], *anon = &self->list.r[1];
	const char *dir = getenv("MO_EXT4_DIR");

	if (!getenv("MO_ICOUNT") || mo_online_cpus() != 1)
		SKIP(return, "needs one CPU whose clock counts instructions");
	if (variant->ext4 && !dir)
		SKIP(return, "MO_EXT4_DIR is not set");
	if (mo_load("mtcopy"))
		SKIP(return, "no migrator mtcopy");
	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "kernel"));
	ASSERT_EQ(0, mo_put(MO_SYSFS "min_batch_bytes", "524288"));
	ASSERT_EQ(0, mo_put(MO_SYSFS "file_folios", "0"));
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));

	anon->len = variant->nr_anon * mo_page_size;
	file->len = (MAX_PAGES - variant->nr_anon) * mo_page_size;
	ASSERT_TRUE(!anon->len || !mo_map_small(anon));
	ASSERT_TRUE(!file->len || !mo_map_file(file, variant->ext4 ? dir : NULL));
	ASSERT_EQ(0, mo_list_mix(&self->list, MIX));
	ASSERT_EQ(MAX_PAGES, self->list.nr);
}

FIXTURE_TEARDOWN(pages)
{
	mo_set(MO_SYSFS "offload_migrator", "kernel");
	mo_unload("engine");
	mo_restore();
	mo_list_free(&self->list);
}

/*
 * Only dcbm may find an engine, which would be ready at any time.  Of lists that it
 * could copy, dcbm is offered nothing, since every batch is too short.
 */
static bool use(const char *migrator, bool offered)
{
	bool dcbm = !strcmp(migrator, "dcbm");

	if (mo_set(MO_SYSFS "offload_migrator", "kernel"))
		return false;
	mo_unload("engine");
	if (dcbm && (mo_load("dcbm") || mo_load("engine")))
		return false;
	return !mo_set(MO_SYSFS "min_batch_bytes",
		       dcbm && offered ? "1073741824" : "524288") &&
	       !mo_set(MO_SYSFS "offload_migrator", migrator);
}

/* Folios that any migrator has copied. */
static long long copied_by_all(void)
{
	static const char * const all[] = { "mtcopy", "padata", "dcbm" };
	long long sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (mo_have(all[i]))
			sum += mo_stat(all[i], "folios");
	return sum;
}

/* Instructions of a move of @nr pages of the list to @node. */
static long long move_list_to(struct __test_metadata *_metadata,
			      struct mo_list *list, unsigned int nr, int node)
{
	long long time = -now();

	ASSERT_EQ(0, mo_list_move(list, nr, node));
	time += now();
	for (unsigned int i = 0; i < nr; i++)
		ASSERT_EQ(node, list->status[i]);
	return time;
}

/* The same with @migrator, which must decline to copy any of them. */
static long long move_declined(struct __test_metadata *_metadata,
			       struct mo_list *list, const char *migrator,
			       unsigned int nr, bool offered)
{
	long long copied, declined = 0, time;
	bool kernel = !strcmp(migrator, "kernel");

	ASSERT_TRUE(use(migrator, offered));
	copied = copied_by_all();
	if (!kernel)
		declined = mo_stat(migrator, "declined");
	move_list_to(_metadata, list, nr, mo_nodes[1]);
	/* Else each move of a migrator may meet the same tick. */
	usleep(random() % 20000);
	time = move_list_to(_metadata, list, nr, mo_nodes[0]);
	EXPECT_EQ(copied, copied_by_all()) {
		TH_LOG("%5u pages: something was offloaded with %s", nr, migrator);
	}
	/* By the batch, whether it has anything for a migrator or not. */
	EXPECT_TRUE(kernel || mo_stat(migrator, "declined") >= declined + 2);
	return time;
}

/* By how much each migrator is dearer than "kernel". */
static void compare_list(struct __test_metadata *_metadata, struct mo_list *list,
			 unsigned int nr, int pairs, bool offered)
{
	long long least[ARRAY_SIZE(selected)];

	/* Pages that did not move before cost more the first time. */
	move_declined(_metadata, list, selected[0], nr, offered);
	for (int pair = 0; pair < pairs; pair++)
		for (size_t turn = 0; turn < ARRAY_SIZE(selected); turn++) {
			size_t i = (pair + turn) % ARRAY_SIZE(selected);
			long long cost = move_declined(_metadata, list, selected[i],
						       nr, offered);

			if (!pair || cost < least[i])
				least[i] = cost;
		}
	for (size_t i = 1; i < ARRAY_SIZE(selected); i++) {
		long long dearer = least[i] - least[0];

		TH_LOG("%5u pages: kernel %lld instructions, %s %lld more, %.4f",
		       nr, least[0], selected[i], dearer,
		       1 + (double)dearer / least[0]);
		EXPECT_GE(least[0] * MAX_MORE, dearer * 1000);
	}
}

TEST_F(pages, of_no)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		compare_list(_metadata, &self->list, lengths[i].nr, lengths[i].pairs,
			     variant->offered);
}

MO_TEST_MAIN
