// SPDX-License-Identifier: GPL-2.0
/*
 * The command load: applies what save has written, all of it or nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "commands.h"
#include "migctl.h"
#include "modules.h"
#include "saved.h"

static int need_migrator(const struct tree *t, const struct options *o,
			 const char *name)
{
	char module[WORD_LEN], why[NOTE_LEN];

	if (is_no_migrator(name) || tree_has_migrator(t, name))
		return EXIT_OK;
	if (o->modprobe && modules_provide(o->modules, name, module))
		return modules_load(module);
	target_explain_migrator(t, o->modules, name, why);
	complain(o->args[0], "%s", why);
	return EXIT_FAILED;
}

/* All migrators that the file names, wherever it does. */
static int need_migrators(const struct tree *t, const struct options *o,
			  const json_t *saved)
{
	const json_t *policy = json_object_get(saved, "policy");
	const json_t *migrators = json_object_get(saved, "migrators");
	struct words done = { .n = 0 };
	const char *key;
	json_t *v;
	int ret = EXIT_OK;

	json_object_foreach((json_t *)migrators, key, v)
		saved_add_name(&done, key);
	json_object_foreach((json_t *)policy, key, v)
		saved_add_name(&done, json_string_value(v));
	v = json_object_get(saved, "migrator");
	if (v)
		saved_add_name(&done, json_string_value(v));
	for (size_t i = 0; i < done.n; i++)
		ret |= need_migrator(t, o, done.v[i]);
	return ret;
}

/* A file that cannot be read is none to set: that is found out later. */
static bool is_of_type(const struct tree *t, const char *below, const char *name,
		       const json_t *v)
{
	json_t *now = tree_value(t, below, name);
	const bool same = !now || json_typeof(now) == json_typeof(v);

	json_decref(now);
	return same;
}

static int add_value(struct changes *c, const char *below, const char *name,
		     const json_t *v)
{
	char full[2 * WORD_LEN], number[SETTING_LEN];

	snprintf(full, sizeof(full), "%s%s%s", below, *below ? "." : "", name);
	if (!is_of_type(c->tree, below, name, v)) {
		complain(full, "is %s", json_is_string(v) ? "a number, not a word" :
			 "a word, not a number");
		return EXIT_FAILED;
	}
	if (json_is_string(v))
		return changes_add(c, full, json_string_value(v));
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return changes_add(c, full, number);
}

static int add_values(struct changes *c, const char *below, const json_t *values)
{
	const char *name;
	int ret = EXIT_OK;
	json_t *v;

	json_object_foreach((json_t *)values, name, v)
		ret |= add_value(c, below, name, v);
	return ret;
}

/* What a migrator needs is set before it is chosen. */
static int add_all(struct changes *c, const json_t *saved)
{
	const json_t *migrators = json_object_get(saved, "migrators");
	const json_t *selected = json_object_get(saved, "migrator");
	const char *name;
	json_t *v;
	int ret;

	ret = add_values(c, "", json_object_get(saved, "settings"));
	json_object_foreach((json_t *)migrators, name, v)
		ret |= add_values(c, name, v);
	ret |= add_values(c, TARGET_POLICY, json_object_get(saved, "policy"));
	if (selected)
		ret |= add_value(c, "", TARGET_MIGRATOR, selected);
	return ret;
}

int cmd_load(const struct options *o)
{
	static struct changes c;
	struct tree t;
	json_t *saved;
	int ret;

	ret = tree_open(&t, o);
	if (ret)
		return ret;
	saved = saved_read(o->args[0]);
	if (!saved)
		return EXIT_FAILED;
	c.tree = &t;
	c.modules = o->modules;
	ret = need_migrators(&t, o, saved);
	if (!ret)
		ret = add_all(&c, saved);
	json_decref(saved);
	if (ret)
		return EXIT_FAILED;
	ret = changes_apply(&c);
	return ret ? ret : changes_print(&c, o->format, false);
}
