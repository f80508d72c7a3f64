/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel settings that are changed for a time, or all together or not at all.
 * The first change of a file remembers what it said; everything is put back at
 * exit and on the signals that end a program.
 */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include <stddef.h>

#include "parse.h"

#define SETTING_LEN 64

/* Registers the restoring with exit() and the signals. */
void settings_guard(void);

/*
 * Reads a setting: the word in brackets of a list such as "always [never]",
 * else the whole line. Returns 0 or -errno.
 */
int setting_read(const char *path, char *value, size_t len);
int setting_read_number(const char *path, long long *value);

/* The words of such a list, with and without brackets; none if it cannot be read. */
void setting_choices(const char *path, struct words *choices);

/* Writes a setting that is not already so; remembers the old one. */
int setting_write(const char *path, const char *value);
int setting_write_number(const char *path, unsigned long long value);

/* Puts everything back, last change first. Returns how many could not be. */
int settings_restore(void);

/* Lets what was written stand: nothing is put back any more. */
void settings_keep(void);

#endif
