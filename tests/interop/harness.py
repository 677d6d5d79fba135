"""What the Python programs of this directory share: tests and the example programs, which are in the
directory that is their first argument."""

import asyncio
import pathlib
import re
import signal
import sys

import websockets

PROGRAMS = pathlib.Path(sys.argv[1])
LIMIT = 20  # seconds for one test
passed = failed = 0
running = set()


async def test(name, run):
    """Runs one test, a coroutine."""
    global passed, failed
    try:
        await asyncio.wait_for(run, LIMIT)
        print("ok", name, flush=True)
        passed += 1
    except Exception as error:  # whatever it is: the test has failed
        print("FAILED", name + ":", repr(error), flush=True)
        failed += 1


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


# ---- Programs ----


async def start(name, *args, stdin=asyncio.subprocess.PIPE):
    child = await asyncio.create_subprocess_exec(
        PROGRAMS / name,
        *args,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    running.add(child)
    return child


async def start_server(*args):
    """Starts echo_server on a free port; returns it and its URL."""
    server = await start("echo_server", "--port", "0", *args, stdin=asyncio.subprocess.DEVNULL)
    line = (await asyncio.wait_for(server.stdout.readline(), LIMIT)).decode()
    match = re.fullmatch(r"listening on (ws://127\.0\.0\.1:\d+/)\n", line)
    expect(match, f"echo_server says its address: {line!r}")
    return server, match[1]


async def stop_server(server):
    server.send_signal(signal.SIGTERM)
    out, err = await server.communicate()
    running.discard(server)
    expect(server.returncode == 0, f"echo_server ended with {server.returncode}: {err!r}")


async def wscat(args, lines, stay_open=False):
    """Runs wscat with lines of input, which then ends unless it is to stay open. Returns its exit status,
    output and errors."""
    child = await start("wscat", *args)
    if stay_open:
        for line in lines:
            child.stdin.write(line.encode() + b"\n")
        out, err = await asyncio.gather(child.stdout.read(), child.stderr.read())
        await child.wait()
    else:
        out, err = await child.communicate("".join(line + "\n" for line in lines).encode())
    running.discard(child)
    return child.returncode, out.decode(), err.decode()


# ---- websockets ----


def connect(url, **options):
    return websockets.connect(url, max_size=1 << 24, ping_interval=None, **options)


async def echoes(ws, data):
    await ws.send(data)
    answer = await ws.recv()
    expect(type(answer) is type(data), "the kind of the echo")
    expect(answer == data, "the data of the echo")


async def main(*parts):
    """Runs parts, coroutines that make tests; returns the exit status."""
    global failed
    try:
        for part in parts:
            await part
    except Exception as error:  # a server that does not start, and the like
        print("FAILED", repr(error))
        failed += 1
    for child in running:
        if child.returncode is None:
            child.kill()
            await child.wait()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
