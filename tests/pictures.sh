#!/bin/sh
# Checks the pictures of Markdown pages: each one that a page shows is there, each one that is there is shown by a
# page, is a whole SVG of at most 60,000 bytes, and can be seen on light and on dark pages: each of its colours has a
# contrast of at least 3 (WCAG 2.1, 1.4.11) with white and with the darker of GitHub's backgrounds. And each table
# that `make bench-plot` writes is there.
# Usage: sh tests/pictures.sh PAGE.md...
set -u
export LC_ALL=C

passed=0
failed=0

# check WHAT COMMAND...: counts one.
check() {
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "FAILED $what"
        failed=$((failed + 1))
    fi
}

# Whether it is small enough, and each element of it ends where it should, that called svg last.
is_whole() {
    [ "$(wc -c <"$1")" -le 60000 ] && tr '\n' ' ' <"$1" | sed 's/</\n</g' | awk '
        match($0, /^<[a-z]+[^>]*>/) && !/^<[^>]*\/>/ { open[++depth] = substr($1, 2); sub(/>.*/, "", open[depth]) }
        /^<\// { name = substr($0, 3); sub(/>.*/, "", name); if (depth == 0 || open[depth--] != name) wrong = 1 }
        depth == 0 { last = name }
        END { exit wrong || depth || last != "svg" }'
}

colours() {
    grep -Eo "(color|fill|stroke)=[\"'][^\"']*[\"']" "$1" | sed "s/^[^=]*=.//; s/.\$//" | sort -u |
        grep -Ev '^(none|currentColor)$'
}

can_be_seen() {
    colours "$1" | awk -v picture="$1" '
        function channel(text, at,    digits, value) {
            digits = "0123456789abcdef"
            value = 16 * (index(digits, substr(text, at, 1)) - 1) + index(digits, substr(text, at + 1, 1)) - 1
            value /= 255
            return value <= 0.03928 ? value / 12.92 : exp(2.4 * log((value + 0.055) / 1.055))
        }
        function luminance(text) {
            return 0.2126 * channel(text, 2) + 0.7152 * channel(text, 4) + 0.0722 * channel(text, 6)
        }
        {
            light = 1.05 / (luminance($0) + 0.05)
            dark = (luminance($0) + 0.05) / (luminance("#0d1117") + 0.05)
            if ($0 !~ /^#[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]$/ || light < 3 || dark < 3) {
                printf "%s: %s has contrasts %.1f and %.1f\n", picture, $0, light, dark
                wrong = 1
            }
        }
        END { exit wrong || NR == 0 }'
}

# Whether each table of a page has something between its marks.
has_tables() {
    awk '/^<!-- bench:/ { open = NR } /^<!-- end -->$/ { if (open == 0 || NR < open + 4) wrong = 1; open = 0 }
        END { exit wrong || open }' "$1"
}

shown=$(mktemp)
trap 'rm -f "$shown"' EXIT
for page in "$@"; do
    grep -o '!\[[^]]*\]([^)]*)' "$page" | sed "s|.*(|$(dirname "$page")/|; s|)\$||; s|^\./||" >>"$shown"
    check "$page: a table is empty or has no end (make bench-plot)" has_tables "$page"
done
while read -r picture; do
    check "$picture: a page shows it, but it is not there" test -f "$picture"
done <"$shown"
for picture in docs/pictures/*; do
    check "$picture: no page shows it" grep -qx "$picture" "$shown"
    check "$picture: not a whole SVG of at most 60,000 bytes" is_whole "$picture"
    check "$picture: not to be seen on light and dark pages" can_be_seen "$picture"
done

echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
