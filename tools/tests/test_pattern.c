// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include "pattern.h"

#define WORDS 4096
#define BYTES (WORDS * sizeof(uint64_t))

static uint64_t buf[WORDS];

static void right_contents_pass(void **state)
{
	(void)state;
	pattern_fill(buf, BYTES, 7);
	assert_int_equal(pattern_verify(buf, BYTES, 7), PATTERN_OK);
}

/* Each byte, not just each word: the answer is the place of the byte. */
static void every_single_byte_is_seen(void **state)
{
	unsigned char *bytes = (unsigned char *)buf;
	size_t i;

	(void)state;
	pattern_fill(buf, BYTES, 7);
	for (i = 0; i < BYTES; i++) {
		bytes[i] ^= 0x10;
		assert_int_equal(pattern_verify(buf, BYTES, 7), i);
		bytes[i] ^= 0x10;
	}
}

static void the_first_of_several_is_named(void **state)
{
	(void)state;
	pattern_fill(buf, BYTES, 7);
	buf[100] = 0;
	buf[50] = ~0ULL;
	assert_int_equal(pattern_verify(buf, BYTES, 7) / 8, 50);
}

static void exchanged_pages_are_seen(void **state)
{
	uint64_t page[512];

	(void)state;
	pattern_fill(buf, BYTES, 7);
	memcpy(page, buf, 4096);
	memcpy(buf, buf + 512, 4096);
	memcpy(buf + 512, page, 4096);
	assert_int_not_equal(pattern_verify(buf, BYTES, 7), PATTERN_OK);
}

static void contents_of_another_round_are_seen(void **state)
{
	(void)state;
	pattern_fill(buf, BYTES, 7);
	assert_int_not_equal(pattern_verify(buf, BYTES, 8), PATTERN_OK);
	/* A page of zeroes is what a copy that did not happen leaves. */
	memset(buf, 0, BYTES);
	assert_int_equal(pattern_verify(buf, BYTES, 1) / 8, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_contents_pass),
		cmocka_unit_test(every_single_byte_is_seen),
		cmocka_unit_test(the_first_of_several_is_named),
		cmocka_unit_test(exchanged_pages_are_seen),
		cmocka_unit_test(contents_of_another_round_are_seen),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
