#!/bin/sh
# Builds and runs the benchmark beside its peers, twice: -O2, as a distribution builds it, and -O3
# -march=native. Rows are added to $BUILD/bench.csv.
# Usage: BUILD=directory CC=compiler sh tests/bench/speed/run.sh ROUNDS SOURCE...
set -u

directory=$BUILD/tests/bench/speed
here=tests/bench/speed
rounds=$1
shift
mkdir -p "$directory"

has() {
    printf '#include <%s>\nint main() { return 0; }\n' "$1" |
        g++ -x c++ -fsyntax-only - 2>/dev/null
}
for header in wslay/wslay.h boost/beast/websocket.hpp simdjson.h; do
    has "$header" || {
        echo 'make bench needs g++ and (Debian) libwslay-dev, libboost-dev and libsimdjson-dev.'
        exit 1
    }
done

# build NAME FLAGS SOURCE...
build() {
    name=$1
    flags=$2
    shift 2
    # shellcheck disable=SC2086
    for source in "$@" $here/main.c $here/purews.c $here/wslay.c; do
        $CC -std=gnu99 $flags -Iinclude -c "$source" \
            -o "$directory/$name-$(basename "$source" .c)-c.o" || exit 1
    done
    # shellcheck disable=SC2086
    for source in $here/limit.cpp $here/beast.cpp; do
        g++ $flags -Iinclude -c "$source" -o "$directory/$name-$(basename "$source" .cpp)-cpp.o" || exit 1
    done
    g++ "$directory/$name"-*.o -lwslay -lsimdjson -lpthread -o "$directory/$name" || exit 1
}

rm -f "$BUILD/bench.csv" "$directory"/*.o
echo 'operation,text,payload,chunk,library,build,best_ns,median_ns' >"$BUILD/bench.csv"
build generic -O2 "$@"
build native '-O3 -march=native' "$@"
for name in generic native; do
    echo "== $name"
    "$directory/$name" "$BUILD/bench.csv" "$name" --rounds "$rounds" || exit 1
done
