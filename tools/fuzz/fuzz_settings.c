// SPDX-License-Identifier: GPL-2.0
/*
 * What a file of sysfs says: a word, a number, a list with one in brackets.
 */
#include <string.h>

#include "fuzz.h"
#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);
	char value[SETTING_LEN], small[2];
	struct words choices;
	long long number;
	size_t i;

	if (!setting_read(path, value, sizeof(value)))
		must(strlen(value) < sizeof(value) && !strchr(value, '\n'));
	if (!setting_read(path, small, sizeof(small)))
		must(strlen(small) < sizeof(small));
	setting_read_number(path, &number);
	setting_choices(path, &choices);
	must(choices.n <= LIST_MAX);
	for (i = 0; i < choices.n; i++)
		must(*choices.v[i] && !strpbrk(choices.v[i], " []\n"));
	return 0;
}
