#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs cmocka tests and counts their results. Usage: run.sh TEST...
# A test that ends early has fewer results than it planned: those failed too.
set -u

passed=0 failed=0 skipped=0

for test in "$@"; do
	name=$(basename "$test")
	log=$(CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$test" 2>&1)
	status=$?
	planned=$(sed -n 's/^[[:space:]]*1\.\.\([0-9]*\).*/\1/p' <<<"$log" | head -n 1)
	skips=$(grep -cE '^[[:space:]]*(not )?ok.*# SKIP' <<<"$log")
	oks=$(grep -E '^[[:space:]]*ok ' <<<"$log" | grep -cv '# SKIP')
	bad=$((${planned:-1} - oks - skips))
	if ((bad <= 0 && status != 0)); then
		bad=1
	fi
	passed=$((passed + oks)) skipped=$((skipped + skips)) failed=$((failed + bad))
	if ((bad)); then
		printf '%s\n' "$log"
		printf 'FAIL %s: %d of %d, exit status %d\n' "$name" "$bad" \
			"${planned:-1}" "$status"
	else
		printf 'ok   %s: %d passed, %d skipped\n' "$name" "$oks" "$skips"
	fi
done

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
((failed == 0))
