// SPDX-License-Identifier: GPL-2.0
/*
 * The command line.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "migctl.h"
#include "option.h"
#include "options.h"
#include "parse.h"

#define MAX_COUNT	1000000000UL
#define MIN_SECONDS	0.01
#define MAX_SECONDS	86400.0
#define MAX_PATH	(PATH_MAX - 512)

enum {
	OPT_FORMAT, OPT_SYSFS, OPT_MODULES, OPT_CONFIG, OPT_WATCH, OPT_COUNT,
	OPT_REASONS, OPT_MODPROBE, OPT_HELP, NR_OPTS,
};

static const struct option_text texts[NR_OPTS] = {
	[OPT_FORMAT] = { "format", ~0U, "NAME", "text json",
		"text or json (default: text; of save: json, and nothing else)" },
	[OPT_SYSFS] = { "sysfs", ~0U, "DIR", NULL, "look there instead of in /sys" },
	[OPT_MODULES] = { "modules", ~0U, "DIR", NULL,
		"modules of the kernel (default: those of this one; with --sysfs: unknown)" },
	[OPT_CONFIG] = { "config", CMD_CHECK, "FILE", NULL,
		"its configuration, plain or .gz (default: as --modules)" },
	[OPT_WATCH] = { "watch", CMD_STATS, "[SECONDS]", "1 5 10 60",
		"what happens in each second, again and again (default: 1)" },
	[OPT_COUNT] = { "count", CMD_STATS, "N", "1 10 60", "so often (default: for ever)" },
	[OPT_REASONS] = { "reasons", CMD_STATS, NULL, NULL,
		"by reason of the migration" },
	[OPT_MODPROBE] = { "modprobe", CMD_LOAD, NULL, NULL,
		"load the modules of migrators that are missing" },
	[OPT_HELP] = { "help", ~0U, NULL, NULL, "print this" },
};

static int set_format(struct options *o, const char *arg)
{
	static const char *const names[] = { "text", "json" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(arg, names[i]))
			continue;
		o->format = i;
		return o->command == CMD_SAVE && i != FORMAT_JSON ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int set_path(const char **path, const char *arg)
{
	if (!*arg)
		return -EINVAL;
	if (strlen(arg) > MAX_PATH)
		return -ERANGE;
	*path = arg;
	return 0;
}

static int set_watch(struct options *o, const char *arg)
{
	char *end;

	if (!arg) {
		o->watch = 1;
		return 0;
	}
	o->watch = strtod(arg, &end);
	if (end == arg || *end || !isfinite(o->watch))
		return -EINVAL;
	return o->watch < MIN_SECONDS || o->watch > MAX_SECONDS ? -ERANGE : 0;
}

static int set_option(void *to, int opt, const char *arg)
{
	struct options *o = to;

	switch (opt) {
	case OPT_FORMAT:
		return set_format(o, arg);
	case OPT_SYSFS:
		return set_path(&o->sysfs, arg);
	case OPT_MODULES:
		return set_path(&o->modules, arg);
	case OPT_CONFIG:
		return set_path(&o->config, arg);
	case OPT_WATCH:
		return set_watch(o, arg);
	case OPT_COUNT:
		return parse_number(arg, 1, MAX_COUNT, &o->count);
	case OPT_REASONS:
		o->reasons = true;
		return 0;
	default:
		o->modprobe = true;
		return 0;
	}
}

static const struct option_table table = { texts, NR_OPTS, set_option };

/* Another tree is another machine, about whose modules this one knows nothing. */
static void set_defaults(struct options *o)
{
	static char modules[128];
	struct utsname u;

	if (o->sysfs)
		return;
	o->sysfs = "/sys";
	if (!o->config)
		o->config = "";
	if (!o->modules && !uname(&u)) {
		snprintf(modules, sizeof(modules), "/lib/modules/%s", u.release);
		o->modules = modules;
	}
}

static int check_pairs(const struct options *o)
{
	const char *equal;
	int i, ret = 0;

	for (i = 0; i < o->nr_args; i++) {
		equal = strchr(o->args[i], '=');
		if (equal && equal != o->args[i])
			continue;
		complain(o->args[i], "not of the form NAME=VALUE");
		ret = EXIT_USAGE;
	}
	return ret;
}

static int check_args(const struct options *o, const char *name)
{
	static const struct {
		unsigned int commands;
		int min, max;
	} numbers[] = {
		{ CMD_SET, 1, INT_MAX },
		{ CMD_POLICY, 0, INT_MAX },
		{ CMD_STATS | CMD_SAVE, 0, 1 },
		{ CMD_LOAD, 1, 1 },
		{ CMD_STATE | CMD_LIST | CMD_CHECK, 0, 0 },
	};
	size_t i = 0;

	while (!(numbers[i].commands & o->command))
		i++;
	if (o->nr_args < numbers[i].min) {
		complain(name, "needs an argument; see migctl %s --help", name);
		return EXIT_USAGE;
	}
	if (o->nr_args > numbers[i].max) {
		complain(o->args[numbers[i].max], o->command == CMD_STATE ?
			 "options stand behind the command" :
			 "one argument too much for %s", name);
		return EXIT_USAGE;
	}
	if (o->count && !o->watch) {
		complain("count", "needs --watch");
		return EXIT_USAGE;
	}
	return o->command & (CMD_SET | CMD_POLICY) ? check_pairs(o) : 0;
}

int options_parse(struct options *o, enum command command, int argc, char **argv)
{
	int ret, first;

	memset(o, 0, sizeof(*o));
	o->command = command;
	ret = option_read(&table, command, o, argc, argv, &first);
	if (ret)
		return ret;
	o->args = argv + first;
	o->nr_args = argc - first;
	set_defaults(o);
	return check_args(o, argv[0]);
}

void options_help(FILE *f, enum command command)
{
	option_help(f, &table, command);
}

void options_words(FILE *f, enum command command, const char *option)
{
	const struct option_text *o;

	if (!option) {
		option_words(f, &table, command);
		return;
	}
	o = option_find(&table, command, option);
	if (o && o->values)
		fprintf(f, "%s\n", o->values);
}
