#!/bin/sh
# Runs fuzz targets at the same time, each for so many seconds, from its kept corpus. What
# they add goes to DIRECTORY/found, what breaks them to DIRECTORY.
# Usage: sh fuzz/run.sh DIRECTORY SECONDS TARGET...
set -u

directory=$1
seconds=$2
shift 2
passed=0
failed=0
running=

stop() {
    # shellcheck disable=SC2086
    [ -z "$running" ] || kill $running 2>/dev/null
    exit 130
}
trap stop INT TERM

for target in "$@"; do
    mkdir -p "$directory/found/$target"
    "$directory/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$directory/$target-" "$directory/found/$target" "fuzz/corpus/$target" \
        >"$directory/$target.log" 2>&1 &
    running="$running $!"
    eval "process_$target=$!"
done

for target in "$@"; do
    process=
    eval "process=\$process_$target"
    if wait "$process"; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$directory/$target.log")
        echo "ok $target: $runs inputs in $seconds seconds"
        passed=$((passed + 1))
    else
        tail -n 60 "$directory/$target.log"
        echo "FAILED $target: what breaks it is beside $directory/$target.log"
        failed=$((failed + 1))
    fi
done

[ $((passed + failed)) -gt 0 ] || echo "there is no fuzz target"
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
