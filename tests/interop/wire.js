/* What goes over the wire: a TCP proxy that passes everything on and notes heads and frames. */
'use strict';

const net = require('net');

/* One direction of a connection: the HTTP head, then, if it is about WebSocket, the frames. */
class Direction {
    constructor() {
        this.head = '';
        this.frames = []; // { first: first byte, length: bytes of payload }
        this.headers = Buffer.alloc(0);
        this.skip = 0;
        this.open = false;
    }

    add(bytes) {
        let rest = bytes;
        if (!this.open)
            rest = this.addHead(rest);
        while (rest.length > 0 && this.upgrades) {
            if (this.skip > 0) {
                const skipped = Math.min(this.skip, rest.length);
                this.skip -= skipped;
                rest = rest.subarray(skipped);
            } else {
                rest = this.addHeader(rest);
            }
        }
    }

    addHead(bytes) {
        const all = this.head + bytes.toString('latin1');
        const end = all.indexOf('\r\n\r\n');
        if (end < 0) {
            this.head = all;
            return Buffer.alloc(0);
        }
        this.open = true;
        this.head = all.slice(0, end + 2);
        return Buffer.from(all.slice(end + 4), 'latin1');
    }

    /* Takes bytes up to the end of a frame header, which may be cut. */
    addHeader(bytes) {
        const header = Buffer.concat([this.headers, bytes.subarray(0, 14)]);
        const size = header.length < 2 ? 2 : this.headerSize(header);
        if (header.length < size) {
            this.headers = header;
            return Buffer.alloc(0);
        }
        const used = size - this.headers.length;
        const short = header[1] & 0x7f;
        const length = short < 126 ? short
            : short === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
        this.headers = Buffer.alloc(0);
        this.frames.push({ first: header[0], length });
        this.skip = length;
        return bytes.subarray(used);
    }

    headerSize(header) {
        const short = header[1] & 0x7f;
        return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (header[1] & 0x80 ? 4 : 0);
    }

    get upgrades() {
        return /^upgrade: *websocket\r$/im.test(this.head);
    }

    /* The value of Sec-WebSocket-Extensions. */
    get extensions() {
        const line = /^sec-websocket-extensions: *(.*)\r$/im.exec(this.head);
        return line ? line[1] : '';
    }

    /* The data messages: their opcode, whether they are compressed (RSV1 on the first frame), their frames
     * and the bytes of their payloads. Throws where a reserved bit stands that must not. */
    get messages() {
        const messages = [];
        let message = null;
        for (const { first, length } of this.frames) {
            const opcode = first & 0x0f;
            if (first & 0x30 || (first & 0x40 && opcode !== 1 && opcode !== 2))
                throw new Error(`a frame begins with ${first.toString(16)}`);
            if (opcode & 8)
                continue;
            if (opcode !== 0)
                message = { opcode, compressed: (first & 0x40) !== 0, frames: 0, bytes: 0 };
            message.frames++;
            message.bytes += length;
            if (first & 0x80)
                messages.push(message);
        }
        return messages;
    }
}

/* Passes connections on to the port of 127.0.0.1. connections: { up, down, raw } of each, in their order;
 * up is what the client sends, raw the socket to the server. */
async function record(port) {
    const connections = [];
    const sockets = new Set();
    const server = net.createServer((client) => {
        const target = net.connect(port, '127.0.0.1');
        const connection = { up: new Direction(), down: new Direction(), raw: target };
        connections.push(connection);
        for (const socket of [client, target]) {
            sockets.add(socket);
            socket.setNoDelay(true);
            socket.on('error', () => {}); // the other end is told by 'close'
            socket.on('close', () => sockets.delete(socket));
        }
        client.on('data', (bytes) => connection.up.add(bytes));
        target.on('data', (bytes) => connection.down.add(bytes));
        client.pipe(target);
        target.pipe(client);
        client.on('close', () => target.destroy());
        target.on('close', () => client.end());
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        port: server.address().port,
        connections,
        close() {
            server.close();
            for (const socket of sockets)
                socket.destroy();
        },
    };
}

module.exports = { record };
