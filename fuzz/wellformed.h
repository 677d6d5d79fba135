/* Checks what the library has sent, from the RFCs and without the library: HTTP heads (RFC 9112),
 * frames (RFC 6455 5.2, 5.4, 5.5), and compressed messages of stored blocks (RFC 7692 7.2.1). */
#ifndef WELLFORMED_H
#define WELLFORMED_H

#include "basics.h"

/* ---- Bytes that grow. Begin with zeros. ---- */

struct bytes {
    uint8_t *ptr;
    size_t length, capacity;
};

static void bytes_add(struct bytes *bytes, const void *data, size_t length) {
    if (bytes->capacity - bytes->length < length) {
        bytes->capacity = 2 * (bytes->length + length) + 64;
        bytes->ptr = (uint8_t *)realloc(bytes->ptr, bytes->capacity);
        require(bytes->ptr != NULL);
    }
    if (length != 0)
        memcpy(bytes->ptr + bytes->length, data, length);
    bytes->length += length;
}

static void bytes_add_number(struct bytes *bytes, uint64_t number) {
    uint8_t digits[8];
    int i;

    for (i = 0; i < 8; i++)
        digits[i] = (uint8_t)(number >> 8 * i);
    bytes_add(bytes, digits, sizeof digits);
}

/* A record: a number, then bytes behind their length. */
static void bytes_add_record(struct bytes *bytes, uint32_t number, const void *data,
                             size_t length) {
    bytes_add_number(bytes, number);
    bytes_add_number(bytes, length);
    bytes_add(bytes, data, length);
}

static int bytes_equal(const struct bytes *a, const struct bytes *b) {
    return a->length == b->length && (a->length == 0 || memcmp(a->ptr, b->ptr, a->length) == 0);
}

static void bytes_free(struct bytes *bytes) {
    free(bytes->ptr);
    memset(bytes, 0, sizeof *bytes);
}

/* ---- Output ---- */

/* What the output of a connection says. */
struct wire {
    uint32_t status;       /* of the server's answer; 0: none */
    struct bytes messages; /* records: TEXT, BINARY, PING as sent, messages joined */
    struct bytes pongs;    /* records: the payloads of all Pongs */
    uint64_t frames, pong_count;
    uint32_t close_code; /* 1005: Close without a code; 1006: no Close */
};

static int is_token_char(uint8_t c) {
    return c > ' ' && c < 0x7F && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

/* The length of the line at text, without CR LF. Neither may stand alone in it, nor any other
 * control character. */
static size_t line_length(const uint8_t *text, size_t length) {
    size_t i = 0;

    while (i < length && text[i] != '\r') {
        require(text[i] == '\t' || (text[i] >= ' ' && text[i] != 0x7F));
        i++;
    }
    require(length - i >= 2 && text[i + 1] == '\n');
    return i;
}

/* Checks a header line; notes what Content-Length says. */
static void check_field_line(const uint8_t *line, size_t length, long *content_length) {
    static const char name[] = "Content-Length: ";
    size_t colon = 0;

    while (colon < length && is_token_char(line[colon]))
        colon++;
    require(colon != 0 && length - colon >= 2 && line[colon] == ':' && line[colon + 1] == ' ');
    if (length >= sizeof name && memcmp(line, name, sizeof name - 1) == 0) {
        require(*content_length < 0); /* once */
        *content_length = strtol((const char *)line + sizeof name - 1, NULL, 10);
    }
}

/* Checks the head that a client (server == 0) or server sends first, and a body. Returns its
 * length. */
static size_t check_head(const uint8_t *out, size_t length, int server, struct wire *wire) {
    size_t line = line_length(out, length), at = line + 2;
    long content_length = -1;

    if (server) {
        require(line >= 13 && memcmp(out, "HTTP/1.1 ", 9) == 0 && out[12] == ' ');
        wire->status = (uint32_t)((out[9] - '0') * 100 + (out[10] - '0') * 10 + (out[11] - '0'));
    } else {
        require(line >= 14 && memcmp(out, "GET /", 5) == 0);
        require(memcmp(out + line - 9, " HTTP/1.1", 9) == 0);
        require(memchr(out + 4, ' ', line - 4) == out + line - 9);
    }
    while ((line = line_length(out + at, length - at)) != 0) {
        check_field_line(out + at, line, &content_length);
        at += line + 2;
    }
    at += 2;
    if (server && wire->status != 101) {
        require(wire->status >= 200 && wire->status <= 599 && content_length >= 0);
        /* the whole body, or none where it answers HEAD */
        require(length - at == (size_t)content_length || length == at);
        return length;
    }
    require(content_length < 0);
    return at;
}

static int close_code_ok(uint32_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static void check_close(const uint8_t *payload, size_t length, struct wire *wire) {
    wire->close_code = 1005;
    if (length == 0)
        return;
    require(length >= 2);
    wire->close_code = (uint32_t)payload[0] << 8 | payload[1];
    require(close_code_ok(wire->close_code));
    require(utf8_ok(payload + 2, length - 2));
}

/* Takes the header of a frame apart, with all its rules. Returns its length. */
static size_t check_frame_head(const uint8_t *out, size_t length, int server, size_t *payload,
                               uint8_t key[4]) {
    size_t at = 2, i;
    uint64_t announced;

    require(length >= 2);
    require((out[0] & 0x30) == 0);
    require((out[1] >> 7) == (server ? 0 : 1));
    announced = out[1] & 0x7F;
    if (announced >= 126) {
        size_t bytes = announced == 126 ? 2 : 8;

        require(length >= at + bytes);
        for (announced = 0, i = 0; i < bytes; i++)
            announced = announced << 8 | out[at++];
        require(announced > (bytes == 2 ? 125u : 0xFFFFu));
    }
    memset(key, 0, 4);
    if (!server) {
        require(length >= at + 4);
        memcpy(key, out + at, 4);
        at += 4;
    }
    require(announced <= length - at);
    *payload = (size_t)announced;
    return at;
}

/* Decompresses a message: its blocks are stored ones (RFC 1951 3.2.4), and the last is empty and
 * without its four bytes of length (RFC 7692 7.2.1). */
static void inflate_stored(struct bytes *message) {
    static const uint8_t tail[4] = {0x00, 0x00, 0xFF, 0xFF};
    struct bytes whole = {NULL, 0, 0};
    size_t at = 0;

    bytes_add(message, tail, sizeof tail);
    while (at < message->length) {
        const uint8_t *head = message->ptr + at;
        size_t size;

        require(message->length - at >= 5 && head[0] == 0);
        size = head[1] | (size_t)head[2] << 8;
        require((size ^ 0xFFFF) == (head[3] | (size_t)head[4] << 8));
        require(message->length - at - 5 >= size);
        bytes_add(&whole, head + 5, size);
        at += 5 + size;
    }
    bytes_free(message);
    *message = whole;
}

/* Checks frames from the first byte to the last. Nothing but Pongs may follow a Close. */
static void check_frames(const uint8_t *out, size_t length, int server, int deflate,
                         struct wire *wire) {
    struct bytes message = {NULL, 0, 0};
    uint8_t opcode, in_message = 0, compressed = 0, key[4];
    size_t at = 0, size, i;
    int closed = 0;

    while (at < length) {
        uint8_t first = out[at];
        uint8_t *payload;

        require(!closed || (first & 0x0F) == 10);
        at += check_frame_head(out + at, length - at, server, &size, key);
        payload = exact_copy(out + at, size);
        for (i = 0; i < size; i++)
            payload[i] ^= key[i % 4];
        at += size;
        opcode = first & 0x0F;
        wire->frames++;
        wire->pong_count += opcode == 10;
        /* RFC 7692 6: on the first frame of a message */
        require((first & 0x40) == 0 || (deflate && (opcode == 1 || opcode == 2)));
        if (opcode >= 8) {
            require((first & 0x80) != 0 && size <= 125 && opcode <= 10);
            if (opcode == 8) {
                check_close(payload, size, wire);
                closed = 1;
            } else {
                bytes_add_record(opcode == 9 ? &wire->messages : &wire->pongs, opcode, payload,
                                 size);
            }
        } else {
            require(opcode <= 2 && (opcode == 0) == (in_message != 0));
            if (opcode != 0) {
                in_message = opcode;
                compressed = first & 0x40;
            }
            bytes_add(&message, payload, size);
            if ((first & 0x80) != 0) {
                if (compressed)
                    inflate_stored(&message);
                require(in_message != 1 || utf8_ok(message.ptr, message.length));
                bytes_add_record(&wire->messages, in_message, message.ptr, message.length);
                message.length = 0;
                in_message = 0;
            }
        }
        free(payload);
    }
    bytes_free(&message);
}

/* Checks all the output of a connection. handshake: 0 if it began with pws_start; deflate: 1 if
 * permessage-deflate has been agreed on. Free wire's bytes. */
static void check_output(const struct bytes *out, int server, int handshake, int deflate,
                         struct wire *wire) {
    size_t at = 0;

    memset(wire, 0, sizeof *wire);
    wire->close_code = 1006;
    if (out->length == 0)
        return;
    if (handshake)
        at = check_head(out->ptr, out->length, server, wire);
    check_frames(out->ptr + at, out->length - at, server, deflate, wire);
}

#endif
