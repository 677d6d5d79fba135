# Makes an SVG of gnuplot smaller: without empty groups, names and filters that nobody refers to, and what is the
# default or is said again and again. What gnuplot leaves black, white or gray gets the colour ink (a variable).

# rgb(118, 126, 136) becomes #767e88.
function short_colours(text,    before, part) {
    while (match(text, /rgb\([0-9, ]*\)/)) {
        before = before substr(text, 1, RSTART - 1)
        split(substr(text, RSTART + 4, RLENGTH - 5), part, ",")
        before = before sprintf("#%02x%02x%02x", part[1], part[2], part[3])
        text = substr(text, RSTART + RLENGTH)
    }
    return before text
}

/<filter/ { in_filter = 1 }

!in_filter {
    $0 = short_colours($0)
    gsub(/ color="(black|white|gray)"| stroke-width="1.00"| stroke-linecap="butt" stroke-linejoin="miter"/, "")
    gsub(/ font-family="sans-serif"| font-size="12.00"|<title>gnuplot_plot[^<]*<\/title>/, "")
    if ($0 !~ /<tspan +[^ >]/)
        gsub(/<\/?tspan *>/, "")
    sub(/<g id="gnuplot_canvas">/, "<g color=\"" ink "\" font-family=\"sans-serif\" font-size=\"12\">")
    sub(/<g id="gnuplot_plot_[^"]*" *>/, "<g>")
    sub(/^[ \t]+/, "")
    if ($0 != "" && $0 != "<text></text>")
        line[++lines] = $0
    while (lines > 1 && line[lines] == "</g>" && line[lines - 1] ~ /^<g( [^>]*)?>$/)
        lines -= 2
}

/<\/filter>/ { in_filter = 0 }

END {
    for (i = 1; i <= lines; i++)
        print line[i]
}
