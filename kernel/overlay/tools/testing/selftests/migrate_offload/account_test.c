// SPDX-License-Identifier: GPL-2.0
/*
 * CPU time of helpers is charged to the task that migrates: to the thread, its
 * process, those who wait for it, and its cgroup, once.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mo_test.h"

#define CGROUP	"/sys/fs/cgroup/"
#define OUTER	CGROUP "mo_account/"
#define INNER	OUTER "inner/"
#define BYTES	(32UL << 20)
#define ROUNDS	8
#define NSEC	1000000000LL

FIXTURE(account)
{
	struct mo_region r;
};

MO_VARIANTS(account);
/* The slower way to copy, beside which what it takes to wake a helper is less. */
MO_VARIANT(account, mtcopy_3, "mtcopy", .threads = 3, .copy_mode = "cached");
MO_VARIANT(account, padata_3, "padata", .threads = 3, .copy_mode = "cached");

FIXTURE_SETUP(account)
{
	const char *reason = mo_use(&variant->v);
	struct mo_region *r = &self->r;

	if (reason)
		SKIP(return, "%s", reason);
	ASSERT_EQ(0, mo_bind(mo_nodes[0]));
	r->len = BYTES;
	r->mem = mo_map_aligned(r->len, mo_pmd_size, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, r->mem);
	/* Long pieces of work, beside which waking a helper is nothing. */
	madvise(r->mem, r->len, MADV_HUGEPAGE);
	mo_fill(r->mem, r->len, (uintptr_t)r->mem, 1);
	ASSERT_EQ(0, mo_scan(r));
}

FIXTURE_TEARDOWN(account)
{
	mo_free(&self->r);
	mo_write(CGROUP "cgroup.procs", "0", 1);
	rmdir(INNER);
	rmdir(OUTER);
	mo_restore();
}

static void move(struct __test_metadata *_metadata, struct mo_region *r)
{
	for (int round = 0; round < ROUNDS; round++)
		ASSERT_EQ(0, mo_move(r, mo_nodes[!(round % 2)], MPOL_MF_MOVE));
}

/* What the scheduler let this process run itself, in ns. */
static long long own_time(void)
{
	return mo_cpu_clock(getpid());
}

static long long charged(const char *migrator)
{
	return mo_stat(migrator, "cpu_ns");
}

static long long workers_time(void)
{
	return mo_workers_time(NULL, 0);
}

/* Where CPUs take turns, as in some emulators, a helper may not get to run. */
static void move_helped(struct __test_metadata *_metadata, struct mo_region *r,
			const char *migrator)
{
	long long before = charged(migrator);

	for (int i = 0; i < 20 && charged(migrator) == before; i++)
		move(_metadata, r);
}

/* Within a part of a hundred of each other, or @slack. */
static bool near(long long a, long long b, long long slack)
{
	long long more = a > b ? a : b, less = a > b ? b : a;

	return more - less <= more / 100 + slack;
}

/*
 * What workers ran beyond what is charged is what it takes to start and to end a
 * work item, some 50 us for each helper, and others' work items; and a worker that
 * ends takes its time with it.  So rounds with little of that are looked for.
 */
TEST_F(account, what_helpers_ran)
{
	long long workers = 0, cpu_ns = 0, slack = 0;
	bool found = false;

	for (int attempt = 0; attempt < 20 && !found; attempt++) {
		workers = -workers_time();
		cpu_ns = -charged(variant->v.migrator);
		slack = -mo_stat(variant->v.migrator, "helpers");
		move_helped(_metadata, &self->r, variant->v.migrator);
		slack += mo_stat(variant->v.migrator, "helpers");
		cpu_ns += charged(variant->v.migrator);
		workers += workers_time();
		ASSERT_LT(0, cpu_ns);
		/* Never more than they ran. */
		found = cpu_ns <= workers && near(cpu_ns, workers, slack * 50000);
	}
	TH_LOG("charged %lld ns, workers ran %lld ns", cpu_ns, workers);
	EXPECT_TRUE(found);
}

/* The process has run itself, and has had others run for it. */
TEST_F(account, process)
{
	long long usage = -mo_cpu_used(RUSAGE_SELF), own = -own_time();
	long long cpu_ns = -charged(variant->v.migrator);

	move_helped(_metadata, &self->r, variant->v.migrator);
	usage += mo_cpu_used(RUSAGE_SELF);
	own += own_time();
	cpu_ns += charged(variant->v.migrator);
	ASSERT_LT(0, cpu_ns);
	/* Between the readings it runs a little; usage is in microseconds. */
	EXPECT_TRUE(near(usage, own + cpu_ns, 1000000)) {
		TH_LOG("usage %lld, own %lld, helpers %lld", usage, own, cpu_ns);
	}
}

struct thread {
	struct __test_metadata *metadata;
	struct mo_region *r;
	const char *migrator;
	long long usage;
};

static void *thread(void *arg)
{
	struct thread *t = arg;

	if (t->r)
		move_helped(t->metadata, t->r, t->migrator);
	t->usage = mo_cpu_used(RUSAGE_THREAD);
	return NULL;
}

/* A thread pays for itself, and its process for all, also after its end. */
TEST_F(account, threads)
{
	struct thread threads[] = {
		{ _metadata, &self->r, variant->v.migrator, 0 },
		{ _metadata, NULL, NULL, 0 },
	};
	long long usage = -mo_cpu_used(RUSAGE_SELF);
	long long cpu_ns = -charged(variant->v.migrator);
	pthread_t ids[2];

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_create(&ids[i], NULL, thread, &threads[i]));
		ASSERT_EQ(0, pthread_join(ids[i], NULL));
	}
	usage += mo_cpu_used(RUSAGE_SELF);
	cpu_ns += charged(variant->v.migrator);
	ASSERT_LT(0, cpu_ns);
	EXPECT_LE(cpu_ns, threads[0].usage + 1000);
	EXPECT_LE(cpu_ns, usage + 1000);
	/* It has slept. */
	EXPECT_GT(cpu_ns, threads[1].usage);
}

static long long stime_of(const char *pid)
{
	char path[64], buf[1024], *field;
	long long utime, stime;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (mo_read(path, buf, sizeof(buf)) < 0)
		return -1;
	field = strrchr(buf, ')');
	if (!field || sscanf(field, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld",
			     &utime, &stime) != 2)
		return -1;
	return stime * (NSEC / sysconf(_SC_CLK_TCK));
}

TEST_F(account, proc_stat)
{
	long long stime = -stime_of("self"), cpu_ns = -charged(variant->v.migrator);

	move_helped(_metadata, &self->r, variant->v.migrator);
	stime += stime_of("self");
	cpu_ns += charged(variant->v.migrator);
	/* In ticks. */
	EXPECT_LE(cpu_ns, stime + 2 * NSEC / sysconf(_SC_CLK_TCK));
}

/* Those who wait for a process inherit what it was charged. */
TEST_F(account, children)
{
	long long usage = -mo_cpu_used(RUSAGE_CHILDREN);
	long long cpu_ns = -charged(variant->v.migrator);
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		/* Its own memory: what is shared does not move. */
		mo_fill(self->r.mem, self->r.len, self->r.base, 2);
		move_helped(_metadata, &self->r, variant->v.migrator);
		_exit(!!_metadata->exit_code);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	usage += mo_cpu_used(RUSAGE_CHILDREN);
	cpu_ns += charged(variant->v.migrator);
	ASSERT_LT(0, cpu_ns);
	EXPECT_LE(cpu_ns, usage + 1000);
}

static bool make_groups(void)
{
	if (access(CGROUP "cgroup.procs", F_OK) &&
	    mount("cgroup2", CGROUP, "cgroup2", 0, NULL))
		return false;
	return (!mkdir(OUTER, 0755) || errno == EEXIST) &&
	       (!mkdir(INNER, 0755) || errno == EEXIST);
}

/* A field of cpu.stat in ns. */
static long long cpu_stat(const char *group, const char *field)
{
	char path[256], buf[2048], *at;

	snprintf(path, sizeof(path), "%scpu.stat", group);
	if (mo_read(path, buf, sizeof(buf)) < 0)
		return -1;
	at = strstr(buf, field);
	return at ? strtoll(at + strlen(field), NULL, 10) * 1000 : -1;
}

/* The group and its parent see it once; the root has it from the CPUs. */
TEST_F(account, cgroup)
{
	long long usage, parent, system, root, own, cpu_ns;
	long long workers;

	if (!make_groups())
		SKIP(return, "no cgroups");
	ASSERT_EQ(0, mo_set(INNER "cgroup.procs", "0"));
	usage = -cpu_stat(INNER, "usage_usec ");
	parent = -cpu_stat(OUTER, "usage_usec ");
	system = -cpu_stat(INNER, "system_usec ");
	own = -own_time();
	root = -cpu_stat(CGROUP, "usage_usec ");
	workers = -workers_time();
	cpu_ns = -charged(variant->v.migrator);
	move_helped(_metadata, &self->r, variant->v.migrator);
	cpu_ns += charged(variant->v.migrator);
	own += own_time();
	usage += cpu_stat(INNER, "usage_usec ");
	parent += cpu_stat(OUTER, "usage_usec ");
	system += cpu_stat(INNER, "system_usec ");
	root += cpu_stat(CGROUP, "usage_usec ");
	workers += workers_time();

	ASSERT_LT(0, cpu_ns);
	TH_LOG("group %lld, parent %lld, root %lld, own %lld, helpers %lld ns",
	       usage, parent, root, own, cpu_ns);
	/* The readings are a little apart, and the task runs in between. */
	EXPECT_TRUE(near(usage, own + cpu_ns, 5000000));
	EXPECT_TRUE(near(parent, usage, 5000000));
	EXPECT_LE(cpu_ns, system + 5000000);
	/* A worker that has ended meanwhile took what it ran with it. */
	if (workers < cpu_ns)
		workers = cpu_ns;
	/*
	 * The root's is what the CPUs ran, by ticks: the helpers once, in the
	 * threads that they are, and not a second time for the group.
	 */
	EXPECT_LE(root, own + workers + cpu_ns / 2 + 20 * NSEC / sysconf(_SC_CLK_TCK));
}

/* Without helpers there is nothing to charge. */
TEST_F(account, alone)
{
	long long cpu_ns;

	ASSERT_EQ(0, mo_put(MO_SYSFS "offload_migrator", "kernel"));
	cpu_ns = charged(variant->v.migrator);
	move(_metadata, &self->r);
	EXPECT_EQ(cpu_ns, charged(variant->v.migrator));
}

MO_TEST_MAIN
