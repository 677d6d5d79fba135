/* Time and what is unsent, where the cases of tests/cases/timers.txt can't show it: output that is
 * written in parts, and calls in the middle of pulling. tests/schedules.c has much of it at once.
 */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "has_deflate.h"
#include "purews.h"
#include "stored_codec.h"

enum {
    RECEIVE = 1 << 20,
    LARGE = 5000
};

static uint8_t receive_half[RECEIVE + 125];
static uint8_t transmit_half[PWS_TRANSMIT_SIZE];
static uint8_t large[LARGE];
static pws_config config;
static pws_random generator;
static pws_codec codec;
static struct stored_codecs codecs;

/* ---- A connection ---- */

/* A configuration without limits. */
static void configure(uint32_t role) {
    memset(&config, 0, sizeof config);
    config.role = role;
}

static void lend(pws_conn *ws, size_t transmit) {
    CHECK(pws_lend_receive(ws, receive_half, sizeof receive_half) == PWS_OK);
    CHECK(transmit == 0 || pws_lend_transmit(ws, transmit_half, transmit) == PWS_OK);
}

/* Begins a connection that is open, with a transmit half of so many bytes. */
static void open_up(pws_conn *ws, size_t transmit) {
    static const uint8_t seed[32] = "time";
    pws_agreed agreed;

    CHECK(pws_random_seed(&generator, seed) == PWS_OK);
    memset(&agreed, 0, sizeof agreed);
    agreed.random = &generator;
    if (config.codec != NULL) {
        agreed.deflate.agreed = 1;
        agreed.deflate.server_max_window_bits = 15;
        agreed.deflate.client_max_window_bits = 15;
    }
    CHECK(pws_start(ws, &config, NULL, 0, &agreed) == PWS_OK);
    lend(ws, transmit);
}

static void compress(void) {
    memset(&codecs, 0, sizeof codecs);
    codec = stored_codec(&codecs);
    config.codec = &codec;
}

/* Writes a frame of the peer to bytes. */
static size_t peer_frame(uint8_t bytes[64], uint32_t kind, const void *data, size_t length) {
    static const uint8_t key[4] = {1, 2, 3, 4};
    size_t size = 0;

    CHECK(pws_frame_write(bytes, 64, &size, kind == PWS_CLOSE ? (uint32_t)PWS_PING : kind,
                          config.role == PWS_SERVER ? key : NULL, data, length) == PWS_OK);
    if (kind == PWS_CLOSE) /* pws_frame_write has none */
        bytes[0] = 0x88;
    return size;
}

static size_t event_size(const pws_event *ev) {
    return ev->out[0].len + ev->out[1].len;
}

/* Pulls the next event, which must be of that kind. */
static pws_event pull(pws_conn *ws, uint32_t kind) {
    pws_event ev;
    int found;

    memset(&ev, 0, sizeof ev);
    found = pws_next(ws, NULL, &ev);
    CHECK(found && ev.kind == kind);
    return ev;
}

static int is_quiet(pws_conn *ws) {
    pws_event ev;

    return !pws_next(ws, NULL, &ev);
}

static int is_closed(const pws_event *ev, uint32_t code, uint32_t sent_code, int32_t error) {
    return ev->kind == PWS_CLOSED && ev->code == code && ev->sent_code == sent_code &&
           ev->error == error;
}

/* ---- What is unsent ---- */

/* Writes all output in pieces of at most that size. Whatever has been written, what is unsent is
 * the rest of total bytes. */
static void write_pieces(pws_conn *ws, uint64_t total, size_t piece) {
    uint64_t written = 0;
    pws_event ev;

    CHECK(pws_unsent(ws) == total);
    while (pws_next(ws, NULL, &ev)) {
        size_t size = event_size(&ev), take = size < piece ? size : piece;

        CHECK(ev.kind == PWS_WRITE && pws_unsent(ws) == total - written);
        pws_wrote(ws, take);
        written += take;
        CHECK(pws_unsent(ws) == total - written);
    }
    CHECK(written == total && pws_unsent(ws) == 0);
}

static void test_unsent_pieces(void) {
    size_t piece, i;
    pws_conn ws;

    for (piece = 1; piece <= LARGE + 20; piece = piece < 20 ? piece + 1 : piece * 2) {
        configure(PWS_SERVER);
        open_up(&ws, sizeof transmit_half);
        CHECK(pws_send(&ws, PWS_TEXT, large, 10) == PWS_OK);
        CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
        write_pieces(&ws, 12 + 4 + LARGE, piece);

        open_up(&ws, 0);
        CHECK(pws_send(&ws, PWS_BINARY, large, 10) == PWS_OK);
        write_pieces(&ws, 12, piece);

        configure(PWS_CLIENT);
        for (i = 0; i < 2; i++) {
            open_up(&ws, i == 0 ? (size_t)PWS_TRANSMIT_MIN : sizeof transmit_half);
            CHECK(pws_send(&ws, PWS_TEXT, large, 10) == PWS_OK);
            CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
            write_pieces(&ws, 16 + 8 + LARGE, piece);
            CHECK(pws_send_inplace(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
            write_pieces(&ws, 8 + LARGE, piece);
        }
        open_up(&ws, 0);
        CHECK(pws_send_inplace(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
        write_pieces(&ws, 8 + LARGE, piece);
    }
}

/* Without pws_wrote, the bytes of a PWS_WRITE count until the next pws_next. */
static void test_unsent_until_pulled(void) {
    pws_event ev;
    pws_conn ws;

    configure(PWS_SERVER);
    open_up(&ws, sizeof transmit_half);
    CHECK(pws_unsent(&ws) == 0);
    CHECK(pws_send(&ws, PWS_TEXT, "a", 1) == PWS_OK);
    CHECK(pws_unsent(&ws) == 3);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 3 && pws_unsent(&ws) == 3);
    CHECK(is_quiet(&ws) && pws_unsent(&ws) == 0);
}

/* A message that is being compressed counts as it is, what of it is compressed as it was. */
static void test_unsent_compressed(size_t piece, size_t transmit) {
    uint64_t left, before;
    pws_event ev;
    pws_conn ws;
    int rounds = 0;

    configure(PWS_SERVER);
    compress();
    open_up(&ws, transmit);
    CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
    left = pws_unsent(&ws);
    CHECK(left >= LARGE && left <= LARGE + 100);
    while (pws_next(&ws, NULL, &ev)) {
        size_t size = event_size(&ev), take = size < piece ? size : piece;

        before = pws_unsent(&ws);
        CHECK(ev.kind == PWS_WRITE && before >= size);
        pws_wrote(&ws, take);
        CHECK(before - pws_unsent(&ws) == take);
        CHECK((pws_unsent(&ws) == 0) == (codecs.calls > 0 && is_quiet(&ws)));
        if (++rounds > 2 * LARGE)
            break;
    }
    CHECK(pws_unsent(&ws) == 0 && pws_borrows(&ws) == 0);
    pws_end(&ws);
    CHECK(codecs.open == 0);
}

/* Only what stands up to the program's last frame counts. */
static void test_unsent_of_others(void) {
    uint8_t frames[128];
    pws_bytes in = {frames, 0};
    pws_event ev;
    pws_conn ws;

    configure(PWS_SERVER);
    config.ping_ms = 100;
    open_up(&ws, sizeof transmit_half);
    in.len = peer_frame(frames, PWS_PING, NULL, 0);
    in.len += peer_frame(frames + in.len, PWS_TEXT, NULL, 0);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_PING);
    CHECK(pws_unsent(&ws) == 0); /* a Pong is owed */
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_TEXT);
    CHECK(pws_unsent(&ws) == 0); /* it is in the batch */
    CHECK(pws_send(&ws, PWS_TEXT, "a", 1) == PWS_OK);
    CHECK(pws_unsent(&ws) == 2 + 3);
    CHECK(pws_close(&ws, 1000, pws_cstr("bye")) == PWS_OK);
    CHECK(pws_unsent(&ws) == 2 + 3);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 2 + 3 + 7 && ev.frames == 3 && ev.pongs == 1 && ev.pings == 0);
    pws_wrote(&ws, 4);
    CHECK(pws_unsent(&ws) == 1);
    ev = pull(&ws, PWS_WRITE);
    pws_wrote(&ws, 1);
    CHECK(pws_unsent(&ws) == 0);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 7 && ev.frames == 0 && ev.pongs == 0);

    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    pws_tick(&ws, 1100);
    CHECK(pws_unsent(&ws) == 0);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 10 && pws_unsent(&ws) == 0);
    pws_wrote(&ws, 3);
    CHECK(pws_unsent(&ws) == 0);
    CHECK(pws_send(&ws, PWS_TEXT, "a", 1) == PWS_OK);
    CHECK(pws_unsent(&ws) == 7 + 3);
}

static void test_unsent_at_the_end(void) {
    pws_conn ws;
    pws_event ev;

    configure(PWS_SERVER);
    open_up(&ws, sizeof transmit_half);
    pws_hold(&ws, 1);
    CHECK(pws_send(&ws, PWS_TEXT, "a", 1) == PWS_OK);
    CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
    CHECK(pws_unsent(&ws) == 3 + 4 + LARGE);
    pws_eof(&ws);
    ev = pull(&ws, PWS_CLOSED);
    CHECK(is_closed(&ev, 1006, 1006, PWS_E_EOF));
    CHECK(pws_unsent(&ws) == 0 && pws_borrows(&ws) == 0);

    open_up(&ws, sizeof transmit_half);
    CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
    pws_end(&ws);
    CHECK(pws_unsent(&ws) == 0 && pws_borrows(&ws) == 0);
}

/* ---- What is written is over at once ---- */

static void test_wrote_settles(void) {
    pws_conn ws;
    pws_event ev;

    configure(PWS_SERVER);
    open_up(&ws, sizeof transmit_half);
    CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
    ev = pull(&ws, PWS_WRITE);
    CHECK(pws_borrows(&ws) == 1 && pws_lend_transmit(&ws, NULL, 0) == PWS_E_BUSY);
    pws_wrote(&ws, event_size(&ev));
    CHECK(pws_borrows(&ws) == 0 && pws_unsent(&ws) == 0);
    CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK); /* not busy any more */
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 4 + LARGE);
    pws_wrote(&ws, SIZE_MAX); /* more than there was is all */
    CHECK(pws_borrows(&ws) == 0 && pws_lend_transmit(&ws, NULL, 0) == PWS_OK);
    CHECK(is_quiet(&ws));
    pws_wrote(&ws, 5); /* of nothing */
    CHECK(pws_unsent(&ws) == 0 && is_quiet(&ws));
}

/* ---- Frames in the events ---- */

static void test_write_counts(void) {
    uint8_t frame[64];
    pws_bytes in = {frame, 0};
    pws_event ev;
    pws_conn ws;
    size_t i;

    configure(PWS_CLIENT);
    config.ping_ms = 100;
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    pws_hold(&ws, 1);
    CHECK(pws_send(&ws, PWS_TEXT | PWS_MORE, "a", 1) == PWS_OK);
    CHECK(pws_send(&ws, PWS_PING, NULL, 0) == PWS_OK);
    CHECK(pws_send(&ws, PWS_PONG, NULL, 0) == PWS_OK);
    in.len = peer_frame(frame, PWS_PING, "?", 1);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_PING && ev.frames == 1);
    pws_tick(&ws, 1100);
    CHECK(is_quiet(&ws));
    pws_hold(&ws, 0);
    ev = pull(&ws, PWS_WRITE);
    CHECK(ev.frames == 5 && ev.pings == 1 && ev.pongs == 1);
    for (i = event_size(&ev); i > 1; i--) { /* the same bytes are counted once */
        pws_wrote(&ws, 1);
        ev = pull(&ws, PWS_WRITE);
        CHECK(event_size(&ev) == i - 1 && ev.frames == 0 && ev.pings == 0 && ev.pongs == 0);
    }
    CHECK(is_quiet(&ws));

    open_up(&ws, PWS_TRANSMIT_MIN); /* a frame that is masked piece by piece is one */
    CHECK(pws_send(&ws, PWS_BINARY, large, LARGE) == PWS_OK);
    CHECK(pws_close(&ws, 1000, pws_cstr(NULL)) == PWS_OK);
    for (i = 0; pws_next(&ws, NULL, &ev); i += event_size(&ev))
        CHECK(ev.frames == (i == 0 || i == 8 + LARGE ? 1 : 0));
    CHECK(i == 8 + LARGE + 8);
}

static void test_received_counts(void) {
    uint8_t bytes[256];
    pws_bytes in = {bytes, 0};
    pws_event ev;
    pws_conn ws;

    configure(PWS_CLIENT);
    open_up(&ws, sizeof transmit_half);
    in.len = peer_frame(bytes, PWS_TEXT | PWS_MORE, "a", 1);
    in.len += peer_frame(bytes + in.len, PWS_CONTINUATION | PWS_MORE, NULL, 0);
    in.len += peer_frame(bytes + in.len, PWS_PONG, NULL, 0);
    in.len += peer_frame(bytes + in.len, PWS_CONTINUATION, "b", 1);
    in.len += peer_frame(bytes + in.len, PWS_CLOSE, NULL, 0);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_PONG && ev.frames == 3);
    CHECK(ev.rtt_ms == UINT32_MAX);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_TEXT && ev.frames == 1);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_CLOSE && ev.frames == 1);
}

/* ---- Calls where they are not expected ---- */

static void test_null(void) {
    pws_tick(NULL, 5);
    CHECK(pws_deadline(NULL) == UINT64_MAX);
    CHECK(pws_unsent(NULL) == 0);
    pws_wrote(NULL, 1);
    pws_hold(NULL, 1);
}

/* A limit that has run out shows in the events; what is pulled with the tick counts as in time. */
static void test_tick_before_pull(void) {
    uint8_t frame[64];
    pws_bytes in = {frame, 0};
    pws_event ev;
    pws_conn ws;

    configure(PWS_SERVER);
    config.idle_ms = 100;
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    pws_tick(&ws, 1100);
    CHECK(pws_state(&ws) == PWS_STATE_OPEN);
    in.len = peer_frame(frame, PWS_TEXT, "c", 1);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_TEXT);
    CHECK(!pws_next(&ws, &in, &ev));
    CHECK(pws_deadline(&ws) == 1200);
    pws_tick(&ws, 1200);
    CHECK(pws_next(&ws, NULL, &ev) && ev.kind == PWS_WRITE && ev.out[0].ptr[0] == 0x88);
    in.ptr = frame;
    in.len = peer_frame(frame, PWS_TEXT, "d", 1); /* too late: it is thrown away */
    CHECK(pws_next(&ws, &in, &ev) && is_closed(&ev, 1006, 1001, PWS_E_TIMEOUT));

    open_up(&ws, sizeof transmit_half); /* several ticks at once count as one */
    pws_tick(&ws, 1000);
    pws_tick(&ws, 1100);
    pws_tick(&ws, 1101);
    pws_tick(&ws, 1200);
    ev = pull(&ws, PWS_WRITE);
    ev = pull(&ws, PWS_CLOSED);
    CHECK(is_closed(&ev, 1006, 1001, PWS_E_TIMEOUT));
    CHECK(is_quiet(&ws));
}

/* The program was stopped while the Pong lay in the socket: the peer is not to blame. */
static void test_stopped_program(void) {
    uint8_t frame[64];
    pws_bytes in = {frame, 0};
    pws_event ev;
    pws_conn ws;

    configure(PWS_SERVER);
    config.ping_ms = 100;
    config.pong_ms = 50;
    config.message_ms = 70;
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    pws_tick(&ws, 1100);
    ev = pull(&ws, PWS_WRITE);
    pws_tick(&ws, 9000);
    in.len = peer_frame(frame, PWS_PONG, ev.out[0].ptr + 2, 8);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_PONG && ev.rtt_ms == 7900);
    CHECK(!pws_next(&ws, &in, &ev));
    CHECK(pws_state(&ws) == PWS_STATE_OPEN && pws_deadline(&ws) == 9100);

    /* the last byte of a message, likewise */
    in.ptr = frame;
    in.len = peer_frame(frame, PWS_TEXT, "abc", 3) - 1;
    CHECK(!pws_next(&ws, &in, &ev));
    CHECK(pws_deadline(&ws) == 9070);
    pws_tick(&ws, 9099);
    in.len = 1;
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_TEXT && ev.data.len == 3);
    CHECK(!pws_next(&ws, &in, &ev) && pws_state(&ws) == PWS_STATE_OPEN);
}

/* Pulls input and all that it causes. Returns the last event that is no output, or 0. */
static uint32_t pull_input(pws_conn *ws, const uint8_t *bytes, size_t length) {
    uint8_t read[512];
    pws_bytes in = {read, length};
    uint32_t kind = 0;
    pws_event ev;

    CHECK(length <= sizeof read);
    memcpy(read, bytes, length);
    while (pws_next(ws, &in, &ev))
        if (ev.kind != PWS_WRITE)
            kind = ev.kind;
    return kind;
}

/* At 1100 one limit has run out. What comes with that tick keeps the connection if it is what was
 * waited for; if it is not, or if it comes in the next turn, it is too late. */
static void test_turn(uint32_t role, size_t limit, int probe, const char *before, size_t length,
                      const char *with, size_t with_length, int enough) {
    uint32_t *limits[] = {&config.pong_ms, &config.message_ms, &config.idle_ms};
    uint8_t bytes[512];
    pws_conn ws;

    configure(role);
    *limits[limit] = 100;
    if (probe)
        config.ping_ms = 100;
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, probe ? 900 : 1000);
    if (probe)
        pws_tick(&ws, 1000);
    memcpy(bytes, before, length);
    (void)pull_input(&ws, bytes, length);
    CHECK(pws_state(&ws) == PWS_STATE_OPEN);
    pws_tick(&ws, 1100);
    memcpy(bytes, with, with_length);
    (void)pull_input(&ws, bytes, with_length);
    CHECK(pws_state(&ws) == (enough ? PWS_STATE_OPEN : PWS_STATE_CLOSED));
    pws_end(&ws);
}

static void test_turns(void) {
    enum {
        PONG,
        MESSAGE,
        IDLE
    };

    test_turn(PWS_CLIENT, PONG, 1, "", 0, "", 0, 0);
    test_turn(PWS_CLIENT, PONG, 1, "", 0, "\x81", 1, 1);
    test_turn(PWS_SERVER, PONG, 1, "", 0, "\x89", 1, 1);
    test_turn(PWS_CLIENT, MESSAGE, 0, "\x81", 1, "", 0, 0);
    test_turn(PWS_CLIENT, MESSAGE, 0, "\x81", 1, "\x00", 1, 1);
    test_turn(PWS_CLIENT, MESSAGE, 0, "\x81\x02\x61", 3, "\x61", 1, 1);
    test_turn(PWS_CLIENT, MESSAGE, 0, "\x81\x02\x61", 3, "\x61\x81\x01", 3, 1);
    test_turn(PWS_CLIENT, MESSAGE, 0, "\x81\x03\x61", 3, "\x61", 1, 0);
    test_turn(PWS_CLIENT, MESSAGE, 0, "\x01\x01\x61", 3, "\x89\x00\x00\x01\x61", 5, 0);
    test_turn(PWS_SERVER, MESSAGE, 0, "\x81\x81\x00\x00\x00\x00", 6, "\x61", 1, 1);
    test_turn(PWS_CLIENT, IDLE, 0, "", 0, "\x81", 1, 1);
    test_turn(PWS_CLIENT, IDLE, 0, "", 0, "\x89\x00", 2, 1);
    test_turn(PWS_CLIENT, IDLE, 0, "", 0, "\x89", 1, 0);
    test_turn(PWS_CLIENT, IDLE, 0, "\x89", 1, "\x00", 1, 1);
    test_turn(PWS_SERVER, IDLE, 0, "", 0, "\x8a\x80\x01\x02\x03\x04", 6, 1);
    test_turn(PWS_SERVER, IDLE, 0, "", 0, "\x8a\x80\x01\x02\x03", 5, 0);
}

/* Nor does a peer that has spoken get a Ping, or a program that sends run out of idle time. */
static void test_turn_of_ping(void) {
    pws_conn ws;
    pws_event ev;

    configure(PWS_CLIENT);
    config.ping_ms = 100;
    config.idle_ms = 200;
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    pws_tick(&ws, 1100);
    CHECK(pull_input(&ws, (const uint8_t *)"\x8a", 1) == 0);
    CHECK(is_quiet(&ws) && pws_deadline(&ws) == 1200);
    pws_tick(&ws, 1200);
    CHECK(pws_send(&ws, PWS_TEXT, "a", 1) == PWS_OK);
    ev = pull(&ws, PWS_WRITE);
    CHECK(ev.frames == 1 && ev.pings == 0);
    ev = pull(&ws, PWS_WRITE); /* but a Ping is due */
    CHECK(ev.frames == 1 && ev.pings == 1);
    CHECK(is_quiet(&ws) && pws_state(&ws) == PWS_STATE_OPEN && pws_deadline(&ws) == 1300);
}

/* The last byte of the opening handshake, in the turn of the tick and in the next one. */
static void test_turn_of_opening(void) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const uint8_t *bytes = (const uint8_t *)request;
    size_t length = sizeof request - 1;
    uint8_t read[] = "\n";
    pws_bytes in = {read, 1};
    pws_event ev;
    pws_conn ws;

    configure(PWS_SERVER);
    config.open_ms = 100;
    CHECK(pws_init(&ws, &config, NULL, 0) == PWS_OK);
    lend(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    CHECK(pull_input(&ws, bytes, length - 1) == 0);
    pws_tick(&ws, 1100);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_REQUEST);
    CHECK(pws_accept(&ws, NULL) == PWS_OK); /* in time: it gets its own answer */
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) > 12 && memcmp(ev.out[0].ptr, "HTTP/1.1 426", 12) == 0);
    ev = pull(&ws, PWS_CLOSED);
    CHECK(is_closed(&ev, 1006, 1006, PWS_E_UPGRADE));

    CHECK(pws_init(&ws, &config, NULL, 0) == PWS_OK);
    lend(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    CHECK(pull_input(&ws, bytes, length - 1) == 0);
    pws_tick(&ws, 1100);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) > 12 && memcmp(ev.out[0].ptr, "HTTP/1.1 408", 12) == 0);
    in.ptr = read;
    in.len = 1;
    CHECK(pws_next(&ws, &in, &ev) && is_closed(&ev, 1006, 1006, PWS_E_TIMEOUT));
}

/* A request that has been accepted is in time, even if OPEN has yet to be pulled. */
static void test_turn_of_accepted(void) {
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    pws_conn ws;
    pws_event ev;

    configure(PWS_SERVER);
    config.open_ms = 100;
    CHECK(pws_init(&ws, &config, NULL, 0) == PWS_OK);
    lend(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    CHECK(pull_input(&ws, (const uint8_t *)request, sizeof request - 1) == PWS_REQUEST);
    CHECK(pws_accept(&ws, NULL) == PWS_OK);
    CHECK(pws_deadline(&ws) == UINT64_MAX);
    pws_tick(&ws, 1100);
    ev = pull(&ws, PWS_OPEN);
    ev = pull(&ws, PWS_WRITE);
    CHECK(memcmp(ev.out[0].ptr, "HTTP/1.1 101", 12) == 0);
    CHECK(is_quiet(&ws) && pws_state(&ws) == PWS_STATE_OPEN);
}

/* A tick between two events of one read: what comes behind it has come later. */
static void test_tick_while_pulling(void) {
    uint8_t frames[128];
    pws_bytes in = {frames, 0};
    pws_event ev;
    pws_conn ws;

    configure(PWS_CLIENT);
    config.ping_ms = 100;
    config.idle_ms = 1000;
    open_up(&ws, sizeof transmit_half);
    in.len = peer_frame(frames, PWS_TEXT, "a", 1);
    in.len += peer_frame(frames + in.len, PWS_TEXT, "b", 1);
    pws_tick(&ws, 1000);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_TEXT);
    CHECK(pws_deadline(&ws) == 1100);
    pws_tick(&ws, 1050);
    CHECK(ev.data.len == 1 && ev.data.ptr[0] == 'a');
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_TEXT && ev.data.ptr[0] == 'b');
    CHECK(pws_deadline(&ws) == 1150);
    CHECK(!pws_next(&ws, &in, &ev));
}

/* The Close that a limit asks for goes out if the transport takes it, wholly and at once. */
static void test_hold_after_expiry(size_t taken, int pulled, uint32_t sent_code) {
    pws_conn ws;
    pws_event ev;

    configure(PWS_CLIENT);
    config.idle_ms = 100;
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    pws_tick(&ws, 1100);
    if (pulled) {
        ev = pull(&ws, PWS_WRITE);
        pws_wrote(&ws, taken < event_size(&ev) ? taken : event_size(&ev));
    }
    pws_hold(&ws, 1);
    ev = pull(&ws, PWS_CLOSED);
    CHECK(is_closed(&ev, 1006, sent_code, PWS_E_TIMEOUT));
    CHECK(is_quiet(&ws) && pws_deadline(&ws) == UINT64_MAX);
}

/* So does the 408. */
static void test_hold_during_408(void) {
    pws_conn ws;
    pws_event ev;

    configure(PWS_SERVER);
    config.open_ms = 100;
    CHECK(pws_init(&ws, &config, NULL, 0) == PWS_OK);
    lend(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    pws_tick(&ws, 1100);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) > 20 && memcmp(ev.out[0].ptr, "HTTP/1.1 408 Request Timeout", 28) == 0);
    CHECK(ev.frames == 0);
    pws_wrote(&ws, 20);
    pws_hold(&ws, 1);
    ev = pull(&ws, PWS_CLOSED);
    CHECK(is_closed(&ev, 1006, 1006, PWS_E_TIMEOUT));
}

/* A connection that is written in parts, without being held, ends in close_ms all the same. */
static void test_close_in_parts(void) {
    pws_conn ws;
    pws_event ev;

    configure(PWS_CLIENT);
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 1000);
    CHECK(pws_close(&ws, 1000, pws_cstr("bye")) == PWS_OK);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 2 + 4 + 5);
    pws_wrote(&ws, 3);
    CHECK(pws_deadline(&ws) == 6000);
    pws_tick(&ws,
             6000); /* the rest is written if the transport takes it, but nobody waits for it */
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 8);
    pws_wrote(&ws, 4);
    pws_hold(&ws, 1);
    ev = pull(&ws, PWS_CLOSED);
    CHECK(is_closed(&ev, 1006, 1006, PWS_E_TIMEOUT));
}

/* What came with the tick comes first: the peer's Close, room in the transport, its end. */
static void test_stopped_program_ends(void) {
    uint8_t frame[64];
    const uint8_t code[2] = {0x03, 0xe8};
    pws_bytes in = {frame, 0};
    pws_event ev;
    pws_conn ws;

    configure(PWS_SERVER);
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 0);
    CHECK(pws_close(&ws, 1000, pws_cstr(NULL)) == PWS_OK);
    ev = pull(&ws, PWS_WRITE);
    CHECK(is_quiet(&ws));
    pws_tick(&ws, 60000);
    in.len = peer_frame(frame, PWS_CLOSE, code, 2);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_CLOSE);
    CHECK(pws_next(&ws, &in, &ev) && is_closed(&ev, 1000, 1000, PWS_OK));

    config.send_ms = 1000;
    config.ping_ms = 500;
    config.pong_ms = 500;
    open_up(&ws, sizeof transmit_half);
    pws_tick(&ws, 0);
    pws_tick(&ws, 500);
    ev = pull(&ws, PWS_WRITE);
    CHECK(ev.pings == 1);
    pws_wrote(&ws, 0); /* the Ping is not taken: it is held */
    pws_hold(&ws, 1);
    CHECK(is_quiet(&ws));
    CHECK(pws_deadline(&ws) == 1500);
    pws_tick(&ws, 9000);
    pws_hold(&ws, 0);
    ev = pull(&ws, PWS_WRITE);
    CHECK(event_size(&ev) == 10 && ev.pings == 0);
    CHECK(is_quiet(&ws));
    CHECK(pws_state(&ws) == PWS_STATE_OPEN && pws_deadline(&ws) == 9500);

    pws_tick(&ws, 9500); /* it has ended meanwhile: that is what happened */
    pws_eof(&ws);
    ev = pull(&ws, PWS_CLOSED);
    CHECK(is_closed(&ev, 1006, 1006, PWS_E_EOF));
}

int main(void) {
    check_case("NULL is no connection, which has no deadline");
    test_null();

    check_case("what is unsent shrinks by what is written, down to 0");
    test_unsent_pieces();
    check_case("without pws_wrote what is written counts until the next pull");
    test_unsent_until_pulled();
    if (HAS_DEFLATE) {
        check_case("what is left of a message counts while it is being compressed");
        test_unsent_compressed(SIZE_MAX, PWS_TRANSMIT_MIN);
        test_unsent_compressed(100, PWS_TRANSMIT_MIN);
        test_unsent_compressed(1, PWS_TRANSMIT_MIN);
        test_unsent_compressed(1000, sizeof transmit_half);
    } else {
        puts("left out: what is unsent of compressed messages");
    }
    check_case("frames of the library count only in front of the program's last one");
    test_unsent_of_others();
    check_case("nothing is unsent when the connection is over");
    test_unsent_at_the_end();
    check_case("what pws_wrote says is written is free at once");
    test_wrote_settles();

    check_case("each frame that is written is counted once, with the library's Pings and Pongs");
    test_write_counts();
    check_case("each frame that is received is counted once");
    test_received_counts();

    check_case("a limit that has run out shows when it is pulled, however many ticks come before");
    test_tick_before_pull();
    check_case("what lay in the socket while the program was stopped counts as in time");
    test_stopped_program();
    check_case("what comes with the tick must be what was waited for");
    test_turns();
    test_turn_of_ping();
    test_turn_of_opening();
    test_turn_of_accepted();
    check_case("a tick between two events divides what came before from what comes after");
    test_tick_while_pulling();
    check_case("a Close that runs into a held transport is given up at once");
    test_hold_after_expiry(0, 0, 1006);
    test_hold_after_expiry(0, 1, 1006);
    test_hold_after_expiry(7, 1, 1006);
    check_case("a Close that is written before the transport is held was sent");
    test_hold_after_expiry(SIZE_MAX, 1, 1001);
    check_case("a 408 that runs into a held transport is given up at once");
    test_hold_during_408();
    check_case("a Close that is written in part when close_ms is over was not sent");
    test_close_in_parts();
    check_case("what came while the program was stopped comes before its limits");
    test_stopped_program_ends();
    return check_end();
}
