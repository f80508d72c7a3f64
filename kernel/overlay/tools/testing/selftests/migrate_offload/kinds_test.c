// SPDX-License-Identifier: GPL-2.0
/*
 * Special kinds of memory are moved to and fro, with each migrator, and every
 * byte is looked at after each move: memory that is shared in other ways, that
 * must not be offloaded, or that cannot be moved at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "mo_test.h"

/* linux/mman.h says it, the C library need not. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define KSM	"/sys/kernel/mm/ksm/"

FIXTURE(kinds)
{
	struct mo_region r;
};

MO_ALL_VARIANTS(kinds);
/* The one that takes single pages, too. */
MO_VARIANT(kinds, mtcopy_1, "mtcopy", .threads = 1);

FIXTURE_SETUP(kinds)
{
	const char *reason = mo_use(&variant->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
}

FIXTURE_TEARDOWN(kinds)
{
	mo_free(&self->r);
	mo_restore();
}

static void map_pages(struct __test_metadata *_metadata, struct mo_region *r,
		      size_t nr)
{
	r->len = nr * mo_page_size;
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	ASSERT_EQ(0, mo_small_pages(r->mem, r->len));
	r->base = (uintptr_t)r->mem;
}

static void make_pages(struct __test_metadata *_metadata, struct mo_region *r,
		       size_t nr)
{
	map_pages(_metadata, r, nr);
	mo_fill(r->mem, r->len, r->base, 1);
	ASSERT_EQ(0, mo_scan(r));
	ASSERT_EQ(nr, r->nr);
}

/* How many pages of the first half are the same as those of the second? */
static size_t nr_merged(const char *mem, size_t half)
{
	size_t nr = 0;

	for (size_t at = 0; at < half; at += mo_page_size)
		nr += mo_pfn(mem + at) == mo_pfn(mem + half + at);
	return nr;
}

/* Let ksmd merge the halves of @r, of which only the first is scanned. */
static bool merge(struct mo_region *r)
{
	size_t half = r->len, merged = 0;

	mo_fill(r->mem, half, r->base, 1);
	mo_fill(r->mem + half, half, r->base, 1);
	if (madvise(r->mem, 2 * half, MADV_MERGEABLE) ||
	    mo_put(KSM "run", "0") || mo_put(KSM "pages_to_scan", "2000") ||
	    mo_put(KSM "sleep_millisecs", "10") || mo_write(KSM "run", "1", 1))
		return false;
	for (int tries = 0; tries < 3000 && merged < half / mo_page_size;
	     tries++) {
		usleep(20000);
		merged = nr_merged(r->mem, half);
	}
	mo_write(KSM "run", "0", 1);
	return merged == half / mo_page_size && !mo_scan(r);
}

TEST_F(kinds, ksm)
{
	struct mo_region *r = &self->r;
	size_t half = 64 * mo_page_size;

	map_pages(_metadata, r, 128);
	r->len = half;
	if (!merge(r))
		SKIP(return, "KSM merges nothing");
	EXPECT_LT(0, mo_get(KSM "pages_shared"));
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE_ALL, false);
	ASSERT_EQ(MO_GOOD, mo_check(r->mem + half, half, r->base, 1));
	EXPECT_EQ(64, nr_merged(r->mem, half));

	/* Who writes gets a copy of what was moved; the other keeps it. */
	ASSERT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE_ALL));
	for (size_t i = 0; i < 64; i++)
		r->mem[i * mo_page_size]++;
	EXPECT_EQ(0, nr_merged(r->mem, half));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem + half, half, r->base, 1));
	for (size_t i = 0; i < 64; i++)
		r->mem[i * mo_page_size]--;
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, half, r->base, 1));
}

TEST_F(kinds, mlocked)
{
	struct mo_region *r = &self->r;

	make_pages(_metadata, r, 200);
	ASSERT_EQ(0, mlock(r->mem, r->len));
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, true);
	ASSERT_EQ(0, mo_scan(r));
	EXPECT_TRUE(mo_all_flags(r, KPF_MLOCKED));
}

/* The zero page and holes between data, each of which ends a batch. */
TEST_F(kinds, zero_pages)
{
	struct mo_region *r = &self->r;
	static const char zeroes[4096];
	void *addrs[320];
	int nodes[320], status[320];
	long long before = mo_copied();

	map_pages(_metadata, r, 320);
	for (int i = 0; i < 320; i++) {
		addrs[i] = r->mem + i * mo_page_size;
		nodes[i] = mo_nodes[1];
		/* One page in 16 is never touched, one is only read. */
		if (i % 16 == 12)
			continue;
		if (i % 16 == 8)
			ASSERT_EQ(0, *(volatile char *)addrs[i]);
		if (i % 16 != 8)
			mo_fill(addrs[i], mo_page_size, (uintptr_t)addrs[i], 1);
	}
	ASSERT_EQ(0, mo_move_array(320, addrs, nodes, status, MPOL_MF_MOVE));
	for (int i = 0; i < 320; i++) {
		switch (i % 16) {
		case 8:
			EXPECT_EQ(-EFAULT, status[i]);
			EXPECT_EQ(0, memcmp(addrs[i], zeroes, sizeof(zeroes)));
			break;
		case 12:
			EXPECT_EQ(-ENOENT, status[i]);
			break;
		default:
			EXPECT_EQ(mo_nodes[1], status[i]);
			EXPECT_EQ(MO_GOOD, mo_check(addrs[i], mo_page_size,
						    (uintptr_t)addrs[i], 1));
		}
	}
	EXPECT_EQ(before + mo_expect(280), mo_copied());
}

/* Pages that a child still shares with its parent. */
TEST_F(kinds, forked)
{
	struct mo_region *r = &self->r;
	int go[2], status;
	pid_t pid;
	char c;

	make_pages(_metadata, r, 200);
	ASSERT_EQ(0, pipe(go));
	pid = fork();
	if (!pid) {
		close(go[1]);
		/* Returns when the parent closes its end. */
		if (read(go[0], &c, 1) ||
		    mo_check(r->mem, r->len, r->base, 1) != MO_GOOD)
			_exit(1);
		mo_fill(r->mem, r->len, r->base, 2);
		_exit(mo_check(r->mem, r->len, r->base, 2) != MO_GOOD);
	}
	/* The pages of others are left alone, unless it is asked for. */
	EXPECT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	EXPECT_EQ(-EACCES, r->status[0]);
	EXPECT_EQ(200, mo_on_node(r, mo_nodes[0]));
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE_ALL, false);
	close(go[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
}

/* A page that sits in a pipe is referenced by it: it must stay. */
TEST_F(kinds, spliced)
{
	struct mo_region *r = &self->r;
	long long before = mo_copied();
	struct iovec iov;
	char page[4096];
	int fds[2];

	make_pages(_metadata, r, 64);
	iov.iov_base = r->addrs[5];
	iov.iov_len = sizeof(page);
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(sizeof(page), vmsplice(fds[1], &iov, 1, 0));

	EXPECT_EQ(1, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	EXPECT_EQ(63, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(mo_nodes[0], r->status[5]);
	EXPECT_EQ(before + mo_expect(63), mo_copied());
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));

	/* It is still the page in the pipe that is written here. */
	mo_fill(r->mem, r->len, r->base, 2);
	ASSERT_EQ(sizeof(page), read(fds[0], page, sizeof(page)));
	EXPECT_EQ(MO_GOOD, mo_check(page, sizeof(page),
				    r->base + 5 * mo_page_size, 2));

	EXPECT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	EXPECT_EQ(64, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 2));
}

/* Secret memory is not mapped by the kernel: never touched, never moved. */
TEST_F(kinds, secretmem)
{
	struct mo_region *r = &self->r;
	long long before = mo_copied();
	int fd = syscall(__NR_memfd_secret, 0);

	if (fd < 0)
		SKIP(return, "no secret memory");
	r->len = 16 * mo_page_size;
	ASSERT_EQ(0, ftruncate(fd, r->len));
	r->mem = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, r->mem);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
	mo_move(r, mo_nodes[1], MPOL_MF_MOVE);
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	EXPECT_EQ(16, mo_on_node(r, mo_nodes[0]));
	EXPECT_EQ(before, mo_copied());
	close(fd);
}

/* The ring of aio has a move of its own, which is the only right one. */
TEST_F(kinds, aio_ring)
{
	struct mo_region ring = { .len = mo_page_size };
	long long before = mo_copied();
	struct timespec none = {};
	aio_context_t ctx = 0;
	struct io_event event;
	unsigned int magic;

	if (syscall(__NR_io_setup, 4, &ctx))
		SKIP(return, "no aio");
	ring.mem = (char *)ctx;
	magic = ((unsigned int *)ctx)[4];
	ASSERT_EQ(0, mo_scan(&ring));
	for (int pass = 0; pass < MO_PASSES; pass++) {
		mo_move(&ring, mo_nodes[!(pass % 2)], MPOL_MF_MOVE);
		EXPECT_EQ(magic, ((unsigned int *)ctx)[4]);
		EXPECT_EQ(0, syscall(__NR_io_getevents, ctx, 0, 1, &event,
				     &none));
	}
	EXPECT_EQ(before, mo_copied());
	ASSERT_EQ(0, syscall(__NR_io_destroy, ctx));
	ring.mem = NULL;
	mo_free(&ring);
}

/* Memory that is suspected to be bad is not handed to any engine. */
TEST_F(kinds, soft_offline)
{
	struct mo_region *r = &self->r;
	long long before = mo_copied();
	unsigned long long old;
	char pfn[32];

	make_pages(_metadata, r, 16);
	old = mo_pfn(r->addrs[3]);
	if (madvise(r->addrs[3], mo_page_size, MADV_SOFT_OFFLINE))
		SKIP(return, "pages cannot be taken offline");
	EXPECT_NE(old, mo_pfn(r->addrs[3]));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	EXPECT_EQ(before, mo_copied());

	/* Give it back, where that is possible. */
	snprintf(pfn, sizeof(pfn), "%#llx", old);
	mo_write("/sys/kernel/debug/hwpoison/unpoison-pfn", pfn, strlen(pfn));
}

MO_TEST_MAIN
