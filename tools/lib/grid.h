/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables for people: a grid of strings and the remarks below it.
 */
#ifndef TOOLS_GRID_H
#define TOOLS_GRID_H

#include <stddef.h>
#include <stdio.h>

#include "common.h"

/* A grid of strings; columns are as wide as they must be. */
struct grid {
	char **cell;
	size_t rows;
	size_t columns;
	size_t left;	/* so many columns begin at the left; the others end at the right */
};

void grid_init(struct grid *g, size_t rows, size_t columns);
void grid_set(struct grid *g, size_t row, size_t column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Rows become columns; @left is not touched. */
void grid_transpose(struct grid *g);
/* With a rule below the first row. */
void grid_print(FILE *f, const struct grid *g);
void grid_free(struct grid *g);

/* Numbered remarks: cells carry "[1]", the text stands below the table. */
struct legend {
	char text[20][NOTE_LEN];
	size_t n;
};

size_t legend_mark(struct legend *l, const char *text);
void legend_print(FILE *f, const struct legend *l);

#endif
