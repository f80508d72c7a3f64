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
icount "${PAGES:-2048}" "${ROUNDS:-11}" | tee /out/icount
