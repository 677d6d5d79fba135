# Throughput by the size of messages, a panel for each of three operations and each build. Variables from
# outside, beside those of style.gnuplot: heading; chunk; libraries, in the order in which they are drawn; for
# each column operation[], text[] and title[].

load "tests/bench/plot/style.gnuplot"

array builds[2] = ["generic", "native"]
array flags[2] = ["-O2", "-O3 -march=native"]

# Bytes by median nanoseconds are GB/s: of one library in this panel, and nothing of the others.
rate(library) = strcol(1) eq operation[column] && strcol(2) eq text[column] && $4 == chunk && \
    strcol(5) eq library && strcol(6) eq builds[row] ? $3 / $8 : NaN

set terminal svg size 900, 560 font "sans-serif,12"
set output picture
set multiplot title heading font ",15" textcolor rgb ink

sample = "linespoints linestyle style(name)"
load "tests/bench/plot/legend.gnuplot"

set logscale xy
set xrange [10:2e6]
set yrange [0.02:100]
set xtics ("16 B" 16, "125 B" 125, "1 KiB" 1024, "16 KiB" 16384, "1 MiB" 1048576) nomirror scale 0.5
set ytics (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) nomirror scale 0
do for [row = 1:2] {
    do for [column = 1:3] {
        set lmargin at screen 0.075 + 0.312 * (column - 1)
        set rmargin at screen 0.075 + 0.312 * (column - 1) + 0.285
        set tmargin at screen 0.83 - 0.42 * (row - 1)
        set bmargin at screen 0.83 - 0.42 * (row - 1) - 0.355
        set title row == 1 ? title[column] : ""
        set ylabel column == 1 ? "GB/s (log), " . flags[row] : ""
        set format y column == 1 ? "%g" : ""
        plot for [name in libraries] csv using 3:(rate(name)) with linespoints linestyle style(name)
    }
}
