// SPDX-License-Identifier: GPL-2.0
/*
 * migbench: how fast does the kernel move memory between NUMA nodes, and with
 * which copy engine. See migbench(8).
 */
#include <string.h>

#include "bench.h"
#include "output.h"
#include "settings.h"
#include "text.h"

static const struct command_text {
	const char *name;
	enum command command;
	int (*measure)(struct bench *b);
	int (*on_files)(const struct options *o);
	const char *args;
	const char *help;
} commands[] = {
	{ "sweep", CMD_SWEEP, cmd_sweep, NULL, "",
	  "throughput by folio size and workers (tables 1a, 1b, 1c)" },
	{ "count", CMD_COUNT, cmd_count, NULL, "",
	  "throughput by number of 2 MB folios (table 2)" },
	{ "breakdown", CMD_BREAKDOWN, cmd_breakdown, NULL, "",
	  "share of the copy in the call, and the speed-up it allows" },
	{ "latency", CMD_LATENCY, cmd_latency, NULL, "",
	  "what a thread waits for pages that move, by batch limit" },
	{ "compare", CMD_COMPARE, NULL, cmd_compare, " A B",
	  "two result files side by side" },
	{ "merge", CMD_MERGE, NULL, cmd_merge, " OUT IN...",
	  "one result file of several" },
};

static const struct command_text *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void print_help(FILE *f)
{
	size_t i;

	fprintf(f, "usage: migbench COMMAND [OPTION...]\n\n"
		"Measures how fast move_pages(2) moves memory between two NUMA nodes.\n\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(f, "\n  migbench COMMAND --help   options of a command\n"
		"  migbench --version        version\n"
		"  migbench                  what there is to measure here\n");
}

static void print_command_help(FILE *f, const struct command_text *c)
{
	fprintf(f, "usage: migbench %s [OPTION...]%s\n\n%s\n\n", c->name, c->args,
		c->help);
	options_help(f, c->command);
}

/* For the shell's completion: "--words", "--words COMMAND [OPTION]". */
static int print_words(int argc, char **argv)
{
	const struct command_text *c;
	size_t i;

	if (argc < 2) {
		for (i = 0; i < ARRAY_SIZE(commands); i++)
			puts(commands[i].name);
		puts("--help\n--version");
		return EXIT_OK;
	}
	c = find_command(argv[1]);
	if (c)
		options_words(stdout, c->command, argc > 2 ? argv[2] : NULL);
	return EXIT_OK;
}

static int print_state(void)
{
	struct sysinfo info;

	sysinfo_get(&info, NULL, NULL);
	sysinfo_print(stdout, &info);
	printf("\nmigbench --help tells what can be measured.\n");
	return EXIT_OK;
}

/* Failed cells make the run fail; no figure at all means: not here. */
static int exit_code(const struct record_set *set)
{
	size_t i, ok = 0;

	for (i = 0; i < set->n; i++) {
		if (record_has_status(&set->v[i], STATUS_FAILED))
			return EXIT_FAILED;
		ok += record_has_status(&set->v[i], STATUS_OK);
	}
	if (ok)
		return EXIT_OK;
	complain("result", "nothing could be measured here: %s",
		 set->n ? set->v[0].note : "nothing asked for");
	return EXIT_CANNOT;
}

/* Opened before the measurement: hours later is too late for a wrong path. */
struct results {
	FILE *main;
	FILE *json;
	FILE *csv;
};

static int open_results(struct results *r, const struct options *o)
{
	memset(r, 0, sizeof(*r));
	r->main = output_open(o->output);
	if (!r->main)
		return EXIT_FAILED;
	if (o->json)
		r->json = output_open(o->json);
	if (o->csv)
		r->csv = output_open(o->csv);
	return !o->json == !r->json && !o->csv == !r->csv ? EXIT_OK : EXIT_FAILED;
}

static int write_results(const struct results *r, const struct bench *b)
{
	const struct options *o = b->o;
	int bad;

	output_write(r->main, o->format, &b->records);
	bad = output_close(r->main, o->output);
	if (r->json) {
		output_write(r->json, FORMAT_JSON, &b->records);
		bad |= output_close(r->json, o->json);
	}
	if (r->csv) {
		output_write(r->csv, FORMAT_CSV, &b->records);
		bad |= output_close(r->csv, o->csv);
	}
	return bad ? EXIT_FAILED : EXIT_OK;
}

static int measure(const struct command_text *c, struct bench *b,
		   const struct results *r)
{
	int ret, written;

	if (b->o->format == FORMAT_TEXT) {
		sysinfo_print(r->main, &b->info);
		fflush(r->main);
	}
	ret = c->measure(b);
	if (ret)
		return ret;
	written = write_results(r, b);
	ret = exit_code(&b->records);
	return ret ? ret : written;
}

static int run_measurement(const struct command_text *c, const struct options *o)
{
	struct results r;
	struct bench b;
	int ret;

	settings_guard();
	progress_enable(!o->quiet);
	ret = bench_open(&b, o);
	if (!ret)
		ret = open_results(&r, o);
	if (!ret)
		ret = measure(c, &b, &r);
	records_free(&b.records);
	return settings_restore() ? EXIT_FAILED : ret;
}

static int run_command(const struct command_text *c, int argc, char **argv)
{
	struct options o;
	int ret;

	ret = options_parse(&o, c->command, argc, argv);
	if (ret < 0) {
		print_command_help(stdout, c);
		return EXIT_OK;
	}
	if (ret)
		return ret;
	return c->measure ? run_measurement(c, &o) : c->on_files(&o);
}

int main(int argc, char **argv)
{
	const struct command_text *c;

	if (argc < 2)
		return print_state();
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("migbench " MIGBENCH_VERSION);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--words"))
		return print_words(argc - 1, argv + 1);
	c = find_command(argv[1]);
	if (!c) {
		complain(argv[1], "no such command; migbench --help lists them");
		return EXIT_USAGE;
	}
	return run_command(c, argc - 1, argv + 1);
}
