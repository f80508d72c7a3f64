# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# migctl on a real kernel: what it says and what it sets is compared with the
# files of sysfs themselves. Its own tests use trees that they make.

# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh

NR=0
OUT=$(mktemp -d)

# check NAME COMMAND...: one case, passed if COMMAND ends with 0
check() {
	NR=$((NR + 1))
	NAME=$1
	shift
	if "$@" >"$OUT/out" 2>&1; then
		echo "ok $NR $NAME"
	else
		sed 's/^/# /' "$OUT/out"
		echo "not ok $NR $NAME"
	fi
}

selected() {
	sed 's/.*\[\(.*\)\].*/\1/' "$MIGRATION/$1"
}

# What migctl can change, as the kernel shows it.
state() {
	find $MIGRATION -type f -perm -600 | sort | while read -r f; do
		echo "$f $(cat "$f")"
	done
}

unchanged() {
	state >"$OUT/now"
	cmp -s "$OUT/before" "$OUT/now"
}

glance() {
	migctl && migctl list && migctl check && migctl stats
}

lists_all() {
	migctl list >"$OUT/list" || return
	for dir in "$MIGRATION"/*/stats; do
		dir=${dir%/stats}
		grep -q "^${dir##*/} " "$OUT/list" || return
	done
}

sets() {
	migctl set migrator=mtcopy mtcopy.threads=3 max_batch_bytes=8M &&
		[ "$(selected offload_migrator)" = mtcopy ] &&
		[ "$(cat $MIGRATION/mtcopy/threads)" = 3 ] &&
		[ "$(cat $MIGRATION/max_batch_bytes)" = 8388608 ]
}

policies() {
	migctl policy demotion=kernel syscall_or_cpuset=mtcopy compaction=auto &&
		[ "$(selected policy/demotion)" = kernel ] &&
		[ "$(selected policy/syscall_or_cpuset)" = mtcopy ] &&
		[ "$(selected policy/compaction)" = auto ]
}

# The kernel knows what migctl cannot: that dcbm has no channel here, perhaps.
refused() {
	state >"$OUT/before"
	! migctl set mtcopy.threads=2 "$1" && unchanged
}

comes_back() {
	state >"$OUT/before"
	migctl save "$OUT/saved" &&
		migctl set migrator=kernel mtcopy.threads=1 max_batch_bytes=2M &&
		migctl policy demotion=default syscall_or_cpuset=default compaction=default &&
		! unchanged && migctl load "$OUT/saved" && unchanged
}

# copied BYTES: that much by mtcopy, in the kernel's own words and in migctl's
copied() {
	before=$(cat $MIGRATION/mtcopy/stats/bytes)
	migctl set mtcopy.idle_only=0 &&
		migbench sweep --migrators=mtcopy --folio-sizes=2M --workers=2 \
			--total="$1" --reps=1 --quiet || return
	after=$(cat $MIGRATION/mtcopy/stats/bytes)
	[ "$after" -gt "$before" ] &&
		migctl stats --format=json mtcopy >"$OUT/stats" && grep -q "$after" "$OUT/stats"
}

# measured POLICY MIGRATOR: how many bytes mtcopy copied while migbench measured one
# row, with POLICY set for its calls: 8 moves of 8M, and 2 that are not counted
measured() {
	migctl set mtcopy.idle_only=0 migrator=mtcopy policy.syscall_or_cpuset="$1" >&2 ||
		return
	before=$(cat $MIGRATION/mtcopy/stats/bytes)
	migbench sweep --migrators="$2" --folio-sizes=2M --workers=2 --total=8M \
		--reps=4 --quiet --csv="$OUT/row" >&2 &&
		grep -q policy/syscall_or_cpuset "$OUT/row" &&
		[ "$(selected offload_migrator)" = mtcopy ] &&
		[ "$(selected policy/syscall_or_cpuset)" = "$1" ] &&
		echo $(($(cat $MIGRATION/mtcopy/stats/bytes) - before))
}

# The migrator of the row copies, not that of the policy. The policy has the first
# round trip, before the rows.
measures_by_policy() {
	by_kernel=$(measured mtcopy kernel) && by_mtcopy=$(measured kernel mtcopy) &&
		echo "mtcopy copied $by_kernel and $by_mtcopy bytes" &&
		[ "$by_kernel" -le $((2 * 8 << 20)) ] && [ "$by_mtcopy" -gt 0 ]
}

finish() {
	migctl load "$OUT/first" >/dev/null
	rm -rf "$OUT"
}

migctl save "$OUT/first" || exit 1
trap finish EXIT
echo "1..12"
check glance glance
check lists_all lists_all
check sets sets
check policies policies
check refuses_a_value refused mtcopy.threads=0
check refuses_a_migrator refused migrator=nobody
check refuses_a_reason refused policy.memory_failure=mtcopy
check refuses_a_word refused policy.demotion=mtcopyy
check comes_back comes_back
check copied copied 8M
check measures_by_policy measures_by_policy
check json sh -c 'migctl --format=json | grep -q "^{"'
