/* wscat when things go wrong: this program plays servers that end, refuse, restart, fall silent or
 * do not read, and looks at what wscat says, and at what it sends to the next one.
 *
 *     wscat [PATH_OF_WSCAT] */
#define _GNU_SOURCE
#include <fcntl.h>

#include "peer.h"

#include "check.h"
#include "purews.h"

/* ---- wscat ---- */

/* Texts that it has written and that have not been looked at. */
struct said {
    int fd;
    char text[4096];
    size_t length;
};

struct wscat {
    pid_t pid;
    int input;
    struct said out, errors;
};

static const char *wscat_path;

static struct wscat wscat_start(const char *options, uint16_t port) {
    struct wscat wscat;
    char text[512], *arguments[MAX_ARGUMENTS + 1];
    int in[2], out[2], errors[2];

    memset(&wscat, 0, sizeof wscat);
    snprintf(text, sizeof text, "wscat %s ws://127.0.0.1:%u/", options, (unsigned)port);
    cut_options(text, arguments);
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0 ||
        (wscat.pid = fork()) < 0) {
        perror("cannot start wscat");
        exit(1);
    }
    if (wscat.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(errors[1], STDERR_FILENO);
        execv(wscat_path, arguments);
        perror(wscat_path);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(errors[1]);
    wscat.input = in[1];
    wscat.out.fd = out[0];
    wscat.errors.fd = errors[0];
    return wscat;
}

static int wscat_type(struct wscat *wscat, const char *text) {
    return write(wscat->input, text, strlen(text)) == (ssize_t)strlen(text);
}

/* The next line, without its end; NULL if none came. It lasts until the next call. */
static const char *said_line(struct said *said) {
    static char line[4096];
    struct pollfd ready = {0, POLLIN, 0};
    char *newline;

    ready.fd = said->fd;
    while ((newline = (char *)memchr(said->text, '\n', said->length)) == NULL) {
        ssize_t n = poll(&ready, 1, PATIENCE) == 1 ? read(said->fd, said->text + said->length,
                                                          sizeof said->text - said->length)
                                                   : 0;
        if (n <= 0)
            return NULL;
        said->length += (size_t)n;
    }
    memcpy(line, said->text, (size_t)(newline - said->text));
    line[newline - said->text] = '\0';
    said->length -= (size_t)(newline + 1 - said->text);
    memmove(said->text, newline + 1, said->length);
    return line;
}

/* Whether the next line of errors has this text. */
static int complains(struct wscat *wscat, const char *text) {
    const char *line = said_line(&wscat->errors);

    if (line == NULL || strstr(line, text) == NULL)
        printf("    it said: %s\n", line != NULL ? line : "nothing");
    return line != NULL && strstr(line, text) != NULL;
}

/* The seconds after which it wants to connect again, which its next line of errors must say; -1:
 * it does not. */
static double announced_wait(struct wscat *wscat) {
    static const char text[] = "wscat: connecting again in ";
    const char *line = said_line(&wscat->errors);

    return line != NULL && strncmp(line, text, strlen(text)) == 0 ? atof(line + strlen(text)) : -1;
}

static void end_input(struct wscat *wscat) {
    close(wscat->input);
    wscat->input = -1;
}

/* Its exit status. */
static int wscat_end(struct wscat *wscat) {
    struct server process = {0, 0};

    process.pid = wscat->pid;
    if (wscat->input >= 0)
        end_input(wscat);
    close(wscat->out.fd);
    close(wscat->errors.fd);
    return server_wait(&process);
}

/* ---- Its servers ---- */

/* A listening socket on *port, or if that is 0 on a free one. Connections take in little that is
 * not read. */
static int listen_on(uint16_t *port) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    struct timeval limit = {PATIENCE / 1000, 0};
    int yes = 1, small = 4096, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(*port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 4) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("cannot listen");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* Accepts a connection and reads its request. Returns -1 if none came. */
static int accept_request(int listener, char *request, size_t size) {
    struct timeval limit = {PATIENCE / 1000, 0};
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    size_t length = 0;

    request[0] = '\0';
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    while (length < size - 1 && strstr(request, "\r\n\r\n") == NULL &&
           peer_receive(fd, request + length, 1))
        request[++length] = '\0';
    return fd;
}

/* Accepts a connection and its opening handshake. Returns -1 if none came. */
static int accept_wscat(int listener) {
    char request[4096], response[256], accept_key[28];
    const char *name = "\r\nSec-WebSocket-Key: ", *key;
    pws_str text = {NULL, 24};
    int fd = accept_request(listener, request, sizeof request);

    key = strstr(request, name);
    if (key == NULL)
        return -1;
    text.ptr = key + strlen(name);
    if (pws_accept_key(accept_key, text) != PWS_OK)
        return -1;
    snprintf(response, sizeof response,
             "HTTP/1.1 101 Switching Protocols\r\n"
             "Upgrade: websocket\r\n"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %.28s\r\n"
             "\r\n",
             accept_key);
    return peer_send_text(fd, response) ? fd : -1;
}

/* Accepts a connection and answers its request with something else. */
static int refuse_wscat(int listener, const char *response) {
    char request[4096];
    int fd = accept_request(listener, request, sizeof request), done;

    done = fd >= 0 && peer_send_text(fd, response) && shutdown(fd, SHUT_WR) == 0 && peer_ends(fd);
    close(fd);
    return done;
}

/* Receives a whole masked frame with at most capacity bytes of payload. Returns its first byte, or
 * 0 if none came. */
static uint8_t receive_masked(int fd, void *payload, size_t capacity, size_t *length) {
    uint8_t head[10], key[4], *bytes = (uint8_t *)payload;
    size_t extended, i;

    *length = 0;
    if (!peer_receive(fd, head, 2) || head[1] < 128)
        return 0;
    *length = head[1] & 127u;
    extended = *length < 126 ? 0 : *length == 126 ? 2 : 8;
    if (!peer_receive(fd, head + 2, extended) || !peer_receive(fd, key, 4))
        return 0;
    for (i = 0; i < extended; i++)
        *length = (i == 0 ? 0 : *length << 8) | head[2 + i];
    if (*length > capacity || !peer_receive(fd, bytes, *length))
        return 0;
    for (i = 0; i < *length; i++)
        bytes[i] ^= key[i % 4];
    return head[0];
}

/* Returns 1 if the next frame is this text. */
static int receives(int fd, const char *text) {
    char payload[1024];
    size_t length;

    return receive_masked(fd, payload, sizeof payload, &length) == 0x81 && length == strlen(text) &&
           memcmp(payload, text, length) == 0;
}

/* Returns 1 if the next frame is Close with this code. */
static int receives_close(int fd, int code) {
    uint8_t payload[125];
    size_t length;

    return receive_masked(fd, payload, sizeof payload, &length) == 0x88 && length >= 2 &&
           (payload[0] << 8 | payload[1]) == code;
}

static int send_close(int fd, int code) {
    uint8_t frame[4] = {0x88, 2, 0, 0};

    frame[2] = (uint8_t)(code >> 8);
    frame[3] = (uint8_t)code;
    return peer_send(fd, frame, sizeof frame);
}

/* Ends a connection without a word. */
static void cut(int fd) {
    struct linger reset = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
}

/* ---- Cases ---- */

static void test_restart(void) {
    uint16_t port = 0;
    int listener = listen_on(&port), fd;
    struct wscat wscat = wscat_start("--reconnect", port);

    check_case("--reconnect: lines that come between two servers go to the second, each once");
    fd = accept_wscat(listener);
    CHECK(wscat_type(&wscat, "one\n"));
    CHECK(receives(fd, "one"));
    close(listener);
    cut(fd);
    CHECK(said_line(&wscat.errors) != NULL); /* why */
    CHECK(announced_wait(&wscat) >= 0);
    CHECK(wscat_type(&wscat, "two\nthree\n"));
    listener = listen_on(&port);
    fd = accept_wscat(listener);
    CHECK(receives(fd, "two"));
    CHECK(receives(fd, "three"));
    CHECK(wscat_type(&wscat, "four\n"));
    CHECK(receives(fd, "four"));
    CHECK(peer_send(fd,
                    "\x81\x04"
                    "back",
                    6));
    CHECK(said_line(&wscat.out) != NULL);
    end_input(&wscat);
    CHECK(receives_close(fd, 1000) && send_close(fd, 1000));
    close(fd);
    CHECK(wscat_end(&wscat) == 0);
    close(listener);
}

static void test_no_server_yet(void) {
    uint16_t port = 0;
    int listener = listen_on(&port), fd;
    struct wscat wscat;

    check_case("--reconnect: a server that is not there yet gets its lines when it is");
    close(listener);
    wscat = wscat_start("--reconnect", port);
    CHECK(wscat_type(&wscat, "early\n"));
    end_input(&wscat);
    CHECK(complains(&wscat, "cannot connect"));
    CHECK(announced_wait(&wscat) >= 0);
    listener = listen_on(&port);
    fd = accept_wscat(listener);
    CHECK(receives(fd, "early"));
    CHECK(receives_close(fd, 1000) && send_close(fd, 1000));
    close(fd);
    CHECK(wscat_end(&wscat) == 0);
    close(listener);
}

static void test_unread(void) {
    enum {
        LINES = 3,
        SIZE = 8 << 20 /* bytes: more than the buffers between the ends hold */
    };
    static char line[SIZE + 1], payload[SIZE];
    uint16_t port = 0;
    int listener = listen_on(&port), fd, i;
    struct wscat wscat = wscat_start("--reconnect --queue 30000000 --no-deflate", port);
    size_t length;

    check_case("--reconnect: a line that one server got in part, the next one gets whole");
    fd = accept_wscat(listener);
    for (i = 0; i < LINES; i++) {
        memset(line, 'a' + i, SIZE);
        line[SIZE] = '\n';
        CHECK(write(wscat.input, line, SIZE + 1) == SIZE + 1);
    }
    CHECK(peer_receive(fd, payload, 100000));
    end_input(&wscat);
    cut(fd);
    CHECK(said_line(&wscat.errors) != NULL);
    CHECK(announced_wait(&wscat) >= 0);
    fd = accept_wscat(listener);
    for (i = 0; i < LINES; i++) {
        memset(line, 'a' + i, SIZE);
        CHECK(receive_masked(fd, payload, SIZE, &length) == 0x81);
        CHECK(length == SIZE && memcmp(payload, line, SIZE) == 0);
    }
    CHECK(receives_close(fd, 1000) && send_close(fd, 1000));
    close(fd);
    CHECK(wscat_end(&wscat) == 0);
    close(listener);
}

static void test_closes(void) {
    uint16_t port = 0;
    int listener = listen_on(&port), fd;
    double wait;
    struct wscat wscat = wscat_start("--reconnect", port);

    check_case("--reconnect: after 1012 it waits for 5 to 30 seconds, and gives up at its end");
    fd = accept_wscat(listener);
    CHECK(send_close(fd, 1012) && receives_close(fd, 1012));
    close(fd);
    CHECK(complains(&wscat, "1012"));
    wait = announced_wait(&wscat);
    CHECK(wait >= 5 && wait <= 30);
    CHECK(wscat_end(&wscat) == 1);

    check_case("--reconnect: a normal closure ends it");
    wscat = wscat_start("--reconnect", port);
    fd = accept_wscat(listener);
    CHECK(send_close(fd, 1000) && receives_close(fd, 1000));
    close(fd);
    CHECK(said_line(&wscat.errors) == NULL);
    CHECK(wscat_end(&wscat) == 0);

    check_case("--reconnect: a loss when all is said ends it");
    wscat = wscat_start("--reconnect", port);
    fd = accept_wscat(listener);
    end_input(&wscat);
    CHECK(receives_close(fd, 1000));
    cut(fd);
    CHECK(said_line(&wscat.errors) != NULL);
    CHECK(said_line(&wscat.errors) == NULL);
    CHECK(wscat_end(&wscat) == 1);

    check_case("without --reconnect a loss ends it");
    wscat = wscat_start("", port);
    cut(accept_wscat(listener));
    CHECK(said_line(&wscat.errors) != NULL);
    CHECK(said_line(&wscat.errors) == NULL);
    CHECK(wscat_end(&wscat) == 1);
    close(listener);
}

static void test_refusals(void) {
    uint16_t port = 0;
    int listener = listen_on(&port);
    struct wscat wscat = wscat_start("--reconnect", port);

    check_case("--reconnect: Retry-After is obeyed");
    CHECK(refuse_wscat(listener, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 77\r\n"
                                 "Connection: close\r\nContent-Length: 5\r\n\r\nlater"));
    CHECK(complains(&wscat, "503 Service Unavailable: later"));
    CHECK(announced_wait(&wscat) >= 77);
    CHECK(wscat_end(&wscat) == 1);

    check_case("--reconnect: a refusal that will not change ends it");
    wscat = wscat_start("--reconnect", port);
    CHECK(refuse_wscat(listener, "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\nno"));
    CHECK(complains(&wscat, "401 Unauthorized: no"));
    CHECK(said_line(&wscat.errors) == NULL);
    CHECK(wscat_end(&wscat) == 1);
    close(listener);
}

static void test_heartbeat(void) {
    uint16_t port = 0;
    uint8_t payload[125], pong[127];
    size_t length;
    int listener = listen_on(&port), fd, i;
    struct wscat wscat = wscat_start("--ping-interval 0.05", port);

    check_case("--ping-interval: a server that answers stays, one that falls silent is given up");
    fd = accept_wscat(listener);
    for (i = 0; i < 3; i++) {
        CHECK(receive_masked(fd, payload, sizeof payload, &length) == 0x89);
        pong[0] = 0x8a;
        pong[1] = (uint8_t)length;
        memcpy(pong + 2, payload, length);
        CHECK(peer_send(fd, pong, 2 + length));
    }
    CHECK(receive_masked(fd, payload, sizeof payload, &length) == 0x89);
    CHECK(receives_close(fd, 1011));
    CHECK(complains(&wscat, "does not answer"));
    CHECK(wscat_end(&wscat) == 1);
    close(fd);
    close(listener);
}

/* Writes lines until wscat reads no more. Returns the number of bytes that went out. */
static size_t flood_input(struct wscat *wscat, size_t limit) {
    static char lines[65536];
    struct pollfd writable = {0, POLLOUT, 0};
    size_t written = 0;

    memset(lines, 'x', sizeof lines);
    lines[sizeof lines - 1] = '\n';
    writable.fd = wscat->input;
    fcntl(wscat->input, F_SETFL, O_NONBLOCK);
    while (written < limit && poll(&writable, 1, 200) == 1) {
        size_t start = written % sizeof lines;
        ssize_t n = write(wscat->input, lines + start, sizeof lines - start);

        if (n <= 0)
            break;
        written += (size_t)n;
    }
    return written;
}

static void test_full_queue(void) {
    enum {
        QUEUE = 1 << 20,
        OTHERS = 1 << 20 /* bytes: of the pipe, of the line that is being read */
    };
    uint16_t port = 0;
    int listener = listen_on(&port);
    struct wscat wscat;
    const char *line;
    size_t written;

    check_case("--queue: when it is full, no more input is read");
    close(listener);
    wscat = wscat_start("--reconnect --queue 1048576", port);
    CHECK(complains(&wscat, "cannot connect"));
    written = flood_input(&wscat, 64 << 20);
    CHECK(written >= QUEUE / 2 && written <= QUEUE + OTHERS);
    kill(wscat.pid, SIGTERM);
    while ((line = said_line(&wscat.errors)) != NULL)
        CHECK(strstr(line, "cannot connect") != NULL || strstr(line, "connecting again") != NULL);
    CHECK(wscat_end(&wscat) == -1);

    check_case("--queue: a line that cannot fit is not sent, and said to be too long");
    listener = listen_on(&port);
    wscat = wscat_start("--queue 1024", port);
    CHECK(flood_input(&wscat, 65536) == 65536);
    end_input(&wscat);
    {
        int fd = accept_wscat(listener);

        CHECK(receives_close(fd, 1000) && send_close(fd, 1000));
        close(fd);
    }
    CHECK(complains(&wscat, "too long"));
    CHECK(wscat_end(&wscat) == 1);
    close(listener);
}

int main(int argc, char **argv) {
    wscat_path = program_path(argc, argv, "wscat");
    signal(SIGPIPE, SIG_IGN);
    test_restart();
    test_no_server_yet();
    test_unread();
    test_closes();
    test_refusals();
    test_heartbeat();
    test_full_queue();
    return check_end();
}
