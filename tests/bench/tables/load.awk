# bench-load.csv. Variable: show, "messages" in thousands a second, or "processor", in ns a message.

NR > 1 && show == "messages" {
    note(count($2) "\t" $3, $1, 1000 / $4, 1000 / $5)
    is_rate[count($2) "\t" $3] = 1
}
NR > 1 && show == "processor" { note(count($2) "\t" $3, $1, $6, $7) }

function shown(taken) {
    return number(show == "messages" ? 1 / taken : taken)
}

END {
    head = "bytes\tin flight"
    for (i = 1; i <= libraries; i++)
        head = head "\t" library_name[i]
    print head "\tto the best peer"
    for (r = 1; r <= rows; r++) {
        row = row_name[r]
        line = row
        for (i = 1; i <= libraries; i++)
            line = line "\t" shown(best[row, library_name[i]]) " / " shown(median[row, library_name[i]])
        print line "\t" ratios(row)
    }
}
