/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that uses the pages while they move. It reads and writes the first
 * word of random pages without a pause and times each touch. The word of each
 * page has one writer, so its value is known at any time: a touch that reads
 * something else has met a lost write or a page with the wrong contents.
 */
#ifndef MIGBENCH_TOUCHER_H
#define MIGBENCH_TOUCHER_H

#include "buffer.h"
#include "stats.h"

struct toucher;

/* NULL without memory. @b must be filled and at rest. */
struct toucher *toucher_new(struct buffer *b);
void toucher_free(struct toucher *t);

/*
 * Touches that are shorter than this are no waits. Found by touching pages at
 * rest: three times what 99 % of those need, and not below a microsecond.
 */
double toucher_calibrate(struct toucher *t);

/* Returns once the thread touches. 0 or -errno. */
int toucher_start(struct toucher *t);

/*
 * Ends the thread and puts the pattern's own words back. -EBADMSG when a touch
 * or a word at the end was wrong.
 */
int toucher_stop(struct toucher *t, char why[NOTE_LEN]);

/* Waits of the touches that lie at least in part within @m. */
struct waits {
	struct samples us;
	double seconds;		/* all waits together, cut to the move */
	size_t preempted;	/* long touches that were the scheduler's doing */
};

void toucher_collect(const struct toucher *t, const struct move *m,
		     struct waits *w);

#endif
