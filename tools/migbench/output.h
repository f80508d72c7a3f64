/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where results go.
 */
#ifndef MIGBENCH_OUTPUT_H
#define MIGBENCH_OUTPUT_H

#include <stdio.h>

#include "options.h"
#include "record.h"
#include "stream.h"

void output_write(FILE *f, enum format format, const struct record_set *set);

/* Opens, writes and closes. */
int output_records(const char *path, enum format format,
		   const struct record_set *set);

#endif
