// SPDX-License-Identifier: GPL-2.0
/*
 * A hugetlb folio of 1 GB is moved to and fro: the longest batch that there is, in
 * one folio.  Wants a free one on each of two nodes ("hugepagesz=1G
 * hugepages=0:1,1:1").
 */
#include <sys/mman.h>

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

	for (int i = 0; i < 2; i++)
		if (mo_getf(FREE_OF, mo_nodes[i]) < 1)
			SKIP(return, "no free page of 1 GB on node %d", mo_nodes[i]);
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

MO_TEST_MAIN
