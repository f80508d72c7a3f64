// SPDX-License-Identifier: GPL-2.0
/*
 * What there is at a glance: migctl without a command.
 */
#include <string.h>

#include "commands.h"
#include "migctl.h"
#include "model.h"
#include "modules.h"
#include "print.h"
#include "target.h"

/* Migrators that could be loaded, by the names of their modules. */
static json_t *read_available(const struct tree *t, const char *modules)
{
	struct words migrators, files;
	json_t *all = json_object();
	size_t i;

	modules_list(modules, &migrators, &files);
	for (i = 0; i < migrators.n; i++)
		if (!tree_has_migrator(t, migrators.v[i]))
			json_object_set_new(all, migrators.v[i], json_string(files.v[i]));
	return all;
}

static void add_exceptions(json_t *m, const struct tree *t, const char *name)
{
	struct words reasons;

	if (!tree_has(t, name, ENTRY_COUNTER, NOT_BY_DEFAULT))
		return;
	tree_not_by_default(t, name, &reasons);
	json_object_set_new(m, NOT_BY_DEFAULT, words_to_json(&reasons));
}

static json_t *read_migrators(const struct tree *t)
{
	json_t *all = model_migrator_settings(t), *settings, *m;
	const char *name;
	void *next;

	json_object_foreach_safe(all, next, name, settings) {
		m = model_counters(t, name);
		json_object_set(m, "settings", settings);
		add_exceptions(m, t, name);
		json_object_set_new(all, name, m);
	}
	return all;
}

static json_t *read_state(const struct tree *t, const struct options *o)
{
	json_t *state = json_object(), *policy = model_policy(t);
	struct words offered;

	tree_offers(t, SELECTED_FILE, &offered);
	json_object_set_new(state, "migrator", model_selected(t));
	json_object_set_new(state, "offered", words_to_json(&offered));
	if (policy) {
		json_object_set_new(state, "policy", policy);
		json_object_set_new(state, "effective", model_effective(t, policy));
	}
	json_object_set_new(state, "settings", model_settings(t));
	json_object_set_new(state, "migrators", read_migrators(t));
	json_object_set_new(state, "available", read_available(t, o->modules));
	return state;
}

static const char *text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void print_selected(const json_t *state)
{
	const json_t *offered = json_object_get(state, "offered");
	size_t i;

	printf("migrator    %s, of", text_at(state, "migrator"));
	for (i = 0; i < json_array_size(offered); i++)
		printf(" %s", json_string_value(json_array_get(offered, i)));
	putchar('\n');
}

static bool is_name(const json_t *value, const char *name)
{
	return !strcmp(json_string_value(value), name);
}

/* Reasons that "default" leaves to the kernel although a migrator is selected. */
static void print_exceptions(const json_t *state)
{
	const json_t *policy = json_object_get(state, "policy");
	const char *reason, *comma = "; the default of ";
	json_t *name;

	if (!strcmp(text_at(state, "migrator"), NAME_KERNEL))
		return;
	json_object_foreach(json_object_get(state, "effective"), reason, name) {
		if (!is_name(json_object_get(policy, reason), NAME_DEFAULT) ||
		    !is_name(name, NAME_KERNEL))
			continue;
		printf("%s%s", comma, reason);
		comma = ", ";
	}
	printf("%s", *comma == ',' ? " is " NAME_KERNEL : "");
}

/* Returns true if any reason has a migrator of its own. */
static bool print_policy(const json_t *state)
{
	const json_t *policy = json_object_get(state, "policy");
	const char *reason, *comma = "";
	json_t *name;

	if (!policy)
		return false;
	printf("policy      ");
	json_object_foreach((json_t *)policy, reason, name) {
		if (is_name(name, NAME_DEFAULT))
			continue;
		printf("%s%s %s", comma, reason, json_string_value(name));
		comma = ", ";
	}
	printf("%s", *comma ? "; else the default" : "default for all reasons");
	print_exceptions(state);
	putchar('\n');
	return *comma;
}

static void print_done(const json_t *stats)
{
	const double bytes = json_number_value(json_object_get(stats, "bytes"));
	const double ns = json_number_value(json_object_get(stats, "ns"));
	const double batches = json_number_value(json_object_get(stats, "batches"));
	const double declined = json_number_value(json_object_get(stats, "declined"));

	printf("%-11s ", "");
	if (bytes > 0 && ns > 0)
		printf("%.3f GB in %.0f batches, %.2f GB/s", bytes / 1e9, batches, bytes / ns);
	else
		printf("nothing copied yet");
	if (declined > 0)
		printf(", %.1f %% declined", 100 * declined / (batches + declined));
	putchar('\n');
}

static void print_migrators(const json_t *migrators)
{
	const char *name;
	json_t *m;

	json_object_foreach((json_t *)migrators, name, m) {
		printf("%-11s ", name);
		print_values(stdout, json_object_get(m, "settings"));
		putchar('\n');
		print_done(json_object_get(m, "stats"));
	}
}

static void print_hints(const json_t *state, bool used)
{
	const json_t *available = json_object_get(state, "available");
	const char *name;
	json_t *module;

	if (!json_object_size(json_object_get(state, "migrators")))
		printf("\nNo migrator is loaded: the kernel copies as ever.%s\n",
		       json_object_size(available) ? "" : " migctl check tells more.");
	else if (!used)
		printf("\nNothing uses a migrator: migctl set migrator=NAME\n");
	else
		return;
	json_object_foreach((json_t *)available, name, module)
		printf("%s can be loaded: modprobe %s\n", name, json_string_value(module));
}

int cmd_state(const struct options *o)
{
	struct tree t;
	json_t *state;
	bool used;
	int ret = tree_open(&t, o);

	if (ret)
		return ret;
	state = read_state(&t, o);
	if (o->format == FORMAT_JSON)
		return print_json(state, JSON_INDENT(1));
	print_selected(state);
	used = print_policy(state);
	used |= strcmp(text_at(state, "migrator"), NAME_KERNEL);
	printf("settings    ");
	print_values(stdout, json_object_get(state, "settings"));
	putchar('\n');
	print_migrators(json_object_get(state, "migrators"));
	print_hints(state, used);
	json_decref(state);
	return EXIT_OK;
}
