/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two result files side by side.
 */
#ifndef MIGBENCH_COMPARE_H
#define MIGBENCH_COMPARE_H

#include "options.h"
#include "record.h"

struct comparison {
	const struct record *a;		/* NULL: B only */
	const struct record *b;		/* NULL: A only */
	double ratio;			/* of the medians, B over A */
	double ratio_sd;
};

/* The same cell: table, migrator, workers, folio size and number, batch limit. */
bool compare_same_cell(const struct record *a, const struct record *b);

/*
 * All cells of A, then those that only B has. A cell that a file has twice
 * counts with its last record. Returns the number; *out is for free().
 */
size_t compare_sets(const struct record_set *a, const struct record_set *b,
		    struct comparison **out);

int compare_print(FILE *f, enum format format, const struct comparison *c,
		  size_t n);

#endif
