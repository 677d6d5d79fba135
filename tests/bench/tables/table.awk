# Makes a table of Markdown out of cells with tabs between them, the first line its head. Variable: left, how many
# columns are aligned to the left.

BEGIN { FS = "\t" }

{
    for (i = 1; i <= NF; i++) {
        cell[NR, i] = $i
        if (length($i) > width[i])
            width[i] = length($i)
    }
    columns = NF
}

function print_line(row,    i) {
    for (i = 1; i <= columns; i++)
        printf i <= left ? "| %-*s " : "| %*s ", width[i], cell[row, i]
    print "|"
}

END {
    for (i = 1; i <= columns; i++) {
        cell[0, i] = sprintf("%*s", width[i] - (i > left), "") (i > left ? ":" : "")
        gsub(/ /, "-", cell[0, i])
    }
    print_line(1)
    print_line(0)
    for (row = 2; row <= NR; row++)
        print_line(row)
}
