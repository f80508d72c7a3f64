// SPDX-License-Identifier: GPL-2.0
/*
 * The first line of /proc/stat.
 */
#include "cputime.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cputime_busy(fuzz_text(data, size));
	return 0;
}
