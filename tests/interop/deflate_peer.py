"""permessage-deflate (RFC 7692) between python3-websockets and the example programs, with a look at the
wire: both ends must really compress. The library is a client of echo_server, then a server for wscat.
Usage: python3 deflate_peer.py DIRECTORY, where the programs are."""

import asyncio
import contextlib
import os
import sys
import urllib.parse

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

from harness import connect, echoes, expect, main, start_server, stop_server, test, wscat
from wire import record

MEGABYTE = 1 << 20
WORDS = ("Every message that you send comes back. " * (MEGABYTE // 40 + 1))[:MEGABYTE]
AGAIN = 100  # bytes: a message that was seen before has fewer


def hexadecimal(length):
    """Text that compresses to a half."""
    return os.urandom(length // 2).hex()


def expect_compressed(wire, count, most):
    """Both ends have sent `count` compressed messages, the last of at most `most` bytes."""
    for name, way in ("up", wire.up), ("down", wire.down):
        expect(len(way.messages) == count, f"{len(way.messages)} messages {name}")
        compressed, _, size = way.messages[-1]
        expect(compressed, f"the message {name} has no RSV1")
        expect(size <= most, f"{size} bytes {name}")


def expect_takeover(wire, up, down):
    """Of two equal messages the second is much smaller where context is taken over."""
    for name, way, takeover in ("up", wire.up, up), ("down", wire.down, down):
        _, _, size = way.messages[-1]
        expect(len(way.messages) == 2, f"{len(way.messages)} messages {name}")
        expect((size < AGAIN) == takeover, f"{size} bytes {name} for a message seen before")


# ---- As a client ----


@contextlib.asynccontextmanager
async def opened(url, **parameters):
    """A connection through a proxy that takes notes, with these parameters in its offer."""
    offer = ClientPerMessageDeflateFactory(**{"client_max_window_bits": True, **parameters})
    async with record(urllib.parse.urlsplit(url).port) as (port, wire):
        async with connect(
            f"ws://127.0.0.1:{port}/", compression=None, extensions=[offer]
        ) as ws:
            yield ws, wire


async def is_compressed(url, data, most):
    async with opened(url) as (ws, wire):
        expect(wire.up.extensions.startswith("permessage-deflate"), "is offered")
        expect(wire.down.extensions == "permessage-deflate", wire.down.extensions)
        await echoes(ws, data)
        expect_compressed(wire, 1, most)


async def default_offer(url):
    async with record(urllib.parse.urlsplit(url).port) as (port, wire):
        async with connect(f"ws://127.0.0.1:{port}/", compression="deflate") as ws:
            await echoes(ws, WORDS[:1000])
            expect_compressed(wire, 1, 100)


async def agrees(url, answer, up, down, **parameters):
    text = hexadecimal(2000)
    async with opened(url, **parameters) as (ws, wire):
        expect(wire.down.extensions == answer, f"answered {wire.down.extensions}")
        await echoes(ws, text)
        await echoes(ws, text)
        expect_takeover(wire, up, down)


async def empty(url):
    async with opened(url) as (ws, wire):
        await echoes(ws, "")
        await echoes(ws, b"")
        await echoes(ws, WORDS[:1000])
        expect([first for first, _, _ in wire.up.messages] == [True] * 3, "sent compressed")


async def fragmented(url):
    async with opened(url) as (ws, wire):
        await ws.send([WORDS[:1000], "", WORDS[1000:3000]])
        expect(await ws.recv() == WORDS[:3000], "text in fragments")
        compressed, frames, _ = wire.up.messages[0]
        expect(compressed and frames > 2, f"{frames} frames")
        await echoes(ws, "and then one in one frame")


async def many(url):
    async with opened(url) as (ws, _):
        texts = [f"this is message {i} of five hundred " * 3 for i in range(500)]
        for text in texts:
            await ws.send(text)
        for text in texts:
            expect(await ws.recv() == text, "the data of the echo")


async def too_big(url):
    async with opened(url) as (ws, _):
        await ws.send("x" * MEGABYTE)
        try:
            await ws.recv()
        except websockets.ConnectionClosed as error:
            expect(error.rcvd is not None and error.rcvd.code == 1009, f"closed: {error}")
        else:
            expect(False, "is not closed")


async def as_client():
    server, url = await start_server()
    small, small_url = await start_server("--max-message", "1000")
    await test("client: the library's own offer is accepted", default_offer(url))
    await test("client: text is compressed both ways", is_compressed(url, "Grüße 🎈 " * 50, 60))
    await test("client: binary is compressed both ways", is_compressed(url, b"\xa5" * 1000, 50))
    await test("client: 1 MiB of text that compresses well", is_compressed(url, WORDS, 20000))
    await test(
        "client: 1 MiB of text that compresses to a half",
        is_compressed(url, hexadecimal(MEGABYTE), 0.6 * MEGABYTE),
    )
    await test(
        "client: 1 MiB of random bytes",
        is_compressed(url, os.urandom(MEGABYTE), 1.01 * MEGABYTE),
    )
    await test("client: empty messages", empty(url))
    await test("client: fragmented and compressed", fragmented(url))
    await test("client: 500 messages without waiting", many(url))
    await test(
        "client: context is taken over", agrees(url, "permessage-deflate", up=True, down=True)
    )
    await test(
        "client: no context takeover by the server",
        agrees(
            url, "permessage-deflate; server_no_context_takeover", up=True, down=False,
            server_no_context_takeover=True,
        ),
    )  # fmt: skip
    await test(
        "client: no context takeover by the client",
        agrees(
            url, "permessage-deflate; client_no_context_takeover", up=False, down=True,
            client_no_context_takeover=True,
        ),
    )  # fmt: skip
    await test(
        "client: windows of 2^9, where 2000 bytes back is too far",
        agrees(
            url, "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
            up=False, down=False, server_max_window_bits=9, client_max_window_bits=9,
        ),
    )  # fmt: skip
    await test("client: 1 MiB for --max-message 1000 is closed with 1009", too_big(small_url))
    await test("client: SIGTERM ends the server", stop_server(server))
    await test("client: SIGTERM ends the other server", stop_server(small))


# ---- As a server ----


async def against(serve, lines, stay_open=False, **parameters):
    """What wscat says to a server that does `serve` with each connection, and the Wire."""
    async with websockets.serve(
        serve, "127.0.0.1", 0, ping_interval=None, max_size=1 << 24, compression=None,
        extensions=[ServerPerMessageDeflateFactory(**parameters)],
    ) as server:  # fmt: skip
        async with record(server.sockets[0].getsockname()[1]) as (port, wire):
            status, out, err = await wscat([f"ws://127.0.0.1:{port}/"], lines, stay_open)
    expect((status, err) == (0, ""), f"exit status {status}: {err}")
    return out, wire


async def lines_come_back(lines, **parameters):
    async def echo(ws):
        for _ in lines:
            await ws.send(await ws.recv())
        await ws.close(1000)

    # This library answers a Close before the messages in front of it: so the server closes.
    out, wire = await against(echo, lines, stay_open=True, **parameters)
    expect(out == "".join(line + "\n" for line in lines), "other lines")
    return wire


async def megabytes():
    wire = await lines_come_back([WORDS, hexadecimal(MEGABYTE), WORDS])
    expect_compressed(wire, 3, 20000)


async def serves(answer, up, down, **parameters):
    text = hexadecimal(2000)
    wire = await lines_come_back([text, text], **parameters)
    expect(wire.down.extensions == answer, f"answered {wire.down.extensions}")
    expect_takeover(wire, up, down)


async def serves_fragments():
    async def serve(ws):
        await ws.send([WORDS[:1000], "", WORDS[1000:3000]])
        await ws.close(1000)

    out, wire = await against(serve, [], stay_open=True)
    expect(out == WORDS[:3000] + "\n", "other text")
    compressed, frames, _ = wire.down.messages[0]
    expect(compressed and frames > 2, f"{frames} frames")


async def serves_empty_messages():
    async def serve(ws):
        await ws.send("")
        await ws.send(WORDS[:1000])
        await ws.close(1000)

    out, wire = await against(serve, [], stay_open=True)
    expect(out == "\n" + WORDS[:1000] + "\n", f"said {out!r}")
    expect([first for first, _, _ in wire.down.messages] == [True, True], "sent compressed")


async def as_server():
    await test("server: 1 MiB lines come back, compressed both ways", megabytes())
    await test("server: a fragmented compressed message is one line", serves_fragments())
    await test("server: an empty compressed message is an empty line", serves_empty_messages())
    await test("server: context is taken over", serves("permessage-deflate", up=True, down=True))
    await test(
        "server: no context takeover by the server",
        serves(
            "permessage-deflate; server_no_context_takeover", up=True, down=False,
            server_no_context_takeover=True,
        ),
    )  # fmt: skip
    await test(
        "server: no context takeover by wscat",
        serves(
            "permessage-deflate; client_no_context_takeover", up=False, down=True,
            client_no_context_takeover=True,
        ),
    )  # fmt: skip
    await test(
        "server: windows of 2^9",
        serves(
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
            up=False, down=False, server_max_window_bits=9, client_max_window_bits=9,
        ),
    )  # fmt: skip


sys.exit(asyncio.run(main(as_client(), as_server())))
