// SPDX-License-Identifier: GPL-2.0
/*
 * Who copies for whom: a policy for each reason, several migrators at the same
 * time, and "auto".  The counters of each reason tell who it was.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "mo_test.h"

#define PAGES	600
#define ROUNDS	40
#define CHANGES	400

#define SYSCALL	"syscall_or_cpuset"
#define MBIND	"mempolicy_mbind"

static const struct mo_variant mtcopy = { .migrator = "mtcopy", .threads = 2 };
static const struct mo_variant dcbm = { .migrator = "dcbm", .channels = 2 };

/* A thread that moves its own memory to and fro, for one reason. */
struct mover {
	struct mo_region r;
	int (*move)(struct mo_region *r, int node);
	pthread_t thread;
	unsigned long rounds;
	long long bad;
	const volatile bool *stop;
};

FIXTURE(policy)
{
	struct mover movers[2];
};

static int by_move_pages(struct mo_region *r, int node)
{
	return mo_move(r, node, MPOL_MF_MOVE);
}

static int by_mbind(struct mo_region *r, int node)
{
	unsigned long mask = 1UL << node;

	return syscall(__NR_mbind, r->mem, r->len, MPOL_BIND, &mask,
		       8 * sizeof(mask), MPOL_MF_MOVE);
}

static void *mover(void *arg)
{
	struct mover *m = arg;
	struct mo_region *r = &m->r;
	uint64_t gen = 1;

	while (m->stop ? !*m->stop : m->rounds < ROUNDS) {
		int node = mo_nodes[!(m->rounds % 2)];

		if (m->move(r, node) || mo_on_node(r, node) != r->nr ||
		    mo_check(r->mem, r->len, r->base, gen) != MO_GOOD)
			m->bad++;
		mo_fill(r->mem, r->len, r->base, ++gen);
		m->rounds++;
	}
	return NULL;
}

FIXTURE_SETUP(policy)
{
	const char *reason = mo_use(&dcbm) ?: mo_use(&mtcopy);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "kernel"));
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	self->movers[0].move = by_move_pages;
	self->movers[1].move = by_mbind;
	for (int i = 0; i < 2; i++) {
		struct mo_region *r = &self->movers[i].r;

		r->len = PAGES * mo_page_size;
		r->mem = mo_map_aligned(r->len, mo_page_size,
					PROT_READ | PROT_WRITE);
		ASSERT_NE(NULL, r->mem);
		madvise(r->mem, r->len, MADV_NOHUGEPAGE);
		r->base = (uintptr_t)r->mem;
		mo_fill(r->mem, r->len, r->base, 1);
		ASSERT_EQ(0, mo_scan(r));
	}
}

FIXTURE_TEARDOWN(policy)
{
	for (int i = 0; i < 2; i++)
		mo_free(&self->movers[i].r);
	mo_restore();
}

static long long stat_of(const char *migrator, const char *reason,
			 const char *stat)
{
	return mo_getf(MO_SYSFS "%s/reasons/%s/%s", migrator, reason, stat);
}

/* Both at the same time, until the first has done its rounds or is told. */
static void run(struct __test_metadata *_metadata, struct mover *movers)
{
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&movers[i].thread, NULL, mover,
					    &movers[i]));
}

static void join(struct __test_metadata *_metadata, struct mover *movers)
{
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(movers[i].thread, NULL));
		EXPECT_EQ(0, movers[i].bad);
		EXPECT_LT(0, movers[i].rounds);
	}
}

TEST_F(policy, two_reasons_two_migrators)
{
	static const struct {
		const char *migrator, *reason;
		bool chosen;
	} counts[] = {
		{ "mtcopy", SYSCALL, true }, { "mtcopy", MBIND, false },
		{ "dcbm", SYSCALL, false }, { "dcbm", MBIND, true },
	};
	long long folios[ARRAY_SIZE(counts)], bytes[ARRAY_SIZE(counts)];
	size_t i;

	ASSERT_EQ(0, mo_put(MO_SYSFS "policy/" SYSCALL, "mtcopy"));
	ASSERT_EQ(0, mo_put(MO_SYSFS "policy/" MBIND, "dcbm"));
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		folios[i] = stat_of(counts[i].migrator, counts[i].reason, "folios");
		bytes[i] = stat_of(counts[i].migrator, counts[i].reason, "bytes");
	}
	run(_metadata, self->movers);
	join(_metadata, self->movers);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		long long nr = counts[i].chosen ? ROUNDS * PAGES : 0;

		EXPECT_EQ(nr, stat_of(counts[i].migrator, counts[i].reason,
				      "folios") - folios[i]);
		EXPECT_EQ(nr * (long long)mo_page_size,
			  stat_of(counts[i].migrator, counts[i].reason,
				  "bytes") - bytes[i]);
	}
}

/* A policy of its own against what is selected for all. */
TEST_F(policy, default_and_kernel)
{
	long long before = mo_stat("mtcopy", "folios");

	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "mtcopy"));
	ASSERT_EQ(0, mo_put(MO_SYSFS "policy/" MBIND, "kernel"));
	run(_metadata, self->movers);
	join(_metadata, self->movers);
	EXPECT_EQ(ROUNDS * PAGES, mo_stat("mtcopy", "folios") - before);

	before = stat_of("mtcopy", MBIND, "folios");
	ASSERT_EQ(0, mo_put(MO_SYSFS "policy/" MBIND, "default"));
	self->movers[0].rounds = 0;
	self->movers[1].rounds = 0;
	for (int i = 0; i < 2; i++)
		mo_fill(self->movers[i].r.mem, self->movers[i].r.len,
			self->movers[i].r.base, 1);
	run(_metadata, self->movers);
	join(_metadata, self->movers);
	EXPECT_EQ(ROUNDS * PAGES, stat_of("mtcopy", MBIND, "folios") - before);
}

/* Whatever is chosen meanwhile, nothing is lost. */
TEST_F(policy, changes_under_traffic)
{
	static const char * const names[] = {
		"default", "kernel", "auto", "mtcopy", "dcbm",
	};
	static const char * const files[] = {
		MO_SYSFS "policy/" SYSCALL, MO_SYSFS "policy/" MBIND,
		MO_SYSFS "policy/damon", MO_SYSFS "offload_migrator",
	};
	static volatile bool stop;
	unsigned int seed = 1;

	for (size_t i = 0; i < ARRAY_SIZE(files) - 1; i++)
		ASSERT_EQ(0, mo_put(files[i], "default"));
	for (int i = 0; i < 2; i++)
		self->movers[i].stop = &stop;
	run(_metadata, self->movers);
	for (int i = 0; i < CHANGES; i++) {
		const char *file = files[rand_r(&seed) % ARRAY_SIZE(files)];
		const char *name = names[rand_r(&seed) % ARRAY_SIZE(names)];
		int err = mo_set(file, name);

		/* Only a reason can leave it to what is selected for all. */
		EXPECT_EQ(file == files[3] && name == names[0] ? -EINVAL : 0,
			  err);
	}
	stop = true;
	join(_metadata, self->movers);
}

static void *one_move(void *arg)
{
	return (void *)mo_move(arg, mo_nodes[1], MPOL_MF_MOVE);
}

/*
 * A synchronous migration waits for the lock of one folio, when the batch of the
 * others is over.  Neither a selection nor the removal of a module waits for it.
 */
TEST_F(policy, locked_folio_holds_up_no_selection)
{
	struct mo_region *r = &self->movers[0].r;
	pthread_t thread;
	char pfn[32];
	void *rc;

	if (mo_load("test"))
		SKIP(return, "no migrator that fails on purpose");
	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "mtcopy"));
	snprintf(pfn, sizeof(pfn), "%llu",
		 (unsigned long long)mo_pfn(r->addrs[PAGES / 2]));
	ASSERT_EQ(0, mo_set(MO_SYSFS "test/lock", pfn));
	ASSERT_EQ(0, pthread_create(&thread, NULL, one_move, r));
	while (mo_on_node(r, mo_nodes[1]) < r->nr - 1)
		usleep(10000);
	EXPECT_EQ(0, mo_set(MO_SYSFS "offload_migrator", "kernel"));
	EXPECT_EQ(0, mo_unload("mtcopy"));
	EXPECT_EQ(r->nr - 1, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(0, mo_set(MO_SYSFS "test/lock", "0"));
	ASSERT_EQ(0, pthread_join(thread, &rc));
	EXPECT_EQ(NULL, rc);
	EXPECT_EQ(r->nr, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	mo_unload("test");
}

/* With something to do on every CPU, "auto" leaves them alone, and says so. */
TEST_F(policy, auto_leaves_busy_cpus)
{
	long long batches, not_ready, declined;

	ASSERT_EQ(0, mo_unload("dcbm"));
	ASSERT_EQ(0, mo_put(MO_SYSFS "mtcopy/idle_only", "1"));
	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "auto"));
	ASSERT_EQ(0, mo_busy_begin());
	batches = mo_stat("mtcopy", "batches");
	not_ready = mo_get(MO_SYSFS "auto/declined/not_ready");
	declined = stat_of("auto", SYSCALL, "declined");
	for (int round = 0; round < ROUNDS; round++)
		EXPECT_EQ(0, mo_move(&self->movers[0].r, mo_nodes[!(round % 2)],
				     MPOL_MF_MOVE));
	EXPECT_EQ(batches, mo_stat("mtcopy", "batches"));
	EXPECT_LE(ROUNDS, mo_get(MO_SYSFS "auto/declined/not_ready") - not_ready);
	EXPECT_LE(ROUNDS, stat_of("auto", SYSCALL, "declined") - declined);
	mo_busy_end();
}

/* It measures all, today's path included, and counts each batch once. */
TEST_F(policy, auto_measures_and_counts)
{
	static const char * const names[] = { "auto", "mtcopy", "dcbm" };
	long long batches = 0, declined;

	/* Nothing is known of them. */
	ASSERT_EQ(0, mo_unload("mtcopy"));
	ASSERT_EQ(0, mo_unload("dcbm"));
	ASSERT_EQ(NULL, mo_use(&dcbm));
	ASSERT_EQ(NULL, mo_use(&mtcopy));
	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "auto"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		batches -= mo_stat(names[i], "batches");
	declined = mo_stat("auto", "declined");
	for (int round = 0; round < 10 * ROUNDS; round++)
		ASSERT_EQ(0, mo_move(&self->movers[0].r, mo_nodes[!(round % 2)],
				     MPOL_MF_MOVE));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		batches += mo_stat(names[i], "batches");
	declined = mo_stat("auto", "declined") - declined;
	/* A long list is one batch, or is cut into two short ones. */
	EXPECT_LE(10 * ROUNDS, batches + declined);
	EXPECT_GE(20 * ROUNDS, batches + declined);
	EXPECT_LT(0, mo_stat("mtcopy", "auto_trial"));
	EXPECT_LT(0, mo_stat("dcbm", "auto_trial"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_LT(0, mo_getf(MO_SYSFS "%s/speed/small_short", names[i]));
		TH_LOG("%s: %lld batches, %lld MB/s in short ones", names[i],
		       mo_stat(names[i], "batches"),
		       mo_getf(MO_SYSFS "%s/speed/small_short", names[i]));
	}
}

MO_TEST_MAIN
