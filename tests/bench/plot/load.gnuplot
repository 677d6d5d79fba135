# What an echo server does under load: a column for one and for sixteen messages in flight. The first server of
# the file is ours, the last one the limit.

load "tests/bench/plot/style.gnuplot"

libraries = system("awk -F, 'NR > 1 && !seen[$1]++ { print $1 }' " . csv)
array in_flight[2] = [1, 16]
array payloads[3] = [16, 125, 4096]
width = 0.8 / words(libraries)

# The middle of a server's bar, in this column.
place(server) = strcol(1) eq word(libraries, server) && $3 == in_flight[column] ? \
    ($2 == 16 ? 1 : $2 == 125 ? 2 : 3) + (server - (words(libraries) + 1) / 2.0) * width : NaN

set terminal svg size 900, 520 font "sans-serif,12"
set output picture
set multiplot title "Echo servers with 64 connections, one processor" font ",15" textcolor rgb ink

set style fill solid
sample = "boxes linestyle style(name) linewidth 1 dashtype solid"
load "tests/bench/plot/legend.gnuplot"

set xrange [0.5:3.5]
set yrange [0:*]
set xtics ("16 B" 1, "125 B" 2, "4 KiB" 3) nomirror scale 0
set ytics nomirror scale 0
do for [row = 1:2] {
    do for [column = 1:2] {
        set lmargin at screen 0.09 + 0.47 * (column - 1)
        set rmargin at screen 0.09 + 0.47 * (column - 1) + 0.42
        set tmargin at screen 0.83 - 0.42 * (row - 1)
        set bmargin at screen 0.83 - 0.42 * (row - 1) - 0.34
        set title row == 1 ? sprintf("%d in flight on each connection", in_flight[column]) : ""
        set ylabel column == 2 ? "" : row == 1 ? "thousand messages a second" : "µs of processor a message"
        plot for [i = 1:words(libraries)] csv using (place(i)):((row == 1 ? $5 : $7) / 1000):(width * 0.85) \
            with boxes linestyle style(word(libraries, i)) linewidth 1 dashtype solid
    }
}
