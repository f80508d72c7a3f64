// SPDX-License-Identifier: GPL-2.0
/*
 * Two numbers that a counter's file may say, one after the other.
 */
#include <string.h>

#include "fuzz.h"
#include "stats.h"

static json_t *counters(json_int_t v)
{
	return json_pack("{s:{s:I,s:I}}", "stats", "bytes", v, "quarantined", v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_int_t v[2];
	json_t *now, *before;

	if (size != sizeof(v))
		return 0;
	memcpy(v, data, sizeof(v));
	now = counters(v[0]);
	before = counters(v[1]);
	json_decref(stats_rates(now, before, 0.5));
	json_decref(now);
	json_decref(before);
	return 0;
}
