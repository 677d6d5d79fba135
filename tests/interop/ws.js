/* The npm package ws against the example programs: as a client of echo_server, as a server for wscat.
 * Usage: node ws.js DIRECTORY, where the programs are. */
'use strict';

const assert = require('assert');
const http = require('http');
const net = require('net');
const {
    close, connect, echoes, listen, main, startServer, stopServer, test, wscat,
} = require('./harness');

/* ---- ws as a client ---- */

async function asClient() {
    const server = await startServer();
    const picky = await startServer('--origin', 'https://good.example', '--subprotocol',
        'chat.v2,chat.v1', '--max-message', '1000');
    let ws;

    await test('client: opens with compression', async () => {
        ws = await connect(server.url);
        assert.strictEqual(ws.extensions, 'permessage-deflate');
        assert.strictEqual(ws.protocol, '');
    });
    await test('client: text', () => echoes(ws, 'Grüße, 世界 🎈', false));
    await test('client: binary', () => echoes(ws, Buffer.from([0, 255, 128, 10]), true));
    await test('client: empty text', () => echoes(ws, '', false));
    await test('client: empty binary', () => echoes(ws, Buffer.alloc(0), true));
    for (const size of [1, 125, 126, 127, 65535, 65536, 1 << 20]) {
        await test(`client: text of ${size} bytes`, () => echoes(ws, 'x'.repeat(size), false));
        await test(`client: binary of ${size} bytes`, () =>
            echoes(ws, Buffer.alloc(size, 0xa5), true));
    }
    await test('client: fragmented text with a ping between', async () => {
        ws.send('Hel', { fin: false });
        ws.ping('between');
        ws.send('lo', { fin: false });
        ws.send('', { fin: true });
        const [pong] = await new Promise((resolve) => ws.once('pong', (...all) => resolve(all)));
        assert.strictEqual(pong.toString(), 'between');
        const message = await ws.next();
        assert.strictEqual(message.data.toString(), 'Hello');
        assert.strictEqual(message.binary, false);
    });
    await test('client: fragmented binary of 300000 bytes', async () => {
        const part = Buffer.alloc(100000, 7);
        ws.send(part, { fin: false });
        ws.send(part, { fin: false });
        ws.send(part, { fin: true });
        const message = await ws.next();
        assert.ok(message.binary && message.data.equals(Buffer.alloc(300000, 7)));
    });
    for (const size of [0, 125]) {
        await test(`client: ping with ${size} bytes`, async () => {
            const pong = new Promise((resolve) => ws.once('pong', resolve));
            ws.ping(Buffer.alloc(size, 0x70));
            assert.ok((await pong).equals(Buffer.alloc(size, 0x70)));
        });
    }
    await test('client: 1000 messages without waiting', async () => {
        for (let i = 0; i < 1000; i++)
            ws.send(`message ${i}`);
        for (let i = 0; i < 1000; i++)
            assert.strictEqual((await ws.next()).data.toString(), `message ${i}`);
    });
    await test('client: 50 connections at once', async () => {
        const all = await Promise.all(Array.from({ length: 50 }, () => connect(server.url)));
        await Promise.all(all.map((one, i) => echoes(one, `connection ${i}`, false)));
        const ends = await Promise.all(all.map((one) => close(one, 1000)));
        assert.ok(ends.every((end) => end.code === 1000));
    });
    await test('client: close without a code', async () => {
        assert.strictEqual((await close(ws)).code, 1005);
    });
    for (const code of [1000, 1003, 1011, 3000, 4999]) {
        await test(`client: close with ${code}`, async () => {
            const one = await connect(server.url);
            assert.strictEqual((await close(one, code, 'that is all')).code, code);
        });
    }
    await test('client: the answers to a burst arrive before the Close', async () => {
        const one = await connect(server.url);
        for (let i = 0; i < 100; i++)
            one.send('x'.repeat(5000));
        one.close(1000);
        await one.closed;
        for (let i = 0; i < 100; i++)
            assert.strictEqual((await one.next()).data.length, 5000);
    });
    await test('client: text that is not UTF-8 is closed with 1007', async () => {
        const one = await connect(server.url);
        one.send(Buffer.from([0x61, 0xff]), { binary: false });
        assert.strictEqual((await one.closed).code, 1007);
    });
    await test('client: an unmasked frame is closed with 1002', async () => {
        const one = await connect(server.url);
        one.send('bare', { mask: false });
        assert.strictEqual((await one.closed).code, 1002);
    });
    await test('client: a message over --max-message is closed with 1009', async () => {
        const one = await connect(picky.url);
        await echoes(one, 'x'.repeat(1000), false);
        one.send('x'.repeat(1001));
        assert.strictEqual((await one.closed).code, 1009);
    });
    await test('client: the server chooses its best subprotocol', async () => {
        const one = await connect(picky.url, ['chat.v1', 'other', 'chat.v2']);
        assert.strictEqual(one.protocol, 'chat.v2');
        await close(one, 1000);
    });
    await test('client: a subprotocol the server does not know is not agreed on', async () => {
        await assert.rejects(connect(picky.url, ['other']), /no subprotocol/);
    });
    await test('client: a foreign origin is refused with 403', async () => {
        const answer = await connect(picky.url, [], { origin: 'https://evil.example' });
        assert.strictEqual(answer.refused, 403);
        assert.match(answer.body, /\S/);
    });
    await test('client: the right origin may enter', async () => {
        const one = await connect(picky.url, [], { origin: 'https://good.example' });
        await echoes(one, 'inside', false);
        await close(one, 1000);
    });
    await test('client: version 8 is accepted by nobody: 426', async () => {
        const answer = await connect(server.url, [], { protocolVersion: 8 });
        assert.strictEqual(answer.refused, 426);
    });
    await test('client: GET / is a page', async () => {
        const [status, type, body] = await new Promise((resolve, reject) => {
            http.get(server.url.replace('ws:', 'http:'), (response) => {
                let text = '';
                response.on('data', (part) => (text += part));
                response.on('end', () =>
                    resolve([response.statusCode, response.headers['content-type'], text]));
            }).on('error', reject);
        });
        assert.strictEqual(status, 200);
        assert.match(type, /^text\/html/);
        assert.match(body, /WebSocket/);
    });
    await test('client: answers the heartbeat and stays', async () => {
        const lively = await startServer('--ping-interval', '0.1');
        const one = await connect(lively.url);
        for (let i = 0; i < 3; i++)
            await new Promise((resolve) => one.once('ping', resolve));
        await echoes(one, 'still here', false);
        await close(one, 1000);
        await stopServer(lively);
    });
    await test('client: SIGTERM closes everybody with 1001 and ends the server', async () => {
        const all = await Promise.all(Array.from({ length: 10 }, () => connect(server.url)));
        const ends = Promise.all(all.map((one) => one.closed));
        await stopServer(server);
        assert.ok((await ends).every((end) => end.code === 1001));
    });
    await test('client: an idle server ends on SIGTERM', () => stopServer(picky));
}

/* ---- ws as a server ---- */

/* Runs wscat against a server that does `serve` with each connection; the result of wscat. */
async function against(serve, args, lines, open, options) {
    const server = await listen(options || {}, serve);
    try {
        return await wscat([...args, server.url], lines, open);
    } finally {
        for (const one of server.clients)
            one.terminate();
        server.close();
    }
}

function echo(ws) {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
}

async function asServer() {
    const closes = (code, reason) => (ws) => ws.close(code, reason);

    await test('server: lines come back, exit status 0', async () => {
        const end = await against(echo, [], ['one', '', 'Grüße 🎈', 'x'.repeat(70000)]);
        assert.strictEqual(end.out, `one\n\nGrüße 🎈\n${'x'.repeat(70000)}\n`);
        assert.strictEqual(end.err, '');
        assert.strictEqual(end.status, 0);
    });
    await test('server: wscat --no-deflate offers no extension', async () => {
        const end = await against(
            (ws) => ws.send(`extensions: "${ws.extensions}"`), ['--no-deflate'], [], false,
            { perMessageDeflate: true });
        assert.strictEqual(end.out, 'extensions: ""\n');
        assert.strictEqual(end.status, 0);
    });
    await test('server: 10000 lines in order', async () => {
        const lines = Array.from({ length: 10000 }, (_, i) => `line ${i}`);
        const end = await against(echo, [], lines);
        assert.strictEqual(end.out, lines.join('\n') + '\n');
        assert.strictEqual(end.status, 0);
    });
    await test('server: wscat closes with 1000 at the end of its input', async () => {
        let serve;
        const code = new Promise((resolve) => (serve = (ws) => ws.on('close', resolve)));
        const end = await against(serve, [], []);
        assert.strictEqual(end.status, 0);
        assert.strictEqual(await code, 1000);
    });
    await test('server: a fragmented message is one line, a ping between is answered', async () => {
        const fragments = (ws) => {
            ws.on('pong', (data) => ws.close(1000, data));
            ws.send('Hel', { fin: false });
            ws.ping('between');
            ws.send('lo', { fin: true });
        };
        const end = await against(fragments, [], [], true);
        assert.strictEqual(end.out, 'Hello\n');
        assert.strictEqual(end.status, 0);
    });
    await test('server: answers the Pings of wscat --ping-interval', async () => {
        let pings = 0;
        const count = (ws) => ws.on('ping', () => ++pings === 3 && ws.close(1000));
        const end = await against(count, ['--ping-interval', '0.1'], [], true);
        assert.strictEqual(end.err, '');
        assert.strictEqual(end.status, 0);
    });
    await test('server: a binary message is named', async () => {
        const end = await against((ws) => ws.send(Buffer.alloc(300)), [], []);
        assert.match(end.out, /300/);
        assert.strictEqual(end.status, 0);
    });
    await test('server: closes with 1000, exit status 0', async () => {
        assert.strictEqual((await against(closes(1000, 'done'), [], [], true)).status, 0);
    });
    for (const code of [1001, 1008, 1011, 3000, 4999]) {
        await test(`server: closes with ${code}, wscat fails and says so`, async () => {
            const end = await against(closes(code, 'that is why'), [], [], true);
            assert.ok(end.status > 0, `exit status ${end.status}`);
            assert.match(end.err, new RegExp(String(code)));
            assert.match(end.err, /that is why/);
        });
    }
    await test('server: is gone without a Close, wscat fails and says so', async () => {
        const end = await against((ws) => ws.terminate(), [], [], true);
        assert.ok(end.status > 0, `exit status ${end.status}`);
        assert.match(end.err, /\S/);
    });
    await test('server: gets origin, subprotocol and header', async () => {
        const serve = (ws, request) =>
            ws.send([request.headers.origin, ws.protocol, request.headers.authorization,
                request.url].join(' '));
        const end = await against(serve, ['--origin', 'https://good.example', '--subprotocol',
            'chat', '--header', 'Authorization: Bearer token'], []);
        assert.strictEqual(end.out, 'https://good.example chat Bearer token /\n');
        assert.strictEqual(end.status, 0);
    });
    await test('server: refuses with 401, wscat fails and says so', async () => {
        const end = await against(() => {}, [], [], true,
            { verifyClient: (info, answer) => answer(false, 401, 'Unauthorized') });
        assert.ok(end.status > 0, `exit status ${end.status}`);
        assert.match(end.err, /401/);
    });
    await test('server: nobody listens, wscat fails and says so', async () => {
        const unused = net.createServer().listen(0, '127.0.0.1');
        await new Promise((resolve) => unused.on('listening', resolve));
        const { port } = unused.address();
        await new Promise((resolve) => unused.close(resolve));
        const end = await wscat([`ws://127.0.0.1:${port}/`], [], true);
        assert.ok(end.status > 0, `exit status ${end.status}`);
        assert.match(end.err, /\S/);
    });
}

main(asClient, asServer);
