// SPDX-License-Identifier: GPL-2.0
/*
 * Counts what it costs to move one 4 KB page to another node and back.
 *
 * In a guest with one CPU under QEMU's "-icount shift=0,sleep=off" the clock
 * does not measure time: one instruction is one nanosecond. So the figure that
 * this prints is in instructions, the same on every machine and in every run.
 *
 * usage: icount [PAGES [ROUNDS]]
 */
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096UL
#define WARM_UP 4

static void *fail(const char *what)
{
	perror(what);
	exit(1);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The pattern of page @i: a value of its own in every word. */
static void fill(unsigned long *page, unsigned long i)
{
	for (unsigned long w = 0; w < PAGE_BYTES / sizeof(*page); w++)
		page[w] = i * 0x9e3779b97f4a7c15UL + w;
}

static void check(const unsigned long *page, unsigned long i)
{
	for (unsigned long w = 0; w < PAGE_BYTES / sizeof(*page); w++) {
		if (page[w] != i * 0x9e3779b97f4a7c15UL + w) {
			fprintf(stderr, "page %lu: word %lu is wrong\n", i, w);
			exit(1);
		}
	}
}

/* Moves all pages to @node; returns the nanoseconds of the call itself. */
static long long move_to(int node, void **pages, int *nodes, int *status,
			 unsigned long count)
{
	long long start, end;
	long rc;

	for (unsigned long i = 0; i < count; i++) {
		nodes[i] = node;
		status[i] = -1;
	}
	start = now();
	rc = syscall(SYS_move_pages, 0, count, pages, nodes, status, MPOL_MF_MOVE);
	end = now();
	if (rc) {
		fprintf(stderr, "move_pages to node %d returned %ld\n", node, rc);
		exit(1);
	}
	for (unsigned long i = 0; i < count; i++) {
		if (status[i] != node) {
			fprintf(stderr, "page %lu: status %d, not node %d\n", i,
				status[i], node);
			exit(1);
		}
		check(pages[i], i);
	}
	return end - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 2048;
	int rounds = argc > 2 ? atoi(argv[2]) : 11;
	char *area;
	void **pages;
	int *nodes, *status;
	double *cost, sum = 0;
	/*
	 * The mean leaves out a tenth at both ends.  A median would depend on which of
	 * two costs is the more frequent: the allocator takes turns.
	 */
	int left = rounds / 10;

	if (!count || rounds < 1) {
		fprintf(stderr, "usage: icount [PAGES [ROUNDS]]\n");
		return 2;
	}
	/* The tree of the fair class would make a call's count depend on its history. */
	if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 1 }))
		fail("sched_setscheduler");
	area = mmap(NULL, count * PAGE_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		fail("mmap");
	madvise(area, count * PAGE_BYTES, MADV_NOHUGEPAGE);

	pages = calloc(count, sizeof(*pages)) ?: fail("calloc");
	nodes = calloc(count, sizeof(*nodes)) ?: fail("calloc");
	status = calloc(count, sizeof(*status)) ?: fail("calloc");
	cost = calloc(rounds, sizeof(*cost)) ?: fail("calloc");
	for (unsigned long i = 0; i < count; i++) {
		pages[i] = area + i * PAGE_BYTES;
		fill(pages[i], i);
	}

	for (int r = -WARM_UP; r < rounds; r++) {
		long long there = move_to(1, pages, nodes, status, count);
		long long back = move_to(0, pages, nodes, status, count);

		if (r >= 0)
			cost[r] = (double)(there + back) / (2 * count);
	}
	qsort(cost, rounds, sizeof(*cost), compare);
	for (int r = left; r < rounds - left; r++)
		sum += cost[r];
	printf("pages %lu rounds %d minimum %.2f mean %.2f maximum %.2f\n",
	       count, rounds, cost[0], sum / (rounds - 2 * left), cost[rounds - 1]);
	return 0;
}
