/* What the machine can do, for `make bench-load`: an echo that knows the frames of that benchmark
 * alone. It checks nothing, takes each frame for a whole binary message of at most 65535 bytes,
 * knows no control frames, and waits for whoever takes its output slowly. Not a server. */
#define _GNU_SOURCE
#include <poll.h>

#include "server.h"

struct connection {
    int fd;
    size_t length; /* bytes of an unfinished frame */
    uint8_t input[READ_BYTES];
};

static uint8_t output[READ_BYTES];

static struct connection *connection_new(int fd) {
    struct connection *c = malloc(sizeof *c);

    if (c == NULL)
        exit(1);
    c->fd = fd;
    c->length = 0;
    return c;
}

static void connection_end(struct connection *c) {
    close(c->fd);
    free(c);
}

/* dst[i] = src[i] ^ key[i % 4]. The compiler makes vectors of it. */
static void unmask(uint8_t *restrict dst, const uint8_t *restrict src, size_t length,
                   const uint8_t *key) {
    uint64_t word, mask;
    uint32_t half;
    size_t i;

    memcpy(&half, key, 4);
    mask = (uint64_t)half << 32 | half;
    for (i = 0; i + 8 <= length; i += 8) {
        memcpy(&word, src + i, 8);
        word ^= mask;
        memcpy(dst + i, &word, 8);
    }
    for (; i < length; i++)
        dst[i] = src[i] ^ key[i % 4];
}

/* Puts the echoes of whole frames into the output. Returns its length; *taken becomes that of the
 * frames. */
static size_t echo(const uint8_t *input, size_t length, size_t *taken) {
    uint8_t *out = output;
    size_t at = 0;

    while (length - at >= 8) {
        const uint8_t *frame = input + at;
        size_t payload = frame[1] & 0x7F, head = 2;

        if (payload == 126) {
            payload = (size_t)frame[2] << 8 | frame[3];
            head = 4;
        }
        if (length - at < head + 4 + payload)
            break;
        memcpy(out, frame, 4);
        out[1] &= 0x7F;
        unmask(out + head, frame + head + 4, payload, frame + head);
        out += head + payload;
        at += head + 4 + payload;
    }
    *taken = at;
    return (size_t)(out - output);
}

static void send_all(int fd, size_t length) {
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    size_t sent = 0;

    while (sent < length) {
        ssize_t n = send(fd, output + sent, length - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (poll(&ready, 1, -1) < 0 || (ready.revents & (POLLERR | POLLHUP)) != 0)
            return;
    }
}

static int connection_ready(struct connection *c) {
    size_t room = sizeof c->input - c->length, taken;
    ssize_t n = recv(c->fd, c->input + c->length, room, 0);

    if (n < 0 && errno == EAGAIN)
        return READ_ALL;
    if (n <= 0)
        return READ_END;
    c->length += (size_t)n;
    send_all(c->fd, echo(c->input, c->length, &taken));
    c->length -= taken;
    memmove(c->input, c->input + taken, c->length);
    return (size_t)n == room ? READ_MORE : READ_ALL;
}

int main(void) {
    serve();
    return 0;
}
