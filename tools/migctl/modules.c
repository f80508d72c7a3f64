// SPDX-License-Identifier: GPL-2.0
/*
 * Migrators that could be loaded.
 */
#include <errno.h>
#include <fts.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migctl.h"
#include "modules.h"

/* Modules beside the migrators that are none: old switches and the like. */
#define OF_THE_CORE "migrate_offload"

/* A module may not be called as something that is in the kernel already. */
#define PREFIX "migrate_"
#define SUFFIX "_migrator"

/* "padata" of "padata_migrator" or of "migrate_padata". */
static void name_migrator(char *migrator, const char *module)
{
	size_t len;

	if (!strncmp(module, PREFIX, strlen(PREFIX)) && module[strlen(PREFIX)])
		module += strlen(PREFIX);
	strcpy(migrator, module);
	len = strlen(migrator);
	if (len > strlen(SUFFIX) && !strcmp(migrator + len - strlen(SUFFIX), SUFFIX))
		migrator[len - strlen(SUFFIX)] = '\0';
}

/* "padata_migrator" of "padata-migrator.ko.xz" */
static void add_module(const char *file, struct words *migrators,
		       struct words *modules)
{
	const char *end = strstr(file, ".ko");
	char *module;
	size_t i;

	if (!end || end == file || end - file >= WORD_LEN || modules->n == LIST_MAX)
		return;
	module = modules->v[modules->n];
	snprintf(module, WORD_LEN, "%.*s", (int)(end - file), file);
	for (i = 0; module[i]; i++)
		if (module[i] == '-')
			module[i] = '_';
	if (!strncmp(module, OF_THE_CORE, strlen(OF_THE_CORE)))
		return;
	name_migrator(migrators->v[migrators->n++], module);
	modules->n++;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Directly in a directory of that name: that of the tests is another one below. */
void modules_list(const char *dir, struct words *migrators, struct words *modules)
{
	char *const roots[] = { (char *)dir, NULL };
	FTSENT *e;
	FTS *fts;

	migrators->n = modules->n = 0;
	if (!dir)
		return;
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, by_name);
	if (!fts)
		return;
	while ((e = fts_read(fts)))
		if (e->fts_info != FTS_D && e->fts_info != FTS_DP && e->fts_level &&
		    !strcmp(e->fts_parent->fts_name, OF_THE_CORE))
			add_module(e->fts_name, migrators, modules);
	fts_close(fts);
}

bool modules_provide(const char *dir, const char *migrator, char module[WORD_LEN])
{
	struct words migrators, modules;
	size_t i;

	modules_list(dir, &migrators, &modules);
	for (i = 0; i < migrators.n; i++) {
		if (strcmp(migrators.v[i], migrator))
			continue;
		strcpy(module, modules.v[i]);
		return true;
	}
	return false;
}

int modules_load(const char *module)
{
	char *const argv[] = { "modprobe", "--", (char *)module, NULL };
	int err, status = 0;
	pid_t pid;

	err = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (err) {
		complain("modprobe", "%s", strerror(err));
		return EXIT_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return EXIT_OK;
	complain("modprobe", "cannot load %s", module);
	return EXIT_FAILED;
}
