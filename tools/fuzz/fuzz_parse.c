// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers, sizes and lists of the command line.
 */
#include <string.h>

#include "fuzz.h"
#include "parse.h"

static void check_size(const char *text)
{
	size_t bytes, again;
	char form[32];

	if (parse_size(text, &bytes))
		return;
	must(bytes);
	format_size(form, sizeof(form), bytes);
	must(!parse_size(form, &again) && again == bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = fuzz_text(data, size);
	struct numbers numbers;
	struct words words;
	size_t n, i;

	check_size(text);
	if (!parse_number(text, 3, 1000, &n))
		must(n >= 3 && n <= 1000);
	if (!parse_scaled(text, 0, 1 << 30, &n))
		must(n <= 1 << 30);
	if (!parse_numbers(text, 1, 64, &numbers))
		for (i = 0; i < numbers.n; i++)
			must(numbers.v[i] >= 1 && numbers.v[i] <= 64);
	if (!parse_sizes(text, &numbers))
		must(numbers.n && numbers.n <= LIST_MAX);
	if (!parse_words(text, &words))
		for (i = 0; i < words.n; i++)
			must(*words.v[i] && words_have(&words, words.v[i]));
	return 0;
}
