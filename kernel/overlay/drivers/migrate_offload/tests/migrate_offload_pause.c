// SPDX-License-Identifier: GPL-2.0
/*
 * Holds up whoever comes to a function, until a module begins to go, for the test
 * that unloads migrators at each place of a batch.
 *
 * Write the module's name to the parameter "module", load it, then write the
 * function's to "function": the first that calls it waits before it enters, busily if
 * it must not sleep, as in an interrupt.  An empty name ends that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include <asm/nospec-branch.h>

/* How long to wait for the module to go, and to stay when it does. */
#define PAUSE_MAX_MS	10000
#define PAUSE_STAY_MS	50

static char pause_module[MODULE_NAME_LEN];
module_param_string(module, pause_module, sizeof(pause_module), 0644);
MODULE_PARM_DESC(module, "module that is waited for, to be set before it is loaded");

static int pause_struck;
module_param_named(struck, pause_struck, int, 0444);
MODULE_PARM_DESC(struck, "1 if a call of the function was held up");

static int pause_met;
module_param_named(met, pause_met, int, 0444);
MODULE_PARM_DESC(met, "1 if it saw the module begin to go");

static int pause_left_behind;
module_param_named(left_behind, pause_left_behind, int, 0444);
MODULE_PARM_DESC(left_behind, "1 if the module was gone while it was held up");

/* From its coming to its going. */
static struct module *pause_target;
/* Somebody is held up. */
static bool pause_inside;
/* Where it wanted to go. */
static unsigned long __used pause_address;
static char pause_symbol[KSYM_NAME_LEN];
static struct kprobe pause_probe;

static bool pause_target_goes(void)
{
	struct module *mod = READ_ONCE(pause_target);

	return !mod || READ_ONCE(mod->state) == MODULE_STATE_GOING;
}

/* Whoever removes the module may want this CPU, and then has some ticks for each ms. */
static void pause_sleep(unsigned int ms)
{
	if (preemptible() && !rcu_preempt_depth())
		msleep(ms);
	else
		mdelay(ms);
}

/* In place of the call, so with interrupts on if its caller has them on. */
static void __used pause_wait(void)
{
	for (int ms = 0; ms < PAUSE_MAX_MS; ms++) {
		if (pause_target_goes()) {
			pause_sleep(PAUSE_STAY_MS);
			WRITE_ONCE(pause_met, 1);
			break;
		}
		pause_sleep(1);
	}
	WRITE_ONCE(pause_inside, false);
}

/* Keeps what a call may have in registers, and makes the call. */
#define PAUSE_TRAMPOLINE \
	".pushsection .text\n" \
	".type pause_trampoline, @function\n" \
	"pause_trampoline:\n" \
	"	push %rax\n	push %rdi\n	push %rsi\n" \
	"	push %rdx\n	push %rcx\n	push %r8\n" \
	"	push %r9\n	push %r10\n	push %r11\n" \
	"	call pause_wait\n" \
	"	pop %r11\n	pop %r10\n	pop %r9\n" \
	"	pop %r8\n	pop %rcx\n	pop %rdx\n" \
	"	pop %rsi\n	pop %rdi\n	pop %rax\n" \
	ANNOTATE_RETPOLINE_SAFE \
	"	jmp *pause_address(%rip)\n" \
	".size pause_trampoline, . - pause_trampoline\n" \
	".popsection\n"
asm(PAUSE_TRAMPOLINE);

/*
 * A kprobe's handler runs as if in an NMI: nobody may wait in it, for the other CPUs
 * would soon wait, too.
 */
static int pause_here(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long trampoline;

	if (pause_target_goes() || cmpxchg(&pause_struck, 0, 1))
		return 0;
	WRITE_ONCE(pause_inside, true);
	pause_address = (unsigned long)probe->addr;
	asm("lea pause_trampoline(%%rip), %0" : "=r" (trampoline));
	instruction_pointer_set(regs, trampoline);
	return 1;
}

/* With this, the probe is allowed to change where to go on. */
static void pause_passed(struct kprobe *probe, struct pt_regs *regs,
			 unsigned long flags)
{
}

/* GOING is told behind the module's exit function. */
static int pause_notify(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *mod = data;

	if (!sysfs_streq(mod->name, pause_module))
		return NOTIFY_DONE;
	if (state == MODULE_STATE_COMING) {
		WRITE_ONCE(pause_target, mod);
	} else if (state == MODULE_STATE_GOING) {
		if (READ_ONCE(pause_inside))
			WRITE_ONCE(pause_left_behind, 1);
		WRITE_ONCE(pause_target, NULL);
	}
	return NOTIFY_DONE;
}

static struct notifier_block pause_nb = {
	.notifier_call = pause_notify,
};

/* Whoever is held up has been told where to go on, and has to go there. */
static void pause_end(void)
{
	if (!*pause_symbol)
		return;
	unregister_kprobe(&pause_probe);
	*pause_symbol = '\0';
	while (READ_ONCE(pause_inside))
		msleep(20);
}

/* Parameters are written one at a time. */
static int pause_set_function(const char *val, const struct kernel_param *kp)
{
	int err;

	pause_end();
	WRITE_ONCE(pause_struck, 0);
	WRITE_ONCE(pause_met, 0);
	WRITE_ONCE(pause_left_behind, 0);
	strscpy(pause_symbol, val);
	strim(pause_symbol);
	if (!*pause_symbol)
		return 0;
	/* Registering fills in what must not be there the next time. */
	pause_probe = (struct kprobe) {
		.symbol_name = pause_symbol,
		.pre_handler = pause_here,
		.post_handler = pause_passed,
	};
	err = register_kprobe(&pause_probe);
	if (err)
		*pause_symbol = '\0';
	return err;
}

static int pause_get_function(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", pause_symbol);
}

static const struct kernel_param_ops pause_function_ops = {
	.set = pause_set_function,
	.get = pause_get_function,
};

module_param_cb(function, &pause_function_ops, NULL, 0644);
MODULE_PARM_DESC(function, "name of the function");

static int __init pause_init(void)
{
	return register_module_notifier(&pause_nb);
}
module_init(pause_init);

static void __exit pause_exit(void)
{
	pause_end();
	unregister_module_notifier(&pause_nb);
	/* Somebody may be on the way out of the trampoline. */
	synchronize_rcu_tasks();
}
module_exit(pause_exit);

MODULE_DESCRIPTION("Holds up a function until a module goes");
MODULE_LICENSE("GPL");
