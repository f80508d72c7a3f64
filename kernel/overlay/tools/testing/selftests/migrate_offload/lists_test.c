// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm with lists whose folios adjoin on one side only: what one side lets join
 * must not be taken for joined on the other.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "mo_engine.h"
#include "mo_test.h"

#define HUGE	4
#define TRIES	5

FIXTURE(lists)
{
	struct mo_region r;
	struct mo_region comb[TRIES];
};

FIXTURE_VARIANT(lists)
{
	struct mo_variant v;
};

MO_VARIANT(lists, kernel, "kernel");
MO_VARIANT(lists, dcbm_1, "dcbm", .channels = 1);
MO_VARIANT(lists, dcbm_4, "dcbm", .channels = 4);

/* Free pages are kept for the CPU that freed them. */
static int stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

FIXTURE_SETUP(lists)
{
	const char *reason = mo_use(&variant->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, stay_on_this_cpu());
	if (mo_put(MO_THP "enabled", "madvise") ||
	    mo_put(MO_THP "hugepages-2048kB/enabled", "madvise"))
		SKIP(return, "no transparent huge pages");
}

FIXTURE_TEARDOWN(lists)
{
	mo_restore();
	for (int i = 0; i < TRIES; i++)
		mo_free(&self->comb[i]);
	mo_free(&self->r);
	EXPECT_EQ(0, mo_dma_api_errors());
}

/* Percent of the folios, in their order, that begin where the one before ends. */
static unsigned int percent_adjoining(struct mo_region *r)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry, prev = 0;
	size_t adjoining = 0;

	for (size_t i = 0; i < r->nr; i++, prev = entry) {
		off_t page = (uintptr_t)r->addrs[i] / mo_page_size;

		entry = 0;
		if (pread(fd, &entry, sizeof(entry), page * sizeof(entry)) < 0)
			break;
		adjoining += entry == prev + 1;
	}
	close(fd);
	return adjoining * 100 / r->nr;
}

/* Base pages, of which each 512 adjoin: huge pages that are split. */
static bool make_adjoining(struct mo_region *r)
{
	char range[128];
	int len;

	if (!mo_map_thp(r, HUGE))
		return false;
	len = snprintf(range, sizeof(range), "%d,%#lx,%#lx", getpid(),
		       (unsigned long)r->mem, (unsigned long)r->mem + r->len);
	return !mo_write(MO_DEBUGFS "split_huge_pages", range, len) &&
	       !mo_scan(r) && mo_all_pages(r, 1);
}

/* Leave free pages on @node whose neighbours are in use. */
static void comb(struct mo_region *r, int node, size_t nr)
{
	r->len = 2 * nr * mo_page_size;
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	madvise(r->mem, r->len, MADV_NOHUGEPAGE);
	mo_bind(node);
	memset(r->mem, 1, r->len);
	mo_bind(-1);
	for (size_t i = 0; i < nr; i++)
		madvise(r->mem + 2 * i * mo_page_size, mo_page_size, MADV_DONTNEED);
}

static void move_and_look(struct __test_metadata *_metadata, struct mo_region *r)
{
	long long bytes = mo_copied_bytes();

	ASSERT_EQ(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
	EXPECT_EQ(r->nr, mo_on_node(r, mo_nodes[1]));
	EXPECT_EQ(bytes + mo_expect(r->len), mo_copied_bytes());
}

/*
 * Free pages that are left over from elsewhere may be taken before those between
 * the teeth of the comb: then there is another one.
 */
TEST_F(lists, sources_adjoin)
{
	struct mo_region *r = &self->r;
	unsigned int before, after = 100;

	for (int i = 0; i < TRIES && after >= 30; i++) {
		mo_free(r);
		mo_bind(mo_nodes[0]);
		if (!make_adjoining(r))
			SKIP(return, "no huge pages that can be split");
		comb(&self->comb[i], mo_nodes[1], 2 * r->nr);
		before = percent_adjoining(r);
		move_and_look(_metadata, r);
		after = percent_adjoining(r);
		TH_LOG("%u %% of the sources adjoin, %u %% of the destinations",
		       before, after);
		EXPECT_LT(90, before);
	}
	EXPECT_GT(30, after);
}

/* Free pages without free neighbours are taken first: until there are none. */
static void use_up_single_pages(struct mo_region *r, int node)
{
	struct mo_region part = { .len = mo_pmd_size };
	unsigned int percent = 0;

	r->len = 64 * mo_pmd_size;
	r->mem = mo_map_aligned(r->len, mo_pmd_size, PROT_READ | PROT_WRITE);
	madvise(r->mem, r->len, MADV_NOHUGEPAGE);
	mo_bind(node);
	for (size_t i = 0; i < 64 && percent < 95; i++) {
		part.mem = r->mem + i * part.len;
		memset(part.mem, 1, part.len);
		if (!mo_scan(&part))
			percent = percent_adjoining(&part);
	}
	mo_bind(-1);
	part.mem = NULL;
	mo_free(&part);
}

static void shuffle(struct mo_region *r)
{
	srand(1);
	for (size_t i = r->nr - 1; i > 0; i--) {
		size_t j = rand() % (i + 1);
		void *addr = r->addrs[i];

		r->addrs[i] = r->addrs[j];
		r->addrs[j] = addr;
	}
}

/* Likewise, there may be more single ones elsewhere. */
TEST_F(lists, destinations_adjoin)
{
	struct mo_region *r = &self->r;
	unsigned int before, after = 0;

	for (int i = 0; i < TRIES && after <= 60; i++) {
		mo_free(r);
		mo_bind(mo_nodes[0]);
		if (!make_adjoining(r))
			SKIP(return, "no huge pages that can be split");
		use_up_single_pages(&self->comb[i], mo_nodes[1]);
		shuffle(r);
		before = percent_adjoining(r);
		move_and_look(_metadata, r);
		after = percent_adjoining(r);
		TH_LOG("%u %% of the sources adjoin, %u %% of the destinations",
		       before, after);
		EXPECT_GT(10, before);
	}
	EXPECT_LT(60, after);
}

MO_TEST_MAIN
