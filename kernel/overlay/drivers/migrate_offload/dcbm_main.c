// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm: a migrator that copies with DMA engines.
 *
 * The task that migrates cuts a batch into windows, one after the other, and
 * deals them out to its channels.  While an engine copies a window, the next one
 * is mapped.  Whatever does not work out is left to the CPU's copy, which is
 * safe against machine checks, or, where a device may still write, undone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#include "dcbm.h"

static unsigned int dcbm_channels = 1;
static unsigned long dcbm_min_bytes_per_channel = SZ_256K;
static unsigned int dcbm_timeout_ms = 1000;
static bool dcbm_verify;

/* Serialises taking channels and changing their number. */
static DEFINE_MUTEX(dcbm_mutex);
static bool dcbm_active;

static atomic64_t dcbm_counts[DCBM_NR_COUNTS];

void dcbm_count(enum dcbm_count what)
{
	atomic64_inc(&dcbm_counts[what]);
}

/*
 * Mapping and preparing allocate in the DMA API and in the engine's driver, where
 * nobody tells them to leave the reserves alone that PF_MEMALLOC opens.
 */
static bool dcbm_allowed(enum migrate_reason reason)
{
	return !(current->flags & PF_MEMALLOC);
}

static bool dcbm_ready(enum migrate_reason reason, unsigned long bytes,
		       bool longer)
{
	return bytes >= READ_ONCE(dcbm_min_bytes_per_channel) &&
	       dcbm_chans_any_free();
}

static void dcbm_start(struct dcbm_chan *chan, struct dcbm_window *w,
		       struct dcbm_job *job)
{
	chan->active = w;
	chan->deadline = jiffies + job->timeout;
	dcbm_window_submit(w);
}

/*
 * No further window of the batch may begin.  One that is under way keeps its own
 * deadline, so a channel is not retired because its batch is long.
 */
static bool dcbm_job_over(const struct dcbm_job *job)
{
	return dcbm_chans_resting() || !time_before(jiffies, job->deadline);
}

/* Map the next part of the batch, for @chan to begin with when it is free. */
static void dcbm_prepare(struct dcbm_chan *chan, struct dcbm_job *job)
{
	struct dcbm_window *w = chan->window[chan->active == chan->window[0]];

	while (!dcbm_job_over(job) && dcbm_window_fill(w, job)) {
		if (!dcbm_window_map(w)) {
			chan->next = w;
			return;
		}
		dcbm_count(DCBM_MAP_FAILED);
		dcbm_skip_rest(job, dcbm_window_end(w));
	}
}

/* What was mapped, but not begun, is the CPU's. */
static void dcbm_drop_next(struct dcbm_chan *chan, struct dcbm_job *job)
{
	if (!chan->next)
		return;
	dcbm_window_unmap(chan->next);
	dcbm_skip_rest(job, dcbm_window_end(chan->next));
	chan->next = NULL;
}

static bool dcbm_is_busy(struct dcbm_chan *chan)
{
	bool busy;

	spin_lock_irq(&chan->lock);
	busy = chan->outstanding;
	spin_unlock_irq(&chan->lock);
	return busy;
}

/* Let the engine go on, then take care of what it has done. */
static void dcbm_progress(struct dcbm_chan *chan, struct dcbm_job *job)
{
	struct dcbm_window *w = chan->active;

	if (w && dcbm_is_busy(chan)) {
		if (time_before(jiffies, chan->deadline))
			return;
		dcbm_drop_next(chan, job);
		dcbm_skip_rest(job, dcbm_window_end(w));
		if (dcbm_chan_retire(chan, job->batch))
			return;
	}
	if (w && !dcbm_window_submitted(w)) {
		/* The deadline stays: it is that of the whole window. */
		if (time_before(jiffies, chan->deadline)) {
			dcbm_window_submit(w);
			return;
		}
		/* Late, but idle now: the CPU copies the rest. */
	}
	chan->active = NULL;
	if (dcbm_job_over(job))
		dcbm_drop_next(chan, job);
	if (chan->next) {
		dcbm_start(chan, chan->next, job);
		chan->next = NULL;
	}
	if (w) {
		dcbm_window_unmap(w);
		dcbm_window_reap(w, job);
	}
	dcbm_prepare(chan, job);
	if (!chan->active && !chan->next)
		dcbm_chan_put(chan);
}

/* Until one of the channels has ended a window, or should have. */
static void dcbm_wait(struct dcbm_job *job)
{
	unsigned long now = jiffies, wait = job->timeout;
	struct dcbm_chan *chan;

	if (list_empty(&job->chans))
		return;
	/* The last callback of a window wakes us, from here on. */
	set_current_state(TASK_UNINTERRUPTIBLE);
	list_for_each_entry(chan, &job->chans, node) {
		if (!chan->active || !dcbm_is_busy(chan))
			wait = 0;
		else if (time_before(chan->deadline, now + wait))
			wait = time_after(chan->deadline, now) ?
			       chan->deadline - now : 0;
	}
	if (wait)
		schedule_timeout(wait);
	__set_current_state(TASK_RUNNING);
}

/* A source that is poisoned must not be read in any other way. */
static bool dcbm_page_differs(const void *dst, const void *src)
{
	u8 part[256];

	for (size_t i = 0; i < PAGE_SIZE; i += sizeof(part))
		if (copy_mc_to_kernel(part, src + i, sizeof(part)) ||
		    memcmp(dst + i, part, sizeof(part)))
			return true;
	return false;
}

/* For engines that report a descriptor that failed as a success. */
static bool dcbm_differ(struct folio *dst, struct folio *src)
{
	for (unsigned long i = 0; i < folio_nr_pages(src); i++) {
		void *a = kmap_local_folio(dst, i * PAGE_SIZE);
		void *b = kmap_local_folio(src, i * PAGE_SIZE);
		bool differs = dcbm_page_differs(a, b);

		kunmap_local(b);
		kunmap_local(a);
		if (differs)
			return true;
		cond_resched();
	}
	return false;
}

static void dcbm_settle(struct migrate_batch *batch)
{
	bool verify = READ_ONCE(dcbm_verify);

	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		if (pair->verdict == MIGRATE_DST_LOST ||
		    atomic_read(&pair->done) != pair->nr_pages)
			continue;
		if (verify && dcbm_differ(pair->dst, pair->src)) {
			dcbm_count(DCBM_VERIFY_FAILED);
			continue;
		}
		pair->verdict = MIGRATE_COPIED;
	}
}

static void dcbm_copy(struct migrate_batch *batch)
{
	unsigned long bytes = (unsigned long)batch->nr_pages << PAGE_SHIFT;
	unsigned long nr = bytes / READ_ONCE(dcbm_min_bytes_per_channel);
	struct dcbm_chan *chan, *next;
	struct dcbm_job job = {
		.batch = batch,
		.chans = LIST_HEAD_INIT(job.chans),
		.timeout = msecs_to_jiffies(READ_ONCE(dcbm_timeout_ms)) + 1,
	};

	/* The same for each length, also for a hugetlb folio of 1 GB. */
	job.deadline = jiffies + job.timeout;
	nr = clamp(nr, 1UL, (unsigned long)DCBM_MAX_CHANNELS);
	nr = dcbm_chans_get(&job, nr);
	if (!nr)
		return;
	batch->nr_helpers = nr;
	job.window_bytes = min_t(unsigned long, DCBM_WINDOW_BYTES,
				 PAGE_ALIGN(DIV_ROUND_UP(bytes, nr)));
	while (!list_empty(&job.chans)) {
		list_for_each_entry_safe(chan, next, &job.chans, node)
			dcbm_progress(chan, &job);
		dcbm_wait(&job);
	}
	dcbm_settle(batch);
}

static int dcbm_activate(void)
{
	int err;

	guard(mutex)(&dcbm_mutex);
	err = dcbm_chans_resize(dcbm_channels);
	dcbm_active = !err;
	return err;
}

static void dcbm_deactivate(void)
{
	guard(mutex)(&dcbm_mutex);
	dcbm_active = false;
	dcbm_chans_resize(0);
}

static ssize_t channels_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(dcbm_channels));
}

static ssize_t channels_store(struct kobject *kobj,
			      struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	unsigned int val;
	int err;

	err = kstrtouint(buf, 0, &val);
	if (err)
		return err;
	if (!val || val > DCBM_MAX_CHANNELS)
		return -EINVAL;
	guard(mutex)(&dcbm_mutex);
	err = dcbm_active ? dcbm_chans_resize(val) : 0;
	if (err)
		return err;
	WRITE_ONCE(dcbm_channels, val);
	return count;
}

static struct kobj_attribute channels_attr = __ATTR_RW(channels);

/* At most half of the shortest default batch: more than that would never pass. */
static MIGRATE_SETTING_ULONG(min_bytes_per_channel, dcbm_min_bytes_per_channel,
			     PAGE_SIZE, SZ_1M);
static MIGRATE_SETTING_UINT(timeout_ms, dcbm_timeout_ms, 1, DCBM_TIMEOUT_MAX_MS);
static MIGRATE_SETTING_BOOL(verify, dcbm_verify);

static ssize_t quarantined_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", dcbm_nr_quarantined());
}

static struct kobj_attribute quarantined_attr = __ATTR_RO(quarantined);

/* What went wrong, a file a cause. */
struct dcbm_count_attr {
	struct kobj_attribute attr;
	enum dcbm_count count;
};

static ssize_t dcbm_count_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	enum dcbm_count count = container_of(attr, struct dcbm_count_attr,
					     attr)->count;

	return sysfs_emit(buf, "%lld\n", atomic64_read(&dcbm_counts[count]));
}

#define DCBM_COUNT(_name, _count)					\
	struct dcbm_count_attr _name##_attr = {				\
		.attr = __ATTR(_name, 0444, dcbm_count_show, NULL),	\
		.count = _count,					\
	}

static DCBM_COUNT(map_failed, DCBM_MAP_FAILED);
static DCBM_COUNT(prep_failed, DCBM_PREP_FAILED);
static DCBM_COUNT(submit_failed, DCBM_SUBMIT_FAILED);
static DCBM_COUNT(errors, DCBM_ERRORS);
static DCBM_COUNT(timeouts, DCBM_TIMEOUTS);
static DCBM_COUNT(verify_failed, DCBM_VERIFY_FAILED);
static DCBM_COUNT(bouncing, DCBM_BOUNCING);

static struct attribute *dcbm_attrs[] = {
	&channels_attr.attr,
	&min_bytes_per_channel_setting.attr.attr,
	&timeout_ms_setting.attr.attr,
	&verify_setting.attr.attr,
	&quarantined_attr.attr,
	&map_failed_attr.attr.attr,
	&prep_failed_attr.attr.attr,
	&submit_failed_attr.attr.attr,
	&errors_attr.attr.attr,
	&timeouts_attr.attr.attr,
	&verify_failed_attr.attr.attr,
	&bouncing_attr.attr.attr,
	NULL
};

static const struct attribute_group dcbm_attr_group = {
	.attrs = dcbm_attrs,
};

static const struct migrate_ops dcbm_ops = {
	.name = "dcbm",
	.attrs = &dcbm_attr_group,
	/* These callers hold mmap_lock, or one of a VMA, while an engine may hang. */
	.not_by_default = BIT(MR_NUMA_MISPLACED) | BIT(MR_LONGTERM_PIN),
	.activate = dcbm_activate,
	.deactivate = dcbm_deactivate,
	.allowed = dcbm_allowed,
	.ready = dcbm_ready,
	.copy = dcbm_copy,
};

static int __init dcbm_init(void)
{
	int err;

	err = dcbm_chans_init();
	if (err)
		return err;
	err = dcbm_quarantine_init();
	if (err)
		goto err_chans;
	err = dcbm_power_init();
	if (err)
		goto err_quarantine;
	err = migrate_offload_register(&dcbm_ops);
	if (err)
		goto err_power;
	return 0;

err_power:
	dcbm_power_exit();
err_quarantine:
	dcbm_quarantine_exit();
err_chans:
	dcbm_chans_exit();
	return err;
}
module_init(dcbm_init);

static void __exit dcbm_exit(void)
{
	migrate_offload_unregister(&dcbm_ops);
	/* Meanwhile an engine's driver may go, or the machine: watch both. */
	dcbm_quarantine_wait();
	dcbm_chans_wait();
	dcbm_power_exit();
	dcbm_request_exit();
	dcbm_chans_exit();
	dcbm_quarantine_exit();
	/*
	 * A callback may run in a thread, and be preempted between its last word
	 * to us and the end of its code, which goes now.
	 */
	synchronize_rcu_tasks();
}
module_exit(dcbm_exit);

MODULE_ALIAS("migrator-dcbm");
MODULE_DESCRIPTION("Page migration with DMA engines copying");
MODULE_LICENSE("GPL");
