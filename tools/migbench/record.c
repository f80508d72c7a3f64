// SPDX-License-Identifier: GPL-2.0
/*
 * One cell of a table.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

#define FIELD(t, m) \
	{ #m, t, offsetof(struct record, m), sizeof(((struct record *)0)->m) }

const struct field record_fields[] = {
	FIELD(FIELD_INT, schema_version),
	FIELD(FIELD_STR, table),
	FIELD(FIELD_STR, migrator),
	FIELD(FIELD_INT, workers),
	FIELD(FIELD_INT, folio_kb),
	FIELD(FIELD_INT, folios),
	FIELD(FIELD_INT, bytes),
	FIELD(FIELD_LIST, gbps),
	FIELD(FIELD_REAL, median_gbps),
	FIELD(FIELD_REAL, sd_gbps),
	FIELD(FIELD_REAL, median_gbps_forward),
	FIELD(FIELD_REAL, median_gbps_backward),
	FIELD(FIELD_INT, reps),
	FIELD(FIELD_BOOL, verified),
	FIELD(FIELD_STR, status),
	FIELD(FIELD_STR, note),
	FIELD(FIELD_BOOL, oversubscribed),
	FIELD(FIELD_STR, dma_driver),
	FIELD(FIELD_BOOL, dma_software),
	FIELD(FIELD_INT, min_share_bytes),
	FIELD(FIELD_STR, copy_mode),
	FIELD(FIELD_REAL, offloaded_share),
	FIELD(FIELD_INT, missed_folios),
	FIELD(FIELD_STR, size_check),
	FIELD(FIELD_REAL, read_gbps),
	FIELD(FIELD_REAL, caller_cpu_s_per_gb),
	FIELD(FIELD_REAL, system_cpu_s_per_gb),
	FIELD(FIELD_REAL, system_cpu_step_s_per_gb),
	FIELD(FIELD_REAL, copy_us),
	FIELD(FIELD_REAL, copy_share),
	FIELD(FIELD_REAL, amdahl_cap),
	FIELD(FIELD_REAL, copy_speedup),
	FIELD(FIELD_INT, speedup_workers),
	FIELD(FIELD_REAL, predicted_speedup),
	FIELD(FIELD_REAL, measured_speedup),
	FIELD(FIELD_STR, method),
	FIELD(FIELD_INT, batch_limit_bytes),
	FIELD(FIELD_INT, stall_bound_us),
	FIELD(FIELD_INT, waits),
	FIELD(FIELD_REAL, wait_median_us),
	FIELD(FIELD_REAL, wait_p99_us),
	FIELD(FIELD_REAL, wait_max_us),
	FIELD(FIELD_REAL, wait_floor_us),
	FIELD(FIELD_REAL, wait_share),
	FIELD(FIELD_INT, preempted_touches),
	FIELD(FIELD_STR, kernel),
	FIELD(FIELD_STR, kernel_package),
	FIELD(FIELD_STR, accel),
	FIELD(FIELD_STR, cpu_model),
	FIELD(FIELD_INT, cpus),
	FIELD(FIELD_INT, nodes),
	FIELD(FIELD_STR, direction_nodes),
	FIELD(FIELD_STR, preemption),
	FIELD(FIELD_STR, thp),
	FIELD(FIELD_STR, chosen_by),
	FIELD(FIELD_INT, max_batch_bytes),
	FIELD(FIELD_INT, min_batch_bytes),
	FIELD(FIELD_STR, date),
};

const size_t record_nr_fields = ARRAY_SIZE(record_fields);

void record_init(struct record *r)
{
	size_t i;
	char *at;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < record_nr_fields; i++) {
		at = (char *)r + record_fields[i].offset;
		if (record_fields[i].type == FIELD_INT)
			*(long long *)at = RECORD_ABSENT;
		else if (record_fields[i].type == FIELD_REAL)
			*(double *)at = NAN;
	}
	r->schema_version = RECORD_SCHEMA;
}

struct record *records_add(struct record_set *set)
{
	size_t room = set->room ? set->room * 2 : 32;
	struct record *grown;

	if (set->n == set->room) {
		grown = realloc(set->v, room * sizeof(*grown));
		if (!grown) {
			complain("results", "out of memory");
			exit(EXIT_FAILED);
		}
		set->v = grown;
		set->room = room;
	}
	record_init(&set->v[set->n]);
	return &set->v[set->n++];
}

void records_free(struct record_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		samples_free(&set->v[i].gbps);
	free(set->v);
	memset(set, 0, sizeof(*set));
}

void record_set_status(struct record *r, const char *status, const char *note)
{
	snprintf(r->status, sizeof(r->status), "%s", status);
	snprintf(r->note, sizeof(r->note), "%s", note);
}

bool record_has_status(const struct record *r, const char *status)
{
	return !strcmp(r->status, status);
}

static double median_of_every_second(const struct samples *s, size_t first)
{
	struct samples half = { 0 };
	double m;
	size_t i;

	for (i = first; i < s->n; i += 2)
		samples_add(&half, s->v[i]);
	m = stats_median(&half);
	samples_free(&half);
	return m;
}

void record_summarize(struct record *r)
{
	r->median_gbps = stats_median(&r->gbps);
	r->sd_gbps = stats_sd(&r->gbps);
	r->median_gbps_forward = median_of_every_second(&r->gbps, 0);
	r->median_gbps_backward = median_of_every_second(&r->gbps, 1);
	r->reps = r->gbps.n / 2;
}
