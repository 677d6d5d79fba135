#!/bin/sh
# What the library promises about its machine code: it calls memcpy, memmove, memset and memcmp and
# nothing else, holds no writable data and nothing that the loader has to relocate, defines and exports
# no name but its own, and a connection has at most 256 bytes.
# Usage: BUILD=directory CC=compiler sh tests/purity.sh SOURCE...
set -u

directory=$BUILD/purity
NM=${NM:-nm}
passed=0
failed=0
allowed='memcpy memmove memset memcmp _GLOBAL_OFFSET_TABLE_'
underscore=
[ "$(uname -s)" = Darwin ] && underscore=_ # which Mach-O puts before each name

# Counts a list as passed if it is empty.
expect_none() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        printf 'FAILED %s:\n' "$1"
        printf '%s\n' "$2" | sed 's/^/    /'
        failed=$((failed + 1))
    fi
}

# Prints "name type" for each symbol of the files.
symbols() {
    $NM -P "$@" | sed -n "s/^$underscore\([^ ]*\) \([A-Za-z]\).*/\1 \2/p"
}

stop() {
    echo "FAILED $1"
    echo "$passed passed, $((failed + 1)) failed"
    exit 1
}

rm -rf "$directory"
mkdir -p "$directory"
objects=
for source in "$@"; do
    object=$directory/$(basename "$source" .c).o
    # The stack protector of some systems calls a function of its own; that is the compiler's choice.
    # shellcheck disable=SC2086
    $CC -std=c99 -O2 -fPIC -fvisibility=hidden -fno-stack-protector -Iinclude -c "$source" \
        -o "$object" || stop "$source does not compile"
    objects="$objects $object"
done
[ -n "$objects" ] || stop "no sources"

# shellcheck disable=SC2086
symbols $objects >"$directory/symbols"
awk '$2 ~ /[A-TV-Z]/ { print $1 }' "$directory/symbols" | sort -u >"$directory/defined"
awk '$2 == "U" { print $1 }' "$directory/symbols" | sort -u >"$directory/undefined"
tr ' ' '\n' <<END | sort >"$directory/allowed"
$allowed
END
sed -n '/^PWS_API/s/.*[ *]\(pws_[a-z0-9_]*\)(.*/\1/p' include/purews.h | sort >"$directory/public"
[ -s "$directory/defined" ] || stop "$NM finds no symbol"
[ -s "$directory/public" ] || stop "no public function found in include/purews.h"

sort -u "$directory/defined" "$directory/allowed" >"$directory/known"
expect_none "calls more than memcpy, memmove, memset and memcmp" \
    "$(comm -23 "$directory/undefined" "$directory/known")"
expect_none "defines names that do not begin with pws_" \
    "$(awk '$2 ~ /[A-TV-Zt]/ && $1 !~ /^pws_/ { print $1 }' "$directory/symbols")"
expect_none "declared in purews.h but not defined" \
    "$(comm -13 "$directory/defined" "$directory/public")"
expect_none "holds writable data" "$(awk '$2 ~ /[BbCDdGgSsVv]/ { print $1 }' "$directory/symbols")"

# Data without a name, too: the sizes of the sections, where the tool for it is there.
# shellcheck disable=SC2086
if size -A $objects >"$directory/sections" 2>/dev/null; then
    expect_none "has sections of writable or relocated data" "$(awk '
        /:$/ || $2 == ":" { file = $1 }
        $1 ~ /^\.(data|bss|tdata|tbss|init_array|fini_array|ctors|dtors)/ && $2 > 0 {
            print file, $1, $2, "bytes" }' "$directory/sections")"
else
    echo "sections not tested: size -A does not work here"
fi

shared=
for file in "$BUILD"/libpurews.so.0.* "$BUILD"/libpurews.0.*.dylib; do
    [ -f "$file" ] && shared=$file
done
[ -n "$shared" ] || stop "no shared library in $BUILD"
{ $NM -D -P "$shared" 2>/dev/null || $NM -g -P "$shared"; } |
    sed -n "s/^$underscore\([^ ]*\) [A-TV-Z].*/\1/p" | grep -v '^_' | sort -u >"$directory/exported"
expect_none "exports what is not in purews.h" \
    "$(comm -23 "$directory/exported" "$directory/public")"
expect_none "does not export what is in purews.h" \
    "$(comm -13 "$directory/exported" "$directory/public")"

cat >"$directory/size.c" <<'END'
#include <purews.h>
extern char a_connection_has_at_most_256_bytes[sizeof(pws_conn) <= 256 ? 1 : -1];
END
# shellcheck disable=SC2086
expect_none "a connection is too large" \
    "$($CC -std=c99 -Iinclude -c "$directory/size.c" -o "$directory/size.o" 2>&1)"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
