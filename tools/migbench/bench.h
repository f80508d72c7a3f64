/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running the cells of a table. All cells of one buffer take turns, and each
 * turn is a move forward and a move back, so the buffer is where it was.
 */
#ifndef MIGBENCH_BENCH_H
#define MIGBENCH_BENCH_H

#include "buffer.h"
#include "migrator.h"
#include "options.h"
#include "record.h"
#include "sysinfo.h"
#include "toucher.h"

struct bench {
	const struct options *o;
	struct sysinfo info;
	struct record_set records;
	struct words migrators;		/* asked for, else offered */
	size_t reps;			/* of each direction */
};

/* One configuration; its results go to a record. */
struct cell {
	struct record *r;
	const struct migrator *m;
	size_t workers;
	size_t limit;			/* max_batch_bytes; 0: leave it */
	size_t stall_us;		/* max_stall_us; the same */
	struct samples seconds;		/* of the moves, as r->gbps */
	struct samples copy_share;	/* of the moves that were offloaded whole */
	struct samples copy_ns;
	struct waits waits;
	double moving;			/* all moves together */
	struct samples caller_cpu;	/* seconds for each GB */
	struct samples read_gbps;	/* of what was just moved */
	long long ticks;		/* of all CPUs, during all moves together */
	double moved;			/* bytes, by all moves together */
	long long offloaded;
	size_t missed;
};

/* Adds a record of this run to b->records; pointers to older ones go stale. */
struct record *bench_record(struct bench *b, const char *table,
			    const struct migrator *m, size_t workers,
			    size_t folio, size_t nr);

void cell_init(struct cell *c, struct record *r);

/* Why this number of workers is not run, or NULL. */
const char *bench_workers_unfit(const struct bench *b, const struct migrator *m,
				size_t workers);

/*
 * The largest number of workers in the options that may run; at least 1. Asks
 * for channels to see whether the machine has them, and leaves them selected.
 */
size_t bench_most_workers(const struct bench *b, const struct migrator *m);

/* Does @bytes fit on both nodes? Else says in @why what there is. */
bool bench_fits(const struct bench *b, size_t bytes, char why[NOTE_LEN]);

/*
 * Makes folios, runs the cells that have no status yet, and fills in their
 * records. With @touch, a second thread uses the pages while they move.
 */
void bench_run(struct bench *b, size_t folio, size_t nr, struct cell *cells,
	       size_t nr_cells, bool touch);

void cells_free(struct cell *cells, size_t nr);

/* Runs all records of that many folios of that size, with one buffer. */
int bench_run_records(struct bench *b, size_t folio, size_t nr, bool touch);

/*
 * Chooses the nodes and sets what the options ask for. Returns 0 or an exit
 * code after a message.
 */
int bench_open(struct bench *b, const struct options *o);

int cmd_sweep(struct bench *b);
int cmd_count(struct bench *b);
int cmd_breakdown(struct bench *b);
int cmd_latency(struct bench *b);
int cmd_compare(const struct options *o);
int cmd_merge(const struct options *o);

#endif
