// SPDX-License-Identifier: GPL-2.0
/*
 * check: is this machine able?
 */
#include "migctl_tree.h"

#define CHECK "check --config=config"

static int make_machine(void **state)
{
	make_tree(state);
	write_text(dir, "sys/devices/system/node/has_memory", "0-1\n");
	write_text(dir, "sys/devices/system/cpu/online", "0-3,8\n");
	write_text(dir, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	write_text(dir, "sys/class/dma/dma0chan0/in_use", "0\n");
	write_text(dir, "sys/class/dma/dma0chan1/in_use", "1\n");
	write_text(dir, "sys/class/dma/dma0chan0/device/x", "");
	link_to("sys/class/dma/dma0chan0/device/driver", "../../drivers/idxd");
	write_text(dir, "config", "CONFIG_NUMA=y\nCONFIG_MIGRATION=y\n# CONFIG_DMA_ENGINE is not set\n"
		   "CONFIG_MIGRATE_OFFLOAD=y\nCONFIG_MIGRATE_OFFLOAD_MTCOPY=m\n");
	return 0;
}

static void an_able_machine(void **state)
{
	(void)state;
	assert_int_equal(run(CHECK), 0);
	assert_out("ok       kernel                        has sys/kernel/mm/migration\n");
	assert_out("ok       dcbm                          is loaded\n");
	assert_out("ok       padata                        can be loaded: modprobe padata_migrator\n");
	assert_out("note     selected                      the kernel itself: migctl set migrator=NAME\n");
	assert_out("ok       nodes                         2 with memory\n");
	assert_out("ok       CPUs                          5 are online\n");
	assert_out("note     DMA channels                  1 in use\n");
	assert_out("note     DMA channels                  1 free, of idxd: whether they copy memory shows");
	assert_out("ok       huge pages                    madvise\n");
	assert_out("ok       CONFIG_NUMA                   y\n");
	assert_out("ok       CONFIG_MIGRATE_OFFLOAD_MTCOPY m\n");
	assert_out("note     CONFIG_DMA_ENGINE             is not set: there are no DMA channels\n");
	assert_not_out("missing");
	write_text(dir, M "offload_migrator", "kernel auto [mtcopy] dcbm\n");
	assert_int_equal(run(CHECK), 0);
	assert_out("ok       selected                      mtcopy\n");
}

static void for_programs(void **state)
{
	(void)state;
	assert_int_equal(run(CHECK " --format=json"), 0);
	assert_out("{\n \"able\": true,\n \"findings\": [\n  {\n   \"finding\": \"ok\",\n"
		   "   \"subject\": \"kernel\",\n");
	write_text(dir, "sys/devices/system/node/has_memory", "0\n");
	assert_int_equal(run(CHECK " --format=json"), 1);
	assert_out("\"able\": false");
}

/* What is missing alone makes it fail, whatever else there is. */
static void a_kernel_without_the_feature(void **state)
{
	(void)state;
	remove_tree(M);
	assert_int_equal(run(CHECK), 1);
	assert_out("missing  kernel                        has no sys/kernel/mm/migration: boot one");
	assert_out("ok       mtcopy                        can be loaded");
	assert_not_out(" selected  ");
}

static void no_migrator_at_all(void **state)
{
	(void)state;
	unload_all();
	assert_int_equal(run(CHECK), 0);
	remove_tree("modules");
	assert_int_equal(run(CHECK), 1);
	assert_out("missing  migrators                     none is loaded, and there is no module in modules");
	assert_int_equal(run_as_typed("check --sysfs=sys"), 1);
	assert_out("none is loaded, and which modules there are is unknown");
}

static void one_node(void **state)
{
	(void)state;
	write_text(dir, "sys/devices/system/node/has_memory", "0\n");
	assert_int_equal(run(CHECK), 1);
	assert_out("missing  nodes                         one with memory");
	remove_tree("sys/devices/system/node");
	assert_int_equal(run(CHECK), 1);
	assert_out("missing  nodes                         no with memory");
}

static void one_processor(void **state)
{
	(void)state;
	write_text(dir, "sys/devices/system/cpu/online", "0\n");
	assert_int_equal(run(CHECK), 0);
	assert_out("note     CPUs                          no other one that could help to copy\n");
	remove_tree("sys/class/dma");
	assert_int_equal(run(CHECK), 1);
	assert_out("missing  CPUs                          no other one that could help to copy, "
		   "and no DMA channel either\n");
	assert_out("note     DMA channels                  none: dcbm cannot work");
	write_text(dir, "sys/devices/system/cpu/online", "0,\n");
	assert_int_equal(run(CHECK), 1);
	write_text(dir, "sys/devices/system/cpu/online", "3-0\n");
	assert_int_equal(run(CHECK), 1);
	remove_tree("sys/devices/system/cpu");
	assert_int_equal(run(CHECK), 0);
	assert_out("note     CPUs                          how many there are is unknown\n");
}

static void channels_in_software(void **state)
{
	(void)state;
	link_to("sys/class/dma/dma0chan0/device/driver", "../../drivers/migrate_offload_engine");
	assert_int_equal(run(CHECK), 0);
	assert_out("note     DMA channels                  some are software, which the CPUs run\n");
}

static void huge_pages(void **state)
{
	(void)state;
	write_text(dir, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
	assert_int_equal(run(CHECK), 0);
	assert_out("note     huge pages                    transparent ones are never made");
	remove_tree("sys/kernel/mm/transparent_hugepage");
	assert_int_equal(run(CHECK), 0);
	assert_out("note     huge pages                    transparent ones are not in this kernel");
}

static void configurations(void **state)
{
	char command[256];

	(void)state;
	assert_int_equal(run("check"), 0);
	assert_out("note     configuration                 of the kernel cannot be read");
	assert_int_equal(run("check --config=nowhere"), 0);
	assert_out("cannot be read");
	assert_int_equal(run("check --config=nowhere.gz"), 0);
	assert_out("cannot be read");
	snprintf(command, sizeof(command), "gzip '%s/config'", dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(run("check --config=config.gz"), 0);
	assert_out("ok       CONFIG_MIGRATE_OFFLOAD_MTCOPY m\n");
	write_text(dir, "config", "CONFIG_NUMA=y\nCONFIG_MIGRATION=y\n");
	assert_int_equal(run(CHECK), 1);
	assert_out("missing  CONFIG_MIGRATE_OFFLOAD        is not set: this is the feature itself\n");
	write_text(dir, "config.gz", "no archive");
	assert_int_equal(run("check --config=config.gz"), 0);
	assert_out("cannot be read");
}

#undef T
#define T(f) cmocka_unit_test_setup_teardown(f, make_machine, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_able_machine),
		T(for_programs),
		T(a_kernel_without_the_feature),
		T(no_migrator_at_all),
		T(one_node),
		T(one_processor),
		T(channels_in_software),
		T(huge_pages),
		T(configurations),
	};

	return RUN_ON_TREES("migctl_check", tests);
}
