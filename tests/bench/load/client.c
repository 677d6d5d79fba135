/* The load of `make bench-load`. See client.h. */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

enum {
    WIRE_BYTES = 262144, /* of frames, about */
    READ_BYTES = 131072, /* more than can be in flight */
    PATIENCE_MS = 10000, /* for an answer; only a server that has failed can reach it */
    WARM_UP = 4          /* of what is measured, a fourth goes before */
};

static const char request[] = "GET / HTTP/1.1\r\n"
                              "Host: localhost\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "\r\n";
/* What belongs to this key (RFC 6455 1.3). */
static const char accept_key[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/* ---- Frames ---- */

/* Writes the header of a binary frame (RFC 6455 5.2), without the masking key. Returns its size. */
static size_t head_write(uint8_t *out, size_t payload, uint8_t mask_bit) {
    out[0] = 0x82;
    if (payload <= 125) {
        out[1] = (uint8_t)(mask_bit | payload);
        return 2;
    }
    out[1] = mask_bit | 126;
    out[2] = (uint8_t)(payload >> 8);
    out[3] = (uint8_t)payload;
    return 4;
}

static void frame_make(uint8_t *frame, uint8_t *echo, size_t payload) {
    size_t head = head_write(frame, payload, 0x80), i;
    uint8_t *key = frame + head, *masked = key + 4;

    echo += head_write(echo, payload, 0);
    for (i = 0; i < payload; i++)
        masked[i] = echo[i] ^ key[i % 4];
}

/* The masking keys and payloads are what is in the memory already: random bytes. */
static int fill(uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t n = getrandom(bytes, length, 0);
        if (n <= 0)
            return 0;
        bytes += n;
        length -= (size_t)n;
    }
    return 1;
}

int wire_make(struct wire *wire, size_t payload) {
    size_t head = payload <= 125 ? 2 : 4, i;

    wire->payload = payload;
    wire->echo = head + payload;
    wire->frame = head + 4 + payload;
    wire->count = WIRE_BYTES / wire->frame;
    wire->frames = malloc((wire->count + MAX_IN_FLIGHT) * wire->frame);
    wire->echoes = malloc((wire->count + MAX_IN_FLIGHT) * wire->echo);
    if (wire->frames == NULL || wire->echoes == NULL ||
        !fill(wire->frames, wire->count * wire->frame) ||
        !fill(wire->echoes, wire->count * wire->echo)) {
        wire_free(wire);
        return 0;
    }
    for (i = 0; i < wire->count; i++)
        frame_make(wire->frames + i * wire->frame, wire->echoes + i * wire->echo, payload);
    memcpy(wire->frames + wire->count * wire->frame, wire->frames, MAX_IN_FLIGHT * wire->frame);
    memcpy(wire->echoes + wire->count * wire->echo, wire->echoes, MAX_IN_FLIGHT * wire->echo);
    return 1;
}

void wire_free(struct wire *wire) {
    free(wire->frames);
    free(wire->echoes);
    wire->frames = wire->echoes = NULL;
}

/* ---- Connections ---- */

struct connection {
    int fd;
    uint32_t watched;        /* what epoll waits for */
    size_t frame_at, unsent; /* bytes: where in the frames to go on, and how many are to be sent */
    size_t echo_at, owed;    /* bytes: where in the echoes to go on, and how many are to come */
};

struct client {
    const struct wire *wire;
    size_t window; /* bytes of echoes that may be owed */
    int epoll_fd;
    int ending;        /* nothing more is sent */
    const char *error; /* or NULL */
    uint64_t echoed;   /* bytes */
    size_t owed;       /* of all connections */
    struct connection connections[CONNECTIONS];
};

/* Asks for the handshake and takes its answer; nothing comes behind it before we send. */
static const char *shake_hands(int fd) {
    char answer[1024];
    size_t length = 0;

    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        return "the request could not be sent";
    do {
        ssize_t n = recv(fd, answer + length, sizeof answer - 1 - length, 0);
        if (n <= 0)
            return "no answer to the opening handshake";
        length += (size_t)n;
        answer[length] = '\0';
    } while (strstr(answer, "\r\n\r\n") == NULL);
    if (strncmp(answer, "HTTP/1.1 101 ", 13) != 0 || strstr(answer, accept_key) == NULL)
        return "the opening handshake was refused";
    return strstr(answer, "\r\n\r\n")[4] == '\0' ? NULL : "bytes that nothing was sent for";
}

static const char *connect_to(struct connection *c, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return "cannot connect";
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return shake_hands(c->fd);
}

static void watch(const struct client *client, struct connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    int operation = c->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (c->watched != events)
        epoll_ctl(client->epoll_fd, operation, c->fd, &event);
    c->watched = events;
}

/* Sends what is to be sent, as far as the socket takes it. */
static void flush(struct client *client, struct connection *c) {
    ssize_t n =
        send(c->fd, client->wire->frames + c->frame_at, c->unsent, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN)
        client->error = "the server has ended the connection";
    if (n > 0) {
        c->frame_at = (c->frame_at + (size_t)n) % (client->wire->count * client->wire->frame);
        c->unsent -= (size_t)n;
    }
    watch(client, c, EPOLLIN | (c->unsent > 0 ? EPOLLOUT : 0u));
}

/* Sends as many messages at once as have come back. */
static void refill(struct client *client, struct connection *c) {
    size_t count = (client->window - c->owed) / client->wire->echo;

    if (client->ending)
        count = 0;
    c->unsent += count * client->wire->frame;
    c->owed += count * client->wire->echo;
    client->owed += count * client->wire->echo;
    if (c->unsent > 0)
        flush(client, c);
}

/* Compares what has come. */
static void take(struct client *client, struct connection *c) {
    static uint8_t bytes[READ_BYTES];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        client->error = "the server has ended the connection";
    else if ((size_t)n > c->owed)
        client->error = "more came back than was sent";
    else if (memcmp(bytes, client->wire->echoes + c->echo_at, (size_t)n) != 0)
        client->error = "what came back is not what was sent";
    if (client->error != NULL)
        return;
    c->echo_at = (c->echo_at + (size_t)n) % (client->wire->count * client->wire->echo);
    c->owed -= (size_t)n;
    client->owed -= (size_t)n;
    client->echoed += (uint64_t)n;
}

/* ---- Measuring ---- */

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec time = {0, 0};

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Waits for sockets and sees to them. */
static void turn(struct client *client) {
    struct epoll_event events[CONNECTIONS];
    int i, count = epoll_wait(client->epoll_fd, events, CONNECTIONS, PATIENCE_MS);

    if (count <= 0)
        client->error = "the server does not answer any more";
    for (i = 0; i < count && client->error == NULL; i++) {
        struct connection *c = events[i].data.ptr;

        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            take(client, c);
        if (client->error == NULL)
            refill(client, c);
    }
}

/* Sees to sockets until that time. */
static void turn_until(struct client *client, uint64_t end) {
    while (client->error == NULL && nanoseconds(CLOCK_MONOTONIC) < end)
        turn(client);
}

static void measure(struct client *client, clockid_t server, uint64_t length,
                    struct sample *sample) {
    uint64_t begin, echoed, cpu;

    turn_until(client, nanoseconds(CLOCK_MONOTONIC) + length / WARM_UP);
    begin = nanoseconds(CLOCK_MONOTONIC);
    echoed = client->echoed;
    cpu = nanoseconds(server);
    turn_until(client, begin + length);
    sample->wall_ns = nanoseconds(CLOCK_MONOTONIC) - begin;
    sample->cpu_ns = nanoseconds(server) - cpu;
    sample->messages = (client->echoed - echoed) / client->wire->echo;
}

/* Connects, and lets each connection begin elsewhere in the wire. */
static void begin(struct client *client, uint16_t port) {
    size_t i;

    for (i = 0; i < CONNECTIONS && client->error == NULL; i++) {
        struct connection *c = &client->connections[i];
        size_t first = i * client->wire->count / CONNECTIONS;

        c->frame_at = first * client->wire->frame;
        c->echo_at = first * client->wire->echo;
        client->error = connect_to(c, port);
    }
    for (i = 0; i < CONNECTIONS && client->error == NULL; i++)
        refill(client, &client->connections[i]);
}

const char *client_run(const struct wire *wire, uint16_t port, pid_t server, size_t in_flight,
                       uint32_t milliseconds, struct sample *sample) {
    struct client client = {.wire = wire, .window = in_flight * wire->echo};
    clockid_t clock;
    size_t i;

    if (clock_getcpuclockid(server, &clock) != 0)
        return "the server is gone";
    client.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (i = 0; i < CONNECTIONS; i++)
        client.connections[i].fd = -1;
    begin(&client, port);
    measure(&client, clock, milliseconds * UINT64_C(1000000), sample);
    client.ending = 1;
    while (client.error == NULL && client.owed > 0)
        turn(&client);
    for (i = 0; i < CONNECTIONS; i++)
        close(client.connections[i].fd);
    close(client.epoll_fd);
    if (client.error == NULL && (sample->messages == 0 || sample->wall_ns == 0))
        return "nothing came back";
    return client.error;
}
