// SPDX-License-Identifier: GPL-2.0
/*
 * What is to be measured, and what of it this machine cannot do.
 */
#include <string.h>

#include "bench.h"

struct record *bench_record(struct bench *b, const char *table,
			    const struct migrator *m, size_t workers,
			    size_t folio, size_t nr)
{
	struct record *r = records_add(&b->records);

	snprintf(r->table, sizeof(r->table), "%s", table);
	snprintf(r->migrator, sizeof(r->migrator), "%s", m->name);
	r->workers = workers;
	r->folio_kb = folio / SZ_1K;
	r->folios = nr;
	r->bytes = folio * nr;
	r->oversubscribed = m->on_cpus && workers > (size_t)b->info.cpus;
	sysinfo_record(&b->info, r);
	return r;
}

const char *bench_workers_unfit(const struct bench *b, const struct migrator *m,
				size_t workers)
{
	if (!migrator_offered(MIGRATION_DIR, m->name))
		return "this kernel does not offer the migrator";
	if (m->on_cpus && !b->o->oversubscribe && workers > (size_t)b->info.cpus)
		return "more workers than CPUs";
	return NULL;
}

/* How many channels the machine has to give only shows when they are asked for. */
static bool can_have(const struct migrator *m, size_t workers)
{
	return !migrator_has_channels(m) || !migrator_use(MIGRATION_DIR, m, workers);
}

size_t bench_most_workers(const struct bench *b, const struct migrator *m)
{
	size_t i, most = 1;

	if (!m->workers_file)
		return 1;
	for (i = 0; i < b->o->workers.n; i++)
		if (b->o->workers.v[i] > most &&
		    !bench_workers_unfit(b, m, b->o->workers.v[i]) &&
		    can_have(m, b->o->workers.v[i]))
			most = b->o->workers.v[i];
	return most;
}

bool bench_fits(const struct bench *b, size_t bytes, char why[NOTE_LEN])
{
	size_t room;
	int i;

	for (i = 0; i < 2; i++) {
		room = node_room(b->info.node[i]);
		if (bytes <= room)
			continue;
		snprintf(why, NOTE_LEN, "not enough memory: %zu MB wanted, %zu MB free on node %d",
			 bytes >> 20, room >> 20, b->info.node[i]);
		return false;
	}
	return true;
}
