// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and CPUs that go while transfers of an engine that does not answer are in
 * quarantine: the memory which they may still read or write stays, everything else
 * goes and comes back, and so does that memory when they have ended.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "mo_engine.h"
#include "mo_test.h"

#define MEMORY		"/sys/devices/system/memory/"
#define NODE		"/sys/devices/system/node/node"
#define CPU		"/sys/devices/system/cpu/cpu"
#define MAX_BLOCKS	256
/* Fewer than what the channels take at once, so that all of it gets lost. */
#define PAGES		256
/* Less than there is, with what others have. */
#define MAX_TAKEN	(512UL << 20)
/* For memory that should go, and to see that other memory does not. */
#define GOES_S		30
#define STAYS_US	1000000

static const struct mo_variant four_channels = {
	.migrator = "dcbm",
	.channels = 4,
};

FIXTURE(hotplug)
{
	struct mo_region r;
	/* What had to be taken to get it, on both nodes. */
	struct mo_region taken, taken_there;
	/* Blocks of both nodes that can go. */
	unsigned int blocks[MAX_BLOCKS];
	size_t nr_blocks;
	/* Pages of one block. */
	uint64_t block_pages;
};

/* Returns 0, -errno, or -EINTR when the kernel was still trying after @seconds. */
static int set_block(unsigned int block, const char *state, unsigned int seconds)
{
	char path[64];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), MEMORY "memory%u/state", block);
	pid = fork();
	if (!pid) {
		/* Not to be survived: that ends the attempt. */
		alarm(seconds);
		_exit(-mo_set(path, state));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -EIO;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static bool is_offline(unsigned int block)
{
	char path[64], state[16] = "";

	snprintf(path, sizeof(path), MEMORY "memory%u/state", block);
	return mo_read(path, state, sizeof(state)) > 0 && !strcmp(state, "offline");
}

/* Offline and online again, and the kernel will have nothing of its own in it. */
static int go_and_come(unsigned int block)
{
	return set_block(block, "offline", GOES_S) ?:
	       set_block(block, "online_movable", GOES_S);
}

static void find_blocks(struct _test_data_hotplug *self, int node)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), NODE "%d", node);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		unsigned int block;

		if (self->nr_blocks == MAX_BLOCKS ||
		    sscanf(d->d_name, "memory%u", &block) != 1)
			continue;
		if (!go_and_come(block))
			self->blocks[self->nr_blocks++] = block;
	}
	if (dir)
		closedir(dir);
}

static bool can_go(struct _test_data_hotplug *self, unsigned int block)
{
	for (size_t i = 0; i < self->nr_blocks; i++)
		if (self->blocks[i] == block)
			return true;
	return false;
}

static unsigned int block_of(struct _test_data_hotplug *self, const void *addr)
{
	return mo_pfn(addr) / self->block_pages;
}

/* The block that all pages of @mem are of, if it can go; else UINT_MAX. */
static unsigned int one_block(struct _test_data_hotplug *self, const char *mem)
{
	unsigned int block = block_of(self, mem);

	for (size_t i = 1; i < PAGES; i++)
		if (block_of(self, mem + i * mo_page_size) != block)
			return UINT_MAX;
	return can_go(self, block) ? block : UINT_MAX;
}

/*
 * PAGES pages in a row of @node, of a block that can go: what is free in others is
 * given out first, so much is taken to find them.  It ends with them.
 */
static unsigned int take(struct _test_data_hotplug *self, int node, struct mo_region *r)
{
	size_t len = PAGES * mo_page_size;
	unsigned int block = UINT_MAX;

	r->mem = mo_map_aligned(MAX_TAKEN, mo_pmd_size, PROT_READ | PROT_WRITE);
	if (!r->mem || mo_bind(node))
		return block;
	madvise(r->mem, MAX_TAKEN, MADV_NOHUGEPAGE);
	for (; block == UINT_MAX && r->len < MAX_TAKEN; r->len += len) {
		char *mem = r->mem + r->len;

		mo_fill(mem, len, (uintptr_t)mem, 1);
		block = one_block(self, mem);
	}
	return block;
}

/* Memory to move, and its block; what is free on the other node can go, too. */
static unsigned int make_regions(struct __test_metadata *_metadata,
				 struct _test_data_hotplug *self)
{
	unsigned int source = take(self, mo_nodes[0], &self->taken);
	unsigned int there = take(self, mo_nodes[1], &self->taken_there);
	size_t len = PAGES * mo_page_size;

	if (source == UINT_MAX || there == UINT_MAX)
		return UINT_MAX;
	self->r.mem = self->taken.mem + self->taken.len - len;
	self->r.len = len;
	ASSERT_EQ(0, mo_scan(&self->r));
	return source;
}

static bool is_right(const struct mo_region *r)
{
	return mo_check(r->mem, r->len, r->base, 1) == MO_GOOD;
}

static bool use_dcbm(bool use)
{
	return !mo_set(MO_SYSFS "offload_migrator", use ? "dcbm" : "kernel");
}

FIXTURE_SETUP(hotplug)
{
	const char *reason = mo_use(&four_channels);
	char size[32] = "";

	if (!reason)
		reason = mo_engine_require();
	if (reason)
		SKIP(return, "%s", reason);
	if (mo_read(MEMORY "block_size_bytes", size, sizeof(size)) <= 0)
		SKIP(return, "memory stays where it is");
	self->block_pages = strtoull(size, NULL, 16) / mo_page_size;
	ASSERT_EQ(0, mo_put(MO_DCBM "timeout_ms", "200"));
	ASSERT_TRUE(use_dcbm(false));
	find_blocks(self, mo_nodes[0]);
	find_blocks(self, mo_nodes[1]);
	TH_LOG("%zu blocks of memory can go", self->nr_blocks);
	ASSERT_TRUE(use_dcbm(true));
}

/* The region is a part of what was taken. */
static void free_regions(struct _test_data_hotplug *self)
{
	self->r.mem = NULL;
	mo_free(&self->r);
	self->taken.len = MAX_TAKEN;
	mo_free(&self->taken);
	self->taken_there.len = MAX_TAKEN;
	mo_free(&self->taken_there);
}

FIXTURE_TEARDOWN(hotplug)
{
	mo_engine_stop();
	EXPECT_EQ(0, mo_engine_wait_for_quiet());
	EXPECT_EQ(0, mo_dma_api_errors());
	for (size_t i = 0; i < self->nr_blocks; i++)
		if (is_offline(self->blocks[i]))
			EXPECT_EQ(0, set_block(self->blocks[i], "online_movable", GOES_S));
	free_regions(self);
}

/* All of the region's transfers are lost, and it arrives nevertheless. */
static void lose_all(struct __test_metadata *_metadata, struct mo_region *r)
{
	long long lost = mo_stat("dcbm", "lost");

	ASSERT_LE(0, mo_engine_inject("fail_lost", "1"));
	ASSERT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	ASSERT_EQ(lost + (long long)r->nr, mo_stat("dcbm", "lost"));
	ASSERT_LT(0, mo_get(MO_DCBM "quarantined"));
	ASSERT_TRUE(is_right(r));
	ASSERT_TRUE(use_dcbm(false));
}

TEST_F(hotplug, memory_in_quarantine_stays)
{
	unsigned int source = make_regions(_metadata, self);
	unsigned int refused[2] = {};

	if (source == UINT_MAX)
		SKIP(return, "no memory that can go is free");
	lose_all(_metadata, &self->r);

	for (size_t i = 0; i < self->nr_blocks; i++) {
		unsigned int block = self->blocks[i];
		int err = go_and_come(block);

		if (block == source || err)
			EXPECT_EQ(-EBUSY, err);
		refused[!!err]++;
		ASSERT_TRUE(is_right(&self->r));
	}
	TH_LOG("%u blocks stayed, %u went", refused[1], refused[0]);
	/* That of the sources, and at least one of the destinations. */
	EXPECT_LE(2, refused[1]);
	EXPECT_LT(0, mo_get(MO_DCBM "quarantined"));

	mo_engine_stop();
	ASSERT_EQ(0, mo_engine_wait_for_quiet());
	for (size_t i = 0; i < self->nr_blocks; i++)
		EXPECT_EQ(0, go_and_come(self->blocks[i]));
	EXPECT_TRUE(is_right(&self->r));
}

/* Transfers that get lost while their source is on its way out hold it back. */
TEST_F(hotplug, memory_that_goes_waits)
{
	unsigned int source = make_regions(_metadata, self);
	char path[64];
	int status;
	pid_t pid;

	if (source == UINT_MAX)
		SKIP(return, "no memory that can go is free");
	ASSERT_LE(0, mo_engine_inject("fail_lost", "1"));
	snprintf(path, sizeof(path), MEMORY "memory%u/state", source);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(-mo_set(path, "offline"));

	for (int i = 0; i < 1000 && mo_get(MO_DCBM "quarantined") <= 0; i++)
		usleep(10000);
	EXPECT_LT(0, mo_get(MO_DCBM "quarantined"));
	usleep(STAYS_US);
	EXPECT_FALSE(is_offline(source));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_TRUE(is_right(&self->r));

	mo_engine_stop();
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(is_offline(source));
	EXPECT_EQ(0, mo_get(MO_DCBM "quarantined"));
	EXPECT_TRUE(is_right(&self->r));
}

/* Who is in quarantine needs no CPU of its own, and whoever copies next finds some. */
TEST_F(hotplug, cpus_go)
{
	unsigned int went = 0;
	long long folios;

	if (make_regions(_metadata, self) == UINT_MAX)
		SKIP(return, "no memory that can go is free");
	lose_all(_metadata, &self->r);
	for (int cpu = 1; cpu < 1024; cpu++) {
		char path[64];

		snprintf(path, sizeof(path), CPU "%d/online", cpu);
		if (mo_set(path, "0"))
			continue;
		went++;
		EXPECT_LT(0, mo_get(MO_DCBM "quarantined"));
		EXPECT_EQ(0, mo_set(path, "1"));
	}
	TH_LOG("%u CPUs went", went);
	if (!went)
		SKIP(return, "no CPU can go");

	mo_engine_stop();
	ASSERT_EQ(0, mo_engine_wait_for_quiet());
	ASSERT_EQ(NULL, mo_use(&four_channels));
	folios = mo_stat("dcbm", "folios");
	ASSERT_EQ(0, mo_move(&self->r, mo_nodes[0], MPOL_MF_MOVE));
	EXPECT_EQ(folios + (long long)self->r.nr, mo_stat("dcbm", "folios"));
	EXPECT_TRUE(is_right(&self->r));
}

MO_TEST_MAIN
