/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers and lists as the user writes them. All return -EINVAL for text that
 * is no such thing and -ERANGE for a number that is too large or too small.
 */
#ifndef TOOLS_PARSE_H
#define TOOLS_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define LIST_MAX 32
#define WORD_LEN 32

struct numbers {
	size_t v[LIST_MAX];
	size_t n;
};

struct words {
	char v[LIST_MAX][WORD_LEN];
	size_t n;
};

/* "4096", "4K", "2M", "1G", also "2MB" and "2MiB"; powers of two; not zero. */
int parse_size(const char *s, size_t *bytes);
/* The same with bounds; zero if they allow it. */
int parse_scaled(const char *s, size_t min, size_t max, size_t *out);
int parse_number(const char *s, size_t min, size_t max, size_t *out);

/* Comma separated, at least one and at most LIST_MAX entries. */
int parse_sizes(const char *s, struct numbers *out);
int parse_numbers(const char *s, size_t min, size_t max, struct numbers *out);
int parse_words(const char *s, struct words *out);

bool words_have(const struct words *w, const char *word);
/* Nothing happens to one for which there is no room. */
void words_add(struct words *w, const char *word);

/* The shortest exact form: 4K, 2M, 1G, 1234. */
const char *format_size(char *buf, size_t len, size_t bytes);

#endif
