// SPDX-License-Identifier: GPL-2.0
/*
 * The report for people: copy share and waits, a record a row.
 */
#include <math.h>
#include <string.h>

#include "parse.h"
#include "text.h"

static size_t count_in(const struct record_set *set, const char *table)
{
	size_t i, n = 0;

	for (i = 0; i < set->n; i++)
		n += !strcmp(set->v[i].table, table);
	return n;
}

static void set_heads(struct grid *g, const char *const heads[], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		grid_set(g, 0, i, "%s", heads[i]);
}

static void set_size(struct grid *g, size_t row, size_t column, long long bytes)
{
	char size[32];

	if (bytes == RECORD_ABSENT)
		grid_set(g, row, column, "-");
	else
		grid_set(g, row, column, "%s", format_size(size, sizeof(size), bytes));
}

const char *text_limit(char *text, size_t len, const struct record *r)
{
	if (r->stall_bound_us != RECORD_ABSENT)
		snprintf(text, len, "%lld us", r->stall_bound_us);
	else if (r->batch_limit_bytes == RECORD_ABSENT)
		snprintf(text, len, "-");
	else
		format_size(text, len, r->batch_limit_bytes);
	return text;
}

/* Throughput says little about a single page: print the time of the call. */
static void set_call_time(struct grid *g, size_t row, size_t column,
			  const struct record *r, struct legend *l)
{
	char mark[24] = "";

	if (!record_has_status(r, STATUS_OK)) {
		text_throughput(g, row, column, r, l);
		return;
	}
	if (*r->note)
		snprintf(mark, sizeof(mark), "[%zu]", legend_mark(l, r->note));
	grid_set(g, row, column, "%.1f%s", r->bytes / r->median_gbps / 1e3, mark);
}

static void breakdown_row(struct grid *g, size_t row, const struct record *r,
			  struct legend *l)
{
	grid_set(g, row, 0, "%lld", r->folios);
	set_size(g, row, 1, r->folio_kb * SZ_1K);
	set_call_time(g, row, 2, r, l);
	if (isfinite(r->copy_share))
		grid_set(g, row, 3, "%.1f%%", r->copy_share * 100);
	text_real(g, row, 4, r->amdahl_cap, 2);
	if (isfinite(r->copy_speedup))
		grid_set(g, row, 5, "%.2f (%lld)", r->copy_speedup, r->speedup_workers);
	else
		grid_set(g, row, 5, "-");
	text_real(g, row, 6, r->predicted_speedup, 2);
	text_real(g, row, 7, r->measured_speedup, 2);
	grid_set(g, row, 8, "%s", r->method);
}

void text_breakdown(FILE *f, const struct record_set *set)
{
	static const char *const heads[] = {
		"folios", "size", "median us", "copy share F", "cap 1/(1-F)",
		"copy speed-up S (workers)", "predicted", "measured", "method",
	};
	struct legend l = { .n = 0 };
	struct grid g;
	size_t i, row = 1;

	fprintf(f, "\nShare of the copy in move_pages(), and the speed-up of the call\n");
	grid_init(&g, count_in(set, "breakdown") + 1, ARRAY_SIZE(heads));
	set_heads(&g, heads, ARRAY_SIZE(heads));
	for (i = 0; i < set->n; i++)
		if (!strcmp(set->v[i].table, "breakdown"))
			breakdown_row(&g, row++, &set->v[i], &l);
	grid_print(f, &g);
	legend_print(f, &l);
	fprintf(f, "predicted: 1/((1-F)+F/S). measured: the kernel's time over mtcopy's with these workers.\n");
	grid_free(&g);
}

static void latency_row(struct grid *g, size_t row, const struct record *r,
			struct legend *l)
{
	char limit[32];

	grid_set(g, row, 0, "%s", r->migrator);
	grid_set(g, row, 1, "%lld", r->workers);
	set_size(g, row, 2, r->folio_kb * SZ_1K);
	grid_set(g, row, 3, "%s", text_limit(limit, sizeof(limit), r));
	text_throughput(g, row, 4, r, l);
	if (!record_has_status(r, STATUS_OK))
		return;
	text_real(g, row, 5, r->wait_median_us, 1);
	text_real(g, row, 6, r->wait_p99_us, 1);
	text_real(g, row, 7, r->wait_max_us, 1);
	grid_set(g, row, 8, "%lld", r->waits);
	grid_set(g, row, 9, "%.1f%%", r->wait_share * 100);
}

void text_latency(FILE *f, const struct record_set *set)
{
	static const char *const heads[] = {
		"migrator", "workers", "size", "batch limit", "GB/s",
		"wait median us", "p99 us", "max us", "waits", "stood still",
	};
	struct legend l = { .n = 0 };
	double floor = NAN;
	struct grid g;
	size_t i, row = 1;

	fprintf(f, "\nWaits of a thread that reads and writes random moving pages\n");
	text_channels(f, set, "latency");
	grid_init(&g, count_in(set, "latency") + 1, ARRAY_SIZE(heads));
	set_heads(&g, heads, ARRAY_SIZE(heads));
	for (i = 0; i < set->n; i++) {
		if (strcmp(set->v[i].table, "latency"))
			continue;
		latency_row(&g, row++, &set->v[i], &l);
		if (isfinite(set->v[i].wait_floor_us))
			floor = set->v[i].wait_floor_us;
	}
	grid_print(f, &g);
	legend_print(f, &l);
	if (isfinite(floor))
		fprintf(f, "A touch of more than %.1f us counts as a wait. stood still: share of the move's time.\n",
			floor);
	grid_free(&g);
}
