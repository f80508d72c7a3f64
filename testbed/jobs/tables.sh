# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The tables of the RFC: every subcommand of migbench, sized for a guest.

set -eu
TOTAL=${TOTAL:-64M}
COUNTS=${COUNTS:-1,8,16,32,64,256}
LIMITS=${LIMITS:-2M,4M,8M,16M,32M,64M,1G}
# More workers than this are marked as not measured, in one cell each.
WORKERS=${WORKERS:-1,2,4,8,12,16}

# measure TABLE OPTION...: one table, as text, JSON and CSV
measure() {
	table=$1
	shift
	echo "$table ..."
	start=$(cut -d. -f1 /proc/uptime)
	migbench "$table" --quiet --accel "$ACCEL" --kernel-package "$(cat /etc/kernel-package)" \
		"$@" --format text --output "/out/$table.txt" \
		--json "/out/$table.json" --csv "/out/$table.csv" || rc=$?
	echo "$table done in $(($(cut -d. -f1 /proc/uptime) - start)) s"
}

# A stock kernel has none, and not every machine has channels for dcbm.
[ ! -e /lib/modules/mtcopy.ko ] || insmod /lib/modules/mtcopy.ko
[ -z "$(ls /sys/class/dma)" ] || insmod /lib/modules/dcbm.ko
# A machine whose clock the kernel does not know.
[ -z "${HOST_TIME:-}" ] || date -s "@$HOST_TIME" >/dev/null
rc=0
for table in ${TABLES:-sweep count breakdown latency}; do
	reps=5
	case $table in
	sweep)
		# The shortest moves, which a noisy machine disturbs most.
		reps=7
		set -- --total "$TOTAL" --workers "$WORKERS" ${SIZES:+--folio-sizes "$SIZES"} \
			${MIGRATORS:+--migrators "$MIGRATORS"}
		;;
	count)
		set -- --counts "$COUNTS" --workers "$WORKERS" \
			${MIGRATORS:+--migrators "$MIGRATORS"}
		;;
	breakdown) set -- ;;
	latency) set -- --total "$TOTAL" --limits "$LIMITS" --workers 1,2 ;;
	esac
	measure "$table" --reps "${REPS:-$reps}" "$@"
done
exit $rc
