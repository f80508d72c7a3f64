// SPDX-License-Identifier: GPL-2.0
/*
 * migbench sweep: the same number of bytes in folios of each size.
 */
#include "bench.h"

static void plan_cell(struct bench *b, const struct migrator *m, size_t workers,
		      size_t folio)
{
	const size_t nr = b->o->total / folio;
	const char *unfit = bench_workers_unfit(b, m, workers);
	struct record *r = bench_record(b, m->table, m, workers, folio, nr);

	if (!unfit && !nr)
		unfit = "the total is smaller than one folio";
	if (unfit)
		record_set_status(r, STATUS_NOT_RUN, unfit);
}

/* In the order of the tables: migrator, workers, size. */
static void plan(struct bench *b)
{
	const struct numbers *workers = &b->o->workers;
	const struct numbers *sizes = &b->o->folio_sizes;
	const struct migrator *m;
	size_t i, w, s;

	for (i = 0; i < b->migrators.n; i++) {
		m = migrator_find(b->migrators.v[i]);
		for (w = 0; w < (m->workers_file ? workers->n : 1); w++)
			for (s = 0; s < sizes->n; s++)
				plan_cell(b, m, m->workers_file ? workers->v[w] : 1,
					  sizes->v[s]);
	}
}

int cmd_sweep(struct bench *b)
{
	size_t s, folio;
	int ret = 0;

	plan(b);
	for (s = 0; !ret && s < b->o->folio_sizes.n; s++) {
		folio = b->o->folio_sizes.v[s];
		ret = bench_run_records(b, folio, b->o->total / folio, false);
	}
	return ret;
}
