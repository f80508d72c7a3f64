# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# apt without root: the machine's own configuration is only read, lists and caches
# are in build/apt. To be sourced after lib.sh.

APT=$BUILD/apt

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
