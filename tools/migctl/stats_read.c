// SPDX-License-Identifier: GPL-2.0
/*
 * Counters: reading and differences.
 */
#include <stdint.h>
#include <string.h>

#include "migctl.h"
#include "model.h"
#include "stats.h"

/* Says how many there are now, not how many there have been. */
#define GAUGE "quarantined"

static void add_if_any(json_t *to, const char *name, json_t *values)
{
	if (json_object_size(values))
		json_object_set(to, name, values);
	json_decref(values);
}

static json_t *read_reasons(const struct tree *t, const char *migrator)
{
	char below[2 * WORD_LEN], file[3 * WORD_LEN];
	json_t *all = json_object();
	struct words reasons;
	size_t i;

	snprintf(below, sizeof(below), "%s/reasons", migrator);
	tree_entries(t, below, ENTRY_DIR, &reasons);
	for (i = 0; i < reasons.n; i++) {
		snprintf(file, sizeof(file), "%s/%s", below, reasons.v[i]);
		add_if_any(all, reasons.v[i], tree_values(t, file, ENTRY_COUNTER));
	}
	return all;
}

static json_t *read_one(const struct tree *t, const char *name, bool reasons)
{
	json_t *m = model_counters(t, name);
	char below[2 * WORD_LEN];

	snprintf(below, sizeof(below), "%s/" STATS_DECLINED, name);
	add_if_any(m, STATS_DECLINED, tree_values(t, below, ENTRY_COUNTER));
	snprintf(below, sizeof(below), "%s/" STATS_SPEED, name);
	add_if_any(m, STATS_SPEED, tree_values(t, below, ENTRY_COUNTER));
	if (reasons)
		add_if_any(m, "reasons", read_reasons(t, name));
	return m;
}

json_t *stats_read(const struct tree *t, const char *only, bool reasons)
{
	json_t *all = json_object(), *migrators = json_object();
	struct words names;
	size_t i;

	tree_migrators(t, &names);
	for (i = 0; i < names.n; i++)
		if (!only || !strcmp(only, names.v[i]))
			json_object_set_new(migrators, names.v[i],
					    read_one(t, names.v[i], reasons));
	json_object_set_new(all, "migrators", migrators);
	if ((!only || !strcmp(only, NAME_AUTO)) && tree_has(t, "", ENTRY_DIR, NAME_AUTO))
		json_object_set_new(all, NAME_AUTO, read_one(t, NAME_AUTO, reasons));
	return all;
}

static json_t *rate_of(const char *name, const json_t *now, const json_t *before,
		       double seconds)
{
	json_int_t n = json_integer_value(now), b = json_integer_value(before);

	if (!strcmp(name, GAUGE))
		return json_integer(n);
	/* Of different signs, they may be further apart than a signed number tells. */
	return json_real((n < b ? n : (double)((uint64_t)n - (uint64_t)b)) / seconds);
}

json_t *stats_rates(const json_t *now, const json_t *before, double seconds)
{
	json_t *rates = json_object(), *v;
	const json_t *b;
	const char *name;

	json_object_foreach((json_t *)now, name, v) {
		b = json_object_get(before, name);
		if (json_is_object(v) && strcmp(name, STATS_SPEED))
			json_object_set_new(rates, name, stats_rates(v, b, seconds));
		else if (json_is_integer(v))
			json_object_set_new(rates, name, rate_of(name, v, b, seconds));
	}
	return rates;
}
