# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Each kernel starts the next one by kexec while memory is moved, with another migrator
# each time, and the next one says that it is there. dcbm has to let its engine be
# before: the engine in software warns of transfers that are under way when the machine
# goes down, which ends the guest. Its transfers are late, so that there are some.
#
# The first kernel runs this as a test, the others as their job, with kernel_nr on
# their command line; what each has to say to the next is in /mnt/kexec.

# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh

MIGRATORS="kernel mtcopy padata dcbm dcbm dcbm"
STEP=${kernel_nr:-0}
TEST=kexec.kexec_test

# use MIGRATOR: every batch is its
use() {
	[ -d "$MIGRATION/mtcopy" ] || load_modules
	[ "$1" != dcbm ] || {
		insmod /lib/modules/migrate_offload_engine.ko
		echo 4096 >$MIGRATION/dcbm/min_bytes_per_channel
		echo 4 >$MIGRATION/dcbm/channels
		echo 60000 >$MIGRATION/dcbm/timeout_ms
		echo 20 >/sys/kernel/debug/migrate_offload_engine/late_ms
		echo -1 >/sys/kernel/debug/migrate_offload_engine/fail_late/times
		echo 100 >/sys/kernel/debug/migrate_offload_engine/fail_late/probability
	}
	echo 0 >$MIGRATION/min_batch_bytes
	echo "$1" >$MIGRATION/offload_migrator
}

# traffic MIGRATOR: until it has copied something, or for a second
traffic() {
	/selftests/migrate_offload/ping_pong &
	/selftests/migrate_offload/ping_pong &
	sleep 1
	[ "$1" != kernel ] || return 0
	for _ in $(seq 50); do
		[ "$(copied "$1")" = 0 ] || return 0
		sleep 0.2
	done
	echo "# $1 copied nothing"
	return 1
}

# go MIGRATOR: to the next kernel, from the middle of a move
go() {
	line=$(sed 's/ job=[^ ]*/ job=kexec_test/; s/ kernel_nr=[^ ]*//' /proc/cmdline)
	kexec /mnt/boot/kernel /mnt/boot/initrd.gz "$line kernel_nr=$((STEP + 1))" &&
		use "$1" && traffic "$1" || return
	echo "$1" >/mnt/kexec
	sync
	kexec
}

finish() {
	echo "### end $TEST $1 $(cut -d. -f1 /proc/uptime)"
	mark "end $TEST"
	exit "$1"
}

if [ "$STEP" = 0 ]; then
	echo "TAP version 13"
	# shellcheck disable=SC2086	# a list of names
	set -- $MIGRATORS
	echo "1..$#"
else
	mkdir -p /mnt
	mount -t ext4 /dev/vda /mnt
	echo "ok $STEP from $(cat /mnt/kexec)"
fi
MIGRATOR=$(echo "$MIGRATORS" | cut -d ' ' -f $((STEP + 1)))
[ -n "$MIGRATOR" ] || finish 0
# Only an error comes back.
go "$MIGRATOR"
echo "not ok $((STEP + 1)) from $MIGRATOR"
[ "$STEP" = 0 ] && exit 1
finish 1
