# SPDX-License-Identifier: GPL-2.0
#
# Tables 1a with 1b or 1c: throughput by folio size, this run beside the RFC.
# plot.sh also sets: migrator, worker, list (numbers of workers), channels (whose).

width = 1120; height = 460
load "style.gp"

set logscale x 2
set xrange [3:2800]
set xtics ("4K" 4, "16K" 16, "64K" 64, "128K" 128, "256K" 256, "512K" 512, "1M" 1024, "2M" 2048)
set xlabel "folio size"
set ylabel "GB/s"
set yrange [0:*]
set multiplot layout 1,2 title "move_pages() with ".migrator.": throughput by folio size" font ",13"

do for [side in "run rfc"] {
	set title (side eq "run" ? about.below(channels) : \
		   "RFC V3, 2 x AMD Zen 3, 1 GB".below(channels eq "" ? "" : rfc_channels)) font ",10"
	names = ""
	do for [w in list] {
		if (has(side."-".migrator."-".w)) { names = names." ".w }
	}
	plot data."/".side."-kernel-1" using 1:2:3 with yerrorlines \
			lc rgb "black" lw 2 pt 7 ps 0.6 title "kernel", \
		for [w in names] data."/".side."-".migrator."-".w using 1:2:3 \
			with yerrorlines lc rgb color(int(w)) lw 2 pt 7 ps 0.6 \
			title w." ".worker.(w eq "1" ? "" : "s")
}
unset multiplot
