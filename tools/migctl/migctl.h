/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MIGCTL_H
#define MIGCTL_H

#include "common.h"

#define MIGCTL_VERSION "1.0"

/* Of the files that "save" writes and "load" reads. */
#define SAVE_SCHEMA 1

#endif
