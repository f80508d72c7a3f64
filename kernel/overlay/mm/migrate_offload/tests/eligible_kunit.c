// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the rules that say which folios may be offloaded.
 */
#include <kunit/test.h>

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/migrate.h>

#include "../internal.h"

/* What folio_test_anon() looks for in the pointer to the mapping. */
#define TEST_ANON	1UL

struct eligible_test {
	struct folio folio;
	struct address_space mapping;
	bool file_folios;
};

static const struct address_space_operations plain_aops = {
	.migrate_folio = filemap_migrate_folio,
};

static const struct address_space_operations own_aops = {
	.migrate_folio = migrate_folio,
};

static const struct address_space_operations no_aops = {};

static void be_anon(struct eligible_test *t)
{
	t->folio.mapping = (void *)TEST_ANON;
	/* Isolated, and in no mapping. */
	atomic_set(&t->folio._refcount, 1);
}

static void be_file(struct eligible_test *t)
{
	t->folio.mapping = &t->mapping;
	atomic_set(&t->folio._refcount, 2);
}

static void anon(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	be_anon(t);
	KUNIT_ASSERT_TRUE(test, folio_test_anon(&t->folio));
	KUNIT_EXPECT_TRUE(test, mo_eligible(&t->folio));
}

/* Who holds a reference may write. */
static void held_by_others(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	be_anon(t);
	folio_get(&t->folio);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));

	mo_file_folios = true;
	be_file(t);
	folio_get(&t->folio);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
}

static void file(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	be_file(t);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
	mo_file_folios = true;
	KUNIT_EXPECT_TRUE(test, mo_eligible(&t->folio));
}

/* Buffer heads and their like have locks of their own. */
static void private_data(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	mo_file_folios = true;
	be_file(t);
	folio_attach_private(&t->folio, t);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
}

/* Whoever has a callback of his own may copy under other rules. */
static void own_callback(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	mo_file_folios = true;
	be_file(t);
	t->mapping.a_ops = &own_aops;
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
	t->mapping.a_ops = &no_aops;
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
}

static void no_mapping(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	mo_file_folios = true;
	atomic_set(&t->folio._refcount, 1);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
}

/* Memory that the CPU must not read, such as that of an encrypted guest. */
static void inaccessible(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	mo_file_folios = true;
	be_file(t);
	mapping_set_inaccessible(&t->mapping);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
}

/* A type says that the page is not plain memory, as with movable_ops. */
static void typed(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	be_anon(t);
	__folio_set_pgtable(&t->folio);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
}

static void poisoned(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "no CONFIG_MEMORY_FAILURE");
	be_anon(t);
	SetPageHWPoison(&t->folio.page);
	KUNIT_EXPECT_FALSE(test, mo_eligible(&t->folio));
}

/* The folio is never given to anybody but the function under test. */
static int eligible_test_init(struct kunit *test)
{
	struct eligible_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	atomic_set(&t->folio._mapcount, -1);
	t->mapping.a_ops = &plain_aops;
	t->file_folios = mo_file_folios;
	mo_file_folios = false;
	test->priv = t;
	return 0;
}

static void eligible_test_exit(struct kunit *test)
{
	struct eligible_test *t = test->priv;

	if (t)
		mo_file_folios = t->file_folios;
}

static struct kunit_case eligible_test_cases[] = {
	KUNIT_CASE(anon),
	KUNIT_CASE(held_by_others),
	KUNIT_CASE(file),
	KUNIT_CASE(private_data),
	KUNIT_CASE(own_callback),
	KUNIT_CASE(no_mapping),
	KUNIT_CASE(inaccessible),
	KUNIT_CASE(typed),
	KUNIT_CASE(poisoned),
	{}
};

static struct kunit_suite eligible_test_suite = {
	.name = "migrate_offload_eligible",
	.init = eligible_test_init,
	.exit = eligible_test_exit,
	.test_cases = eligible_test_cases,
};

kunit_test_suites(&eligible_test_suite);

MODULE_DESCRIPTION("KUnit tests of the rules of migration offload");
MODULE_LICENSE("GPL");
