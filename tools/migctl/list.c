// SPDX-License-Identifier: GPL-2.0
/*
 * The command list: migrators, and what they are used for.
 */
#include <string.h>

#include "commands.h"
#include "grid.h"
#include "migctl.h"
#include "model.h"
#include "modules.h"
#include "print.h"
#include "target.h"

/* Reasons whose migrator is @name: by their own policy, or by default. */
static json_t *reasons_of(const json_t *effective, const char *name)
{
	json_t *reasons = json_array(), *to;
	const char *reason;

	json_object_foreach((json_t *)effective, reason, to)
		if (!strcmp(json_string_value(to), name))
			json_array_append_new(reasons, json_string(reason));
	return reasons;
}

struct list {
	json_t *entries;
	json_t *policy;
	json_t *effective;
	json_t *selected;
};

static void add(struct list *l, const char *name, const char *state,
		const char *module)
{
	const bool selected = !strcmp(json_string_value(l->selected), name);
	json_t *e = json_object();

	json_object_set_new(e, "name", json_string(name));
	json_object_set_new(e, "state", json_string(state));
	json_object_set_new(e, "module", module ? json_string(module) : json_null());
	json_object_set_new(e, "selected", json_boolean(selected));
	if (l->policy)
		json_object_set_new(e, "reasons", reasons_of(l->effective, name));
	json_array_append_new(l->entries, e);
}

static const char *module_of(const struct words *migrators,
			     const struct words *modules, const char *name)
{
	size_t i;

	for (i = 0; i < migrators->n; i++)
		if (!strcmp(migrators->v[i], name))
			return modules->v[i];
	return NULL;
}

/* In the kernel itself first, then what is loaded, then what could be. */
static void read_list(struct list *l, const struct tree *t, const char *dir)
{
	struct words offered, loaded, migrators, modules;
	size_t i;

	tree_offers(t, SELECTED_FILE, &offered);
	tree_migrators(t, &loaded);
	modules_list(dir, &migrators, &modules);
	for (i = 0; i < offered.n; i++)
		if (!words_have(&loaded, offered.v[i]))
			add(l, offered.v[i], "always", NULL);
	for (i = 0; i < loaded.n; i++)
		add(l, loaded.v[i], "loaded",
		    module_of(&migrators, &modules, loaded.v[i]));
	for (i = 0; i < migrators.n; i++)
		if (!words_have(&loaded, migrators.v[i]))
			add(l, migrators.v[i], "available", modules.v[i]);
}

/*
 * "all", or "default" and the reasons with a policy of their own. A migrator that
 * is not selected has "default" for no reason: "kernel" then lists the reasons for
 * which the selected migrator is not the default.
 */
static void set_reasons(struct grid *g, size_t row, const struct list *l,
			const json_t *reasons, bool selected)
{
	const char *reason, *to;
	char text[NOTE_LEN];
	bool others = false;
	size_t i, at = 0;

	if (reasons && json_array_size(reasons) == json_object_size(l->policy)) {
		grid_set(g, row, 4, "all");
		return;
	}
	text[0] = '\0';
	for (i = 0; i < json_array_size(reasons) && at < sizeof(text); i++) {
		reason = json_string_value(json_array_get(reasons, i));
		to = json_string_value(json_object_get(l->policy, reason));
		if (selected && !strcmp(to, NAME_DEFAULT))
			others = true;
		else
			at += snprintf(text + at, sizeof(text) - at, " %s", reason);
	}
	grid_set(g, row, 4, "%s%s", others ? NAME_DEFAULT : "",
		 others ? text : text + !!at);
}

static void print_list(const struct list *l)
{
	static const char *const heads[] = {
		"migrator", "state", "module", "selected", "used for",
	};
	struct grid g;
	const char *module;
	bool selected;
	json_t *e;
	size_t i;

	grid_init(&g, json_array_size(l->entries) + 1,
		  ARRAY_SIZE(heads) - !l->policy);
	g.left = g.columns;
	for (i = 0; i < g.columns; i++)
		grid_set(&g, 0, i, "%s", heads[i]);
	json_array_foreach(l->entries, i, e) {
		module = json_string_value(json_object_get(e, "module"));
		grid_set(&g, i + 1, 0, "%s", json_string_value(json_object_get(e, "name")));
		grid_set(&g, i + 1, 1, "%s", json_string_value(json_object_get(e, "state")));
		grid_set(&g, i + 1, 2, "%s", module ? module : "-");
		selected = json_is_true(json_object_get(e, "selected"));
		grid_set(&g, i + 1, 3, "%s", selected ? "yes" : "-");
		if (l->policy)
			set_reasons(&g, i + 1, l, json_object_get(e, "reasons"), selected);
	}
	grid_print(stdout, &g);
	grid_free(&g);
}

int cmd_list(const struct options *o)
{
	struct list l = { .entries = json_array() };
	struct tree t;
	int ret = tree_open(&t, o);

	if (!ret) {
		l.policy = model_policy(&t);
		l.effective = l.policy ? model_effective(&t, l.policy) : NULL;
		l.selected = model_selected(&t);
		read_list(&l, &t, o->modules);
		if (o->format == FORMAT_JSON)
			ret = print_json(json_incref(l.entries), JSON_INDENT(1));
		else
			print_list(&l);
	}
	json_decref(l.entries);
	json_decref(l.policy);
	json_decref(l.effective);
	json_decref(l.selected);
	return ret;
}
