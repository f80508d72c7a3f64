/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that save has written: is one what it should be?
 */
#ifndef MIGCTL_SAVED_H
#define MIGCTL_SAVED_H

#include <jansson.h>

#include "parse.h"

/*
 * Reads a file and checks its form: names that do not belong there, values of a
 * wrong type, another version. NULL after a message for each mistake.
 */
json_t *saved_read(const char *path);

/* Adds a name of the file once. */
void saved_add_name(struct words *w, const char *name);

#endif
