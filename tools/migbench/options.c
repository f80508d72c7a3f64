// SPDX-License-Identifier: GPL-2.0
/*
 * The command line.
 */
#include <errno.h>
#include <string.h>

#include "migbench.h"
#include "migrator.h"
#include "option.h"
#include "options.h"
#include "sysinfo.h"

#define MAX_REPS	1000
#define MAX_COUNT	(1UL << 24)
#define MAX_STALL_US	10000000
#define MAX_WORKERS	1024
#define MAX_NODE	1023

/* Values that the kernel is asked for */
#define VALUES_MIGRATORS "@migrators"

enum {
	OPT_TOTAL, OPT_FOLIO_SIZES, OPT_COUNTS, OPT_LIMITS, OPT_STALLS, OPT_MIGRATORS,
	OPT_WORKERS, OPT_REPS, OPT_DMA_REPS, OPT_NODES, OPT_INTERLEAVE,
	OPT_NO_INTERLEAVE, OPT_OVERSUBSCRIBE, OPT_CPU, OPT_TOUCH, OPT_HUGETLB, OPT_MAX_BATCH,
	OPT_MIN_BATCH, OPT_MIN_SHARE, OPT_ACCEL, OPT_PACKAGE, OPT_FORMAT, OPT_OUTPUT, OPT_JSON,
	OPT_CSV, OPT_QUIET, OPT_HELP, NR_OPTS,
};

static const struct option_text texts[NR_OPTS] = {
	[OPT_TOTAL] = { "total", CMD_SWEEP | CMD_LATENCY, "SIZE", "64M 256M 1G",
		"bytes moved by one call (default: 1G)" },
	[OPT_FOLIO_SIZES] = { "folio-sizes", CMD_SWEEP | CMD_BREAKDOWN | CMD_LATENCY,
		"LIST", "4K 16K 64K 128K 256K 512K 1M 2M 1G", "folio sizes" },
	[OPT_COUNTS] = { "counts", CMD_COUNT | CMD_BREAKDOWN, "LIST",
		"1 8 16 32 64 256 512 2048 8192", "numbers of folios" },
	[OPT_LIMITS] = { "limits", CMD_LATENCY, "LIST", "2M 4M 8M 16M 32M 64M",
		"values of max_batch_bytes (default: 2M doubling to 1G)" },
	[OPT_STALLS] = { "stalls", CMD_LATENCY, "LIST", "500 1000 2000 4000 8000",
		"values of max_stall_us, instead of limits" },
	[OPT_MIGRATORS] = { "migrators", CMD_MEASURE & ~CMD_BREAKDOWN, "LIST",
		VALUES_MIGRATORS, "default: all that the kernel offers" },
	[OPT_WORKERS] = { "workers", CMD_MEASURE, "LIST", "1 2 4 8 12 16",
		"numbers of workers (default: 1,2,4,8,12,16)" },
	[OPT_REPS] = { "reps", CMD_MEASURE, "N", "5 10 20",
		"repetitions in each direction (default: 5)" },
	[OPT_DMA_REPS] = { "dma-reps", CMD_MEASURE & ~CMD_BREAKDOWN, "N", "2 5 10",
		"repetitions where the workers are DMA channels (default: as the rest)" },
	[OPT_NODES] = { "nodes", CMD_MEASURE, "A,B", "0,1",
		"move from A to B and back (default: the first two)" },
	[OPT_INTERLEAVE] = { "interleave", CMD_MEASURE, NULL, NULL,
		"take turns between migrators, so that noise hits all (default)" },
	[OPT_NO_INTERLEAVE] = { "no-interleave", CMD_MEASURE, NULL, NULL,
		"finish one migrator before the next" },
	[OPT_OVERSUBSCRIBE] = { "oversubscribe", CMD_MEASURE, NULL, NULL,
		"also run more workers than there are CPUs" },
	[OPT_CPU] = { "cpu", CMD_SWEEP | CMD_COUNT, NULL, NULL,
		"also report CPU time, of the caller and of all CPUs, in s/GB" },
	[OPT_TOUCH] = { "touch", CMD_SWEEP | CMD_COUNT, NULL, NULL,
		"also read what was moved, and report how fast that was" },
	[OPT_HUGETLB] = { "hugetlb", CMD_SWEEP, NULL, NULL,
		"move hugetlb pages (folio sizes: those of hugetlb, up to 1G)" },
	[OPT_MAX_BATCH] = { "max-batch", CMD_MEASURE & ~CMD_LATENCY, "SIZE", "2M 32M 1G",
		"set max_batch_bytes while measuring" },
	[OPT_MIN_BATCH] = { "min-batch", CMD_MEASURE & ~CMD_BREAKDOWN, "SIZE", "4K 64K 2M",
		"set min_batch_bytes while measuring" },
	[OPT_MIN_SHARE] = { "min-share", CMD_MEASURE & ~CMD_BREAKDOWN, "SIZE", "4K 64K 256K",
		"set mtcopy/min_bytes_per_worker and dcbm/min_bytes_per_channel" },
	[OPT_ACCEL] = { "accel", CMD_MEASURE, "NAME", "tcg kvm native virtual",
		"how this system runs, a label (default: found out)" },
	[OPT_PACKAGE] = { "kernel-package", CMD_MEASURE, "TEXT", NULL,
		"package and version of the kernel, a label" },
	[OPT_FORMAT] = { "format", CMD_MEASURE | CMD_COMPARE, "NAME", "text csv json",
		"text, csv or json (default: text)" },
	[OPT_OUTPUT] = { "output", CMD_MEASURE | CMD_COMPARE, "FILE", NULL,
		"write there instead of to standard output" },
	[OPT_JSON] = { "json", CMD_MEASURE, "FILE", NULL, "also write JSON to FILE" },
	[OPT_CSV] = { "csv", CMD_MEASURE, "FILE", NULL, "also write CSV to FILE" },
	[OPT_QUIET] = { "quiet", CMD_MEASURE, NULL, NULL, "no progress on the terminal" },
	[OPT_HELP] = { "help", ~0U, NULL, NULL, "print this" },
};

static void set_defaults(struct options *o, enum command command)
{
	memset(o, 0, sizeof(*o));
	o->command = command;
	o->total = SZ_1G;
	o->reps = 5;
	o->node[0] = o->node[1] = -1;
	o->interleave = true;
	parse_numbers("1,2,4,8,12,16", 1, MAX_WORKERS, &o->workers);
	parse_sizes("2M,4M,8M,16M,32M,64M,128M,256M,512M,1G", &o->limits);
	if (command == CMD_BREAKDOWN)
		parse_numbers("1,512", 1, MAX_COUNT, &o->counts);
	else
		parse_numbers("1,8,16,32,64,256,512,2048,8192", 1, MAX_COUNT,
			      &o->counts);
}

/* Those depend on another option. */
static void set_default_sizes(struct options *o)
{
	if (o->hugetlb)
		parse_sizes("2M,1G", &o->folio_sizes);
	else if (o->command == CMD_SWEEP)
		parse_sizes("4K,16K,64K,128K,256K,512K,1M,2M", &o->folio_sizes);
	else if (o->command == CMD_BREAKDOWN)
		parse_sizes("4K,2M", &o->folio_sizes);
	else
		parse_sizes("2M", &o->folio_sizes);
}

static int set_nodes(struct options *o, const char *arg)
{
	struct numbers n;
	int err;

	err = parse_numbers(arg, 0, MAX_NODE, &n);
	if (err)
		return err;
	if (n.n != 2 || n.v[0] == n.v[1])
		return -EINVAL;
	o->node[0] = n.v[0];
	o->node[1] = n.v[1];
	return 0;
}

static int set_format(struct options *o, const char *arg)
{
	static const char *const names[] = { "text", "csv", "json" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(arg, names[i]))
			continue;
		o->format = i;
		return 0;
	}
	return -EINVAL;
}

static bool power_of_two(size_t v)
{
	return !(v & (v - 1));
}

static int set_folio_sizes(struct options *o, const char *arg)
{
	int err = parse_sizes(arg, &o->folio_sizes);
	size_t i;

	for (i = 0; !err && i < o->folio_sizes.n; i++)
		if (!power_of_two(o->folio_sizes.v[i]) ||
		    o->folio_sizes.v[i] < 4096 || o->folio_sizes.v[i] > SZ_1G)
			err = -ERANGE;
	return err;
}

/* A comma would end a table's cell in no format, but a label of 16 must fit. */
static int set_accel(struct options *o, const char *arg)
{
	if (!*arg || strlen(arg) >= 16)
		return -EINVAL;
	o->accel = arg;
	return 0;
}

static int set_switch(struct options *o, int opt)
{
	if (opt == OPT_INTERLEAVE || opt == OPT_NO_INTERLEAVE)
		o->interleave = opt == OPT_INTERLEAVE;
	else if (opt == OPT_OVERSUBSCRIBE)
		o->oversubscribe = true;
	else if (opt == OPT_CPU)
		o->cpu = true;
	else if (opt == OPT_TOUCH)
		o->touch = true;
	else if (opt == OPT_HUGETLB)
		o->hugetlb = true;
	else
		o->quiet = true;
	return 0;
}

static int set_text(struct options *o, int opt, const char *arg)
{
	if (!*arg)
		return -EINVAL;
	if (opt == OPT_PACKAGE)
		o->kernel_package = arg;
	else if (opt == OPT_OUTPUT)
		o->output = arg;
	else if (opt == OPT_JSON)
		o->json = arg;
	else
		o->csv = arg;
	return 0;
}

static int set_option(void *to, int opt, const char *arg)
{
	struct options *o = to;

	switch (opt) {
	case OPT_TOTAL:
		return parse_size(arg, &o->total);
	case OPT_FOLIO_SIZES:
		return set_folio_sizes(o, arg);
	case OPT_COUNTS:
		return parse_numbers(arg, 1, MAX_COUNT, &o->counts);
	case OPT_LIMITS:
		return parse_sizes(arg, &o->limits);
	case OPT_STALLS:
		return parse_numbers(arg, 1, MAX_STALL_US, &o->stalls);
	case OPT_MIGRATORS:
		return parse_words(arg, &o->migrators);
	case OPT_WORKERS:
		return parse_numbers(arg, 1, MAX_WORKERS, &o->workers);
	case OPT_REPS:
		return parse_number(arg, 1, MAX_REPS, &o->reps);
	case OPT_DMA_REPS:
		return parse_number(arg, 1, MAX_REPS, &o->dma_reps);
	case OPT_NODES:
		return set_nodes(o, arg);
	case OPT_MAX_BATCH:
		return parse_size(arg, &o->max_batch);
	case OPT_MIN_BATCH:
		return parse_size(arg, &o->min_batch);
	case OPT_MIN_SHARE:
		return parse_size(arg, &o->min_share);
	case OPT_ACCEL:
		return set_accel(o, arg);
	case OPT_FORMAT:
		return set_format(o, arg);
	default:
		return arg ? set_text(o, opt, arg) : set_switch(o, opt);
	}
}

static const struct option_table table = { texts, NR_OPTS, set_option };

static int check_args(const struct options *o, const char *name)
{
	size_t i;

	if (o->command == CMD_COMPARE && o->nr_args != 2) {
		complain(name, "needs two result files");
		return EXIT_USAGE;
	}
	if (o->command == CMD_MERGE && o->nr_args < 2) {
		complain(name, "needs an output file and at least one result file");
		return EXIT_USAGE;
	}
	for (i = 0; !o->hugetlb && i < o->folio_sizes.n; i++)
		if (o->folio_sizes.v[i] > SZ_2M) {
			complain("folio-sizes", "above 2M only with --hugetlb");
			return EXIT_USAGE;
		}
	if (o->command & CMD_MEASURE && o->nr_args) {
		complain(o->args[0], "%s takes no such argument", name);
		return EXIT_USAGE;
	}
	return 0;
}

int options_parse(struct options *o, enum command command, int argc, char **argv)
{
	int ret, first;

	set_defaults(o, command);
	ret = option_read(&table, command, o, argc, argv, &first);
	if (ret)
		return ret;
	o->args = argv + first;
	o->nr_args = argc - first;
	if (!o->folio_sizes.n)
		set_default_sizes(o);
	return check_args(o, argv[0]);
}

void options_help(FILE *f, enum command command)
{
	option_help(f, &table, command);
}

static void print_values(FILE *f, const char *values)
{
	struct words names;
	size_t i;

	if (strcmp(values, VALUES_MIGRATORS)) {
		fprintf(f, "%s\n", values);
		return;
	}
	migrator_list(MIGRATION_DIR, &names);
	for (i = 0; i < names.n; i++)
		fprintf(f, "%s\n", names.v[i]);
}

void options_words(FILE *f, enum command command, const char *option)
{
	const struct option_text *o;

	if (!option) {
		option_words(f, &table, command);
		return;
	}
	o = option_find(&table, command, option);
	if (o && o->values)
		print_values(f, o->values);
}
