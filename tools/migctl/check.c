// SPDX-License-Identifier: GPL-2.0
/*
 * The command check: is this machine able?
 */
#include <stdarg.h>
#include <string.h>

#include "check.h"
#include "commands.h"
#include "migctl.h"
#include "modules.h"
#include "print.h"
#include "target.h"

static const char *const names[] = {
	[FOUND_OK] = "ok", [FOUND_MISSING] = "missing", [FOUND_NOTE] = "note",
};

void check_add(struct check *c, enum finding finding, const char *subject,
	       const char *fmt, ...)
{
	json_t *f = json_object();
	va_list ap;

	va_start(ap, fmt);
	json_object_set_new(f, "finding", json_string(names[finding]));
	json_object_set_new(f, "subject", json_string(subject));
	json_object_set_new(f, "text", json_vsprintf(fmt, ap));
	json_array_append_new(c->findings, f);
	va_end(ap);
}

static void check_feature(struct check *c)
{
	if (c->feature)
		check_add(c, FOUND_OK, "kernel", "has %s", c->tree.dir);
	else
		check_add(c, FOUND_MISSING, "kernel",
			  "has no %s: boot one with CONFIG_MIGRATE_OFFLOAD", c->tree.dir);
}

static void check_loaded(struct check *c, const struct words *loaded)
{
	size_t i;

	for (i = 0; i < loaded->n; i++)
		check_add(c, FOUND_OK, loaded->v[i], "is loaded");
}

/* One that could be loaded will do, but not for a kernel without the feature. */
static size_t check_available(struct check *c, const struct words *loaded)
{
	struct words migrators, modules;
	size_t i, n = 0;

	modules_list(c->o->modules, &migrators, &modules);
	for (i = 0; i < migrators.n; i++) {
		if (words_have(loaded, migrators.v[i]))
			continue;
		check_add(c, FOUND_OK, migrators.v[i], "can be loaded: modprobe %s",
			  modules.v[i]);
		n++;
	}
	return n;
}

static void check_migrators(struct check *c)
{
	struct words loaded = { .n = 0 };

	if (c->feature)
		tree_migrators(&c->tree, &loaded);
	check_loaded(c, &loaded);
	if (check_available(c, &loaded) || loaded.n)
		return;
	if (c->o->modules)
		check_add(c, FOUND_MISSING, "migrators",
			  "none is loaded, and there is no module in %s: install those of the kernel",
			  c->o->modules);
	else
		check_add(c, FOUND_MISSING, "migrators",
			  "none is loaded, and which modules there are is unknown");
}

static void check_selected(struct check *c)
{
	json_t *name;

	if (!c->feature)
		return;
	name = tree_value(&c->tree, "", SELECTED_FILE);
	if (json_is_string(name) && strcmp(json_string_value(name), NAME_KERNEL))
		check_add(c, FOUND_OK, "selected", "%s", json_string_value(name));
	else
		check_add(c, FOUND_NOTE, "selected",
			  "the kernel itself: migctl set migrator=NAME");
	json_decref(name);
}

static void print_text(const json_t *findings)
{
	json_t *f;
	size_t i;

	json_array_foreach(findings, i, f)
		printf("%-8s %-29s %s\n", json_string_value(json_object_get(f, "finding")),
		       json_string_value(json_object_get(f, "subject")),
		       json_string_value(json_object_get(f, "text")));
}

static bool is_able(const json_t *findings)
{
	const char *finding;
	json_t *f;
	size_t i;

	json_array_foreach(findings, i, f) {
		finding = json_string_value(json_object_get(f, "finding"));
		if (!strcmp(finding, names[FOUND_MISSING]))
			return false;
	}
	return true;
}

static int print_findings(const struct check *c)
{
	const bool able = is_able(c->findings);
	json_t *all;
	int ret = EXIT_OK;

	if (c->o->format == FORMAT_JSON) {
		all = json_object();
		json_object_set_new(all, "able", json_boolean(able));
		json_object_set(all, "findings", c->findings);
		ret = print_json(all, JSON_INDENT(1));
	} else {
		print_text(c->findings);
	}
	return ret ? ret : able ? EXIT_OK : EXIT_FAILED;
}

int cmd_check(const struct options *o)
{
	struct check c = { .o = o, .findings = json_array() };
	int ret;

	c.feature = tree_find(&c.tree, o);
	check_feature(&c);
	check_migrators(&c);
	check_selected(&c);
	check_machine(&c);
	check_kconfig(&c);
	ret = print_findings(&c);
	json_decref(c.findings);
	return ret;
}
