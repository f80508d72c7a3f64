// SPDX-License-Identifier: GPL-2.0
/*
 * Configurations that "migctl load" is given.
 */
#include "fuzz.h"
#include "saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *saved = saved_read(fuzz_file(data, size));
	struct words names = { .n = 0 };
	const char *name;
	json_t *v;

	/* It promises names that have room. */
	json_object_foreach(json_object_get(saved, "settings"), name, v)
		saved_add_name(&names, name);
	json_decref(saved);
	return 0;
}
