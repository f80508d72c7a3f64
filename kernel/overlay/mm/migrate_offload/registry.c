// SPDX-License-Identifier: GPL-2.0
/*
 * Registry of migrators.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

/*
 * Serialises registration and unregistration as a whole.  Never taken by a
 * store() of sysfs, since unregistration waits for those.  mo_lock nests inside.
 */
static DEFINE_MUTEX(mo_register_lock);
/* Registered migrators that copy into windows, under mo_register_lock. */
static unsigned int mo_nr_copiers;

static struct kobj_attribute *mo_setting(struct mo_migrator *m,
					 const char *setting)
{
	struct attribute **attr = m && m->ops->attrs ? m->ops->attrs->attrs : NULL;

	for (; attr && *attr; attr++)
		if (!strcmp((*attr)->name, setting))
			return container_of(*attr, struct kobj_attribute, attr);
	return NULL;
}

/**
 * migrate_offload_setting - read or write a setting of a migrator
 * @migrator: Name of the migrator.
 * @setting: Name of one of its &migrate_ops.attrs.
 * @buf: Page for the text, as a show() of sysfs gets it, if @count is 0; else
 *	what is written, as a store() gets it.
 * @count: Length of what is written.
 *
 * For modules that offer a setting at another place.
 *
 * Context: Process context.  Sleeps.  Not from &migrate_ops callbacks.
 * Return: what the setting's own show() or store() returns; -ENODEV if there is
 * no such migrator or setting.
 */
ssize_t migrate_offload_setting(const char *migrator, const char *setting,
				char *buf, size_t count)
{
	struct kobj_attribute *attr;
	struct mo_migrator *m;

	guard(mutex)(&mo_lock);
	m = mo_find(migrator);
	attr = mo_setting(m, setting);
	if (!attr)
		return -ENODEV;
	return count ? attr->store(&m->kobj, attr, buf, count) :
	       attr->show(&m->kobj, attr, buf);
}
EXPORT_SYMBOL_GPL(migrate_offload_setting);

/* Return 0 if @name can be that of a migrator, and of its directory. */
int mo_check_name(const char *name)
{
	static const char * const taken[] = {
		"kernel", "default", "policy", "offload_migrator",
		"max_batch_bytes", "min_batch_bytes", "max_stall_us",
		"file_folios",
	};
	size_t len = name ? strlen(name) : 0;

	if (!len || len > MIGRATE_OFFLOAD_NAME_MAX ||
	    strpbrk(name, " \t\n/[]") || *name == '.')
		return -EINVAL;
	return match_string(taken, ARRAY_SIZE(taken), name) < 0 ? 0 : -EINVAL;
}

/* Not yet in the list.  Returns an ERR_PTR() on failure. */
static struct mo_migrator *mo_migrator_create(const struct migrate_ops *ops)
{
	struct mo_migrator *m = kzalloc_obj(*m);
	int err;

	if (m)
		m->stats = alloc_percpu(struct mo_stats);
	if (!m || !m->stats) {
		kfree(m);
		return ERR_PTR(-ENOMEM);
	}
	m->ops = ops;
	/* From here on the kobject owns the memory. */
	err = mo_migrator_add(m);
	return err ? ERR_PTR(err) : m;
}

/**
 * migrate_offload_register - make a migrator selectable
 * @ops: The migrator; must stay valid until it is unregistered.
 *
 * Does not select it.
 *
 * Context: Process context.  Sleeps.
 * Return: 0; -EINVAL for a bad name or a missing callback; -EEXIST if the name is
 * taken; -ENOMEM; -ENODEV without sysfs.  On failure nothing has changed.
 */
int migrate_offload_register(const struct migrate_ops *ops)
{
	struct mo_migrator *m;
	bool first;
	int err;

	if (!ops->copy || (!ops->ready && !ops->choose) || mo_check_name(ops->name))
		return -EINVAL;

	guard(mutex)(&mo_register_lock);
	scoped_guard(mutex, &mo_lock)
		if (mo_find(ops->name))
			return -EEXIST;
	/* A chooser copies only where another migrator could. */
	first = !ops->choose && !mo_nr_copiers;
	if (first) {
		err = mo_pool_create();
		if (err)
			return err;
	}
	m = mo_migrator_create(ops);
	if (IS_ERR(m)) {
		if (first)
			mo_pool_destroy();
		return PTR_ERR(m);
	}
	mo_nr_copiers += !ops->choose;
	guard(mutex)(&mo_lock);
	mo_policy_join(m);
	return 0;
}
EXPORT_SYMBOL_GPL(migrate_offload_register);

/**
 * migrate_offload_unregister - take a migrator back
 * @ops: What migrate_offload_register() was called with.
 *
 * Where it is selected, "kernel" is selected instead, and "default" where a
 * reason's policy names it; handles for it become inert.  Waits for the batches
 * that it is copying.  A batch that is planned and not yet copied takes the
 * ordinary path.  On return the migrator is not called any more, and its
 * attributes are not read.
 *
 * Context: Process context.  Sleeps.  Not from the migrator's callbacks or
 * attributes.
 */
void migrate_offload_unregister(const struct migrate_ops *ops)
{
	struct mo_migrator *m;

	guard(mutex)(&mo_register_lock);
	scoped_guard(mutex, &mo_lock) {
		m = mo_find(ops->name);
		if (WARN_ON_ONCE(!m || m->ops != ops))
			return;
		mo_handles_forget(m);
		mo_policy_forget(m);
	}
	synchronize_srcu(&mo_srcu);
	/* Outside mo_lock: this waits for stores in progress. */
	mo_migrator_remove(m);
	mo_nr_copiers -= !ops->choose;
	if (!mo_nr_copiers)
		mo_pool_destroy();
}
EXPORT_SYMBOL_GPL(migrate_offload_unregister);
