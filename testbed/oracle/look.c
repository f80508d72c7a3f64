// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at memory: where each page is, its flags, what it holds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle.h"

/* Of /proc/kpageflags, what migration has to keep and nothing else changes. */
#define FLAGS_KEPT	(BIT(3) | BIT(4) | BIT(11) | BIT(12) | BIT(14) | BIT(15) | \
			 BIT(16) | BIT(17) | BIT(18) | BIT(21) | BIT(22) | BIT(33))
/* Of /proc/self/pagemap: soft-dirty, exclusive, of a file. */
#define BITS_KEPT	(BIT(55) | BIT(56) | BIT(61))

void *oracle_addrs[2 * MAX_PAGES];
int oracle_where[MAX_PAGES];
static int pagemap, kpageflags;

static uint64_t digest(uint64_t sum, uint64_t value)
{
	return oracle_mix(sum * 31 + value);
}

void oracle_find(enum kind kind)
{
	for (size_t i = 0; i < oracle_nr_pages(kind); i++)
		oracle_addrs[i] = oracle_areas[kind].mem + i * PAGE;
	oracle_must(!syscall(SYS_move_pages, 0, oracle_nr_pages(kind), oracle_addrs, NULL,
			     oracle_where, 0),
	     "move_pages() without nodes");
}

void oracle_print_counts(const char *what, const int *values, size_t n)
{
	uint64_t sum = 0;

	printf(" %s=", what);
	for (int v = -128; v < 64; v++) {
		size_t count = 0;

		for (size_t i = 0; i < n; i++)
			count += values[i] == v;
		if (count)
			printf("%d:%zu,", v, count);
	}
	for (size_t i = 0; i < n; i++)
		sum = digest(sum, values[i]);
	printf("%08x", (unsigned int)sum);
}

static uint64_t flags_of(const char *page)
{
	uint64_t entry = 0, flags = 0;

	oracle_must(pread(pagemap, &entry, 8, (uintptr_t)page / PAGE * 8) == 8, "pagemap");
	if (entry & BIT(63))
		oracle_must(pread(kpageflags, &flags, 8, (entry & (BIT(55) - 1)) * 8) == 8,
		     "kpageflags");
	/* A page of the pool has these two from whoever had it last. */
	if (flags & BIT(17))
		flags &= ~(BIT(3) | BIT(4));
	return (flags & FLAGS_KEPT) ^ (entry & BITS_KEPT);
}

/* Only what is there is looked at: a look must not make pages. */
void oracle_print_area(enum kind kind)
{
	uint64_t memory = 0, flags = 0;

	oracle_find(kind);
	for (size_t i = 0; i < oracle_nr_pages(kind); i++) {
		const uint64_t *word = oracle_addrs[i];

		flags = digest(flags, flags_of(oracle_addrs[i]));
		if (oracle_where[i] < 0 || madvise(oracle_addrs[i], PAGE, MADV_POPULATE_READ))
			continue;
		for (size_t w = 0; w < PAGE / sizeof(*word); w++)
			memory = memory * 31 + word[w];
		memory = digest(memory, i);
	}
	oracle_print_counts("nodes", oracle_where, oracle_nr_pages(kind));
	printf(" flags=%08x memory=%016lx\n", (unsigned int)flags, memory);
}

void oracle_print_all(void)
{
	for (int kind = 0; kind < KINDS; kind++) {
		printf("     look %s", oracle_kinds[kind].name);
		oracle_print_area(kind);
	}
}

void oracle_look_begin(void)
{
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	kpageflags = open("/proc/kpageflags", O_RDONLY);
	oracle_must(pagemap >= 0 && kpageflags >= 0, "pagemap");
}
