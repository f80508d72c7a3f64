// SPDX-License-Identifier: GPL-2.0
/*
 * save and load: a configuration comes back whole, or not at all.
 */
#include "migctl_tree.h"

#include <sys/stat.h>

#define SAVED(migrators) "{\"schema_version\": 1, " migrators "}"

static void comes_back(void **state)
{
	(void)state;
	write_text(dir, M "offload_migrator", "kernel auto [mtcopy] dcbm\n");
	write_text(dir, M "policy/demotion", "default kernel auto mtcopy [dcbm]\n");
	assert_int_equal(run("save file"), 0);
	assert_string_equal(text_of(dir, "out"), "");
	/* Nothing to do. */
	assert_int_equal(run("load file"), 0);
	assert_string_equal(text_of(dir, "out"), "");
	write_text(dir, M "offload_migrator", "[kernel] auto mtcopy dcbm\n");
	write_text(dir, M "policy/demotion", "[default] kernel auto mtcopy dcbm\n");
	write_text(dir, M "max_batch_bytes", "4096\n");
	write_text(dir, M "mtcopy/threads", "1\n");
	assert_int_equal(run("load file"), 0);
	assert_string_equal(text_of(dir, "out"),
			    "max_batch_bytes 32M\nmtcopy.threads 4\n"
			    "policy.demotion dcbm\nmigrator mtcopy\n");
	assert_text(dir, M "offload_migrator", "mtcopy");
	assert_text(dir, M "policy/demotion", "dcbm");
	assert_text(dir, M "max_batch_bytes", "33554432");
	assert_text(dir, M "mtcopy/threads", "4");
	assert_text(dir, M "dcbm/channels", "1\n");
}

static void says_it_to_programs(void **state)
{
	(void)state;
	assert_int_equal(run("save --format=json"), 0);
	assert_out("{\n \"schema_version\": 1,\n \"migrator\": \"kernel\",\n \"policy\": {\n");
	assert_out("  \"mtcopy\": {\n   \"threads\": 4,\n");
	assert_not_out("quarantined");
	assert_not_out("offload_migrator");
	assert_int_equal(run("save --format=text"), 2);
	assert_int_equal(run("save file"), 0);
	write_text(dir, M "mtcopy/threads", "1\n");
	assert_int_equal(run("load file --format=json"), 0);
	assert_string_equal(text_of(dir, "out"), "{\n \"mtcopy.threads\": 4\n}\n");
}

/* A reader sees the old file or the new one; links and rights stay what they are. */
static void replaces_files_with_care(void **state)
{
	struct stat st;
	char path[256];
	mode_t mask;

	(void)state;
	write_text(dir, "target", "old");
	link_to("link", "target");
	assert_int_equal(run("save link"), 0);
	assert_non_null(strstr(text_of(dir, "target"), "schema_version"));
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	mask = umask(027);
	assert_int_equal(run_as_typed("save --sysfs=sys new; ls | grep -c new"), 0);
	umask(mask);
	assert_string_equal(text_of(dir, "out"), "1\n");
	snprintf(path, sizeof(path), "%s/new", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void cannot_write(void **state)
{
	char path[256];

	(void)state;
	assert_int_equal(run("save /nowhere/file"), 1);
	assert_err("migctl: /nowhere/file: No such file or directory\n");
	/* One of our own, not a device: this file would be replaced. */
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(run("save pipe"), 1);
	assert_err("migctl: pipe: is no regular file\n");
	assert_int_equal(run("save sys"), 1);
	assert_err("migctl: sys: is no regular file\n");
	assert_int_equal(run("save a b"), 2);
}

static void files_of_a_wrong_form(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "", "migctl: file: line 1: " },
		{ "{", "migctl: file: line 1: " },
		{ "[]", "was not written by migctl save" },
		{ "{}", "was not written by migctl save" },
		{ "{\"schema_version\": 2}", "schema_version: another version" },
		{ "{\"schema_version\": \"1\"}", "schema_version: another version" },
		{ SAVED("\"other\": 1"), "other: no such part" },
		{ SAVED("\"migrator\": 1"), "migrator: is no name" },
		{ SAVED("\"migrator\": \"a-name-that-is-longer-than-thirty-one\""),
		  "migrator: is no name" },
		{ SAVED("\"policy\": []"), "policy: is no object" },
		{ SAVED("\"policy\": {\"demotion\": 1}"), "policy.demotion: is no name" },
		{ SAVED("\"settings\": {\"max_batch_bytes\": 1.5}"), "neither a whole number" },
		{ SAVED("\"settings\": {\"max_batch_bytes\": -1}"), "neither a whole number" },
		{ SAVED("\"settings\": {\"a.b\": 1}"), "no such name" },
		{ SAVED("\"settings\": {\"../x\": 1}"), "no such name" },
		{ SAVED("\"settings\": {\"\": 1}"), "no such name" },
		{ SAVED("\"settings\": {\"migrator\": \"mtcopy\"}"),
		  "settings: migrator does not belong there" },
		{ SAVED("\"migrators\": {\"mtcopy\": 1}"), "migrators.mtcopy: is no object" },
		{ SAVED("\"migrators\": {\"mtcopy\": {\"threads\": true}}"),
		  "migrators.mtcopy.threads: is neither" },
		{ SAVED("\"migrator\": \"kernel\", \"migrator\": \"mtcopy\""), "duplicate" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_text(dir, "file", bad[i].text);
		assert_int_equal(run("load file"), 1);
		assert_err(bad[i].message);
	}
	assert_int_equal(run("load missing"), 1);
	assert_err("migctl: missing: ");
}

/* Of a good form, but not for this kernel: nothing is written. */
static void files_of_another_kernel(void **state)
{
	static const struct {
		const char *part, *message;
	} bad[] = {
		{ "\"settings\": {\"max_batch_bytes\": 4096, \"later\": 1}", "later: no such setting" },
		{ "\"settings\": {\"max_batch_bytes\": 4096, \"file_folios\": 2}", "(0 or 1)" },
		{ "\"settings\": {\"max_batch_bytes\": \"4K\"}", "max_batch_bytes: is a number, not a word" },
		{ "\"policy\": {\"demotion\": \"mtcopy\", \"later\": \"mtcopy\"}", "policy.later: not in this kernel" },
		{ "\"policy\": {\"demotion\": \"nobody\"}", "nobody is not loaded" },
		{ "\"migrators\": {\"mtcopy\": {\"threads\": 65}}", "mtcopy.threads: \"65\" is out of range" },
		{ "\"migrators\": {\"mtcopy\": {\"threads\": \"8\"}}", "mtcopy.threads: is a number" },
		{ "\"migrators\": {\"mtcopy\": {\"thread\": 8}}", "mtcopy.thread: no such setting" },
		{ "\"migrators\": {\"dcbm\": {\"quarantined\": 8}}", "is read-only" },
		{ "\"migrators\": {\"padata\": {}}", "file: padata is not loaded: modprobe padata_migrator" },
		{ "\"migrator\": \"padata\"", "file: padata is not loaded: modprobe padata_migrator" },
	};
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), SAVED("%s"), bad[i].part);
		write_text(dir, "file", text);
		assert_int_equal(run("load file"), 1);
		assert_err(bad[i].message);
		assert_text(dir, M "max_batch_bytes", "33554432\n");
		assert_text(dir, M "policy/demotion", "[default] kernel auto mtcopy dcbm\n");
	}
}

static void puts_back_what_was_done(void **state)
{
	(void)state;
	link_to(M "mtcopy/later", FILE_THAT_REFUSES);
	write_text(dir, "file", SAVED("\"settings\": {\"max_batch_bytes\": 4096}, "
				      "\"migrators\": {\"mtcopy\": {\"later\": 5000}}"));
	assert_int_equal(run("load file"), 1);
	assert_err("the kernel refuses 5000");
	assert_err("what was set before it is put back");
	assert_text(dir, M "max_batch_bytes", "33554432");
}

/* Whatever the order in the file, a migrator is chosen when it is set up. */
static void chooses_at_the_end(void **state)
{
	(void)state;
	write_text(dir, "file", SAVED("\"migrator\": \"dcbm\", "
				      "\"policy\": {\"damon\": \"dcbm\"}, "
				      "\"migrators\": {\"dcbm\": {\"channels\": 4}}"));
	assert_int_equal(run("load file"), 0);
	assert_string_equal(text_of(dir, "out"),
			    "dcbm.channels 4\npolicy.damon dcbm\nmigrator dcbm\n");
}

static char *search_path;

static int make_tree_and_keep_path(void **state)
{
	search_path = strdup(getenv("PATH"));
	return make_tree(state);
}

static int restore_path_and_drop_dir(void **state)
{
	setenv("PATH", search_path, 1);
	free(search_path);
	return drop_dir(state);
}

/* Stands for the real one: makes the directory that the module would. */
static void write_modprobe(const char *then)
{
	char text[512], path[256], *all;

	snprintf(text, sizeof(text), "#!/bin/sh\necho \"$@\" >>'%s/loaded'\n%s\n", dir, then);
	write_text(dir, "bin/modprobe", text);
	snprintf(path, sizeof(path), "%s/bin/modprobe", dir);
	assert_int_equal(chmod(path, 0755), 0);
	assert_true(asprintf(&all, "%s/bin:%s", dir, search_path) > 0);
	assert_int_equal(setenv("PATH", all, 1), 0);
	free(all);
}

static void loads_modules_when_told(void **state)
{
	(void)state;
	write_text(dir, "file", SAVED("\"migrator\": \"padata\", "
				      "\"policy\": {\"damon\": \"padata\"}, "
				      "\"migrators\": {\"padata\": {\"threads\": 6}}"));
	write_modprobe("mkdir -p " M "padata/stats; echo 4 >" M "padata/threads\n"
		       "echo '[kernel] padata' >" M "offload_migrator\n"
		       "echo '[default] padata' >" M "policy/damon");
	assert_int_equal(run("load file --modprobe"), 0);
	assert_text(dir, "loaded", "-- padata_migrator\n");
	assert_text(dir, M "padata/threads", "6");
	assert_text(dir, M "offload_migrator", "padata");
}

static void modules_that_do_not_load(void **state)
{
	(void)state;
	write_text(dir, "file", SAVED("\"migrator\": \"padata\""));
	write_modprobe("exit 1");
	assert_int_equal(run("load file --modprobe"), 1);
	assert_err("migctl: modprobe: cannot load padata_migrator\n");
	write_modprobe("exit 0");
	assert_int_equal(run("load file --modprobe"), 1);
	assert_err("migctl: migrator: padata is not loaded");
	write_text(dir, "file", SAVED("\"migrator\": \"nobody\""));
	assert_int_equal(run("load file --modprobe"), 1);
	assert_err("migctl: file: nobody is not loaded, and no module");
}

static void an_older_kernel(void **state)
{
	(void)state;
	make_it_older();
	assert_int_equal(run("save file"), 0);
	assert_null(strstr(text_of(dir, "file"), "policy"));
	assert_int_equal(run("load file"), 0);
}

#define WITH_MODPROBE(f)							\
	cmocka_unit_test_setup_teardown(f, make_tree_and_keep_path,		\
					restore_path_and_drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(comes_back),
		T(says_it_to_programs),
		T(replaces_files_with_care),
		T(cannot_write),
		T(files_of_a_wrong_form),
		T(files_of_another_kernel),
		T(puts_back_what_was_done),
		T(chooses_at_the_end),
		WITH_MODPROBE(loads_modules_when_told),
		WITH_MODPROBE(modules_that_do_not_load),
		T(an_older_kernel),
	};

	return RUN_ON_TREES("migctl_save", tests);
}
