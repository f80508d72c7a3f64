// SPDX-License-Identifier: GPL-2.0
#include "check.h"

#include <unistd.h>

#include "dma.h"

/* dir stands for /sys/class/dma. */
static char names[64];

static void add_channel(const char *name, const char *in_use, const char *driver)
{
	char file[128], to[128];

	snprintf(file, sizeof(file), "%s/in_use", name);
	write_text(dir, file, in_use);
	snprintf(file, sizeof(file), "%s/device/uevent", name);
	write_text(dir, file, "");
	snprintf(file, sizeof(file), "%s/%s/device/driver", dir, name);
	snprintf(to, sizeof(to), "../../bus/platform/drivers/%s", driver);
	if (*driver)
		assert_int_equal(symlink(to, file), 0);
}

static const char *drivers(void)
{
	dma_drivers(dir, names, sizeof(names));
	return names;
}

static void none(void **state)
{
	(void)state;
	assert_string_equal(drivers(), "");
	dma_drivers("/nowhere/at/all", names, sizeof(names));
	assert_string_equal(names, "");
}

static void only_channels_in_use(void **state)
{
	(void)state;
	add_channel("dma0chan0", "0\n", "pl330");
	add_channel("dma1chan0", "1\n", "zynqmp_dma");
	add_channel("dma1chan1", "1\n", "zynqmp_dma");
	assert_string_equal(drivers(), "zynqmp_dma");
	assert_false(dma_is_software(names));
}

static void free_channels(void **state)
{
	(void)state;
	add_channel("dma0chan0", "0\n", "pl330");
	add_channel("dma1chan0", "1\n", "zynqmp_dma");
	add_channel("dma1chan1", "0\n", "zynqmp_dma");
	add_channel("dma2chan0", "yes\n", "idxd");
	assert_int_equal(dma_drivers(dir, names, sizeof(names)), 1);
	assert_int_equal(dma_drivers_of_free(dir, names, sizeof(names)), 2);
	assert_string_equal(names, "pl330+zynqmp_dma");
	assert_int_equal(dma_drivers_of_free("/nowhere/at/all", names, sizeof(names)), 0);
	assert_string_equal(names, "");
}

static void several_drivers(void **state)
{
	(void)state;
	add_channel("dma1chan0", "1\n", "dma");
	add_channel("dma0chan0", "1\n", "idxd_dma");
	add_channel("dma2chan0", "2\n", "idxd");
	assert_string_equal(drivers(), "idxd_dma+dma+idxd");
}

static void a_device_without_a_driver(void **state)
{
	(void)state;
	add_channel("dma0chan0", "1\n", "");
	write_text(dir, "dma0chan1/in_use", "yes\n");
	assert_string_equal(drivers(), "");
}

static void names_that_are_too_long(void **state)
{
	(void)state;
	add_channel("dma0chan0", "1\n", "a-name-that-is-rather-long-and-one-more");
	add_channel("dma1chan0", "1\n", "another-name-that-does-not-fit-in-here");
	assert_int_equal(strlen(drivers()), sizeof(names) - 1);
}

static void software_is_known_by_its_name(void **state)
{
	(void)state;
	assert_true(dma_is_software("migrate_offload_engine"));
	assert_true(dma_is_software("idxd+migrate_offload_engine"));
	assert_true(dma_is_software("migrate_offload_engine+idxd"));
	assert_false(dma_is_software("migrate_offload_engine2"));
	assert_false(dma_is_software("my_migrate_offload_engine"));
	assert_false(dma_is_software(""));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
	const struct CMUnitTest tests[] = {
		T(none),
		T(only_channels_in_use),
		T(free_channels),
		T(several_drivers),
		T(a_device_without_a_driver),
		T(names_that_are_too_long),
		T(software_is_known_by_its_name),
	};

	return cmocka_run_group_tests_name("dma", tests, NULL, NULL);
}
