/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory that is moved: folios of one size on one node, and one move of
 * them with everything checked.
 */
#ifndef MIGBENCH_BUFFER_H
#define MIGBENCH_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "cputime.h"
#include "migbench.h"
#include "thp.h"

struct buffer {
	char *base;
	size_t bytes;
	size_t folio;		/* bytes of one */
	size_t nr;
	int node;		/* where it was made */
	bool hugetlb;
	uint32_t generation;	/* of the contents */
	enum size_check check;

	void *map;
	size_t map_len;
	void **addr;		/* one address a folio */
	int *target;
	int *status;
};

/* What a single timed move_pages() call did. */
struct move {
	double seconds;
	double start;		/* CLOCK_MONOTONIC, seconds */
	struct cputime cpu;
	size_t missed;		/* folios that needed a second call */
};

double now_seconds(void);

/* Reads a word of each cache line. Returns the seconds that it took. */
double buffer_touch(const struct buffer *b);

/*
 * Makes @nr folios of @folio bytes on @node, of its pool of them if they are to be
 * of @hugetlb. Returns 0 or -errno and says in @why what was missing; *b is then
 * empty.
 */
int buffer_make(struct buffer *b, size_t folio, size_t nr, int node, bool hugetlb,
		char why[NOTE_LEN]);
void buffer_free(struct buffer *b);

/*
 * New contents: a stale destination of an earlier move, be it of another buffer,
 * must not look right. A new buffer has such contents already.
 */
void buffer_fill(struct buffer *b);

/* -EBADMSG and the place in @why when a byte is wrong. */
int buffer_verify(const struct buffer *b, char why[NOTE_LEN]);

/*
 * Moves all folios to @node with one timed call. Folios that stay behind are
 * counted and moved by further calls; -EBUSY when that fails too.
 */
int buffer_move(struct buffer *b, int node, struct move *m, char why[NOTE_LEN]);

/* -ENOTUNIQ when the folios no longer have their size: they were split. */
int buffer_check_size(struct buffer *b, char why[NOTE_LEN]);

/* Free bytes that a buffer may use on a node, some being left to the system. */
size_t node_room(int node);

/* -ENOSYS, -EPERM... when this process cannot call move_pages() at all. */
int move_pages_probe(void);

#endif
