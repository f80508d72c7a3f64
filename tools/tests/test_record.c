// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <errno.h>
#include <math.h>

#include "output.h"
#include "record.h"

static char path[128];

static int make_path(void **state)
{
	make_dir(state);
	snprintf(path, sizeof(path), "%s/results", dir);
	return 0;
}

/* Every field gets a value of its own; texts have all that CSV must quote. */
static void fill_record(struct record *r, int seed)
{
	size_t i;
	char *at;

	for (i = 0; i < record_nr_fields; i++) {
		at = (char *)r + record_fields[i].offset;
		switch (record_fields[i].type) {
		case FIELD_STR:
			snprintf(at, record_fields[i].size, "%zu,\"%d\";", i, seed);
			break;
		case FIELD_INT:
			*(long long *)at = 1000 * seed + i;
			break;
		case FIELD_REAL:
			*(double *)at = seed + i / 64.0;
			break;
		case FIELD_BOOL:
			*(bool *)at = (seed + i) % 2;
			break;
		case FIELD_LIST:
			samples_add((struct samples *)at, seed + 0.5);
			samples_add((struct samples *)at, 1e-3 * seed);
			break;
		}
	}
	r->schema_version = RECORD_SCHEMA;
}

static void assert_same_list(const struct samples *a, const struct samples *b)
{
	size_t i;

	assert_int_equal(a->n, b->n);
	for (i = 0; i < a->n; i++)
		assert_near(a->v[i], b->v[i]);
}

static void assert_same(const struct record *a, const struct record *b)
{
	const void *x, *y;
	size_t i;

	for (i = 0; i < record_nr_fields; i++) {
		x = (const char *)a + record_fields[i].offset;
		y = (const char *)b + record_fields[i].offset;
		if (record_fields[i].type == FIELD_STR)
			assert_string_equal((const char *)x, (const char *)y);
		else if (record_fields[i].type == FIELD_INT)
			assert_int_equal(*(const long long *)x, *(const long long *)y);
		else if (record_fields[i].type == FIELD_BOOL)
			assert_int_equal(*(const bool *)x, *(const bool *)y);
		else if (record_fields[i].type == FIELD_LIST)
			assert_same_list(x, y);
		else if (isnan(*(const double *)x))
			assert_true(isnan(*(const double *)y));
		else
			assert_near(*(const double *)x, *(const double *)y);
	}
}

/* A full record, another one, and one in which nothing has a value. */
static void round_trip(enum format format)
{
	struct record_set out = { 0 }, in = { 0 };
	char why[NOTE_LEN] = "";
	size_t i;

	fill_record(records_add(&out), 1);
	fill_record(records_add(&out), 2);
	records_add(&out);
	assert_int_equal(output_records(path, format, &out), EXIT_OK);
	assert_int_equal(records_read(path, &in, why), 0);
	assert_int_equal(in.n, 3);
	for (i = 0; i < 3; i++)
		assert_same(&out.v[i], &in.v[i]);
	records_free(&out);
	records_free(&in);
}

static void json_round_trip(void **state)
{
	(void)state;
	round_trip(FORMAT_JSON);
}

static void csv_round_trip(void **state)
{
	(void)state;
	round_trip(FORMAT_CSV);
}

/* Nobody here writes such a note, but a file may come from elsewhere. */
static void csv_has_a_line_for_each(void **state)
{
	struct record_set out = { 0 }, in = { 0 };
	char why[NOTE_LEN];

	(void)state;
	strcpy(records_add(&out)->note, "two\nlines \"and\"\r\nmore");
	assert_int_equal(output_records(path, FORMAT_CSV, &out), EXIT_OK);
	assert_int_equal(records_read(path, &in, why), 0);
	assert_int_equal(in.n, 1);
	assert_string_equal(in.v[0].note, "two lines \"and\"  more");
	records_free(&out);
	records_free(&in);
}

/* An infinite cap is no number in JSON either. */
static void no_value_is_null(void **state)
{
	struct record_set out = { 0 }, in = { 0 };
	char why[NOTE_LEN];

	(void)state;
	records_add(&out)->amdahl_cap = INFINITY;
	assert_int_equal(output_records(path, FORMAT_JSON, &out), EXIT_OK);
	assert_int_equal(records_read(path, &in, why), 0);
	assert_true(isnan(in.v[0].amdahl_cap));
	assert_non_null(strstr(text_of(dir, "results"), "\"amdahl_cap\": null"));
	assert_non_null(strstr(text_of(dir, "results"), "\"workers\": null"));
	records_free(&out);
	records_free(&in);
}

static void assert_refused(const char *text)
{
	struct record_set in = { 0 };
	char why[NOTE_LEN] = "";

	write_text(dir, "results", text);
	assert_true(records_read(path, &in, why) < 0);
	assert_string_not_equal(why, "");
	records_free(&in);
}

static void other_files_are_refused(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused("[");
	assert_refused("{}");
	assert_refused("[1]");
	assert_refused("[{}]");
	assert_refused("[{\"schema_version\": 2}]");
	assert_refused("a,b\n1,2\n");
	assert_refused("schema_version,table\n2,1a\n");
	assert_refused("schema_version,table\n1\n");
}

static void a_missing_file_says_so(void **state)
{
	struct record_set in = { 0 };
	char why[NOTE_LEN];

	(void)state;
	assert_int_equal(records_read("/nowhere/at/all", &in, why), -ENOENT);
	assert_string_equal(why, strerror(ENOENT));
}

static void unknown_and_missing_fields(void **state)
{
	struct record_set in = { 0 };
	char why[NOTE_LEN];

	(void)state;
	write_text(dir, "results",
		   "[{\"schema_version\": 1, \"later\": [1], \"table\": \"1a\"}]");
	assert_int_equal(records_read(path, &in, why), 0);
	assert_string_equal(in.v[0].table, "1a");
	assert_int_equal(in.v[0].workers, RECORD_ABSENT);
	assert_true(isnan(in.v[0].median_gbps));
	records_free(&in);
}

/* Even places are the way forward, odd ones the way back. */
static void medians_by_direction(void **state)
{
	static const double gbps[] = { 1, 10, 3, 30, 2, 20 };
	struct record_set set = { 0 };
	struct record *r = records_add(&set);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(gbps); i++)
		samples_add(&r->gbps, gbps[i]);
	record_summarize(r);
	assert_near(r->median_gbps_forward, 2);
	assert_near(r->median_gbps_backward, 20);
	assert_near(r->median_gbps, 6.5);
	assert_int_equal(r->reps, 3);
	records_free(&set);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_path, drop_dir)
	const struct CMUnitTest tests[] = {
		T(json_round_trip),
		T(csv_round_trip),
		T(csv_has_a_line_for_each),
		T(no_value_is_null),
		T(other_files_are_refused),
		T(a_missing_file_says_so),
		T(unknown_and_missing_fields),
		T(medians_by_direction),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
