// SPDX-License-Identifier: GPL-2.0
/*
 * What is done with the areas: they are moved in all ways, and used meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

#define UNTOUCHED	(-99)
#define MAX_OFFLINE	3
#define KSM		"/sys/kernel/mm/ksm/"

/* linux/mman.h says it, the C library need not. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

static unsigned int offlined;
static pid_t child;
static int to_child[2], from_child[2];
static int nodes[2 * MAX_PAGES], status[2 * MAX_PAGES];

/* What a system call said: a number, or a negative errno. */
static long result(long rc)
{
	return rc < 0 ? -errno : rc;
}

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	oracle_must(fd >= 0 && write(fd, value, strlen(value)) >= 0, path);
	close(fd);
}

/* A random part of an area, in units of what can be mapped there. */
static size_t part(enum kind kind, size_t *from)
{
	size_t unit = oracle_kinds[kind].unit, units = oracle_kinds[kind].len / unit;
	size_t first = oracle_choose(units), nr = 1 + oracle_choose(units - first);

	*from = first * unit;
	return nr * unit;
}

static unsigned long one_node(void)
{
	return BIT(oracle_choose(2));
}

/* A list for move_pages(), with what users get wrong in some of them. */
static size_t make_list(enum kind kind)
{
	size_t step = oracle_choose(4) ? oracle_kinds[kind].unit / PAGE : 1 + oracle_choose(3);
	size_t first = oracle_choose(oracle_nr_pages(kind)), nr = 0;
	unsigned int how = oracle_choose(8);
	int node = oracle_choose(2);

	for (size_t i = oracle_choose(3) ? 0 : first; i < oracle_nr_pages(kind); i += step, nr++) {
		oracle_addrs[nr] = oracle_areas[kind].mem + i * PAGE;
		nodes[nr] = how == 1 ? (int)oracle_choose(2) : node;
		if (how == 2 && !oracle_choose(8))
			oracle_addrs[nr] = oracle_addrs[oracle_choose(nr + 1)];
		else if (how == 3 && !oracle_choose(8))
			oracle_addrs[nr] = oracle_choose(2) ? (void *)-PAGE :
					   oracle_place(0, 0) - PAGE;
	}
	if (how == 4)
		nodes[oracle_choose(nr)] = oracle_choose(2) ? 1000 : -1;
	for (size_t i = 0; how == 5 && i < nr; i++) {
		size_t other = oracle_choose(nr);
		void *addr = oracle_addrs[i];

		oracle_addrs[i] = oracle_addrs[other];
		oracle_addrs[other] = addr;
	}
	return nr;
}

static long move(enum kind kind)
{
	size_t nr = make_list(kind);
	int flags = oracle_choose(4) ? MPOL_MF_MOVE : MPOL_MF_MOVE_ALL;
	long rc;

	for (size_t i = 0; i < nr; i++)
		status[i] = UNTOUCHED;
	oracle_stay(false);
	rc = result(syscall(SYS_move_pages, 0, nr, oracle_addrs, nodes, status, flags));
	oracle_stay(true);
	oracle_print_counts("status", status, nr);
	return rc;
}

static long bind_part(enum kind kind)
{
	static const int modes[] = { MPOL_BIND, MPOL_PREFERRED, MPOL_INTERLEAVE };
	int mode = modes[oracle_choose(3)];
	unsigned long mask = mode == MPOL_INTERLEAVE ? 3 : one_node();
	int flags = oracle_choose(2) ? MPOL_MF_MOVE : MPOL_MF_MOVE_ALL | MPOL_MF_STRICT;
	size_t from, len = part(kind, &from);
	long rc;

	oracle_areas[kind].whole = false;
	oracle_stay(false);
	rc = result(syscall(SYS_mbind, oracle_areas[kind].mem + from, len, mode, &mask, 8,
			    flags));
	oracle_stay(true);
	return rc;
}

static long migrate_all(enum kind kind)
{
	unsigned long from = one_node(), to = from ^ 3;
	long rc;

	(void)kind;
	oracle_stay(false);
	rc = result(syscall(SYS_migrate_pages, getpid(), 8, &from, &to));
	oracle_stay(true);
	return rc;
}

static long advise_part(enum kind kind, int advice)
{
	size_t from, len = part(kind, &from);

	return result(madvise(oracle_areas[kind].mem + from, len, advice));
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

	return oracle_fill_range(kind, from, len);
}

static long make_hole(enum kind kind)
{
	size_t from, len = part(kind, &from), unit = oracle_kinds[kind].unit;

	oracle_areas[kind].whole = false;
	return result(munmap(oracle_areas[kind].mem + from,
			     len / 2 / unit * unit ?: unit));
}

static long protect(enum kind kind)
{
	static const int rights[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	size_t from, len = part(kind, &from);

	oracle_areas[kind].whole = false;
	return result(mprotect(oracle_areas[kind].mem + from, len, rights[oracle_choose(3)]));
}

static long lock_part(enum kind kind)
{
	size_t from, len = part(kind, &from);
	bool lock = oracle_choose(2);

	oracle_areas[kind].whole = false;
	return result(lock ? mlock(oracle_areas[kind].mem + from, len) :
		      munlock(oracle_areas[kind].mem + from, len));
}

static long go_elsewhere(enum kind kind)
{
	char *place = oracle_place(kind, 0), *to;

	if (!oracle_areas[kind].whole)
		return -1;
	if (oracle_areas[kind].mem == place)
		place = oracle_place(kind, 1);
	to = mremap(oracle_areas[kind].mem, oracle_kinds[kind].len, oracle_kinds[kind].len,
		    MREMAP_MAYMOVE | MREMAP_FIXED, place);
	oracle_must(to == place, "mremap");
	oracle_areas[kind].mem = to;
	return 0;
}

/* Somebody who has all of it mapped, and does nothing. */
static long fork_or_reap(enum kind kind)
{
	char c = 0;

	(void)kind;
	if (child) {
		close(to_child[1]);
		oracle_must(waitpid(child, NULL, 0) == child, "waitpid");
		close(from_child[0]);
		child = 0;
		return 1;
	}
	oracle_must(!pipe(to_child) && !pipe(from_child), "pipe");
	fflush(NULL);
	child = fork();
	oracle_must(child >= 0, "fork");
	if (!child) {
		close(to_child[1]);
		if (write(from_child[1], &c, 1) != 1 || read(to_child[0], &c, 1))
			_exit(1);
		_exit(0);
	}
	close(to_child[0]);
	close(from_child[1]);
	oracle_must(read(from_child[0], &c, 1) == 1, "the child");
	return 0;
}

/* After three whole rounds nothing is left to merge. */
static long merge(enum kind kind)
{
	long end = oracle_get(KSM "full_scans", "") + 4;

	(void)kind;
	put(KSM "run", "1");
	while (oracle_get(KSM "full_scans", "") < end)
		usleep(20000);
	put(KSM "run", "0");
	return oracle_get(KSM "pages_shared", "");
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
	oracle_areas[kind].whole = false;
	syscall(SYS_mbind, oracle_areas[kind].mem, oracle_kinds[kind].len, MPOL_BIND, &mask, 8,
		MPOL_MF_MOVE_ALL);
	madvise(oracle_areas[kind].mem, oracle_kinds[kind].len, MADV_PAGEOUT);
	while (oracle_get("/proc/vmstat", "nr_writeback") > 0)
		usleep(10000);
	oracle_find(kind);
	oracle_print_counts("out", oracle_where, oracle_nr_pages(kind));
	rc = move(kind);
	for (size_t at = 0; at < oracle_kinds[kind].len; at += PAGE)
		madvise(oracle_areas[kind].mem + at, PAGE, MADV_POPULATE_READ);
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
	return result(madvise(oracle_areas[kind].mem + from, PAGE, MADV_SOFT_OFFLINE));
}

static long make_again(enum kind kind)
{
	oracle_make(kind);
	return 0;
}

static const struct oracle_operation operations[] = {
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

const struct oracle_operation *oracle_any_operation(void)
{
	const struct oracle_operation *op = operations;
	size_t sum = 0, at;

	for (size_t i = 0; i < sizeof(operations) / sizeof(*op); i++)
		sum += operations[i].weight;
	for (at = oracle_choose(sum); at >= op->weight; op++)
		at -= op->weight;
	return op;
}

void oracle_end_child(void)
{
	if (child)
		fork_or_reap(0);
}
