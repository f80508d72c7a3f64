// SPDX-License-Identifier: GPL-2.0
/*
 * Moves memory between two nodes until it is told to stop by SIGTERM, and looks
 * at every byte after each move.  For tests that change something meanwhile.
 *
 * Exits with 0 when every byte was right, and says how often it moved all.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "mo_util.h"

#define SMALL_PAGES	700

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct mo_region r = {};
	unsigned long rounds = 0;
	size_t huge, moved = 0;

	mo_require();
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);

	huge = 2 * mo_pmd_size;
	r.len = huge + SMALL_PAGES * mo_page_size;
	mo_bind(mo_nodes[0]);
	r.mem = mo_map_aligned(r.len, mo_pmd_size, PROT_READ | PROT_WRITE);
	if (!r.mem)
		return 1;
	madvise(r.mem, huge, MADV_HUGEPAGE);
	madvise(r.mem + huge, r.len - huge, MADV_NOHUGEPAGE);
	mo_fill(r.mem, r.len, (uintptr_t)r.mem, 0);
	if (mo_scan(&r))
		return 1;

	while (!stop) {
		int node = mo_nodes[!(rounds % 2)];

		if (mo_move(&r, node, MPOL_MF_MOVE) < 0) {
			perror("move_pages");
			return 1;
		}
		if (mo_check(r.mem, r.len, r.base, rounds) != MO_GOOD)
			return 1;
		moved += mo_on_node(&r, node);
		mo_fill(r.mem, r.len, r.base, ++rounds);
	}
	printf("# %lu rounds, %zu of %zu folios moved\n", rounds, moved,
	       rounds * r.nr);
	return !rounds;
}
