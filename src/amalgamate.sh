#!/bin/sh
# Writes the library as two files into a directory: purews.h, and purews.c made of the sources in the
# order in which they are given.
# Usage: sh src/amalgamate.sh DIRECTORY SOURCE...
set -eu

directory=$1
shift
[ $# -gt 0 ] || { echo "src/amalgamate.sh: no sources given" >&2; exit 1; }
mkdir -p "$directory"
out=$directory/purews.c.new

{
    version=$(sed -n 's/^#define PWS_VERSION_STRING "\(.*\)"/\1/p' include/purews.h)
    echo "/* purews $version as two files. Written by src/amalgamate.sh: change its sources instead."
    echo " *"
    sed -e 's/^/ * /' -e 's/ *$//' LICENSE
    echo " */"
    echo "#define PWS_PRIVATE static"
    for file in src/internal.h src/vector.h src/reading.h src/arena.h "$@"; do
        printf '\n/* ======== %s ======== */\n\n' "$file"
        # The public header comes first, by the private one, and each of them once.
        sed -e '/^#include "internal.h"$/d' -e '/^#include "vector.h"$/d' \
            -e '/^#include "reading.h"$/d' -e '/^#include "arena.h"$/d' "$file"
    done
} >"$out"

# What remains is found beside the file: only the public header may be included.
if grep -n '^ *# *include *"' "$out" | grep -v '"purews.h"$'; then
    echo "src/amalgamate.sh: these includes would not be found beside purews.c" >&2
    exit 1
fi

cp include/purews.h "$directory/purews.h"
mv "$out" "$directory/purews.c"
