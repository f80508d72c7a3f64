// SPDX-License-Identifier: GPL-2.0
/*
 * What the tables for people say about their cells.
 */
#include "check.h"

#include <math.h>

#include "text.h"

static struct record_set set;
static char *report;

static int no_records(void **state)
{
	(void)state;
	memset(&set, 0, sizeof(set));
	report = NULL;
	return 0;
}

static int drop_records(void **state)
{
	(void)state;
	records_free(&set);
	free(report);
	return 0;
}

static struct record *add(const char *table, const char *migrator, int workers,
			  double gbps)
{
	struct record *r = records_add(&set);
	int i;

	strcpy(r->table, table);
	strcpy(r->migrator, migrator);
	r->workers = workers;
	r->folio_kb = 2048;
	r->folios = 8;
	for (i = 0; i < 4; i++)
		samples_add(&r->gbps, gbps);
	record_summarize(r);
	record_set_status(r, STATUS_OK, "");
	return r;
}

static struct record *add_dma(const char *table, int workers, const char *driver)
{
	struct record *r = add(table, "dcbm", workers, 2);

	strcpy(r->dma_driver, driver);
	r->dma_software = !strcmp(driver, "migrate_offload_engine");
	return r;
}

static void print(void)
{
	size_t len;
	FILE *f = open_memstream(&report, &len);

	assert_non_null(f);
	text_report(f, &set);
	fclose(f);
}

static void assert_says(const char *text)
{
	if (!strstr(report, text))
		fail_msg("no \"%s\" in:\n%s", text, report);
}

static void assert_silent_about(const char *text)
{
	if (strstr(report, text))
		fail_msg("\"%s\" in:\n%s", text, report);
}

static void software_is_called_so(void **state)
{
	(void)state;
	add("1a", "kernel", 1, 1);
	add_dma("1c", 2, "migrate_offload_engine");
	add_dma("2", 2, "migrate_offload_engine");
	print();
	assert_says("dcbm: copy by DMA channels\n"
		    "DMA channels of migrate_offload_engine: software that the CPUs run, "
		    "so no figure of a DMA engine\n");
	assert_says("Table 2. Number of 2 MB folios\nDMA channels of migrate_offload_engine: software");
	assert_says("| dcbm, 2 channels (software)\n");
	assert_says("speedup dcbm 2 channels, 2048 KB folios: forward 2.00 backward 2.00 (software)\n");
}

static void an_engine_is_named(void **state)
{
	(void)state;
	add("1a", "kernel", 1, 1);
	add_dma("1c", 1, "zynqmp_dma");
	add_dma("2", 1, "zynqmp_dma");
	print();
	assert_says("\nDMA channels of zynqmp_dma\n");
	assert_says("| dcbm, 1 channel\n");
	assert_silent_about("software");
}

static void a_setting_that_cannot_be_had(void **state)
{
	(void)state;
	add("1a", "kernel", 1, 1);
	add_dma("1c", 8, "zynqmp_dma");
	record_set_status(add("1c", "dcbm", 12, 0), STATUS_NOT_RUN, "too few");
	print();
	assert_says("\n     12 |      -[1]\n[1] not run: too few\n");
	assert_says("\n      8 | 2.00±0.00\n");
}

static void no_throughput_is_nothing(void **state)
{
	(void)state;
	add("1a", "kernel", 1, 0.00312);
	print();
	assert_says("      GB/s | 0.0031±0.0000\n");
}

static void fewer_repetitions_are_said(void **state)
{
	(void)state;
	add("1a", "kernel", 1, 1)->reps = 7;
	print();
	assert_says("7 or more repetitions each; every");
	free(report);
	add_dma("1c", 1, "zynqmp_dma");
	print();
	assert_says("7 or more repetitions each (2 with DMA channels); every");
}

static void add_cpu_time(struct record *r, double caller, double all, double step)
{
	r->caller_cpu_s_per_gb = caller;
	r->system_cpu_s_per_gb = all;
	r->system_cpu_step_s_per_gb = step;
}

static void cpu_time_where_it_was_measured(void **state)
{
	(void)state;
	add_cpu_time(add("1a", "kernel", 1, 1), 1, 1.25, 0.01);
	add_cpu_time(add("1b", "mtcopy", 2, 1), 0.5, 1.5, 0.02);
	add("1b", "mtcopy", 4, 1);
	add_cpu_time(add("2", "kernel", 1, 1), 3, 4, 0.5);
	print();
	assert_says("\nCPU time for each GB moved, in s/GB: the caller's / that of all CPUs\n");
	assert_says("           kernel | 1.00 / 1.25\n");
	assert_says("mtcopy, 2 workers | 0.50 / 1.50\n");
	assert_silent_about("mtcopy, 4 workers");
	assert_says("one tick is 0.020 s/GB or less.");
	/* Eight ticks say nothing. */
	assert_says("     8 | 3.00 / -[1]\n[1] too short for the ticks of /proc/stat\n");
}

static void readings_where_there_were_some(void **state)
{
	(void)state;
	add("1a", "kernel", 1, 1)->read_gbps = 5.5;
	add("1b", "mtcopy", 2, 1)->read_gbps = 3.25;
	add("1b", "mtcopy", 4, 1);
	print();
	assert_says("\nFirst reading of what was moved, one thread, GB/s\n");
	assert_says("           kernel | 5.50\n");
	assert_says("mtcopy, 2 workers | 3.25\n");
	assert_silent_about("mtcopy, 4 workers");
}

static void no_cpu_time_no_table(void **state)
{
	(void)state;
	add("1a", "kernel", 1, 1);
	print();
	assert_silent_about("First reading");
	assert_silent_about("CPU time");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, no_records, drop_records)
	const struct CMUnitTest tests[] = {
		T(software_is_called_so),
		T(an_engine_is_named),
		T(a_setting_that_cannot_be_had),
		T(no_throughput_is_nothing),
		T(fewer_repetitions_are_said),
		T(cpu_time_where_it_was_measured),
		T(readings_where_there_were_some),
		T(no_cpu_time_no_table),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
