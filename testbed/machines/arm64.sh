# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# QEMU's xlnx-versal-virt: eight DMA channels with a driver of mainline's
# (zynqmp_dma), two CPUs, and no nodes but those that the kernel makes up. See
# x86_64.sh for the names.

KERNEL_ARCH=arm64
CROSS=aarch64-linux-gnu-
KERNEL_TARGET=Image
KERNEL_IMAGE=arch/arm64/boot/Image
MACHINE_KERNELS=7.3
MACHINE_CONFIG=arm64
MACHINE_PACKAGES=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm)
# What a machine can be wrong about: its DMA engine, its copy of a page, atomics.
# The other tests have no migrator dcbm, or want the engine that fails on purpose.
MACHINE_TESTS='^(kunit|tools\..*|engine\..*|selftest\.(abi|data|kinds|file|race)_test)$'
MACHINE_BEDS=''
BED_TESTS=''
MACHINE_QEMU=qemu-system-aarch64
# KVM would give the board the CPUs of its host.
MACHINE_KVM=no
# Two nodes fit below the board's gap in the addresses.
MACHINE_MEM=1024
MACHINE_CONSOLE=ttyAMA0
MACHINE_NOTE="dcbm: 8 channels of zynqmp_dma, emulated by QEMU, which finishes a transfer
inside the register write that starts it: so this shows function, not overlap or speed."
MACHINE_TABLES=sweep
MACHINE_SETTINGS=(TOTAL=16M "WORKERS=1,2,4,8" REPS=3 "MIGRATORS=kernel,dcbm")
TEST_SMP=2
TEST_CPU=cortex-a72
VIRTIO=device

machine_bed() {
	BED_DEVICES=() BED_LINE='' BED_SMP=$TEST_SMP BED_CPU=$TEST_CPU BED_BOOT=''
}

machine_cpu() {
	echo cortex-a72
}

machine_args() {
	[ "$CPU" = cortex-a72 ] || die "--cpu $CPU: this board has cortex-a72"
	[ "$SMP" -le 2 ] || die "--smp $SMP: this board has two CPUs"
	ARGS+=(-M "xlnx-versal-virt,memory-backend=ram"
		-object "memory-backend-ram,id=ram,size=$((MEM * NODES))M,prealloc=$PREALLOC")
	# QEMU counts two more CPUs, of another kind, and takes no other number.
	# Its clock would take a driver: results get their date from the host.
	ENVS+=("HOST_TIME=$(date +%s)")
	LINE+=" numa=fake=$NODES maxcpus=$SMP"
}
