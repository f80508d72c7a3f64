# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Bash completion for migbench. The program itself says which words may follow.

# The last item of a comma separated list completes; bash has cut "--option" and
# "=" apart unless the completion is given the whole line.
_migbench_values()
{
	local option=$1 value=$2 head=""

	if [[ $value == *,* ]]; then
		head=${value%,*},
	fi
	mapfile -t COMPREPLY < <(compgen -P "$head" \
		-W "$("$migbench" --words "$command" "$option" 2>/dev/null)" \
		-- "${value##*,}")
	if ((${#COMPREPLY[@]} == 0)); then
		mapfile -t COMPREPLY < <(compgen -f -- "$value")
	fi
}

_migbench()
{
	local migbench=${COMP_WORDS[0]} command=${COMP_WORDS[1]-}
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$("$migbench" --words 2>/dev/null)" -- "$word")
		return
	fi
	if [[ $word == "=" ]]; then
		_migbench_values "$previous" ""
	elif [[ $previous == "=" ]]; then
		_migbench_values "${COMP_WORDS[COMP_CWORD-2]}" "$word"
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$migbench" --words "$command" 2>/dev/null)" -- "$word")
		if [[ ${COMPREPLY[*]} == *= ]]; then
			compopt -o nospace
		fi
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -F _migbench migbench
