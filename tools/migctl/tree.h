/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /sys/kernel/mm/migration says. A migrator may leave at any time, and an
 * older kernel has fewer files: what cannot be read is not there.
 *
 * Files are named by their path below that directory.
 */
#ifndef MIGCTL_TREE_H
#define MIGCTL_TREE_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "options.h"
#include "parse.h"

#define SELECTED_FILE	"offload_migrator"
#define NOT_IN_KERNEL	"not in this kernel"

/* A file of a migrator: reasons for which "default" does not choose it, or "none". */
#define NOT_BY_DEFAULT	"not_by_default"

/* Names that can be chosen but are no migrators. */
#define NAME_KERNEL	"kernel"
#define NAME_AUTO	"auto"
#define NAME_DEFAULT	"default"

struct tree {
	const char *sysfs;
	char dir[PATH_MAX - 256];	/* room for a file's name below it */
};

/* What a directory has: the mode tells, as root may write to anything. */
enum entry { ENTRY_SETTING, ENTRY_COUNTER, ENTRY_DIR };

/* Returns EXIT_OK, or EXIT_FAILED after saying that the kernel has no such thing. */
int tree_open(struct tree *t, const struct options *o);

/* The same without a word. */
bool tree_find(struct tree *t, const struct options *o);

void tree_path(const struct tree *t, char path[PATH_MAX], const char *file);

/* In the order of people: see tree_order.c. @below "": the directory itself. */
void tree_entries(const struct tree *t, const char *below, enum entry kind,
		  struct words *names);
bool tree_has(const struct tree *t, const char *below, enum entry kind,
	      const char *name);

/* Names to choose from, of "[default] kernel mtcopy"; none in other files. */
void tree_offers(const struct tree *t, const char *file, struct words *names);
bool tree_offers_name(const struct tree *t, const char *file, const char *name);

/* All values of a directory that are numbers or words, by name. New reference. */
json_t *tree_values(const struct tree *t, const char *below, enum entry kind);

/* One of them; NULL where there is none. New reference. */
json_t *tree_value(const struct tree *t, const char *below, const char *name);

/* Those that are loaded: directories with counters in them. */
void tree_migrators(const struct tree *t, struct words *names);
bool tree_has_migrator(const struct tree *t, const char *name);

/* Reasons for which "default" does not choose a migrator; none on older kernels. */
void tree_not_by_default(const struct tree *t, const char *migrator,
			 struct words *reasons);

/* Sorts names as people expect them, what is new behind what is known. */
void tree_order(struct words *names);

#endif
