/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM migrate_offload

#if !defined(_TRACE_MIGRATE_OFFLOAD_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_MIGRATE_OFFLOAD_H

#include <linux/migrate.h>
#include <linux/migrate_offload.h>
#include <linux/tracepoint.h>

/*
 * The decision for a batch, before it is unmapped.  @folios and @eligible count
 * what looks eligible in it, @pages is the length of the whole batch.
 */
TRACE_EVENT(mm_migrate_offload_plan,

	TP_PROTO(const char *migrator, enum migrate_reason reason,
		 const char *outcome, unsigned int folios, unsigned int pages,
		 u64 eligible),

	TP_ARGS(migrator, reason, outcome, folios, pages, eligible),

	TP_STRUCT__entry(
		__string(migrator, migrator)
		__string(reason, migrate_reason_names[reason])
		__string(outcome, outcome)
		__field(unsigned int, folios)
		__field(unsigned int, pages)
		__field(u64, eligible)
	),

	TP_fast_assign(
		__assign_str(migrator);
		__assign_str(reason);
		__assign_str(outcome);
		__entry->folios = folios;
		__entry->pages = pages;
		__entry->eligible = eligible;
	),

	TP_printk("migrator=%s reason=%s outcome=%s folios=%u pages=%u eligible=%llu",
		  __get_str(migrator), __get_str(reason), __get_str(outcome),
		  __entry->folios, __entry->pages, __entry->eligible)
);

/* A migrator is about to copy a batch. */
TRACE_EVENT(mm_migrate_offload_start,

	TP_PROTO(const char *migrator, enum migrate_reason reason,
		 unsigned int folios, u64 bytes),

	TP_ARGS(migrator, reason, folios, bytes),

	TP_STRUCT__entry(
		__string(migrator, migrator)
		__string(reason, migrate_reason_names[reason])
		__field(unsigned int, folios)
		__field(u64, bytes)
	),

	TP_fast_assign(
		__assign_str(migrator);
		__assign_str(reason);
		__entry->folios = folios;
		__entry->bytes = bytes;
	),

	TP_printk("migrator=%s reason=%s folios=%u bytes=%llu",
		  __get_str(migrator), __get_str(reason), __entry->folios,
		  __entry->bytes)
);

/*
 * Helpers were looked for.  @wanted is what the batch is worth, @granted what the
 * CPU bandwidth of the group leaves, @placed how many have a CPU.  @in_flight is
 * the number of workers of the group, these and their callers included; it is 0
 * without a limit.
 */
TRACE_EVENT(mm_migrate_offload_helpers,

	TP_PROTO(enum migrate_reason reason, unsigned int wanted,
		 unsigned int granted, unsigned int placed,
		 unsigned int in_flight),

	TP_ARGS(reason, wanted, granted, placed, in_flight),

	TP_STRUCT__entry(
		__string(reason, migrate_reason_names[reason])
		__field(unsigned int, wanted)
		__field(unsigned int, granted)
		__field(unsigned int, placed)
		__field(unsigned int, in_flight)
	),

	TP_fast_assign(
		__assign_str(reason);
		__entry->wanted = wanted;
		__entry->granted = granted;
		__entry->placed = placed;
		__entry->in_flight = in_flight;
	),

	TP_printk("reason=%s wanted=%u granted=%u placed=%u in_flight=%u",
		  __get_str(reason), __entry->wanted, __entry->granted,
		  __entry->placed, __entry->in_flight)
);

/* The batch has its verdicts. */
TRACE_EVENT(mm_migrate_offload_end,

	TP_PROTO(const char *migrator, const struct migrate_batch *batch,
		 u64 ns, const unsigned int *verdicts),

	TP_ARGS(migrator, batch, ns, verdicts),

	TP_STRUCT__entry(
		__string(migrator, migrator)
		__string(reason, migrate_reason_names[batch->reason])
		__field(unsigned int, folios)
		__field(u64, bytes)
		__field(u64, ns)
		__field(unsigned int, helpers)
		__field(unsigned int, copied)
		__field(unsigned int, not_copied)
		__field(unsigned int, poisoned)
		__field(unsigned int, lost)
	),

	TP_fast_assign(
		__assign_str(migrator);
		__assign_str(reason);
		__entry->folios = batch->nr_pairs;
		__entry->bytes = (u64)batch->nr_pages << PAGE_SHIFT;
		__entry->ns = ns;
		__entry->helpers = batch->nr_helpers;
		__entry->copied = verdicts[MIGRATE_COPIED];
		__entry->not_copied = verdicts[MIGRATE_NOT_COPIED];
		__entry->poisoned = verdicts[MIGRATE_POISONED];
		__entry->lost = verdicts[MIGRATE_DST_LOST];
	),

	TP_printk("migrator=%s reason=%s folios=%u bytes=%llu ns=%llu helpers=%u copied=%u not_copied=%u poisoned=%u lost=%u",
		  __get_str(migrator), __get_str(reason), __entry->folios,
		  __entry->bytes, __entry->ns, __entry->helpers,
		  __entry->copied, __entry->not_copied, __entry->poisoned,
		  __entry->lost)
);

#endif /* _TRACE_MIGRATE_OFFLOAD_H */

#include <trace/define_trace.h>
