# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What "make check" does and in which order; the long run, and what of that a budget
# of minutes pays for. To be sourced by scripts/check, behind lib.sh.

LONG_LIST=${LONG_LIST:-$TOP/testbed/long.list}
# Minutes of an item that nobody has measured.
UNKNOWN_MINUTES=20

# check_budget: is BUDGET something to go by?
check_budget() {
	[ -n "${BUDGET+set}" ] || return 0
	[ -n "$LONG" ] || die "BUDGET is for make check-long"
	[[ $BUDGET =~ ^[1-9][0-9]{0,5}$ ]] ||
		die "BUDGET='$BUDGET': it must be a number of minutes, from 1"
}

# long_items: their names, the most worth first
long_items() {
	grep -v -e '^#' -e '^$' "$LONG_LIST" | cut -f 1
}

# long_field ITEM N: what the list says of it, or nothing
long_field() {
	awk -F '\t' -v item="$1" -v n="$2" '$1 == item { print $n }' "$LONG_LIST"
}

# affordable ITEM [NAME]: does it still fit into the budget? What does not is said
# and counted, under NAME if that is only a part of the item.
affordable() {
	local minutes left
	[ -n "${BUDGET-}" ] || return 0
	minutes=$(long_field "$1" 2)
	[[ $minutes =~ ^[0-9]+$ ]] || minutes=$UNKNOWN_MINUTES
	left=$((BUDGET - $(elapsed) / 60))
	[ "$minutes" -gt "$left" ] || return 0
	not_afforded "${2:-$1}" "it takes $minutes minutes and $((left > 0 ? left : 0)) are left"
	return 1
}

not_afforded() {
	say "$1: skipped, $2"
	printf 'skip\t%s\tnot in the budget of %s minutes\n' "$1" "$BUDGET" >>"$DIR/long.results"
}

# note_minutes ITEM BEGAN: for the list, what it took, in $DIR/minutes
note_minutes() {
	local seconds=$(($(elapsed) - $2))
	[ "$seconds" = 0 ] || printf '%s\t%s\n' "$1" $(((seconds + 59) / 60)) >>"$DIR/minutes"
}

# long_tests RUN: those of its tests that the long run has for this kernel
long_tests() {
	local only
	only=$(long_field "$1" 3)
	grep -E "${only:-.}"
}

# late_tests RUN: a regular expression for those of its tests that wait for the long run
late_tests() {
	awk -F '\t' -v run="$1" '
		!/^#/ && NF == 2 && run ~ $1 { late = late (late == "" ? "" : "|") $2 }
		END { print late == "" ? "^$" : late }' \
		"${LATE_LIST:-$TOP/testbed/late.list}"
}

# late_variants RUN: TEST/VARIANT of each variant that waits for the long run
late_variants() {
	awk -F '\t' -v run="$1" '
		!/^#/ && NF == 3 && run ~ $1 {
			n = split($3, variants, " ")
			for (i = 1; i <= n; i++)
				print $2 "/" variants[i]
		}' "${LATE_LIST:-$TOP/testbed/late.list}"
}

# own_mistakes FLAVOUR: its name, if there are mistakes that it alone can find
own_mistakes() {
	! grep -qx "Flavour: $1" "$TOP"/testbed/mutations/*.patch || echo "$1"
}

# mutates FLAVOUR: does T ask for one of those?
mutates() {
	local patch
	for patch in "$TOP"/testbed/mutations/*.patch; do
		[ -f "$patch" ] || continue
		[ "$(header "$patch" Flavour)" = "$1" ] || continue
		[ "$T" != mutation ] && [ "$T" != "mutation.$(basename "$patch" .patch)" ] || return 0
	done
	return 1
}

# choose_items: set ITEMS, what is done, in this order (see testbed/long.list), and
# LAST_MUTATED, the last run whose kernel is given mistakes
choose_items() {
	local all item run
	if [ -n "$LONG" ]; then
		readarray -t ITEMS < <(long_items)
	else
		# The one with a second lane first, see scripts/beside.sh.
		ITEMS=(host 6.12-debug 7.3-plain 7.3-arm64 mutation.6.12-debug
			mutation.7.3-plain made.series)
		# With T, those of the long run are named.
		[ -z "$T" ] || ITEMS+=(made.series-builds made.native made.mce
			config.core config.bare config.numa-off config.i386 config.clang oracle.7.3 oracle.6.12 fuzz)
		! mutates kcsan || ITEMS+=(7.3-kcsan mutation.7.3-kcsan)
	fi
	if [ -n "${K:-}" ]; then
		check_version "$K"
		case $K in
		6.12) run=$K-${FLAVOUR:-debug} ;;
		*) run=$K-${FLAVOUR:-plain} ;;
		esac
		all=("${ITEMS[@]}") ITEMS=(host "$run" "mutation.$run")
		for item in "${all[@]}"; do
			[[ ! $item =~ ^(config\..*|made\..*|oracle\.$K|fuzz)$ ]] || ITEMS+=("$item")
		done
	fi
	LAST_MUTATED=$(printf '%s\n' "${ITEMS[@]}" | sed -n '/-kcsan$/d; s/^mutation\.//p' | tail -n 1)
	export LAST_MUTATED
}

# judged NAME COMMAND...: something that takes no guest, and ends with 0
judged() {
	local name=$1 verdict=pass log=$BUILD/logs/${1/./-}.log
	shift
	wanted "$name" || return 0
	say "$name (${log#"$TOP/"})"
	mkdir -p "${log%/*}"
	"$@" >"$log" 2>&1 </dev/null || verdict=fail
	printf '%s\t%s\t%s\n' "$verdict" "$name" "$(tail -n 1 "$log" | tr '\t' ' ')" \
		>>"${RESULTS:-$DIR/${name%%.*}.results}"
}

# made NAME: something that is made of the sources of 7.3
made() {
	[ "${K:-7.3}" = 7.3 ] || return 0
	case $1 in
	series) judged "made.$1" "$TOP/scripts/series" ;;
	series-builds) judged "made.$1" "$TOP/scripts/series" --build ;;
	native) judged "made.$1" "$TOP/scripts/bench-native" ;;
	mce) judged "made.$1" "$TOP/scripts/mce-demo" 7.3 ;;
	esac
}

# oracle K: beside the unpatched kernel, with the workload that SEED decides. T may have
# the name of one migrator behind "oracle.", or that of this item.
oracle() {
	local results=$DIR/$1-plain.results only
	only=$(expr "$T" : "oracle\.\(.*\)" || :)
	if [[ $only =~ ^[0-9] ]]; then
		[ "$only" = "$1" ] || return 0
		only=''
	fi
	MIGRATORS=$only "$TOP/scripts/oracle" "$1" "${SEED:-1}" "$results" ||
		grep -qs '^fail.oracle' "$results" ||
		printf 'fail\toracle\tit did not come to its end\n' >>"$results"
}

# fuzz: each reader of the tools; a number of runs from one seed
fuzz() {
	local reader verdict log
	"$TOP/scripts/deps" clang libclang-rt-14-dev
	for reader in "$TOP"/tools/fuzz/fuzz_*.c; do
		reader=$(basename "$reader" .c) reader=${reader#fuzz_}
		wanted "fuzz.$reader" || continue
		verdict=pass log=$DIR/fuzz.$reader.log
		make -C "$TOP/tools" "O=$BUILD/tools" "fuzz-$reader" >"$log" 2>&1 || verdict=fail
		grep "^fuzz" "$log" || tail -n 40 "$log"
		printf '%s\tfuzz.%s\t\n' "$verdict" "$reader" >>"$DIR/fuzz.results"
	done
}
