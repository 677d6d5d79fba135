#!/bin/sh
# Every line of src/NAME.c is run, and every branch of it taken, by its own test, tests/unit/NAME.c, or by
# tests/unit/TEST.c where that is said. What is not is named with file and line. Needs gcc and its gcov.
# Usage: BUILD=directory [CC=gcc] [GCOV=gcov] sh tests/coverage.sh NAME[=TEST]...
set -u
unset GCOV_PREFIX GCOV_PREFIX_STRIP # they would put what is measured elsewhere

directory=$BUILD/coverage
CC=${CC:-gcc}
GCOV=${GCOV:-gcov}
passed=0
failed=0

stop() {
    echo "FAILED $1"
    echo "$passed passed, $((failed + 1)) failed"
    exit 1
}

# CC may have arguments.
compile() {
    # shellcheck disable=SC2086
    $CC -std=c99 -O0 -Iinclude -Isrc -Itests "$@"
}

# untaken SOURCE OBJECT: prints what was not taken of a source whose object has run, and then the totals.
# Fails if there was something, or nothing to measure.
untaken() {
    $GCOV -b -c -t -o "$2" "$1" 2>/dev/null | awk -v source="$1" '
        function complain(what) {
            missing++
            printf "    %s:%d: %s: %s\n", source, line, what, text
        }
        /^ *-: *0:Source:/ {
            ours = substr($0, index($0, "Source:") + 7) == source
            next
        }
        !ours { next }
        /^branch / {
            branches++
            if ($3 == "never" || $4 == 0)
                complain("branch " $2 " is never taken")
            next
        }
        /^ *[^ :]+: *[1-9][0-9]*:/ {
            split($0, part, ":")
            line = part[2] + 0
            text = substr($0, length(part[1]) + length(part[2]) + 3)
            sub(/^ */, "", text)
            lines += part[1] !~ /-/
            if (part[1] ~ /[#=]/)
                complain("this line is never run")
        }
        END {
            printf "%s: %d lines, %d branches, not taken: %d\n", source, lines, branches, missing
            exit missing > 0 || lines == 0
        }'
}

# The tools are there, and work together: they find what this program does not take.
try_tools() {
    cat >"$directory/tools.c" <<'END'
int main(int count, char **words) {
    while (count > 0 && words[--count] == 0)
        count--;
    return 0;
}
END
    compile --coverage -c "$directory/tools.c" -o "$directory/tools.o" &&
        compile --coverage "$directory/tools.o" -o "$directory/tools" && "$directory/tools" &&
        untaken "$directory/tools.c" "$directory/tools.o" >"$directory/found"
    grep -q 'tools.c:2: branch . is never taken: while (count > 0' "$directory/found" &&
        grep -q 'tools.c:3: this line is never run: count--;$' "$directory/found"
}

# build NAME TEST: the test with the whole library, of which src/NAME.c alone is measured.
build() {
    others=
    for object in "$directory"/library/*.o; do
        [ "$object" = "$directory/library/$1.o" ] || others="$others $object"
    done
    compile --coverage -c "src/$1.c" -o "$directory/$1.o" || return 1
    compile -c "tests/unit/$2.c" -o "$directory/test_$1.o" || return 1
    # shellcheck disable=SC2086
    compile --coverage "$directory/test_$1.o" "$directory/$1.o" $others -o "$directory/test_$1"
}

[ $# -gt 0 ] || stop "no names given"
rm -rf "$directory"
mkdir -p "$directory/library"
try_tools 2>/dev/null || {
    echo "Measuring coverage needs gcc and its gcov (Debian: gcc); CC and GCOV name them."
    exit 1
}
passed=1

for source in src/*.c; do
    compile -c "$source" -o "$directory/library/$(basename "$source" .c).o" ||
        stop "$source does not compile"
done
for argument in "$@"; do
    name=${argument%%=*}
    test=${argument#*=}
    if ! build "$name" "$test"; then
        echo "FAILED src/$name.c and tests/unit/$test.c do not build"
        failed=$((failed + 1))
    elif ! "$directory/test_$name" >"$directory/said" 2>&1; then
        cat "$directory/said"
        echo "FAILED tests/unit/$test.c"
        failed=$((failed + 1))
    elif ! untaken "src/$name.c" "$directory/$name.o"; then
        echo "FAILED src/$name.c: lines or branches that tests/unit/$test.c does not take"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
