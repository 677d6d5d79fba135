/* What the test programs of this directory share: tests, the example programs, WebSocket clients and
 * servers of the npm package ws. Their first argument is the directory where the programs are. */
'use strict';

const assert = require('assert');
const { spawn } = require('child_process');
const path = require('path');
const { WebSocket, WebSocketServer } = require('ws');

const programs = process.argv[2];
const LIMIT = 20000; // milliseconds for one test
const children = new Set();
let passed = 0;
let failed = 0;

function within(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what}: not within ${LIMIT} ms`)), LIMIT);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function test(name, run) {
    try {
        await within(run(), name);
        console.log(`ok ${name}`);
        passed++;
    } catch (error) {
        console.log(`FAILED ${name}: ${error.message}`);
        failed++;
    }
}

/* ---- Programs ---- */

/* Starts a program; `ended` is its exit status and what it said. */
function start(name, args) {
    const child = spawn(path.join(programs, name), args);
    const said = { out: '', err: '' };
    children.add(child);
    child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (said.err += text));
    child.stdin.on('error', () => {}); // it may end before it has read everything
    child.ended = new Promise((resolve) => {
        child.on('close', (status, signal) => {
            children.delete(child);
            resolve({ status: signal || status, ...said });
        });
    });
    child.firstLine = new Promise((resolve, reject) => {
        child.stdout.on('data', () => {
            if (said.out.includes('\n'))
                resolve(said.out.split('\n')[0]);
        });
        child.ended.then((end) => reject(new Error(`${name} ended: ${end.err}`)));
        child.on('error', reject);
    });
    child.firstLine.catch(() => {}); // only some callers want it
    return child;
}

async function startServer(...args) {
    const server = start('echo_server', ['--port', '0', ...args]);
    const line = await within(server.firstLine, 'echo_server says its address');
    server.url = line.replace(/^listening on /, '');
    assert.match(server.url, /^ws:\/\/127\.0\.0\.1:\d+\/$/);
    return server;
}

async function stopServer(server) {
    server.kill('SIGTERM');
    const end = await within(server.ended, 'echo_server ends');
    assert.strictEqual(end.status, 0, `echo_server ended with ${end.status}: ${end.err}`);
}

/* Runs wscat with lines of input, which then ends unless `open`. */
function wscat(args, lines, open) {
    const child = start('wscat', args);
    for (const line of lines)
        child.stdin.write(line + '\n');
    if (!open)
        child.stdin.end();
    return within(child.ended, 'wscat ends');
}

/* ---- ws ---- */

/* Opens a connection. next() is the next message; closed is its end. */
function connect(url, protocols, options) {
    const ws = new WebSocket(url, protocols, options);
    const messages = [];
    const waiting = [];
    ws.on('message', (data, binary) => {
        const message = { data, binary };
        if (waiting.length)
            waiting.shift()(message);
        else
            messages.push(message);
    });
    ws.next = () =>
        messages.length
            ? Promise.resolve(messages.shift())
            : new Promise((resolve) => waiting.push(resolve));
    ws.closed = new Promise((resolve) => {
        ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    return new Promise((resolve, reject) => {
        ws.on('error', reject);
        ws.on('open', () => resolve(ws));
        ws.on('unexpected-response', (request, response) => {
            let body = '';
            response.on('data', (text) => (body += text));
            response.on('end', () => resolve({ refused: response.statusCode, body }));
        });
    });
}

async function echoes(ws, data, binary) {
    ws.send(data, { binary });
    const message = await ws.next();
    assert.strictEqual(message.binary, binary, 'the kind of the echo');
    assert.ok(Buffer.from(data).equals(message.data), 'the data of the echo');
}

async function close(ws, code, reason) {
    ws.close(code, reason);
    return ws.closed;
}

async function listen(options, serve) {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
    server.on('connection', serve);
    await new Promise((resolve) => server.on('listening', resolve));
    server.url = `ws://127.0.0.1:${server.address().port}/`;
    return server;
}

/* Runs the tests that each of `parts` makes, says how many passed and ends this program. */
async function main(...parts) {
    try {
        for (const part of parts)
            await part();
    } catch (error) {
        console.log(`FAILED ${error.message}`);
        failed++;
    }
    for (const child of children)
        child.kill('SIGKILL');
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed || !passed ? 1 : 0);
}

module.exports = { close, connect, echoes, listen, main, startServer, stopServer, test, within, wscat };
