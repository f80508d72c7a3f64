/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the selftests of migration offload: nodes, sysfs, patterns, folios.
 */
#ifndef MO_UTIL_H
#define MO_UTIL_H

#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MO_SYSFS	"/sys/kernel/mm/migration/"
#define MO_THP		"/sys/kernel/mm/transparent_hugepage/"

/* What mo_check() returns when every word is right. */
#define MO_GOOD		SIZE_MAX

/* Status of a page that move_pages() left alone. */
#define MO_UNTOUCHED	(-1000)

/* Bits of /proc/kpageflags */
#define KPF_COMPOUND_TAIL	(1ULL << 16)
#define KPF_ANON		(1ULL << 12)
#define KPF_SWAPCACHE		(1ULL << 13)
#define KPF_HUGE		(1ULL << 17)
#define KPF_MLOCKED		(1ULL << 33)

/**
 * struct mo_region - memory that is moved
 * @mem: Its start.
 * @len: Its length in bytes.
 * @base: What the pattern encodes as the address of the first byte.
 * @nr: Folios found by mo_scan(), and entries of the arrays below.
 * @addrs: Start of each folio.
 * @pages: Size of each folio in base pages.
 * @flags: /proc/kpageflags of each folio's first page.
 * @status: What move_pages() said about each folio.
 */
struct mo_region {
	char *mem;
	size_t len;
	uint64_t base;
	size_t nr;
	void **addrs;
	unsigned int *pages;
	uint64_t *flags;
	int *status;
};

/**
 * struct mo_list - folios of two regions that are moved in one call
 * @r: The regions.
 * @nr: Folios in the list, and entries of the arrays below.
 * @addrs: Start of each folio.
 * @nodes: Where each goes.
 * @status: What move_pages() said about each.
 */
struct mo_list {
	struct mo_region r[2];
	size_t nr;
	void **addrs;
	int *nodes, *status;
};

/**
 * struct mo_variant - a migrator and how it is set
 * @migrator: Its name; NULL for the one that the environment variable MO_MIGRATOR
 *	names.  That one may leave folios to the ordinary path, so the counters of
 *	copied folios and bytes are not compared.
 * @threads: Workers, for migrators that can choose; 0 leaves them alone.
 * @channels: The same for channels of a DMA engine.
 * @unverified: Do not let it compare what the channels have copied.
 * @mode: Mode of the migrator that fails on purpose.
 * @copy_mode: How CPUs copy; NULL leaves it alone.
 */
struct mo_variant {
	const char *migrator;
	unsigned int threads;
	unsigned int channels;
	bool unverified;
	const char *mode;
	const char *copy_mode;
};

/* Two nodes with memory, set by mo_require(). */
extern int mo_nodes[2];
extern size_t mo_page_size;
extern size_t mo_pmd_size;

/* Set-up of a program: exits with a reason where it cannot run. */
void mo_require(void);
bool mo_have(const char *migrator);
int mo_load(const char *migrator);
int mo_unload(const char *migrator);
int mo_online_cpus(void);

/* Files with one value.  A negative result is -errno. */
int mo_write(const char *path, const char *value, size_t len);
int mo_set(const char *path, const char *value);
int mo_read(const char *path, char *buf, size_t size);
long long mo_get(const char *path);
long long mo_getf(const char *path_fmt, ...)
	__attribute__((format(printf, 1, 2)));
int mo_selected(char *buf, size_t size);
/* Write a value that mo_restore() takes back. */
int mo_put(const char *path, const char *value);
int mo_putf(const char *value, const char *path_fmt, ...)
	__attribute__((format(printf, 2, 3)));
void mo_restore(void);
long long mo_stat(const char *migrator, const char *stat);

/* The migrator of a test */
const char *mo_use(const struct mo_variant *variant);
long long mo_batches(void);
size_t mo_expect(size_t nr);
size_t mo_expect_single(void);
long long mo_copied(void);
long long mo_copied_bytes(void);

/* Keep every CPU busy until mo_busy_end(). */
int mo_busy_begin(void);
void mo_busy_end(void);

/* User and system time of RUSAGE_SELF and its like, in ns. */
long long mo_cpu_used(int who);
/* CPU time in ns, as the scheduler has it of the tasks themselves. */
long long mo_cpu_clock(pid_t pid);
long long mo_workers_time(long long *by_cpu, int nr_cpus);

/* Patterns: each word tells its address and the generation of the data. */
uint64_t mo_word(uint64_t addr, uint64_t gen);
void mo_fill(void *mem, size_t len, uint64_t base, uint64_t gen);
size_t mo_check(const void *mem, size_t len, uint64_t base, uint64_t gen);

/* Memory */
int mo_bind(int node);
char *mo_map_aligned(size_t len, size_t align, int prot);
int mo_small_pages(void *mem, size_t len);
int mo_scan(struct mo_region *r);
uint64_t mo_pfn(const void *addr);
bool mo_map_huge(struct mo_region *r, size_t size, int flags);
int mo_map_file(struct mo_region *r, const char *dir);
int mo_map_small(struct mo_region *r);
bool mo_map_thp(struct mo_region *r, size_t nr);
void mo_free(struct mo_region *r);
long mo_move_array(size_t nr, void **addrs, const int *nodes, int *status,
		   int flags);
int mo_pin(const struct mo_region *r);
int mo_splice(const struct mo_region *r, size_t at, size_t len);
int mo_list_mix(struct mo_list *l, size_t every);
long mo_list_move(struct mo_list *l, size_t nr, int node);
void mo_list_free(struct mo_list *l);
long mo_move(struct mo_region *r, int node, int flags);
size_t mo_on_node(struct mo_region *r, int node);
bool mo_all_pages(const struct mo_region *r, unsigned int pages);
bool mo_all_flags(const struct mo_region *r, uint64_t flags);

#endif /* MO_UTIL_H */
