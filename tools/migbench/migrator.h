/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The copy engines of the kernel, as /sys/kernel/mm/migration shows them. On a
 * kernel without that directory there is one, "kernel", and nothing to set.
 * All functions take that directory as @dir.
 */
#ifndef MIGBENCH_MIGRATOR_H
#define MIGBENCH_MIGRATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "migbench.h"
#include "parse.h"

struct migrator {
	const char *name;
	const char *workers_file;	/* below @dir; NULL: always one */
	const char *share_file;		/* the fewest bytes for one of them */
	const char *worker;		/* what one is called */
	bool on_cpus;			/* a worker keeps a CPU busy */
	const char *table;		/* of the sweep */
	const char *title;
};

/* Counters of one migrator; all zero where it has none. */
struct migrator_stats {
	long long bytes;
	long long ns;
};

/* The known migrator of that name, else one with one worker. Never freed. */
const struct migrator *migrator_find(const char *name);

/* Are its workers DMA channels, of which the machine has so many and no more? */
bool migrator_has_channels(const struct migrator *m);

/* Names that this kernel offers, "kernel" first. */
void migrator_list(const char *dir, struct words *names);
bool migrator_offered(const char *dir, const char *name);

/*
 * The file below @dir that chooses the migrator of move_pages(2): the policy of
 * its reason. No other policy comes before it, and it changes no other reason.
 * On a kernel without it: the file that chooses for all reasons.
 */
const char *migrator_choice(const char *dir);

/* Returns true if migrator_use() changes the migrator of all reasons. */
bool migrator_switches_all(const char *dir);

/*
 * Makes move_pages(2) use @m with @workers workers. Returns 0 or -errno; -ERANGE
 * if the kernel took another number of workers.
 */
int migrator_use(const char *dir, const struct migrator *m, size_t workers);

/* A setting in bytes, such as max_batch_bytes; -ERANGE when it took another value. */
int migrator_set_limit(const char *dir, const char *file, size_t bytes);

void migrator_read_stats(const char *dir, const struct migrator *m,
			 struct migrator_stats *stats);

#endif
