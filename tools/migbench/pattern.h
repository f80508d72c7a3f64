/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contents that show every wrong byte: each 64-bit word holds its own position
 * in the buffer and a generation. A word in the wrong place, a page that was
 * not copied and a page with the contents of an earlier round all differ.
 */
#ifndef MIGBENCH_PATTERN_H
#define MIGBENCH_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN_OK SIZE_MAX

/* The position takes the low 40 bits (8 TB of buffer), the generation the rest. */
static inline uint64_t pattern_word(size_t index, uint32_t generation)
{
	return (uint64_t)generation << 40 | index;
}

void pattern_fill(void *buf, size_t bytes, uint32_t generation);

/* Returns the byte offset of the first wrong byte or PATTERN_OK. */
size_t pattern_verify(const void *buf, size_t bytes, uint32_t generation);

#endif
