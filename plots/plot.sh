#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Draws the figures of a run beside those of the RFC.
#   plot.sh RESULTS_DIR
# reads RESULTS_DIR/run.csv, as "migbench ... --csv" or "migbench merge" writes it,
# and writes RESULTS_DIR/NAME.svg and .png. Figures that the run has no cells for
# are left out.
set -eu

here=$(dirname "$(readlink -f "$0")")
reference=$here/../results/reference

die()
{
	echo "plot.sh: $*" >&2
	exit 1
}

[[ $# -eq 1 ]] || { echo "usage: plot.sh RESULTS_DIR" >&2; exit 2; }
results=$(readlink -f "$1")
run=$results/run.csv
[[ -r $run ]] || die "$run: cannot be read"
command -v gnuplot >/dev/null || die "gnuplot: not installed"

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

select_csv()	# FILE COLUMNS CONDITIONS
{
	awk -f "$here/select.awk" -v want="$2" -v where="$3" "$1"
}

# Kernel and machine, one line for the titles.
about()
{
	local kernel accel cpu

	IFS=$'\t' read -r kernel accel cpu < <(select_csv "$run" \
		kernel,accel,cpu_model status=ok) || true
	if [[ ${accel-} == tcg ]]; then
		echo "Linux ${kernel-}, TCG: only relations within this run count"
	else
		echo "Linux ${kernel-}, ${cpu-} (${accel-})"
	fi
}

# Whose DMA channels a table has, if any, one line for the titles.
channels()	# TABLE
{
	local driver software

	IFS=$'\t' read -r driver software < <(select_csv "$run" \
		dma_driver,dma_software "table=$1,status=ok") || return 0
	echo "DMA channels of $driver$([[ $software != true ]] ||
		echo ": software that the CPUs run")"
}

cells()		# NAME FILE COLUMNS CONDITIONS: a .dat file, if it has a row
{
	select_csv "$2" "$3" "$4" >"$data/$1"
	[[ -s $data/$1 ]] || rm "$data/$1"
}

draw()		# FIGURE NAME [GNUPLOT SETTINGS]
{
	local form

	for form in svg png; do
		(cd "$here" && gnuplot -e "data='$data'; out='$results/$2';
			form='$form'; about='$(about)'; ${3-}" "$1.gp")
	done
	echo "$results/$2.png"
}

draw_folio_sizes()	# MIGRATOR TABLE WORKER
{
	local workers w list

	workers=$(select_csv "$run" workers "table=$2,status=ok" | sort -nu)
	[[ -n $workers ]] || return 0
	list=$({ echo "$workers"; seq 1 16; } | sort -nu | tr '\n' ' ')
	for w in $list; do
		cells "run-$1-$w" "$run" folio_kb,median_gbps,sd_gbps \
			"table=$2,workers=$w,status=ok"
		cells "rfc-$1-$w" "$reference/table-$2.csv" folio_kb,gbps,spread_gbps \
			"workers=$w"
	done
	draw folio-size "folio-size-$1" "migrator='$1'; worker='$3'; list='$list';
		channels='$(channels "$2")'"
}

draw_kernel()	# a run that has no migrator but the kernel
{
	draw folio-size folio-size-kernel "migrator='kernel'; worker=''; list=''; channels=''"
}

draw_counts()
{
	local m w most=""

	for m in kernel mtcopy dcbm; do
		cells "rfc-count-$m-1" "$reference/table-2.csv" \
			folios,gbps,spread_gbps "migrator=$m"
		for w in $(select_csv "$run" workers "table=2,migrator=$m,status=ok" | sort -nu); do
			cells "run-count-$m-$w" "$run" folios,median_gbps,sd_gbps \
				"table=2,migrator=$m,workers=$w,status=ok"
			[[ $w == 1 ]] || most+="$m-$w "
		done
	done
	draw count count "most='$most'; channels='$(channels 2)'"
}

# The RFC's shares stand in one row with ours: they are joined by their cell.
draw_breakdown()
{
	local folios kb share rfc

	while IFS=$'\t' read -r folios kb share; do
		rfc=$(select_csv "$reference/copy-share.csv" copy_share \
			"folios=$folios,folio_kb=$kb")
		if ((kb < 1024)); then
			kb="$kb KB"
		else
			kb="$((kb / 1024)) MB"
		fi
		printf '%s x %s\t0\t%s\t%s\n' "$folios" "$kb" "$share" "${rfc:-NaN}"
	done < <(select_csv "$run" folios,folio_kb,copy_share table=breakdown,status=ok) \
		>"$data/breakdown"
	draw breakdown breakdown
}

draw_latency()
{
	local m w kb list=""

	while IFS=$'\t' read -r m w kb; do
		cells "latency-$m-$w-$kb" "$run" \
			batch_limit_bytes,median_gbps,sd_gbps,wait_median_us,wait_p99_us \
			"table=latency,migrator=$m,workers=$w,folio_kb=$kb,status=ok"
		[[ ! -s $data/latency-$m-$w-$kb ]] || list+="$m-$w-$kb "
	done < <(select_csv "$run" migrator,workers,folio_kb table=latency,status=ok | sort -u)
	# A stock kernel has no limit to draw by.
	[[ -z $list ]] || draw latency latency "list='${list% }'"
}

has_table()
{
	[[ -n $(select_csv "$run" table "table=$1,status=ok") ]]
}

cells run-kernel-1 "$run" folio_kb,median_gbps,sd_gbps table=1a,status=ok
cells rfc-kernel-1 "$reference/table-1a.csv" folio_kb,gbps,spread_gbps ""
if has_table 1a; then
	draw_folio_sizes mtcopy 1b worker
	draw_folio_sizes dcbm 1c channel
	has_table 1b || has_table 1c || draw_kernel
fi
! has_table 2 || draw_counts
! has_table breakdown || draw_breakdown
! has_table latency || draw_latency
