# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Does this kernel come up at all? Used to find out whether KVM works.

echo hello >/out/hello
