// SPDX-License-Identifier: GPL-2.0
/*
 * A grid of strings and the remarks below it.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

static void *checked(void *p)
{
	if (!p) {
		complain("table", "out of memory");
		exit(EXIT_FAILED);
	}
	return p;
}

void grid_init(struct grid *g, size_t rows, size_t columns)
{
	g->rows = rows;
	g->columns = columns;
	g->left = 0;
	g->cell = checked(calloc(rows * columns + 1, sizeof(*g->cell)));
}

void grid_set(struct grid *g, size_t row, size_t column, const char *fmt, ...)
{
	char text[NOTE_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(g->cell[row * g->columns + column]);
	g->cell[row * g->columns + column] = checked(strdup(text));
}

void grid_transpose(struct grid *g)
{
	struct grid t;
	size_t row, column;

	grid_init(&t, g->columns, g->rows);
	t.left = g->left;
	for (row = 0; row < g->rows; row++)
		for (column = 0; column < g->columns; column++)
			t.cell[column * t.columns + row] =
				g->cell[row * g->columns + column];
	free(g->cell);
	*g = t;
}

void grid_free(struct grid *g)
{
	size_t i;

	for (i = 0; i < g->rows * g->columns; i++)
		free(g->cell[i]);
	free(g->cell);
}

static const char *text_at(const struct grid *g, size_t row, size_t column)
{
	const char *s = g->cell[row * g->columns + column];

	return s ? s : "";
}

/* The plus-minus sign has two bytes: count what is no continuation byte. */
static int width_of(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static int column_width(const struct grid *g, size_t column)
{
	int width = 0, w;
	size_t row;

	for (row = 0; row < g->rows; row++) {
		w = width_of(text_at(g, row, column));
		if (w > width)
			width = w;
	}
	return width;
}

static void print_row(FILE *f, const struct grid *g, size_t row)
{
	size_t c;
	const char *s;
	int pad;

	for (c = 0; c < g->columns; c++) {
		s = text_at(g, row, c);
		pad = column_width(g, c) - width_of(s);
		if (c >= g->left)
			fprintf(f, "%s%*s%s", c ? " | " : "", pad, "", s);
		else
			fprintf(f, "%s%s%*s", c ? " | " : "", s,
				c + 1 < g->columns ? pad : 0, "");
	}
	fputc('\n', f);
}

void grid_print(FILE *f, const struct grid *g)
{
	size_t row, c;
	int i, width = 0;

	for (row = 0; row < g->rows; row++) {
		print_row(f, g, row);
		if (row)
			continue;
		for (c = 0; c < g->columns; c++)
			width += column_width(g, c) + (c ? 3 : 0);
		for (i = 0; i < width; i++)
			fputc('=', f);
		fputc('\n', f);
	}
}

size_t legend_mark(struct legend *l, const char *text)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->text[i], text))
			return i + 1;
	if (l->n == ARRAY_SIZE(l->text))
		return l->n;
	snprintf(l->text[l->n], NOTE_LEN, "%s", text);
	return ++l->n;
}

void legend_print(FILE *f, const struct legend *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		fprintf(f, "[%zu] %s\n", i + 1, l->text[i]);
}
