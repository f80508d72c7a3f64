// SPDX-License-Identifier: GPL-2.0
/*
 * What nobody should write to the files of the interface: 100,000 writes, alone
 * and from several processes at once, with memory moving all the while.  What is
 * not valid is refused and changes nothing.
 *
 * MO_SEED repeats a run, MO_WRITES sets the number of writes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "mo_test.h"

#define MAX_FILES	64
#define MAX_WRITE	8192
#define WRITERS		4
#define PAGES		600

FIXTURE(hostile)
{
	unsigned int seed;
	int nr_writes;
};

static char *files[MAX_FILES];
static int nr_files;

/* What is between the brackets, or all of it. */
static void chosen(char *value)
{
	char *start = strchr(value, '['), *end = strchr(value, ']');

	if (!start || !end)
		return;
	*end = '\0';
	memmove(value, start + 1, end - start);
}

static int collect(const char *path, const struct stat *st, int type,
		   struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && (st->st_mode & 0222) && nr_files < MAX_FILES)
		files[nr_files++] = strdup(path);
	return 0;
}

FIXTURE_SETUP(hostile)
{
	static const struct mo_variant dcbm = {
		.migrator = "dcbm", .channels = 2,
	};
	const char *seed = getenv("MO_SEED"), *writes = getenv("MO_WRITES");

	self->seed = seed ? strtoul(seed, NULL, 0) : (unsigned int)time(NULL);
	self->nr_writes = writes ? atoi(writes) : 100000;
	TH_LOG("MO_SEED=%u", self->seed);
	/* That one may lose memory, and has files that cannot be read. */
	mo_unload("test");
	mo_load("mtcopy");
	mo_load("padata");
	/* Where there is an engine. */
	mo_use(&dcbm);
	nr_files = 0;
	ASSERT_EQ(0, nftw(MO_SYSFS, collect, 16, FTW_PHYS));
	ASSERT_LT(10, nr_files);
	ASSERT_GT(MAX_FILES, nr_files);
	/* As they are now, they will be again. */
	for (int i = 0; i < nr_files; i++) {
		char buf[256];

		ASSERT_LT(0, mo_read(files[i], buf, sizeof(buf)));
		chosen(buf);
		ASSERT_EQ(0, mo_put(files[i], buf));
	}
}

FIXTURE_TEARDOWN(hostile)
{
	mo_restore();
	while (nr_files)
		free(files[--nr_files]);
}

static size_t pick(char *buf, const char *text)
{
	size_t len = strlen(text);

	memcpy(buf, text, len + 1);
	return len;
}

/* Something that may or may not be a value, of up to MAX_WRITE bytes. */
static size_t invent(char *buf, unsigned int *seed)
{
	static const char * const words[] = {
		"", "\n", " ", "kernel", "mtcopy", "dcbm", "padata", "auto",
		"default", "[kernel]", "kernel mtcopy", "kernel\n\n", " mtcopy",
		"Kernel", "mtcop", "mtcopyy", "memory_failure", "../kernel",
		"%s%n", "-1", "0", "1", "2", "4", "64", "65", "4096", "1e3",
		"0x", "0x10", "010", "+1", "1 2", "1\n", "1,", "nan", "on",
		"off", "y", "N", "131072", "1048576", "2097152", "33554432",
		"4294967296", "18446744073709551615", "18446744073709551616",
		"-9223372036854775808", "99999999999999999999999999999999",
		"\xc3\xa9", "\x80", "\x7f",
	};
	size_t len;

	switch (rand_r(seed) % 8) {
	case 0:		/* bytes */
		len = rand_r(seed) % 64;
		for (size_t i = 0; i < len; i++)
			buf[i] = rand_r(seed);
		return len;
	case 1:		/* long */
		len = rand_r(seed) % MAX_WRITE;
		memset(buf, "k0\n \0A9"[rand_r(seed) % 7], len);
		return len;
	case 2:		/* a number */
		return sprintf(buf, "%lld", (long long)rand_r(seed) <<
			       rand_r(seed) % 40 >> rand_r(seed) % 32);
	case 3:		/* a word with bytes in it */
		len = pick(buf, words[rand_r(seed) % ARRAY_SIZE(words)]);
		if (len)
			buf[rand_r(seed) % len] = rand_r(seed);
		return len;
	case 4:		/* a word and its terminating NUL */
		return pick(buf, words[rand_r(seed) % ARRAY_SIZE(words)]) + 1;
	default:
		return pick(buf, words[rand_r(seed) % ARRAY_SIZE(words)]);
	}
}

/* As the kernel has it, in Latin-1. */
static const char white[] = " \t\n\v\f\r\xa0";

/* Would a reader who knows the contract say that @shown is what was written? */
static bool means(const char *written, size_t len, char *shown)
{
	char text[MAX_WRITE + 1], *end, *value = text;

	memcpy(text, written, len);
	text[len] = '\0';
	if (strchr(shown, '[')) {
		chosen(shown);
		value += strspn(value, white);
		end = value + strlen(value);
		while (end > value && strchr(white, end[-1]))
			*--end = '\0';
		return !strcmp(value, shown);
	}
	if (strtoull(value, &end, 0) == strtoull(shown, NULL, 10) && end != value)
		return !end[strspn(end, "\n")];
	value[strcspn(value, "\n")] = '\0';
	if (!strcmp(shown, "1"))
		return !strcasecmp(value, "y") || !strcmp(value, "on");
	if (!strcmp(shown, "0"))
		return !strcasecmp(value, "n") || !strcmp(value, "off");
	return false;
}

TEST_F(hostile, refused_changes_nothing)
{
	char buf[MAX_WRITE], before[256], after[256];
	unsigned int seed = self->seed;
	int nr_taken = 0;

	for (int i = 0; i < self->nr_writes; i++) {
		const char *file = files[rand_r(&seed) % nr_files];
		size_t len = invent(buf, &seed);
		int err;

		ASSERT_LT(0, mo_read(file, before, sizeof(before)));
		err = mo_write(file, buf, len);
		ASSERT_LT(0, mo_read(file, after, sizeof(after)));
		/* Of a longer one a page is taken. */
		if (err == -EIO)
			len = mo_page_size;
		if ((!err && len) || err == -EIO) {
			nr_taken++;
			ASSERT_TRUE(means(buf, len, after)) {
				TH_LOG("write %d: %s took '%.*s' and shows %s", i,
				       file, (int)len, buf, after);
			}
			continue;
		}
		ASSERT_STREQ(before, after) {
			TH_LOG("write %d: %s refused '%.*s' (%d)", i, file,
			       (int)len, buf, err);
		}
		ASSERT_TRUE(!err || err == -EINVAL || err == -ERANGE ||
			    err == -ENODEV) {
			TH_LOG("write %d: %s: error %d", i, file, err);
		}
	}
	TH_LOG("%d writes to %d files, %d of them taken", self->nr_writes,
	       nr_files, nr_taken);
	EXPECT_LT(0, nr_taken);
}

static void write_all(unsigned int seed, int nr)
{
	char buf[MAX_WRITE], shown[256];

	while (nr--) {
		const char *file = files[rand_r(&seed) % nr_files];

		mo_write(file, buf, invent(buf, &seed));
		if (mo_read(file, shown, sizeof(shown)) <= 0)
			_exit(1);
	}
	_exit(0);
}

/* Everybody at once, and memory moves as if nothing were. */
TEST_F(hostile, concurrent_writers)
{
	struct mo_region r = { .len = PAGES * mo_page_size };
	pid_t pids[WRITERS];
	int left = WRITERS, status;
	uint64_t gen = 1;

	r.mem = mo_map_aligned(r.len, mo_page_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r.mem);
	r.base = (uintptr_t)r.mem;
	mo_fill(r.mem, r.len, r.base, gen);
	ASSERT_EQ(0, mo_scan(&r));
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			write_all(self->seed + i, self->nr_writes / 10 / WRITERS);
	}
	/* What was shared with them does not move. */
	mo_fill(r.mem, r.len, r.base, ++gen);
	while (left) {
		int node = mo_nodes[gen % 2];

		if (waitpid(-1, &status, WNOHANG) > 0) {
			EXPECT_EQ(0, status);
			left--;
		}
		EXPECT_EQ(0, mo_move(&r, node, MPOL_MF_MOVE));
		ASSERT_EQ(MO_GOOD, mo_check(r.mem, r.len, r.base, gen));
		mo_fill(r.mem, r.len, r.base, ++gen);
	}
	mo_free(&r);
}

MO_TEST_MAIN
