// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "settings.h"
#include "hugetlb.h"
#include "thp.h"

static int restore_and_drop_dir(void **state)
{
	settings_restore();
	return drop_dir(state);
}

static const char *in_dir(const char *name)
{
	static char path[4][256];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

static void reads_the_chosen_word(void **state)
{
	char v[SETTING_LEN];
	long long n;

	(void)state;
	write_text(dir, "list", "always inherit [madvise] never\n");
	write_text(dir, "plain", "4096\n");
	write_text(dir, "word", "abc\n");
	assert_int_equal(setting_read(in_dir("list"), v, sizeof(v)), 0);
	assert_string_equal(v, "madvise");
	assert_int_equal(setting_read_number(in_dir("plain"), &n), 0);
	assert_int_equal(n, 4096);
	assert_int_equal(setting_read_number(in_dir("word"), &n), -EINVAL);
	assert_int_equal(setting_read(in_dir("nowhere"), v, sizeof(v)), -ENOENT);
	assert_int_equal(setting_read(in_dir("list"), v, 4), -EOVERFLOW);
}

static void restores_what_was_first(void **state)
{
	(void)state;
	write_text(dir, "a", "[one] two three\n");
	write_text(dir, "b", "10\n");
	assert_int_equal(setting_write(in_dir("a"), "two"), 0);
	assert_text(dir, "a", "two");
	assert_int_equal(setting_write(in_dir("a"), "three"), 0);
	assert_int_equal(setting_write_number(in_dir("b"), 20), 0);
	assert_text(dir, "b", "20");
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, "a", "one");
	assert_text(dir, "b", "10");
}

/* A sweep writes the same file hundreds of times: one memory for all. */
static void remembers_each_file_once(void **state)
{
	int i;

	(void)state;
	write_text(dir, "a", "0\n");
	for (i = 1; i <= 500; i++)
		assert_int_equal(setting_write_number(in_dir("a"), i), 0);
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, "a", "0");
}

/* What is already so is not written: not everybody may write it. */
static void leaves_what_is_right(void **state)
{
	(void)state;
	write_text(dir, "c", "always [never]\n");
	assert_int_equal(setting_write(in_dir("c"), "never"), 0);
	assert_text(dir, "c", "always [never]\n");
}

static void a_failed_write_is_not_restored(void **state)
{
	(void)state;
	assert_int_equal(setting_write(in_dir("nowhere"), "1"), -ENOENT);
	/* Writing is refused, whoever asks. */
	assert_int_equal(setting_write("/sys/devices/system/cpu/online", "x"), -EACCES);
	assert_int_equal(settings_restore(), 0);
}

static void keeps_what_shall_stand(void **state)
{
	(void)state;
	write_text(dir, "a", "1\n");
	assert_int_equal(setting_write(in_dir("a"), "2"), 0);
	settings_keep();
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, "a", "2");
	/* The next change is remembered again. */
	assert_int_equal(setting_write(in_dir("a"), "3"), 0);
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, "a", "2");
}

static void a_lost_file_is_reported(void **state)
{
	(void)state;
	write_text(dir, "d", "1\n");
	assert_int_equal(setting_write(in_dir("d"), "2"), 0);
	unlink(in_dir("d"));
	assert_int_equal(settings_restore(), 1);
}

static void child_that_dies(int sig)
{
	settings_guard();
	if (setting_write(in_dir("e"), "2"))
		_exit(99);
	if (sig)
		raise(sig);
	exit(0);
}

/* At exit and by signals; the parent sees the signal itself. */
static void restores_at_the_end(void **state)
{
	static const int ends[] = { 0, SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	size_t i;
	int status;
	pid_t pid;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		write_text(dir, "e", "1\n");
		pid = fork();
		if (!pid)
			child_that_dies(ends[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : 0, ends[i]);
		assert_int_not_equal(WIFEXITED(status) ? WEXITSTATUS(status) : 0, 99);
		assert_text(dir, "e", "1");
	}
}

#define SIZES_ENABLED(size) "thp/hugepages-" size "kB/enabled"

static void allows_one_folio_size(void **state)
{
	(void)state;
	write_text(dir, SIZES_ENABLED("64"), "always inherit madvise [never]\n");
	write_text(dir, SIZES_ENABLED("128"), "[always] inherit madvise never\n");
	write_text(dir, SIZES_ENABLED("2048"), "always [inherit] madvise never\n");
	assert_int_equal(thp_allow_only(in_dir("thp"), 64 * SZ_1K), 0);
	assert_text(dir, SIZES_ENABLED("64"), "always");
	assert_text(dir, SIZES_ENABLED("128"), "never");
	assert_text(dir, SIZES_ENABLED("2048"), "never");
	assert_int_equal(thp_allow_only(in_dir("thp"), SZ_2M), 0);
	assert_text(dir, SIZES_ENABLED("64"), "never");
	assert_text(dir, SIZES_ENABLED("2048"), "always");
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, SIZES_ENABLED("128"), "always");
	assert_text(dir, SIZES_ENABLED("2048"), "inherit");
}

static void unknown_folio_sizes(void **state)
{
	(void)state;
	write_text(dir, SIZES_ENABLED("64"), "always [never]\n");
	assert_int_equal(thp_allow_only(in_dir("thp"), 32 * SZ_1K), -ENOENT);
	/* Base pages need no setting, huge pages a kernel that has them. */
	assert_int_equal(thp_allow_only(in_dir("nothing"), 4 * SZ_1K), 0);
	assert_int_equal(thp_allow_only(in_dir("nothing"), SZ_2M), -ENOENT);
}

static void kernels_with_one_size(void **state)
{
	(void)state;
	write_text(dir, "old/hpage_pmd_size", "2097152\n");
	write_text(dir, "old/enabled", "always [madvise] never\n");
	assert_int_equal(thp_allow_only(in_dir("old"), 64 * SZ_1K), -ENOENT);
	assert_int_equal(thp_allow_only(in_dir("old"), SZ_2M), 0);
	assert_text(dir, "old/enabled", "always");
}

#define POOL(file) "node1/hugepages/hugepages-1048576kB/" file

static void reserves_hugetlb_pages(void **state)
{
	(void)state;
	write_text(dir, POOL("free_hugepages"), "1\n");
	write_text(dir, POOL("nr_hugepages"), "3\n");
	assert_int_equal(hugetlb_reserve(in_dir(""), 1, SZ_1G, 1), 0);
	assert_text(dir, POOL("nr_hugepages"), "3\n");
	/* The kernel found none. */
	assert_int_equal(hugetlb_reserve(in_dir(""), 1, SZ_1G, 5), -ENOMEM);
	assert_text(dir, POOL("nr_hugepages"), "7");
	assert_int_equal(settings_restore(), 0);
	assert_text(dir, POOL("nr_hugepages"), "3");
	assert_int_equal(hugetlb_reserve(in_dir(""), 1, SZ_2M, 1), -ENOENT);
	assert_int_equal(hugetlb_reserve(in_dir(""), 0, SZ_1G, 1), -ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, restore_and_drop_dir)
	const struct CMUnitTest tests[] = {
		T(reads_the_chosen_word),
		T(restores_what_was_first),
		T(remembers_each_file_once),
		T(leaves_what_is_right),
		T(a_failed_write_is_not_restored),
		T(keeps_what_shall_stand),
		T(a_lost_file_is_reported),
		T(restores_at_the_end),
		T(allows_one_folio_size),
		T(unknown_folio_sizes),
		T(kernels_with_one_size),
		T(reserves_hugetlb_pages),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
