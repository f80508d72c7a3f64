// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm on an engine that fails on purpose: whatever happens, every page arrives
 * where it should, with its data, and the counters tell what happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "mo_test.h"

#define DEBUGFS	"/sys/kernel/debug/"
#define ENGINE	DEBUGFS "migrate_offload_engine/"
#define DCBM	MO_SYSFS "dcbm/"
#define PAGES	700
#define HUGE	6
#define ROUNDS	4

FIXTURE(dcbm)
{
	/* One of base pages, one of huge ones. */
	struct mo_region r[2];
};

/* What goes wrong, how often, and who counts it. */
FIXTURE_VARIANT(dcbm)
{
	const char *fault;
	const char *every;
	const char *counter;
};

#define FAULT(name, _fault, n, _counter)				\
	FIXTURE_VARIANT_ADD(dcbm, name##_##n)				\
	{								\
		.fault = _fault, .every = #n, .counter = _counter,	\
	}

FIXTURE_VARIANT_ADD(dcbm, none)
{
};

FAULT(prep, "fail_prep", 1, NULL);
FAULT(prep, "fail_prep", 2, NULL);
FAULT(prep, "fail_prep", 100, NULL);
FAULT(copy, "fail_copy", 1, "errors");
FAULT(copy, "fail_copy", 2, "errors");
FAULT(copy, "fail_copy", 100, "errors");
FAULT(short, "fail_short", 1, "errors");
FAULT(short, "fail_short", 2, "errors");
FAULT(short, "fail_short", 100, "errors");
FAULT(order, "fail_order", 1, NULL);
FAULT(order, "fail_order", 2, NULL);
FAULT(order, "fail_order", 100, NULL);
FAULT(late, "fail_late", 1, NULL);
FAULT(late, "fail_late", 100, NULL);
FAULT(lost, "fail_lost", 1, NULL);
FAULT(lost, "fail_lost", 100, NULL);

static const struct mo_variant four_channels = {
	.migrator = "dcbm",
	.channels = 4,
};

static int inject(const char *fault, const char *every)
{
	return mo_putf(every, ENGINE "%s/interval", fault) ||
	       mo_putf("-1", ENGINE "%s/times", fault) ||
	       mo_putf("100", ENGINE "%s/probability", fault);
}

static int make_region(struct mo_region *r, size_t nr, size_t size)
{
	r->len = nr * size;
	r->mem = mo_map_aligned(r->len, size, PROT_READ | PROT_WRITE);
	if (!r->mem)
		return -ENOMEM;
	madvise(r->mem, r->len, size == mo_page_size ? MADV_NOHUGEPAGE :
						       MADV_HUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	return mo_scan(r);
}

/* Until nothing is in quarantine any more, for half a minute. */
static long long wait_for_quiet(void)
{
	for (int i = 0; i < 300 && mo_get(DCBM "quarantined") > 0; i++)
		usleep(100000);
	return mo_get(DCBM "quarantined");
}

FIXTURE_SETUP(dcbm)
{
	const char *reason = mo_use(&four_channels);

	if (reason)
		SKIP(return, "%s", reason);
	if (access(ENGINE, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (access(ENGINE "late_ms", F_OK))
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, mo_put(DCBM "timeout_ms", "200"));
	ASSERT_EQ(0, mo_put(ENGINE "late_ms", "700"));
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	ASSERT_EQ(0, make_region(&self->r[0], PAGES, mo_page_size));
	ASSERT_EQ(0, make_region(&self->r[1], HUGE, mo_pmd_size));
}

FIXTURE_TEARDOWN(dcbm)
{
	mo_restore();
	mo_write(ENGINE "release", "1", 1);
	EXPECT_EQ(0, wait_for_quiet());
	mo_free(&self->r[0]);
	mo_free(&self->r[1]);
}

/* The channels that timed out are replaced. */
static int take_channels_again(void)
{
	return mo_write(MO_SYSFS "offload_migrator", "kernel", 6) ||
	       mo_write(MO_SYSFS "offload_migrator", "dcbm", 4);
}

static void move_both(struct __test_metadata *_metadata, struct mo_region *r,
		      uint64_t gen)
{
	int node = mo_nodes[gen % 2];

	for (int i = 0; i < 2; i++, r++) {
		ASSERT_EQ(0, mo_move(r, node, MPOL_MF_MOVE));
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, gen));
		ASSERT_EQ(r->nr, mo_on_node(r, node));
		ASSERT_EQ(0, mo_scan(r));
	}
}

static bool both_are_good(struct mo_region *r, uint64_t gen)
{
	return mo_check(r[0].mem, r[0].len, r[0].base, gen) == MO_GOOD &&
	       mo_check(r[1].mem, r[1].len, r[1].base, gen) == MO_GOOD;
}

static void refill(struct mo_region *r, uint64_t gen)
{
	for (int i = 0; i < 2; i++)
		mo_fill(r[i].mem, r[i].len, r[i].base, gen);
}

static long long struck(const char *fault)
{
	char path[128];

	snprintf(path, sizeof(path), ENGINE "%s_count", fault);
	return mo_get(path);
}

TEST_F(dcbm, moves)
{
	const char *fault = variant->fault, *counter = variant->counter;
	long long before = 0, counted = 0, timeouts = mo_get(DCBM "timeouts");
	char path[128];

	snprintf(path, sizeof(path), DCBM "%s", counter ? counter : "errors");
	if (fault) {
		before = struck(fault);
		ASSERT_EQ(0, inject(fault, variant->every));
	}
	counted = mo_get(path);
	for (uint64_t gen = 1; gen <= ROUNDS; gen++) {
		move_both(_metadata, self->r, gen);
		/* What comes late would show up here, as an older generation. */
		if (fault && !strcmp(fault, "fail_lost"))
			ASSERT_EQ(0, mo_write(ENGINE "release", "1", 1));
		ASSERT_EQ(0, wait_for_quiet());
		EXPECT_TRUE(both_are_good(self->r, gen));
		if (mo_get(DCBM "timeouts") > timeouts)
			ASSERT_EQ(0, take_channels_again());
		refill(self->r, gen + 1);
	}
	if (fault && strcmp(variant->every, "100"))
		EXPECT_LT(before, struck(fault));
	if (counter)
		EXPECT_EQ(struck(fault) - before, mo_get(path) - counted);
	if (fault && !strcmp(variant->every, "1") &&
	    (!strcmp(fault, "fail_lost") || !strcmp(fault, "fail_late")))
		EXPECT_LT(timeouts, mo_get(DCBM "timeouts"));
	EXPECT_EQ(0, mo_get(DCBM "verify_failed"));
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
}

MO_TEST_MAIN
