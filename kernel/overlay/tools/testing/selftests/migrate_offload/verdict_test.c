// SPDX-License-Identifier: GPL-2.0
/*
 * The verdicts that a migrator may give, and references that appear while it
 * copies: with the migrator "test", which fails on purpose.
 *
 * move_pages() is synchronous, so it must succeed whatever the migrator says:
 * what is not copied in the batch is copied by the CPU, to another destination
 * where the first one is lost.
 */
#include <errno.h>
#include <sys/mman.h>

#include "mo_test.h"

/* Pairs that a migrator gets in one call at most. */
#define WINDOW		1024
/* Written by the mode "stale" when it lets go of the first folio. */
#define STALE_WORD	0x5741545354414c45ULL

struct counters {
	long long batches, folios, bytes, not_copied, poisoned, lost, declined;
};

FIXTURE(verdict)
{
	struct mo_region r;
	struct counters before;
};

/* Size of the folios. */
FIXTURE_VARIANT(verdict)
{
	bool huge;
};

FIXTURE_VARIANT_ADD(verdict, small)
{
	.huge = false,
};

FIXTURE_VARIANT_ADD(verdict, huge)
{
	.huge = true,
};

FIXTURE_SETUP(verdict)
{
	const char *reason = mo_use(&mo_test_migrator);

	if (reason)
		SKIP(return, "migrator test: %s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
}

FIXTURE_TEARDOWN(verdict)
{
	mo_write(MO_RELEASE, "1", 1);
	mo_restore();
	mo_free(&self->r);
}

static struct counters count(void)
{
	return (struct counters) {
		.batches = mo_stat("test", "batches"),
		.folios = mo_stat("test", "folios"),
		.bytes = mo_stat("test", "bytes"),
		.not_copied = mo_stat("test", "not_copied"),
		.poisoned = mo_stat("test", "poisoned"),
		.lost = mo_stat("test", "lost"),
		.declined = mo_stat("test", "declined"),
	};
}

/* @nr folios on the first node with generation 1. */
static bool make_folios(struct mo_region *r, size_t nr, bool huge)
{
	size_t size = huge ? mo_pmd_size : mo_page_size;

	mo_free(r);
	if (huge && mo_put(MO_THP "enabled", "madvise"))
		return false;
	r->len = nr * size;
	r->mem = mo_map_aligned(r->len, size, PROT_READ | PROT_WRITE);
	madvise(r->mem, r->len, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	return !mo_scan(r) && r->nr == nr &&
	       mo_all_pages(r, size / mo_page_size);
}

/* How many folios of @nr have @index as their place, modulo 4, in a window? */
static size_t nr_of_four(size_t nr, size_t index)
{
	return (nr + 3 - index) / 4;
}

/* The batch of a call with @nr folios: how many get which verdict? */
static struct counters expect(const char *mode, size_t nr, size_t size)
{
	struct counters c = {};

	for (size_t left = nr; left; ) {
		size_t n = left < WINDOW ? left : WINDOW;
		size_t copied = 0;

		c.batches++;
		if (!strcmp(mode, "none")) {
			c.not_copied += n;
		} else if (!strcmp(mode, "poison")) {
			c.poisoned += 1;
			copied = n - 1;
		} else if (!strcmp(mode, "lost")) {
			c.lost += 1;
			copied = n - 1;
		} else if (!strcmp(mode, "mixed")) {
			c.not_copied += nr_of_four(n, 1);
			c.poisoned += nr_of_four(n, 2);
			c.lost += nr_of_four(n, 3);
			copied = nr_of_four(n, 0);
		} else {
			copied = n;
		}
		c.folios += copied;
		left -= n;
	}
	c.bytes = c.folios * size;
	return c;
}

static void check_counters(struct __test_metadata *_metadata,
			   const struct counters *before,
			   const struct counters *want)
{
	struct counters now = count();

	EXPECT_EQ(want->batches, now.batches - before->batches);
	EXPECT_EQ(want->folios, now.folios - before->folios);
	EXPECT_EQ(want->bytes, now.bytes - before->bytes);
	EXPECT_EQ(want->not_copied, now.not_copied - before->not_copied);
	EXPECT_EQ(want->poisoned, now.poisoned - before->poisoned);
	EXPECT_EQ(want->lost, now.lost - before->lost);
	EXPECT_EQ(want->declined, now.declined - before->declined);
}

/* In @mode, all of @nr folios move, with their data, and are counted. */
static void moves(struct __test_metadata *_metadata, struct mo_region *r,
		  const char *mode, size_t nr, bool huge)
{
	struct counters before, want;

	if (!make_folios(r, nr, huge))
		SKIP(return, "no %zu free folios", nr);
	ASSERT_EQ(0, mo_put(MO_MODE, mode));
	for (int pass = 0; pass < MO_PASSES; pass++) {
		int node = mo_nodes[!(pass % 2)];

		before = count();
		want = expect(mode, nr, huge ? mo_pmd_size : mo_page_size);
		ASSERT_EQ(0, mo_move(r, node, MPOL_MF_MOVE));
		for (size_t i = 0; i < nr; i++)
			ASSERT_EQ(node, r->status[i]);
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, pass + 1));
		ASSERT_EQ(nr, mo_on_node(r, node));
		check_counters(_metadata, &before, &want);
		mo_fill(r->mem, r->len, r->base, pass + 2);
	}
	/* Late writes go nowhere. */
	usleep(MO_ALL_WRITTEN_US);
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, MO_PASSES + 1));
}

static void moves_all(struct __test_metadata *_metadata, struct mo_region *r,
		      const char *mode, bool huge)
{
	static const size_t small_counts[] = { 1, 2, 5, 511, 1024, 1030 };
	static const size_t huge_counts[] = { 1, 2, 5 };

	if (huge)
		for (size_t i = 0; i < ARRAY_SIZE(huge_counts); i++)
			moves(_metadata, r, mode, huge_counts[i], true);
	else
		for (size_t i = 0; i < ARRAY_SIZE(small_counts); i++)
			moves(_metadata, r, mode, small_counts[i], false);
}

TEST_F(verdict, copy)
{
	moves_all(_metadata, &self->r, "copy", variant->huge);
}

TEST_F(verdict, none)
{
	moves_all(_metadata, &self->r, "none", variant->huge);
}

TEST_F(verdict, poison)
{
	moves_all(_metadata, &self->r, "poison", variant->huge);
}

TEST_F(verdict, lost)
{
	moves_all(_metadata, &self->r, "lost", variant->huge);
}

TEST_F(verdict, mixed)
{
	moves_all(_metadata, &self->r, "mixed", variant->huge);
}

/* A lost destination is nobody else's before its last write. */
TEST_F(verdict, lost_is_not_reused)
{
	struct mo_region *r = &self->r;
	size_t nr = variant->huge ? 3 : 64;
	size_t len = 24 * mo_pmd_size;
	char *fresh;

	if (!make_folios(r, nr, variant->huge))
		SKIP(return, "no %zu free folios", nr);
	ASSERT_EQ(0, mo_put(MO_MODE, "mixed"));
	ASSERT_EQ(0, mo_bind(mo_nodes[1]));
	ASSERT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));

	/* Take what was freed last on the other node, and much more. */
	fresh = mo_map_aligned(len, mo_pmd_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, fresh);
	madvise(fresh, len, variant->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	mo_fill(fresh, len, 0, 1);
	usleep(MO_ALL_WRITTEN_US);
	EXPECT_EQ(MO_GOOD, mo_check(fresh, len, 0, 1));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	munmap(fresh, len);
}

/* A reference that was taken during the copy keeps the folio where it is. */
TEST_F(verdict, pin)
{
	struct mo_region *r = &self->r;
	size_t nr = variant->huge ? 3 : 64;

	if (!make_folios(r, nr, variant->huge))
		SKIP(return, "no %zu free folios", nr);
	ASSERT_EQ(0, mo_put(MO_MODE, "pin"));
	EXPECT_EQ(1, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(nr - 1, mo_on_node(r, mo_nodes[1]));
	ASSERT_EQ(mo_nodes[0], r->status[0]);
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));

	/* It can be used, and it still cannot move. */
	ASSERT_EQ(0, mo_write(MO_MODE, "copy", 4));
	mo_fill(r->mem, r->len, r->base, 2);
	r->nr = 1;
	EXPECT_EQ(1, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	r->nr = nr;
	ASSERT_EQ(nr - 1, mo_on_node(r, mo_nodes[1]));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 2));

	ASSERT_EQ(0, mo_write(MO_RELEASE, "1", 1));
	EXPECT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(nr, mo_on_node(r, mo_nodes[1]));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 2));
}

/*
 * A reference holder writes after the copy and lets go before the next
 * attempt: that attempt must copy again, so no mark survives the first one.
 */
TEST_F(verdict, stale)
{
	struct mo_region *r = &self->r;
	size_t nr = variant->huge ? 3 : 64;
	uint64_t *first;

	if (!make_folios(r, nr, variant->huge))
		SKIP(return, "no %zu free folios", nr);
	first = r->addrs[0];
	ASSERT_EQ(0, mo_put(MO_MODE, "stale"));
	for (int pass = 0; pass < MO_PASSES; pass++) {
		*first = mo_word(r->base, 1);
		ASSERT_EQ(0, mo_move(r, mo_nodes[!(pass % 2)], MPOL_MF_MOVE));
		ASSERT_EQ(nr, mo_on_node(r, mo_nodes[!(pass % 2)]));
		EXPECT_EQ(STALE_WORD, *first);
		*first = mo_word(r->base, 1);
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	}
}

/* What is given up is what asked for: mbind() and migrate_pages(), too. */
TEST_F(verdict, mbind)
{
	struct mo_region *r = &self->r;
	size_t nr = variant->huge ? 4 : 100;
	unsigned long mask[16] = {};

	if (!make_folios(r, nr, variant->huge))
		SKIP(return, "no %zu free folios", nr);
	ASSERT_EQ(0, mo_put(MO_MODE, "mixed"));
	mask[mo_nodes[1] / 64] = 1UL << (mo_nodes[1] % 64);
	ASSERT_EQ(0, syscall(__NR_mbind, r->mem, r->len, MPOL_BIND, mask,
			     sizeof(mask) * 8, MPOL_MF_MOVE | MPOL_MF_STRICT));
	EXPECT_EQ(nr, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	usleep(MO_ALL_WRITTEN_US);
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
}

MO_TEST_MAIN
