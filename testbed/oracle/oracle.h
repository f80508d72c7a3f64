/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the parts of the oracle: the areas of memory, how they are looked at
 * and what is done with them.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE		4096UL
#define HUGE		(2UL << 20)
#define MAX_AREA	(8UL << 20)
#define MAX_PAGES	(MAX_AREA / PAGE)

#define BIT(n)		(1UL << (n))

enum kind { SMALL, THP, MTHP, SHMEM, SHMEM_THP, PRIVATE, EXT4, HUGETLB, KSM_PAIRS, KINDS };

struct oracle_kind {
	const char *name;
	size_t len, unit;
};

struct oracle_area {
	char *mem;
	/* In one piece, and as it was made: mremap() may take it. */
	bool whole;
	unsigned int generation;
};

/* What is done with an area; how often, and does it change every area? */
struct oracle_operation {
	const char *name;
	long (*run)(enum kind kind);
	unsigned int weight;
	bool everywhere;
};

/* oracle.c */
void oracle_must(bool good, const char *what);
void oracle_stay(bool stay);
uint64_t oracle_mix(uint64_t x);
size_t oracle_choose(size_t n);
long oracle_get(const char *path, const char *name);

/* area.c */
extern const struct oracle_kind oracle_kinds[KINDS];
extern struct oracle_area oracle_areas[KINDS];
size_t oracle_nr_pages(enum kind kind);
int oracle_fill_range(enum kind kind, size_t from, size_t len);
char *oracle_place(enum kind kind, unsigned int nr);
/* A directory on ext4, for the files of areas. */
extern const char *oracle_dir;
void oracle_make(enum kind kind);

/* look.c */
extern void *oracle_addrs[2 * MAX_PAGES];
extern int oracle_where[MAX_PAGES];
void oracle_find(enum kind kind);
void oracle_print_counts(const char *what, const int *values, size_t n);
void oracle_print_area(enum kind kind);
void oracle_print_all(void);
void oracle_look_begin(void);

/* operations.c */
const struct oracle_operation *oracle_any_operation(void);
void oracle_end_child(void);

#endif /* ORACLE_H */
