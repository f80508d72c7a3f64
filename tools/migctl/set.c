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

static void print_table(const json_t *policy, const json_t *effective)
{
	const char *reason;
	struct grid g;
	size_t row = 0;
	json_t *name;

	grid_init(&g, json_object_size(policy) + 1, 3);
	g.left = 3;
	grid_set(&g, 0, 0, "reason");
	grid_set(&g, 0, 1, "policy");
	grid_set(&g, 0, 2, "effective");
	json_object_foreach((json_t *)policy, reason, name) {
		grid_set(&g, ++row, 0, "%s", reason);
		grid_set(&g, row, 1, "%s", json_string_value(name));
		name = json_object_get(effective, reason);
		grid_set(&g, row, 2, "%s", json_string_value(name));
	}
	grid_print(stdout, &g);
	grid_free(&g);
}

static int print_policy(const struct options *o, const struct tree *t)
{
	json_t *policy = model_policy(t), *effective, *selected;

	if (!policy) {
		complain(TARGET_POLICY, NOT_IN_KERNEL);
		return EXIT_FAILED;
	}
	effective = model_effective(t, policy);
	if (o->format == FORMAT_JSON)
		return print_json(json_pack("{soso}", TARGET_POLICY, policy, "effective",
					    effective), JSON_INDENT(1));
	print_table(policy, effective);
	json_decref(policy);
	json_decref(effective);
	selected = model_selected(t);
	printf("default: %s\n", json_string_value(selected));
	json_decref(selected);
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
