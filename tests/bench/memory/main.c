/* What an idle connection takes in memory. Holds N server connections of one library in this
 * process: each is opened, then each receives a message of 1 KiB and sends it back, so that what a
 * library keeps after use shows. Every byte that comes back is compared. The network is left out.
 *
 *     memory LIBRARY N
 *
 * Prints one line: the library, N, bytes a connection when all are open, bytes a connection after
 * the messages, resident MiB of the process. These bytes are all that malloc has given out, and
 * what it takes for its own headers (mallinfo2), divided by N: what all connections share is in
 * them. Or, where N is out of reach: the library, N, "-" and the reason.
 *
 * Exit status 1 if a connection did not do as it should. */
#define _GNU_SOURCE
#include "memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#include "../proc.h"
#include "../wire.h"

#if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 33)
#error "bench-memory asks glibc 2.33 or later how much it has given out (mallinfo2)"
#endif

enum {
    MESSAGE = 1024, /* bytes */
    SAMPLE = 1000   /* connections after which it is known what all will take */
};

/* No connections of any library are worth more of a machine that others use, too. */
static const double most_bytes = 6.0 * (1 << 30);

static const char request[] = "GET /feed?channel=1 HTTP/1.1\r\n"
                              "Host: example.com\r\n"
                              "Origin: https://example.com\r\n"
                              "Connection: Upgrade\r\n"
                              "Upgrade: websocket\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Extensions: permessage-deflate; "
                              "client_no_context_takeover; server_no_context_takeover\r\n"
                              "\r\n";
static const char accepted[] = "HTTP/1.1 101 Switching Protocols\r\n";
static const char accept_key[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static const struct peer *peer;
static size_t count;
static uint8_t message[MESSAGE];
static uint8_t frame[MESSAGE + 16]; /* with which it is received */
static size_t frame_length;
static uint8_t answer[MESSAGE + 16]; /* the first frame that came back */
static size_t answer_length;

/* ---- Memory ---- */

void *memory_handles(size_t handles, size_t size) {
    void *memory =
        mmap(NULL, handles * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("memory");
        exit(2);
    }
    return memory;
}

static size_t allocated(void) {
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* Stops where all connections would take too much, as the first show. */
static void stop_if_too_much(size_t before, size_t done) {
    double each = ((double)allocated() - (double)before) / (double)done;
    double needed = (double)before + each * (double)count;
    double available = (double)allocated() + (double)proc_bytes("/proc/meminfo", "MemAvailable:");

    if (needed <= most_bytes && needed <= available)
        return;
    printf("%s %zu - would take %.1f GiB or more; this stops at %.1f GiB\n", peer->name, count,
           needed / (1 << 30), (available < most_bytes ? available : most_bytes) / (1 << 30));
    exit(0);
}

/* ---- What passes over a connection ---- */

/* A text that compresses as messages do. */
static void make_message(void) {
    static const char text[] = "{\"channel\":\"trades\",\"symbol\":\"BTC-EUR\",\"price\":%u,"
                               "\"amount\":%u,\"side\":\"buy\"},\n";
    uint32_t random = 12345;
    size_t length = 0;
    char line[128];

    while (length < MESSAGE) {
        size_t n;
        random = random * 1664525u + 1013904223u;
        n = (size_t)snprintf(line, sizeof line, text, random >> 12, random >> 20);
        if (n > MESSAGE - length)
            n = MESSAGE - length;
        memcpy(message + length, line, n);
        length += n;
    }
}

/* The masked frame. What is compressed is one stored block, without the four bytes at the end of
 * an empty one (RFC 7692 7.2.1). */
static void make_frame(void) {
    static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    static const uint8_t block[5] = {0, MESSAGE & 0xFF, MESSAGE >> 8, 0xFF & ~MESSAGE,
                                     0xFF & ~(MESSAGE >> 8)};
    uint8_t *payload = frame + 8;
    size_t length = 0, i;

    if (peer->deflates) {
        memcpy(payload, block, sizeof block);
        length = sizeof block;
    }
    memcpy(payload + length, message, MESSAGE);
    length += MESSAGE;
    if (peer->deflates)
        payload[length++] = 0;
    for (i = 0; i < length; i++)
        payload[i] = (uint8_t)(payload[i] ^ key[i % 4]);
    frame[0] = peer->deflates ? 0xC1 : 0x81;
    frame[1] = 0x80 | 126;
    frame[2] = (uint8_t)(length >> 8);
    frame[3] = (uint8_t)length;
    memcpy(frame + 4, key, 4);
    frame_length = 8 + length;
}

static int has(const char *text) {
    return memmem(wire.output, wire.output_length, text, strlen(text)) != NULL;
}

static int is_opened(void) {
    if (!peer->shakes_hands)
        return wire.output_length == 0;
    return wire.output_length > sizeof accepted &&
           memcmp(wire.output, accepted, sizeof accepted - 1) == 0 && has(accept_key) &&
           has("permessage-deflate") == peer->deflates;
}

/* Whether a payload decompresses to the message. */
static int inflates(const uint8_t *payload, size_t length) {
    static const uint8_t end[4] = {0, 0, 0xFF, 0xFF};
    static uint8_t in[sizeof answer + sizeof end], out[MESSAGE + 1];
    z_stream z;
    int status;

    memcpy(in, payload, length);
    memcpy(in + length, end, sizeof end);
    memset(&z, 0, sizeof z);
    if (inflateInit2(&z, -15) != Z_OK)
        return 0;
    z.next_in = in;
    z.avail_in = (uInt)(length + sizeof end);
    z.next_out = out;
    z.avail_out = sizeof out;
    status = inflate(&z, Z_SYNC_FLUSH);
    inflateEnd(&z);
    return status == Z_OK && z.avail_in == 0 && z.total_out == MESSAGE &&
           memcmp(out, message, MESSAGE) == 0;
}

/* Whether the answer is the message in one frame, compressed or not. */
static int is_message(void) {
    size_t head = wire.output_length > 1 && wire.output[1] == 126 ? 4 : 2, length;

    if (wire.output_length < head || wire.output_length > sizeof answer)
        return 0;
    length = head == 4 ? (size_t)(wire.output[2] << 8 | wire.output[3]) : wire.output[1];
    if (length != wire.output_length - head || wire.output[0] != (peer->deflates ? 0xC1 : 0x81))
        return 0;
    if (peer->deflates)
        return inflates(wire.output + head, length);
    return length == MESSAGE && memcmp(wire.output + head, message, MESSAGE) == 0;
}

/* Without context takeover each answer has the same bytes: those of the first are looked into. */
static int is_answered(void) {
    if (answer_length == 0 && is_message()) {
        answer_length = wire.output_length;
        memcpy(answer, wire.output, answer_length);
    }
    return answer_length != 0 && wire.output_length == answer_length &&
           memcmp(wire.output, answer, answer_length) == 0;
}

/* ---- All connections ---- */

static int open_one(size_t i) {
    wire_give(request, sizeof request - 1, sizeof request);
    return peer->open(i) && is_opened();
}

static int echo_one(size_t i) {
    wire_give(frame, frame_length, sizeof frame);
    return peer->echo(i) && is_answered();
}

static void for_all(int (*one)(size_t), const char *what) {
    size_t before = allocated(), i;

    for (i = 0; i < count; i++) {
        if (!one(i)) {
            fprintf(stderr, "memory: %s: %s of connection %zu is wrong\n", peer->name, what, i);
            exit(1);
        }
        if (i + 1 == SAMPLE)
            stop_if_too_much(before, SAMPLE);
    }
}

static double each(size_t before) {
    return (double)(allocated() - before) / (double)count;
}

static void measure(void) {
    size_t before = allocated();
    const char *reason = peer->begin(count);
    double opened, used;

    if (reason != NULL) {
        printf("%s %zu - %s\n", peer->name, count, reason);
        return;
    }
    for_all(open_one, "the opening handshake");
    opened = each(before);
    for_all(echo_one, "the echo");
    used = each(before);
    printf("%s %zu %.2f %.2f %.1f\n", peer->name, count, opened, used,
           (double)proc_bytes("/proc/self/status", "VmRSS:") / (1 << 20));
}

int main(int argc, char **argv) {
    if (argc == 3)
        for (peer = peers; peer->name != NULL && strcmp(peer->name, argv[1]) != 0;)
            peer++;
    count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (count == 0 || count > 100000000 || peer->name == NULL) {
        fprintf(stderr, "usage: memory LIBRARY N      N connections, 1 to 100000000\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    make_message();
    make_frame();
    measure();
    return 0;
}
