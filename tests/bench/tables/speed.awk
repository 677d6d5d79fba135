# bench.csv: one operation. Variables: operation, chunk.

$1 == operation && $4 == chunk { note($6 "\t" $2 "\t" count($3), $5, $7, $8) }

function cell(row, library) {
    return (row, library) in best ? number(best[row, library]) " / " number(median[row, library]) : "-"
}

END {
    head = "build\ttext\tbytes"
    for (i = 1; i <= libraries; i++)
        head = head "\t" library_name[i]
    print head "\tto the best peer" ("limit" in library_known ? "\tto the limit" : "")
    for (r = 1; r <= rows; r++) {
        row = row_name[r]
        line = row
        for (i = 1; i <= libraries; i++)
            line = line "\t" cell(row, library_name[i])
        line = line "\t" ratios(row)
        if ("limit" in library_known)
            line = line sprintf("\t%.2f", best[row, "purews"] / best[row, "limit"])
        print line
    }
}
