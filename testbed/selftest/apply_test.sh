#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/apply, on a source tree of three files.

# Functions here are called by ok().
# shellcheck disable=SC2317
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=testbed/selftest/tap.sh
. "$HERE/tap.sh"
REPO=$(mktemp -d)
trap 'rm -rf "$REPO"' EXIT
mkdir -p "$REPO/kernel"/{overlay/mm,hooks/common,hooks/6.12} "$REPO/build/vanilla/linux-6.12/mm"
cp -r "$HERE/../../scripts" "$REPO/"
cp "$HERE/../../kernel/versions.mk" "$REPO/kernel/"
cd "$REPO" || exit 1
PRISTINE=build/vanilla/linux-6.12 TREE=build/linux-6.12

seq 1 20 >$PRISTINE/mm/a.c
seq 1 20 >$PRISTINE/mm/b.c
echo other >$PRISTINE/other
echo "linux-source-6.12 6.12.1-1" >$PRISTINE/.package

# hook FILE NAME SED: a patch that edits NAME as SED says
hook() {
	mkdir -p "$(dirname "$1")" work/a/mm work/b/mm
	cp "$PRISTINE/mm/$2" work/a/mm/
	sed "$3" "$PRISTINE/mm/$2" >"work/b/mm/$2"
	(cd work && diff -u "a/mm/$2" "b/mm/$2") >"$1"
	rm -rf work
}

apply() {
	scripts/apply "$@" 6.12
}

has() {
	grep -qx "$2" "$TREE/$1"
}

hook kernel/hooks/common/20-b.patch b.c 's/^5$/five/'
hook kernel/hooks/6.12/10-a.patch a.c 's/^5$/five/'
echo ours >kernel/overlay/mm/new.c

ok "hooks and overlay are applied" apply
ok "an edit of a version's hook is there" has mm/a.c five
ok "an edit of a common hook is there" has mm/b.c five
ok "an overlay file is there" has mm/new.c ours
ok "the pristine source is not touched" grep -qx 5 $PRISTINE/mm/a.c

touch -d '2001-01-01' $TREE/mm/a.c $TREE/mm/b.c $TREE/mm/new.c
hook kernel/hooks/common/20-b.patch b.c 's/^5$/FIVE/'
ok "a changed hook is applied from the pristine file" apply
ok "the new edit is there" has mm/b.c FIVE
ok "an unchanged file keeps its time" test ! $TREE/mm/a.c -nt $PRISTINE/mm/a.c
ok "a changed file has a new time" test $TREE/mm/b.c -nt $PRISTINE/mm/b.c

hook extra.patch a.c 's/^15$/fifteen/'
ok "one more patch is applied on top" apply --extra extra.patch
ok "it is there" has mm/a.c fifteen
ok "and what was below it" has mm/a.c five
touch -d '2001-01-01' $TREE/mm/a.c
ok "the next run takes it back" apply
ok "it is gone" has mm/a.c 15
ok "and make will see that" test $TREE/mm/a.c -nt $PRISTINE/.package

rm kernel/hooks/common/20-b.patch kernel/overlay/mm/new.c
touch -d '2001-01-01' $PRISTINE/mm/b.c
ok "a hook and a file are withdrawn" apply
ok "the file is as it was" has mm/b.c 5
ok "with a new time" test $TREE/mm/b.c -nt $PRISTINE/mm/b.c
ok "our file is gone" test ! -e $TREE/mm/new.c

hook kernel/hooks/6.12/30-c.patch a.c 's/^19$/nineteen/'
sed -i 's/^ 18$/ eighteen/' kernel/hooks/6.12/30-c.patch
ok "a hook that would need fuzz is refused by name" \
	says "kernel/hooks/6.12/30-c.patch does not apply" apply
ok "and changes nothing" has mm/a.c 19
rm kernel/hooks/6.12/30-c.patch

echo ours >kernel/overlay/other
ok "an overlay file that the kernel has is refused" says "kernel/overlay/other exists" apply
rm kernel/overlay/other

ok "an unknown kernel is refused" says "unknown kernel" scripts/apply 5.4
finish
