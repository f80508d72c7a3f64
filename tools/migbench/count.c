// SPDX-License-Identifier: GPL-2.0
/*
 * migbench count: more and more folios of 2 MB.
 */
#include "bench.h"

static void plan_cell(struct bench *b, const struct migrator *m, size_t workers,
		      size_t count)
{
	const char *unfit = bench_workers_unfit(b, m, workers);
	struct record *r = bench_record(b, "2", m, workers, SZ_2M, count);

	if (unfit)
		record_set_status(r, STATUS_NOT_RUN, unfit);
}

/* One worker as in the RFC, and as many as this machine has CPUs for. */
static void plan(struct bench *b)
{
	const struct migrator *m;
	size_t i, c, most;

	for (i = 0; i < b->migrators.n; i++) {
		m = migrator_find(b->migrators.v[i]);
		most = bench_most_workers(b, m);
		for (c = 0; c < b->o->counts.n; c++)
			plan_cell(b, m, 1, b->o->counts.v[c]);
		for (c = 0; c < b->o->counts.n && most > 1; c++)
			plan_cell(b, m, most, b->o->counts.v[c]);
	}
}

int cmd_count(struct bench *b)
{
	size_t c;
	int ret = 0;

	plan(b);
	for (c = 0; !ret && c < b->o->counts.n; c++)
		ret = bench_run_records(b, SZ_2M, b->o->counts.v[c], false);
	return ret;
}
