// SPDX-License-Identifier: GPL-2.0
/*
 * What can be set, and to which values.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "modules.h"
#include "target.h"

/*
 * Bounds that are the same on all machines. Those that depend on the page tables
 * are the kernel's to judge: what it refuses is put back as well.
 */
static const struct known {
	const char *name;
	size_t min, max;
	const char *range;
} known[] = {
	{ "max_batch_bytes", 1, SIZE_MAX, "a PMD (2M on x86) to 1G" },
	{ "min_batch_bytes", 0, SIZE_MAX, "0 to 1G" },
	{ "max_stall_us", 0, 10000000, "0 to 10000000" },
	{ "file_folios", 0, 1, "0 or 1" },
	{ "threads", 1, 64, "1 to 64" },
	{ "min_bytes_per_worker", 4096, SZ_1K * SZ_1K, "a page to 1M" },
	{ "idle_only", 0, 1, "0 or 1" },
	{ "channels", 1, 64, "1 to 64" },
	{ "min_bytes_per_channel", 4096, SZ_1K * SZ_1K, "a page to 1M" },
	{ "timeout_ms", 1, 60000, "1 to 60000" },
	{ "verify", 0, 1, "0 or 1" },
};

static const struct known *find_known(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			return &known[i];
	return NULL;
}

bool target_is_bytes(const char *setting)
{
	return strstr(setting, "bytes");
}

static void set_kind(const struct tree *t, struct target *x, const char *below,
		     const char *setting)
{
	const struct known *k = find_known(setting);
	json_t *now;

	x->min = k ? k->min : 0;
	x->max = k ? k->max : SIZE_MAX;
	x->range = k ? k->range : NULL;
	x->kind = target_is_bytes(setting) ? VALUE_BYTES : VALUE_NUMBER;
	if (k)
		return;
	now = tree_value(t, below, setting);
	if (now && !json_is_integer(now))
		x->kind = VALUE_WORD;
	json_decref(now);
}

bool is_no_migrator(const char *name)
{
	return !strcmp(name, NAME_AUTO) || !strcmp(name, NAME_KERNEL) ||
	       !strcmp(name, NAME_DEFAULT);
}

void target_explain_migrator(const struct tree *t, const char *modules,
			     const char *name, char why[NOTE_LEN])
{
	char module[WORD_LEN];

	if (tree_has_migrator(t, name))
		snprintf(why, NOTE_LEN, "%.31s is loaded, but cannot be chosen here", name);
	else if (is_no_migrator(name))
		snprintf(why, NOTE_LEN, "%.31s is " NOT_IN_KERNEL, name);
	else if (modules_provide(modules, name, module))
		snprintf(why, NOTE_LEN, "%.31s is not loaded: modprobe %s", name, module);
	else
		snprintf(why, NOTE_LEN, "%.31s is not loaded, and no module of that name known",
			 name);
}

/* "demotion" of "policy.demotion" and "threads" of "mtcopy.threads". */
static int find_below(const struct tree *t, const char *modules, const char *name,
		      const char *dot, struct target *out, char why[NOTE_LEN])
{
	char below[WORD_LEN];

	if (dot - name >= WORD_LEN || strlen(dot + 1) >= WORD_LEN) {
		snprintf(why, NOTE_LEN, "no such setting");
		return -1;
	}
	snprintf(below, sizeof(below), "%.*s", (int)(dot - name), name);
	snprintf(out->file, sizeof(out->file), "%s/%s", below, dot + 1);
	if (is_no_migrator(below)) {
		snprintf(why, NOTE_LEN, "%.31s has no settings", below);
		return -1;
	}
	if (!strcmp(below, TARGET_POLICY)) {
		out->kind = VALUE_NAME;
		snprintf(why, NOTE_LEN, NOT_IN_KERNEL);
	} else if (!tree_has_migrator(t, below)) {
		target_explain_migrator(t, modules, below, why);
		return -1;
	} else {
		set_kind(t, out, below, dot + 1);
		snprintf(why, NOTE_LEN, tree_has(t, below, ENTRY_COUNTER, dot + 1) ?
			 "is read-only" :
			 find_known(dot + 1) ? NOT_IN_KERNEL : "no such setting");
	}
	return tree_has(t, below, ENTRY_SETTING, dot + 1) ? 0 : -1;
}

int target_find(const struct tree *t, const char *modules, const char *name,
		struct target *out, char why[NOTE_LEN])
{
	const char *dot = strchr(name, '.');

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", name);
	if (dot)
		return find_below(t, modules, name, dot, out, why);
	if (!strcmp(name, TARGET_MIGRATOR)) {
		out->kind = VALUE_NAME;
		strcpy(out->file, SELECTED_FILE);
		return 0;
	}
	if (strcmp(name, SELECTED_FILE) && tree_has(t, "", ENTRY_SETTING, name)) {
		set_kind(t, out, "", name);
		strcpy(out->file, out->name);
		return 0;
	}
	snprintf(why, NOTE_LEN, find_known(name) ? NOT_IN_KERNEL :
		 "no such setting; migctl --words set lists them");
	return -1;
}

static int check_number(const struct target *x, const char *value,
			char out[SETTING_LEN], char why[NOTE_LEN])
{
	size_t number;
	int err = parse_scaled(value, x->min, x->max, &number);

	if (err == -EINVAL)
		snprintf(why, NOTE_LEN, "\"%.40s\" is no number", value);
	else if (err)
		snprintf(why, NOTE_LEN, "\"%.40s\" is out of range%s%s%s", value,
			 x->range ? " (" : "", x->range ? x->range : "",
			 x->range ? ")" : "");
	else
		snprintf(out, SETTING_LEN, "%zu", number);
	return err;
}

static int check_name(const struct tree *t, const char *modules,
		      const struct target *x, const char *value,
		      char out[SETTING_LEN], char why[NOTE_LEN])
{
	if (!*value || strlen(value) >= WORD_LEN) {
		snprintf(why, NOTE_LEN, "\"%.40s\" is no name", value);
		return -EINVAL;
	}
	if (!tree_offers_name(t, x->file, value)) {
		target_explain_migrator(t, modules, value, why);
		return -ENODEV;
	}
	strcpy(out, value);
	return 0;
}

int target_check(const struct tree *t, const char *modules, const struct target *x,
		 const char *value, char out[SETTING_LEN], char why[NOTE_LEN])
{
	if (x->kind == VALUE_NAME)
		return check_name(t, modules, x, value, out, why);
	if (x->kind != VALUE_WORD)
		return check_number(x, value, out, why);
	if (!*value || strlen(value) >= SETTING_LEN || strchr(value, '\n')) {
		snprintf(why, NOTE_LEN, "\"%.40s\" is no value", value);
		return -EINVAL;
	}
	strcpy(out, value);
	return 0;
}
