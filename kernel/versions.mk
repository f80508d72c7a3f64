# SPDX-License-Identifier: GPL-2.0
#
# The kernels this project is built for, one block each:
#   PACKAGE_<K>  Debian package that holds the source
#   SUITE_<K>    where it is; empty = the archive that the machine uses anyway,
#                else a suite of the same mirror, read through apt lists of our own
#   CLANG_<K>    Debian 12's first clang that this kernel takes: the flavour clang
# A point release is never named here: the archive drops them. The version that
# was really used stands in build/linux-<K>/.package and in every result.

KERNELS := 6.12 7.3

PACKAGE_6.12 := linux-source-6.12
SUITE_6.12 :=
CLANG_6.12 := 14

PACKAGE_7.3 := linux-source-7.3
SUITE_7.3 := trixie-backports
CLANG_7.3 := 19
