// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: which migrator copies for whom.
 *
 * A slot holds one decision.  The wish of a kernel user comes before the policy
 * of the reason, and that before the selection for everybody else.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/migrate.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

/*
 * Not memory_failure: the source is suspected to be bad, and is copied as
 * carefully and slowly as ever.
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
 * A batch holds mo_srcu from the choice of its migrator to the last
 * verdict, so that a migrator can be deselected and unregistered under traffic.
 */
DEFINE_SRCU(mo_srcu);

static const struct migrate_ops mo_kernel_ops = { .name = "kernel" };

/* Stands for today's path, where a slot needs a name for it. */
static struct mo_migrator mo_kernel = { .ops = &mo_kernel_ops };

static struct mo_slot mo_selected = {
	.m = RCU_INITIALIZER(&mo_kernel),
};

static struct mo_slot mo_reason_slots[MR_TYPES];

/* A kernel user's decision for a migrator. */
struct migrate_handle {
	struct mo_slot slot;
};

/* Slots of handles. */
static LIST_HEAD(mo_handles);
/* Slots that name a migrator; the key is on while there are any. */
static unsigned int mo_nr_uses;

/* Wishes of tasks that are in migrate_pages_with(), by task. */
static DEFINE_HASHTABLE(mo_wishes, 6);
static DEFINE_SPINLOCK(mo_wishes_lock);
static atomic_t mo_nr_wishes;

static struct mo_migrator *mo_slot_get(const struct mo_slot *slot)
{
	return rcu_dereference_protected(slot->m,
					 lockdep_is_held(&mo_lock));
}

static bool mo_needs_use(const struct mo_migrator *m)
{
	return m && m != &mo_kernel;
}

/* "auto" has those that it adopts counted. */
static bool mo_needs_key(const struct mo_migrator *m)
{
	return m != mo_auto;
}

static int mo_use(struct mo_migrator *m)
{
	int err;

	if (!mo_needs_use(m))
		return 0;
	if (!m->nr_users && m->ops->activate) {
		err = m->ops->activate();
		if (err)
			return err;
	}
	m->nr_users++;
	if (mo_needs_key(m) && !mo_nr_uses++)
		static_branch_enable(&mo_key);
	return 0;
}

static void mo_unuse(struct mo_migrator *m)
{
	if (!mo_needs_use(m))
		return;
	if (mo_needs_key(m) && !--mo_nr_uses)
		static_branch_disable(&mo_key);
	if (--m->nr_users || !m->ops->deactivate)
		return;
	/* Batches never take the lock that we hold. */
	synchronize_srcu(&mo_srcu);
	m->ops->deactivate();
}

/* To be called with mo_lock held.  On failure nothing has changed. */
static int mo_slot_set(struct mo_slot *slot, struct mo_migrator *m)
{
	struct mo_migrator *old = mo_slot_get(slot);
	int err;

	/* Those that could not be activated the last time may be able to now. */
	if (m && m == mo_auto && m->nr_users)
		m->ops->activate();
	if (m == old)
		return 0;
	err = mo_use(m);
	if (err)
		return err;
	rcu_assign_pointer(slot->m, m);
	mo_unuse(old);
	return 0;
}

/* To be called with mo_lock held. */
static struct mo_migrator *mo_named(const char *name)
{
	if (!strcmp(name, "kernel"))
		return &mo_kernel;
	if (!strcmp(name, "auto"))
		return mo_auto;
	return mo_find(name);
}

/**
 * migrate_offload_select - choose the migrator of all without a policy
 * @name: Name of a registered migrator, "kernel" or "auto".
 *
 * Batches that are being copied finish with the migrator that they have.
 *
 * Context: Process context.  Sleeps.
 * Return: 0; -EINVAL when there is no such migrator; what its @activate
 * returned.  On failure nothing has changed.
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
 * migrate_offload_deselect - choose "kernel" instead of a migrator
 * @name: Name of the migrator; another one that is selected stays.
 *
 * Context: Process context.  Sleeps.
 */
void migrate_offload_deselect(const char *name)
{
	struct mo_migrator *m;

	guard(mutex)(&mo_lock);
	m = mo_find(name);
	if (m && m == mo_slot_get(&mo_selected))
		mo_slot_set(&mo_selected, &mo_kernel);
}
EXPORT_SYMBOL_GPL(migrate_offload_deselect);

/**
 * migrate_offload_is_selected - is this the migrator that is selected?
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

/**
 * mo_policy_set - choose the migrator for one reason
 * @reason: One of mo_policies.
 * @name: Name of a registered migrator, "kernel", "auto", or "default" for what
 *	is selected for all.
 *
 * Context: Process context.  Sleeps.
 * Return: as migrate_offload_select().
 */
int mo_policy_set(enum migrate_reason reason, const char *name)
{
	struct mo_migrator *m = NULL;

	guard(mutex)(&mo_lock);
	if (strcmp(name, "default")) {
		m = mo_named(name);
		if (!m)
			return -EINVAL;
	}
	return mo_slot_set(&mo_reason_slots[reason], m);
}

/* "auto" uses a migrator, if it does not yet and that lets itself be used. */
void mo_policy_adopt(struct mo_migrator *m)
{
	if (m->by_auto || m->ops->by_name_only || mo_use(m))
		return;
	/* Pairs with the acquire in mo_auto_may(): active, then a choice. */
	smp_store_release(&m->by_auto, true);
}

/* It does not any more. */
void mo_policy_release(struct mo_migrator *m)
{
	if (!m->by_auto)
		return;
	WRITE_ONCE(m->by_auto, false);
	mo_unuse(m);
}

/* A migrator is new.  To be called with mo_lock held. */
void mo_policy_join(struct mo_migrator *m)
{
	if (mo_auto && mo_auto->nr_users)
		mo_policy_adopt(m);
}

/*
 * A migrator goes away: no slot names it any more.  To be called with
 * mo_lock held.
 */
void mo_policy_forget(struct mo_migrator *m)
{
	struct mo_slot *slot;

	if (mo_slot_get(&mo_selected) == m)
		mo_slot_set(&mo_selected, &mo_kernel);
	for (int i = 0; i < ARRAY_SIZE(mo_reason_slots); i++)
		if (mo_slot_get(&mo_reason_slots[i]) == m)
			mo_slot_set(&mo_reason_slots[i], NULL);
	list_for_each_entry(slot, &mo_handles, node)
		if (mo_slot_get(slot) == m)
			mo_slot_set(slot, NULL);
	mo_policy_release(m);
}

/* One more name of a list, of which one is chosen.  Returns how much longer it got. */
ssize_t mo_show_name(char *buf, ssize_t len, const char *name, bool chosen)
{
	return sysfs_emit_at(buf, len, chosen ? "%s[%s]" : "%s%s",
			     len ? " " : "", name);
}

/* All names that a slot takes, with @chosen in brackets; inside mo_srcu. */
static ssize_t mo_show_names(const struct mo_migrator *chosen,
			     bool has_default, char *buf)
{
	struct mo_migrator *m;
	ssize_t len = 0;

	if (has_default)
		len += mo_show_name(buf, len, "default", !chosen);
	len += mo_show_name(buf, len, "kernel", chosen == &mo_kernel);
	if (mo_auto)
		len += mo_show_name(buf, len, "auto", chosen == mo_auto);
	list_for_each_entry_srcu(m, &mo_migrators, node,
				 srcu_read_lock_held(&mo_srcu))
		len += mo_show_name(buf, len, m->ops->name, m == chosen);
	return len + sysfs_emit_at(buf, len, "\n");
}

/*
 * Without mo_lock, which whoever deselects a migrator holds while its
 * last batches are copied.  A migrator is in the list for as long as a slot names
 * it: with the same choice before and behind, one name is in brackets.
 */
static ssize_t mo_show_slot(const struct mo_slot *slot,
			    bool has_default, char *buf)
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

ssize_t mo_policy_show(enum migrate_reason reason, char *buf)
{
	return mo_show_slot(&mo_reason_slots[reason], true, buf);
}

/**
 * migrate_offload_get - get a handle for migrate_pages_with()
 * @name: Name of a registered migrator, "kernel" or "auto".
 *
 * For kernel code that moves memory and knows best what should copy it: a
 * driver with an engine of its own.  The migrator is active while there is a
 * handle (dcbm, for instance, keeps its channels).  The handle does not pin the
 * migrator's module: once that is unloaded, the policy of the reason applies.
 *
 * Context: Process context.  Sleeps, and takes cpus_read_lock(): not for hotplug
 * notifiers.
 * Return: a handle for migrate_offload_put(); ERR_PTR() of -EINVAL when there is
 * no such migrator, -ENOMEM, or what its @activate returned.
 */
struct migrate_handle *migrate_offload_get(const char *name)
{
	struct migrate_handle *handle;
	struct mo_migrator *m;
	int err;

	handle = kzalloc_obj(*handle);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	guard(mutex)(&mo_lock);
	m = mo_named(name);
	err = m ? mo_slot_set(&handle->slot, m) : -EINVAL;
	if (err) {
		kfree(handle);
		return ERR_PTR(err);
	}
	list_add(&handle->slot.node, &mo_handles);
	return handle;
}
EXPORT_SYMBOL_GPL(migrate_offload_get);

/**
 * migrate_offload_put - give a handle back
 * @handle: What migrate_offload_get() returned; nobody uses it any more.
 *
 * Context: As migrate_offload_get().
 */
void migrate_offload_put(struct migrate_handle *handle)
{
	guard(mutex)(&mo_lock);
	mo_slot_set(&handle->slot, NULL);
	list_del(&handle->slot.node);
	kfree(handle);
}
EXPORT_SYMBOL_GPL(migrate_offload_put);

void mo_wish_begin(struct mo_wish *wish,
		   struct migrate_handle *handle,
		   enum migrate_reason reason)
{
	wish->task = current;
	wish->slot = &handle->slot;
	wish->reason = reason;
	spin_lock(&mo_wishes_lock);
	hash_add(mo_wishes, &wish->node, (unsigned long)current);
	spin_unlock(&mo_wishes_lock);
	atomic_inc(&mo_nr_wishes);
}

void mo_wish_end(struct mo_wish *wish)
{
	atomic_dec(&mo_nr_wishes);
	spin_lock(&mo_wishes_lock);
	hash_del(&wish->node);
	spin_unlock(&mo_wishes_lock);
}

/*
 * The reason is compared, too, since the allocation of a destination may reclaim,
 * and so migrate for another one.
 */
static struct mo_slot *mo_wish_find(enum migrate_reason reason)
{
	struct mo_slot *slot = NULL;
	struct mo_wish *wish;

	spin_lock(&mo_wishes_lock);
	hash_for_each_possible(mo_wishes, wish, node,
			       (unsigned long)current)
		if (wish->task == current && wish->reason == reason) {
			/* The newest comes first: that of the inner call. */
			slot = wish->slot;
			break;
		}
	spin_unlock(&mo_wishes_lock);
	return slot;
}

/**
 * migrate_pages_with - migrate folios with a migrator of the caller's choice
 * @handle: The choice.
 * @from: Folios to migrate; this and the rest as for migrate_pages().
 * @get_new_folio: Allocates a destination.
 * @put_new_folio: Takes one back, or NULL.
 * @private: For these two.
 * @mode: How hard to try.
 * @reason: Why; not MR_MEMORY_FAILURE, which is never offloaded.
 * @ret_succeeded: Set to the number of folios that were migrated, or NULL.
 *
 * The migrator may still decline: what is not eligible, too little, or more than
 * it can take now is copied as by migrate_pages().
 *
 * Context: Process context.  Sleeps.
 * Return: as migrate_pages().
 */
int migrate_pages_with(struct migrate_handle *handle, struct list_head *from,
		       new_folio_t get_new_folio, free_folio_t put_new_folio,
		       unsigned long private, enum migrate_mode mode,
		       enum migrate_reason reason, unsigned int *ret_succeeded)
{
	struct mo_wish wish;
	int rc;

	mo_wish_begin(&wish, handle, reason);
	rc = migrate_pages(from, get_new_folio, put_new_folio, private, mode,
			   reason, ret_succeeded);
	mo_wish_end(&wish);
	return rc;
}
EXPORT_SYMBOL_GPL(migrate_pages_with);

/* The migrator for @reason; to be called and used inside mo_srcu. */
struct mo_migrator *mo_choose(enum migrate_reason reason)
{
	struct mo_migrator *m = NULL;
	struct mo_slot *slot;

	if (reason == MR_MEMORY_FAILURE)
		return NULL;
	if (unlikely(atomic_read(&mo_nr_wishes))) {
		slot = mo_wish_find(reason);
		if (slot)
			m = srcu_dereference(slot->m, &mo_srcu);
	}
	if (!m)
		m = srcu_dereference(mo_reason_slots[reason].m,
				     &mo_srcu);
	if (!m)
		m = srcu_dereference(mo_selected.m, &mo_srcu);
	return m == &mo_kernel ? NULL : m;
}
