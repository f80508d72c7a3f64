#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device that bounces is declined, which is counted, and memory moves as ever.
# Needs a kernel that was booted with swiotlb=force.

# shellcheck disable=SC2317	# tests are called by their names

. "$(dirname "$0")/mo_traffic.sh"

test_declined() {
	before=$(cat "$SYSFS/dcbm/bouncing")
	select_migrator mtcopy || fail "cannot select mtcopy"
	select_migrator dcbm 2>/dev/null && fail "dcbm can be selected"
	is_selected mtcopy || fail "mtcopy is not selected any more"
	after=$(cat "$SYSFS/dcbm/bouncing")
	echo "# bouncing $before, then $after"
	[ "$after" -gt "$before" ] || fail "not counted"
	select_migrator kernel
}

# shellcheck disable=SC2034	# for run()
ONLY=$1
echo "TAP version 13"
if ! grep -q swiotlb=force /proc/cmdline; then
	echo "1..0 # SKIP needs swiotlb=force"
	exit 4
fi
if ! load dcbm || ! load mtcopy || ! load engine; then
	echo "1..0 # SKIP no dcbm, or no engine"
	exit 4
fi
trap 'rm -rf "$OUT"' EXIT
echo 1..1
run declined
exit "$FAILED"
