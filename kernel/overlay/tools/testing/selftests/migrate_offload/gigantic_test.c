// SPDX-License-Identifier: GPL-2.0
/*
 * A hugetlb folio of 1 GB is moved to and fro: the longest batch that there is, in
 * one folio.  Wants a free one on each of two nodes ("hugepagesz=1G
 * hugepages=0:1,1:1").
 */
#include <sys/mman.h>

#include "mo_engine.h"
#include "mo_test.h"

#define GIGANTIC	(1UL << 30)
#define LINE		64
#define FREE_OF \
	"/sys/devices/system/node/node%d/hugepages/hugepages-1048576kB/free_hugepages"

FIXTURE(gigantic)
{
	struct mo_region r;
};

MO_VARIANTS(gigantic);
MO_VARIANT(gigantic, kernel, "kernel");
MO_VARIANT(gigantic, mtcopy_2, "mtcopy", .threads = 2, .copy_mode = "cached");
MO_VARIANT(gigantic, mtcopy_2_streaming, "mtcopy", .threads = 2,
	   .copy_mode = "streaming");
MO_VARIANT(gigantic, dcbm_4, "dcbm", .channels = 4);

FIXTURE_SETUP(gigantic)
{
	const char *reason = mo_use(&variant->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
}

FIXTURE_TEARDOWN(gigantic)
{
	mo_free(&self->r);
	mo_restore();
}

static bool has_free_pages(void)
{
	return mo_getf(FREE_OF, mo_nodes[0]) >= 1 && mo_getf(FREE_OF, mo_nodes[1]) >= 1;
}

/* A word of each cache line, as there are many bytes; copies end at pages. */
static void fill_lines(struct mo_region *r, uint64_t gen)
{
	for (size_t at = 0; at < r->len; at += LINE)
		*(uint64_t *)(r->mem + at) = mo_word(r->base + at, gen);
}

static size_t wrong_lines(const struct mo_region *r, uint64_t gen)
{
	size_t nr = 0;

	for (size_t at = 0; at < r->len; at += LINE)
		nr += *(uint64_t *)(r->mem + at) != mo_word(r->base + at, gen);
	return nr;
}

TEST_F(gigantic, to_and_fro)
{
	struct mo_region *r = &self->r;

	if (!has_free_pages())
		SKIP(return, "no free page of 1 GB on each node");
	r->len = GIGANTIC;
	ASSERT_TRUE(mo_map_huge(r, GIGANTIC, MAP_PRIVATE));
	for (int pass = 0; pass < 2; pass++) {
		long long folios = mo_copied(), bytes = mo_copied_bytes();

		fill_lines(r, pass + 1);
		ASSERT_EQ(0, mo_move(r, mo_nodes[!pass], MPOL_MF_MOVE));
		ASSERT_EQ(1, mo_on_node(r, mo_nodes[!pass]));
		ASSERT_EQ(0, wrong_lines(r, pass + 1));
		ASSERT_EQ(folios + mo_expect(1), mo_copied());
		ASSERT_EQ(bytes + mo_expect(GIGANTIC), mo_copied_bytes());
	}
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(i, mo_getf(FREE_OF, mo_nodes[i]));
}

/* The deadline of a batch holds for a folio of 256 windows, too. */
FIXTURE(deadline)
{
	struct mo_region r;
};

static const struct mo_variant four_channels = {
	.migrator = "dcbm",
	.channels = 4,
};

FIXTURE_SETUP(deadline)
{
	const char *reason = mo_use(&four_channels) ?: mo_engine_require();

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_put(MO_DCBM "timeout_ms", MO_HALF_TIMEOUT_MS));
	ASSERT_EQ(0, mo_put(MO_ENGINE "late_ms", MO_HALF_LATE_MS));
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
}

FIXTURE_TEARDOWN(deadline)
{
	mo_engine_stop();
	EXPECT_EQ(0, mo_engine_wait_for_quiet());
	mo_free(&self->r);
}

/* Two windows for each channel; then the CPU copies, and no channel is retired. */
TEST_F(deadline, gigantic)
{
	long long late, not_copied, timeouts, bytes;
	struct mo_region *r = &self->r;

	if (!has_free_pages())
		SKIP(return, "no free page of 1 GB on each node");
	r->len = GIGANTIC;
	ASSERT_TRUE(mo_map_huge(r, GIGANTIC, MAP_PRIVATE));
	fill_lines(r, 1);
	not_copied = mo_stat("dcbm", "not_copied");
	timeouts = mo_get(MO_DCBM "timeouts");
	late = mo_engine_inject("fail_late", "1");
	ASSERT_LE(0, late);
	/* Windows of a batch without a deadline would not all be late. */
	ASSERT_EQ(0, mo_put(MO_ENGINE "fail_late/times", "16"));
	ASSERT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(1, mo_on_node(r, mo_nodes[1]));
	ASSERT_EQ(0, wrong_lines(r, 1));
	EXPECT_GE(2 * four_channels.channels,
		  mo_engine_struck("fail_late") - late);
	EXPECT_EQ(1, mo_stat("dcbm", "not_copied") - not_copied);
	EXPECT_EQ(timeouts, mo_get(MO_DCBM "timeouts"));
	EXPECT_EQ(0, mo_get(MO_DCBM "quarantined"));

	ASSERT_EQ(0, mo_put(MO_ENGINE "fail_late/times", "0"));
	ASSERT_EQ(0, mo_put(MO_DCBM "timeout_ms", "60000"));
	bytes = mo_copied_bytes();
	fill_lines(r, 2);
	ASSERT_EQ(0, mo_move(r, mo_nodes[0], MPOL_MF_MOVE));
	ASSERT_EQ(1, mo_on_node(r, mo_nodes[0]));
	ASSERT_EQ(0, wrong_lines(r, 2));
	EXPECT_EQ(bytes + GIGANTIC, mo_copied_bytes());
}

MO_TEST_MAIN
