# SPDX-License-Identifier: GPL-2.0
#
# Picks columns by name from the CSV of migbench or of results/reference.
#   awk -f select.awk -v want=folio_kb,median_gbps -v where=table=1a,status=ok FILE
# Prints them tab-separated; rows with an empty wanted column are left out. A
# condition on a column that the file does not have holds: the reference files
# have no status.

# Splits one line into field[1..n], with RFC 4180 quotes.
function split_csv(line, field,    n, i, c, quoted) {
	n = 1
	field[n] = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\"" && quoted && substr(line, i + 1, 1) == "\"") {
			field[n] = field[n] c
			i++
		} else if (c == "\"") {
			quoted = !quoted
		} else if (c == "," && !quoted) {
			field[++n] = ""
		} else {
			field[n] = field[n] c
		}
	}
	return n
}

function holds(    i, pair) {
	for (i = 1; i <= nr_conditions; i++) {
		split(condition[i], pair, "=")
		if (pair[1] in column && field[column[pair[1]]] != pair[2])
			return 0
	}
	return 1
}

BEGIN {
	nr_wanted = split(want, wanted, ",")
	nr_conditions = split(where, condition, ",")
}

/^#/ || /^[[:space:]]*$/ { next }

!header {
	header = split_csv($0, name)
	for (i = 1; i <= header; i++)
		column[name[i]] = i
	next
}

{
	split_csv($0, field)
	if (!holds())
		next
	line = ""
	for (i = 1; i <= nr_wanted; i++) {
		value = wanted[i] in column ? field[column[wanted[i]]] : ""
		if (value == "")
			next
		gsub(/"/, "", value)
		line = line (i > 1 ? "\t" : "") value
	}
	print line
}
