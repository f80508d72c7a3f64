#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Memory with pages of zsmalloc goes offline, and a migrator is selected.  These pages
# are in one batch with folios, but movable_ops move them, and they are not among the
# isolated ones that are counted.  They keep their data, and no count is below zero.
# Needs memory blocks of ZONE_MOVABLE, as with movablecore=.

. "$(dirname "$0")/mo_traffic.sh"

TRACING=/sys/kernel/tracing
BLOCKS=/sys/devices/system/memory

# The CPUs of the node that has blocks of ZONE_MOVABLE: their pages are in it.
cpus() {
	for block in $BLOCKS/memory*; do
		! grep -q Movable "$block/valid_zones" || break
	done
	cat "$block"/node*/cpulist
}

# zsmalloc calls this for each page that is moved.
watch_pages() {
	echo 'p:mo_zram zs_page_migrate' >>$TRACING/kprobe_events &&
		echo 1 >$TRACING/events/kprobes/mo_zram/enable
}

nr_moved() {
	awk '$1 == "mo_zram" { print $2 }' $TRACING/kprobe_profile
}

# The kernel's log has the counts that are below zero; /proc/vmstat shows these as 0.
counts_are_right() {
	dmesg -c >/dev/null
	echo 1 >/proc/sys/vm/stat_refresh
	dmesg | grep nr_isolated && return 1
	! grep 'nr_isolated.* [1-9]' /proc/vmstat
}

move_blocks() {
	for block in $BLOCKS/memory*; do
		grep -q Movable "$block/valid_zones" || continue
		echo offline >"$block/state" || continue
		echo online_movable >"$block/state" || fail "${block##*/} does not come back"
	done 2>/dev/null
}

finish() {
	select_migrator kernel
	echo "$MIN" >"$SYSFS/min_batch_bytes"
	echo 0 >$TRACING/events/kprobes/mo_zram/enable
	echo '-:mo_zram' >>$TRACING/kprobe_events
	echo 1 >/sys/block/zram0/reset
	rm -rf "$OUT"
}

echo "TAP version 13"
[ -e $TRACING/kprobe_events ] || mount -t tracefs none $TRACING
if ! load mtcopy || [ ! -e $TRACING/kprobe_events ]; then
	echo "1..0 # SKIP no migration offload, or no tracing"
	exit 4
fi
if ! grep -qs Movable $BLOCKS/memory*/valid_zones || ! echo 64M >/sys/block/zram0/disksize ||
	! watch_pages; then
	echo "1..0 # SKIP no ZONE_MOVABLE, no zram, or no kprobes"
	exit 4
fi
MIN=$(cat $SYSFS/min_batch_bytes)
trap finish EXIT
echo 0 >$SYSFS/min_batch_bytes
select_migrator mtcopy
echo 1..1
ERROR=0
taskset -c "$(cpus)" dd if=/dev/urandom of=/dev/zram0 bs=1M count=48 oflag=direct 2>/dev/null
before=$(md5sum </dev/zram0)
move_blocks
moved=$(nr_moved)
echo "# $moved pages of zsmalloc were moved"
[ "${moved:-0}" -gt 31 ] || fail "too few to fill a folio batch"
[ "$(md5sum </dev/zram0)" = "$before" ] || fail "their data has changed"
counts_are_right || fail "an isolated folio was counted twice, or not at all"
[ "$ERROR" = 0 ] || printf 'not '
echo "ok 1 zsmalloc"
exit "$ERROR"
