// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel settings that are changed for a time, or all together or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "settings.h"

#define SETTINGS_MAX 48

/* Fixed room: the signal handler must not allocate. */
static struct {
	char path[PATH_MAX];
	char value[SETTING_LEN];
} saved[SETTINGS_MAX];

static volatile sig_atomic_t nr_saved;

/* Only system calls: runs in the signal handler too. */
static int write_file(const char *path, const char *value)
{
	size_t len = strlen(value);
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, len) != (ssize_t)len)
		err = errno ? -errno : -EIO;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int restore_last(void)
{
	int i = nr_saved - 1;

	nr_saved = i;
	return write_file(saved[i].path, saved[i].value);
}

int settings_restore(void)
{
	int err, failed = 0;

	while (nr_saved) {
		err = restore_last();
		if (!err)
			continue;
		complain(saved[nr_saved].path, "cannot restore \"%s\": %s",
			 saved[nr_saved].value, strerror(-err));
		failed++;
	}
	return failed;
}

void settings_keep(void)
{
	nr_saved = 0;
}

static void restore_at_exit(void)
{
	settings_restore();
}

static void restore_and_die(int sig)
{
	while (nr_saved)
		restore_last();
	/* SA_RESETHAND has put the default back: die as the signal asks. */
	raise(sig);
}

void settings_guard(void)
{
	/* SIGPIPE: "migbench ... | head" must not leave its settings behind. */
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct sigaction sa = { .sa_handler = restore_and_die };
	size_t i;

	sa.sa_flags = SA_RESETHAND | SA_NODEFER;
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
	atexit(restore_at_exit);
}

static int read_line(const char *path, char *line, int len)
{
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f)
		return -errno;
	if (!fgets(line, len, f))
		err = ferror(f) ? -errno : -ENODATA;
	fclose(f);
	line[err ? 0 : strcspn(line, "\n")] = '\0';
	return err;
}

int setting_read(const char *path, char *value, size_t len)
{
	char line[512], *word = line, *bracket;
	int err;

	err = read_line(path, line, sizeof(line));
	if (err)
		return err;
	bracket = strchr(line, '[');
	if (bracket) {
		word = bracket + 1;
		word[strcspn(word, "]")] = '\0';
	}
	if (strlen(word) >= len)
		return -EOVERFLOW;
	strcpy(value, word);
	return 0;
}

void setting_choices(const char *path, struct words *choices)
{
	char line[512], *at = line, *word;

	choices->n = 0;
	if (read_line(path, line, sizeof(line)))
		return;
	while ((word = strsep(&at, " []")))
		if (*word)
			words_add(choices, word);
}

int setting_read_number(const char *path, long long *value)
{
	char text[SETTING_LEN], *end;
	int err;

	err = setting_read(path, text, sizeof(text));
	if (err)
		return err;
	*value = strtoll(text, &end, 10);
	return end == text || *end ? -EINVAL : 0;
}

static int is_saved(const char *path)
{
	int i;

	for (i = 0; i < nr_saved; i++)
		if (!strcmp(saved[i].path, path))
			return 1;
	return 0;
}

int setting_write(const char *path, const char *value)
{
	char now[SETTING_LEN];
	int err, first;

	err = setting_read(path, now, sizeof(now));
	if (err)
		return err;
	if (!strcmp(now, value))
		return 0;
	first = !is_saved(path);
	if (first) {
		if (nr_saved == SETTINGS_MAX || strlen(path) >= PATH_MAX)
			return -ENOSPC;
		strcpy(saved[nr_saved].path, path);
		strcpy(saved[nr_saved].value, now);
		/* Before the write: a signal in between then restores too. */
		nr_saved++;
	}
	err = write_file(path, value);
	if (err && first)
		nr_saved--;
	return err;
}

int setting_write_number(const char *path, unsigned long long value)
{
	char text[SETTING_LEN];

	snprintf(text, sizeof(text), "%llu", value);
	return setting_write(path, text);
}
