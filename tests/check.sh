#!/bin/sh
# Runs test commands, each of which ends its output with the line "N passed, N failed", and adds the
# lines up. Shows the output of a command that fails or says no such line, and lines that begin with
# "left out: ". Each may take LIMIT seconds, where there is a `timeout` to keep it to that.
# Usage: BUILD=directory [LIMIT=300] sh tests/check.sh COMMAND...
set -u

mkdir -p "$BUILD"
output=$(mktemp "$BUILD/check.XXXXXX")
limit=${LIMIT:-300}
limiter=
command -v timeout >/dev/null 2>&1 && limiter="timeout $limit"
passed=0
failed=0
running=
mkdir -p "$BUILD"

stop() {
    [ -z "$running" ] || kill "$running"
    exit 130
}
trap stop INT TERM

for command in "$@"; do
    status=0
    # In the background, so that an interrupt ends it and all that it has started.
    # shellcheck disable=SC2086
    $limiter sh -c "$command" >"$output" 2>&1 </dev/null &
    running=$!
    wait "$running" || status=$?
    running=
    name=$(printf '%s' "$command" | sed -e 's/^ *//' -e 's/\(.\{90\}\).*/\1.../')

    result=$(tail -n 1 "$output" | sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p')
    good=${result% *}
    bad=${result#* }
    complaint=
    if [ -n "$limiter" ] && [ "$status" -eq 124 ]; then
        complaint="did not end within $limit seconds"
        good=0
        bad=1
    elif [ -z "$result" ]; then
        complaint="did not say how many passed (exit status $status)"
        good=0
        bad=1
    elif [ "$good" -eq 0 ] && [ "$bad" -eq 0 ]; then
        complaint="tested nothing"
        bad=1
    elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        complaint="exit status $status"
        bad=1
    fi

    if [ "$bad" -eq 0 ]; then
        grep '^left out: ' "$output"
        printf 'ok      %6d  %s\n' "$good" "$name"
    else
        tail -n 200 "$output"
        printf 'FAILED  %6d  %s%s\n' "$bad" "$name" "${complaint:+: $complaint}"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
done

rm -f "$output"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
