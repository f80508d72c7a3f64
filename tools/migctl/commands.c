// SPDX-License-Identifier: GPL-2.0
/*
 * The table of commands.
 */
#include <string.h>

#include "commands.h"
#include "migctl.h"

const struct command_text commands[] = {
	{ "", CMD_STATE, cmd_state, "", "what there is, at a glance" },
	{ "list", CMD_LIST, cmd_list, "",
	  "migrators that are loaded or could be, and what they are used for" },
	{ "set", CMD_SET, cmd_set, " NAME=VALUE...",
	  "change settings, all of them or none: migrator=mtcopy mtcopy.threads=8" },
	{ "policy", CMD_POLICY, cmd_policy, " [REASON=NAME...]",
	  "migrators by reason of the migration; or change them" },
	{ "stats", CMD_STATS, cmd_stats, " [MIGRATOR]", "what they have done" },
	{ "save", CMD_SAVE, cmd_save, " [FILE]", "the whole configuration, as JSON" },
	{ "load", CMD_LOAD, cmd_load, " FILE", "make it so again, all of it or nothing" },
	{ "check", CMD_CHECK, cmd_check, "", "is this machine able?" },
};

const size_t nr_commands = ARRAY_SIZE(commands);

const struct command_text *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
