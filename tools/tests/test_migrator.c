// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migrator.h"
#include "settings.h"

/* /sys/kernel/mm/migration as a kernel with two loaded migrators shows it. */
static int make_migration(void **state)
{
	make_dir(state);
	write_text(dir, "offload_migrator", "[kernel] mtcopy dcbm\n");
	write_text(dir, "max_batch_bytes", "2097152\n");
	write_text(dir, "mtcopy/threads", "4\n");
	write_text(dir, "mtcopy/stats/bytes", "8192\n");
	write_text(dir, "mtcopy/stats/ns", "12345\n");
	write_text(dir, "dcbm/channels", "1\n");
	return 0;
}

/* The same with policies. move_pages() is set to mtcopy, as its users may want. */
static int make_policies(void **state)
{
	make_migration(state);
	write_text(dir, "policy/syscall_or_cpuset", "default kernel [mtcopy] dcbm\n");
	write_text(dir, "policy/demotion", "[default] kernel mtcopy dcbm\n");
	return 0;
}

static int restore_and_drop_dir(void **state)
{
	settings_restore();
	return drop_dir(state);
}

static void lists_what_is_offered(void **state)
{
	struct words w;

	(void)state;
	migrator_list(dir, &w);
	assert_int_equal(w.n, 3);
	assert_string_equal(w.v[0], "kernel");
	assert_string_equal(w.v[1], "mtcopy");
	assert_string_equal(w.v[2], "dcbm");
	write_text(dir, "offload_migrator", "kernel [mtcopy]\n");
	migrator_list(dir, &w);
	assert_int_equal(w.n, 2);
	assert_true(migrator_offered(dir, "mtcopy"));
	assert_false(migrator_offered(dir, "dcbm"));
}

static void a_stock_kernel_has_one(void **state)
{
	struct words w;

	(void)state;
	migrator_list("/nowhere", &w);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.v[0], "kernel");
	assert_int_equal(migrator_use("/nowhere", migrator_find("kernel"), 1), 0);
	assert_int_equal(migrator_use("/nowhere", migrator_find("mtcopy"), 1), -ENOENT);
}

static void tables_of_the_rfc(void **state)
{
	(void)state;
	assert_string_equal(migrator_find("kernel")->table, "1a");
	assert_string_equal(migrator_find("mtcopy")->table, "1b");
	assert_string_equal(migrator_find("dcbm")->table, "1c");
	assert_false(migrator_find("dcbm")->on_cpus);
	assert_true(migrator_has_channels(migrator_find("dcbm")));
	assert_false(migrator_has_channels(migrator_find("mtcopy")));
	assert_false(migrator_has_channels(migrator_find("kernel")));
	/* A later migrator is measured as well, with what it is set to. */
	assert_string_equal(migrator_find("later")->name, "later");
	assert_null(migrator_find("later")->workers_file);
	assert_false(migrator_has_channels(migrator_find("later")));
	assert_ptr_equal(migrator_find("later"), migrator_find("later"));
}

static void use_sets_workers_then_name(void **state)
{
	(void)state;
	assert_int_equal(migrator_use(dir, migrator_find("mtcopy"), 2), 0);
	assert_text(dir, "mtcopy/threads", "2");
	assert_text(dir, "offload_migrator", "mtcopy");
	assert_int_equal(migrator_use(dir, migrator_find("dcbm"), 8), 0);
	assert_text(dir, "dcbm/channels", "8");
	assert_text(dir, "offload_migrator", "dcbm");
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, "mtcopy/threads", "4");
	assert_text(dir, "dcbm/channels", "1");
	assert_text(dir, "offload_migrator", "kernel");
}

static void offers_what_the_policy_takes(void **state)
{
	struct words w;

	(void)state;
	write_text(dir, "policy/syscall_or_cpuset", "[default] kernel dcbm\n");
	migrator_list(dir, &w);
	assert_int_equal(w.n, 2);
	assert_string_equal(w.v[0], "kernel");
	assert_string_equal(w.v[1], "dcbm");
	assert_false(migrator_offered(dir, "default"));
	assert_false(migrator_offered(dir, "mtcopy"));
}

/* Every row gets the migrator that it names, and no other reason another one. */
static void chooses_for_move_pages_alone(void **state)
{
	static const char *const names[] = { "kernel", "dcbm", "mtcopy" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(migrator_use(dir, migrator_find(names[i]), 1), 0);
		assert_text(dir, "offload_migrator", "[kernel] mtcopy dcbm\n");
		assert_text(dir, "policy/demotion", "[default] kernel mtcopy dcbm\n");
		assert_text(dir, "policy/syscall_or_cpuset", names[i]);
	}
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, "policy/syscall_or_cpuset", "mtcopy");
	assert_text(dir, "mtcopy/threads", "4");
}

/* After an error and a signal, too. */
static void puts_the_policy_back(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	write_text(dir, "policy/syscall_or_cpuset", "[default] kernel mtcopy dcbm\n");
	assert_int_equal(migrator_use(dir, migrator_find("mtcopy"), 2), 0);
	assert_int_equal(migrator_use(dir, migrator_find("padata"), 2), -ENOENT);
	assert_text(dir, "policy/syscall_or_cpuset", "mtcopy");
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, "policy/syscall_or_cpuset", "default");
	pid = fork();
	if (!pid) {
		settings_guard();
		if (!migrator_use(dir, migrator_find("dcbm"), 8))
			raise(SIGTERM);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_text(dir, "policy/syscall_or_cpuset", "default");
	assert_text(dir, "dcbm/channels", "1");
	assert_text(dir, "offload_migrator", "[kernel] mtcopy dcbm\n");
}

/* Kernels without policies, and kernels without migrators. */
static void which_file_chooses(void **state)
{
	(void)state;
	assert_string_equal(migrator_choice(dir), "offload_migrator");
	assert_true(migrator_switches_all(dir));
	/* A kernel can have policies, but not for this reason. */
	write_text(dir, "policy/demotion", "[default] kernel mtcopy dcbm\n");
	assert_true(migrator_switches_all(dir));
	write_text(dir, "policy/syscall_or_cpuset", "[default] kernel mtcopy dcbm\n");
	assert_string_equal(migrator_choice(dir), "policy/syscall_or_cpuset");
	assert_false(migrator_switches_all(dir));
	assert_false(migrator_switches_all("/nowhere"));
}

static void one_worker_where_none_can_be_set(void **state)
{
	(void)state;
	assert_int_equal(migrator_use(dir, migrator_find("kernel"), 1), 0);
	assert_int_equal(migrator_use(dir, migrator_find("kernel"), 2), -ERANGE);
}

static void limits(void **state)
{
	(void)state;
	assert_int_equal(migrator_set_limit(dir, "max_batch_bytes", 4 << 20), 0);
	assert_text(dir, "max_batch_bytes", "4194304");
	assert_int_equal(migrator_set_limit(dir, "other", 1), -ENOENT);
}

static void counters(void **state)
{
	struct migrator_stats s;

	(void)state;
	migrator_read_stats(dir, migrator_find("mtcopy"), &s);
	assert_int_equal(s.bytes, 8192);
	assert_int_equal(s.ns, 12345);
	migrator_read_stats(dir, migrator_find("kernel"), &s);
	assert_int_equal(s.bytes, 0);
	assert_int_equal(s.ns, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_migration, restore_and_drop_dir)
#define P(f) cmocka_unit_test_setup_teardown(f, make_policies, restore_and_drop_dir)
	const struct CMUnitTest tests[] = {
		T(lists_what_is_offered),
		T(a_stock_kernel_has_one),
		T(tables_of_the_rfc),
		T(use_sets_workers_then_name),
		P(offers_what_the_policy_takes),
		P(chooses_for_move_pages_alone),
		P(puts_the_policy_back),
		T(which_file_chooses),
		T(one_worker_where_none_can_be_set),
		T(limits),
		T(counters),
	};

	return cmocka_run_group_tests_name("migrator", tests, NULL, NULL);
}
