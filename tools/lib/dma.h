/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose DMA channels a migrator has. A figure of channels says nothing without
 * the driver that provides them, above all where that driver copies by CPU.
 */
#ifndef TOOLS_DMA_H
#define TOOLS_DMA_H

#include <stdbool.h>
#include <stddef.h>

#define DMA_CLASS_DIR "/sys/class/dma"

/* What stands behind the driver's name wherever such figures are printed. */
#define DMA_SOFTWARE_REMARK \
	": software that the CPUs run, so no figure of a DMA engine"

/*
 * Writes the names of the drivers whose channels are in use to @names, sorted
 * and joined by "+"; nothing where no channel is. @dir is the class in sysfs.
 * Returns how many channels that is.
 */
size_t dma_drivers(const char *dir, char *names, size_t len);
/* The same of the channels that nobody uses. */
size_t dma_drivers_of_free(const char *dir, char *names, size_t len);

/* Is one of such @names a driver whose channels are software? */
bool dma_is_software(const char *names);

#endif
