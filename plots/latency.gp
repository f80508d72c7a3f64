# SPDX-License-Identifier: GPL-2.0
#
# Throughput and waits by max_batch_bytes. plot.sh also sets: list, the names
# MIGRATOR-WORKERS-FOLIO_KB of the data.

width = 1120; height = 460
load "style.gp"

set logscale x 2
set xtics ("2M" 2, "4M" 4, "8M" 8, "16M" 16, "32M" 32, "64M" 64, "128M" 128, \
	   "256M" 256, "512M" 512, "1G" 1024)
set offsets graph 0.03, graph 0.03, 0, 0
set xlabel "max_batch_bytes"
set multiplot layout 1,2 title "Batch limit: throughput and what a thread waits for moving pages\n".about font ",12"

part(name, n) = system("echo ".name." | cut -d- -f".n)
label(name) = part(name, 1).(part(name, 2) eq "1" ? "" : " x ".part(name, 2)).", ".part(name, 3)." KB"
tint(i) = word("black #3690c0 #cc4c02 #41ab5d #88419d #fe9929", (i - 1) % 6 + 1)

set title "throughput"
set ylabel "GB/s"
set yrange [0:*]
set key bottom right
plot for [i=1:words(list)] data."/latency-".word(list, i) using ($1/1048576):2:3 \
	with yerrorlines lc rgb tint(i) lw 2 pt 7 ps 0.6 title label(word(list, i))

# The same colours: a second key would only cover curves.
set title "waits: median (line), 99 % (dashed)"
set ylabel "milliseconds"
set logscale y
set yrange [*:*]
unset key
plot for [i=1:words(list)] data."/latency-".word(list, i) using ($1/1048576):($4/1000) \
	with linespoints lc rgb tint(i) lw 2 pt 7 ps 0.6, \
     for [i=1:words(list)] data."/latency-".word(list, i) using ($1/1048576):($5/1000) \
	with linespoints lc rgb tint(i) lw 2 dt 2 pt 6 ps 0.6
unset multiplot
