/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the parts of stress_test: memory in areas whose owners know every
 * byte, those who move it, and those who disturb both.
 */
#ifndef MO_STRESS_H
#define MO_STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRESS_FAMILIES	2
#define STRESS_OWNERS	2
#define STRESS_AREAS	3
/* Two huge pages: there is one to move while the other is taken apart. */
#define STRESS_AREA_LEN	(2 * mo_pmd_size)
/* More than there are in the table of stress_ops.c. */
#define STRESS_MAX_OPS	40

/* Numbers that a seed decides. */
struct stress_rand {
	uint64_t state;
};

/**
 * struct stress_shared - what all processes of a run have in common
 * @seed: What decides who does what.
 * @stop: The run is over.
 * @failures: How often something was wrong.
 * @next_area: Number of the next area: no two have the same data.
 * @pages_checked: Pages of which every byte was looked at.
 * @ops: How often each operation was done, by its place in the table.
 */
struct stress_shared {
	uint64_t seed;
	volatile bool stop;
	unsigned long failures;
	unsigned long next_area;
	unsigned long pages_checked;
	unsigned long ops[STRESS_MAX_OPS];
};

extern struct stress_shared *stress;

/* What can be done with a kind of area. */
#define STRESS_ANON	0x01	/* private memory without a file */
#define STRESS_FILE	0x02	/* has a file descriptor */
#define STRESS_SHARED	0x04	/* what is written goes to the file */
#define STRESS_PUNCH	0x08	/* its file can have holes made */
#define STRESS_HUGETLB	0x10	/* its pages come from a pool */
#define STRESS_SAME	0x20	/* all of its pages hold the same */
#define STRESS_THP	0x40	/* may consist of huge folios */

struct stress_area;

struct stress_kind {
	const char *name;
	unsigned int flags;
	/* How often there is one. */
	unsigned int weight;
	/* Map a->mem, filled with generation 1; false where that cannot be had. */
	bool (*map)(struct stress_area *a);
};

/**
 * struct stress_area - memory of which one thread knows what it holds
 * @kind: What it is.
 * @mem: Where it is now.  Movers read it without a lock.
 * @len: Bytes.
 * @id: Its number, which the data tells, wherever it is mapped.
 * @fd: Its file, or -1.
 * @gen: Generation of the data of each page; 0 are zeroes.
 * @last_gen: The newest of them.
 */
struct stress_area {
	const struct stress_kind *kind;
	char *volatile mem;
	size_t len;
	unsigned long id;
	int fd;
	uint32_t *gen;
	uint32_t last_gen;
};

/* Those who write, read and shape an area, one thread each. */
struct stress_owner {
	struct stress_rand rand;
	struct stress_area areas[STRESS_AREAS];
	/* What an area is compared with or copied through. */
	char *buf;
	/* A file that is read and written around the page cache, or -1. */
	int direct;
	int pipe[2];
};

/* stress_test.c */
uint64_t stress_rand(struct stress_rand *r);
unsigned int stress_below(struct stress_rand *r, unsigned int limit);
unsigned int stress_choose(struct stress_rand *r, const unsigned int *weights,
			   unsigned int nr);
void stress_rand_init(struct stress_rand *r, unsigned int family,
		      unsigned int member);
void stress_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void stress_count(unsigned long *counter, unsigned long nr);
long long stress_sum_of(const char *path, const char *key);

/* stress_area.c */
bool stress_map(struct stress_area *a, struct stress_rand *r);
void stress_unmap(struct stress_area *a);
void stress_fill(struct stress_area *a, void *to, unsigned int first,
		 unsigned int nr, uint32_t gen);
bool stress_check(struct stress_area *a, const void *from, unsigned int first,
		  unsigned int nr, const char *how);
void stress_set_gen(struct stress_area *a, unsigned int first, unsigned int nr,
		    uint32_t gen);
uint32_t stress_new_gen(struct stress_area *a);

/* stress_ops.c */
const char *stress_op_name(unsigned int op);
void stress_do_one(struct stress_owner *o, struct stress_area *a);

/* stress_family.c */
int stress_family(unsigned int family);

/* stress_steer.c: the migrators, and what makes them fail */
int stress_steer_begin(void);
void *stress_steer(void *arg);
unsigned long long stress_steer_folios(void);
void stress_steer_release(void);
void stress_steer_end(void);
void stress_steer_report(void);

/* stress_system.c: whatever else moves, takes or changes memory */
void stress_system_begin(void);
void stress_system_join(void);
void *stress_system(void *arg);
void *stress_files(void *arg);
void stress_system_end(void);
void stress_system_report(void);

/* stress_damon.c */
void stress_damon_begin(void);
void stress_damon_end(void);

#endif /* MO_STRESS_H */
