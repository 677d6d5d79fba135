/* Every public function misused in every way that purews.h names, in each state of a connection:
 * the named error, and nothing has changed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "has_deflate.h"
#include "purews.h"

/* ---- A connection in some state ---- */

enum place {
    AT_REQUEST,  /* CONNECTING: server, nothing has come */
    AT_ANSWER,   /* CONNECTING: server, the request waits */
    AT_CONNECT,  /* CONNECTING: client, before pws_connect */
    AT_RESPONSE, /* CONNECTING: client, the response has yet to come */
    AT_OPEN,
    AT_CLOSING,  /* our Close is out */
    AT_DISCARD,  /* CLOSING: both Close frames have passed; a client waits for the end */
    AT_REJECTED, /* CLOSING: client */
    AT_CLOSED,
    PLACES
};

enum {
    TRANSMIT = 1024,
    OUTPUT = 4096
};

struct fixture {
    pws_config config;
    pws_conn ws;
    pws_random random;
    uint8_t receive[8192 + 125];
    uint8_t transmit[TRANSMIT];
    uint8_t output[OUTPUT];
    size_t output_length;
    uint32_t kinds[64]; /* events */
    size_t kind_count;
};

static const char request_text[] =
    "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: chat\r\n\r\n";

static pws_str text_of(const char *text, size_t length) {
    pws_str str;

    str.ptr = text;
    str.len = length;
    return str;
}

static void pull(struct fixture *f, const void *data, size_t length) {
    uint8_t input[1024];
    pws_bytes in;
    pws_event ev;
    int i;

    memcpy(input, data, length);
    in.ptr = input;
    in.len = length;
    while (pws_next(&f->ws, &in, &ev) && f->kind_count < 64) {
        if (ev.kind != PWS_WRITE) {
            f->kinds[f->kind_count++] = ev.kind;
            continue;
        }
        for (i = 0; i < 2; i++) {
            if (ev.out[i].len == 0)
                continue;
            CHECK(ev.out[i].len <= OUTPUT - f->output_length);
            memcpy(f->output + f->output_length, ev.out[i].ptr, ev.out[i].len);
            f->output_length += ev.out[i].len;
        }
    }
}

/* A frame of the peer. */
static void pull_frame(struct fixture *f, uint32_t first, const char *payload) {
    static const uint8_t key[4] = {1, 2, 3, 4};
    uint8_t frame[256];
    size_t size = 0;

    if (first == PWS_CLOSE) { /* pws_frame_write has none */
        CHECK(pws_frame_write(frame, sizeof frame, &size, PWS_BINARY,
                              f->config.role == PWS_SERVER ? key : NULL, payload,
                              strlen(payload)) == PWS_OK);
        frame[0] = 0x88;
    } else {
        CHECK(pws_frame_write(frame, sizeof frame, &size, first,
                              f->config.role == PWS_SERVER ? key : NULL, payload,
                              strlen(payload)) == PWS_OK);
    }
    pull(f, frame, size);
}

static void pull_response(struct fixture *f, const char *status) {
    static const char header[] = "Sec-WebSocket-Key: ";
    char text[512], accept[29] = "";
    size_t i = 0;

    while (i + sizeof header + 24 < f->output_length &&
           memcmp(f->output + i, header, sizeof header - 1) != 0)
        i++;
    CHECK(pws_accept_key(accept, text_of((const char *)f->output + i + sizeof header - 1, 24)) ==
          PWS_OK);
    snprintf(text, sizeof text,
             "HTTP/1.1 %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             status, accept);
    pull(f, text, strlen(text));
}

static void connect_out(struct fixture *f) {
    pws_request request;

    memset(&request, 0, sizeof request);
    request.host = pws_cstr("example.com");
    CHECK(pws_connect(&f->ws, &f->random, &request) == PWS_OK);
    pull(f, "", 0);
}

/* Goes on from a place to the end. */
static void go_on(struct fixture *f, enum place place) {
    if (place == AT_REQUEST)
        pull(f, request_text, sizeof request_text - 1);
    if (place == AT_REQUEST || place == AT_ANSWER)
        CHECK(pws_accept(&f->ws, NULL) == PWS_OK);
    if (place == AT_CONNECT)
        connect_out(f);
    if (place == AT_CONNECT || place == AT_RESPONSE)
        pull_response(f, "101 Switching Protocols");
    pull_frame(f, PWS_PING, "ping");
    pull_frame(f, PWS_TEXT, "text");
    if (pws_state(&f->ws) == PWS_STATE_OPEN)
        CHECK(pws_send(&f->ws, PWS_TEXT, "answer", 6) == PWS_OK);
    pull_frame(f, PWS_CLOSE, "\x0B\xB8reason");
    pws_eof(&f->ws);
    pull(f, "", 0);
    CHECK(pws_state(&f->ws) == PWS_STATE_CLOSED);
}

static void begin(struct fixture *f, uint32_t role, int handshake) {
    static const uint8_t seed[32] = "misuse";
    pws_agreed agreed;

    memset(f, 0, sizeof *f);
    memset(&agreed, 0, sizeof agreed);
    f->config.role = role;
    f->config.max_message = 8192;
    f->config.protocols = "chat";
    CHECK(pws_random_seed(&f->random, seed) == PWS_OK);
    agreed.random = &f->random;
    if (handshake)
        CHECK(pws_init(&f->ws, &f->config, NULL, 0) == PWS_OK);
    else
        CHECK(pws_start(&f->ws, &f->config, NULL, 0, &agreed) == PWS_OK);
    CHECK(pws_lend_receive(&f->ws, f->receive, sizeof f->receive) == PWS_OK);
    CHECK(pws_lend_transmit(&f->ws, f->transmit, sizeof f->transmit) == PWS_OK);
}

static void reach(struct fixture *f, uint32_t role, enum place place) {
    begin(f, role, place <= AT_RESPONSE || place == AT_REJECTED);
    if (place == AT_ANSWER)
        pull(f, request_text, sizeof request_text - 1);
    if (place == AT_RESPONSE || place == AT_REJECTED)
        connect_out(f);
    if (place == AT_REJECTED)
        pull_response(f, "404 Not Found");
    if (place == AT_CLOSING || place == AT_DISCARD)
        CHECK(pws_close(&f->ws, 1000, pws_cstr("bye")) == PWS_OK);
    if (place == AT_CLOSING)
        pull(f, "", 0);
    if (place == AT_DISCARD) { /* a server ends here unless it is held */
        pws_hold(&f->ws, 1);
        pull_frame(f, PWS_CLOSE, "");
    }
    if (place == AT_CLOSED) {
        pws_eof(&f->ws);
        pull(f, "", 0);
    }
}

static int is_place_of(uint32_t role, enum place place) {
    if (place == AT_REQUEST || place == AT_ANSWER)
        return role == PWS_SERVER;
    if (place == AT_CONNECT || place == AT_RESPONSE || place == AT_REJECTED)
        return role == PWS_CLIENT;
    return 1;
}

/* ---- Calls that fail ---- */

static struct fixture *used; /* the one at hand */

static void fails(int32_t expected, int32_t error, const pws_conn *before, const char *call,
                  int line) {
    check_that(error == expected, call, __FILE__, line);
    check_that(memcmp(before, &used->ws, sizeof *before) == 0, call, __FILE__, line);
}

/* The call returns that error and leaves the connection as it was, to the byte. */
#define FAILS(expected, call)                                                                      \
    do {                                                                                           \
        pws_conn before_ = used->ws;                                                               \
        int32_t error_ = (call);                                                                   \
        fails((expected), error_, &before_, #call, __LINE__);                                      \
    } while (0)

typedef int32_t send_function(pws_conn *, uint32_t, void *, size_t);

static int32_t send_copied(pws_conn *ws, uint32_t kind, void *data, size_t length) {
    return pws_send(ws, kind, data, length);
}

static void misuse_send(send_function *send, int open) {
    static const uint32_t wrong[] = {0, 3, 7, PWS_CLOSE, 11, 15, PWS_WRITE, PWS_CLOSED, 0xFFFFFFFF};
    pws_conn *ws = &used->ws;
    uint8_t data[126] = "data";
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(PWS_E_ARG, send(ws, wrong[i], data, 4));
    FAILS(PWS_E_ARG, send(ws, PWS_MORE, data, 4));
    FAILS(PWS_E_ARG, send(ws, PWS_TEXT | PWS_FIRST, data, 4));
    FAILS(PWS_E_ARG, send(ws, PWS_BINARY | 0x1000, data, 4));
    FAILS(PWS_E_ARG, send(NULL, PWS_TEXT, data, 4));
    FAILS(PWS_E_ARG, send(ws, PWS_TEXT, NULL, 1));
    FAILS(PWS_E_CONTROL, send(ws, PWS_PING, data, 126));
    FAILS(PWS_E_CONTROL, send(ws, PWS_PONG, data, 126));
    FAILS(PWS_E_CONTROL, send(ws, PWS_PING | PWS_MORE, data, 4));
    FAILS(PWS_E_CONTROL, send(ws, PWS_PONG | PWS_MORE, data, 4));
    if (!open) {
        FAILS(PWS_E_STATE, send(ws, PWS_TEXT, data, 4));
        FAILS(PWS_E_STATE, send(ws, PWS_BINARY | PWS_MORE, data, 4));
        FAILS(PWS_E_STATE, send(ws, PWS_PING, NULL, 0));
        if (pws_state(ws) != PWS_STATE_CLOSING) /* a Pong may follow our own Close */
            FAILS(PWS_E_STATE, send(ws, PWS_PONG, data, 125));
    }
    CHECK(memcmp(data, "data", 5) == 0);
}

static void misuse_send_prepared(int open) {
    static const struct {
        const char *frame;
        size_t length;
    } wrong[] = {
        {"", 0},
        {"\x81", 1},
        {"\x81\x01", 2},                  /* too short */
        {"\x81\x01xx", 4},                /* two frames, or too long */
        {"\x01\x01x", 3},                 /* not the last part */
        {"\x80\x01x", 3},                 /* a continuation */
        {"\x88\x00", 2},                  /* a Close */
        {"\x8A\x81\x01\x02\x03\x04x", 7}, /* masked */
        {"\xC1\x01x", 3},                 /* a reserved bit */
        {"\x83\x01x", 3},                 /* reserved opcodes */
        {"\x8B\x01x", 3},
        {"\x81\x7E\x00\x01x", 5}, /* a longer form than is needed */
        {"\x89\x7E\x00\x7E", 4},  /* a control frame of 126 bytes */
        {"\x82\x7F\x80\x00\x00\x00\x00\x00\x00\x00", 10},
        {"\x82\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10},
    };
    pws_conn *ws = &used->ws;
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(PWS_E_ARG, pws_send_prepared(ws, wrong[i].frame, wrong[i].length, 0));
    FAILS(PWS_E_ARG, pws_send_prepared(ws, NULL, 0, 0));
    FAILS(PWS_E_ARG, pws_send_prepared(ws, NULL, 3, 0));
    FAILS(PWS_E_ARG, pws_send_prepared(NULL, "\x81\x01x", 3, 0));
    if (!open || used->config.role == PWS_CLIENT) {
        FAILS(PWS_E_STATE, pws_send_prepared(ws, "\x81\x01x", 3, 0));
        FAILS(PWS_E_STATE, pws_send_prepared(ws, "\x89\x00", 2, 0));
    }
}

static void misuse_close(int open) {
    static const uint32_t wrong[] = {1,    999,  1004, 1005, 1006,         1015,      1016,
                                     2000, 2999, 5000, 6000, 65536 + 1000, 0xFFFFFFFF};
    static const char reason[125] = "reason";
    pws_conn *ws = &used->ws;
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(PWS_E_CLOSE_CODE, pws_close(ws, wrong[i], pws_cstr(NULL)));
    FAILS(PWS_E_ARG, pws_close(NULL, 1000, pws_cstr(NULL)));
    FAILS(PWS_E_ARG, pws_close(ws, 0, pws_cstr("reason")));
    FAILS(PWS_E_ARG, pws_close(ws, 1000, text_of(NULL, 1)));
    FAILS(PWS_E_CONTROL, pws_close(ws, 1000, text_of(reason, 124)));
    FAILS(PWS_E_UTF8, pws_close(ws, 1000, pws_cstr("\xFF")));
    FAILS(PWS_E_UTF8, pws_close(ws, 1000, pws_cstr("cut \xE2\x82")));
    FAILS(PWS_E_UTF8, pws_close(ws, 1000, pws_cstr("\xED\xA0\x80")));
    if (!open) {
        FAILS(PWS_E_STATE, pws_close(ws, 0, pws_cstr(NULL)));
        FAILS(PWS_E_STATE, pws_close(ws, 1000, text_of(reason, 123)));
    }
}

static void misuse_lend(void) {
    pws_conn *ws = &used->ws;
    uint8_t other[PWS_TRANSMIT_MIN];

    FAILS(PWS_E_ARG, pws_lend_receive(NULL, other, sizeof other));
    FAILS(PWS_E_ARG, pws_lend_receive(ws, NULL, 1));
    FAILS(PWS_E_ARG, pws_lend_receive(ws, other, 0));
    FAILS(PWS_E_SPACE, pws_lend_receive(ws, used->receive, pws_receive_size(&used->config) - 1));
    FAILS(PWS_E_ARG, pws_lend_transmit(NULL, other, sizeof other));
    FAILS(PWS_E_ARG, pws_lend_transmit(ws, NULL, 1));
    FAILS(PWS_E_ARG, pws_lend_transmit(ws, other, 0));
    FAILS(PWS_E_SPACE, pws_lend_transmit(ws, other, PWS_TRANSMIT_MIN - 1));
}

static void misuse_connect_state(int first) {
    pws_random unseeded;
    pws_request request;
    pws_conn *ws = &used->ws;

    memset(&unseeded, 0, sizeof unseeded);
    memset(&request, 0, sizeof request);
    request.host = pws_cstr("example.com");
    FAILS(PWS_E_ARG, pws_connect(NULL, &used->random, &request));
    FAILS(PWS_E_ARG, pws_connect(ws, NULL, &request));
    FAILS(PWS_E_ARG, pws_connect(ws, &used->random, NULL));
    FAILS(PWS_E_STATE, pws_connect(ws, &unseeded, &request));
    if (!first)
        FAILS(PWS_E_STATE, pws_connect(ws, &used->random, &request));
}

static void misuse_answer_state(int waits) {
    pws_response response;
    pws_conn *ws = &used->ws;

    memset(&response, 0, sizeof response);
    FAILS(PWS_E_ARG, pws_accept(NULL, NULL));
    if (!waits)
        FAILS(PWS_E_STATE, pws_accept(ws, NULL));
    if (!waits)
        FAILS(PWS_E_STATE, pws_accept(ws, &response));
    response.status = 404;
    FAILS(PWS_E_ARG, pws_accept(ws, &response));
    FAILS(PWS_E_ARG, pws_reject(NULL, &response));
    FAILS(PWS_E_ARG, pws_reject(ws, NULL));
    if (!waits)
        FAILS(PWS_E_STATE, pws_reject(ws, &response));
}

/* What needs no PWS_WRITE changes nothing without one. */
static void misuse_wrote(void) {
    pws_conn before = used->ws;

    pws_wrote(&used->ws, 0);
    pws_wrote(&used->ws, 1);
    pws_wrote(NULL, 0);
    pws_hold(NULL, 1);
    pws_eof(NULL);
    pws_end(NULL);
    CHECK(memcmp(&before, &used->ws, sizeof before) == 0);
    CHECK(pws_state(NULL) == PWS_STATE_CLOSED);
    CHECK(pws_borrows(NULL) == 0);
}

static void misuse_everything(enum place place) {
    int open = place == AT_OPEN;

    misuse_send(send_copied, open);
    misuse_send(pws_send_inplace, open);
    misuse_send_prepared(open);
    misuse_close(open);
    misuse_lend();
    misuse_connect_state(place == AT_CONNECT);
    misuse_answer_state(place == AT_ANSWER);
    misuse_wrote();
}

/* ---- Cases ---- */

static const char *const place_names[PLACES] = {
    "before the request has come: named errors, nothing changed",
    "while the request waits: named errors, nothing changed",
    "before pws_connect: named errors, nothing changed",
    "before the response has come: named errors, nothing changed",
    "open: named errors, nothing changed",
    "after pws_close: named errors, nothing changed",
    "after both Close frames: named errors, nothing changed",
    "after PWS_REJECTED: named errors, nothing changed",
    "closed: named errors, nothing changed",
};

static struct fixture misused, plain;

static int same_outcome(void) {
    return misused.output_length == plain.output_length &&
           memcmp(misused.output, plain.output, plain.output_length) == 0 &&
           misused.kind_count == plain.kind_count &&
           memcmp(misused.kinds, plain.kinds, sizeof plain.kinds) == 0;
}

static void test_place(uint32_t role, enum place place) {
    if (!is_place_of(role, place))
        return;
    check_case(place_names[place]);
    reach(&plain, role, place);
    reach(&misused, role, place);
    used = &misused;
    misuse_everything(place);
    if (place == AT_DISCARD) {
        pws_hold(&plain.ws, 0);
        pws_hold(&misused.ws, 0);
    }
    go_on(&plain, place);
    go_on(&misused, place);
    CHECK(same_outcome());
}

static void misuse_headers(int32_t (*call)(const pws_header *, size_t), int client) {
    static const char *const reserved[] = {"Upgrade",
                                           "CONNECTION",
                                           "sec-websocket-key",
                                           "Sec-WebSocket-Anything",
                                           "content-length",
                                           "Transfer-Encoding",
                                           "Host",
                                           "origin"};
    static const struct {
        const char *name, *value;
        size_t value_length;
    } wrong[] = {
        {"", "v", 1},         {"a b", "v", 1},       {"a:", "v", 1},   {"a\r\nb", "v", 1},
        {"\xC3\xA9", "v", 1}, {"a", "v\r\nb: c", 7}, {"a", "v\n", 2},  {"a", "v\r", 2},
        {"a", "v\0w", 3},     {"a", "\x7F", 1},      {"a", "\x1B", 1}, {"a\t", "v", 1},
    };
    pws_header headers[2];
    size_t i;

    headers[0].name = pws_cstr("Fine");
    headers[0].value = pws_cstr("value");
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        headers[1].name = pws_cstr(wrong[i].name);
        headers[1].value = text_of(wrong[i].value, wrong[i].value_length);
        FAILS(PWS_E_HEADER, call(headers, 2));
    }
    headers[1].value = pws_cstr("value");
    for (i = 0; i < (client ? 8u : 6u); i++) {
        headers[1].name = pws_cstr(reserved[i]);
        FAILS(PWS_E_HEADER, call(headers, 2));
    }
    FAILS(PWS_E_ARG, call(NULL, 1));
    headers[1].name = text_of(NULL, 3);
    FAILS(PWS_E_ARG, call(headers, 2));
    headers[1].name = pws_cstr("a");
    headers[1].value = text_of(NULL, 3);
    FAILS(PWS_E_ARG, call(headers, 2));
}

static int32_t connect_headers(const pws_header *headers, size_t count) {
    pws_request request;

    memset(&request, 0, sizeof request);
    request.host = pws_cstr("example.com");
    request.headers = headers;
    request.header_count = count;
    return pws_connect(&used->ws, &used->random, &request);
}

static int32_t accept_headers(const pws_header *headers, size_t count) {
    pws_response response;

    memset(&response, 0, sizeof response);
    response.headers = headers;
    response.header_count = count;
    return pws_accept(&used->ws, &response);
}

static int32_t reject_headers(const pws_header *headers, size_t count) {
    pws_response response;

    memset(&response, 0, sizeof response);
    response.status = 403;
    response.headers = headers;
    response.header_count = count;
    return pws_reject(&used->ws, &response);
}

static int32_t connect_to(pws_str host, pws_str target, pws_str origin) {
    pws_request request;

    memset(&request, 0, sizeof request);
    request.host = host;
    request.target = target;
    request.origin = origin;
    return pws_connect(&used->ws, &used->random, &request);
}

/* The random bytes that a failed call has drawn are gone, which nobody can tell; here both
 * connections go on with the same. */
static void test_connect(void) {
    static const char *const wrong[] = {"a b", "a\tb", "a\r\nb", "a\x01", "a\x7F", "\xC3\xA9"};
    static const char *const protocols[] = {"chat chat", "a, b, a", "a;b", "a/b", "\xC3\xA9"};
    static char large[TRANSMIT];
    const pws_str none = {NULL, 0}, host = pws_cstr("example.com");
    pws_request request;
    size_t i;

    check_case("pws_connect: named errors, nothing changed");
    reach(&plain, PWS_CLIENT, AT_CONNECT);
    reach(&misused, PWS_CLIENT, AT_CONNECT);
    used = &misused;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        FAILS(PWS_E_ARG, connect_to(pws_cstr(wrong[i]), none, none));
        FAILS(PWS_E_ARG, connect_to(host, pws_cstr(wrong[i]), none));
        FAILS(PWS_E_ARG, connect_to(host, none, pws_cstr(wrong[i])));
    }
    FAILS(PWS_E_ARG, connect_to(none, none, none));
    FAILS(PWS_E_ARG, connect_to(host, pws_cstr("/#fragment"), none));
    FAILS(PWS_E_ARG, connect_to(text_of(NULL, 1), none, none));
    FAILS(PWS_E_ARG, connect_to(host, text_of(NULL, 1), none));
    FAILS(PWS_E_ARG, connect_to(host, none, text_of(NULL, 1)));
    FAILS(PWS_E_ARG, connect_to(host, text_of("/\0", 2), none));
    memset(&request, 0, sizeof request);
    request.host = host;
    for (i = 0; i < sizeof request.reserved / sizeof request.reserved[0]; i++) {
        request.reserved[i] = 1;
        FAILS(PWS_E_ARG, pws_connect(&used->ws, &used->random, &request));
        request.reserved[i] = 0;
    }
    for (i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        misused.config.protocols = protocols[i];
        FAILS(PWS_E_PROTOCOL, connect_to(host, none, none));
    }
    misused.config.protocols = plain.config.protocols;
    misuse_headers(connect_headers, 1);
    memset(large, 'x', sizeof large);
    FAILS(PWS_E_SPACE, connect_to(host, text_of(large, sizeof large), none));
    CHECK(pws_lend_transmit(&misused.ws, NULL, 0) == PWS_OK);
    FAILS(PWS_E_SPACE, connect_to(host, none, none));
    CHECK(pws_lend_transmit(&misused.ws, misused.transmit, TRANSMIT) == PWS_OK);
    misused.random = plain.random;
    go_on(&plain, AT_CONNECT);
    go_on(&misused, AT_CONNECT);
    CHECK(same_outcome());
}

static void test_accept(void) {
    static char large[TRANSMIT];
    pws_header header;
    pws_response response;
    size_t i;

    check_case("pws_accept: named errors, nothing changed");
    reach(&plain, PWS_SERVER, AT_ANSWER);
    reach(&misused, PWS_SERVER, AT_ANSWER);
    used = &misused;
    memset(&response, 0, sizeof response);
    response.status = 101;
    FAILS(PWS_E_ARG, pws_accept(&used->ws, &response));
    response.status = 0;
    response.body.ptr = (const uint8_t *)"body";
    response.body.len = 4;
    FAILS(PWS_E_ARG, pws_accept(&used->ws, &response));
    response.body.len = 0;
    response.reserved0 = 1;
    FAILS(PWS_E_ARG, pws_accept(&used->ws, &response));
    response.reserved0 = 0;
    for (i = 0; i < sizeof response.reserved / sizeof response.reserved[0]; i++) {
        response.reserved[i] = 1;
        FAILS(PWS_E_ARG, pws_accept(&used->ws, &response));
        response.reserved[i] = 0;
    }
    response.protocol = text_of(NULL, 4);
    FAILS(PWS_E_ARG, pws_accept(&used->ws, &response));
    response.protocol = pws_cstr("superchat");
    FAILS(PWS_E_PROTOCOL, pws_accept(&used->ws, &response));
    response.protocol = pws_cstr("Chat");
    FAILS(PWS_E_PROTOCOL, pws_accept(&used->ws, &response));
    misuse_headers(accept_headers, 0);
    memset(large, 'x', sizeof large);
    header.name = pws_cstr("Large");
    header.value = text_of(large, sizeof large);
    FAILS(PWS_E_SPACE, accept_headers(&header, 1));
    FAILS(PWS_E_BUSY, pws_lend_receive(&used->ws, NULL, 0));
    CHECK(pws_lend_transmit(&misused.ws, NULL, 0) == PWS_OK);
    FAILS(PWS_E_SPACE, pws_accept(&used->ws, NULL));
    CHECK(pws_lend_transmit(&misused.ws, misused.transmit, TRANSMIT) == PWS_OK);
    go_on(&plain, AT_ANSWER);
    go_on(&misused, AT_ANSWER);
    CHECK(same_outcome());
}

static void test_reject(void) {
    static const uint32_t wrong[] = {0, 100, 101, 199, 600, 1000, 0xFFFFFFFF};
    static char large[TRANSMIT];
    pws_header header;
    pws_response response;
    size_t i;

    check_case("pws_reject: named errors, nothing changed");
    reach(&plain, PWS_SERVER, AT_ANSWER);
    reach(&misused, PWS_SERVER, AT_ANSWER);
    used = &misused;
    memset(&response, 0, sizeof response);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        response.status = wrong[i];
        FAILS(PWS_E_ARG, pws_reject(&used->ws, &response));
    }
    response.status = 404;
    response.protocol = pws_cstr("chat");
    FAILS(PWS_E_ARG, pws_reject(&used->ws, &response));
    response.protocol = pws_cstr(NULL);
    response.reserved0 = 1;
    FAILS(PWS_E_ARG, pws_reject(&used->ws, &response));
    response.reserved0 = 0;
    for (i = 0; i < sizeof response.reserved / sizeof response.reserved[0]; i++) {
        response.reserved[i] = 1;
        FAILS(PWS_E_ARG, pws_reject(&used->ws, &response));
        response.reserved[i] = 0;
    }
    response.body.len = 4;
    FAILS(PWS_E_ARG, pws_reject(&used->ws, &response));
    response.body.ptr = (const uint8_t *)"body";
    response.status = 204;
    FAILS(PWS_E_ARG, pws_reject(&used->ws, &response));
    response.status = 304;
    FAILS(PWS_E_ARG, pws_reject(&used->ws, &response));
    misuse_headers(reject_headers, 0);
    memset(large, 'x', sizeof large);
    header.name = pws_cstr("Large");
    header.value = text_of(large, sizeof large);
    FAILS(PWS_E_SPACE, reject_headers(&header, 1));
    CHECK(pws_lend_transmit(&misused.ws, NULL, 0) == PWS_OK);
    FAILS(PWS_E_SPACE, reject_headers(NULL, 0));
    CHECK(pws_lend_transmit(&misused.ws, misused.transmit, TRANSMIT) == PWS_OK);
    go_on(&plain, AT_ANSWER);
    go_on(&misused, AT_ANSWER);
    CHECK(same_outcome());
}

/* A message in work: nothing of another may come between. */
static void test_fragments(uint32_t role) {
    static char data[] = "data";
    int i;

    check_case("while a message is unfinished: PWS_E_FRAGMENT, nothing changed");
    reach(&plain, role, AT_OPEN);
    reach(&misused, role, AT_OPEN);
    used = &misused;
    CHECK(pws_send(&plain.ws, PWS_TEXT | PWS_MORE, "part", 4) == PWS_OK);
    CHECK(pws_send(&misused.ws, PWS_TEXT | PWS_MORE, "part", 4) == PWS_OK);
    for (i = 0; i < 2; i++) {
        FAILS(PWS_E_FRAGMENT, pws_send(&used->ws, PWS_BINARY, data, 4));
        FAILS(PWS_E_FRAGMENT, pws_send(&used->ws, PWS_BINARY | PWS_MORE, data, 4));
        FAILS(PWS_E_FRAGMENT, pws_send_inplace(&used->ws, PWS_BINARY, data, 4));
        if (role == PWS_SERVER)
            FAILS(PWS_E_FRAGMENT, pws_send_prepared(&used->ws, "\x81\x01x", 3, 0));
        misuse_everything(AT_OPEN);
        pull(&misused, "", 0); /* and once more when the part has been written */
    }
    CHECK(memcmp(data, "data", 5) == 0);
    pull(&plain, "", 0);
    CHECK(pws_send(&plain.ws, PWS_TEXT, "end", 3) == PWS_OK);
    CHECK(pws_send(&misused.ws, PWS_TEXT, "end", 3) == PWS_OK);
    go_on(&plain, AT_OPEN);
    go_on(&misused, AT_OPEN);
    CHECK(same_outcome());
}

/* A payload that is borrowed: no other can be taken, and the half is in use. */
static void test_busy(uint32_t role) {
    static uint8_t large[TRANSMIT], data[] = "data";

    check_case("while data is borrowed: PWS_E_BUSY, nothing changed");
    reach(&plain, role, AT_OPEN);
    reach(&misused, role, AT_OPEN);
    used = &misused;
    CHECK(pws_send(&plain.ws, PWS_BINARY, large, sizeof large) == PWS_OK);
    CHECK(pws_send(&misused.ws, PWS_BINARY, large, sizeof large) == PWS_OK);
    CHECK(pws_borrows(&misused.ws));
    FAILS(PWS_E_BUSY, pws_send(&used->ws, PWS_TEXT, data, 4));
    FAILS(PWS_E_BUSY, pws_send(&used->ws, PWS_PING, data, 0));
    FAILS(PWS_E_BUSY, pws_send_inplace(&used->ws, PWS_TEXT, data, 4));
    if (role == PWS_SERVER)
        FAILS(PWS_E_BUSY, pws_send_prepared(&used->ws, "\x81\x01x", 3, 0));
    FAILS(PWS_E_BUSY, pws_lend_transmit(&used->ws, NULL, 0));
    FAILS(PWS_E_BUSY, pws_lend_transmit(&used->ws, misused.transmit, TRANSMIT));
    CHECK(memcmp(data, "data", 5) == 0);
    misuse_everything(AT_OPEN);
    pull(&plain, "", 0);
    pull(&misused, "", 0);
    CHECK(!pws_borrows(&misused.ws));
    go_on(&plain, AT_OPEN);
    go_on(&misused, AT_OPEN);
    CHECK(same_outcome());
}

static void test_no_transmit(void) {
    check_case("a client without a transmit half: PWS_E_SPACE, nothing changed");
    reach(&plain, PWS_CLIENT, AT_OPEN);
    reach(&misused, PWS_CLIENT, AT_OPEN);
    used = &misused;
    CHECK(pws_lend_transmit(&misused.ws, NULL, 0) == PWS_OK);
    FAILS(PWS_E_SPACE, pws_send(&used->ws, PWS_TEXT, "data", 4));
    FAILS(PWS_E_SPACE, pws_send(&used->ws, PWS_PING, NULL, 0));
    FAILS(PWS_E_SPACE, pws_close(&used->ws, 1000, pws_cstr("reason")));
    misuse_everything(AT_OPEN);
    CHECK(pws_lend_transmit(&misused.ws, misused.transmit, TRANSMIT) == PWS_OK);
    go_on(&plain, AT_OPEN);
    go_on(&misused, AT_OPEN);
    CHECK(same_outcome());
}

static void test_unfinished(void) {
    static const uint8_t part[] = {0x01, 0x04, 'p', 'a'};

    check_case("while a message is being received, its memory is in use");
    reach(&plain, PWS_CLIENT, AT_OPEN);
    reach(&misused, PWS_CLIENT, AT_OPEN);
    used = &misused;
    pull(&plain, part, sizeof part);
    pull(&misused, part, sizeof part);
    FAILS(PWS_E_BUSY, pws_lend_receive(&used->ws, NULL, 0));
    FAILS(PWS_E_BUSY, pws_lend_receive(&used->ws, misused.receive, sizeof misused.receive));
    pull(&plain, "rt\x80\x00", 4);
    pull(&misused, "rt\x80\x00", 4);
    CHECK(pws_lend_receive(&misused.ws, NULL, 0) == PWS_OK);
    CHECK(pws_lend_receive(&misused.ws, misused.receive, sizeof misused.receive) == PWS_OK);
    go_on(&plain, AT_OPEN);
    go_on(&misused, AT_OPEN);
    CHECK(same_outcome());
}

static void test_empty_pong(void) {
    struct fixture *f = &misused;
    pws_bytes in = {f->receive, 6};
    pws_event ev;

    check_case("a Pong without a payload, while held, keeps no memory in use");
    reach(f, PWS_SERVER, AT_OPEN);
    CHECK(pws_lend_receive(&f->ws, NULL, 0) == PWS_OK);
    pws_hold(&f->ws, 1);
    memcpy(f->receive, "\x89\x80\0\0\0\0", 6); /* read where the receive half comes to lie */
    CHECK(pws_next(&f->ws, &in, &ev) == 1 && ev.kind == PWS_PING && in.len == 0);
    CHECK(!pws_borrows(&f->ws));
    CHECK(pws_lend_receive(&f->ws, f->receive, sizeof f->receive) == PWS_OK);
    CHECK(pws_lend_receive(&f->ws, NULL, 0) == PWS_OK);
    CHECK(pws_lend_receive(&f->ws, f->receive, sizeof f->receive) == PWS_OK);
    pws_hold(&f->ws, 0);
    go_on(f, AT_OPEN);
}

static int32_t begin_with(const pws_config *config, void *work, size_t size, int start) {
    pws_agreed agreed;

    memset(&agreed, 0, sizeof agreed);
    agreed.random = &used->random;
    return start ? pws_start(&used->ws, config, work, size, &agreed)
                 : pws_init(&used->ws, config, work, size);
}

static void misuse_config(int start) {
    static uint8_t work[PWS_WORK_SIZE(1000)];
    pws_config config;
    size_t i;

    memset(&config, 0, sizeof config);
    config.role = PWS_SERVER;
    config.max_message = 1000;
    CHECK(pws_work_size(&config) == sizeof work);
    FAILS(PWS_E_SPACE, begin_with(&config, work, sizeof work - 1, start));
    FAILS(PWS_E_SPACE, begin_with(&config, work, 1, start));
    FAILS(PWS_E_ARG, begin_with(&config, work, 0, start));
    FAILS(PWS_E_ARG, begin_with(&config, NULL, sizeof work, start));
    FAILS(PWS_E_ARG, begin_with(NULL, NULL, 0, start));

#define BAD_CONFIG(set, reset)                                                                     \
    do {                                                                                           \
        set;                                                                                       \
        FAILS(PWS_E_ARG, begin_with(&config, work, sizeof work, start));                           \
        FAILS(PWS_E_ARG, begin_with(&config, NULL, 0, start));                                     \
        CHECK(pws_work_size(&config) == 0 && pws_receive_size(&config) == 0);                      \
        reset;                                                                                     \
    } while (0)

    BAD_CONFIG(config.role = 0, config.role = PWS_SERVER);
    BAD_CONFIG(config.role = 3, config.role = PWS_SERVER);
    BAD_CONFIG(config.flags = 8, config.flags = 0);
    BAD_CONFIG(config.flags = 0x80000001u, config.flags = 0);
    BAD_CONFIG(config.max_head = 1, config.max_head = 0);
    BAD_CONFIG(config.max_head = 63, config.max_head = 0);
    BAD_CONFIG(config.max_head = 0x1000001, config.max_head = 0);
    BAD_CONFIG(config.cpu = 0x80000000, config.cpu = 0);
    if (HAS_DEFLATE) {
        BAD_CONFIG(config.deflate.server_max_window_bits = 7,
                   config.deflate.server_max_window_bits = 0);
        BAD_CONFIG(config.deflate.client_max_window_bits = 16,
                   config.deflate.client_max_window_bits = 0);
        BAD_CONFIG(config.deflate.reserved[1] = 1, config.deflate.reserved[1] = 0);
    }
    for (i = 0; i < sizeof config.reserved / sizeof config.reserved[0]; i++)
        BAD_CONFIG(config.reserved[i] = 1, config.reserved[i] = 0);
    CHECK(pws_work_size(NULL) == 0 && pws_receive_size(NULL) == 0);
    config.max_message = UINT64_MAX;
    CHECK(pws_work_size(&config) == SIZE_MAX && pws_receive_size(&config) == SIZE_MAX);
    FAILS(PWS_E_SPACE, begin_with(&config, work, sizeof work, start));
}

static void test_begin(void) {
    pws_config config;
    pws_agreed agreed;
    pws_random unseeded;
    size_t i;

    check_case("pws_init: named errors, nothing changed");
    reach(&misused, PWS_SERVER, AT_OPEN);
    used = &misused;
    misuse_config(0);
    FAILS(PWS_E_ARG, pws_init(NULL, &used->config, NULL, 0));

    check_case("pws_start: named errors, nothing changed");
    misuse_config(1);
    memset(&config, 0, sizeof config);
    memset(&agreed, 0, sizeof agreed);
    memset(&unseeded, 0, sizeof unseeded);
    config.role = PWS_CLIENT;
    FAILS(PWS_E_ARG, pws_start(&used->ws, &config, NULL, 0, NULL));
    FAILS(PWS_E_ARG, pws_start(&used->ws, &config, NULL, 0, &agreed));
    agreed.random = &unseeded;
    FAILS(PWS_E_STATE, pws_start(&used->ws, &config, NULL, 0, &agreed));
    agreed.random = &used->random;
    FAILS(PWS_E_ARG, pws_start(NULL, &config, NULL, 0, &agreed));
    for (i = 0; i < sizeof agreed.reserved / sizeof agreed.reserved[0]; i++) {
        agreed.reserved[i] = 1;
        FAILS(PWS_E_ARG, pws_start(&used->ws, &config, NULL, 0, &agreed));
        agreed.reserved[i] = 0;
    }
}

static void test_frame_write(void) {
    static const uint32_t wrong[] = {3, 7, PWS_CLOSE, 11, PWS_WRITE, PWS_TEXT | PWS_LAST, 0x1000};
    uint8_t buffer[140], before[140];
    uint8_t data[126];
    size_t written = 77, i;

    check_case("pws_frame_write: named errors, nothing written");
    memset(buffer, 0x5A, sizeof buffer);
    memset(before, 0x5A, sizeof before);
    memset(data, 'x', sizeof data);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(pws_frame_write(buffer, 140, &written, wrong[i], NULL, data, 1) == PWS_E_ARG);
    CHECK(pws_frame_write(NULL, 140, &written, PWS_TEXT, NULL, data, 1) == PWS_E_ARG);
    CHECK(pws_frame_write(buffer, 140, NULL, PWS_TEXT, NULL, data, 1) == PWS_E_ARG);
    CHECK(pws_frame_write(buffer, 140, &written, PWS_TEXT, NULL, NULL, 1) == PWS_E_ARG);
    CHECK(pws_frame_write(buffer, 140, &written, PWS_PING, NULL, data, 126) == PWS_E_CONTROL);
    CHECK(pws_frame_write(buffer, 140, &written, PWS_PONG | PWS_MORE, NULL, data, 1) ==
          PWS_E_CONTROL);
    CHECK(pws_frame_write(buffer, 2, &written, PWS_TEXT, NULL, data, 1) == PWS_E_SPACE);
    CHECK(pws_frame_write(buffer, 129, &written, PWS_TEXT, NULL, data, 126) == PWS_E_SPACE);
    CHECK(pws_frame_write(buffer, 6, &written, PWS_TEXT, data, data, 1) == PWS_E_SPACE);
    CHECK(pws_frame_write(buffer, 0, &written, PWS_TEXT, NULL, NULL, 0) == PWS_E_SPACE);
    CHECK(pws_frame_write(buffer, 140, &written, PWS_BINARY, NULL, data, SIZE_MAX) == PWS_E_SPACE);
    CHECK(written == 77 && memcmp(buffer, before, sizeof buffer) == 0);
    CHECK(pws_frame_size(SIZE_MAX, 0) == SIZE_MAX && pws_frame_size(SIZE_MAX - 13, 1) == SIZE_MAX);
    CHECK(pws_frame_size(SIZE_MAX - 14, 1) == SIZE_MAX);
}

static void test_random(void) {
    static const uint8_t seed[32] = "seed";
    pws_random random, before;
    uint8_t bytes[4] = "abc";

    check_case("pws_random: named errors, nothing changed");
    memset(&random, 0, sizeof random);
    before = random;
    CHECK(pws_random_bytes(&random, bytes, 4) == PWS_E_STATE);
    CHECK(pws_random_bytes(NULL, bytes, 4) == PWS_E_ARG);
    CHECK(pws_random_seed(NULL, seed) == PWS_E_ARG);
    CHECK(pws_random_seed(&random, NULL) == PWS_E_ARG);
    CHECK(memcmp(&random, &before, sizeof random) == 0);
    CHECK(pws_random_seed(&random, seed) == PWS_OK);
    before = random;
    CHECK(pws_random_bytes(&random, NULL, 4) == PWS_E_ARG);
    CHECK(memcmp(&random, &before, sizeof random) == 0 && memcmp(bytes, "abc", 4) == 0);
}

static void test_texts(void) {
    const pws_str fields = pws_cstr("Cookie: a=b\r\n"), missing = text_of(NULL, 3);
    pws_str value = pws_cstr("untouched"), rest = fields;
    pws_header header;
    pws_list list;
    pws_url url, before;
    char buffer[8] = "before";
    size_t length = 77;

    check_case("header lines, cookies, queries, URLs: NULL and too small, nothing changed");
    CHECK(pws_header_next(NULL, &header) == 0 && pws_header_next(&rest, NULL) == 0);
    CHECK(rest.ptr == fields.ptr && rest.len == fields.len);
    rest = missing;
    CHECK(pws_header_next(&rest, &header) == 0);
    CHECK(pws_header_find(fields, NULL, &value) == 0);
    CHECK(pws_header_find(fields, "Cookie", NULL) == 0);
    CHECK(pws_header_find(missing, "Cookie", &value) == 0);
    CHECK(pws_cookie(fields, NULL, &value) == 0 && pws_cookie(fields, "a", NULL) == 0);
    CHECK(pws_cookie(missing, "a", &value) == 0);
    list = pws_list_of(fields, NULL);
    CHECK(pws_list_next(&list, &value) == 0);
    list = pws_list_of(missing, "Cookie");
    CHECK(pws_list_next(&list, &value) == 0);
    CHECK(pws_list_next(NULL, &value) == 0 && pws_list_next(&list, NULL) == 0);
    CHECK(value.len == 9);

    CHECK(pws_query(missing, "a", buffer, 8, &length) == PWS_E_ARG);
    CHECK(pws_query(pws_cstr("/?a=b"), NULL, buffer, 8, &length) == PWS_E_ARG);
    CHECK(pws_query(pws_cstr("/?a=b"), "a", NULL, 8, &length) == PWS_E_ARG);
    CHECK(pws_query(pws_cstr("/?a=b"), "a", buffer, 8, NULL) == PWS_E_ARG);
    CHECK(pws_query(pws_cstr("/?a=b"), "b", buffer, 8, &length) == PWS_E_STATE);
    CHECK(pws_query(pws_cstr("/?a=123456789"), "a", buffer, 8, &length) == PWS_E_SPACE);
    CHECK(pws_query(pws_cstr("/?a=%2"), "a", buffer, 8, &length) == PWS_E_URL);
    CHECK(length == 77 && memcmp(buffer, "before", 7) == 0);

    memset(&url, 0x5A, sizeof url);
    before = url;
    CHECK(pws_url_parse(missing, &url) == PWS_E_ARG);
    CHECK(pws_url_parse(pws_cstr("ws://h"), NULL) == PWS_E_ARG);
    CHECK(pws_url_parse(pws_cstr("http://h"), &url) == PWS_E_URL);
    CHECK(pws_url_parse(pws_cstr("ws://h:0"), &url) == PWS_E_URL);
    CHECK(pws_url_parse(pws_cstr(NULL), &url) == PWS_E_URL);
    CHECK(memcmp(&url, &before, sizeof url) == 0);
}

static void test_elsewhere(void) {
    const pws_str key = pws_cstr("dGhlIHNhbXBsZSBub25jZQ==");
    pws_str protocol = pws_cstr("untouched");
    pws_deflate_params deflate, untouched;
    pws_config config;
    pws_head head;
    pws_header broken;
    char accept[28] = "before", text[PWS_DEFLATE_TEXT] = "before";
    size_t length = 77;

    check_case("handshakes done elsewhere: named errors, nothing changed");
    memset(&config, 0, sizeof config);
    memset(&head, 0, sizeof head);
    memset(&deflate, 0x5A, sizeof deflate);
    untouched = deflate;
    config.role = PWS_SERVER;
    broken.name = text_of(NULL, 3);
    broken.value = pws_cstr("value");
    CHECK(pws_check_request(NULL, &head, NULL, 0, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_request(&config, NULL, NULL, 0, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_request(&config, &head, NULL, 1, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_request(&config, &head, &broken, 1, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_request(&config, &head, NULL, 0, &protocol, &deflate) == PWS_E_METHOD);
    config.role = PWS_CLIENT;
    CHECK(pws_check_response(NULL, &head, NULL, 0, key, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_response(&config, NULL, NULL, 0, key, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_response(&config, &head, NULL, 1, key, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_response(&config, &head, &broken, 1, key, &protocol, &deflate) == PWS_E_ARG);
    CHECK(pws_check_response(&config, &head, NULL, 0, text_of(NULL, 24), &protocol, &deflate) ==
          PWS_E_ARG);
    CHECK(pws_check_response(&config, &head, NULL, 0, key, &protocol, &deflate) == PWS_E_STATUS);
    CHECK(protocol.len == 9 && memcmp(&deflate, &untouched, sizeof deflate) == 0);

    CHECK(pws_deflate_offer(NULL, text, sizeof text, &length) == PWS_E_ARG);
    CHECK(pws_deflate_offer(&config, NULL, sizeof text, &length) == PWS_E_ARG);
    CHECK(pws_deflate_offer(&config, text, sizeof text, NULL) == PWS_E_ARG);
    CHECK(pws_deflate_answer(NULL, text, sizeof text, &length) == PWS_E_ARG);
    CHECK(pws_deflate_answer(&deflate, NULL, sizeof text, &length) == PWS_E_ARG);
    CHECK(pws_deflate_answer(&deflate, text, sizeof text, NULL) == PWS_E_ARG);
    CHECK(!HAS_DEFLATE || pws_deflate_answer(&deflate, text, 17, &length) == PWS_E_SPACE);
    CHECK(length == 77 && memcmp(text, "before", 7) == 0);

    CHECK(pws_accept_key(NULL, key) == PWS_E_ARG);
    CHECK(pws_accept_key(accept, pws_cstr(NULL)) == PWS_E_KEY);
    CHECK(pws_accept_key(accept, text_of(key.ptr, 23)) == PWS_E_KEY);
    CHECK(pws_accept_key(accept, pws_cstr("dGhlIHNhbXBsZSBub25jZQ=!")) == PWS_E_KEY);
    CHECK(memcmp(accept, "before", 7) == 0);
}

static void test_names(void) {
    static const int32_t numbers[] = {-1, 7, 9, 11, 19, 36, 39, 53, 1000, INT32_MAX, INT32_MIN};
    size_t i;

    check_case("numbers that are no error or kind have a text all the same");
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHECK(pws_strerror(numbers[i]) != NULL && pws_strerror(numbers[i])[0] != '\0');
        CHECK(strlen(pws_strerror(numbers[i])) <= 123);
    }
    CHECK(strcmp(pws_kind_name(7), "?") == 0 && strcmp(pws_kind_name(0xFFFFFFFF), "?") == 0);
    CHECK(pws_cstr(NULL).ptr == NULL && pws_cstr(NULL).len == 0);
    CHECK(pws_utf8_valid(NULL, 0) == 1);
}

int main(void) {
    int place;

    for (place = 0; place < PLACES; place++) {
        test_place(PWS_SERVER, (enum place)place);
        test_place(PWS_CLIENT, (enum place)place);
    }
    test_connect();
    test_accept();
    test_reject();
    test_fragments(PWS_SERVER);
    test_fragments(PWS_CLIENT);
    test_busy(PWS_SERVER);
    test_busy(PWS_CLIENT);
    test_no_transmit();
    test_unfinished();
    test_empty_pong();
    test_begin();
    test_frame_write();
    test_random();
    test_texts();
    test_elsewhere();
    test_names();
    return check_end();
}
