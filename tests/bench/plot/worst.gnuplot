# What a byte of the worst inputs costs, in two sizes: hollow the smaller, filled the larger. Where both points
# coincide, the cost is linear.

load "tests/bench/plot/style.gnuplot"

libraries = "purews beast wslay"
names = "awk -F, 'NR > 1 && !seen[$1]++ { print $1 }' " . csv
inputs = system(names . " | wc -l") + 0
array input[inputs]
do for [i = 1:inputs] {
    input[i] = system(sprintf("%s | sed -n %dp", names, i))
}

# Each input has its line from above, and each library its place beside it.
place(library) = -(sum [i = 1:inputs] (strcol(1) eq input[i]) * i) - 0.25 * (library - 2)
# The rows of the smaller size come first.
cost(library, larger) = strcol(3) eq word(libraries, library) && int(column(0)) % 2 != larger ? $5 : NaN

set terminal svg size 900, 440 font "sans-serif,12"
set output picture
set title "The worst inputs, in two sizes (hollow: an eighth as large)" font ",15"

set lmargin at screen 0.27
set rmargin at screen 0.98
set logscale x
set xrange [1:1000]
set yrange [-inputs - 0.6:-0.4]
set border 1
set xlabel "ns a byte, log scale"
set xtics (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) scale 0.5
set ytics () scale 0
do for [i = 1:inputs] {
    set ytics add (input[i] -i)
}
set grid xtics noytics
set key at screen 0.985, 0.86 right top
plot for [i = 1:3] csv using (cost(i, 0)):(place(i)) with points linestyle style(word(libraries, i)) \
        pointtype hollow(word(libraries, i)) pointsize 1.5, \
    for [i = 1:3] csv using (cost(i, 1)):(place(i)) with points linestyle style(word(libraries, i)) \
        title word(libraries, i)
