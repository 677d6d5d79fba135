#!/bin/sh
# The example programs against others. Without an argument: the npm package ws and python3-websockets; with
# "browser": headless Chromium, which leaves its screenshots in $BUILD/interop-browser.
# Usage: BUILD=directory sh tests/interop/run.sh [browser]
set -u

PYTHON=${PYTHON:-/usr/bin/python3}
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
export CHROMIUM
target=interop${1:+-$1}
modules=$BUILD/$target
log=$modules/npm.log

stop() {
    echo "$1"
    echo "0 passed, 1 failed"
    exit 1
}

if [ "$target" = interop ]; then
    "$PYTHON" -c 'import websockets' 2>/dev/null ||
        stop "make $target needs the Python package websockets (Debian: python3-websockets)"
else
    command -v "$CHROMIUM" >/dev/null || stop "make $target needs Chromium (Debian: chromium)"
fi
command -v node >/dev/null || stop "make $target needs node and npm"
command -v npm >/dev/null || stop "make $target needs node and npm"
"$BUILD/examples/echo_server" --help | grep -q 'built in, with zlib' ||
    stop "make $target needs programs that are built with zlib (Debian: zlib1g-dev)"

mkdir -p "$modules"
if ! cmp -s tests/interop/package-lock.json "$modules/package-lock.json"; then
    cp tests/interop/package.json tests/interop/package-lock.json "$modules"
    (cd "$modules" && npm ci --no-audit --no-fund) >"$log" 2>&1 || {
        rm -f "$modules/package-lock.json"
        cat "$log"
        stop "npm cannot install what tests/interop/package.json lists"
    }
fi

node="NODE_PATH=$modules/node_modules node"
programs=$BUILD/examples
BUILD=$modules # for the output of the tests: the two targets may run at the same time
export BUILD
if [ "$target" = interop ]; then
    sh tests/check.sh "$node tests/interop/ws.js $programs" \
        "$node tests/interop/deflate.js $programs" \
        "$PYTHON -B tests/interop/websockets_peer.py $programs" \
        "$PYTHON -B tests/interop/deflate_peer.py $programs"
else
    sh tests/check.sh "$node tests/interop/browser.js $programs $modules"
fi
