// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm: no transfers while the machine sleeps, or goes down.
 *
 * Tasks are frozen before devices are suspended, but drivers that allocate contiguous
 * memory on the way down or up migrate, too.  When the machine goes down, nobody is
 * frozen at all, and what an engine still writes after kexec goes into the memory of
 * another kernel.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "dcbm.h"

static int dcbm_pm_notify(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		dcbm_chans_rest(true);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		dcbm_chans_rest(false);
		break;
	}
	return NOTIFY_OK;
}

static int dcbm_reboot_notify(struct notifier_block *nb, unsigned long action,
			      void *data)
{
	unsigned int nr;

	dcbm_chans_rest(true);
	nr = dcbm_nr_quarantined();
	if (nr)
		pr_warn("%u DMA channels never answered: they may still write to memory\n",
			nr);
	return NOTIFY_DONE;
}

static struct notifier_block dcbm_pm_nb = {
	.notifier_call = dcbm_pm_notify,
};

static struct notifier_block dcbm_reboot_nb = {
	.notifier_call = dcbm_reboot_notify,
};

int dcbm_power_init(void)
{
	int err;

	err = register_pm_notifier(&dcbm_pm_nb);
	if (err)
		return err;
	err = register_reboot_notifier(&dcbm_reboot_nb);
	if (err)
		unregister_pm_notifier(&dcbm_pm_nb);
	return err;
}

/* The machine does not sleep, nor go down, while a module is unloaded. */
void dcbm_power_exit(void)
{
	unregister_reboot_notifier(&dcbm_reboot_nb);
	unregister_pm_notifier(&dcbm_pm_nb);
}
