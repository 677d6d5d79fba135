#!/bin/sh
# Writes the tables of README.md and docs/performance.md anew, from what the benchmarks have measured in this
# build directory: what stands between <!-- bench:NAME --> and <!-- end --> becomes the table NAME.
# Usage: BUILD=directory CC=compiler CXX=compiler OUT=directory sh tests/bench/tables.sh
# OUT: where the pages go; . is this tree
set -u
export LC_ALL=C

directory=${BUILD:?}/tables
here=tests/bench/tables
speed=$BUILD/bench.csv
load=$BUILD/bench-load.csv
memory=$BUILD/bench-memory.csv
worst=$BUILD/bench-worst.csv

# rows NAME [VARIABLE=VALUE...] FILE...: what NAME.awk makes of these files.
rows() {
    script=$here/$1.awk
    shift
    awk -f $here/common.awk -f "$script" "$@" || exit 1
}

# table NAME LEFT ROWS...: a table of these rows, the first LEFT columns aligned to the left.
table() {
    name=$1
    left=$2
    shift 2
    rows "$@" >"$directory/rows" || exit 1
    awk -v left="$left" -f $here/table.awk "$directory/rows" >"$directory/$name.md" || exit 1
}

date_of() {
    date -u -r "$1" +%Y-%m-%d
}

processor() {
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed 1q)
    echo "${model:-$(uname -m)}, $(nproc) cores"
}

# The instruction sets for which purews has code of its own, of those that this processor has.
vectors() {
    for flag in sse2 avx2 avx512vbmi sha_ni asimd; do
        grep -qw $flag /proc/cpuinfo && echo $flag
    done | paste -s -d ' ' -
}

packages() {
    dpkg-query -W -f '${Package} ${Version}\n' libwslay-dev libboost-dev libwebsockets-dev libsimdjson-dev \
        zlib1g-dev 2>/dev/null | paste -s -d , - | sed 's/,/, /g'
}

machine() {
    cat <<END
- \`make bench\` on $(date_of "$speed"), \`make bench-load\` on $(date_of "$load"), \`make bench-memory\` on
  $(date_of "$memory"), \`make bench-worst\` on $(date_of "$worst"); tables and pictures by \`make bench-plot\`
- processor: $(processor) ($(vectors)); $(uname -s) $(uname -r | sed 's/-.*//')
- compilers: $($CC --version | sed 1q); $($CXX --version | sed 1q)
- libraries: $(packages)
END
}

# fill PAGE: writes it anew into OUT.
fill() {
    mkdir -p "$OUT/$(dirname "$1")"
    awk -v directory="$directory" -v used="$directory/used" -f $here/fill.awk "$1" >"$directory/page" || exit 1
    cmp -s "$directory/page" "$OUT/$1" || cp "$directory/page" "$OUT/$1"
}

rm -rf "$directory"
mkdir -p "$directory"
machine >"$directory/machine.md"
table decode 2 speed operation=decode chunk=16384 "$speed"
table decode-64k 2 speed operation=decode chunk=65536 "$speed"
table stream 2 speed operation=decode-stream chunk=16384 "$speed"
table stream-64k 2 speed operation=decode-stream chunk=65536 "$speed"
table encode-server 2 speed operation=encode-server chunk=65536 "$speed"
table encode-client 2 speed operation=encode-client chunk=65536 "$speed"
table echo 2 speed operation=echo chunk=65536 "$speed"
table handshake 2 speed operation=handshake chunk=65536 "$speed"
table load 0 load show=messages "$load"
table load-processor 0 load show=processor "$load"
table memory 0 memory "$memory"
table worst 1 worst "$worst"
table summary 1 summary "$speed" "$load" "$memory"
rows behind "$speed" "$load" "$worst" >"$directory/behind.md"
rows far "$speed" >"$directory/far.md"

fill README.md
fill docs/performance.md
for file in "$directory"/*.md; do
    name=$(basename "$file" .md)
    grep -qx "$name" "$directory/used" || {
        echo "tables.sh: no page shows bench:$name" >&2
        exit 1
    }
done
