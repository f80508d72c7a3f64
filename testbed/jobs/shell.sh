# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# An interactive guest.

# shellcheck source=testbed/jobs/lib.sh
. /jobs/lib.sh

load_modules
cd /tmp || exit
cat <<END

Linux $(uname -r), $(nproc) CPUs, nodes $(cat /sys/devices/system/node/has_memory)
  $MIGRATION/offload_migrator: $(cat $MIGRATION/offload_migrator 2>/dev/null || echo none)
  migbench sweep --total 64M      measure
  /selftests                      the test programs
  exit, or Ctrl-A X               leave

END
setsid cttyhack sh
