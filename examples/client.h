/* client.h: what the client programs here share: a connection over a non-blocking socket that never
 * stops reading, even while its output is stuck. A client must not: a server that stops reading
 * because we do not take its output, and a client that does the same, would wait for ever.
 *
 *     pws_init, pws_connect      tell the machine what to ask for
 *     client_dial                open the socket
 *     for (;;) {
 *         while (client_next(&client, &ev)) ...    every event but PWS_WRITE, which is done here
 *         client_wait(&client, -1, timeout)        wait for the socket and read
 *     }
 *     client_hang_up
 *
 * The machine is told the time, so that the limits of pws_config hold. Messages of a queue are sent
 * from there. struct client must stay where it is while bytes are unread. POSIX. */
#ifndef CLIENT_H
#define CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "purews.h"

struct client {
    pws_conn ws;
    int fd;
    int held;         /* the socket takes no more output now */
    int broken;       /* the socket takes no more output at all */
    pws_bytes unread; /* what is left of input */
    uint8_t input[16384];
    pws_queue *queue; /* whose messages are sent; may be NULL */
    /* Sees every byte that passes, for transcripts; may be NULL. */
    void (*trace)(int sent, const uint8_t *bytes, size_t length);
};

/* What client_wait returns, added up. */
enum {
    CLIENT_SOCKET = 1, /* the socket has news, or a limit of time has run out: pull */
    CLIENT_OTHER = 2,  /* the other descriptor is ready to be read */
    CLIENT_TIMEOUT = 4 /* neither, for as long as was asked */
};

/* Milliseconds, of a clock that does not go back. */
static inline uint64_t client_now(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Seeds from the operating system. Returns 0 if there is no randomness to be had. */
static inline int client_seed(pws_random *random) {
    uint8_t seed[32];
    int fd = open("/dev/urandom", O_RDONLY);
    int done = fd >= 0 && read(fd, seed, sizeof seed) == (ssize_t)sizeof seed;
    if (fd >= 0)
        close(fd);
    if (done)
        pws_random_seed(random, seed);
    memset(seed, 0, sizeof seed);
    return done;
}

/* Opens a TCP connection to the host and port of url. Returns NULL, or what went wrong. */
static inline const char *client_dial(struct client *client, const pws_url *url) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses, *address;
    char host[256], port[16];
    int fd = -1, yes = 1, error;

    if (url->host.len >= sizeof host)
        return "the name of the host is too long";
    memcpy(host, url->host.ptr, url->host.len);
    host[url->host.len] = '\0';
    snprintf(port, sizeof port, "%u", (unsigned)url->port);
    error = getaddrinfo(host, port, &hints, &addresses);
    if (error != 0)
        return gai_strerror(error);
    for (address = addresses; address != NULL && fd < 0; address = address->ai_next) {
        fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
        if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
            error = errno;
            close(fd);
            errno = error;
            fd = -1;
        }
    }
    freeaddrinfo(addresses);
    if (fd < 0)
        return strerror(errno);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    client->fd = fd;
    client->held = client->broken = 0;
    client->unread.len = 0;
    pws_tick(&client->ws, client_now());
    return NULL;
}

static inline void client_hang_up(struct client *client) {
    close(client->fd);
}

/* Writes as much of a PWS_WRITE as the socket takes. After an error the rest is held for good, so
 * that what the server has still said, such as why it closed, can be read. */
static inline void client_write(struct client *client, const pws_event *ev) {
    struct iovec pieces[2];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    ssize_t n;
    size_t written, first;
    int i;

    for (i = 0; i < 2; i++) {
        pieces[i].iov_base = (void *)(uintptr_t)ev->out[i].ptr;
        pieces[i].iov_len = ev->out[i].len;
    }
    n = sendmsg(client->fd, &message, MSG_NOSIGNAL);
    written = n > 0 ? (size_t)n : 0;
    if (client->trace != NULL) {
        first = written < ev->out[0].len ? written : ev->out[0].len;
        client->trace(1, ev->out[0].ptr, first);
        client->trace(1, ev->out[1].ptr, written - first);
    }
    if (client->queue != NULL)
        pws_queue_wrote(client->queue, &client->ws, written);
    else
        pws_wrote(&client->ws, written);
    if (written == ev->out[0].len + ev->out[1].len)
        return;
    pws_hold(&client->ws, 1);
    client->held = 1;
    client->broken = n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
}

/* The next event other than PWS_WRITE. Returns 0 when there is none: wait. */
static inline int client_next(struct client *client, pws_event *ev) {
    for (;;) {
        if (client->queue != NULL)
            pws_queue_send(client->queue, &client->ws, client_now());
        if (!pws_next(&client->ws, &client->unread, ev))
            return 0;
        if (ev->kind != PWS_WRITE)
            return 1;
        client_write(client, ev);
    }
}

/* Milliseconds until the machine has to be told the time, or the limit given if that is less; -1:
 * none. */
static inline int client_patience(const struct client *client, int limit) {
    uint64_t deadline = pws_deadline(&client->ws), now = client_now();
    uint64_t left = deadline > now ? deadline - now : 0;

    if (left > INT_MAX)
        left = INT_MAX;
    if (deadline == UINT64_MAX || (limit >= 0 && left > (uint64_t)limit))
        return limit;
    return (int)left;
}

/* Waits until there may be something to pull, other_fd (or -1) can be read, or milliseconds (or -1,
 * for ever) have passed. */
static inline int client_wait(struct client *client, int other_fd, int milliseconds) {
    struct pollfd fds[2] = {{.fd = client->fd, .events = POLLIN},
                            {.fd = other_fd, .events = POLLIN}};
    int patience = client_patience(client, milliseconds), ready, news = 0;
    ssize_t n;

    if (client->held && !client->broken)
        fds[0].events |= POLLOUT;
    ready = poll(fds, 2, patience);
    pws_tick(&client->ws, client_now());
    if (ready == 0)
        return patience == milliseconds ? CLIENT_TIMEOUT : CLIENT_SOCKET;
    if (ready < 0)
        return 0; /* a signal */
    if (fds[1].revents != 0)
        news |= CLIENT_OTHER;
    if (fds[0].revents == 0)
        return news;
    if (fds[0].revents & POLLOUT) {
        client->held = 0;
        pws_hold(&client->ws, 0);
    }
    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) {
        n = recv(client->fd, client->input, sizeof client->input, 0);
        if (n > 0) {
            client->unread.ptr = client->input;
            client->unread.len = (size_t)n;
            if (client->trace != NULL)
                client->trace(0, client->input, (size_t)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            pws_eof(&client->ws);
        }
    }
    return news | CLIENT_SOCKET;
}

#endif
