/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU time that a move takes: of the thread that calls, by its own clock,
 * and of the whole system, from /proc/stat, whose unit is a tick of 1/100 s.
 */
#ifndef MIGBENCH_CPUTIME_H
#define MIGBENCH_CPUTIME_H

#include <stddef.h>

#define PROC_STAT "/proc/stat"

/* Between cputime_start() and cputime_stop(); both zero while it is closed. */
struct cputime {
	double caller;		/* seconds, user and system */
	long long ticks;	/* of all CPUs, whatever they ran */
};

/*
 * Ticks of all CPUs that were not idle, from the text of /proc/stat. Waiting for
 * a disk is idle, and so is what a hypervisor stole. -EINVAL for other text.
 */
long long cputime_busy(const char *text);

/* From then on both functions below measure. @path: /proc/stat. 0 or -errno. */
int cputime_open(const char *path);
void cputime_close(void);

/* 0 or -errno. */
int cputime_start(struct cputime *t);
int cputime_stop(struct cputime *t);

/* Length of a tick in seconds. */
double cputime_tick(void);

#endif
