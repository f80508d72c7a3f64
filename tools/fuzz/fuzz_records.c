// SPDX-License-Identifier: GPL-2.0
/*
 * Results in JSON and CSV: what was read is written, compared and read again.
 */
#include <stdlib.h>

#include "compare.h"
#include "fuzz.h"
#include "record.h"

static void write_and_read(const struct record_set *set,
			   int (*write_all)(FILE *f, const struct record_set *set))
{
	struct record_set again = { 0 };
	char why[NOTE_LEN], *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	must(f && !write_all(f, set) && !fclose(f));
	must(!records_read(fuzz_file((uint8_t *)text, len), &again, why));
	must(again.n == set->n);
	records_free(&again);
	free(text);
}

static void compare(const struct record_set *set)
{
	static FILE *nowhere;
	struct comparison *c;
	size_t n;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	n = compare_sets(set, set, &c);
	compare_print(nowhere, FORMAT_TEXT, c, n);
	compare_print(nowhere, FORMAT_JSON, c, n);
	compare_print(nowhere, FORMAT_CSV, c, n);
	free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_set set = { 0 };
	char why[NOTE_LEN];

	if (!records_read(fuzz_file(data, size), &set, why)) {
		write_and_read(&set, records_write_json);
		write_and_read(&set, records_write_csv);
		compare(&set);
	}
	records_free(&set);
	return 0;
}
