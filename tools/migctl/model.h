/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree as JSON: what programs get, and what the texts are made of. All
 * return new references.
 */
#ifndef MIGCTL_MODEL_H
#define MIGCTL_MODEL_H

#include <jansson.h>

#include "tree.h"

/* The migrator in use, a string. */
json_t *model_selected(const struct tree *t);

/* By reason, "default" among them; NULL where the kernel has no policies. */
json_t *model_policy(const struct tree *t);

/* The migrator that each reason of @policy gets, without "default". */
json_t *model_effective(const struct tree *t, const json_t *policy);

/* The common settings: limits of batches and the like. */
json_t *model_settings(const struct tree *t);

/* By migrator that is loaded. */
json_t *model_migrator_settings(const struct tree *t);

/*
 * What a migrator has done: "stats", and "counters" of its own if it has any.
 * The list NOT_BY_DEFAULT is not among the counters.
 */
json_t *model_counters(const struct tree *t, const char *migrator);

json_t *words_to_json(const struct words *w);

#endif
