// SPDX-License-Identifier: GPL-2.0
/*
 * Counts how often each instruction of a guest is executed: a plugin of QEMU's TCG.
 *
 * -plugin file=insn_count.so,out=FILE: at the end, a line for each address that was
 * executed, in hex, with its count. For one CPU.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

#define NR_COUNTERS (1UL << 22)

/* By address, with open addressing; 0 is a free one. */
static struct counter {
	uint64_t address;
	uint64_t nr;
} *counters;
static const char *out;

static struct counter *counter_of(uint64_t address)
{
	uint64_t i = address * 0x9e3779b97f4a7c15UL >> 42;

	while (counters[i].address && counters[i].address != address)
		i = (i + 1) % NR_COUNTERS;
	counters[i].address = address;
	return &counters[i];
}

static void executed(unsigned int cpu, void *data)
{
	struct counter *counter = data;

	(void)cpu;
	counter->nr++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed,
			QEMU_PLUGIN_CB_NO_REGS,
			counter_of(qemu_plugin_insn_vaddr(insn)));
	}
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");

	(void)id;
	(void)data;
	if (!f) {
		perror(out);
		return;
	}
	for (size_t i = 0; i < NR_COUNTERS; i++)
		if (counters[i].nr)
			fprintf(f, "%016lx %lu\n", counters[i].address, counters[i].nr);
	fclose(f);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "insn_count: wants out=FILE\n");
		return -1;
	}
	out = strdup(argv[0] + 4);
	counters = calloc(NR_COUNTERS, sizeof(*counters));
	if (!out || !counters)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
