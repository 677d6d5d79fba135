#!/bin/sh
# A companion that a program does not use adds no byte to it: neither where the two files are compiled with
# -ffunction-sections and linked with --gc-sections, nor where the program is linked to the static library
# without any flag.
# Usage: BUILD=directory CC=compiler [LINK=command] COMPANIONS='src/NAME.c ...' sh tests/unused.sh SOURCE...
# LINK links with $BUILD/libpurews.a; SOURCE... are all sources, in the order of the two files.
set -u

directory=$BUILD/unused
NM=${NM:-nm}
LINK=${LINK:-$CC}
passed=0
failed=0
underscore=
collect=-Wl,--gc-sections
if [ "$(uname -s)" = Darwin ]; then
    underscore=_ # which Mach-O puts before each name
    collect=-Wl,-dead_strip
fi

stop() {
    echo "FAILED $1"
    echo "$passed passed, $((failed + 1)) failed"
    exit 1
}

# Counts a list as passed if it is empty.
expect_none() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        printf 'FAILED %s:\n' "$1"
        printf '%s\n' "$2" | sed 's/^/    /'
        failed=$((failed + 1))
    fi
}

# CC and LINK may have arguments.
compile() {
    # shellcheck disable=SC2086
    $CC -std=c99 -Iinclude "$@"
}

# Linkers can say very much.
link() {
    # shellcheck disable=SC2086
    $LINK "$@" >"$directory/said" 2>&1 || { head -n 20 "$directory/said"; return 1; }
}

# defined FILE...: prints the names that files define; without what compilers append to parts of functions.
defined() {
    $NM -P "$@" | sed -n "s/^$underscore\([^ .]*\)[^ ]* [A-TV-Zabcdrst] .*/\1/p" | sort -u
}

# The sections of a program that it has when it runs, with their sizes.
sections() {
    size -A "$1" | awk 'NF == 3 && $1 != "section" && $1 !~ /^\.(comment|debug|note)/ { print $1, $2 }'
}

# Bytes of literals that a compiler has put together for all the functions of an object.
pooled() {
    size -A "$1" 2>/dev/null | awk '$1 ~ /^\.rodata\.(str|cst)[0-9]/ { sum += $2 } END { print sum + 0 }'
}

# A server that reads what a client sends and writes what has to be sent: everything that its job needs,
# and no companion.
write_server() {
    cat >"$1" <<'END'
#include <stdio.h>
#include <time.h>

#include "purews.h"

static uint8_t input[4096], work[PWS_WORK_SIZE(65536)];

static void handle(pws_conn *ws, const pws_event *ev) {
    if (ev->kind == PWS_REQUEST && ev->error == PWS_OK)
        pws_accept(ws, NULL);
    else if (ev->kind == PWS_REQUEST)
        pws_reject(ws, NULL);
    else if (ev->kind == PWS_TEXT && ev->data.len == 0)
        pws_close(ws, 1000, pws_cstr("bye"));
    else if (ev->kind == PWS_TEXT || ev->kind == PWS_BINARY)
        pws_send(ws, ev->kind, ev->data.ptr, ev->data.len);
    else if (ev->kind == PWS_CLOSED)
        puts(pws_strerror(ev->error));
    else if (ev->kind == PWS_WRITE)
        pws_wrote(ws, fwrite(ev->out[0].ptr, 1, ev->out[0].len, stdout) +
                          fwrite(ev->out[1].ptr, 1, ev->out[1].len, stdout));
}

int main(void) {
    static pws_config config;
    static pws_conn ws;
    pws_event ev;
    pws_bytes in;

    config.role = PWS_SERVER;
    config.max_message = 65536;
    config.ping_ms = 20000;
    if (pws_init(&ws, &config, work, sizeof work) != PWS_OK)
        return 1;
    while (pws_state(&ws) != PWS_STATE_CLOSED) {
        in.ptr = input;
        in.len = fread(input, 1, sizeof input, stdin);
        pws_tick(&ws, (uint64_t)time(NULL) * 1000);
        if (in.len == 0)
            pws_eof(&ws);
        while (pws_next(&ws, &in, &ev))
            handle(&ws, &ev);
    }
    return 0;
}
END
}

# A program that uses all of the companions, by the names of their functions.
write_user() {
    {
        sed 's/.*/void &(void);/' "$directory/used"
        echo 'int main(void) {'
        sed 's/.*/    &();/' "$directory/used"
        echo '    return 0;'
        echo '}'
    } >"$1"
}

# Makes the two files of sources in directory NAME and compiles them: two_files NAME SOURCE...
two_files() {
    name=$directory/$1
    shift
    sh src/amalgamate.sh "$name" "$@" || stop "the two files are not made"
    # Without unwind tables: their padding depends on the order of functions.
    compile -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -c "$name/purews.c" -o "$name/purews.o" ||
        stop "$name/purews.c does not compile"
}

# expect_unused PROGRAM: nothing of the companions is in it.
expect_unused() {
    defined "$1" >"$directory/names"
    grep -q '^pws_init$' "$directory/names" || stop "$NM finds no pws_init in $1"
    expect_none "$1 does not use these, but has them" \
        "$(comm -12 "$directory/companions" "$directory/names")"
}

# expect_used PROGRAM: they are seen where they are. Otherwise nothing would be shown by not seeing them.
expect_used() {
    defined "$1" >"$directory/names"
    expect_none "$1 has these, but they are not found in it" \
        "$(comm -23 "$directory/used" "$directory/names")"
}

[ $# -gt 0 ] || stop "no sources given"
[ -n "${COMPANIONS:-}" ] || stop "no companions given"
[ -f "$BUILD/libpurews.a" ] || stop "there is no static library in $BUILD"
rm -rf "$directory"
mkdir -p "$directory/objects"

rest=
for source in "$@"; do
    case " $COMPANIONS " in
    *" $source "*)
        compile -Os -c "$source" -o "$directory/objects/$(basename "$source" .c).o" ||
            stop "$source does not compile"
        ;;
    *)
        rest="$rest $source"
        ;;
    esac
done
for source in $COMPANIONS; do
    [ -f "$directory/objects/$(basename "$source" .c).o" ] || stop "$source is not among the sources"
done
sed -n '/^PWS_API/s/.*[ *]\(pws_[a-z0-9_]*\)(.*/\1/p' include/purews.h | sort -u >"$directory/public"
defined "$directory"/objects/*.o >"$directory/companions"
comm -12 "$directory/companions" "$directory/public" >"$directory/used"
[ -s "$directory/used" ] || stop "$NM finds no function of the companions"

write_server "$directory/server.c"
write_user "$directory/user.c"
for program in server user; do
    compile -c "$directory/$program.c" -o "$directory/$program.o" || stop "$program.c does not compile"
done

# The static library, linked without any flag.
for program in server user; do
    link "$directory/$program.o" "$BUILD/libpurews.a" -o "$directory/library_$program" ||
        stop "$program does not link with the static library"
done
expect_unused "$directory/library_server"
expect_used "$directory/library_user"

# The two files, and two files without the companions.
two_files with "$@"
# shellcheck disable=SC2086
two_files without $rest
all=$directory/all_server
with=$directory/with_server
without=$directory/without_server

# gcc keeps the literals of each function apart; clang does not, and then lld still leaves out those that
# are not used, but GNU ld keeps them all.
linker=
comparable=yes
if [ "$(pooled "$directory/with/purews.o")" != "$(pooled "$directory/without/purews.o")" ]; then
    if compile -fuse-ld=lld "$directory/server.o" "$directory/with/purews.o" -o "$all" 2>/dev/null; then
        linker=-fuse-ld=lld
    else
        comparable=no
    fi
fi

compile $linker "$directory/server.o" "$directory/with/purews.o" -o "$all" ||
    stop "the server does not link with the two files"
if ! compile $linker $collect "$directory/server.o" "$directory/with/purews.o" -o "$with"; then
    echo "the two files not tested: the linker does not take $collect"
else
    compile $linker $collect "$directory/user.o" "$directory/with/purews.o" -o "$directory/with_user" ||
        stop "the user does not link with the two files"
    compile $linker $collect "$directory/server.o" "$directory/without/purews.o" -o "$without" ||
        stop "the server needs companions"
    expect_used "$all"
    expect_unused "$with"
    expect_used "$directory/with_user"
    if [ -z "$(sections "$with" 2>/dev/null)" ]; then
        echo "sizes not tested: size -A does not work here"
    elif [ $comparable = no ]; then
        echo "sizes not tested: $CC pools literals, and there is no lld to take them apart"
    else
        sections "$without" >"$directory/sections_without"
        sections "$with" >"$directory/sections_with"
        expect_none "unused companions make a program larger or smaller" \
            "$(diff "$directory/sections_without" "$directory/sections_with")"
        # And it is seen where they do.
        sections "$all" | cmp -s - "$directory/sections_without" &&
            stop "a program with companions seems to be as large as one without"
        passed=$((passed + 1))
    fi
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
