// SPDX-License-Identifier: GPL-2.0
/*
 * The engine that fails on purpose, and what watches how it is used.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "mo_util.h"
#include "mo_engine.h"

/* So many faults that they do not run out. */
#define TIMES		1000000000LL

#define FAIL_FUNCTION	MO_DEBUGFS MO_FAIL_MAP "/"
#define DMA_API		MO_DEBUGFS "dma-api/"

static bool is_map(const char *fault)
{
	return !strcmp(fault, MO_FAIL_MAP);
}

/**
 * mo_engine_require - have the files of the engine
 *
 * Return: why that is not possible, or NULL.
 */
const char *mo_engine_require(void)
{
	if (access(MO_ENGINE, F_OK))
		mount("debugfs", MO_DEBUGFS, "debugfs", 0, NULL);
	if (access(MO_ENGINE "late_ms", F_OK))
		return "no engine that fails on purpose";
	/* Errors beyond the first are errors, too. */
	if (!access(DMA_API "all_errors", F_OK))
		mo_write(DMA_API "all_errors", "1", 1);
	return NULL;
}

/* -EIO from dcbm_window_map() */
static int prepare_map(void)
{
	static const char name[] = "dcbm_window_map", eio[] = "0xfffffffffffffffb";

	return mo_write(FAIL_FUNCTION "inject", name, strlen(name)) ?:
	       mo_write(FAIL_FUNCTION "dcbm_window_map/retval", eio, strlen(eio));
}

/* Would keep dcbm's code patched after its end. */
static void forget_map(void)
{
	static const char not_name[] = "!dcbm_window_map";

	mo_write(FAIL_FUNCTION "inject", not_name, strlen(not_name));
}

/**
 * mo_engine_inject - let something go wrong, until mo_restore()
 * @fault: Name of a fault of the engine, or MO_FAIL_MAP.
 * @every: Each how-many-th time.
 *
 * Return: what mo_engine_struck() says now, or a negative errno.
 */
long long mo_engine_inject(const char *fault, const char *every)
{
	char dir[128], times[32];
	int err = 0;

	if (is_map(fault))
		err = prepare_map();
	snprintf(dir, sizeof(dir), "%s%s", is_map(fault) ? MO_DEBUGFS : MO_ENGINE,
		 fault);
	snprintf(times, sizeof(times), "%lld", TIMES);
	if (!err)
		err = mo_putf(every, "%s/interval", dir);
	if (!err)
		err = mo_putf(times, "%s/times", dir);
	if (!err)
		err = mo_putf("100", "%s/probability", dir);
	return err ?: mo_engine_struck(fault);
}

/* How often has it gone wrong? */
long long mo_engine_struck(const char *fault)
{
	if (is_map(fault))
		return TIMES - mo_get(FAIL_FUNCTION "times");
	return mo_getf(MO_ENGINE "%s_count", fault);
}

/* What was lost is copied and reported now. */
int mo_engine_release(void)
{
	return mo_write(MO_ENGINE "release", "1", 1);
}

/* Nothing goes wrong any more; takes back what mo_put() wrote, too. */
void mo_engine_stop(void)
{
	mo_restore();
	forget_map();
	mo_engine_release();
}

/* Until nothing is in quarantine any more, for half a minute. */
long long mo_engine_wait_for_quiet(void)
{
	for (int i = 0; i < 300 && mo_get(MO_DCBM "quarantined") > 0; i++)
		usleep(100000);
	return mo_get(MO_DCBM "quarantined");
}

/* The channels that timed out are replaced. */
int mo_engine_take_again(void)
{
	return mo_write(MO_SYSFS "offload_migrator", "kernel", 6) ?:
	       mo_write(MO_SYSFS "offload_migrator", "dcbm", 4);
}

/**
 * mo_dma_api_errors - what has CONFIG_DMA_API_DEBUG found?
 *
 * Return: number of errors since boot; -1 when it has switched itself off; 0
 * without it.
 */
long long mo_dma_api_errors(void)
{
	char disabled[8];

	if (access(DMA_API "error_count", F_OK))
		return 0;
	if (mo_read(DMA_API "disabled", disabled, sizeof(disabled)) != 1 ||
	    *disabled != 'N')
		return -1;
	return mo_get(DMA_API "error_count");
}
