#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of testbed/run, with a QEMU that only plays the guest's part.

# What the actor plays is expanded by the actor.
# shellcheck disable=SC2016,SC2317
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=testbed/selftest/tap.sh
. "$HERE/tap.sh"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
OUT=$WORK/out

# The actor: finds its files in the command line, then does what $PLAY says.
cat >"$WORK/qemu" <<'END'
#!/bin/bash
for a in "$@"; do
	case $a in
	file,id=*) # con, status, result, log: the first three letters will do
		id=${a#file,id=}
		declare "${id:0:3}=${a#*path=}"
		;;
	esac
done
console() { printf '%s\r\n' "$@" >>"$con"; }
console "Linux version 6.12"
eval "$PLAY"
END
chmod +x "$WORK/qemu"
: >"$WORK/kernel"
echo initrd >"$WORK/initrd"

run() {
	QEMU=$WORK/qemu "$HERE/../run" --kernel "$WORK/kernel" --initrd "$WORK/initrd" \
		--accel tcg --out "$OUT" --timeout 3 "$@"
}

status_is() {
	grep -qF "$1" "$OUT/status" || {
		cat "$OUT/status"
		return 1
	}
}

export PLAY='echo hello >"$log"; mkdir "$con.d"; echo 42 >"$con.d/answer"
	tar -C "$con.d" -cf "$res" .; echo 0 >"$sta"'
ok "a job that succeeds" run
ok "its status" status_is 0
ok "its log" grep -qx hello "$OUT/log"
ok "its results" grep -qx 42 "$OUT/answer"

PLAY='echo 3 >"$sta"'
ok "a job that fails" says "" run
ok "its status" status_is 3

PLAY='console "WARNING: CPU: 0 PID: 1 at mm/x.c:1 f+0x1" "Kernel panic - not syncing: panic_on_warn"'
ok "a guest that panics is lost, for the first reason" says "lost: WARNING: CPU: 0 PID: 1 at mm/x.c" run
PLAY='console "BUG: KCSAN: data-race in f / g" "Oops: int3: 0000 [#1] SMP" "Kernel panic - not syncing: Fatal exception"'
ok "one that goes on behind a warning, for what ended it" says "lost: Oops: int3" run --no-panic
PLAY='sleep 60'
ok "a guest that hangs is lost, in time" says "lost: no end within 3 s" run
PLAY=':'
ok "a guest that goes away is lost" says "lost: the guest went away" run
PLAY='echo "no such machine" >&2; exit 1'
ok "QEMU's own complaint is passed on" says "no such machine" run

PLAY='echo 0 >"$sta"'
run --smp 4 --nodes 2 >/dev/null 2>&1
ok "CPUs are dealt to the nodes, a socket each" \
	grep -qF 'sockets=2\,cores=2' "$OUT/command"
run --icount --smp 4 >/dev/null 2>&1
ok "counting instructions takes one CPU" grep -qF 'smp 1\,' "$OUT/command"
run --gdb "$WORK/gdb" >/dev/null 2>&1
ok "a debugger has fifos" grep -qF "gdb pipe:$WORK/gdb " "$OUT/command"
run --machine arm64 --disk "$WORK/initrd" >/dev/null 2>&1
ok "another machine has a bus of its own" grep -qF 'virtio-blk-device\,' "$OUT/command"
ok "its nodes are the kernel's affair" grep -qF numa=fake=2 "$OUT/command"
run --machine arm64 --accel kvm >/dev/null 2>&1
ok "it is emulated, whatever is asked for" grep -qF 'accel tcg' "$OUT/command"
ok "it has two CPUs" says "two CPUs" run --machine arm64 --smp 3
ok "an unknown machine is refused" says "there is no" run --machine pdp11
ok "an unknown accelerator is refused" says "it must be auto, tcg or kvm" run --accel xen
ok "an unknown option is refused" says "usage:" run --nonsense
finish
