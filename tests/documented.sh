#!/bin/sh
# Every public name has a comment, by the rules in tests/documented.awk, which are tried out first.
# Usage: sh tests/documented.sh HEADER
set -u

tried=0
wrong=0

# Tries the rules on a piece of a header (standard input), which has so many names without a comment.
try() {
    found=$(awk -f tests/documented.awk | sed -n '$s/.* \([0-9]*\) failed$/\1/p')
    tried=$((tried + 1))
    if [ "$found" != "$1" ]; then
        echo "FAILED tests/documented.awk: finds $found names without a comment where $1 are"
        wrong=$((wrong + 1))
    fi
}

try 0 <<'END'
/* Says a. */
PWS_API int pws_a(int x,
                  int y);
/* All of them. */
typedef struct pws_b {
    int one; /* the first,
                and more */
    /* the second */
    int two;
    int reserved;
} pws_b;
/* Numbers. */
enum {
    PWS_ONE = 1 /* one */
};
/* A macro. */
#define PWS_MACRO 1
END
try 1 <<'END'
/* Says a. */
PWS_API int pws_a(int x,
                  int y);
PWS_API int pws_b(void);
END
try 1 <<'END'
/* A comment that is not next to it. */

PWS_API int pws_a(void);
END
try 2 <<'END'
/* All of them. */
typedef struct pws_b {
    int one; /* the first,
                and more */
    int two;
    int *three[2];
} pws_b;
END
try 2 <<'END'
enum {
    PWS_ONE = 1, /* one */
    PWS_TWO = 2
};
END
try 1 <<'END'
/* One. */
typedef struct pws_one pws_one;
typedef struct pws_two pws_two;
END
try 1 <<'END'
#define PWS_MACRO 1
END

result=$(awk -f tests/documented.awk "$1")
printf '%s\n' "$result" | sed '$d'
good=$(printf '%s\n' "$result" | sed -n '$s/ passed.*//p')
bad=$(printf '%s\n' "$result" | sed -n '$s/.*, \([0-9]*\) failed/\1/p')
echo "$((good + tried - wrong)) passed, $((bad + wrong)) failed"
[ "$good" -gt 0 ] && [ $((bad + wrong)) -eq 0 ]
