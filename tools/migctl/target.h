/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What can be set, by the name that users give it: "migrator", "max_batch_bytes",
 * "mtcopy.threads", "policy.demotion"; and which values that takes.
 */
#ifndef MIGCTL_TARGET_H
#define MIGCTL_TARGET_H

#include <limits.h>

#include "common.h"
#include "settings.h"
#include "tree.h"

#define TARGET_MIGRATOR	"migrator"
#define TARGET_POLICY	"policy"

enum value_kind {
	VALUE_NAME,	/* one that the file offers */
	VALUE_NUMBER,
	VALUE_BYTES,	/* a number that people read as 64M */
	VALUE_WORD,	/* of a file that this tool does not know: anything */
};

struct target {
	char name[2 * WORD_LEN];
	char file[2 * WORD_LEN];	/* below the tree's directory */
	enum value_kind kind;
	size_t min, max;
	const char *range;		/* what the kernel takes, in words; or NULL */
};

/*
 * Finds what @name stands for. Returns 0, or -1 with the reason in @why: it can
 * be that this kernel has no such setting, or that a module is not loaded.
 */
int target_find(const struct tree *t, const char *modules, const char *name,
		struct target *out, char why[NOTE_LEN]);

/*
 * Brings @value to the form in which the kernel shows it. Returns 0; -ENODEV
 * when it is not to be had here; -EINVAL or -ERANGE; with the reason in @why.
 */
int target_check(const struct tree *t, const char *modules, const struct target *x,
		 const char *value, char out[SETTING_LEN], char why[NOTE_LEN]);

/* Names that can be chosen and have no module: "kernel", "auto", "default". */
bool is_no_migrator(const char *name);

/* Why a migrator is not there, and what to do. */
void target_explain_migrator(const struct tree *t, const char *modules,
			     const char *name, char why[NOTE_LEN]);

/* Do people read it as 64M? */
bool target_is_bytes(const char *setting);

#endif
