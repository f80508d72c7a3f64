# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Shared by the tests that change something while memory is moved: modules, the
# traffic of ping_pong, and the results. To be sourced.
#
# MO_MODULES: directory with the modules; else modprobe finds them

# shellcheck disable=SC2034	# used by whoever sources this
SYSFS=/sys/kernel/mm/migration
FAULTS=/sys/kernel/debug/migrate_offload_engine
DIR=$(dirname "$0")
OUT=$(mktemp -d)
PIDS=
NR=0
FAILED=0

module_of() {
	case $1 in
	test | engine | pause) echo "migrate_offload_$1" ;;
	padata) echo migrate_padata ;;
	*) echo "$1" ;;
	esac
}

load() {
	[ -d "$SYSFS/$1" ] && return
	[ -d "/sys/module/$(module_of "$1")" ] && return
	if [ -n "$MO_MODULES" ]; then
		insmod "$MO_MODULES/$(module_of "$1").ko"
	else
		modprobe "$(module_of "$1")"
	fi
}

# Between two attempts nothing holds the module, so one of them works.
unload() {
	for _ in 1 2 3 4 5; do
		rmmod "$(module_of "$1")" 2>/dev/null && return
		sleep 1
	done
	return 1
}

select_migrator() {
	echo "$1" >"$SYSFS/offload_migrator"
}

is_selected() {
	grep -qF "[$1]" "$SYSFS/offload_migrator"
}

# copied MIGRATOR: folios that it has copied
copied() {
	cat "$SYSFS/$1/stats/folios"
}

# lose N [TIMES]: the engine loses one transfer in N, so many or all the time; 0: none
lose() {
	echo "${2:--1}" >"$FAULTS/fail_lost/times"
	echo "$1" >"$FAULTS/fail_lost/interval"
	echo $((100 * ($1 > 0))) >"$FAULTS/fail_lost/probability"
}

start_traffic() {
	PIDS=
	for n in 1 2; do
		"$DIR/ping_pong" >"$OUT/$n" 2>&1 &
		PIDS="$PIDS $!"
	done
}

# Each of them has moved everything, and found every byte.
stop_traffic() {
	rc=0
	sleep 1
	for pid in $PIDS; do
		kill -TERM "$pid" 2>/dev/null
		wait "$pid" || rc=1
	done
	PIDS=
	cat "$OUT"/1 "$OUT"/2
	return $rc
}

# An error in the middle of a test.
fail() {
	echo "# failed: $*"
	ERROR=1
}

result() {
	NR=$((NR + 1))
	if stop_traffic && [ "$ERROR" = 0 ]; then
		echo "ok $NR $1"
	else
		echo "not ok $NR $1"
		FAILED=1
	fi
}

# run NAME: the function test_NAME, under traffic; with $ONLY only that one
run() {
	if [ -n "$ONLY" ] && [ "$ONLY" != "$1" ]; then
		NR=$((NR + 1))
		echo "ok $NR $1 # SKIP not asked for"
		return
	fi
	ERROR=0
	start_traffic
	"test_$1"
	result "$1"
}
