// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that is moved.
 */
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "hugetlb.h"
#include "parse.h"
#include "pattern.h"

#define LINE_BYTES 64	/* of a cache */
#define MAX_CATCH_UP 10

double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

size_t node_room(int node)
{
	const long long reserve = 64 << 20;
	long long size, free_bytes = 0;

	size = numa_node_size64(node, &free_bytes);
	if (size <= 0)
		return 0;
	/* The kernel keeps watermarks, and its lists hold free pages back. */
	free_bytes -= reserve < size / 16 ? reserve : size / 16;
	return free_bytes > 0 ? free_bytes : 0;
}

int move_pages_probe(void)
{
	void *page = aligned_alloc(4096, 4096);
	int status;
	long ret;

	if (!page)
		return -ENOMEM;
	memset(page, 1, 4096);
	ret = move_pages(0, 1, &page, NULL, &status, 0);
	free(page);
	return ret < 0 ? -errno : 0;
}

/* Reserved, so that a fault finds one. */
static int map_hugetlb(struct buffer *b)
{
	b->map_len = b->bytes;
	b->map = mmap(NULL, b->map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		      MAP_ANONYMOUS | hugetlb_map_flags(b->folio), -1, 0);
	if (b->map == MAP_FAILED) {
		b->map = NULL;
		return -errno;
	}
	b->base = b->map;
	return 0;
}

static int map_range(struct buffer *b)
{
	const size_t align = b->folio > SZ_2M ? b->folio : SZ_2M;
	const int base_pages = b->folio == (size_t)sysconf(_SC_PAGESIZE);

	b->map_len = b->bytes + align;
	b->map = mmap(NULL, b->map_len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->map == MAP_FAILED) {
		b->map = NULL;
		return -errno;
	}
	b->base = (char *)(((uintptr_t)b->map + align - 1) & ~(align - 1));
	/* EINVAL: a kernel without huge pages; base pages are all it has. */
	if (madvise(b->map, b->map_len,
		    base_pages ? MADV_NOHUGEPAGE : MADV_HUGEPAGE) &&
	    errno != EINVAL)
		return -errno;
	return 0;
}

/* A bound range is also one that NUMA balancing leaves alone. */
static int bind_range(struct buffer *b, int node)
{
	struct bitmask *mask = numa_allocate_nodemask();
	int err = 0;

	numa_bitmask_setbit(mask, node);
	if (mbind(b->map, b->map_len, MPOL_BIND, mask->maskp, mask->size + 1, 0))
		err = -errno;
	numa_free_nodemask(mask);
	return err;
}

static int make_lists(struct buffer *b)
{
	size_t i;

	b->addr = calloc(b->nr, sizeof(*b->addr));
	b->target = calloc(b->nr, sizeof(*b->target));
	b->status = calloc(b->nr, sizeof(*b->status));
	if (!b->addr || !b->target || !b->status)
		return -ENOMEM;
	for (i = 0; i < b->nr; i++)
		b->addr[i] = b->base + i * b->folio;
	return 0;
}

/* Asks where each folio is; returns how many are not on @node. */
static size_t count_elsewhere(struct buffer *b, int node)
{
	size_t i, n = 0;

	for (i = 0; i < b->nr; i++)
		b->status[i] = -EAGAIN;
	if (move_pages(0, b->nr, b->addr, NULL, b->status, 0) < 0)
		return b->nr;
	for (i = 0; i < b->nr; i++)
		n += b->status[i] != node;
	return n;
}

int buffer_check_size(struct buffer *b, char why[NOTE_LEN])
{
	size_t wrong = 0;
	char size[32];
	int err;

	if (b->hugetlb) {
		b->check = SIZE_HUGETLB;
		return 0;
	}
	err = thp_check(b->base, b->bytes, b->folio, &b->check, &wrong);
	format_size(size, sizeof(size), b->folio);
	if (err)
		snprintf(why, NOTE_LEN, "page flags: %s", strerror(-err));
	else if (wrong)
		snprintf(why, NOTE_LEN, "%zu of %zu folios are not of size %s",
			 wrong, b->nr, size);
	else if (b->check == SIZE_UNKNOWN)
		snprintf(why, NOTE_LEN, "no permission to check that folios have size %s",
			 size);
	else
		return 0;
	return err ? err : wrong ? -ENOTUNIQ : -EPERM;
}

static int populate(struct buffer *b, char why[NOTE_LEN])
{
	size_t elsewhere;
	int err;

	err = b->hugetlb ? map_hugetlb(b) : map_range(b);
	if (!err)
		err = bind_range(b, b->node);
	if (!err)
		err = make_lists(b);
	if (err) {
		snprintf(why, NOTE_LEN, "memory on node %d: %s", b->node,
			 strerror(-err));
		return err;
	}
	buffer_fill(b);
	elsewhere = count_elsewhere(b, b->node);
	if (elsewhere) {
		snprintf(why, NOTE_LEN, "%zu of %zu folios are not on node %d",
			 elsewhere, b->nr, b->node);
		return -EXDEV;
	}
	return buffer_check_size(b, why);
}

int buffer_make(struct buffer *b, size_t folio, size_t nr, int node, bool hugetlb,
		char why[NOTE_LEN])
{
	int err;

	memset(b, 0, sizeof(*b));
	b->folio = folio;
	b->nr = nr;
	b->bytes = folio * nr;
	b->node = node;
	b->hugetlb = hugetlb;
	err = populate(b, why);
	if (err)
		buffer_free(b);
	return err;
}

void buffer_free(struct buffer *b)
{
	if (b->map)
		munmap(b->map, b->map_len);
	free(b->addr);
	free(b->target);
	free(b->status);
	memset(b, 0, sizeof(*b));
}

void buffer_fill(struct buffer *b)
{
	static uint32_t last;

	/* Of all buffers: pages that one frees are the destinations of the next. */
	b->generation = ++last;
	pattern_fill(b->base, b->bytes, b->generation);
}

int buffer_verify(const struct buffer *b, char why[NOTE_LEN])
{
	size_t at = pattern_verify(b->base, b->bytes, b->generation);

	if (at == PATTERN_OK)
		return 0;
	snprintf(why, NOTE_LEN, "wrong byte at offset %zu (folio %zu, byte %zu): 0x%02x",
		 at, at / b->folio, at % b->folio, (unsigned char)b->base[at]);
	return -EBADMSG;
}

/* One call for the folios that are not there yet. */
static long catch_up(struct buffer *b, int node)
{
	void **addr = malloc(b->nr * sizeof(*addr));
	size_t i, n = 0;
	long ret;

	if (!addr)
		return -1;
	for (i = 0; i < b->nr; i++)
		if (b->status[i] != node)
			addr[n++] = b->addr[i];
	ret = move_pages(0, n, addr, b->target, b->status, MPOL_MF_MOVE);
	free(addr);
	return ret;
}

/*
 * A positive return leaves entries of status[] unwritten, and success of the
 * call does not mean success of each folio: look at every one, and ask again
 * where they are.
 */
static size_t count_missed(struct buffer *b, int node, long ret)
{
	size_t i, bad = 0, elsewhere;

	for (i = 0; i < b->nr && !ret; i++)
		bad += b->status[i] != node;
	elsewhere = count_elsewhere(b, node);
	return bad > elsewhere ? bad : elsewhere;
}

/* The call that is measured, and nothing else. Returns what it did, or -errno. */
static long timed_call(struct buffer *b, struct move *m, char why[NOTE_LEN])
{
	int err, call_err;
	long ret;

	err = cputime_start(&m->cpu);
	m->start = now_seconds();
	ret = move_pages(0, b->nr, b->addr, b->target, b->status, MPOL_MF_MOVE);
	call_err = errno;
	m->seconds = now_seconds() - m->start;
	if (!err)
		err = cputime_stop(&m->cpu);
	if (ret < 0) {
		snprintf(why, NOTE_LEN, "move_pages to node %d: %s", b->target[0],
			 strerror(call_err));
		return -call_err;
	}
	if (err)
		snprintf(why, NOTE_LEN, "%s: %s", PROC_STAT, strerror(-err));
	return err ? err : ret;
}

int buffer_move(struct buffer *b, int node, struct move *m, char why[NOTE_LEN])
{
	size_t i;
	int tries;
	long ret;

	for (i = 0; i < b->nr; i++) {
		b->target[i] = node;
		b->status[i] = -EAGAIN;
	}
	ret = timed_call(b, m, why);
	if (ret < 0)
		return ret;
	m->missed = count_missed(b, node, ret);
	for (tries = 0; count_elsewhere(b, node); tries++) {
		if (tries == MAX_CATCH_UP || catch_up(b, node) < 0) {
			snprintf(why, NOTE_LEN, "%zu of %zu folios stay behind on node %d",
				 count_elsewhere(b, node), b->nr, node);
			return -EBUSY;
		}
	}
	return 0;
}

double buffer_touch(const struct buffer *b)
{
	const double start = now_seconds();
	size_t at;

	for (at = 0; at < b->bytes; at += LINE_BYTES)
		*(volatile char *)(b->base + at);
	return now_seconds() - start;
}
