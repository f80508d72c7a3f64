/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the kernel plans the batches of a move: the tracepoint mm_migrate_offload_plan.
 */
#ifndef MO_TRACE_H
#define MO_TRACE_H

#include <stddef.h>

/* The value of "outcome", in the order of mo_outcome_names[]. */
enum mo_outcome {
	MO_CHOSEN,
	MO_TRIAL,
	MO_TOO_SHORT,
	MO_NOT_ALLOWED,
	MO_NOT_READY,
	MO_SLOWER,
	MO_NO_WINDOW,
	MO_CHANGED,
	NR_MO_OUTCOMES,
};

/* The first cause for which a migrator declines. */
#define MO_FIRST_CAUSE	MO_TOO_SHORT

/**
 * struct mo_plan - one batch as it was planned
 * @migrator: The migrator that was chosen, or the one that declined.
 * @outcome: What was decided; NR_MO_OUTCOMES for a name that is not known.
 * @folios: Folios in the batch.
 * @pages: Base pages in the batch, before any was unmapped.
 * @eligible: Bytes in the batch that looked eligible.
 */
struct mo_plan {
	char migrator[32];
	enum mo_outcome outcome;
	unsigned int folios;
	unsigned int pages;
	unsigned long eligible;
};

extern const char * const mo_outcome_names[NR_MO_OUTCOMES];

int mo_trace_mount(void);
int mo_trace_begin(void);
long mo_trace_read(struct mo_plan *plans, size_t max);
void mo_trace_end(void);
unsigned int mo_plans_report(const struct mo_plan *plans, size_t nr);
unsigned int mo_plans_longest(const struct mo_plan *plans, size_t nr, size_t pages);

void mo_declined_all(const char *migrator, long long counts[NR_MO_OUTCOMES]);

#endif /* MO_TRACE_H */
