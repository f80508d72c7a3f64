/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MIGBENCH_H
#define MIGBENCH_H

#include "common.h"

#define MIGBENCH_VERSION "1.0"

#endif
