// SPDX-License-Identifier: GPL-2.0
/*
 * How the kernel plans the batches of a move.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_trace.h"
#include "mo_util.h"

#define TRACEFS		"/sys/kernel/tracing/"
/* An instance leaves the trace of the machine's owner alone. */
#define INSTANCE	TRACEFS "instances/migrate_offload_test"
#define EVENT		INSTANCE "/events/migrate_offload/mm_migrate_offload_plan/"

const char * const mo_outcome_names[NR_MO_OUTCOMES] = {
	[MO_CHOSEN] = "chosen",
	[MO_TRIAL] = "trial",
	[MO_TOO_SHORT] = "too_short",
	[MO_NOT_ALLOWED] = "not_allowed",
	[MO_NOT_READY] = "not_ready",
	[MO_SLOWER] = "slower",
	[MO_NO_WINDOW] = "no_window",
	[MO_CHANGED] = "changed",
};

/**
 * mo_trace_mount - have tracefs
 *
 * Return: 0, or a negative errno for a kernel without tracing.
 */
int mo_trace_mount(void)
{
	if (!access(TRACEFS "instances", F_OK))
		return 0;
	return mount("tracefs", TRACEFS, "tracefs", 0, NULL) ? -errno : 0;
}

/**
 * mo_trace_begin - record the plans of the calling thread, until mo_trace_end()
 *
 * Return: 0, or a negative errno; -ENOENT for a kernel without the tracepoint.
 */
int mo_trace_begin(void)
{
	char filter[64];
	int err;

	/* What a test that was killed has left holds its records, too. */
	mo_trace_end();
	if (mkdir(INSTANCE, 0700))
		return -errno;
	snprintf(filter, sizeof(filter), "common_pid == %ld", syscall(__NR_gettid));
	err = mo_set(EVENT "filter", filter);
	return err ?: mo_set(EVENT "enable", "1");
}

void mo_trace_end(void)
{
	rmdir(INSTANCE);
}

static enum mo_outcome outcome_of(const char *name)
{
	int outcome = 0;

	while (outcome < NR_MO_OUTCOMES && strcmp(name, mo_outcome_names[outcome]))
		outcome++;
	return outcome;
}

/* Parse one line of the trace.  Other lines are comments. */
static bool parse(const char *line, struct mo_plan *plan)
{
	const char *text = strstr(line, "mm_migrate_offload_plan: ");
	char outcome[32];

	if (!text ||
	    sscanf(text,
		   "%*s migrator=%31s reason=%*s outcome=%31s folios=%u pages=%u eligible=%lu",
		   plan->migrator, outcome, &plan->folios, &plan->pages,
		   &plan->eligible) != 5)
		return false;
	plan->outcome = outcome_of(outcome);
	return true;
}

/**
 * mo_trace_read - read the plans that were recorded
 * @plans: Where they go.
 * @max: How many there is room for.
 *
 * Return: their number, or a negative errno; -E2BIG if there are more.
 */
long mo_trace_read(struct mo_plan *plans, size_t max)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	struct mo_plan plan;
	char line[512];
	size_t nr = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!parse(line, &plan))
			continue;
		if (nr < max)
			plans[nr] = plan;
		nr++;
	}
	fclose(file);
	return nr <= max ? (long)nr : -E2BIG;
}

/**
 * mo_plans_report - print how many batches had which outcome
 * @plans: What mo_trace_read() has found.
 * @nr: Their number.
 *
 * Return: the base pages of the longest batch.
 */
unsigned int mo_plans_report(const struct mo_plan *plans, size_t nr)
{
	unsigned int longest = 0, outcomes[NR_MO_OUTCOMES + 1] = {};
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < nr; i++) {
		if (plans[i].pages > longest)
			longest = plans[i].pages;
		outcomes[plans[i].outcome]++;
	}
	for (int i = 0; i < NR_MO_OUTCOMES; i++)
		len += snprintf(text + len, sizeof(text) - len, ", %s %u",
				mo_outcome_names[i], outcomes[i]);
	ksft_print_msg("%zu batches, longest %u pages%s\n", nr, longest, text);
	return longest;
}

/**
 * mo_plans_longest - find the largest part of a list's beginning in one batch
 * @plans: The batches, in the order of the list.
 * @nr: Their number.
 * @pages: How much of the list is looked at, in base pages.
 *
 * Return: base pages.
 */
unsigned int mo_plans_longest(const struct mo_plan *plans, size_t nr, size_t pages)
{
	unsigned int longest = 0;

	for (size_t i = 0; i < nr && pages; i++) {
		unsigned int part = plans[i].pages < pages ? plans[i].pages : pages;

		if (part > longest)
			longest = part;
		pages -= part;
	}
	return longest;
}

/* How often a migrator has declined for each cause; a negative errno without counter. */
void mo_declined_all(const char *migrator, long long counts[NR_MO_OUTCOMES])
{
	for (int cause = MO_FIRST_CAUSE; cause < NR_MO_OUTCOMES; cause++)
		counts[cause] = mo_getf(MO_SYSFS "%s/declined/%s", migrator,
					mo_outcome_names[cause]);
}
