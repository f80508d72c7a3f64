/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A DMA engine that is software: what its files share.
 */
#ifndef _DRIVERS_MIGRATE_OFFLOAD_TESTS_ENGINE_H
#define _DRIVERS_MIGRATE_OFFLOAD_TESTS_ENGINE_H

#include <linux/dmaengine.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define ENGINE_NAME		"migrate_offload_engine"
#define ENGINE_MAX_CHANNELS	64

enum engine_fault {
	ENGINE_FAIL_CHANNEL,	/* a channel that is refused */
	ENGINE_FAIL_PREP,	/* no descriptor */
	ENGINE_FAIL_SUBMIT,	/* a descriptor that is refused */
	ENGINE_FAIL_COPY,	/* an error, with nothing copied */
	ENGINE_FAIL_SHORT,	/* an error, with half of it copied */
	ENGINE_FAIL_ORDER,	/* the youngest descriptor goes first */
	ENGINE_FAIL_LATE,	/* copied and reported after late_ms */
	ENGINE_FAIL_LOST,	/* the same when "release" is written to */
	ENGINE_NR_FAULTS
};

struct engine_chan {
	struct dma_chan chan;
	struct work_struct work;
	struct delayed_work late_work;
	spinlock_t lock;	/* protects the following, and cookies */
	struct list_head submitted;
	struct list_head issued;
	struct list_head late;
	struct list_head lost;
	bool gone;		/* takes nothing any more */
};

struct engine {
	struct dma_device dma;
	atomic_t nr_taken;	/* transfers that have not been reported */
	bool asleep;		/* whoever submits now is wrong */
	unsigned int nr_chans;
	struct engine_chan chans[] __counted_by(nr_chans);
};

/* engine_main.c */
extern struct workqueue_struct *engine_wq;

int engine_release_lost(void);

/* engine_chan.c */
void engine_init_chan(struct engine *engine, struct engine_chan *c);
void engine_set_ops(struct dma_device *dma);
void engine_chan_release_lost(struct engine_chan *c);
void engine_chan_abort(struct engine_chan *c);

/* engine_fault.c */
bool engine_fails(enum engine_fault fault);
unsigned int engine_late_ms(void);
void engine_make_files(void);
void engine_remove_files(void);

#endif /* _DRIVERS_MIGRATE_OFFLOAD_TESTS_ENGINE_H */
