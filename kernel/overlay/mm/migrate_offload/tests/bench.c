// SPDX-License-Identifier: GPL-2.0
/*
 * How fast migrators copy on the CPUs of this machine, beside plain copies of the
 * same bytes.
 *
 * Prints what it measures, a line for each sample, and judges the data alone.  All
 * that concern the same folios take turns, so that whoever else uses the machine
 * hits them alike.
 */
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "../internal.h"

#include <asm/copy_mc_stream.h>

#define BENCH_BYTES	((size_t)SZ_256M)
/* As long as batches are by default. */
#define BENCH_BATCH	((size_t)SZ_32M)
#define BENCH_ROUNDS	21
#define BENCH_GFP	(GFP_KERNEL | __GFP_COMP | __GFP_NORETRY | __GFP_NOWARN)
#define BENCH_MAX_CPUS	16
#define BENCH_MAX_CELLS	(3 + 5 * BENCH_MAX_CPUS)

struct bench {
	struct kunit *test;
	unsigned int order;
	unsigned int nr;
	struct folio **src;
	struct folio **dst;
};

/* One way to copy all of it: @copy returns the time that it took, 0 if it failed. */
struct bench_cell {
	const char *migrator;
	const char *copy_mode;
	unsigned int cpus;
	u64 (*copy)(struct bench *b, const struct bench_cell *cell);
};

static void bench_free(struct folio **folios, unsigned int nr)
{
	while (nr--)
		folio_put(folios[nr]);
	kvfree(folios);
}

/* NULL if there is no memory for all of them. */
static struct folio **bench_alloc(unsigned int nr, unsigned int order)
{
	struct folio **folios = kvcalloc(nr, sizeof(*folios), GFP_KERNEL);

	for (unsigned int i = 0; folios && i < nr; i++) {
		folios[i] = folio_alloc(BENCH_GFP, order);
		if (folios[i])
			continue;
		bench_free(folios, i);
		return NULL;
	}
	return folios;
}

static bool bench_open(struct bench *b, struct kunit *test, unsigned int order)
{
	b->test = test;
	b->order = order;
	b->nr = BENCH_BYTES >> (PAGE_SHIFT + order);
	b->src = bench_alloc(b->nr, order);
	b->dst = b->src ? bench_alloc(b->nr, order) : NULL;
	if (b->src && !b->dst)
		bench_free(b->src, b->nr);
	return b->dst;
}

static void bench_close(struct bench *b)
{
	bench_free(b->src, b->nr);
	bench_free(b->dst, b->nr);
}

static size_t bench_folio_size(const struct bench *b)
{
	return PAGE_SIZE << b->order;
}

/* Each word tells where it belongs. */
static void bench_fill(struct bench *b)
{
	size_t words = bench_folio_size(b) / sizeof(u64);

	for (unsigned int i = 0; i < b->nr; i++) {
		u64 *src = folio_address(b->src[i]);

		for (size_t word = 0; word < words; word++)
			src[word] = ((u64)i << 32) + word;
		memset(folio_address(b->dst[i]), 0, bench_folio_size(b));
		cond_resched();
	}
}

static bool bench_good(struct bench *b)
{
	for (unsigned int i = 0; i < b->nr; i++) {
		if (memcmp(folio_address(b->dst[i]), folio_address(b->src[i]),
			   bench_folio_size(b)))
			return false;
		cond_resched();
	}
	return true;
}

/* What migrate_pages() does without a migrator. */
static u64 bench_mc_copy(struct bench *b, const struct bench_cell *cell)
{
	u64 start = ktime_get_ns();

	for (unsigned int i = 0; i < b->nr; i++)
		if (folio_mc_copy(b->dst[i], b->src[i]))
			return 0;
	return ktime_get_ns() - start;
}

/* The same as x86 with ERMS does it, whatever this kernel's memcpy() is. */
static u64 bench_movsb(struct bench *b, const struct bench_cell *cell)
{
	u64 start = ktime_get_ns();

	for (unsigned int i = 0; i < b->nr; i++) {
		void *src = folio_address(b->src[i]), *dst = folio_address(b->dst[i]);

		for (unsigned int page = 0; page < 1U << b->order; page++) {
			size_t len = PAGE_SIZE;

			asm volatile("rep movsb"
				     : "+D" (dst), "+S" (src), "+c" (len)
				     : : "memory");
			cond_resched();
		}
	}
	return ktime_get_ns() - start;
}

/* Copies folios first to end - 1 and nothing else. */
static void bench_plain(struct bench *b, unsigned int first, unsigned int end)
{
	unsigned int trap;

	for (; first < end; first++)
		copy_mc_stream(folio_address(b->dst[first]),
			       folio_address(b->src[first]), bench_folio_size(b),
			       &trap);
	copy_mc_stream_fence();
}

/* Threads that copy a part each, and begin together. */
struct bench_thread {
	struct bench *b;
	unsigned int first;
	unsigned int end;
	struct completion done;
};

static atomic_t bench_ready;
static bool bench_go;

static int bench_thread(void *data)
{
	struct bench_thread *thread = data;

	atomic_inc(&bench_ready);
	/* Pairs with the release in bench_limit(): what the thread copies is set. */
	while (!smp_load_acquire(&bench_go))
		cpu_relax();
	bench_plain(thread->b, thread->first, thread->end);
	complete(&thread->done);
	return 0;
}

/* The limit: threads that have nothing to tell each other, and equal parts. */
static u64 bench_limit(struct bench *b, const struct bench_cell *cell)
{
	static struct bench_thread threads[BENCH_MAX_CPUS];
	unsigned int cpu = cpumask_first(cpu_online_mask), nr = 1;
	unsigned int part = b->nr / cell->cpus;
	u64 start;

	atomic_set(&bench_ready, 0);
	WRITE_ONCE(bench_go, false);
	for (; nr < cell->cpus; nr++) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		threads[nr].b = b;
		threads[nr].first = nr * part;
		threads[nr].end = nr == cell->cpus - 1 ? b->nr : (nr + 1) * part;
		init_completion(&threads[nr].done);
		if (IS_ERR(kthread_run_on_cpu(bench_thread, &threads[nr], cpu,
					      "bench/%u")))
			break;
	}
	while (atomic_read(&bench_ready) < nr - 1)
		cond_resched();
	start = ktime_get_ns();
	/* Pairs with the acquire in bench_thread(). */
	smp_store_release(&bench_go, true);
	bench_plain(b, 0, cell->cpus > 1 ? part : b->nr);
	for (unsigned int i = 1; i < nr; i++)
		wait_for_completion(&threads[i].done);
	return nr == cell->cpus ? ktime_get_ns() - start : 0;
}

static bool bench_set(const char *migrator, const char *setting, const char *value)
{
	return migrate_offload_setting(migrator, setting, (char *)value,
				       strlen(value)) > 0;
}

static bool bench_set_up(const struct bench_cell *cell)
{
	char threads[8];

	snprintf(threads, sizeof(threads), "%u", cell->cpus);
	return bench_set(cell->migrator, "threads", threads) &&
	       bench_set(cell->migrator, "copy_mode", cell->copy_mode);
}

static bool bench_copied(const struct migrate_batch *batch)
{
	for (unsigned int i = 0; i < batch->nr_pairs; i++)
		if (batch->pairs[i].verdict != MIGRATE_COPIED)
			return false;
	return true;
}

/*
 * One batch, which begins with folio @i and has up to @bytes.  Returns where it
 * ends, or 0 if not all of it was copied.
 */
static unsigned int bench_batch(struct bench *b, const struct migrate_ops *ops,
				unsigned int i, size_t bytes)
{
	struct mo_window *window = mo_window_get();
	struct migrate_batch *batch;
	bool more, copied;

	if (!window)
		return 0;
	batch = &window->batch;
	mo_batch_init(window);
	do {
		more = mo_batch_add(batch, b->src[i], b->dst[i], 1U << b->order);
	} while (++i < b->nr && more && (size_t)batch->nr_pages < bytes >> PAGE_SHIFT);
	/* A kernel thread that migrates for itself has helpers. */
	batch->reason = MR_DAMON;
	batch->src_nid = numa_node_id();
	batch->dst_nid = numa_node_id();
	ops->copy(batch);
	copied = bench_copied(batch);
	mo_window_put(window);
	return copied ? i : 0;
}

/* To be used inside mo_srcu. */
static const struct migrate_ops *bench_ops(const char *migrator)
{
	struct mo_migrator *m;

	guard(mutex)(&mo_lock);
	m = mo_find(migrator);
	return m ? m->ops : NULL;
}

/* Batch by batch, as migrate_pages() hands them over. */
static u64 bench_migrator(struct bench *b, const struct bench_cell *cell)
{
	int idx = srcu_read_lock(&mo_srcu);
	const struct migrate_ops *ops = bench_ops(cell->migrator);
	u64 start, ns = 0;
	unsigned int i = 0;

	if (!ops || !bench_set_up(cell))
		goto out;
	start = ktime_get_ns();
	do {
		i = bench_batch(b, ops, i, BENCH_BATCH);
	} while (i && i < b->nr);
	if (i)
		ns = ktime_get_ns() - start;
out:
	srcu_read_unlock(&mo_srcu, idx);
	return ns;
}

static unsigned int bench_plan(struct bench_cell *cells, unsigned int cpus)
{
	static const char * const migrators[] = { "mtcopy", "padata" };
	static const char * const modes[] = { "cached", "streaming" };
	unsigned int nr = 0;

	cells[nr++] = (struct bench_cell) { "mc_copy", "cached", 1, bench_mc_copy };
	cells[nr++] = (struct bench_cell) { "movsb", "cached", 1, bench_movsb };
	for (unsigned int n = 1; n <= cpus; n++) {
		cells[nr++] = (struct bench_cell) { "limit", "streaming", n, bench_limit };
		for (int i = 0; i < ARRAY_SIZE(migrators) * ARRAY_SIZE(modes); i++)
			if (bench_ops(migrators[i / 2]))
				cells[nr++] = (struct bench_cell) {
					migrators[i / 2], modes[i % 2], n,
					bench_migrator
				};
	}
	return nr;
}

static void bench_sample(struct bench *b, const struct bench_cell *cell, int round)
{
	u64 ns = cell->copy(b, cell);

	KUNIT_EXPECT_NE_MSG(b->test, ns, 0, "%s, %s, %u CPUs", cell->migrator,
			    cell->copy_mode, cell->cpus);
	if (ns)
		pr_info("bench: copy %d %s %s %u %zu %zu %llu\n", round,
			cell->migrator, cell->copy_mode, cell->cpus,
			bench_folio_size(b) / SZ_1K, BENCH_BYTES, ns);
}

static void bench_order(struct kunit *test, unsigned int order)
{
	static struct bench_cell cells[BENCH_MAX_CELLS];
	unsigned int cpus = min_t(unsigned int, num_online_cpus(), BENCH_MAX_CPUS);
	unsigned int nr = bench_plan(cells, cpus);
	struct bench b;

	if (!bench_open(&b, test, order))
		kunit_skip(test, "not enough memory");
	/* The first turn is checked, and not measured. */
	for (unsigned int i = 0; i < nr; i++) {
		bench_fill(&b);
		cells[i].copy(&b, &cells[i]);
		KUNIT_EXPECT_TRUE_MSG(test, bench_good(&b), "%s, %s, %u CPUs",
				      cells[i].migrator, cells[i].copy_mode,
				      cells[i].cpus);
	}
	for (int round = 0; round < BENCH_ROUNDS; round++)
		for (unsigned int i = 0; i < nr; i++)
			bench_sample(&b, &cells[i], round);
	bench_close(&b);
}

static void bench_4k(struct kunit *test)
{
	bench_order(test, 0);
}

static void bench_64k(struct kunit *test)
{
	bench_order(test, get_order(SZ_64K));
}

static void bench_2m(struct kunit *test)
{
	bench_order(test, get_order(SZ_2M));
}

/* The first touch of what was copied: a word of each cache line. */
static u64 bench_read(struct bench *b, unsigned int first, unsigned int end)
{
	u64 sum = 0;

	for (; first < end; first++) {
		u64 *word = folio_address(b->dst[first]);
		u64 *last = word + bench_folio_size(b) / sizeof(u64);

		for (; word < last; word += SMP_CACHE_BYTES / sizeof(u64))
			sum += READ_ONCE(*word);
	}
	return sum;
}

/*
 * Copies a batch and reads it.  The next one is elsewhere, where nothing is cached.
 * Returns where that begins.
 */
static unsigned int bench_touch_once(struct bench *b, const struct bench_cell *cell,
				     unsigned int first, size_t bytes, int round)
{
	unsigned int nr = bytes / bench_folio_size(b), end;
	const struct migrate_ops *ops = bench_ops(cell->migrator);
	u64 start, copied, read;

	if (first + nr > b->nr)
		first = 0;
	if (!bench_set_up(cell))
		return first;
	start = ktime_get_ns();
	end = bench_batch(b, ops, first, bytes);
	copied = ktime_get_ns();
	bench_read(b, first, first + nr);
	read = ktime_get_ns();
	KUNIT_EXPECT_EQ(b->test, end, first + nr);
	pr_info("bench: touch %d %s %s %u %zu %zu %llu %llu\n", round,
		cell->migrator, cell->copy_mode, cell->cpus,
		bench_folio_size(b) / SZ_1K, bytes, copied - start, read - copied);
	return first + nr;
}

static void bench_touch_round(struct bench *b, int round, unsigned int cpus)
{
	static const size_t sizes[] = { SZ_256K, SZ_1M, SZ_2M, SZ_4M, SZ_8M, SZ_16M,
					SZ_32M };
	static const char * const modes[] = { "cached", "streaming" };
	static unsigned int next;

	for (int i = 0; i < ARRAY_SIZE(sizes); i++)
		for (int mode = 0; mode < ARRAY_SIZE(modes); mode++) {
			struct bench_cell cell = {
				.migrator = "mtcopy",
				/* Each as often after the other as before it. */
				.copy_mode = modes[(mode + round) % 2],
				.cpus = cpus,
			};

			next = bench_touch_once(b, &cell, next, sizes[i], round);
		}
}

/* What it costs that the data is cold, for batches of several lengths. */
static void bench_touch(struct kunit *test)
{
	unsigned int cpus = min_t(unsigned int, num_online_cpus(), BENCH_MAX_CPUS);
	int idx = srcu_read_lock(&mo_srcu);
	struct bench b = {};

	if (bench_ops("mtcopy") && bench_open(&b, test, get_order(SZ_64K))) {
		bench_fill(&b);
		for (int round = 0; round < BENCH_ROUNDS; round++)
			for (unsigned int n = 1; n <= cpus; n *= 2)
				bench_touch_round(&b, round, n);
		bench_close(&b);
	}
	srcu_read_unlock(&mo_srcu, idx);
	if (!b.dst)
		kunit_skip(test, "no mtcopy, or not enough memory");
}

/* Helpers are looked for on the other CPUs, so this thread stays on the first. */
static int bench_init(struct kunit *test)
{
	bench_set("mtcopy", "idle_only", "0");
	return set_cpus_allowed_ptr(current,
				    cpumask_of(cpumask_first(cpu_online_mask)));
}

static struct kunit_case bench_cases[] = {
	KUNIT_CASE_SLOW(bench_4k),
	KUNIT_CASE_SLOW(bench_64k),
	KUNIT_CASE_SLOW(bench_2m),
	KUNIT_CASE_SLOW(bench_touch),
	{}
};

static struct kunit_suite bench_suite = {
	.name = "migrate_offload_bench",
	.init = bench_init,
	.test_cases = bench_cases,
};

kunit_test_suite(bench_suite);
