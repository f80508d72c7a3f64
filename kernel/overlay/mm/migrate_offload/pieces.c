// SPDX-License-Identifier: GPL-2.0
/*
 * How a batch is cut into pieces for several CPUs, and who copies which.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/cputime.h>

#include "internal.h"

/* The window that holds @batch, which the core handed to a migrator. */
struct mo_window *mo_window_of(struct migrate_batch *batch)
{
	struct mo_window *window = container_of(batch, struct mo_window, batch);

	WARN_ON_ONCE(batch->pairs != window->pairs);
	return window;
}

/* The pair that holds base page @page of the batch. */
static struct migrate_pair *mo_pair_at(struct migrate_batch *batch,
				       unsigned int page)
{
	unsigned int low = 0, high = batch->nr_pairs;

	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (batch->pairs[mid].start <= page)
			low = mid;
		else
			high = mid;
	}
	return &batch->pairs[low];
}

static void mo_pair_copy_part(struct mo_job *job, struct migrate_pair *pair,
			      unsigned int first, unsigned int nr)
{
	int rc;

	/* Another worker has met poison in this folio. */
	if (READ_ONCE(pair->verdict) != MIGRATE_NOT_COPIED)
		return;

	rc = job->copy(pair->dst, pair->src, first, nr);
	if (!rc)
		atomic_add(nr, &pair->done);
	else if (rc == -EHWPOISON)
		WRITE_ONCE(pair->verdict, MIGRATE_POISONED);
}

/**
 * mo_job_copy_piece - copy the base pages of one claimed piece
 * @job: The job.
 * @piece: Number of the piece.
 *
 * A piece covers a fixed range of the batch's base pages, whatever folios they
 * belong to: several small ones, or a part of a large one.
 */
void mo_job_copy_piece(struct mo_job *job, unsigned int piece)
{
	struct migrate_batch *batch = job->batch;
	unsigned int page = piece * job->piece_pages;
	unsigned int end = min(page + job->piece_pages, batch->nr_pages);
	struct migrate_pair *pair = mo_pair_at(batch, page);

	for (; page < end; pair++) {
		unsigned int first = page - pair->start;
		unsigned int nr = min(pair->nr_pages - first, end - page);

		mo_pair_copy_part(job, pair, first, nr);
		page += nr;
	}
}

/**
 * mo_job_start - publish a batch for copying
 * @job: The job; nobody holds a claim on its last batch.
 * @batch: The pairs to copy.
 * @nr_workers: How many will share the work, the caller included.
 * @copy: Copies a part of one folio.
 *
 * Return: the generation that claims must name.
 */
unsigned int mo_job_start(struct mo_job *job, struct migrate_batch *batch,
			  unsigned int nr_workers, migrate_copy_fn copy)
{
	u32 gen = upper_32_bits(atomic64_read(&job->claim)) + 1;
	unsigned int nr_pieces;

	job->batch = batch;
	job->copy = copy;
	job->initiator = current;
	/* Four pieces a worker, so that a slow one holds up little. */
	job->piece_pages = clamp(DIV_ROUND_UP(batch->nr_pages, nr_workers * 4),
				 1U, MO_PIECE_PAGES);
	nr_pieces = DIV_ROUND_UP(batch->nr_pages, job->piece_pages);
	atomic_set(&job->nr_active, 0);
	atomic64_set(&job->helper_ns, 0);
	atomic_set(&job->unfinished, nr_pieces + 1);
	/*
	 * Pairs with the acquire in mo_job_claim(): a worker that claims a
	 * piece sees the job that it belongs to.
	 */
	atomic64_set_release(&job->claim, ((u64)gen << 32) | nr_pieces);
	return gen;
}

/**
 * mo_job_claim - take an unclaimed piece
 * @job: The job.
 * @gen: Generation that mo_job_start() returned.
 * @piece: Number of the piece, set on success.
 *
 * Return: false when all pieces are taken or the generation is over.
 */
bool mo_job_claim(struct mo_job *job, u32 gen, unsigned int *piece)
{
	s64 old = atomic64_read(&job->claim);

	do {
		if (upper_32_bits(old) != gen || !lower_32_bits(old))
			return false;
	} while (!atomic64_try_cmpxchg_acquire(&job->claim, &old, old - 1));

	*piece = lower_32_bits(old) - 1;
	return true;
}

/**
 * mo_job_charge - note that a helper has run for a job
 * @job: The job; the helper holds a claim on it.
 * @start: The helper's own CPU time when this was last noted.
 *
 * Return: the helper's CPU time now.
 */
u64 mo_job_charge(struct mo_job *job, u64 start)
{
	u64 now = task_sched_runtime(current);

	atomic64_add(now - start, &job->helper_ns);
	return now;
}

/**
 * mo_job_settle - turn what was copied into verdicts
 * @job: A job of which every piece is finished.
 *
 * Gives back the workers that counted against the bandwidth of the group.
 */
void mo_job_settle(struct mo_job *job)
{
	struct migrate_batch *batch = job->batch;

	for (unsigned int i = 0; i < batch->nr_pairs; i++) {
		struct migrate_pair *pair = &batch->pairs[i];

		if (pair->verdict == MIGRATE_NOT_COPIED &&
		    atomic_read(&pair->done) == pair->nr_pages)
			pair->verdict = MIGRATE_COPIED;
	}
	batch->nr_helpers = atomic_read(&job->nr_active);
	batch->helper_ns = atomic64_read(&job->helper_ns);
	sched_quota_give(&job->share, job->share.nr);
}

/**
 * migrate_offload_split - cut a batch into pieces, for other threads than helpers
 * @batch: The batch that &migrate_ops.copy was called with.
 * @nr_workers: How many are to share the work, the caller included.  Becomes
 *	less where the CPU bandwidth of the task's group leaves less.
 * @copy: Copies a part of one folio.
 *
 * For migrators that have threads of their own.  They let each piece be copied
 * once by migrate_offload_copy_pieces(), and then call migrate_offload_settle().
 * Until then the workers count as those of migrate_offload_copy_parallel() do.
 *
 * Context: &migrate_ops.copy of the same batch.
 * Return: number of pieces.
 */
unsigned int migrate_offload_split(struct migrate_batch *batch,
				   unsigned int *nr_workers,
				   migrate_copy_fn copy)
{
	struct mo_window *window = mo_window_of(batch);

	cpumask_clear(&window->picked);
	*nr_workers = sched_quota_take(&window->job.share, *nr_workers);
	mo_job_start(&window->job, batch, *nr_workers, copy);
	return atomic_read(&window->job.unfinished) - 1;
}
EXPORT_SYMBOL_GPL(migrate_offload_split);

/**
 * migrate_offload_copy_pieces - copy some pieces of a batch
 * @batch: The batch, after migrate_offload_split().
 * @first: Number of the first piece.
 * @end: Number of the piece that follows the last.
 *
 * Notes who helped and for how long, unless it is the task that migrates.
 *
 * Context: Process context.  Several may do this at the same time.
 */
void migrate_offload_copy_pieces(struct migrate_batch *batch,
				 unsigned int first, unsigned int end)
{
	struct mo_window *window = mo_window_of(batch);
	bool helps = current != window->job.initiator;
	u64 start = helps ? task_sched_runtime(current) : 0;

	for (; first < end; first++)
		mo_job_copy_piece(&window->job, first);
	if (!helps)
		return;
	mo_job_charge(&window->job, start);
	cpumask_set_cpu(raw_smp_processor_id(), &window->picked);
}
EXPORT_SYMBOL_GPL(migrate_offload_copy_pieces);

/**
 * migrate_offload_settle - turn what was copied into verdicts
 * @batch: The batch, of which every piece was copied, or given up.
 *
 * Context: &migrate_ops.copy of the same batch; all others have finished.
 */
void migrate_offload_settle(struct migrate_batch *batch)
{
	struct mo_window *window = mo_window_of(batch);

	atomic_set(&window->job.nr_active, cpumask_weight(&window->picked));
	mo_job_settle(&window->job);
}
EXPORT_SYMBOL_GPL(migrate_offload_settle);
