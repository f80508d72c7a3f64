#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# While memory is moved and checked by ping_pong, the driver of the DMA engine is
# unbound from its device, dcbm is unloaded, migrators are switched. Nothing may be
# lost, nothing may hang, no mapping may be left.
#
# 50 times each where the kernel checks mappings (CONFIG_DMA_API_DEBUG), else 20
# times; 200 times if LONG is set.
#
# engine_test.sh [TEST]: run one of switch, reload, unbind, unbind_lost, reload_lost

# shellcheck disable=SC2317	# tests are called by their names

. "$(dirname "$0")/mo_traffic.sh"

DEBUGFS=/sys/kernel/debug

prepare() {
	echo 4096 >"$SYSFS/dcbm/min_bytes_per_channel"
	echo 4 >"$SYSFS/dcbm/channels"
	echo 1 >"$SYSFS/dcbm/verify"
	# A busy machine must not look like an engine that hangs.
	echo 60000 >"$SYSFS/dcbm/timeout_ms"
}

# What the engine's device is bound by, and its name there.
find_driver() {
	for DRIVER in /sys/bus/*/drivers/migrate_offload_engine; do
		for DEVICE in "$DRIVER"/*; do
			[ -e "$DEVICE/driver" ] || continue
			DEVICE=${DEVICE##*/}
			return
		done
	done
	return 1
}

dma_api_is_content() {
	[ -e "$DEBUGFS/dma-api/error_count" ] || return 0
	errors=$(cat "$DEBUGFS/dma-api/error_count")
	disabled=$(cat "$DEBUGFS/dma-api/disabled")
	echo "# DMA API: error_count $errors, disabled $disabled"
	[ "$errors" = 0 ] && [ "$disabled" = N ]
}

test_switch() {
	for i in $(seq $((TIMES / 4))); do
		for name in dcbm mtcopy dcbm kernel; do
			select_migrator "$name" || fail "$i: cannot select $name"
		done
	done
}

# each_fifth N: then go on when dcbm has copied something. It takes longer until
# somebody has a batch for it than to take it away again.
each_fifth() {
	[ $(($1 % 5)) = 1 ] || return 0
	copies=$(copied dcbm)
	for _ in $(seq 1000); do
		[ "$(copied dcbm)" = "$copies" ] || return 0
	done
	fail "$1: nothing was copied"
}

test_reload() {
	for i in $(seq "$TIMES"); do
		select_migrator dcbm || fail "$i: cannot select dcbm"
		each_fifth "$i"
		rmmod dcbm || unload dcbm || fail "$i: cannot unload dcbm"
		is_selected kernel || fail "$i: kernel is not selected without dcbm"
		load dcbm || fail "$i: cannot load dcbm"
		prepare
	done
}

# unbind N FUNCTION: without its driver a device has no channels, with it they are
# back; FUNCTION N is called before
unbind() {
	select_migrator dcbm || fail "$1: cannot select dcbm"
	"$2" "$1"
	echo "$DEVICE" >"$DRIVER/unbind" || fail "$1: cannot unbind"
	select_migrator kernel
	select_migrator dcbm 2>/dev/null && fail "$1: channels without a driver"
	echo "$DEVICE" >"$DRIVER/bind" || fail "$1: cannot bind"
}

test_unbind() {
	for i in $(seq "$TIMES"); do
		unbind "$i" each_fifth
	done
	select_migrator kernel
}

lost() {
	cat "$FAULTS/fail_lost_count"
}

# A batch waits for a transfer that was lost since $before, or all channels do.
wait_for_loss() {
	for _ in $(seq 1000); do
		[ "$(lost)" = "$before" ] || return
	done
	fail "nothing was lost"
}

# Transfers that never end are aborted by the driver when it goes.
test_unbind_lost() {
	echo 300 >"$SYSFS/dcbm/timeout_ms"
	lose 5
	first=$(cat "$SYSFS/dcbm/timeouts")
	for i in $(seq $((TIMES / 10))); do
		before=$(lost)
		unbind "$i" wait_for_loss
		[ "$(cat "$SYSFS/dcbm/quarantined")" = 0 ] ||
			fail "$i: in quarantine without a driver"
	done
	lose 0
	prepare
	echo "# $(lost) lost transfers, $(($(cat "$SYSFS/dcbm/timeouts") - first)) time-outs"
	select_migrator kernel
}

told_to_wait() {
	dmesg | grep -c "lost while dcbm was being removed"
}

# What is lost while the module goes keeps it waiting, and watching: when the engine's
# driver is unbound, its channels and mappings go before, and then the module.
test_reload_lost() {
	for i in 1 2; do
		# Time enough for rmmod to begin.
		echo 10000 >"$SYSFS/dcbm/timeout_ms"
		lose 5
		before=$(lost)
		told=$(told_to_wait)
		select_migrator dcbm || fail "$i: cannot select dcbm"
		wait_for_loss
		unload dcbm &
		going=$!
		for _ in $(seq 300); do
			[ "$(told_to_wait)" -le "$told" ] || break
			sleep 0.1
		done
		[ "$(told_to_wait)" -gt "$told" ] || fail "$i: nobody waits"
		echo "$DEVICE" >"$DRIVER/unbind" || fail "$i: cannot unbind"
		wait "$going" || fail "$i: cannot unload"
		lose 0
		echo "$DEVICE" >"$DRIVER/bind" || fail "$i: cannot bind"
		load dcbm || fail "$i: cannot load dcbm"
		prepare
	done
}

finish() {
	[ -z "$PIDS" ] || stop_traffic >/dev/null
	select_migrator kernel
	echo "$MIN" >"$SYSFS/min_batch_bytes"
	# With the defaults it had.
	rmmod dcbm
	load dcbm
	rm -rf "$OUT"
}

# shellcheck disable=SC2034	# for run()
ONLY=$1
echo "TAP version 13"
if ! load dcbm || ! load mtcopy || ! load engine || ! find_driver; then
	echo "1..0 # SKIP no dcbm, or no engine that fails on purpose"
	exit 4
fi
[ -d "$FAULTS" ] || mount -t debugfs none "$DEBUGFS"
TIMES=20
[ ! -d "$DEBUGFS/dma-api" ] || TIMES=50
[ -z "$LONG" ] || TIMES=200
MIN=$(cat "$SYSFS/min_batch_bytes")
echo 0 >"$SYSFS/min_batch_bytes"
prepare
if ! select_migrator dcbm 2>/dev/null; then
	echo "1..0 # SKIP no channels"
	exit 4
fi
select_migrator kernel
trap finish EXIT

echo 1..6
run switch
run reload
run unbind
run unbind_lost
run reload_lost
NR=$((NR + 1))
if dma_api_is_content; then
	echo "ok $NR dma_api"
else
	echo "not ok $NR dma_api"
	FAILED=1
fi
exit "$FAILED"
