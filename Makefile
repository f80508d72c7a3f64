# SPDX-License-Identifier: GPL-2.0
#
# The only door: everything that can be done with this repository is a target
# here, and "make help" lists them. The work is in scripts/ and testbed/.

SHELL := /bin/bash
ARCH ?= x86_64
ifeq ($(ARCH),arm64)
# A flavour of the kernel by itself, for a machine of its own.
K ?= 7.3
VARIANT ?= arm64
FLAVOUR ?= arm64
ifneq ($(VARIANT) $(FLAVOUR),arm64 arm64)
$(error ARCH=arm64 has one kernel for each K: no VARIANT=, no FLAVOUR=)
endif
GUEST := arm64
ONLY_K := $(K)
else ifeq ($(ARCH),x86_64)
K ?= 6.12
VARIANT ?= plain
GUEST := plain
# Set on the command line, K means "this one alone" to the tests.
ONLY_K := $(if $(filter file,$(origin K)),,$(K))
else
$(error ARCH=$(ARCH): it must be x86_64 or arm64)
endif
V ?= 0

MO_START := $(shell date +%s)
export MO_START V ACCEL CONFIG MIRROR
export FUNCTIONS PAGES SEED FOLIOS HOLD
export TABLES TOTAL COUNTS LIMITS STALLS TOUCH HUGETLB MIGRATORS SIZES REPS WORKERS SMP MEM

# The rest is in the recipes: no half-made files, no built-in rules, and one
# target after the other, as each script uses all CPUs by itself.
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules
Q := @

.PHONY: help deps fetch apply kernel modules initramfs tools run check check-long \
	stress mce-demo overhead bench-native series shell deb lint clean distclean

help:
	@echo 'make run            boot a kernel that migrates in batches, print the tables'
	@echo 'make check          all tests; ends with "N passed, N failed, N skipped", and'
	@echo '                    with the number of lost guests that were started again'
	@echo 'make check T=NAME   one of them, or a group: host lint kunit engine tools'
	@echo '                    selftest stranger mutation made config oracle fuzz'
	@echo 'make check-long     more kernels, more mistakes, longer (BUDGET=N: what N'
	@echo '                    minutes pay for, by worth; the rest is skipped, and said)'
	@echo 'make stress         memory of all kinds is used and moved while all is changed'
	@echo '                    (FOLIOS=1000000, SEED= to repeat a run)'
	@echo 'make mce-demo       machine checks in CPUs that copy, raised by QEMU (default K: 7.3)'
	@echo 'make overhead       instructions for each moved page, against an unpatched kernel'
	@echo '                    (FUNCTIONS=1: where they go, by function; PAGES=1: calls'
	@echo '                    that move one page)'
	@echo 'make bench-native   how fast the migrators copy on the CPUs of this machine'
	@echo 'make series         the patches that a maintainer would receive (BUILD=1: build each)'
	@echo 'make shell          a guest to try things in'
	@echo 'make deb            Debian packages of the kernel for this machine'
	@echo
	@echo 'make deps           install what is needed (as root or by sudo; else say what)'
	@echo 'make kernel         fetch, patch and build a kernel'
	@echo 'make modules        the same, and say where the modules are'
	@echo "make initramfs      the guest's root for it"
	@echo 'make tools          migbench and migctl for this machine, in build/tools'
	@echo 'make lint           checkpatch, sparse, W=1, kernel-doc, shellcheck, codespell'
	@echo 'make clean          remove what was built; the unpacked sources stay'
	@echo 'make distclean      remove build/'
	@echo
	@echo 'ARCH=arm64          for run, check, kernel, initramfs, shell: a real DMA driver,'
	@echo '                    emulated (default: x86_64)'
	@echo 'K=6.12|7.3          which kernel (default 6.12; check: both)'
	@echo 'VARIANT=NAME        for kernel, initramfs and shell: plain (default), debug, vanilla,'
	@echo '                    or another flavour: docs/testing.md has a table'
	@echo 'ACCEL=tcg|kvm       how QEMU runs it (default: KVM if it is seen to work)'
	@echo 'CONFIG=FILE         for deb: kernel configuration to start from'
	@echo 'TOTAL= REPS= SMP= MEM=   for run: bytes, repetitions, CPUs, MB of each node'
	@echo 'TABLES="sweep ..."  for run: some of sweep, count, breakdown, latency'
	@echo 'V=1                 print every command of the builds'

deps:
	$(Q). testbed/machines/$(ARCH).sh && scripts/deps "$${MACHINE_PACKAGES[@]}"

fetch: deps
	$(Q)scripts/fetch-kernel $(K)

apply: fetch
	$(Q)scripts/apply $(K)

kernel: deps
	$(Q)scripts/build-kernel $(K) $(VARIANT)

modules: kernel
	$(Q)sed 's|^|build/out-$(K)-$(VARIANT)/|; s|\.o$$|.ko|' \
		build/out-$(K)-$(VARIANT)/modules.order

initramfs: kernel
	$(Q)scripts/build-initramfs $(K) $(VARIANT)

tools: deps
	$(Q)$(MAKE) --no-print-directory -C tools O=$(CURDIR)/build/tools

run: deps tools
	$(Q)scripts/build-kernel $(K) $(GUEST)
	$(Q)scripts/build-initramfs $(K) $(GUEST)
	$(Q)scripts/run-tables $(K) $(GUEST)

check: deps
	$(Q)K=$(ONLY_K) T='$(T)' FLAVOUR=$(FLAVOUR) scripts/check

check-long: deps
	$(Q)K=$(ONLY_K) T='$(T)' FLAVOUR=$(FLAVOUR) scripts/check --long

stress: deps
	$(Q)scripts/stress $(K) $(VARIANT)

mce-demo: deps
	$(Q)scripts/mce-demo $(or $(ONLY_K),7.3)

overhead: deps
	$(Q)scripts/overhead $(K)

series: deps
	$(Q)scripts/series $(if $(BUILD),--build)

# Where there may be no QEMU.
bench-native:
	$(Q)scripts/bench-native

shell: initramfs
	$(Q). testbed/machines/$(ARCH).sh && testbed/run --machine $(ARCH) \
		--kernel build/out-$(K)-$(VARIANT)/$$KERNEL_IMAGE \
		--initrd build/guest-$(K)-$(VARIANT)/initrd.gz --job shell --interactive \
		--no-panic --append kunit.enable=0 --out build/guest-shell

deb: deps
	$(Q)scripts/build-deb $(K)

lint: deps
	$(Q)scripts/lint $(K)

clean:
	$(Q)rm -rf build/linux-* build/out-* build/vanilla/linux-*/out-* build/vanilla/out-* \
		build/guest-* build/stage build/check* build/tools build/logs build/results \
		build/overhead build/deb*

distclean:
	$(Q)rm -rf build
