// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel was built with.
 */
#include <string.h>

#include "check.h"
#include "kconfig.h"
#include "migctl.h"

static const struct symbol {
	const char *name;
	bool needed;
	const char *without;
} symbols[] = {
	{ "CONFIG_NUMA", true, "there is one node only" },
	{ "CONFIG_MIGRATION", true, "no memory is moved" },
	{ "CONFIG_MIGRATE_OFFLOAD", true, "this is the feature itself" },
	{ "CONFIG_MIGRATE_OFFLOAD_MTCOPY", false, "mtcopy cannot be had" },
	{ "CONFIG_MIGRATE_OFFLOAD_DCBM", false, "dcbm cannot be had" },
	{ "CONFIG_DMA_ENGINE", false, "there are no DMA channels" },
	{ "CONFIG_TRANSPARENT_HUGEPAGE", false, "folios are small" },
};

static void check_symbol(struct check *c, const json_t *config,
			 const struct symbol *s)
{
	const char *value = kconfig_get(config, s->name);

	if (strcmp(value, "n"))
		check_add(c, FOUND_OK, s->name, "%s", value);
	else
		check_add(c, s->needed ? FOUND_MISSING : FOUND_NOTE, s->name,
			  "is not set: %s", s->without);
}

void check_kconfig(struct check *c)
{
	json_t *config = kconfig_read(c->o->config);
	size_t i;

	if (!config) {
		check_add(c, FOUND_NOTE, "configuration",
			  "of the kernel cannot be read; --config=FILE names it");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		check_symbol(c, config, &symbols[i]);
	json_decref(config);
}
