#!/bin/sh
# Compiles the C code of Markdown files. A block that opens with ```c stands in a file of its own, after
# the includes of tests/docs/prelude.h. A block that opens with ```c fragment is the body of a function,
# after the declarations of tests/docs/fragment.h. No other word may follow the c.
# Usage: BUILD=directory CC=compiler sh tests/docs.sh FILE.md...
set -u

directory=$BUILD/docs
passed=0
failed=0

rm -rf "$directory"
mkdir -p "$directory"

for document in "$@"; do
    awk -v directory="$directory" -v document="$document" '
        function open_block(kind) {
            file = sprintf("%s/%s-%d.c", directory, document, NR)
            sub(directory "/.*/", directory "/", file)
            print "#include \"" kind ".h\"" >file
            if (kind == "fragment")
                print "void fragment(void) {" >file
            printf "#line %d \"%s\"\n", NR + 1, document >file
            fragment = kind == "fragment"
        }
        /^ *```/ {
            fence = $0
            sub(/^ */, "", fence)
            sub(/ *$/, "", fence)
            if (file != "") {
                if (fragment)
                    print "}" >file
                close(file)
                file = ""
            } else if (other) {
                other = 0
            } else if (fence == "```c") {
                open_block("prelude")
            } else if (fence == "```c fragment") {
                open_block("fragment")
            } else if (fence ~ /^```[cC]([^a-zA-Z]|$)/) {
                printf "FAILED %s:%d: write ```c or ```c fragment\n", document, NR
                other = 1
                wrong = 1
            } else {
                other = 1
            }
            next
        }
        file != "" { print >file }
        END { exit wrong }' "$document" || failed=$((failed + 1))
done

for file in "$directory"/*.c; do
    [ -f "$file" ] || continue
    # shellcheck disable=SC2086
    if $CC -std=c99 -Wall -Wextra -Wno-unused -Wno-uninitialized -Werror -Iinclude -Iexamples -Itests/docs -c "$file" \
        -o "$directory/block.o"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done

# The first block of the README is a program of the examples, to the letter.
if awk '/^```c$/ { on = 1; next } /^```/ { if (on) exit } on { print }' README.md | cmp -s - examples/echo.c; then
    passed=$((passed + 1))
else
    echo "FAILED README.md: its first block is not examples/echo.c"
    failed=$((failed + 1))
fi

[ "$passed" -gt 0 ] || echo "no block of C compiles in $*"
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
