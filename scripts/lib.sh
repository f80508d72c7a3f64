# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script here needs: places, messages, running something long with
# its output in a file. To be sourced after "set -eu".

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$TOP/build
# Elapsed times count from the start of the whole command, not of one script.
: "${MO_START:=$(date +%s)}"
export MO_START
mkdir -p "$BUILD"

elapsed() {
	echo $(($(date +%s) - MO_START))
}

# say TEXT...: one line a stage, with the time since the start
say() {
	printf '[%5ss] %s\n' "$(elapsed)" "$*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# version_var NAME K: the value that kernel/versions.mk gives NAME_K
version_var() {
	sed -n "s/^$1_${2//./\\.} *:= *//p" "$TOP/kernel/versions.mk"
}

# objects K FLAVOUR: the directory in which that kernel is built
objects() {
	case $2 in
	vanilla) echo "$BUILD/vanilla/out-$1-$2" ;;
	*) echo "$BUILD/out-$1-$2" ;;
	esac
}

check_version() {
	[ -n "$(version_var PACKAGE "$1")" ] ||
		die "unknown kernel '$1': kernel/versions.mk has" \
			"$(sed -n 's/^KERNELS *:= *//p' "$TOP/kernel/versions.mk")"
}

# use_machine FLAVOUR: know the machine that this flavour of a kernel is for. A
# flavour that no machine is named after is one of x86-64's.
use_machine() {
	MACHINE=x86_64
	[ ! -f "$TOP/testbed/machines/$1.sh" ] || MACHINE=$1
	# shellcheck source=testbed/machines/x86_64.sh
	. "$TOP/testbed/machines/$MACHINE.sh"
}

# build_plugin NAME: a plugin of QEMU's TCG from testbed/NAME.c; prints where it is
build_plugin() {
	local version=1 so=$BUILD/plugins/$1.so
	! "${QEMU:-qemu-system-x86_64}" --version |
		grep -q 'version \(9\|[1-9][0-9]\)\.' || version=2
	mkdir -p "$BUILD/plugins"
	gcc -O2 -Wall -Wextra -fvisibility=hidden -shared -fPIC -DPLUGIN_VERSION=$version \
		-o "$so" "$TOP/testbed/$1.c"
	echo "$so"
}

# lock NAME: one at a time for everything that changes a source tree or an
# object directory; held until this process ends
lock() {
	mkdir -p "$BUILD/locks"
	exec 9>"$BUILD/locks/$1"
	flock -n 9 && return
	say "waiting for another build that holds build/locks/$1"
	until flock -w 30 9; do
		say "  ... waiting"
	done
}

# run_logged LABEL LOG COMMAND...: output goes to LOG (with V=1 to the screen as
# well); a sign of life every 30 s; the errors and the end of the log on failure
run_logged() {
	local label=$1 log=$2 rc=0 pid beat traps
	shift 2
	traps=$(trap -p INT TERM EXIT)
	mkdir -p "$(dirname "$log")"
	say "$label"
	# In the background, and not as a condition: a function keeps its "set -e".
	if [ "${V:-0}" != 0 ]; then
		"$@" > >(tee "$log") 2>&1 9>&- &
	else
		"$@" >"$log" 2>&1 9>&- &
	fi
	pid=$!
	(
		while sleep 30 >/dev/null 2>&1; do
			say "  ... $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-60)"
		done
	) 9>&- &
	beat=$!
	# The child must not outlive us when the user stops the command.
	# shellcheck disable=SC2064
	trap "kill $pid $beat 2>/dev/null || :" INT TERM EXIT
	wait "$pid" || rc=$?
	kill "$beat" 2>/dev/null || :
	wait "$beat" 2>/dev/null || :
	trap - INT TERM EXIT
	eval "$traps"
	[ "$rc" = 0 ] && return
	{
		echo "failed: $label"
		grep -n -i -m 5 -E '(error|undefined reference|no rule to make)[: ]' "$log" || :
		echo "---- the last lines of $log"
		tail -n 15 "$log"
	} >&2
	return "$rc"
}

# header PATCH FIELD: what the header of a mistake says, or nothing
header() {
	sed -n "s/^$2: *//p" "$1" | head -n 1
}

# kernel_make SOURCE OBJECTS: sets MAKE to the kernel's make for these and for the
# machine in use, with gcc or the version of clang that CLANG is set to. It finds
# again in ccache what any checkout has compiled. Our own make's flags (-n, -k, a
# jobserver that is gone) are not the kernel's.
kernel_make() {
	local cc=${CROSS}gcc
	unset MAKEFLAGS MFLAGS MAKELEVEL
	export CCACHE_BASEDIR=$BUILD CCACHE_NOHASHDIR=1
	# shellcheck disable=SC2034
	MAKE=(make -C "$1" "O=$2" "ARCH=$KERNEL_ARCH" "CROSS_COMPILE=$CROSS" -j"$(nproc)")
	# Page poisoning looks at free pages by memchr_inv(), which must not be reported. Each
	# word would be, and a fifth of the guest's time is what it takes to drop the reports.
	MAKE+=(KASAN_SANITIZE_string.o=n)
	if [ -n "${CLANG-}" ]; then
		MAKE+=("LLVM=-$CLANG")
		cc=clang-$CLANG
	fi
	! command -v ccache >/dev/null ||
		MAKE+=("CC=ccache $cc" "HOSTCC=ccache gcc")
}
