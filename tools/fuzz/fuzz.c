// SPDX-License-Identifier: GPL-2.0
/*
 * What the fuzzers share.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define TEXT_MAX 4096

const char *fuzz_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(!ftruncate(fd, 0));
	must(pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

const char *fuzz_text(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX];

	if (size >= TEXT_MAX)
		size = TEXT_MAX - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}
