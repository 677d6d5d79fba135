#!/bin/sh
# The case runner itself: each case of tests/runner/wrong.txt states something untrue and must fail, and
# each file of tests/runner/malformed must be refused with exit status 2 and its name and line.
# Usage: sh tests/runner.sh RUNNER
set -u

runner=$1
output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0
failed=0

say() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $2"
    fi
}

sed -n 's/^case  *//p' tests/runner/wrong.txt | sed 's/  *#.*//' >"$output.names"
while read -r name; do
    "$runner" --case "$name" tests/runner/wrong.txt >"$output" 2>&1
    status=$?
    grep -q '^left out: ' "$output" && continue
    [ "$status" -eq 1 ] && [ "$(tail -n 1 "$output")" = "0 passed, 1 failed" ]
    say $? "it lets pass: $name"
done <"$output.names"
rm -f "$output.names"

for file in tests/runner/malformed/*.txt; do
    "$runner" "$file" >"$output" 2>&1
    status=$?
    [ "$status" -eq 2 ] && grep -q "$file" "$output"
    say $? "it does not refuse $file"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
