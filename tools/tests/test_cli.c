// SPDX-License-Identifier: GPL-2.0
/*
 * The program as its users meet it: MIGBENCH names the binary.
 */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

/* Runs migbench in the scratch directory; its output goes to "out" and "err". */
static int run(const char *arguments)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command), "cd '%s' && '%s' %s >out 2>err", dir,
		 getenv("MIGBENCH"), arguments);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void asks_for_nothing(void **state)
{
	(void)state;
	assert_int_equal(run(""), 0);
	assert_non_null(strstr(text_of(dir, "out"), "kernel  "));
	assert_non_null(strstr(text_of(dir, "out"), "migrators"));
	assert_int_equal(run("--version"), 0);
	assert_int_equal(strncmp(text_of(dir, "out"), "migbench ", 9), 0);
}

static void help(void **state)
{
	(void)state;
	assert_int_equal(run("--help"), 0);
	assert_non_null(strstr(text_of(dir, "out"), "sweep"));
	assert_int_equal(run("latency --help"), 0);
	assert_non_null(strstr(text_of(dir, "out"), "--limits=LIST"));
	assert_string_equal(text_of(dir, "err"), "");
}

/* On stderr, as "migbench: object: reason", and nothing on stdout. */
static void usage_errors(void **state)
{
	static const char *const bad[] = {
		"nonsense", "sweep --nonsense", "sweep --reps=x", "compare one",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(run(bad[i]), 2);
		assert_string_equal(text_of(dir, "out"), "");
		assert_int_equal(strncmp(text_of(dir, "err"), "migbench: ", 10), 0);
		assert_non_null(strstr(text_of(dir, "err") + 10, ": "));
	}
}

static void nodes_that_are_not_there(void **state)
{
	(void)state;
	assert_int_equal(run("sweep --nodes=0,1022"), 4);
	assert_non_null(strstr(text_of(dir, "err"), "migbench: node 1022: "));
}

static void needs_two_nodes(void **state)
{
	(void)state;
	if (!access("/sys/devices/system/node/node1", F_OK))
		skip();
	assert_int_equal(run("sweep --total=2M"), 4);
	assert_non_null(strstr(text_of(dir, "err"), "two nodes"));
	assert_string_equal(text_of(dir, "out"), "");
}

static void merge_and_compare(void **state)
{
	(void)state;
	write_text(dir, "a", "[{\"schema_version\": 1, \"table\": \"1a\", \"migrator\": \"kernel\","
		   "\"status\": \"ok\", \"median_gbps\": 2.0, \"sd_gbps\": 0.0}]");
	write_text(dir, "b", "schema_version,table,migrator,status,median_gbps,sd_gbps,workers\n"
		   "1,2,kernel,ok,3,0,1234567890123\n1,1a,kernel,ok,3,0,\n");
	assert_int_equal(run("merge all a b"), 0);
	assert_int_equal(run("merge all.csv all"), 0);
	assert_int_equal(strncmp(text_of(dir, "all.csv"), "schema_version,", 15), 0);
	assert_int_equal(run("compare --format=csv all.csv b"), 0);
	/* Of its two cells of table 1a the last counts: 3 over 3. */
	assert_non_null(strstr(text_of(dir, "out"), "1,2,kernel,1234567890123,,,,,ok,3,0,ok,3,0,1,0\n"));
	assert_int_equal(run("compare --format=csv a b"), 0);
	assert_non_null(strstr(text_of(dir, "out"), ",ok,2,0,ok,3,0,1.5,0\n"));
	assert_non_null(strstr(text_of(dir, "out"), "1,2,kernel,1234567890123,,,,,absent,,,ok,3,0,,\n"));
	assert_int_equal(run("compare a b"), 0);
	assert_non_null(strstr(text_of(dir, "out"), "1.50±0.00"));
	assert_int_equal(run("compare --format=json --output=c a b"), 0);
	assert_non_null(strstr(text_of(dir, "c"), "\"ratio\": 1.5"));
}

/* The same cells by name, and not the same thing. */
static void compare_names_the_channels(void **state)
{
	(void)state;
	write_text(dir, "a", "[{\"schema_version\": 1, \"table\": \"1c\", \"migrator\": \"dcbm\","
		   "\"dma_driver\": \"migrate_offload_engine\", \"dma_software\": true}]");
	write_text(dir, "b", "[{\"schema_version\": 1, \"table\": \"1c\", \"migrator\": \"dcbm\","
		   "\"dma_driver\": \"zynqmp_dma\", \"dma_software\": false}]");
	assert_int_equal(run("compare a b"), 0);
	assert_non_null(strstr(text_of(dir, "out"),
			       "A: DMA channels of migrate_offload_engine: software"));
	assert_non_null(strstr(text_of(dir, "out"), "B: DMA channels of zynqmp_dma\n"));
}

static void merge_onto_its_own_input(void **state)
{
	(void)state;
	write_text(dir, "a", "[{\"schema_version\": 1, \"table\": \"1a\"}]");
	assert_int_equal(run("merge a a a"), 0);
	assert_int_equal(run("merge a a a"), 0);
	assert_int_equal(run("compare --format=csv a a"), 0);
	assert_non_null(strstr(text_of(dir, "a"), "\"table\": \"1a\""));
}

static void unreadable_files(void **state)
{
	(void)state;
	write_text(dir, "a", "[");
	assert_int_equal(run("compare a a"), 1);
	assert_int_equal(strncmp(text_of(dir, "err"), "migbench: a: ", 13), 0);
	assert_int_equal(run("merge out missing"), 1);
	write_text(dir, "a", "[]");
	assert_int_equal(run("merge /nowhere/out a"), 1);
	assert_int_equal(run("merge /dev/full a"), 1);
}

static void full_disks_are_noticed(void **state)
{
	char command[512];

	(void)state;
	write_text(dir, "a", "[{\"schema_version\": 1}]");
	snprintf(command, sizeof(command),
		 "cd '%s' && ! '%s' compare a a >/dev/full 2>err", dir,
		 getenv("MIGBENCH"));
	assert_int_equal(system(command), 0);
	assert_non_null(strstr(text_of(dir, "err"), "standard output"));
	assert_int_equal(run("compare --output=/dev/full a a"), 1);
}

static void words_for_the_shell(void **state)
{
	(void)state;
	assert_int_equal(run("--words"), 0);
	assert_non_null(strstr(text_of(dir, "out"), "breakdown\n"));
	assert_int_equal(run("--words count"), 0);
	assert_non_null(strstr(text_of(dir, "out"), "--counts=\n"));
	assert_int_equal(run("--words sweep --migrators"), 0);
	assert_int_equal(strncmp(text_of(dir, "out"), "kernel\n", 7), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
	const struct CMUnitTest tests[] = {
		T(asks_for_nothing),
		T(help),
		T(usage_errors),
		T(nodes_that_are_not_there),
		T(needs_two_nodes),
		T(merge_and_compare),
		T(compare_names_the_channels),
		T(merge_onto_its_own_input),
		T(unreadable_files),
		T(full_disks_are_noticed),
		T(words_for_the_shell),
	};

	if (!getenv("MIGBENCH")) {
		fprintf(stderr, "MIGBENCH must name the program\n");
		return 1;
	}
	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
