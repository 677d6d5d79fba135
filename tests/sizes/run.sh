#!/bin/sh
# Measures the bytes of each source on Cortex-M4 and x86-64, and of the reference programs of this directory,
# linked for Cortex-M4. Writes docs/sizes.md, and rows into the build directory's sizes.csv; with --check it
# changes nothing and fails if docs/sizes.md says something else.
# Usage: BUILD=directory [GCC=gcc] [ARM_GCC=arm-none-eabi-gcc] CORE='src/NAME.c ...' \
#            COMPANIONS='src/NAME.c ...' sh tests/sizes/run.sh [--check]
set -u
export LC_ALL=C

GCC=${GCC:-gcc}
ARM_GCC=${ARM_GCC:-arm-none-eabi-gcc}
here=tests/sizes
directory=${BUILD:?}/$here
document=docs/sizes.md
page=$directory/sizes.md

cpu='-mcpu=cortex-m4 -mthumb'
m4="$ARM_GCC -std=c99 -Os $cpu -DPWS_NO_SIMD -ffunction-sections -fdata-sections"
small="$GCC -std=c99 -Os"
fast="$GCC -std=c99 -O2"

stop() {
    echo "make sizes: $1" >&2
    exit 1
}

# compile OBJECT COMMAND...
compile() {
    object=$1
    shift
    "$@" -Iinclude -c -o "$object" || stop "$1 does not compile $(basename "$object" .o).c"
}

# bytes COMPILER OBJECT...: for each object the bytes of .text and .rodata. Sections of the reference programs
# are called .purews.text and so on.
bytes() {
    size=$($1 -print-prog-name=size)
    shift
    "$size" -A "$@" | awk '
        function row() { if (file != "") print text + 0 "," rodata + 0 }
        / :$/ { row(); file = $1; text = rodata = 0 }
        $1 ~ /^(\.purews)?\.text/ { text += $2 }
        $1 ~ /^(\.purews)?\.rodata/ { rodata += $2 }
        END { row() }'
}

# file_bytes NAME COMMAND: compiles all sources into a directory of that name; rows as those of bytes.
file_bytes() {
    mkdir -p "$directory/$1"
    objects=
    for source in $CORE $COMPANIONS; do
        object=$directory/$1/$(basename "$source" .c).o
        # shellcheck disable=SC2086
        compile "$object" $2 "$source"
        objects="$objects $object"
    done
    # shellcheck disable=SC2086
    bytes "${2%% *}" $objects >"$directory/$1.csv"
}

# The rows of all sources, and their sums.
file_rows() {
    echo "source,M4: .text,.rodata,x86-64 -Os: .text,.rodata,-O2: .text,.rodata"
    # shellcheck disable=SC2086
    printf '%s\n' $CORE $COMPANIONS |
        paste -d , - "$directory/m4.csv" "$directory/small.csv" "$directory/fast.csv" |
        awk -F, -v companions="$COMPANIONS" '
            function add(name) { for (i = 2; i <= 7; i++) sum[name, i] += $i }
            function total(name) {
                printf "%s", name
                for (i = 2; i <= 7; i++)
                    printf ",%d", sum[name, i]
                print ""
            }
            {
                print
                add("all")
                add(index(" " companions " ", " " $1 " ") ? "companions" : "core")
            }
            END { total("core"); total("companions"); total("all") }'
}

# libraries NAME COMMAND: the library and the two files, from the objects that file_bytes has left there.
libraries() {
    "$($ARM_GCC -print-prog-name=ar)" rcs "$directory/$1/libpurews.a" "$directory/$1"/*.o ||
        stop "the library is not made"
    # shellcheck disable=SC2086
    compile "$directory/$1/two_files.o" $2 "$directory/two_files/purews.c"
}

# program_row NAME BUILD ENTRIES OBJECT...: the row of a reference program, linked with the library of that build
# and with the two files: .text, .rodata and their sum of each, and libgcc. ENTRIES: what of it is called from
# outside.
program_row() {
    row=$1
    build=$2
    entries=$3
    shift 3
    for library in libpurews.a two_files.o; do
        # shellcheck disable=SC2086
        $ARM_GCC $cpu -nostdlib -T $here/cortex-m4.ld -Wl,--gc-sections $entries "$@" "$directory/outside.o" \
            "$directory/$build/$library" -lgcc -o "$directory/program" || stop "$row does not link"
        both=$(bytes "$ARM_GCC" "$directory/program")
        row=$row,$both,$((${both%,*} + ${both#*,}))
    done
    libgcc=$("$($ARM_GCC -print-prog-name=size)" -A "$directory/program" | awk '$1 == ".libgcc" { print $2 }')
    echo "$row,${libgcc:-0}"
}

program_rows() {
    echo "program,.text,.rodata,together,two files: .text,.rodata,together,libgcc"
    set -- "$directory/echo.o" "$directory/server.o" "$directory/client.o"
    program_row server m4 '-Wl,-e,serve' "$1" "$2"
    program_row client m4 '-Wl,-e,call' "$1" "$3"
    program_row both m4 '-Wl,-e,serve,-u,call' "$1" "$2" "$3"
    program_row 'both with a codec' m4 '-Wl,-e,serve,-u,call' "$directory/echo_codec.o" "$2" "$3"
    program_row 'server (PWS_NO_DEFLATE)' no_deflate '-Wl,-e,serve' "$1" "$2"
    program_row 'client (PWS_NO_DEFLATE)' no_deflate '-Wl,-e,call' "$1" "$3"
    program_row 'both (PWS_NO_DEFLATE)' no_deflate '-Wl,-e,serve,-u,call' "$1" "$2" "$3"
}

# Rows of cells with commas between them become a table of Markdown, the first its head.
as_table() {
    awk -F, '
        { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
        function line(row) {
            printf "| %-*s |", width[1], cell[row, 1]
            for (i = 2; i <= NF; i++)
                printf " %*s |", width[i], cell[row, i]
            print ""
        }
        END {
            for (i = 1; i <= NF; i++) {
                cell[0, i] = sprintf("%*s", width[i] - (i > 1), "") (i > 1 ? ":" : "")
                gsub(/ /, "-", cell[0, i])
            }
            line(1)
            line(0)
            for (row = 2; row <= NR; row++)
                line(row)
        }' "$1"
}

compilers() {
    echo "$GCC $($GCC -dumpfullversion) for $($GCC -dumpmachine), $ARM_GCC $($ARM_GCC -dumpfullversion)"
}

command -v "$ARM_GCC" >/dev/null || stop "needs $ARM_GCC (Debian: gcc-arm-none-eabi)."
case $($GCC -dumpmachine 2>/dev/null) in
x86_64-*) ;;
*) stop "needs gcc for x86-64 (Debian: gcc; elsewhere gcc-x86-64-linux-gnu and GCC=x86_64-linux-gnu-gcc)." ;;
esac
if [ "${1:-}" = --check ]; then
    written=$(sed -n 's/^Compilers: \(.*\)\.$/\1/p' $document)
    [ "$written" = "$(compilers)" ] ||
        stop "$document is of ${written:-no compilers}; here are $(compilers): not to be compared."
fi

rm -rf "$directory"
mkdir -p "$directory/two_files"
file_bytes m4 "$m4"
file_bytes no_deflate "$m4 -DPWS_NO_DEFLATE"
file_bytes small "$small"
file_bytes fast "$fast"
# shellcheck disable=SC2086
sh src/amalgamate.sh "$directory/two_files" $CORE $COMPANIONS || stop "the two files are not made"
# shellcheck disable=SC2086
{
    libraries m4 "$m4"
    libraries no_deflate "$m4 -DPWS_NO_DEFLATE"
    for name in outside echo server client; do
        compile "$directory/$name.o" $m4 $here/$name.c
    done
    compile "$directory/echo_codec.o" $m4 -DECHO_CODEC $here/echo.c
}
program_rows >"$directory/programs.csv" || exit 1
file_rows >"$directory/files.csv"
cat "$directory/programs.csv" "$directory/files.csv" >"$BUILD/sizes.csv"

cat >"$page" <<END
# Sizes

Bytes of machine code (\`.text\`) and of constants and texts (\`.rodata\`); the library has no other data. \`make
sizes\` writes this page, \`make check-sizes\` says whether it still holds; both need gcc for x86-64 and for ARM.

Compilers: $(compilers).

| build      | command |
| ---------- | ------- |
| M4         | \`$m4\` |
| x86-64 -Os | \`$small\` |
| -O2        | \`$fast\` |

## Programs for Cortex-M4

What the reference programs of \`$here\` have of the library, linked with \`--gc-sections\`: the opening handshake,
messages both ways, Pings and limits of time, the closing handshake. First with the library's objects, then with
the two files of \`make amalgamation\`, where the compiler sees all of it at once. Companions are not used and so not
linked. Whether compression is used makes no difference, since the codec is found when the program runs: where it
is not wanted, \`PWS_NO_DEFLATE\` leaves it out. \`libgcc\` is what the compiler's own library adds. \`memcpy\`,
\`memmove\`, \`memset\` and \`memcmp\` are not counted.

$(as_table "$directory/programs.csv")

## Source files

Each as it is compiled, whether or not a program uses all of it. x86-64 has the vector code.

$(as_table "$directory/files.csv")
END

as_table "$directory/programs.csv"
as_table "$directory/files.csv"
if [ "${1:-}" = --check ]; then
    cmp -s "$page" $document || stop "$document is out of date: run make sizes (or compare it with $page)."
else
    cp "$page" $document
fi
