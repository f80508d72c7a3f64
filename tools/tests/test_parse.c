// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <errno.h>

#include "parse.h"

static void sizes_with_all_units(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} good[] = {
		{ "1", 1 }, { "4096", 4096 }, { "4K", 4096 }, { "4k", 4096 },
		{ "64KB", 65536 }, { "64KiB", 65536 }, { "2M", 2 << 20 },
		{ "1G", 1 << 30 }, { "2T", 2UL << 40 },
	};
	size_t i, v;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(parse_size(good[i].text, &v), 0);
		assert_int_equal(v, good[i].bytes);
	}
}

static void bad_sizes(void **state)
{
	static const char *const bad[] = {
		"", "K", "-1", "+1", " 1", "1 K", "1X", "1KBs", "1Kb2", "0x10", "1.5G",
	};
	size_t i, v;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_size(bad[i], &v), -EINVAL);
	assert_int_equal(parse_size("0", &v), -ERANGE);
	assert_int_equal(parse_size("99999999999999999999", &v), -ERANGE);
	/* Only the shift overflows. */
	assert_int_equal(parse_size("17179869184G", &v), -ERANGE);
	assert_int_equal(parse_size("16777216T", &v), -ERANGE);
}

static void numbers_have_bounds(void **state)
{
	size_t v;

	(void)state;
	assert_int_equal(parse_number("5", 1, 10, &v), 0);
	assert_int_equal(v, 5);
	assert_int_equal(parse_number("1", 1, 10, &v), 0);
	assert_int_equal(parse_number("10", 1, 10, &v), 0);
	assert_int_equal(parse_number("0", 1, 10, &v), -ERANGE);
	assert_int_equal(parse_number("11", 1, 10, &v), -ERANGE);
	assert_int_equal(parse_number("5x", 1, 10, &v), -EINVAL);
}

static void units_within_bounds(void **state)
{
	size_t v;

	(void)state;
	assert_int_equal(parse_scaled("4K", 4096, 8192, &v), 0);
	assert_int_equal(v, 4096);
	assert_int_equal(parse_scaled("8K", 4096, 8192, &v), 0);
	assert_int_equal(parse_scaled("0", 0, 1, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(parse_scaled("3K", 4096, 8192, &v), -ERANGE);
	assert_int_equal(parse_scaled("9K", 4096, 8192, &v), -ERANGE);
	assert_int_equal(parse_scaled("x", 0, 1, &v), -EINVAL);
}

static void lists(void **state)
{
	struct numbers n;
	struct words w;

	(void)state;
	assert_int_equal(parse_sizes("4K,2M,1G", &n), 0);
	assert_int_equal(n.n, 3);
	assert_int_equal(n.v[0], 4096);
	assert_int_equal(n.v[2], 1 << 30);
	assert_int_equal(parse_numbers("1,2,16", 1, 64, &n), 0);
	assert_int_equal(n.n, 3);
	assert_int_equal(n.v[2], 16);
	assert_int_equal(parse_words("kernel,mtcopy", &w), 0);
	assert_int_equal(w.n, 2);
	assert_string_equal(w.v[1], "mtcopy");
}

static void bad_lists(void **state)
{
	struct numbers n;
	struct words w;
	char many[200] = "1";
	int i;

	(void)state;
	assert_int_equal(parse_sizes("", &n), -EINVAL);
	assert_int_equal(parse_sizes("4K,", &n), -EINVAL);
	assert_int_equal(parse_sizes(",4K", &n), -EINVAL);
	assert_int_equal(parse_sizes("4K,x", &n), -EINVAL);
	assert_int_equal(parse_numbers("1,65", 1, 64, &n), -ERANGE);
	for (i = 1; i < LIST_MAX; i++)
		strcat(many, ",1");
	assert_int_equal(parse_numbers(many, 1, 1, &n), 0);
	assert_int_equal(n.n, LIST_MAX);
	strcat(many, ",1");
	assert_int_equal(parse_numbers(many, 1, 1, &n), -ERANGE);
	assert_int_equal(parse_words("kernel,,mtcopy", &w), -EINVAL);
	assert_int_equal(parse_words("", &w), -EINVAL);
	assert_int_equal(parse_words("a-name-of-more-than-31-characters", &w), -EINVAL);
}

static void sizes_in_short(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(format_size(buf, sizeof(buf), 4096), "4K");
	assert_string_equal(format_size(buf, sizeof(buf), 2 << 20), "2M");
	assert_string_equal(format_size(buf, sizeof(buf), 1 << 30), "1G");
	assert_string_equal(format_size(buf, sizeof(buf), 1234), "1234");
	assert_string_equal(format_size(buf, sizeof(buf), 1536 << 10), "1536K");
	assert_string_equal(format_size(buf, sizeof(buf), 0), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_with_all_units),
		cmocka_unit_test(bad_sizes),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(units_within_bounds),
		cmocka_unit_test(lists),
		cmocka_unit_test(bad_lists),
		cmocka_unit_test(sizes_in_short),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
