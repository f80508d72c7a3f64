// SPDX-License-Identifier: GPL-2.0
/*
 * migctl: which migrator copies the memory that Linux moves, and how. See
 * migctl(8).
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "migctl.h"
#include "stream.h"

static void print_help(void)
{
	size_t i;

	printf("usage: migctl [COMMAND] [OPTION...]\n\n"
	       "Steers who copies the memory that Linux moves between NUMA nodes.\n\n");
	for (i = 0; i < nr_commands; i++)
		printf("  %-8s %s\n", *commands[i].name ? commands[i].name : "(none)",
		       commands[i].help);
	printf("\nOptions without a command:\n");
	options_help(stdout, CMD_STATE);
	printf("\n  migctl COMMAND --help     options of a command\n"
	       "  migctl --version          version\n");
}

static void print_command_help(const struct command_text *c)
{
	printf("usage: migctl %s [OPTION...]%s\n\n%s\n\n", c->name, c->args, c->help);
	options_help(stdout, c->command);
}

static int run_command(const struct command_text *c, int argc, char **argv)
{
	struct options o;
	int ret;

	ret = options_parse(&o, c->command, argc, argv);
	if (ret > 0)
		return ret;
	if (!ret)
		return c->run(&o);
	if (*c->name)
		print_command_help(c);
	else
		print_help();
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	const struct command_text *c;

	/* Options may stand alone: they are those of no command. */
	if (argc < 2)
		return run_command(&commands[0], argc, argv);
	if (!strcmp(argv[1], "--version")) {
		puts("migctl " MIGCTL_VERSION);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--words"))
		return cmd_words(argc - 1, argv + 1);
	if (*argv[1] == '-')
		return run_command(&commands[0], argc, argv);
	c = *argv[1] ? find_command(argv[1]) : NULL;
	if (!c) {
		complain(argv[1], "no such command; migctl --help lists them");
		return EXIT_USAGE;
	}
	return run_command(c, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int ret = run(argc, argv);
	int closed = output_close(stdout, NULL);

	return ret ? ret : closed;
}
