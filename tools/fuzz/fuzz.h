/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzers share: each gives arbitrary bytes to one reader, and the
 * sanitizers judge. What a reader takes must also be what it says it takes.
 */
#ifndef TOOLS_FUZZ_H
#define TOOLS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Readers take the path of a file: one in memory, good until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* The same bytes as a string, which is cut at the first zero. */
const char *fuzz_text(const uint8_t *data, size_t size);

#define must(what) do { if (!(what)) __builtin_trap(); } while (0)

#endif
