/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Migrators that could be loaded. All functions take the directory of a kernel's
 * modules; with NULL nothing is known.
 */
#ifndef MIGCTL_MODULES_H
#define MIGCTL_MODULES_H

#include <stdbool.h>

#include "parse.h"

/* Module v[i] of @modules provides migrator v[i] of @migrators. */
void modules_list(const char *dir, struct words *migrators, struct words *modules);

/* Is there one that provides @migrator, and how is it called? */
bool modules_provide(const char *dir, const char *migrator, char module[WORD_LEN]);

/* Runs modprobe. Returns EXIT_OK, or EXIT_FAILED after a message. */
int modules_load(const char *module);

#endif
