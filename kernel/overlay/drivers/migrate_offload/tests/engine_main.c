// SPDX-License-Identifier: GPL-2.0
/*
 * A DMA engine that is software, and fails on purpose.
 *
 * A provider of DMAEngine for tests of its clients.  Its device is a PCI function
 * that QEMU offers and nobody uses, so that its addresses go through an IOMMU
 * where there is one; else a platform device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include "engine.h"

static unsigned int channels = 4;
module_param(channels, uint, 0444);
MODULE_PARM_DESC(channels, "number of channels, 1 to 64 (default 4)");

static int node = NUMA_NO_NODE;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "node of the platform device (default none)");

struct workqueue_struct *engine_wq;

/* The one that there is, from probe to remove. */
static struct engine *engine;
static DEFINE_MUTEX(engine_mutex);
static struct platform_device *engine_pdev;

int engine_release_lost(void)
{
	guard(mutex)(&engine_mutex);
	if (!engine)
		return -ENODEV;
	for (unsigned int i = 0; i < engine->nr_chans; i++)
		engine_chan_release_lost(&engine->chans[i]);
	return 0;
}

static struct engine *engine_create(struct device *dev)
{
	struct engine *e = kvzalloc(struct_size(e, chans, channels), GFP_KERNEL);

	if (!e)
		return NULL;
	e->nr_chans = channels;
	e->dma.dev = dev;
	engine_set_ops(&e->dma);
	INIT_LIST_HEAD(&e->dma.channels);
	for (unsigned int i = 0; i < channels; i++)
		engine_init_chan(e, &e->chans[i]);
	return e;
}

static int engine_add(struct device *dev)
{
	struct engine *e;
	int err;

	guard(mutex)(&engine_mutex);
	if (engine)
		return -EBUSY;
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (err)
		return err;
	e = engine_create(dev);
	if (!e)
		return -ENOMEM;
	err = dma_async_device_register(&e->dma);
	if (err) {
		kvfree(e);
		return err;
	}
	engine = e;
	return 0;
}

/*
 * As most providers, this one cannot outlive its device: clients have let go of its
 * channels before.  The callbacks of what they have lost run here.
 */
static void engine_del(void)
{
	struct engine *e;

	scoped_guard(mutex, &engine_mutex) {
		e = engine;
		engine = NULL;
	}
	for (unsigned int i = 0; i < e->nr_chans; i++)
		engine_chan_abort(&e->chans[i]);
	dma_async_device_unregister(&e->dma);
	kvfree(e);
}

/*
 * Whoever uses an engine lets it be before the machine sleeps, or goes down: what a
 * real one still wrote then would go into memory that is somebody else's, after kexec.
 */
static void engine_sleep(bool sleeps)
{
	guard(mutex)(&engine_mutex);
	if (!engine)
		return;
	WARN(sleeps && atomic_read(&engine->nr_taken),
	     "%d transfers are under way\n", atomic_read(&engine->nr_taken));
	WRITE_ONCE(engine->asleep, sleeps);
}

static int engine_suspend(struct device *dev)
{
	engine_sleep(true);
	return 0;
}

static int engine_resume(struct device *dev)
{
	engine_sleep(false);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(engine_pm_ops, engine_suspend, engine_resume);

static int engine_platform_probe(struct platform_device *pdev)
{
	return engine_add(&pdev->dev);
}

static void engine_platform_remove(struct platform_device *pdev)
{
	engine_del();
}

static void engine_platform_shutdown(struct platform_device *pdev)
{
	engine_sleep(true);
}

static struct platform_driver engine_platform_driver = {
	.probe = engine_platform_probe,
	.remove = engine_platform_remove,
	.shutdown = engine_platform_shutdown,
	.driver.name = ENGINE_NAME,
	.driver.pm = pm_sleep_ptr(&engine_pm_ops),
};

/* Not for modprobe: real drivers of these may exist. */
static const struct pci_device_id engine_pci_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },	/* edu */
	{ PCI_DEVICE(0x1b36, 0x0005) },	/* pci-testdev */
	{}
};

static int engine_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err = pcim_enable_device(pdev);

	return err ? err : engine_add(&pdev->dev);
}

static void engine_pci_remove(struct pci_dev *pdev)
{
	engine_del();
}

static void engine_pci_shutdown(struct pci_dev *pdev)
{
	engine_sleep(true);
}

static struct pci_driver engine_pci_driver = {
	.name = ENGINE_NAME,
	.id_table = engine_pci_ids,
	.probe = engine_pci_probe,
	.remove = engine_pci_remove,
	.shutdown = engine_pci_shutdown,
	.driver.pm = pm_sleep_ptr(&engine_pm_ops),
};

static int engine_platform_register(void)
{
	int err;

	engine_pdev = platform_device_alloc(ENGINE_NAME, PLATFORM_DEVID_NONE);
	if (!engine_pdev)
		return -ENOMEM;
	set_dev_node(&engine_pdev->dev, node);
	err = platform_driver_register(&engine_platform_driver);
	if (!err) {
		err = platform_device_add(engine_pdev);
		if (!err)
			return 0;
		platform_driver_unregister(&engine_platform_driver);
	}
	platform_device_put(engine_pdev);
	return err;
}

static int engine_check_params(void)
{
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
	return 0;
}

static int __init engine_init(void)
{
	int err = engine_check_params();

	if (err)
		return err;
	engine_wq = alloc_workqueue(ENGINE_NAME, WQ_UNBOUND, 0);
	if (!engine_wq)
		return -ENOMEM;
	if (pci_dev_present(engine_pci_ids))
		err = pci_register_driver(&engine_pci_driver);
	else
		err = engine_platform_register();
	if (err)
		destroy_workqueue(engine_wq);
	else
		engine_make_files();
	return err;
}
module_init(engine_init);

/* Channels that are held pin this module, so nothing is under way. */
static void __exit engine_exit(void)
{
	engine_remove_files();
	if (engine_pdev) {
		platform_device_unregister(engine_pdev);
		platform_driver_unregister(&engine_platform_driver);
	} else {
		pci_unregister_driver(&engine_pci_driver);
	}
	destroy_workqueue(engine_wq);
}
module_exit(engine_exit);

MODULE_DESCRIPTION("DMA engine in software, which fails on purpose");
MODULE_LICENSE("GPL");
