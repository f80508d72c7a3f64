# SPDX-License-Identifier: GPL-2.0
#
# Table 2: throughput by number of 2 MB folios, this run beside the RFC.
# plot.sh also sets: most (files of the cells with more than one worker), channels
# (whose DMA channels).

width = 1120; height = 460
load "style.gp"

set logscale x 2
set xrange [0.8:10500]
set xtics (1, 8, 16, 32, 64, 256, 512, 2048, 8192)
set xlabel "2 MB folios in one call"
set ylabel "GB/s"
set yrange [0:*]
set key bottom right
set multiplot layout 1,2 title "move_pages(): throughput by number of 2 MB folios" font ",13"

line(name) = name eq "kernel-1" ? "black" : name[1:6] eq "mtcopy" ? \
	     (name eq "mtcopy-1" ? "#3690c0" : "#034e7b") : \
	     (name eq "dcbm-1" ? "#fe9929" : "#cc4c02")
label(name) = name eq "kernel-1" ? "kernel" : \
	      system("echo ".name." | tr '-' ' '").\
	      (name[1:4] eq "dcbm" ? " channel" : " worker").\
	      (name[strlen(name)-1:*] eq "-1" ? "" : "s")

do for [side in "run rfc"] {
	set title (side eq "run" ? about.below(channels) : \
		   "RFC V3, 2 x AMD Zen 3".below(channels eq "" ? "" : rfc_channels)) font ",10"
	names = ""
	do for [n in "kernel-1 mtcopy-1 dcbm-1 ".most] {
		if (has(side."-count-".n)) { names = names." ".n }
	}
	plot for [n in names] data."/".side."-count-".n using 1:2:3 \
		with yerrorlines lc rgb line(n) lw 2 pt 7 ps 0.6 title label(n)
}
unset multiplot
