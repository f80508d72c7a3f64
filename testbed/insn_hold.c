// SPDX-License-Identifier: GPL-2.0
/*
 * Holds a CPU of a guest up at one instruction: a plugin of QEMU's TCG.
 *
 * -plugin file=insn_hold.so,at=ADDRESS,ms=MS: each CPU that comes to ADDRESS stands
 * still there for MS milliseconds, each time, while the others go on; QEMU's log of errors
 * tells how often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu_plugin.h"

static uint64_t address;
static unsigned long ms;

static void hold(unsigned int cpu, void *data)
{
	(void)data;
	fprintf(stderr, "CPU %u is held for %lu ms\n", cpu, ms);
	usleep(ms * 1000);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_vaddr(insn) == address)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, hold,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	(void)info;
	if (argc != 2 || strncmp(argv[0], "at=", 3) || strncmp(argv[1], "ms=", 3)) {
		fprintf(stderr, "insn_hold: wants at=ADDRESS,ms=MS\n");
		return -1;
	}
	address = strtoull(argv[0] + 3, NULL, 16);
	ms = strtoul(argv[1] + 3, NULL, 10);
	if (!address || !ms) {
		fprintf(stderr, "insn_hold: %s,%s: not above 0\n", argv[0], argv[1]);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
