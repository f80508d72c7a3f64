// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: which migrator is selected, for all reasons or for one of them.
 *
 * A slot holds one decision.  The override of a kernel user comes before the policy
 * of the reason, and that before the selection for all.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

/*
 * Not memory_failure: its source is suspected to be bad, and the ordinary path
 * copies it with care.
 */
const struct mo_reason_name mo_policies[NR_MO_POLICIES] = {
	{ MR_COMPACTION, "compaction" },
	{ MR_MEMORY_HOTPLUG, "memory_hotplug" },
	{ MR_SYSCALL, "syscall_or_cpuset" },
	{ MR_MEMPOLICY_MBIND, "mempolicy_mbind" },
	{ MR_NUMA_MISPLACED, "numa_misplaced" },
	{ MR_CONTIG_RANGE, "contig_range" },
	{ MR_LONGTERM_PIN, "longterm_pin" },
	{ MR_DEMOTION, "demotion" },
	{ MR_DAMON, "damon" },
};

DEFINE_STATIC_KEY_FALSE(mo_key);

/*
 * The decision about a batch and its copy are two read-side sections.  A migrator
 * is freed after a grace period, when neither uses it.
 */
DEFINE_SRCU(mo_srcu);

/* Protects the list of migrators and all slots. */
DEFINE_MUTEX(mo_lock);
/* Changed under mo_lock, read also inside mo_srcu. */
LIST_HEAD(mo_migrators);
/* Changes with all that a plan relies on; written under mo_lock. */
unsigned int mo_generation;

static const struct migrate_ops mo_kernel_ops = { .name = "kernel" };

/* Stands for the ordinary path, where a slot needs a name for it. */
static struct mo_migrator mo_kernel = { .ops = &mo_kernel_ops };

static struct mo_slot mo_selected = {
	.m = RCU_INITIALIZER(&mo_kernel),
};

struct mo_slot mo_reason_slots[MR_TYPES];

/* Uses of migrators that copy; the key is on while there are any. */
static unsigned int mo_nr_uses;
/* Migrators in use that choose among the others. */
static unsigned int mo_nr_choosers;

/*
 * Make older plans check their migrators again.  Call it after the change, and
 * before the grace period of the old migrator.
 */
static void mo_changed(void)
{
	lockdep_assert_held(&mo_lock);
	/* Pairs with the acquire in mo_plan_init(). */
	smp_store_release(&mo_generation, mo_generation + 1);
}

/* Find a registered migrator by its name. */
struct mo_migrator *mo_find(const char *name)
{
	struct mo_migrator *m;

	lockdep_assert_held(&mo_lock);
	list_for_each_entry(m, &mo_migrators, node)
		if (!strcmp(m->ops->name, name))
			return m;
	return NULL;
}

static struct mo_migrator *mo_slot_get(const struct mo_slot *slot)
{
	return rcu_dereference_protected(slot->m, lockdep_is_held(&mo_lock));
}

static int mo_use_one(struct mo_migrator *m)
{
	int err;

	if (!m->nr_users && m->ops->activate) {
		err = m->ops->activate();
		if (err)
			return err;
	}
	m->nr_users++;
	/* A chooser does not count: the key is on while it has candidates. */
	if (!m->ops->choose && !mo_nr_uses++)
		static_branch_enable(&mo_key);
	return 0;
}

static void mo_unuse_one(struct mo_migrator *m)
{
	if (!m->ops->choose && !--mo_nr_uses)
		static_branch_disable(&mo_key);
	if (--m->nr_users || !m->ops->deactivate)
		return;
	/* Batches never take the lock that we hold. */
	synchronize_srcu(&mo_srcu);
	m->ops->deactivate();
}

/* Make @m a candidate of the choosers, if it can be activated. */
static void mo_adopt(struct mo_migrator *m)
{
	if (m->adopted || m->ops->by_name_only || mo_use_one(m))
		return;
	/* Pairs with the acquire in mo_is_active(): active, then a candidate. */
	smp_store_release(&m->adopted, true);
}

/* Undo mo_adopt(). */
static void mo_release(struct mo_migrator *m)
{
	if (!m->adopted)
		return;
	WRITE_ONCE(m->adopted, false);
	mo_changed();
	mo_unuse_one(m);
}

static void mo_adopt_all(void)
{
	struct mo_migrator *m;

	list_for_each_entry(m, &mo_migrators, node)
		mo_adopt(m);
}

static int mo_use(struct mo_migrator *m)
{
	int err;

	if (!m || m == &mo_kernel)
		return 0;
	err = mo_use_one(m);
	if (!err && m->ops->choose && m->nr_users == 1 && !mo_nr_choosers++)
		mo_adopt_all();
	return err;
}

static void mo_unuse(struct mo_migrator *m)
{
	struct mo_migrator *other;

	if (!m || m == &mo_kernel)
		return;
	mo_unuse_one(m);
	if (m->ops->choose && !m->nr_users && !--mo_nr_choosers)
		list_for_each_entry(other, &mo_migrators, node)
			mo_release(other);
}

/**
 * mo_slot_set - put a migrator into a slot
 * @slot: The slot.
 * @m: The migrator, or NULL.
 *
 * Choosing a chooser again activates the migrators that could not be activated
 * before.
 *
 * Context: Process context, with mo_lock held.  Sleeps.
 * Return: 0, or an error of &migrate_ops.activate; then nothing has changed.
 */
int mo_slot_set(struct mo_slot *slot, struct mo_migrator *m)
{
	struct mo_migrator *old = mo_slot_get(slot);
	int err;

	lockdep_assert_held(&mo_lock);
	if (m && m->ops->choose && m->nr_users)
		mo_adopt_all();
	if (m == old)
		return 0;
	err = mo_use(m);
	if (err)
		return err;
	rcu_assign_pointer(slot->m, m);
	mo_changed();
	mo_unuse(old);
	return 0;
}

/* Find what a slot can hold by its name. */
struct mo_migrator *mo_named(const char *name)
{
	return strcmp(name, "kernel") ? mo_find(name) : &mo_kernel;
}

/**
 * migrate_offload_select - choose the migrator of all reasons without a policy
 * @name: Name of a registered migrator, or "kernel".
 *
 * Batches that are being copied finish with the migrator that they have.
 *
 * Context: Process context.  Sleeps.
 * Return: 0; -EINVAL if there is no such migrator; the error of its @activate.
 * On failure nothing has changed.
 */
int migrate_offload_select(const char *name)
{
	struct mo_migrator *m;

	guard(mutex)(&mo_lock);
	m = mo_named(name);
	return m ? mo_slot_set(&mo_selected, m) : -EINVAL;
}
EXPORT_SYMBOL_GPL(migrate_offload_select);

/**
 * migrate_offload_is_selected - check whether a migrator is selected
 * @name: Name of a migrator, registered or not.
 *
 * Context: Process context.  Sleeps.
 */
bool migrate_offload_is_selected(const char *name)
{
	struct mo_migrator *m;

	guard(mutex)(&mo_lock);
	m = mo_find(name);
	return m && m == mo_slot_get(&mo_selected);
}
EXPORT_SYMBOL_GPL(migrate_offload_is_selected);

/* Add a new migrator to the list. */
void mo_policy_join(struct mo_migrator *m)
{
	lockdep_assert_held(&mo_lock);
	list_add_tail_rcu(&m->node, &mo_migrators);
	if (mo_nr_choosers)
		mo_adopt(m);
}

/* Take a migrator out of the list and of all slots but those of kernel users. */
void mo_policy_forget(struct mo_migrator *m)
{
	lockdep_assert_held(&mo_lock);
	if (mo_slot_get(&mo_selected) == m)
		mo_slot_set(&mo_selected, &mo_kernel);
	for (int i = 0; i < ARRAY_SIZE(mo_reason_slots); i++)
		if (mo_slot_get(&mo_reason_slots[i]) == m)
			mo_slot_set(&mo_reason_slots[i], NULL);
	mo_release(m);
	list_del_rcu(&m->node);
	mo_changed();
}

/* Return true if @which is a registered migrator; it may be gone. */
bool mo_is_registered(const struct mo_migrator *which)
{
	struct mo_migrator *m;

	list_for_each_entry_srcu(m, &mo_migrators, node, srcu_read_lock_held(&mo_srcu))
		if (m == which)
			return true;
	return false;
}

/**
 * mo_policy_of - return the migrator for a reason
 * @override: Slot that comes before the policies, or NULL.
 * @reason: The reason.
 *
 * Context: Inside mo_srcu, also for the use of the result.
 * Return: a migrator, or NULL for the ordinary path.
 */
struct mo_migrator *mo_policy_of(const struct mo_slot *override,
				 enum migrate_reason reason)
{
	struct mo_migrator *m = NULL;

	if (reason == MR_MEMORY_FAILURE)
		return NULL;
	if (unlikely(override))
		m = srcu_dereference(override->m, &mo_srcu);
	if (!m)
		m = srcu_dereference(mo_reason_slots[reason].m, &mo_srcu);
	if (!m) {
		m = srcu_dereference(mo_selected.m, &mo_srcu);
		if (m->ops->not_by_default & BIT(reason))
			return NULL;
	}
	return m == &mo_kernel ? NULL : m;
}

/* Add a name to a list of which one is chosen.  Returns what the list got longer. */
ssize_t mo_show_name(char *buf, ssize_t len, const char *name, bool chosen)
{
	return sysfs_emit_at(buf, len, chosen ? "%s[%s]" : "%s%s",
			     len ? " " : "", name);
}

/* All names that a slot takes, with @chosen in brackets; inside mo_srcu. */
static ssize_t mo_show_names(const struct mo_migrator *chosen, bool has_default,
			     char *buf)
{
	struct mo_migrator *m;
	ssize_t len = 0;

	if (has_default)
		len += mo_show_name(buf, len, "default", !chosen);
	len += mo_show_name(buf, len, "kernel", chosen == &mo_kernel);
	list_for_each_entry_srcu(m, &mo_migrators, node, srcu_read_lock_held(&mo_srcu))
		len += mo_show_name(buf, len, m->ops->name, m == chosen);
	return len + sysfs_emit_at(buf, len, "\n");
}

/*
 * Without mo_lock, which a deselection holds while the last batches are copied.  A
 * migrator is in the list for as long as a slot names it.  So if the slot has not
 * changed meanwhile, one name is in brackets.
 */
ssize_t mo_show_slot(const struct mo_slot *slot, bool has_default, char *buf)
{
	struct mo_migrator *chosen;
	ssize_t len;
	int idx;

	idx = srcu_read_lock(&mo_srcu);
	do {
		chosen = srcu_dereference(slot->m, &mo_srcu);
		len = mo_show_names(chosen, has_default, buf);
	} while (chosen != srcu_dereference(slot->m, &mo_srcu));
	srcu_read_unlock(&mo_srcu, idx);
	return len;
}

ssize_t mo_show_selected(char *buf)
{
	return mo_show_slot(&mo_selected, false, buf);
}
