// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that goes bad while CPUs copy it: one page in the middle of a batch cannot
 * be read by the kernel.  Its folio does not move, as without a migrator, the page is
 * reported once, and everybody else arrives.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "mo_test.h"

#define UNREADABLE	"/sys/kernel/debug/migrate_offload/unreadable"
#define KPF_HWPOISON	(1ULL << 19)
/* For the work that memory_failure_queue() leaves to others. */
#define REPORTED_US	10000000
#define STEP_US		20000

FIXTURE(poison)
{
	struct mo_region r;
};

MO_VARIANTS(poison);
MO_VARIANT(poison, kernel, "kernel");
MO_VARIANT(poison, mtcopy_1, "mtcopy", .threads = 1, .copy_mode = "cached");
MO_VARIANT(poison, mtcopy_2, "mtcopy", .threads = 2, .copy_mode = "cached");
MO_VARIANT(poison, mtcopy_streaming, "mtcopy", .threads = 2,
	   .copy_mode = "streaming");
MO_VARIANT(poison, padata_4, "padata", .threads = 4, .copy_mode = "cached");

FIXTURE_SETUP(poison)
{
	const char *reason = mo_use(&variant->v);

	if (reason)
		SKIP(return, "%s", reason);
	if (access(UNREADABLE, W_OK))
		SKIP(return, "no CONFIG_MIGRATE_OFFLOAD_TEST_POISON");
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
}

FIXTURE_TEARDOWN(poison)
{
	mo_write(UNREADABLE, "0", 1);
	mo_free(&self->r);
	mo_restore();
}

/* Memory that has been found bad so far, in KB. */
static long long corrupted(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	long long kb = -1;
	char line[128];

	while (f && kb < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "HardwareCorrupted: %lld kB", &kb);
	if (f)
		fclose(f);
	return kb;
}

static long long wait_for_corrupted(long long kb)
{
	for (long us = 0; us < REPORTED_US && corrupted() < kb; us += STEP_US)
		usleep(STEP_US);
	usleep(10 * STEP_US);
	return corrupted();
}

static bool make(struct mo_region *r, size_t size, size_t nr)
{
	r->len = nr * size;
	r->mem = mo_map_aligned(r->len, size, PROT_READ | PROT_WRITE);
	if (!r->mem)
		return false;
	if (size > mo_page_size && mo_put(MO_THP "enabled", "madvise"))
		return false;
	madvise(r->mem, r->len, size > mo_page_size ? MADV_HUGEPAGE :
						      MADV_NOHUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	return !mo_scan(r) && mo_all_pages(r, size / mo_page_size);
}

/*
 * The first page from @page on that has not been bad before.  Nothing takes that back,
 * and a huge folio is not kept from being used again when its page in the middle is.
 */
static char *fresh_page(char *page)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags;

	do {
		flags = 0;
		pread(fd, &flags, 8, mo_pfn(page) * 8);
		page += mo_page_size;
	} while (flags & KPF_HWPOISON);
	close(fd);
	return page - mo_page_size;
}

/* All bytes of @r are right, but those of @page, which nobody may touch. */
static bool others_are_right(const struct mo_region *r, const char *page)
{
	size_t before = page - r->mem, behind = before + mo_page_size;

	return mo_check(r->mem, before, r->base, 1) == MO_GOOD &&
	       mo_check(r->mem + behind, r->len - behind, r->base + behind, 1) ==
	       MO_GOOD;
}

/* A page near @at is bad, of @nr folios of @size. */
static void goes_bad(struct __test_metadata *_metadata, struct mo_region *r,
		     const struct mo_variant *v, size_t size, size_t nr, size_t at)
{
	bool offloads = mo_expect(1);
	bool streaming = v->copy_mode && !strcmp(v->copy_mode, "streaming");
	long long before, poisoned = 0, not_copied = 0;
	char pfn[24], *page;

	if (!make(r, size, nr))
		SKIP(return, "no %zu free folios", nr);
	page = fresh_page(r->mem + at);
	snprintf(pfn, sizeof(pfn), "%llu", (unsigned long long)mo_pfn(page));
	ASSERT_EQ(0, mo_write(UNREADABLE, pfn, strlen(pfn)));

	before = corrupted();
	if (offloads) {
		poisoned = mo_stat(v->migrator, "poisoned");
		not_copied = mo_stat(v->migrator, "not_copied");
	}
	EXPECT_LT(0, mo_move(r, mo_nodes[1], MPOL_MF_MOVE));
	EXPECT_EQ(before + 4, wait_for_corrupted(before + 4));

	for (size_t i = 0; i < nr; i++) {
		int status;

		if (r->addrs[i] <= (void *)page && (char *)r->addrs[i] + size > page)
			continue;
		ASSERT_EQ(0, mo_move_array(1, &r->addrs[i], NULL, &status, 0));
		ASSERT_EQ(mo_nodes[1], status);
	}
	ASSERT_TRUE(others_are_right(r, page));
	if (!offloads)
		return;
	/* A streaming copy tells this apart from what it stands for. */
	EXPECT_EQ(poisoned + !streaming, mo_stat(v->migrator, "poisoned"));
	EXPECT_EQ(not_copied + streaming, mo_stat(v->migrator, "not_copied"));
}

TEST_F(poison, page)
{
	goes_bad(_metadata, &self->r, &variant->v, mo_page_size, 64, 20 * mo_page_size);
}

TEST_F(poison, huge)
{
	goes_bad(_metadata, &self->r, &variant->v, mo_pmd_size, 3,
		 mo_pmd_size + 77 * mo_page_size);
}

MO_TEST_MAIN
