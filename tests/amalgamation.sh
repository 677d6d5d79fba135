#!/bin/sh
# The two files: the same bytes from run to run, and no warning as C99 or as C++11.
# Usage: BUILD=directory CC=compiler sh tests/amalgamation.sh SOURCE...
set -u

directory=$BUILD/amalgamation-check
passed=0
failed=0

# Counts a command as passed if it succeeds in silence.
expect() {
    name=$1
    shift
    if said=$("$@" 2>&1) && [ -z "$said" ]; then
        passed=$((passed + 1))
    else
        printf 'FAILED %s\n%s\n' "$name" "$said"
        failed=$((failed + 1))
    fi
}

# CC may have arguments.
compile() {
    # shellcheck disable=SC2086
    $CC -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror "$@" \
        -c "$directory/one/purews.c" -o "$directory/purews.o"
}

rm -rf "$directory"
expect "the first run" sh src/amalgamate.sh "$directory/one" "$@"
expect "the second run" sh src/amalgamate.sh "$directory/two" "$@"
expect "purews.c is the same again" cmp "$directory/one/purews.c" "$directory/two/purews.c"
expect "purews.h is the public header" cmp "$directory/one/purews.h" include/purews.h

expect "as C99" compile -std=c99
expect "as C99, optimized" compile -std=c99 -O2

printf 'int main() { return 0; }\n' >"$directory/empty.cc"
# shellcheck disable=SC2086
if $CC -x c++ -std=c++11 -c "$directory/empty.cc" -o "$directory/empty.o" 2>/dev/null; then
    expect "as C++11" compile -x c++ -std=c++11 -O2
else
    echo "not tested as C++: $CC does not compile C++ here"
fi

rm -rf "$directory"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
