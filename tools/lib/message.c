// SPDX-License-Identifier: GPL-2.0
/*
 * Messages to the user. Results never come this way.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common.h"

static int progress_on;
static int progress_shown;

void complain(const char *object, const char *fmt, ...)
{
	va_list ap;

	progress_done();
	fprintf(stderr, "%s: %s: ", program_invocation_short_name, object);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void progress_enable(int on)
{
	progress_on = on && isatty(STDERR_FILENO);
}

void progress(const char *fmt, ...)
{
	va_list ap;

	if (!progress_on)
		return;
	fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fflush(stderr);
	progress_shown = 1;
}

void progress_done(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = 0;
}
