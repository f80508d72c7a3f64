// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/udmabuf pins folios of a memfd by memfd_pin_folios(), without a page table
 * entry.  A page is pinned, written and unpinned while a migrator has copied it
 * and has not returned.  The write must be there afterwards.
 */
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "mo_test.h"

#define HELD		MO_SYSFS "test/held"
#define POOL		"/sys/devices/system/node/node%d/hugepages/hugepages-%zukB/nr_hugepages"
#define NR_ROUNDS	20
#define MIN_WORK	8
/* Pages that are pinned, in each test. */
#define NR_PINNED	4

FIXTURE(memfd_pin)
{
	struct mo_region r;
	int memfd;
	int udmabuf;
};

/* The migrator, kind and number of the folios. */
FIXTURE_VARIANT(memfd_pin)
{
	struct mo_variant v;
	bool hugetlb;
	size_t nr;
};

#define VARIANT(name, m, huge, n)		\
	FIXTURE_VARIANT_ADD(memfd_pin, name)	\
	{					\
		.v = m,				\
		.hugetlb = huge,		\
		.nr = n,			\
	}
#define TEST_MIGRATOR	{ .migrator = "test", .mode = "copy" }
#define ORDINARY_PATH	{ .migrator = "kernel" }

VARIANT(shmem, TEST_MIGRATOR, false, 64);
VARIANT(hugetlb, TEST_MIGRATOR, true, NR_PINNED);
VARIANT(kernel_shmem, ORDINARY_PATH, false, 64);
VARIANT(kernel_hugetlb, ORDINARY_PATH, true, NR_PINNED);

/* A thread that moves the region, or one that pins its pages. */
struct worker {
	pthread_t thread;
	struct mo_region *r;
	int memfd;
	int udmabuf;
	volatile pid_t tid;
	volatile bool done;
	unsigned long work;
	const char *error;
};

static volatile bool stop;

/* Huge pages on both nodes, as the others of the pool may be in use. */
static bool grow_pools(size_t nr)
{
	char value[16];

	for (int i = 0; i < 2; i++) {
		long long have = mo_getf(POOL, mo_nodes[i], mo_pmd_size >> 10);

		snprintf(value, sizeof(value), "%lld", have + (long long)nr);
		if (have < 0 || mo_putf(value, POOL, mo_nodes[i], mo_pmd_size >> 10))
			return false;
	}
	return true;
}

FIXTURE_SETUP(memfd_pin)
{
	size_t size = variant->hugetlb ? mo_pmd_size : mo_page_size;
	const char *reason = mo_use(&variant->v);
	struct mo_region *r = &self->r;

	if (reason)
		SKIP(return, "%s", reason);
	self->udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (self->udmabuf < 0)
		SKIP(return, "no udmabuf");
	if (variant->hugetlb && !grow_pools(variant->nr))
		SKIP(return, "no %zu huge pages", variant->nr);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	self->memfd = memfd_create("memfd_pin_test", MFD_ALLOW_SEALING |
				   (variant->hugetlb ? MFD_HUGETLB : 0));
	ASSERT_LE(0, self->memfd);
	r->len = variant->nr * size;
	ASSERT_EQ(0, ftruncate(self->memfd, r->len));
	ASSERT_EQ(0, fcntl(self->memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	r->mem = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_SHARED,
		      self->memfd, 0);
	if (r->mem == MAP_FAILED) {
		r->mem = NULL;
		SKIP(return, "no %zu free folios", variant->nr);
	}
	memset(r->mem, 0, r->len);
	ASSERT_EQ(0, mo_scan(r));
	ASSERT_EQ(variant->nr, r->nr);
}

FIXTURE_TEARDOWN(memfd_pin)
{
	mo_write(MO_RELEASE, "1", 1);
	mo_free(&self->r);
	close(self->memfd);
	close(self->udmabuf);
	/* The pools shrink to what they were, when their pages are free again. */
	mo_restore();
}

static void no_error(struct __test_metadata *_metadata, const struct worker *w)
{
	EXPECT_EQ(NULL, w->error) {
		TH_LOG("%s", w->error);
	}
}

static size_t pinned_page(const struct mo_region *r, unsigned int i)
{
	return r->len / NR_PINNED * i;
}

/* Pin the page at @offset, write @new where @old must be, and unpin it. */
static const char *write_by_pin(const struct worker *w, size_t offset,
				uint64_t old, uint64_t new)
{
	struct udmabuf_create create = {
		.memfd = w->memfd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.offset = offset,
		.size = mo_page_size,
	};
	int buf = ioctl(w->udmabuf, UDMABUF_CREATE, &create);
	const char *error = NULL;
	volatile uint64_t *word;

	if (buf < 0)
		return "cannot pin";
	word = mmap(NULL, mo_page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    buf, 0);
	if (word == MAP_FAILED) {
		close(buf);
		return "cannot map what is pinned";
	}
	if (*word != old)
		error = "a write is lost";
	*word = new;
	munmap((void *)word, mo_page_size);
	close(buf);
	return error;
}

static void *move_once(void *arg)
{
	struct worker *w = arg;

	if (mo_move(w->r, mo_nodes[1], MPOL_MF_MOVE) < 0)
		w->error = "cannot move";
	w->done = true;
	return NULL;
}

static void *pin_once(void *arg)
{
	struct worker *w = arg;

	w->tid = syscall(__NR_gettid);
	w->error = write_by_pin(w, pinned_page(w->r, 0), 0, 1);
	w->done = true;
	return NULL;
}

/* Does the thread wait for the lock of a folio? */
static bool waits_for_folio(const struct worker *w)
{
	char path[64], function[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/wchan", w->tid);
	return mo_read(path, function, sizeof(function)) > 0 &&
	       strstr(function, "folio");
}

/*
 * A whole pin between the copy and the move of a batch, or none of it.  The first
 * page is pinned: of hugetlb folios each is a batch, so only the first is held.
 */
TEST_F(memfd_pin, between_copy_and_move)
{
	struct worker mover = { .r = &self->r };
	struct worker pinner = {
		.r = &self->r, .memfd = self->memfd, .udmabuf = self->udmabuf,
	};
	volatile uint64_t *word = (void *)(self->r.mem + pinned_page(&self->r, 0));

	if (!variant->v.mode)
		SKIP(return, "no copy of the ordinary path can be held");
	ASSERT_EQ(0, mo_put(MO_MODE, "hold"));
	ASSERT_EQ(0, pthread_create(&mover.thread, NULL, move_once, &mover));
	while (mo_get(HELD) != 1 && !mover.done)
		usleep(1000);
	ASSERT_FALSE(mover.done);
	ASSERT_EQ(0, mo_set(MO_MODE, "copy"));

	ASSERT_EQ(0, pthread_create(&pinner.thread, NULL, pin_once, &pinner));
	while (!pinner.done && !waits_for_folio(&pinner) && !mover.done)
		usleep(1000);
	EXPECT_EQ(1, mo_get(HELD));
	ASSERT_EQ(0, mo_write(MO_RELEASE, "1", 1));
	ASSERT_EQ(0, pthread_join(mover.thread, NULL));
	ASSERT_EQ(0, pthread_join(pinner.thread, NULL));
	no_error(_metadata, &mover);
	no_error(_metadata, &pinner);
	EXPECT_EQ(1, *word);
}

/* Counts up a word of each page, through a new pin each time. */
static void *count_up(void *arg)
{
	struct worker *w = arg;

	for (; !stop && !w->error; w->work++)
		for (unsigned int i = 0; i < NR_PINNED && !w->error; i++)
			w->error = write_by_pin(w, pinned_page(w->r, i),
						w->work, w->work + 1);
	return NULL;
}

TEST_F(memfd_pin, counting)
{
	struct mo_region *r = &self->r;
	struct worker w = {
		.r = r, .memfd = self->memfd, .udmabuf = self->udmabuf,
	};
	size_t moved = 0;

	stop = false;
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, count_up, &w));
	for (int round = 0; !w.error &&
	     (round < NR_ROUNDS || w.work < MIN_WORK); round++) {
		int node = mo_nodes[!(round % 2)];

		/* Folios that are pinned at the moment stay. */
		ASSERT_LE(0, mo_move(r, node, MPOL_MF_MOVE));
		moved += mo_on_node(r, node);
	}
	stop = true;
	ASSERT_EQ(0, pthread_join(w.thread, NULL));
	no_error(_metadata, &w);
	EXPECT_LT(0, moved);
	for (unsigned int i = 0; i < NR_PINNED; i++)
		EXPECT_EQ(w.work, *(uint64_t *)(r->mem + pinned_page(r, i)));
}

MO_TEST_MAIN
