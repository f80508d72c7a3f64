#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# stranger PROGRAM [ARGUMENT...]: run a program of Debian's, unmodified, so that its
# memory is moved, and look whether the selected migrator copied any of it.
#
#   stress-ng STRESSOR OPS ...  so many operations, with verification; meanwhile
#                               migratepages moves all of its processes to and fro
#   migratepages                moves a process of memhog's, seen in its numa_maps
#   migspeed ...                moves memory of its own

# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh

PATH=$PATH:/usr/bin
MB=16
ROUNDS=2
# Where emulation is slow, one operation is enough.
SECONDS_MAX=30

# stress_ng STRESSOR OPS ...: its status tells what it found wrong, not that it had
# nothing to do.
stress_ng() {
	name=$1 ops=$2
	shift 2
	stress-ng --keep-name --verify --no-rand-seed --metrics-brief --temp-path /tmp \
		--timeout $SECONDS_MAX "--$name" 1 "--$name-ops" "$ops" "$@" >/tmp/stress-ng 2>&1 || return
	grep -q "^stress-ng: metrc: .* $name  *[1-9][0-9]* " /tmp/stress-ng || {
		echo "no operation was done" >>/tmp/stress-ng
		return 1
	}
}

stress_moved() {
	stress_ng "$@" &
	stress=$!
	while [ -d /proc/$stress ]; do
		for to in 1 0; do
			for pid in $(pidof stress-ng); do
				# Most are gone soon.
				migratepages "$pid" $((1 - to)) $to 2>/dev/null
			done
		done
	done
	wait $stress
}

# The program may be done before any of its memory is moved, which depends on the host:
# it is run until some was.
stress_until_moved() {
	for _ in $(seq 50); do
		stress_moved "$@" || return
		! something_moved || return 0
	done
}

# on_node PID NODE: anonymous pages that it has there
on_node() {
	sed -n "/ anon=/s/.* N$2=\([0-9]*\).*/\1/p" "/proc/$1/numa_maps" | awk '{ n += $1 } END { print n + 0 }'
}

move_memhog() {
	memhog -r1000000 ${MB}m membind 0 >/dev/null &
	hog=$!
	want=$((MB * 256)) rc=0
	while [ "$(on_node $hog 0)" -lt $want ]; do
		[ -d /proc/$hog ] || return 1
	done
	for round in $(seq $ROUNDS); do
		for to in 1 0; do
			migratepages $hog $((1 - to)) $to || rc=1
			here=$(on_node $hog $to)
			echo "round $round: $here pages on node $to, $(on_node $hog $((1 - to))) on the other"
			[ "$here" -ge $want ] || rc=1
		done
	done
	kill $hog
	return $rc
}

# offloaded: folios that the selected migrator has copied; with "auto" any of them, or
# the kernel, to know how fast it is
offloaded() {
	case $migrator in
	'') echo 0 ;;
	auto) copied '*' ;;
	*) copied "$migrator" ;;
	esac
}

moved() {
	sed -n 's/^pgmigrate_success //p' /proc/vmstat
}

# something_moved: with "auto" all of it may be left to the kernel, where CPUs are busy
something_moved() {
	[ "$(moved)" -gt "$pages" ] || return
	[ -z "$migrator" ] || [ "$migrator" = auto ] || [ "$(offloaded)" -gt "$folios" ]
}

# The unpatched kernel has none.
migrator=
[ ! -d $MIGRATION ] || migrator=$(sed 's/.*\[\(.*\)\].*/\1/' $MIGRATION/offload_migrator)
pages=$(moved) folios=$(offloaded)
echo 1 >/sys/kernel/mm/ksm/run
: >/tmp/stress-ng
program=$1
shift
case $program in
stress-ng)
	case $1 in
	# Moves its memory itself, and expects to find it where it put it.
	numa) stress_ng "$@" ;;
	*) stress_until_moved "$@" ;;
	esac
	;;
migratepages) move_memhog ;;
*) "$program" "$@" ;;
esac
rc=$?
cat /tmp/stress-ng
echo "$(($(moved) - pages)) pages were moved${migrator:+, $migrator copied $(($(offloaded) - folios)) folios}"
[ $rc = 0 ] || {
	# The last line is the reason.
	grep -m 1 -E ' (fail|error): ' /tmp/stress-ng || tail -n 1 /tmp/stress-ng
	exit $rc
}
something_moved
