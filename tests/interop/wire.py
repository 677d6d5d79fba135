"""What goes over the wire: a TCP proxy that passes everything on and keeps it."""

import asyncio
import contextlib
import re


class Direction:
    """What one end has sent: an HTTP head, then frames."""

    def __init__(self):
        self.bytes = bytearray()

    @property
    def extensions(self):
        """The value of Sec-WebSocket-Extensions."""
        head = bytes(self.bytes).partition(b"\r\n\r\n")[0].decode("latin-1")
        line = re.search(r"^sec-websocket-extensions: *(.*?)\r?$", head, re.I | re.M)
        return line[1] if line else ""

    @property
    def frames(self):
        """First byte and payload length of each frame that is complete."""
        data = self.bytes
        at = data.index(b"\r\n\r\n") + 4
        while at + 2 <= len(data):
            first, length = data[at], data[at + 1] & 0x7F
            masked = data[at + 1] & 0x80
            extended = {126: 2, 127: 8}.get(length, 0)
            if extended:
                length = int.from_bytes(data[at + 2 : at + 2 + extended], "big")
            at += 2 + extended + (4 if masked else 0) + length
            if at <= len(data):
                yield first, length

    @property
    def messages(self):
        """The data messages: whether they are compressed (RSV1), their frames, their bytes."""
        messages = []
        for first, length in self.frames:
            opcode = first & 0x0F
            if first & 0x30 or (first & 0x40 and opcode not in (1, 2)):
                raise AssertionError(f"a frame begins with {first:x}")
            if opcode & 8:
                continue
            if opcode:
                compressed, frames, size = bool(first & 0x40), 0, 0
            frames += 1
            size += length
            if first & 0x80:
                messages.append((compressed, frames, size))
        return messages


class Wire:
    """A connection: what the client has sent, what the server has sent."""

    def __init__(self):
        self.up = Direction()
        self.down = Direction()


async def pass_on(reader, writer, direction):
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            direction.bytes += data
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@contextlib.asynccontextmanager
async def record(port):
    """A proxy for one connection to the port of 127.0.0.1: its own port and the Wire."""
    wire = Wire()

    async def serve(reader, writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            pass_on(reader, server_writer, wire.up), pass_on(server_reader, writer, wire.down)
        )

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        yield proxy.sockets[0].getsockname()[1], wire
