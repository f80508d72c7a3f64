/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values for people and for programs.
 */
#ifndef MIGCTL_PRINT_H
#define MIGCTL_PRINT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* To standard output, with a newline; drops @value. Returns an exit code. */
int print_json(json_t *value, size_t flags);

/* As people read it: 64M for a setting that counts bytes. */
const char *format_value(char *buf, size_t len, const char *name,
			 const json_t *value);

/* "threads 4, idle_only 1" */
void print_values(FILE *f, const json_t *values);

#endif
