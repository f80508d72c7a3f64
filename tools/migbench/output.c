// SPDX-License-Identifier: GPL-2.0
/*
 * Where results go.
 */
#include <errno.h>
#include <string.h>

#include "migbench.h"
#include "output.h"
#include "text.h"

FILE *output_open(const char *path)
{
	FILE *f = path ? fopen(path, "we") : stdout;

	if (!f)
		complain(path, "%s", strerror(errno));
	return f;
}

int output_close(FILE *f, const char *path)
{
	int bad = ferror(f) | fflush(f);

	if (f != stdout)
		bad |= fclose(f);
	if (!bad)
		return EXIT_OK;
	complain(path ? path : "standard output", "%s", strerror(errno));
	return EXIT_FAILED;
}

void output_write(FILE *f, enum format format, const struct record_set *set)
{
	if (format == FORMAT_TEXT)
		text_report(f, set);
	else if (format == FORMAT_JSON)
		records_write_json(f, set);
	else
		records_write_csv(f, set);
}

int output_records(const char *path, enum format format,
		   const struct record_set *set)
{
	FILE *f = output_open(path);

	if (!f)
		return EXIT_FAILED;
	output_write(f, format, set);
	return output_close(f, path);
}
