# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# QEMU's q35: nodes and CPUs as asked for, no DMA engine. To be sourced. All that
# differs between machines is in these files, which set the same names:
#
#   KERNEL_ARCH       the machine's name in the kernel's make
#   CROSS             prefix of its compiler and binutils
#   KERNEL_TARGET     what to make there
#   KERNEL_IMAGE      where that is then, below the objects
#   MACHINE_KERNELS   those of kernel/versions.mk that run on it
#   MACHINE_CONFIG    fragment of kernel/configs
#   MACHINE_PACKAGES  Debian packages that no other machine needs
#   MACHINE_TESTS     tests that are run on it (regular expression)
#   MACHINE_BEDS      other guests than the usual one, see machine_bed
#   MACHINE_QEMU      QEMU's program
#   MACHINE_KVM       yes, or no for a board that is always emulated
#   MACHINE_MEM       default size of a node in MB
#   MACHINE_CONSOLE   its serial port
#   MACHINE_NOTE      what a reader of its figures must know
#   MACHINE_TABLES    the tables that are measured on it
#   MACHINE_SETTINGS  their settings, see jobs/tables.sh
#   TEST_SMP          CPUs for the tests
#   TEST_CPU          QEMU's CPU model for them
#   VIRTIO            how the names of its virtio devices end
#   BED_TESTS         tests on those, and others that not every kernel has, each with
#                     the symbol that its kernel needs, or, behind "!", must not have
#   machine_bed NAME  set BED_DEVICES, options of testbed/run, BED_LINE, more of
#                     the kernel's command line, BED_SMP and BED_CPU, instead of
#                     TEST_SMP and TEST_CPU, for tests called NAME.*; BED_BOOT, if
#                     its ext4 has in boot/ the kernel and the root that it runs;
#                     BED_DISK, the size of its ext4, if that is not 96M
#   machine_cpu       print the default CPU model with $ACCEL
#   machine_args      add to ARGS: board, CPUs, nodes; to LINE, the kernel's
#                     command line; to ENVS, the job's environment. Uses CPU,
#                     SMP, TOPOLOGY, NODES, MEM and PREALLOC

KERNEL_ARCH=x86_64
CROSS=
KERNEL_TARGET=bzImage
KERNEL_IMAGE=arch/x86/boot/bzImage
MACHINE_KERNELS='6.12 7.3'
MACHINE_CONFIG=x86_64
MACHINE_PACKAGES=()
MACHINE_TESTS=.
MACHINE_BEDS='iommu bounce sockets gigantic icount poison hotplug stress kexec stranger suspend'
BED_TESTS='iommu.dcbm_test:CONFIG_INTEL_IOMMU iommu.lists_test:CONFIG_INTEL_IOMMU
	iommu.data_test:CONFIG_INTEL_IOMMU iommu.engine_test:CONFIG_INTEL_IOMMU
	bounce.bounce_test:CONFIG_SWIOTLB sockets.placement_test:CONFIG_MIGRATE_OFFLOAD
	gigantic.gigantic_test:!CONFIG_KASAN poison.poison_test:CONFIG_MIGRATE_OFFLOAD_TEST_POISON
	icount.cost_test:!CONFIG_KASAN icount.one_cpu_test:!CONFIG_KASAN
	hotplug.hotplug_test:CONFIG_MEMORY_HOTREMOVE hotplug.zram_test:CONFIG_ZRAM
	stress.stress_test:CONFIG_MIGRATE_OFFLOAD suspend.suspend_test:CONFIG_PM_DEBUG
	kexec.kexec_test:CONFIG_KEXEC_FILE selftest.account_test:!CONFIG_KASAN'
MACHINE_QEMU=qemu-system-x86_64
MACHINE_KVM=yes
MACHINE_MEM=1536
MACHINE_CONSOLE=ttyS0
MACHINE_NOTE=
MACHINE_TABLES='sweep count breakdown latency'
MACHINE_SETTINGS=()
# Three CPUs: the kernel's own migration test needs as many. The CPU model has
# ERMS, without which a copy does not survive poison.
TEST_SMP=3
TEST_CPU=max
VIRTIO=pci

machine_bed() {
	# A function of which no driver of the kernel wants anything: the engine in
	# software takes it, and the kernel looks for mappings that are left when it
	# is given up, which it does for PCI alone.
	BED_DEVICES=(--device edu) BED_LINE='' BED_SMP=$TEST_SMP BED_CPU=$TEST_CPU
	BED_BOOT='' BED_DISK=''
	case $1 in
	iommu)
		BED_DEVICES=(--device intel-iommu "${BED_DEVICES[@]}")
		BED_LINE="intel_iommu=on iommu.passthrough=0 iommu.strict=1"
		;;
	bounce) BED_LINE="swiotlb=force" ;;
	sockets)
		# A node is a socket, with two last level caches of two CPUs. The
		# kernel believes what CPUs of this vendor say of their caches. QEMU 10
		# ends with an assertion where it is asked for leaf 0x1f of CPUs in dies.
		BED_DEVICES+=(--topology "sockets=2,dies=2,cores=2" --one-thread)
		BED_SMP=8 BED_CPU=$TEST_CPU,vendor=GenuineIntel,l3-cache=on,level=0x16
		;;
	# Each node has room for a page of 1 GB, which is aligned to its size: 2 GB
	# of the first are below the hole, and the ends of both parts are in use.
	gigantic)
		BED_DEVICES+=(--mem 4096)
		BED_LINE="hugepagesz=1G hugepages=0:1,1:1" BED_CPU=$TEST_CPU,-erms,-fsrm
		;;
	# A copy is as short as it can be, beside what else a move costs.
	icount)
		BED_DEVICES+=(--icount --env MO_ICOUNT=1)
		BED_SMP=1 BED_CPU=$TEST_CPU,-erms,-fsrm
		# For a file of 256 MB.
		BED_DISK=384M
		;;
	# Pages that are found bad while they are moved, alone or in a huge folio, stay
	# marked, and come back from the allocator: what runs behind that would be killed.
	poison) ;;
	# Each kernel sees more memory than the one before, see jobs/kexec_test.sh: of
	# that above 4 GB, which is 1 GB.
	kexec)
		BED_LINE="mem=4224M" BED_BOOT=yes
		[ -z "${HOLD-}" ] || hold_stopped
		;;
	# Has Debian's programs (scripts/build-initramfs), and most tests of the long run.
	stranger) BED_DEVICES+=(--timeout "${GUEST_LIMIT:-7200}") ;;
	# Linux 7.3 does not get virtio ports back from a suspend (docs/reliability.md).
	suspend)
		BED_DEVICES+=(--serial)
		BED_LINE="pm_notifier_error_inject.priority=-1"
		;;
	# Memory that can be taken offline: blocks with nothing that cannot be moved.
	hotplug) BED_LINE="movablecore=1536M" ;;
	stress)
		BED_LINE="movablecore=1536M"
		BED_DEVICES+=(--env "MO_SEED=${SEED-}" --env "MO_FOLIOS=${FOLIOS-}"
			--env "MO_LIMIT=${GUEST_LIMIT-}")
		;;
	esac
}

# hold_stopped: add to BED_DEVICES that a CPU which is stopped is held for $HOLD ms
# when it has said so, and has not halted
hold_stopped() {
	local at so
	at=$(objdump -d --no-show-raw-insn --disassemble=stop_this_cpu "$OBJ/vmlinux" |
		awk -F: 'seen == 1 { print $1; seen = 2 }
			/lock btr/ && !seen { seen = 1 }' | tr -d ' ')
	[ -n "$at" ] || die "stop_this_cpu() of $OBJ is not as expected"
	so=$(build_plugin insn_hold)
	BED_DEVICES+=(--plugin "file=$so,at=$at,ms=$HOLD")
}

# Under TCG "rep movsb" is emulated byte by byte, so a CPU that has ERMS spends
# its time in the emulator and not in the copy; see docs/reproduce.md.
machine_cpu() {
	case $ACCEL in
	kvm) echo host ;;
	*) echo max,-erms,-fsrm ;;
	esac
}

machine_args() {
	local n c cpus per_node=$(((SMP + NODES - 1) / NODES)) sockets=$SMP
	# A socket never spans two nodes: the kernel warns of such a machine. Where
	# the CPUs cannot be dealt out evenly each is a socket of its own.
	[ $((SMP % NODES)) != 0 ] || sockets=$NODES
	: "${TOPOLOGY:=sockets=$sockets,cores=$((SMP / sockets))}"
	ARGS+=(-M q35 -cpu "$CPU" -smp "$SMP,$TOPOLOGY")
	for ((n = 0; n < NODES; n++)); do
		cpus=''
		for ((c = n * per_node; c < (n + 1) * per_node && c < SMP; c++)); do
			cpus+=,cpus=$c
		done
		ARGS+=(-object "memory-backend-ram,id=mem$n,size=${MEM}M,prealloc=$PREALLOC"
			-numa "node,nodeid=$n,memdev=mem$n$cpus")
	done
}
