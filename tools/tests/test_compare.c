// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <math.h>

#include "compare.h"
#include "text.h"

static struct record *cell(struct record_set *set, const char *migrator,
			   long long folio_kb, double median, double sd)
{
	struct record *r = records_add(set);

	strcpy(r->table, "1b");
	strcpy(r->migrator, migrator);
	r->workers = 2;
	r->folio_kb = folio_kb;
	r->folios = 32;
	r->median_gbps = r->median_gbps_forward = r->median_gbps_backward = median;
	r->sd_gbps = sd;
	r->reps = 5;
	record_set_status(r, STATUS_OK, "");
	return r;
}

static void ratio_of_matching_cells(void **state)
{
	struct record_set a = { 0 }, b = { 0 };
	struct comparison *c;

	(void)state;
	cell(&a, "mtcopy", 4, 10, 0.4);
	cell(&a, "mtcopy", 2048, 10, 0);
	cell(&b, "mtcopy", 2048, 15, 0);
	cell(&b, "mtcopy", 4, 20, 0.6);
	assert_int_equal(compare_sets(&a, &b, &c), 2);
	assert_near(c[0].ratio, 2);
	assert_near(c[0].ratio_sd, 0.1);
	assert_near(c[1].ratio, 1.5);
	free(c);
	records_free(&a);
	records_free(&b);
}

static void cells_of_one_side(void **state)
{
	struct record_set a = { 0 }, b = { 0 };
	struct comparison *c;

	(void)state;
	cell(&a, "mtcopy", 4, 10, 1);
	cell(&b, "mtcopy", 16, 10, 1);
	assert_int_equal(compare_sets(&a, &b, &c), 2);
	assert_ptr_equal(c[0].a, &a.v[0]);
	assert_null(c[0].b);
	assert_null(c[1].a);
	assert_ptr_equal(c[1].b, &b.v[0]);
	assert_true(isnan(c[0].ratio) && isnan(c[1].ratio));
	free(c);
	records_free(&a);
	records_free(&b);
}

static void cells_without_figures_have_no_ratio(void **state)
{
	struct record_set a = { 0 }, b = { 0 };
	struct comparison *c;

	(void)state;
	cell(&a, "mtcopy", 4, 10, 1);
	record_set_status(cell(&b, "mtcopy", 4, 10, 1), STATUS_FAILED, "why");
	assert_int_equal(compare_sets(&a, &b, &c), 1);
	assert_non_null(c[0].b);
	assert_true(isnan(c[0].ratio));
	free(c);
	assert_int_equal(compare_sets(&b, &a, &c), 1);
	assert_true(isnan(c[0].ratio));
	free(c);
	records_free(&a);
	records_free(&b);
}

static void the_last_of_equal_cells_counts(void **state)
{
	struct record_set a = { 0 }, b = { 0 };
	struct comparison *c;

	(void)state;
	cell(&a, "mtcopy", 4, 99, 1);
	cell(&a, "mtcopy", 4, 10, 1);
	cell(&b, "mtcopy", 4, 88, 1);
	cell(&b, "mtcopy", 4, 20, 1);
	cell(&b, "dcbm", 4, 1, 1);
	cell(&b, "dcbm", 4, 2, 1);
	assert_int_equal(compare_sets(&a, &b, &c), 2);
	assert_near(c[1].b->median_gbps, 2);
	assert_near(c[0].ratio, 2);
	free(c);
	records_free(&a);
	records_free(&b);
}

/* What makes two cells different is each of the parts of their name. */
static void names_of_cells(void **state)
{
	struct record_set s = { 0 };
	struct record a, b;

	(void)state;
	a = b = *cell(&s, "mtcopy", 4, 1, 1);
	assert_true(compare_same_cell(&a, &b));
	strcpy(b.table, "2");
	assert_false(compare_same_cell(&a, &b));
	b = a;
	strcpy(b.migrator, "dcbm");
	assert_false(compare_same_cell(&a, &b));
	b = a;
	b.workers = 4;
	assert_false(compare_same_cell(&a, &b));
	b = a;
	b.folio_kb = 16;
	assert_false(compare_same_cell(&a, &b));
	b = a;
	b.folios = 33;
	assert_false(compare_same_cell(&a, &b));
	b = a;
	b.batch_limit_bytes = 1 << 21;
	assert_false(compare_same_cell(&a, &b));
	b = a;
	b.stall_bound_us = 500;
	assert_false(compare_same_cell(&a, &b));
	records_free(&s);
}

static char *printed(void (*print)(FILE *f, const struct record_set *s),
		     const struct record_set *s)
{
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	print(f, s);
	fclose(f);
	return text;
}

/* The line that scripts look for, and what a table says of missing cells. */
static void report(void **state)
{
	struct record_set s = { 0 };
	struct record *r;
	char *text;

	(void)state;
	r = cell(&s, "kernel", 2048, 2, 0.1);
	strcpy(r->table, "1a");
	r->workers = 1;
	r = cell(&s, "mtcopy", 2048, 3, 0.1);
	r->median_gbps_backward = 4;
	r = cell(&s, "mtcopy", 2048, 3, 0.1);
	r->workers = 16;
	record_set_status(r, STATUS_NOT_RUN, "more workers than CPUs");
	text = printed(text_report, &s);
	assert_non_null(strstr(text, "\nspeedup mtcopy 2 workers, 2048 KB folios: forward 1.50 backward 2.00\n"));
	assert_null(strstr(text, "speedup mtcopy 16"));
	assert_non_null(strstr(text, "Table 1a."));
	assert_non_null(strstr(text, "3.00±0.10"));
	assert_non_null(strstr(text, "    16 |      -[1]\n[1] not run: more workers than CPUs\n"));
	assert_null(strstr(text, "TCG"));
	free(text);
	strcpy(s.v[0].accel, "tcg");
	text = printed(text_report, &s);
	assert_non_null(strstr(text, "TCG: only relations within this run count"));
	free(text);
	records_free(&s);
}

/* A batch that the migrator declined is not its figure. */
static void partly_offloaded_cells_are_marked(void **state)
{
	struct record_set s = { 0 };
	char *text;

	(void)state;
	cell(&s, "mtcopy", 4, 3, 0.1)->offloaded_share = 0.5;
	cell(&s, "mtcopy", 2048, 3, 0.1)->offloaded_share = 1;
	text = printed(text_report, &s);
	assert_non_null(strstr(text, "3.00±0.10[1] | 3.00±0.10\n"));
	free(text);
	records_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratio_of_matching_cells),
		cmocka_unit_test(cells_of_one_side),
		cmocka_unit_test(cells_without_figures_have_no_ratio),
		cmocka_unit_test(the_last_of_equal_cells_counts),
		cmocka_unit_test(names_of_cells),
		cmocka_unit_test(report),
		cmocka_unit_test(partly_offloaded_cells_are_marked),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
