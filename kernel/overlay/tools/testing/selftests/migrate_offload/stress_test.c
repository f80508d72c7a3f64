// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of all kinds is written, read, shared, cut up, swapped and moved, while
 * migrators are chosen, set, unloaded and made to fail at random.  Whoever owns
 * memory knows each byte of it.  Ends when migrators have copied a number of
 * folios.
 *
 * MO_SEED repeats the choices of a run, though not the order in which CPUs get to
 * them; MO_FOLIOS is the number of folios.
 */
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest.h"
#include "mo_util.h"
#include "stress.h"

#define FOLIOS		15000
#define LONG_FOLIOS	300000
/* Faults that are told; then there is nothing new in them. */
#define MAX_TOLD	10
/* Between two looks at what was reached. */
#define LOOK_US		500000
/* Looks between two lines that say so. */
#define LOOKS_TO_TELL	40

/* Pages that the kernel may keep: stacks, parts of modules. */
#define SLACK_PAGES	200

/* Bits of /proc/kpageflags: pages that somebody has, and says so. */
#define KPF_KNOWN	(1ULL << 5 /* LRU */ | 1ULL << 7 /* SLAB */ |	\
			 1ULL << 10 /* BUDDY */ | 1ULL << 17 /* HUGE */ | \
			 1ULL << 20 /* NOPAGE */ | 1ULL << 23 /* OFFLINE */ | \
			 1ULL << 24 /* ZERO_PAGE */ | 1ULL << 26 /* PGTABLE */ | \
			 1ULL << 32 /* RESERVED */)

struct stress_shared *stress;
static unsigned long long folios_wanted;

uint64_t stress_rand(struct stress_rand *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* From 0 to @limit - 1. */
unsigned int stress_below(struct stress_rand *r, unsigned int limit)
{
	return stress_rand(r) % limit;
}

/* One of @nr things, each as often as its weight says; not all weigh nothing. */
unsigned int stress_choose(struct stress_rand *r, const unsigned int *weights,
			   unsigned int nr)
{
	unsigned int sum = 0, pick, i;

	for (i = 0; i < nr; i++)
		sum += weights[i];
	pick = stress_below(r, sum);
	for (i = 0; pick >= weights[i]; i++)
		pick -= weights[i];
	return i;
}

/* Everybody has numbers of their own, which the seed decides. */
void stress_rand_init(struct stress_rand *r, unsigned int family,
		      unsigned int member)
{
	r->state = stress->seed + family * 1000 + member;
	r->state = stress_rand(r);
}

void stress_count(unsigned long *counter, unsigned long nr)
{
	__atomic_fetch_add(counter, nr, __ATOMIC_RELAXED);
}

/* Something is wrong: say it, and end the run. */
void stress_fail(const char *format, ...)
{
	char text[512];
	va_list args;

	stress->stop = true;
	if (__atomic_fetch_add(&stress->failures, 1, __ATOMIC_RELAXED) >= MAX_TOLD)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ksft_print_msg("FAULT: %s\n", text);
}

/* Sum of all lines "KEY VALUE" of a file, or "KEY: VALUE". */
long long stress_sum_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	char line[256], found[64];
	long long sum = 0, value;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lld", found, &value) == 2 &&
		    !strcmp(found, key))
			sum += value;
	if (file)
		fclose(file);
	return sum;
}

/* Kinds of pages that nobody has, by their flags: how many before, and now. */
static struct {
	uint64_t flags;
	long before;
	long now;
} nobodies[256];
static unsigned int nr_nobodies;

static void add_nobody(uint64_t flags, long nr)
{
	unsigned int i = 0;

	while (i < nr_nobodies && nobodies[i].flags != flags)
		i++;
	if (i == ARRAY_SIZE(nobodies))
		return;
	if (i == nr_nobodies)
		nobodies[nr_nobodies++].flags = flags;
	nobodies[i].now += nr;
}

/*
 * Pages that are neither free nor anybody's who can be told: a folio that was moved
 * and not given back is among those.
 */
static void count_nobodies(void)
{
	static uint64_t flags[8192];
	FILE *file = fopen("/proc/kpageflags", "r");
	size_t nr;

	for (unsigned int i = 0; i < nr_nobodies; i++)
		nobodies[i].now = 0;
	/* Free, too, in the lists of each CPU. */
	add_nobody(0, -stress_sum_of("/proc/zoneinfo", "count:"));
	while (file && (nr = fread(flags, sizeof(*flags), 8192, file)))
		for (size_t i = 0; i < nr; i++)
			if (!(flags[i] & KPF_KNOWN))
				add_nobody(flags[i], 1);
	if (file)
		fclose(file);
}

static void keep_nobodies(void)
{
	count_nobodies();
	for (unsigned int i = 0; i < nr_nobodies; i++)
		nobodies[i].before = nobodies[i].now;
}

/*
 * How many more are there than before?  Pages on their way to the lists of a CPU
 * are missing in one count and not in the next; those that are lost stay so.
 */
static long more_nobodies(void)
{
	long more = LONG_MAX;

	for (int try = 0; try < 10 && more > SLACK_PAGES; try++) {
		usleep(LOOK_US);
		count_nobodies();
		more = 0;
		for (unsigned int i = 0; i < nr_nobodies; i++)
			more += nobodies[i].now - nobodies[i].before;
	}
	return more;
}

static void tell_nobodies(void)
{
	for (unsigned int i = 0; i < nr_nobodies; i++) {
		long more = nobodies[i].now - nobodies[i].before;

		if (labs(more) > SLACK_PAGES / 10)
			ksft_print_msg("  %ld with flags %#llx\n", more,
				       (unsigned long long)nobodies[i].flags);
	}
}

static long long pages_migrated(void)
{
	return stress_sum_of("/proc/vmstat", "pgmigrate_success");
}

static void start_families(pid_t *pids)
{
	for (unsigned int f = 0; f < STRESS_FAMILIES; f++) {
		pids[f] = fork();
		if (!pids[f]) {
			stress_system_join();
			exit(stress_family(f));
		}
		if (pids[f] < 0)
			stress_fail("no process");
	}
}

static void wait_for_families(const pid_t *pids)
{
	int status;

	for (unsigned int f = 0; f < STRESS_FAMILIES; f++)
		if (pids[f] > 0 && (waitpid(pids[f], &status, 0) != pids[f] || status))
			stress_fail("family %u ended with status %#x", f, status);
}

/* A process that is gone before the end has failed. */
static void look_after(const pid_t *pids)
{
	siginfo_t info;

	for (unsigned int f = 0; f < STRESS_FAMILIES; f++) {
		info.si_pid = 0;
		if (!waitid(P_PID, pids[f], &info, WEXITED | WNOHANG | WNOWAIT) &&
		    info.si_pid)
			stress->stop = true;
	}
}

static void run(const pid_t *pids)
{
	unsigned long long folios = 0;

	for (unsigned long look = 1; !stress->stop; look++) {
		usleep(LOOK_US);
		look_after(pids);
		stress_steer_release();
		folios = stress_steer_folios();
		if (folios >= folios_wanted)
			stress->stop = true;
		if (look % LOOKS_TO_TELL == 0)
			ksft_print_msg("%llu folios, %lu pages checked\n", folios,
				       stress->pages_checked);
	}
}

static void stress_all(void)
{
	static void *(*const disturbers[])(void *) = {
		stress_steer, stress_system, stress_files,
	};
	pthread_t threads[3];
	pid_t pids[STRESS_FAMILIES];

	start_families(pids);
	for (unsigned int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, disturbers[i], NULL))
			exit(KSFT_FAIL);
	run(pids);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	wait_for_families(pids);
}

static void report(long long migrated, long leaked)
{
	stress_steer_report();
	stress_system_report();
	for (unsigned int op = 0; stress_op_name(op); op++)
		ksft_print_msg("%-20s %8lu times\n", stress_op_name(op),
			       stress->ops[op]);
	ksft_print_msg("%lld pages migrated, %lu areas, %lu pages checked, %lu wrong\n",
		       migrated, stress->next_area, stress->pages_checked,
		       stress->failures);
	ksft_print_msg("pages that nobody has: %ld more than before\n", leaked);
	tell_nobodies();
}

static unsigned long long from_env(const char *name, unsigned long long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

static void prepare(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	mo_require();
	stress = mmap(NULL, sizeof(*stress), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stress == MAP_FAILED)
		ksft_exit_fail_msg("no memory\n");
	stress->next_area = 1;
	stress->seed = from_env("MO_SEED", time(NULL));
	folios_wanted = from_env("MO_FOLIOS", getenv("LONG") ? LONG_FOLIOS : FOLIOS);
	ksft_print_msg("MO_SEED=%llu MO_FOLIOS=%llu\n",
		       (unsigned long long)stress->seed, folios_wanted);
}

/*
 * Where a task's allocations fail, the kernel may not be able to write to its
 * restartable sequence, and kills it.  So the C library is to register none, which
 * it has to know before it starts.
 */
static void start_without_rseq(char **argv)
{
	static const char name[] = "GLIBC_TUNABLES";

	if (getenv(name) || setenv(name, "glibc.pthread.rseq=0", 0))
		return;
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	long long migrated;
	long more;

	(void)argc;
	start_without_rseq(argv);
	ksft_print_header();
	prepare();
	ksft_set_plan(1);
	if (stress_steer_begin())
		ksft_exit_skip("needs all migrators as modules\n");
	/* The kernel keeps room for modules that were loaded once. */
	stress_steer_end();
	keep_nobodies();
	migrated = pages_migrated();
	stress_steer_begin();
	stress_system_begin();
	stress_all();
	stress_steer_end();
	stress_system_end();
	more = more_nobodies();
	if (more > SLACK_PAGES)
		stress_fail("%ld pages are lost", more);
	report(pages_migrated() - migrated, more);
	ksft_test_result(!stress->failures, "stress\n");
	ksft_finished();
}
