// SPDX-License-Identifier: GPL-2.0
/*
 * Files that results go to.
 */
#include <errno.h>
#include <string.h>

#include "common.h"
#include "stream.h"

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
