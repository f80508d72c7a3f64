// SPDX-License-Identifier: GPL-2.0
/*
 * stats: counters, their differences and tables.
 */
#include "migctl_tree.h"

#include "stats.h"

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *v = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	assert_non_null(v);
	return v;
}

static void assert_rates(const char *now, const char *before, double seconds,
			 const char *want)
{
	json_t *n = parse(now), *b = parse(before), *w = parse(want);
	json_t *rates = stats_rates(n, b, seconds);

	if (!json_equal(rates, w))
		fail_msg("%s", json_dumps(rates, 0));
	json_decref(n);
	json_decref(b);
	json_decref(w);
	json_decref(rates);
}

static void rates_of_counters(void **state)
{
	(void)state;
	assert_rates("{\"m\": {\"stats\": {\"bytes\": 700, \"batches\": 3}}}",
		     "{\"m\": {\"stats\": {\"bytes\": 200, \"batches\": 3}}}", 2.0,
		     "{\"m\": {\"stats\": {\"bytes\": 250.0, \"batches\": 0.0}}}");
}

/* The module was loaded again, or for the first time, or is gone. */
static void rates_of_modules_that_change(void **state)
{
	(void)state;
	assert_rates("{\"m\": {\"bytes\": 50}}", "{\"m\": {\"bytes\": 200}}", 2.0,
		     "{\"m\": {\"bytes\": 25.0}}");
	assert_rates("{\"m\": {\"bytes\": 50}}", "{}", 0.5, "{\"m\": {\"bytes\": 100.0}}");
	assert_rates("{}", "{\"m\": {\"bytes\": 50}}", 0.5, "{}");
	assert_rates("{\"m\": {\"bytes\": 9223372036854775807}}", "{\"m\": {\"bytes\": -1}}",
		     1.0, "{\"m\": {\"bytes\": 9223372036854775808.0}}");
	assert_rates("{\"m\": {\"bytes\": \"x\"}}", "{\"m\": {\"bytes\": 50}}", 1, "{\"m\": {}}");
}

static void what_is_no_counter_has_no_rate(void **state)
{
	(void)state;
	assert_rates("{\"m\": {\"counters\": {\"quarantined\": 2}, \"speed\": {\"huge_long\": 5}}}",
		     "{\"m\": {\"counters\": {\"quarantined\": 2}, \"speed\": {\"huge_long\": 4}}}",
		     2.0, "{\"m\": {\"counters\": {\"quarantined\": 2}}}");
}

static void fill_mtcopy(void)
{
	write_counter(M "mtcopy/stats/batches", "390\n");
	write_counter(M "mtcopy/stats/bytes", "12884901888\n");
	write_counter(M "mtcopy/stats/ns", "2314000000\n");
	write_counter(M "mtcopy/stats/cpu_ns", "6442450944\n");
	write_counter(M "mtcopy/stats/declined", "10\n");
	write_counter(M "mtcopy/reasons/demotion/bytes", "4096\n");
	write_counter(M "mtcopy/reasons/damon/bytes", "0\n");
	write_counter(M "mtcopy/speed/huge_long", "5310\n");
}

static void all_counters(void **state)
{
	(void)state;
	fill_mtcopy();
	assert_int_equal(run("stats"), 0);
	assert_out("counter     |     dcbm |    mtcopy | auto\n");
	assert_out("batches     |        0 |       390 |    3\n");
	assert_out("bytes       | 0.000 GB | 12.885 GB |    -\n");
	assert_out("ns          |  0.000 s |   2.314 s |    -\n");
	assert_out("GB/s        |          |      5.57 |     \n");
	assert_out("helper s/GB |          |      0.50 |     \n");
	assert_out("declined %  |          |       2.5 |  0.0\n");
	assert_out("declined for | dcbm | mtcopy | auto\n");
	assert_out("too_short    |    - |      - |    7\n");
	assert_out("quarantined |    0 |      - |    -\n");
	assert_out("huge_long     |    - |   5310 | 2310\n");
	assert_not_out("demotion");
}

static void of_one(void **state)
{
	(void)state;
	fill_mtcopy();
	assert_int_equal(run("stats mtcopy"), 0);
	assert_out("counter     |    mtcopy\n");
	assert_not_out("dcbm");
	assert_not_out("too_short");
	assert_int_equal(run("stats auto"), 0);
	assert_out("batches     |    3\n");
	assert_out("declined for | auto\n");
	assert_out("too_short    |    7\n");
	assert_out("huge_long     | 2310\n");
	assert_not_out("mtcopy");
}

static void by_reason(void **state)
{
	(void)state;
	fill_mtcopy();
	assert_int_equal(run("stats --reasons"), 0);
	assert_out("mtcopy   | batches | folios |    bytes |");
	assert_out("demotion |       0 |      0 | 0.000 GB |");
	/* Nothing to do for that one. */
	assert_not_out("damon");
	assert_out("dcbm: nothing, for any reason\n");
	assert_int_equal(run("stats mtcopy --reasons --format=json"), 0);
	assert_out("\"reasons\": {\n    \"damon\": {\n");
}

static void for_programs(void **state)
{
	json_t *v, *m;

	(void)state;
	fill_mtcopy();
	assert_int_equal(run("stats --format=json"), 0);
	v = parse(text_of(dir, "out"));
	m = json_object_get(json_object_get(v, "migrators"), "mtcopy");
	m = json_object_get(m, "stats");
	assert_int_equal(json_integer_value(json_object_get(m, "bytes")), 12884901888);
	assert_non_null(json_object_get(json_object_get(v, "auto"), "speed"));
	json_decref(v);
}

static void what_cannot_be_told(void **state)
{
	(void)state;
	assert_int_equal(run("stats padata"), 1);
	assert_err("migctl: stats: padata is not loaded: modprobe padata_migrator\n");
	assert_int_equal(run("stats kernel"), 1);
	assert_err("migctl: stats: kernel counts nothing\n");
	make_it_older();
	assert_int_equal(run("stats auto"), 1);
	assert_err("migctl: stats: auto is not in this kernel\n");
	assert_int_equal(run("stats --reasons"), 1);
	assert_err("migctl: reasons: not in this kernel\n");
	assert_int_equal(run("stats"), 0);
	assert_not_out("MB/s measured");
	unload_all();
	assert_int_equal(run("stats"), 0);
	assert_string_equal(text_of(dir, "out"), "No migrator is loaded.\n");
}

static void watches(void **state)
{
	json_t *v;

	(void)state;
	assert_int_equal(run("stats mtcopy --watch=0.05 --count=2"), 0);
	assert_out("each second |   mtcopy\n");
	assert_int_equal(run("stats mtcopy --watch=0.05 --count=1 --format=json"), 0);
	v = parse(text_of(dir, "out"));
	assert_true(json_real_value(json_object_get(v, "seconds")) >= 0.05);
	json_decref(v);
	/* One object a line. */
	assert_int_equal(run("stats mtcopy --watch=0.05 --count=2 --format=json"), 0);
	assert_string_equal(strchr(strchr(text_of(dir, "out"), '\n') + 1, '\n'), "\n");
	unload_all();
	remove_tree(M "auto");
	assert_int_equal(run("stats --watch=0.05 --count=2"), 0);
	assert_string_equal(text_of(dir, "out"),
			    "No migrator is loaded.\nNo migrator is loaded.\n");
}

static void watching_that_makes_no_sense(void **state)
{
	static const char *const bad[] = {
		"stats --watch=0", "stats --watch=-1", "stats --watch=x", "stats --watch=nan",
		"stats --watch=", "stats --watch=99999999", "stats --count=3",
		"stats --watch --count=0",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(run(bad[i]), 2);
		assert_err("migctl: ");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_of_counters),
		cmocka_unit_test(rates_of_modules_that_change),
		cmocka_unit_test(what_is_no_counter_has_no_rate),
		T(all_counters),
		T(of_one),
		T(by_reason),
		T(for_programs),
		T(what_cannot_be_told),
		T(watches),
		T(watching_that_makes_no_sense),
	};

	return RUN_ON_TREES("migctl_stats", tests);
}
