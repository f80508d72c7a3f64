// SPDX-License-Identifier: GPL-2.0
/*
 * Files that save has written: is one what it should be?
 */
#include <string.h>

#include "migctl.h"
#include "saved.h"
#include "target.h"

typedef bool (*check_fn)(const char *path, const char *where, const json_t *v);

static bool refuse(const char *path, const char *where, const char *why)
{
	complain(path, "%s: %s", where, why);
	return false;
}

static bool is_name(const char *path, const char *where, const json_t *v)
{
	if (json_is_string(v) && json_string_length(v) < WORD_LEN)
		return true;
	return refuse(path, where, "is no name");
}

static bool is_value(const char *path, const char *where, const json_t *v)
{
	if (json_is_integer(v) && json_integer_value(v) >= 0)
		return true;
	if (json_is_string(v))
		return true;
	return refuse(path, where, "is neither a whole number nor a word");
}

/* Names of an object are those of files, which have a certain length. */
static bool all_are(const char *path, const char *where, const json_t *object,
		    check_fn check)
{
	char below[4 * WORD_LEN];
	const char *name;
	bool good = true;
	json_t *v;

	if (!json_is_object(object))
		return refuse(path, where, "is no object");
	json_object_foreach((json_t *)object, name, v) {
		snprintf(below, sizeof(below), "%s.%.40s", where, name);
		if (!*name || strlen(name) >= WORD_LEN || strpbrk(name, "./"))
			good = refuse(path, below, "no such name");
		else
			good &= check(path, below, v);
	}
	return good;
}

static bool are_names(const char *path, const char *where, const json_t *v)
{
	return all_are(path, where, v, is_name);
}

static bool are_values(const char *path, const char *where, const json_t *v)
{
	return all_are(path, where, v, is_value);
}

/* On the command line that is a setting among others. */
static bool are_settings(const char *path, const char *where, const json_t *v)
{
	if (json_object_get(v, TARGET_MIGRATOR))
		return refuse(path, where, TARGET_MIGRATOR " does not belong there");
	return are_values(path, where, v);
}

static bool are_migrators(const char *path, const char *where, const json_t *v)
{
	return all_are(path, where, v, are_values);
}

static bool is_schema(const char *path, const char *where, const json_t *v)
{
	if (json_is_integer(v) && json_integer_value(v) == SAVE_SCHEMA)
		return true;
	return refuse(path, where, "another version than this migctl knows");
}

static const struct part {
	const char *name;
	check_fn check;
} parts[] = {
	{ "schema_version", is_schema },
	{ TARGET_MIGRATOR, is_name },
	{ TARGET_POLICY, are_names },
	{ "settings", are_settings },
	{ "migrators", are_migrators },
};

static bool check_part(const char *path, const char *name, const json_t *v)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].name, name))
			return parts[i].check(path, name, v);
	return refuse(path, name, "no such part of a configuration");
}

static bool check_form(const char *path, const json_t *saved)
{
	const char *name;
	bool good = true;
	json_t *v;

	if (!json_object_get(saved, "schema_version")) {
		complain(path, "was not written by migctl save");
		return false;
	}
	json_object_foreach((json_t *)saved, name, v)
		good &= check_part(path, name, v);
	return good;
}

json_t *saved_read(const char *path)
{
	json_error_t error;
	json_t *saved;

	saved = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!saved) {
		if (error.line > 0)
			complain(path, "line %d: %s", error.line, error.text);
		else
			complain(path, "%s", error.text);
		return NULL;
	}
	if (check_form(path, saved))
		return saved;
	json_decref(saved);
	return NULL;
}

void saved_add_name(struct words *w, const char *name)
{
	if (w->n < LIST_MAX && !words_have(w, name))
		strcpy(w->v[w->n++], name);
}
