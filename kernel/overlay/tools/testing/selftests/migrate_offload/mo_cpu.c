// SPDX-License-Identifier: GPL-2.0
/*
 * Load on each CPU, and CPU time.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "mo_util.h"

#define MO_MAX_CPUS	1024

static pthread_t spinners[MO_MAX_CPUS];
static int nr_spinners;
static volatile bool spinning;

static void *spin(void *arg)
{
	(void)arg;
	while (spinning)
		;
	return NULL;
}

/**
 * mo_busy_begin - keep every CPU busy
 *
 * The caller calls mo_busy_end() also after a failure.
 *
 * Return: 0 or a negative errno.
 */
int mo_busy_begin(void)
{
	int nr = mo_online_cpus(), err;

	if (nr > MO_MAX_CPUS)
		return -E2BIG;
	spinning = true;
	while (nr_spinners < nr) {
		pthread_t *spinner = &spinners[nr_spinners];
		cpu_set_t set;

		err = pthread_create(spinner, NULL, spin, NULL);
		if (err)
			return -err;
		CPU_ZERO(&set);
		CPU_SET(nr_spinners++, &set);
		err = pthread_setaffinity_np(*spinner, sizeof(set), &set);
		if (err)
			return -err;
	}
	/* Wait until each thread has started and runs on its CPU. */
	usleep(500000);
	return 0;
}

void mo_busy_end(void)
{
	spinning = false;
	while (nr_spinners)
		pthread_join(spinners[--nr_spinners], NULL);
}

long long mo_cpu_used(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage))
		return -1;
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

long long mo_cpu_clock(pid_t pid)
{
	struct timespec t;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &t))
		return 0;
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/**
 * mo_workers_time - sum up the CPU time of all kworkers
 * @by_cpu: Filled with the time of the kworkers that are bound to each CPU,
 *	or NULL.
 * @nr_cpus: Length of @by_cpu.
 *
 * Return: CPU time in ns.
 */
long long mo_workers_time(long long *by_cpu, int nr_cpus)
{
	DIR *proc = opendir("/proc");
	long long sum = 0, time;
	char path[300], comm[32];
	struct dirent *d;

	if (by_cpu)
		memset(by_cpu, 0, nr_cpus * sizeof(*by_cpu));
	while (proc && (d = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		if (!isdigit(d->d_name[0]) ||
		    mo_read(path, comm, sizeof(comm)) < 0 ||
		    strncmp(comm, "kworker/", 8))
			continue;
		time = mo_cpu_clock(atoi(d->d_name));
		sum += time;
		if (isdigit(comm[8]) && atoi(comm + 8) < nr_cpus)
			by_cpu[atoi(comm + 8)] += time;
	}
	if (proc)
		closedir(proc);
	return sum;
}
