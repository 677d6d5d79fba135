#!/bin/sh
# Draws the pictures of docs/pictures, and has the tables written (tests/bench/tables.sh), from what the benchmarks
# have measured in this build directory. Without new measurements nothing changes.
# Usage: BUILD=directory CC=compiler CXX=compiler [OUT=directory] sh tests/bench/plot.sh
# OUT: where pictures and pages go instead of this tree
set -u
export LC_ALL=C

OUT=${OUT:-.}
directory=${BUILD:?}/plot
here=tests/bench/plot
ink='#767e88'

stop() {
    echo "make bench-plot: $1" >&2
    exit 1
}

# need TARGET FILE COLUMNS: these measurements are there.
need() {
    [ -s "$BUILD/$2" ] || stop "there is no $BUILD/$2: run make $1."
    [ "$(sed 1q "$BUILD/$2")" = "$3" ] || stop "$BUILD/$2 has not the columns $3: run make $1."
    [ "$(wc -l <"$BUILD/$2")" -gt 1 ] || stop "$BUILD/$2 has no rows: run make $1."
}

# draw PICTURE FILE
draw() {
    gnuplot -d -e "csv='$BUILD/$2'; picture='$directory/$1.svg'; ink='$ink'" "$here/$1.gnuplot" 2>"$directory/$1.log" || {
        cat "$directory/$1.log" >&2
        stop "gnuplot could not draw $1 (of $BUILD/$2)."
    }
    awk -v ink="$ink" -f "$here/tidy.awk" "$directory/$1.svg" >"$directory/tidy.svg" || exit 1
    cmp -s "$directory/tidy.svg" "$OUT/docs/pictures/$1.svg" || cp "$directory/tidy.svg" "$OUT/docs/pictures/$1.svg"
    echo "$OUT/docs/pictures/$1.svg"
}

command -v gnuplot >/dev/null || stop "needs gnuplot (Debian: gnuplot-nox)."
need bench bench.csv operation,text,payload,chunk,library,build,best_ns,median_ns
need bench-load bench-load.csv \
    server,payload,in_flight,best_messages_per_s,median_messages_per_s,best_cpu_ns,median_cpu_ns
need bench-memory bench-memory.csv library,connections,bytes_per_connection,resident_mib
need bench-worst bench-worst.csv input,bytes,library,best_ns_per_byte,median_ns_per_byte

mkdir -p "$directory" "$OUT/docs/pictures"
draw decode bench.csv
draw send bench.csv
draw load bench-load.csv
draw memory bench-memory.csv
draw worst bench-worst.csv

BUILD=$BUILD CC=${CC:-cc} CXX=${CXX:-c++} OUT=$OUT sh tests/bench/tables.sh || exit 1
echo "$OUT/docs/performance.md"
echo "$OUT/README.md"
