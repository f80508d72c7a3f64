/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One cell of a table. Text, CSV and JSON are all made from this struct; the
 * last two by walking record_fields[], so a new field is one member here and
 * one line there. Fields and units are explained in migbench(8).
 */
#ifndef MIGBENCH_RECORD_H
#define MIGBENCH_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include "migbench.h"
#include "stats.h"

#define RECORD_SCHEMA	1

/* An integer without a value; null in JSON, empty in CSV, as NAN is. */
#define RECORD_ABSENT	(-1LL)

#define STATUS_OK	"ok"
#define STATUS_NOT_RUN	"not run"
#define STATUS_FAILED	"failed"

struct record {
	long long schema_version;
	char table[16];
	char migrator[32];
	long long workers;
	long long folio_kb;
	long long folios;
	long long bytes;
	struct samples gbps;
	double median_gbps;
	double sd_gbps;
	double median_gbps_forward;
	double median_gbps_backward;
	long long reps;
	bool verified;
	char status[16];
	char note[NOTE_LEN];

	bool oversubscribed;
	char dma_driver[64];
	bool dma_software;
	long long min_share_bytes;
	char copy_mode[16];
	double offloaded_share;
	long long missed_folios;
	char size_check[24];

	double read_gbps;
	double caller_cpu_s_per_gb;
	double system_cpu_s_per_gb;
	double system_cpu_step_s_per_gb;

	double copy_us;
	double copy_share;
	double amdahl_cap;
	double copy_speedup;
	long long speedup_workers;
	double predicted_speedup;
	double measured_speedup;
	char method[48];

	long long batch_limit_bytes;
	long long stall_bound_us;
	long long waits;
	double wait_median_us;
	double wait_p99_us;
	double wait_max_us;
	double wait_floor_us;
	double wait_share;
	long long preempted_touches;

	char kernel[96];
	char kernel_package[96];
	char accel[16];
	char cpu_model[96];
	long long cpus;
	long long nodes;
	char direction_nodes[16];
	char preemption[48];
	char thp[16];
	char chosen_by[32];
	long long max_batch_bytes;
	long long min_batch_bytes;
	char date[24];
};

enum field_type { FIELD_STR, FIELD_INT, FIELD_REAL, FIELD_BOOL, FIELD_LIST };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	size_t size;
};

extern const struct field record_fields[];
extern const size_t record_nr_fields;

struct record_set {
	struct record *v;
	size_t n;
	size_t room;
};

/* Everything absent, status empty: the cell is still to be measured. */
void record_init(struct record *r);

/* Pointers to older records are not valid after this. */
struct record *records_add(struct record_set *set);
void records_free(struct record_set *set);

void record_set_status(struct record *r, const char *status, const char *note);
bool record_has_status(const struct record *r, const char *status);

/* Medians and deviations from r->gbps: forward at even places, backward at odd. */
void record_summarize(struct record *r);

int records_write_json(FILE *f, const struct record_set *set);
int records_write_csv(FILE *f, const struct record_set *set);

/*
 * Reads a file that one of the two wrote. Unknown fields are ignored, missing
 * ones are absent. On error returns -errno and says why in @why.
 */
int records_read(const char *path, struct record_set *set, char why[NOTE_LEN]);
int records_read_csv(FILE *f, struct record_set *set, char why[NOTE_LEN]);

#endif
