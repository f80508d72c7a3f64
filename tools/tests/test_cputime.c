// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "cputime.h"

static int close_and_drop_dir(void **state)
{
	cputime_close();
	return drop_dir(state);
}

static const char *stat_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/stat", dir);
	return path;
}

static void busy_is_neither_idle_nor_stolen(void **state)
{
	(void)state;
	/* user nice system idle iowait irq softirq steal guest guest_nice */
	assert_int_equal(cputime_busy("cpu  1 20 300 9999 8888 4000 50000 7777 1 2\n"
				      "cpu0 1 1 1 1 1 1 1 0 0 0\n"), 54321);
	/* before Linux 2.5.41 */
	assert_int_equal(cputime_busy("cpu 1 2 3 4\n"), 6);
	assert_int_equal(cputime_busy("cpu  0 0 0 5 0 0 0 0 0 0"), 0);
	/* more ticks than 32 bits hold */
	assert_true(cputime_busy("cpu 1 0 5000000000 4") == 5000000001LL);
}

static void other_text_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "cpu", "cpu 1 2 3", "cpu a b c d", "cpu0 1 2 3 4", "intr 1 2 3 4",
		"cpu 1 2 x 4", "cpu -1 2 3 4", " cpu 1 2 3 4",
		"cpu 9223372036854775807 1 1 1", "cpu 1 1 1 1 1 9223372036854775807",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (cputime_busy(bad[i]) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
}

static void files_that_do_not_serve(void **state)
{
	(void)state;
	assert_int_equal(cputime_open("/nowhere/at/all"), -ENOENT);
	write_text(dir, "stat", "something else\n");
	assert_int_equal(cputime_open(stat_path()), -EINVAL);
	write_text(dir, "stat", "");
	assert_int_equal(cputime_open(stat_path()), -EINVAL);
}

static void ticks_in_between(void **state)
{
	struct cputime t;

	(void)state;
	write_text(dir, "stat", "cpu  10 0 100 0 0 0 0\n");
	assert_int_equal(cputime_open(stat_path()), 0);
	assert_int_equal(cputime_start(&t), 0);
	write_text(dir, "stat", "cpu  11 0 105 7 7 1 0\n");
	assert_int_equal(cputime_stop(&t), 0);
	assert_int_equal(t.ticks, 7);
	assert_int_equal(cputime_start(&t), 0);
	write_text(dir, "stat", "gone\n");
	assert_int_equal(cputime_stop(&t), -EINVAL);
}

static void nothing_is_measured_while_closed(void **state)
{
	struct cputime t = { 1, 1 };

	(void)state;
	assert_int_equal(cputime_start(&t), 0);
	assert_int_equal(cputime_stop(&t), 0);
	assert_near(t.caller, 0);
	assert_int_equal(t.ticks, 0);
}

static double thread_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Work counts and sleep does not. */
static void the_callers_own_time(void **state)
{
	struct cputime t;
	double start;

	(void)state;
	assert_int_equal(cputime_open(PROC_STAT), 0);
	assert_int_equal(cputime_start(&t), 0);
	start = thread_seconds();
	while (thread_seconds() - start < 0.05)
		;
	assert_int_equal(cputime_stop(&t), 0);
	assert_true(t.caller >= 0.05 && t.ticks >= 0);
	assert_int_equal(cputime_start(&t), 0);
	usleep(50000);
	assert_int_equal(cputime_stop(&t), 0);
	assert_true(t.caller < 0.04);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, close_and_drop_dir)
	const struct CMUnitTest tests[] = {
		T(busy_is_neither_idle_nor_stolen),
		T(other_text_is_refused),
		T(files_that_do_not_serve),
		T(ticks_in_between),
		T(nothing_is_measured_while_closed),
		T(the_callers_own_time),
	};

	return cmocka_run_group_tests_name("cputime", tests, NULL, NULL);
}
