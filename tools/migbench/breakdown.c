// SPDX-License-Identifier: GPL-2.0
/*
 * migbench breakdown: the share of the copy in the call, what Amdahl's law
 * makes of it, and what was really won.
 */
#include <math.h>
#include <string.h>

#include "bench.h"

/* Calls for one page need more than a few repetitions to be told from noise. */
#define SMALL_BYTES	(1UL << 20)
#define SMALL_REPS	50

enum { CALL_KERNEL, CALL_ONE, CALL_MANY, NR_CALLS };

/* Halves the number of folios until both nodes have room for them. */
static size_t count_that_fits(struct bench *b, size_t folio, size_t nr)
{
	char why[NOTE_LEN];

	while (nr > 1 && !bench_fits(b, folio * nr, why))
		nr /= 2;
	return nr;
}

static bool is_ok(const struct cell *c)
{
	return c->r && record_has_status(c->r, STATUS_OK);
}

/*
 * Without a migrator that counts its time: a copy of the same bytes between
 * the nodes by user space. Returns the median of seconds or NAN.
 */
static double copy_seconds(struct bench *b, size_t folio, size_t nr)
{
	struct samples seconds = { 0 };
	struct buffer from, to;
	char why[NOTE_LEN];
	double start, median;
	size_t i;

	if (buffer_make(&from, folio, nr, b->info.node[0], false, why))
		return NAN;
	if (buffer_make(&to, folio, nr, b->info.node[1], false, why)) {
		buffer_free(&from);
		return NAN;
	}
	for (i = 0; i < 2 * b->reps; i++) {
		buffer_fill(&from);
		start = now_seconds();
		memcpy(to.base, from.base, from.bytes);
		samples_add(&seconds, now_seconds() - start);
	}
	median = stats_median(&seconds);
	samples_free(&seconds);
	buffer_free(&to);
	buffer_free(&from);
	return median;
}

static void set_share(struct record *r, double f, const char *method)
{
	/* A user's copy can take longer than the kernel's whole call. */
	r->copy_share = f > 1 ? 1 : f;
	r->amdahl_cap = stats_amdahl_cap(r->copy_share);
	snprintf(r->method, sizeof(r->method), "%s", method);
}

static void set_speedup(struct record *r, const struct cell *calls)
{
	const struct cell *kernel = &calls[CALL_KERNEL];
	const struct cell *one = &calls[CALL_ONE], *many = &calls[CALL_MANY];

	if (!is_ok(one) || !is_ok(many))
		return;
	r->speedup_workers = many->workers;
	r->measured_speedup = stats_median(&kernel->seconds) /
			      stats_median(&many->seconds);
	r->copy_speedup = stats_median(&one->copy_ns) / stats_median(&many->copy_ns);
	r->predicted_speedup = stats_amdahl(r->copy_share, r->copy_speedup);
}

/* The record tells about the call whose copy was looked at. */
static void summarize(struct bench *b, struct record *r, struct cell *calls,
		      size_t folio, size_t nr)
{
	const bool counted = is_ok(&calls[CALL_ONE]) &&
			     calls[CALL_ONE].copy_share.n;
	const struct cell *call = &calls[counted ? CALL_ONE : CALL_KERNEL];

	record_set_status(r, call->r->status, call->r->note);
	if (!is_ok(call))
		return;
	snprintf(r->migrator, sizeof(r->migrator), "%s", call->m->name);
	samples_append(&r->gbps, &call->r->gbps);
	record_summarize(r);
	r->verified = call->r->verified;
	r->missed_folios = call->r->missed_folios;
	r->offloaded_share = call->r->offloaded_share;
	r->copy_us = call->r->copy_us;
	memcpy(r->size_check, call->r->size_check, sizeof(r->size_check));
	if (counted)
		set_share(r, stats_median(&call->copy_share), "mtcopy stats/ns");
	else
		set_share(r, copy_seconds(b, folio, nr) /
			     stats_median(&call->seconds), "memcpy estimate");
	set_speedup(r, calls);
}

/* Records of the calls alone; they are not part of the result. */
static void plan_calls(struct bench *b, struct record_set *own,
		       struct cell calls[NR_CALLS], size_t folio, size_t nr)
{
	const struct migrator *kernel = migrator_find("kernel");
	const struct migrator *mt = migrator_find("mtcopy");
	const size_t most = bench_most_workers(b, mt);
	const struct record_set results = b->records;
	size_t i;

	memset(&b->records, 0, sizeof(b->records));
	bench_record(b, "breakdown", kernel, 1, folio, nr);
	if (migrator_offered(MIGRATION_DIR, mt->name))
		bench_record(b, "breakdown", mt, 1, folio, nr);
	if (b->records.n > 1 && most > 1)
		bench_record(b, "breakdown", mt, most, folio, nr);
	*own = b->records;
	b->records = results;
	memset(calls, 0, NR_CALLS * sizeof(*calls));
	for (i = 0; i < own->n; i++)
		cell_init(&calls[i], &own->v[i]);
}

static void break_down(struct bench *b, size_t folio, size_t wanted)
{
	const size_t nr = count_that_fits(b, folio, wanted);
	struct cell calls[NR_CALLS];
	struct record_set own;
	struct record *r;

	b->reps = b->o->reps;
	if (folio * nr <= SMALL_BYTES && b->reps < SMALL_REPS)
		b->reps = SMALL_REPS;
	plan_calls(b, &own, calls, folio, nr);
	r = bench_record(b, "breakdown", calls[CALL_KERNEL].m, 1, folio, nr);
	bench_run(b, folio, nr, calls, own.n, false);
	summarize(b, r, calls, folio, nr);
	if (nr != wanted && record_has_status(r, STATUS_OK))
		snprintf(r->note, sizeof(r->note), "%zu folios wanted, memory for %zu",
			 wanted, nr);
	cells_free(calls, own.n);
	records_free(&own);
}

int cmd_breakdown(struct bench *b)
{
	size_t c, s;

	/* The share of small calls is the question: let the migrator take them. */
	if (migrator_offered(MIGRATION_DIR, "mtcopy") &&
	    migrator_set_limit(MIGRATION_DIR, "min_batch_bytes", 4096))
		complain("min_batch_bytes",
			 "cannot be set to 4096: small calls may not be offloaded");
	for (c = 0; c < b->o->counts.n; c++)
		for (s = 0; s < b->o->folio_sizes.n; s++)
			break_down(b, b->o->folio_sizes.v[s], b->o->counts.v[c]);
	return 0;
}
