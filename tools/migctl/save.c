// SPDX-License-Identifier: GPL-2.0
/*
 * The command save: the whole configuration as JSON.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "migctl.h"
#include "model.h"
#include "print.h"

static json_t *read_configuration(const struct tree *t)
{
	json_t *all = json_object(), *policy = model_policy(t);

	json_object_set_new(all, "schema_version", json_integer(SAVE_SCHEMA));
	json_object_set_new(all, "migrator", model_selected(t));
	if (policy)
		json_object_set_new(all, "policy", policy);
	json_object_set_new(all, "settings", model_settings(t));
	json_object_set_new(all, "migrators", model_migrator_settings(t));
	return all;
}

/* As open() would have made it: mkstemp() gives nobody else a right. */
static int set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

static int write_to(int fd, const json_t *all)
{
	FILE *f = fdopen(fd, "w");
	int bad;

	if (!f) {
		close(fd);
		return -1;
	}
	bad = json_dumpf(all, f, JSON_INDENT(1)) || fputc('\n', f) == EOF ||
	      fflush(f) || set_mode(fd) || fsync(fd);
	return fclose(f) || bad ? -1 : 0;
}

/* A reader finds the old file or the new one, and a full disk keeps the old one. */
static int write_and_rename(const char *path, const json_t *all)
{
	char name[PATH_MAX];
	int fd;

	if (snprintf(name, sizeof(name), "%s.XXXXXX", path) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkstemp(name);
	if (fd < 0)
		return -1;
	if (!write_to(fd, all) && !rename(name, path))
		return 0;
	fd = errno;
	unlink(name);
	errno = fd;
	return -1;
}

static int save_file(const char *file, const json_t *all)
{
	char path[PATH_MAX];
	struct stat st;

	/* A link stays one; what is no file would be replaced by one. */
	if (!realpath(file, path))
		snprintf(path, sizeof(path), "%s", file);
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		complain(file, "is no regular file");
		return EXIT_FAILED;
	}
	if (!write_and_rename(path, all))
		return EXIT_OK;
	complain(file, "%s", strerror(errno));
	return EXIT_FAILED;
}

int cmd_save(const struct options *o)
{
	struct tree t;
	json_t *all;
	int ret;

	ret = tree_open(&t, o);
	if (ret)
		return ret;
	all = read_configuration(&t);
	if (!o->nr_args)
		return print_json(all, JSON_INDENT(1));
	ret = save_file(o->args[0], all);
	json_decref(all);
	return ret;
}
