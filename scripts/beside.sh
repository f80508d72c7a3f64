# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What "make check" does beside its guests, which leave much of the CPUs idle. What takes
# no guest is done in the idle class: the kernels and their guests' roots, lint and the
# series. A second lane has guests that are not disturbed: one whose clock counts
# instructions, and third-party tests, which sleep most of the time. To be sourced by
# scripts/check.

# shellcheck disable=SC2034	# for scripts/check
LANE_TESTS='^(icount|stranger)\.'
LATER=() IDLE='' LANE=''
# The process groups of both, for scripts/guest-tests to stop.
export BESIDE=''

# choose_beside: set LATER, the items of the idle class. Not where it matters what each
# takes.
choose_beside() {
	local item kernels=() lints=() others=()
	[ -z "$LONG$T" ] || return 0
	for item in "${ITEMS[@]}"; do
		case $item in
		[0-9]*)
			kernels+=("$item")
			foreign "$item" || [[ " ${lints[*]-}" = *" lint.${item%-*}-"* ]] ||
				lints+=("lint.$item")
			;;
		made.*) others+=("$item") ;;
		esac
	done
	LATER=("${kernels[@]}" "${lints[@]}" "${others[@]}")
	mkdir -p "$DIR/beside"
}

is_later() {
	[[ " ${LATER[*]-} " = *" $1 "* ]]
}

is_done() {
	[ -e "$DIR/beside/$1.done" ]
}

# do_later ITEM: what it has found counts once it has come to its end, see finish_beside
do_later() {
	local item=$1 results=$DIR/beside/$1
	rm -f "$results"
	case $item in
	lint.*) lint "${item#lint.}" "$results" ;;
	made.*) RESULTS=$results made "${item#*.}" ;;
	*) build "$item" ;;
	esac >"$results.log" 2>&1 </dev/null || return 0
	touch "$results.done"
}

# in_group_of_its_own COMMAND...: sets GROUP
in_group_of_its_own() {
	set -m
	BESIDE='' "$@" >/dev/null 2>&1 </dev/null &
	GROUP=$!
	set +m
}

# end_group GROUP: and wait for all of its processes. One of the idle class that is in
# the middle of a system call still does it, such as to empty a file.
end_group() {
	kill -- "-$1" 2>/dev/null || :
	# scripts/guest-tests may have stopped it.
	kill -CONT -- "-$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
	while kill -0 -- "-$1" 2>/dev/null; do
		sleep 0.1
	done
}

idle_class() {
	local item
	chrt --idle -p 0 "$BASHPID"
	for item in "${LATER[@]}"; do
		is_done "$item" || do_later "$item"
	done
}

begin_idle() {
	[ ${#LATER[@]} -gt 0 ] && [ -z "$IDLE" ] || return 0
	in_group_of_its_own idle_class
	IDLE=$GROUP BESIDE="$GROUP $LANE"
}

# end_idle: before anything that needs what it may have locked. A busy host leaves
# nothing to the idle class, and we would wait for it. What was begun is begun again.
end_idle() {
	[ -n "$IDLE" ] || return 0
	end_group "$IDLE"
	IDLE='' BESIDE=$LANE
}

end_beside() {
	end_idle
	[ -z "$LANE" ] || end_group "$LANE"
}

trap end_beside EXIT

# begin_lane RUN TESTS: a guest beside those that follow
begin_lane() {
	cp "$2" "$DIR/beside/lane.tests"
	LANE_RUN=$1
	in_group_of_its_own lane
	LANE=$GROUP BESIDE="$IDLE $GROUP"
}

lane() {
	"$TOP/scripts/guest-tests" "${LANE_RUN%-*}" "${LANE_RUN#*-}" "$DIR/beside/lane.tests" \
		"$DIR/$LANE_RUN-beside" "$DIR/beside/lane" >"$DIR/beside/lane.log" 2>&1
}

finish_lane() {
	[ -n "$LANE" ] || return 0
	say "waiting for $(tr '\n' ' ' <"$DIR/beside/lane.tests")"
	wait "$LANE" || printf 'fail\tlane\tsee %s\n' "${DIR#"$TOP/"}/beside/lane.log" >>"$DIR/beside/lane"
	LANE='' BESIDE=$IDLE
	cat "$DIR/beside/lane" >>"$DIR/$LANE_RUN.results"
	rm -f "$DIR/beside/lane"
}

# finish_beside: do the rest, count and show what came of all
finish_beside() {
	local item run
	finish_lane
	end_idle
	for item in "${LATER[@]}"; do
		[[ $item != [0-9]* ]] || continue
		if ! is_done "$item"; then
			say "$item"
			do_later "$item"
		fi
		case $item in
		lint.*) run=${item#lint.} ;;
		*) run=${item%%.*} ;;
		esac
		[ ! -f "$DIR/beside/$item" ] || cat "$DIR/beside/$item" >>"$DIR/$run.results"
		cat "$DIR/beside/$item.log"
	done
	LATER=()
}
