// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <math.h>

#include "stats.h"

static struct samples of(size_t n, const double *v)
{
	struct samples s = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		samples_add(&s, v[i]);
	return s;
}

#define SAMPLES(...) of(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), \
			(double[]){ __VA_ARGS__ })

static void median_of_odd_and_even(void **state)
{
	struct samples odd = SAMPLES(9, 1, 5), even = SAMPLES(4, 1, 3, 2);

	(void)state;
	assert_near(stats_median(&odd), 5);
	assert_near(stats_median(&even), 2.5);
	/* The order of the repetitions is part of the result. */
	assert_near(odd.v[0], 9);
	samples_free(&odd);
	samples_free(&even);
}

static void deviation_of_a_sample(void **state)
{
	struct samples s = SAMPLES(2, 4, 4, 4, 5, 5, 7, 9), one = SAMPLES(3);

	(void)state;
	assert_near(stats_sd(&s), sqrt(32.0 / 7));
	assert_near(stats_sd(&one), 0);
	samples_free(&s);
	samples_free(&one);
}

static void percentiles_by_nearest_rank(void **state)
{
	struct samples s = { 0 };
	int i;

	(void)state;
	for (i = 200; i >= 1; i--)
		samples_add(&s, i);
	assert_near(stats_percentile(&s, 99), 198);
	assert_near(stats_percentile(&s, 50), 100);
	assert_near(stats_percentile(&s, 0), 1);
	assert_near(stats_max(&s), 200);
	samples_free(&s);
}

static void nothing_has_no_value(void **state)
{
	struct samples none = { 0 };

	(void)state;
	assert_true(isnan(stats_median(&none)));
	assert_true(isnan(stats_sd(&none)));
	assert_true(isnan(stats_max(&none)));
	assert_true(isnan(stats_percentile(&none, 99)));
}

/* The RFC's own example: 97 % of the call, the copy 7.5 times faster. */
static void amdahl(void **state)
{
	(void)state;
	assert_near(stats_amdahl(0.97, 7.5), 1 / (0.03 + 0.97 / 7.5));
	assert_near(stats_amdahl(0, 100), 1);
	assert_near(stats_amdahl(1, 4), 4);
	assert_near(stats_amdahl_cap(0.35), 1 / 0.65);
	assert_near(stats_amdahl_cap(0.5), 2);
	assert_true(isinf(stats_amdahl_cap(1)));
}

static void spread_of_a_ratio(void **state)
{
	(void)state;
	/* 3 % and 4 % make 5 %. */
	assert_near(stats_ratio_sd(20, 0.6, 10, 0.4), 2 * 0.05);
	assert_near(stats_ratio_sd(20, 0, 10, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(median_of_odd_and_even),
		cmocka_unit_test(deviation_of_a_sample),
		cmocka_unit_test(percentiles_by_nearest_rank),
		cmocka_unit_test(nothing_has_no_value),
		cmocka_unit_test(amdahl),
		cmocka_unit_test(spread_of_a_ratio),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
