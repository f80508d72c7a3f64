// SPDX-License-Identifier: GPL-2.0
/*
 * The command stats.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "migctl.h"
#include "print.h"
#include "stats.h"
#include "target.h"

/* Is what was asked for there? Nothing may be printed before that is known. */
static int check_subject(const struct tree *t, const struct options *o,
			 const char *only)
{
	char why[NOTE_LEN];

	if (!only || tree_has_migrator(t, only) ||
	    (!strcmp(only, NAME_AUTO) && tree_has(t, "", ENTRY_DIR, NAME_AUTO)))
		return EXIT_OK;
	if (!strcmp(only, NAME_KERNEL))
		snprintf(why, sizeof(why), NAME_KERNEL " counts nothing");
	else
		target_explain_migrator(t, o->modules, only, why);
	complain("stats", "%s", why);
	return EXIT_FAILED;
}

static int check_reasons(const json_t *stats)
{
	json_t *migrators = json_object_get(stats, "migrators"), *m;
	const char *name;

	if (!json_object_size(migrators))
		return EXIT_OK;
	json_object_foreach(migrators, name, m)
		if (json_object_get(m, "reasons"))
			return EXIT_OK;
	complain("reasons", NOT_IN_KERNEL);
	return EXIT_FAILED;
}

static void print_text(json_t *stats, bool rates)
{
	if (json_object_size(json_object_get(stats, "migrators")) ||
	    json_object_get(stats, NAME_AUTO))
		stats_print(stats, rates);
	else
		puts("No migrator is loaded.");
	json_decref(stats);
}

static int print_stats(json_t *stats, const struct options *o)
{
	if (o->format == FORMAT_JSON)
		return print_json(stats, JSON_INDENT(1));
	print_text(stats, false);
	return EXIT_OK;
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void wait_seconds(double seconds)
{
	struct timespec ts = { .tv_sec = seconds };

	ts.tv_nsec = (seconds - ts.tv_sec) * 1e9;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

/* Programs get one object a line, as soon as it is known. */
static int print_rates(json_t *rates, double seconds, const struct options *o)
{
	int ret = EXIT_OK;

	if (o->format == FORMAT_JSON) {
		json_object_set_new(rates, "seconds", json_real(seconds));
		ret = print_json(rates, JSON_COMPACT);
	} else {
		print_text(rates, true);
	}
	return fflush(stdout) ? EXIT_FAILED : ret;
}

static int watch(const struct tree *t, const struct options *o, const char *only,
		 json_t *before)
{
	double then = seconds_now(), now;
	json_t *stats;
	size_t i;
	int ret = EXIT_OK;

	for (i = 0; !ret && (!o->count || i < o->count); i++) {
		wait_seconds(o->watch);
		stats = stats_read(t, only, o->reasons);
		now = seconds_now();
		ret = print_rates(stats_rates(stats, before, now - then), now - then, o);
		json_decref(before);
		before = stats;
		then = now;
	}
	json_decref(before);
	return ret;
}

int cmd_stats(const struct options *o)
{
	const char *only = o->nr_args ? o->args[0] : NULL;
	json_t *stats;
	struct tree t;
	int ret;

	ret = tree_open(&t, o);
	if (!ret)
		ret = check_subject(&t, o, only);
	if (ret)
		return ret;
	stats = stats_read(&t, only, o->reasons);
	if (o->reasons)
		ret = check_reasons(stats);
	if (ret) {
		json_decref(stats);
		return ret;
	}
	return o->watch ? watch(&t, o, only, stats) : print_stats(stats, o);
}
