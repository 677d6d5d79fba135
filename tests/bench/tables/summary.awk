# A few rows of bench.csv (generic build), bench-load.csv and bench-memory.csv: medians beside the best peer.

function show(row, title, unit) {
    shown[++lines] = row
    title_of[row] = title
    unit_of[row] = unit
}

BEGIN {
    show("decode,ascii,125,16384", "Receive 125 bytes of text", "ns")
    show("decode,multilingual,1024,16384", "Receive 1 KiB of multilingual text", "ns")
    show("decode,binary,16384,16384", "Receive 16 KiB", "ns")
    show("encode-server,binary,125,65536", "Send 125 bytes, server", "ns")
    show("encode-client,binary,125,65536", "Send 125 bytes, client", "ns")
    show("echo,ascii,125,65536", "Echo 125 bytes of text", "ns")
    show("handshake,chrome,603,65536", "Answer an opening handshake", "ns")
    show("load,125,16", "`echo_server` with 64 connections, 16 messages of 125 bytes in flight", "messages/s")
    show("memory,10000", "An idle connection, one of 10,000", "bytes")
}

FNR == 1 { next }
FILENAME ~ /bench\.csv$/ && $6 == "generic" { note($1 "," $2 "," $3 "," $4, $5, $7, $8) }
FILENAME ~ /bench-load\.csv$/ {
    note("load," $2 "," $3, $1, 1 / $4, 1 / $5)
    is_rate["load," $2 "," $3] = 1
}
FILENAME ~ /bench-memory\.csv$/ && $1 !~ /-deflate$/ { note("memory," $2, $1, $3, $3) }

function value(row, library) {
    return number(row in is_rate ? 1 / median[row, library] : median[row, library]) " " unit_of[row]
}

END {
    print "what\tpurews\tthe best of the others\tahead by a factor of"
    for (i = 1; i <= lines; i++) {
        row = shown[i]
        peer = best_peer(row, median)
        if (peer == "" || !((row, "purews") in median)) {
            print "summary: no row " row >"/dev/stderr"
            exit 1
        }
        factor = sprintf("%.2f", median[row, peer] / median[row, "purews"])
        print title_of[row] "\t" value(row, "purews") "\t" peer ", " value(row, peer) "\t" \
            bold_if(is_behind(row, median), factor)
    }
}
