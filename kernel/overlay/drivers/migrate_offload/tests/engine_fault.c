// SPDX-License-Identifier: GPL-2.0
/*
 * A DMA engine that is software: what goes wrong, as debugfs says.
 *
 * In migrate_offload_engine/ each fault has its fault injection attributes, and
 * "NAME_count": how often it struck.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fault-inject.h>

#include "engine.h"

static const char * const engine_fault_names[ENGINE_NR_FAULTS] = {
	[ENGINE_FAIL_CHANNEL]	= "fail_channel",
	[ENGINE_FAIL_PREP]	= "fail_prep",
	[ENGINE_FAIL_SUBMIT]	= "fail_submit",
	[ENGINE_FAIL_COPY]	= "fail_copy",
	[ENGINE_FAIL_SHORT]	= "fail_short",
	[ENGINE_FAIL_ORDER]	= "fail_order",
	[ENGINE_FAIL_LATE]	= "fail_late",
	[ENGINE_FAIL_LOST]	= "fail_lost",
};

static struct fault_attr engine_faults[ENGINE_NR_FAULTS];
static atomic_t engine_fault_counts[ENGINE_NR_FAULTS];
static u32 engine_late = 2000;
static struct dentry *engine_dir;

bool engine_fails(enum engine_fault fault)
{
	if (!should_fail(&engine_faults[fault], 1))
		return false;
	atomic_inc(&engine_fault_counts[fault]);
	return true;
}

unsigned int engine_late_ms(void)
{
	return READ_ONCE(engine_late);
}

static int engine_release_set(void *data, u64 val)
{
	return engine_release_lost();
}
DEFINE_DEBUGFS_ATTRIBUTE(engine_release_fops, NULL, engine_release_set, "%llu\n");

void engine_make_files(void)
{
	char name[32];

	engine_dir = debugfs_create_dir(ENGINE_NAME, NULL);
	for (int i = 0; i < ENGINE_NR_FAULTS; i++) {
		engine_faults[i] = (struct fault_attr)FAULT_ATTR_INITIALIZER;
		/* A message for each would be all that the log holds. */
		engine_faults[i].verbose = 0;
		fault_create_debugfs_attr(engine_fault_names[i], engine_dir,
					  &engine_faults[i]);
		snprintf(name, sizeof(name), "%s_count", engine_fault_names[i]);
		debugfs_create_atomic_t(name, 0444, engine_dir,
					&engine_fault_counts[i]);
	}
	debugfs_create_u32("late_ms", 0644, engine_dir, &engine_late);
	debugfs_create_file_unsafe("release", 0200, engine_dir, NULL,
				   &engine_release_fops);
}

void engine_remove_files(void)
{
	debugfs_remove(engine_dir);
}
