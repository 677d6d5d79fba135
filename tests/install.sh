#!/bin/sh
# Installs the library, builds an outside program with it through pkg-config and through CMake, runs it,
# and uninstalls. Needs pkg-config and CMake; not part of `make check`.
# Usage: CC=compiler sh tests/install.sh
set -u

CC=${CC:-cc}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
prefix=$directory/prefix
build=$directory/build
log=$directory/log
passed=0
failed=0

# Counts a command as passed if it succeeds.
expect() {
    name=$1
    shift
    if "$@" >"$log" 2>&1; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        cat "$log"
        echo "FAILED $name"
        failed=$((failed + 1))
    fi
}

house() {
    make BUILD="$build" CC="$CC" "$@"
}

with_pkg_config() {
    flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs purews) || return 1
    # shellcheck disable=SC2086
    $CC tests/install/main.c $flags -o "$directory/outside"
}

with_cmake() {
    cmake -S tests/install -B "$directory/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_C_COMPILER="$CC" && cmake --build "$directory/cmake"
}

# The shared library is found by its soname.
uses_shared() {
    LD_LIBRARY_PATH=$prefix/lib ldd "$1" | grep "$prefix/lib/libpurews.so.0 "
}

has_files() {
    for file in include/purews.h lib/libpurews.a lib/libpurews.so lib/libpurews.so.0 \
        lib/pkgconfig/purews.pc lib/cmake/purews/purewsConfig.cmake; do
        [ -e "$1/$file" ] || { echo "no $1/$file" && return 1; }
    done
}

has_nothing() {
    [ -d "$1" ] || { echo "no $1" && return 1; }
    left=$(find "$1" ! -type d)
    echo "$left"
    [ -z "$left" ]
}

wrong_version_refused() {
    mkdir -p "$directory/wrong"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.10)' 'project(wrong C)' \
        'find_package(purews 99.0 REQUIRED)' >"$directory/wrong/CMakeLists.txt"
    ! cmake -S "$directory/wrong" -B "$directory/wrong/build" -DCMAKE_PREFIX_PATH="$prefix"
}

expect "make install PREFIX=..." house install PREFIX="$prefix"
expect "all files are there" has_files "$prefix"
expect "a program builds through pkg-config" with_pkg_config
expect "it uses the shared library" uses_shared "$directory/outside"
expect "it runs" env LD_LIBRARY_PATH="$prefix/lib" "$directory/outside"
expect "a program builds through CMake" with_cmake
expect "it uses the shared library" uses_shared "$directory/cmake/outside"
expect "it runs" env LD_LIBRARY_PATH="$prefix/lib" "$directory/cmake/outside"
expect "and with the static library" "$directory/cmake/outside_static"
expect "CMake refuses another version" wrong_version_refused
expect "make uninstall PREFIX=..." house uninstall PREFIX="$prefix"
expect "nothing is left" has_nothing "$prefix"

expect "make install DESTDIR=..." house install DESTDIR="$directory/stage" PREFIX=/usr
expect "all files are there" has_files "$directory/stage/usr"
expect "they name the directory without DESTDIR" grep -x 'prefix=/usr' \
    "$directory/stage/usr/lib/pkgconfig/purews.pc"
expect "make uninstall DESTDIR=..." house uninstall DESTDIR="$directory/stage" PREFIX=/usr
expect "nothing is left" has_nothing "$directory/stage"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
