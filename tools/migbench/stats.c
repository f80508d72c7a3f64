// SPDX-License-Identifier: GPL-2.0
/*
 * Samples and what is said about them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "migbench.h"
#include "stats.h"

void samples_add(struct samples *s, double v)
{
	size_t room = s->room ? s->room * 2 : 16;
	double *grown;

	if (s->n == s->room) {
		grown = realloc(s->v, room * sizeof(*grown));
		if (!grown) {
			complain("samples", "out of memory");
			exit(EXIT_FAILED);
		}
		s->v = grown;
		s->room = room;
	}
	s->v[s->n++] = v;
}

void samples_append(struct samples *to, const struct samples *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		samples_add(to, from->v[i]);
}

void samples_free(struct samples *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The caller's order is the order of the repetitions: sort a copy. */
static struct samples sorted(const struct samples *s)
{
	struct samples copy = { 0 };

	samples_append(&copy, s);
	qsort(copy.v, copy.n, sizeof(*copy.v), ascending);
	return copy;
}

double stats_median(const struct samples *s)
{
	struct samples c;
	double m;

	if (!s->n)
		return NAN;
	c = sorted(s);
	m = c.n % 2 ? c.v[c.n / 2] : (c.v[c.n / 2 - 1] + c.v[c.n / 2]) / 2;
	samples_free(&c);
	return m;
}

double stats_sd(const struct samples *s)
{
	double mean = 0, sum = 0;
	size_t i;

	if (!s->n)
		return NAN;
	if (s->n == 1)
		return 0;
	for (i = 0; i < s->n; i++)
		mean += s->v[i] / s->n;
	for (i = 0; i < s->n; i++)
		sum += (s->v[i] - mean) * (s->v[i] - mean);
	return sqrt(sum / (s->n - 1));
}

double stats_max(const struct samples *s)
{
	return stats_percentile(s, 100);
}

double stats_percentile(const struct samples *s, double p)
{
	struct samples c;
	size_t rank;
	double v;

	if (!s->n)
		return NAN;
	c = sorted(s);
	rank = ceil(p / 100 * c.n);
	v = c.v[rank ? rank - 1 : 0];
	samples_free(&c);
	return v;
}

double stats_amdahl(double f, double s)
{
	return 1 / ((1 - f) + f / s);
}

double stats_amdahl_cap(double f)
{
	return 1 / (1 - f);
}

double stats_ratio_sd(double a, double sd_a, double b, double sd_b)
{
	return a / b * sqrt(sd_a / a * (sd_a / a) + sd_b / b * (sd_b / b));
}
