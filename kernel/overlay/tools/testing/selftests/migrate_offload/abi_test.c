// SPDX-License-Identifier: GPL-2.0
/*
 * The files in /sys/kernel/mm/migration: what they show, take and refuse.
 * Documentation/ABI/testing/sysfs-kernel-mm-migration is the contract.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mo_test.h"
#include "mo_trace.h"

#define SELECT	MO_SYSFS "offload_migrator"
#define CPU_MT	"/sys/kernel/cpu_mt/"
#define OLD_DCBM	"/sys/kernel/dcbm/"
#define MTCOPY	MO_SYSFS "mtcopy/"

static const char * const stats[] = {
	"batches", "folios", "bytes", "ns", "cpu_ns", "helpers", "not_copied",
	"poisoned", "lost", "declined", "auto_fastest", "auto_trial",
};

static const char * const reasons[] = {
	"compaction", "memory_hotplug", "syscall_or_cpuset", "mempolicy_mbind",
	"numa_misplaced", "contig_range", "longterm_pin", "demotion", "damon",
};

FIXTURE(abi)
{
	char before[128];
};

FIXTURE_SETUP(abi)
{
	if (mo_load("mtcopy"))
		SKIP(return, "no migrator mtcopy");
	ASSERT_EQ(0, mo_put(SELECT, "kernel"));
	ASSERT_LT(0, mo_read(SELECT, self->before, sizeof(self->before)));
}

FIXTURE_TEARDOWN(abi)
{
	mo_restore();
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

/* Write @value and see it refused, with @path unchanged. */
static void refused(struct __test_metadata *_metadata, const char *path,
		    const char *value, size_t len)
{
	char before[128], after[128];
	int err;

	ASSERT_LT(0, mo_read(path, before, sizeof(before)));
	err = mo_write(path, value, len);
	/* A number that no type can hold is ERANGE, as everywhere in sysfs. */
	EXPECT_TRUE(err == -EINVAL || err == -ERANGE) {
		TH_LOG("%s took '%.40s' (%zu bytes): %d", path, value, len, err);
	}
	ASSERT_LT(0, mo_read(path, after, sizeof(after)));
	EXPECT_STREQ(before, after);
}

static void accepted(struct __test_metadata *_metadata, const char *path,
		     const char *value, const char *shown)
{
	char buf[128];

	EXPECT_EQ(0, mo_write(path, value, strlen(value))) {
		TH_LOG("%s refused '%s'", path, value);
	}
	ASSERT_LT(0, mo_read(path, buf, sizeof(buf)));
	EXPECT_STREQ(shown, buf);
}

static void takes_numbers(struct __test_metadata *_metadata, const char *path,
			  unsigned long long low, unsigned long long high)
{
	static const char * const bad[] = {
		"-1", "", "\n", " ", "x", "1 2", "0x", "1k", "1.5", "--1",
		"18446744073709551616", "99999999999999999999999999",
		"kernel", "\377\376",
	};
	unsigned long long good[] = { low, high, low + (high - low) / 2, low };
	char value[32], shown[32], old[32];

	ASSERT_LT(0, mo_read(path, old, sizeof(old)));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(shown, sizeof(shown), "%llu", good[i]);
		accepted(_metadata, path, shown, shown);
		snprintf(value, sizeof(value), "%#llx\n", good[i]);
		accepted(_metadata, path, value, shown);
	}

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (*bad[i])
			refused(_metadata, path, bad[i], strlen(bad[i]));
	snprintf(value, sizeof(value), "%llu", high + 1);
	refused(_metadata, path, value, strlen(value));
	if (low) {
		snprintf(value, sizeof(value), "%llu", low - 1);
		refused(_metadata, path, value, strlen(value));
	}
	accepted(_metadata, path, old, old);
}

static void takes_bool(struct __test_metadata *_metadata, const char *path)
{
	static const char * const yes[] = { "1", "y", "Y", "on", "1\n" };
	static const char * const no[] = { "0", "n", "N", "off", "0\n" };
	static const char * const bad[] = { "2", "-1", "maybe", "\n", " 1", "o" };
	char old[32];

	ASSERT_LT(0, mo_read(path, old, sizeof(old)));
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		accepted(_metadata, path, yes[i], "1");
		accepted(_metadata, path, no[i], "0");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused(_metadata, path, bad[i], strlen(bad[i]));
	accepted(_metadata, path, old, old);
}

TEST_F(abi, modes)
{
	char path[256];

	EXPECT_EQ(0644, mode_of(SELECT));
	EXPECT_EQ(0644, mode_of(MO_SYSFS "max_batch_bytes"));
	EXPECT_EQ(0644, mode_of(MO_SYSFS "min_batch_bytes"));
	EXPECT_EQ(0644, mode_of(MO_SYSFS "max_stall_us"));
	EXPECT_EQ(0644, mode_of(MO_SYSFS "file_folios"));
	EXPECT_EQ(0644, mode_of(MTCOPY "threads"));
	EXPECT_EQ(0644, mode_of(MTCOPY "min_bytes_per_worker"));
	EXPECT_EQ(0644, mode_of(MTCOPY "idle_only"));
	EXPECT_EQ(0644, mode_of(MTCOPY "copy_mode"));
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		snprintf(path, sizeof(path), MTCOPY "stats/%s", stats[i]);
		EXPECT_EQ(0444, mode_of(path)) {
			TH_LOG("%s", path);
		}
	}
}

TEST_F(abi, defaults)
{
	char *mark;

	/* One selection, in brackets, and it is the kernel's own copy. */
	mark = strchr(self->before, '[');
	ASSERT_NE(NULL, mark);
	EXPECT_EQ(0, strncmp(mark, "[kernel]", 8));
	EXPECT_EQ(NULL, strchr(mark + 1, '['));
	EXPECT_NE(NULL, strstr(self->before, " mtcopy"));

	EXPECT_LE((long long)mo_pmd_size, mo_get(MO_SYSFS "max_batch_bytes"));
	EXPECT_LE(0, mo_get(MO_SYSFS "min_batch_bytes"));
	EXPECT_EQ(0, mo_get(MO_SYSFS "max_stall_us"));
	EXPECT_EQ(0, mo_get(MO_SYSFS "file_folios"));
	EXPECT_LE(1, mo_get(MTCOPY "threads"));
	EXPECT_LE((long long)mo_page_size,
		  mo_get(MTCOPY "min_bytes_per_worker"));
	EXPECT_EQ(1, mo_get(MTCOPY "idle_only"));
}

TEST_F(abi, select)
{
	static const char * const names[] = {
		"mtcopy", "mtcopy\n", "mtcopy", "kernel", "kernel\n", "kernel",
	};
	char buf[128], want[32];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(0, mo_write(SELECT, names[i], strlen(names[i])));
		ASSERT_LT(0, mo_read(SELECT, buf, sizeof(buf)));
		snprintf(want, sizeof(want), "[%.6s]", names[i]);
		EXPECT_NE(NULL, strstr(buf, want)) {
			TH_LOG("after '%s': %s", names[i], buf);
		}
		EXPECT_EQ(strchr(buf, '['), strrchr(buf, '['));
	}
}

static void select_refuses(struct __test_metadata *_metadata)
{
	static const char * const bad[] = {
		"nosuch", "kerne", "kernelx", "KERNEL", "default", "policy",
		"[kernel]", "[mtcopy]", "kernel mtcopy", "mtcopy kernel",
		"mtcopy\nkernel", "mtcopy,", "../mtcopy", "mtcopy/threads",
		"-1", "0", "1", "\n", " ", "\n\n", "%s%n", "\377\376\375",
		"stats", "offload_migrator", ".", "..",
	};
	char long_name[5000];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refused(_metadata, SELECT, bad[i], strlen(bad[i]));

	refused(_metadata, SELECT, "mtcopy\0", 7);
	refused(_metadata, SELECT, "kernel\0", 7);
	refused(_metadata, SELECT, "mtcopy\0kernel", 13);
	refused(_metadata, SELECT, "\0mtcopy", 7);
	refused(_metadata, SELECT, "\0", 1);

	memset(long_name, 'a', sizeof(long_name));
	for (size_t len = 28; len < 40; len++)
		refused(_metadata, SELECT, long_name, len);
	/* A known name is not to be found at the start of a longer one. */
	memcpy(long_name, "mtcopy", 6);
	refused(_metadata, SELECT, long_name, 40);
	memset(long_name + 6, ' ', sizeof(long_name) - 6);
	refused(_metadata, SELECT, long_name, 4096);
}

TEST_F(abi, select_refuses_with_kernel)
{
	select_refuses(_metadata);
}

TEST_F(abi, select_refuses_with_mtcopy)
{
	ASSERT_EQ(0, mo_write(SELECT, "mtcopy", 6));
	select_refuses(_metadata);
}

/* Nothing written is nothing changed. */
TEST_F(abi, select_empty)
{
	char buf[128];
	int err = mo_write(SELECT, "", 0);

	EXPECT_TRUE(!err || err == -EINVAL);
	ASSERT_LT(0, mo_read(SELECT, buf, sizeof(buf)));
	EXPECT_STREQ(self->before, buf);
}

TEST_F(abi, max_batch_bytes)
{
	takes_numbers(_metadata, MO_SYSFS "max_batch_bytes", mo_pmd_size,
		      1UL << 30);
}

TEST_F(abi, min_batch_bytes)
{
	takes_numbers(_metadata, MO_SYSFS "min_batch_bytes", 0, 1UL << 30);
}

TEST_F(abi, max_stall_us)
{
	takes_numbers(_metadata, MO_SYSFS "max_stall_us", 0, 10000000);
}

/* A policy for each reason but one, and the same counters for each. */
TEST_F(abi, policies)
{
	static const char * const names[] = {
		"auto", "mtcopy", "kernel\n", "default",
	};
	static const char * const bad[] = {
		"nosuch", "[default]", "default kernel", "\n", "policy", "1",
	};
	static const char * const counters[] = {
		"batches", "folios", "bytes", "ns", "cpu_ns", "declined",
	};
	char path[256], buf[128], want[32];

	EXPECT_NE(0, access(MO_SYSFS "policy/memory_failure", F_OK));
	EXPECT_NE(0, access(MO_SYSFS "policy/never_migrated", F_OK));
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		snprintf(path, sizeof(path), MO_SYSFS "policy/%s", reasons[i]);
		EXPECT_EQ(0644, mode_of(path));
		ASSERT_LT(0, mo_read(path, buf, sizeof(buf)));
		EXPECT_EQ(0, strncmp(buf, "[default] kernel auto", 21));
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			EXPECT_EQ(0, mo_write(path, names[j], strlen(names[j])));
			ASSERT_LT(0, mo_read(path, buf, sizeof(buf)));
			snprintf(want, sizeof(want), "[%.*s]",
				 (int)strcspn(names[j], "\n"), names[j]);
			EXPECT_NE(NULL, strstr(buf, want));
		}
		for (size_t j = 0; j < ARRAY_SIZE(bad); j++)
			refused(_metadata, path, bad[j], strlen(bad[j]));
		for (size_t j = 0; j < ARRAY_SIZE(counters); j++) {
			snprintf(path, sizeof(path), MTCOPY "reasons/%s/%s",
				 reasons[i], counters[j]);
			EXPECT_EQ(0444, mode_of(path));
			EXPECT_LE(0, mo_get(path));
		}
		for (int j = MO_FIRST_CAUSE; j < NR_MO_OUTCOMES; j++) {
			snprintf(path, sizeof(path),
				 MTCOPY "reasons/%s/declined_%s", reasons[i],
				 mo_outcome_names[j]);
			EXPECT_EQ(0444, mode_of(path));
			EXPECT_LE(0, mo_get(path));
		}
	}
}

/* stats/declined is the sum over the causes, of "auto" as well. */
TEST_F(abi, causes)
{
	static const char * const names[] = { "auto", "mtcopy" };
	long long sum;
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		sum = 0;
		for (int j = MO_FIRST_CAUSE; j < NR_MO_OUTCOMES; j++) {
			snprintf(path, sizeof(path), MO_SYSFS "%s/declined/%s",
				 names[i], mo_outcome_names[j]);
			EXPECT_EQ(0444, mode_of(path));
			EXPECT_LE(0, mo_get(path));
			sum += mo_get(path);
		}
		EXPECT_EQ(mo_stat(names[i], "declined"), sum);
	}
}

/* The reasons for which "default" leaves a migrator out. */
TEST_F(abi, not_by_default)
{
	static const struct {
		const char *migrator, *reasons;
	} want[] = {
		{ "auto", "none" },
		{ "mtcopy", "none" },
		{ "dcbm", "numa_misplaced longterm_pin" },
	};
	char path[256], buf[128];

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		if (mo_load(want[i].migrator) && !strcmp(want[i].migrator, "dcbm"))
			continue;
		snprintf(path, sizeof(path), MO_SYSFS "%s/not_by_default",
			 want[i].migrator);
		EXPECT_EQ(0444, mode_of(path));
		ASSERT_LT(0, mo_read(path, buf, sizeof(buf)));
		EXPECT_STREQ(want[i].reasons, buf);
	}
}

/* What "auto" shows, and what was measured. */
TEST_F(abi, auto_and_speed)
{
	static const char * const files[] = {
		"auto/stats/batches", "auto/speed/huge_long",
		"mtcopy/speed/small_short", "mtcopy/speed/small_long",
		"mtcopy/speed/medium_short", "mtcopy/speed/medium_long",
		"mtcopy/speed/huge_short", "mtcopy/speed/huge_long",
	};
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), MO_SYSFS "%s", files[i]);
		EXPECT_EQ(0444, mode_of(path)) {
			TH_LOG("%s", path);
		}
		EXPECT_LE(0, mo_get(path));
	}
}

TEST_F(abi, file_folios)
{
	takes_bool(_metadata, MO_SYSFS "file_folios");
}

TEST_F(abi, mtcopy_threads)
{
	takes_numbers(_metadata, MTCOPY "threads", 1, 64);
	refused(_metadata, MTCOPY "threads", "4294967297", 10);
}

TEST_F(abi, mtcopy_min_bytes_per_worker)
{
	takes_numbers(_metadata, MTCOPY "min_bytes_per_worker", mo_page_size,
		      1 << 20);
}

TEST_F(abi, mtcopy_idle_only)
{
	takes_bool(_metadata, MTCOPY "idle_only");
}

/* Which modes there are depends on the machine, but for these two. */
TEST_F(abi, mtcopy_copy_mode)
{
	static const char * const modes[] = { "cached", "auto\n", "cached\n" };
	static const char * const bad[] = { "\n", "fast", "cached streaming", "Cached" };
	char buf[64];

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		EXPECT_EQ(0, mo_write(MTCOPY "copy_mode", modes[i],
				      strlen(modes[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, mo_write(MTCOPY "copy_mode", bad[i],
					    strlen(bad[i]))) {
			TH_LOG("%s", bad[i]);
		}
	}
	ASSERT_LT(0, mo_read(MTCOPY "copy_mode", buf, sizeof(buf)));
	EXPECT_EQ(0, strcmp(buf, "[cached] streaming auto"));
#ifdef __x86_64__
	EXPECT_EQ(0, mo_set(MTCOPY "copy_mode", "streaming"));
#else
	EXPECT_EQ(-EOPNOTSUPP, mo_set(MTCOPY "copy_mode", "streaming"));
#endif
	EXPECT_EQ(0, mo_set(MTCOPY "copy_mode", "auto"));
}

TEST_F(abi, stats_are_read_only)
{
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		snprintf(path, sizeof(path), MTCOPY "stats/%s", stats[i]);
		EXPECT_NE(0, mo_write(path, "0", 1)) {
			TH_LOG("%s was written", path);
		}
		EXPECT_LE(0, mo_get(path));
	}
}

/* Each counter rises or stays, and those of a batch rise with a batch. */
TEST_F(abi, stats_are_monotone)
{
	long long before[ARRAY_SIZE(stats)], now;
	struct mo_region r = { .len = 600 * mo_page_size };

	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	r.mem = mo_map_aligned(r.len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r.mem);
	memset(r.mem, 1, r.len);
	ASSERT_EQ(0, mo_scan(&r));
	ASSERT_EQ(0, mo_put(MO_SYSFS "min_batch_bytes", "0"));
	ASSERT_EQ(0, mo_put(MTCOPY "threads", "1"));
	ASSERT_EQ(0, mo_write(SELECT, "mtcopy", 6));

	for (size_t i = 0; i < ARRAY_SIZE(stats); i++)
		before[i] = mo_stat("mtcopy", stats[i]);
	for (int pass = 0; pass < 6; pass++) {
		ASSERT_EQ(0, mo_move(&r, mo_nodes[!(pass % 2)], MPOL_MF_MOVE));
		for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
			now = mo_stat("mtcopy", stats[i]);
			EXPECT_LE(before[i], now);
			if (i < 4)	/* batches, folios, bytes, ns */
				EXPECT_LT(before[i], now);
			before[i] = now;
		}
	}
	mo_free(&r);
}

/* Everybody may look, root alone may touch. */
TEST_F(abi, unprivileged)
{
	static const char * const files[] = {
		SELECT, MO_SYSFS "max_batch_bytes", MO_SYSFS "min_batch_bytes",
		MO_SYSFS "file_folios", MO_SYSFS "max_stall_us",
		MO_SYSFS "policy/damon", MTCOPY "threads",
		MTCOPY "min_bytes_per_worker", MTCOPY "idle_only",
		MTCOPY "copy_mode",
	};
	pid_t pid = fork();
	int status;

	if (!pid) {
		char value[128];

		if (setgid(65534) || setuid(65534))
			_exit(100);
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			if (mo_read(files[i], value, sizeof(value)) <= 0 ||
			    mo_write(files[i], value, strlen(value)) != -EACCES)
				_exit(1 + i);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* The same state by the names that it had first. */
TEST_F(abi, old_names)
{
	char buf[128];

	if (mo_load("migrate_offload_compat"))
		SKIP(return, "no migrate_offload_compat");
	ASSERT_EQ(0, mo_put(CPU_MT "threads", "3"));
	EXPECT_EQ(3, mo_get(MTCOPY "threads"));
	EXPECT_EQ(-EINVAL, mo_write(CPU_MT "threads", "0", 1));
	EXPECT_EQ(3, mo_get(CPU_MT "threads"));

	EXPECT_EQ(0, mo_get(CPU_MT "offloading"));
	EXPECT_EQ(0, mo_write(CPU_MT "offloading", "1", 1));
	EXPECT_EQ(1, mo_get(CPU_MT "offloading"));
	ASSERT_LT(0, mo_selected(buf, sizeof(buf)));
	EXPECT_STREQ("mtcopy", buf);
	/* Off for one that is not on. */
	EXPECT_EQ(0, mo_write(OLD_DCBM "offloading", "0", 1));
	EXPECT_EQ(1, mo_get(CPU_MT "offloading"));
	EXPECT_EQ(-EINVAL, mo_write(CPU_MT "offloading", "maybe", 5));
	EXPECT_EQ(0, mo_write(CPU_MT "offloading", "0", 1));
	ASSERT_LT(0, mo_selected(buf, sizeof(buf)));
	EXPECT_STREQ("kernel", buf);

	if (mo_load("dcbm"))
		SKIP(return, "no dcbm");
	ASSERT_EQ(0, mo_put(OLD_DCBM "nr_dma_chan", "2"));
	EXPECT_EQ(2, mo_get(MO_SYSFS "dcbm/channels"));
	if (mo_unload("dcbm"))
		SKIP(return, "dcbm cannot be unloaded");
	EXPECT_EQ(-ENODEV, mo_get(OLD_DCBM "nr_dma_chan"));
	EXPECT_EQ(-EINVAL, mo_write(OLD_DCBM "offloading", "1", 1));
	EXPECT_EQ(0, mo_get(OLD_DCBM "offloading"));
	ASSERT_EQ(0, mo_load("dcbm"));
}

/* A migrator that goes is deselected, and one that comes is not selected. */
TEST_F(abi, migrator_directory_goes_with_the_module)
{
	char buf[128];

	ASSERT_EQ(0, mo_write(SELECT, "mtcopy", 6));
	if (mo_unload("mtcopy"))
		SKIP(return, "mtcopy cannot be unloaded");
	EXPECT_FALSE(mo_have("mtcopy"));
	EXPECT_EQ(-ENOENT, mo_read(MTCOPY "threads", buf, sizeof(buf)));
	ASSERT_LT(0, mo_selected(buf, sizeof(buf)));
	EXPECT_STREQ("kernel", buf);
	EXPECT_EQ(-EINVAL, mo_write(SELECT, "mtcopy", 6));

	ASSERT_EQ(0, mo_load("mtcopy"));
	EXPECT_TRUE(mo_have("mtcopy"));
	EXPECT_EQ(0, mo_stat("mtcopy", "batches"));
	ASSERT_LT(0, mo_selected(buf, sizeof(buf)));
	EXPECT_STREQ("kernel", buf);
}

MO_TEST_MAIN
