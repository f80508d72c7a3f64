// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm: channels that did not end in time.
 *
 * No call of DMAEngine proves that an engine is quiet: terminating a transfer may
 * leave it writing, and takes the callback away that would tell.  So such a
 * channel is never terminated.  It keeps both mappings of its window and a
 * reference on each destination, until all of its callbacks have run.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "dcbm.h"

/* The following is protected by dcbm_lock. */
static LIST_HEAD(dcbm_quarantine);
/* Memory that is being taken offline, one range at a time. */
static unsigned long dcbm_going_pfn, dcbm_going_nr;
static struct workqueue_struct *dcbm_quiet_wq;
/* For those who wait until none is in quarantine. */
static DECLARE_WAIT_QUEUE_HEAD(dcbm_quiet);

/* May it end now?  Not while the engines rest, unless its driver has it back. */
static bool dcbm_may_release(struct dcbm_chan *chan)
{
	bool may;

	spin_lock(&dcbm_lock);
	may = !chan->dma || dcbm_chan_hold(chan);
	chan->waits = !may;
	spin_unlock(&dcbm_lock);
	return may;
}

/*
 * Runs when the last callback of a retired channel has.  Nobody writes to the
 * destinations any more.
 */
static void dcbm_release(struct work_struct *work)
{
	struct dcbm_chan *chan = container_of(work, struct dcbm_chan, quiet_work);
	struct dcbm_window *w = chan->active;
	bool pins = chan->pins;
	struct dma_chan *dma;

	if (!dcbm_may_release(chan))
		return;
	/* The callback that queued this work has let go of the lock. */
	spin_lock_irq(&chan->lock);
	spin_unlock_irq(&chan->lock);
	dcbm_window_unmap(w);
	for (unsigned int i = 0; i < w->nr_entries; i++) {
		folio_put(w->entries[i].dst);
		if (w->entries[i].src_held)
			folio_put(w->entries[i].src_held);
	}
	spin_lock(&dcbm_lock);
	chan->active = NULL;
	/* Its driver may be about to go: whoever takes it gives it back. */
	dma = chan->dma;
	chan->dma = NULL;
	spin_unlock(&dcbm_lock);
	if (dma)
		dma_release_channel(dma);
	dcbm_chan_release(chan);
	spin_lock(&dcbm_lock);
	list_del(&chan->node);
	dcbm_chan_unlist(chan);
	spin_unlock(&dcbm_lock);
	kfree(chan);
	wake_up(&dcbm_quiet);
	/* dcbm_quarantine_exit() waits for the rest of this function. */
	if (pins)
		module_put(THIS_MODULE);
}

/* The last callback of a retired channel has run; also from interrupts. */
void dcbm_chan_quiet(struct dcbm_chan *chan)
{
	queue_work(dcbm_quiet_wq, &chan->quiet_work);
}

/* Nothing keeps it from being released any more. */
static void dcbm_chan_wake(struct dcbm_chan *chan)
{
	lockdep_assert_held(&dcbm_lock);
	if (!chan->waits)
		return;
	chan->waits = false;
	queue_work(dcbm_quiet_wq, &chan->quiet_work);
}

/* The engines do not rest any more: give back what has ended meanwhile. */
void dcbm_quarantine_wake(void)
{
	struct dcbm_chan *chan;

	lockdep_assert_held(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_quarantine, node)
		dcbm_chan_wake(chan);
}

static bool dcbm_overlap(unsigned long a, unsigned long nr_a,
			 unsigned long b, unsigned long nr_b)
{
	return a < b + nr_b && b < a + nr_a;
}

/*
 * The sources stay as they are, and no reference keeps a retry from moving them:
 * the engine only reads.  But where memory is being taken offline, it must not
 * go while the engine may.
 */
static void dcbm_lose(struct dcbm_window *w, struct migrate_batch *batch)
{
	lockdep_assert_held(&dcbm_lock);
	for (unsigned int i = 0; i < w->nr_entries; i++) {
		struct dcbm_entry *e = &w->entries[i];
		struct migrate_pair *pair = &batch->pairs[e->pair];

		folio_get(e->dst);
		pair->verdict = MIGRATE_DST_LOST;
		if (!dcbm_overlap(e->src_pfn, e->nr_pages, dcbm_going_pfn,
				  dcbm_going_nr))
			continue;
		folio_get(pair->src);
		e->src_held = pair->src;
	}
}

/**
 * dcbm_chan_retire - give up on a channel that did not end in time
 * @chan: Channel of this batch.
 * @batch: The batch.
 *
 * The pairs of the active window become MIGRATE_DST_LOST, all of them: the
 * end of the mapping may still overwrite any (non-coherent caches, bounces).
 *
 * Return: whether it is in quarantine now, and not the caller's any more;
 * false if it has ended meanwhile.
 */
bool dcbm_chan_retire(struct dcbm_chan *chan, struct migrate_batch *batch)
{
	struct dcbm_window *w = chan->active;
	bool retire;

	/* This order: a callback holds the inner one, and never wants the outer. */
	spin_lock(&dcbm_lock);
	spin_lock_irq(&chan->lock);
	retire = chan->outstanding;
	if (retire) {
		dcbm_lose(w, batch);
		/*
		 * The last callback runs code of this module.  If that is on its
		 * way out, dcbm_quarantine_wait() does.
		 */
		chan->pins = try_module_get(THIS_MODULE);
		INIT_WORK(&chan->quiet_work, dcbm_release);
		list_move(&chan->node, &dcbm_quarantine);
		dcbm_chan_forget(chan);
		chan->waiter = NULL;
		chan->retired = true;
	}
	spin_unlock_irq(&chan->lock);
	spin_unlock(&dcbm_lock);
	if (retire)
		dcbm_count(DCBM_TIMEOUTS);
	return retire;
}

unsigned int dcbm_nr_quarantined(void)
{
	unsigned int nr;

	spin_lock(&dcbm_lock);
	nr = list_count_nodes(&dcbm_quarantine);
	spin_unlock(&dcbm_lock);
	return nr;
}

/* Channels that may still write; the others in quarantine wait to be given back. */
unsigned int dcbm_nr_unanswered(void)
{
	struct dcbm_chan *chan;
	unsigned int nr = 0;

	spin_lock(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_quarantine, node) {
		spin_lock_irq(&chan->lock);
		nr += !!chan->outstanding;
		spin_unlock_irq(&chan->lock);
	}
	spin_unlock(&dcbm_lock);
	return nr;
}

static struct dcbm_chan *dcbm_quarantined_of(struct device *dev)
{
	struct dcbm_chan *chan;

	lockdep_assert_held(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_quarantine, node)
		if (chan->dev == dev && chan->dma)
			return chan;
	return NULL;
}

/**
 * dcbm_quarantine_leave - give back the channels of a device that are in
 * quarantine
 * @dev: The device, whose driver is about to be unbound.
 *
 * The driver ends their transfers, or loses them; only in the first case do the
 * mappings and the references on destinations end, too.
 */
void dcbm_quarantine_leave(struct device *dev)
{
	struct dcbm_chan *chan;
	struct dma_chan *dma;

	spin_lock(&dcbm_lock);
	while ((chan = dcbm_quarantined_of(dev))) {
		dma = chan->dma;
		chan->dma = NULL;
		dcbm_chan_wake(chan);
		spin_unlock(&dcbm_lock);
		dma_release_channel(dma);
		spin_lock(&dcbm_lock);
	}
	spin_unlock(&dcbm_lock);
	/* For those that are being given back because they have ended. */
	dcbm_quarantine_flush();
}

/* Mappings of transfers that have ended are gone then. */
void dcbm_quarantine_flush(void)
{
	flush_workqueue(dcbm_quiet_wq);
}

static bool dcbm_uses(const struct dcbm_window *w, unsigned long first,
		      unsigned long nr)
{
	for (unsigned int i = 0; w && i < w->nr_entries; i++) {
		const struct dcbm_entry *e = &w->entries[i];

		if (dcbm_overlap(e->src_pfn, e->nr_pages, first, nr) ||
		    dcbm_overlap(e->dst_pfn, e->nr_pages, first, nr))
			return true;
	}
	return false;
}

/* May the engines be done with this memory?  If so, remember that it goes. */
static int dcbm_going_offline(const struct memory_notify *range)
{
	struct dcbm_chan *chan;
	int err = 0;

	spin_lock(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_quarantine, node)
		if (dcbm_uses(chan->active, range->start_pfn, range->nr_pages))
			err = -EBUSY;
	if (!err) {
		dcbm_going_pfn = range->start_pfn;
		dcbm_going_nr = range->nr_pages;
	}
	spin_unlock(&dcbm_lock);
	return notifier_from_errno(err);
}

/*
 * Memory that an engine may still read must not go away: sources may have been freed
 * since.  Destinations hold references, which is enough, but who takes movable memory
 * offline would try again until the engine answers, or a signal comes.
 */
static int dcbm_memory_notify(struct notifier_block *nb, unsigned long action,
			      void *arg)
{
	switch (action) {
	case MEM_GOING_OFFLINE:
		return dcbm_going_offline(arg);
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		spin_lock(&dcbm_lock);
		dcbm_going_nr = 0;
		spin_unlock(&dcbm_lock);
	}
	return NOTIFY_OK;
}

static struct notifier_block dcbm_memory_nb = {
	.notifier_call = dcbm_memory_notify,
};

int dcbm_quarantine_init(void)
{
	int err;

	dcbm_quiet_wq = alloc_workqueue("dcbm_quiet", WQ_UNBOUND, 0);
	if (!dcbm_quiet_wq)
		return -ENOMEM;
	err = register_memory_notifier(&dcbm_memory_nb);
	if (err)
		destroy_workqueue(dcbm_quiet_wq);
	return err;
}

/*
 * What is in quarantine pins the module, but for a channel that got there while
 * the module was already being removed.
 */
void dcbm_quarantine_wait(void)
{
	if (dcbm_nr_quarantined())
		pr_warn("a DMA channel was lost while dcbm was being removed: waiting for it\n");
	/* See dcbm_chans_wait(). */
	wait_event_state(dcbm_quiet, !dcbm_nr_quarantined(),
			 (TASK_UNINTERRUPTIBLE | TASK_FREEZABLE));
}

/* Behind dcbm_quarantine_wait(), if there was anything to be copied. */
void dcbm_quarantine_exit(void)
{
	unregister_memory_notifier(&dcbm_memory_nb);
	destroy_workqueue(dcbm_quiet_wq);
}
