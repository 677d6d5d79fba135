#!/bin/sh
# Measures what an idle connection takes in memory: each library and each number of connections in a
# process of its own. Rows go to $BUILD/bench-memory.csv, without those that are out of reach.
# Usage: BUILD=directory sh tests/bench/memory/run.sh CONNECTIONS...
set -u

# measure PROGRAM LIBRARY CONNECTIONS
measure() {
    "$BUILD/tests/bench/memory/$1" "$2" "$3" || echo "$2 $3 failed"
}

for connections in "$@"; do
    measure purews purews "$connections"
    measure wslay wslay "$connections"
    measure beast beast "$connections"
    measure lws libwebsockets "$connections"
    measure purews purews-deflate "$connections"
    measure beast beast-deflate "$connections"
done | awk -v csv="$BUILD/bench-memory.csv" '
    BEGIN {
        print "library,connections,bytes_per_connection,resident_mib" >csv
        print "bytes that an idle connection takes from malloc, all of it, when it is open and after"
        print "1 KiB each way; -deflate beside purews-deflate: without context takeover"
        printf "%11s  %-14s %10s %10s %10s %13s\n",
            "connections", "library", "open", "used", "to purews", "process, MiB"
    }
    $3 == "failed" { wrong = 1; next }
    $3 == "-" {
        printf "%11d  %-14s", $2, $1
        for (i = 4; i <= NF; i++)
            printf " %s", $i
        print ""
        next
    }
    {
        kind = $1 ~ /-deflate$/
        if ($1 ~ /^purews/)
            ours[kind, $2] = $4
        ratio = ours[kind, $2] ? sprintf("%.2f", $4 / ours[kind, $2]) : "-"
        printf "%11d  %-14s %10.1f %10.1f %10s %13.1f\n", $2, $1, $3, $4, ratio, $5
        printf "%s,%d,%.2f,%.1f\n", $1, $2, $4, $5 >csv
        fflush()
    }
    END { exit wrong }'
