# SPDX-License-Identifier: GPL-2.0
#
# What the KUnit suite migrate_offload_bench printed, as a table and as JSON.
#
# Wants kernel, package, cpu, date, and json, the file for the records. A ratio is
# the median of the ratios within each round, where all had the same neighbours.

# median(LIST): of numbers with blanks between them
function median(list,    v, n, i, j, t) {
	n = split(list, v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
			t = v[j]
			v[j] = v[j - 1]
			v[j - 1] = t
		}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

# ratio(CELL, OTHER): how many times as fast as the other
function ratio(cell, other,    i, list) {
	if (!((other, 0) in ns))
		return "null"
	for (i = 0; i < rounds; i++)
		list = list " " ns[other, i] / ns[cell, i]
	return sprintf("%.3f", median(list))
}

function speeds(cell, times,    i, list) {
	for (i = 0; i < rounds; i++)
		list = list " " bytes[cell] / times[cell, i]
	return sprintf("%.3f", median(list))
}

function spread(cell,    i, mean, sum) {
	for (i = 0; i < rounds; i++)
		mean += bytes[cell] / ns[cell, i] / rounds
	for (i = 0; i < rounds; i++)
		sum += (bytes[cell] / ns[cell, i] - mean) ^ 2
	return sprintf("%.3f", rounds > 1 ? sqrt(sum / (rounds - 1)) : 0)
}

function record(text) {
	printf "%s\n  {%s, \"rounds\": %d, \"accel\": \"native, User Mode Linux\", " \
		"\"kernel\": \"%s\", \"kernel_package\": \"%s\", \"cpu_model\": \"%s\", " \
		"\"date\": \"%s\"}", records++ ? "," : "[", text, rounds, kernel, package,
		cpu, date >json
}

# copy|touch ROUND MIGRATOR MODE CPUS KB BYTES NS [NS]
/bench: (copy|touch) / {
	sub(/.*bench: /, "")
	cell = $1 SUBSEP $3 SUBSEP $4 SUBSEP $5 SUBSEP $6 SUBSEP $7
	if (!(cell in bytes)) {
		bytes[cell] = $7
		cells[++nr] = cell
	}
	ns[cell, $2] = $8
	touched[cell, $2] = $9
	both[cell, $2] = $8 + $9
	if ($2 >= rounds)
		rounds = $2 + 1
}

END {
	if (!nr) {
		print "native.awk: no samples" >"/dev/stderr"
		exit 1
	}
	printf "%s, %s, as a process (User Mode Linux) on %s\n", kernel, package, cpu
	printf "Medians of %d rounds, in which all take turns, after one in which every byte is checked.\n\n", rounds
	printf "%-8s %-9s %4s %8s %14s %8s %8s %8s\n", "copier", "mode", "CPUs", "folio",
		"GB/s", "mc_copy", "movsb", "limit"
	for (i = 1; i <= nr; i++) {
		split(cells[i], f, SUBSEP)
		if (f[1] != "copy")
			continue
		tail = SUBSEP f[5] SUBSEP f[6]
		mc = ratio(cells[i], "copy" SUBSEP "mc_copy" SUBSEP "cached" SUBSEP 1 tail)
		movsb = ratio(cells[i], "copy" SUBSEP "movsb" SUBSEP "cached" SUBSEP 1 tail)
		limit = ratio(cells[i], "copy" SUBSEP "limit" SUBSEP "streaming" SUBSEP f[4] tail)
		gbps = speeds(cells[i], ns)
		sd = spread(cells[i])
		printf "%-8s %-9s %4d %5d kB %7.2f ± %4.2f %8.2f %8.2f %8.2f\n", f[2], f[3], f[4],
			f[5], gbps, sd, mc, movsb, limit
		record(sprintf("\"table\": \"copy\", \"migrator\": \"%s\", \"copy_mode\": \"%s\", " \
			"\"cpus\": %d, \"folio_kb\": %d, \"bytes\": %.0f, \"gbps\": %s, " \
			"\"sd_gbps\": %s, \"ratio_to_mc_copy\": %s, \"ratio_to_movsb\": %s, " \
			"\"ratio_to_limit\": %s", f[2], f[3], f[4], f[5], f[6], gbps, sd, mc, movsb, limit))
	}
	printf "\nmc_copy, movsb, limit: times as fast as folio_mc_copy() and as \"rep movsb\" page by\n"
	printf "page, on one CPU, and as so many threads that stream and share nothing.\n\n"
	printf "What was copied, read by the caller:\n\n"
	printf "%4s %8s %-9s %10s %10s %10s\n", "CPUs", "batch", "mode", "copy", "read", "both, GB/s"
	for (i = 1; i <= nr; i++) {
		split(cells[i], f, SUBSEP)
		if (f[1] != "touch")
			continue
		gbps = speeds(cells[i], ns)
		read = speeds(cells[i], touched)
		all = speeds(cells[i], both)
		printf "%4d %5d kB %-9s %10.2f %10.2f %10.2f\n", f[4], f[6] / 1024, f[3], gbps,
			read, all
		record(sprintf("\"table\": \"touch\", \"migrator\": \"%s\", \"copy_mode\": \"%s\", " \
			"\"cpus\": %d, \"folio_kb\": %d, \"bytes\": %.0f, \"gbps\": %s, " \
			"\"read_gbps\": %s, \"both_gbps\": %s", f[2], f[3], f[4], f[5], f[6], gbps,
			read, all))
	}
	print "\n]" >json
}
