// SPDX-License-Identifier: GPL-2.0
/*
 * Cells of the tables: figures and the remarks on them.
 */
#include <math.h>

#include "text.h"

void text_throughput(struct grid *g, size_t row, size_t column,
		     const struct record *r, struct legend *l)
{
	const int places = r->median_gbps < 0.1 ? 4 : 2;
	char mark[24] = "", note[NOTE_LEN];

	if (!record_has_status(r, STATUS_OK)) {
		snprintf(note, sizeof(note), "%s: %.140s", r->status, r->note);
		grid_set(g, row, column, "-[%zu]", legend_mark(l, note));
		return;
	}
	/* A declined batch is the kernel's own copy under the migrator's name. */
	if (r->offloaded_share < 0.995) {
		snprintf(note, sizeof(note),
			 "the migrator did not copy all of it (the rest: the kernel's own copy)");
		snprintf(mark, sizeof(mark), "[%zu]", legend_mark(l, note));
	} else if (*r->note) {
		snprintf(mark, sizeof(mark), "[%zu]", legend_mark(l, r->note));
	}
	/* Lists of a few pages: most of the time is that of the call. */
	grid_set(g, row, column, "%.*f±%.*f%s", places, r->median_gbps, places,
		 r->sd_gbps, mark);
}

void text_real(struct grid *g, size_t row, size_t column, double v, int places)
{
	if (isfinite(v))
		grid_set(g, row, column, "%.*f", places, v);
	else
		grid_set(g, row, column, "-");
}
