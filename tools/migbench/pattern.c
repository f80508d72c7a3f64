// SPDX-License-Identifier: GPL-2.0
/*
 * Contents that show every wrong byte.
 */
#include <string.h>

#include "pattern.h"

void pattern_fill(void *buf, size_t bytes, uint32_t generation)
{
	uint64_t *w = buf;
	size_t i;

	for (i = 0; i < bytes / sizeof(*w); i++)
		w[i] = pattern_word(i, generation);
}

static size_t wrong_byte(const uint64_t *w, size_t index, uint32_t generation)
{
	const uint64_t want = pattern_word(index, generation);
	const unsigned char *found = (const unsigned char *)&w[index];
	const unsigned char *right = (const unsigned char *)&want;
	size_t i;

	for (i = 0; i < sizeof(want) - 1 && found[i] == right[i]; i++)
		;
	return index * sizeof(want) + i;
}

size_t pattern_verify(const void *buf, size_t bytes, uint32_t generation)
{
	const uint64_t *w = buf;
	size_t i;

	for (i = 0; i < bytes / sizeof(*w); i++)
		if (w[i] != pattern_word(i, generation))
			return wrong_byte(w, i, generation);
	return PATTERN_OK;
}
