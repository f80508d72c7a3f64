/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that results go to.
 */
#ifndef TOOLS_STREAM_H
#define TOOLS_STREAM_H

#include <stdio.h>

/* @path NULL: standard output. NULL after a message. */
FILE *output_open(const char *path);
/* Returns EXIT_OK or EXIT_FAILED: a full disk shows as late as here. */
int output_close(FILE *f, const char *path);

#endif
