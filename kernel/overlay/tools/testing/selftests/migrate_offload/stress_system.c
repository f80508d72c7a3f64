// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever else moves, takes, merges or changes memory: compaction, reclaim, swap,
 * KSM, NUMA balancing, CPUs and memory that come and go, a file system.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_util.h"
#include "stress.h"

#define MEMORY		"/sys/devices/system/memory"
#define CPUS		"/sys/devices/system/cpu"
#define CGROUP		"/sys/fs/cgroup/"
#define GROUP		CGROUP "stress_test"
#define KSM		"/sys/kernel/mm/ksm/"
#define NUMA_DEBUG	"/sys/kernel/debug/sched/numa_balancing/"
#define POOL		"/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/"
#define POOL_PAGES	"16"

#define MAX_BLOCKS	256
/* Seconds after which memory that does not go is let alone. */
#define OFFLINE_LIMIT	10
#define PAUSE_US	500000
#define NR_NAMES	40

static unsigned int blocks[MAX_BLOCKS];
static unsigned int nr_blocks;
static unsigned long nr_names, nr_offlined, nr_refused, nr_cpus_down;

static void compact(struct stress_rand *r)
{
	(void)r;
	mo_set("/proc/sys/vm/compact_memory", "1");
}

static void take_back(struct stress_rand *r)
{
	mo_set(GROUP "/memory.reclaim", stress_below(r, 2) ? "1M" : "4M");
}

static void limit(struct stress_rand *r)
{
	static const char * const limits[] = { "max", "max", "max", "64M" };

	mo_set(GROUP "/memory.high", limits[stress_below(r, 4)]);
}

static void forget_files(struct stress_rand *r)
{
	mo_set("/proc/sys/vm/drop_caches", stress_below(r, 2) ? "1" : "3");
}

/* Merging across nodes can be changed only while nothing is merged. */
static void merge(struct stress_rand *r)
{
	if (stress_below(r, 4) == 0) {
		mo_set(KSM "run", "2");
		mo_set(KSM "merge_across_nodes", stress_below(r, 2) ? "0" : "1");
	}
	mo_set(KSM "run", "1");
}

static void huge_sizes(struct stress_rand *r)
{
	static const char * const sizes[] = { "16", "64", "256", "2048" };
	const char *how = stress_below(r, 4) ? "madvise" : "never";
	char path[128];

	snprintf(path, sizeof(path), MO_THP "hugepages-%skB/enabled",
		 sizes[stress_below(r, 4)]);
	mo_set(path, how);
	snprintf(path, sizeof(path), MO_THP "hugepages-%skB/shmem_enabled",
		 sizes[stress_below(r, 4)]);
	mo_set(path, strcmp(how, "madvise") ? how : "advise");
}

static bool set_block(unsigned int block, const char *state)
{
	char path[128];

	snprintf(path, sizeof(path), MEMORY "/memory%u/state", block);
	return !mo_set(path, state);
}

/*
 * Offlining tries again until a signal comes, for as long as there is a page that
 * cannot be moved: so a child does it, whose time is limited.
 */
static void offline_memory(struct stress_rand *r)
{
	unsigned int block;
	pid_t pid;
	int status;

	if (!nr_blocks)
		return;
	block = blocks[stress_below(r, nr_blocks)];
	pid = fork();
	if (!pid) {
		alarm(OFFLINE_LIMIT);
		_exit(!set_block(block, "offline"));
	}
	if (waitpid(pid, &status, 0) == pid && !status)
		nr_offlined++;
	else
		nr_refused++;
	usleep(stress_below(r, PAUSE_US));
	set_block(block, "online");
}

/* Not the first one, which may have to stay. */
static void offline_cpu(struct stress_rand *r)
{
	int nr = sysconf(_SC_NPROCESSORS_CONF);
	char path[128];

	if (nr < 2)
		return;
	snprintf(path, sizeof(path), CPUS "/cpu%u/online",
		 1 + stress_below(r, nr - 1));
	if (!mo_set(path, "0"))
		nr_cpus_down++;
	usleep(stress_below(r, PAUSE_US));
	mo_set(path, "1");
}

/* All that can be done here, and how often it was. */
static struct {
	const char *name;
	void (*act)(struct stress_rand *r);
	unsigned int weight;
	unsigned long nr;
} acts[] = {
	{ "compaction", compact, .weight = 4 },
	{ "reclaim", take_back, .weight = 4 },
	{ "memory.high", limit, .weight = 2 },
	{ "drop_caches", forget_files, .weight = 1 },
	{ "KSM settings", merge, .weight = 1 },
	{ "sizes of huge folios", huge_sizes, .weight = 1 },
	{ "memory offline", offline_memory, .weight = 2 },
	{ "CPU offline", offline_cpu, .weight = 2 },
};

/* Blocks of memory that are online and may be made movable only. */
static void find_blocks(void)
{
	DIR *dir = opendir(MEMORY);
	struct dirent *d;
	unsigned int block;
	char zones[128], path[128];

	while (dir && (d = readdir(dir)) && nr_blocks < MAX_BLOCKS) {
		if (sscanf(d->d_name, "memory%u", &block) != 1)
			continue;
		snprintf(path, sizeof(path), MEMORY "/memory%u/valid_zones", block);
		if (mo_read(path, zones, sizeof(zones)) > 0 &&
		    !strncmp(zones, "Movable", 7))
			blocks[nr_blocks++] = block;
	}
	if (dir)
		closedir(dir);
}

static void set_pools(const char *pages)
{
	char path[128];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), POOL "nr_hugepages", mo_nodes[i]);
		mo_set(path, pages);
	}
}

/* Everything that patches code is switched before there is any traffic. */
void stress_system_begin(void)
{
	const char *swap = getenv("MO_SWAP_DEV");

	set_pools(POOL_PAGES);
	mo_set("/proc/sys/kernel/numa_balancing", "1");
	mo_set(NUMA_DEBUG "scan_period_min_ms", "500");
	mo_set(MO_THP "enabled", "madvise");
	mo_set(MO_THP "shmem_enabled", "advise");
	mo_set(KSM "sleep_millisecs", "10");
	mo_set(KSM "pages_to_scan", "100");
	mo_set(KSM "run", "1");
	mo_set("/proc/sys/vm/panic_on_oom", "1");
	if (swap && swapon(swap, 0))
		ksft_print_msg("no swap: %s\n", strerror(errno));
	mo_set(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	find_blocks();
	stress_damon_begin();
	ksft_print_msg("%u blocks of memory can be taken offline\n", nr_blocks);
}

/* The calling process is what memory.high and memory.reclaim are about. */
void stress_system_join(void)
{
	mo_set(GROUP "/cgroup.procs", "0");
}

void *stress_system(void *arg)
{
	unsigned int weights[ARRAY_SIZE(acts)];
	struct stress_rand r;

	stress_rand_init(&r, STRESS_FAMILIES, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(acts); i++)
		weights[i] = acts[i].weight;
	while (!stress->stop) {
		unsigned int i = stress_choose(&r, weights, ARRAY_SIZE(acts));

		acts[i].act(&r);
		acts[i].nr++;
		usleep(stress_below(&r, PAUSE_US));
	}
	return arg;
}

/* A file whose contents tell its number, or, if it is there, whether they do. */
static void one_file(const char *dir, unsigned int nr, bool there)
{
	char path[256], want[128], got[128] = "";

	snprintf(path, sizeof(path), "%s/a file with a long name, number %u", dir, nr);
	snprintf(want, sizeof(want), "this is %u of %llu", nr,
		 (unsigned long long)stress->seed);
	if (!there) {
		close(open(path, O_CREAT | O_EXCL, 0600));
		if (mo_set(path, want))
			stress_fail("%s: cannot be written", path);
		return;
	}
	if (mo_read(path, got, sizeof(got)) < 0 || strcmp(want, got))
		stress_fail("%s: holds '%s' instead of '%s'", path, got, want);
	if (unlink(path))
		stress_fail("%s: %s", path, strerror(errno));
}

/* The metadata of a file system is memory, too, which compaction moves. */
void *stress_files(void *arg)
{
	const char *dir = getenv("MO_EXT4_DIR");
	bool there[NR_NAMES] = {};
	struct stress_rand r;
	char path[200];

	if (!dir)
		return arg;
	snprintf(path, sizeof(path), "%s/names", dir);
	mkdir(path, 0700);
	stress_rand_init(&r, STRESS_FAMILIES, 2);
	while (!stress->stop) {
		unsigned int nr = stress_below(&r, NR_NAMES);

		one_file(path, nr, there[nr]);
		there[nr] = !there[nr];
		nr_names++;
		if (nr == 0)
			sync();
		usleep(stress_below(&r, PAUSE_US / 50));
	}
	for (unsigned int nr = 0; nr < NR_NAMES; nr++)
		if (there[nr])
			one_file(path, nr, true);
	rmdir(path);
	return arg;
}

static void no_more(const char *what, long long nr)
{
	if (nr)
		stress_fail("%s: %lld", what, nr);
}

/* Nothing is isolated, and the pools are whole. */
void stress_system_end(void)
{
	const char *swap = getenv("MO_SWAP_DEV");

	stress_damon_end();
	mo_set(KSM "run", "2");
	mo_set("/proc/sys/kernel/numa_balancing", "0");
	if (swap)
		swapoff(swap);
	rmdir(GROUP);
	mo_set("/proc/sys/vm/drop_caches", "3");
	/* After which each CPU has said what it knows. */
	mo_set("/proc/sys/vm/stat_refresh", "1");
	no_more("isolated anonymous pages",
		stress_sum_of("/proc/vmstat", "nr_isolated_anon"));
	no_more("isolated file pages",
		stress_sum_of("/proc/vmstat", "nr_isolated_file"));
	for (int i = 0; i < 2; i++)
		no_more("huge pages in use",
			mo_getf(POOL "nr_hugepages", mo_nodes[i]) -
			mo_getf(POOL "free_hugepages", mo_nodes[i]));
	set_pools("0");
}

void stress_system_report(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(acts); i++)
		ksft_print_msg("%-20s %8lu times\n", acts[i].name, acts[i].nr);
	ksft_print_msg("memory went offline %lu times, stayed %lu times\n",
		       nr_offlined, nr_refused);
	ksft_print_msg("CPUs went offline %lu times\n", nr_cpus_down);
	ksft_print_msg("%lu files made or looked at and deleted\n", nr_names);
}
