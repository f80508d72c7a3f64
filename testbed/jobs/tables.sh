# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The tables of the RFC: every subcommand of migbench, sized for a guest.

set -eu
TOTAL=${TOTAL:-64M}
COUNTS=${COUNTS:-1,8,16,32,64,256}
LIMITS=${LIMITS:-2M,4M,8M,16M,32M,64M,1G}
# Those that the CPUs, or the DMA channels, are too few for are marked as not
# measured, in one cell each.
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

# load NAME [PARAMETER...]: a module, if this kernel brought it along
load() {
	[ ! -e "/lib/modules/$1.ko" ] || insmod "/lib/modules/$1.ko" ${2:+"$2"}
}

# A stock kernel has none of them. A machine without DMA channels gets the engine
# in software; migbench names it in every table.
load mtcopy
load dcbm
load migrate_padata
[ -n "$(ls /sys/class/dma 2>/dev/null)" ] || load migrate_offload_engine channels=16
# On a busy host a guest's CPU may stand still for a second, which is the timeout
# of a transfer: folios whose transfer is given up are unmapped twice, and those
# between a page and 2 MB are split then.
timeout=/sys/kernel/mm/migration/dcbm/timeout_ms
[ ! -e $timeout ] || echo 20000 >$timeout

# The waits are about max_batch_bytes: the CPUs' copy has them all.
on_cpus=kernel
[ ! -d /sys/kernel/mm/migration/mtcopy ] || on_cpus=kernel,mtcopy

# A machine whose clock the kernel does not know.
[ -z "${HOST_TIME:-}" ] || date -s "@$HOST_TIME" >/dev/null
rc=0
for table in ${TABLES:-sweep count breakdown latency}; do
	reps=4
	# Both tables of throughput; their rows of channels are twice as many as the
	# others, see docs/reproduce.md.
	set -- --cpu ${TOUCH:+--touch} --workers "$WORKERS" --dma-reps "${REPS:-2}" \
		${MIN_BATCH:+--min-batch "$MIN_BATCH"} ${MIN_SHARE:+--min-share "$MIN_SHARE"} \
		${MIGRATORS:+--migrators "$MIGRATORS"}
	case $table in
	sweep)
		set -- "$@" --total "$TOTAL" ${HUGETLB:+--hugetlb} ${SIZES:+--folio-sizes "$SIZES"}
		;;
	count)
		# The longest moves of all: fewer of them.
		reps=3
		set -- "$@" --counts "$COUNTS"
		;;
	breakdown)
		# The same.
		reps=3
		set --
		;;
	latency)
		set -- --total "$TOTAL" --workers 1,2 --migrators "${MIGRATORS:-$on_cpus}" \
			${STALLS:+--stalls "$STALLS"} --limits "$LIMITS"
		;;
	esac
	measure "$table" --reps "${REPS:-$reps}" "$@"
done
exit $rc
