/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness, with what every program here needs around it.
 */
#ifndef MO_TEST_H
#define MO_TEST_H

#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "mo_util.h"

/*
 * A limit for tests that hang, and never a statement about speed: these run in
 * emulated machines with sanitizers, too.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	900

#define MO_VARIANT(fixture, name, m, ...)			\
	FIXTURE_VARIANT_ADD(fixture, name)			\
	{							\
		.v = { .migrator = m, ##__VA_ARGS__ },		\
	}

/* Run each test of @fixture with variants of mo_use(&variant->v). */
#define MO_VARIANTS(fixture)					\
	FIXTURE_VARIANT(fixture)				\
	{							\
		struct mo_variant v;				\
	}

/* One helper, and more helpers than there are CPUs. */
#define MO_MTCOPY_VARIANTS(fixture)				\
	MO_VARIANT(fixture, mtcopy_2, "mtcopy", .threads = 2);	\
	MO_VARIANT(fixture, mtcopy_64, "mtcopy", .threads = 64)
/* These, the kernel's own copy, and channels of a DMA engine. */
#define MO_ALL_VARIANTS(fixture)				\
	MO_VARIANTS(fixture);					\
	MO_VARIANT(fixture, kernel, "kernel");			\
	MO_MTCOPY_VARIANTS(fixture);				\
	MO_VARIANT(fixture, dcbm_4, "dcbm", .channels = 4)

/* The migrator that fails on purpose, and its files. */
static const __attribute__((unused)) struct mo_variant mo_test_migrator = {
	.migrator = "test",
	.mode = "copy",
};

#define MO_MODE		MO_SYSFS "test/mode"
#define MO_RELEASE	MO_SYSFS "test/release"
/* Longer than it writes to a destination that is lost. */
#define MO_ALL_WRITTEN_US	400000

#define MO_PASSES	4

/*
 * Move region @r, filled with generation 1 on the first node, to and fro with
 * @flags of move_pages().  @offloaded bytes of it are copied by the migrator in
 * each pass.  With @rewrite, each pass moves new data, so that what comes late
 * by one move shows up in the next.
 *
 * Folios that are mapped by PTEs may be split when they move, so it is the bytes
 * that are counted, and folios where there is nothing to split.
 */
static __attribute__((unused)) void
mo_to_and_fro(struct __test_metadata *_metadata, struct mo_region *r,
	      size_t offloaded, int flags, bool rewrite)
{
	bool small = mo_all_pages(r, 1);
	uint64_t gen = 1;

	for (int pass = 0; pass < MO_PASSES; pass++) {
		int node = mo_nodes[!(pass % 2)];
		long long bytes = mo_copied_bytes(), folios = mo_copied();

		ASSERT_EQ(0, mo_move(r, node, flags));
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, gen));
		ASSERT_EQ(r->nr, mo_on_node(r, node));
		ASSERT_EQ(bytes + mo_expect(offloaded), mo_copied_bytes());
		if (small) {
			ASSERT_EQ(folios + mo_expect(offloaded / mo_page_size),
				  mo_copied());
		}
		ASSERT_EQ(0, mo_scan(r));
		if (rewrite)
			mo_fill(r->mem, r->len, r->base, ++gen);
	}
}

/* TEST_HARNESS_MAIN for a machine with two nodes and the feature. */
#define MO_TEST_MAIN						\
	int main(int argc, char **argv)				\
	{							\
		mo_require();					\
		return test_harness_run(argc, argv);		\
	}

#endif /* MO_TEST_H */
