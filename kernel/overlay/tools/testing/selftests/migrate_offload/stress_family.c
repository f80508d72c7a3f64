// SPDX-License-Identifier: GPL-2.0
/*
 * A process with memory in it: threads that own areas, and one that moves all of
 * it, in whatever pieces, while its own allocations fail now and then.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mo_util.h"
#include "stress.h"

/* Operations after which an area is exchanged for another one. */
#define LIFE		150
/* What one call of move_pages() is given at most. */
#define MAX_MOVE	2048
#define PAUSE_US	4000

struct member {
	pthread_t thread;
	unsigned int family;
	unsigned int nr;
};

static struct stress_owner owners[STRESS_OWNERS];

static int open_direct(unsigned int family, unsigned int nr)
{
	const char *dir = getenv("MO_EXT4_DIR");
	char path[256];
	int fd;

	if (!dir)
		return -1;
	snprintf(path, sizeof(path), "%s/direct.%u.%u", dir, family, nr);
	fd = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	unlink(path);
	return fd;
}

static void replace(struct stress_owner *o, struct stress_area *a)
{
	if (a->mem) {
		stress_check(a, a->mem, 0, a->len / mo_page_size, "at the end");
		stress_unmap(a);
	}
	while (!stress->stop && !stress_map(a, &o->rand))
		;
}

static void *own(void *arg)
{
	struct member *m = arg;
	struct stress_owner *o = &owners[m->nr];

	stress_rand_init(&o->rand, m->family, m->nr);
	o->buf = mo_map_aligned(mo_pmd_size, mo_pmd_size, PROT_READ | PROT_WRITE);
	o->direct = open_direct(m->family, m->nr);
	if (!o->buf || pipe2(o->pipe, O_CLOEXEC)) {
		stress_fail("no memory or no pipe for an owner");
		return NULL;
	}
	for (unsigned long n = 0; !stress->stop; n++) {
		struct stress_area *a = &o->areas[n % STRESS_AREAS];

		if (!a->mem || !stress_below(&o->rand, LIFE))
			replace(o, a);
		if (a->mem)
			stress_do_one(o, a);
		/* Most of the time is for those who move it. */
		usleep(stress_below(&o->rand, PAUSE_US));
	}
	for (unsigned int i = 0; i < STRESS_AREAS; i++)
		replace(o, &o->areas[i]);
	return NULL;
}

/* Only this thread's allocations are to fail, and not those of the owners. */
static void let_it_fail(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/make-it-fail", gettid());
	mo_set(path, "1");
}

/*
 * Pages or huge pages from somewhere in an area to one node, or to both in turns.
 * The owner may take the area away at any time: then they are not there.
 */
static void move_some(struct stress_rand *r, struct stress_area *a)
{
	static void *addrs[MAX_MOVE];
	static int nodes[MAX_MOVE], status[MAX_MOVE];
	bool huge = stress_below(r, 4) == 0, both = stress_below(r, 4) == 0;
	size_t step = huge ? mo_pmd_size : mo_page_size;
	unsigned int node = stress_below(r, 2), nr = a->len / step;
	char *mem = a->mem;

	if (!mem)
		return;
	if (nr > MAX_MOVE)
		nr = MAX_MOVE;
	if (stress_below(r, 4) == 0)
		nr = 1 + stress_below(r, nr);
	for (unsigned int i = 0; i < nr; i++) {
		addrs[i] = mem + i * step;
		nodes[i] = mo_nodes[both ? (node + i) % 2 : node];
	}
	mo_move_array(nr, addrs, nodes, status,
		      stress_below(r, 2) ? MPOL_MF_MOVE : MPOL_MF_MOVE_ALL);
}

static void move_process(struct stress_rand *r)
{
	unsigned long both = 1UL << mo_nodes[0] | 1UL << mo_nodes[1];
	unsigned long to = 1UL << mo_nodes[stress_below(r, 2)];
	unsigned long from = both & ~to;

	syscall(__NR_migrate_pages, 0, 64, &from, &to);
}

static void *move(void *arg)
{
	struct member *m = arg;
	struct stress_rand r;

	stress_rand_init(&r, m->family, m->nr);
	let_it_fail();
	while (!stress->stop) {
		struct stress_owner *o = &owners[stress_below(&r, STRESS_OWNERS)];

		if (stress_below(&r, 32))
			move_some(&r, &o->areas[stress_below(&r, STRESS_AREAS)]);
		else
			move_process(&r);
	}
	return NULL;
}

/* Memory that is gone is a failure of its own, which should say where. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	stress_fail("signal %d at %p", sig, info->si_addr);
	_exit(1);
}

/**
 * stress_family - run the threads of one process until the run is over
 * @family: Its number.
 *
 * Return: exit status.
 */
int stress_family(unsigned int family)
{
	struct member members[STRESS_OWNERS + 1];
	struct sigaction action = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	for (unsigned int i = 0; i < STRESS_OWNERS + 1; i++) {
		members[i].family = family;
		members[i].nr = i;
		if (pthread_create(&members[i].thread, NULL,
				   i < STRESS_OWNERS ? own : move, &members[i])) {
			stress_fail("no thread");
			return 1;
		}
	}
	for (unsigned int i = 0; i < STRESS_OWNERS + 1; i++)
		pthread_join(members[i].thread, NULL);
	return 0;
}
