/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes of settings that are made all together or not at all.
 */
#ifndef MIGCTL_CHANGE_H
#define MIGCTL_CHANGE_H

#include "options.h"
#include "target.h"
#include "tree.h"

#define CHANGES_MAX 48

struct change {
	struct target target;
	char value[SETTING_LEN];	/* what is wanted */
	char taken[SETTING_LEN];	/* what the kernel shows then; "" if nothing */
	bool was_so;
};

struct changes {
	const struct tree *tree;
	const char *modules;
	struct change v[CHANGES_MAX];
	size_t n;
};

/*
 * Checks name and value, and adds them. Returns EXIT_OK; EXIT_USAGE for what is
 * wrong on any machine, EXIT_FAILED for what is not here; after a message.
 */
int changes_add(struct changes *c, const char *name, const char *value);

/*
 * The same of @arg, "NAME=VALUE" as options.c has seen to. @below: "policy." before
 * the name, or "".
 */
int changes_add_argument(struct changes *c, const char *below, const char *arg);

/* EXIT_OK, or EXIT_FAILED after a message, and then all is as it was. */
int changes_apply(struct changes *c);

/* What the kernel has taken; of all of them or only of what was not so before. */
int changes_print(const struct changes *c, enum format format, bool all);

#endif
