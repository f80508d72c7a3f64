#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Migrators are switched, unloaded and loaded again while memory is moved and
# checked by ping_pong. Nothing may be lost, and nothing may hang.
#
# module_test.sh [TEST]: run one of switch, settings, reload, reload_both

# shellcheck disable=SC2317	# tests are called by their names

. "$(dirname "$0")/mo_traffic.sh"

# 200 times from one migrator to another
test_switch() {
	i=0
	while [ "$i" -lt 50 ]; do
		for name in $MIGRATORS; do
			select_migrator "$name" || fail "cannot select $name"
			is_selected "$name" || fail "$name is not selected"
		done
		i=$((i + 1))
	done
	select_migrator kernel
}

# The settings of a migrator change under a batch.
test_settings() {
	select_migrator mtcopy
	for idle in 0 1 0; do
		echo "$idle" >"$SYSFS/mtcopy/idle_only"
		for threads in 1 2 64 3 17 4; do
			echo "$threads" >"$SYSFS/mtcopy/threads" || fail threads
			for bytes in 2097152 1073741824 33554432; do
				echo "$bytes" >"$SYSFS/max_batch_bytes" || fail max
			done
			echo $((threads * 4096)) >"$SYSFS/mtcopy/min_bytes_per_worker" ||
				fail min_bytes_per_worker
		done
		sleep 1
	done
	select_migrator kernel
}

# The selected migrator goes while it copies.
reload() {
	select_migrator "$1" || fail "cannot select $1"
	sleep 1
	unload "$1" || fail "cannot unload $1"
	is_selected kernel || fail "kernel is not selected without $1"
	[ ! -d "$SYSFS/$1" ] || fail "$SYSFS/$1 is still there"
	select_migrator "$1" 2>/dev/null && fail "$1 is gone but selected"
	load "$1" || fail "cannot load $1"
	is_selected kernel || fail "$1 was selected when it came"
}

test_reload() {
	for _ in 1 2 3 4 5 6 7 8; do
		reload mtcopy
		echo 0 >"$SYSFS/mtcopy/idle_only"
		cat "$SYSFS/mtcopy/stats"/* >/dev/null || fail stats
	done
}

# The last migrator goes, and with it all that the core allocated.
test_reload_both() {
	for _ in 1 2 3; do
		select_migrator mtcopy
		sleep 1
		[ ! -d "$SYSFS/test" ] || unload test || fail "cannot unload test"
		unload mtcopy || fail "cannot unload mtcopy"
		load mtcopy || fail "cannot load mtcopy"
		load test || echo "# no migrator test"
	done
}

finish() {
	[ -z "$PIDS" ] || stop_traffic >/dev/null
	if [ -d "$SYSFS/mtcopy" ]; then
		echo 1 >"$SYSFS/mtcopy/idle_only"
		echo 4 >"$SYSFS/mtcopy/threads"
		echo 131072 >"$SYSFS/mtcopy/min_bytes_per_worker"
	fi
	[ -z "$MIN" ] || echo "$MIN" >"$SYSFS/min_batch_bytes"
	[ -z "$MAX" ] || echo "$MAX" >"$SYSFS/max_batch_bytes"
	rm -rf "$OUT"
}

# shellcheck disable=SC2034	# for run()
ONLY=$1
echo "TAP version 13"
if [ ! -e "$SYSFS/offload_migrator" ] || ! load mtcopy; then
	echo "1..0 # SKIP no migration offload, or no mtcopy"
	exit 4
fi
if ! rmmod mtcopy || ! load mtcopy; then
	echo "1..0 # SKIP mtcopy is not a module, or in use"
	exit 4
fi
load test 2>/dev/null
trap finish EXIT
echo 1..4
MIN=$(cat "$SYSFS/min_batch_bytes")
MAX=$(cat "$SYSFS/max_batch_bytes")
MIGRATORS="kernel mtcopy kernel mtcopy"
[ ! -d "$SYSFS/test" ] || MIGRATORS="kernel mtcopy test mtcopy"
echo 0 >"$SYSFS/min_batch_bytes"
echo 0 >"$SYSFS/mtcopy/idle_only"

run switch
run settings
run reload
run reload_both
exit "$FAILED"
