#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The test bed's judges, judged: each directory in golden/ has a command (cmd),
# what it reads, and what it must print (expected), with its exit status at the
# end. "golden_test.sh --accept" writes the expected files anew: read the difference.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
export TESTBED=${HERE%/*}
ACCEPT=${1:-}
NR=0 FAILED=0

cases=("$HERE"/golden/*/)
echo "1..${#cases[@]}"
for dir in "${cases[@]}"; do
	NR=$((NR + 1))
	name=$(basename "$dir")
	# The command sees relative names only, so that its output is the same
	# in every checkout.
	got=$(cd "$dir" && sh -c ". ./cmd" 2>&1; echo "status $?")
	if [ "$ACCEPT" = --accept ]; then
		echo "$got" >"$dir/expected"
	fi
	if [ "$got" = "$(cat "$dir/expected" 2>/dev/null)" ]; then
		echo "ok $NR - $name"
	else
		echo "not ok $NR - $name"
		diff <(cat "$dir/expected") <(echo "$got") | sed 's/^/# /'
		FAILED=1
	fi
done
exit $FAILED
