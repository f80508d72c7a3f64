# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Instructions for each moved 4 KB page; the guest must run under -icount.

set -eu
# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh

if [ -e $MIGRATION/offload_migrator ]; then
	echo "migrators: $(cat $MIGRATION/offload_migrator)"
fi
# Its timers make a call cost more or less by chance.  Only 7.3 has it on.
echo NO_HRTICK >/sys/kernel/debug/sched/features
icount "${PAGES:-2048}" "${ROUNDS:-11}" | tee /out/icount
