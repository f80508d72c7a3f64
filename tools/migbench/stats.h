/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Samples and what is said about them. NAN stands for "no value".
 */
#ifndef MIGBENCH_STATS_H
#define MIGBENCH_STATS_H

#include <stddef.h>

struct samples {
	double *v;
	size_t n;
	size_t room;
};

/* Exits the process when there is no memory for another sample. */
void samples_add(struct samples *s, double v);
void samples_append(struct samples *to, const struct samples *from);
void samples_free(struct samples *s);

double stats_median(const struct samples *s);
/* Sample standard deviation (n - 1); 0 for a single sample. */
double stats_sd(const struct samples *s);
double stats_max(const struct samples *s);
/* Nearest rank: the smallest sample that at least p percent do not exceed. */
double stats_percentile(const struct samples *s, double p);

/*
 * Amdahl's law for a call whose share @f is the copy: the speed-up of the call
 * when the copy becomes @s times faster, and the limit of it for endless @s.
 */
double stats_amdahl(double f, double s);
double stats_amdahl_cap(double f);

/* Standard deviation of a / b, of two medians with their own deviations. */
double stats_ratio_sd(double a, double sd_a, double b, double sd_b);

#endif
