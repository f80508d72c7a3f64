# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The tables of the RFC: every subcommand of migbench, sized for a guest.

set -eu
# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh

TOTAL=${TOTAL:-64M}
COUNTS=${COUNTS:-1,8,16,32,64,256}
LIMITS=${LIMITS:-2M,4M,8M,16M,32M,64M}
REPS=${REPS:-5}
# More workers than this are marked as not measured, in one cell each.
WORKERS=${WORKERS:-1,2,4,8,12,16}

# measure TABLE OPTION...: one table, as text, JSON and CSV
measure() {
	table=$1
	shift
	echo "$table ..."
	start=$(cut -d. -f1 /proc/uptime)
	migbench "$table" --quiet --accel "$ACCEL" --kernel-package "$(cat /etc/kernel-package)" \
		--reps "$REPS" "$@" --format text --output "/out/$table.txt" \
		--json "/out/$table.json" --csv "/out/$table.csv" || rc=$?
	echo "$table done in $(($(cut -d. -f1 /proc/uptime) - start)) s"
}

load_modules
rc=0
measure sweep --total "$TOTAL" --workers "$WORKERS"
measure count --counts "$COUNTS" --workers "$WORKERS"
measure breakdown
measure latency --total "$TOTAL" --limits "$LIMITS" --workers 1,2
exit $rc
