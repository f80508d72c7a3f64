/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a figure must carry: the machine and the kernel it was measured on.
 */
#ifndef MIGBENCH_SYSINFO_H
#define MIGBENCH_SYSINFO_H

#include <stdio.h>

#include "record.h"

#define MIGRATION_DIR	"/sys/kernel/mm/migration"
#define THP_DIR		"/sys/kernel/mm/transparent_hugepage"

struct sysinfo {
	char kernel[96];
	char kernel_package[96];
	char accel[16];
	char cpu_model[96];
	char preemption[48];
	char thp[16];
	char migrators[128];
	char chosen_by[32];
	char choice[32];
	char date[24];
	int cpus;
	int nodes;
	int node[2];
	long long size[2];
	long long max_batch_bytes;
	long long min_batch_bytes;
	long long file_folios;
};

/* CPUs that this process may run on. */
int sysinfo_cpus(void);

/* @accel and @package may be NULL: found out as far as the system tells. */
void sysinfo_get(struct sysinfo *info, const char *accel, const char *package);
void sysinfo_print(FILE *f, const struct sysinfo *info);
void sysinfo_record(const struct sysinfo *info, struct record *r);

#endif
