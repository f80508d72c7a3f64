# SPDX-License-Identifier: GPL-2.0
#
# Looks that all figures share. plot.sh sets: data (directory of the .dat files),
# out (name without suffix), form (svg or png), about (kernel and machine).

if (form eq "svg") {
	set terminal svg size width,height font "DejaVu Sans,13" noenhanced background rgb "white"
} else {
	set terminal pngcairo size width,height font "DejaVu Sans,10" noenhanced background rgb "white"
}
set output out.".".form
set encoding utf8
set datafile separator "\t"
set border 3 lc rgb "#606060"
set tics nomirror out
set grid y lc rgb "#e0e0e0" lt 1
set key top left reverse Left samplen 2 spacing 1.1 opaque
# One colour a number of workers, the same in all figures; black is the kernel.
color(w) = w == 1 ? "#a6bddb" : w == 2 ? "#3690c0" : w == 4 ? "#02818a" : \
	   w == 8 ? "#41ab5d" : w == 12 ? "#fe9929" : "#cc4c02"
has(file) = int(system("test -s '".data."/".file."' && echo 1 || echo 0"))
# A second line of a title, where there is something to say.
below(text) = text eq "" ? "" : "\n".text
rfc_channels = "DMA channels of PTDMA"
