/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line. One table of options makes the parser, the help and the
 * words for the shell's completion.
 */
#ifndef MIGBENCH_OPTIONS_H
#define MIGBENCH_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "parse.h"

enum command {
	CMD_SWEEP	= 1 << 0,
	CMD_COUNT	= 1 << 1,
	CMD_BREAKDOWN	= 1 << 2,
	CMD_LATENCY	= 1 << 3,
	CMD_COMPARE	= 1 << 4,
	CMD_MERGE	= 1 << 5,
};

#define CMD_MEASURE (CMD_SWEEP | CMD_COUNT | CMD_BREAKDOWN | CMD_LATENCY)

enum format { FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON };

struct options {
	enum command command;
	size_t total;
	struct numbers folio_sizes;
	struct numbers counts;
	struct numbers limits;
	struct numbers stalls;		/* empty: limits instead */
	struct numbers workers;
	struct words migrators;		/* empty: those that the kernel offers */
	size_t reps;
	size_t dma_reps;		/* 0: as reps */
	int node[2];			/* -1: the first two with memory */
	bool interleave;
	bool oversubscribe;
	bool quiet;
	size_t max_batch;		/* 0: leave it */
	size_t min_batch;
	size_t min_share;
	bool cpu;
	bool touch;
	bool hugetlb;
	const char *accel;
	const char *kernel_package;
	enum format format;
	const char *output;
	const char *json;
	const char *csv;
	char **args;
	int nr_args;
};

/*
 * Fills in the defaults of @command and reads its arguments; argv[0] is the
 * name of the command. Returns 0, EXIT_USAGE after a message, or -1 if the
 * arguments ask for the help, which the caller prints.
 */
int options_parse(struct options *o, enum command command, int argc, char **argv);

void options_help(FILE *f, enum command command);

/* Words that may follow: the options of a command, or the values of one. */
void options_words(FILE *f, enum command command, const char *option);

#endif
