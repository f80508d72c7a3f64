// SPDX-License-Identifier: GPL-2.0
/*
 * The areas of memory: what each is made of, and what it holds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oracle.h"

/* Two places for each area, so that mremap() has somewhere to go. */
#define PLACES		0x100000000000UL

const struct oracle_kind oracle_kinds[KINDS] = {
	[SMALL] = { "small", 5UL << 20, PAGE },
	[THP] = { "thp", 8UL << 20, PAGE },
	[MTHP] = { "mthp", (2UL << 20) - PAGE, PAGE },
	[SHMEM] = { "shmem", 3UL << 20, PAGE },
	[SHMEM_THP] = { "shmem_thp", 4UL << 20, PAGE },
	[PRIVATE] = { "private", 1UL << 20, PAGE },
	[EXT4] = { "ext4", 2UL << 20, PAGE },
	[HUGETLB] = { "hugetlb", 8UL << 20, HUGE },
	[KSM_PAIRS] = { "ksm", 1UL << 20, PAGE },
};

struct oracle_area oracle_areas[KINDS];
const char *oracle_dir;

char *oracle_place(enum kind kind, unsigned int nr)
{
	return (char *)(PLACES + (2 * kind + nr) * MAX_AREA);
}

size_t oracle_nr_pages(enum kind kind)
{
	return oracle_kinds[kind].len / PAGE;
}

/* What a word holds tells its area, its place there and its generation. */
static void fill(enum kind kind, size_t at)
{
	uint64_t *word = (uint64_t *)(oracle_areas[kind].mem + at);
	/* The halves of this one are the same, for ksmd. */
	size_t id = kind == KSM_PAIRS ? at % (oracle_kinds[kind].len / 2) : at;

	for (size_t i = 0; i < oracle_kinds[kind].unit / sizeof(*word); i++)
		word[i] = oracle_mix((id + i * sizeof(*word)) ^ (uint64_t)kind << 32 ^
			      (uint64_t)oracle_areas[kind].generation << 40);
}

/* Writes where that is allowed; what was not there is made. */
int oracle_fill_range(enum kind kind, size_t from, size_t len)
{
	size_t unit = oracle_kinds[kind].unit;
	int refused = 0;

	oracle_areas[kind].generation++;
	for (size_t at = from; at < from + len; at += unit) {
		if (madvise(oracle_areas[kind].mem + at, unit, MADV_POPULATE_WRITE))
			refused++;
		else
			fill(kind, at);
	}
	return refused;
}

static int file_of(enum kind kind)
{
	char path[256];
	int fd;

	if (kind == SHMEM || kind == SHMEM_THP) {
		fd = memfd_create("oracle", 0);
	} else {
		snprintf(path, sizeof(path), "%s/oracle", oracle_dir);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		unlink(path);
	}
	oracle_must(fd >= 0 && !ftruncate(fd, oracle_kinds[kind].len), "file");
	return fd;
}

static int fill_file(enum kind kind)
{
	static uint64_t page[PAGE / 8];
	int fd = file_of(kind);

	for (size_t at = 0; at < oracle_kinds[kind].len; at += PAGE) {
		for (size_t i = 0; i < PAGE / 8; i++)
			page[i] = oracle_mix(at + i) + kind;
		oracle_must(pwrite(fd, page, PAGE, at) == (ssize_t)PAGE, "write");
	}
	/* Nothing is left for the time at which writeback happens to come. */
	oracle_must(!fsync(fd), "fsync");
	return fd;
}

void oracle_make(enum kind kind)
{
	struct oracle_area *area = &oracle_areas[kind];
	int flags = MAP_FIXED, fd = -1;

	switch (kind) {
	case SHMEM:
	case SHMEM_THP:
	case EXT4:
		fd = kind == EXT4 ? fill_file(kind) : file_of(kind);
		flags |= MAP_SHARED;
		break;
	case PRIVATE:
		fd = fill_file(kind);
		flags |= MAP_PRIVATE;
		break;
	default:
		flags |= MAP_PRIVATE | MAP_ANONYMOUS | (kind == HUGETLB ? MAP_HUGETLB : 0);
	}
	munmap(oracle_place(kind, 0), 2 * MAX_AREA);
	area->mem = mmap(oracle_place(kind, 0), oracle_kinds[kind].len,
			 PROT_READ | PROT_WRITE, flags, fd, 0);
	oracle_must(area->mem != MAP_FAILED, "mmap");
	if (fd >= 0)
		close(fd);
	area->whole = true;
	if (kind == THP || kind == MTHP || kind == SHMEM_THP)
		oracle_must(!madvise(area->mem, oracle_kinds[kind].len, MADV_HUGEPAGE),
			    "huge pages");
	else if (kind != HUGETLB)
		madvise(area->mem, oracle_kinds[kind].len, MADV_NOHUGEPAGE);
	if (kind == KSM_PAIRS)
		oracle_must(!madvise(area->mem, oracle_kinds[kind].len, MADV_MERGEABLE),
			    "MADV_MERGEABLE");
	oracle_must(!oracle_fill_range(kind, 0, oracle_kinds[kind].len), "fill");
}
