# SPDX-License-Identifier: GPL-2.0
#
# Share of the copy in move_pages(), this run beside the RFC.

width = 760; height = 440
load "style.gp"

set style data histograms
set style histogram clustered gap 1.2
set style fill solid border lc rgb "white"
set boxwidth 0.9
set yrange [0:105]
set ylabel "share of the copy in the call (%)"
set title "Share of the copy in move_pages()\n".about
set key top left
plot data."/breakdown" using ($3*100):xtic(1) lc rgb "#3690c0" title "this run", \
	"" using ($4*100) lc rgb "#bdbdbd" title "RFC V3"
