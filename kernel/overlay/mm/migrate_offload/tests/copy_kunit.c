// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of migration offload: how CPUs copy.
 */
#include <kunit/test.h>

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../internal.h"

#ifdef CONFIG_MIGRATE_OFFLOAD_STREAM
#include <asm/copy_mc_stream.h>
#include <asm/trapnr.h>
#endif

#define TEST_ORDER	5
#define TEST_BYTES	(PAGE_SIZE << TEST_ORDER)

static migrate_copy_fn test_routine(enum migrate_copy_mode mode,
				    enum migrate_reason reason, unsigned long bytes)
{
	struct migrate_batch batch = {
		.reason = reason,
		.nr_pages = bytes >> PAGE_SHIFT,
	};

	return migrate_offload_copy_routine(mode, &batch);
}

/* Streams what is long, or what nobody waits for; only where it can. */
static void choice(struct kunit *test)
{
	migrate_copy_fn cached = migrate_offload_copy_pages;
	migrate_copy_fn streaming = test_routine(MIGRATE_COPY_STREAMING, MR_SYSCALL,
						 PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, streaming != cached,
			IS_ENABLED(CONFIG_MIGRATE_OFFLOAD_STREAM));
	KUNIT_EXPECT_PTR_EQ(test, cached,
			    test_routine(MIGRATE_COPY_CACHED, MR_DEMOTION, SZ_1G));
	KUNIT_EXPECT_PTR_EQ(test, cached,
			    test_routine(MIGRATE_COPY_AUTO, MR_SYSCALL, SZ_2M));
	KUNIT_EXPECT_PTR_EQ(test, cached,
			    test_routine(MIGRATE_COPY_AUTO, MR_NUMA_MISPLACED, SZ_1G));
	KUNIT_EXPECT_PTR_EQ(test, streaming,
			    test_routine(MIGRATE_COPY_AUTO, MR_SYSCALL, SZ_32M));
	KUNIT_EXPECT_PTR_EQ(test, streaming,
			    test_routine(MIGRATE_COPY_AUTO, MR_DEMOTION, PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, streaming,
			    test_routine(MIGRATE_COPY_AUTO, MR_MEMORY_HOTPLUG,
					 PAGE_SIZE));
}

static struct folio *test_folio_new(struct kunit *test, u8 seed)
{
	struct folio *folio = folio_alloc(GFP_KERNEL | __GFP_COMP, TEST_ORDER);
	u8 *bytes;

	KUNIT_ASSERT_NOT_NULL(test, folio);
	bytes = folio_address(folio);
	for (size_t i = 0; i < TEST_BYTES; i++)
		bytes[i] = seed ? i * 31 + (i >> 12) + seed : 0;
	return folio;
}

/* The pages that were asked for, all of them, and no others. */
static void test_parts(struct kunit *test, migrate_copy_fn copy)
{
	static const struct {
		unsigned int first, nr;
	} parts[] = { { 0, 1 }, { 3, 1 }, { 5, 17 }, { 31, 1 }, { 0, 32 } };
	struct folio *src = test_folio_new(test, 7);

	for (int i = 0; i < ARRAY_SIZE(parts); i++) {
		struct folio *dst = test_folio_new(test, 0);
		size_t first = parts[i].first * PAGE_SIZE, len = parts[i].nr * PAGE_SIZE;
		void *from = folio_address(src), *to = folio_address(dst);

		KUNIT_EXPECT_EQ(test, 0, copy(dst, src, parts[i].first, parts[i].nr));
		KUNIT_EXPECT_EQ(test, 0, memcmp(to + first, from + first, len));
		KUNIT_EXPECT_NULL(test, memchr_inv(to, 0, first));
		KUNIT_EXPECT_NULL(test, memchr_inv(to + first + len, 0,
						   TEST_BYTES - first - len));
		folio_put(dst);
	}
	folio_put(src);
}

static void parts_cached(struct kunit *test)
{
	test_parts(test, migrate_offload_copy_pages);
}

static void parts_streaming(struct kunit *test)
{
	test_parts(test, test_routine(MIGRATE_COPY_STREAMING, MR_SYSCALL, PAGE_SIZE));
}

/*
 * Memory that cannot be read ends the copy, and it says where: behind what vmalloc()
 * gives out there is nothing.  The exception table serves this as it serves a machine
 * check.
 */
static void stops_at_bad_memory(struct kunit *test)
{
#if defined(CONFIG_MIGRATE_OFFLOAD_STREAM) && !defined(CONFIG_UML)
	static const size_t good[] = { 64, 128, 1024, PAGE_SIZE };
	void *src = vmalloc(PAGE_SIZE), *dst = vzalloc(2 * PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, src);
	KUNIT_ASSERT_NOT_NULL(test, dst);
	memset(src, 0x5a, PAGE_SIZE);
	for (int i = 0; i < ARRAY_SIZE(good); i++) {
		void *from = src + PAGE_SIZE - good[i];
		unsigned int trap;
		size_t rest;

		memset(dst, 0, 2 * PAGE_SIZE);
		rest = copy_mc_stream(dst, from, PAGE_SIZE + 64, &trap);
		copy_mc_stream_fence();
		KUNIT_EXPECT_EQ(test, rest, PAGE_SIZE + 64 - good[i]);
		KUNIT_EXPECT_EQ(test, trap, X86_TRAP_PF);
		KUNIT_EXPECT_EQ(test, 0, memcmp(dst, from, good[i]));
		KUNIT_EXPECT_NULL(test, memchr_inv(dst + good[i], 0, rest));
	}
	vfree(dst);
	vfree(src);
#else
	kunit_skip(test, "no streaming copy, or no machine checks");
#endif
}

static struct kunit_case copy_cases[] = {
	KUNIT_CASE(choice),
	KUNIT_CASE(parts_cached),
	KUNIT_CASE(parts_streaming),
	KUNIT_CASE(stops_at_bad_memory),
	{}
};

static struct kunit_suite copy_suite = {
	.name = "migrate_offload_copy",
	.test_cases = copy_cases,
};

kunit_test_suites(&copy_suite);

MODULE_DESCRIPTION("KUnit tests of migration offload: how CPUs copy");
MODULE_LICENSE("GPL");
