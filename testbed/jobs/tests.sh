# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the tests that /etc/tests names, one a line, and prints what each prints
# between two markers. The same markers go to the kernel's log, so that a splat
# can be laid at the right door. The host judges: testbed/verdicts.
#
#   kunit            results of the suites that ran at boot
#   engine.NAME      /jobs/NAME, which looks at the machine's DMA engine
#   tools.NAME       /jobs/NAME, which runs our tools
#   kexec.NAME       /jobs/NAME, which goes on in other kernels
#   selftest.NAME    /selftests/migrate_offload/NAME
#   iommu.NAME, bounce.NAME, sockets.NAME, gigantic.NAME, icount.NAME,
#   poison.NAME, hotplug.NAME, stress.NAME
#                    the same in a guest with other devices, CPUs, memory or clock,
#                    or in one that is not fit for others afterwards
#   stranger.NAME[@MIGRATOR]
#                    one of testbed/strangers.list, unmodified, while that migrator
#                    (mtcopy) copies every batch; on an unpatched kernel none does
#   kmemleak         memory that nobody points to any more: asked for or not, the
#                    last one where the kernel can tell
#
# NAME:CASE runs one case alone: FIXTURE[.VARIANT].TEST of a program, the
# argument of a script.
#
# A test ends with 0 (passed), 4 (skipped, the last line says why) or anything
# else. It may take LIMIT seconds, or "timeout=N" of the file settings beside it,
# or MO_LIMIT where that is set.

# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh

LIMIT=${LIMIT:-240}

# run_program PATH CASE [ARGUMENT...]: with its limit; a script by sh, whatever its
# first line says. CASE may be empty: all, but the variants of TEST in MO_LATE_VARIANTS.
run_program() {
	path=$1 only=$2
	shift 2
	limit=$(sed -n 's/^timeout=//p' "${path%/*}/settings" 2>/dev/null)
	cd "${path%/*}" || return
	case $path in
	*.sh) set -- sh "$path" ${only:+"$only"} "$@" ;;
	*)
		set -- "$path" "$@" ${only:+-r "$only"}
		for late in ${MO_LATE_VARIANTS-}; do
			[ "${late%/*}" != "$TEST" ] || set -- "$@" -V "${late#*/}"
		done
		;;
	esac
	timeout -s KILL "${MO_LIMIT:-${limit:-$LIMIT}}" "$@"
}

kunit() {
	found=1
	for f in /sys/kernel/debug/kunit/*/results; do
		[ -f "$f" ] || continue
		found=0
		cat "$f"
	done
	[ $found = 0 ] || echo "no KUnit suite ran"
	return $found
}

# On a busy host a guest's CPU may stand still for a second, which is the time that a
# window has: what is copied would depend on the host. A test of time-outs sets its own.
give_windows_time() {
	[ ! -e $MIGRATION/dcbm/timeout_ms ] || echo 60000 >$MIGRATION/dcbm/timeout_ms
}

# The control files as they were at boot, whatever a test did to them.
reset_state() {
	[ -d $MIGRATION ] || return
	give_windows_time
	echo kernel >$MIGRATION/offload_migrator
	for f in "$MIGRATION"/policy/*; do
		[ ! -f "$f" ] || echo default >"$f"
	done
	for f in /tmp/defaults/*; do
		cat "$f" >"$MIGRATION/${f##*/}"
	done
}

# 6.12 counts a CPU's fair server among its tasks, also when it has none to serve: if
# its timer fires while the CPU is taken down, the kernel warns of a task left behind.
# Each is turned off from its own CPU: a write stops the server, and a second stop of
# one that idles makes the kernel warn, too. While a CPU runs the writer, it does not.
fair_servers_off() {
	case $(uname -r) in
	6.12.*) ;;
	*) return ;;
	esac
	for f in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
		cpu=${f%/runtime}
		taskset -c "${cpu##*/cpu}" sh -c "echo 0 >$f"
	done
}

KMEMLEAK=${KMEMLEAK:-/sys/kernel/debug/kmemleak}

# An object is told when it is older than five seconds, and did not change between
# two scans.
kmemleak() {
	echo scan >"$KMEMLEAK"
	sleep 6
	echo scan >"$KMEMLEAK" && cat "$KMEMLEAK" >/tmp/kmemleak || return
	cat /tmp/kmemleak
	echo "$(grep -c '^unreferenced object' /tmp/kmemleak) unreferenced objects"
	! grep -q '^unreferenced object' /tmp/kmemleak
}

# Every batch goes to this migrator.
stranger_uses() {
	# ksm_tests looks after two scans; "smart" ones leave out what did not merge at
	# first, and a third of its runs fails, with or without our patches.
	[ ! -e /sys/kernel/mm/ksm/smart_scan ] || echo 0 >/sys/kernel/mm/ksm/smart_scan
	[ -d $MIGRATION ] || return 0
	for m in mtcopy migrate_padata migrate_offload_engine dcbm; do
		insmod "/lib/modules/$m.ko" 2>/dev/null
	done
	# Short batches, too.
	echo 4096 >$MIGRATION/dcbm/min_bytes_per_channel
	# What others have left to merge.
	echo 2 >/sys/kernel/mm/ksm/run
	echo 0 >$MIGRATION/min_batch_bytes &&
		echo "$1" >$MIGRATION/offload_migrator
}

stranger() {
	case $1 in
	*@*) stranger_uses "${1#*@}" || return ;;
	*) stranger_uses mtcopy || return ;;
	esac
	program=$(awk -F '\t' -v n="${1%@*}" '$1 == n { print $2 " " $3 }' /etc/strangers)
	# 7.3's migration wants a huge page of each node.
	for n in /sys/devices/system/node/node[0-9]*; do
		echo 2 >"$n/hugepages/hugepages-2048kB/nr_hugepages"
	done
	only=$2
	# shellcheck disable=SC2086	# a name and its arguments
	set -- $program
	case $1 in
	/*) program=$1 ;;
	*) program=/selftests/mm/$1 ;;
	esac
	shift
	run_program "$program" "$only" "$@"
}

run_test() {
	TEST=$1 name=${1#*.} only=
	case $name in
	*:*) only=${name#*:} name=${name%%:*} ;;
	esac
	case $1 in
	kunit*) kunit ;;
	engine.* | tools.* | kexec.*) sh "/jobs/$name" ;;
	selftest.* | iommu.* | bounce.* | sockets.* | gigantic.* | icount.* | poison.* | \
		hotplug.* | stress.* | suspend.*)
		t=/selftests/migrate_offload/$name
		[ -e "$t" ] || t=$t.sh
		run_program "$t" "$only"
		;;
	kmemleak) kmemleak ;;
	stranger.*) stranger "$name" "$only" ;;
	*)
		echo "no such kind of test"
		return 2
		;;
	esac
}

# What the selftests want to know of the bed they run in.
export MO_MODULES=/lib/modules MO_EXT4_DIR=/mnt MO_SWAP_DEV=/dev/vdb
mkdir -p /mnt /tmp/defaults
[ ! -b /dev/vda ] || mount -t ext4 /dev/vda /mnt
[ ! -d $MIGRATION ] || cp $MIGRATION/max_* $MIGRATION/min_* $MIGRATION/file_folios /tmp/defaults/
fair_servers_off
load_modules
give_windows_time

{
	grep -v '^kmemleak$' /etc/tests
	[ ! -f "$KMEMLEAK" ] || echo kmemleak
} | while read -r test; do
	mark "begin $test"
	echo "### begin $test"
	start=$(cut -d. -f1 /proc/uptime)
	(run_test "$test") 2>&1 </dev/null
	rc=$?
	echo "### end $test $rc $(($(cut -d. -f1 /proc/uptime) - start))"
	mark "end $test"
	reset_state
done
