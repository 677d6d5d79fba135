/* An echo server on wslay, for `make bench-load`: its event layer, with one recv and one send for
 * all that has come with a turn of epoll. The library asks for its input in pieces of 4 KiB and
 * hands its output out in headers and payloads, so both go through buffers here. */
#define _GNU_SOURCE
#include <wslay/wslay.h>

#include "server.h"

enum {
    OUTPUT_BYTES = 131072 /* more than the echoes of a read */
};

struct connection {
    wslay_event_context_ptr events;
    int fd;
    size_t at, length; /* of the input that is not taken yet */
    uint8_t *message;  /* as far as it has come */
    size_t message_length, message_size;
    uint8_t *keep; /* output that the socket has not taken, or NULL */
    size_t kept;   /* its bytes */
};

static uint8_t input[READ_BYTES], output[OUTPUT_BYTES];
static size_t output_length;

/* ---- What the library calls ---- */

static ssize_t on_receive(wslay_event_context_ptr events, uint8_t *buffer, size_t length, int flags,
                          void *user) {
    struct connection *c = user;

    (void)flags;
    if (length > c->length - c->at)
        length = c->length - c->at;
    if (length == 0) {
        wslay_event_set_error(events, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buffer, input + c->at, length);
    c->at += length;
    return (ssize_t)length;
}

static ssize_t on_send(wslay_event_context_ptr events, const uint8_t *data, size_t length,
                       int flags, void *user) {
    (void)flags;
    (void)user;
    if (length > sizeof output - output_length)
        length = sizeof output - output_length;
    if (length == 0) {
        wslay_event_set_error(events, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(output + output_length, data, length);
    output_length += length;
    return (ssize_t)length;
}

/* Messages are gathered here, which costs less than to let the library do it. */
static void on_chunk(wslay_event_context_ptr events,
                     const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *user) {
    struct connection *c = user;

    (void)events;
    if (c->message_length + chunk->data_length > c->message_size) {
        c->message_size = (c->message_length + chunk->data_length) * 2;
        c->message = realloc(c->message, c->message_size);
        if (c->message == NULL)
            exit(1);
    }
    memcpy(c->message + c->message_length, chunk->data, chunk->data_length);
    c->message_length += chunk->data_length;
}

static void on_message(wslay_event_context_ptr events,
                       const struct wslay_event_on_msg_recv_arg *message, void *user) {
    struct connection *c = user;
    const struct wslay_event_msg echo = {message->opcode, c->message, c->message_length};

    c->message_length = 0;
    if (!wslay_is_ctrl_frame(message->opcode)) /* the library answers these by itself */
        wslay_event_queue_msg(events, &echo);
}

/* ---- Connections ---- */

static struct connection *connection_new(int fd) {
    static const struct wslay_event_callbacks callbacks = {.recv_callback = on_receive,
                                                           .send_callback = on_send,
                                                           .on_frame_recv_chunk_callback = on_chunk,
                                                           .on_msg_recv_callback = on_message};
    struct connection *c = calloc(1, sizeof *c);

    if (c == NULL || wslay_event_context_server_init(&c->events, &callbacks, c) != 0)
        exit(1);
    wslay_event_config_set_no_buffering(c->events, 1);
    c->fd = fd;
    return c;
}

static void connection_end(struct connection *c) {
    wslay_event_context_free(c->events);
    close(c->fd);
    free(c->message);
    free(c->keep);
    free(c);
}

/* Sends what the socket takes and keeps the rest; meanwhile nothing is read. Returns 0 if the
 * socket has failed. */
static int send_or_keep(struct connection *c, const uint8_t *bytes, size_t length) {
    ssize_t n = send(c->fd, bytes, length, MSG_NOSIGNAL);
    size_t sent = n > 0 ? (size_t)n : 0;

    if (n < 0 && errno != EAGAIN)
        return 0;
    if (sent < length && c->keep == NULL)
        c->keep = malloc(sizeof output);
    if (sent < length && c->keep == NULL)
        return 0;
    if (sent < length)
        memmove(c->keep, bytes + sent, length - sent);
    if ((c->kept == 0) != (sent == length))
        watch(c->fd, EPOLL_CTL_MOD, sent == length ? READABLE : (uint32_t)EPOLLOUT, c);
    c->kept = length - sent;
    return 1;
}

/* Sends what the library has. Returns 0 if the connection is over. */
static int send_all(struct connection *c) {
    while (c->kept == 0 && wslay_event_want_write(c->events)) {
        output_length = 0;
        if (wslay_event_send(c->events) != 0 || !send_or_keep(c, output, output_length))
            return 0;
    }
    return c->kept > 0 || wslay_event_want_read(c->events);
}

static int read_and_echo(struct connection *c) {
    ssize_t n = recv(c->fd, input, sizeof input, 0);

    if (n < 0 && errno == EAGAIN)
        return READ_ALL;
    if (n <= 0)
        return READ_END;
    c->at = 0;
    c->length = (size_t)n;
    if (wslay_event_recv(c->events) != 0 || !send_all(c))
        return READ_END;
    return n == sizeof input && c->kept == 0 ? READ_MORE : READ_ALL;
}

static int connection_ready(struct connection *c) {
    if (c->kept == 0)
        return read_and_echo(c);
    return send_or_keep(c, c->keep, c->kept) && send_all(c) ? READ_ALL : READ_END;
}

int main(void) {
    serve();
    return 0;
}
