/* Makes the worst inputs: what costs most for its bytes, or would cost more for each byte the more
 * there are, if something were read again and again. */
#include "worst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WHOLE = 65536, /* bytes of a read that is not to be small */
    PING = 8       /* bytes of its payload */
};

static void die(void) {
    perror("worst");
    exit(2);
}

static void *allocate(size_t length) {
    void *memory = malloc(length);

    if (memory == NULL)
        die();
    return memory;
}

/* ---- Frames ---- */

static void put(struct input *input, const void *bytes, size_t length) {
    memcpy(input->bytes + input->length, bytes, length);
    input->length += length;
}

/* A masked frame (RFC 6455 5.2); each has another key. */
static void put_frame(struct input *input, uint8_t first, const uint8_t *payload, size_t length) {
    uint8_t head[14] = {0}, *end = head + 2, key[4];
    size_t extended = length > 65535 ? 8 : length > 125 ? 2 : 0, i;

    head[0] = first;
    head[1] = (uint8_t)(0x80 | (extended == 8 ? 127 : extended == 2 ? 126 : length));
    for (i = extended; i > 0; i--)
        *end++ = (uint8_t)((uint64_t)length >> 8 * (i - 1));
    for (i = 0; i < 4; i++)
        *end++ = key[i] = (uint8_t)(input->length * 2654435761u >> 8 * i);
    put(input, head, (size_t)(end - head));
    for (i = 0; i < length; i++)
        input->bytes[input->length + i] = (uint8_t)(payload[i] ^ key[i % 4]);
    input->length += length;
}

/* A text whose characters have one to four bytes. */
static void make_message(struct input *input, size_t length) {
    static const char text[] = "aß€\xF0\x9F\x98\x80";
    size_t i, whole = length / (sizeof text - 1) * (sizeof text - 1);

    input->message = (uint8_t *)allocate(length);
    input->message_length = length;
    for (i = 0; i < whole; i++)
        input->message[i] = (uint8_t)text[i % (sizeof text - 1)];
    memset(input->message + whole, '.', length - whole);
}

/* The first byte of the frame at an index of a message's frames. */
static uint8_t first_byte(size_t index, size_t frames) {
    return (uint8_t)((index == 0 ? 1 : 0) | (index + 1 == frames ? 0x80 : 0));
}

static void make_small_frames(struct input *input, size_t length) {
    size_t i;

    make_message(input, length);
    input->bytes = (uint8_t *)allocate(7 * length);
    for (i = 0; i < length; i++)
        put_frame(input, first_byte(i, length), input->message + i, 1);
}

static void make_one_frame(struct input *input, size_t length) {
    make_message(input, length);
    input->bytes = (uint8_t *)allocate(length + 14);
    put_frame(input, 0x81, input->message, length);
}

/* So many continuations with nothing in them, between two frames that have something. */
static void make_empty_frames(struct input *input, size_t frames) {
    size_t i;

    make_message(input, 2);
    input->bytes = (uint8_t *)allocate(6 * frames + 14);
    put_frame(input, first_byte(0, frames + 2), input->message, 1);
    for (i = 0; i < frames; i++)
        put_frame(input, first_byte(i + 1, frames + 2), NULL, 0);
    put_frame(input, first_byte(frames + 1, frames + 2), input->message + 1, 1);
}

/* Its payload is its number. */
static void put_ping(struct input *input) {
    uint8_t payload[PING];
    size_t i;

    for (i = 0; i < PING; i++)
        payload[i] = (uint8_t)((uint64_t)input->pings >> 8 * (PING - 1 - i));
    put_frame(input, 0x89, payload, PING);
    input->pings++;
}

static void make_pings(struct input *input, size_t length) {
    size_t i;

    make_message(input, length);
    input->bytes = (uint8_t *)allocate((7 + 6 + PING) * length);
    for (i = 0; i < length; i++) {
        put_frame(input, first_byte(i, length), input->message + i, 1);
        if (i + 1 < length)
            put_ping(input);
    }
}

/* ---- Requests ---- */

static void put_text(struct input *input, const char *text) {
    put(input, text, strlen(text));
}

/* A request of a length, or a little less: behind what every one has stands `once`, `again` as
 * often as there is room, and `end`. */
static void make_request(struct input *input, size_t length, const char *once, const char *again,
                         const char *end) {
    input->is_request = 1;
    input->bytes = (uint8_t *)allocate(length);
    put_text(input, "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Version: 13\r\n");
    put_text(input, once);
    while (length - input->length >= strlen(again) + strlen(end))
        put_text(input, again);
    put_text(input, end);
}

#define LAST "\r\n" WORST_LAST_NAME ": " WORST_LAST_VALUE "\r\n\r\n"

static void make_long_line(struct input *input, size_t length) {
    make_request(input, length, "Cookie: a=", "b", LAST);
}

static void make_many_lines(struct input *input, size_t length) {
    make_request(input, length, "a:", "\r\na:", LAST);
}

static void make_protocols(struct input *input, size_t length) {
    make_request(input, length, "Sec-WebSocket-Protocol: ", "v,", WORST_PROTOCOL LAST);
    input->offers_protocols = 1;
}

static void make_extensions(struct input *input, size_t length) {
    make_request(input, length, "Sec-WebSocket-Extensions: ", "x;y=\"z\",", "x" LAST);
    input->offers_extensions = 1;
}

/* ---- All ---- */

struct kind {
    const char *name;
    void (*make)(struct input *input, size_t size);
    size_t small, large; /* bytes of the message or of the request, or frames */
    size_t read;
};

static const struct kind kinds[WORST_INPUTS] = {
    {"1-byte frames", make_small_frames, 16384, 131072, WHOLE},
    {"1-byte reads", make_one_frame, 16384, 131072, 1},
    {"1-byte frames in 1-byte reads", make_small_frames, 8192, 65536, 1},
    {"empty continuations", make_empty_frames, 12500, 100000, WHOLE},
    {"pings between fragments", make_pings, 8192, 65536, WHOLE},
    {"head of one line in 1-byte reads", make_long_line, WORST_HEAD / 8, WORST_HEAD, 1},
    {"head of many lines in 1-byte reads", make_many_lines, WORST_HEAD / 8, WORST_HEAD, 1},
    {"subprotocols offered", make_protocols, WORST_HEAD / 8, WORST_HEAD, WHOLE},
    {"extensions offered", make_extensions, WORST_HEAD / 8, WORST_HEAD, WHOLE}};

void worst_make(struct input *input, int kind, int large) {
    memset(input, 0, sizeof *input);
    input->name = kinds[kind].name;
    input->read = kinds[kind].read;
    kinds[kind].make(input, large ? kinds[kind].large : kinds[kind].small);
}

void worst_free(struct input *input) {
    free(input->bytes);
    free(input->message);
}
