# bench-worst.csv: what a byte costs in the larger size, and by what that has grown since the smaller one.

NR > 1 {
    if (($1, $3) in best)
        grows[$1, $3] = sprintf("%.2f", $4 / best[$1, $3])
    note($1, $3, $4, $5)
    bytes[$1] = $2
}

function cell(row, library) {
    if (!((row, library) in best))
        return "-\t-"
    return number(best[row, library]) " / " number(median[row, library]) "\t" grows[row, library]
}

END {
    head = "input\tbytes"
    for (i = 1; i <= libraries; i++)
        head = head "\t" library_name[i] "\tgrows"
    print head "\tto the best peer"
    for (r = 1; r <= rows; r++) {
        row = row_name[r]
        line = row "\t" count(bytes[row])
        for (i = 1; i <= libraries; i++)
            line = line "\t" cell(row, library_name[i])
        print line "\t" ratios(row)
    }
}
