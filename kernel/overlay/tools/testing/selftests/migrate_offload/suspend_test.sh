#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The machine is suspended while memory is moved and checked by ping_pong, and comes
# back at each step of that: after tasks were frozen, devices were suspended, CPUs
# went offline. A copy that is in flight must end before, and the next one must find
# what it needs. Needs CONFIG_PM_DEBUG.
#
# suspend_test.sh [TEST]: run one of kernel, mtcopy, padata, dcbm, refused, at_rest,
# daemon

# shellcheck disable=SC2317	# tests are called by their names

. "$(dirname "$0")/mo_traffic.sh"

POWER=/sys/power
DAMON=/sys/kernel/mm/damon/admin/kdamonds
REFUSE=/sys/kernel/debug/notifier-error-inject/pm/actions/PM_SUSPEND_PREPARE/error
SNAPSHOT=/dev/snapshot
# What /sys/power/state knows, and the steps that lead there.
STATE=freeze
STEPS="freezer devices platform"
if grep -qs deep $POWER/mem_sleep; then
	STATE=mem
	STEPS="$STEPS processors core"
fi

# Somebody copies on, so nothing was left behind that keeps it from it.
goes_on() {
	[ "$1" != kernel ] || return 0
	before=$(copied "$1")
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 1
		[ "$(copied "$1")" -le "$before" ] || return 0
	done
	fail "$1 does not copy any more"
}

suspend_with() {
	select_migrator "$1" || fail "cannot select $1"
	for step in $STEPS; do
		echo "$step" >$POWER/pm_test || fail "no step $step"
		sleep 1
		echo $STATE >$POWER/state || fail "$STATE: $step"
		is_selected "$1" || fail "$1 is not selected after $step"
		goes_on "$1"
	done
	select_migrator kernel
}

test_kernel() {
	suspend_with kernel
}

test_mtcopy() {
	suspend_with mtcopy
}

test_padata() {
	suspend_with padata
}

test_dcbm() {
	suspend_with dcbm
}

# Engines rest, then somebody else refuses that the machine sleeps: with
# pm_notifier_error_inject.priority=-1 that is asked behind dcbm.
test_refused() {
	select_migrator dcbm || fail "cannot select dcbm"
	echo freezer >$POWER/pm_test
	echo -12 >$REFUSE || fail "nobody refuses"
	! echo $STATE >$POWER/state 2>/dev/null || fail "the machine slept"
	echo 0 >$REFUSE
	goes_on dcbm
	select_migrator kernel
}

anyone_in_quarantine() {
	[ "$(cat "$SYSFS/dcbm/quarantined")" != 0 ]
}

nobody_in_quarantine() {
	! anyone_in_quarantine
}

# within_seconds N COMMAND...: does it succeed?
within_seconds() {
	for _ in $(seq $(($1 * 10))); do
		"$2" && return
		sleep 0.1
	done
	return 1
}

# Who writes the image of a hibernating machine from user space keeps engines at rest
# for as long, though tasks run. What was lost ends meanwhile: its channel is given back
# when the engines are awake, and not before.
test_at_rest() {
	channels=$(cat "$SYSFS/dcbm/channels")
	timeout=$(cat "$SYSFS/dcbm/timeout_ms")
	echo 200 >"$SYSFS/dcbm/timeout_ms"
	echo 2 >"$SYSFS/dcbm/channels"
	lose 1 1
	select_migrator dcbm || fail "cannot select dcbm"
	within_seconds 20 anyone_in_quarantine || fail "nothing was lost"
	echo "$timeout" >"$SYSFS/dcbm/timeout_ms"
	goes_on dcbm
	exec 3<$SNAPSHOT
	# One is missing.
	! echo 2 >"$SYSFS/dcbm/channels" 2>/dev/null || fail "a channel was requested"
	echo 1 >"$FAULTS/release"
	sleep 1
	before=$(copied dcbm)
	sleep 2
	[ "$(copied dcbm)" = "$before" ] || fail "dcbm copied"
	anyone_in_quarantine || fail "a channel was given back"
	exec 3<&-
	within_seconds 20 nobody_in_quarantine || fail "the channel is not given back"
	echo 2 >"$SYSFS/dcbm/channels" || fail "no channel can be requested"
	goes_on dcbm
	lose 0
	select_migrator kernel
	echo "$channels" >"$SYSFS/dcbm/channels"
}

# node_range N: the addresses of its memory
node_range() {
	awk -v node="$1," -v page="$(getconf PAGESIZE 2>/dev/null || echo 4096)" '
		$1 == "Node" { here = $2 == node }
		here && $1 == "spanned" { pages = $2 }
		here && $1 == "start_pfn:" && pages {
			if (!end || $2 < start)
				start = $2
			if ($2 + pages > end)
				end = $2 + pages
		}
		END { printf "%.0f %.0f\n", start * page, end * page }' /proc/zoneinfo
}

# damon N FROM TO: its thread N moves what nobody reads. It is not frozen when tasks
# are, and then nobody reads anything.
damon() {
	context=$DAMON/$1/contexts/0
	echo 1 >"$DAMON/$1/contexts/nr_contexts"
	echo paddr >"$context/operations"
	echo 1 >"$context/targets/nr_targets"
	echo 1 >"$context/targets/0/regions/nr_regions"
	node_range "$2" | {
		read -r start end
		echo "$start" >"$context/targets/0/regions/0/start"
		echo "$end" >"$context/targets/0/regions/0/end"
	}
	echo 1 >"$context/schemes/nr_schemes"
	echo migrate_cold >"$context/schemes/0/action"
	echo "$3" >"$context/schemes/0/target_nid"
	echo 1000000000000 >"$context/schemes/0/access_pattern/sz/max"
	echo 1000000000 >"$context/schemes/0/access_pattern/age/max"
	echo on >"$DAMON/$1/state"
}

# Helpers are wanted also while their CPUs go offline.
test_daemon() {
	echo 2 >$DAMON/nr_kdamonds
	damon 0 0 1 || fail "no DAMON"
	damon 1 1 0 || fail "no DAMON"
	suspend_with mtcopy
	[ "$(cat "$SYSFS/mtcopy/reasons/damon/folios")" != 0 ] || fail "DAMON moved nothing"
	echo off >$DAMON/0/state
	echo off >$DAMON/1/state
}

finish() {
	[ -z "$PIDS" ] || stop_traffic >/dev/null
	echo none >$POWER/pm_test
	echo "$MIN" >"$SYSFS/min_batch_bytes"
	rm -rf "$OUT"
}

# shellcheck disable=SC2034	# for run()
ONLY=$1
echo "TAP version 13"
if [ ! -e $POWER/pm_test ]; then
	echo "1..0 # SKIP no /sys/power/pm_test"
	exit 4
fi
if [ ! -e "$SYSFS/offload_migrator" ]; then
	echo "1..0 # SKIP no migration offload"
	exit 4
fi
load engine 2>/dev/null
TESTS=kernel
for name in mtcopy padata dcbm; do
	load "$name" 2>/dev/null && TESTS="$TESTS $name"
done
[ -e $REFUSE ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null
[ ! -d "$SYSFS/dcbm" ] || [ ! -e $REFUSE ] || TESTS="$TESTS refused"
[ ! -d "$FAULTS" ] || ! true <$SNAPSHOT || TESTS="$TESTS at_rest"
[ ! -d "$SYSFS/mtcopy" ] || [ ! -d $DAMON ] || TESTS="$TESTS daemon"
MIN=$(cat "$SYSFS/min_batch_bytes")
trap finish EXIT
echo 0 >"$SYSFS/min_batch_bytes"
[ ! -d "$SYSFS/mtcopy" ] || echo 0 >"$SYSFS/mtcopy/idle_only"
# Seconds that it stays at each step.
for delay in /sys/module/*/parameters/pm_test_delay; do
	[ ! -e "$delay" ] || echo 1 >"$delay"
done
# shellcheck disable=SC2086
set -- $TESTS
echo "1..$#"
for name in $TESTS; do
	run "$name"
done
exit "$FAILED"
