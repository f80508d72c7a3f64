// SPDX-License-Identifier: GPL-2.0
/*
 * The commands set and policy.
 */
#include <string.h>

#include "change.h"
#include "commands.h"
#include "grid.h"
#include "migctl.h"
#include "model.h"
#include "print.h"

/* Looks at all arguments before it gives up: one message for each mistake. */
static int change(const struct options *o, const struct tree *t, const char *below)
{
	static struct changes c;
	int i, ret = EXIT_OK, one;

	c.tree = t;
	c.modules = o->modules;
	for (i = 0; i < o->nr_args; i++) {
		one = changes_add_argument(&c, below, o->args[i]);
		if (one > ret)
			ret = one;
	}
	if (!ret)
		ret = changes_apply(&c);
	return ret ? ret : changes_print(&c, o->format, true);
}

int cmd_set(const struct options *o)
{
	struct tree t;
	int ret = tree_open(&t, o);

	return ret ? ret : change(o, &t, "");
}

static int print_policy(const struct options *o, const struct tree *t)
{
	json_t *policy = model_policy(t), *name;
	const char *reason;
	struct grid g;
	size_t row = 0;

	if (!policy) {
		complain(TARGET_POLICY, NOT_IN_KERNEL);
		return EXIT_FAILED;
	}
	if (o->format == FORMAT_JSON)
		return print_json(policy, JSON_INDENT(1));
	grid_init(&g, json_object_size(policy) + 1, 2);
	g.left = 2;
	grid_set(&g, 0, 0, "reason");
	grid_set(&g, 0, 1, "migrator");
	json_object_foreach(policy, reason, name) {
		grid_set(&g, ++row, 0, "%s", reason);
		grid_set(&g, row, 1, "%s", json_string_value(name));
	}
	grid_print(stdout, &g);
	grid_free(&g);
	json_decref(policy);
	name = model_selected(t);
	printf("default: %s\n", json_string_value(name));
	json_decref(name);
	return EXIT_OK;
}

int cmd_policy(const struct options *o)
{
	struct tree t;
	int ret = tree_open(&t, o);

	if (ret)
		return ret;
	return o->nr_args ? change(o, &t, TARGET_POLICY ".") : print_policy(o, &t);
}
