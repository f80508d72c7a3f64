// SPDX-License-Identifier: GPL-2.0
/*
 * The copy engines of the kernel.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migrator.h"
#include "settings.h"

#define CHOICE_OF_MOVE_PAGES	"policy/syscall_or_cpuset"
#define CHOICE_OF_ALL		"offload_migrator"

/* A new migrator is one line here. */
static const struct migrator known[] = {
	{ "kernel", NULL, NULL, "thread", true, "1a",
	  "the kernel's own copy, folio by folio" },
	{ "mtcopy", "mtcopy/threads", "mtcopy/min_bytes_per_worker", "worker", true, "1b",
	  "copy by several CPUs" },
	{ "dcbm", "dcbm/channels", "dcbm/min_bytes_per_channel", "channel", false, "1c",
	  "copy by DMA channels" },
	{ "padata", "padata/threads", "padata/min_bytes_per_worker", "worker", true, "1d",
	  "copy by several CPUs through padata" },
	{ "auto", NULL, NULL, "thread", true, "1e",
	  "whoever was the fastest so far, batch by batch" },
};

const struct migrator *migrator_find(const char *name)
{
	static struct migrator other[LIST_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			return &known[i];
	for (i = 0; i < LIST_MAX - 1 && other[i].name; i++)
		if (!strcmp(other[i].name, name))
			return &other[i];
	other[i].name = strdup(name);
	other[i].worker = "worker";
	other[i].table = "1x";
	other[i].title = "a migrator that migbench does not know";
	return &other[i];
}

bool migrator_has_channels(const struct migrator *m)
{
	return m->workers_file && !m->on_cpus;
}

static bool has_file(const char *dir, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return !access(path, F_OK);
}

const char *migrator_choice(const char *dir)
{
	return has_file(dir, CHOICE_OF_MOVE_PAGES) ? CHOICE_OF_MOVE_PAGES : CHOICE_OF_ALL;
}

bool migrator_switches_all(const char *dir)
{
	return has_file(dir, CHOICE_OF_ALL) && !has_file(dir, CHOICE_OF_MOVE_PAGES);
}

void migrator_list(const char *dir, struct words *names)
{
	char path[PATH_MAX];
	struct words found;
	size_t i;

	names->n = 0;
	words_add(names, "kernel");
	snprintf(path, sizeof(path), "%s/%s", dir, migrator_choice(dir));
	setting_choices(path, &found);
	for (i = 0; i < found.n; i++)
		if (strcmp(found.v[i], "kernel") && strcmp(found.v[i], "default"))
			words_add(names, found.v[i]);
}

bool migrator_offered(const char *dir, const char *name)
{
	struct words names;

	migrator_list(dir, &names);
	return words_have(&names, name);
}

/* Reads back: the kernel may clamp a value instead of refusing it. */
static int write_exactly(const char *path, size_t value)
{
	long long now;
	int err;

	err = setting_write_number(path, value);
	if (!err)
		err = setting_read_number(path, &now);
	if (!err && (size_t)now != value)
		err = -ERANGE;
	return err;
}

int migrator_use(const char *dir, const struct migrator *m, size_t workers)
{
	char path[PATH_MAX];
	int err;

	if (m->workers_file) {
		snprintf(path, sizeof(path), "%s/%s", dir, m->workers_file);
		err = write_exactly(path, workers);
		if (err)
			return err;
	} else if (workers != 1) {
		return -ERANGE;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, migrator_choice(dir));
	err = setting_write(path, m->name);
	/* A stock kernel is its own and only migrator. */
	if (err == -ENOENT && !strcmp(m->name, "kernel"))
		return 0;
	return err;
}

int migrator_set_limit(const char *dir, const char *file, size_t bytes)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return write_exactly(path, bytes);
}

static long long read_counter(const char *dir, const char *name,
			      const char *counter)
{
	char path[PATH_MAX];
	long long v;

	snprintf(path, sizeof(path), "%s/%s/stats/%s", dir, name, counter);
	return setting_read_number(path, &v) ? 0 : v;
}

void migrator_read_stats(const char *dir, const struct migrator *m,
			 struct migrator_stats *stats)
{
	stats->bytes = read_counter(dir, m->name, "bytes");
	stats->ns = read_counter(dir, m->name, "ns");
}
