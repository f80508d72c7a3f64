// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration that a kernel was built from.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kconfig.h"
#include "migctl.h"

/* Runs gzip on @path with its output in the pipe. */
static int start_gzip(const char *path, const int pipes[2], pid_t *pid)
{
	char *const argv[] = { "gzip", "-dc", "--", (char *)path, NULL };
	posix_spawn_file_actions_t actions;
	int err;

	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return err;
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static FILE *open_gzip(const char *path, pid_t *pid)
{
	int pipes[2], err;
	FILE *f;

	if (access(path, R_OK) || pipe2(pipes, O_CLOEXEC))
		return NULL;
	err = start_gzip(path, pipes, pid);
	close(pipes[1]);
	f = err ? NULL : fdopen(pipes[0], "r");
	if (!f)
		close(pipes[0]);
	return f;
}

static void read_symbols(FILE *f, json_t *symbols)
{
	char line[4096], *equal;

	while (fgets(line, sizeof(line), f)) {
		equal = strchr(line, '=');
		if (strncmp(line, "CONFIG_", 7) || !equal)
			continue;
		line[strcspn(line, "\n")] = '\0';
		*equal = '\0';
		json_object_set_new(symbols, line, json_string(equal + 1));
	}
}

static json_t *read_file(const char *path)
{
	const char *dot = strrchr(path, '.');
	const bool packed = dot && !strcmp(dot, ".gz");
	json_t *symbols;
	pid_t pid = 0;
	FILE *f;

	f = packed ? open_gzip(path, &pid) : fopen(path, "re");
	if (!f)
		return NULL;
	symbols = json_object();
	read_symbols(f, symbols);
	fclose(f);
	while (packed && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (json_object_size(symbols))
		return symbols;
	json_decref(symbols);
	return NULL;
}

json_t *kconfig_read(const char *file)
{
	char path[PATH_MAX];
	json_t *symbols;
	struct utsname u;

	if (!file)
		return NULL;
	if (*file)
		return read_file(file);
	symbols = read_file("/proc/config.gz");
	if (symbols || uname(&u))
		return symbols;
	snprintf(path, sizeof(path), "/boot/config-%s", u.release);
	symbols = read_file(path);
	if (symbols)
		return symbols;
	snprintf(path, sizeof(path), "/lib/modules/%s/config", u.release);
	return read_file(path);
}

const char *kconfig_get(const json_t *symbols, const char *name)
{
	const char *value = json_string_value(json_object_get(symbols, name));

	return value ? value : "n";
}
