// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm: a channel is requested from DMAEngine, and given back to it.
 *
 * DMAEngine does not tell its clients that a driver is about to be unbound from
 * its device, and goes on without them.  The driver core does tell, before: then
 * the channels of this device are given back.
 */
#include <linux/device.h>
#include <linux/device/bus.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "dcbm.h"

/* A bus whose devices are watched, from their first use until the module goes. */
struct dcbm_bus {
	struct list_head node;
	const struct bus_type *bus;
	struct notifier_block nb;
};

/* Changed by whoever requests channels, one at a time. */
static LIST_HEAD(dcbm_buses);

struct dcbm_request {
	struct dcbm_chan *chan;
	const struct bus_type *unwatched;
	bool busy;
};

/* For a device that is locked for another purpose than to be unbound. */
#define DCBM_REQUEST_TRIES	10

static int dcbm_bus_notify(struct notifier_block *nb, unsigned long action,
			   void *dev)
{
	if (action == BUS_NOTIFY_UNBIND_DRIVER)
		dcbm_chans_leave(dev);
	/* Its last callbacks have run: no mapping may outlive this. */
	if (action == BUS_NOTIFY_UNBOUND_DRIVER)
		dcbm_quarantine_flush();
	return NOTIFY_OK;
}

static bool dcbm_is_watched(const struct bus_type *bus)
{
	struct dcbm_bus *b;

	list_for_each_entry(b, &dcbm_buses, node)
		if (b->bus == bus)
			return true;
	return false;
}

static int dcbm_watch(const struct bus_type *bus)
{
	struct dcbm_bus *b = kzalloc_obj(*b);
	int err;

	if (!b)
		return -ENOMEM;
	b->bus = bus;
	b->nb.notifier_call = dcbm_bus_notify;
	/* Before those who look for mappings that are left. */
	b->nb.priority = INT_MAX;
	err = bus_register_notifier(bus, &b->nb);
	if (err)
		kfree(b);
	else
		list_add(&b->node, &dcbm_buses);
	return err;
}

/* No device is watched any more, and no notification is under way. */
void dcbm_request_exit(void)
{
	struct dcbm_bus *b, *next;

	list_for_each_entry_safe(b, next, &dcbm_buses, node) {
		bus_unregister_notifier(b->bus, &b->nb);
		kfree(b);
	}
}

static bool dcbm_dev_fits(struct device *dev)
{
	/* A device that bounces copies with the CPU, twice. */
	if (dma_max_mapping_size(dev) < DCBM_WINDOW_BYTES) {
		dcbm_count(DCBM_BOUNCING);
		return false;
	}
	return dma_get_max_seg_size(dev) >= PAGE_SIZE;
}

/*
 * Drivers are unbound under the lock of their device: where it is held, that may
 * be.  Where that begins after this, the notification finds the channel, and waits.
 */
static bool dcbm_dev_stays(struct device *dev, struct dcbm_request *request)
{
	bool bound;

	if (!dev->bus)
		return true;
	if (!device_trylock(dev)) {
		request->busy = true;
		return false;
	}
	bound = dev->driver;
	device_unlock(dev);
	return bound;
}

static bool dcbm_filter(struct dma_chan *dma, void *param)
{
	struct dcbm_request *request = param;
	struct device *dev = dma->device->dev;

	/* A provider that is gone has none, and stays listed for its clients. */
	if (!dma->device->chancnt)
		return false;
	if (!dcbm_dev_fits(dmaengine_get_dma_device(dma)) ||
	    1UL << dma->device->copy_align > PAGE_SIZE)
		return false;
	if (dev->bus && !dcbm_is_watched(dev->bus)) {
		request->unwatched = dev->bus;
		return false;
	}
	dcbm_chan_set_dev(request->chan, dev);
	return dcbm_dev_stays(dev, request);
}

/* A bus cannot be watched in the filter, under the locks of DMAEngine. */
static int dcbm_request(struct dcbm_chan *chan)
{
	struct dcbm_request request = { .chan = chan };
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	for (int i = 0; i < DCBM_REQUEST_TRIES; i++) {
		request.unwatched = NULL;
		request.busy = false;
		chan->dma = dma_request_channel(mask, dcbm_filter, &request);
		if (chan->dma)
			return 0;
		/* Whoever unbinds one that was looked at need not wait for us. */
		dcbm_chan_set_dev(chan, NULL);
		if (request.unwatched) {
			int err = dcbm_watch(request.unwatched);

			if (err)
				return err;
		} else if (request.busy) {
			msleep(20);
		} else {
			break;
		}
	}
	return -ENODEV;
}

static struct dcbm_window *dcbm_window_alloc(struct dcbm_chan *chan)
{
	struct dcbm_window *w = kvzalloc_node(sizeof(*w), GFP_KERNEL,
					      dev_to_node(chan->dev));

	if (w)
		w->chan = chan;
	return w;
}

/**
 * dcbm_chan_request - take an exclusive channel
 * @chan: Where to, zeroed but for its lists.
 *
 * Context: Process context, serialised by the caller.  Sleeps.
 * Return: 0, -ENODEV when there is none of use, or -ENOMEM.  On failure
 * dcbm_chan_release() takes back what was done.
 */
int dcbm_chan_request(struct dcbm_chan *chan)
{
	int err;

	err = dcbm_request(chan);
	if (err)
		return err;
	/* Some drivers decide on it only when a channel is requested. */
	chan->map_dev = get_device(dmaengine_get_dma_device(chan->dma));
	if (!dcbm_dev_fits(chan->map_dev))
		return -ENODEV;
	chan->max_segment = ALIGN_DOWN(dma_get_max_seg_size(chan->map_dev),
				       PAGE_SIZE);
	spin_lock_init(&chan->lock);
	chan->window[0] = dcbm_window_alloc(chan);
	chan->window[1] = dcbm_window_alloc(chan);
	return chan->window[0] && chan->window[1] ? 0 : -ENOMEM;
}

/* Give back what dcbm_chan_request() took. */
void dcbm_chan_release(struct dcbm_chan *chan)
{
	if (chan->dma)
		dma_release_channel(chan->dma);
	/* The mappings may have outlived the driver. */
	put_device(chan->map_dev);
	kvfree(chan->window[0]);
	kvfree(chan->window[1]);
}
