# Bytes that an idle connection takes, by the number of connections.

load "tests/bench/plot/style.gnuplot"

libraries = "beast-deflate wslay beast libwebsockets purews-deflate purews"
compresses(library) = library[strlen(library) - 6:*] eq "deflate"
bytes(library) = strcol(1) eq library ? $3 : NaN

set terminal svg size 900, 400 font "sans-serif,12"
set output picture
set title "Memory of an idle connection that has been used" font ",15"

set logscale x
set logscale y 2
set xrange [800:1.2e6]
set yrange [128:524288]
set xlabel "connections"
set xtics ("1,000" 1000, "10,000" 10000, "100,000" 100000, "1,000,000" 1000000) scale 0.5
set ylabel "bytes a connection, log scale"
set ytics ("128 B" 128, "512 B" 512, "2 KiB" 2048, "8 KiB" 8192, "32 KiB" 32768, "128 KiB" 131072) scale 0
set key outside right center
plot for [name in libraries] csv using 2:(bytes(name)) with linespoints linestyle style(name) \
    pointtype compresses(name) ? hollow(name) : hollow(name) + 1 \
    dashtype compresses(name) ? 2 : 1 title name
