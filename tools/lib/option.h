/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options of a tool that has commands. One table makes the parser, the help and
 * the words for the shell's completion.
 */
#ifndef TOOLS_OPTION_H
#define TOOLS_OPTION_H

#include <stddef.h>
#include <stdio.h>

struct option_text {
	const char *name;
	unsigned int commands;	/* bits: which of them have it */
	const char *arg;	/* NULL: takes none; "[ARG]": may be left out */
	const char *values;	/* for the completion */
	const char *help;
};

struct option_table {
	const struct option_text *v;
	size_t n;
	/* Stores option v[opt]. Returns 0, -EINVAL or -ERANGE. */
	int (*set)(void *to, int opt, const char *arg);
};

/*
 * Reads the options of @command; argv[0] is its name. Returns 0, EXIT_USAGE
 * after a message, or -1 where help is asked for. @first is then the index of
 * the first argument that is no option.
 */
int option_read(const struct option_table *t, unsigned int command, void *to,
		int argc, char **argv, int *first);

void option_help(FILE *f, const struct option_table *t, unsigned int command);

/* The names of all, as they are typed. */
void option_words(FILE *f, const struct option_table *t, unsigned int command);

/* The option that is typed so, with its dashes, or NULL. */
const struct option_text *option_find(const struct option_table *t,
				      unsigned int command, const char *word);

#endif
