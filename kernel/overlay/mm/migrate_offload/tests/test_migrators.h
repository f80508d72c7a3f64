/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Migrators that copy nothing, for the KUnit tests, and what is registered.
 */
#ifndef _MM_MIGRATE_OFFLOAD_TESTS_TEST_MIGRATORS_H
#define _MM_MIGRATE_OFFLOAD_TESTS_TEST_MIGRATORS_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "../internal.h"

static struct test_migrator {
	bool busy;
	int activate_error;
	int nr_active;
} test_a __maybe_unused, test_b __maybe_unused;

static inline bool test_a_ready(enum migrate_reason reason, unsigned long bytes,
				bool longer)
{
	return !test_a.busy;
}

static inline bool test_b_ready(enum migrate_reason reason, unsigned long bytes,
				bool longer)
{
	return !test_b.busy;
}

static inline void test_no_copy(struct migrate_batch *batch)
{
}

static inline int test_a_activate(void)
{
	if (test_a.activate_error)
		return test_a.activate_error;
	test_a.nr_active++;
	return 0;
}

static const struct migrate_ops test_ops_b __maybe_unused = {
	.name = "b", .ready = test_b_ready, .copy = test_no_copy,
};

static const struct migrate_ops test_ops_named __maybe_unused = {
	.name = "named", .ready = test_b_ready, .copy = test_no_copy,
	.by_name_only = true,
};

static inline struct mo_migrator *test_find(const char *name)
{
	struct mo_migrator *m;

	mutex_lock(&mo_lock);
	m = mo_find(name);
	mutex_unlock(&mo_lock);
	return m;
}

/* Number of registered migrators that need windows: choosers need none. */
static inline unsigned int test_nr_copiers(void)
{
	struct mo_migrator *m;
	unsigned int nr = 0;

	mutex_lock(&mo_lock);
	list_for_each_entry(m, &mo_migrators, node)
		nr += !m->ops->choose;
	mutex_unlock(&mo_lock);
	return nr;
}

#endif /* _MM_MIGRATE_OFFLOAD_TESTS_TEST_MIGRATORS_H */
