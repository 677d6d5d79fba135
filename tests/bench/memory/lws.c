/* libwebsockets. It does its own reads and writes, so each connection is given one end of a socket
 * pair; between its uses its descriptor stands for /dev/null, so that a connection takes one
 * descriptor, and the kernel no buffers. What the kernel takes is not counted.
 *
 * Its timers that look whether a connection still lives are off: they are kept in one sorted list,
 * so that opening N connections would take a time that grows with the square of N. */
#define _GNU_SOURCE
#include <libwebsockets.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire.h"
#include "memory.h"

enum {
    MESSAGE = 1024, /* bytes of a message: its buffer for received data, in each connection */
    SPARE = 64      /* descriptors that are not of connections */
};

static struct lws_context *context;
static struct lws_vhost *host;
static int *descriptors;
static int nowhere; /* /dev/null */
static uint8_t message[LWS_PRE + MESSAGE];
static size_t message_length;
static int writes; /* the message is to be sent */

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *data,
                    size_t length) {
    (void)user;
    if (reason == LWS_CALLBACK_RECEIVE) {
        if (length > MESSAGE - message_length)
            return -1;
        memcpy(message + LWS_PRE + message_length, data, length);
        message_length += length;
        writes = lws_is_final_fragment(wsi);
        if (writes)
            lws_callback_on_writable(wsi);
    } else if (reason == LWS_CALLBACK_SERVER_WRITEABLE && writes) {
        lws_write(wsi, message + LWS_PRE, message_length, LWS_WRITE_TEXT);
        writes = 0;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {{"echo", on_event, 0, MESSAGE, 0, NULL, 0},
                                                 {NULL, NULL, 0, 0, 0, NULL, 0}};

/* It takes a table with a place for each descriptor that the process may have. */
static const char *begin(size_t count) {
    static const lws_retry_bo_t no_timers;
    static char reason[128];
    struct lws_context_creation_info info;
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    snprintf(reason, sizeof reason, "needs %zu file descriptors; %zu are allowed (ulimit -Hn)",
             count + SPARE, (size_t)limit.rlim_max);
    limit.rlim_cur = count + SPARE;
    if (limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return reason;
    descriptors = (int *)memory_handles(count, sizeof *descriptors);
    nowhere = open("/dev/null", O_RDWR);
    lws_set_log_level(LLL_ERR, NULL);
    memset(&info, 0, sizeof info);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.retry_and_idle_policy = &no_timers;
    info.gid = -1;
    info.uid = -1;
    context = lws_create_context(&info);
    if (context == NULL || nowhere < 0)
        return "its context can't be made";
    host = lws_get_vhost_by_name(context, "default");
    return NULL;
}

static void serve(int fd, short events) {
    struct lws_pollfd ready;

    ready.fd = fd;
    ready.events = events;
    ready.revents = events;
    lws_service_fd(context, &ready);
}

static int has_input(int fd) {
    struct pollfd ready = {fd, POLLIN, 0};

    return poll(&ready, 1, 0) == 1 && ready.revents == POLLIN;
}

/* Gives it what is on the wire, and puts its answer there. */
static int exchange(int ours, int theirs) {
    char bytes[4096];
    size_t n;
    ssize_t got;

    wire_next();
    while ((n = wire_read(bytes, sizeof bytes)) != 0)
        if (send(ours, bytes, n, 0) != (ssize_t)n)
            return 0;
    while (has_input(theirs))
        serve(theirs, POLLIN);
    if (writes)
        serve(theirs, POLLOUT);
    while ((got = recv(ours, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        wire_write(bytes, (size_t)got);
    return !writes;
}

static int open_one(size_t i) {
    int pair[2], done;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    descriptors[i] = pair[0];
    done = lws_adopt_socket_vhost(host, pair[0]) != NULL && exchange(pair[1], pair[0]);
    dup2(nowhere, pair[0]);
    close(pair[1]);
    return done;
}

static int echo_one(size_t i) {
    int pair[2], done;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    dup2(pair[0], descriptors[i]);
    close(pair[0]);
    message_length = 0;
    done = exchange(pair[1], descriptors[i]);
    dup2(nowhere, descriptors[i]);
    close(pair[1]);
    return done;
}

const struct peer peers[] = {{"libwebsockets", 1, 0, begin, open_one, echo_one},
                             {NULL, 0, 0, NULL, NULL, NULL}};
