/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: reading, differences, tables.
 *
 * They are kept as { "migrators": { NAME: { "stats", "declined",
 * "counters", "speed", "reasons" } }, "auto": the same }, without what is not there.
 */
#ifndef MIGCTL_STATS_H
#define MIGCTL_STATS_H

#include <jansson.h>

#include "tree.h"

#define STATS_SPEED	"speed"
#define STATS_DECLINED	"declined"

/* Of one migrator, or "auto", or with NULL of all. New reference. */
json_t *stats_read(const struct tree *t, const char *only, bool reasons);

/*
 * What was counted in each second. A counter that is smaller than it was began
 * anew with its module; one that was not there, too. New reference.
 */
json_t *stats_rates(const json_t *now, const json_t *before, double seconds);

/* For people; of rates or of counters. */
void stats_print(const json_t *stats, bool rates);

#endif
