// SPDX-License-Identifier: GPL-2.0
/*
 * One seed, one workload: all oracle_kinds of memory are made, moved in all ways, and
 * looked at after each step. What is printed depends on the seed and on how
 * migration behaves, on nothing else, so that the output of two kernels can be
 * compared as text: scripts/oracle.
 *
 * Lines that begin with "other" are for the reader; they may differ.
 *
 * What would make a run differ from the one before is taken away here: the
 * addresses are not random; the program, and the child that it forks, are on one
 * CPU under SCHED_FIFO, so who runs first is no question; its own pages begin
 * on one node, since migrate_pages(2) moves them, too. Daemons that touch memory
 * by themselves are stopped by the job, testbed/jobs/oracle.sh. A real-time task, or
 * one that is bound to a CPU, has no helpers, so the calls that move memory run
 * without both. Pages in another
 * CPU's LRU batch are no reason for -EBUSY: each of these calls drains them and
 * turns batches off while it runs (lru_cache_disable()).
 *
 * usage: oracle SEED STEPS DIR    DIR is on ext4
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle.h"

#define LOOK_EVERY	16

static uint64_t random_state;

void oracle_must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "oracle: %s: %s\n", what, strerror(errno));
	exit(2);
}

uint64_t oracle_mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x7fb5d329728ea185UL;
	x = (x ^ x >> 27) * 0x81dadef4bc2dd44dUL;
	return x ^ x >> 33;
}

/* From 0 to @n - 1. */
size_t oracle_choose(size_t n)
{
	random_state += 0x9e3779b97f4a7c15UL;
	return oracle_mix(random_state) % n;
}

long oracle_get(const char *path, const char *name)
{
	char line[256];
	size_t len = strlen(name);
	FILE *file = fopen(path, "r");
	long value = -1;

	oracle_must(file, path);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && (!len || line[len] == ' '))
			value = atol(line + len);
	fclose(file);
	return value;
}

static void print_vmstat(int sign)
{
	static const char * const equal[] = {
		"pgmigrate_success", "pgmigrate_fail", "thp_migration_success",
		"thp_migration_fail", "thp_migration_split", "htlb_buddy_alloc_success",
		"thp_split_page", "thp_fault_alloc",
	};
	static const char * const others[] = {
		"numa_hit", "numa_miss", "numa_foreign", "numa_local", "numa_other",
		"numa_pages_migrated", "compact_stall", "compact_fail", "compact_success",
		"compact_isolated", "compact_daemon_wake", "pgfault", "pswpin", "pswpout",
		"pgalloc_normal", "pgfree", "thp_deferred_split_page",
	};
	static long before[sizeof(equal) / sizeof(*equal) + sizeof(others) / sizeof(*others)];
	size_t n = sizeof(equal) / sizeof(*equal), nr = sizeof(before) / sizeof(*before);

	for (size_t i = 0; i < nr; i++) {
		const char *name = i < n ? equal[i] : others[i - n];

		before[i] = oracle_get("/proc/vmstat", name) - before[i] * sign;
		if (sign)
			printf("%s %s %ld\n", i < n ? "vmstat" : "other", name, before[i]);
	}
}

/* On the first CPU as a real-time task, or on any as an ordinary one. */
void oracle_stay(bool stay)
{
	struct sched_param param = { .sched_priority = stay };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (int cpu = 0; cpu < (stay ? 1 : CPU_SETSIZE); cpu++)
		CPU_SET(cpu, &cpus);
	oracle_must(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
	oracle_must(!sched_setscheduler(0, stay ? SCHED_FIFO : SCHED_OTHER, &param),
		    "sched_setscheduler");
}

/* Starts again, where addresses are not random. */
static void settle(char **argv)
{
	unsigned long from = 2, to = 1;

	oracle_stay(true);
	oracle_must(!syscall(SYS_set_mempolicy, MPOL_BIND, &to, 8), "set_mempolicy");
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		personality(ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
		oracle_must(false, "execv");
	}
	oracle_must(!mlockall(MCL_CURRENT) && !munlockall(), "mlockall");
	oracle_must(!syscall(SYS_migrate_pages, getpid(), 8, &from, &to), "migrate_pages");
}

int main(int argc, char **argv)
{
	unsigned int steps;

	if (argc != 4) {
		fprintf(stderr, "usage: oracle SEED STEPS DIR\n");
		return 2;
	}
	settle(argv);
	random_state = oracle_mix(strtoul(argv[1], NULL, 0));
	steps = strtoul(argv[2], NULL, 0);
	oracle_dir = argv[3];
	oracle_look_begin();
	print_vmstat(0);
	for (int kind = 0; kind < KINDS; kind++)
		oracle_make(kind);
	oracle_print_all();
	for (unsigned int i = 0; i < steps; i++) {
		const struct oracle_operation *op = oracle_any_operation();
		enum kind kind = oracle_choose(KINDS);
		long rc;

		printf("%04u %s %s", i, op->name, oracle_kinds[kind].name);
		rc = op->run(kind);
		printf(" rc=%ld", rc);
		oracle_print_area(kind);
		if (op->everywhere || i % LOOK_EVERY == LOOK_EVERY - 1)
			oracle_print_all();
	}
	oracle_end_child();
	print_vmstat(1);
	return 0;
}
