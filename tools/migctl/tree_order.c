// SPDX-License-Identifier: GPL-2.0
/*
 * The order of names. The kernel's directories have none.
 */
#include <stdlib.h>
#include <string.h>

#include "migctl.h"
#include "tree.h"

static const char *const known[] = {
	"max_batch_bytes", "min_batch_bytes", "max_stall_us", "file_folios",
	"threads", "channels", "min_bytes_per_worker", "min_bytes_per_channel",
	"idle_only", "timeout_ms", "verify",
	"batches", "folios", "bytes", "ns", "cpu_ns", "helpers", "not_copied",
	"poisoned", "lost", "declined", "auto_fastest", "auto_trial",
	"too_short", "not_allowed", "not_ready", "slower", "no_window", "changed",
	"declined_too_short", "declined_not_allowed", "declined_not_ready",
	"declined_slower", "declined_no_window", "declined_changed", "reference",
	"small_short", "small_long", "medium_short", "medium_long", "huge_short",
	"huge_long",
};

static size_t place_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], name))
			break;
	return i;
}

static int compare(const void *a, const void *b)
{
	const size_t i = place_of(a), j = place_of(b);

	if (i != j)
		return i < j ? -1 : 1;
	return strcmp(a, b);
}

void tree_order(struct words *names)
{
	qsort(names->v, names->n, sizeof(names->v[0]), compare);
}
