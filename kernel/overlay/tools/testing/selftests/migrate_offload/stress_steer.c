// SPDX-License-Identifier: GPL-2.0
/*
 * The migrators, while they move memory: chosen by reason, set, unloaded, loaded,
 * and made to fail, all at random.  Counts what they copied.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_engine.h"
#include "mo_util.h"
#include "stress.h"

#define POLICY		MO_SYSFS "policy/"
/* So many that they do not run out. */
#define TIMES		"1000000000"
#define PAUSE_US	20000

/*
 * Those that are counted.  The first NR_UNLOADED are unloaded: "test" keeps the
 * feature in use, and "auto" is no module.
 */
static const char * const migrators[] = {
	"mtcopy", "padata", "dcbm", "test", "auto",
};

#define NR_UNLOADED	3

static const char * const stats[] = {
	"folios", "bytes", "batches", "not_copied", "poisoned", "lost",
};

static const char * const reasons[] = {
	"compaction", "memory_hotplug", "syscall_or_cpuset", "mempolicy_mbind",
	"numa_misplaced", "contig_range", "demotion", "damon",
};

/* Files and what is written to them; a migrator may be gone at that time. */
static const struct {
	const char *path;
	const char *values[6];
} settings[] = {
	{ "max_batch_bytes", { "2097152", "4194304", "33554432", "1073741824" } },
	{ "min_batch_bytes", { "0", "0", "0", "65536", "524288" } },
	{ "max_stall_us", { "0", "0", "1", "10000" } },
	{ "file_folios", { "0", "1" } },
	{ "mtcopy/threads", { "1", "2", "3", "4", "64" } },
	{ "mtcopy/min_bytes_per_worker", { "4096", "65536", "1048576" } },
	{ "mtcopy/idle_only", { "0", "1" } },
	{ "mtcopy/copy_mode", { "cached", "streaming", "auto" } },
	{ "padata/threads", { "1", "2", "4", "64" } },
	{ "padata/min_bytes_per_worker", { "4096", "65536" } },
	{ "padata/copy_mode", { "cached", "streaming", "auto" } },
	{ "dcbm/channels", { "1", "2", "3", "4" } },
	{ "dcbm/min_bytes_per_channel", { "4096", "4096", "262144" } },
	{ "dcbm/timeout_ms", { "20", "200", "2000" } },
	{ "dcbm/verify", { "0", "1" } },
	/* Not "stale", which patches code that others run. */
	{ "test/mode", { "copy", "mixed", "none", "lost", "poison", "pin" } },
};

/* What fails: name, directory, and how often at most (each how-many-th time). */
static const struct {
	const char *dir;
	const char *counter;
	unsigned int every[3];
	unsigned int percent;
} faults[] = {
	{ MO_ENGINE "fail_prep", MO_ENGINE "fail_prep_count", { 2, 10, 100 }, 100 },
	{ MO_ENGINE "fail_submit", MO_ENGINE "fail_submit_count", { 2, 10, 100 }, 100 },
	{ MO_ENGINE "fail_copy", MO_ENGINE "fail_copy_count", { 2, 10, 100 }, 100 },
	{ MO_ENGINE "fail_short", MO_ENGINE "fail_short_count", { 2, 10, 100 }, 100 },
	{ MO_ENGINE "fail_order", MO_ENGINE "fail_order_count", { 2, 10, 100 }, 100 },
	{ MO_ENGINE "fail_late", MO_ENGINE "fail_late_count", { 100, 300, 1000 }, 100 },
	{ MO_ENGINE "fail_lost", MO_ENGINE "fail_lost_count", { 100, 300, 1000 }, 100 },
	{ MO_DEBUGFS "failslab", NULL, { 1, 10, 100 }, 10 },
	{ MO_DEBUGFS "fail_page_alloc", NULL, { 1, 10, 100 }, 10 },
};

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static long long last[ARRAY_SIZE(migrators)][ARRAY_SIZE(stats)];
static unsigned long long total[ARRAY_SIZE(migrators)][ARRAY_SIZE(stats)];
static unsigned long nr_selected, nr_policies, nr_settings, nr_reloads;
static long long struck_before[ARRAY_SIZE(faults)];

/* A migrator that was loaded again counts from 0. */
static void count(void)
{
	pthread_mutex_lock(&counting);
	for (unsigned int m = 0; m < ARRAY_SIZE(migrators); m++)
		for (unsigned int s = 0; s < ARRAY_SIZE(stats); s++) {
			long long now = mo_stat(migrators[m], stats[s]);

			if (now < 0)
				now = 0;
			total[m][s] += now - (now < last[m][s] ? 0 : last[m][s]);
			last[m][s] = now;
		}
	pthread_mutex_unlock(&counting);
}

/* Folios that migrators have copied; "auto" has them counted by those it takes. */
unsigned long long stress_steer_folios(void)
{
	unsigned long long sum = 0;

	count();
	for (unsigned int m = 0; m < ARRAY_SIZE(migrators) - 1; m++)
		sum += total[m][0];
	return sum;
}

static long long struck(unsigned int f)
{
	if (faults[f].counter)
		return mo_get(faults[f].counter);
	return atoll(TIMES) - mo_getf("%s/times", faults[f].dir);
}

static void set_number(const char *dir, const char *name, unsigned int value)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(text, sizeof(text), "%u", value);
	mo_set(path, text);
}

/* Allocations fail for those tasks alone that want it so. */
static void prepare_faults(void)
{
	for (unsigned int f = 0; f < ARRAY_SIZE(faults); f++) {
		set_number(faults[f].dir, "probability", 0);
		set_number(faults[f].dir, "verbose", 0);
		set_number(faults[f].dir, "times", atoi(TIMES));
		if (!faults[f].counter) {
			set_number(faults[f].dir, "task-filter", 1);
			set_number(faults[f].dir, "ignore-gfp-wait", 0);
			set_number(faults[f].dir, "ignore-gfp-highmem", 0);
			set_number(faults[f].dir, "min-order", 0);
		}
		struck_before[f] = struck(f);
	}
}

/* One of them fails from now on, or none. */
static void change_faults(struct stress_rand *r)
{
	unsigned int f = stress_below(r, ARRAY_SIZE(faults));

	set_number(faults[f].dir, "interval",
		   faults[f].every[stress_below(r, 3)]);
	set_number(faults[f].dir, "probability",
		   stress_below(r, 2) ? faults[f].percent : 0);
}

/* What is lost is not lost for ever: dcbm is unloaded, and wants memory. */
void stress_steer_release(void)
{
	mo_engine_release();
}

/* The name of a migrator, or, where @none, of no particular one. */
static const char *any(struct stress_rand *r, const char *none)
{
	unsigned int m = stress_below(r, ARRAY_SIZE(migrators) + 1);

	return m < ARRAY_SIZE(migrators) ? migrators[m] : none;
}

static void choose(const char *path, const char *name)
{
	int err = mo_set(path, name);

	/* It may not be loaded, or have no channels now. */
	if (err && err != -EINVAL && err != -ENODEV && err != -ENOENT &&
	    err != -EBUSY)
		stress_fail("%s to %s: %s", name, path, strerror(-err));
}

static void change_policy(struct stress_rand *r)
{
	char path[128];

	snprintf(path, sizeof(path), POLICY "%s",
		 reasons[stress_below(r, ARRAY_SIZE(reasons))]);
	choose(path, any(r, stress_below(r, 2) ? "kernel" : "default"));
	nr_policies++;
}

static void change_setting(struct stress_rand *r)
{
	unsigned int s = stress_below(r, ARRAY_SIZE(settings)), nr = 0;
	char path[128];

	while (nr < 6 && settings[s].values[nr])
		nr++;
	snprintf(path, sizeof(path), MO_SYSFS "%s", settings[s].path);
	choose(path, settings[s].values[stress_below(r, nr)]);
	nr_settings++;
}

/* Whoever uses it is given another one. */
static void reload(struct stress_rand *r)
{
	const char *name = migrators[stress_below(r, NR_UNLOADED)];
	int err;

	count();
	if (!mo_unload(name))
		nr_reloads++;
	err = mo_load(name);
	if (err)
		stress_fail("cannot load %s: %s", name, strerror(-err));
}

/* Everything is offered to all of them, and the feature stays in use. */
int stress_steer_begin(void)
{
	int err = 0;

	mo_load("engine");
	for (unsigned int m = 0; !err && m < ARRAY_SIZE(migrators) - 1; m++)
		err = mo_load(migrators[m]);
	if (err)
		return err;
	mo_engine_require();
	mo_set(MO_SYSFS "min_batch_bytes", "0");
	mo_set(MO_SYSFS "dcbm/min_bytes_per_channel", "4096");
	mo_set(MO_SYSFS "mtcopy/idle_only", "0");
	/* Or the switch that it is would patch code that others run. */
	err = mo_set(POLICY "longterm_pin", "test");
	if (!err)
		err = mo_set(MO_SYSFS "offload_migrator", "mtcopy");
	prepare_faults();
	count();
	memset(total, 0, sizeof(total));
	return err;
}

void *stress_steer(void *arg)
{
	struct stress_rand r;

	stress_rand_init(&r, STRESS_FAMILIES, 0);
	while (!stress->stop) {
		switch (stress_below(&r, 8)) {
		case 0 ... 1:
			choose(MO_SYSFS "offload_migrator", any(&r, "kernel"));
			nr_selected++;
			break;
		case 2:
			change_policy(&r);
			break;
		case 3 ... 4:
			change_setting(&r);
			break;
		case 5 ... 6:
			change_faults(&r);
			break;
		case 7:
			if (stress_below(&r, 4) == 0)
				reload(&r);
			break;
		}
		usleep(stress_below(&r, PAUSE_US));
	}
	return arg;
}

/* Nothing fails any more, nothing is chosen, nothing is left in quarantine. */
void stress_steer_end(void)
{
	char path[128];

	for (unsigned int f = 0; f < ARRAY_SIZE(faults); f++)
		set_number(faults[f].dir, "probability", 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(reasons); i++) {
		snprintf(path, sizeof(path), POLICY "%s", reasons[i]);
		mo_set(path, "default");
	}
	count();
	mo_set(MO_SYSFS "test/mode", "copy");
	mo_engine_release();
	if (mo_engine_wait_for_quiet())
		stress_fail("destinations are left in quarantine");
	mo_set(MO_SYSFS "offload_migrator", "kernel");
	mo_set(POLICY "longterm_pin", "default");
	for (unsigned int m = 0; m < ARRAY_SIZE(migrators) - 1; m++)
		for (int i = 0; i < 100 && mo_have(migrators[m]); i++)
			if (mo_unload(migrators[m]))
				usleep(100000);
	for (unsigned int m = 0; m < ARRAY_SIZE(migrators) - 1; m++)
		if (mo_have(migrators[m]))
			stress_fail("%s cannot be unloaded", migrators[m]);
}

void stress_steer_report(void)
{
	ksft_print_msg("%-8s %10s %12s %10s %10s %9s %8s\n", "migrator",
		       "folios", "MB", "batches", "not copied", "poisoned", "lost");
	for (unsigned int m = 0; m < ARRAY_SIZE(migrators); m++)
		ksft_print_msg("%-8s %10llu %12llu %10llu %10llu %9llu %8llu\n",
			       migrators[m], total[m][0], total[m][1] >> 20,
			       total[m][2], total[m][3], total[m][4], total[m][5]);
	ksft_print_msg("selected %lu, policies %lu, settings %lu, unloaded %lu times\n",
		       nr_selected, nr_policies, nr_settings, nr_reloads);
	for (unsigned int f = 0; f < ARRAY_SIZE(faults); f++)
		if (struck(f) >= 0)
			ksft_print_msg("%-16s %10lld times\n",
				       strrchr(faults[f].dir, '/') + 1,
				       struck(f) - struck_before[f]);
}
