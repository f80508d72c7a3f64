// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: kernel code that moves memory with a migrator of its own choice.
 *
 * While such a call lasts, its task has an override, which comes before policies.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "internal.h"

/**
 * struct migrate_handle - a kernel user's decision for a migrator
 * @slot: The decision.
 * @node: Entry in the list of handles, under mo_lock.
 */
struct migrate_handle {
	struct mo_slot slot;
	struct list_head node;
};

static LIST_HEAD(mo_handles);

/* Overrides of tasks that are in migrate_pages_with(), the newest first. */
LIST_HEAD(mo_overrides);
static DEFINE_SPINLOCK(mo_overrides_lock);

/**
 * migrate_offload_get - get a handle for migrate_pages_with()
 * @name: Name of a registered migrator, or "kernel".
 *
 * For kernel code that moves memory and knows best what should copy it: a
 * driver with an engine of its own.  The migrator is active while there is a
 * handle: it keeps its channels, for instance.  The handle does not pin the
 * migrator's module: once that is unloaded, the policy of the reason applies.
 *
 * Context: Process context.  Sleeps, and takes cpus_read_lock(): not for hotplug
 * notifiers.
 * Return: a handle for migrate_offload_put(); ERR_PTR() of -EINVAL if there is
 * no such migrator, -ENOMEM, or the error of its @activate.
 */
struct migrate_handle *migrate_offload_get(const char *name)
{
	struct migrate_handle *handle __free(kfree) = kzalloc_obj(*handle);
	struct mo_migrator *m;
	int err;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	guard(mutex)(&mo_lock);
	m = mo_named(name);
	err = m ? mo_slot_set(&handle->slot, m) : -EINVAL;
	if (err)
		return ERR_PTR(err);
	list_add(&handle->node, &mo_handles);
	return no_free_ptr(handle);
}
EXPORT_SYMBOL_GPL(migrate_offload_get);

/**
 * migrate_offload_put - give a handle back
 * @handle: Handle of migrate_offload_get(), no longer in use.
 *
 * Context: As migrate_offload_get().
 */
void migrate_offload_put(struct migrate_handle *handle)
{
	guard(mutex)(&mo_lock);
	mo_slot_set(&handle->slot, NULL);
	list_del(&handle->node);
	kfree(handle);
}
EXPORT_SYMBOL_GPL(migrate_offload_put);

/* Take a migrator out of all handles. */
void mo_handles_forget(const struct mo_migrator *m)
{
	struct migrate_handle *handle;

	lockdep_assert_held(&mo_lock);
	list_for_each_entry(handle, &mo_handles, node)
		if (rcu_access_pointer(handle->slot.m) == m)
			mo_slot_set(&handle->slot, NULL);
}

void mo_override_begin(struct mo_override *override, struct migrate_handle *handle,
		       enum migrate_reason reason)
{
	override->task = current;
	override->slot = &handle->slot;
	override->reason = reason;
	spin_lock(&mo_overrides_lock);
	list_add(&override->node, &mo_overrides);
	spin_unlock(&mo_overrides_lock);
}

void mo_override_end(struct mo_override *override)
{
	spin_lock(&mo_overrides_lock);
	list_del(&override->node);
	spin_unlock(&mo_overrides_lock);
}

/**
 * __mo_override_find - return the slot of the current task's override, or NULL
 * @reason: Reason of the migration.
 *
 * The reason is compared, too: the allocation of a destination may reclaim, and so
 * migrate for another reason.
 */
struct mo_slot *__mo_override_find(enum migrate_reason reason)
{
	struct mo_slot *slot = NULL;
	struct mo_override *override;

	spin_lock(&mo_overrides_lock);
	/* That of the inner call comes first. */
	list_for_each_entry(override, &mo_overrides, node)
		if (!slot && override->task == current && override->reason == reason)
			slot = override->slot;
	spin_unlock(&mo_overrides_lock);
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
	struct mo_override override;
	int rc;

	mo_override_begin(&override, handle, reason);
	rc = migrate_pages(from, get_new_folio, put_new_folio, private, mode,
			   reason, ret_succeeded);
	mo_override_end(&override);
	return rc;
}
EXPORT_SYMBOL_GPL(migrate_pages_with);
