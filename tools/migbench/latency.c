// SPDX-License-Identifier: GPL-2.0
/*
 * migbench latency: what a thread waits that uses the pages while they move.
 * A longer batch copies better and keeps more pages unmapped for longer.
 */
#include "bench.h"

static void plan_cell(struct bench *b, const struct migrator *m, size_t workers,
		      size_t folio, size_t limit)
{
	const size_t nr = b->o->total / folio;
	const char *unfit = bench_workers_unfit(b, m, workers);
	struct record *r = bench_record(b, "latency", m, workers, folio, nr);

	if (limit)
		r->batch_limit_bytes = limit;
	if (!unfit && limit > b->o->total)
		unfit = "limit greater than the total";
	if (!unfit && !nr)
		unfit = "the total is smaller than one folio";
	if (unfit)
		record_set_status(r, STATUS_NOT_RUN, unfit);
}

/* A stock kernel has no limit to set: one row. */
static void plan_limits(struct bench *b, const struct migrator *m, size_t workers,
			size_t folio)
{
	const bool stock = b->info.max_batch_bytes == RECORD_ABSENT;
	const struct numbers *limits = &b->o->limits;
	size_t i;

	for (i = 0; i < (stock ? 1 : limits->n); i++)
		plan_cell(b, m, workers, folio, stock ? 0 : limits->v[i]);
}

static void plan_stalls(struct bench *b, const struct migrator *m, size_t workers,
			size_t folio)
{
	const struct numbers *stalls = &b->o->stalls;
	size_t i;

	for (i = 0; i < stalls->n; i++) {
		plan_cell(b, m, workers, folio, 0);
		b->records.v[b->records.n - 1].stall_bound_us = stalls->v[i];
	}
}

static void plan(struct bench *b, size_t folio)
{
	const struct migrator *m;
	size_t i, workers;

	for (i = 0; i < b->migrators.n; i++) {
		m = migrator_find(b->migrators.v[i]);
		workers = bench_most_workers(b, m);
		if (b->o->stalls.n)
			plan_stalls(b, m, workers, folio);
		else
			plan_limits(b, m, workers, folio);
	}
}

int cmd_latency(struct bench *b)
{
	size_t s, folio;
	int ret = 0;

	for (s = 0; s < b->o->folio_sizes.n; s++)
		plan(b, b->o->folio_sizes.v[s]);
	for (s = 0; !ret && s < b->o->folio_sizes.n; s++) {
		folio = b->o->folio_sizes.v[s];
		ret = bench_run_records(b, folio, b->o->total / folio, true);
	}
	return ret;
}
