// SPDX-License-Identifier: GPL-2.0
/*
 * Areas of memory of all kinds.  Each word tells the number of its area, where in
 * there it belongs, and the generation of the data, so that a page which is old,
 * torn or somebody else's says so.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_util.h"
#include "stress.h"

/* Areas are further apart than they are long, in the addresses of their data. */
#define AREA_SHIFT	32
/* KSM finds nothing to merge in data that is always new. */
#define SAME_GENS	3
/* Generations around the right one that a wrong word is tried with. */
#define NEAR_GENS	4096

static uint64_t page_base(const struct stress_area *a, unsigned int page)
{
	if (a->kind->flags & STRESS_SAME)
		return 0;
	return ((uint64_t)a->id << AREA_SHIFT) + page * mo_page_size;
}

/**
 * stress_fill - write the data of some pages of an area
 * @a: The area.
 * @to: Where the data goes: these pages, or a buffer.
 * @first: First page.
 * @nr: Number of pages.
 * @gen: Generation; 0 for zeroes.
 */
void stress_fill(struct stress_area *a, void *to, unsigned int first,
		 unsigned int nr, uint32_t gen)
{
	for (unsigned int i = 0; i < nr; i++, to += mo_page_size) {
		if (gen)
			mo_fill(to, mo_page_size, page_base(a, first + i), gen);
		else
			memset(to, 0, mo_page_size);
	}
}

uint32_t stress_new_gen(struct stress_area *a)
{
	if (a->kind->flags & STRESS_SAME)
		a->last_gen = a->last_gen % SAME_GENS;
	return ++a->last_gen;
}

void stress_set_gen(struct stress_area *a, unsigned int first, unsigned int nr,
		    uint32_t gen)
{
	for (unsigned int i = first; i < first + nr; i++)
		a->gen[i] = gen;
}

/* The inverse of what mo_word() multiplies addresses by. */
static uint64_t inverse(void)
{
	uint64_t factor = mo_word(0, 0), x = factor;

	for (int i = 0; i < 6; i++)
		x *= 2 - factor * x;
	return x;
}

/* Whose word is this? */
static void tell_word(const struct stress_area *a, uint64_t word, uint32_t gen)
{
	uint64_t limit = (uint64_t)stress->next_area << AREA_SHIFT;
	uint32_t last = a->last_gen + NEAR_GENS;

	if (!word) {
		ksft_print_msg("  that is nothing at all\n");
		return;
	}
	for (uint32_t g = 1; g <= last; g++) {
		uint64_t other = mo_word(0, g) ^ mo_word(0, 0);
		uint64_t addr = (word ^ other) * inverse() - 1;

		if (addr >= limit || addr % sizeof(word))
			continue;
		ksft_print_msg("  that is area %llu, page %llu, +%#llx, generation %u%s\n",
			       (unsigned long long)(addr >> AREA_SHIFT),
			       (unsigned long long)(addr & UINT32_MAX) / mo_page_size,
			       (unsigned long long)addr % mo_page_size, g,
			       g < gen ? ", which is old" : "");
		return;
	}
	ksft_print_msg("  that was never written here\n");
}

static uint64_t right_word(const struct stress_area *a, unsigned int page,
			   unsigned int word)
{
	if (!a->gen[page])
		return 0;
	return mo_word(page_base(a, page) + word * sizeof(uint64_t), a->gen[page]);
}

/* Says what is wrong with a page: all of it, or from where to where. */
static void tell_page(const struct stress_area *a, unsigned int page,
		      const uint64_t *got, const char *how)
{
	unsigned int nr = mo_page_size / sizeof(*got), wrong = 0;
	unsigned int first = nr, last = 0;

	for (unsigned int i = 0; i < nr; i++) {
		if (got[i] == right_word(a, page, i))
			continue;
		wrong++;
		last = i;
		if (first == nr)
			first = i;
	}
	if (!wrong) {
		stress_fail("%s: area %lu page %u: was wrong, and is right now",
			    how, a->id, page);
		return;
	}
	stress_fail("%s: %s area %lu page %u at %p, generation %u", how,
		    a->kind->name, a->id, page, a->mem + page * mo_page_size,
		    a->gen[page]);
	ksft_print_msg("  %u of %u words are wrong, +%#zx to +%#zx: %#llx\n", wrong,
		       nr, first * sizeof(*got), last * sizeof(*got),
		       (unsigned long long)got[first]);
	tell_word(a, got[first], a->gen[page]);
}

static bool page_is_right(const struct stress_area *a, unsigned int page,
			  const uint64_t *got)
{
	unsigned int nr = mo_page_size / sizeof(*got);
	uint64_t base = page_base(a, page);

	for (unsigned int i = 0; i < nr; i++)
		if (got[i] != (a->gen[page] ?
			       mo_word(base + i * sizeof(*got), a->gen[page]) : 0))
			return false;
	return true;
}

/**
 * stress_check - is everything in some pages of an area as it should be?
 * @a: The area.
 * @from: Where the data is: these pages, or what was read of them.
 * @first: First page.
 * @nr: Number of pages.
 * @how: By which way it was read, for the message.
 */
bool stress_check(struct stress_area *a, const void *from, unsigned int first,
		  unsigned int nr, const char *how)
{
	bool right = true;

	for (unsigned int i = 0; i < nr && right; i++, from += mo_page_size) {
		right = page_is_right(a, first + i, from);
		if (!right)
			tell_page(a, first + i, from, how);
	}
	stress_count(&stress->pages_checked, nr);
	return right;
}

static bool map_file(struct stress_area *a, int flags)
{
	char *mem;

	if (a->fd < 0)
		return false;
	mem = mo_map_aligned(a->len, mo_pmd_size, PROT_NONE);
	if (mem)
		mem = mmap(mem, a->len, PROT_READ | PROT_WRITE,
			   flags | MAP_FIXED, a->fd, 0);
	if (!mem || mem == MAP_FAILED)
		return false;
	a->mem = mem;
	return true;
}

static bool map_anon(struct stress_area *a)
{
	a->mem = mo_map_aligned(a->len, mo_pmd_size, PROT_READ | PROT_WRITE);
	if (!a->mem)
		return false;
	return !madvise(a->mem, a->len, a->kind->flags & STRESS_THP ?
			MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

static bool map_same(struct stress_area *a)
{
	return map_anon(a) && !madvise(a->mem, a->len, MADV_MERGEABLE);
}

static bool map_shmem(struct stress_area *a)
{
	a->fd = memfd_create("stress_test", MFD_CLOEXEC);
	if (a->fd < 0 || ftruncate(a->fd, a->len) || !map_file(a, MAP_SHARED))
		return false;
	if (a->kind->flags & STRESS_THP)
		madvise(a->mem, a->len, MADV_HUGEPAGE);
	return true;
}

/* A file of ext4 that is gone with its last user. */
static int open_file(const struct stress_area *a)
{
	const char *dir = getenv("MO_EXT4_DIR");
	char path[256];
	int fd;

	if (!dir)
		return -1;
	snprintf(path, sizeof(path), "%s/stress.%lu", dir, a->id);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	unlink(path);
	return fd;
}

static bool map_ext4(struct stress_area *a)
{
	a->fd = open_file(a);
	return a->fd >= 0 && !ftruncate(a->fd, a->len) && map_file(a, MAP_SHARED);
}

/* The file keeps generation 1, what is mapped goes its own ways. */
static bool map_private_ext4(struct stress_area *a)
{
	char *page = malloc(mo_page_size);
	bool ok = true;

	a->fd = open_file(a);
	for (unsigned int i = 0; ok && i < a->len / mo_page_size; i++) {
		stress_fill(a, page, i, 1, 1);
		ok = pwrite(a->fd, page, mo_page_size, i * mo_page_size) ==
		     (ssize_t)mo_page_size;
	}
	free(page);
	return ok && map_file(a, MAP_PRIVATE);
}

static bool map_hugetlb(struct stress_area *a)
{
	char *mem = mmap(NULL, a->len, PROT_READ | PROT_WRITE,
			 MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE |
			 (a->kind->flags & STRESS_SHARED ? MAP_SHARED : MAP_PRIVATE),
			 -1, 0);
	unsigned char there[STRESS_AREA_LEN / mo_page_size];

	if (mem == MAP_FAILED)
		return false;
	a->mem = mem;
	/* Reserved is not yet there: touched without it, this would be the end. */
	if (mincore(mem, a->len, there))
		return false;
	for (size_t i = 0; i < sizeof(there); i++)
		if (!(there[i] & 1))
			return false;
	return true;
}

static const struct stress_kind kinds[] = {
	{ "anon", STRESS_ANON, 4, map_anon },
	{ "thp", STRESS_ANON | STRESS_THP, 2, map_anon },
	{ "ksm", STRESS_ANON | STRESS_SAME, 2, map_same },
	{ "shmem", STRESS_FILE | STRESS_SHARED | STRESS_PUNCH, 4, map_shmem },
	{ "shmem_thp", STRESS_FILE | STRESS_SHARED | STRESS_PUNCH | STRESS_THP, 2,
	  map_shmem },
	{ "ext4", STRESS_FILE | STRESS_SHARED, 1, map_ext4 },
	{ "ext4_private", STRESS_FILE, 2, map_private_ext4 },
	{ "hugetlb", STRESS_HUGETLB, 1, map_hugetlb },
	{ "hugetlb_shared", STRESS_HUGETLB | STRESS_SHARED, 1, map_hugetlb },
};

static const struct stress_kind *choose_kind(struct stress_rand *r)
{
	unsigned int weights[ARRAY_SIZE(kinds)];

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		weights[i] = kinds[i].weight;
	return &kinds[stress_choose(r, weights, ARRAY_SIZE(kinds))];
}

/**
 * stress_map - make an area of a kind that the seed chooses
 * @a: The area; all of it is set.
 * @r: Where the choice comes from.
 *
 * Return: whether such an area could be had.
 */
bool stress_map(struct stress_area *a, struct stress_rand *r)
{
	unsigned int nr = STRESS_AREA_LEN / mo_page_size;

	a->kind = choose_kind(r);
	a->fd = -1;
	a->mem = NULL;
	a->len = STRESS_AREA_LEN;
	a->id = __atomic_fetch_add(&stress->next_area, 1, __ATOMIC_RELAXED);
	a->gen = calloc(nr, sizeof(*a->gen));
	a->last_gen = 0;
	if (!a->gen || !a->kind->map(a)) {
		stress_unmap(a);
		return false;
	}
	stress_set_gen(a, 0, nr, stress_new_gen(a));
	if (a->kind->flags & (STRESS_ANON | STRESS_SHARED | STRESS_HUGETLB))
		stress_fill(a, a->mem, 0, nr, 1);
	return true;
}

void stress_unmap(struct stress_area *a)
{
	char *mem = a->mem;

	a->mem = NULL;
	if (mem)
		munmap(mem, a->len);
	if (a->fd >= 0)
		close(a->fd);
	free(a->gen);
	a->gen = NULL;
	a->fd = -1;
}
