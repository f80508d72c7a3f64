/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One function a command. All return an exit code, and print nothing on standard
 * output when they fail.
 */
#ifndef MIGCTL_COMMANDS_H
#define MIGCTL_COMMANDS_H

#include <stddef.h>

#include "options.h"

struct command_text {
	const char *name;	/* "": none is given */
	enum command command;
	int (*run)(const struct options *o);
	const char *args;
	const char *help;
};

extern const struct command_text commands[];
extern const size_t nr_commands;

/* Or NULL. */
const struct command_text *find_command(const char *name);

int cmd_state(const struct options *o);
int cmd_list(const struct options *o);
int cmd_set(const struct options *o);
int cmd_policy(const struct options *o);
int cmd_stats(const struct options *o);
int cmd_save(const struct options *o);
int cmd_load(const struct options *o);
int cmd_check(const struct options *o);

/* For the shell's completion: what may follow in the command line. */
int cmd_words(int argc, char **argv);

#endif
