#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A migrator is unloaded at each place of a batch: whoever comes to a function is held
# up there by migrate_offload_pause until the module begins to go, while memory is moved
# and checked by ping_pong. The module may not be gone before they have left, and
# nothing may be lost.
#
# unload_test.sh [TEST]: run one of mtcopy, padata, dcbm, dcbm_lost

# shellcheck disable=SC2317	# tests are called by their names

. "$(dirname "$0")/mo_traffic.sh"

PAUSE=/sys/module/migrate_offload_pause/parameters

# What the core does in a plan, and before and behind the copy of a batch.
CORE="mo_policy_of mo_window_get mo_plan_enter mo_batch_add mo_speed_learn
	mo_window_put"
# A helper that comes late finds nothing left to copy, in code of the core, which does
# not go: nobody waits for it.
LATE=mo_helper_run

is() {
	[ "$(cat "$PAUSE/$1")" = "$2" ]
}

prepare_mtcopy() {
	echo 0 >"$SYSFS/mtcopy/idle_only"
	echo 4096 >"$SYSFS/mtcopy/min_bytes_per_worker"
}

prepare_padata() {
	echo 4096 >"$SYSFS/padata/min_bytes_per_worker"
}

prepare_dcbm() {
	echo 4096 >"$SYSFS/dcbm/min_bytes_per_channel"
	echo 4 >"$SYSFS/dcbm/channels"
	# A busy machine, or one that is held up, must not look like an engine that hangs.
	echo "${TIMEOUT_MS:-60000}" >"$SYSFS/dcbm/timeout_ms"
}

wait_for() {
	for _ in $(seq 500); do
		is "$1" "$2" && return
		sleep 0.02
	done
	return 1
}

# Module $1 goes while a call of function $2 is held up. Returns 1 if the call had left
# before the module went: it is held up for ten seconds at most, which rmmod can need on
# a busy machine.
unload_once() {
	[ ! -d "$SYSFS/$1" ] || unload "$1" || fail "cannot unload $1"
	module_of "$1" >"$PAUSE/module"
	load "$1" || fail "cannot load $1"
	"prepare_$1"
	echo "$2" >"$PAUSE/function" || fail "$2: no such function"
	select_migrator "$1" || fail "cannot select $1"
	met=1
	if wait_for struck 1; then
		unload "$1" || fail "$2: cannot unload $1"
		[ "$2" = "$LATE" ] || is left_behind 0 || fail "$2: the module was gone before"
		# rmmod does not wait for a late helper, which may be a little behind.
		wait_for met 1 || met=0
		is_selected kernel || fail "$2: kernel is not selected without $1"
		[ ! -d "$SYSFS/$1" ] || fail "$2: $SYSFS/$1 is still there"
	else
		fail "$2: no call came"
	fi
	echo >"$PAUSE/function"
	[ $met = 1 ]
}

unload_at() {
	for _ in 1 2 3; do
		unload_once "$1" "$2" && break
		echo "# $1: $2: left before the module went"
	done
	[ $met = 1 ] || fail "$2: left before the module went, each time"
	[ "$ERROR" = 1 ] || echo "# $1: $2"
}

unload_at_all() {
	migrator=$1
	shift
	for place in "$@"; do
		unload_at "$migrator" "$place"
	done
}

test_mtcopy() {
	# shellcheck disable=SC2086	# a list of names
	unload_at_all mtcopy $CORE mtcopy_ready mtcopy_copy migrate_offload_copy_parallel \
		mo_job_start mo_job_copy_piece mo_job_settle $LATE
}

test_padata() {
	# shellcheck disable=SC2086	# a list of names
	unload_at_all padata $CORE migrate_padata_ready migrate_padata_copy \
		migrate_offload_split migrate_padata_copy_pieces migrate_offload_settle
}

test_dcbm() {
	# shellcheck disable=SC2086	# a list of names
	unload_at_all dcbm $CORE dcbm_ready dcbm_copy dcbm_chans_get dcbm_window_fill \
		dcbm_window_map dcbm_window_submit dcbm_desc_done dcbm_window_reap \
		dcbm_window_unmap dcbm_chan_put
}

# What is lost comes back, from somebody who does not wait for the module.
release_all() {
	while sleep 0.2; do
		echo 1 >"$FAULTS/release"
	done
}

test_dcbm_lost() {
	TIMEOUT_MS=50
	release_all &
	releaser=$!
	lose 3
	unload_at_all dcbm dcbm_chan_retire
	lose 0
	kill $releaser
	TIMEOUT_MS=
}

finish() {
	[ -z "$PIDS" ] || stop_traffic >/dev/null
	echo >"$PAUSE/function"
	rmmod migrate_offload_pause
	for name in mtcopy padata dcbm; do
		load "$name"
	done
	echo "$MIN" >"$SYSFS/min_batch_bytes"
	rm -rf "$OUT"
}

# shellcheck disable=SC2034	# for run()
ONLY=$1
echo "TAP version 13"
if [ ! -e "$SYSFS/offload_migrator" ] || ! load mtcopy || ! load padata ||
	! load engine || ! load dcbm; then
	echo "1..0 # SKIP no migration offload, or a migrator or the engine is missing"
	exit 4
fi
if ! load pause || ! rmmod mtcopy || ! load mtcopy; then
	echo "1..0 # SKIP migrators are no modules, or in use, or there are no kprobes"
	exit 4
fi
[ -d "$FAULTS" ] || mount -t debugfs none /sys/kernel/debug
MIN=$(cat "$SYSFS/min_batch_bytes")
echo 0 >"$SYSFS/min_batch_bytes"
trap finish EXIT

echo 1..4
run mtcopy
run padata
run dcbm
run dcbm_lost
exit "$FAILED"
