#!/bin/sh
# A table of requirements, such as docs/rfc6455.md: | section | requirement | kept by | shown by |.
# "kept by" names in backticks the functions, constants or files that keep the requirement, or says
# "caller: " and what the caller does. "shown by" names in backticks the cases that show it: `case NAME`
# in tests/cases and tests/cases-deflate, check_case("NAME") or a row {"NAME", ...} of a table in the test
# programs; it may only be empty where the caller keeps it.
# Each name must exist.
# Usage: sh tests/rfc_table.sh FILE.md
set -u

table=$1
cases=$(mktemp)
names=$(mktemp)
trap 'rm -f "$cases" "$names"' EXIT

{
    sed -n -e 's/^case  *//p' tests/cases/*.txt tests/cases-deflate/*.txt | sed 's/ *#.*//'
    sed -n -e 's/.*check_case("\([^"]*\)").*/\1/p' -e 's/^    {"\([^"]*\)",.*/\1/p' \
        tests/*.c tests/unit/*.c tests/deflate/*.c
} 2>/dev/null | sed 's/ *$//' >"$cases"
{
    cat src/*.[ch] include/purews.h | tr -c 'A-Za-z0-9_' '\n'
    printf '%s\n' src/*.[ch] include/purews.h examples/*.c | sed 'p; s/.*\///'
} 2>/dev/null | sort -u >"$names"

awk -v cases="$cases" -v names="$names" '
    function complain(text) {
        printf "FAILED %s:%d: %s\n", FILENAME, FNR, text
        wrong = 1
    }
    # Looks up what stands in backticks in a cell; returns how many there are.
    function look_up(cell, known, what,    count, name) {
        count = 0
        while (match(cell, /`[^`]*`/)) {
            name = substr(cell, RSTART + 1, RLENGTH - 2)
            cell = substr(cell, RSTART + RLENGTH)
            sub(/\(\)$/, "", name)
            if (!(name in known))
                complain("there is no " what " called " name)
            count++
        }
        return count
    }
    BEGIN {
        FS = "|"
        while ((getline line <cases) > 0) case_known[line] = 1
        while ((getline line <names) > 0) name_known[line] = 1
    }
    !/^\|/ || /^\| *:?-/ { next }
    {
        gsub(/\\\|/, "/")
        if (tolower($2) ~ /^ *section *$/) next
        wrong = 0
        if (NF != 6)
            complain("has not four cells")
        if ($2 !~ /[0-9]/)
            complain("names no section")
        kept = look_up($4, name_known, "function, constant or file")
        shown = look_up($5, case_known, "case")
        caller = $4 ~ /^ *caller: *[^ ]/
        if (!kept && !caller)
            complain("does not say who keeps it")
        if (!shown && !caller)
            complain("does not say what shows it")
        if (wrong) failed++; else passed++
    }
    END {
        if (!passed)
            print "no requirement found in " FILENAME
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0 || !passed
    }' "$table"
