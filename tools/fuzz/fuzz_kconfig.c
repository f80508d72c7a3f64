// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration of a kernel, which "migctl check" reads.
 */
#include "fuzz.h"
#include "kconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *symbols = kconfig_read(fuzz_file(data, size));

	must(*kconfig_get(symbols, "CONFIG_NUMA") || symbols);
	json_decref(symbols);
	return 0;
}
