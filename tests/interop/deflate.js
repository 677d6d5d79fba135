/* permessage-deflate (RFC 7692) between the npm package ws and the example programs, with a look at the
 * wire: both ends must really compress. ws is a client of echo_server, then a server for wscat.
 * Usage: node deflate.js DIRECTORY, where the programs are. */
'use strict';

const assert = require('assert');
const crypto = require('crypto');
const {
    close, connect, echoes, listen, main, startServer, stopServer, test, wscat,
} = require('./harness');
const { record } = require('./wire');

const MEGABYTE = 1 << 20;
const words = 'Every message that you send comes back. '.repeat(MEGABYTE / 40 + 1).slice(0, MEGABYTE);
const hex = (length) => crypto.randomBytes(length / 2).toString('hex'); // compresses to a half

/* Both ends have sent `count` compressed messages. Returns the last of each: { up, down }. */
function compressed(wire, count) {
    const last = {};
    for (const way of ['up', 'down']) {
        const messages = wire[way].messages;
        assert.strictEqual(messages.length, count, `messages ${way}`);
        last[way] = messages[count - 1];
        assert.ok(last[way].compressed, `the message ${way} has no RSV1`);
    }
    return last;
}

/* ---- ws as a client ---- */

/* A client of ws through a proxy that takes notes. threshold 0: it compresses whatever it sends. */
async function open(server, options) {
    const proxy = await record(Number(new URL(server.url).port));
    const ws = await connect(`ws://127.0.0.1:${proxy.port}/`, [],
        { perMessageDeflate: { threshold: 0, ...options } });
    ws.on('close', () => proxy.close());
    ws.wire = proxy.connections[0];
    return ws;
}

async function isCompressed(ws, data, binary, mostBytes) {
    const before = ws.wire.up.messages.length;
    await echoes(ws, data, binary);
    const last = compressed(ws.wire, before + 1);
    for (const way of ['up', 'down'])
        assert.ok(last[way].bytes <= mostBytes, `${last[way].bytes} bytes ${way}`);
    return last;
}

/* The bytes on the wire of the second of two messages that are the same. */
async function second(ws, text) {
    await isCompressed(ws, text, false, text.length);
    return isCompressed(ws, text, false, text.length);
}

/* With these options the server answers so, and takes over context as told. */
async function agrees(server, options, answer, takeover) {
    const ws = await open(server, options);
    const text = hex(2000);
    assert.strictEqual(ws.wire.down.extensions, answer);
    const last = await second(ws, text);
    for (const way of ['up', 'down']) {
        assert.strictEqual(last[way].bytes < 100, takeover[way],
            `${last[way].bytes} bytes ${way} for a message seen before`);
    }
    await close(ws, 1000);
}

async function asClient() {
    const server = await startServer();
    const small = await startServer('--max-message', '1000');
    const plain = await startServer('--no-deflate');
    const modest = await startServer('--deflate-window', '10', '--deflate-client-window', '11',
        '--deflate-no-takeover');
    let ws;

    await test('client: compression is offered and agreed on', async () => {
        ws = await open(server, {});
        assert.strictEqual(ws.extensions, 'permessage-deflate');
        assert.match(ws.wire.up.extensions, /^permessage-deflate/);
        assert.match(ws.wire.down.extensions, /^permessage-deflate/);
    });
    await test('client: text is compressed both ways', () =>
        isCompressed(ws, 'Grüße, 世界 🎈 '.repeat(20), false, 100));
    await test('client: binary is compressed both ways', () =>
        isCompressed(ws, Buffer.alloc(1000, 0xa5), true, 50));
    await test('client: 1 MiB of text that compresses well', () =>
        isCompressed(ws, words, false, 20000));
    await test('client: 1 MiB of text that compresses to a half', () =>
        isCompressed(ws, hex(MEGABYTE), false, 0.6 * MEGABYTE));
    await test('client: 1 MiB of random bytes', () =>
        isCompressed(ws, crypto.randomBytes(MEGABYTE), true, 1.01 * MEGABYTE));
    await test('client: the second of two equal messages is much smaller', async () => {
        const last = await second(ws, hex(2000));
        assert.ok(last.up.bytes < 100 && last.down.bytes < 100,
            `${last.up.bytes} and ${last.down.bytes} bytes`);
    });
    await test('client: empty messages, compressed by the client', async () => {
        await echoes(ws, '', false);
        await echoes(ws, Buffer.alloc(0), true);
        assert.deepStrictEqual(ws.wire.up.messages.slice(-2).map((m) => m.compressed), [true, true]);
        assert.deepStrictEqual(ws.wire.down.messages.slice(-2).map((m) => m.bytes), [0, 0]);
    });
    await test('client: plain and compressed messages take turns', async () => {
        for (let i = 0; i < 10; i++) {
            const text = `message ${i} `.repeat(10 + i);
            ws.send(text, { compress: i % 2 === 0 });
            assert.strictEqual((await ws.next()).data.toString(), text);
            assert.strictEqual(ws.wire.up.messages.pop().compressed, i % 2 === 0);
        }
    });
    await test('client: fragmented and compressed, with a ping between', async () => {
        const pong = new Promise((resolve) => ws.once('pong', resolve));
        ws.send(words.slice(0, 1000), { fin: false });
        ws.ping('between');
        ws.send('', { fin: false });
        ws.send(words.slice(1000, 3000), { fin: true });
        assert.strictEqual((await pong).toString(), 'between');
        assert.strictEqual((await ws.next()).data.toString(), words.slice(0, 3000));
        const sent = ws.wire.up.messages.pop();
        assert.ok(sent.compressed && sent.frames === 3, `${sent.frames} frames`);
    });
    await test('client: 1000 messages without waiting', async () => {
        const text = (i) => `this is message ${i} of a thousand `.repeat(3);
        for (let i = 0; i < 1000; i++)
            ws.send(text(i));
        for (let i = 0; i < 1000; i++)
            assert.strictEqual((await ws.next()).data.toString(), text(i));
        await close(ws, 1000);
    });
    const both = { up: true, down: true };
    await test('client: no context takeover by the server', () =>
        agrees(server, { serverNoContextTakeover: true },
            'permessage-deflate; server_no_context_takeover', { up: true, down: false }));
    await test('client: no context takeover by the client', () =>
        agrees(server, { clientNoContextTakeover: true },
            'permessage-deflate; client_no_context_takeover', { up: false, down: true }));
    await test('client: no context takeover at all', () =>
        agrees(server, { serverNoContextTakeover: true, clientNoContextTakeover: true },
            'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
            { up: false, down: false }));
    await test('client: the server keeps to a window of 2^9, where 2000 bytes back is too far', () =>
        agrees(server, { serverMaxWindowBits: 9 },
            'permessage-deflate; server_max_window_bits=9', { up: true, down: false }));
    await test('client: the client keeps to a window of 2^9', () =>
        agrees(server, { clientMaxWindowBits: 9 },
            'permessage-deflate; client_max_window_bits=9', { up: false, down: true }));
    await test('client: windows of 2^12, where 2000 bytes back is near enough', () =>
        agrees(server, { serverMaxWindowBits: 12, clientMaxWindowBits: 12 },
            'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12', both));
    await test('client: a window of 2^15, named', () =>
        agrees(server, { serverMaxWindowBits: 15 },
            'permessage-deflate; server_max_window_bits=15', both));
    await test('client: a window of 2^8, which zlib can not keep to, is declined', async () => {
        const one = await open(server, { serverMaxWindowBits: 8 });
        assert.strictEqual(one.extensions, '');
        await echoes(one, words.slice(0, 1000), false);
        assert.deepStrictEqual(one.wire.down.messages.map((m) => m.compressed), [false]);
        await close(one, 1000);
    });
    await test('client: the server may ask for smaller windows and no context takeover', () =>
        agrees(modest, {},
            'permessage-deflate; server_no_context_takeover; client_no_context_takeover; ' +
            'server_max_window_bits=10; client_max_window_bits=11', { up: false, down: false }));
    await test('client: --no-deflate agrees on nothing', async () => {
        const one = await open(plain, {});
        assert.strictEqual(one.extensions, '');
        await echoes(one, words.slice(0, 1000), false);
        await close(one, 1000);
    });
    await test('client: compressed text that is not UTF-8 is closed with 1007', async () => {
        const one = await open(server, {});
        one.send(Buffer.from([0x61, 0xff]), { binary: false });
        assert.strictEqual((await one.closed).code, 1007);
    });
    await test('client: what is not DEFLATE is closed with 1007', async () => {
        const one = await open(server, {});
        one.wire.raw.write(Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0xff]));
        assert.strictEqual((await one.closed).code, 1007);
    });
    await test('client: a message over --max-message once it is inflated is closed with 1009', async () => {
        const one = await open(small, {});
        await echoes(one, words.slice(0, 1000), false);
        one.send('x'.repeat(MEGABYTE));
        assert.strictEqual((await one.closed).code, 1009);
    });
    await test('client: RSV1 where nothing was agreed on is closed with 1002', async () => {
        const one = await open(plain, {});
        one.wire.raw.write(Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0]));
        assert.strictEqual((await one.closed).code, 1002);
    });
    for (const one of [server, small, plain, modest])
        await test('client: SIGTERM ends the server', () => stopServer(one));
}

/* ---- ws as a server ---- */

/* Runs wscat against an echo server of ws through a proxy that takes notes. Returns what wscat said, what
 * went over the wire and the extension that ws believes in. */
async function against(options, args, lines, serve) {
    const server = await listen({ perMessageDeflate: { threshold: 0, ...options } }, (ws) => {
        server.extensions = ws.extensions;
        serve(ws);
    });
    const proxy = await record(Number(new URL(server.url).port));
    try {
        const end = await wscat([...args, `ws://127.0.0.1:${proxy.port}/`], lines);
        assert.strictEqual(end.err, '');
        assert.strictEqual(end.status, 0);
        return { ...end, wire: proxy.connections[0], extensions: server.extensions };
    } finally {
        for (const one of server.clients)
            one.terminate();
        server.close();
        proxy.close();
    }
}

function echo(ws) {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
}

async function linesComeBack(options, args, lines) {
    const end = await against(options, args, lines, echo);
    assert.ok(end.out === lines.join('\n') + '\n', 'other lines');
    return end;
}

/* As `agrees`, with ws as the server. */
async function serves(options, answer, takeover) {
    const text = hex(2000);
    const end = await linesComeBack(options, [], [text, text]);
    const last = compressed(end.wire, 2);
    assert.strictEqual(end.wire.down.extensions, answer);
    for (const way of ['up', 'down']) {
        assert.strictEqual(last[way].bytes < 100, takeover[way],
            `${last[way].bytes} bytes ${way} for a message seen before`);
    }
}

async function asServer() {
    await test('server: lines come back, compressed both ways', async () => {
        const line = 'Grüße 🎈 '.repeat(50);
        const end = await linesComeBack({}, [], [line]);
        const last = compressed(end.wire, 1);
        assert.strictEqual(end.extensions, 'permessage-deflate');
        assert.ok(last.up.bytes < 60 && last.down.bytes < 60);
    });
    await test('server: 1 MiB lines come back, compressed both ways', async () => {
        const end = await linesComeBack({}, [], [words, hex(MEGABYTE), words]);
        compressed(end.wire, 3);
        for (const way of ['up', 'down']) {
            const [first, half] = end.wire[way].messages;
            assert.ok(first.bytes < 20000, `${first.bytes} bytes ${way}`);
            assert.ok(half.bytes < 0.6 * MEGABYTE, `${half.bytes} bytes ${way}`);
        }
    });
    await test('server: short lines go plain, empty ones come back compressed', async () => {
        const end = await linesComeBack({}, [], ['one', '', 'x'.repeat(63)]);
        assert.deepStrictEqual(end.wire.up.messages.map((m) => m.compressed), [false, false, false]);
        assert.deepStrictEqual(end.wire.down.messages.map((m) => m.compressed), [true, true, true]);
    });
    await test('server: 10000 lines in order', () =>
        linesComeBack({}, [], Array.from({ length: 10000 }, (_, i) => `this is line ${i} `.repeat(5))));
    await test('server: context is taken over', () =>
        serves({}, 'permessage-deflate', { up: true, down: true }));
    await test('server: no context takeover by the server', () =>
        serves({ serverNoContextTakeover: true },
            'permessage-deflate; server_no_context_takeover', { up: true, down: false }));
    await test('server: no context takeover by wscat', () =>
        serves({ clientNoContextTakeover: true },
            'permessage-deflate; client_no_context_takeover', { up: false, down: true }));
    await test('server: wscat keeps to a window of 2^9', () =>
        serves({ clientMaxWindowBits: 9 },
            'permessage-deflate; client_max_window_bits=9', { up: false, down: true }));
    await test('server: a window of 2^10 of the server', () =>
        serves({ serverMaxWindowBits: 10 },
            'permessage-deflate; server_max_window_bits=10', { up: true, down: false }));
    await test('server: a fragmented compressed message is one line', async () => {
        const end = await against({}, [], [], (ws) => {
            ws.send(words.slice(0, 1000), { fin: false });
            ws.send('', { fin: false });
            ws.send(words.slice(1000, 3000), { fin: true });
        });
        assert.strictEqual(end.out, words.slice(0, 3000) + '\n');
        const [sent] = end.wire.down.messages;
        assert.ok(sent.compressed && sent.frames === 3, `${sent.frames} frames`);
    });
    await test('server: wscat --no-deflate offers nothing', async () => {
        const end = await linesComeBack({}, ['--no-deflate'], ['x'.repeat(1000)]);
        assert.strictEqual(end.wire.up.extensions, '');
        assert.deepStrictEqual(end.wire.up.messages.map((m) => m.compressed), [false]);
    });
}

main(asClient, asServer);
