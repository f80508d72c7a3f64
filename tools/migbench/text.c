// SPDX-License-Identifier: GPL-2.0
/*
 * The report for people: the RFC's tables.
 */
#include <string.h>

#include "migrator.h"
#include "parse.h"
#include "text.h"

#define MAX_AXIS 64

/* Distinct values along one side of a table, in the order of the records. */
struct axis {
	const struct record *first[MAX_AXIS];
	size_t n;
};

typedef int (*same_fn)(const struct record *a, const struct record *b);

static int same_size(const struct record *a, const struct record *b)
{
	return a->folio_kb == b->folio_kb;
}

static int same_workers(const struct record *a, const struct record *b)
{
	return a->workers == b->workers;
}

static int same_count(const struct record *a, const struct record *b)
{
	return a->folios == b->folios;
}

static int same_engine(const struct record *a, const struct record *b)
{
	return !strcmp(a->migrator, b->migrator) && a->workers == b->workers;
}

static size_t axis_place(struct axis *x, const struct record *r, same_fn same)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (same(x->first[i], r))
			return i;
	if (x->n < MAX_AXIS)
		x->first[x->n++] = r;
	return x->n - 1;
}

static int in_table(const struct record *r, const char *table)
{
	return !strcmp(r->table, table);
}

/* Rows and columns of all records of a table, and the grid with its cells. */
static void fill(struct grid *g, const struct record_set *set, const char *table,
		 struct axis *rows, same_fn same_row, struct axis *columns,
		 same_fn same_column, struct legend *l)
{
	const struct record *r;
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (!in_table(&set->v[i], table))
			continue;
		axis_place(rows, &set->v[i], same_row);
		axis_place(columns, &set->v[i], same_column);
	}
	grid_init(g, rows->n + 1, columns->n + 1);
	for (i = 0; i < set->n; i++) {
		r = &set->v[i];
		if (in_table(r, table))
			text_throughput(g, 1 + axis_place(rows, r, same_row),
					1 + axis_place(columns, r, same_column), r, l);
	}
}

static void finish(FILE *f, struct grid *g, struct legend *l)
{
	grid_print(f, g);
	legend_print(f, l);
	grid_free(g);
}

void text_sweep(FILE *f, const struct record_set *set, const char *table)
{
	struct axis rows = { .n = 0 }, columns = { .n = 0 };
	struct legend l = { .n = 0 };
	const struct migrator *m;
	char size[32];
	struct grid g;
	size_t i;

	fill(&g, set, table, &rows, same_workers, &columns, same_size, &l);
	m = migrator_find(rows.first[0]->migrator);
	fprintf(f, "\nTable %s. %s: %s\n", table, m->name, m->title);
	grid_set(&g, 0, 0, "%s", m->workers_file ? m->worker : "folio size");
	for (i = 0; i < rows.n; i++) {
		if (m->workers_file)
			grid_set(&g, i + 1, 0, "%lld", rows.first[i]->workers);
		else
			grid_set(&g, i + 1, 0, "GB/s");
	}
	for (i = 0; i < columns.n; i++)
		grid_set(&g, 0, i + 1, "%s", format_size(size, sizeof(size),
			 columns.first[i]->folio_kb * SZ_1K));
	finish(f, &g, &l);
}

void text_count(FILE *f, const struct record_set *set)
{
	struct axis rows = { .n = 0 }, columns = { .n = 0 };
	struct legend l = { .n = 0 };
	const struct migrator *m;
	struct grid g;
	size_t i;

	fill(&g, set, "2", &rows, same_count, &columns, same_engine, &l);
	fprintf(f, "\nTable 2. Number of 2 MB folios\n");
	grid_set(&g, 0, 0, "folios");
	for (i = 0; i < rows.n; i++)
		grid_set(&g, i + 1, 0, "%lld", rows.first[i]->folios);
	for (i = 0; i < columns.n; i++) {
		m = migrator_find(columns.first[i]->migrator);
		if (m->workers_file)
			grid_set(&g, 0, i + 1, "%s, %lld %s%s", m->name,
				 columns.first[i]->workers, m->worker,
				 columns.first[i]->workers == 1 ? "" : "s");
		else
			grid_set(&g, 0, i + 1, "%s", m->name);
	}
	finish(f, &g, &l);
}

static const struct record *find_kernel(const struct record_set *set,
					const struct record *like)
{
	const struct record *r;
	size_t i;

	for (i = 0; i < set->n; i++) {
		r = &set->v[i];
		if (in_table(r, "1a") && same_size(r, like) && same_count(r, like) &&
		    record_has_status(r, STATUS_OK))
			return r;
	}
	return NULL;
}

/* One line for each way to move the largest folios, easy to find for scripts. */
void text_speedups(FILE *f, const struct record_set *set)
{
	const struct record *r, *kernel;
	const struct migrator *m;
	size_t i, lines = 0;

	for (i = 0; i < set->n; i++) {
		r = &set->v[i];
		kernel = find_kernel(set, r);
		if (r->folio_kb != 2048 || in_table(r, "1a") || r->table[0] != '1' ||
		    !record_has_status(r, STATUS_OK) || !kernel)
			continue;
		m = migrator_find(r->migrator);
		fprintf(f, "%sspeedup %s %lld %s%s, %lld KB folios: forward %.2f backward %.2f\n",
			lines++ ? "" : "\n", r->migrator, r->workers, m->worker,
			r->workers == 1 ? "" : "s", r->folio_kb,
			r->median_gbps_forward / kernel->median_gbps_forward,
			r->median_gbps_backward / kernel->median_gbps_backward);
	}
}

static void head(FILE *f, const struct record_set *set)
{
	const struct record *r;
	long long fewest = 0;
	size_t i;

	for (i = 0; i < set->n; i++) {
		r = &set->v[i];
		if (record_has_status(r, STATUS_OK) && (!fewest || r->reps < fewest))
			fewest = r->reps;
	}
	r = &set->v[0];
	if (!fewest)
		return;
	fprintf(f, "\nMedian ± standard deviation in GB/s (1 GB = 1e9 bytes) of move_pages(), nodes %s\n"
		"and back, %lld or more repetitions each; every byte checked after each move.\n",
		r->direction_nodes, fewest);
	if (!strcmp(r->accel, "tcg"))
		fprintf(f, "TCG: only relations within this run count.\n");
}

void text_report(FILE *f, const struct record_set *set)
{
	const char *done = "";
	size_t i;

	if (!set->n)
		return;
	head(f, set);
	for (i = 0; i < set->n; i++) {
		if (!strcmp(set->v[i].table, done))
			continue;
		done = set->v[i].table;
		if (!strcmp(done, "2"))
			text_count(f, set);
		else if (!strcmp(done, "breakdown"))
			text_breakdown(f, set);
		else if (!strcmp(done, "latency"))
			text_latency(f, set);
		else
			text_sweep(f, set, done);
	}
	text_speedups(f, set);
}
