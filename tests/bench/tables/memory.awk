# bench-memory.csv: bytes that a connection takes, and MiB that are resident.

NR > 1 { note(count($2), $1, $3, $4) }

END {
    head = "connections"
    for (i = 1; i <= libraries; i++)
        head = head "\t" library_name[i]
    print head
    for (r = 1; r <= rows; r++) {
        row = row_name[r]
        line = row
        for (i = 1; i <= libraries; i++) {
            name = library_name[i]
            line = line "\t" ((row, name) in best ? number(best[row, name]) " / " number(median[row, name]) : "-")
        }
        print line
    }
}
