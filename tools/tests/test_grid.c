// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include "grid.h"

/* What it prints; good until the next call. */
static const char *print(const struct grid *g)
{
	static char text[1024];
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	grid_print(f, g);
	fclose(f);
	return text;
}

static void fill(struct grid *g)
{
	grid_init(g, 3, 3);
	grid_set(g, 0, 0, "name");
	grid_set(g, 0, 1, "n");
	grid_set(g, 0, 2, "remark");
	grid_set(g, 1, 0, "a");
	grid_set(g, 1, 1, "%d", 100);
	grid_set(g, 1, 2, "x");
	grid_set(g, 2, 0, "b");
}

static void columns_end_at_the_right(void **state)
{
	struct grid g;

	(void)state;
	fill(&g);
	assert_string_equal(print(&g), "name |   n | remark\n"
				       "===================\n"
				       "   a | 100 |      x\n"
				       "   b |     |       \n");
	grid_free(&g);
}

static void or_begin_at_the_left(void **state)
{
	struct grid g;

	(void)state;
	fill(&g);
	g.left = 1;
	assert_string_equal(print(&g), "name |   n | remark\n"
				       "===================\n"
				       "a    | 100 |      x\n"
				       "b    |     |       \n");
	/* The last one needs no padding. */
	g.left = 3;
	assert_string_equal(print(&g), "name | n   | remark\n"
				       "===================\n"
				       "a    | 100 | x\n"
				       "b    |     | \n");
	grid_free(&g);
}

static void rows_become_columns(void **state)
{
	struct grid g;

	(void)state;
	fill(&g);
	g.left = 1;
	grid_transpose(&g);
	assert_string_equal(print(&g), "name   |   a | b\n"
				       "================\n"
				       "n      | 100 |  \n"
				       "remark |   x |  \n");
	grid_free(&g);
}

static void what_is_no_letter_has_width(void **state)
{
	struct grid g;

	(void)state;
	grid_init(&g, 2, 1);
	grid_set(&g, 0, 0, "1±2");
	grid_set(&g, 1, 0, "abc");
	assert_string_equal(print(&g), "1±2\n===\nabc\n");
	grid_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_end_at_the_right),
		cmocka_unit_test(or_begin_at_the_left),
		cmocka_unit_test(rows_become_columns),
		cmocka_unit_test(what_is_no_letter_has_width),
	};

	return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
