// SPDX-License-Identifier: GPL-2.0
/*
 * A DMA engine that is software: its channels.
 *
 * Each copies in a work item, so asynchronously to whoever submits, and reports
 * as an interrupt would.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kasan.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../dma/dmaengine.h"
#include "engine.h"

struct engine_desc {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	unsigned long due;	/* if late, in jiffies */
	dma_addr_t dst;
	dma_addr_t src;
	size_t len;
};

static struct engine_chan *to_engine_chan(struct dma_chan *chan)
{
	return container_of(chan, struct engine_chan, chan);
}

static struct engine *to_engine(struct engine_chan *c)
{
	return container_of(c->chan.device, struct engine, dma);
}

/* NULL where an IOMMU does not know the address. */
static void *engine_address(struct device *dev, dma_addr_t addr)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	phys_addr_t phys;

	if (!domain)
		return phys_to_virt(dma_to_phys(dev, addr));
	phys = iommu_iova_to_phys(domain, addr);
	return phys ? phys_to_virt(phys) : NULL;
}

static enum dmaengine_tx_result engine_copy_pages(struct engine_desc *desc,
						  size_t len)
{
	struct device *dev = desc->tx.chan->device->dev;
	size_t done, step;

	for (done = 0; done < len; done += step) {
		dma_addr_t src = desc->src + done, dst = desc->dst + done;
		void *from = engine_address(dev, src);
		void *to = engine_address(dev, dst);

		step = min3(len - done, PAGE_SIZE - offset_in_page(src),
			    PAGE_SIZE - offset_in_page(dst));
		if (!to)
			return DMA_TRANS_WRITE_FAILED;
		if (!from || copy_mc_to_kernel(to, from, step))
			return DMA_TRANS_READ_FAILED;
	}
	return DMA_TRANS_NOERROR;
}

/* What is late may read a source that is free by now: an engine does not ask. */
static enum dmaengine_tx_result engine_copy(struct engine_desc *desc,
					    size_t len)
{
	enum dmaengine_tx_result result;

	kasan_disable_current();
	result = engine_copy_pages(desc, len);
	kasan_enable_current();
	return result;
}

static void engine_report(struct engine_desc *desc,
			  enum dmaengine_tx_result error, size_t residue)
{
	struct dmaengine_result result = { .result = error, .residue = residue };
	struct engine_chan *c = to_engine_chan(desc->tx.chan);
	struct dmaengine_desc_callback cb;
	unsigned long flags;

	atomic_dec(&to_engine(c)->nr_taken);
	spin_lock_irqsave(&c->lock, flags);
	/* Out of order, the last cookie may be beyond this one already. */
	desc->tx.cookie = max_t(dma_cookie_t, desc->tx.cookie,
				c->chan.completed_cookie);
	dma_cookie_complete(&desc->tx);
	spin_unlock_irqrestore(&c->lock, flags);
	dmaengine_desc_get_callback(&desc->tx, &cb);
	/* In an interrupt, as an engine's driver does. */
	local_bh_disable();
	dmaengine_desc_callback_invoke(&cb, &result);
	local_bh_enable();
	kfree(desc);
}

static void engine_finish(struct engine_desc *desc)
{
	enum dmaengine_tx_result error = engine_copy(desc, desc->len);

	engine_report(desc, error, error ? desc->len : 0);
}

static void engine_finish_all(struct list_head *descs)
{
	struct engine_desc *desc, *next;

	list_for_each_entry_safe(desc, next, descs, node)
		engine_finish(desc);
}

static void engine_put_aside(struct engine_chan *c, struct engine_desc *desc,
			     struct list_head *where)
{
	spin_lock_irq(&c->lock);
	list_add_tail(&desc->node, where);
	spin_unlock_irq(&c->lock);
}

static void engine_run_late(struct work_struct *work)
{
	struct engine_chan *c = container_of(to_delayed_work(work),
					     struct engine_chan, late_work);
	struct engine_desc *desc, *next;
	LIST_HEAD(due);

	spin_lock_irq(&c->lock);
	list_for_each_entry_safe(desc, next, &c->late, node)
		if (time_after_eq(jiffies, desc->due))
			list_move_tail(&desc->node, &due);
	desc = list_first_entry_or_null(&c->late, struct engine_desc, node);
	if (desc)
		queue_delayed_work(engine_wq, &c->late_work, desc->due - jiffies);
	spin_unlock_irq(&c->lock);
	engine_finish_all(&due);
}

static void engine_run_one(struct engine_chan *c, struct engine_desc *desc)
{
	if (engine_fails(ENGINE_FAIL_LOST)) {
		engine_put_aside(c, desc, &c->lost);
	} else if (engine_fails(ENGINE_FAIL_LATE)) {
		desc->due = jiffies + msecs_to_jiffies(engine_late_ms());
		engine_put_aside(c, desc, &c->late);
		queue_delayed_work(engine_wq, &c->late_work, desc->due - jiffies);
	} else if (engine_fails(ENGINE_FAIL_COPY)) {
		engine_report(desc, DMA_TRANS_READ_FAILED, desc->len);
	} else if (engine_fails(ENGINE_FAIL_SHORT)) {
		engine_copy(desc, desc->len / 2);
		engine_report(desc, DMA_TRANS_WRITE_FAILED,
			      desc->len - desc->len / 2);
	} else {
		engine_finish(desc);
	}
}

static struct engine_desc *engine_next(struct engine_chan *c)
{
	struct engine_desc *desc = NULL;

	spin_lock_irq(&c->lock);
	if (!list_empty(&c->issued)) {
		desc = !list_is_singular(&c->issued) &&
		       engine_fails(ENGINE_FAIL_ORDER) ?
		       list_last_entry(&c->issued, struct engine_desc, node) :
		       list_first_entry(&c->issued, struct engine_desc, node);
		list_del(&desc->node);
	}
	spin_unlock_irq(&c->lock);
	return desc;
}

static void engine_run(struct work_struct *work)
{
	struct engine_chan *c = container_of(work, struct engine_chan, work);
	struct engine_desc *desc;

	while ((desc = engine_next(c)))
		engine_run_one(c, desc);
}

static dma_cookie_t engine_submit(struct dma_async_tx_descriptor *tx)
{
	struct engine_desc *desc = container_of(tx, struct engine_desc, tx);
	struct engine_chan *c = to_engine_chan(tx->chan);
	dma_cookie_t cookie = -ENODEV;
	unsigned long flags;

	WARN_ON_ONCE(READ_ONCE(to_engine(c)->asleep));
	spin_lock_irqsave(&c->lock, flags);
	if (!c->gone && !engine_fails(ENGINE_FAIL_SUBMIT)) {
		atomic_inc(&to_engine(c)->nr_taken);
		cookie = dma_cookie_assign(tx);
		list_add_tail(&desc->node, &c->submitted);
		desc = NULL;
	}
	spin_unlock_irqrestore(&c->lock, flags);
	kfree(desc);
	return cookie;
}

static struct dma_async_tx_descriptor *
engine_prep(struct dma_chan *chan, dma_addr_t dst, dma_addr_t src, size_t len,
	    unsigned long flags)
{
	struct engine_desc *desc;

	if (engine_fails(ENGINE_FAIL_PREP))
		return NULL;
	desc = kzalloc_obj(*desc, GFP_NOWAIT | __GFP_NOMEMALLOC);
	if (!desc)
		return NULL;
	dma_async_tx_descriptor_init(&desc->tx, chan);
	desc->tx.tx_submit = engine_submit;
	desc->tx.flags = flags;
	desc->dst = dst;
	desc->src = src;
	desc->len = len;
	return &desc->tx;
}

static void engine_issue_pending(struct dma_chan *chan)
{
	struct engine_chan *c = to_engine_chan(chan);
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	list_splice_tail_init(&c->submitted, &c->issued);
	spin_unlock_irqrestore(&c->lock, flags);
	queue_work(engine_wq, &c->work);
}

static int engine_alloc_chan(struct dma_chan *chan)
{
	return engine_fails(ENGINE_FAIL_CHANNEL) ? -EBUSY : 1;
}

/* Submitted and never issued: nobody else will free them. */
static void engine_free_chan(struct dma_chan *chan)
{
	struct engine_chan *c = to_engine_chan(chan);
	struct engine_desc *desc, *next;

	flush_work(&c->work);
	list_for_each_entry_safe(desc, next, &c->submitted, node) {
		atomic_dec(&to_engine(c)->nr_taken);
		kfree(desc);
	}
	INIT_LIST_HEAD(&c->submitted);
}

static enum dma_status engine_tx_status(struct dma_chan *chan,
					dma_cookie_t cookie,
					struct dma_tx_state *state)
{
	/* As with engines that complete out of order. */
	return DMA_OUT_OF_ORDER;
}

/* What was lost comes back, and writes. */
void engine_chan_release_lost(struct engine_chan *c)
{
	LIST_HEAD(lost);

	spin_lock_irq(&c->lock);
	list_splice_init(&c->lost, &lost);
	spin_unlock_irq(&c->lock);
	engine_finish_all(&lost);
}

/* Take nothing any more, and end everything that has been taken. */
void engine_chan_abort(struct engine_chan *c)
{
	struct engine_desc *desc, *next;
	LIST_HEAD(aborted);

	spin_lock_irq(&c->lock);
	c->gone = true;
	list_splice_tail_init(&c->submitted, &aborted);
	list_splice_tail_init(&c->issued, &aborted);
	spin_unlock_irq(&c->lock);
	/* What it has in its hands may yet be put aside. */
	flush_work(&c->work);
	spin_lock_irq(&c->lock);
	list_splice_tail_init(&c->late, &aborted);
	list_splice_tail_init(&c->lost, &aborted);
	spin_unlock_irq(&c->lock);
	cancel_delayed_work_sync(&c->late_work);
	list_for_each_entry_safe(desc, next, &aborted, node)
		engine_report(desc, DMA_TRANS_ABORTED, desc->len);
}

void engine_init_chan(struct engine *engine, struct engine_chan *c)
{
	c->chan.device = &engine->dma;
	spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->submitted);
	INIT_LIST_HEAD(&c->issued);
	INIT_LIST_HEAD(&c->late);
	INIT_LIST_HEAD(&c->lost);
	INIT_WORK(&c->work, engine_run);
	INIT_DELAYED_WORK(&c->late_work, engine_run_late);
	dma_cookie_init(&c->chan);
	list_add_tail(&c->chan.device_node, &engine->dma.channels);
}

void engine_set_ops(struct dma_device *dma)
{
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma->device_alloc_chan_resources = engine_alloc_chan;
	dma->device_free_chan_resources = engine_free_chan;
	dma->device_prep_dma_memcpy = engine_prep;
	dma->device_issue_pending = engine_issue_pending;
	dma->device_tx_status = engine_tx_status;
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_DESCRIPTOR;
}
