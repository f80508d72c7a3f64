// SPDX-License-Identifier: GPL-2.0
/*
 * The program as its users meet it, and its completion: COMPLETION names that.
 */
#include "migctl_tree.h"

static void help_and_version(void **state)
{
	(void)state;
	assert_int_equal(run_as_typed("--version"), 0);
	assert_int_equal(strncmp(text_of(dir, "out"), "migctl ", 7), 0);
	assert_int_equal(run_as_typed("--help"), 0);
	assert_out("  policy   migrators by reason");
	assert_out("  --sysfs=DIR ");
	assert_int_equal(run_as_typed("stats --help"), 0);
	assert_out("usage: migctl stats [OPTION...] [MIGRATOR]\n");
	assert_out("  --watch[=SECONDS] ");
	assert_not_out("--modprobe");
	assert_int_equal(run_as_typed("load -h"), 0);
	assert_out("  --modprobe ");
	assert_string_equal(text_of(dir, "err"), "");
}

/* On stderr, as "migctl: object: reason", and nothing on stdout. */
static void usage_errors(void **state)
{
	static const char *const bad[] = {
		"nonsense", "''", "--nonsense", "list --nonsense", "list --format=csv",
		"list --format", "--format=", "--sysfs=", "list x", "set", "set x", "policy x",
		"policy =x",
		"stats a b", "save a b", "load", "load a b", "check x", "--sysfs=sys list",
		"list --watch", "stats --modprobe",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(run_as_typed(bad[i]), 2);
		assert_err("migctl: ");
		assert_non_null(strstr(text_of(dir, "err") + 8, ": "));
	}
}

static void paths_that_are_too_long(void **state)
{
	(void)state;
	assert_int_equal(run_as_typed("--sysfs=$(printf %05000d 0)"), 2);
	assert_err("migctl: sysfs: ");
	assert_int_equal(run_as_typed("--sysfs=$(printf %03500d 0)"), 1);
}

static void a_kernel_without_the_feature(void **state)
{
	static const char *const commands[] = {
		"", "list", "set migrator=mtcopy", "policy", "stats", "save", "load x",
	};
	size_t i;

	(void)state;
	remove_tree(M);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_int_equal(run(commands[i]), 1);
		assert_err("migctl: sys/kernel/mm/migration: not in this kernel");
	}
}

static void full_disks_are_noticed(void **state)
{
	static const char *const commands[] = {
		"", "list", "policy", "stats", "save", "--words", "--format=json",
	};
	char arguments[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(arguments, sizeof(arguments), "%s %s >/dev/full 2>full; echo $?",
			 commands[i], strcmp(commands[i], "--words") ? "--sysfs=sys" : "");
		assert_int_equal(run_as_typed(arguments), 0);
		assert_string_equal(text_of(dir, "out"), "1\n");
		assert_string_equal(text_of(dir, "full"),
				    "migctl: standard output: No space left on device\n");
	}
}

static void words_for_the_shell(void **state)
{
	(void)state;
	assert_int_equal(run_as_typed("--words"), 0);
	assert_int_equal(strncmp(text_of(dir, "out"), "list\nset\n", 9), 0);
	assert_out("--version\n");
	assert_int_equal(run_as_typed("--words --sysfs=sys set"), 0);
	assert_out("migrator=\nmax_batch_bytes=\n");
	assert_out("\nmtcopy.threads=\n");
	assert_out("\npolicy.demotion=\n");
	assert_not_out("quarantined");
	assert_not_out("not_by_default");
	assert_int_equal(run_as_typed("--words --sysfs=sys policy"), 0);
	assert_out("\ndemotion=\n");
	assert_int_equal(run_as_typed("--words --sysfs=sys stats"), 0);
	assert_out("\n--watch\n--count=\n");
	assert_out("\ndcbm\nmtcopy\nauto\n");
	assert_int_equal(run_as_typed("--words --sysfs=sys set migrator"), 0);
	assert_string_equal(text_of(dir, "out"), "kernel\nauto\nmtcopy\ndcbm\n");
	assert_int_equal(run_as_typed("--words --sysfs=sys policy damon"), 0);
	assert_string_equal(text_of(dir, "out"), "default\nkernel\nauto\nmtcopy\ndcbm\n");
	assert_int_equal(run_as_typed("--words --sysfs=sys set file_folios"), 0);
	assert_string_equal(text_of(dir, "out"), "0\n1\n");
	assert_int_equal(run_as_typed("--words --sysfs=sys set mtcopy.threads"), 0);
	assert_string_equal(text_of(dir, "out"), "");
	assert_int_equal(run_as_typed("--words --sysfs=sys list --format"), 0);
	assert_string_equal(text_of(dir, "out"), "text json\n");
	/* Nothing to say is no mistake. */
	assert_int_equal(run_as_typed("--words --sysfs=nowhere set"), 0);
	assert_not_out("migrator=");
	assert_int_equal(run_as_typed("--words nonsense"), 0);
	assert_string_equal(text_of(dir, "out"), "");
}

/* What bash would offer behind a line of these words, the last of them unfinished. */
static void complete(const char *words)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd '%s' && bash -c '. \"$COMPLETION\";"
		 "COMP_WORDS=(\"$MIGCTL\" %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));"
		 "_migctl; echo \"${COMPREPLY[*]}\"' >out", dir, words);
	assert_int_equal(system(command), 0);
}

static void assert_completes(const char *words, const char *want)
{
	complete(words);
	if (strcmp(text_of(dir, "out"), want))
		fail_msg("%s: \"%s\"", words, text_of(dir, "out"));
}

static void completes(void **state)
{
	(void)state;
	if (!getenv("COMPLETION"))
		skip();
	assert_completes("s", "set stats save\n");
	assert_completes("set --sysfs = sys m", "migrator= max_batch_bytes= min_batch_bytes= "
			 "max_stall_us= mtcopy.threads= mtcopy.min_bytes_per_worker=\n");
	assert_completes("set --sysfs = sys migrator =", "kernel auto mtcopy dcbm\n");
	assert_completes("set --sysfs = sys migrator = m", "mtcopy\n");
	assert_completes("policy --sysfs = sys de", "demotion=\n");
	assert_completes("policy --sysfs = sys demotion = d", "default dcbm\n");
	assert_completes("stats --sysfs = sys mt", "mtcopy\n");
	assert_completes("stats --format =", "text json\n");
	assert_completes("--f", "--format=\n");
	assert_completes("--sysfs = sys --format = j", "json\n");
	write_text(dir, "saved.json", "");
	assert_completes("load saved.j", "saved.json\n");
	/* Files, and no options before a dash. */
	complete("load \"\"");
	assert_out("saved.json");
	assert_not_out("--");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(help_and_version),
		T(usage_errors),
		T(paths_that_are_too_long),
		T(a_kernel_without_the_feature),
		T(full_disks_are_noticed),
		T(words_for_the_shell),
		T(completes),
	};

	return RUN_ON_TREES("migctl_cli", tests);
}
