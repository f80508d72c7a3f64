// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm: the channels that it holds.
 *
 * A channel is free or belongs to one batch, which gives it back, or gives it up:
 * see dcbm_quarantine.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "dcbm.h"

/* What a batch does between its windows, on a busy machine. */
#define DCBM_GRACE	(10 * HZ)

/* Protects the lists and numbers of channels. */
DEFINE_SPINLOCK(dcbm_lock);
static LIST_HEAD(dcbm_free);
/* Free ones, those of batches, and those that are being taken or given back. */
static LIST_HEAD(dcbm_held);
static unsigned int dcbm_nr_wanted;
/* Free ones and those of batches; dcbm_chans_resize() reads it without the lock. */
static unsigned int dcbm_nr_held;
/* For those who wait until a channel is free, or not in dcbm_held any more. */
static DECLARE_WAIT_QUEUE_HEAD(dcbm_changed);
/*
 * Reasons to rest, a bit for each enum dcbm_rest: no batch gets a channel, nor begins
 * another window, and none is requested or given back, unless its device loses its
 * driver.  Read without the lock, too.
 */
static unsigned long dcbm_resting;
static struct workqueue_struct *dcbm_wq;

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
			dcbm_chan_quiet(chan);
		else if (chan->waiter)
			wake_up_process(chan->waiter);
	}
	spin_unlock_irqrestore(&chan->lock, flags);
}

/**
 * dcbm_chan_hold - begin with what may touch the engine of a channel
 * @chan: Channel that is not held.
 *
 * Until dcbm_chan_unlist(), whoever wants the engines to rest waits for it, and so does
 * who unbinds its driver.
 *
 * Context: dcbm_lock is held.
 * Return: false when the engines rest: then it must not be done.
 */
bool dcbm_chan_hold(struct dcbm_chan *chan)
{
	lockdep_assert_held(&dcbm_lock);
	if (dcbm_resting)
		return false;
	list_add_tail(&chan->held, &dcbm_held);
	return true;
}

/* Its device may be unbound now, or before it is another one of ours. */
void dcbm_chan_unlist(struct dcbm_chan *chan)
{
	lockdep_assert_held(&dcbm_lock);
	list_del_init(&chan->held);
	wake_up(&dcbm_changed);
}

/* A channel of a batch goes into quarantine. */
void dcbm_chan_forget(struct dcbm_chan *chan)
{
	lockdep_assert_held(&dcbm_lock);
	WRITE_ONCE(dcbm_nr_held, dcbm_nr_held - 1);
	dcbm_chan_unlist(chan);
}

/*
 * To be called before it is certain that @chan will be one of @dev, and again, for
 * another one or none, when it will not.
 */
void dcbm_chan_set_dev(struct dcbm_chan *chan, struct device *dev)
{
	spin_lock(&dcbm_lock);
	chan->dev = dev;
	chan->leaving = false;
	wake_up(&dcbm_changed);
	spin_unlock(&dcbm_lock);
}

static void dcbm_chan_destroy(struct dcbm_chan *chan)
{
	dcbm_chan_release(chan);
	spin_lock(&dcbm_lock);
	dcbm_chan_unlist(chan);
	spin_unlock(&dcbm_lock);
	kfree(chan);
}

/* Is it one of ours from now on?  Not if its device is being unbound. */
static bool dcbm_chan_add(struct dcbm_chan *chan)
{
	bool stays;

	spin_lock(&dcbm_lock);
	stays = !chan->leaving;
	if (stays) {
		list_add_tail(&chan->node, &dcbm_free);
		WRITE_ONCE(dcbm_nr_held, dcbm_nr_held + 1);
		wake_up(&dcbm_changed);
	}
	spin_unlock(&dcbm_lock);
	return stays;
}

static int dcbm_chan_create(void)
{
	struct dcbm_chan *chan = kzalloc_obj(*chan);
	bool held;
	int err;

	if (!chan)
		return -ENOMEM;
	spin_lock(&dcbm_lock);
	held = dcbm_chan_hold(chan);
	spin_unlock(&dcbm_lock);
	if (!held) {
		kfree(chan);
		return -EBUSY;
	}
	err = dcbm_chan_request(chan);
	if (!err && !dcbm_chan_add(chan))
		err = -EAGAIN;
	if (err)
		dcbm_chan_destroy(chan);
	return err;
}

/* One that is free, and leaves or is one too many; NULL if there is none. */
static struct dcbm_chan *dcbm_chan_surplus(void)
{
	struct dcbm_chan *chan, *surplus = NULL;

	spin_lock(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_free, node)
		if (chan->leaving || (!dcbm_resting && dcbm_nr_held > dcbm_nr_wanted))
			surplus = chan;
	if (surplus) {
		list_del(&surplus->node);
		WRITE_ONCE(dcbm_nr_held, dcbm_nr_held - 1);
	}
	spin_unlock(&dcbm_lock);
	return surplus;
}

static void dcbm_trim(struct work_struct *work)
{
	struct dcbm_chan *chan;

	while ((chan = dcbm_chan_surplus()))
		dcbm_chan_destroy(chan);
}

static DECLARE_WORK(dcbm_trim_work, dcbm_trim);

static bool dcbm_holds(const struct device *dev)
{
	struct dcbm_chan *chan;
	bool holds = false;

	spin_lock(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_held, held)
		holds |= chan->dev == dev;
	spin_unlock(&dcbm_lock);
	return holds;
}

/**
 * dcbm_chans_leave - give back all channels of a device
 * @dev: The device, whose driver still works.
 *
 * Waits for the batches that use them, so for no longer than those may take.
 * What is in quarantine keeps its mappings and references.
 */
void dcbm_chans_leave(struct device *dev)
{
	struct dcbm_chan *chan;

	spin_lock(&dcbm_lock);
	list_for_each_entry(chan, &dcbm_held, held)
		if (chan->dev == dev)
			chan->leaving = true;
	spin_unlock(&dcbm_lock);
	dcbm_trim(NULL);
	wait_event(dcbm_changed, !dcbm_holds(dev));
	dcbm_quarantine_leave(dev);
}

static void dcbm_want(unsigned int nr)
{
	spin_lock(&dcbm_lock);
	dcbm_nr_wanted = nr;
	spin_unlock(&dcbm_lock);
	dcbm_trim(NULL);
	/* What another batch left to it can be requested again, too. */
	flush_work(&dcbm_trim_work);
}

/**
 * dcbm_chans_resize - have so many exclusive channels
 * @nr: How many; those that a batch uses now are given back after it.
 *
 * Context: Process context, serialised by the caller.  Sleeps.
 * Return: 0; -ENODEV when there are fewer that are free and of use; -ENOMEM; -EBUSY
 * when the engines rest.
 * On failure there are as many as before.
 */
int dcbm_chans_resize(unsigned int nr)
{
	unsigned int before = dcbm_nr_wanted;
	int err;

	dcbm_want(nr);
	while (READ_ONCE(dcbm_nr_held) < nr) {
		err = dcbm_chan_create();
		/* One of a device that is being unbound: others may be there. */
		if (!err || err == -EAGAIN)
			continue;
		if (err != -EBUSY)
			pr_info("%u DMA channels wanted, %u are there that can copy memory without bouncing\n",
				nr, READ_ONCE(dcbm_nr_held));
		dcbm_want(before);
		return err;
	}
	return 0;
}

/* Shall no transfer begin? */
bool dcbm_chans_resting(void)
{
	return READ_ONCE(dcbm_resting);
}

/* Is none with a batch, nor being taken or given back? */
static bool dcbm_all_idle(void)
{
	bool idle;

	spin_lock(&dcbm_lock);
	idle = list_count_nodes(&dcbm_held) == list_count_nodes(&dcbm_free);
	spin_unlock(&dcbm_lock);
	return idle;
}

/**
 * dcbm_chans_rest - let the engines be
 * @why: Until dcbm_chans_wake() is called with the same reason.
 *
 * Waits for the windows that are under way, and for channels that are being taken or
 * given back.  What is left of their batches is the CPU's, as are all batches from
 * then on.  What is to be given back stays.
 *
 * Context: Process context.  Sleeps, for little more than DCBM_TIMEOUT_MAX_MS at most.
 * Return: 0; -EBUSY when a channel is in use for longer than any may, so a task has
 * died with it, or hangs in the engine's driver.
 */
int dcbm_chans_rest(enum dcbm_rest why)
{
	spin_lock(&dcbm_lock);
	WRITE_ONCE(dcbm_resting, dcbm_resting | BIT(why));
	spin_unlock(&dcbm_lock);
	if (!wait_event_timeout(dcbm_changed, dcbm_all_idle(),
				msecs_to_jiffies(DCBM_TIMEOUT_MAX_MS) + DCBM_GRACE))
		return -EBUSY;
	return 0;
}

/**
 * dcbm_chans_wake - use the engines again, unless there is another reason not to
 * @why: The reason that is none any more.
 *
 * Context: Process context.
 */
void dcbm_chans_wake(enum dcbm_rest why)
{
	spin_lock(&dcbm_lock);
	WRITE_ONCE(dcbm_resting, dcbm_resting & ~BIT(why));
	if (!dcbm_resting) {
		queue_work(dcbm_wq, &dcbm_trim_work);
		dcbm_quarantine_wake();
	}
	spin_unlock(&dcbm_lock);
}

bool dcbm_chans_any_free(void)
{
	return !dcbm_chans_resting() && !list_empty_careful(&dcbm_free);
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
	for (int distance = 0; distance < 3 && !dcbm_resting; distance++) {
		list_for_each_entry_safe(chan, next, &dcbm_free, node) {
			if (got == nr)
				break;
			if (chan->leaving ||
			    dcbm_chan_distance(chan, job->batch) != distance)
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
	wake_up(&dcbm_changed);
	if (chan->leaving || dcbm_nr_held > dcbm_nr_wanted)
		queue_work(dcbm_wq, &dcbm_trim_work);
	spin_unlock(&dcbm_lock);
}

int dcbm_chans_init(void)
{
	dcbm_wq = alloc_workqueue("dcbm", WQ_UNBOUND, 0);
	return dcbm_wq ? 0 : -ENOMEM;
}

static bool dcbm_none_held(void)
{
	bool none;

	spin_lock(&dcbm_lock);
	none = list_empty(&dcbm_held);
	spin_unlock(&dcbm_lock);
	return none;
}

/* None is wanted any more: wait until all have been given back. */
void dcbm_chans_wait(void)
{
	/* That may be when the machine has slept: whoever waits can be frozen. */
	wait_event_state(dcbm_changed, dcbm_none_held(),
			 (TASK_UNINTERRUPTIBLE | TASK_FREEZABLE));
}

void dcbm_chans_exit(void)
{
	destroy_workqueue(dcbm_wq);
}
