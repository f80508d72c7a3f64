/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the selftests of dcbm: the engine that fails on purpose.
 */
#ifndef MO_ENGINE_H
#define MO_ENGINE_H

#define MO_DEBUGFS	"/sys/kernel/debug/"
#define MO_ENGINE	MO_DEBUGFS "migrate_offload_engine/"
#define MO_DCBM		MO_SYSFS "dcbm/"

/* The one fault that is not the engine's: dcbm's own mapping. */
#define MO_FAIL_MAP	"fail_function"

/*
 * Two windows of a channel are submitted before the deadline of their batch, if
 * each of them is late.  A window itself has twice the time that it needs.
 */
#define MO_HALF_LATE_MS		"4100"
#define MO_HALF_TIMEOUT_MS	"8000"

const char *mo_engine_require(void);
long long mo_engine_inject(const char *fault, const char *every);
long long mo_engine_struck(const char *fault);
int mo_engine_release(void);
void mo_engine_stop(void);
long long mo_engine_wait_for_quiet(void);
int mo_engine_take_again(void);
long long mo_dma_api_errors(void);

#endif /* MO_ENGINE_H */
