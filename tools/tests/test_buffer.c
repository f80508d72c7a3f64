// SPDX-License-Identifier: GPL-2.0
/*
 * Folios and the thread that touches them. One node is enough: what is tested
 * is that mistakes are noticed. The moves themselves need two nodes.
 */
#include "check.h"

#include <errno.h>
#include <numa.h>
#include <unistd.h>

#include "buffer.h"
#include "pattern.h"
#include "toucher.h"

#define PAGES 64

static struct buffer b;
static char why[NOTE_LEN];
static size_t page;

static int make_buffer(void **state)
{
	(void)state;
	page = sysconf(_SC_PAGESIZE);
	*why = '\0';
	if (numa_available() < 0 || move_pages_probe())
		return 0;
	return buffer_make(&b, page, PAGES, 0, false, why);
}

static int free_buffer(void **state)
{
	(void)state;
	buffer_free(&b);
	return 0;
}

static void need_buffer(void)
{
	if (!b.base)
		skip();
}

static void one_address_a_folio(void **state)
{
	size_t i;

	(void)state;
	need_buffer();
	assert_int_equal(b.bytes, PAGES * page);
	for (i = 0; i < PAGES; i++)
		assert_ptr_equal(b.addr[i], b.base + i * page);
}

static void a_wrong_byte_is_named(void **state)
{
	(void)state;
	need_buffer();
	assert_int_equal(buffer_verify(&b, why), 0);
	b.base[5 * page + 7] ^= 1;
	assert_int_equal(buffer_verify(&b, why), -EBADMSG);
	assert_non_null(strstr(why, "(folio 5, byte 7)"));
}

/* The next fill is another one: old contents must not pass for new ones. */
static void each_fill_differs(void **state)
{
	char *old;

	(void)state;
	need_buffer();
	old = malloc(b.bytes);
	assert_non_null(old);
	memcpy(old, b.base, b.bytes);
	buffer_fill(&b);
	assert_int_equal(buffer_verify(&b, why), 0);
	memcpy(b.base + 3 * page, old + 3 * page, page);
	assert_int_equal(buffer_verify(&b, why), -EBADMSG);
	free(old);
}

/* Its pages may be those that another buffer has freed, contents and all. */
static void each_buffer_differs(void **state)
{
	uint32_t first;

	(void)state;
	need_buffer();
	first = b.generation;
	buffer_free(&b);
	assert_int_equal(buffer_make(&b, page, 64, 0, false, why), 0);
	assert_int_not_equal(b.generation, first);
	assert_int_equal(buffer_verify(&b, why), 0);
}

static void a_move_to_no_node_fails(void **state)
{
	struct move m;

	(void)state;
	need_buffer();
	assert_int_equal(buffer_move(&b, 1023, &m, why), -ENODEV);
	assert_non_null(strstr(why, "node 1023"));
}

static void where_they_are_already(void **state)
{
	struct move m;

	(void)state;
	need_buffer();
	assert_int_equal(buffer_move(&b, 0, &m, why), 0);
	assert_int_equal(m.missed, 0);
	assert_int_equal(buffer_verify(&b, why), 0);
}

/* A page that is not there has no node: it is missed, and stays behind. */
static void folios_that_stay_behind(void **state)
{
	struct move m;

	(void)state;
	need_buffer();
	b.addr[9] = (char *)b.map + b.map_len - page;
	assert_int_equal(buffer_move(&b, 0, &m, why), -EBUSY);
	assert_int_equal(m.missed, 1);
	assert_non_null(strstr(why, "1 of 64 folios"));
}

/* Base pages are not folios of 64K, whatever was asked for. */
static void a_wrong_folio_size_is_seen(void **state)
{
	enum size_check how;
	size_t wrong;

	(void)state;
	need_buffer();
	assert_int_equal(thp_check(b.base, b.bytes, page, &how, &wrong), 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(thp_check(b.base, b.bytes, 16 * page, &how, &wrong), 0);
	if (how != SIZE_PAGEFLAGS)
		skip();
	assert_int_equal(wrong, PAGES / 16);
}

static void touches_leave_no_trace(void **state)
{
	struct toucher *t;

	(void)state;
	need_buffer();
	t = toucher_new(&b);
	assert_non_null(t);
	assert_true(toucher_calibrate(t) >= 1e-6);
	assert_int_equal(buffer_verify(&b, why), 0);
	assert_int_equal(toucher_start(t), 0);
	usleep(10000);
	assert_int_equal(toucher_stop(t, why), 0);
	assert_int_equal(buffer_verify(&b, why), 0);
	toucher_free(t);
}

/* As if a move had brought back what was there before the last store. */
static void a_lost_write_is_seen(void **state)
{
	struct toucher *t;
	size_t i;

	(void)state;
	need_buffer();
	t = toucher_new(&b);
	assert_non_null(t);
	toucher_calibrate(t);
	assert_int_equal(toucher_start(t), 0);
	usleep(10000);
	for (i = 0; i < PAGES; i++)
		*(uint64_t *)(b.base + i * page) = 0;
	usleep(10000);
	assert_int_equal(toucher_stop(t, why), -EBADMSG);
	assert_non_null(strstr(why, "wrong bytes"));
	toucher_free(t);
}

/*
 * A word that nobody touched any more. The thread may always have been quicker
 * than the mistake, so try again until it was not.
 */
static void a_write_lost_at_the_end_is_seen(void **state)
{
	size_t i, tries, during, after = 0;
	struct toucher *t;

	(void)state;
	need_buffer();
	buffer_free(&b);
	assert_int_equal(buffer_make(&b, page, 4096, 0, false, why), 0);
	t = toucher_new(&b);
	assert_non_null(t);
	for (tries = 0; !after && tries < 100; tries++) {
		assert_int_equal(toucher_start(t), 0);
		usleep(5000);
		for (i = 0; i < b.nr; i++)
			*(uint64_t *)(b.base + i * page) = 0;
		assert_int_equal(toucher_stop(t, why), -EBADMSG);
		sscanf(why, "wrong bytes: %zu touches during the move, %zu words",
		       &during, &after);
		buffer_fill(&b);
	}
	assert_int_not_equal(after, 0);
	toucher_free(t);
}

static void touches_outside_of_a_move_do_not_count(void **state)
{
	struct move before = { .start = now_seconds() - 10, .seconds = 5 };
	struct waits w = { .preempted = 0 };
	struct toucher *t;

	(void)state;
	need_buffer();
	t = toucher_new(&b);
	assert_non_null(t);
	/* Not calibrated: each touch counts as long. */
	assert_int_equal(toucher_start(t), 0);
	usleep(10000);
	assert_int_equal(toucher_stop(t, why), 0);
	toucher_collect(t, &before, &w);
	assert_int_equal(w.us.n + w.preempted, 0);
	before.seconds = 1000;
	toucher_collect(t, &before, &w);
	assert_true(w.us.n > 0);
	samples_free(&w.us);
	toucher_free(t);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_buffer, free_buffer)
	const struct CMUnitTest tests[] = {
		T(one_address_a_folio),
		T(a_wrong_byte_is_named),
		T(each_fill_differs),
		T(each_buffer_differs),
		T(a_move_to_no_node_fails),
		T(where_they_are_already),
		T(folios_that_stay_behind),
		T(a_wrong_folio_size_is_seen),
		T(touches_leave_no_trace),
		T(a_lost_write_is_seen),
		T(a_write_lost_at_the_end_is_seen),
		T(touches_outside_of_a_move_do_not_count),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
