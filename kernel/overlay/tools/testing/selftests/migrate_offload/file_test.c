// SPDX-License-Identifier: GPL-2.0
/*
 * Page cache and swap cache are moved to and fro, with each migrator.
 *
 * MO_EXT4_DIR names a writable directory on ext4, whose page cache must never
 * be offloaded: it moves its buffers under locks of its own.
 * MO_SWAP_DEV names a disk to swap to; else a file in MO_EXT4_DIR is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/vfs.h>

#include "mo_test.h"

#define EXT4_MAGIC	0xef53
#define NR_PAGES	256
#define PM_SWAPPED	(1ULL << 62)

FIXTURE(file)
{
	struct mo_region r;
	char path[256];
	char swap[256];
	int fd;
};

MO_ALL_VARIANTS(file);

static bool is_ext4(const char *dir)
{
	struct statfs fs;

	return dir && !statfs(dir, &fs) && fs.f_type == EXT4_MAGIC;
}

FIXTURE_SETUP(file)
{
	const char *dir = getenv("MO_EXT4_DIR");
	const char *reason = mo_use(&variant->v);

	self->fd = -1;
	if (reason)
		SKIP(return, "%s", reason);
	if (!is_ext4(dir))
		SKIP(return, "MO_EXT4_DIR is not a directory on ext4");
	snprintf(self->path, sizeof(self->path), "%s/file_test", dir);
	snprintf(self->swap, sizeof(self->swap), "%s/file_test.swap", dir);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	self->r.len = NR_PAGES * mo_page_size;
}

FIXTURE_TEARDOWN(file)
{
	mo_free(&self->r);
	if (self->fd >= 0)
		close(self->fd);
	if (self->path[0])
		unlink(self->path);
	mo_restore();
}

/* A file of @r's length with generation 1 of the pattern, on the disk. */
static int make_file(struct mo_region *r, const char *path)
{
	char *buf = malloc(r->len);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	r->base = 1 << 20;
	mo_fill(buf, r->len, r->base, 1);
	if (fd >= 0 && (write(fd, buf, r->len) != (ssize_t)r->len || fsync(fd))) {
		close(fd);
		fd = -1;
	}
	free(buf);
	return fd;
}

static void map_file(struct __test_metadata *_metadata, struct mo_region *r,
		     int fd, int flags)
{
	r->mem = mmap(NULL, r->len, PROT_READ | PROT_WRITE, flags, fd, 0);
	ASSERT_NE(MAP_FAILED, r->mem);
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	ASSERT_EQ(0, mo_scan(r));
}

/*
 * Page cache is busy at times, with writeback or the journal: ask again.  A
 * migrator must not get any of it.
 */
static void move_cache(struct __test_metadata *_metadata, struct mo_region *r,
		       bool rewrite)
{
	long long before = mo_copied();
	uint64_t gen = 1;

	for (int pass = 0; pass < MO_PASSES; pass++) {
		int node = mo_nodes[!(pass % 2)];
		size_t moved = 0;

		for (int tries = 0; tries < 50 && moved < r->nr; tries++) {
			if (tries)
				usleep(20000);
			ASSERT_LE(0, mo_move(r, node, MPOL_MF_MOVE));
			moved = mo_on_node(r, node);
		}
		EXPECT_EQ(r->nr, moved);
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, gen));
		if (rewrite) {
			mo_fill(r->mem, r->len, r->base, ++gen);
			ASSERT_EQ(0, msync(r->mem, r->len, MS_SYNC));
		}
	}
	EXPECT_EQ(before, mo_copied());
}

/* Written through the mapping: the folios have buffers. */
TEST_F(file, ext4_written)
{
	struct mo_region *r = &self->r;
	char *buf = malloc(r->len);

	self->fd = make_file(r, self->path);
	ASSERT_LE(0, self->fd);
	map_file(_metadata, r, self->fd, MAP_SHARED);
	move_cache(_metadata, r, true);
	/* What was written after the last move is in the file. */
	ASSERT_EQ(r->len, pread(self->fd, buf, r->len, 0));
	EXPECT_EQ(MO_GOOD, mo_check(buf, r->len, r->base, MO_PASSES + 1));
	free(buf);
}

/* Read from the disk: the folios need not have buffers. */
TEST_F(file, ext4_read)
{
	struct mo_region *r = &self->r;

	self->fd = make_file(r, self->path);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, posix_fadvise(self->fd, 0, r->len, POSIX_FADV_DONTNEED));
	map_file(_metadata, r, self->fd, MAP_SHARED);
	move_cache(_metadata, r, false);
}

/* Also not with the switch for file systems that have no buffers. */
TEST_F(file, ext4_file_folios)
{
	struct mo_region *r = &self->r;

	ASSERT_EQ(0, mo_put(MO_SYSFS "file_folios", "1"));
	self->fd = make_file(r, self->path);
	ASSERT_LE(0, self->fd);
	map_file(_metadata, r, self->fd, MAP_SHARED);
	move_cache(_metadata, r, true);
}

/* In one call with memory that is offloaded, folio by folio in turns. */
TEST_F(file, ext4_mixed)
{
	struct mo_region *r = &self->r, anon = { .len = r->len };
	void *addrs[2 * NR_PAGES];
	int nodes[2 * NR_PAGES], status[2 * NR_PAGES];

	self->fd = make_file(r, self->path);
	ASSERT_LE(0, self->fd);
	map_file(_metadata, r, self->fd, MAP_SHARED);
	anon.mem = mo_map_aligned(anon.len, mo_page_size,
				  PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, anon.mem);
	madvise(anon.mem, anon.len, MADV_NOHUGEPAGE);
	mo_fill(anon.mem, anon.len, (uintptr_t)anon.mem, 1);
	ASSERT_EQ(0, mo_scan(&anon));
	ASSERT_EQ(NR_PAGES, anon.nr);

	for (int pass = 0; pass < MO_PASSES; pass++) {
		long long before = mo_copied_bytes();
		size_t nr = 0;

		for (size_t i = 0; i < NR_PAGES; i++) {
			if (i < r->nr)
				addrs[nr++] = r->addrs[i];
			addrs[nr++] = anon.addrs[i];
		}
		for (size_t i = 0; i < nr; i++)
			nodes[i] = mo_nodes[!(pass % 2)];
		ASSERT_LE(0, mo_move_array(nr, addrs, nodes, status,
					   MPOL_MF_MOVE));
		EXPECT_EQ(before + mo_expect(anon.len), mo_copied_bytes());
		EXPECT_EQ(NR_PAGES, mo_on_node(&anon, nodes[0]));
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
		ASSERT_EQ(MO_GOOD, mo_check(anon.mem, anon.len, anon.base, 1));
		/* Dirty folios have buffers. */
		mo_fill(r->mem, r->len, r->base, 1);
		ASSERT_EQ(0, msync(r->mem, r->len, MS_SYNC));
	}
	mo_free(&anon);
}

/* A private copy of a file's page is anonymous memory like any other. */
TEST_F(file, ext4_private)
{
	struct mo_region *r = &self->r;

	self->fd = make_file(r, self->path);
	ASSERT_LE(0, self->fd);
	map_file(_metadata, r, self->fd, MAP_PRIVATE);
	mo_fill(r->mem, r->len, r->base, 1);
	ASSERT_EQ(0, mo_scan(r));
	ASSERT_TRUE(mo_all_flags(r, KPF_ANON));
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, true);
}

static int swap_on(const char *path, size_t nr_pages)
{
	char *page = calloc(1, mo_page_size);
	uint32_t *header = (uint32_t *)(page + 1024);
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	int err = 0;

	/* mkswap */
	for (size_t i = 0; !err && i < nr_pages; i++)
		err = write(fd, page, mo_page_size) != (ssize_t)mo_page_size;
	header[0] = 1;
	header[1] = nr_pages - 1;
	memcpy(page + mo_page_size - 10, "SWAPSPACE2", 10);
	if (!err)
		err = pwrite(fd, page, mo_page_size, 0) != (ssize_t)mo_page_size;
	if (fsync(fd) || close(fd) || err)
		err = -EIO;
	free(page);
	return err ?: swapon(path, 0) ? -errno : 0;
}

static size_t nr_swapped(const struct mo_region *r)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;
	size_t nr = 0;

	for (size_t i = 0; i < r->len / mo_page_size; i++) {
		pread(fd, &entry, 8, ((uintptr_t)r->mem / mo_page_size + i) * 8);
		nr += !!(entry & PM_SWAPPED);
	}
	close(fd);
	return nr;
}

/* Write all of @r to swap and read it back. */
static bool page_out_and_in(struct mo_region *r)
{
	size_t nr = r->len / mo_page_size;

	for (int tries = 0; tries < 50 && nr_swapped(r) < nr; tries++) {
		madvise(r->mem, r->len, MADV_PAGEOUT);
		usleep(20000);
	}
	if (nr_swapped(r) < nr)
		return false;
	for (size_t i = 0; i < nr; i++)
		*(volatile char *)(r->mem + i * mo_page_size);
	return !mo_scan(r);
}

static void move_swapped(struct __test_metadata *_metadata, struct mo_region *r)
{
	size_t cached = 0;

	r->len = 128 * mo_page_size;
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	r->base = (uintptr_t)r->mem;
	mo_fill(r->mem, r->len, r->base, 1);
	if (!page_out_and_in(r))
		SKIP(return, "nothing was swapped out");
	for (size_t i = 0; i < r->nr; i++)
		cached += !!(r->flags[i] & KPF_SWAPCACHE);
	if (!cached)
		SKIP(return, "nothing stays in the swap cache");

	ASSERT_EQ(0, mo_bind(-1));
	mo_move(r, mo_nodes[0], MPOL_MF_MOVE);
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, false);
	ASSERT_EQ(0, mo_scan(r));
	/* Their copies on the disk are still theirs. */
	ASSERT_TRUE(page_out_and_in(r));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	mo_move(r, mo_nodes[1], MPOL_MF_MOVE);
	mo_fill(r->mem, r->len, r->base, 2);
	ASSERT_TRUE(page_out_and_in(r));
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 2));
}

TEST_F(file, swap_cache)
{
	const char *dev = getenv("MO_SWAP_DEV") ?: self->swap;
	int err;

	swapoff(dev);
	err = swap_on(dev, 2048);
	if (err)
		SKIP(return, "cannot swap to %s: %s", dev, strerror(-err));
	move_swapped(_metadata, &self->r);
	mo_free(&self->r);
	EXPECT_EQ(0, swapoff(dev));
	unlink(self->swap);
}

struct direct_reader {
	struct mo_region *r;
	const char *path;
	volatile bool stop;
	const char *error;
	unsigned long rounds;
};

/* Reads from the disk into memory that is moved: a pin that writes. */
static void *read_direct(void *arg)
{
	struct direct_reader *d = arg;
	size_t block = 16 * mo_page_size, at = 0;
	int fd = open(d->path, O_RDONLY | O_DIRECT);

	if (fd < 0)
		d->error = "no O_DIRECT";
	while (!d->stop && !d->error) {
		memset(d->r->mem + at, 0, block);
		if (pread(fd, d->r->mem + at, block, at) != (ssize_t)block)
			d->error = "short read";
		else if (mo_check(d->r->mem + at, block, d->r->base + at, 1) !=
			 MO_GOOD)
			d->error = "what was read has changed";
		at = (at + block) % d->r->len;
		d->rounds++;
	}
	close(fd);
	return NULL;
}

TEST_F(file, direct_io)
{
	struct mo_region *r = &self->r;
	struct direct_reader d = { .r = r, .path = self->path };
	pthread_t thread;

	self->fd = make_file(r, self->path);
	ASSERT_LE(0, self->fd);
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	ASSERT_EQ(r->len, pread(self->fd, r->mem, r->len, 0));
	ASSERT_EQ(0, mo_scan(r));

	ASSERT_EQ(0, pthread_create(&thread, NULL, read_direct, &d));
	for (int pass = 0; (pass < 200 || d.rounds < 200) && !d.error; pass++)
		mo_move(r, mo_nodes[!(pass % 2)], MPOL_MF_MOVE);
	d.stop = true;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(NULL, d.error) {
		TH_LOG("%s", d.error);
	}
	ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
}

MO_TEST_MAIN
