// SPDX-License-Identifier: GPL-2.0
/*
 * hugetlb folios: each is a batch by itself, and has flags of hugetlb where the
 * others are marked.
 */
#include <sys/mman.h>

#include "mo_test.h"

#define HUGE		"/sys/kernel/mm/hugepages/hugepages-%zukB/"
#define HUGE_OF		"/sys/devices/system/node/node%d/hugepages/hugepages-%zukB/"
/* Attempts at a folio in which the migrator is asked. */
#define ATTEMPTS	3
#define NR		4

static long long pool(int node)
{
	return mo_getf(HUGE_OF "nr_hugepages", node, mo_pmd_size >> 10);
}

static long long surplus(void)
{
	return mo_getf(HUGE "surplus_hugepages", mo_pmd_size >> 10);
}

static bool make_huge(struct mo_region *r, int flags)
{
	if (!mo_map_huge(r, mo_pmd_size, flags))
		return false;
	mo_fill(r->mem, r->len, r->base, 1);
	return true;
}

static bool make_pool(int node, const char *nr)
{
	return !mo_putf(nr, HUGE_OF "nr_hugepages", node, mo_pmd_size >> 10) &&
	       pool(node) == atoi(nr);
}

FIXTURE(hugetlb)
{
	struct mo_region r;
};

MO_ALL_VARIANTS(hugetlb);
MO_VARIANT(hugetlb, mtcopy_1, "mtcopy", .threads = 1);

FIXTURE_SETUP(hugetlb)
{
	const char *reason = mo_use(&variant->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
}

FIXTURE_TEARDOWN(hugetlb)
{
	mo_free(&self->r);
	mo_restore();
}

/*
 * Without free pages on the other node the destination is a temporary page, whose
 * flag is the bit by which others are marked.
 */
static void moves(struct __test_metadata *_metadata, struct mo_region *r,
		  int flags, const char *nr_free)
{
	long long total = NR + atoi(nr_free);

	if (!make_pool(mo_nodes[0], "4") || !make_pool(mo_nodes[1], nr_free))
		SKIP(return, "no free huge pages");
	r->len = NR * mo_pmd_size;
	ASSERT_TRUE(make_huge(r, flags));
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, true);
	EXPECT_EQ(total, pool(mo_nodes[0]) + pool(mo_nodes[1]));
	EXPECT_EQ(0, surplus());
}

TEST_F(hugetlb, private)
{
	moves(_metadata, &self->r, MAP_PRIVATE, "0");
}

TEST_F(hugetlb, private_pool)
{
	moves(_metadata, &self->r, MAP_PRIVATE, "4");
}

TEST_F(hugetlb, shared)
{
	moves(_metadata, &self->r, MAP_SHARED, "0");
}

TEST_F(hugetlb, shared_pool)
{
	moves(_metadata, &self->r, MAP_SHARED, "4");
}

/* Between other folios in one call. */
TEST_F(hugetlb, mixed)
{
	struct mo_region *r = &self->r;
	struct mo_region huge = { .len = mo_pmd_size };
	long long before;
	void *addrs[101];
	int nodes[101], status[101];

	if (!make_pool(mo_nodes[0], "1") || !make_pool(mo_nodes[1], "0"))
		SKIP(return, "no free huge page");
	ASSERT_TRUE(make_huge(&huge, MAP_PRIVATE));
	r->len = 100 * mo_page_size;
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	ASSERT_EQ(0, mo_small_pages(r->mem, r->len));
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
	ASSERT_EQ(100, r->nr);

	for (int i = 0; i < 101; i++) {
		addrs[i] = i == 50 ? huge.mem : r->addrs[i - (i > 50)];
		nodes[i] = mo_nodes[1];
	}
	before = mo_copied();
	ASSERT_EQ(0, mo_move_array(101, addrs, nodes, status, MPOL_MF_MOVE));
	ASSERT_EQ(100, mo_on_node(r, mo_nodes[1]));
	ASSERT_EQ(1, mo_on_node(&huge, mo_nodes[1]));
	ASSERT_EQ(MO_GOOD, mo_check(huge.mem, huge.len, huge.base, 1));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	ASSERT_EQ(before + mo_expect(101), mo_copied());
	mo_free(&huge);
}

/* What is too short to be offloaded is left alone, however it is mapped. */
TEST_F(hugetlb, too_short)
{
	struct mo_region *r = &self->r;

	if (!make_pool(mo_nodes[0], "4") || !make_pool(mo_nodes[1], "4"))
		SKIP(return, "no free huge pages");
	r->len = NR * mo_pmd_size;
	ASSERT_TRUE(make_huge(r, MAP_PRIVATE));
	ASSERT_EQ(0, mo_put(MO_SYSFS "min_batch_bytes", "4194304"));
	mo_to_and_fro(_metadata, r, 0, MPOL_MF_MOVE, true);
}

/* The migrator that fails on purpose. */
FIXTURE(fault)
{
	struct mo_region r;
	long long total;
};

FIXTURE_VARIANT(fault)
{
	int flags;
};

FIXTURE_VARIANT_ADD(fault, private)
{
	.flags = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(fault, shared)
{
	.flags = MAP_SHARED,
};

FIXTURE_SETUP(fault)
{
	const char *reason = mo_use(&mo_test_migrator);

	if (reason)
		SKIP(return, "migrator test: %s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	/* For all destinations that are lost, and those that are not. */
	if (!make_pool(mo_nodes[0], "20") || !make_pool(mo_nodes[1], "16"))
		SKIP(return, "no free huge pages");
	self->total = pool(mo_nodes[0]) + pool(mo_nodes[1]);
	self->r.len = NR * mo_pmd_size;
	ASSERT_TRUE(make_huge(&self->r, variant->flags));
}

/* Whatever has failed, no page is gone when the last late write is over. */
FIXTURE_TEARDOWN(fault)
{
	mo_write(MO_RELEASE, "1", 1);
	usleep(MO_ALL_WRITTEN_US);
	if (self->total) {
		EXPECT_EQ(self->total, pool(mo_nodes[0]) + pool(mo_nodes[1]));
		EXPECT_EQ(0, surplus());
	}
	mo_free(&self->r);
	mo_restore();
}

static void arrives(struct __test_metadata *_metadata, struct mo_region *r,
		    const char *mode, const char *stat, int times)
{
	ASSERT_EQ(0, mo_put(MO_MODE, mode));
	for (int pass = 0; pass < MO_PASSES; pass++) {
		int node = mo_nodes[!(pass % 2)];
		long long before = mo_stat("test", stat);

		ASSERT_EQ(0, mo_move(r, node, MPOL_MF_MOVE));
		ASSERT_EQ(NR, mo_on_node(r, node));
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, pass + 1));
		ASSERT_EQ(before + times * NR, mo_stat("test", stat));
		mo_fill(r->mem, r->len, r->base, pass + 2);
	}
	/* Late writes go nowhere. */
	usleep(MO_ALL_WRITTEN_US);
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, MO_PASSES + 1));
}

TEST_F(fault, copy)
{
	arrives(_metadata, &self->r, "copy", "folios", 1);
}

TEST_F(fault, none)
{
	arrives(_metadata, &self->r, "none", "not_copied", 1);
}

/* Each attempt needs another destination, and the last is the CPU's. */
TEST_F(fault, lost)
{
	arrives(_metadata, &self->r, "lost", "lost", ATTEMPTS);
}

/* As without a migrator: the folio stays, with what can be read of it. */
TEST_F(fault, poison)
{
	struct mo_region *r = &self->r;
	long long before = mo_stat("test", "poisoned");

	ASSERT_EQ(0, mo_put(MO_MODE, "poison"));
	EXPECT_EQ(NR, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	EXPECT_EQ(NR, mo_on_node(r, mo_nodes[0]));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	EXPECT_EQ(before + NR, mo_stat("test", "poisoned"));
}

/*
 * A reference that was taken during the copy keeps the folio where it is; while it
 * is held nothing is copied; and a destination that was copied to in vain is not
 * taken for one that holds the data of the next.
 */
TEST_F(fault, pin)
{
	struct mo_region *r = &self->r;
	long long batches;

	ASSERT_EQ(0, mo_put(MO_MODE, "pin"));
	EXPECT_EQ(NR, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(NR, mo_on_node(r, mo_nodes[0]));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));

	ASSERT_EQ(0, mo_write(MO_MODE, "none", 4));
	mo_fill(r->mem, r->len, r->base, 2);
	batches = mo_stat("test", "batches");
	EXPECT_EQ(NR, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(NR, mo_on_node(r, mo_nodes[0]));
	EXPECT_EQ(batches, mo_stat("test", "batches"));

	ASSERT_EQ(0, mo_write(MO_RELEASE, "1", 1));
	EXPECT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(NR, mo_on_node(r, mo_nodes[1]));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 2));
}

MO_TEST_MAIN
