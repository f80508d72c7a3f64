# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# apt without root: the machine's own configuration is only read, lists and caches
# are in build/apt. To be sourced after lib.sh.

APT=$BUILD/apt
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# private_state NAME: fill OPTS so that apt keeps lists and caches in build/
private_state() {
	mkdir -p "$APT/$1/lists/partial" "$APT/$1/cache/archives/partial"
	OPTS=(-o "Dir::State::Lists=$APT/$1/lists" -o "Dir::Cache=$APT/$1/cache"
		-o "APT::Sandbox::User=$(id -un)")
}

# update_private NAME: read the lists that OPTS says
update_private() {
	run_logged "reading the package lists of $1" "$BUILD/logs/apt.log" \
		apt-get "${OPTS[@]}" update
}

# own_mirror [OPTION...]: the mirror that the machine uses for Debian's main archive
# shellcheck disable=SC2016
own_mirror() {
	apt-get "$@" indextargets --format '$(REPO_URI)' \
		"Created-By: Packages" "Origin: Debian" "Label: Debian" 2>/dev/null |
		head -n 1
}

# private_suites NAME SUITE...: fill OPTS so that apt sees these suites of that mirror
# (or of MIRROR) alone, and read their lists; fails with a message
private_suites() {
	local name=$1 suite
	shift
	if [ ! -r "$KEYRING" ]; then
		echo "$KEYRING is missing: install debian-archive-keyring" >&2
		return 1
	fi
	MIRROR=${MIRROR:-$(own_mirror)}
	if [ -z "$MIRROR" ]; then
		private_state own
		update_private "the archive of this machine" || return
		MIRROR=$(own_mirror "${OPTS[@]}")
	fi
	if [ -z "$MIRROR" ]; then
		echo "apt on this machine has no Debian archive: say MIRROR=http://.../debian" >&2
		return 1
	fi
	private_state "$name"
	OPTS+=(-o "Dir::Etc::SourceList=$APT/$name/sources.list"
		-o Dir::Etc::SourceParts=/dev/null)
	for suite; do
		echo "deb [signed-by=$KEYRING] $MIRROR $suite main"
	done >"$APT/$name/sources.list"
	update_private "$name"
}
