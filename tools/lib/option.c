// SPDX-License-Identifier: GPL-2.0
/*
 * Options of a tool that has commands.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "common.h"
#include "option.h"

#define OPTIONS_MAX 48
#define FIRST_VALUE 256

static int has_arg(const struct option_text *o)
{
	if (!o->arg)
		return no_argument;
	return *o->arg == '[' ? optional_argument : required_argument;
}

/* getopt's own table, of the options that this command has. */
static void make_long_options(struct option *out, const struct option_table *t,
			      unsigned int command)
{
	size_t i;

	for (i = 0; i < t->n && i < OPTIONS_MAX; i++) {
		if (!(t->v[i].commands & command))
			continue;
		out->name = t->v[i].name;
		out->has_arg = has_arg(&t->v[i]);
		out->flag = NULL;
		out->val = FIRST_VALUE + i;
		out++;
	}
	memset(out, 0, sizeof(*out));
}

static int refuse_option(int c, char **argv)
{
	complain(argv[optind - 1], c == '?' ?
		 "no such option of %s, or one too much" :
		 "option of %s without its value", argv[0]);
	return EXIT_USAGE;
}

int option_read(const struct option_table *t, unsigned int command, void *to,
		int argc, char **argv, int *first)
{
	struct option longs[OPTIONS_MAX + 1];
	int c, err;

	make_long_options(longs, t, command);
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == '?' || c == ':')
			return refuse_option(c, argv);
		if (c == 'h' || !strcmp(t->v[c - FIRST_VALUE].name, "help"))
			return -1;
		err = t->set(to, c - FIRST_VALUE, optarg);
		if (err) {
			complain(t->v[c - FIRST_VALUE].name, "\"%s\": %s", optarg,
				 err == -ERANGE ? "out of range" : "not understood");
			return EXIT_USAGE;
		}
	}
	*first = optind;
	return 0;
}

void option_help(FILE *f, const struct option_table *t, unsigned int command)
{
	const struct option_text *o;
	char left[40];
	size_t i;

	for (i = 0; i < t->n; i++) {
		o = &t->v[i];
		if (!(o->commands & command))
			continue;
		if (has_arg(o) == optional_argument)
			snprintf(left, sizeof(left), "--%s[=%s", o->name, o->arg + 1);
		else
			snprintf(left, sizeof(left), "--%s%s%s", o->name,
				 o->arg ? "=" : "", o->arg ? o->arg : "");
		fprintf(f, "  %-24s %s\n", left, o->help);
	}
}

void option_words(FILE *f, const struct option_table *t, unsigned int command)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->v[i].commands & command)
			fprintf(f, "--%s%s\n", t->v[i].name,
				has_arg(&t->v[i]) == required_argument ? "=" : "");
}

const struct option_text *option_find(const struct option_table *t,
				      unsigned int command, const char *word)
{
	size_t i;

	if (strncmp(word, "--", 2))
		return NULL;
	for (i = 0; i < t->n; i++)
		if (t->v[i].commands & command && !strcmp(word + 2, t->v[i].name))
			return &t->v[i];
	return NULL;
}
