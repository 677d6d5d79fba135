#!/bin/sh
# The example programs against other WebSocket libraries: the npm package ws and python3-websockets.
# Usage: BUILD=directory sh tests/interop/run.sh
set -u

PYTHON=${PYTHON:-/usr/bin/python3}
modules=$BUILD/interop
log=$BUILD/interop/npm.log

stop() {
    echo "$1"
    echo "0 passed, 1 failed"
    exit 1
}

command -v node >/dev/null || stop "make interop needs node and npm"
command -v npm >/dev/null || stop "make interop needs node and npm"
"$PYTHON" -c 'import websockets' 2>/dev/null ||
    stop "make interop needs the Python package websockets (Debian: python3-websockets)"

mkdir -p "$modules"
if ! cmp -s tests/interop/package-lock.json "$modules/package-lock.json"; then
    cp tests/interop/package.json tests/interop/package-lock.json "$modules"
    (cd "$modules" && npm ci --no-audit --no-fund) >"$log" 2>&1 || {
        rm -f "$modules/package-lock.json"
        cat "$log"
        stop "npm cannot install what tests/interop/package.json lists"
    }
fi

sh tests/check.sh "NODE_PATH=$modules/node_modules node tests/interop/ws.js $BUILD/examples" \
    "$PYTHON tests/interop/websockets_peer.py $BUILD/examples"
