"""python3-websockets against the example programs: as a client of echo_server, as a server for wscat.
Usage: python3 websockets_peer.py DIRECTORY, where the programs are."""

import asyncio
import http
import re
import sys
import urllib.request

import websockets

from harness import LIMIT, connect, echoes, expect, main, start_server, stop_server, test, wscat

# ---- As a client ----


async def closes(url, code, reason=""):
    async with connect(url) as ws:
        await ws.close(code, reason)
    expect(ws.close_code == code, f"closed with {ws.close_code}")


async def compresses(ws):
    names = [extension.name for extension in ws.extensions]
    expect(names == ["permessage-deflate"], f"agreed on {names}")


async def fragmented(ws):
    await ws.send(["Hel", "", "lo"])
    expect(await ws.recv() == "Hello", "text in three frames")
    await ws.send([b"x" * 100000] * 3)
    expect(await ws.recv() == b"x" * 300000, "binary in three frames")


async def ping(ws, data):
    await (await ws.ping(data))


async def is_closed_with(url, code, send):
    async with connect(url) as ws:
        await send(ws)
        try:
            await ws.recv()
        except websockets.ConnectionClosed as error:
            expect(error.rcvd is not None and error.rcvd.code == code, f"closed: {error}")
            expect(error.rcvd.reason != "", "gives no reason")
        else:
            expect(False, "is not closed")


async def write_raw(ws, data):
    ws.transport.write(data)


async def chooses(url, offered, chosen):
    async with connect(url, subprotocols=offered) as ws:
        expect(ws.subprotocol == chosen, f"chose {ws.subprotocol}")
        await echoes(ws, "with a subprotocol")


async def is_refused(url, status, **options):
    try:
        async with connect(url, **options):
            expect(False, "is let in")
    except websockets.InvalidStatusCode as error:
        expect(error.status_code == status, f"status {error.status_code}")


async def is_let_in(url, **options):
    async with connect(url, **options) as ws:
        await echoes(ws, "inside")


async def gets_page(url):
    address = url.replace("ws:", "http:")
    answer = await asyncio.get_running_loop().run_in_executor(
        None, lambda: urllib.request.urlopen(address, timeout=LIMIT)
    )
    with answer:
        expect(answer.status == 200, f"status {answer.status}")
        expect(answer.headers.get_content_type() == "text/html", "is not HTML")
        expect(b"WebSocket" in answer.read(), "says nothing")


async def many(url):
    async def one(number):
        async with connect(url) as ws:
            await echoes(ws, f"connection {number}")

    await asyncio.gather(*(one(number) for number in range(50)))


async def answers_heartbeat():
    server, url = await start_server("--ping-interval", "0.1")
    async with connect(url) as ws:
        answered = 0
        while answered < 3:
            with await asyncio.get_running_loop().run_in_executor(
                None, lambda: urllib.request.urlopen(url.replace("ws:", "http:") + "metrics")
            ) as page:
                answered = int(re.search(rb"\npurews_rtt_seconds_count (\d+)", page.read())[1])
        await echoes(ws, "still here")
    await stop_server(server)


async def shuts_down(server, url):
    async with connect(url) as ws:
        await echoes(ws, "before")
        end = asyncio.ensure_future(stop_server(server))
        try:
            await ws.recv()
        except websockets.ConnectionClosed as error:
            expect(error.rcvd is not None and error.rcvd.code == 1001, f"closed: {error}")
        await end


async def as_client():
    server, url = await start_server()
    picky, picky_url = await start_server(
        "--origin", "https://good.example", "--subprotocol", "chat.v2,chat.v1",
        "--max-message", "1000",
    )  # fmt: skip
    async with connect(url) as ws:
        await test("client: text", echoes(ws, "Grüße, 世界 🎈"))
        await test("client: binary", echoes(ws, bytes(range(256))))
        await test("client: empty text", echoes(ws, ""))
        await test("client: empty binary", echoes(ws, b""))
        for size in (1, 125, 126, 127, 65535, 65536, 1 << 20):
            await test(f"client: text of {size} bytes", echoes(ws, "x" * size))
            await test(f"client: binary of {size} bytes", echoes(ws, b"\xa5" * size))
        await test("client: fragmented messages", fragmented(ws))
        await test("client: ping without data", ping(ws, b""))
        await test("client: ping with 125 bytes", ping(ws, b"p" * 125))
        await test("client: compression is agreed on", compresses(ws))
    for code in (1000, 1001, 1011, 3000, 4999):
        await test(f"client: close with {code}", closes(url, code, "that is all"))
    await test(
        "client: text that is not UTF-8 is closed with 1007",
        is_closed_with(url, 1007, lambda ws: write_raw(ws, b"\x81\x81\0\0\0\0\xff")),
    )
    await test(
        "client: an unmasked frame is closed with 1002",
        is_closed_with(url, 1002, lambda ws: write_raw(ws, b"\x81\x01x")),
    )
    await test(
        "client: a message over --max-message is closed with 1009",
        is_closed_with(picky_url, 1009, lambda ws: ws.send("x" * 1001)),
    )
    await test(
        "client: the server chooses its best subprotocol",
        chooses(picky_url, ["chat.v1", "other", "chat.v2"], "chat.v2"),
    )
    await test(
        "client: an unknown subprotocol is not agreed on", chooses(picky_url, ["other"], None)
    )
    await test(
        "client: a foreign origin is refused with 403",
        is_refused(picky_url, 403, origin="https://evil.example"),
    )
    await test(
        "client: the right origin may enter", is_let_in(picky_url, origin="https://good.example")
    )
    await test("client: GET / is a page", gets_page(url))
    await test("client: 50 connections at once", many(url))
    await test("client: the heartbeat is answered", answers_heartbeat())
    await test("client: SIGTERM closes with 1001 and ends the server", shuts_down(server, url))
    await test("client: an idle server ends on SIGTERM", stop_server(picky))


# ---- As a server ----


async def idle(ws):
    await ws.wait_closed()


async def against(serve, args, lines, stay_open=False, **options):
    """Runs wscat against a server that does `serve` with each connection; the result of wscat."""
    async with websockets.serve(
        serve, "127.0.0.1", 0, ping_interval=None, max_size=1 << 24, **options
    ) as server:
        port = server.sockets[0].getsockname()[1]
        return await wscat([*args, f"ws://127.0.0.1:{port}/"], lines, stay_open)


async def lines_come_back():
    lines = ["one", "", "Grüße 🎈", "x" * 70000] + [f"line {number}" for number in range(1000)]

    async def echo(ws):
        for _ in lines:
            await ws.send(await ws.recv())
        await ws.close(1000)

    # This library answers a Close before the messages in front of it: so the server closes.
    status, out, err = await against(echo, [], lines, stay_open=True)
    expect(out == "".join(line + "\n" for line in lines), "other lines")
    expect((status, err) == (0, ""), f"exit status {status}: {err}")


async def fragments_and_ping():
    async def serve(ws):
        await ws.send(["Hel", "lo"])
        await (await ws.ping(b"are you there"))
        await ws.close(1000)

    status, out, err = await against(serve, [], [], stay_open=True)
    expect((status, out) == (0, "Hello\n"), f"exit status {status}: {out}{err}")


async def large_message():
    async def serve(ws):
        await ws.send("x" * (1 << 20))

    status, out, err = await against(serve, [], [], stay_open=True)
    expect((status, out) == (0, "x" * (1 << 20) + "\n"), f"exit status {status}: {err}")


async def close_code(code):
    async def serve(ws):
        await ws.close(code, "that is why")

    status, _, err = await against(serve, [], [], stay_open=True)
    if code == 1000:
        expect(status == 0, f"exit status {status}: {err}")
    else:
        expect(status > 0 and str(code) in err and "that is why" in err, f"status {status}: {err}")


async def wscat_closes_with_1000():
    codes = []

    async def serve(ws):
        await ws.wait_closed()
        codes.append(ws.close_code)

    status, _, err = await against(serve, [], [])
    expect((status, codes) == (0, [1000]), f"exit status {status}, codes {codes}: {err}")


async def head_of_request():
    async def serve(ws):
        headers = ws.request_headers
        await ws.send(f"{headers['Origin']} {ws.subprotocol} {headers['Authorization']}")

    status, out, err = await against(
        serve,
        ["--origin", "https://good.example", "--subprotocol", "chat",
         "--header", "Authorization: Bearer token"],
        [],
        subprotocols=["chat"],
        origins=["https://good.example"],
    )  # fmt: skip
    expect(out == "https://good.example chat Bearer token\n", f"said {out!r} {err!r}")
    expect(status == 0, f"exit status {status}")


async def refused():
    async def refuse(path, headers):
        return http.HTTPStatus.UNAUTHORIZED, [], b"who are you?\n"

    status, _, err = await against(idle, [], [], stay_open=True, process_request=refuse)
    expect(status > 0 and "401" in err, f"exit status {status}: {err}")


async def as_server():
    await test("server: lines come back, exit status 0", lines_come_back())
    await test("server: a fragmented message is one line, a ping answered", fragments_and_ping())
    await test("server: a message of 1 MiB", large_message())
    await test("server: wscat closes with 1000 at the end of input", wscat_closes_with_1000())
    for code in (1000, 1001, 1011, 3000, 4999):
        await test(f"server: closes with {code}", close_code(code))
    await test("server: gets origin, subprotocol and header", head_of_request())
    await test("server: refuses with 401, wscat fails and says so", refused())


sys.exit(asyncio.run(main(as_client(), as_server())))
