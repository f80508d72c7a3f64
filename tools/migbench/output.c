// SPDX-License-Identifier: GPL-2.0
/*
 * Where results go.
 */
#include "migbench.h"
#include "output.h"
#include "text.h"

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
