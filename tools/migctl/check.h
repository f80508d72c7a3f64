/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is this machine able? Each finding is one line with what to do.
 */
#ifndef MIGCTL_CHECK_H
#define MIGCTL_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "options.h"
#include "tree.h"

enum finding {
	FOUND_OK,
	FOUND_MISSING,		/* nothing can be offloaded without it */
	FOUND_NOTE,
};

struct check {
	const struct options *o;
	struct tree tree;
	bool feature;
	json_t *findings;
};

void check_add(struct check *c, enum finding finding, const char *subject,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Nodes, processors, DMA channels and huge pages. */
void check_machine(struct check *c);

/* What the kernel was built with, where that is known. */
void check_kconfig(struct check *c);

#endif
