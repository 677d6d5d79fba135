/* What the tests of echo_server share: starting and stopping it, its memory, and peers that write
 * their own bytes, right or wrong. Sockets block, with a limit of time that only a failure can
 * reach. */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE = 10000 /* milliseconds to wait for anything */
};

struct server {
    pid_t pid;
    uint16_t port;
};

/* ---- The server ---- */

/* The program to test: the first argument, or the one of the build directory. */
static inline const char *program_path(int argc, char **argv, const char *name) {
    static char path[1024];
    const char *build = getenv("BUILD");

    if (argc > 1)
        return argv[1];
    snprintf(path, sizeof path, "%s/examples/%s", build != NULL ? build : "build", name);
    return path;
}

static inline const char *server_path(int argc, char **argv) {
    return program_path(argc, argv, "echo_server");
}

enum {
    MAX_ARGUMENTS = 30
};

/* Cuts options at their spaces into arguments, with NULL behind them. */
static inline void cut_options(char *options, char **arguments) {
    int count = 0;

    for (options = strtok(options, " "); options != NULL && count < MAX_ARGUMENTS;
         options = strtok(NULL, " "))
        arguments[count++] = options;
    arguments[count] = NULL;
}

/* Starts the server on a free port, with options such as "--idle 1"; max_files > 0 limits its
 * descriptors. Ends the program if that fails: there is nothing to test then. */
static inline struct server server_start_with(const char *path, int max_files,
                                              const char *options) {
    struct server server = {0, 0};
    struct rlimit limit;
    char line[256] = "", text[512];
    char *arguments[MAX_ARGUMENTS + 1], *colon;
    size_t length = 0;
    int fds[2];

    snprintf(text, sizeof text, "echo_server --port 0 %s", options);
    cut_options(text, arguments);
    if (pipe(fds) != 0 || (server.pid = fork()) < 0) {
        perror("cannot start the server");
        exit(1);
    }
    if (server.pid == 0) {
        limit.rlim_cur = limit.rlim_max = (rlim_t)max_files;
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        if (max_files > 0)
            setrlimit(RLIMIT_NOFILE, &limit);
        execv(path, arguments);
        perror(path);
        _exit(127);
    }
    close(fds[1]);
    while (length < sizeof line - 1 && strchr(line, '\n') == NULL) {
        ssize_t n = read(fds[0], line + length, sizeof line - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
        line[length] = '\0';
    }
    close(fds[0]);
    colon = strrchr(line, ':');
    if (strncmp(line, "listening on ws://127.0.0.1:", 28) != 0 || colon == NULL) {
        fprintf(stderr, "%s did not start: %s\n", path, line);
        exit(1);
    }
    server.port = (uint16_t)atoi(colon + 1);
    return server;
}

static inline struct server server_start(const char *path, int max_files) {
    return server_start_with(path, max_files, "");
}

/* Waits for the server to end. Returns its exit status, or -1 if a signal or our patience ended it.
 */
static inline int server_wait(struct server *server) {
    int status = 0, waited;

    for (waited = 0; waited < PATIENCE; waited += 10) {
        if (waitpid(server->pid, &status, WNOHANG) == server->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        poll(NULL, 0, 10);
    }
    kill(server->pid, SIGKILL);
    waitpid(server->pid, &status, 0);
    return -1;
}

static inline int server_stop(struct server *server) {
    kill(server->pid, SIGTERM);
    return server_wait(server);
}

static inline int server_lives(const struct server *server) {
    return waitpid(server->pid, NULL, WNOHANG) == 0;
}

/* Kibibytes of memory: field is "VmRSS:", now, or "VmHWM:", at most so far. */
static inline long server_memory(const struct server *server, const char *field) {
    char path[64], line[256];
    long kibibytes = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)server->pid);
    file = fopen(path, "r");
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kibibytes = atol(line + strlen(field));
    fclose(file);
    return kibibytes;
}

/* ---- Peers ---- */

/* A connected socket. receive_buffer > 0 makes it take little when it isn't read. */
static inline int peer_connect(const struct server *server, int receive_buffer) {
    struct sockaddr_in address;
    struct timeval limit = {PATIENCE / 1000, 0};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(server->port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (receive_buffer > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Returns 1 if all was taken. */
static inline int peer_send(int fd, const void *bytes, size_t length) {
    const uint8_t *p = (const uint8_t *)bytes;

    while (length > 0) {
        ssize_t n = send(fd, p, length, MSG_NOSIGNAL);
        if (n <= 0)
            return 0;
        p += n;
        length -= (size_t)n;
    }
    return 1;
}

static inline int peer_send_text(int fd, const char *text) {
    return peer_send(fd, text, strlen(text));
}

/* Sends until the other side takes no more or limit bytes are gone. Returns the number of bytes. */
static inline size_t peer_flood(int fd, const uint8_t *bytes, size_t length, size_t limit) {
    struct pollfd writable = {fd, POLLOUT, 0};
    size_t sent = 0;

    while (sent < limit && poll(&writable, 1, 100) == 1) {
        size_t start = sent % length;
        ssize_t n = send(fd, bytes + start, length - start, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            break;
        sent += n > 0 ? (size_t)n : 0;
    }
    return sent;
}

/* Returns 1 if so many bytes came. */
static inline int peer_receive(int fd, void *bytes, size_t length) {
    uint8_t *p = (uint8_t *)bytes;

    while (length > 0) {
        ssize_t n = recv(fd, p, length, 0);
        if (n <= 0)
            return 0;
        p += n;
        length -= (size_t)n;
    }
    return 1;
}

/* Reads an HTTP head and returns its status, or 0 if none came. */
static inline int peer_status(int fd) {
    char head[4096] = "";
    size_t length = 0;

    while (length < sizeof head - 1 && strstr(head, "\r\n\r\n") == NULL) {
        if (!peer_receive(fd, head + length, 1))
            return 0;
        head[++length] = '\0';
    }
    return strncmp(head, "HTTP/1.1 ", 9) == 0 ? atoi(head + 9) : 0;
}

/* Reads and throws away until the other side ends. Returns 1 if it ended in order, 0 if the
 * connection was reset or our patience ended. */
static inline int peer_ends(int fd) {
    uint8_t waste[4096];
    ssize_t n;

    do
        n = recv(fd, waste, sizeof waste, 0);
    while (n > 0);
    return n == 0;
}

static const char peer_request[] = "GET / HTTP/1.1\r\n"
                                   "Host: localhost\r\n"
                                   "Upgrade: websocket\r\n"
                                   "Connection: Upgrade\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                   "Sec-WebSocket-Version: 13\r\n"
                                   "\r\n";

/* A connection after the opening handshake, or -1. */
static inline int peer_open(const struct server *server, int receive_buffer) {
    int fd = peer_connect(server, receive_buffer);

    if (fd >= 0 && peer_send_text(fd, peer_request) && peer_status(fd) == 101)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Writes a masked frame header that announces length bytes (RFC 6455 5.2), with a masking key of
 * zeros that leaves the payload as it is. Returns its size: 6, 8 or 14 bytes. */
static inline size_t peer_frame_head(uint8_t *out, uint8_t first, uint64_t length) {
    size_t extended = length < 126 ? 0 : length < 65536 ? 2 : 8, i;

    out[0] = first;
    out[1] = (uint8_t)(128 | (length < 126 ? length : length < 65536 ? 126 : 127));
    for (i = 0; i < extended; i++)
        out[2 + i] = (uint8_t)(length >> (8 * (extended - 1 - i)));
    memset(out + 2 + extended, 0, 4);
    return 2 + extended + 4;
}

static inline int peer_send_head(int fd, uint8_t first, uint64_t length) {
    uint8_t head[14];

    return peer_send(fd, head, peer_frame_head(head, first, length));
}

/* Sends a whole frame. */
static inline int peer_send_frame(int fd, uint8_t first, const void *payload, size_t length) {
    return peer_send_head(fd, first, length) && peer_send(fd, payload, length);
}

/* Receives a whole frame of the server with at most capacity bytes of payload. Returns its first
 * byte, or 0 if none came. */
static inline uint8_t peer_receive_frame(int fd, void *payload, size_t capacity, size_t *length) {
    uint8_t head[10];
    size_t extended, i;

    *length = 0;
    if (!peer_receive(fd, head, 2) || head[1] > 127)
        return 0;
    *length = head[1];
    extended = *length < 126 ? 0 : *length == 126 ? 2 : 8;
    if (!peer_receive(fd, head + 2, extended))
        return 0;
    for (i = 0; i < extended; i++)
        *length = (i == 0 ? 0 : *length << 8) | head[2 + i];
    return *length <= capacity && peer_receive(fd, payload, *length) ? head[0] : 0;
}

/* Returns 1 if the next frame is Close with this code. */
static inline int peer_closed_with(int fd, int code) {
    uint8_t head[2], payload[125];

    return peer_receive(fd, head, 2) && head[0] == 0x88 && head[1] >= 2 && head[1] <= 125 &&
           peer_receive(fd, payload, head[1]) && (payload[0] << 8 | payload[1]) == code;
}

/* Returns 1 if a well-behaved client is served from the first to the last byte. */
static inline int peer_is_served(const struct server *server) {
    uint8_t echo[12];
    int fd = peer_open(server, 0);
    int served = fd >= 0 && peer_send_head(fd, 0x81, 10) && peer_send_text(fd, "still here") &&
                 peer_receive(fd, echo, 12) && memcmp(echo, "\x81\x0astill here", 12) == 0 &&
                 peer_send_head(fd, 0x88, 2) && peer_send(fd, "\x03\xe8", 2) &&
                 peer_closed_with(fd, 1000) && peer_ends(fd);

    if (fd >= 0)
        close(fd);
    return served;
}

/* ---- Order in time ----
 *
 * What the server does by itself is shown to come early enough by what it does later by itself: its
 * --open-time is the clock, of a peer that never asks for anything. */

static inline int clock_start(const struct server *server) {
    return peer_connect(server, 0);
}

/* Waits until the time is over. Returns 1 if the server says so. */
static inline int clock_ends(int clock) {
    int over = peer_status(clock) == 408;

    close(clock);
    return over;
}

/* Whether there is something to be received now, be it the end. */
static inline int peer_has_news(int fd) {
    struct pollfd readable = {fd, POLLIN, 0};

    return poll(&readable, 1, 0) == 1;
}

/* ---- Pages ---- */

/* Asks for a page. Returns the bytes of the whole answer, with a NUL behind them; 0: there is none,
 * or it is larger than size - 1. */
static inline size_t page_get(const struct server *server, const char *target, char *text,
                              size_t size) {
    char request[256];
    size_t length = 0;
    ssize_t n = 0;
    int fd = peer_connect(server, 0);

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
    if (fd >= 0 && peer_send_text(fd, request)) {
        do {
            n = recv(fd, text + length, size - 1 - length, 0);
            length += n > 0 ? (size_t)n : 0;
        } while (n > 0 && length < size - 1);
    }
    text[length] = '\0';
    if (fd >= 0)
        close(fd);
    return n == 0 ? length : 0;
}

/* The value of a line of GET /metrics that begins with this name and its labels; -1: there is none.
 */
static inline double metric(const struct server *server, const char *name) {
    static char text[65536];
    const char *line;
    size_t length = strlen(name);

    if (page_get(server, "/metrics", text, sizeof text) == 0)
        return -1;
    for (line = strchr(text, '\n'); line != NULL; line = strchr(line, '\n')) {
        line++;
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            return strtod(line + length, NULL);
    }
    return -1;
}

/* Waits for a line of GET /metrics to have at least that value. Returns 1 if it came to that. */
static inline int metric_reaches(const struct server *server, const char *name, double value) {
    int waited;

    for (waited = 0; waited < PATIENCE; waited += 10) {
        if (metric(server, name) >= value)
            return 1;
        poll(NULL, 0, 10);
    }
    return 0;
}

#endif
