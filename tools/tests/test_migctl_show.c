// SPDX-License-Identifier: GPL-2.0
/*
 * migctl alone, list and the table of policies.
 */
#include "migctl_tree.h"

#include <jansson.h>

static json_t *json_out(void)
{
	json_error_t error;
	json_t *v = json_loads(text_of(dir, "out"), JSON_REJECT_DUPLICATES, &error);

	assert_non_null(v);
	return v;
}

/* The word at @part and @name of the output. */
static void assert_at(json_t *v, const char *part, const char *name, const char *want)
{
	assert_string_equal(json_string_value(json_object_get(json_object_get(v, part), name)),
			    want);
}

static void a_glance(void **state)
{
	(void)state;
	write_text(dir, M "offload_migrator", "kernel auto [mtcopy] dcbm\n");
	write_counter(M "mtcopy/stats/bytes", "12884901888\n");
	write_counter(M "mtcopy/stats/ns", "2314000000\n");
	write_counter(M "mtcopy/stats/batches", "390\n");
	write_counter(M "mtcopy/stats/declined", "10\n");
	assert_int_equal(run(""), 0);
	assert_out("migrator    mtcopy, of kernel auto mtcopy dcbm\n");
	assert_out("policy      default for all reasons\n");
	assert_out("settings    max_batch_bytes 32M, min_batch_bytes 512K, max_stall_us 0, file_folios 0\n");
	assert_out("mtcopy      threads 4, min_bytes_per_worker 128K\n");
	assert_out("            12.885 GB in 390 batches, 5.57 GB/s, 2.5 % declined\n");
	assert_out("dcbm        channels 1\n            nothing copied yet\n");
	assert_not_out("modprobe");
	assert_string_equal(text_of(dir, "err"), "");
}

static void policies_that_are_not_default(void **state)
{
	(void)state;
	write_text(dir, M "policy/demotion", "default kernel auto mtcopy [dcbm]\n");
	assert_int_equal(run(""), 0);
	assert_out("policy      demotion dcbm; else the default\n");
	assert_not_out("Nothing uses");
}

static void hints_when_nothing_is_used(void **state)
{
	(void)state;
	assert_int_equal(run(""), 0);
	assert_out("Nothing uses a migrator: migctl set migrator=NAME\n"
		   "later can be loaded: modprobe migrate_later\n"
		   "padata can be loaded: modprobe padata_migrator\n");
	unload_all();
	assert_int_equal(run(""), 0);
	assert_out("No migrator is loaded: the kernel copies as ever.\n");
	assert_out("mtcopy can be loaded: modprobe mtcopy\n");
	assert_int_equal(run_as_typed("--sysfs=sys"), 0);
	assert_out("migctl check tells more");
}

static void state_for_programs(void **state)
{
	json_t *v, *m;

	(void)state;
	assert_int_equal(run("--format=json"), 0);
	v = json_out();
	assert_string_equal(json_string_value(json_object_get(v, "migrator")), "kernel");
	assert_int_equal(json_array_size(json_object_get(v, "offered")), 4);
	m = json_object_get(json_object_get(v, "migrators"), "mtcopy");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(m, "settings"),
							    "threads")), 4);
	assert_non_null(json_object_get(json_object_get(m, "stats"), "batches"));
	assert_null(json_object_get(m, "counters"));
	m = json_object_get(json_object_get(v, "migrators"), "dcbm");
	assert_non_null(json_object_get(json_object_get(m, "counters"), "quarantined"));
	assert_null(json_object_get(json_object_get(m, "settings"), "quarantined"));
	/* It can be selected, and is none. */
	assert_null(json_object_get(json_object_get(v, "migrators"), "auto"));
	json_decref(v);
}

static void an_older_kernel(void **state)
{
	(void)state;
	make_it_older();
	assert_int_equal(run(""), 0);
	assert_out("settings    max_batch_bytes 32M, min_batch_bytes 512K, file_folios 0\n");
	assert_not_out("policy");
	assert_int_equal(run("list"), 0);
	assert_not_out("used for");
	assert_not_out("auto");
	assert_int_equal(run("policy"), 1);
	assert_err("migctl: policy: not in this kernel\n");
}

static void lists_what_there_is(void **state)
{
	(void)state;
	write_text(dir, M "offload_migrator", "kernel auto [mtcopy] dcbm\n");
	write_text(dir, M "policy/demotion", "default kernel auto mtcopy [dcbm]\n");
	assert_int_equal(run("list"), 0);
	assert_out("kernel   | always    | -               | -        | \n");
	assert_out("auto     | always    | -               | -        | \n");
	assert_out("dcbm     | loaded    | dcbm            | -        | demotion\n");
	assert_out("mtcopy   | loaded    | mtcopy          | yes      | default\n");
	assert_out("padata   | available | padata_migrator | -        | \n");
	assert_out("later    | available | migrate_later   | -        | \n");
	/* Modules of the tests, the old switches and other drivers are none. */
	assert_not_out("migrate_offload");
	assert_not_out("idxd");
	write_text(dir, M "policy/damon", "default kernel auto [mtcopy] dcbm\n");
	write_text(dir, M "policy/demotion", "[default] kernel auto mtcopy dcbm\n");
	assert_int_equal(run("list"), 0);
	assert_out("yes      | all\n");
	write_text(dir, M "policy/other", "default kernel auto mtcopy [dcbm]\n");
	assert_int_equal(run("list"), 0);
	assert_out("yes      | default damon\n");
	assert_out("-        | other\n");
}

static void list_for_programs(void **state)
{
	json_t *v, *e;

	(void)state;
	write_text(dir, M "policy/damon", "default kernel auto mtcopy [dcbm]\n");
	assert_int_equal(run("list --format=json"), 0);
	v = json_out();
	assert_int_equal(json_array_size(v), 6);
	e = json_array_get(v, 0);
	assert_string_equal(json_string_value(json_object_get(e, "name")), "kernel");
	assert_true(json_is_true(json_object_get(e, "selected")));
	assert_true(json_is_null(json_object_get(e, "module")));
	e = json_object_get(e, "reasons");
	assert_int_equal(json_array_size(e), 1);
	assert_string_equal(json_string_value(json_array_get(e, 0)), "demotion");
	json_decref(v);
}

static void policies(void **state)
{
	json_t *v;

	(void)state;
	write_text(dir, M "policy/damon", "default kernel auto mtcopy [dcbm]\n");
	assert_int_equal(run("policy"), 0);
	assert_out("reason   | policy  | effective\n");
	assert_out("damon    | dcbm    | dcbm\ndemotion | default | kernel\n");
	assert_out("default: kernel\n");
	assert_int_equal(run("policy --format=json"), 0);
	v = json_out();
	assert_int_equal(json_object_size(v), 2);
	assert_int_equal(json_object_size(json_object_get(v, "policy")), 2);
	assert_at(v, "policy", "damon", "dcbm");
	assert_at(v, "policy", "demotion", "default");
	assert_at(v, "effective", "damon", "dcbm");
	assert_at(v, "effective", "demotion", "kernel");
	json_decref(v);
}

/* dcbm is selected, and some reasons get it only by name. */
static void make_exceptions(void)
{
	write_text(dir, M "offload_migrator", "kernel auto mtcopy [dcbm]\n");
	write_text(dir, M "policy/longterm_pin", "default kernel auto mtcopy [dcbm]\n");
	write_text(dir, M "policy/numa_misplaced", "[default] kernel auto mtcopy dcbm\n");
	write_counter(M "dcbm/not_by_default", "numa_misplaced longterm_pin\n");
	write_counter(M "mtcopy/not_by_default", "none\n");
}

static void effective_policies(void **state)
{
	json_t *v;

	(void)state;
	make_exceptions();
	assert_int_equal(run("policy"), 0);
	assert_out("damon          | default | dcbm\n"
		   "demotion       | default | dcbm\n"
		   "longterm_pin   | dcbm    | dcbm\n"
		   "numa_misplaced | default | kernel\n");
	assert_out("default: dcbm\n");
	assert_int_equal(run("policy --format=json"), 0);
	v = json_out();
	assert_at(v, "policy", "numa_misplaced", "default");
	assert_at(v, "effective", "numa_misplaced", "kernel");
	assert_at(v, "effective", "longterm_pin", "dcbm");
	json_decref(v);
	/* The list of a migrator that is not selected has no effect. */
	write_text(dir, M "offload_migrator", "kernel auto [mtcopy] dcbm\n");
	assert_int_equal(run("policy"), 0);
	assert_out("numa_misplaced | default | mtcopy\n");
	write_text(dir, M "offload_migrator", "kernel [auto] mtcopy dcbm\n");
	assert_int_equal(run("policy"), 0);
	assert_out("numa_misplaced | default | auto\n");
}

/* A line that names all reasons is longer than the value of any setting. */
static void all_reasons_are_exceptions(void **state)
{
	(void)state;
	make_exceptions();
	write_counter(M "dcbm/not_by_default",
		      "compaction memory_hotplug syscall_or_cpuset mempolicy_mbind "
		      "numa_misplaced contig_range longterm_pin demotion damon\n");
	assert_int_equal(run("policy"), 0);
	assert_out("damon          | default | kernel\n"
		   "demotion       | default | kernel\n"
		   "longterm_pin   | dcbm    | dcbm\n"
		   "numa_misplaced | default | kernel\n");
	assert_int_equal(run(""), 0);
	assert_out("; the default of damon, demotion, numa_misplaced is kernel\n");
}

static void exceptions_elsewhere(void **state)
{
	json_t *v, *m;

	(void)state;
	make_exceptions();
	assert_int_equal(run(""), 0);
	assert_out("policy      longterm_pin dcbm; else the default; "
		   "the default of numa_misplaced is kernel\n");
	assert_int_equal(run("--format=json"), 0);
	v = json_out();
	assert_at(v, "policy", "numa_misplaced", "default");
	assert_at(v, "effective", "numa_misplaced", "kernel");
	assert_at(v, "effective", "demotion", "dcbm");
	m = json_object_get(json_object_get(v, "migrators"), "dcbm");
	assert_int_equal(json_array_size(json_object_get(m, "not_by_default")), 2);
	assert_null(json_object_get(json_object_get(m, "counters"), "not_by_default"));
	m = json_object_get(json_object_get(v, "migrators"), "mtcopy");
	assert_int_equal(json_array_size(json_object_get(m, "not_by_default")), 0);
	json_decref(v);
	assert_int_equal(run("list"), 0);
	assert_out("kernel   | always    | -               | -        | numa_misplaced\n");
	assert_out("dcbm     | loaded    | dcbm            | yes      | default longterm_pin\n");
	assert_int_equal(run("stats"), 0);
	assert_not_out("not_by_default");
	assert_int_equal(run("save"), 0);
	assert_not_out("not_by_default");
	assert_not_out("effective");
}

/* A module that goes takes its files along: as empty files, or as none. */
static void files_that_are_gone(void **state)
{
	(void)state;
	write_text(dir, M "mtcopy/threads", "");
	link_to(M "mtcopy/min_bytes_per_worker", "nowhere");
	link_to(M "mtcopy/stats/bytes", "nowhere");
	write_text(dir, M "policy/damon", "");
	write_text(dir, M "policy/other", "5\n");
	assert_int_equal(run(""), 0);
	assert_out("mtcopy      \n            nothing copied yet\n");
	assert_int_equal(run("list"), 0);
	assert_int_equal(run("policy"), 0);
	assert_not_out("damon");
	assert_not_out("other");
	write_text(dir, M "offload_migrator", "");
	assert_int_equal(run(""), 0);
	assert_out("migrator    kernel, of\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_glance),
		T(policies_that_are_not_default),
		T(hints_when_nothing_is_used),
		T(state_for_programs),
		T(an_older_kernel),
		T(lists_what_there_is),
		T(list_for_programs),
		T(policies),
		T(effective_policies),
		T(all_reasons_are_exceptions),
		T(exceptions_elsewhere),
		T(files_that_are_gone),
	};

	return RUN_ON_TREES("migctl_show", tests);
}
