// SPDX-License-Identifier: GPL-2.0
/*
 * Memory is moved to and fro, with each migrator, and every byte is looked at
 * after each move.  Anonymous and shared memory of all sizes; kinds_test has
 * the special kinds, file_test the files.
 *
 * Where offload is expected, the migrator's counter says how much of it there
 * was; where it is not, that there was none.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "mo_test.h"

FIXTURE(data)
{
	struct mo_region r;
	long long batches;
};

MO_ALL_VARIANTS(data);
MO_VARIANT(data, dcbm_1, "dcbm", .channels = 1, .unverified = true);
MO_VARIANT(data, padata_4, "padata", .threads = 4);
#ifdef __x86_64__
MO_VARIANT(data, mtcopy_streaming, "mtcopy", .threads = 2, .copy_mode = "streaming");
#endif
/* The caller alone, and as many as a small machine has. */
MO_VARIANT(data, mtcopy_1, "mtcopy", .threads = 1);
MO_VARIANT(data, mtcopy_4, "mtcopy", .threads = 4);
/* The migrator that $MO_MIGRATOR names, which is not known here. */
MO_VARIANT(data, by_name, NULL);

FIXTURE_SETUP(data)
{
	const char *reason = mo_use(&variant->v);

	if (reason)
		SKIP(return, "%s", reason);
	self->batches = mo_batches();
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
}

FIXTURE_TEARDOWN(data)
{
	/* A migrator that is never called would pass every other check. */
	bool called = self->batches < 0 || self->batches < mo_batches();

	EXPECT_TRUE(called || _metadata->exit_code);
	mo_free(&self->r);
	mo_restore();
}

/* Anonymous memory in folios of @size bytes. */
static void make_anon(struct __test_metadata *_metadata, struct mo_region *r,
		      size_t len, size_t size)
{
	r->len = len;
	r->mem = mo_map_aligned(len, mo_pmd_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	ASSERT_EQ(0, size > mo_page_size ? madvise(r->mem, len, MADV_HUGEPAGE) :
					   mo_small_pages(r->mem, len));
	mo_fill(r->mem, len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
}

TEST_F(data, anon)
{
	make_anon(_metadata, &self->r, 1000 * mo_page_size, mo_page_size);
	ASSERT_EQ(1000, self->r.nr);
	mo_to_and_fro(_metadata, &self->r, self->r.len, MPOL_MF_MOVE, true);
}

TEST_F(data, thp)
{
	if (mo_put(MO_THP "enabled", "madvise"))
		SKIP(return, "no transparent huge pages");
	make_anon(_metadata, &self->r, 4 * mo_pmd_size, mo_pmd_size);
	if (!mo_all_pages(&self->r, mo_pmd_size / mo_page_size))
		SKIP(return, "no free huge pages");
	mo_to_and_fro(_metadata, &self->r, self->r.len, MPOL_MF_MOVE, true);
}

static void mthp(struct __test_metadata *_metadata,
		 struct mo_region *r, unsigned int kb)
{
	if (mo_putf("always", MO_THP "hugepages-%ukB/enabled", kb))
		SKIP(return, "no huge pages of %u kB", kb);
	if (mo_put(MO_THP "hugepages-2048kB/enabled", "never"))
		TH_LOG("2 MB folios stay on");
	make_anon(_metadata, r, 4 << 20, kb << 10);
	if (!mo_all_pages(r, (kb << 10) / mo_page_size))
		SKIP(return, "no free folios of %u kB", kb);
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, true);
}

TEST_F(data, mthp_16k)
{
	mthp(_metadata, &self->r, 16);
}

TEST_F(data, mthp_64k)
{
	mthp(_metadata, &self->r, 64);
}

TEST_F(data, mthp_1m)
{
	mthp(_metadata, &self->r, 1024);
}

static void make_shared(struct __test_metadata *_metadata, struct mo_region *r,
			int fd, size_t len)
{
	r->len = len;
	r->mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
		      MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	ASSERT_NE(MAP_FAILED, r->mem);
	mo_fill(r->mem, len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
}

TEST_F(data, shared_anon)
{
	make_shared(_metadata, &self->r, -1, 300 * mo_page_size);
	ASSERT_EQ(300, self->r.nr);
	mo_to_and_fro(_metadata, &self->r, self->r.len, MPOL_MF_MOVE, true);
}

TEST_F(data, shared_thp)
{
	struct mo_region *r = &self->r;

	if (mo_put(MO_THP "shmem_enabled", "force"))
		SKIP(return, "no huge pages for shared memory");
	make_shared(_metadata, r, -1, 3 * mo_pmd_size);
	if (r->nr != 3)
		SKIP(return, "no free huge pages");
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, true);
}

TEST_F(data, tmpfs)
{
	uint64_t word;
	int fd = memfd_create("data_test", 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 300 * mo_page_size));
	make_shared(_metadata, &self->r, fd, 300 * mo_page_size);
	mo_to_and_fro(_metadata, &self->r, self->r.len, MPOL_MF_MOVE, true);
	/* The file has what the mapping has. */
	ASSERT_EQ(sizeof(word), pread(fd, &word, sizeof(word),
				      17 * mo_page_size));
	EXPECT_EQ(*(uint64_t *)(self->r.mem + 17 * mo_page_size), word);
	close(fd);
}

/* From less than one batch to several, with one page more or less. */
TEST_F(data, counts)
{
	static const size_t counts[] = {
		1, 2, 3, 63, 64, 65, 511, 512, 513, 1024, 1025, 3000,
	};
	struct mo_region *r = &self->r;
	uint64_t gen = 1;

	make_anon(_metadata, r, 3000 * mo_page_size, mo_page_size);
	ASSERT_EQ(3000, r->nr);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		for (int back = 0; back < 2; back++) {
			int node = mo_nodes[!back];
			long long before = mo_copied();

			r->nr = counts[i];
			ASSERT_EQ(0, mo_move(r, node, MPOL_MF_MOVE));
			ASSERT_EQ(counts[i], mo_on_node(r, node));
			ASSERT_EQ(before + (counts[i] > 1 ?
					    mo_expect(counts[i]) :
					    mo_expect_single()), mo_copied());
			r->nr = 3000;
			ASSERT_EQ(back ? 3000 : 3000 - counts[i],
				  mo_on_node(r, mo_nodes[0]));
			ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base,
						    gen));
			mo_fill(r->mem, r->len, r->base, ++gen);
		}
	}
}

static void append(struct mo_region *all, const struct mo_region *r)
{
	all->addrs = realloc(all->addrs, (all->nr + r->nr) * sizeof(void *));
	all->status = realloc(all->status, (all->nr + r->nr) * sizeof(int));
	memcpy(all->addrs + all->nr, r->addrs, r->nr * sizeof(void *));
	all->nr += r->nr;
	all->len += r->len;
}

static void shuffle(struct mo_region *r)
{
	uint32_t seed = 1;

	for (size_t i = r->nr - 1; i; i--) {
		size_t j = (seed = seed * 1664525 + 1013904223) % (i + 1);
		void *addr = r->addrs[i];

		r->addrs[i] = r->addrs[j];
		r->addrs[j] = addr;
	}
}

/* One call for folios of all sizes, anonymous and shared, in any order. */
TEST_F(data, mixture)
{
	struct mo_region part[4] = {}, all;

	if (mo_put(MO_THP "enabled", "madvise") ||
	    mo_put(MO_THP "hugepages-64kB/enabled", "madvise"))
		SKIP(return, "no huge pages of 2 MB and 64 kB");
	make_anon(_metadata, &part[0], 2 * mo_pmd_size, mo_pmd_size);
	/* Too short for a folio of 2 MB. */
	make_anon(_metadata, &part[1], mo_pmd_size / 2, mo_pmd_size);
	make_anon(_metadata, &part[2], 700 * mo_page_size, mo_page_size);
	make_shared(_metadata, &part[3], -1, 300 * mo_page_size);

	for (int pass = 0; pass < MO_PASSES; pass++) {
		int node = mo_nodes[!(pass % 2)];
		long long before = mo_copied_bytes();

		all = (struct mo_region) {};
		for (int i = 0; i < 4; i++) {
			/* The last move may have split some. */
			ASSERT_EQ(0, mo_scan(&part[i]));
			append(&all, &part[i]);
		}
		shuffle(&all);
		ASSERT_EQ(0, mo_move(&all, node, MPOL_MF_MOVE));
		ASSERT_EQ(all.nr, mo_on_node(&all, node));
		ASSERT_EQ(before + mo_expect(all.len), mo_copied_bytes());
		mo_free(&all);
		for (int i = 0; i < 4; i++) {
			ASSERT_EQ(MO_GOOD, mo_check(part[i].mem, part[i].len,
						    part[i].base, pass + 1));
			mo_fill(part[i].mem, part[i].len, part[i].base,
				pass + 2);
		}
	}
	for (int i = 0; i < 4; i++)
		mo_free(&part[i]);
}

/* Both directions in one call: the halves of a region change places. */
TEST_F(data, exchange)
{
	struct mo_region *r = &self->r;
	int nodes[512];

	make_anon(_metadata, r, 512 * mo_page_size, mo_page_size);
	for (int pass = 0; pass < MO_PASSES; pass++) {
		for (int i = 0; i < 512; i++)
			nodes[i] = mo_nodes[(i < 256) ^ (pass % 2)];
		ASSERT_EQ(0, mo_move_array(r->nr, r->addrs, nodes, r->status,
					   MPOL_MF_MOVE));
		ASSERT_EQ(256, mo_on_node(r, mo_nodes[0]));
		for (int i = 0; i < 512; i++)
			ASSERT_EQ(nodes[i], r->status[i]);
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, pass + 1));
		mo_fill(r->mem, r->len, r->base, pass + 2);
	}
}

/* The other system calls that move lists of pages. */
TEST_F(data, mbind)
{
	struct mo_region *r = &self->r;

	make_anon(_metadata, r, 700 * mo_page_size, mo_page_size);
	for (int pass = 0; pass < MO_PASSES; pass++) {
		int node = mo_nodes[!(pass % 2)];
		unsigned long mask[16] = {};
		long long before = mo_copied();

		mask[node / 64] = 1UL << (node % 64);
		ASSERT_EQ(0, syscall(__NR_mbind, r->mem, r->len, MPOL_BIND,
				     mask, sizeof(mask) * 8,
				     MPOL_MF_MOVE | MPOL_MF_STRICT));
		ASSERT_EQ(r->nr, mo_on_node(r, node));
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, pass + 1));
		ASSERT_EQ(before + mo_expect(r->nr), mo_copied());
		mo_fill(r->mem, r->len, r->base, pass + 2);
	}
}

TEST_F(data, migrate_pages)
{
	struct mo_region *r = &self->r;

	make_anon(_metadata, r, 700 * mo_page_size, mo_page_size);
	ASSERT_EQ(0, mo_bind(-1));
	for (int pass = 0; pass < MO_PASSES; pass++) {
		unsigned long from[16] = {}, to[16] = {};
		int old = mo_nodes[pass % 2], new = mo_nodes[!(pass % 2)];
		long long before = mo_copied();

		from[old / 64] = 1UL << (old % 64);
		to[new / 64] = 1UL << (new % 64);
		/* Not 0 where some page of the C library did not move. */
		ASSERT_LE(0, syscall(__NR_migrate_pages, 0, sizeof(to) * 8,
				     from, to));
		ASSERT_EQ(r->nr, mo_on_node(r, new));
		ASSERT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, pass + 1));
		ASSERT_LE(before + mo_expect(r->nr), mo_copied());
		mo_fill(r->mem, r->len, r->base, pass + 2);
	}
}

/* Below the limit the migrator is not asked, and data moves all the same. */
TEST_F(data, min_batch_bytes)
{
	struct mo_region *r = &self->r;
	long long before = mo_copied();

	ASSERT_EQ(0, mo_put(MO_SYSFS "min_batch_bytes", "1048576"));
	make_anon(_metadata, r, 255 * mo_page_size, mo_page_size);
	mo_to_and_fro(_metadata, r, 0, MPOL_MF_MOVE, true);
	mo_free(r);
	ASSERT_EQ(before, mo_copied());
	make_anon(_metadata, r, (1 << 20), mo_page_size);
	mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, true);
}

/* A batch is no longer than it may be, and what is moved does not change. */
TEST_F(data, max_batch_bytes)
{
	static const char * const limits[] = { "2097152", "4194304", "1073741824" };
	struct mo_region *r = &self->r;

	make_anon(_metadata, r, 2500 * mo_page_size, mo_page_size);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		ASSERT_EQ(0, mo_put(MO_SYSFS "max_batch_bytes", limits[i]));
		mo_fill(r->mem, r->len, r->base, 1);
		mo_to_and_fro(_metadata, r, r->len, MPOL_MF_MOVE, true);
	}
}

/* With $MO_MIGRATOR only the tests of that migrator run, without it all others. */
int main(int argc, char **argv)
{
	char *args[4] = { argv[0], "-V", "by_name" };

	mo_require();
	if (argc > 1)
		return test_harness_run(argc, argv);
	if (getenv("MO_MIGRATOR"))
		args[1] = "-v";
	return test_harness_run(3, args);
}
