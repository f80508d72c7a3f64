# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A few words of TAP for the tests here; to be sourced.

TAP_NR=0 TAP_FAILED=0

# ok NAME COMMAND...: the command must succeed; what it says is shown if it fails
ok() {
	local name=$1 said
	shift
	TAP_NR=$((TAP_NR + 1))
	if said=$("$@" 2>&1); then
		echo "ok $TAP_NR - $name"
	else
		echo "not ok $TAP_NR - $name"
		echo "# failed: $*"
		echo "# ${said//$'\n'/$'\n'# }"
		TAP_FAILED=1
	fi
}

# says TEXT COMMAND...: the command must fail, and say why
says() {
	local text=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "succeeded: $said"
		return 1
	fi
	[[ $said == *"$text"* ]] || {
		echo "\"$text\" is not in: $said"
		return 1
	}
}

finish() {
	echo "1..$TAP_NR"
	exit "$TAP_FAILED"
}
