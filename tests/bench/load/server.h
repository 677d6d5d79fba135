/* What wslay_server and bare_server share: sockets, the opening handshake, which wslay leaves to
 * the program, and the loop. They are made for `make bench-load` and for nothing else: each request
 * is the one of client.c. */
#ifndef LOAD_SERVER_H
#define LOAD_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_AT_ONCE = 64,
    READ_BYTES = 69632 /* 64 KiB of payload, and the headers of their frames */
};

/* Edge-triggered: epoll has less to do. */
#define READABLE ((uint32_t)EPOLLIN | EPOLLRDHUP | EPOLLET)

/* What the program brings along. */
struct connection;
static struct connection *connection_new(int fd);
/* The socket is ready. Returns READ_ALL, READ_MORE if the read has filled its buffer, or READ_END
 * if the connection is over. */
enum {
    READ_ALL,
    READ_MORE,
    READ_END
};
static int connection_ready(struct connection *connection);
static void connection_end(struct connection *connection);

static int epoll_fd;

static inline void watch(int fd, int operation, uint32_t events, void *data) {
    struct epoll_event event = {.events = events, .data.ptr = data};

    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) {
        perror("epoll_ctl");
        exit(1);
    }
}

/* Waits for the request and answers it. Returns 0 if that fails. */
static inline int shake_hands(int fd) {
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                 "Upgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                 "\r\n";
    char request[1024] = "";
    size_t length = 0;

    while (strstr(request, "\r\n\r\n") == NULL) {
        ssize_t n = recv(fd, request + length, sizeof request - 1 - length, 0);
        if (n <= 0)
            return 0;
        length += (size_t)n;
        request[length] = '\0';
    }
    return send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) == sizeof answer - 1;
}

static inline void accept_connection(int listen_fd) {
    int fd = accept(listen_fd, NULL, NULL), yes = 1;

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!shake_hands(fd)) {
        close(fd);
        return;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    watch(fd, EPOLL_CTL_ADD, READABLE, connection_new(fd));
}

/* Listens on a free port of 127.0.0.1, and prints which. */
static inline int start_listening(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 4096) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("cannot listen");
        exit(1);
    }
    printf("listening on ws://127.0.0.1:%u/\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* The load ends its connections when it has all its echoes. */
static inline void turn(struct connection *connection, uint32_t events) {
    int status = READ_MORE;

    while (status == READ_MORE)
        status = connection_ready(connection);
    if (status == READ_END || (events & ~(uint32_t)(EPOLLIN | EPOLLOUT)) != 0)
        connection_end(connection);
}

/* Serves until a signal ends the program. */
static inline void serve(void) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int listen_fd = start_listening(), i, count;

    epoll_fd = epoll_create1(0);
    watch(listen_fd, EPOLL_CTL_ADD, EPOLLIN, NULL);
    for (;;) {
        count = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, -1);
        for (i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_connection(listen_fd);
            else
                turn(events[i].data.ptr, events[i].events);
        }
    }
}

#endif
