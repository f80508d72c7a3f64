// SPDX-License-Identifier: GPL-2.0
/*
 * Words for the shell's completion.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "migctl.h"
#include "target.h"

#define SYSFS_OPTION "--sysfs="

static void print_words(const struct words *w, const char *before, const char *after)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		printf("%s%s%s\n", before, w->v[i], after);
}

static void print_policies(const struct tree *t, const char *before)
{
	struct words reasons;

	tree_entries(t, TARGET_POLICY, ENTRY_SETTING, &reasons);
	print_words(&reasons, before, "=");
}

static void print_settings(const struct tree *t)
{
	struct words migrators, settings;
	char before[WORD_LEN + 1];
	size_t i;

	printf(TARGET_MIGRATOR "=\n");
	tree_entries(t, "", ENTRY_SETTING, &settings);
	for (i = 0; i < settings.n; i++)
		if (strcmp(settings.v[i], SELECTED_FILE))
			printf("%s=\n", settings.v[i]);
	tree_migrators(t, &migrators);
	for (i = 0; i < migrators.n; i++) {
		tree_entries(t, migrators.v[i], ENTRY_SETTING, &settings);
		snprintf(before, sizeof(before), "%s.", migrators.v[i]);
		print_words(&settings, before, "=");
	}
	print_policies(t, TARGET_POLICY ".");
}

static void print_arguments(const struct tree *t, enum command command)
{
	struct words migrators;

	if (command == CMD_SET)
		print_settings(t);
	else if (command == CMD_POLICY)
		print_policies(t, "");
	if (command != CMD_STATS)
		return;
	tree_migrators(t, &migrators);
	print_words(&migrators, "", "");
	if (tree_has(t, "", ENTRY_DIR, NAME_AUTO))
		puts(NAME_AUTO);
}

static void print_values_of(const struct tree *t, enum command command,
			    const char *name)
{
	char full[2 * WORD_LEN], why[NOTE_LEN];
	struct words offers;
	struct target x;

	if (!(command & (CMD_SET | CMD_POLICY)))
		return;
	snprintf(full, sizeof(full), "%s%s",
		 command == CMD_POLICY ? TARGET_POLICY "." : "", name);
	if (target_find(t, NULL, full, &x, why))
		return;
	tree_offers(t, x.file, &offers);
	if (x.kind == VALUE_NAME)
		print_words(&offers, "", "");
	else if (x.max == 1)
		puts("0\n1");
}

static void print_commands(void)
{
	size_t i;

	for (i = 0; i < nr_commands; i++)
		if (*commands[i].name)
			puts(commands[i].name);
	options_words(stdout, CMD_STATE, NULL);
	puts("--version");
}

/* "--words [--sysfs=DIR] [COMMAND [OPTION | NAME]]"; no command: "". */
int cmd_words(int argc, char **argv)
{
	struct options o = { .sysfs = "/sys" };
	const struct command_text *c;
	struct tree t;

	if (argc > 1 && !strncmp(argv[1], SYSFS_OPTION, strlen(SYSFS_OPTION))) {
		o.sysfs = argv[1] + strlen(SYSFS_OPTION);
		argc--;
		argv++;
	}
	if (argc < 2) {
		print_commands();
		return EXIT_OK;
	}
	c = find_command(argv[1]);
	if (!c)
		return EXIT_OK;
	if (argc < 3 || *argv[2] == '-')
		options_words(stdout, c->command, argc < 3 ? NULL : argv[2]);
	if (!tree_find(&t, &o))
		return EXIT_OK;
	if (argc < 3)
		print_arguments(&t, c->command);
	else
		print_values_of(&t, c->command, argv[2]);
	return EXIT_OK;
}
