// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm: channels, from their request to their release or quarantine.
 *
 * A channel is free, or belongs to one batch, or is in quarantine.  No call of
 * DMAEngine proves that an engine is quiet: terminating a transfer may leave it
 * writing, and takes the callback away that would tell.  So a channel that did
 * not end in time is never terminated.  It keeps both mappings of its window
 * and a reference on each destination, until all of its callbacks have run.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "dcbm.h"

/* Protects the lists and the number of channels. */
static DEFINE_SPINLOCK(dcbm_lock);
static LIST_HEAD(dcbm_free);
static LIST_HEAD(dcbm_quarantine);
static unsigned int dcbm_nr_wanted;
/* Free ones and those of batches. */
static unsigned int dcbm_nr_held;
/* Memory that is being taken offline, one range at a time. */
static unsigned long dcbm_going_pfn, dcbm_going_nr;
static struct workqueue_struct *dcbm_wq;

static void dcbm_chan_free(struct dcbm_chan *chan)
{
	dma_release_channel(chan->dma);
	kvfree(chan->window[0]);
	kvfree(chan->window[1]);
	kfree(chan);
}

/*
 * Runs when the last callback of a retired channel has.  Nobody writes to the
 * destinations any more.
 */
static void dcbm_chan_quiet(struct work_struct *work)
{
	struct dcbm_chan *chan = container_of(work, struct dcbm_chan, quiet_work);
	struct dcbm_window *w = chan->active;

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
	list_del(&chan->node);
	spin_unlock(&dcbm_lock);
	dcbm_chan_free(chan);
	/* dcbm_chans_exit() waits for the rest of this function. */
	module_put(THIS_MODULE);
}

/**
 * dcbm_chan_end - note that a channel has less to do
 * @chan: Channel of which a descriptor has ended, or the submitting.
 *
 * Context: Any, interrupts included.  @chan may be gone afterwards.
 */
void dcbm_chan_end(struct dcbm_chan *chan)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->lock, flags);
	if (!--chan->outstanding) {
		if (chan->retired)
			queue_work(dcbm_wq, &chan->quiet_work);
		else if (chan->waiter)
			wake_up_process(chan->waiter);
	}
	spin_unlock_irqrestore(&chan->lock, flags);
}

static bool dcbm_entry_in(const struct dcbm_entry *e, unsigned long first,
			  unsigned long nr)
{
	return e->src_pfn < first + nr && first < e->src_pfn + e->nr_pages;
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
		if (!dcbm_entry_in(e, dcbm_going_pfn, dcbm_going_nr))
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
		/* The last callback runs code of this module. */
		__module_get(THIS_MODULE);
		list_move(&chan->node, &dcbm_quarantine);
		dcbm_nr_held--;
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

static bool dcbm_overlaps(const struct dcbm_window *w, unsigned long first,
			  unsigned long nr)
{
	for (unsigned int i = 0; i < w->nr_entries; i++)
		if (dcbm_entry_in(&w->entries[i], first, nr))
			return true;
	return false;
}

/* May the engines be done with this memory?  If so, remember that it goes. */
static int dcbm_going_offline(const struct memory_notify *range)
{
	struct dcbm_chan *chan;
	int err = 0;

	spin_lock(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_quarantine, node)
		if (dcbm_overlaps(chan->active, range->start_pfn, range->nr_pages))
			err = -EBUSY;
	if (!err) {
		dcbm_going_pfn = range->start_pfn;
		dcbm_going_nr = range->nr_pages;
	}
	spin_unlock(&dcbm_lock);
	return notifier_from_errno(err);
}

/*
 * Memory that an engine may still read must not go away.  Destinations hold
 * references, which is enough; sources may have been freed since.
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

/* A device that bounces copies with the CPU, twice. */
static bool dcbm_chan_fits(struct dma_chan *dma)
{
	return dma_max_mapping_size(dma->device->dev) >= DCBM_WINDOW_BYTES &&
	       dma_get_max_seg_size(dma->device->dev) >= PAGE_SIZE &&
	       1UL << dma->device->copy_align <= PAGE_SIZE;
}

static bool dcbm_filter(struct dma_chan *dma, void *unused)
{
	return dcbm_chan_fits(dma);
}

static struct dcbm_window *dcbm_window_alloc(struct dcbm_chan *chan, int nid)
{
	struct dcbm_window *w = kvzalloc_node(sizeof(*w), GFP_KERNEL, nid);

	if (w)
		w->chan = chan;
	return w;
}

static struct dcbm_chan *dcbm_chan_create(void)
{
	struct dcbm_chan *chan;
	dma_cap_mask_t mask;
	int nid;

	chan = kzalloc_obj(*chan);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	chan->dma = dma_request_channel(mask, dcbm_filter, NULL);
	if (!chan->dma) {
		kfree(chan);
		return ERR_PTR(-ENODEV);
	}
	chan->dev = chan->dma->device->dev;
	chan->max_segment = ALIGN_DOWN(dma_get_max_seg_size(chan->dev), PAGE_SIZE);
	chan->max_desc = DCBM_WINDOW_BYTES;
	spin_lock_init(&chan->lock);
	INIT_LIST_HEAD(&chan->node);
	INIT_WORK(&chan->quiet_work, dcbm_chan_quiet);
	nid = dev_to_node(chan->dev);
	chan->window[0] = dcbm_window_alloc(chan, nid);
	chan->window[1] = dcbm_window_alloc(chan, nid);
	if (!chan->window[0] || !chan->window[1]) {
		dcbm_chan_free(chan);
		return ERR_PTR(-ENOMEM);
	}
	return chan;
}

static void dcbm_chan_add(struct dcbm_chan *chan)
{
	spin_lock(&dcbm_lock);
	list_add_tail(&chan->node, &dcbm_free);
	dcbm_nr_held++;
	spin_unlock(&dcbm_lock);
}

/* One that is free, of those that are too many; NULL if there is none. */
static struct dcbm_chan *dcbm_chan_surplus(void)
{
	struct dcbm_chan *chan = NULL;

	spin_lock(&dcbm_lock);
	if (dcbm_nr_held > dcbm_nr_wanted && !list_empty(&dcbm_free)) {
		chan = list_last_entry(&dcbm_free, struct dcbm_chan, node);
		list_del(&chan->node);
		dcbm_nr_held--;
	}
	spin_unlock(&dcbm_lock);
	return chan;
}

static void dcbm_trim(struct work_struct *work)
{
	struct dcbm_chan *chan;

	while ((chan = dcbm_chan_surplus()))
		dcbm_chan_free(chan);
}

static DECLARE_WORK(dcbm_trim_work, dcbm_trim);

static void dcbm_want(unsigned int nr)
{
	spin_lock(&dcbm_lock);
	dcbm_nr_wanted = nr;
	spin_unlock(&dcbm_lock);
	dcbm_trim(NULL);
}

/**
 * dcbm_chans_resize - have so many exclusive channels
 * @nr: How many; those that a batch uses now are given back after it.
 *
 * Context: Process context, serialised by the caller.  Sleeps.
 * Return: 0; -ENODEV when there are fewer that are free and of use; -ENOMEM.
 * On failure there are as many as before.
 */
int dcbm_chans_resize(unsigned int nr)
{
	unsigned int before = dcbm_nr_wanted;
	struct dcbm_chan *chan;

	dcbm_want(nr);
	while (READ_ONCE(dcbm_nr_held) < nr) {
		chan = dcbm_chan_create();
		if (!IS_ERR(chan)) {
			dcbm_chan_add(chan);
			continue;
		}
		pr_info("%u DMA channels wanted, %u are there that can copy memory without bouncing\n",
			nr, dcbm_nr_held);
		dcbm_want(before);
		return PTR_ERR(chan);
	}
	return 0;
}

bool dcbm_chans_any_free(void)
{
	return !list_empty_careful(&dcbm_free);
}

/* Lower is nearer. */
static int dcbm_chan_distance(struct dcbm_chan *chan,
			      const struct migrate_batch *batch)
{
	int nid = dev_to_node(chan->dev);

	return nid == batch->dst_nid ? 0 : nid == batch->src_nid ? 1 : 2;
}

/**
 * dcbm_chans_get - get channels for a batch, the nearest first
 * @job: The batch; they are put on its list.
 * @nr: How many at most.
 *
 * Return: how many it got.
 */
unsigned int dcbm_chans_get(struct dcbm_job *job, unsigned int nr)
{
	struct dcbm_chan *chan, *next;
	unsigned int got = 0;

	spin_lock(&dcbm_lock);
	for (int distance = 0; distance < 3; distance++) {
		list_for_each_entry_safe(chan, next, &dcbm_free, node) {
			if (got == nr)
				break;
			if (dcbm_chan_distance(chan, job->batch) != distance)
				continue;
			chan->waiter = current;
			chan->max_desc = DCBM_WINDOW_BYTES;
			list_move_tail(&chan->node, &job->chans);
			got++;
		}
	}
	spin_unlock(&dcbm_lock);
	return got;
}

/* The channel has nothing to do, so nobody else looks at it. */
void dcbm_chan_put(struct dcbm_chan *chan)
{
	chan->waiter = NULL;
	spin_lock(&dcbm_lock);
	list_move_tail(&chan->node, &dcbm_free);
	if (dcbm_nr_held > dcbm_nr_wanted)
		queue_work(dcbm_wq, &dcbm_trim_work);
	spin_unlock(&dcbm_lock);
}

int dcbm_chans_init(void)
{
	int err;

	dcbm_wq = alloc_workqueue("dcbm", WQ_UNBOUND, 0);
	if (!dcbm_wq)
		return -ENOMEM;
	err = register_memory_notifier(&dcbm_memory_nb);
	if (err)
		destroy_workqueue(dcbm_wq);
	return err;
}

/* No channel is in quarantine: each pins the module. */
void dcbm_chans_exit(void)
{
	unregister_memory_notifier(&dcbm_memory_nb);
	destroy_workqueue(dcbm_wq);
}
