# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Do the DMA channels of this machine copy right, before dcbm gets them? The
# kernel's own dmatest takes all of them at once, with a few threads each. It
# tells only the kernel's log, so what it says there is made TAP.

ITERATIONS=${ITERATIONS:-20}
THREADS=3

# report: a case for each thread that dmatest summed up
report() {
	nr=0
	dmesg | sed -n 's/.*dmatest: \([^ ]*\): summary \(.*\)/\1 \2/p' |
		while read -r thread tests _ failures _; do
			nr=$((nr + 1))
			verdict="not ok"
			[ "$tests:$failures" != "$ITERATIONS:0" ] || verdict=ok
			echo "$verdict $nr $thread # $tests tests, $failures failures"
		done
}

channels=0
for c in /sys/class/dma/*; do
	[ -e "$c" ] || continue
	channels=$((channels + 1))
	echo "# ${c##*/}: $(basename "$(readlink -f "$c/device/driver")")"
done
[ $channels -gt 0 ] || {
	echo "no DMA channel"
	exit 1
}
echo "1..$((channels * THREADS))"
insmod /lib/modules/dmatest.ko iterations="$ITERATIONS" threads_per_chan=$THREADS \
	timeout=30000 run=1 || exit 1
# Reading waits for the end.
cat /sys/module/dmatest/parameters/wait
report
rmmod dmatest
