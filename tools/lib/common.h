/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all tools share: exit codes, units, the error message.
 */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

#include <stddef.h>

/* 4 is kselftest's SKIP: what was asked for cannot be measured here */
enum {
	EXIT_OK		= 0,
	EXIT_FAILED	= 1,
	EXIT_USAGE	= 2,
	EXIT_CANNOT	= 4,
};

#define NOTE_LEN 160

/* Folio sizes, throughput and memory: K M G are powers of two, GB is 1e9. */
#define SZ_1K 1024UL
#define SZ_2M (2048 * SZ_1K)
#define SZ_1G (1024 * 1024 * SZ_1K)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Prints "tool: object: reason" on stderr. */
void complain(const char *object, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* One line on stderr that replaces the last one; nothing without a terminal. */
void progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void progress_enable(int on);
void progress_done(void);

#endif
