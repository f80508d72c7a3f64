// SPDX-License-Identifier: GPL-2.0
/*
 * One seed, one workload: all kinds of memory are made, moved in all ways, and
 * looked at after each step. What is printed depends on the seed and on how
 * migration behaves, on nothing else, so that the output of two kernels can be
 * compared as text: scripts/oracle.
 *
 * Lines that begin with "other" are for the reader; they may differ.
 *
 * What would make a run differ from the one before is taken away here: the
 * addresses are not random; the program, and the child that it forks, are on one
 * CPU under SCHED_FIFO, so who runs first is no question; its own pages begin
 * on one node, since migrate_pages(2) moves them, too. Daemons that touch memory
 * by themselves are stopped by the job, testbed/jobs/oracle.sh. Pages in another
 * CPU's LRU batch are no reason for -EBUSY: each of these calls drains them and
 * turns batches off while it runs (lru_cache_disable()).
 *
 * usage: oracle SEED STEPS DIR    DIR is on ext4
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096UL
#define HUGE		(2UL << 20)
#define MAX_AREA	(8UL << 20)
#define MAX_PAGES	(MAX_AREA / PAGE)
/* Two places for each area, so that mremap() has somewhere to go. */
#define PLACES		0x100000000000UL
#define UNTOUCHED	(-99)
#define MAX_OFFLINE	3
#define LOOK_EVERY	16
#define KSM		"/sys/kernel/mm/ksm/"

/* linux/mman.h says it, the C library need not. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

#define BIT(n)		(1UL << (n))

/* Of /proc/kpageflags, what migration has to keep and nothing else changes. */
#define FLAGS_KEPT	(BIT(3) | BIT(4) | BIT(11) | BIT(12) | BIT(14) | BIT(15) | \
			 BIT(16) | BIT(17) | BIT(18) | BIT(21) | BIT(22) | BIT(33))
/* Of /proc/self/pagemap: soft-dirty, exclusive, of a file. */
#define BITS_KEPT	(BIT(55) | BIT(56) | BIT(61))

enum kind { SMALL, THP, MTHP, SHMEM, SHMEM_THP, PRIVATE, EXT4, HUGETLB, KSM_PAIRS, KINDS };

static const struct {
	const char *name;
	size_t len, unit;
} kinds[KINDS] = {
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

static struct area {
	char *mem;
	/* In one piece, and as it was made: mremap() may take it. */
	bool whole;
	unsigned int generation;
} areas[KINDS];

static const char *dir;
static uint64_t random_state;
static unsigned int offlined;
static pid_t child;
static int to_child[2], from_child[2];
static int pagemap, kpageflags;
static void *addrs[2 * MAX_PAGES];
static int nodes[2 * MAX_PAGES], status[2 * MAX_PAGES], where[MAX_PAGES];

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "oracle: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x7fb5d329728ea185UL;
	x = (x ^ x >> 27) * 0x81dadef4bc2dd44dUL;
	return x ^ x >> 33;
}

/* From 0 to @n - 1. */
static size_t choose(size_t n)
{
	random_state += 0x9e3779b97f4a7c15UL;
	return mix(random_state) % n;
}

static uint64_t digest(uint64_t sum, uint64_t value)
{
	return mix(sum * 31 + value);
}

/* What a system call said: a number, or a negative errno. */
static long result(long rc)
{
	return rc < 0 ? -errno : rc;
}

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	must(fd >= 0 && write(fd, value, strlen(value)) >= 0, path);
	close(fd);
}

static long get(const char *path, const char *name)
{
	char line[256];
	size_t len = strlen(name);
	FILE *file = fopen(path, "r");
	long value = -1;

	must(file, path);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && (!len || line[len] == ' '))
			value = atol(line + len);
	fclose(file);
	return value;
}

/* What a word holds tells its area, its place there and its generation. */
static void fill(enum kind kind, size_t at)
{
	uint64_t *word = (uint64_t *)(areas[kind].mem + at);
	/* The halves of this one are the same, for ksmd. */
	size_t id = kind == KSM_PAIRS ? at % (kinds[kind].len / 2) : at;

	for (size_t i = 0; i < kinds[kind].unit / sizeof(*word); i++)
		word[i] = mix((id + i * sizeof(*word)) ^ (uint64_t)kind << 32 ^
			      (uint64_t)areas[kind].generation << 40);
}

/* Writes where that is allowed; what was not there is made. */
static int fill_range(enum kind kind, size_t from, size_t len)
{
	size_t unit = kinds[kind].unit;
	int refused = 0;

	areas[kind].generation++;
	for (size_t at = from; at < from + len; at += unit) {
		if (madvise(areas[kind].mem + at, unit, MADV_POPULATE_WRITE))
			refused++;
		else
			fill(kind, at);
	}
	return refused;
}

static size_t nr_pages(enum kind kind)
{
	return kinds[kind].len / PAGE;
}

static void find(enum kind kind)
{
	for (size_t i = 0; i < nr_pages(kind); i++)
		addrs[i] = areas[kind].mem + i * PAGE;
	must(!syscall(SYS_move_pages, 0, nr_pages(kind), addrs, NULL, where, 0),
	     "move_pages() without nodes");
}

static void print_counts(const char *what, const int *values, size_t n)
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

	must(pread(pagemap, &entry, 8, (uintptr_t)page / PAGE * 8) == 8, "pagemap");
	if (entry & BIT(63))
		must(pread(kpageflags, &flags, 8, (entry & (BIT(55) - 1)) * 8) == 8,
		     "kpageflags");
	/* A page of the pool has these two from whoever had it last. */
	if (flags & BIT(17))
		flags &= ~(BIT(3) | BIT(4));
	return (flags & FLAGS_KEPT) ^ (entry & BITS_KEPT);
}

/* Only what is there is looked at: a look must not make pages. */
static void print_area(enum kind kind)
{
	uint64_t memory = 0, flags = 0;

	find(kind);
	for (size_t i = 0; i < nr_pages(kind); i++) {
		const uint64_t *word = addrs[i];

		flags = digest(flags, flags_of(addrs[i]));
		if (where[i] < 0 || madvise(addrs[i], PAGE, MADV_POPULATE_READ))
			continue;
		for (size_t w = 0; w < PAGE / sizeof(*word); w++)
			memory = memory * 31 + word[w];
		memory = digest(memory, i);
	}
	print_counts("nodes", where, nr_pages(kind));
	printf(" flags=%08x memory=%016lx\n", (unsigned int)flags, memory);
}

static void print_all(void)
{
	for (int kind = 0; kind < KINDS; kind++) {
		printf("     look %s", kinds[kind].name);
		print_area(kind);
	}
}

/* A random part of an area, in units of what can be mapped there. */
static size_t part(enum kind kind, size_t *from)
{
	size_t unit = kinds[kind].unit, units = kinds[kind].len / unit;
	size_t first = choose(units), nr = 1 + choose(units - first);

	*from = first * unit;
	return nr * unit;
}

static unsigned long one_node(void)
{
	return BIT(choose(2));
}

static int file_of(enum kind kind)
{
	char path[256];
	int fd;

	if (kind == SHMEM || kind == SHMEM_THP) {
		fd = memfd_create("oracle", 0);
	} else {
		snprintf(path, sizeof(path), "%s/oracle", dir);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		unlink(path);
	}
	must(fd >= 0 && !ftruncate(fd, kinds[kind].len), "file");
	return fd;
}

static int fill_file(enum kind kind)
{
	static uint64_t page[PAGE / 8];
	int fd = file_of(kind);

	for (size_t at = 0; at < kinds[kind].len; at += PAGE) {
		for (size_t i = 0; i < PAGE / 8; i++)
			page[i] = mix(at + i) + kind;
		must(pwrite(fd, page, PAGE, at) == (ssize_t)PAGE, "write");
	}
	/* Nothing is left for the time at which writeback happens to come. */
	must(!fsync(fd), "fsync");
	return fd;
}

static void make(enum kind kind)
{
	struct area *area = &areas[kind];
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
	munmap((void *)(PLACES + 2 * kind * MAX_AREA), 2 * MAX_AREA);
	area->mem = mmap((void *)(PLACES + 2 * kind * MAX_AREA), kinds[kind].len,
			 PROT_READ | PROT_WRITE, flags, fd, 0);
	must(area->mem != MAP_FAILED, "mmap");
	if (fd >= 0)
		close(fd);
	area->whole = true;
	if (kind == THP || kind == MTHP || kind == SHMEM_THP)
		must(!madvise(area->mem, kinds[kind].len, MADV_HUGEPAGE), "huge pages");
	else if (kind != HUGETLB)
		madvise(area->mem, kinds[kind].len, MADV_NOHUGEPAGE);
	if (kind == KSM_PAIRS)
		must(!madvise(area->mem, kinds[kind].len, MADV_MERGEABLE), "MADV_MERGEABLE");
	must(!fill_range(kind, 0, kinds[kind].len), "fill");
}

/* A list for move_pages(), with what users get wrong in some of them. */
static size_t make_list(enum kind kind)
{
	size_t step = choose(4) ? kinds[kind].unit / PAGE : 1 + choose(3);
	size_t first = choose(nr_pages(kind)), nr = 0;
	unsigned int how = choose(8);
	int node = choose(2);

	for (size_t i = choose(3) ? 0 : first; i < nr_pages(kind); i += step, nr++) {
		addrs[nr] = areas[kind].mem + i * PAGE;
		nodes[nr] = how == 1 ? (int)choose(2) : node;
		if (how == 2 && !choose(8))
			addrs[nr] = addrs[choose(nr + 1)];
		else if (how == 3 && !choose(8))
			addrs[nr] = (void *)(choose(2) ? -PAGE : PLACES - PAGE);
	}
	if (how == 4)
		nodes[choose(nr)] = choose(2) ? 1000 : -1;
	for (size_t i = 0; how == 5 && i < nr; i++) {
		size_t other = choose(nr);
		void *addr = addrs[i];

		addrs[i] = addrs[other];
		addrs[other] = addr;
	}
	return nr;
}

static long move(enum kind kind)
{
	size_t nr = make_list(kind);
	int flags = choose(4) ? MPOL_MF_MOVE : MPOL_MF_MOVE_ALL;
	long rc;

	for (size_t i = 0; i < nr; i++)
		status[i] = UNTOUCHED;
	rc = result(syscall(SYS_move_pages, 0, nr, addrs, nodes, status, flags));
	print_counts("status", status, nr);
	return rc;
}

static long bind_part(enum kind kind)
{
	static const int modes[] = { MPOL_BIND, MPOL_PREFERRED, MPOL_INTERLEAVE };
	int mode = modes[choose(3)];
	unsigned long mask = mode == MPOL_INTERLEAVE ? 3 : one_node();
	int flags = choose(2) ? MPOL_MF_MOVE : MPOL_MF_MOVE_ALL | MPOL_MF_STRICT;
	size_t from, len = part(kind, &from);

	areas[kind].whole = false;
	return result(syscall(SYS_mbind, areas[kind].mem + from, len, mode, &mask, 8, flags));
}

static long migrate_all(enum kind kind)
{
	unsigned long from = one_node(), to = from ^ 3;

	(void)kind;
	return result(syscall(SYS_migrate_pages, getpid(), 8, &from, &to));
}

static long advise_part(enum kind kind, int advice)
{
	size_t from, len = part(kind, &from);

	return result(madvise(areas[kind].mem + from, len, advice));
}

static long dontneed(enum kind kind)
{
	return advise_part(kind, MADV_DONTNEED);
}

/* Zero pages, where nothing was. */
static long only_read(enum kind kind)
{
	return advise_part(kind, MADV_POPULATE_READ);
}

static long rewrite(enum kind kind)
{
	size_t from, len = part(kind, &from);

	return fill_range(kind, from, len);
}

static long make_hole(enum kind kind)
{
	size_t from, len = part(kind, &from);

	areas[kind].whole = false;
	return result(munmap(areas[kind].mem + from,
			     len / 2 / kinds[kind].unit * kinds[kind].unit ?: kinds[kind].unit));
}

static long protect(enum kind kind)
{
	static const int rights[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	size_t from, len = part(kind, &from);

	areas[kind].whole = false;
	return result(mprotect(areas[kind].mem + from, len, rights[choose(3)]));
}

static long lock_part(enum kind kind)
{
	size_t from, len = part(kind, &from);
	bool lock = choose(2);

	areas[kind].whole = false;
	return result(lock ? mlock(areas[kind].mem + from, len) :
		      munlock(areas[kind].mem + from, len));
}

static long go_elsewhere(enum kind kind)
{
	char *place = (char *)(PLACES + 2 * kind * MAX_AREA), *to;

	if (!areas[kind].whole)
		return -1;
	if (areas[kind].mem == place)
		place += MAX_AREA;
	to = mremap(areas[kind].mem, kinds[kind].len, kinds[kind].len,
		    MREMAP_MAYMOVE | MREMAP_FIXED, place);
	must(to == place, "mremap");
	areas[kind].mem = to;
	return 0;
}

/* Somebody who has all of it mapped, and does nothing. */
static long fork_or_reap(enum kind kind)
{
	char c = 0;

	(void)kind;
	if (child) {
		close(to_child[1]);
		must(waitpid(child, NULL, 0) == child, "waitpid");
		close(from_child[0]);
		child = 0;
		return 1;
	}
	must(!pipe(to_child) && !pipe(from_child), "pipe");
	fflush(NULL);
	child = fork();
	must(child >= 0, "fork");
	if (!child) {
		close(to_child[1]);
		if (write(from_child[1], &c, 1) != 1 || read(to_child[0], &c, 1))
			_exit(1);
		_exit(0);
	}
	close(to_child[0]);
	close(from_child[1]);
	must(read(from_child[0], &c, 1) == 1, "the child");
	return 0;
}

/* After three whole rounds nothing is left to merge. */
static long merge(enum kind kind)
{
	long end = get(KSM "full_scans", "") + 4;

	(void)kind;
	put(KSM "run", "1");
	while (get(KSM "full_scans", "") < end)
		usleep(20000);
	put(KSM "run", "0");
	return get(KSM "pages_shared", "");
}

/*
 * To swap and back. Whether a page is freed by then or still in the swap cache is
 * a matter of time; bound to the node on which it is, it comes back there anyway.
 */
static long swap_out(enum kind kind)
{
	unsigned long mask = one_node();
	long rc;

	if (kind != SMALL && kind != KSM_PAIRS)
		kind = SMALL;
	areas[kind].whole = false;
	syscall(SYS_mbind, areas[kind].mem, kinds[kind].len, MPOL_BIND, &mask, 8,
		MPOL_MF_MOVE_ALL);
	madvise(areas[kind].mem, kinds[kind].len, MADV_PAGEOUT);
	while (get("/proc/vmstat", "nr_writeback") > 0)
		usleep(10000);
	find(kind);
	print_counts("out", where, nr_pages(kind));
	rc = move(kind);
	for (size_t at = 0; at < kinds[kind].len; at += PAGE)
		madvise(areas[kind].mem + at, PAGE, MADV_POPULATE_READ);
	return rc;
}

/* Each takes a page away for good. */
static long soft_offline(enum kind kind)
{
	size_t from;

	part(kind, &from);
	if (offlined == MAX_OFFLINE || kind == HUGETLB)
		return -1;
	offlined++;
	return result(madvise(areas[kind].mem + from, PAGE, MADV_SOFT_OFFLINE));
}

static long make_again(enum kind kind)
{
	make(kind);
	return 0;
}

static const struct operation {
	const char *name;
	long (*run)(enum kind kind);
	/* How often, and does it change every area? */
	unsigned int weight;
	bool everywhere;
} operations[] = {
	{ "move_pages", move, 40, false },
	{ "mbind", bind_part, 12, false },
	{ "migrate_pages", migrate_all, 5, true },
	{ "rewrite", rewrite, 10, false },
	{ "dontneed", dontneed, 4, false },
	{ "read", only_read, 8, false },
	{ "munmap", make_hole, 3, false },
	{ "mprotect", protect, 3, false },
	{ "mlock", lock_part, 4, false },
	{ "mremap", go_elsewhere, 4, false },
	{ "fork", fork_or_reap, 4, false },
	{ "ksm", merge, 2, true },
	{ "swap", swap_out, 3, true },
	{ "soft_offline", soft_offline, 1, false },
	{ "again", make_again, 6, false },
};

static const struct operation *any_operation(void)
{
	const struct operation *op = operations;
	size_t sum = 0, at;

	for (size_t i = 0; i < sizeof(operations) / sizeof(*op); i++)
		sum += operations[i].weight;
	for (at = choose(sum); at >= op->weight; op++)
		at -= op->weight;
	return op;
}

static void print_vmstat(int sign)
{
	static const char * const equal[] = {
		"pgmigrate_success", "pgmigrate_fail", "thp_migration_success",
		"thp_migration_fail", "thp_migration_split", "htlb_buddy_alloc_success",
		"thp_split_page", "thp_fault_alloc",
	};
	static const char * const others[] = {
		"numa_hit", "numa_miss", "numa_foreign", "numa_local", "numa_other",
		"numa_pages_migrated", "compact_stall", "compact_fail", "compact_success",
		"compact_isolated", "compact_daemon_wake", "pgfault", "pswpin", "pswpout",
		"pgalloc_normal", "pgfree", "thp_deferred_split_page",
	};
	static long before[sizeof(equal) / sizeof(*equal) + sizeof(others) / sizeof(*others)];
	size_t n = sizeof(equal) / sizeof(*equal), nr = sizeof(before) / sizeof(*before);

	for (size_t i = 0; i < nr; i++) {
		const char *name = i < n ? equal[i] : others[i - n];

		before[i] = get("/proc/vmstat", name) - before[i] * sign;
		if (sign)
			printf("%s %s %ld\n", i < n ? "vmstat" : "other", name, before[i]);
	}
}

/* Starts again, where addresses are not random. */
static void settle(char **argv)
{
	struct sched_param param = { .sched_priority = 1 };
	unsigned long from = 2, to = 1;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	must(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
	must(!sched_setscheduler(0, SCHED_FIFO, &param), "sched_setscheduler");
	must(!syscall(SYS_set_mempolicy, MPOL_BIND, &to, 8), "set_mempolicy");
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		personality(ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
		must(false, "execv");
	}
	must(!mlockall(MCL_CURRENT) && !munlockall(), "mlockall");
	must(!syscall(SYS_migrate_pages, getpid(), 8, &from, &to), "migrate_pages");
}

int main(int argc, char **argv)
{
	unsigned int steps;

	if (argc != 4) {
		fprintf(stderr, "usage: oracle SEED STEPS DIR\n");
		return 2;
	}
	settle(argv);
	random_state = mix(strtoul(argv[1], NULL, 0));
	steps = strtoul(argv[2], NULL, 0);
	dir = argv[3];
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	kpageflags = open("/proc/kpageflags", O_RDONLY);
	must(pagemap >= 0 && kpageflags >= 0, "pagemap");
	print_vmstat(0);
	for (int kind = 0; kind < KINDS; kind++)
		make(kind);
	print_all();
	for (unsigned int i = 0; i < steps; i++) {
		const struct operation *op = any_operation();
		enum kind kind = choose(KINDS);
		long rc;

		printf("%04u %s %s", i, op->name, kinds[kind].name);
		rc = op->run(kind);
		printf(" rc=%ld", rc);
		print_area(kind);
		if (op->everywhere || i % LOOK_EVERY == LOOK_EVERY - 1)
			print_all();
	}
	if (child)
		fork_or_reap(0);
	print_vmstat(1);
	return 0;
}
