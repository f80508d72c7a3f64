// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm on an engine that fails on purpose: whatever happens, every page arrives
 * where it should, with its data, and the counters tell what happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "mo_engine.h"
#include "mo_test.h"

/*
 * 2,000 folios of three sizes in a round.  One fault in 100 transfers needs five rounds,
 * or more until something fails; what fails each or every other time needs two, and has
 * five in the long run.
 */
#define ROUNDS	5
#define FEW_ROUNDS	2
#define MAX_ROUNDS	20
#define PAGES	1900
#define MEDIUM	100
#define MEDIUM_SIZE	(64UL << 10)
#define HUGE	4

FIXTURE(dcbm)
{
	struct mo_region r;
};

/* What goes wrong, how often, and what counts it, if once for each time. */
FIXTURE_VARIANT(dcbm)
{
	const char *fault;
	const char *every;
	const char *counter;
	bool in_time;
};

#define FAULT(name, _fault, n, _counter, _in_time)			\
	FIXTURE_VARIANT_ADD(dcbm, name##_##n)				\
	{								\
		.fault = _fault, .every = #n, .counter = _counter,	\
		.in_time = _in_time,					\
	}

FIXTURE_VARIANT_ADD(dcbm, none)
{
	.in_time = true,
};

FAULT(map, MO_FAIL_MAP, 1, "map_failed", true);
FAULT(map, MO_FAIL_MAP, 2, "map_failed", true);
FAULT(map, MO_FAIL_MAP, 100, "map_failed", true);
FAULT(prep, "fail_prep", 1, NULL, true);
FAULT(prep, "fail_prep", 2, NULL, true);
FAULT(prep, "fail_prep", 100, NULL, true);
FAULT(submit, "fail_submit", 1, "submit_failed", true);
FAULT(submit, "fail_submit", 2, "submit_failed", true);
FAULT(submit, "fail_submit", 100, "submit_failed", true);
FAULT(copy, "fail_copy", 1, "errors", true);
FAULT(copy, "fail_copy", 2, "errors", true);
FAULT(copy, "fail_copy", 100, "errors", true);
FAULT(short, "fail_short", 1, "errors", true);
FAULT(short, "fail_short", 2, "errors", true);
FAULT(short, "fail_short", 100, "errors", true);
FAULT(order, "fail_order", 1, NULL, true);
FAULT(order, "fail_order", 2, NULL, true);
FAULT(order, "fail_order", 100, NULL, true);
FAULT(late, "fail_late", 1, NULL, false);
FAULT(late, "fail_late", 2, NULL, false);
FAULT(late, "fail_late", 100, NULL, false);
FAULT(lost, "fail_lost", 1, NULL, false);
FAULT(lost, "fail_lost", 2, NULL, false);
FAULT(lost, "fail_lost", 100, NULL, false);

static const struct mo_variant four_channels = {
	.migrator = "dcbm",
	.channels = 4,
};

FIXTURE_SETUP(dcbm)
{
	const char *reason = mo_use(&four_channels);

	if (!reason)
		reason = mo_engine_require();
	if (reason)
		SKIP(return, "%s", reason);
	if (variant->fault && !strcmp(variant->fault, "fail_order") &&
	    !access("/sys/class/iommu/dmar0", F_OK))
		SKIP(return, "an IOMMU makes each window one transfer");
	if (mo_put(MO_THP "hugepages-2048kB/enabled", "madvise") ||
	    mo_put(MO_THP "hugepages-64kB/enabled", "madvise"))
		SKIP(return, "no folios of several sizes");
	/* An engine that is merely slow must not look like one that is late. */
	ASSERT_EQ(0, mo_put(MO_DCBM "timeout_ms", variant->in_time ? "5000" : "200"));
	ASSERT_EQ(0, mo_put(MO_ENGINE "late_ms", "700"));
}

FIXTURE_TEARDOWN(dcbm)
{
	mo_engine_stop();
	EXPECT_EQ(0, mo_engine_wait_for_quiet());
	EXPECT_EQ(0, mo_dma_api_errors());
	mo_free(&self->r);
}

/* The next @nr folios of @size, which are of that size where there is room. */
static void add_folios(struct mo_region *r, size_t nr, size_t size)
{
	char *mem = r->mem + r->len;
	size_t len = nr * size;

	mo_write(MO_THP "hugepages-2048kB/enabled",
		 size == mo_pmd_size ? "madvise" : "never", 7);
	madvise(mem, len, size == mo_page_size ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
	r->len += len;
}

static void make_mixed(struct __test_metadata *_metadata, struct mo_region *r,
		       uint64_t gen)
{
	static const struct { size_t nr, pages; } parts[] = {
		{ HUGE, 512 }, { MEDIUM, MEDIUM_SIZE >> 12 }, { PAGES, 1 },
	};

	ASSERT_EQ(0, mo_bind(mo_nodes[gen % 2]));
	r->mem = mo_map_aligned((HUGE + 8) * mo_pmd_size, mo_pmd_size,
				PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	for (int i = 0; i < 3; i++) {
		size_t start = r->len;

		add_folios(r, parts[i].nr, parts[i].pages * mo_page_size);
		mo_fill(r->mem + start, r->len - start,
			(uintptr_t)r->mem + start, gen);
	}
	ASSERT_EQ(0, mo_scan(r));
}

/* What comes late finds new data, and would be seen at the last look. */
static size_t move_mixed(struct __test_metadata *_metadata, struct mo_region *r,
			 uint64_t gen)
{
	int node = mo_nodes[!(gen % 2)];
	size_t nr;

	make_mixed(_metadata, r, gen);
	nr = r->nr;
	ASSERT_EQ(0, mo_move(r, node, MPOL_MF_MOVE));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, gen));
	ASSERT_EQ(nr, mo_on_node(r, node));
	mo_fill(r->mem, r->len, r->base, gen + MAX_ROUNDS);
	ASSERT_EQ(0, mo_engine_release());
	ASSERT_EQ(0, mo_engine_wait_for_quiet());
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, gen + MAX_ROUNDS));
	/* As new: what was split by its move would be split for ever. */
	munmap(r->mem, (HUGE + 8) * mo_pmd_size);
	r->mem = NULL;
	mo_free(r);
	return nr;
}

/* Folios that the migrator has given a verdict on. */
static long long judged(void)
{
	return mo_stat("dcbm", "folios") + mo_stat("dcbm", "not_copied") +
	       mo_stat("dcbm", "poisoned") + mo_stat("dcbm", "lost");
}

static unsigned int rounds(const char *every)
{
	return getenv("LONG") || !every || atoi(every) > 2 ? ROUNDS : FEW_ROUNDS;
}

static long long struck_by(const char *fault)
{
	return fault ? mo_engine_struck(fault) : 0;
}

TEST_F(dcbm, moves)
{
	const char *fault = variant->fault, *counter = variant->counter ?: "errors";
	long long before, struck = 0, counted, timeouts, verdicts = judged();
	unsigned int least = rounds(variant->every);
	size_t moved = 0;

	before = fault ? mo_engine_inject(fault, variant->every) : 0;
	ASSERT_LE(0, before);
	counted = mo_getf(MO_DCBM "%s", counter);
	timeouts = mo_get(MO_DCBM "timeouts");
	for (uint64_t gen = 1; gen <= least ||
	     (fault && !struck && gen <= MAX_ROUNDS); gen++) {
		moved += move_mixed(_metadata, &self->r, gen);
		if (!variant->in_time)
			ASSERT_EQ(0, mo_engine_take_again());
		struck = struck_by(fault) - before;
	}
	TH_LOG("%zu folios, %lld faults", moved, struck);
	EXPECT_LE(2000 * least, moved);
	if (fault)
		EXPECT_LT(0, struck);
	if (variant->counter || !fault)
		EXPECT_EQ(struck, mo_getf(MO_DCBM "%s", counter) - counted);
	if (variant->in_time) {
		EXPECT_EQ(moved, judged() - verdicts);
		EXPECT_EQ(timeouts, mo_get(MO_DCBM "timeouts"));
	} else {
		EXPECT_LT(timeouts, mo_get(MO_DCBM "timeouts"));
	}
	EXPECT_EQ(0, mo_get(MO_DCBM "verify_failed"));
}

/* A batch for which its engine needs longer than the timeout. */
FIXTURE(deadline)
{
	struct mo_region r;
};

static const struct mo_variant one_channel = {
	.migrator = "dcbm",
	.channels = 1,
};

FIXTURE_SETUP(deadline)
{
	const char *reason = mo_use(&one_channel) ?: mo_engine_require();
	struct mo_region *r = &self->r;

	if (reason)
		SKIP(return, "%s", reason);
	if (mo_put(MO_THP "hugepages-2048kB/enabled", "madvise"))
		SKIP(return, "no huge folios");
	ASSERT_EQ(0, mo_put(MO_DCBM "timeout_ms", MO_HALF_TIMEOUT_MS));
	ASSERT_EQ(0, mo_put(MO_ENGINE "late_ms", MO_HALF_LATE_MS));
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	/* Eight windows of 4 MB. */
	r->len = 32UL << 20;
	r->mem = mo_map_aligned(r->len, mo_pmd_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	madvise(r->mem, r->len, MADV_HUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
	if (r->nr != r->len / mo_pmd_size)
		SKIP(return, "no room for huge folios");
}

FIXTURE_TEARDOWN(deadline)
{
	mo_engine_stop();
	EXPECT_EQ(0, mo_engine_wait_for_quiet());
	EXPECT_EQ(0, mo_dma_api_errors());
	mo_free(&self->r);
}

/*
 * No window begins after the deadline, and the CPU copies the rest.  The channel
 * has done nothing wrong, so it is used for the next batch.
 */
TEST_F(deadline, batch)
{
	long long batches, folios, not_copied, timeouts;
	struct mo_region *r = &self->r;

	batches = mo_stat("dcbm", "batches");
	folios = mo_stat("dcbm", "folios");
	not_copied = mo_stat("dcbm", "not_copied");
	timeouts = mo_get(MO_DCBM "timeouts");
	ASSERT_LE(0, mo_engine_inject("fail_late", "1"));
	ASSERT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	ASSERT_EQ(r->nr, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(1, mo_stat("dcbm", "batches") - batches);
	folios = mo_stat("dcbm", "folios") - folios;
	EXPECT_LT(0, folios);
	EXPECT_GE(2 * (4UL << 20) / mo_pmd_size, folios);
	EXPECT_EQ(r->nr - folios, mo_stat("dcbm", "not_copied") - not_copied);
	EXPECT_EQ(timeouts, mo_get(MO_DCBM "timeouts"));
	EXPECT_EQ(0, mo_get(MO_DCBM "quarantined"));

	ASSERT_EQ(0, mo_write(MO_ENGINE "late_ms", "0", 1));
	folios = mo_stat("dcbm", "folios");
	mo_fill(r->mem, r->len, r->base, 2);
	ASSERT_EQ(0, mo_move(r, mo_nodes[0], MPOL_MF_MOVE));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 2));
	EXPECT_EQ(folios + r->nr, mo_stat("dcbm", "folios"));
}

FIXTURE(refused)
{
};

FIXTURE_VARIANT(refused)
{
	const char *every;
};

FIXTURE_VARIANT_ADD(refused, channel_1) { .every = "1" };
FIXTURE_VARIANT_ADD(refused, channel_2) { .every = "2" };
FIXTURE_VARIANT_ADD(refused, channel_100) { .every = "100" };

FIXTURE_SETUP(refused)
{
	const char *reason = mo_use(&four_channels);

	if (!reason)
		reason = mo_engine_require();
	if (reason)
		SKIP(return, "%s", reason);
}

FIXTURE_TEARDOWN(refused)
{
	mo_restore();
	EXPECT_EQ(0, mo_dma_api_errors());
}

/* All or nothing; and what was taken before is given back. */
TEST_F(refused, changes_nothing)
{
	long long struck = mo_engine_inject("fail_channel", variant->every);
	unsigned int failed = 0;
	char name[64];

	for (int i = 0; i < 100; i++) {
		int err;

		ASSERT_EQ(0, mo_write(MO_SYSFS "offload_migrator", "kernel", 6));
		err = mo_write(MO_SYSFS "offload_migrator", "dcbm", 4);
		failed += !!err;
		ASSERT_EQ(err ? -ENODEV : 0, err);
		ASSERT_LT(0, mo_selected(name, sizeof(name)));
		ASSERT_STREQ(err ? "kernel" : "dcbm", name);
	}
	EXPECT_LT(0, failed);
	EXPECT_EQ(mo_engine_struck("fail_channel") - struck, failed);
	mo_restore();
	ASSERT_EQ(NULL, mo_use(&four_channels));
}

/* A channel that is held pins its provider. */
TEST(engine_is_pinned)
{
	const char *reason = mo_use(&four_channels);

	if (reason)
		SKIP(return, "%s", reason);
	EXPECT_EQ(-EAGAIN, mo_unload("engine"));
	mo_restore();
	EXPECT_EQ(0, mo_unload("engine"));
	/* Without one there is nothing to select, and nothing changes. */
	EXPECT_EQ(-ENODEV, mo_write(MO_SYSFS "offload_migrator", "dcbm", 4));
	ASSERT_EQ(0, mo_load("engine"));
	/* A mapping that was left would have been found by now. */
	EXPECT_EQ(0, mo_dma_api_errors());
}

MO_TEST_MAIN
