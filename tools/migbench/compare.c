// SPDX-License-Identifier: GPL-2.0
/*
 * migbench compare: two result files side by side.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "compare.h"
#include "dma.h"
#include "text.h"

bool compare_same_cell(const struct record *a, const struct record *b)
{
	return !strcmp(a->table, b->table) && !strcmp(a->migrator, b->migrator) &&
	       a->workers == b->workers && a->folio_kb == b->folio_kb &&
	       a->folios == b->folios &&
	       a->batch_limit_bytes == b->batch_limit_bytes &&
	       a->stall_bound_us == b->stall_bound_us;
}

static const struct record *find_last(const struct record_set *set,
				      const struct record *like, size_t from)
{
	size_t i;

	for (i = set->n; i > from; i--)
		if (compare_same_cell(&set->v[i - 1], like))
			return &set->v[i - 1];
	return NULL;
}

static struct comparison pair(const struct record *a, const struct record *b)
{
	struct comparison c = { a, b, NAN, NAN };

	if (a && b && record_has_status(a, STATUS_OK) &&
	    record_has_status(b, STATUS_OK)) {
		c.ratio = b->median_gbps / a->median_gbps;
		c.ratio_sd = stats_ratio_sd(b->median_gbps, b->sd_gbps,
					    a->median_gbps, a->sd_gbps);
	}
	return c;
}

size_t compare_sets(const struct record_set *a, const struct record_set *b,
		    struct comparison **out)
{
	struct comparison *c = calloc(a->n + b->n + 1, sizeof(*c));
	size_t i, n = 0;

	if (!c) {
		complain("compare", "out of memory");
		exit(EXIT_FAILED);
	}
	for (i = 0; i < a->n; i++)
		if (!find_last(a, &a->v[i], i + 1))
			c[n++] = pair(&a->v[i], find_last(b, &a->v[i], 0));
	for (i = 0; i < b->n; i++)
		if (!find_last(b, &b->v[i], i + 1) && !find_last(a, &b->v[i], 0))
			c[n++] = pair(NULL, &b->v[i]);
	*out = c;
	return n;
}

static const char *state_of(const struct record *r)
{
	return r ? r->status : "absent";
}

static void set_throughput(struct grid *g, size_t row, size_t column,
			   const struct record *r)
{
	if (r && record_has_status(r, STATUS_OK))
		grid_set(g, row, column, "%.2f±%.2f", r->median_gbps, r->sd_gbps);
	else
		grid_set(g, row, column, "%s", state_of(r));
}

static void text_row(struct grid *g, size_t row, const struct comparison *c)
{
	const struct record *r = c->a ? c->a : c->b;
	char size[32], limit[32];

	grid_set(g, row, 0, "%s", r->table);
	grid_set(g, row, 1, "%s", r->migrator);
	grid_set(g, row, 2, "%lld", r->workers);
	grid_set(g, row, 3, "%lld", r->folios);
	grid_set(g, row, 4, "%s", format_size(size, sizeof(size), r->folio_kb * SZ_1K));
	grid_set(g, row, 5, "%s", text_limit(limit, sizeof(limit), r));
	set_throughput(g, row, 6, c->a);
	set_throughput(g, row, 7, c->b);
	if (isfinite(c->ratio))
		grid_set(g, row, 8, "%.2f±%.2f", c->ratio, c->ratio_sd);
	else
		grid_set(g, row, 8, "-");
}

static void describe(FILE *f, const char *name, const struct record *r)
{
	fprintf(f, "%s: kernel %s %s, %s, %s\n", name, r->kernel,
		r->kernel_package, r->accel, r->cpu_model);
	if (!strcmp(r->accel, "tcg"))
		fprintf(f, "   TCG: only relations within this run count; B/A is no figure.\n");
}

/* Two drivers, one of them software, have the same cells and are no match. */
static void describe_channels(FILE *f, const char *name, const struct comparison *c,
			      size_t n)
{
	const struct record *r;
	size_t i;

	for (i = 0; i < n; i++) {
		r = *name == 'A' ? c[i].a : c[i].b;
		if (!r || !*r->dma_driver)
			continue;
		fprintf(f, "%s: DMA channels of %s%s\n", name, r->dma_driver,
			r->dma_software ? DMA_SOFTWARE_REMARK : "");
		return;
	}
}

static void print_text(FILE *f, const struct comparison *c, size_t n)
{
	static const char *const heads[] = {
		"table", "migrator", "workers", "folios", "size", "batch limit",
		"A GB/s", "B GB/s", "B/A",
	};
	const struct record *a = NULL, *b = NULL;
	struct grid g;
	size_t i;

	grid_init(&g, n + 1, ARRAY_SIZE(heads));
	for (i = 0; i < ARRAY_SIZE(heads); i++)
		grid_set(&g, 0, i, "%s", heads[i]);
	for (i = 0; i < n; i++) {
		text_row(&g, i + 1, &c[i]);
		a = a ? a : c[i].a;
		b = b ? b : c[i].b;
	}
	if (a)
		describe(f, "A", a);
	if (b)
		describe(f, "B", b);
	describe_channels(f, "A", c, n);
	describe_channels(f, "B", c, n);
	fprintf(f, "Median ± standard deviation; B/A with the spread of both.\n\n");
	grid_print(f, &g);
	grid_free(&g);
}

static json_t *real_or_null(double d)
{
	return isfinite(d) ? json_real(d) : json_null();
}

static json_t *int_or_null(long long i)
{
	return i == RECORD_ABSENT ? json_null() : json_integer(i);
}

static void set_side(json_t *o, const char *side, const struct record *r)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_status", side);
	json_object_set_new(o, key, json_string(state_of(r)));
	snprintf(key, sizeof(key), "%s_median_gbps", side);
	json_object_set_new(o, key, real_or_null(r ? r->median_gbps : NAN));
	snprintf(key, sizeof(key), "%s_sd_gbps", side);
	json_object_set_new(o, key, real_or_null(r ? r->sd_gbps : NAN));
}

/* One object a cell; the CSV below is made from the same objects. */
static json_t *to_json(const struct comparison *c)
{
	const struct record *r = c->a ? c->a : c->b;
	json_t *o = json_object();

	json_object_set_new(o, "schema_version", json_integer(RECORD_SCHEMA));
	json_object_set_new(o, "table", json_string(r->table));
	json_object_set_new(o, "migrator", json_string(r->migrator));
	json_object_set_new(o, "workers", int_or_null(r->workers));
	json_object_set_new(o, "folio_kb", int_or_null(r->folio_kb));
	json_object_set_new(o, "folios", int_or_null(r->folios));
	json_object_set_new(o, "batch_limit_bytes", int_or_null(r->batch_limit_bytes));
	json_object_set_new(o, "stall_bound_us", int_or_null(r->stall_bound_us));
	set_side(o, "a", c->a);
	set_side(o, "b", c->b);
	json_object_set_new(o, "ratio", real_or_null(c->ratio));
	json_object_set_new(o, "ratio_sd", real_or_null(c->ratio_sd));
	return o;
}

static void csv_row(FILE *f, json_t *o, bool names)
{
	const char *key, *comma = "";
	json_t *v;

	json_object_foreach(o, key, v) {
		fputs(comma, f);
		comma = ",";
		if (names)
			fputs(key, f);
		else if (json_is_string(v))
			fputs(json_string_value(v), f);
		else if (json_is_integer(v))
			fprintf(f, "%lld", (long long)json_integer_value(v));
		else if (json_is_real(v))
			fprintf(f, "%.9g", json_real_value(v));
	}
	fputc('\n', f);
}

int compare_print(FILE *f, enum format format, const struct comparison *c,
		  size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(array, to_json(&c[i]));
	if (format == FORMAT_TEXT) {
		print_text(f, c, n);
	} else if (format == FORMAT_JSON) {
		json_dumpf(array, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
		fputc('\n', f);
	} else {
		for (i = 0; i < n; i++) {
			if (!i)
				csv_row(f, json_array_get(array, i), true);
			csv_row(f, json_array_get(array, i), false);
		}
	}
	json_decref(array);
	return ferror(f) ? -EIO : 0;
}
