# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# User Mode Linux: the kernel as a process of this machine, at its full speed. It
# has neither nodes nor user space here; see x86_64.sh for the names and
# scripts/bench-native for what runs it.

KERNEL_ARCH=um
CROSS=
KERNEL_TARGET=linux
KERNEL_IMAGE=linux
MACHINE_KERNELS=7.3
MACHINE_CONFIG=um
MACHINE_PACKAGES=()
