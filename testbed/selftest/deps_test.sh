#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of scripts/deps: which packages it installs, from where, and what it prints
# where it cannot. The machine is played: what has been installed is in a file.

# Functions here are called by ok().
# shellcheck disable=SC2016,SC2317
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=testbed/selftest/tap.sh
. "$HERE/tap.sh"
REPO=$(mktemp -d)
trap 'rm -rf "$REPO"' EXIT
mkdir -p "$REPO/bin"
cp -r "$HERE/../../scripts" "$REPO/"
export REPO OS_RELEASE=$REPO/os-release PATH=$REPO/bin:$PATH
unset MIRROR V
cd "$REPO" || exit 1

# actor NAME BODY: a program that plays its part; each command line of apt-get is kept
actor() {
	printf '#!/bin/bash\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}
actor id 'case $1 in -u) cat $REPO/uid ;; *) echo user ;; esac'
actor sudo '[ -e $REPO/sudo ] || exit 1; shift; "$@"'
actor dpkg-query 'sed -n "s/^${!#} /installed /p" $REPO/installed | tail -n 1 | grep .'
actor apt-cache 'echo "  Candidate: $(cat $REPO/candidate)"'
actor apt-get 'echo "$*" >>$REPO/ran
	case " $* " in
	*" indextargets "*) echo http://mirror/debian; exit ;;
	*" update "*) exit ;;
	esac
	[ ! -e $REPO/broken ] || [[ $* != *preferences* ]] || exit 100
	for p; do
		case $p in
		-*) ;;
		*) echo "$p $([[ $* = *preferences* ]] && echo 1:10.0 || echo 1:7.2)" ;;
		esac
	done >>$REPO/installed'

# machine RELEASE QEMU BACKPORTS UID: has all packages but, if QEMU is empty, that
machine() {
	rm -rf build ran sudo broken said
	touch ran
	echo "VERSION_CODENAME=$1" >os-release
	sed -n '/^PACKAGES=(/,/^)/p; /^OTHERS=(/,/^)/p' scripts/deps | grep '^	[a-z]' |
		grep -o '[a-z0-9.+-]*' | grep -v qemu | sed 's/$/ 1/' >installed
	[ -z "$2" ] || echo "qemu-system-x86 $2" >>installed
	echo "$3" >candidate
	echo "$4" >uid
}

deps() {
	scripts/deps "$@" >said 2>&1
	local rc=$?
	cat said
	return "$rc"
}

# installs TEXT: the last thing that apt-get did was to install just this
installs() {
	tail -n 1 ran | grep -q -- "--no-install-recommends $1\$"
}

has_qemu() {
	[ "$(sed -n 's/^qemu-system-x86 //p' installed | tail -n 1)" = "$1" ]
}

machine bookworm 1:7.2 1:10.0 0
ok "Debian 12 with its own QEMU" deps
ok "gets the one of the backports instead" has_qemu 1:10.0
ok "from lists of our own" grep -q "Dir::State::Lists=$REPO/build/apt/qemu/lists.* install" ran
ok "of the machine's mirror" grep -q "http://mirror/debian bookworm-backports main" \
	build/apt/qemu/sources.list
: >ran
ok "the next time" deps
ok "nothing is done" test ! -s ran

machine bookworm '' 1:10.0 0
sed -i '/^bison /d' installed
ok "Debian 12 without QEMU and another package" deps
ok "gets QEMU from the backports" has_qemu 1:10.0
ok "and the other package from the release" installs bison

machine bookworm 1:10.0 1:10.0 0
ok "a QEMU for another machine" deps qemu-system-arm
ok "is from the backports, too" grep -q "preferences.*install.* qemu-system-arm" ran

machine bookworm 1:7.2 '(none)' 0
ok "Debian 12 whose mirror has no backports" deps
ok "keeps its QEMU, and one line says so" eval '[ "$(grep -c "the one of bookworm is used" said)" = 1 ]'
ok "nothing is installed" has_qemu 1:7.2
: >ran
ok "the next run does without the mirror" deps
ok "and reads no list" test ! -s ran
touch -d '2 days ago' build/apt/qemu-tried
echo 1:10.0 >candidate
ok "two days later" deps
ok "it has the newer one" has_qemu 1:10.0

machine bookworm '' '(none)' 0
ok "Debian 12 with neither QEMU nor backports" deps
ok "gets the one of the release" has_qemu 1:7.2

machine bookworm 1:7.2 1:10.0 0
touch broken
ok "an installation from the backports that fails" deps
ok "leaves the QEMU of the release" has_qemu 1:7.2
ok "and is not silent" grep -q "the one of bookworm is used" said

machine trixie 1:10.0 1:10.0 0
ok "Debian 13" deps
ok "has nothing special done" test ! -s ran
machine trixie '' 1:10.0 0
ok "and without QEMU" deps
ok "installs it as any package" installs qemu-system-x86

machine bookworm 1:7.2 1:10.0 1000
touch sudo
ok "a user with sudo" deps
ok "gets the newer one" has_qemu 1:10.0
machine bookworm 1:7.2 1:10.0 1000
ok "a user without goes on" deps
ok "and reads the command" grep -q "sudo apt-get .*/build/apt/qemu/lists.* install qemu-system-x86" said
machine bookworm '' 1:10.0 1000
sed -i '/^bison /d' installed
ok "where packages are missing, it ends with the one command" \
	says "sudo apt-get install --no-install-recommends bison && sudo apt-get -o" scripts/deps
machine trixie '' 1:10.0 1000
ok "as it does on Debian 13" \
	says "sudo apt-get install --no-install-recommends qemu-system-x86" scripts/deps
finish
