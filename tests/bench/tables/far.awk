# bench.csv, native build: the rows in which purews takes more than 1.15 times what the limit takes, as a list.

$6 == "native" { note($1 ", " $2 ", " count($3) " bytes, reads of " $4 / 1024 " KiB", $5, $7, $8) }

END {
    for (r = 1; r <= rows; r++) {
        row = row_name[r]
        if (!((row, "limit") in best))
            continue
        compared++
        far = best[row, "purews"] / best[row, "limit"]
        if (far > 1.15)
            line[++lines] = sprintf("- %s: %.2f", row, far)
    }
    printf "In %d of %d rows%s\n", lines, compared, (lines > 0 ? ":\n" : ".")
    for (i = 1; i <= lines; i++)
        print line[i]
}
