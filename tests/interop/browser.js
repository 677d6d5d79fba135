/* Headless Chromium against echo_server: its own page, and what goes over the wire.
 * Usage: node browser.js DIRECTORY [SCREENSHOTS], where the programs are and where pictures go. */
'use strict';

const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { chromium } = require('playwright-core');
const { main, startServer, stopServer, test } = require('./harness');
const { record } = require('./wire');

const MEGABYTE = 1 << 20;
const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/* The page of a server through a proxy that takes notes. */
async function visit(browser, server) {
    const proxy = await record(Number(new URL(server.url).port));
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${proxy.port}/`);
    await page.getByText('Connected to').waitFor();
    return { page, errors, proxy, wire: proxy.connections.find((one) => one.up.upgrades) };
}

/* In the page: sends text on a WebSocket of its own. Returns its extensions and whether the same came
 * back. */
function echoed({ piece, length }) {
    return new Promise((resolve, reject) => {
        const one = new WebSocket(address);
        const text = piece.repeat(length / piece.length + 1).slice(0, length);
        one.onopen = () => one.send(text);
        one.onmessage = (event) => {
            one.onclose = () => resolve([one.extensions, event.data === text]);
            one.close(1000);
        };
        one.onerror = () => reject(new Error('the connection failed'));
    });
}

/* Both ends have compressed their only message. */
function isCompressed(wire, most) {
    for (const way of ['up', 'down']) {
        const messages = wire[way].messages;
        assert.strictEqual(messages.length, 1, `messages ${way}`);
        assert.ok(messages[0].compressed, `the message ${way} has no RSV1`);
        assert.ok(messages[0].bytes < most, `${messages[0].bytes} bytes ${way}`);
    }
}

async function withBrowser(browser) {
    const server = await startServer();
    const plain = await startServer('--no-deflate');
    let one;

    await test('the page connects with permessage-deflate', async () => {
        one = await visit(browser, server);
        const extensions = await one.page.evaluate('ws.extensions');
        assert.ok(extensions.startsWith('permessage-deflate'), extensions);
        assert.ok((await one.page.locator('#state').textContent()).endsWith(extensions));
        assert.ok(one.wire.up.extensions.startsWith('permessage-deflate'));
        assert.strictEqual(one.wire.down.extensions, extensions);
    });
    await test('a message that is typed comes back, compressed both ways', async () => {
        const text = 'Grüße, 世界 🎈. '.repeat(20);
        await one.page.getByLabel('Message').fill(text);
        await one.page.getByRole('button', { name: 'Send' }).click();
        await one.page.locator('#log li').nth(1).waitFor();
        assert.deepStrictEqual(await one.page.locator('#log li').allTextContents(),
            [`← ${text}`, `→ ${text}`]);
        isCompressed(one.wire, 100);
    });
    for (const colorScheme of ['light', 'dark']) {
        await test(`the page can be read where colours are ${colorScheme}`, async () => {
            await one.page.emulateMedia({ colorScheme });
            const [text, back] = await one.page.evaluate(() => {
                const probe = document.createElement('p');
                probe.style.cssText = 'color: CanvasText; background: Canvas';
                document.body.append(probe);
                const style = getComputedStyle(probe);
                const light = (colour) =>
                    colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
                const found = [light(getComputedStyle(document.body).color),
                    light(style.backgroundColor)];
                probe.remove();
                return found;
            });
            assert.strictEqual(text > back, colorScheme === 'dark', `text ${text} on ${back}`);
            assert.ok(Math.abs(text - back) > 400, `text ${text} on ${back}`);
            if (process.argv[3])
                await one.page.screenshot({ path: path.join(process.argv[3], `${colorScheme}.png`) });
        });
    }
    for (const [piece, most] of [['Every message comes back. ', 20000], ['Grüße 🎈 ', 20000]]) {
        await test(`1 MiB of "${piece}" comes back, compressed both ways`, async () => {
            const length = MEGABYTE;
            const [extensions, same] = await one.page.evaluate(echoed, { piece, length });
            assert.ok(extensions.startsWith('permessage-deflate'), extensions);
            assert.ok(same, 'other text came back');
            isCompressed(one.proxy.connections.at(-1), most);
        });
    }
    await test('1 MiB that compresses to little less comes back', async () => {
        const piece = crypto.randomBytes(MEGABYTE / 2).toString('base64');
        const [, same] = await one.page.evaluate(echoed, { piece, length: MEGABYTE });
        assert.ok(same, 'other text came back');
        isCompressed(one.proxy.connections.at(-1), MEGABYTE);
    });
    await test('the button closes, and the page says so', async () => {
        await one.page.getByRole('button', { name: 'Close' }).click();
        await one.page.getByText('Closed: 1000').waitFor();
    });
    await test('nothing on the page has failed', async () => assert.deepStrictEqual(one.errors, []));
    await test('with --no-deflate the page works without', async () => {
        const other = await visit(browser, plain);
        assert.strictEqual(await other.page.evaluate('ws.extensions'), '');
        await other.page.getByLabel('Message').press('Enter');
        await other.page.getByText('← Hello').waitFor();
        assert.deepStrictEqual(other.wire.down.messages.map((m) => m.compressed), [false]);
        other.proxy.close();
    });
    one.proxy.close();
    await test('SIGTERM ends the servers', () => Promise.all([stopServer(server), stopServer(plain)]));
}

main(async () => {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'purews-browser-'));
    let browser;
    try {
        browser = await chromium.launchPersistentContext(profile, { executablePath, args });
        await withBrowser(browser);
    } finally {
        if (browser)
            await browser.close();
        fs.rmSync(profile, { recursive: true, force: true });
    }
});
