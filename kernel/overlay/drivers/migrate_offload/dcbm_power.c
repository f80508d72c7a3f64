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

#include <linux/limits.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "dcbm.h"

/* Nobody can help those. */
static unsigned int dcbm_tell_unanswered(void)
{
	unsigned int nr = dcbm_nr_unanswered();

	if (nr)
		pr_warn("%u DMA channels never answered: they may still write to memory\n",
			nr);
	return nr;
}

/*
 * The image that is restored overwrites memory that an engine of this kernel may
 * still write to: booting as usual is better then.
 */
static int dcbm_sleep(enum dcbm_rest why, bool restore)
{
	int err;

	err = dcbm_chans_rest(why);
	if (err)
		pr_err("a batch does not end: the machine cannot sleep\n");
	else if (dcbm_tell_unanswered() && restore)
		err = -EBUSY;
	/* Who has refused is not told that the machine stays awake. */
	if (err)
		dcbm_chans_wake(why);
	return notifier_from_errno(err);
}

static int dcbm_pm_notify(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
		return dcbm_sleep(DCBM_SUSPEND, false);
	case PM_HIBERNATION_PREPARE:
		return dcbm_sleep(DCBM_HIBERNATE, false);
	case PM_RESTORE_PREPARE:
		return dcbm_sleep(DCBM_HIBERNATE, true);
	case PM_POST_SUSPEND:
		dcbm_chans_wake(DCBM_SUSPEND);
		break;
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		dcbm_chans_wake(DCBM_HIBERNATE);
		break;
	}
	return NOTIFY_DONE;
}

/* Nothing comes after this, so nobody wakes the engines again. */
static int dcbm_reboot_notify(struct notifier_block *nb, unsigned long action,
			      void *data)
{
	if (dcbm_chans_rest(DCBM_DOWN))
		pr_err("a batch does not end: its transfers may still write to memory\n");
	dcbm_tell_unanswered();
	return NOTIFY_DONE;
}

static struct notifier_block dcbm_pm_nb = {
	.notifier_call = dcbm_pm_notify,
};

/* Others may end the chain, as a watchdog that cannot be stopped does. */
static struct notifier_block dcbm_reboot_nb = {
	.notifier_call = dcbm_reboot_notify,
	.priority = INT_MAX,
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

/* Behind the last batch. */
void dcbm_power_exit(void)
{
	unregister_reboot_notifier(&dcbm_reboot_nb);
	unregister_pm_notifier(&dcbm_pm_nb);
}
