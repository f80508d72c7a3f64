// SPDX-License-Identifier: GPL-2.0
/*
 * Patterns, folios and how they are moved.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_util.h"

#define PM_PRESENT	(1ULL << 63)
#define PM_PFN_MASK	((1ULL << 55) - 1)

uint64_t mo_word(uint64_t addr, uint64_t gen)
{
	return (addr + 1) * 0x9e3779b97f4a7c15ULL ^ gen * 0xc2b2ae3d27d4eb4fULL;
}

void mo_fill(void *mem, size_t len, uint64_t base, uint64_t gen)
{
	uint64_t *words = mem;

	for (size_t i = 0; i < len / sizeof(*words); i++)
		words[i] = mo_word(base + i * sizeof(*words), gen);
}

/**
 * mo_check - is all the data that mo_fill() wrote still there?
 *
 * Return: MO_GOOD, or the offset of the first wrong word.
 */
size_t mo_check(const void *mem, size_t len, uint64_t base, uint64_t gen)
{
	const uint64_t *words = mem;

	for (size_t i = 0; i < len / sizeof(*words); i++) {
		uint64_t want = mo_word(base + i * sizeof(*words), gen);
		uint64_t got = words[i];

		if (got == want)
			continue;
		ksft_print_msg("%p + %#zx: is %#llx, should be %#llx%s\n",
			       mem, i * sizeof(*words), (unsigned long long)got,
			       (unsigned long long)want,
			       got == mo_word(base + i * sizeof(*words), gen - 1) ?
			       " (one generation old)" : "");
		return i * sizeof(*words);
	}
	return MO_GOOD;
}

/* Allocate from @node from now on; from anywhere for a negative one. */
int mo_bind(int node)
{
	unsigned long mask[16] = {};

	if (node < 0)
		return syscall(__NR_set_mempolicy, MPOL_DEFAULT, NULL, 0);
	mask[node / 64] = 1UL << (node % 64);
	return syscall(__NR_set_mempolicy, MPOL_BIND, mask, sizeof(mask) * 8);
}

char *mo_map_aligned(size_t len, size_t align, int prot)
{
	char *mem = mmap(NULL, len + align, prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (mem == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)mem & (align - 1);
	if (head)
		munmap(mem, head);
	munmap(mem + head + len, align - head);
	return mem + head;
}

/* A kernel without huge pages refuses to do without them: all are small there. */
int mo_small_pages(void *mem, size_t len)
{
	return access(MO_THP, F_OK) ? 0 : madvise(mem, len, MADV_NOHUGEPAGE);
}

static void scan_page(struct mo_region *r, size_t page, uint64_t entry, int fd)
{
	static uint64_t prev;
	uint64_t pfn = entry & PM_PFN_MASK, flags = 0;

	pread(fd, &flags, sizeof(flags), pfn * sizeof(flags));
	if (r->nr && (flags & KPF_COMPOUND_TAIL) && pfn == prev + 1) {
		r->pages[r->nr - 1]++;
	} else {
		r->addrs[r->nr] = r->mem + page * mo_page_size;
		r->pages[r->nr] = 1;
		r->flags[r->nr++] = flags;
	}
	prev = pfn;
}

/**
 * mo_scan - find the folios that are mapped in a region
 * @r: The region; all but @mem and @len is set, also @base if it was 0.
 *
 * Return: 0 or a negative errno.
 */
int mo_scan(struct mo_region *r)
{
	size_t nr_pages = r->len / mo_page_size;
	uint64_t *entries = calloc(nr_pages, sizeof(*entries));
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	off_t offset = (uintptr_t)r->mem / mo_page_size * sizeof(*entries);
	ssize_t size = nr_pages * sizeof(*entries);
	int err = 0;

	free(r->addrs);
	free(r->pages);
	free(r->flags);
	free(r->status);
	r->nr = 0;
	r->addrs = calloc(nr_pages, sizeof(*r->addrs));
	r->pages = calloc(nr_pages, sizeof(*r->pages));
	r->flags = calloc(nr_pages, sizeof(*r->flags));
	r->status = calloc(nr_pages, sizeof(*r->status));
	if (!r->base)
		r->base = (uintptr_t)r->mem;

	if (pagemap < 0 || kpageflags < 0 ||
	    pread(pagemap, entries, size, offset) != size)
		err = -EIO;
	for (size_t i = 0; !err && i < nr_pages; i++)
		if (entries[i] & PM_PRESENT)
			scan_page(r, i, entries[i], kpageflags);
	close(pagemap);
	close(kpageflags);
	free(entries);
	return err;
}

/* Where a page is, 0 if it is nowhere. */
uint64_t mo_pfn(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	pread(fd, &entry, 8, (uintptr_t)addr / mo_page_size * 8);
	close(fd);
	return entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
}

/**
 * mo_map_huge - map hugetlb folios
 * @r: The region, of which @len is set.
 * @size: Size of the folios.
 * @flags: MAP_PRIVATE or MAP_SHARED.
 *
 * They are empty, on a node that the policy of the task allows.
 *
 * Return: whether there were enough.
 */
bool mo_map_huge(struct mo_region *r, size_t size, int flags)
{
	int log = __builtin_ctzl(size);

	r->mem = mmap(NULL, r->len, PROT_READ | PROT_WRITE, flags |
		      MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE |
		      log << MAP_HUGE_SHIFT, -1, 0);
	if (r->mem == MAP_FAILED) {
		r->mem = NULL;
		return false;
	}
	return !mo_scan(r) && mo_all_pages(r, size / mo_page_size) &&
	       mo_all_flags(r, KPF_HUGE);
}

/* One page at a time: a file system may make larger folios of more. */
static int write_pages(int fd, size_t len, uint64_t base)
{
	char *page = malloc(mo_page_size);
	int err = page ? 0 : -ENOMEM;

	for (size_t at = 0; !err && at < len; at += mo_page_size) {
		mo_fill(page, mo_page_size, base + at, 1);
		if (pwrite(fd, page, mo_page_size, at) != (ssize_t)mo_page_size)
			err = -EIO;
	}
	free(page);
	/* Pages under writeback, or of a running transaction, do not move. */
	if (!err && fsync(fd))
		err = -errno;
	return err;
}

/**
 * mo_map_file - map clean page cache of a new file, which has no name
 * @r: The region, of which @len is set.
 * @dir: Where the file is; NULL for tmpfs.
 *
 * The pages are on a node that the policy of the task allows, and hold generation 1
 * of the pattern.
 *
 * Return: 0 or a negative errno.
 */
int mo_map_file(struct mo_region *r, const char *dir)
{
	int fd = dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) :
		 memfd_create("mo_map_file", MFD_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	r->base = 1 << 20;
	err = write_pages(fd, r->len, r->base);
	if (!err) {
		r->mem = mmap(NULL, r->len, PROT_READ, MAP_SHARED | MAP_POPULATE,
			      fd, 0);
		if (r->mem == MAP_FAILED) {
			r->mem = NULL;
			err = -errno;
		}
	}
	close(fd);
	return err ?: mo_scan(r);
}

/**
 * mo_map_small - map anonymous base pages
 * @r: The region, of which @len is set.
 *
 * They are on a node that the policy of the task allows, and hold generation 1 of
 * the pattern.
 *
 * Return: 0 or a negative errno.
 */
int mo_map_small(struct mo_region *r)
{
	r->mem = mo_map_aligned(r->len, mo_page_size, PROT_READ | PROT_WRITE);
	if (!r->mem)
		return -ENOMEM;
	r->base = (uintptr_t)r->mem;
	if (mo_small_pages(r->mem, r->len))
		return -errno;
	mo_fill(r->mem, r->len, r->base, 1);
	return mo_scan(r);
}

/**
 * mo_map_thp - map transparent huge pages of the PMD's size
 * @r: The region.
 * @nr: Huge pages.
 *
 * They need "madvise" or "always" in sysfs, and hold generation 1 of the pattern.
 *
 * Return: true if all of the region is in huge pages.
 */
bool mo_map_thp(struct mo_region *r, size_t nr)
{
	r->len = nr * mo_pmd_size;
	r->mem = mo_map_aligned(r->len, mo_pmd_size, PROT_READ | PROT_WRITE);
	if (!r->mem)
		return false;
	madvise(r->mem, r->len, MADV_HUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	return !mo_scan(r) && mo_all_pages(r, mo_pmd_size / mo_page_size);
}

void mo_free(struct mo_region *r)
{
	free(r->addrs);
	free(r->pages);
	free(r->flags);
	free(r->status);
	if (r->mem)
		munmap(r->mem, r->len);
	memset(r, 0, sizeof(*r));
}

long mo_move_array(size_t nr, void **addrs, const int *nodes, int *status,
		   int flags)
{
	long rc;

	for (size_t i = 0; nodes && i < nr; i++)
		status[i] = MO_UNTOUCHED;
	rc = syscall(__NR_move_pages, 0, nr, addrs, nodes, status, flags);
	return rc < 0 ? -errno : rc;
}

/**
 * mo_pin - pin a region for long, as a device does that reads and writes it
 * @r: The region.
 *
 * The pages cannot be unmapped for migration until the pin is gone.
 *
 * Return: a descriptor that holds the pin, or a negative errno.
 */
int mo_pin(const struct mo_region *r)
{
	struct iovec iov = { .iov_base = r->mem, .iov_len = r->len };
	struct io_uring_params params = {};
	int fd = syscall(__NR_io_uring_setup, 1, &params), err;

	if (fd < 0)
		return -errno;
	if (!syscall(__NR_io_uring_register, fd, IORING_REGISTER_BUFFERS, &iov, 1))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/**
 * mo_splice - put the pages of a region into a pipe
 * @r: The region.
 * @at: Offset in the region.
 * @len: How much.
 *
 * The pages can be unmapped, but do not move until the pipe is read or closed.
 *
 * Return: the pipe's end to read from, or a negative errno.
 */
int mo_splice(const struct mo_region *r, size_t at, size_t len)
{
	struct iovec iov = { .iov_base = r->mem + at, .iov_len = len };
	int fds[2], err = 0;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	if (fcntl(fds[1], F_SETPIPE_SZ, len) < 0 ||
	    vmsplice(fds[1], &iov, 1, 0) != (ssize_t)len)
		err = -EIO;
	close(fds[1]);
	if (!err)
		return fds[0];
	close(fds[0]);
	return err;
}

/**
 * mo_list_mix - make a list of the folios of two regions
 * @l: The list, of which the regions are mapped and scanned.
 * @every: One folio in so many is of the second region, as long as there are any; the
 *	rest of them is behind all of the first region.
 *
 * Return: 0 or a negative errno.
 */
int mo_list_mix(struct mo_list *l, size_t every)
{
	size_t taken[2] = {};

	l->nr = l->r[0].nr + l->r[1].nr;
	l->addrs = calloc(l->nr, sizeof(*l->addrs));
	l->nodes = calloc(l->nr, sizeof(*l->nodes));
	l->status = calloc(l->nr, sizeof(*l->status));
	if (!l->addrs || !l->nodes || !l->status)
		return -ENOMEM;
	for (size_t i = 0; i < l->nr; i++) {
		int from = taken[0] == l->r[0].nr ||
			   (i % every == every - 1 && taken[1] < l->r[1].nr);

		l->addrs[i] = l->r[from].addrs[taken[from]++];
	}
	return 0;
}

/* Move the first @nr folios of a list in one call, as mo_move_array(). */
long mo_list_move(struct mo_list *l, size_t nr, int node)
{
	for (size_t i = 0; i < nr; i++)
		l->nodes[i] = node;
	return mo_move_array(nr, l->addrs, l->nodes, l->status, MPOL_MF_MOVE);
}

void mo_list_free(struct mo_list *l)
{
	mo_free(&l->r[0]);
	mo_free(&l->r[1]);
	free(l->addrs);
	free(l->nodes);
	free(l->status);
	memset(l, 0, sizeof(*l));
}

/**
 * mo_move - move all folios of a region
 * @r: The region.
 * @node: Where to.
 * @flags: MPOL_MF_MOVE or MPOL_MF_MOVE_ALL.
 *
 * Return: what move_pages() returned, or a negative errno.
 */
long mo_move(struct mo_region *r, int node, int flags)
{
	int *nodes = calloc(r->nr, sizeof(*nodes));
	long rc;

	for (size_t i = 0; i < r->nr; i++)
		nodes[i] = node;
	rc = mo_move_array(r->nr, r->addrs, nodes, r->status, flags);
	free(nodes);
	return rc;
}

/**
 * mo_on_node - how many folios of a region are on a node?
 *
 * Asks move_pages() where each of them really is; @r->status has the answers.
 */
size_t mo_on_node(struct mo_region *r, int node)
{
	size_t found = 0;

	if (mo_move_array(r->nr, r->addrs, NULL, r->status, 0))
		return 0;
	for (size_t i = 0; i < r->nr; i++)
		found += r->status[i] == node;
	return found;
}

bool mo_all_pages(const struct mo_region *r, unsigned int pages)
{
	for (size_t i = 0; i < r->nr; i++)
		if (r->pages[i] != pages)
			return false;
	return r->nr;
}

bool mo_all_flags(const struct mo_region *r, uint64_t flags)
{
	for (size_t i = 0; i < r->nr; i++)
		if ((r->flags[i] & flags) != flags)
			return false;
	return r->nr;
}
