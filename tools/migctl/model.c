// SPDX-License-Identifier: GPL-2.0
/*
 * The tree as JSON.
 */
#include <string.h>

#include "migctl.h"
#include "model.h"
#include "target.h"

json_t *words_to_json(const struct words *w)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < w->n; i++)
		json_array_append_new(list, json_string(w->v[i]));
	return list;
}

json_t *model_selected(const struct tree *t)
{
	json_t *name = tree_value(t, "", SELECTED_FILE);

	if (json_is_string(name))
		return name;
	json_decref(name);
	return json_string(NAME_KERNEL);
}

json_t *model_policy(const struct tree *t)
{
	json_t *policy, *name;
	const char *reason;
	void *next;

	if (!tree_has(t, "", ENTRY_DIR, TARGET_POLICY))
		return NULL;
	policy = tree_values(t, TARGET_POLICY, ENTRY_SETTING);
	json_object_foreach_safe(policy, next, reason, name)
		if (!json_is_string(name))
			json_object_del(policy, reason);
	return policy;
}

json_t *model_effective(const struct tree *t, const json_t *policy)
{
	json_t *effective = json_object(), *selected = model_selected(t), *name;
	struct words exceptions;
	const char *reason;

	tree_not_by_default(t, json_string_value(selected), &exceptions);
	json_object_foreach((json_t *)policy, reason, name) {
		if (strcmp(json_string_value(name), NAME_DEFAULT))
			json_object_set(effective, reason, name);
		else if (words_have(&exceptions, reason))
			json_object_set_new(effective, reason, json_string(NAME_KERNEL));
		else
			json_object_set(effective, reason, selected);
	}
	json_decref(selected);
	return effective;
}

json_t *model_settings(const struct tree *t)
{
	json_t *settings = tree_values(t, "", ENTRY_SETTING);

	json_object_del(settings, SELECTED_FILE);
	return settings;
}

json_t *model_migrator_settings(const struct tree *t)
{
	json_t *all = json_object();
	struct words names;
	size_t i;

	tree_migrators(t, &names);
	for (i = 0; i < names.n; i++)
		json_object_set_new(all, names.v[i],
				    tree_values(t, names.v[i], ENTRY_SETTING));
	return all;
}

json_t *model_counters(const struct tree *t, const char *migrator)
{
	json_t *m = json_object(), *own = tree_values(t, migrator, ENTRY_COUNTER);
	char stats[2 * WORD_LEN];

	json_object_del(own, NOT_BY_DEFAULT);
	snprintf(stats, sizeof(stats), "%s/stats", migrator);
	json_object_set_new(m, "stats", tree_values(t, stats, ENTRY_COUNTER));
	if (json_object_size(own))
		json_object_set(m, "counters", own);
	json_decref(own);
	return m;
}
