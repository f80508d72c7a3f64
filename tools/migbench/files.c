// SPDX-License-Identifier: GPL-2.0
/*
 * The subcommands that work on result files: compare and merge.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "compare.h"
#include "output.h"

static int read_file(const char *path, struct record_set *set)
{
	char why[NOTE_LEN];

	if (!records_read(path, set, why))
		return EXIT_OK;
	complain(path, "%s", why);
	return EXIT_FAILED;
}

static int print_comparison(const struct options *o, const struct record_set *a,
			    const struct record_set *b)
{
	FILE *f = output_open(o->output);
	struct comparison *c;
	size_t n;

	if (!f)
		return EXIT_FAILED;
	n = compare_sets(a, b, &c);
	compare_print(f, o->format, c, n);
	free(c);
	return output_close(f, o->output);
}

int cmd_compare(const struct options *o)
{
	struct record_set a = { 0 }, b = { 0 };
	int ret;

	ret = read_file(o->args[0], &a);
	if (!ret)
		ret = read_file(o->args[1], &b);
	if (!ret)
		ret = print_comparison(o, &a, &b);
	records_free(&a);
	records_free(&b);
	return ret;
}

static enum format format_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && !strcmp(dot, ".csv") ? FORMAT_CSV : FORMAT_JSON;
}

/* Reads all before it writes: the output may be one of the inputs. */
int cmd_merge(const struct options *o)
{
	struct record_set all = { 0 };
	int i, ret = EXIT_OK;

	for (i = 1; !ret && i < o->nr_args; i++)
		ret = read_file(o->args[i], &all);
	if (!ret)
		ret = output_records(o->args[0], format_of(o->args[0]), &all);
	records_free(&all);
	return ret;
}
