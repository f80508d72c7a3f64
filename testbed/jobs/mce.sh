# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Moves memory of which a page is bad, see testbed/mce.c. The scripts/mce-demo of the
# host makes it so.

export MO_MODULES=/lib/modules
exec mce
