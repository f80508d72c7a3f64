# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Bash completion for migctl. The program itself says which words may follow, of
# the tree that --sysfs names if it was typed before.

# Words that migctl says may follow the given ones.
_migctl_words()
{
	local i sysfs=()

	for ((i = 1; i + 2 < ${#COMP_WORDS[@]}; i++)); do
		if [[ ${COMP_WORDS[i]} == --sysfs && ${COMP_WORDS[i+1]} == "=" ]]; then
			sysfs=("--sysfs=${COMP_WORDS[i+2]/#\~/$HOME}")
		fi
	done
	"${COMP_WORDS[0]}" --words "${sysfs[@]}" "$@" 2>/dev/null
}

# What begins with the word that is being typed, options only behind a dash; names
# of files if nothing does.
_migctl_reply()
{
	local word=$1 words=$2

	if [[ $word != -* ]]; then
		words=$(grep -v ^- <<<"$words")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	if [[ ${COMPREPLY[*]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
	if ((${#COMPREPLY[@]} == 0)); then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

# Bash has cut "NAME=VALUE" and "--option=VALUE" apart at the "=".
_migctl()
{
	local command=${COMP_WORDS[1]-} word=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD-1]}

	COMPREPLY=()
	if [[ $command == -* ]] && ((COMP_CWORD > 1)); then
		command=""
	fi
	if [[ $word == "=" ]]; then
		_migctl_reply "" "$(_migctl_words "$command" "$previous")"
	elif [[ $previous == "=" ]]; then
		_migctl_reply "$word" \
			"$(_migctl_words "$command" "${COMP_WORDS[COMP_CWORD-2]}")"
	elif ((COMP_CWORD == 1)); then
		_migctl_reply "$word" "$(_migctl_words)"
	else
		_migctl_reply "$word" "$(_migctl_words "$command")"
	fi
}

complete -F _migctl migctl
