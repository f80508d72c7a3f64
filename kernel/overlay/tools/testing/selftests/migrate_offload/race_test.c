// SPDX-License-Identifier: GPL-2.0
/*
 * Memory is moved to and fro while others use it: who writes must find every
 * write again, who reads must never see anything but what was written.  How
 * often is counted; nothing here depends on time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "mo_test.h"

#define NR_THREADS	2
#define NR_ROUNDS	20
/* What each of the others does at least while memory is moved. */
#define MIN_WORK	8
#define SELECT		MO_SYSFS "offload_migrator"

FIXTURE(race)
{
	struct mo_region r;
};

MO_VARIANTS(race);
MO_MTCOPY_VARIANTS(race);
MO_VARIANT(race, dcbm_4, "dcbm", .channels = 4);
/* Verdicts of all kinds, and destinations that are written to later. */
MO_VARIANT(race, test_mixed, "test", .mode = "mixed");

/* One of those that use the memory. */
struct worker {
	pthread_t thread;
	struct mo_region *r;
	unsigned int id;
	int fd;
	unsigned long work;
	const char *error;
};

static volatile bool stop;
static int nr_rounds = NR_ROUNDS;
static unsigned int min_work = MIN_WORK;

FIXTURE_SETUP(race)
{
	const char *reason = mo_use(&variant->v);

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	mo_put(MO_THP "enabled", "madvise");
	if (variant->v.mode) {
		/* Half of the folios are moved one by one in the end. */
		nr_rounds /= 4;
		min_work /= 4;
	}
}

FIXTURE_TEARDOWN(race)
{
	mo_free(&self->r);
	mo_restore();
}

/* A huge folio, if there is any, and small ones behind it. */
static void make_anon(struct __test_metadata *_metadata, struct mo_region *r)
{
	size_t huge = mo_pmd_size, small = 400 * mo_page_size;

	r->len = huge + small;
	r->mem = mo_map_aligned(r->len, mo_pmd_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	madvise(r->mem, huge, MADV_HUGEPAGE);
	madvise(r->mem + huge, small, MADV_NOHUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
}

static void make_tmpfs(struct __test_metadata *_metadata, struct mo_region *r,
		       int *fd)
{
	*fd = memfd_create("race_test", 0);
	ASSERT_LE(0, *fd);
	r->len = 400 * mo_page_size;
	ASSERT_EQ(0, ftruncate(*fd, r->len));
	r->mem = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	ASSERT_NE(MAP_FAILED, r->mem);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
}

static bool enough(const struct worker *w, unsigned int nr, int round)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (w[i].error)
			return true;
		if (w[i].work < min_work)
			return false;
	}
	return round >= nr_rounds;
}

/* Move @r to and fro while @fn runs in @nr threads. */
static void race(struct __test_metadata *_metadata, struct mo_region *r,
		 unsigned int nr, void *(*fn)(void *), struct worker *w)
{
	size_t moved = 0;

	stop = false;
	for (unsigned int i = 0; i < nr; i++) {
		w[i].r = r;
		w[i].id = i;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, fn, &w[i]));
	}
	for (int round = 0; !enough(w, nr, round); round++) {
		int node = mo_nodes[!(round % 2)];

		/* Folios that are in use may stay. */
		ASSERT_LE(0, mo_move(r, node, MPOL_MF_MOVE_ALL));
		moved += mo_on_node(r, node);
	}
	stop = true;
	for (unsigned int i = 0; i < nr; i++) {
		ASSERT_EQ(0, pthread_join(w[i].thread, NULL));
		EXPECT_EQ(NULL, w[i].error) {
			TH_LOG("%s", w[i].error);
		}
	}
	EXPECT_LT(0, moved);
}

/* Increments its own word of every 256 bytes; each must have all of them. */
static void *count_up(void *arg)
{
	struct worker *w = arg;
	volatile uint64_t *words = (void *)w->r->mem;
	size_t nr = w->r->len / 8;

	for (size_t i = w->id; i < nr; i += 32)
		words[i] = 0;
	while (!stop && !w->error) {
		for (size_t i = w->id; i < nr; i += 32) {
			if (words[i] != w->work)
				w->error = "a write is lost";
			words[i] = words[i] + 1;
		}
		w->work++;
	}
	for (size_t i = w->id; i < nr; i += 32)
		if (words[i] != w->work)
			w->error = "a write is lost at the end";
	return NULL;
}

TEST_F(race, writers)
{
	struct worker w[NR_THREADS] = {};

	make_anon(_metadata, &self->r);
	race(_metadata, &self->r, NR_THREADS, count_up, w);
}

TEST_F(race, shared_writers)
{
	struct worker w[NR_THREADS] = {};
	int fd;

	make_tmpfs(_metadata, &self->r, &fd);
	race(_metadata, &self->r, NR_THREADS, count_up, w);
	close(fd);
}

/* Reads through the mapping, all of it. */
static void *look(void *arg)
{
	struct worker *w = arg;

	for (; !stop && !w->error; w->work++)
		if (mo_check(w->r->mem, w->r->len, w->r->base, 1) != MO_GOOD)
			w->error = "read something else from the mapping";
	return NULL;
}

TEST_F(race, readers)
{
	struct worker w[NR_THREADS] = {};

	make_anon(_metadata, &self->r);
	race(_metadata, &self->r, NR_THREADS, look, w);
}

/* Reads the file, which finds folios in the page cache and not by PTEs. */
static void *read_file(void *arg)
{
	struct worker *w = arg;
	char *buf = malloc(mo_page_size);

	for (; !stop && !w->error; w->work++)
		for (size_t at = 0; at < w->r->len; at += mo_page_size) {
			if (pread(w->fd, buf, mo_page_size, at) !=
			    (ssize_t)mo_page_size)
				w->error = "short read";
			else if (mo_check(buf, mo_page_size, w->r->base + at,
					  1) != MO_GOOD)
				w->error = "read something else from the file";
		}
	free(buf);
	return NULL;
}

TEST_F(race, file_readers)
{
	struct worker w[NR_THREADS] = {};
	int fd;

	make_tmpfs(_metadata, &self->r, &fd);
	w[0].fd = fd;
	w[1].fd = fd;
	race(_metadata, &self->r, NR_THREADS, read_file, w);
	close(fd);
}

/* Writes each page by pwrite() and reads it back through the mapping. */
static void *write_file(void *arg)
{
	struct worker *w = arg;

	while (!stop && !w->error) {
		uint64_t value = ++w->work;

		for (size_t at = w->id * 8; at < w->r->len; at += mo_page_size) {
			uint64_t old = *(volatile uint64_t *)(w->r->mem + at);

			if (value > 1 && old != value - 1)
				w->error = "what was written is lost";
			if (pwrite(w->fd, &value, 8, at) != 8)
				w->error = "short write";
			if (*(volatile uint64_t *)(w->r->mem + at) != value)
				w->error = "what was written is not there";
		}
	}
	return NULL;
}

TEST_F(race, file_writers)
{
	struct worker w[NR_THREADS] = {};
	int fd;

	make_tmpfs(_metadata, &self->r, &fd);
	w[0].fd = fd;
	w[1].fd = fd;
	race(_metadata, &self->r, NR_THREADS, write_file, w);
	close(fd);
}

/* Reads and writes this process from another one. */
static int peek(const struct mo_region *r, pid_t pid)
{
	char *buf = malloc(64 * mo_page_size);
	size_t words = 64 * mo_page_size / 8;

	for (uint64_t round = 1; round <= min_work; round++)
		for (size_t at = 0; at < r->len / 8 / words; at++) {
			size_t offset = at * words * 8;
			struct iovec here = { buf, words * 8 };
			struct iovec there = { r->mem + offset, words * 8 };

			if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
				return errno;
			if (mo_check(buf, words * 8, r->base + offset, round) !=
			    MO_GOOD)
				return 255;
			mo_fill(buf, words * 8, r->base + offset, round + 1);
			if (process_vm_writev(pid, &here, 1, &there, 1, 0) < 0)
				return errno;
		}
	return 0;
}

TEST_F(race, other_process)
{
	struct mo_region *r = &self->r;
	int status = 0, round = 0;
	pid_t pid;

	make_anon(_metadata, r);
	r->len -= r->len % (64 * mo_page_size);
	pid = fork();
	if (!pid)
		_exit(peek(r, getppid()));
	for (; round < nr_rounds || !waitpid(pid, &status, WNOHANG); round++)
		ASSERT_LE(0, mo_move(r, mo_nodes[!(round % 2)],
				     MPOL_MF_MOVE_ALL));
	if (WEXITSTATUS(status) == ENOSYS)
		SKIP(return, "no process_vm_readv()");
	ASSERT_EQ(0, status);
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, min_work + 1));
}

/* Throws pages away: from then on they are empty, whatever is in flight. */
static void *discard(void *arg)
{
	struct worker *w = arg;
	size_t half = w->r->len / 2 / mo_page_size * mo_page_size;

	for (; !stop && !w->error; w->work++)
		for (size_t at = 0; at < half; at += 8 * mo_page_size) {
			volatile uint64_t *word = (void *)(w->r->mem + at);

			if (*word && *word != mo_word(w->r->base + at, 1))
				w->error = "something else before";
			madvise(w->r->mem + at, mo_page_size, MADV_DONTNEED);
			if (*word)
				w->error = "data came back";
			*word = mo_word(w->r->base + at, 1);
			if (*word != mo_word(w->r->base + at, 1))
				w->error = "a write is lost";
		}
	return NULL;
}

TEST_F(race, discard)
{
	struct mo_region *r = &self->r;
	struct worker w = {};
	size_t half;

	make_anon(_metadata, r);
	half = r->len / 2 / mo_page_size * mo_page_size;
	race(_metadata, r, 1, discard, &w);
	EXPECT_EQ(MO_GOOD, mo_check(r->mem + half, r->len - half,
				    r->base + half, 1));
}

/* Children share the pages for a moment, write to them and go. */
static void *fork_and_write(void *arg)
{
	struct worker *w = arg;

	for (; !stop && !w->error; w->work++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			for (size_t at = 0; at < w->r->len; at += mo_page_size)
				w->r->mem[at]++;
			for (size_t at = 0; at < w->r->len; at += mo_page_size)
				w->r->mem[at]--;
			_exit(mo_check(w->r->mem, w->r->len, w->r->base, 1) !=
			      MO_GOOD);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			w->error = "a child saw something else";
	}
	return NULL;
}

TEST_F(race, fork)
{
	struct worker w = {};

	make_anon(_metadata, &self->r);
	race(_metadata, &self->r, 1, fork_and_write, &w);
	EXPECT_EQ(MO_GOOD, mo_check(self->r.mem, self->r.len, self->r.base, 1));
}

/* Moves the same memory: both want it somewhere else. */
static void *move_too(void *arg)
{
	struct worker *w = arg;
	struct mo_region r = { .mem = w->r->mem, .len = w->r->len };

	for (; !stop && !w->error; w->work++) {
		if (mo_scan(&r) || mo_move(&r, mo_nodes[w->work % 2],
					   MPOL_MF_MOVE_ALL) < 0)
			w->error = "cannot move";
	}
	r.mem = NULL;
	mo_free(&r);
	return NULL;
}

TEST_F(race, movers)
{
	struct worker w[NR_THREADS] = {};

	make_anon(_metadata, &self->r);
	race(_metadata, &self->r, NR_THREADS, move_too, w);
	EXPECT_EQ(MO_GOOD, mo_check(self->r.mem, self->r.len, self->r.base, 1));
}

static void *compact(void *arg)
{
	struct worker *w = arg;

	for (; !stop && !w->error; w->work++)
		if (mo_write("/proc/sys/vm/compact_memory", "1", 1))
			w->error = "no compaction";
	return NULL;
}

/* Compaction moves what move_pages() moves, under reclaim's rules. */
TEST_F(race, compaction)
{
	struct worker w = {};

	if (access("/proc/sys/vm/compact_memory", W_OK))
		SKIP(return, "no compaction");
	make_anon(_metadata, &self->r);
	race(_metadata, &self->r, 1, compact, &w);
	EXPECT_EQ(MO_GOOD, mo_check(self->r.mem, self->r.len, self->r.base, 1));
}

/* Selects one migrator and another all the time. */
static void *select_others(void *arg)
{
	struct worker *w = arg;
	const char *other;
	char name[64];

	if (mo_selected(name, sizeof(name)) < 0)
		w->error = "cannot read the selection";
	other = strcmp(name, "mtcopy") ? "mtcopy" : "test";
	for (; !stop && !w->error; w->work++)
		if (mo_write(SELECT, other, strlen(other)) ||
		    mo_write(SELECT, name, strlen(name)))
			w->error = "cannot select";
	return NULL;
}

/*
 * Not to "kernel" and back, which module_test.sh does: that patches code which
 * all CPUs run, and some emulators fall over it.
 */
TEST_F(race, selection)
{
	struct mo_region *r = &self->r;
	struct worker w = {};

	if (mo_load("mtcopy") || mo_load("test"))
		SKIP(return, "needs two migrators");
	make_anon(_metadata, r);
	race(_metadata, r, 1, select_others, &w);
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
}

/* Helpers take part at all: a fact, seen in the counter sooner or later. */
TEST_F(race, helpers_take_part)
{
	struct mo_region *r = &self->r;
	const char *name = variant->v.migrator;
	long long before;

	if (variant->v.threads < 2)
		SKIP(return, "this migrator has no helpers");
	make_anon(_metadata, r);
	before = mo_stat(name, "helpers");
	for (int round = 0; round < 5000; round++) {
		ASSERT_EQ(0, mo_move(r, mo_nodes[!(round % 2)], MPOL_MF_MOVE));
		if (mo_stat(name, "helpers") > before)
			break;
	}
	EXPECT_LT(before, mo_stat(name, "helpers"));
	EXPECT_EQ(MO_GOOD, mo_check(r->mem, r->len, r->base, 1));
}

MO_TEST_MAIN
