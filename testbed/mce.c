// SPDX-License-Identifier: GPL-2.0
/*
 * Moves memory of which one page is bad: while the kernel copies that page, the host
 * (scripts/mce-demo) raises a machine check, each time somebody reads it.  Judges how
 * that ended, for each way in which CPUs copy, and that it ended as in the kernel's
 * own copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest.h"
#include "mo_util.h"

#define KPF_HWPOISON	(1ULL << 19)
/* For the work that memory_failure_queue() leaves to others. */
#define REPORTED_US	10000000
#define STEP_US		20000
#define HELPER_TRIES	20

/*
 * A call to the host: the guest stops behind each store to @bad, with the physical
 * address of what is bad from now on, or 0.  The others say then what the host has
 * done since the last call.
 */
#define HOST	((volatile struct host *)0x6d6365000000)

struct host {
	uint64_t bad;
	uint64_t checks;	/* machine checks */
	uint64_t streamed;	/* those of them in a streaming copy */
	uint64_t cpus;		/* CPUs that had one, as a mask */
	uint64_t others;	/* reads outside of the routines that copy */
};

static const struct way {
	const char *name;
	struct mo_variant v;
} ways[] = {
	{ "kernel", { .migrator = "kernel" } },
	{ "mtcopy-1", { .migrator = "mtcopy", .threads = 1, .copy_mode = "cached" } },
	{ "mtcopy-2", { .migrator = "mtcopy", .threads = 2, .copy_mode = "cached" } },
	{ "streaming-1", { .migrator = "mtcopy", .threads = 1, .copy_mode = "streaming" } },
	{ "streaming-2", { .migrator = "mtcopy", .threads = 2, .copy_mode = "streaming" } },
	{ "padata-2", { .migrator = "padata", .threads = 2, .copy_mode = "cached" } },
};

#define NR_WAYS	(sizeof(ways) / sizeof(ways[0]))

/* What is moved, and which page of it is bad. */
static const struct load {
	const char *name;
	size_t nr, pages, bad;
} loads[] = {
	{ "4K", 512, 1, 148 },
	{ "2M", 3, 512, 660 },
};

#define NR_LOADS	(sizeof(loads) / sizeof(loads[0]))

/* How a move ended. */
struct facts {
	long rc;
	int status;		/* of the bad folio, from that call */
	int node;		/* where it is afterwards, as move_pages() says */
	bool entry;		/* there is an entry for bad memory instead of it */
	size_t arrived;		/* other folios on the second node */
	bool right;		/* every byte of those */
	long long kb;		/* more that was found bad */
	int reports;		/* in the kernel's log, of that page */
	long long copied;	/* folios by the migrator */
	long long poisoned;	/* folios that it could not copy for that reason */
	long long taken;	/* machine checks, as the guest counts them */
	struct host host;
};

static void call_host(uint64_t bad)
{
	HOST->bad = bad;
}

/* The sum of the numbers of the line of @path that begins with @key. */
static long long numbers(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	char line[1024], *at, *end;
	long long sum = 0;

	while (f && fgets(line, sizeof(line), f)) {
		at = line + strspn(line, " ");
		if (strncmp(at, key, strlen(key)))
			continue;
		at += strlen(key);
		for (long long n; n = strtoll(at, &end, 10), end != at; at = end)
			sum += n;
	}
	if (f)
		fclose(f);
	return sum;
}

static long long corrupted(void)
{
	return numbers("/proc/meminfo", "HardwareCorrupted:");
}

static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	lseek(fd, 0, SEEK_END);
	return fd;
}

/* How often memory_failure() has ended for @pfn since the log was opened. */
static int reports_of(int fd, uint64_t pfn)
{
	char line[8192], *at, *end;
	ssize_t len;
	int nr = 0;

	while ((len = read(fd, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		at = strstr(line, "Memory failure: 0x");
		if (!at || strtoull(at + 16, &end, 16) != pfn)
			continue;
		/* 6.12 says the latter of a page that was bad before. */
		nr += strstr(end, ": recovery action") || strstr(end, ": already hard");
	}
	close(fd);
	return nr;
}

static bool make(struct mo_region *r, size_t size, size_t nr)
{
	r->len = nr * size;
	r->mem = mo_map_aligned(r->len, size, PROT_READ | PROT_WRITE);
	if (!r->mem || mo_put(MO_THP "enabled", "madvise"))
		return false;
	madvise(r->mem, r->len, size > mo_page_size ? MADV_HUGEPAGE :
						      MADV_NOHUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	return !mo_scan(r) && mo_all_pages(r, size / mo_page_size);
}

/* The first page from @page on that has not been bad before. */
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

/* All bytes of @r but those of @page, which nobody may touch. */
static bool others_are_right(const struct mo_region *r, const char *page)
{
	size_t before = page - r->mem, behind = before + mo_page_size;

	return mo_check(r->mem, before, r->base, 1) == MO_GOOD &&
	       mo_check(r->mem + behind, r->len - behind, r->base + behind, 1) ==
	       MO_GOOD;
}

static void wait_for_corrupted(long long kb)
{
	for (long us = 0; us < REPORTED_US && corrupted() < kb; us += STEP_US)
		usleep(STEP_US);
	usleep(10 * STEP_US);
}

/* Is @pfn what the page table has for @page, as memory that is bad? */
static bool bad_entry(const char *page, uint64_t pfn)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	pread(fd, &entry, 8, (uintptr_t)page / mo_page_size * 8);
	close(fd);
	return entry >> 62 == 1 && (entry & ((1ULL << 55) - 1)) >> 5 == pfn;
}

static long long poisoned(const struct mo_variant *v)
{
	return mo_expect(1) ? mo_stat(v->migrator, "poisoned") : 0;
}

/* Moves @r while @page, of its folio @at, is bad in the middle. */
static struct facts move(struct mo_region *r, const struct mo_variant *v, size_t at,
			 char *page)
{
	uint64_t pfn = mo_pfn(page);
	struct facts f = {
		.kb = -corrupted(), .copied = -mo_copied(), .poisoned = -poisoned(v),
		.taken = -numbers("/proc/interrupts", "MCE:"),
	};
	int log = open_log();

	call_host(pfn * mo_page_size + mo_page_size / 2);
	f.rc = mo_move(r, mo_nodes[1], MPOL_MF_MOVE);
	wait_for_corrupted(4 - f.kb);
	call_host(0);
	f.host = *HOST;

	f.status = r->status[at];
	f.kb += corrupted();
	f.copied += mo_copied();
	f.poisoned += poisoned(v);
	f.taken += numbers("/proc/interrupts", "MCE:");
	f.reports = reports_of(log, pfn);
	f.arrived = mo_on_node(r, mo_nodes[1]);
	f.node = r->status[at];
	f.arrived -= f.node == mo_nodes[1];
	f.entry = f.node == -ENOENT && bad_entry(page, pfn);
	f.right = others_are_right(r, page);
	return f;
}

static bool must(bool holds, const char *fact)
{
	if (!holds)
		ksft_print_msg("does not hold: %s\n", fact);
	return holds;
}

/*
 * @k is how the kernel's own copy has ended.  What the bad page is in the end is left
 * to chance there, too: the second attempt of a move unmaps it for good if
 * memory_failure(), which runs by itself, has marked it by then.
 */
static bool judge(const struct facts *f, const struct facts *k, const struct way *way,
		  size_t nr)
{
	bool offloads = way != ways, streams = !strncmp(way->name, "streaming", 9);
	bool good = true;

	good &= must(f->host.checks > 0, "a machine check was raised");
	good &= must(!f->host.others, "none but who copies has read that page");
	good &= must(f->taken == (long long)f->host.checks, "the guest had each of them");
	good &= must(f->host.streamed == (streams ? 1 : 0),
		     "the routine that was to copy has met it");
	good &= must(f->rc == 1, "move_pages() says that one folio did not move");
	good &= must(f->node == mo_nodes[0] || f->entry,
		     "that one is where it was, or unmapped as bad");
	good &= must(f->arrived == nr - 1, "all others have arrived");
	good &= must(f->right, "every byte of them is right");
	good &= must(f->kb == 4, "one page more was found bad");
	good &= must(f->reports == (int)f->host.checks,
		     "memory_failure() ran once for each machine check");
	good &= must(f->rc == k->rc && f->status == k->status &&
		     f->host.checks == k->host.checks && f->reports == k->reports,
		     "return value, status, and how many of these, are the kernel's");
	good &= must(f->poisoned == offloads, "the migrator has counted the bad folio");
	good &= must(f->copied == (offloads ? (long long)nr - 1 : 0),
		     "the migrator has copied all others");
	return good;
}

static void print_facts(const struct facts *f, const struct way *way,
			const struct load *load)
{
	ksft_print_msg("%-12s %-4s %6llu %4s %7d %4lld %9s %6zu of %zu\n", way->name,
		       load->name, (unsigned long long)f->host.checks,
		       f->host.cpus == 1 ? "0" : f->host.cpus == 2 ? "1" : "0, 1",
		       f->reports, f->kb, f->node == mo_nodes[1] ? "moved" :
		       f->entry ? "unmapped" : "stayed", f->arrived, load->nr - 1);
}

/*
 * This program moves memory on the first CPU: the other one is a helper's.  A task
 * that is bound to a CPU has no helpers, so it goes there and is free again: while
 * that CPU is idle the scheduler wakes it there.
 */
static bool stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return false;
	CPU_SET(1, &cpus);
	return !sched_setaffinity(0, sizeof(cpus), &cpus);
}

static struct facts attempt(const struct way *way, const struct load *load)
{
	size_t size = load->pages * mo_page_size;
	const char *reason = mo_use(&way->v);
	struct mo_region r = {};
	struct facts f;
	char *page;

	if (reason || !make(&r, size, load->nr))
		ksft_exit_fail_msg("%s: %s\n", way->name, reason ?: "no memory");
	if (!stay())
		ksft_exit_fail_msg("%s: cannot go to the first CPU\n", way->name);
	page = fresh_page(r.mem + load->bad * mo_page_size);
	f = move(&r, &way->v, (page - r.mem) / size, page);
	print_facts(&f, way, load);
	mo_free(&r);
	mo_restore();
	return f;
}

/* Again, until chance gives the piece with the bad page to the other CPU. */
static void meet_helper(const struct way *way, const struct facts *kernel)
{
	for (int i = 0; i < HELPER_TRIES; i++) {
		struct facts f = attempt(way, loads);
		bool good = judge(&f, kernel, way, loads->nr);

		if (!good || f.host.cpus & 2) {
			ksft_test_result(good, "%s.helper\n", way->name);
			return;
		}
	}
	ksft_test_result_skip("%s.helper: none in %d moves\n", way->name, HELPER_TRIES);
}

static void demonstrate_all(void)
{
	struct facts kernel[NR_LOADS], f;

	for (size_t w = 0; w < NR_WAYS; w++) {
		for (size_t l = 0; l < NR_LOADS; l++) {
			f = attempt(&ways[w], &loads[l]);
			if (!w)
				kernel[l] = f;
			ksft_test_result(judge(&f, &kernel[l], &ways[w], loads[l].nr),
					 "%s.%s\n", ways[w].name, loads[l].name);
		}
		if (ways[w].v.threads > 1)
			meet_helper(&ways[w], kernel);
	}
}

int main(void)
{
	int nr = NR_WAYS * NR_LOADS;

	ksft_print_header();
	mo_require();
	if (mmap((void *)HOST, mo_page_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) != HOST ||
	    mo_bind(mo_nodes[0]))
		ksft_exit_fail_msg("cannot begin\n");
	for (size_t w = 0; w < NR_WAYS; w++)
		nr += ways[w].v.threads > 1;
	ksft_set_plan(nr);
	ksft_print_msg("%-12s %-4s %6s %4s %7s %4s %9s %s\n", "copied by", "size",
		       "checks", "CPU", "reports", "KB", "bad page", "others arrived");
	demonstrate_all();
	ksft_finished();
}
