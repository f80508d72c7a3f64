#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/guest-tests: which guests it starts, with which tests, after one
# was lost. The guests are played.

# Functions here are called by ok().
# shellcheck disable=SC2016,SC2317
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=testbed/selftest/tap.sh
. "$HERE/tap.sh"
REPO=$(mktemp -d)
trap 'rm -rf "$REPO"' EXIT
mkdir -p "$REPO"/{bin,testbed,build/out-7.3-plain,build/guest-7.3-plain}
cp -r "$HERE/../../scripts" "$REPO/"
cp -r "$HERE"/../{machines,ktap,summary,verdicts,check-log,splat.deny,splat.allow} "$REPO/testbed/"
touch "$REPO/build/out-7.3-plain/.config" "$REPO/build/guest-7.3-plain/initrd.gz"
export REPO PATH=$REPO/bin:$PATH
unset BESIDE GUEST_LIMIT LONG
cd "$REPO" || exit 1

actor() {
	printf '#!/bin/bash\n%s\n' "$2" >"$1"
	chmod +x "$1"
}
for tool in mkfs.ext4 mkswap truncate; do
	actor bin/$tool :
done

# The guest runs its tests until it comes to one of which plays/TEST has a line: that
# is what happens, and the line is gone.
actor testbed/run 'while [ $# -gt 0 ]; do
	case $1 in --out) out=$2 ;; --add) add=$2 ;; esac
	shift
done
mkdir -p $out
exec >$out/log
echo "Linux version" >$out/console.log
[ ! -e plays/guest ] || eval "$(cat plays/guest)"
while read -r test; do
	echo $test | tee -a boot >&2
	echo "### begin $test" | tee -a $out/console.log
	happens=$(head -n 1 plays/$test 2>/dev/null)
	sed -i 1d plays/$test 2>/dev/null
	eval "$happens"
	printf "ok 1 x\n### end %s 0 1\n" $test
	echo "### end $test" >>$out/console.log
done <$add/etc/tests
echo 0 >$out/status'
# How it may end.
LOST='echo "lost: the guest went away without a word" >$out/status; exit 1'
SPLAT='echo "BUG: KASAN: x" >>$out/console.log; echo "lost: BUG" >$out/status; exit 1'
INT3='printf "%s\n" "Oops: int3: 0000" "Code: d5 00 $byte <90> 48" >>$out/console.log; '
INT3+='echo "lost: Oops: int3" >$out/status; exit 1'

# guests [TEST PLAY...]: run four tests; each PLAY is what happens when TEST has begun
guests() {
	rm -rf plays boot build/x results
	mkdir plays
	printf '%s\n' a.1 a.2 a.3 a.4 >tests
	while [ $# -gt 0 ]; do
		echo "$2" >>"plays/$1"
		shift 2
	done
	scripts/guest-tests 7.3 plain tests build/x results
}

# began TEST...: those that were begun, one guest after the other
began() {
	[ "$(tr '\n' ' ' <boot)" = "$* " ] || {
		cat boot
		return 1
	}
}

sums() {
	[ "$(testbed/summary results | tail -n 1)" = "$1" ] || {
		cat results
		return 1
	}
}

ok "four tests" guests
ok "in one guest" began a.1 a.2 a.3 a.4
ok "pass" sums "4 passed, 0 failed, 0 skipped"

ok "a guest that is lost" guests a.2 "$LOST"
ok "is started again with the test of its window, then with the rest" \
	began a.1 a.2 a.2 a.3 a.4
ok "that is counted, and no failure" sums "4 passed, 0 failed, 0 skipped, 1 lost guest started again"
ok "the results have the test and the reason" \
	grep -qxF "again	a.2	lost: the guest went away without a word" results

ok "a test whose guest is lost twice" guests a.2 "$LOST" a.2 "$LOST"
ok "is not started a third time, the rest is run" began a.1 a.2 a.2 a.3 a.4
ok "and fails" sums "3 passed, 1 failed, 0 skipped, 1 lost guest started again"
ok "two tests" guests a.2 "$LOST" a.3 "$LOST"
ok "may both be started again" sums "4 passed, 0 failed, 0 skipped, 2 lost guests started again"

ok "a splat" guests a.2 "$SPLAT"
ok "is never repeated" began a.1 a.2 a.3 a.4
ok "and fails" eval '! testbed/summary results'
ok "a wrong byte" guests a.2 "echo '# 0x7 + 0x1: is 0x1, should be 0x2'; $LOST"
ok "is never repeated" began a.1 a.2 a.3 a.4
ok "an assertion" guests a.2 "echo '# a.c:1:x:Expected 0 (0) == rc (1)'; $LOST"
ok "is never repeated" began a.1 a.2 a.3 a.4
ok "a failed case" guests a.2 "echo 'not ok 1 x'; $LOST"
ok "is never repeated" began a.1 a.2 a.3 a.4
ok "a splat in the second start" guests a.2 "$LOST" a.2 "$SPLAT"
ok "fails" sums "3 passed, 2 failed, 0 skipped, 1 lost guest started again"

# A process group that only counts.
actor beside 'while :; do echo . >>ticks; sleep 0.05; done'
setsid ./beside &
BESIDE=$!
export BESIDE
ok "what runs beside the guests" guests a.2 "$LOST" \
	a.2 'wc -c <ticks >first; sleep 0.5; wc -c <ticks >second'
ok "rests while one is started again" cmp first second
ok "and goes on then" eval 'n=$(wc -c <ticks); sleep 1; [ "$(wc -c <ticks)" -gt "$n" ]'
kill -KILL -- "-$BESIDE"
wait "$BESIDE" 2>/dev/null
unset BESIDE

ok "a guest that never gets to a test" guests guest "$LOST"
ok "is started twice" test "$(find build/x -maxdepth 1 -name 'boot-*' | wc -l)" = 2
ok "and fails with all of its tests" sums "0 passed, 4 failed, 0 skipped, 1 lost guest started again"

export byte=66
ok "a breakpoint that is not in memory" guests a.2 "$INT3"
ok "is a lost guest" sums "4 passed, 0 failed, 0 skipped, 1 lost guest started again"
ok "that is lost twice" guests a.2 "$INT3" a.2 "$INT3"
ok "and fails" sums "3 passed, 2 failed, 0 skipped, 1 lost guest started again"
byte=cc
ok "one that is in memory" guests a.2 "$INT3"
ok "is a splat" sums "3 passed, 2 failed, 0 skipped"
finish
