// SPDX-License-Identifier: GPL-2.0
/*
 * The report for people: the RFC's tables.
 */
#include <math.h>
#include <string.h>

#include "cputime.h"
#include "dma.h"
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

/* What a table shows of which records. */
struct view {
	const char *table;	/* how the names of theirs begin */
	same_fn same_row;
	same_fn same_column;
	int (*has)(const struct record *r);	/* NULL: all of them */
	void (*set)(struct grid *g, size_t row, size_t column,
		    const struct record *r, struct legend *l);
};

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
	return !strncmp(r->table, table, strlen(table));
}

static int has_cpu_time(const struct record *r)
{
	return isfinite(r->caller_cpu_s_per_gb);
}

static int in_view(const struct view *v, const struct record *r)
{
	return in_table(r, v->table) && (!v->has || v->has(r));
}

/* Rows and columns of all records of a table, and the grid with its cells. */
static void fill(struct grid *g, const struct record_set *set, const struct view *v,
		 struct axis *rows, struct axis *columns, struct legend *l)
{
	const struct record *r;
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (!in_view(v, &set->v[i]))
			continue;
		axis_place(rows, &set->v[i], v->same_row);
		axis_place(columns, &set->v[i], v->same_column);
	}
	grid_init(g, rows->n + 1, columns->n + 1);
	for (i = 0; i < set->n; i++) {
		r = &set->v[i];
		if (in_view(v, r))
			v->set(g, 1 + axis_place(rows, r, v->same_row),
			       1 + axis_place(columns, r, v->same_column), r, l);
	}
}

static void head_sizes(struct grid *g, const struct axis *columns)
{
	char size[32];
	size_t i;

	for (i = 0; i < columns->n; i++)
		grid_set(g, 0, i + 1, "%s", format_size(size, sizeof(size),
			 columns->first[i]->folio_kb * SZ_1K));
}

/* "dcbm, 2 channels (software)" */
static void set_engine(struct grid *g, size_t row, size_t column,
		       const struct record *r)
{
	const struct migrator *m = migrator_find(r->migrator);

	if (m->workers_file)
		grid_set(g, row, column, "%s, %lld %s%s%s", m->name, r->workers,
			 m->worker, r->workers == 1 ? "" : "s",
			 r->dma_software ? " (software)" : "");
	else
		grid_set(g, row, column, "%s", m->name);
}

void text_channels(FILE *f, const struct record_set *set, const char *table)
{
	const char *done = "";
	const struct record *r;
	size_t i;

	for (i = 0; i < set->n; i++) {
		r = &set->v[i];
		if (!in_table(r, table) || !*r->dma_driver || !strcmp(r->dma_driver, done))
			continue;
		done = r->dma_driver;
		fprintf(f, "DMA channels of %s%s\n", done, r->dma_software ?
			DMA_SOFTWARE_REMARK : "");
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
	const struct view v = { table, same_workers, same_size, NULL, text_throughput };
	const struct migrator *m;
	struct grid g;
	size_t i;

	fill(&g, set, &v, &rows, &columns, &l);
	m = migrator_find(rows.first[0]->migrator);
	fprintf(f, "\nTable %s. %s: %s\n", table, m->name, m->title);
	text_channels(f, set, table);
	grid_set(&g, 0, 0, "%s", m->workers_file ? m->worker : "folio size");
	for (i = 0; i < rows.n; i++) {
		if (m->workers_file)
			grid_set(&g, i + 1, 0, "%lld", rows.first[i]->workers);
		else
			grid_set(&g, i + 1, 0, "GB/s");
	}
	head_sizes(&g, &columns);
	finish(f, &g, &l);
}

static void head_counts(struct grid *g, const struct axis *rows,
			const struct axis *columns)
{
	size_t i;

	grid_set(g, 0, 0, "folios");
	for (i = 0; i < rows->n; i++)
		grid_set(g, i + 1, 0, "%lld", rows->first[i]->folios);
	for (i = 0; i < columns->n; i++)
		set_engine(g, 0, i + 1, columns->first[i]);
}

void text_count(FILE *f, const struct record_set *set)
{
	static const struct view v = { "2", same_count, same_engine, NULL,
				       text_throughput };
	struct axis rows = { .n = 0 }, columns = { .n = 0 };
	struct legend l = { .n = 0 };
	struct grid g;

	fill(&g, set, &v, &rows, &columns, &l);
	fprintf(f, "\nTable 2. Number of 2 MB folios\n");
	text_channels(f, set, v.table);
	head_counts(&g, &rows, &columns);
	finish(f, &g, &l);
}

/* Of all engines by size of the folios, or by their number. */
static void head_all(struct grid *g, const struct axis *rows,
		     const struct axis *columns, bool sweep)
{
	size_t i;

	if (!sweep) {
		head_counts(g, rows, columns);
		return;
	}
	for (i = 0; i < rows->n; i++)
		set_engine(g, i + 1, 0, rows->first[i]);
	head_sizes(g, columns);
}

/* Fewer ticks than this are more chance than figure. */
#define MIN_TICKS 10

static void set_cpu_time(struct grid *g, size_t row, size_t column,
			 const struct record *r, struct legend *l)
{
	const double caller = r->caller_cpu_s_per_gb, all = r->system_cpu_s_per_gb;

	if (all >= MIN_TICKS * r->system_cpu_step_s_per_gb)
		grid_set(g, row, column, "%.2f / %.2f", caller, all);
	else
		grid_set(g, row, column, "%.2f / -[%zu]", caller,
			 legend_mark(l, "too short for the ticks of " PROC_STAT));
}

static double coarsest_step(const struct record_set *set, const struct view *v)
{
	double step = 0;
	size_t i;

	for (i = 0; i < set->n; i++)
		if (in_view(v, &set->v[i]))
			step = fmax(step, set->v[i].system_cpu_step_s_per_gb);
	return step;
}

/* A table of its own: a third figure in each cell of the others is hard to read. */
void text_cpu(FILE *f, const struct record_set *set, const char *table)
{
	const bool sweep = !strcmp(table, "1");
	const struct view v = { table, sweep ? same_engine : same_count,
				sweep ? same_size : same_engine, has_cpu_time,
				set_cpu_time };
	struct axis rows = { .n = 0 }, columns = { .n = 0 };
	struct legend l = { .n = 0 };
	const double step = coarsest_step(set, &v);
	struct grid g;

	if (!(step > 0))
		return;
	fill(&g, set, &v, &rows, &columns, &l);
	fprintf(f, "\nCPU time for each GB moved, in s/GB: the caller's / that of all CPUs\n");
	text_channels(f, set, table);
	head_all(&g, &rows, &columns, sweep);
	finish(f, &g, &l);
	fprintf(f, "Caller: median. All CPUs: " PROC_STAT
		" over all repetitions, whatever ran; one tick is %.3f s/GB or less.\n", step);
}

static int has_read(const struct record *r)
{
	return isfinite(r->read_gbps);
}

static void set_read(struct grid *g, size_t row, size_t column,
		     const struct record *r, struct legend *l)
{
	(void)l;
	grid_set(g, row, column, "%.2f", r->read_gbps);
}

/* What is cold after the move is paid for by who reads it first. */
void text_read(FILE *f, const struct record_set *set, const char *table)
{
	const bool sweep = !strcmp(table, "1");
	const struct view v = { table, sweep ? same_engine : same_count,
				sweep ? same_size : same_engine, has_read, set_read };
	struct axis rows = { .n = 0 }, columns = { .n = 0 };
	struct legend l = { .n = 0 };
	struct grid g;
	size_t i;

	for (i = 0; i < set->n; i++)
		if (in_view(&v, &set->v[i]))
			break;
	if (i == set->n)
		return;
	fill(&g, set, &v, &rows, &columns, &l);
	fprintf(f, "\nFirst reading of what was moved, one thread, GB/s\n");
	head_all(&g, &rows, &columns, sweep);
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
		fprintf(f, "%sspeedup %s %lld %s%s, %lld KB folios: forward %.2f backward %.2f%s\n",
			lines++ ? "" : "\n", r->migrator, r->workers, m->worker,
			r->workers == 1 ? "" : "s", r->folio_kb,
			r->median_gbps_forward / kernel->median_gbps_forward,
			r->median_gbps_backward / kernel->median_gbps_backward,
			r->dma_software ? " (software)" : "");
	}
}

/* 0: nothing was measured. With or without cells of DMA channels. */
static long long fewest_reps(const struct record_set *set, bool dma)
{
	const struct record *r;
	long long fewest = 0;
	size_t i;

	for (i = 0; i < set->n; i++) {
		r = &set->v[i];
		if (record_has_status(r, STATUS_OK) && (dma || !*r->dma_driver) &&
		    (!fewest || r->reps < fewest))
			fewest = r->reps;
	}
	return fewest;
}

static void head(FILE *f, const struct record_set *set)
{
	const long long all = fewest_reps(set, true), cpus = fewest_reps(set, false);
	const struct record *r = &set->v[0];

	if (!all)
		return;
	fprintf(f, "\nMedian ± standard deviation in GB/s (1 GB = 1e9 bytes) of move_pages(), nodes %s\n"
		"and back, %lld or more repetitions each", r->direction_nodes,
		cpus ? cpus : all);
	if (all < cpus)
		fprintf(f, " (%lld with DMA channels)", all);
	fprintf(f, "; every byte checked after each move.\n");
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
	text_cpu(f, set, "1");
	text_cpu(f, set, "2");
	text_read(f, set, "1");
	text_read(f, set, "2");
}
