// SPDX-License-Identifier: GPL-2.0
/*
 * A DMA engine that is software, and fails on purpose.
 *
 * A provider of DMAEngine whose channels copy in work items, so asynchronously
 * to whoever submits.  What goes wrong is chosen by fault injection attributes in
 * debugfs, in migrate_offload_engine/:
 *
 *   fail_channel  a channel that is refused
 *   fail_prep     no descriptor
 *   fail_copy     an error, with nothing copied
 *   fail_short    an error, with half of it copied
 *   fail_order    the youngest descriptor goes first
 *   fail_late     copied and reported after late_ms
 *   fail_lost     copied and reported when something is written to "release"
 *
 * Each counts in "NAME_count" how often it struck.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/fault-inject.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../dma/dmaengine.h"

#define ENGINE_MAX_CHANNELS	64

static unsigned int channels = 4;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "number of channels, 1 to 64 (default 4)");

static int node = NUMA_NO_NODE;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "node of the device (default none)");

static unsigned int late_ms = 2000;

enum engine_fault {
	FAULT_CHANNEL, FAULT_PREP, FAULT_COPY, FAULT_SHORT, FAULT_ORDER,
	FAULT_LATE, FAULT_LOST, NR_FAULTS
};

static const char * const engine_fault_names[NR_FAULTS] = {
	"fail_channel", "fail_prep", "fail_copy", "fail_short", "fail_order",
	"fail_late", "fail_lost",
};

static struct fault_attr engine_faults[NR_FAULTS];
static atomic_t engine_fault_counts[NR_FAULTS];

struct engine_desc {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	struct delayed_work late;
	dma_addr_t dst;
	dma_addr_t src;
	size_t len;
};

struct engine_chan {
	struct dma_chan chan;
	struct work_struct work;
	spinlock_t lock;	/* protects the lists, and cookies */
	struct list_head submitted;
	struct list_head issued;
	struct list_head lost;
};

struct engine {
	struct dma_device dma;
	struct engine_chan chans[ENGINE_MAX_CHANNELS];
};

static struct engine *engine;
static struct platform_device *engine_device;
static struct workqueue_struct *engine_wq;
static struct dentry *engine_dir;

static bool engine_fails(enum engine_fault fault)
{
	if (!should_fail(&engine_faults[fault], 1))
		return false;
	atomic_inc(&engine_fault_counts[fault]);
	return true;
}

static struct engine_chan *to_engine_chan(struct dma_chan *chan)
{
	return container_of(chan, struct engine_chan, chan);
}

/* NULL where an IOMMU does not know the address. */
static void *engine_address(dma_addr_t addr)
{
	struct iommu_domain *domain;
	phys_addr_t phys;

	domain = iommu_get_domain_for_dev(engine->dma.dev);
	if (!domain)
		return phys_to_virt(dma_to_phys(engine->dma.dev, addr));
	phys = iommu_iova_to_phys(domain, addr);
	return phys ? phys_to_virt(phys) : NULL;
}

static enum dmaengine_tx_result engine_copy(struct engine_desc *desc,
					    size_t len)
{
	size_t done, step;

	for (done = 0; done < len; done += step) {
		dma_addr_t src = desc->src + done, dst = desc->dst + done;
		void *from = engine_address(src), *to = engine_address(dst);

		step = min3(len - done, PAGE_SIZE - offset_in_page(src),
			    PAGE_SIZE - offset_in_page(dst));
		if (!from)
			return DMA_TRANS_READ_FAILED;
		if (!to)
			return DMA_TRANS_WRITE_FAILED;
		memcpy(to, from, step);
	}
	return DMA_TRANS_NOERROR;
}

static void engine_report(struct engine_desc *desc,
			  enum dmaengine_tx_result error, size_t residue)
{
	struct dmaengine_result result = { .result = error, .residue = residue };
	struct engine_chan *c = to_engine_chan(desc->tx.chan);
	struct dmaengine_desc_callback cb;
	unsigned long flags;

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

static void engine_finish_late(struct work_struct *work)
{
	engine_finish(container_of(to_delayed_work(work), struct engine_desc,
				   late));
}

static void engine_lose(struct engine_chan *c, struct engine_desc *desc)
{
	spin_lock_irq(&c->lock);
	list_add_tail(&desc->node, &c->lost);
	spin_unlock_irq(&c->lock);
}

static void engine_run_one(struct engine_chan *c, struct engine_desc *desc)
{
	if (engine_fails(FAULT_LOST)) {
		engine_lose(c, desc);
	} else if (engine_fails(FAULT_LATE)) {
		queue_delayed_work(engine_wq, &desc->late,
				   msecs_to_jiffies(late_ms));
	} else if (engine_fails(FAULT_COPY)) {
		engine_report(desc, DMA_TRANS_READ_FAILED, desc->len);
	} else if (engine_fails(FAULT_SHORT)) {
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
		       engine_fails(FAULT_ORDER) ?
		       list_last_entry(&c->issued, struct engine_desc, node) :
		       list_first_entry(&c->issued, struct engine_desc, node);
		list_del(&desc->node);
	}
	spin_unlock_irq(&c->lock);
	return desc;
}

static void engine_work(struct work_struct *work)
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
	dma_cookie_t cookie;
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	cookie = dma_cookie_assign(tx);
	list_add_tail(&desc->node, &c->submitted);
	spin_unlock_irqrestore(&c->lock, flags);
	return cookie;
}

static struct dma_async_tx_descriptor *
engine_prep(struct dma_chan *chan, dma_addr_t dst, dma_addr_t src, size_t len,
	    unsigned long flags)
{
	struct engine_desc *desc;

	if (engine_fails(FAULT_PREP))
		return NULL;
	desc = kzalloc_obj(*desc, GFP_NOWAIT | __GFP_NOMEMALLOC);
	if (!desc)
		return NULL;
	dma_async_tx_descriptor_init(&desc->tx, chan);
	desc->tx.tx_submit = engine_submit;
	desc->tx.flags = flags;
	INIT_DELAYED_WORK(&desc->late, engine_finish_late);
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
	return engine_fails(FAULT_CHANNEL) ? -EBUSY : 1;
}

/* Submitted and never issued: nobody else will free them. */
static void engine_free_chan(struct dma_chan *chan)
{
	struct engine_chan *c = to_engine_chan(chan);
	struct engine_desc *desc, *next;

	flush_work(&c->work);
	list_for_each_entry_safe(desc, next, &c->submitted, node)
		kfree(desc);
	INIT_LIST_HEAD(&c->submitted);
}

/* Everything that was lost comes back, and writes. */
static int engine_release_lost(void *data, u64 val)
{
	struct engine_desc *desc, *next;
	LIST_HEAD(lost);

	if (!engine)
		return -ENODEV;
	for (unsigned int i = 0; i < channels; i++) {
		spin_lock_irq(&engine->chans[i].lock);
		list_splice_tail_init(&engine->chans[i].lost, &lost);
		spin_unlock_irq(&engine->chans[i].lock);
	}
	list_for_each_entry_safe(desc, next, &lost, node)
		engine_finish(desc);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(engine_release_fops, NULL, engine_release_lost, "%llu\n");

static void engine_make_files(void)
{
	char name[32];

	engine_dir = debugfs_create_dir("migrate_offload_engine", NULL);
	for (int i = 0; i < NR_FAULTS; i++) {
		engine_faults[i] = (struct fault_attr)FAULT_ATTR_INITIALIZER;
		/* A message for each would be all that the log holds. */
		engine_faults[i].verbose = 0;
		fault_create_debugfs_attr(engine_fault_names[i], engine_dir,
					  &engine_faults[i]);
		snprintf(name, sizeof(name), "%s_count", engine_fault_names[i]);
		debugfs_create_atomic_t(name, 0444, engine_dir,
					&engine_fault_counts[i]);
	}
	debugfs_create_u32("late_ms", 0644, engine_dir, &late_ms);
	debugfs_create_file_unsafe("release", 0200, engine_dir, NULL,
				   &engine_release_fops);
}

static void engine_init_chan(struct engine_chan *c)
{
	c->chan.device = &engine->dma;
	spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->submitted);
	INIT_LIST_HEAD(&c->issued);
	INIT_LIST_HEAD(&c->lost);
	INIT_WORK(&c->work, engine_work);
	dma_cookie_init(&c->chan);
	list_add_tail(&c->chan.device_node, &engine->dma.channels);
}

static enum dma_status engine_tx_status(struct dma_chan *chan,
					dma_cookie_t cookie,
					struct dma_tx_state *state)
{
	/* As with engines that complete out of order. */
	return DMA_OUT_OF_ORDER;
}

static int engine_probe(struct platform_device *pdev)
{
	struct dma_device *dma;
	int err;

	engine = kvzalloc_obj(*engine);
	if (!engine)
		return -ENOMEM;
	dma = &engine->dma;
	dma->dev = &pdev->dev;
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma->device_alloc_chan_resources = engine_alloc_chan;
	dma->device_free_chan_resources = engine_free_chan;
	dma->device_prep_dma_memcpy = engine_prep;
	dma->device_issue_pending = engine_issue_pending;
	dma->device_tx_status = engine_tx_status;
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_DESCRIPTOR;
	INIT_LIST_HEAD(&dma->channels);
	for (unsigned int i = 0; i < channels; i++)
		engine_init_chan(&engine->chans[i]);
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!err)
		err = dma_async_device_register(dma);
	if (err) {
		kvfree(engine);
		engine = NULL;
	}
	return err;
}

/*
 * Only when the module goes, which every channel that is held prevents: nothing
 * is under way.
 */
static void engine_remove(struct platform_device *pdev)
{
	dma_async_device_unregister(&engine->dma);
	kvfree(engine);
}

static struct platform_driver engine_driver = {
	.probe = engine_probe,
	.remove = engine_remove,
	.driver = {
		.name = KBUILD_MODNAME,
		/* Not to be unbound while a client has mappings. */
		.suppress_bind_attrs = true,
	},
};

static int __init engine_init(void)
{
	int err = -ENOMEM;

	if (!channels || channels > ENGINE_MAX_CHANNELS) {
		pr_err("channels=%u: it must be 1 to %u\n", channels,
		       ENGINE_MAX_CHANNELS);
		return -EINVAL;
	}
	if (node != NUMA_NO_NODE && (node < 0 || node >= MAX_NUMNODES ||
				     !node_online(node))) {
		pr_err("node=%d: there is no such node\n", node);
		return -EINVAL;
	}
	engine_wq = alloc_workqueue("migrate_offload_engine", WQ_UNBOUND, 0);
	if (!engine_wq)
		return err;
	engine_device = platform_device_alloc(KBUILD_MODNAME, PLATFORM_DEVID_NONE);
	if (!engine_device)
		goto err_wq;
	set_dev_node(&engine_device->dev, node);
	err = platform_driver_register(&engine_driver);
	if (err)
		goto err_device;
	err = platform_device_add(engine_device);
	if (err)
		goto err_driver;
	engine_make_files();
	return 0;

err_driver:
	platform_driver_unregister(&engine_driver);
err_device:
	platform_device_put(engine_device);
err_wq:
	destroy_workqueue(engine_wq);
	return err;
}
module_init(engine_init);

/* Channels that are held pin this module, so nothing is under way. */
static void __exit engine_exit(void)
{
	debugfs_remove(engine_dir);
	platform_device_unregister(engine_device);
	platform_driver_unregister(&engine_driver);
	destroy_workqueue(engine_wq);
}
module_exit(engine_exit);

MODULE_DESCRIPTION("DMA engine in software, which fails on purpose");
MODULE_LICENSE("GPL");
