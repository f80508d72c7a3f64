// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of settings that are made all together or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "migctl.h"
#include "print.h"

static bool is_there(const struct changes *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->v[i].target.name, name))
			return true;
	return false;
}

int changes_add(struct changes *c, const char *name, const char *value)
{
	struct change *x = &c->v[c->n];
	char why[NOTE_LEN];
	int err;

	if (is_there(c, name)) {
		complain(name, "given twice");
		return EXIT_USAGE;
	}
	if (c->n == CHANGES_MAX) {
		complain(name, "more than %d settings", CHANGES_MAX);
		return EXIT_USAGE;
	}
	if (target_find(c->tree, c->modules, name, &x->target, why)) {
		complain(name, "%s", why);
		return EXIT_FAILED;
	}
	err = target_check(c->tree, c->modules, &x->target, value, x->value, why);
	if (err) {
		complain(name, "%s", why);
		return err == -ENODEV ? EXIT_FAILED : EXIT_USAGE;
	}
	c->n++;
	return EXIT_OK;
}

int changes_add_argument(struct changes *c, const char *below, const char *arg)
{
	const char *equal = strchr(arg, '=');
	char name[2 * WORD_LEN];

	if (strlen(below) + (equal - arg) >= sizeof(name)) {
		complain(arg, "no such setting");
		return EXIT_FAILED;
	}
	snprintf(name, sizeof(name), "%s%.*s", below, (int)(equal - arg), arg);
	return changes_add(c, name, equal + 1);
}

static const char *reason_of(int err, const struct target *x, char why[NOTE_LEN])
{
	if (err == -ENODEV && x->kind != VALUE_WORD)
		snprintf(why, NOTE_LEN, "%s (it has not what that needs; see migctl check)",
			 strerror(-err));
	else if (x->range)
		snprintf(why, NOTE_LEN, "%s (it takes %s)", strerror(-err), x->range);
	else
		snprintf(why, NOTE_LEN, "%s", strerror(-err));
	return why;
}

static int take_back(const struct change *x, bool first, int err)
{
	char why[NOTE_LEN];

	complain(x->target.name, "the kernel refuses %s: %s", x->value,
		 reason_of(err, &x->target, why));
	if (settings_restore())
		return EXIT_FAILED;
	if (!first)
		complain(x->target.name, "what was set before it is put back");
	return EXIT_FAILED;
}

static void read_back(const struct changes *c, struct change *x)
{
	char path[PATH_MAX];

	tree_path(c->tree, path, x->target.file);
	if (setting_read(path, x->taken, sizeof(x->taken)))
		x->taken[0] = '\0';
}

int changes_apply(struct changes *c)
{
	char path[PATH_MAX], now[SETTING_LEN];
	size_t i;
	int err;

	settings_guard();
	for (i = 0; i < c->n; i++) {
		tree_path(c->tree, path, c->v[i].target.file);
		c->v[i].was_so = !setting_read(path, now, sizeof(now)) &&
				 !strcmp(now, c->v[i].value);
		err = setting_write(path, c->v[i].value);
		if (err)
			return take_back(&c->v[i], !i, err);
	}
	settings_keep();
	for (i = 0; i < c->n; i++)
		read_back(c, &c->v[i]);
	return EXIT_OK;
}

static json_t *value_of(const struct change *x)
{
	if (x->target.kind == VALUE_NAME || x->target.kind == VALUE_WORD)
		return json_string(x->taken);
	return json_integer(strtoll(x->taken, NULL, 10));
}

static json_t *to_json(const struct changes *c, bool all)
{
	json_t *values = json_object();
	const struct change *x;

	for (x = c->v; x < c->v + c->n; x++)
		if (all || !x->was_so)
			json_object_set_new(values, x->target.name,
					    *x->taken ? value_of(x) : json_null());
	return values;
}

static void print_change(const struct change *x)
{
	char text[SETTING_LEN];
	json_t *value;

	if (!*x->taken) {
		printf("%s is gone\n", x->target.name);
		return;
	}
	value = value_of(x);
	printf("%s %s", x->target.name,
	       format_value(text, sizeof(text), x->target.name, value));
	if (strcmp(x->taken, x->value))
		printf(" (the kernel took that instead of %s)", x->value);
	putchar('\n');
	json_decref(value);
}

int changes_print(const struct changes *c, enum format format, bool all)
{
	const struct change *x;

	if (format == FORMAT_JSON)
		return print_json(to_json(c, all), JSON_INDENT(1));
	for (x = c->v; x < c->v + c->n; x++)
		if (all || !x->was_so)
			print_change(x);
	return EXIT_OK;
}
