/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where results go.
 */
#ifndef MIGBENCH_OUTPUT_H
#define MIGBENCH_OUTPUT_H

#include <stdio.h>

#include "options.h"
#include "record.h"

/* @path NULL: standard output. NULL after a message. */
FILE *output_open(const char *path);
/* Returns EXIT_OK or EXIT_FAILED: a full disk shows as late as here. */
int output_close(FILE *f, const char *path);

void output_write(FILE *f, enum format format, const struct record_set *set);

/* The three in one. */
int output_records(const char *path, enum format format,
		   const struct record_set *set);

#endif
