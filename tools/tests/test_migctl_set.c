// SPDX-License-Identifier: GPL-2.0
/*
 * set and policy: all or nothing.
 */
#include "migctl_tree.h"

static void sets_several(void **state)
{
	(void)state;
	assert_int_equal(run("set mtcopy.threads=8 max_batch_bytes=64M min_batch_bytes=0 "
			     "migrator=mtcopy policy.demotion=dcbm"), 0);
	assert_string_equal(text_of(dir, "out"),
			    "mtcopy.threads 8\nmax_batch_bytes 64M\nmin_batch_bytes 0\n"
			    "migrator mtcopy\npolicy.demotion dcbm\n");
	assert_text(dir, M "mtcopy/threads", "8");
	assert_text(dir, M "max_batch_bytes", "67108864");
	assert_text(dir, M "min_batch_bytes", "0");
	assert_text(dir, M "offload_migrator", "mtcopy");
	assert_text(dir, M "policy/demotion", "dcbm");
}

static void what_it_took_for_programs(void **state)
{
	(void)state;
	assert_int_equal(run("set --format=json mtcopy.threads=8 migrator=dcbm"), 0);
	assert_string_equal(text_of(dir, "out"),
			    "{\n \"mtcopy.threads\": 8,\n \"migrator\": \"dcbm\"\n}\n");
	assert_int_equal(run("policy --format=json damon=kernel"), 0);
	assert_string_equal(text_of(dir, "out"), "{\n \"policy.damon\": \"kernel\"\n}\n");
}

/* What comes with a later kernel is set without bounds of our own. */
static void settings_that_are_new(void **state)
{
	(void)state;
	write_text(dir, M "mtcopy/later", "5\n");
	write_text(dir, M "mtcopy/mode", "fast\n");
	assert_int_equal(run("set mtcopy.later=7K mtcopy.mode=slow"), 0);
	assert_text(dir, M "mtcopy/later", "7168");
	assert_text(dir, M "mtcopy/mode", "slow");
	assert_int_equal(run("set mtcopy.later=x"), 2);
	assert_err("mtcopy.later: \"x\" is no number");
	assert_int_equal(run("set mtcopy.mode="), 2);
	assert_err("mtcopy.mode: \"\" is no value");
}

/* Each with a good one before it, which must not be written. */
static void checks_all_before_the_first_write(void **state)
{
	static const struct {
		const char *arg;
		int status;
		const char *message;
	} bad[] = {
		{ "mtcopy.threads=0", 2, "mtcopy.threads: \"0\" is out of range (1 to 64)" },
		{ "mtcopy.threads=65", 2, "is out of range (1 to 64)" },
		{ "mtcopy.threads=many", 2, "\"many\" is no number" },
		{ "mtcopy.threads=-1", 2, "\"-1\" is no number" },
		{ "mtcopy.threads=", 2, "\"\" is no number" },
		{ "file_folios=2", 2, "out of range (0 or 1)" },
		{ "mtcopy.min_bytes_per_worker=2M", 2, "(a page to 1M)" },
		{ "dcbm.channels=65", 2, "(1 to 64)" },
		{ "max_stall_us=99999999999999999999", 2, "out of range" },
		{ "migrator=", 2, "\"\" is no name" },
		{ "migrator=padata", 1, "padata is not loaded: modprobe padata_migrator" },
		{ "migrator=nobody", 1, "nobody is not loaded, and no module" },
		{ "policy.demotion=padata", 1, "padata is not loaded" },
		{ "policy.nonsense=mtcopy", 1, "policy.nonsense: not in this kernel" },
		{ "padata.threads=2", 1, "padata is not loaded: modprobe padata_migrator" },
		{ "auto.threads=2", 1, "auto has no settings" },
		{ "padata.threads=1", 1, "padata is not loaded" },
		{ "max_stall_us=11000K", 2, "(0 to 10000000)" },
		{ "nonsense=1", 1, "nonsense: no such setting" },
		{ "offload_migrator=mtcopy", 1, "offload_migrator: no such setting" },
		{ "mtcopy.nonsense=1", 1, "mtcopy.nonsense: no such setting" },
		{ "mtcopy.idle_only=1", 1, "mtcopy.idle_only: not in this kernel" },
		{ "dcbm.quarantined=1", 1, "dcbm.quarantined: is read-only" },
		{ "dcbm.not_by_default=demotion", 1, "dcbm.not_by_default: is read-only" },
		{ "mtcopy.stats/bytes=1", 1, "no such setting" },
		{ "mtcopy...=1", 1, "no such setting" },
		{ "../migration/max_batch_bytes=4M", 1, "is not loaded" },
		{ "max_batch_bytes=8M", 2, "max_batch_bytes: given twice" },
		{ "mtcopy.threads", 2, "not of the form NAME=VALUE" },
		{ "=5", 2, "not of the form NAME=VALUE" },
		{ "a-name-that-is-longer-than-any-of-the-kernel-can-be-as-it-has-a-limit=1", 1,
		  "no such setting" },
		{ "mtcopy.a-name-that-is-longer-than-thirty-one=1", 1, "no such setting" },
	};
	char arguments[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(arguments, sizeof(arguments), "set max_batch_bytes=64M '%s'",
			 bad[i].arg);
		assert_int_equal(run(arguments), bad[i].status);
		assert_err(bad[i].message);
		assert_text(dir, M "max_batch_bytes", "33554432\n");
	}
}

/* The kernel accepts one thread for padata, too. */
static void padata_takes_one_thread(void **state)
{
	(void)state;
	make_migrator("padata");
	write_text(dir, M "padata/threads", "4\n");
	assert_int_equal(run("set padata.threads=0"), 2);
	assert_err("(1 to 64)");
	assert_int_equal(run("set padata.threads=1"), 0);
	assert_text(dir, M "padata/threads", "1");
}

static void one_message_for_each_mistake(void **state)
{
	(void)state;
	assert_int_equal(run("set nonsense=1 mtcopy.threads=x"), 2);
	assert_err("migctl: nonsense: ");
	assert_err("migctl: mtcopy.threads: ");
}

static void puts_back_what_was_done(void **state)
{
	(void)state;
	link_to(M "mtcopy/later", FILE_THAT_REFUSES);
	assert_int_equal(run("set max_batch_bytes=64M migrator=dcbm mtcopy.later=5000 "
			     "mtcopy.threads=8"), 1);
	assert_err("migctl: mtcopy.later: the kernel refuses 5000: Invalid argument\n"
		   "migctl: mtcopy.later: what was set before it is put back\n");
	assert_text(dir, M "max_batch_bytes", "33554432");
	assert_text(dir, M "offload_migrator", "kernel");
	assert_text(dir, M "mtcopy/threads", "4\n");
}

static void nothing_to_put_back(void **state)
{
	(void)state;
	link_to(M "max_stall_us", FILE_THAT_REFUSES);
	assert_int_equal(run("set max_stall_us=5000"), 1);
	assert_err("migctl: max_stall_us: the kernel refuses 5000: Invalid argument");
	assert_null(strstr(text_of(dir, "err"), "put back"));
}

static void the_range_is_said(void **state)
{
	(void)state;
	link_to(M "max_batch_bytes", FILE_THAT_REFUSES);
	assert_int_equal(run("set max_batch_bytes=4K"), 1);
	assert_err("Invalid argument (it takes a PMD (2M on x86) to 1G)");
}

static void reads_back_what_the_kernel_took(void **state)
{
	(void)state;
	link_to(M "mtcopy/later", FILE_THAT_CUTS);
	assert_int_equal(run("set mtcopy.later=1234567890123456"), 0);
	assert_out("mtcopy.later 123456789012345 (the kernel took that instead of 1234567890123456)");
	assert_int_equal(run("set mtcopy.later=1234567890123456 --format=json"), 0);
	assert_out("\"mtcopy.later\": \"123456789012345\"");
}

static void policies_all_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(run("policy demotion=dcbm damon=auto"), 0);
	assert_string_equal(text_of(dir, "out"), "policy.demotion dcbm\npolicy.damon auto\n");
	assert_text(dir, M "policy/demotion", "dcbm");
	assert_text(dir, M "policy/damon", "auto");
	write_text(dir, M "policy/demotion", "[default] kernel mtcopy\n");
	assert_int_equal(run("policy demotion=mtcopy damon=nobody"), 1);
	assert_err("migctl: policy.damon: nobody is not loaded");
	assert_text(dir, M "policy/demotion", "[default] kernel mtcopy\n");
	/* Loaded, but not for this reason. */
	assert_int_equal(run("policy demotion=dcbm"), 1);
	assert_err("migctl: policy.demotion: dcbm is loaded, but cannot be chosen here");
	assert_int_equal(run("policy demotion"), 2);
	assert_err("migctl: demotion: not of the form NAME=VALUE");
}

static void an_older_kernel(void **state)
{
	(void)state;
	make_it_older();
	assert_int_equal(run("policy demotion=mtcopy"), 1);
	assert_err("migctl: policy.demotion: not in this kernel\n");
	assert_int_equal(run("set max_stall_us=5"), 1);
	assert_err("migctl: max_stall_us: not in this kernel\n");
	assert_int_equal(run("set migrator=auto"), 1);
	assert_err("migctl: migrator: auto is not in this kernel\n");
	assert_int_equal(run("set migrator=mtcopy max_batch_bytes=4M"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sets_several),
		T(what_it_took_for_programs),
		T(settings_that_are_new),
		T(checks_all_before_the_first_write),
		T(padata_takes_one_thread),
		T(one_message_for_each_mistake),
		T(puts_back_what_was_done),
		T(nothing_to_put_back),
		T(the_range_is_said),
		T(reads_back_what_the_kernel_took),
		T(policies_all_or_nothing),
		T(an_older_kernel),
	};

	return RUN_ON_TREES("migctl_set", tests);
}
