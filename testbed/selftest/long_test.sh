#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of what scripts/check does in which order and for which budget, with a
# build and guests that take no time, in a copy of the scripts.

# Functions here are called by ok().
# shellcheck disable=SC2016,SC2317
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=testbed/selftest/tap.sh
. "$HERE/tap.sh"
REPO=$(mktemp -d)
trap 'rm -rf "$REPO"' EXIT
mkdir -p "$REPO"/{kernel,testbed/mutations,testbed/selftest,tools/tests,plots/tests}
cp -r "$HERE/../../scripts" "$REPO/"
cp "$HERE/../../kernel/versions.mk" "$REPO/kernel/"
cp -r "$HERE"/../{machines,ktap,summary,long.list,late.list} "$REPO/testbed/"
cp "$REPO/testbed/long.list" "$REPO/real.list"
unset BUDGET T K FLAVOUR LONG
cd "$REPO" || exit 1

# actor NAME BODY: a script that plays its part; all write down that they ran
actor() {
	printf '#!/bin/bash\n%s\n' "$2" >"scripts/$1"
	chmod +x "scripts/$1"
}
actor build-kernel :
actor build-initramfs 'mkdir -p build/guest-$1-$2
	printf "%s\n" kunit selftest.data_test selftest.kinds_test >build/guest-$1-$2/tests.list'
actor lint 'printf "pass\tlint.x\t\n" >>"$2"; echo "lint.$1" >>linted'
actor guest-tests 'while read -r t; do printf "pass\t%s\t\n" "$t"; done <"$3" >>"$5"
	echo "$1-$2 $(tr "\n" " " <"$3")" >>ran'
actor mutate 'echo "mutation.$1-$2 $(basename "$3")" >>ran; printf "pass\tmutation\t\n" >>"$4"'
actor series 'sleep 1; echo made.series >>ran'
actor check-config 'echo "config.$1" >>ran'
touch tools/tests/test_tool.c
printf 'all: ;\n%%/test_tool:\n\tmkdir -p $(@D) && ln -sf /bin/true $@\n' >tools/Makefile
printf 'Kernel: 7.3\n' >testbed/mutations/11-mistake.patch

{
	printf '# comment\nhost\t1\n'
	printf '7.3-plain\t10\n7.3-arm64\t60\n6.12-debug\t?\t^kunit$\n'
	printf 'mutation.7.3-plain\t30\nconfig.core\t3\nmade.series\t1\n'
} >testbed/long.list

# long [MINUTES-AGO]: the long run, which began a while ago
long() {
	rm -rf ran build/guest-*
	MO_START=$(($(date +%s) - ${1:-0} * 60)) scripts/check --long
}

skipped() {
	grep -qxF "skip	$1	not in the budget of $2 minutes" build/check/long.results
}

ran() {
	[ "$(cut -d ' ' -f 1 ran | tr '\n' ' ')" = "$1 " ] || {
		cat ran
		return 1
	}
}

# ran_all ITEMS: in any order, as some run beside others and may be begun twice
ran_all() {
	[ "$(cut -d ' ' -f 1 ran | sort -u | tr '\n' ' ')" = "$1 " ] || {
		cat ran
		return 1
	}
}

# is_gone FILE: the program whose number is in it, which may still have to run to end
is_gone() {
	local pid
	pid=$(cat "$1")
	for _ in $(seq 100); do
		grep -qs sleep "/proc/$pid/cmdline" || return 0
		sleep 0.1
	done
	return 1
}

ok "without a budget" long
ok "everything runs, in the list's order" \
	ran "7.3-plain 7.3-arm64 6.12-debug mutation.7.3-plain config.core made.series"
ok "nothing is skipped" test ! -e build/check/long.results
ok "what an item took is written down" grep -qx "made.series	1" build/check/minutes
ok "a run has the tests that the list says" grep -qxF "6.12-debug kunit " ran
ok "or all" grep -qxF "7.3-plain kunit selftest.data_test selftest.kinds_test " ran

export BUDGET=25
ok "with a budget of 25 minutes" long
ok "what fits runs" ran "7.3-plain 6.12-debug config.core made.series"
ok "what does not is counted" skipped 7.3-arm64 25
ok "each mistake by its name" skipped mutation.11-mistake 25
ok "the sum says so" eval 'long 2>&1 | tail -n 1 | grep -q " 0 failed, 2 skipped$"'
ok "the time that has passed counts" long 10
ok "a run that nobody has measured takes 20 minutes" \
	ran "7.3-plain config.core made.series"
ok "and is skipped then" skipped 6.12-debug 25
ok "nothing fits, and that is no success" eval '! long 25'
ok "all of it is skipped, and the mistakes of a kernel that was not built" eval '[ "$(grep -c ^skip build/check/long.results)" = 7 ]'

rm -rf build/check
for BUDGET in '' 0 -5 ten 1.5 "3 4" 010; do
	ok "BUDGET='$BUDGET' is an error" says "it must be a number of minutes" long
done
BUDGET=60
ok "nor is it for the short run" says "BUDGET is for" scripts/check
ok "nothing has been changed by that" test ! -e build/check -a ! -e ran
unset BUDGET

rm -rf ran build
ok "the short run" scripts/check
ok "leaves the dear mistakes to the long one" \
	ran_all "6.12-debug 7.3-arm64 7.3-plain made.series"
sed -i 's/^Kernel:.*/Kernel: both/' testbed/mutations/11-mistake.patch
cp testbed/mutations/11-mistake.patch testbed/mutations/01-mistake.patch
rm -f ran
ok "the short run, with a mistake for both kernels" scripts/check
ok "puts it into the last one" \
	ran_all "6.12-debug 7.3-arm64 7.3-plain made.series mutation.7.3-plain"
rm -rf ran linted build
actor series 'echo made.series >>ran'
actor guest-tests 'while [ ! -e build/check/beside/made.series.done ]; do sleep 0.1; done
	echo "$1-$2 $(tr "\n" " " <"$3")" >>ran'
ok "where a guest takes long" timeout 60 scripts/check
ok "the series counts once" eval '[ "$(grep -c made.series build/check/made.results)" = 1 ]'
ok "it is made beside the guest" ran "made.series 6.12-debug 7.3-plain 7.3-arm64 mutation.7.3-plain"
ok "and the sources of both kernels are looked at, once" \
	eval '[ "$(sort linted)" = "$(printf "lint.%s\n" 6.12 7.3)" ]'
ok "with results of their own" eval 'grep -q lint.x build/check/6.12-debug.results &&
	grep -q lint.x build/check/7.3-plain.results'
ok "which are printed" eval '[ "$(testbed/summary build/check/*.results | grep -c lint.x)" = 2 ]'
rm -rf ran linted build
actor build-initramfs 'mkdir -p build/guest-$1-$2
	echo kunit >build/guest-$1-$2/tests.list
	[ $1-$2 != 7.3-plain ] || echo icount.cost_test >>build/guest-$1-$2/tests.list'
# Each waits for the other.
actor guest-tests 'test=$(cat "$3")
	touch "began.$test"
	[ $1-$2 != 7.3-plain ] || until [ -e began.kunit ] && [ -e began.icount.cost_test ]; do
		sleep 0.1
	done
	printf "pass\t%s\t\n" "$test" >>"$5"
	echo "$1-$2 $test" >>ran'
sed -i '1a mkdir -p "$4/boot-1"; echo "### end $(head -n 1 "$3") 0 7" >"$4/boot-1/log"' scripts/guest-tests
ok "a guest that counts instructions" timeout 60 scripts/check
ok "runs beside that of its kernel" grep -qx "7.3-plain icount.cost_test" ran
ok "once, without what the other runs" eval '[ "$(grep -c ^7.3-plain ran)" = 2 ] && grep -qx "7.3-plain kunit" ran'
ok "what a test took is written down" grep -qx "7	7.3-plain-beside	icount.cost_test" build/check/seconds
ok "its results are that kernel's" grep -q icount.cost_test build/check/7.3-plain.results
rm -rf ran build began.*
actor build-initramfs 'mkdir -p build/guest-$1-$2
	printf "%s\n" kunit stranger.numa >build/guest-$1-$2/tests.list'
actor guest-tests 'printf "pass\t%s\t\n" "$(cat "$3")" >>"$5"; echo "$1-$2 $(cat "$3")" >>ran'
ok "third-party tests of two guests" timeout 60 scripts/check
ok "run beside each, and count once" eval '[ "$(grep -c stranger ran)" = 2 ] &&
	[ "$(cat build/check/7.3-*.results | grep -c stranger)" = 2 ]'
rm -rf ran build
actor build-initramfs 'mkdir -p build/guest-$1-$2
	echo kunit >build/guest-$1-$2/tests.list
	[ $1-$2 != 7.3-plain ] || echo icount.cost_test >>build/guest-$1-$2/tests.list'
printf '6.12\tselftest.x\ta b\n6.12\tselftest.y\tc\n' >late
actor guest-tests 'echo "$1-$2 $LATE_VARIANTS" >>ran; printf "pass\tx\t\n" >>"$5"'
rm -rf ran build
ok "variants that wait for the long run" env LATE_LIST="$PWD/late" scripts/check
ok "are given to the guests of their kernel" \
	grep -qxF "6.12-debug selftest.x/a selftest.x/b selftest.y/c " ran
ok "and to no other" eval '[ "$(grep -c / ran)" = 1 ]'
rm -rf ran build
ok "with T" env LATE_LIST="$PWD/late" T=kunit scripts/check
ok "no variant waits" eval '! grep / ran'
actor guest-tests 'echo "$1-$2 $(cat $3)" >>ran; printf "pass\tx\t\n" >>"$5"'
rm -rf ran build
ok "with T it has the machine for itself" env T=icount timeout 60 scripts/check
ok "as any test" test ! -e build/check-one/7.3-plain-beside
actor build-initramfs 'mkdir -p build/guest-$1-$2
	printf "%s\n" kunit selftest.data_test selftest.kinds_test >build/guest-$1-$2/tests.list'
rm -rf ran linted build
actor series 'echo $$ >series.pid; exec sleep 60'
actor guest-tests 'until [ -e series.pid ]; do sleep 0.1; done; exit 1'
ok "what runs beside a check that ends early" eval '! timeout 60 scripts/check'
ok "ends with it" is_gone series.pid
actor series 'echo made.series >>ran'
actor guest-tests 'while read -r t; do printf "pass\t%s\t\n" "$t"; done <"$3" >>"$5"
	echo "$1-$2 $(tr "\n" " " <"$3")" >>ran'
rm -rf ran build
ok "a kernel for another machine" env K=7.3 FLAVOUR=arm64 scripts/check
ok "is given no mistakes" ran_all "7.3-arm64 made.series"

sed 's/^Kernel.*/&\nFlavour: kcsan/' testbed/mutations/11-mistake.patch >testbed/mutations/44-race.patch
rm -rf ran build
ok "all mistakes, with one that a flavour alone can find" env T=mutation scripts/check
ok "are in the kernels that are meant" \
	ran "mutation.7.3-plain mutation.7.3-plain mutation.7.3-kcsan"
ok "that one in its own" grep -qx "mutation.7.3-kcsan 44-race.patch" ran
rm -rf ran build
ok "by its name" env T=mutation.44-race scripts/check
ok "it is the only one" ran mutation.7.3-kcsan
rm -rf ran build
ok "another one" env T=mutation.11-mistake scripts/check
ok "does not want that kernel" eval 'ran mutation.7.3-plain && [ ! -e build/guest-7.3-kcsan ]'

actor oracle 'echo "oracle.$1 ${MIGRATORS:-all}" >>ran; printf "pass\toracle\t\n" >>"$3"'
rm -rf ran build
ok "the comparison with the unpatched kernel, by an item's name" \
	env T=oracle.6.12 scripts/check
ok "is that of this kernel, with all migrators" eval '[ "$(cat ran)" = "oracle.6.12 all" ]'
rm -rf ran build
ok "by a migrator's name" env T=oracle.mtcopy scripts/check
ok "is that of both kernels" \
	eval '[ "$(sort ran | tr "\n" " ")" = "oracle.6.12 mtcopy oracle.7.3 mtcopy " ]'

ok "the list has no item twice" eval '[ -z "$(grep -v "^#" real.list | cut -f 1 | sort | uniq -d)" ]'
ok "minutes are numbers, or nobody has measured" \
	eval '! grep -v "^#" real.list | cut -f 2 | grep -v -x -E "[0-9]+|\?"'
ok "a test that is named is found without its list" \
	env T=config.core scripts/check
finish
