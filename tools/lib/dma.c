// SPDX-License-Identifier: GPL-2.0
/*
 * DMA channels: which are in use, and whose they are.
 */
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma.h"
#include "common.h"
#include "settings.h"

/* Copies in work items: for tests and for machines without an engine. */
static const char *const software[] = { "migrate_offload_engine" };

/* What is no channel is neither. */
static bool is_used(const char *dir, const char *channel, bool used)
{
	char path[PATH_MAX];
	long long clients;

	snprintf(path, sizeof(path), "%s/%s/in_use", dir, channel);
	return !setting_read_number(path, &clients) && used == (clients > 0);
}

/* The device of a channel, and its driver, are links in sysfs. */
static bool read_driver(const char *dir, const char *channel, char name[NAME_MAX + 1])
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s/device/driver", dir, channel);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	snprintf(name, NAME_MAX + 1, "%s", basename(target));
	return true;
}

static bool has_name(const char *names, const char *name)
{
	const size_t len = strlen(name);
	const char *at;

	for (at = names; at; at = strchr(at, '+')) {
		at += *at == '+';
		if (!strncmp(at, name, len) && (!at[len] || at[len] == '+'))
			return true;
	}
	return false;
}

static void add_name(char *names, size_t len, const char *name)
{
	const size_t used = strlen(names);

	if (!has_name(names, name))
		snprintf(names + used, len - used, "%s%s", used ? "+" : "", name);
}

static size_t collect(const char *dir, bool used, char *names, size_t len)
{
	char name[NAME_MAX + 1];
	struct dirent **channel;
	size_t channels = 0;
	int i, n;

	names[0] = '\0';
	n = scandir(dir, &channel, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (is_used(dir, channel[i]->d_name, used)) {
			channels++;
			if (read_driver(dir, channel[i]->d_name, name))
				add_name(names, len, name);
		}
		free(channel[i]);
	}
	if (n >= 0)
		free(channel);
	return channels;
}

size_t dma_drivers(const char *dir, char *names, size_t len)
{
	return collect(dir, true, names, len);
}

size_t dma_drivers_of_free(const char *dir, char *names, size_t len)
{
	return collect(dir, false, names, len);
}

bool dma_is_software(const char *names)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(software); i++)
		if (has_name(names, software[i]))
			return true;
	return false;
}
