# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Each kernel starts the next one by kexec while memory is moved, with another migrator
# each time, and the next one says that it is there. dcbm has to let its engine be
# before: the engine in software warns of transfers that are under way when the machine
# goes down, which ends the guest. Its transfers are late, so that there are some.
#
# The first kernel runs this as a test, the others as their job, with kernel_nr on
# their command line; what each has to say to the next is in /mnt/kexec and
# /mnt/bounds.

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

# next_line: the next kernel's command line. A kernel and its root lie where its
# predecessor's memory ended. The next one must not be copied over it: a CPU says that it
# has stopped a few instructions before it halts, and goes on in what is there now, if its
# thread is held up between the two (docs/reliability.md).
next_line() {
	mem=$(sed -n 's/.* mem=\([0-9]*\)M.*/\1/p' /proc/cmdline)
	[ -n "$mem" ] && sed "s/ job=[^ ]*/ job=kexec_test/; s/ \(kernel_nr\|mem\)=[^ ]*//g
		s/\$/ kernel_nr=$((STEP + 1)) mem=$((mem + 144))M/" /proc/cmdline
}

# bounds: first and last byte of this kernel
bounds() {
	sed -n 's/^ *\([0-9a-f]*\)-.* : Kernel code$/0x\1/p
		s/.*-\([0-9a-f]*\) : Kernel bss$/0x\1/p' /proc/iomem | tr '\n' ' '
}

# apart FIRST LAST OLD-FIRST OLD-LAST: is this kernel behind the old one, with its root,
# which is before it, in between?
apart() {
	[ $# = 4 ] && [ $(($1)) -gt $(($4 + (64 << 20))) ]
}

# go MIGRATOR: to the next kernel, from the middle of a move
go() {
	line=$(next_line) &&
		kexec /mnt/boot/kernel /mnt/boot/initrd.gz "$line" &&
		use "$1" && traffic "$1" &&
		echo "$1" >/mnt/kexec && bounds >/mnt/bounds && sync || return
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
	from=$(cat /mnt/kexec)
	# shellcheck disable=SC2046	# two numbers each
	apart $(bounds) $(cat /mnt/bounds) || {
		echo "not ok $STEP from $from # at $(bounds), the one before at $(cat /mnt/bounds)"
		finish 1
	}
	echo "ok $STEP from $from"
fi
MIGRATOR=$(echo "$MIGRATORS" | cut -d ' ' -f $((STEP + 1)))
[ -n "$MIGRATOR" ] || finish 0
# Only an error comes back.
go "$MIGRATOR"
echo "not ok $((STEP + 1)) from $MIGRATOR"
[ "$STEP" = 0 ] && exit 1
finish 1
