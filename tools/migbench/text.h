/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables for people.
 */
#ifndef MIGBENCH_TEXT_H
#define MIGBENCH_TEXT_H

#include <stdio.h>

#include "grid.h"
#include "record.h"

/* All tables that @set has, as the RFC prints them, and those that explain them. */
void text_report(FILE *f, const struct record_set *set);

/* Parts of it, in files of their own. */
void text_sweep(FILE *f, const struct record_set *set, const char *table);
void text_speedups(FILE *f, const struct record_set *set);
void text_count(FILE *f, const struct record_set *set);
void text_breakdown(FILE *f, const struct record_set *set);
void text_latency(FILE *f, const struct record_set *set);

/* CPU time where it was measured; all tables of the sweep ("1") are one. */
void text_cpu(FILE *f, const struct record_set *set, const char *table);

/* How fast what was moved was read, where that was measured; likewise. */
void text_read(FILE *f, const struct record_set *set, const char *table);

/* Whose DMA channels are in tables that so begin, if any, and what that means. */
void text_channels(FILE *f, const struct record_set *set, const char *table);

/* "12.50±0.24", or "-[1]" with the reason in the legend. */
void text_throughput(struct grid *g, size_t row, size_t column,
		     const struct record *r, struct legend *l);
/* What bounds a batch: "32M", "500 us" or "-". Returns @text. */
const char *text_limit(char *text, size_t len, const struct record *r);
/* A number with so many places, or "-" for NAN. */
void text_real(struct grid *g, size_t row, size_t column, double v, int places);

#endif
