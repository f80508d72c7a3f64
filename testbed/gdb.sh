# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# A guest that can be stopped and looked into: as much of gdb's remote protocol as
# that takes, over the two fifos of testbed/run --gdb. To be sourced, behind lib.sh.

# gdb_open PIPE PID: stop the guest for the first time; PID ends with it
gdb_open() {
	GDB_PID=$2
	exec {GDB_TO}<>"$1.in" {GDB_FROM}<>"$1.out"
	printf '\003' >&"$GDB_TO"
	gdb_wait
}

gdb_send() {
	local i sum=0
	for ((i = 0; i < ${#1}; i++)); do
		sum=$((sum + $(printf '%d' "'${1:i:1}")))
	done
	printf '$%s#%02x' "$1" $((sum & 255)) >&"$GDB_TO"
}

# gdb_receive SECONDS: set REPLY to the next packet; fails if none has begun by then
gdb_receive() {
	local sum
	IFS= read -r -d '$' -t "$1" -u "$GDB_FROM" || return
	IFS= read -r -d '#' -u "$GDB_FROM" REPLY
	IFS= read -r -N 2 -u "$GDB_FROM" sum
	printf + >&"$GDB_TO"
}

# gdb_wait: set REPLY to why the guest has stopped; fails if it is gone
gdb_wait() {
	until gdb_receive 1; do
		kill -0 "$GDB_PID" 2>/dev/null || return
	done
	case $REPLY in
	W* | X*) return 1 ;;
	esac
}

# gdb_ask PACKET: set REPLY to the answer
gdb_ask() {
	gdb_send "$1"
	gdb_receive 60 || die "QEMU does not answer to '$1'"
}

# gdb_do PACKET: something that is answered with OK
gdb_do() {
	gdb_ask "$1"
	[ "$REPLY" = OK ] || die "QEMU answers '$REPLY' to '$1'"
}

# swapped HEX: the bytes in the other order
swapped() {
	local i
	for ((i = ${#1} - 2; i >= 0; i -= 2)); do
		printf '%s' "${1:i:2}"
	done
}

# gdb_rip, gdb_word ADDRESS: set VALUE to the instruction pointer of the CPU that
# stopped (the 17th of gdb's registers), or to 64 bits of memory as it sees it
gdb_rip() {
	gdb_ask g
	VALUE=0x$(swapped "${REPLY:16 * 16:16}")
}

gdb_word() {
	gdb_ask "m$(printf '%x' "$1"),8"
	VALUE=0x$(swapped "$REPLY")
}

# gdb_set_word ADDRESS VALUE
gdb_set_word() {
	gdb_do "M$(printf '%x' "$1"),8:$(swapped "$(printf '%016x' "$2")")"
}

# gdb_monitor COMMAND: something of which QEMU's monitor has nothing to say
gdb_monitor() {
	local said
	gdb_ask "qRcmd,$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')"
	[ "$REPLY" != OK ] || return 0
	said=$(fold -w 2 <<<"${REPLY#O}" | sed 's/^/\\x/' | tr -d '\n')
	die "QEMU says '$(printf '%b' "$said")' to '$1'"
}
