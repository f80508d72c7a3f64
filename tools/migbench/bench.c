// SPDX-License-Identifier: GPL-2.0
/*
 * Running the cells of a table.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "dma.h"
#include "hugetlb.h"
#include "settings.h"

/* What the turns of one buffer share. */
struct run {
	struct bench *b;
	size_t folio;
	size_t nr;
	bool fresh;			/* new folios for each move */
	struct buffer buf;
	struct toucher *toucher;
	double floor;
	bool touch;
	struct cell *cells;
	size_t nr_cells;
};

void cell_init(struct cell *c, struct record *r)
{
	memset(c, 0, sizeof(*c));
	c->r = r;
	c->m = migrator_find(r->migrator);
	c->workers = r->workers;
	if (r->batch_limit_bytes != RECORD_ABSENT)
		c->limit = r->batch_limit_bytes;
	if (r->stall_bound_us != RECORD_ABSENT)
		c->stall_us = r->stall_bound_us;
}

void cells_free(struct cell *cells, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		samples_free(&cells[i].seconds);
		samples_free(&cells[i].copy_share);
		samples_free(&cells[i].copy_ns);
		samples_free(&cells[i].caller_cpu);
		samples_free(&cells[i].read_gbps);
		samples_free(&cells[i].waits.us);
	}
}

static bool pending(const struct cell *c)
{
	return !*c->r->status;
}

static void set_pending(struct run *run, const char *status, const char *note)
{
	size_t i;

	for (i = 0; i < run->nr_cells; i++)
		if (pending(&run->cells[i]))
			record_set_status(run->cells[i].r, status, note);
}

/* What the migrator works with, as long as it is the one that is selected. */
static void note_workers(const struct bench *b, struct cell *c)
{
	struct record *r = c->r;
	char path[PATH_MAX];

	if (c->m->share_file) {
		snprintf(path, sizeof(path), "%s/%s", MIGRATION_DIR, c->m->share_file);
		if (setting_read_number(path, &r->min_share_bytes))
			r->min_share_bytes = RECORD_ABSENT;
	}
	snprintf(path, sizeof(path), "%s/%s/copy_mode", MIGRATION_DIR, c->m->name);
	if (setting_read(path, r->copy_mode, sizeof(r->copy_mode)))
		*r->copy_mode = '\0';
	if (!migrator_has_channels(c->m))
		return;
	dma_drivers(DMA_CLASS_DIR, r->dma_driver, sizeof(r->dma_driver));
	r->dma_software = dma_is_software(r->dma_driver);
	if (r->dma_software)
		r->oversubscribed = c->workers > (size_t)b->info.cpus;
}

/* A machine has so many channels, which is not an error of a device. */
static const char *use_error(const struct migrator *m, int err)
{
	return err == -ENODEV && migrator_has_channels(m) ?
	       "this machine does not have so many to give" : strerror(-err);
}

static int cell_set_limits(const struct cell *c, char note[NOTE_LEN])
{
	char size[32];
	int err = 0;

	if (c->limit)
		err = migrator_set_limit(MIGRATION_DIR, "max_batch_bytes", c->limit);
	if (err) {
		snprintf(note, NOTE_LEN, "max_batch_bytes %s: %s",
			 format_size(size, sizeof(size), c->limit), strerror(-err));
		return err;
	}
	if (c->stall_us)
		err = migrator_set_limit(MIGRATION_DIR, "max_stall_us", c->stall_us);
	if (err)
		snprintf(note, NOTE_LEN, "max_stall_us %zu: %s", c->stall_us,
			 strerror(-err));
	return err;
}

static int cell_use(const struct bench *b, struct cell *c)
{
	char note[NOTE_LEN];
	int err = cell_set_limits(c, note);

	if (!err) {
		err = migrator_use(MIGRATION_DIR, c->m, c->workers);
		if (err)
			snprintf(note, sizeof(note), "%s with %zu %s%s: %s",
				 c->m->name, c->workers, c->m->worker,
				 c->workers == 1 ? "" : "s", use_error(c->m, err));
	}
	if (err)
		record_set_status(c->r, STATUS_NOT_RUN, note);
	else
		note_workers(b, c);
	return err;
}

/* The move, with the second thread at work if there is one. */
static int touched_move(struct run *run, struct cell *c, int node,
			struct move *m, char why[NOTE_LEN])
{
	char other[NOTE_LEN];
	int err, stop_err;

	if (!run->toucher)
		return buffer_move(&run->buf, node, m, why);
	err = toucher_start(run->toucher);
	if (err) {
		snprintf(why, NOTE_LEN, "second thread: %s", strerror(-err));
		return err;
	}
	err = buffer_move(&run->buf, node, m, why);
	stop_err = toucher_stop(run->toucher, err ? other : why);
	if (!err && !stop_err)
		toucher_collect(run->toucher, m, &c->waits);
	return err ? err : stop_err;
}

static void note_sample(struct run *run, struct cell *c, const struct move *m,
			const struct migrator_stats *before,
			const struct migrator_stats *after)
{
	const double bytes = (double)(run->buf.nr - m->missed) * run->folio;
	const long long ns = after->ns - before->ns;
	const long long offloaded = after->bytes - before->bytes;

	samples_add(&c->r->gbps, bytes / m->seconds / 1e9);
	samples_add(&c->seconds, m->seconds);
	samples_add(&c->caller_cpu, m->cpu.caller / (bytes / 1e9));
	c->ticks += m->cpu.ticks;
	c->moved += bytes;
	c->moving += m->seconds;
	c->missed += m->missed;
	c->offloaded += offloaded;
	/* A copy that the kernel did in part is not the time of the whole. */
	if (!offloaded || offloaded < bytes)
		return;
	samples_add(&c->copy_ns, ns);
	samples_add(&c->copy_share, ns / 1e9 / m->seconds);
}

/* One direction: new contents if they are not, move, and all of it checked. */
static int measured_move(struct run *run, struct cell *c, int node, bool fresh,
			 char why[NOTE_LEN])
{
	struct migrator_stats before, after;
	struct move m;
	int err;

	if (!fresh)
		buffer_fill(&run->buf);
	migrator_read_stats(MIGRATION_DIR, c->m, &before);
	err = touched_move(run, c, node, &m, why);
	if (err)
		return err;
	if (run->b->o->touch)
		samples_add(&c->read_gbps,
			    run->buf.bytes / buffer_touch(&run->buf) / 1e9);
	migrator_read_stats(MIGRATION_DIR, c->m, &after);
	err = buffer_verify(&run->buf, why);
	if (!err)
		err = buffer_check_size(&run->buf, why);
	if (!err)
		note_sample(run, c, &m, &before, &after);
	return err;
}

static void close_buffer(struct run *run)
{
	toucher_free(run->toucher);
	run->toucher = NULL;
	buffer_free(&run->buf);
}

/* Makes the folios on @node, in place of those of before. */
static int open_buffer(struct run *run, int node, char why[NOTE_LEN])
{
	int err;

	close_buffer(run);
	err = buffer_make(&run->buf, run->folio, run->nr, node, run->b->o->hugetlb,
			  why);
	if (err || !run->touch)
		return err;
	run->toucher = toucher_new(&run->buf);
	if (!run->toucher) {
		snprintf(why, NOTE_LEN, "out of memory");
		return -ENOMEM;
	}
	run->floor = toucher_calibrate(run->toucher);
	return 0;
}

/*
 * One direction of a turn. A cell that fails says so in its status, and as
 * nobody knows then where its folios are, the next one gets new ones.
 */
static int cell_go(struct run *run, struct cell *c, int from, int to)
{
	const bool fresh = run->fresh || !run->buf.base;
	char why[NOTE_LEN];

	if (fresh && open_buffer(run, from, why)) {
		record_set_status(c->r, STATUS_NOT_RUN, why);
		return -1;
	}
	if (!measured_move(run, c, to, fresh, why))
		return 0;
	record_set_status(c->r, STATUS_FAILED, why);
	samples_free(&c->r->gbps);
	complain(c->m->name, "table %s: %s", c->r->table, why);
	close_buffer(run);
	return -1;
}

static size_t cell_reps(const struct run *run, const struct cell *c)
{
	const size_t dma_reps = run->b->o->dma_reps;

	return dma_reps && migrator_has_channels(c->m) ? dma_reps : run->b->reps;
}

static void cell_turn(struct run *run, struct cell *c, size_t turn)
{
	const int *node = run->b->info.node;
	char size[32];

	if (!pending(c) || cell_use(run->b, c))
		return;
	progress("%s: %s, %zu %s(s), %s folios x %zu: turn %zu of %zu",
		 c->r->table, c->m->name, c->workers, c->m->worker,
		 format_size(size, sizeof(size), run->folio), run->nr,
		 turn + 1, cell_reps(run, c));
	if (!cell_go(run, c, node[0], node[1]))
		cell_go(run, c, node[1], node[0]);
}

static void take_turns(struct run *run)
{
	size_t i, turn, most = 0;

	for (i = 0; i < run->nr_cells; i++)
		if (cell_reps(run, &run->cells[i]) > most)
			most = cell_reps(run, &run->cells[i]);
	for (turn = 0; turn < most; turn++)
		for (i = 0; i < run->nr_cells; i++)
			if (turn < cell_reps(run, &run->cells[i]))
				cell_turn(run, &run->cells[i], turn);
}

static void take_cell_by_cell(struct run *run)
{
	size_t i, turn;

	for (i = 0; i < run->nr_cells; i++)
		for (turn = 0; turn < cell_reps(run, &run->cells[i]); turn++)
			cell_turn(run, &run->cells[i], turn);
}

/*
 * The first move after a start drains lists and, in a virtual machine, meets
 * memory that its host has not given yet: once there and back without a clock.
 */
static int warm_up(struct run *run, char why[NOTE_LEN])
{
	const int *node = run->b->info.node;
	struct move m;
	int err;

	err = buffer_move(&run->buf, node[1], &m, why);
	if (!err && run->fresh)
		err = open_buffer(run, node[1], why);
	if (!err)
		err = buffer_move(&run->buf, node[0], &m, why);
	if (!err)
		err = buffer_check_size(&run->buf, why);
	return err;
}

static void finish_waits(struct run *run, struct cell *c)
{
	struct record *r = c->r;

	r->waits = c->waits.us.n;
	r->wait_median_us = stats_median(&c->waits.us);
	r->wait_p99_us = stats_percentile(&c->waits.us, 99);
	r->wait_max_us = stats_max(&c->waits.us);
	r->wait_floor_us = run->floor * 1e6;
	r->wait_share = c->waits.seconds / c->moving;
	r->preempted_touches = c->waits.preempted;
}

/* Ticks are too coarse for one move: all moves share them. */
static void finish_cpu(struct cell *c)
{
	struct record *r = c->r;
	const double gb = c->moved / 1e9;

	r->caller_cpu_s_per_gb = stats_median(&c->caller_cpu);
	r->system_cpu_s_per_gb = c->ticks * cputime_tick() / gb;
	r->system_cpu_step_s_per_gb = cputime_tick() / gb;
}

static void finish_cell(struct run *run, struct cell *c)
{
	struct record *r = c->r;

	if (!pending(c))
		return;
	record_set_status(r, STATUS_OK, "");
	record_summarize(r);
	r->verified = true;
	if (run->b->o->touch)
		r->read_gbps = stats_median(&c->read_gbps);
	r->missed_folios = c->missed;
	if (c->m->workers_file) {
		r->offloaded_share = (double)c->offloaded / r->bytes / r->gbps.n;
		r->copy_us = stats_median(&c->copy_ns) / 1e3;
	}
	if (c->missed)
		snprintf(r->note, sizeof(r->note), "%zu folios needed a second call",
			 c->missed);
	snprintf(r->size_check, sizeof(r->size_check), "%s",
		 size_check_names[run->buf.check]);
	if (run->b->o->cpu)
		finish_cpu(c);
	if (run->touch)
		finish_waits(run, c);
}

/*
 * Linux unmaps a folio between a page and a PMD page by page, and since the
 * list of partially mapped folios is carried over to the destination, such a
 * folio is taken for one of them after its first move and is split at the
 * second. Only new folios move as what they are.
 */
static bool needs_fresh(const struct options *o, size_t folio)
{
	return !o->hugetlb && folio != (size_t)sysconf(_SC_PAGESIZE) && folio != SZ_2M;
}

/* The pool of the other node must not run dry either. */
static int reserve(const struct run *run, char why[NOTE_LEN])
{
	const int *node = run->b->info.node;
	char size[32];
	int i, err = 0;

	for (i = 0; !err && i < 2; i++)
		err = hugetlb_reserve(NODE_DIR, node[i], run->folio, run->nr);
	if (err)
		snprintf(why, NOTE_LEN, "%zu hugetlb pages of size %s on nodes %d and %d: %s",
			 run->nr, format_size(size, sizeof(size), run->folio),
			 node[0], node[1], strerror(-err));
	return err;
}

static int allow_size(const struct run *run, char why[NOTE_LEN])
{
	char size[32];

	if (run->b->o->hugetlb)
		return reserve(run, why);
	/* Other errors: the present settings may do; the check of sizes tells. */
	if (thp_allow_only(THP_DIR, run->folio) != -ENOENT)
		return 0;
	snprintf(why, NOTE_LEN, "this kernel makes no folios of size %s",
		 format_size(size, sizeof(size), run->folio));
	return -ENOENT;
}

static int prepare(struct run *run)
{
	char why[NOTE_LEN];
	int err;

	err = allow_size(run, why);
	if (err) {
		set_pending(run, STATUS_NOT_RUN, why);
		return err;
	}
	err = open_buffer(run, run->b->info.node[0], why);
	if (err) {
		set_pending(run, STATUS_NOT_RUN, why);
		return err;
	}
	err = warm_up(run, why);
	if (err)
		set_pending(run, STATUS_FAILED, why);
	return err;
}

void bench_run(struct bench *b, size_t folio, size_t nr, struct cell *cells,
	       size_t nr_cells, bool touch)
{
	struct run run = {
		.b = b, .folio = folio, .nr = nr, .fresh = needs_fresh(b->o, folio),
		.cells = cells, .nr_cells = nr_cells, .touch = touch,
	};
	char why[NOTE_LEN];
	size_t i, todo = 0;

	for (i = 0; i < nr_cells; i++)
		todo += pending(&cells[i]);
	if (todo && !b->o->hugetlb && !bench_fits(b, folio * nr, why))
		set_pending(&run, STATUS_NOT_RUN, why);
	else if (todo && !prepare(&run))
		(b->o->interleave ? take_turns : take_cell_by_cell)(&run);
	for (i = 0; i < nr_cells; i++)
		finish_cell(&run, &cells[i]);
	close_buffer(&run);
	progress_done();
}

int bench_run_records(struct bench *b, size_t folio, size_t nr, bool touch)
{
	struct cell *cells = calloc(b->records.n, sizeof(*cells));
	struct record *r;
	size_t i, n = 0;

	if (!cells) {
		complain(b->records.v[0].table, "out of memory");
		return EXIT_FAILED;
	}
	for (i = 0; i < b->records.n; i++) {
		r = &b->records.v[i];
		if ((size_t)r->folio_kb == folio / SZ_1K && (size_t)r->folios == nr)
			cell_init(&cells[n++], r);
	}
	bench_run(b, folio, nr, cells, n, touch);
	cells_free(cells, n);
	free(cells);
	return 0;
}
