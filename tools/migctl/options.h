/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line.
 */
#ifndef MIGCTL_OPTIONS_H
#define MIGCTL_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

enum command {
	CMD_STATE	= 1 << 0,
	CMD_LIST	= 1 << 1,
	CMD_SET		= 1 << 2,
	CMD_POLICY	= 1 << 3,
	CMD_STATS	= 1 << 4,
	CMD_SAVE	= 1 << 5,
	CMD_LOAD	= 1 << 6,
	CMD_CHECK	= 1 << 7,
};

enum format { FORMAT_TEXT, FORMAT_JSON };

struct options {
	enum command command;
	enum format format;
	const char *sysfs;
	const char *modules;	/* NULL: not this machine's, so unknown */
	const char *config;	/* the same; "": where kernels keep theirs */
	double watch;		/* seconds; 0: do not */
	size_t count;		/* 0: for ever */
	bool reasons;
	bool modprobe;
	char **args;
	int nr_args;
};

/*
 * Reads the arguments of @command; argv[0] is its name. Returns 0, EXIT_USAGE
 * after a message, or -1 where help is asked for.
 */
int options_parse(struct options *o, enum command command, int argc, char **argv);

void options_help(FILE *f, enum command command);

/* Words that may follow: the options of a command, or the values of one. */
void options_words(FILE *f, enum command command, const char *option);

#endif
