// SPDX-License-Identifier: GPL-2.0
/*
 * Registry of migrators, and which of them is selected.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/migrate.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "migrate_offload_internal.h"

DEFINE_STATIC_KEY_FALSE(migrate_offload_key);

/*
 * Serialises registration and unregistration as a whole.  Never taken by a
 * store() of sysfs, since unregistration waits for those.
 */
static DEFINE_MUTEX(migrate_register_lock);
/* Protects the list and the selection.  Nests inside the above. */
static DEFINE_MUTEX(migrate_offload_lock);
static LIST_HEAD(migrate_migrators);

/*
 * A batch holds migrate_srcu from the choice of its migrator to the last
 * verdict, so that a migrator can be unregistered under traffic.
 */
DEFINE_SRCU(migrate_srcu);
static struct migrate_migrator __rcu *migrate_selected;

/* The migrator for @reason; to be called and used inside migrate_srcu. */
struct migrate_migrator *migrate_offload_choose(enum migrate_reason reason)
{
	/* The source is suspected to be bad: as careful and slow as ever. */
	if (reason == MR_MEMORY_FAILURE)
		return NULL;
	return srcu_dereference(migrate_selected, &migrate_srcu);
}

/* To be called with migrate_offload_lock held. */
static struct migrate_migrator *migrate_find(const char *name)
{
	struct migrate_migrator *m;

	lockdep_assert_held(&migrate_offload_lock);
	list_for_each_entry(m, &migrate_migrators, node)
		if (!strcmp(m->ops->name, name))
			return m;
	return NULL;
}

static int migrate_activate(struct migrate_migrator *m)
{
	return m && m->ops->activate ? m->ops->activate() : 0;
}

/* To be called with migrate_offload_lock held. */
static void migrate_set_selected(struct migrate_migrator *m)
{
	struct migrate_migrator *old;

	old = rcu_replace_pointer(migrate_selected, m,
				  lockdep_is_held(&migrate_offload_lock));
	if (m && !old)
		static_branch_enable(&migrate_offload_key);
	else if (!m && old)
		static_branch_disable(&migrate_offload_key);
	if (!old || !old->ops->deactivate)
		return;
	/* Batches never take the lock that we hold. */
	synchronize_srcu(&migrate_srcu);
	old->ops->deactivate();
}

/**
 * migrate_offload_select - choose the migrator
 * @name: Name of a registered migrator, or "kernel".
 *
 * Batches that are being copied finish with the migrator that they have.
 *
 * Context: Process context.  Sleeps.
 * Return: 0; -EINVAL when there is no such migrator; what its @activate
 * returned.  On failure nothing has changed.
 */
int migrate_offload_select(const char *name)
{
	struct migrate_migrator *m = NULL;
	int err;

	guard(mutex)(&migrate_offload_lock);
	if (strcmp(name, "kernel")) {
		m = migrate_find(name);
		if (!m)
			return -EINVAL;
	}
	if (m == rcu_access_pointer(migrate_selected))
		return 0;
	err = migrate_activate(m);
	if (!err)
		migrate_set_selected(m);
	return err;
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
	m = migrate_find(name);
	if (m && m == rcu_access_pointer(migrate_selected))
		migrate_set_selected(NULL);
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
	m = migrate_find(name);
	return m && m == rcu_access_pointer(migrate_selected);
}
EXPORT_SYMBOL_GPL(migrate_offload_is_selected);

static struct kobj_attribute *migrate_setting(struct migrate_migrator *m,
					      const char *setting)
{
	struct attribute **attr = m && m->ops->attrs ? m->ops->attrs->attrs : NULL;

	for (; attr && *attr; attr++)
		if (!strcmp((*attr)->name, setting))
			return container_of(*attr, struct kobj_attribute, attr);
	return NULL;
}

/**
 * migrate_offload_setting_show - read a setting of a migrator
 * @migrator: Name of the migrator.
 * @setting: Name of one of its &migrate_ops.attrs.
 * @buf: Page for the text, as a show() of sysfs gets it.
 *
 * For modules that offer a setting at another place.
 *
 * Context: Process context.  Sleeps.  Not from &migrate_ops callbacks.
 * Return: length of the text; -ENODEV when there is no such migrator or
 * setting; what the setting's own show() returns.
 */
ssize_t migrate_offload_setting_show(const char *migrator, const char *setting,
				     char *buf)
{
	struct kobj_attribute *attr;
	struct migrate_migrator *m;

	guard(mutex)(&migrate_offload_lock);
	m = migrate_find(migrator);
	attr = migrate_setting(m, setting);
	if (!attr || !attr->show)
		return -ENODEV;
	return attr->show(&m->kobj, attr, buf);
}
EXPORT_SYMBOL_GPL(migrate_offload_setting_show);

/**
 * migrate_offload_setting_store - write to a setting of a migrator
 * @migrator: Name of the migrator.
 * @setting: Name of one of its &migrate_ops.attrs.
 * @buf: What is written, as a store() of sysfs gets it.
 * @count: Its length.
 *
 * Context: Process context.  Sleeps.  Not from &migrate_ops callbacks.
 * Return: @count; -ENODEV when there is no such migrator or setting, or it
 * cannot be written; what the setting's own store() returns.
 */
ssize_t migrate_offload_setting_store(const char *migrator, const char *setting,
				      const char *buf, size_t count)
{
	struct kobj_attribute *attr;
	struct migrate_migrator *m;

	guard(mutex)(&migrate_offload_lock);
	m = migrate_find(migrator);
	attr = migrate_setting(m, setting);
	if (!attr || !attr->store)
		return -ENODEV;
	return attr->store(&m->kobj, attr, buf, count);
}
EXPORT_SYMBOL_GPL(migrate_offload_setting_store);

/* Names of all migrators, the selected one in brackets. */
ssize_t migrate_offload_show_selected(char *buf)
{
	struct migrate_migrator *selected, *m;
	ssize_t len;

	guard(mutex)(&migrate_offload_lock);
	selected = rcu_access_pointer(migrate_selected);
	len = sysfs_emit(buf, selected ? "kernel" : "[kernel]");
	list_for_each_entry(m, &migrate_migrators, node)
		len += sysfs_emit_at(buf, len, m == selected ? " [%s]" : " %s",
				     m->ops->name);
	return len + sysfs_emit_at(buf, len, "\n");
}

/* Could @name be that of a migrator, and of its directory? */
int migrate_offload_check_name(const char *name)
{
	static const char * const taken[] = {
		"kernel", "default", "policy", "offload_migrator",
		"max_batch_bytes", "min_batch_bytes", "file_folios",
	};
	size_t len = name ? strlen(name) : 0;

	if (!len || len > MIGRATE_OFFLOAD_NAME_MAX ||
	    strpbrk(name, " \t\n/[]") || *name == '.')
		return -EINVAL;
	return match_string(taken, ARRAY_SIZE(taken), name) < 0 ? 0 : -EINVAL;
}

static int migrate_migrator_create(const struct migrate_ops *ops)
{
	struct migrate_migrator *m;
	int err;

	m = kzalloc_obj(*m);
	if (!m)
		return -ENOMEM;
	m->ops = ops;
	m->stats = alloc_percpu(struct migrate_stats);
	if (!m->stats) {
		kfree(m);
		return -ENOMEM;
	}
	/* From here on the kobject owns the memory. */
	err = migrate_migrator_add(m);
	if (err)
		return err;
	guard(mutex)(&migrate_offload_lock);
	list_add_tail(&m->node, &migrate_migrators);
	return 0;
}

/**
 * migrate_offload_register - make a migrator selectable
 * @ops: The migrator; must stay valid until it is unregistered.
 *
 * Does not select it.
 *
 * Context: Process context.  Sleeps.
 * Return: 0; -EINVAL for a bad name or a missing callback; -EEXIST when the
 * name is taken; -ENOMEM; -ENODEV without sysfs.  On failure nothing has
 * changed.
 */
int migrate_offload_register(const struct migrate_ops *ops)
{
	bool first;
	int err;

	if (!ops->copy || !ops->ready || migrate_offload_check_name(ops->name))
		return -EINVAL;

	guard(mutex)(&migrate_register_lock);
	scoped_guard(mutex, &migrate_offload_lock) {
		if (migrate_find(ops->name))
			return -EEXIST;
		first = list_empty(&migrate_migrators);
	}
	if (first) {
		err = migrate_pool_create();
		if (err)
			return err;
	}
	err = migrate_migrator_create(ops);
	if (err && first)
		migrate_pool_destroy();
	return err;
}
EXPORT_SYMBOL_GPL(migrate_offload_register);

/**
 * migrate_offload_unregister - take a migrator back
 * @ops: What migrate_offload_register() was called with.
 *
 * If it is selected, "kernel" is selected instead.  Waits for the batches that
 * it is copying.  On return nobody calls it, or reads its attributes, any more.
 *
 * Context: Process context.  Sleeps.  Not from the migrator's callbacks or
 * attributes.
 */
void migrate_offload_unregister(const struct migrate_ops *ops)
{
	struct migrate_migrator *m;
	bool last;

	guard(mutex)(&migrate_register_lock);
	scoped_guard(mutex, &migrate_offload_lock) {
		m = migrate_find(ops->name);
		if (WARN_ON_ONCE(!m || m->ops != ops))
			return;
		/* Compared, not dereferenced. */
		if (rcu_access_pointer(migrate_selected) == m)
			migrate_set_selected(NULL);
		list_del(&m->node);
		last = list_empty(&migrate_migrators);
	}
	synchronize_srcu(&migrate_srcu);
	/* Outside migrate_offload_lock: this waits for stores in progress. */
	migrate_migrator_remove(m);
	if (last)
		migrate_pool_destroy();
}
EXPORT_SYMBOL_GPL(migrate_offload_unregister);
