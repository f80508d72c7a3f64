// SPDX-License-Identifier: GPL-2.0
/*
 * Counters as tables.
 */
#include <string.h>

#include "grid.h"
#include "migctl.h"
#include "stats.h"

static double number(const json_t *values, const char *name)
{
	return json_number_value(json_object_get(values, name));
}

/* The causes of a reason are six more columns, of which most are 0. */
static bool is_unused_cause(const char *row, const json_t *v)
{
	static const char prefix[] = STATS_DECLINED "_";

	return !strncmp(row, prefix, sizeof(prefix) - 1) && !json_number_value(v);
}

/* Names of the rows: all that any column has, in the order of people. */
static void collect_rows(const json_t *columns, const char *part, struct words *rows)
{
	const char *column, *row;
	json_t *c, *v;

	rows->n = 0;
	json_object_foreach((json_t *)columns, column, c)
		json_object_foreach(json_object_get(c, part), row, v)
			if (rows->n < LIST_MAX && !words_have(rows, row) &&
			    !is_unused_cause(row, v))
				strcpy(rows->v[rows->n++], row);
	tree_order(rows);
}

/* A speed of 0 was not measured yet. */
static void set_value(struct grid *g, size_t row, size_t column, const char *part,
		      const char *name, const json_t *v)
{
	const double d = json_number_value(v);

	if (!v || (!d && !strcmp(part, STATS_SPEED)))
		grid_set(g, row, column, "-");
	else if (!strcmp(name, "bytes"))
		grid_set(g, row, column, "%.3f GB", d / 1e9);
	else if (!strcmp(name, "ns") || !strcmp(name, "cpu_ns"))
		grid_set(g, row, column, "%.3f s", d / 1e9);
	else if (json_is_real(v))
		grid_set(g, row, column, "%.1f", d);
	else
		grid_set(g, row, column, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
}

/* What follows from the counters; nothing where nothing was copied or asked. */
static void set_ratios(struct grid *g, size_t row, size_t column, const json_t *stats)
{
	const double bytes = number(stats, "bytes"), ns = number(stats, "ns");
	const double asked = number(stats, "batches") + number(stats, "declined");

	if (bytes > 0 && ns > 0)
		grid_set(g, row, column, "%.2f", bytes / ns);
	if (bytes > 0 && json_object_get(stats, "cpu_ns"))
		grid_set(g, row + 1, column, "%.2f", number(stats, "cpu_ns") / bytes);
	if (asked > 0)
		grid_set(g, row + 2, column, "%.1f",
			 100 * number(stats, "declined") / asked);
}

#define NR_RATIOS 3

static void name_ratios(struct grid *g, size_t row)
{
	static const char *const names[NR_RATIOS] = {
		"GB/s", "helper s/GB", "declined %",
	};
	size_t i;

	for (i = 0; i < NR_RATIOS; i++)
		grid_set(g, row + i, 0, "%s", names[i]);
}

struct table {
	const json_t *columns;
	const char *part;	/* the object of each of them that is shown */
	const char *corner;
	bool ratios;
	bool across;		/* what are columns becomes rows */
};

static void set_column(struct grid *g, size_t at, const struct table *t,
		       const struct words *rows, const json_t *values)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		set_value(g, 1 + i, at, t->part, rows->v[i],
			  json_object_get(values, rows->v[i]));
	if (t->ratios)
		set_ratios(g, 1 + rows->n, at, values);
}

/* Nothing if no column has the part. */
static void print_table(const struct table *t)
{
	const char *column;
	struct words rows;
	struct grid g;
	size_t i, at = 0;
	json_t *c;

	collect_rows(t->columns, t->part, &rows);
	if (!rows.n)
		return;
	grid_init(&g, 1 + rows.n + (t->ratios ? NR_RATIOS : 0),
		  1 + json_object_size(t->columns));
	g.left = 1;
	grid_set(&g, 0, 0, "%s", t->corner);
	for (i = 0; i < rows.n; i++)
		grid_set(&g, 1 + i, 0, "%s", rows.v[i]);
	if (t->ratios)
		name_ratios(&g, 1 + rows.n);
	json_object_foreach((json_t *)t->columns, column, c) {
		grid_set(&g, 0, ++at, "%s", column);
		set_column(&g, at, t, &rows, json_object_get(c, t->part));
	}
	if (t->across)
		grid_transpose(&g);
	grid_print(stdout, &g);
	putchar('\n');
	grid_free(&g);
}

static bool is_idle(const json_t *counters)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)counters, name, v)
		if (json_number_value(v))
			return false;
	return true;
}

/* Only those for which something was to do. */
static void print_reasons(const char *migrator, const json_t *reasons)
{
	json_t *busy = json_object(), *r;
	const struct table t = { busy, "stats", migrator, true, true };
	const char *reason;

	json_object_foreach((json_t *)reasons, reason, r)
		if (!is_idle(r))
			json_object_set_new(busy, reason, json_pack("{sO}", "stats", r));
	if (json_object_size(busy))
		print_table(&t);
	else
		printf("%s: nothing, for any reason\n\n", migrator);
	json_decref(busy);
}

static void print_all_reasons(const json_t *columns)
{
	const char *name;
	json_t *c, *reasons;

	json_object_foreach((json_t *)columns, name, c) {
		reasons = json_object_get(c, "reasons");
		if (reasons)
			print_reasons(name, reasons);
	}
}

/* "auto" is no migrator, but counts as they do. */
void stats_print(const json_t *stats, bool rates)
{
	const char *corner = rates ? "each second" : "counter";
	json_t *columns = json_copy(json_object_get(stats, "migrators"));
	json_t *automatic = json_object_get(stats, NAME_AUTO);

	if (automatic)
		json_object_set(columns, NAME_AUTO, automatic);
	print_table(&(struct table){ columns, "stats", corner, true, false });
	print_table(&(struct table){ columns, STATS_DECLINED, "declined for", false, false });
	print_table(&(struct table){ columns, "counters", "of its own", false, false });
	print_all_reasons(columns);
	print_table(&(struct table){ columns, STATS_SPEED, "MB/s measured", false, false });
	json_decref(columns);
}
