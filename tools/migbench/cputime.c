// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU time that a move takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cputime.h"

/* Kept open: a move should not be measured with a path look-up in it. */
static int stat_fd = -1;

long long cputime_busy(const char *text)
{
	long long user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, sum;
	int n = 0;

	/* Guests are in user and nice already; the fields grew with Linux. */
	if (!strncmp(text, "cpu ", 4))
		n = sscanf(text + 4, "%lld %lld %lld %lld %lld %lld %lld", &user,
			   &nice, &system, &idle, &iowait, &irq, &softirq);
	if (n < 4 || user < 0 || nice < 0 || system < 0 || irq < 0 || softirq < 0)
		return -EINVAL;
	if (__builtin_add_overflow(user, nice, &sum) ||
	    __builtin_add_overflow(sum, system, &sum) ||
	    __builtin_add_overflow(sum, irq, &sum) ||
	    __builtin_add_overflow(sum, softirq, &sum))
		return -EINVAL;
	return sum;
}

static long long read_busy(void)
{
	char text[512];
	ssize_t n;

	/* Its first line is enough; the rest is one for each CPU. */
	n = pread(stat_fd, text, sizeof(text) - 1, 0);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return cputime_busy(text);
}

int cputime_open(const char *path)
{
	long long busy;

	cputime_close();
	stat_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (stat_fd < 0)
		return -errno;
	busy = read_busy();
	if (busy < 0)
		cputime_close();
	return busy < 0 ? busy : 0;
}

void cputime_close(void)
{
	if (stat_fd >= 0)
		close(stat_fd);
	stat_fd = -1;
}

/* Exact, where getrusage() splits the same time into user and system by ticks. */
static double caller_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* The caller's clock is the inner one: reading the other takes CPU time too. */
int cputime_start(struct cputime *t)
{
	t->caller = 0;
	t->ticks = 0;
	if (stat_fd < 0)
		return 0;
	t->ticks = read_busy();
	t->caller = caller_seconds();
	return t->ticks < 0 ? t->ticks : 0;
}

int cputime_stop(struct cputime *t)
{
	long long busy;

	if (stat_fd < 0)
		return 0;
	t->caller = caller_seconds() - t->caller;
	busy = read_busy();
	t->ticks = busy - t->ticks;
	return busy < 0 ? busy : 0;
}

double cputime_tick(void)
{
	return 1.0 / sysconf(_SC_CLK_TCK);
}
