// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <unistd.h>

#include "migbench.h"
#include "options.h"

static char *arguments[24];

/* The words of @line as argv; the first is the command's name. */
static int parse(struct options *o, enum command command, const char *line)
{
	static char text[320];
	char *at = text, *word;
	int n = 0;

	snprintf(text, sizeof(text), "%s", line);
	while ((word = strsep(&at, " ")))
		arguments[n++] = word;
	arguments[n] = NULL;
	return options_parse(o, command, n, arguments);
}

static void defaults_are_the_rfcs(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, CMD_SWEEP, "sweep"), 0);
	assert_int_equal(o.total, 1 << 30);
	assert_int_equal(o.folio_sizes.n, 8);
	assert_int_equal(o.folio_sizes.v[0], 4096);
	assert_int_equal(o.folio_sizes.v[7], 2 << 20);
	assert_int_equal(o.workers.n, 6);
	assert_int_equal(o.workers.v[4], 12);
	assert_int_equal(o.reps, 5);
	assert_true(o.interleave);
	assert_false(o.oversubscribe);
	assert_int_equal(o.migrators.n, 0);
	assert_int_equal(o.node[0], -1);
	assert_int_equal(o.dma_reps, 0);
	assert_int_equal(o.min_share, 0);
	assert_false(o.cpu);
	assert_int_equal(parse(&o, CMD_COUNT, "count --cpu"), 0);
	assert_true(o.cpu);
	assert_false(o.touch);
	assert_int_equal(parse(&o, CMD_SWEEP, "sweep --touch"), 0);
	assert_true(o.touch);
	assert_false(o.hugetlb);
	assert_int_equal(parse(&o, CMD_SWEEP, "sweep --hugetlb"), 0);
	assert_true(o.hugetlb);
	assert_int_equal(o.folio_sizes.n, 2);
	assert_int_equal(o.folio_sizes.v[1], 1 << 30);
	assert_int_equal(parse(&o, CMD_SWEEP, "sweep --folio-sizes=1G --hugetlb"), 0);
	assert_int_equal(o.folio_sizes.v[0], 1 << 30);
	assert_int_equal(parse(&o, CMD_COUNT, "count --cpu"), 0);
	assert_int_equal(o.counts.n, 9);
	assert_int_equal(o.counts.v[8], 8192);
	assert_int_equal(parse(&o, CMD_BREAKDOWN, "breakdown"), 0);
	assert_int_equal(o.counts.n, 2);
	assert_int_equal(o.folio_sizes.n, 2);
	assert_int_equal(parse(&o, CMD_LATENCY, "latency"), 0);
	assert_int_equal(o.limits.n, 10);
	assert_int_equal(o.limits.v[9], 1 << 30);
	assert_int_equal(o.stalls.n, 0);
	assert_int_equal(parse(&o, CMD_LATENCY, "latency --stalls=500,2000"), 0);
	assert_int_equal(o.stalls.n, 2);
	assert_int_equal(o.stalls.v[1], 2000);
}

static void all_is_read(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, CMD_SWEEP,
		"sweep --total=64M --folio-sizes 4K,2M --migrators=mtcopy "
		"--workers=1,2 --reps=7 --nodes=2,0 --no-interleave "
		"--oversubscribe --max-batch=8M --min-batch=4K --accel=tcg "
		"--dma-reps=2 --min-share=64K --cpu"), 0);
	assert_int_equal(o.total, 64 << 20);
	assert_int_equal(o.folio_sizes.n, 2);
	assert_string_equal(o.migrators.v[0], "mtcopy");
	assert_int_equal(o.workers.n, 2);
	assert_int_equal(o.reps, 7);
	assert_int_equal(o.node[0], 2);
	assert_int_equal(o.node[1], 0);
	assert_false(o.interleave);
	assert_true(o.oversubscribe);
	assert_int_equal(o.max_batch, 8 << 20);
	assert_int_equal(o.min_batch, 4096);
	assert_int_equal(o.dma_reps, 2);
	assert_int_equal(o.min_share, 64 << 10);
	assert_true(o.cpu);
	assert_string_equal(o.accel, "tcg");
}

static void results_options(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, CMD_SWEEP,
		"sweep --format=csv --output=a --json=b --csv=c --kernel-package=d --quiet"), 0);
	assert_int_equal(o.format, FORMAT_CSV);
	assert_string_equal(o.output, "a");
	assert_string_equal(o.json, "b");
	assert_string_equal(o.csv, "c");
	assert_string_equal(o.kernel_package, "d");
	assert_true(o.quiet);
	assert_int_equal(parse(&o, CMD_COMPARE, "compare --format=json x y"), 0);
	assert_int_equal(o.format, FORMAT_JSON);
	assert_int_equal(o.nr_args, 2);
	assert_string_equal(o.args[1], "y");
}

static void errors_are_usage_errors(void **state)
{
	static const char *const bad[] = {
		"sweep --nonsense", "sweep --total", "sweep --total=", "sweep --total=x",
		"sweep --total=0", "sweep --folio-sizes=4M", "sweep --folio-sizes=12K",
		"sweep --folio-sizes=2K", "sweep --workers=0", "sweep --workers=1,,2",
		"sweep --reps=0", "sweep --reps=1001", "sweep --nodes=1",
		"sweep --nodes=1,1", "sweep --nodes=0,1,2", "sweep --format=xml",
		"sweep --accel=", "sweep --accel=a-name-too-long-for-it",
		"sweep --dma-reps=0", "sweep --dma-reps=1001", "sweep --min-share=x",
		"sweep --min-share=0", "sweep --cpu=1",
		"sweep --output=", "sweep --quiet=1", "sweep extra",
		/* options of other commands */
		"sweep --counts=1", "sweep --limits=2M",
	};
	struct options o;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse(&o, CMD_SWEEP, bad[i]) != EXIT_USAGE)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(parse(&o, CMD_COUNT, "count --total=1G"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_LATENCY, "latency --max-batch=2M"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_LATENCY, "latency --cpu"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_LATENCY, "latency --touch"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_LATENCY, "latency --stalls=0"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_LATENCY, "latency --stalls=2M"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_SWEEP, "sweep --stalls=500"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_BREAKDOWN, "breakdown --dma-reps=2"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_COMPARE, "compare a"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_COMPARE, "compare a b c"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_MERGE, "merge out"), EXIT_USAGE);
	assert_int_equal(parse(&o, CMD_SWEEP, "sweep --help"), -1);
}

static void words_and_help_name_every_option(void **state)
{
	char *help, *words;
	size_t len;
	FILE *f;

	(void)state;
	f = open_memstream(&words, &len);
	options_words(f, CMD_LATENCY, NULL);
	fclose(f);
	f = open_memstream(&help, &len);
	options_help(f, CMD_LATENCY);
	fclose(f);
	assert_non_null(strstr(words, "--limits=\n"));
	assert_non_null(strstr(words, "--quiet\n"));
	assert_null(strstr(words, "--counts"));
	assert_non_null(strstr(help, "--limits=LIST"));
	assert_null(strstr(help, "--counts"));
	free(words);
	free(help);
	f = open_memstream(&words, &len);
	options_words(f, CMD_SWEEP, NULL);
	fclose(f);
	assert_non_null(strstr(words, "--cpu\n"));
	assert_non_null(strstr(words, "--dma-reps=\n"));
	assert_non_null(strstr(words, "--min-share=\n"));
	free(words);
	f = open_memstream(&words, &len);
	options_words(f, CMD_SWEEP, "--format");
	fclose(f);
	assert_string_equal(words, "text csv json\n");
	free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_rfcs),
		cmocka_unit_test(all_is_read),
		cmocka_unit_test(results_options),
		cmocka_unit_test(errors_are_usage_errors),
		cmocka_unit_test(words_and_help_name_every_option),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
