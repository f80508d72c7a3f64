# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Shared by the jobs; to be sourced. Runs in the guest, under busybox's sh.

# shellcheck disable=SC2034
MIGRATION=/sys/kernel/mm/migration

# load_modules: the migrators that this kernel brought along
load_modules() {
	for m in /lib/modules/*.ko; do
		case $m in
		# A test loads it when it needs it.
		*_test.ko | *_engine.ko | *_pause.ko | */dmatest.ko | *\**) continue ;;
		esac
		insmod "$m" || echo "cannot load $m"
	done
}

# copied MIGRATOR: folios that it has copied; with '*', all of them together
copied() {
	# shellcheck disable=SC2086	# it may be a pattern
	cat "$MIGRATION"/$1/stats/folios | awk '{ n += $1 } END { print n + 0 }'
}

# mark TEXT: where we are, in the console's log among what the kernel prints
mark() {
	echo "### $*" >/dev/kmsg
}
