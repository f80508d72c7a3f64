/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all tests include: cmocka wants these headers first.
 */
#ifndef MIGBENCH_TESTS_CHECK_H
#define MIGBENCH_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define assert_near(a, b) assert_float_equal(a, b, 1e-9)

/* A directory for the files of one test, and a file in it. */
static inline char *scratch_dir(void)
{
	static char dir[64];

	strcpy(dir, "/tmp/migbench-test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

static inline void remove_dir(const char *dir)
{
	char command[640];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static inline void write_text(const char *dir, const char *name, const char *text)
{
	char path[512], *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (slash = path; (slash = strchr(slash + 1, '/')); *slash = '/') {
		*slash = '\0';
		mkdir(path, 0755);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* What a file says; good until the next call. */
static inline char *text_of(const char *dir, const char *name)
{
	static char text[16384];
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static inline void assert_text(const char *dir, const char *name, const char *want)
{
	assert_string_equal(text_of(dir, name), want);
}

/*
 * For tests that keep their files in one: setup and teardown of cmocka, which a
 * test may call from its own.
 */
static char *dir __attribute__((unused));

static inline int make_dir(void **state)
{
	(void)state;
	dir = scratch_dir();
	return 0;
}

static inline int drop_dir(void **state)
{
	(void)state;
	remove_dir(dir);
	return 0;
}

#endif
