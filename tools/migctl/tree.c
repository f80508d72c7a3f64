// SPDX-License-Identifier: GPL-2.0
/*
 * What /sys/kernel/mm/migration says.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "migctl.h"
#include "settings.h"
#include "tree.h"

bool tree_find(struct tree *t, const struct options *o)
{
	struct stat st;

	t->sysfs = o->sysfs;
	snprintf(t->dir, sizeof(t->dir), "%s/kernel/mm/migration", o->sysfs);
	return !stat(t->dir, &st) && S_ISDIR(st.st_mode);
}

int tree_open(struct tree *t, const struct options *o)
{
	if (tree_find(t, o))
		return EXIT_OK;
	complain(t->dir, NOT_IN_KERNEL "; migctl check tells what is missing");
	return EXIT_FAILED;
}

void tree_path(const struct tree *t, char path[PATH_MAX], const char *file)
{
	snprintf(path, PATH_MAX, "%s%s%s", t->dir, *file ? "/" : "", file);
}

static bool is_kind(int fd, const char *name, enum entry kind)
{
	struct stat st;

	if (fstatat(fd, name, &st, 0))
		return false;
	if (kind == ENTRY_DIR)
		return S_ISDIR(st.st_mode);
	return S_ISREG(st.st_mode) && !(st.st_mode & 0222) == (kind == ENTRY_COUNTER);
}

void tree_entries(const struct tree *t, const char *below, enum entry kind,
		  struct words *names)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir;

	names->n = 0;
	tree_path(t, path, below);
	dir = opendir(path);
	if (!dir)
		return;
	while (names->n < LIST_MAX && (d = readdir(dir)))
		if (*d->d_name != '.' && strlen(d->d_name) < WORD_LEN &&
		    is_kind(dirfd(dir), d->d_name, kind))
			strcpy(names->v[names->n++], d->d_name);
	closedir(dir);
	tree_order(names);
}

bool tree_has(const struct tree *t, const char *below, enum entry kind,
	      const char *name)
{
	struct words names;

	tree_entries(t, below, kind, &names);
	return words_have(&names, name);
}

void tree_offers(const struct tree *t, const char *file, struct words *names)
{
	char path[PATH_MAX];

	tree_path(t, path, file);
	setting_choices(path, names);
}

bool tree_offers_name(const struct tree *t, const char *file, const char *name)
{
	struct words names;

	tree_offers(t, file, &names);
	return words_have(&names, name);
}

json_t *tree_value(const struct tree *t, const char *below, const char *name)
{
	char path[PATH_MAX], text[SETTING_LEN], *end;
	size_t len;
	long long v;

	tree_path(t, path, below);
	len = strlen(path);
	snprintf(path + len, sizeof(path) - len, "/%s", name);
	if (setting_read(path, text, sizeof(text)))
		return NULL;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (end != text && !*end && !errno)
		return json_integer(v);
	return json_string(text);
}

json_t *tree_values(const struct tree *t, const char *below, enum entry kind)
{
	json_t *values = json_object(), *value;
	struct words names;
	size_t i;

	tree_entries(t, below, kind, &names);
	for (i = 0; i < names.n; i++) {
		value = tree_value(t, below, names.v[i]);
		if (value)
			json_object_set_new(values, names.v[i], value);
	}
	return values;
}

bool tree_has_migrator(const struct tree *t, const char *name)
{
	return strcmp(name, NAME_AUTO) && tree_has(t, "", ENTRY_DIR, name) &&
	       tree_has(t, name, ENTRY_DIR, "stats");
}

void tree_not_by_default(const struct tree *t, const char *migrator,
			 struct words *reasons)
{
	char file[2 * WORD_LEN];

	snprintf(file, sizeof(file), "%s/" NOT_BY_DEFAULT, migrator);
	tree_offers(t, file, reasons);
	if (words_have(reasons, "none"))
		reasons->n = 0;
}

void tree_migrators(const struct tree *t, struct words *names)
{
	size_t i, n = 0;

	tree_entries(t, "", ENTRY_DIR, names);
	for (i = 0; i < names->n; i++)
		if (tree_has_migrator(t, names->v[i]))
			memmove(names->v[n++], names->v[i], WORD_LEN);
	names->n = n;
}
