/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration that a kernel was built from, where it can be read.
 */
#ifndef MIGCTL_KCONFIG_H
#define MIGCTL_KCONFIG_H

#include <jansson.h>

/*
 * Symbols and their values. @file "": where kernels keep theirs; NULL: unknown.
 * Returns NULL where there is none; new reference.
 */
json_t *kconfig_read(const char *file);

/* "y", "m", another value, or "n" for what is not set. */
const char *kconfig_get(const json_t *symbols, const char *name);

#endif
