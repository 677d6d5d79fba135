# bench.csv, bench-load.csv and bench-worst.csv: the rows in which purews is behind a peer, by the best or by the
# median, as a list.

FNR == 1 { next }
FILENAME ~ /bench\.csv$/ {
    reads = $1 ~ /^(decode|echo)/ ? ", reads of " $4 / 1024 " KiB" : ""
    note($1 ", " $2 ", " count($3) " bytes" reads ", " $6, $5, $7, $8)
}
FILENAME ~ /bench-load\.csv$/ {
    row = "messages a second under load, " count($2) " bytes, " $3 " in flight"
    is_rate[row] = 1
    note(row, $1, 1 / $4, 1 / $5)
}
FILENAME ~ /bench-worst\.csv$/ { note("worst inputs, " $1 ", " count($2) " bytes", $3, $4, $5) }

function names(row,    first, second) {
    first = best_peer(row, best)
    second = best_peer(row, median)
    return first == second ? first : first " / " second
}

END {
    for (r = 1; r <= rows; r++) {
        row = row_name[r]
        if (best_peer(row, best) == "")
            continue
        compared++
        if (is_behind(row, best) || is_behind(row, median))
            line[++lines] = "- " row ": " ratios(row) " of " names(row)
    }
    printf "In %d of %d rows%s\n", lines, compared, (lines > 0 ? ":\n" : ".")
    for (i = 1; i <= lines; i++)
        print line[i]
}
