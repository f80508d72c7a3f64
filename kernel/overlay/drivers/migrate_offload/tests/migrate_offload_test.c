// SPDX-License-Identifier: GPL-2.0
/*
 * A migrator that fails on purpose, for the selftests of migration offload.
 *
 * Its mode says which verdicts it gives and which references it holds.  What it
 * does not copy it scribbles over, so that a verdict which the core ignored
 * shows up as wrong data.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate_offload.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#define TEST_STALE_WORD		0x5741545354414c45ULL
#define TEST_SCRIBBLE		0xd5
#define TEST_LATE_WRITES	2
#define TEST_MAX_PINS		64
/* A test that dies must not leave folios locked for good. */
#define TEST_HOLD_TIME		(60 * HZ)

enum test_mode {
	TEST_COPY,
	TEST_NONE,
	TEST_POISON,
	TEST_LOST,
	TEST_MIXED,
	TEST_PIN,
	TEST_STALE,
	TEST_HOLD,
};

static const char * const test_mode_names[] = {
	[TEST_COPY] = "copy",
	[TEST_NONE] = "none",
	[TEST_POISON] = "poison",
	[TEST_LOST] = "lost",
	[TEST_MIXED] = "mixed",
	[TEST_PIN] = "pin",
	[TEST_STALE] = "stale",
	[TEST_HOLD] = "hold",
};

static int test_mode = TEST_COPY;

static DEFINE_SPINLOCK(test_pins_lock);
static struct folio *test_pins[TEST_MAX_PINS];
/*
 * Source whose reference is dropped as soon as another folio is moved.  No lock
 * protects it: a kprobe may run as if in an NMI.
 */
static struct folio *test_stale;
/* The task whose batch it belongs to. */
static struct task_struct *test_stale_task;

/* A copied batch waits for a write to "release". */
static bool test_held;

/* A device that writes to a destination after its migration was given up. */
struct test_device {
	struct delayed_work work;
	struct folio *dst;
	unsigned int nr_writes;
};

static struct workqueue_struct *test_wq;
/* Devices that have not written for the last time. */
static atomic_t test_nr_devices = ATOMIC_INIT(0);

static void test_scribble(struct folio *folio)
{
	for (long i = 0; i < folio_nr_pages(folio); i++) {
		void *addr = kmap_local_folio(folio, i * PAGE_SIZE);

		memset(addr, TEST_SCRIBBLE, PAGE_SIZE);
		kunmap_local(addr);
	}
}

static void test_device_write(struct work_struct *work)
{
	struct test_device *dev = container_of(to_delayed_work(work),
					       struct test_device, work);

	test_scribble(dev->dst);
	if (++dev->nr_writes < TEST_LATE_WRITES) {
		queue_delayed_work(test_wq, &dev->work, msecs_to_jiffies(100));
		return;
	}
	folio_put(dev->dst);
	kfree(dev);
	if (atomic_dec_and_test(&test_nr_devices))
		wake_up_var(&test_nr_devices);
}

static void test_lose(struct migrate_pair *pair)
{
	struct test_device *dev;

	dev = kzalloc_obj(*dev, GFP_NOWAIT | __GFP_NOMEMALLOC);
	if (!dev)
		return;
	atomic_inc(&test_nr_devices);
	folio_get(pair->dst);
	dev->dst = pair->dst;
	INIT_DELAYED_WORK(&dev->work, test_device_write);
	queue_delayed_work(test_wq, &dev->work, msecs_to_jiffies(10));
	pair->verdict = MIGRATE_DST_LOST;
}

static void test_pin(struct folio *src)
{
	spin_lock(&test_pins_lock);
	for (int i = 0; i < TEST_MAX_PINS; i++) {
		if (test_pins[i])
			continue;
		folio_get(src);
		test_pins[i] = src;
		break;
	}
	spin_unlock(&test_pins_lock);
}

static void test_release_pins(void)
{
	spin_lock(&test_pins_lock);
	for (int i = 0; i < TEST_MAX_PINS; i++) {
		if (test_pins[i])
			folio_put(test_pins[i]);
		test_pins[i] = NULL;
	}
	spin_unlock(&test_pins_lock);
}

static void test_hold(void)
{
	WRITE_ONCE(test_held, true);
	wait_var_event_timeout(&test_held, !READ_ONCE(test_held),
			       TEST_HOLD_TIME);
	WRITE_ONCE(test_held, false);
}

static void test_end_hold(void)
{
	WRITE_ONCE(test_held, false);
	wake_up_var(&test_held);
}

static void test_make_stale(struct folio *src)
{
	if (test_stale)
		return;
	folio_get(src);
	WRITE_ONCE(test_stale_task, current);
	WRITE_ONCE(test_stale, src);
}

/* The holder of the reference writes a last time and lets go. */
static void test_end_stale(void)
{
	struct folio *src = xchg(&test_stale, NULL);
	u64 *addr;

	if (!src)
		return;
	addr = kmap_local_folio(src, 0);
	*addr = TEST_STALE_WORD;
	kunmap_local(addr);
	folio_put(src);
}

/*
 * folio_migrate_flags(dst, src): a folio has been moved.  Of the same batch, if
 * the task is the same: then its caller still holds a reference on each source,
 * and ours is not the last.
 */
static int test_folio_moved(struct kprobe *probe, struct pt_regs *regs)
{
	struct folio *src = (void *)regs_get_kernel_argument(regs, 1);

	if (READ_ONCE(test_stale_task) == current &&
	    READ_ONCE(test_stale) != src)
		test_end_stale();
	return 0;
}

static struct kprobe test_probe;

/* Protects what test_mode is and whether the probe is there. */
static DEFINE_MUTEX(test_mode_lock);

/*
 * The probe is there while it has something to do, and not while the module comes
 * and goes under traffic: QEMU before 8.1 may run a breakpoint that is gone, and a
 * probe that is set by ftrace has no instruction to step over.
 */
static int test_set_mode(int mode)
{
	int err = 0;

	guard(mutex)(&test_mode_lock);
	if (mode == TEST_STALE && test_mode != TEST_STALE) {
		/* Registering fills in what must not be there the next time. */
		test_probe = (struct kprobe) {
			.symbol_name = "folio_migrate_flags",
			.pre_handler = test_folio_moved,
		};
		err = register_kprobe(&test_probe);
	} else if (mode != TEST_STALE && test_mode == TEST_STALE) {
		unregister_kprobe(&test_probe);
		test_end_stale();
	}
	if (!err)
		WRITE_ONCE(test_mode, mode);
	return err;
}

static unsigned int test_verdict(unsigned int index)
{
	switch (READ_ONCE(test_mode)) {
	case TEST_NONE:
		return MIGRATE_NOT_COPIED;
	case TEST_POISON:
		return index ? MIGRATE_COPIED : MIGRATE_POISONED;
	case TEST_LOST:
		return index ? MIGRATE_COPIED : MIGRATE_DST_LOST;
	case TEST_MIXED:
		switch (index % 4) {
		case 1:
			return MIGRATE_NOT_COPIED;
		case 2:
			return MIGRATE_POISONED;
		case 3:
			return MIGRATE_DST_LOST;
		}
		fallthrough;
	default:
		return MIGRATE_COPIED;
	}
}

static void test_copy(struct migrate_batch *batch)
{
	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];
		unsigned int verdict = test_verdict(i);

		if (verdict == MIGRATE_COPIED) {
			if (!folio_mc_copy(pair->dst, pair->src))
				pair->verdict = MIGRATE_COPIED;
			continue;
		}
		test_scribble(pair->dst);
		if (verdict == MIGRATE_DST_LOST)
			test_lose(pair);
		else
			pair->verdict = verdict;
	}

	if (READ_ONCE(test_mode) == TEST_PIN)
		test_pin(batch->pairs[0].src);
	else if (READ_ONCE(test_mode) == TEST_STALE && batch->nr_pairs > 1)
		test_make_stale(batch->pairs[0].src);
	else if (READ_ONCE(test_mode) == TEST_HOLD)
		test_hold();
}

static bool test_ready(enum migrate_reason reason, unsigned long bytes,
		       bool longer)
{
	return true;
}

static ssize_t mode_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	ssize_t len = 0;

	for (int i = 0; i < ARRAY_SIZE(test_mode_names); i++)
		len += sysfs_emit_at(buf, len, i == test_mode ? "[%s] " : "%s ",
				     test_mode_names[i]);
	buf[len - 1] = '\n';
	return len;
}

static ssize_t mode_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	int mode = sysfs_match_string(test_mode_names, buf);
	int err = mode < 0 ? mode : test_set_mode(mode);

	return err ?: count;
}

static struct kobj_attribute mode_attr = __ATTR_RW(mode);

static ssize_t release_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	test_release_pins();
	test_end_hold();
	return count;
}

static struct kobj_attribute release_attr = __ATTR_WO(release);

/* Folio whose lock is held for a test, with a reference. */
static DEFINE_MUTEX(test_locked_lock);
static struct folio *test_locked;

static int test_lock(unsigned long pfn)
{
	struct page *page = pfn ? pfn_to_online_page(pfn) : NULL;
	struct folio *folio = page ? page_folio(page) : NULL;

	if (pfn && (!folio || !folio_try_get(folio)))
		return -EINVAL;
	guard(mutex)(&test_locked_lock);
	if (test_locked) {
		folio_unlock(test_locked);
		folio_put(test_locked);
	}
	test_locked = folio;
	if (folio)
		folio_lock(folio);
	return 0;
}

/* Lock the folio of this page frame, and unlock the last one; 0 for none. */
static ssize_t lock_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	unsigned long pfn;
	int err = kstrtoul(buf, 0, &pfn);

	return err ?: test_lock(pfn) ?: count;
}

static struct kobj_attribute lock_attr = __ATTR_WO(lock);

static ssize_t held_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(test_held));
}

static struct kobj_attribute held_attr = __ATTR_RO(held);

static struct attribute *test_attrs[] = {
	&mode_attr.attr,
	&release_attr.attr,
	&lock_attr.attr,
	&held_attr.attr,
	NULL
};

static const struct attribute_group test_attr_group = {
	.attrs = test_attrs,
};

static const struct migrate_ops test_ops = {
	.name = "test",
	.attrs = &test_attr_group,
	.by_name_only = true,
	.ready = test_ready,
	.copy = test_copy,
};

static int __init test_init(void)
{
	int err;

	test_wq = alloc_workqueue("migrate_offload_test", WQ_UNBOUND, 0);
	if (!test_wq)
		return -ENOMEM;
	err = migrate_offload_register(&test_ops);
	if (err)
		destroy_workqueue(test_wq);
	return err;
}
module_init(test_init);

static void __exit test_exit(void)
{
	migrate_offload_unregister(&test_ops);
	test_set_mode(TEST_COPY);
	test_release_pins();
	test_lock(0);
	wait_var_event(&test_nr_devices, !atomic_read(&test_nr_devices));
	destroy_workqueue(test_wq);
}
module_exit(test_exit);

MODULE_DESCRIPTION("Migrator that fails on purpose");
MODULE_LICENSE("GPL");
