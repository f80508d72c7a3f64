// SPDX-License-Identifier: GPL-2.0
/*
 * Records as an array of flat JSON objects.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "record.h"

static json_t *list_to_json(const struct samples *s)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < s->n; i++)
		json_array_append_new(list, json_real(s->v[i]));
	return list;
}

static json_t *field_to_json(const struct record *r, const struct field *f)
{
	const void *at = (const char *)r + f->offset;
	long long i;
	double d;

	switch (f->type) {
	case FIELD_STR:
		return json_string(at);
	case FIELD_INT:
		i = *(const long long *)at;
		return i == RECORD_ABSENT ? json_null() : json_integer(i);
	case FIELD_REAL:
		/* Neither NAN nor an infinite cap is a JSON number. */
		d = *(const double *)at;
		return isfinite(d) ? json_real(d) : json_null();
	case FIELD_BOOL:
		return json_boolean(*(const bool *)at);
	case FIELD_LIST:
		return list_to_json(at);
	}
	return NULL;
}

static json_t *record_to_json(const struct record *r)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < record_nr_fields; i++)
		json_object_set_new(object, record_fields[i].name,
				    field_to_json(r, &record_fields[i]));
	return object;
}

int records_write_json(FILE *f, const struct record_set *set)
{
	json_t *array = json_array();
	size_t i;
	int err;

	for (i = 0; i < set->n; i++)
		json_array_append_new(array, record_to_json(&set->v[i]));
	err = json_dumpf(array, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	if (!err && fputc('\n', f) == EOF)
		err = -1;
	json_decref(array);
	return err ? -EIO : 0;
}

static void list_from_json(struct samples *s, const json_t *list)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		samples_add(s, json_number_value(json_array_get(list, i)));
}

/* A value of another type leaves the field absent. */
static void field_from_json(struct record *r, const struct field *f,
			    const json_t *v)
{
	void *at = (char *)r + f->offset;

	if (f->type == FIELD_STR && json_is_string(v))
		snprintf(at, f->size, "%s", json_string_value(v));
	else if (f->type == FIELD_INT && json_is_integer(v))
		*(long long *)at = json_integer_value(v);
	else if (f->type == FIELD_REAL && json_is_number(v))
		*(double *)at = json_number_value(v);
	else if (f->type == FIELD_BOOL && json_is_boolean(v))
		*(bool *)at = json_is_true(v);
	else if (f->type == FIELD_LIST && json_is_array(v))
		list_from_json(at, v);
}

static int record_from_json(struct record_set *set, const json_t *object)
{
	struct record *r;
	json_t *v;
	size_t i;

	v = json_object_get(object, "schema_version");
	if (json_integer_value(v) != RECORD_SCHEMA)
		return -EPROTO;
	r = records_add(set);
	for (i = 0; i < record_nr_fields; i++) {
		v = json_object_get(object, record_fields[i].name);
		if (v)
			field_from_json(r, &record_fields[i], v);
	}
	return 0;
}

static int records_read_json(FILE *f, struct record_set *set,
			     char why[NOTE_LEN])
{
	json_error_t error;
	json_t *array, *v;
	size_t i;
	int err = 0;

	array = json_loadf(f, JSON_REJECT_DUPLICATES, &error);
	if (!array) {
		snprintf(why, NOTE_LEN, "line %d: %.100s", error.line, error.text);
		return -EINVAL;
	}
	json_array_foreach(array, i, v) {
		err = record_from_json(set, v);
		if (err)
			break;
	}
	if (err)
		snprintf(why, NOTE_LEN, "entry %zu is no record of schema version %d",
			 i, RECORD_SCHEMA);
	json_decref(array);
	return err;
}

int records_read(const char *path, struct record_set *set, char why[NOTE_LEN])
{
	FILE *f = fopen(path, "re");
	int c, err;

	if (!f) {
		err = -errno;
		snprintf(why, NOTE_LEN, "%s", strerror(errno));
		return err;
	}
	c = fgetc(f);
	ungetc(c, f);
	if (c == '[')
		err = records_read_json(f, set, why);
	else
		err = records_read_csv(f, set, why);
	fclose(f);
	return err;
}
