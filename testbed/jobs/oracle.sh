# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Runs the same workload (bin/oracle) once with each of MIGRATORS and leaves what
# it printed in /out/NAME. A name is that of a migrator, "policy" for one that is
# selected for single reasons only, or "test_MODE" for the one that fails on
# purpose. A kernel without offload runs it once for each name, as it is.
#
# The scripts/oracle of the host compares.

set -eu
# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh
THP=/sys/kernel/mm/transparent_hugepage

# quiet: stop who moves, merges, writes back or makes huge pages by itself
quiet() {
	echo 0 >/proc/sys/kernel/numa_balancing
	echo 0 >/proc/sys/vm/compaction_proactiveness
	echo 0 >/proc/sys/vm/dirty_writeback_centisecs
	# The program may run for long before it sleeps.
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	# Not off, or no area may have huge pages: but its next scan never comes.
	echo 4294967295 >$THP/khugepaged/scan_sleep_millisecs
	echo 4294967295 >$THP/khugepaged/alloc_sleep_millisecs
	echo 0 >/sys/kernel/mm/ksm/run
	# How many rounds a page must wait must not depend on earlier runs.
	echo 0 >/sys/kernel/mm/ksm/smart_scan
	echo 0 >/sys/kernel/mm/ksm/sleep_millisecs
	echo 10000 >/sys/kernel/mm/ksm/pages_to_scan
	# One page a fault comes back from swap: no neighbours that nobody asked for.
	echo 0 >/proc/sys/vm/page-cluster
}

kinds() {
	echo madvise >$THP/enabled
	echo advise >$THP/shmem_enabled
	[ ! -e $THP/hugepages-64kB ] || echo madvise >$THP/hugepages-64kB/enabled
	for n in 0 1; do
		echo 10 >/sys/devices/system/node/node$n/hugepages/hugepages-2048kB/nr_hugepages
	done
	mkdir -p /mnt
	mount -t ext4 /dev/vda /mnt
	swapon /dev/vdb
}

migrators() {
	load_modules
	insmod /lib/modules/migrate_offload_engine.ko
	insmod /lib/modules/migrate_offload_test.ko
	echo 0 >$MIGRATION/min_batch_bytes
	echo 4 >$MIGRATION/mtcopy/threads
	echo 4096 >$MIGRATION/mtcopy/min_bytes_per_worker
	echo 0 >$MIGRATION/mtcopy/idle_only
	echo 4 >$MIGRATION/padata/threads
	echo 4096 >$MIGRATION/padata/min_bytes_per_worker
	echo 4 >$MIGRATION/dcbm/channels
	echo 4096 >$MIGRATION/dcbm/min_bytes_per_channel
	# A busy host must not look like an engine that lost something.
	echo 20000 >$MIGRATION/dcbm/timeout_ms
}

# select_migrator NAME
select_migrator() {
	echo kernel >$MIGRATION/offload_migrator
	for f in "$MIGRATION"/policy/*; do
		echo default >"$f"
	done
	case $1 in
	policy)
		echo mtcopy >$MIGRATION/policy/syscall_or_cpuset
		echo padata >$MIGRATION/policy/mempolicy_mbind
		;;
	test_*)
		echo "${1#test_}" >$MIGRATION/test/mode
		echo test >$MIGRATION/offload_migrator
		;;
	*) echo "$1" >$MIGRATION/offload_migrator ;;
	esac
}

# run NAME: an end before its time is the host's to find
run() {
	[ ! -d $MIGRATION ] || select_migrator "$1"
	before=$([ ! -d $MIGRATION ] || copied '*')
	echo 3 >/proc/sys/vm/drop_caches
	oracle "$SEED" "$STEPS" /mnt >"/out/$1" || echo "oracle ended with $?" >>"/out/$1"
	[ ! -d $MIGRATION ] || echo "other copied $(($(copied '*') - before))" >>"/out/$1"
	grep "^other copied" "/out/$1" | sed "s/^/$1: /" || :
	echo "$1: $(wc -l <"/out/$1") lines"
	# What test_pin held is not the next one's affair.
	[ ! -e $MIGRATION/test/release ] || echo 1 >$MIGRATION/test/release
}

quiet
kinds
[ ! -d $MIGRATION ] || migrators
for name in $MIGRATORS; do
	run "$name"
done
