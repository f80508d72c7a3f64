/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dcbm: what its files share.
 */
#ifndef _DRIVERS_MIGRATE_OFFLOAD_DCBM_H
#define _DRIVERS_MIGRATE_OFFLOAD_DCBM_H

#include <linux/dmaengine.h>
#include <linux/list.h>
#include <linux/migrate_offload.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

/*
 * What is mapped and handed to a channel at a time.  Everything for it is
 * allocated with the channel, as nothing may be while folios are locked.
 */
#define DCBM_WINDOW_ENTRIES	512
#define DCBM_WINDOW_BYTES	SZ_4M

#define DCBM_MAX_CHANNELS	64

/* A window, with all folios of its batch: a minute at most. */
#define DCBM_TIMEOUT_MAX_MS	(60 * MSEC_PER_SEC)

struct dcbm_chan;
struct dcbm_window;

/* Counters that show what went wrong, each a file in sysfs. */
enum dcbm_count {
	DCBM_MAP_FAILED,	/* windows that could not be mapped */
	DCBM_PREP_FAILED,	/* windows with bytes that no descriptor took */
	DCBM_SUBMIT_FAILED,	/* descriptors */
	DCBM_ERRORS,		/* descriptors that ended with an error */
	DCBM_TIMEOUTS,		/* windows that did not end in time */
	DCBM_VERIFY_FAILED,	/* folios that differed after a "success" */
	DCBM_BOUNCING,		/* channels refused, as their device bounces */
	DCBM_NR_COUNTS
};

/* Why no transfer may begin; hibernation may enclose a suspend. */
enum dcbm_rest {
	DCBM_SUSPEND,
	DCBM_HIBERNATE,
	DCBM_DOWN,
};

/* Adjoining base pages of a pair, no longer than a DMA segment may be. */
struct dcbm_entry {
	struct folio *dst;
	struct folio *src_held;	/* see dcbm_lose() */
	unsigned long src_pfn;
	unsigned long dst_pfn;
	unsigned int pair;
	unsigned int nr_pages;
};

struct dcbm_desc {
	struct dcbm_window *window;
	unsigned int start;	/* in bytes, from the start of the window */
	unsigned int bytes;
	bool arrived;
};

/* A walk through the DMA segments of one side of a window. */
struct dcbm_cursor {
	struct scatterlist *sg;
	unsigned int nr_left;	/* segments, this one included */
	unsigned int done;	/* bytes of this one */
};

struct dcbm_window {
	struct dcbm_chan *chan;
	struct sg_table src_table;
	struct sg_table dst_table;
	struct dcbm_cursor src_cursor;
	struct dcbm_cursor dst_cursor;
	unsigned int nr_entries;
	unsigned int nr_descs;
	unsigned int bytes;
	unsigned int taken;	/* bytes that have been given to descriptors */
	struct dcbm_entry entries[DCBM_WINDOW_ENTRIES];
	struct scatterlist src[DCBM_WINDOW_ENTRIES];
	struct scatterlist dst[DCBM_WINDOW_ENTRIES];
	/* Both sides may be cut at places of their own. */
	struct dcbm_desc descs[2 * DCBM_WINDOW_ENTRIES];
};

/**
 * struct dcbm_chan - an exclusive DMA channel
 * @node: In the list of free channels, of those of one batch, or of those in
 *	quarantine.
 * @held: In the list of all but those in quarantine, and of those that leave it.
 * @dma: The channel; NULL in quarantine when its driver has gone.
 * @dev: Device of its provider.
 * @map_dev: Device that its addresses are for, most often the same.
 * @max_segment: Longest entry in bytes, a multiple of a page.
 * @max_desc: Longest descriptor that the engine is known to take, in bytes.
 * @window: Memory for two windows.
 * @active: The one that the engine works on, or NULL.
 * @next: The one that is mapped and waits for its turn, or NULL.
 * @deadline: When @active has to be done, in jiffies.
 * @quiet_work: Ends the quarantine.
 * @lock: Protects the following, from interrupts too.
 * @waiter: Task to wake when @outstanding becomes 0.
 * @outstanding: Descriptors whose callback has not run, plus one while more
 *	are being submitted.
 * @retired: Did not end in time: in quarantine until @outstanding is 0.
 * @pins: It holds a reference on this module, while in quarantine.
 * @leaving: Its device loses its driver: to be given back as soon as it is free.
 *	Protected by dcbm_lock, as is the following.
 * @waits: It has ended in quarantine while the engines rest.
 */
struct dcbm_chan {
	struct list_head node;
	struct list_head held;
	struct dma_chan *dma;
	struct device *dev;
	struct device *map_dev;
	unsigned int max_segment;
	unsigned int max_desc;
	struct dcbm_window *window[2];
	struct dcbm_window *active;
	struct dcbm_window *next;
	unsigned long deadline;
	struct work_struct quiet_work;
	spinlock_t lock;	/* see above */
	struct task_struct *waiter;
	unsigned int outstanding;
	bool retired;
	bool pins;
	bool leaving;
	bool waits;
};

/**
 * struct dcbm_job - the copying of one batch
 * @batch: The batch.
 * @chans: Channels that work on it.
 * @window_bytes: Length of a window, so that every channel gets a share.
 * @timeout: How long a window may take, in jiffies.
 * @deadline: No window is submitted from then on, in jiffies.
 * @pair: First pair that is not in a window yet, or not as a whole.
 * @page: First page of it that is not.
 */
struct dcbm_job {
	struct migrate_batch *batch;
	struct list_head chans;
	unsigned long window_bytes;
	unsigned long timeout;
	unsigned long deadline;
	unsigned int pair;
	unsigned int page;
};

/* The pair that a window, which is not empty, ends with. */
static inline unsigned int dcbm_window_end(const struct dcbm_window *w)
{
	return w->entries[w->nr_entries - 1].pair;
}

/* dcbm_window.c */
bool dcbm_window_fill(struct dcbm_window *w, struct dcbm_job *job);
int dcbm_window_map(struct dcbm_window *w);
void dcbm_window_unmap(struct dcbm_window *w);
void dcbm_window_submit(struct dcbm_window *w);
bool dcbm_window_submitted(const struct dcbm_window *w);
void dcbm_window_reap(struct dcbm_window *w, struct dcbm_job *job);
void dcbm_skip_rest(struct dcbm_job *job, unsigned int pair);

/* dcbm_chan.c */
extern spinlock_t dcbm_lock;

int dcbm_chans_resize(unsigned int nr);
bool dcbm_chans_any_free(void);
bool dcbm_chans_resting(void);
bool dcbm_chan_hold(struct dcbm_chan *chan);
void dcbm_chan_unlist(struct dcbm_chan *chan);
int dcbm_chans_rest(enum dcbm_rest why);
void dcbm_chans_wake(enum dcbm_rest why);
unsigned int dcbm_chans_get(struct dcbm_job *job, unsigned int nr);
void dcbm_chans_leave(struct device *dev);
void dcbm_chan_put(struct dcbm_chan *chan);
void dcbm_chan_end(struct dcbm_chan *chan);
void dcbm_chan_forget(struct dcbm_chan *chan);
void dcbm_chan_set_dev(struct dcbm_chan *chan, struct device *dev);
int dcbm_chans_init(void);
void dcbm_chans_wait(void);
void dcbm_chans_exit(void);

/* dcbm_request.c */
int dcbm_chan_request(struct dcbm_chan *chan);
void dcbm_chan_release(struct dcbm_chan *chan);
void dcbm_request_exit(void);

/* dcbm_quarantine.c */
bool dcbm_chan_retire(struct dcbm_chan *chan, struct migrate_batch *batch);
void dcbm_chan_quiet(struct dcbm_chan *chan);
unsigned int dcbm_nr_quarantined(void);
unsigned int dcbm_nr_unanswered(void);
void dcbm_quarantine_leave(struct device *dev);
void dcbm_quarantine_flush(void);
void dcbm_quarantine_wake(void);
void dcbm_quarantine_wait(void);
int dcbm_quarantine_init(void);
void dcbm_quarantine_exit(void);

/* dcbm_power.c */
int dcbm_power_init(void);
void dcbm_power_exit(void);

/* dcbm_main.c */
void dcbm_count(enum dcbm_count what);

#endif /* _DRIVERS_MIGRATE_OFFLOAD_DCBM_H */
