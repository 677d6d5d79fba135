/* An echo server on libwebsockets, for `make bench-load`. The library reads, and says when a socket
 * may be written to; then all messages that wait for it are written. It sends each by itself, so
 * several are gathered with TCP_CORK, which quadruples the rate. Of its loops, poll, its default,
 * is the fastest here. */
#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_BYTES = 69632,             /* 64 KiB of payload, and the headers of their frames */
    HEAD = sizeof(size_t) + LWS_PRE /* of a message that waits */
};

/* Messages that wait, one behind the other: each with its length, and room for the header that the
 * library puts in front of it. */
struct session {
    uint8_t *bytes;
    size_t size, length, at; /* at: the message that is written next */
    size_t begun;            /* where the last message begins, if it is unfinished */
    int unfinished;
};

static uint8_t *reserve(struct session *s, size_t more) {
    if (s->size - s->length < more) {
        s->size = (s->length + more) * 2;
        s->bytes = realloc(s->bytes, s->size);
        if (s->bytes == NULL)
            exit(1);
    }
    return s->bytes + s->length;
}

static void append(struct session *s, const void *data, size_t length) {
    size_t total;

    if (!s->unfinished) {
        reserve(s, HEAD);
        s->begun = s->length;
        s->length += HEAD;
    }
    memcpy(reserve(s, length), data, length);
    s->length += length;
    total = s->length - s->begun - HEAD;
    memcpy(s->bytes + s->begun, &total, sizeof total);
}

static void receive(struct lws *wsi, struct session *s, const void *data, size_t length) {
    append(s, data, length);
    s->unfinished = lws_remaining_packet_payload(wsi) > 0 || !lws_is_final_fragment(wsi);
    if (!s->unfinished)
        lws_callback_on_writable(wsi);
}

static void cork(struct lws *wsi, int on) {
    setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

/* Forgets what is written. */
static void tidy(struct session *s) {
    s->length -= s->at;
    memmove(s->bytes, s->bytes + s->at, s->length);
    s->at = s->begun = 0;
}

/* Writes what waits before the end, as long as the socket takes it. Returns -1 if the connection is
 * over. */
static int write_all(struct lws *wsi, struct session *s, size_t end) {
    size_t length;

    do {
        memcpy(&length, s->bytes + s->at, sizeof length);
        s->at += HEAD;
        if (lws_write(wsi, s->bytes + s->at, length, LWS_WRITE_BINARY) < (int)length)
            return -1;
        s->at += length;
    } while (s->at < end && !lws_send_pipe_choked(wsi));
    if (s->at < end)
        lws_callback_on_writable(wsi);
    else
        tidy(s);
    return 0;
}

/* Whether there is another message behind the next. */
static int several(const struct session *s, size_t end) {
    size_t length;

    memcpy(&length, s->bytes + s->at, sizeof length);
    return s->at + HEAD + length < end;
}

static int on_writable(struct lws *wsi, struct session *s) {
    size_t end = s->unfinished ? s->begun : s->length;
    int status, corked;

    if (s->at == end)
        return 0;
    corked = several(s, end);
    if (corked)
        cork(wsi, 1);
    status = write_all(wsi, s, end);
    if (corked)
        cork(wsi, 0);
    return status;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length) {
    struct session *s = user;
    int status = 0;

    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        receive(wsi, s, in, length);
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        status = on_writable(wsi, s);
        break;
    case LWS_CALLBACK_CLOSED:
        free(s->bytes);
        break;
    default:
        break;
    }
    return status;
}

int main(void) {
    static const struct lws_protocols protocols[] = {
        {"echo", callback, sizeof(struct session), READ_BYTES, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0}};
    struct lws_context_creation_info info;
    struct lws_context *context;
    struct lws_vhost *host;

    memset(&info, 0, sizeof info);
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.pt_serv_buf_size = READ_BYTES;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    lws_set_log_level(LLL_ERR | LLL_WARN, NULL);
    context = lws_create_context(&info);
    if (context == NULL)
        return 1;
    info.port = 0; /* a free one */
    host = lws_create_vhost(context, &info);
    if (host == NULL)
        return 1;
    printf("listening on ws://127.0.0.1:%d/\n", lws_get_vhost_listen_port(host));
    fflush(stdout);
    while (lws_service(context, 0) >= 0) {
    }
    return 0;
}
