// SPDX-License-Identifier: GPL-2.0
/*
 * Records as CSV (RFC 4180): a header with the names of the fields, lists
 * joined by ';', nothing where there is no value.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

#define MAX_COLUMNS 128

static void write_string(FILE *f, const char *s)
{
	if (!strpbrk(s, ",\"\n\r")) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		/* A record is a line, also to those who know nothing of quotes. */
		fputc(strchr("\n\r", *s) ? ' ' : *s, f);
	}
	fputc('"', f);
}

static void write_real(FILE *f, double d)
{
	if (isfinite(d))
		fprintf(f, "%.9g", d);
}

static void write_list(FILE *f, const struct samples *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (i)
			fputc(';', f);
		write_real(f, s->v[i]);
	}
}

static void write_field(FILE *f, const struct record *r,
			const struct field *field)
{
	const void *at = (const char *)r + field->offset;

	switch (field->type) {
	case FIELD_STR:
		write_string(f, at);
		break;
	case FIELD_INT:
		if (*(const long long *)at != RECORD_ABSENT)
			fprintf(f, "%lld", *(const long long *)at);
		break;
	case FIELD_REAL:
		write_real(f, *(const double *)at);
		break;
	case FIELD_BOOL:
		fputs(*(const bool *)at ? "true" : "false", f);
		break;
	case FIELD_LIST:
		write_list(f, at);
		break;
	}
}

int records_write_csv(FILE *f, const struct record_set *set)
{
	size_t i, j;

	for (j = 0; j < record_nr_fields; j++)
		fprintf(f, "%s%s", j ? "," : "", record_fields[j].name);
	fputc('\n', f);
	for (i = 0; i < set->n; i++) {
		for (j = 0; j < record_nr_fields; j++) {
			if (j)
				fputc(',', f);
			write_field(f, &set->v[i], &record_fields[j]);
		}
		fputc('\n', f);
	}
	return ferror(f) ? -EIO : 0;
}

/* Cuts the first value off *line, undoing the quotes in place. */
static char *next_value(char **line)
{
	char *from = *line, *to = *line, *value = *line;
	int quoted = 0;

	if (!from)
		return NULL;
	for (; *from && (quoted || *from != ','); from++) {
		if (*from != '"')
			*to++ = *from;
		else if (quoted && from[1] == '"')
			*to++ = *from++;
		else
			quoted = !quoted;
	}
	*line = *from ? from + 1 : NULL;
	*to = '\0';
	return value;
}

static void read_list(struct samples *s, char *value)
{
	char *item;

	while ((item = strsep(&value, ";")))
		if (*item)
			samples_add(s, strtod(item, NULL));
}

static void read_field(struct record *r, const struct field *f, char *value)
{
	void *at = (char *)r + f->offset;

	if (!*value)
		return;
	switch (f->type) {
	case FIELD_STR:
		snprintf(at, f->size, "%s", value);
		break;
	case FIELD_INT:
		*(long long *)at = strtoll(value, NULL, 10);
		break;
	case FIELD_REAL:
		*(double *)at = strtod(value, NULL);
		break;
	case FIELD_BOOL:
		*(bool *)at = !strcmp(value, "true");
		break;
	case FIELD_LIST:
		read_list(at, value);
		break;
	}
}

static const struct field *find_field(const char *name)
{
	size_t i;

	for (i = 0; i < record_nr_fields; i++)
		if (!strcmp(record_fields[i].name, name))
			return &record_fields[i];
	return NULL;
}

static size_t read_header(char *line, const struct field *columns[])
{
	char *name;
	size_t n = 0;

	while (n < MAX_COLUMNS && (name = next_value(&line)))
		columns[n++] = find_field(name);
	return n && columns[0] == &record_fields[0] ? n : 0;
}

static int read_row(struct record_set *set, const struct field *columns[],
		    size_t n, char *line)
{
	struct record *r = records_add(set);
	char *value;
	size_t i;

	r->schema_version = 0;
	for (i = 0; i < n && (value = next_value(&line)); i++)
		if (columns[i])
			read_field(r, columns[i], value);
	return i == n && r->schema_version == RECORD_SCHEMA ? 0 : -EINVAL;
}

int records_read_csv(FILE *f, struct record_set *set, char why[NOTE_LEN])
{
	const struct field *columns[MAX_COLUMNS];
	char *line = NULL;
	size_t room = 0, n = 0, row = 0;
	int err = 0;

	while (!err && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!row++) {
			n = read_header(line, columns);
			err = n ? 0 : -EINVAL;
		} else {
			err = read_row(set, columns, n, line);
		}
	}
	free(line);
	if (!row || err) {
		snprintf(why, NOTE_LEN, "neither a JSON array nor CSV of migbench (line %zu)",
			 row);
		return -EINVAL;
	}
	return 0;
}
