// SPDX-License-Identifier: GPL-2.0
/*
 * dcbm: a window, the part of a batch that a channel copies at a time.
 *
 * The task that migrates fills, maps, submits and reaps it.  In between it
 * belongs to the engine, whose callbacks only note what has arrived.
 */
#include <linux/dma-mapping.h>
#include <linux/error-injection.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#ifdef CONFIG_ARM64_MTE
#include <asm/mte.h>
#endif

#include "dcbm.h"

#ifdef CONFIG_ARM64_MTE
/* An engine copies bytes, not the tags that the CPU keeps beside them. */
static bool dcbm_has_tags(struct folio *folio)
{
	if (!system_supports_mte())
		return false;
	/* Those keep note of their tags elsewhere, where there are any. */
	if (folio_test_hugetlb(folio))
		return true;
	for (unsigned long i = 0; i < folio_nr_pages(folio); i++)
		if (page_mte_tagged(folio_page(folio, i)))
			return true;
	return false;
}
#else
static bool dcbm_has_tags(struct folio *folio)
{
	return false;
}
#endif

static void dcbm_skip_tagged(struct dcbm_job *job)
{
	struct migrate_batch *batch = job->batch;

	if (job->page)
		return;
	while (job->pair < batch->nr_pairs &&
	       dcbm_has_tags(batch->pairs[job->pair].src))
		job->pair++;
}

/**
 * dcbm_skip_rest - leave what is left of a folio to the CPU
 * @job: The batch.
 * @pair: The pair, of which a part was not copied.
 *
 * The CPU copies all of such a folio.
 */
void dcbm_skip_rest(struct dcbm_job *job, unsigned int pair)
{
	if (job->pair != pair || !job->page)
		return;
	job->pair++;
	job->page = 0;
}

/*
 * The next pages of the batch that are in one folio and no longer than a
 * segment may be.
 */
static bool dcbm_next_entry(struct dcbm_window *w, struct dcbm_job *job)
{
	struct dcbm_entry *e = &w->entries[w->nr_entries];
	struct migrate_pair *pair;
	unsigned int nr;

	dcbm_skip_tagged(job);
	if (job->pair == job->batch->nr_pairs)
		return false;
	pair = &job->batch->pairs[job->pair];
	nr = min3(pair->nr_pages - job->page,
		  w->chan->max_segment >> PAGE_SHIFT,
		  (unsigned int)((job->window_bytes - w->bytes) >> PAGE_SHIFT));
	if (!nr)
		return false;

	e->dst = pair->dst;
	e->src_held = NULL;
	e->src_pfn = folio_pfn(pair->src) + job->page;
	e->dst_pfn = folio_pfn(pair->dst) + job->page;
	e->pair = job->pair;
	e->nr_pages = nr;
	/* As sg_init_table() does, but only those that are used. */
	w->src[w->nr_entries] = (struct scatterlist) {};
	w->dst[w->nr_entries] = (struct scatterlist) {};
	sg_set_page(&w->src[w->nr_entries], folio_page(pair->src, job->page),
		    nr << PAGE_SHIFT, 0);
	sg_set_page(&w->dst[w->nr_entries], folio_page(pair->dst, job->page),
		    nr << PAGE_SHIFT, 0);
	w->nr_entries++;
	w->bytes += nr << PAGE_SHIFT;
	job->page += nr;
	if (job->page == pair->nr_pages) {
		job->pair++;
		job->page = 0;
	}
	return true;
}

/**
 * dcbm_window_fill - put the next part of a batch into a window
 * @w: Window that is not in use.
 * @job: The batch; what goes into the window will not go into another one.
 *
 * Return: whether anything was left to put into it.
 */
bool dcbm_window_fill(struct dcbm_window *w, struct dcbm_job *job)
{
	w->nr_entries = 0;
	w->nr_descs = 0;
	w->bytes = 0;
	w->taken = 0;
	while (w->nr_entries < DCBM_WINDOW_ENTRIES && dcbm_next_entry(w, job))
		;
	if (!w->nr_entries)
		return false;
	sg_mark_end(&w->src[w->nr_entries - 1]);
	sg_mark_end(&w->dst[w->nr_entries - 1]);
	w->src_table = (struct sg_table) {
		.sgl = w->src, .orig_nents = w->nr_entries,
	};
	w->dst_table = (struct sg_table) {
		.sgl = w->dst, .orig_nents = w->nr_entries,
	};
	return true;
}

/**
 * dcbm_window_map - make both sides of a window known to the device
 * @w: Window that was filled.
 *
 * Return: 0 or a negative errno, and then nothing is mapped.
 */
noinline int dcbm_window_map(struct dcbm_window *w)
{
	struct device *dev = w->chan->map_dev;
	int err;

	err = dma_map_sgtable(dev, &w->src_table, DMA_TO_DEVICE, 0);
	if (err)
		return err;
	err = dma_map_sgtable(dev, &w->dst_table, DMA_FROM_DEVICE, 0);
	if (err) {
		dma_unmap_sgtable(dev, &w->src_table, DMA_TO_DEVICE, 0);
		return err;
	}
	w->src_cursor = (struct dcbm_cursor) {
		.sg = w->src, .nr_left = w->src_table.nents,
	};
	w->dst_cursor = (struct dcbm_cursor) {
		.sg = w->dst, .nr_left = w->dst_table.nents,
	};
	return 0;
}
ALLOW_ERROR_INJECTION(dcbm_window_map, ERRNO);

void dcbm_window_unmap(struct dcbm_window *w)
{
	dma_unmap_sgtable(w->chan->map_dev, &w->dst_table, DMA_FROM_DEVICE, 0);
	dma_unmap_sgtable(w->chan->map_dev, &w->src_table, DMA_TO_DEVICE, 0);
}

static dma_addr_t dcbm_cursor_addr(const struct dcbm_cursor *c)
{
	return sg_dma_address(c->sg) + c->done;
}

static unsigned int dcbm_cursor_left(const struct dcbm_cursor *c)
{
	return c->nr_left ? sg_dma_len(c->sg) - c->done : 0;
}

static void dcbm_cursor_advance(struct dcbm_cursor *c, unsigned int bytes)
{
	c->done += bytes;
	if (c->done < sg_dma_len(c->sg))
		return;
	c->done = 0;
	if (--c->nr_left)
		c->sg = sg_next(c->sg);
}

/*
 * How many bytes adjoin on both sides?  The length of a segment is a limit of
 * the DMA API, not of the engine, so segments that touch are joined again.
 * Returns with the cursors behind those bytes.
 */
static unsigned int dcbm_next_run(struct dcbm_cursor *src,
				  struct dcbm_cursor *dst, unsigned int most)
{
	const dma_addr_t src_addr = dcbm_cursor_addr(src);
	const dma_addr_t dst_addr = dcbm_cursor_addr(dst);
	unsigned int bytes = 0, step;

	do {
		step = min3(dcbm_cursor_left(src), dcbm_cursor_left(dst),
			    most - bytes);
		dcbm_cursor_advance(src, step);
		dcbm_cursor_advance(dst, step);
		bytes += step;
	} while (bytes < most && src->nr_left && dst->nr_left &&
		 dcbm_cursor_addr(src) == src_addr + bytes &&
		 dcbm_cursor_addr(dst) == dst_addr + bytes);
	return bytes;
}

static void dcbm_desc_done(void *param, const struct dmaengine_result *result)
{
	struct dcbm_desc *desc = param;

	desc->arrived = !result || (result->result == DMA_TRANS_NOERROR &&
				    !result->residue);
	if (!desc->arrived)
		dcbm_count(DCBM_ERRORS);
	/* The lock in there orders the above before what the waiter reads. */
	dcbm_chan_end(desc->window->chan);
}

/* A descriptor for the next run; NULL when the engine has none to give. */
static struct dma_async_tx_descriptor *dcbm_prep(struct dcbm_window *w,
						 unsigned int *bytes)
{
	const dma_addr_t src = dcbm_cursor_addr(&w->src_cursor);
	const dma_addr_t dst = dcbm_cursor_addr(&w->dst_cursor);
	struct dcbm_cursor src_next = w->src_cursor, dst_next = w->dst_cursor;
	struct dma_async_tx_descriptor *tx;

	*bytes = dcbm_next_run(&src_next, &dst_next, w->chan->max_desc);
	tx = dmaengine_prep_dma_memcpy(w->chan->dma, dst, src, *bytes,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		return NULL;
	w->src_cursor = src_next;
	w->dst_cursor = dst_next;
	return tx;
}

static void dcbm_submit_one(struct dcbm_window *w,
			    struct dma_async_tx_descriptor *tx,
			    unsigned int bytes)
{
	struct dcbm_chan *chan = w->chan;
	struct dcbm_desc *desc = &w->descs[w->nr_descs++];

	*desc = (struct dcbm_desc) {
		.window = w, .start = w->taken, .bytes = bytes,
	};
	w->taken += bytes;
	tx->callback_result = dcbm_desc_done;
	tx->callback_param = desc;
	spin_lock_irq(&chan->lock);
	chan->outstanding++;
	spin_unlock_irq(&chan->lock);
	if (dma_submit_error(dmaengine_submit(tx))) {
		dcbm_count(DCBM_SUBMIT_FAILED);
		dcbm_chan_end(chan);
	}
}

/**
 * dcbm_window_submit - give a mapped window to the engine, as far as it takes it
 * @w: The window; the engine has nothing else to do.
 *
 * To be called again when all descriptors have come back and
 * dcbm_window_submitted() says that there is more.  An engine that has no
 * descriptor at all does not want one of this length: shorter ones are tried.
 */
void dcbm_window_submit(struct dcbm_window *w)
{
	struct dcbm_chan *chan = w->chan;
	unsigned int bytes, nr_before = w->nr_descs;
	struct dma_async_tx_descriptor *tx;

	/* Not done before all of them are on their way. */
	spin_lock_irq(&chan->lock);
	chan->outstanding = 1;
	spin_unlock_irq(&chan->lock);

	while (!dcbm_window_submitted(w)) {
		tx = dcbm_prep(w, &bytes);
		if (tx) {
			dcbm_submit_one(w, tx, bytes);
			continue;
		}
		if (w->nr_descs > nr_before)
			break;
		if (bytes == PAGE_SIZE) {
			dcbm_count(DCBM_PREP_FAILED);
			w->taken = w->bytes;
			break;
		}
		chan->max_desc = ALIGN_DOWN(bytes / 2, PAGE_SIZE);
	}
	dma_async_issue_pending(chan->dma);
	dcbm_chan_end(chan);
}

/* Return true if every byte has a descriptor, or no descriptor is left for it. */
bool dcbm_window_submitted(const struct dcbm_window *w)
{
	return w->taken == w->bytes ||
	       w->nr_descs == ARRAY_SIZE(w->descs);
}

/**
 * dcbm_window_reap - count the pages that have arrived
 * @w: Window that is not mapped any more, so that the CPU sees its data.
 * @job: The batch that it is a part of.
 */
void dcbm_window_reap(struct dcbm_window *w, struct dcbm_job *job)
{
	unsigned int start = 0, d = 0, end, stop, arrived;

	for (unsigned int i = 0; i < w->nr_entries; i++) {
		struct dcbm_entry *e = &w->entries[i];

		end = start + (e->nr_pages << PAGE_SHIFT);
		arrived = 0;
		/* The descriptors that overlap this entry, in order. */
		while (d < w->nr_descs && w->descs[d].start < end) {
			stop = w->descs[d].start + w->descs[d].bytes;
			if (w->descs[d].arrived)
				arrived += min(stop, end) -
					   max(w->descs[d].start, start);
			if (stop > end)
				break;
			d++;
		}
		/* A page that has arrived in part has not arrived. */
		if (arrived == end - start)
			atomic_add(e->nr_pages, &job->batch->pairs[e->pair].done);
		else
			dcbm_skip_rest(job, e->pair);
		start = end;
	}
}
