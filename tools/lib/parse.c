// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers and lists as the user writes them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parse.h"

/* strtoull() takes signs and spaces, and wraps "-1" around: refuse both. */
static int leading_number(const char *s, size_t *out, const char **end)
{
	unsigned long long v;
	char *e;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &e, 10);
	if (errno || v > SIZE_MAX)
		return -ERANGE;
	*out = v;
	*end = e;
	return 0;
}

static int unit_shift(const char *s)
{
	static const char units[] = "KMGT";
	const char *u;

	if (!*s)
		return 0;
	u = strchr(units, toupper((unsigned char)*s));
	if (!u)
		return -EINVAL;
	s++;
	if (*s && strcasecmp(s, "B") && strcasecmp(s, "iB"))
		return -EINVAL;
	return 10 * (u - units + 1);
}

int parse_scaled(const char *s, size_t min, size_t max, size_t *out)
{
	const char *end;
	size_t v;
	int err, shift;

	err = leading_number(s, &v, &end);
	if (err)
		return err;
	shift = unit_shift(end);
	if (shift < 0)
		return shift;
	if (v > SIZE_MAX >> shift || v << shift < min || v << shift > max)
		return -ERANGE;
	*out = v << shift;
	return 0;
}

int parse_size(const char *s, size_t *bytes)
{
	return parse_scaled(s, 1, SIZE_MAX, bytes);
}

int parse_number(const char *s, size_t min, size_t max, size_t *out)
{
	const char *end;
	size_t v;
	int err;

	err = leading_number(s, &v, &end);
	if (err)
		return err;
	if (*end)
		return -EINVAL;
	if (v < min || v > max)
		return -ERANGE;
	*out = v;
	return 0;
}

int parse_words(const char *s, struct words *out)
{
	size_t len;

	out->n = 0;
	for (;;) {
		len = strcspn(s, ",");
		if (!len || len >= WORD_LEN)
			return -EINVAL;
		if (out->n == LIST_MAX)
			return -ERANGE;
		memcpy(out->v[out->n], s, len);
		out->v[out->n++][len] = '\0';
		if (!s[len])
			return 0;
		s += len + 1;
	}
}

int parse_sizes(const char *s, struct numbers *out)
{
	struct words w;
	int err;

	err = parse_words(s, &w);
	for (out->n = 0; !err && out->n < w.n; out->n++)
		err = parse_size(w.v[out->n], &out->v[out->n]);
	return err;
}

int parse_numbers(const char *s, size_t min, size_t max, struct numbers *out)
{
	struct words w;
	int err;

	err = parse_words(s, &w);
	for (out->n = 0; !err && out->n < w.n; out->n++)
		err = parse_number(w.v[out->n], min, max, &out->v[out->n]);
	return err;
}

const char *format_size(char *buf, size_t len, size_t bytes)
{
	static const char units[] = "\0KMGT";
	int u = 0;

	while (bytes && bytes % 1024 == 0 && u < 4) {
		bytes /= 1024;
		u++;
	}
	snprintf(buf, len, "%zu%.1s", bytes, units + u);
	return buf;
}

bool words_have(const struct words *w, const char *word)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (!strcmp(w->v[i], word))
			return true;
	return false;
}

void words_add(struct words *w, const char *word)
{
	if (w->n < LIST_MAX && strlen(word) < WORD_LEN)
		strcpy(w->v[w->n++], word);
}
