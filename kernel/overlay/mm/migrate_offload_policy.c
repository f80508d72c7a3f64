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

#include "migrate_offload_internal.h"

/*
 * Not memory_failure: the source is suspected to be bad, and is copied as
 * carefully and slowly as ever.
 */
const struct migrate_reason_name migrate_policies[NR_MIGRATE_POLICIES] = {
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

DEFINE_STATIC_KEY_FALSE(migrate_offload_key);

/*
 * A batch holds migrate_srcu from the choice of its migrator to the last
 * verdict, so that a migrator can be deselected and unregistered under traffic.
 */
DEFINE_SRCU(migrate_srcu);

static const struct migrate_ops migrate_kernel_ops = { .name = "kernel" };

/* Stands for today's path, where a slot needs a name for it. */
static struct migrate_migrator migrate_kernel = { .ops = &migrate_kernel_ops };

static struct migrate_slot migrate_selected = {
	.m = RCU_INITIALIZER(&migrate_kernel),
};

static struct migrate_slot migrate_reason_slots[MR_TYPES];

/* A kernel user's decision for a migrator. */
struct migrate_handle {
	struct migrate_slot slot;
};

/* Slots of handles. */
static LIST_HEAD(migrate_handles);
/* Slots that name a migrator; the key is on while there are any. */
static unsigned int migrate_nr_uses;

/* Wishes of tasks that are in migrate_pages_with(), by task. */
static DEFINE_HASHTABLE(migrate_wishes, 6);
static DEFINE_SPINLOCK(migrate_wishes_lock);
static atomic_t migrate_nr_wishes;

static struct migrate_migrator *migrate_slot_get(const struct migrate_slot *slot)
{
	return rcu_dereference_protected(slot->m,
					 lockdep_is_held(&migrate_offload_lock));
}

static bool migrate_needs_use(const struct migrate_migrator *m)
{
	return m && m != &migrate_kernel;
}

/* "auto" has those that it adopts counted. */
static bool migrate_needs_key(const struct migrate_migrator *m)
{
	return m != migrate_auto;
}

static int migrate_use(struct migrate_migrator *m)
{
	int err;

	if (!migrate_needs_use(m))
		return 0;
	if (!m->nr_users && m->ops->activate) {
		err = m->ops->activate();
		if (err)
			return err;
	}
	m->nr_users++;
	if (migrate_needs_key(m) && !migrate_nr_uses++)
		static_branch_enable(&migrate_offload_key);
	return 0;
}

static void migrate_unuse(struct migrate_migrator *m)
{
	if (!migrate_needs_use(m))
		return;
	if (migrate_needs_key(m) && !--migrate_nr_uses)
		static_branch_disable(&migrate_offload_key);
	if (--m->nr_users || !m->ops->deactivate)
		return;
	/* Batches never take the lock that we hold. */
	synchronize_srcu(&migrate_srcu);
	m->ops->deactivate();
}

/* To be called with migrate_offload_lock held.  On failure nothing has changed. */
static int migrate_slot_set(struct migrate_slot *slot, struct migrate_migrator *m)
{
	struct migrate_migrator *old = migrate_slot_get(slot);
	int err;

	/* Those that could not be activated the last time may be able to now. */
	if (m && m == migrate_auto && m->nr_users)
		m->ops->activate();
	if (m == old)
		return 0;
	err = migrate_use(m);
	if (err)
		return err;
	rcu_assign_pointer(slot->m, m);
	migrate_unuse(old);
	return 0;
}

/* To be called with migrate_offload_lock held. */
static struct migrate_migrator *migrate_named(const char *name)
{
	if (!strcmp(name, "kernel"))
		return &migrate_kernel;
	if (!strcmp(name, "auto"))
		return migrate_auto;
	return migrate_offload_find(name);
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
	struct migrate_migrator *m;

	guard(mutex)(&migrate_offload_lock);
	m = migrate_named(name);
	return m ? migrate_slot_set(&migrate_selected, m) : -EINVAL;
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
	struct migrate_migrator *m;

	guard(mutex)(&migrate_offload_lock);
	m = migrate_offload_find(name);
	if (m && m == migrate_slot_get(&migrate_selected))
		migrate_slot_set(&migrate_selected, &migrate_kernel);
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
	struct migrate_migrator *m;

	guard(mutex)(&migrate_offload_lock);
	m = migrate_offload_find(name);
	return m && m == migrate_slot_get(&migrate_selected);
}
EXPORT_SYMBOL_GPL(migrate_offload_is_selected);

/**
 * migrate_policy_set - choose the migrator for one reason
 * @reason: One of migrate_policies.
 * @name: Name of a registered migrator, "kernel", "auto", or "default" for what
 *	is selected for all.
 *
 * Context: Process context.  Sleeps.
 * Return: as migrate_offload_select().
 */
int migrate_policy_set(enum migrate_reason reason, const char *name)
{
	struct migrate_migrator *m = NULL;

	guard(mutex)(&migrate_offload_lock);
	if (strcmp(name, "default")) {
		m = migrate_named(name);
		if (!m)
			return -EINVAL;
	}
	return migrate_slot_set(&migrate_reason_slots[reason], m);
}

/* "auto" uses a migrator, if it does not yet and that lets itself be used. */
void migrate_policy_adopt(struct migrate_migrator *m)
{
	if (m->by_auto || m->ops->by_name_only || migrate_use(m))
		return;
	/* Pairs with the acquire in migrate_auto_may(): active, then a choice. */
	smp_store_release(&m->by_auto, true);
}

/* It does not any more. */
void migrate_policy_release(struct migrate_migrator *m)
{
	if (!m->by_auto)
		return;
	WRITE_ONCE(m->by_auto, false);
	migrate_unuse(m);
}

/* A migrator is new.  To be called with migrate_offload_lock held. */
void migrate_policy_join(struct migrate_migrator *m)
{
	if (migrate_auto && migrate_auto->nr_users)
		migrate_policy_adopt(m);
}

/*
 * A migrator goes away: no slot names it any more.  To be called with
 * migrate_offload_lock held.
 */
void migrate_policy_forget(struct migrate_migrator *m)
{
	struct migrate_slot *slot;

	if (migrate_slot_get(&migrate_selected) == m)
		migrate_slot_set(&migrate_selected, &migrate_kernel);
	for (int i = 0; i < ARRAY_SIZE(migrate_reason_slots); i++)
		if (migrate_slot_get(&migrate_reason_slots[i]) == m)
			migrate_slot_set(&migrate_reason_slots[i], NULL);
	list_for_each_entry(slot, &migrate_handles, node)
		if (migrate_slot_get(slot) == m)
			migrate_slot_set(slot, NULL);
	migrate_policy_release(m);
}

/* One more name of a list, of which one is chosen.  Returns how much longer it got. */
ssize_t migrate_show_name(char *buf, ssize_t len, const char *name, bool chosen)
{
	return sysfs_emit_at(buf, len, chosen ? "%s[%s]" : "%s%s",
			     len ? " " : "", name);
}

/* All names that a slot takes, with @chosen in brackets; inside migrate_srcu. */
static ssize_t migrate_show_names(const struct migrate_migrator *chosen,
				  bool has_default, char *buf)
{
	struct migrate_migrator *m;
	ssize_t len = 0;

	if (has_default)
		len += migrate_show_name(buf, len, "default", !chosen);
	len += migrate_show_name(buf, len, "kernel", chosen == &migrate_kernel);
	if (migrate_auto)
		len += migrate_show_name(buf, len, "auto", chosen == migrate_auto);
	list_for_each_entry_srcu(m, &migrate_migrators, node,
				 srcu_read_lock_held(&migrate_srcu))
		len += migrate_show_name(buf, len, m->ops->name, m == chosen);
	return len + sysfs_emit_at(buf, len, "\n");
}

/*
 * Without migrate_offload_lock, which whoever deselects a migrator holds while its
 * last batches are copied.  A migrator is in the list for as long as a slot names
 * it: with the same choice before and behind, one name is in brackets.
 */
static ssize_t migrate_show_slot(const struct migrate_slot *slot,
				 bool has_default, char *buf)
{
	struct migrate_migrator *chosen;
	ssize_t len;
	int idx;

	idx = srcu_read_lock(&migrate_srcu);
	do {
		chosen = srcu_dereference(slot->m, &migrate_srcu);
		len = migrate_show_names(chosen, has_default, buf);
	} while (chosen != srcu_dereference(slot->m, &migrate_srcu));
	srcu_read_unlock(&migrate_srcu, idx);
	return len;
}

ssize_t migrate_offload_show_selected(char *buf)
{
	return migrate_show_slot(&migrate_selected, false, buf);
}

ssize_t migrate_policy_show(enum migrate_reason reason, char *buf)
{
	return migrate_show_slot(&migrate_reason_slots[reason], true, buf);
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
	struct migrate_migrator *m;
	int err;

	handle = kzalloc_obj(*handle);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	guard(mutex)(&migrate_offload_lock);
	m = migrate_named(name);
	err = m ? migrate_slot_set(&handle->slot, m) : -EINVAL;
	if (err) {
		kfree(handle);
		return ERR_PTR(err);
	}
	list_add(&handle->slot.node, &migrate_handles);
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
	guard(mutex)(&migrate_offload_lock);
	migrate_slot_set(&handle->slot, NULL);
	list_del(&handle->slot.node);
	kfree(handle);
}
EXPORT_SYMBOL_GPL(migrate_offload_put);

void migrate_wish_begin(struct migrate_wish *wish,
			struct migrate_handle *handle,
			enum migrate_reason reason)
{
	wish->task = current;
	wish->slot = &handle->slot;
	wish->reason = reason;
	spin_lock(&migrate_wishes_lock);
	hash_add(migrate_wishes, &wish->node, (unsigned long)current);
	spin_unlock(&migrate_wishes_lock);
	atomic_inc(&migrate_nr_wishes);
}

void migrate_wish_end(struct migrate_wish *wish)
{
	atomic_dec(&migrate_nr_wishes);
	spin_lock(&migrate_wishes_lock);
	hash_del(&wish->node);
	spin_unlock(&migrate_wishes_lock);
}

/*
 * The reason is compared, too, since the allocation of a destination may reclaim,
 * and so migrate for another one.
 */
static struct migrate_slot *migrate_wish_find(enum migrate_reason reason)
{
	struct migrate_slot *slot = NULL;
	struct migrate_wish *wish;

	spin_lock(&migrate_wishes_lock);
	hash_for_each_possible(migrate_wishes, wish, node,
			       (unsigned long)current)
		if (wish->task == current && wish->reason == reason) {
			/* The newest comes first: that of the inner call. */
			slot = wish->slot;
			break;
		}
	spin_unlock(&migrate_wishes_lock);
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
	struct migrate_wish wish;
	int rc;

	migrate_wish_begin(&wish, handle, reason);
	rc = migrate_pages(from, get_new_folio, put_new_folio, private, mode,
			   reason, ret_succeeded);
	migrate_wish_end(&wish);
	return rc;
}
EXPORT_SYMBOL_GPL(migrate_pages_with);

/* The migrator for @reason; to be called and used inside migrate_srcu. */
struct migrate_migrator *migrate_offload_choose(enum migrate_reason reason)
{
	struct migrate_migrator *m = NULL;
	struct migrate_slot *slot;

	if (reason == MR_MEMORY_FAILURE)
		return NULL;
	if (unlikely(atomic_read(&migrate_nr_wishes))) {
		slot = migrate_wish_find(reason);
		if (slot)
			m = srcu_dereference(slot->m, &migrate_srcu);
	}
	if (!m)
		m = srcu_dereference(migrate_reason_slots[reason].m,
				     &migrate_srcu);
	if (!m)
		m = srcu_dereference(migrate_selected.m, &migrate_srcu);
	return m == &migrate_kernel ? NULL : m;
}
