// SPDX-License-Identifier: GPL-2.0
/*
 * What a figure must carry: the machine and the kernel it was measured on.
 */
#include <errno.h>
#include <limits.h>
#include <numa.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "migrator.h"
#include "parse.h"
#include "settings.h"
#include "sysinfo.h"

int sysinfo_cpus(void)
{
	cpu_set_t set;

	/* Fails on machines with more CPUs than fit the set: take them all. */
	if (sched_getaffinity(0, sizeof(set), &set))
		return sysconf(_SC_NPROCESSORS_ONLN);
	return CPU_COUNT(&set);
}

/* The value of "key : value" in /proc/cpuinfo, of the first CPU. */
static int cpuinfo(const char *key, char *value, size_t len)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[4096], *colon;
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (!colon || strncasecmp(line, key, strlen(key)))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, len, "%s", colon[1] == ' ' ? colon + 2 : colon + 1);
		found = 1;
	}
	if (f)
		fclose(f);
	return found;
}

#if defined(__x86_64__)
/* The hypervisor's own name says more than the flag in cpuinfo. */
static const char *detect_accel(void)
{
	unsigned int eax, sign[4] = { 0 };

	__cpuid(1, eax, sign[0], sign[1], sign[2]);
	if (!(sign[1] >> 31))
		return "native";
	__cpuid(0x40000000, eax, sign[0], sign[1], sign[2]);
	if (!memcmp(sign, "TCGTCGTCGTCG", 12))
		return "tcg";
	return "virtual";
}
#else
static const char *detect_accel(void)
{
	FILE *f = fopen("/proc/device-tree/model", "re");
	char model[128] = "";

	if (f) {
		if (!fgets(model, sizeof(model), f))
			model[0] = '\0';
		fclose(f);
	}
	return strcasestr(model, "virt") ? "virtual" : "native";
}
#endif

static void get_cpu_model(struct sysinfo *info)
{
	struct utsname u;
	char part[32];

	if (cpuinfo("model name", info->cpu_model, sizeof(info->cpu_model)))
		return;
	uname(&u);
	if (!cpuinfo("CPU part", part, sizeof(part)))
		strcpy(part, "unknown");
	snprintf(info->cpu_model, sizeof(info->cpu_model), "%.32s part %s",
		 u.machine, part);
}

/* Without debugfs only the configuration is known, not what was chosen at boot. */
static void get_preemption(struct sysinfo *info, const char *version)
{
	FILE *f = fopen("/sys/kernel/debug/sched/preempt", "re");
	char line[128], *paren = NULL;
	const char *model;

	if (f) {
		if (fgets(line, sizeof(line), f))
			paren = strchr(line, '(');
		fclose(f);
	}
	if (paren) {
		paren[strcspn(paren, ")")] = '\0';
		model = paren + 1;
	} else if (strstr(version, "PREEMPT_DYNAMIC")) {
		model = "dynamic (chosen at boot)";
	} else if (strstr(version, "PREEMPT_RT")) {
		model = "rt";
	} else if (strstr(version, "PREEMPT_LAZY")) {
		model = "lazy";
	} else if (strstr(version, "PREEMPT")) {
		model = "full or lazy";
	} else {
		model = "none or voluntary";
	}
	snprintf(info->preemption, sizeof(info->preemption), "%s", model);
}

/* Debian names its package in the version: "#1 SMP ... Debian 6.12.107-1 (date)". */
static void get_package(struct sysinfo *info, const char *version,
			const char *given)
{
	const char *debian = strstr(version, "Debian ");

	if (given)
		snprintf(info->kernel_package, sizeof(info->kernel_package),
			 "%s", given);
	else if (debian)
		snprintf(info->kernel_package, sizeof(info->kernel_package),
			 "Debian %.*s", (int)strcspn(debian + 7, " "), debian + 7);
}

static long long number_or_absent(const char *path)
{
	long long v;

	return setting_read_number(path, &v) ? RECORD_ABSENT : v;
}

/* Which file migbench writes, and what it holds until then. */
static void get_choice(struct sysinfo *info)
{
	const char *file = migrator_choice(MIGRATION_DIR);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), MIGRATION_DIR "/%s", file);
	if (!setting_read(path, info->choice, sizeof(info->choice)))
		snprintf(info->chosen_by, sizeof(info->chosen_by), "%s", file);
}

static void get_migration(struct sysinfo *info)
{
	FILE *f = fopen(MIGRATION_DIR "/offload_migrator", "re");

	strcpy(info->migrators, "kernel only (no " MIGRATION_DIR ")");
	if (f) {
		if (fgets(info->migrators, sizeof(info->migrators), f))
			info->migrators[strcspn(info->migrators, "\n")] = '\0';
		fclose(f);
	}
	get_choice(info);
	info->max_batch_bytes = number_or_absent(MIGRATION_DIR "/max_batch_bytes");
	info->min_batch_bytes = number_or_absent(MIGRATION_DIR "/min_batch_bytes");
	info->file_folios = number_or_absent(MIGRATION_DIR "/file_folios");
}

void sysinfo_get(struct sysinfo *info, const char *accel, const char *package)
{
	struct utsname u;
	time_t now = time(NULL);
	struct tm tm;

	memset(info, 0, sizeof(*info));
	uname(&u);
	snprintf(info->kernel, sizeof(info->kernel), "%s", u.release);
	get_package(info, u.version, package);
	snprintf(info->accel, sizeof(info->accel), "%s",
		 accel ? accel : detect_accel());
	get_cpu_model(info);
	get_preemption(info, u.version);
	if (setting_read(THP_DIR "/enabled", info->thp, sizeof(info->thp)))
		strcpy(info->thp, "none");
	get_migration(info);
	info->cpus = sysinfo_cpus();
	info->nodes = numa_available() < 0 ? 1 : numa_num_configured_nodes();
	info->node[0] = info->node[1] = -1;
	strftime(info->date, sizeof(info->date), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&now, &tm));
}

static void print_bytes(FILE *f, const char *name, long long bytes)
{
	char size[32];

	if (bytes != RECORD_ABSENT)
		fprintf(f, ", %s %s", name, format_size(size, sizeof(size), bytes));
}

static void print_nodes(FILE *f, const struct sysinfo *info)
{
	long long size;
	int i;

	if (numa_available() < 0)
		return;
	for (i = 0; i <= numa_max_node(); i++) {
		size = numa_node_size64(i, NULL);
		if (size > 0)
			fprintf(f, ", node %d: %lld MB", i, size >> 20);
	}
	if (info->node[0] >= 0)
		fprintf(f, ", moves between %d and %d", info->node[0], info->node[1]);
}

void sysinfo_print(FILE *f, const struct sysinfo *info)
{
	fprintf(f, "kernel      %s", info->kernel);
	if (*info->kernel_package)
		fprintf(f, " (%s)", info->kernel_package);
	fprintf(f, "\naccel       %s, %s\n", info->accel, info->cpu_model);
	fprintf(f, "CPUs        %d, preemption: %s\n", info->cpus, info->preemption);
	fprintf(f, "nodes       %d", info->nodes);
	print_nodes(f, info);
	fprintf(f, "\nhuge pages  %s\n", info->thp);
	fprintf(f, "migrators   %s", info->migrators);
	print_bytes(f, "max_batch_bytes", info->max_batch_bytes);
	print_bytes(f, "min_batch_bytes", info->min_batch_bytes);
	if (info->file_folios != RECORD_ABSENT)
		fprintf(f, ", file_folios %lld", info->file_folios);
	if (*info->chosen_by)
		fprintf(f, "\nchosen by   %s, now %s", info->chosen_by, info->choice);
	fprintf(f, "\ndate        %s\n", info->date);
}

void sysinfo_record(const struct sysinfo *info, struct record *r)
{
	snprintf(r->kernel, sizeof(r->kernel), "%s", info->kernel);
	snprintf(r->kernel_package, sizeof(r->kernel_package), "%s",
		 info->kernel_package);
	snprintf(r->accel, sizeof(r->accel), "%s", info->accel);
	snprintf(r->cpu_model, sizeof(r->cpu_model), "%s", info->cpu_model);
	snprintf(r->preemption, sizeof(r->preemption), "%s", info->preemption);
	snprintf(r->thp, sizeof(r->thp), "%s", info->thp);
	snprintf(r->date, sizeof(r->date), "%s", info->date);
	snprintf(r->direction_nodes, sizeof(r->direction_nodes), "%d,%d",
		 info->node[0], info->node[1]);
	snprintf(r->chosen_by, sizeof(r->chosen_by), "%s", info->chosen_by);
	r->cpus = info->cpus;
	r->nodes = info->nodes;
	r->max_batch_bytes = info->max_batch_bytes;
	r->min_batch_bytes = info->min_batch_bytes;
}
