/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of migctl share: a tree as a kernel with two migrators shows it,
 * and the program on it. MIGCTL names the binary.
 */
#ifndef TESTS_MIGCTL_TREE_H
#define TESTS_MIGCTL_TREE_H

#include "check.h"

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#define M "sys/kernel/mm/migration/"
#define MODULES "modules/kernel/drivers/migrate_offload/"

/* Refuses what is no number from -1000 to 1000, as the kernel's own files do. */
#define FILE_THAT_REFUSES "/proc/self/oom_score_adj"
/* Takes 15 characters of what is written to it. */
#define FILE_THAT_CUTS "/proc/self/comm"

static inline void write_counter(const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	write_text(dir, name, text);
	assert_int_equal(chmod(path, 0444), 0);
}

/* As a file of the kernel behaves that is not a plain one. */
static inline void link_to(const char *name, const char *to)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	assert_int_equal(symlink(to, path), 0);
}

static inline void remove_tree(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	remove_dir(path);
}

static inline void make_migrator(const char *name)
{
	static const char *const counters[] = {
		"batches", "folios", "bytes", "ns", "cpu_ns", "declined",
	};
	char file[128];
	size_t i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		snprintf(file, sizeof(file), M "%s/stats/%s", name, counters[i]);
		write_counter(file, "0\n");
		snprintf(file, sizeof(file), M "%s/reasons/demotion/%s", name, counters[i]);
		write_counter(file, "0\n");
	}
	snprintf(file, sizeof(file), M "%s/speed/huge_long", name);
	write_counter(file, "0\n");
}

static inline int make_tree(void **state)
{
	make_dir(state);
	write_text(dir, M "offload_migrator", "[kernel] auto mtcopy dcbm\n");
	write_text(dir, M "max_batch_bytes", "33554432\n");
	write_text(dir, M "min_batch_bytes", "524288\n");
	write_text(dir, M "max_stall_us", "0\n");
	write_text(dir, M "file_folios", "0\n");
	write_text(dir, M "policy/demotion", "[default] kernel auto mtcopy dcbm\n");
	write_text(dir, M "policy/damon", "[default] kernel auto mtcopy dcbm\n");
	write_counter(M "auto/stats/batches", "3\n");
	write_counter(M "auto/declined/too_short", "7\n");
	write_counter(M "auto/speed/huge_long", "2310\n");
	make_migrator("mtcopy");
	write_text(dir, M "mtcopy/threads", "4\n");
	write_text(dir, M "mtcopy/min_bytes_per_worker", "131072\n");
	make_migrator("dcbm");
	write_text(dir, M "dcbm/channels", "1\n");
	write_counter(M "dcbm/quarantined", "0\n");
	write_counter(M "dcbm/not_by_default", "numa_misplaced longterm_pin\n");
	write_text(dir, MODULES "mtcopy.ko", "");
	write_text(dir, MODULES "dcbm.ko.xz", "");
	write_text(dir, MODULES "padata-migrator.ko.zst", "");
	write_text(dir, MODULES "migrate_offload_compat.ko", "");
	write_text(dir, MODULES "migrate_later.ko", "");
	write_text(dir, MODULES "tests/migrate_offload_test.ko", "");
	write_text(dir, "modules/kernel/drivers/dma/idxd.ko", "");
	return 0;
}

/* Without policies, "auto", reasons, speeds and the newer limits. */
static inline void make_it_older(void)
{
	write_text(dir, M "offload_migrator", "[kernel] mtcopy dcbm\n");
	remove_tree(M "policy");
	remove_tree(M "auto");
	remove_tree(M "max_stall_us");
	remove_tree(M "mtcopy/speed");
	remove_tree(M "mtcopy/reasons");
	remove_tree(M "dcbm/speed");
	remove_tree(M "dcbm/not_by_default");
	remove_tree(M "dcbm/reasons");
}

/* Without modules of migrators loaded. */
static inline void unload_all(void)
{
	write_text(dir, M "offload_migrator", "[kernel] auto\n");
	remove_tree(M "mtcopy");
	remove_tree(M "dcbm");
}

/* In the scratch directory; its output goes to "out" and "err". */
static inline int run_as_typed(const char *arguments)
{
	char command[1024];
	int status;

	snprintf(command, sizeof(command), "cd '%s' && %s '%s' %s >out 2>err", dir,
		 getenv("UNDER") ? getenv("UNDER") : "", getenv("MIGCTL"), arguments);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline int run(const char *arguments)
{
	char all[768];

	snprintf(all, sizeof(all), "%s --sysfs=sys --modules=modules", arguments);
	return run_as_typed(all);
}

static inline void assert_out(const char *want)
{
	if (!strstr(text_of(dir, "out"), want))
		fail_msg("no \"%s\" in \"%s\"", want, text_of(dir, "out"));
}

static inline void assert_not_out(const char *unwanted)
{
	if (strstr(text_of(dir, "out"), unwanted))
		fail_msg("\"%s\" in \"%s\"", unwanted, text_of(dir, "out"));
}

/* The message, and nothing on standard output. */
static inline void assert_err(const char *want)
{
	if (!strstr(text_of(dir, "err"), want))
		fail_msg("no \"%s\" in \"%s\"", want, text_of(dir, "err"));
	assert_int_equal(strncmp(text_of(dir, "err"), "migctl: ", 8), 0);
	assert_string_equal(text_of(dir, "out"), "");
}

/* For main(): all tests of a file start with such a tree. */
#define RUN_ON_TREES(name, tests)						\
	(getenv("MIGCTL") ? cmocka_run_group_tests_name(name, tests, NULL, NULL) : \
	 (fprintf(stderr, "MIGCTL must name the program\n"), 1))

#define T(f) cmocka_unit_test_setup_teardown(f, make_tree, drop_dir)

#endif
