// SPDX-License-Identifier: GPL-2.0
/*
 * What owners do with their areas.  One thread alone changes what an area holds,
 * so it knows every byte, wherever the pages are and whoever moves them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_util.h"
#include "stress.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* Pages that one operation takes at most. */
#define MAX_RANGE	128
/* A pipe holds as many. */
#define MAX_PIPE	16

#define SPLIT		"/sys/kernel/debug/split_huge_pages"

/* Some pages of an area. */
struct range {
	struct stress_area *a;
	unsigned int first;
	unsigned int nr;
	char *mem;
	size_t len;
	off_t at;
};

static struct range choose(struct stress_owner *o, struct stress_area *a,
			   unsigned int max)
{
	unsigned int pages = a->len / mo_page_size;
	struct range r = { .a = a };

	r.nr = 1 + stress_below(&o->rand, max);
	r.first = stress_below(&o->rand, pages - r.nr + 1);
	r.at = r.first * mo_page_size;
	r.mem = a->mem + r.at;
	r.len = r.nr * mo_page_size;
	return r;
}

static bool check(const struct range *r, const void *from, const char *how)
{
	return stress_check(r->a, from, r->first, r->nr, how);
}

static void forget(const struct range *r, uint32_t gen)
{
	stress_set_gen(r->a, r->first, r->nr, gen);
}

/* A system call that must do all of it. */
static bool all_of(ssize_t done, const struct range *r, const char *how)
{
	if (done == (ssize_t)r->len)
		return true;
	stress_fail("%s: %zd of %zu bytes: %s", how, done, r->len,
		    done < 0 ? strerror(errno) : "short");
	return false;
}

static void op_write(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);
	uint32_t gen = stress_new_gen(a);

	stress_fill(a, r.mem, r.first, r.nr, gen);
	forget(&r, gen);
}

static void op_read(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	check(&r, r.mem, "mapping");
}

/* All of it, as it is left when an area goes. */
static void op_read_all(struct stress_owner *o, struct stress_area *a)
{
	(void)o;
	stress_check(a, a->mem, 0, a->len / mo_page_size, "whole mapping");
}

static void op_vm_read(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);
	struct iovec here = { o->buf, r.len }, there = { r.mem, r.len };
	ssize_t done = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	if (all_of(done, &r, "process_vm_readv"))
		check(&r, o->buf, "process_vm_readv");
}

static void op_vm_write(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);
	struct iovec here = { o->buf, r.len }, there = { r.mem, r.len };
	uint32_t gen = stress_new_gen(a);

	stress_fill(a, o->buf, r.first, r.nr, gen);
	if (all_of(process_vm_writev(getpid(), &here, 1, &there, 1, 0), &r,
		   "process_vm_writev"))
		forget(&r, gen);
}

static void op_file_read(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	if (all_of(pread(a->fd, o->buf, r.len, r.at), &r, "read"))
		check(&r, o->buf, "read");
}

static void op_file_write(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);
	uint32_t gen = stress_new_gen(a);

	stress_fill(a, o->buf, r.first, r.nr, gen);
	if (all_of(pwrite(a->fd, o->buf, r.len, r.at), &r, "write"))
		forget(&r, gen);
}

/* Written back and dropped, it comes from the disk the next time. */
static void op_file_sync(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	if (sync_file_range(a->fd, r.at, r.len, SYNC_FILE_RANGE_WAIT_BEFORE |
			    SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) &&
	    errno != ESPIPE)
		stress_fail("sync_file_range: %s", strerror(errno));
	posix_fadvise(a->fd, r.at, r.len, POSIX_FADV_DONTNEED);
}

/* The pipe holds the pages themselves, while others want to move them. */
static void op_splice(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_PIPE);
	struct iovec there = { r.mem, r.len };

	if (all_of(vmsplice(o->pipe[1], &there, 1, 0), &r, "vmsplice") &&
	    all_of(read(o->pipe[0], o->buf, r.len), &r, "pipe"))
		check(&r, o->buf, "pipe");
}

/* A device reads the pages. */
static void op_direct_write(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	if (all_of(pwrite(o->direct, r.mem, r.len, 0), &r, "O_DIRECT write") &&
	    all_of(pread(o->direct, o->buf, r.len, 0), &r, "O_DIRECT read"))
		check(&r, o->buf, "O_DIRECT write");
}

/* A device writes to them. */
static void op_direct_read(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);
	uint32_t gen = stress_new_gen(a);

	stress_fill(a, o->buf, r.first, r.nr, gen);
	if (!all_of(pwrite(o->direct, o->buf, r.len, 0), &r, "O_DIRECT write") ||
	    !all_of(pread(o->direct, r.mem, r.len, 0), &r, "O_DIRECT read"))
		return;
	forget(&r, gen);
	check(&r, r.mem, "O_DIRECT read");
}

static void in_child(struct stress_area *a, const struct range *r)
{
	uint32_t gen = stress_new_gen(a);

	if (!check(r, r->mem, "child"))
		_exit(1);
	/* What is shared is the parent's to write. */
	if (!(a->kind->flags & STRESS_SHARED)) {
		stress_fill(a, r->mem, r->first, r->nr, gen);
		forget(r, gen);
	}
	_exit(!check(r, r->mem, "child's own"));
}

static void op_fork(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);
	pid_t pid = fork();
	int status;

	if (!pid)
		in_child(a, &r);
	if (pid < 0) {
		stress_fail("fork: %s", strerror(errno));
		return;
	}
	/* Both write to what they share, and neither sees the other's. */
	if (!(a->kind->flags & STRESS_SHARED))
		op_write(o, a);
	if (waitpid(pid, &status, 0) != pid || status)
		stress_fail("a child ended with status %#x", status);
	check(&r, r.mem, "parent");
}

static void op_protect(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	if (mprotect(r.mem, r.len, PROT_READ))
		stress_fail("mprotect: %s", strerror(errno));
	check(&r, r.mem, "read only");
	if (mprotect(r.mem, r.len, PROT_READ | PROT_WRITE))
		stress_fail("mprotect: %s", strerror(errno));
}

static void op_lock(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	if (mlock(r.mem, r.len))
		stress_fail("mlock: %s", strerror(errno));
	check(&r, r.mem, "locked");
	munlock(r.mem, r.len);
}

/* Pages go back to what they were made of. */
static void op_discard(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	if (madvise(r.mem, r.len, MADV_DONTNEED)) {
		stress_fail("MADV_DONTNEED: %s", strerror(errno));
		return;
	}
	if (a->kind->flags & STRESS_ANON)
		forget(&r, 0);
	else if (!(a->kind->flags & STRESS_SHARED))
		forget(&r, 1);
	check(&r, r.mem, "after MADV_DONTNEED");
}

static void op_punch(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	if (madvise(r.mem, r.len, MADV_REMOVE))
		stress_fail("MADV_REMOVE: %s", strerror(errno));
	else
		forget(&r, 0);
	check(&r, r.mem, "after MADV_REMOVE");
}

/* The mapping goes while its pages are moved; another one takes the place. */
static void op_map_again(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);
	int flags = a->kind->flags & STRESS_SHARED ? MAP_SHARED : MAP_PRIVATE;

	if (a->kind->flags & STRESS_ANON)
		flags |= MAP_ANONYMOUS;
	if (mmap(r.mem, r.len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, a->fd,
		 a->fd < 0 ? 0 : r.at) == MAP_FAILED) {
		stress_fail("mmap: %s", strerror(errno));
		return;
	}
	if (a->kind->flags & STRESS_ANON)
		forget(&r, 0);
	else if (!(a->kind->flags & STRESS_SHARED))
		forget(&r, 1);
	check(&r, r.mem, "mapped again");
}

/*
 * The pages stay, their address does not.  An area may consist of several
 * mappings, which some kernels refuse to move together.
 */
static void op_remap(struct stress_owner *o, struct stress_area *a)
{
	char *to = mo_map_aligned(a->len, mo_pmd_size, PROT_NONE);

	if (!to)
		return;
	if (mremap(a->mem, a->len, a->len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to)
		a->mem = to;
	else if (errno != EFAULT)
		stress_fail("mremap: %s", strerror(errno));
	op_read(o, a);
}

static void op_page_out(struct stress_owner *o, struct stress_area *a)
{
	struct range r = choose(o, a, MAX_RANGE);

	madvise(r.mem, r.len, MADV_PAGEOUT);
	/* Some come back at once, others when somebody looks. */
	if (stress_below(&o->rand, 2))
		check(&r, r.mem, "after MADV_PAGEOUT");
}

static char *choose_huge(struct stress_owner *o, struct stress_area *a)
{
	return a->mem + stress_below(&o->rand, a->len / mo_pmd_size) * mo_pmd_size;
}

static void op_collapse(struct stress_owner *o, struct stress_area *a)
{
	madvise(choose_huge(o, a), mo_pmd_size, MADV_COLLAPSE);
	op_read(o, a);
}

static void op_split(struct stress_owner *o, struct stress_area *a)
{
	char *huge = choose_huge(o, a), text[128];

	snprintf(text, sizeof(text), "%d,0x%lx,0x%lx", getpid(),
		 (unsigned long)huge, (unsigned long)huge + mo_pmd_size);
	mo_set(SPLIT, text);
	op_read(o, a);
}

static void op_unmerge(struct stress_owner *o, struct stress_area *a)
{
	madvise(a->mem, a->len, MADV_UNMERGEABLE);
	op_read(o, a);
	madvise(a->mem, a->len, MADV_MERGEABLE);
}

/* Who owns it moves it, and lets it go. */
static void op_bind(struct stress_owner *o, struct stress_area *a)
{
	unsigned long mask = 1UL << mo_nodes[stress_below(&o->rand, 2)];
	struct range r = choose(o, a, MAX_RANGE);

	/* Some pages may be in use; none may change. */
	syscall(__NR_mbind, r.mem, r.len, MPOL_BIND, &mask, 64, MPOL_MF_MOVE);
	check(&r, r.mem, "mbind");
	syscall(__NR_mbind, r.mem, r.len, MPOL_DEFAULT, NULL, 0, 0);
}

/* Which areas an operation is for: all of @need, nothing of @never. */
static const struct {
	const char *name;
	void (*act)(struct stress_owner *o, struct stress_area *a);
	unsigned int need;
	unsigned int never;
	unsigned int weight;
} ops[] = {
	{ "write", op_write, .weight = 8 },
	{ "read", op_read, .weight = 8 },
	{ "read all", op_read_all, .weight = 2 },
	{ "process_vm_readv", op_vm_read, .weight = 3 },
	{ "process_vm_writev", op_vm_write, .weight = 3 },
	{ "pread", op_file_read, STRESS_FILE | STRESS_SHARED, .weight = 3 },
	{ "pwrite", op_file_write, STRESS_FILE | STRESS_SHARED, .weight = 3 },
	{ "write back", op_file_sync, STRESS_FILE | STRESS_SHARED, .weight = 1 },
	{ "vmsplice", op_splice, .weight = 3 },
	{ "O_DIRECT write", op_direct_write, .weight = 1 },
	{ "O_DIRECT read", op_direct_read, .weight = 1 },
	/* A pool of huge pages has none for a child to copy to. */
	{ "fork", op_fork, .never = STRESS_HUGETLB, .weight = 1 },
	{ "mprotect", op_protect, .never = STRESS_HUGETLB, .weight = 2 },
	{ "mlock", op_lock, .never = STRESS_HUGETLB, .weight = 1 },
	{ "MADV_DONTNEED", op_discard, .never = STRESS_HUGETLB, .weight = 2 },
	{ "MADV_REMOVE", op_punch, STRESS_PUNCH, .weight = 1 },
	{ "munmap, mmap", op_map_again, .never = STRESS_HUGETLB | STRESS_SAME,
	  .weight = 2 },
	{ "mremap", op_remap, .weight = 1 },
	{ "MADV_PAGEOUT", op_page_out, .never = STRESS_HUGETLB, .weight = 2 },
	{ "MADV_COLLAPSE", op_collapse, STRESS_THP, .weight = 2 },
	{ "split_huge_pages", op_split, STRESS_THP, .weight = 1 },
	{ "MADV_UNMERGEABLE", op_unmerge, STRESS_SAME, .weight = 1 },
	{ "mbind", op_bind, .never = STRESS_HUGETLB, .weight = 2 },
};

/* Name of an operation, or NULL behind the last one. */
const char *stress_op_name(unsigned int op)
{
	return op < ARRAY_SIZE(ops) ? ops[op].name : NULL;
}

static bool allowed(unsigned int op, const struct stress_owner *o,
		    const struct stress_area *a)
{
	unsigned int flags = a->kind->flags;

	if (o->direct < 0 &&
	    (ops[op].act == op_direct_read || ops[op].act == op_direct_write))
		return false;
	return (flags & ops[op].need) == ops[op].need && !(flags & ops[op].never);
}

/* Do one thing with an area, as the seed says. */
void stress_do_one(struct stress_owner *o, struct stress_area *a)
{
	unsigned int weights[ARRAY_SIZE(ops)], op;

	for (op = 0; op < ARRAY_SIZE(ops); op++)
		weights[op] = allowed(op, o, a) ? ops[op].weight : 0;
	op = stress_choose(&o->rand, weights, ARRAY_SIZE(ops));
	ops[op].act(o, a);
	stress_count(&stress->ops[op], 1);
}
