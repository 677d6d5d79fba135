/* echo_server: sends every message back, to thousands of connections at once, in one thread over
 * epoll. Linux. It shows what a server has to get right around the machine:
 *
 * - Memory. A connection that is idle owns its struct and nothing else. While it works it has
 *   blocks from three pools, described below; afterwards they go back, but for one that keeps an
 *   unfinished message. So one block of each usually serves everybody.
 *
 * - Backpressure. When a socket takes no more, its connection is held, pulled no further and not
 *   read from. It keeps its blocks as they are, with all that the machine points to and the input
 *   that is still unread, until the socket takes more. Thus a peer that sends without reading costs
 *   at most the struct, 16 KiB of input, 20 KiB of output and the bytes of one message.
 *
 * - Compression. With context takeover a connection holds two codecs of zlib from its first
 *   compressed message each way to its end, some 300 KiB; without (--deflate-no-takeover) only
 *   while a message comes in or goes out, so that a pool of few serves everybody. If there is none
 *   free to compress with, an echo goes out plain.
 *
 * - The end. After PWS_CLOSED our side is shut down, and what still arrives is read and thrown away
 *   for a while: closing with bytes unread would make TCP reset the connection and destroy the last
 *   thing we said. On SIGTERM or SIGINT everybody is sent a Close with 1001; then the program ends.
 *
 * - Time. A handshake that is not finished, a Close that is not answered, output that is not taken
 *   and an end that does not come have a limit of seconds each. */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "echo_options.h"
#include "echo_page.h"
#include "purews.h"
#ifdef PUREWS_ZLIB
#include "zlib_codec.h"
#endif

enum {
    INPUT_SIZE = 16384,            /* bytes; small enough to stay in the first cache */
    TRANSMIT_SIZE = 20480,         /* bytes; the echo of one input, and pongs */
    DISCARD_LIMIT = 16 << 20,      /* bytes that are read and thrown away at the end */
    SHUTDOWN_SECONDS = 3,          /* from SIGTERM to the exit at the latest */
    TICK = 500,                    /* milliseconds between looks at the deadlines */
    SPARE_BLOCKS = 4,              /* that a pool keeps for the next to need one, until the tick */
    POOLED_CODECS = 64,            /* for each direction, without context takeover */
    EVENTS_AT_ONCE = 64,           /* sockets that one epoll_wait reports */
    DEFAULT_MAX_MESSAGE = 16 << 20 /* bytes; what conformance suites send at most */
};

/* Where a connection stands, and the seconds that it may stand there. */
enum stage {
    STAGE_HANDSHAKE,
    STAGE_OPEN,
    STAGE_STUCK,   /* the peer does not take our output */
    STAGE_CLOSING, /* waiting for the peer's Close */
    STAGE_DRAINING /* all is said; waiting for the peer to end */
};
static const int stage_seconds[] = {10, 0, 60, 5, 2}; /* 0: no limit */

/* ---- Pools of blocks ---- */

/* Memory comes fresh from mmap, so that of a large block only the pages exist that bytes have
 * arrived for. A few blocks are kept for the next to need one; twice a second those that nobody
 * has needed go back to the system. */
struct pool {
    size_t size; /* of each block, in bytes */
    void *spare[SPARE_BLOCKS];
    int spares;
};

/* What was just read. Payloads are unmasked there, and large ones written from there. */
static struct pool inputs = {.size = INPUT_SIZE};
/* Output that is gathered, so that all that one read gives rise to is one write. */
static struct pool transmits = {.size = TRANSMIT_SIZE};
/* A head or a message that is not complete yet. size: pws_receive_size */
static struct pool receives;

/* A block, or NULL if there is no memory. */
static void *pool_take(struct pool *pool) {
    void *block;

    if (pool->spares > 0)
        return pool->spare[--pool->spares];
    block = mmap(NULL, pool->size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

static void pool_give(struct pool *pool, void *block) {
    if (block == NULL)
        return;
    if (pool->spares < SPARE_BLOCKS)
        pool->spare[pool->spares++] = block;
    else
        munmap(block, pool->size);
}

static void pool_empty(struct pool *pool) {
    while (pool->spares > 0)
        munmap(pool->spare[--pool->spares], pool->size);
}

/* ---- Connections ---- */

struct connection {
    pws_conn ws;
    struct connection *previous, *next; /* of all connections */
    int fd;
    uint32_t watched; /* what epoll waits for */
    enum stage stage;
    int64_t deadline; /* milliseconds; when the stage must be over, or 0 */
    int held;         /* the socket takes no more output now */
    int ended;        /* the peer has ended, or the socket failed: no use in draining */
    uint8_t *input, *transmit, *receive; /* blocks, or NULL */
    pws_bytes unread;                    /* what is left of input */
    size_t discarded;                    /* bytes, while draining */
};

static pws_config config = {.role = PWS_SERVER, .max_message = DEFAULT_MAX_MESSAGE};
#ifdef PUREWS_ZLIB
static struct zlib_codecs codecs;
static pws_codec codec;
#endif
static struct connection *connections; /* the newest first */
static int epoll_fd, listen_fd;
static int listening; /* whether epoll watches listen_fd */
static int64_t now;   /* milliseconds, since the last epoll_pwait */

static void read_clock(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    now = (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void enter(struct connection *c, enum stage stage) {
    c->stage = stage;
    c->deadline = stage_seconds[stage] > 0 ? now + stage_seconds[stage] * 1000 : 0;
}

static void watch(struct connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (c->watched != events)
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
    c->watched = events;
}

/* Accepting stops when there is no descriptor left, until one is or a tick has passed: epoll would
 * report the listener all the time. */
static void listen_again(int yes) {
    struct epoll_event event = {.events = yes ? EPOLLIN : 0, .data.ptr = NULL};

    if (listening != yes)
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, listen_fd, &event);
    listening = yes;
}

static void give_blocks(struct connection *c) {
    pool_give(&inputs, c->input);
    pool_give(&transmits, c->transmit);
    pool_give(&receives, c->receive);
    c->input = c->transmit = c->receive = NULL;
    c->unread.len = 0;
}

static void drop(struct connection *c) {
    pws_end(&c->ws);
    give_blocks(c);
    close(c->fd);
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        connections = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    free(c);
    listen_again(1);
}

static void add_connection(int fd) {
    struct connection *c = calloc(1, sizeof *c);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int yes = 1;

    if (c == NULL || pws_init(&c->ws, &config, NULL, 0) != PWS_OK ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        free(c);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->fd = fd;
    c->watched = EPOLLIN;
    c->next = connections;
    if (connections != NULL)
        connections->previous = c;
    connections = c;
    enter(c, STAGE_HANDSHAKE);
}

static void accept_connections(void) {
    int i, fd;

    for (i = 0; i < EVENTS_AT_ONCE; i++) {
        fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            add_connection(fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            listen_again(0);
        if (fd < 0)
            return;
    }
}

/* ---- What a connection says ---- */

/* Answers a request that does not ask for a WebSocket: with the page, or 404. */
static void answer_plain(struct connection *c, pws_str target) {
    static const char missing[] = "There is only a page at / and a WebSocket anywhere.\n";
    pws_header type = {pws_cstr("Content-Type"), pws_cstr("text/html; charset=utf-8")};
    pws_response response = {.status = 200, .headers = &type, .header_count = 1};

    response.body.ptr = (const uint8_t *)echo_page;
    response.body.len = sizeof echo_page - 1;
    if (target.len == 0 || target.ptr[0] != '/' || (target.len > 1 && target.ptr[1] != '?')) {
        response.status = 404;
        response.body.ptr = (const uint8_t *)missing;
        response.body.len = sizeof missing - 1;
        type.value = pws_cstr("text/plain");
    }
    pws_reject(&c->ws, &response);
}

static void answer_request(struct connection *c, const pws_event *ev) {
    pws_str unused;
    int head_only = ev->head.method.len == 4 && memcmp(ev->head.method.ptr, "HEAD", 4) == 0;
    int plain = !pws_header_find(ev->head.fields, "Upgrade", &unused);

    if (plain && (ev->error == PWS_E_UPGRADE || (ev->error == PWS_E_METHOD && head_only)))
        answer_plain(c, ev->head.target);
    else
        pws_accept(&c->ws, NULL); /* or, if it breaks a rule, the answer that says which */
}

/* Sends a message back. A large one is not copied: it stays where it is and is written from there
 * before the machine takes more input. Once we have sent Close this does nothing. */
static void echo(struct connection *c, const pws_event *ev) {
    /* Nothing is borrowed, and there is room: it can only be that no codec is free. */
    if (pws_send(&c->ws, ev->kind, ev->data.ptr, ev->data.len) == PWS_E_BUSY)
        pws_send(&c->ws, ev->kind | PWS_PLAIN, ev->data.ptr, ev->data.len);
}

static void lend_receive(struct connection *c) {
    c->receive = pool_take(&receives);
    if (c->receive == NULL || pws_lend_receive(&c->ws, c->receive, receives.size) != PWS_OK) {
        c->ended = 1;
        pws_end(&c->ws);
    }
}

/* Writes as much as the socket takes. The machine keeps the rest. */
static void write_out(struct connection *c, const pws_event *ev) {
    struct iovec pieces[2];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    ssize_t n;
    int i;

    for (i = 0; i < 2; i++) {
        pieces[i].iov_base = (void *)(uintptr_t)ev->out[i].ptr;
        pieces[i].iov_len = ev->out[i].len;
    }
    n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        c->ended = 1;
        pws_end(&c->ws);
    } else if (n < 0 || (size_t)n < ev->out[0].len + ev->out[1].len) {
        pws_wrote(&c->ws, n > 0 ? (size_t)n : 0);
        pws_hold(&c->ws, 1);
        c->held = 1;
    }
}

/* Everything is said: lets the peer read it before the connection is closed. */
static void finish(struct connection *c) {
    give_blocks(c);
    if (c->ended || shutdown(c->fd, SHUT_WR) != 0) {
        drop(c);
        return;
    }
    enter(c, STAGE_DRAINING);
    watch(c, EPOLLIN);
}

/* After pulling: takes the blocks back that are not in use, and finds the connection's stage. */
static void settle(struct connection *c) {
    if (!c->held) {
        pool_give(&inputs, c->input);
        c->input = NULL;
        if (pws_lend_transmit(&c->ws, NULL, 0) == PWS_OK) {
            pool_give(&transmits, c->transmit);
            c->transmit = NULL;
        }
        if (c->receive != NULL && pws_lend_receive(&c->ws, NULL, 0) == PWS_OK) {
            pool_give(&receives, c->receive);
            c->receive = NULL;
        }
    }
    if (pws_state(&c->ws) == PWS_STATE_CONNECTING)
        return; /* still the time that began with the connection */
    if (pws_state(&c->ws) == PWS_STATE_CLOSING) {
        if (c->stage != STAGE_CLOSING)
            enter(c, STAGE_CLOSING);
    } else {
        enter(c, c->held ? STAGE_STUCK : STAGE_OPEN);
    }
}

/* Returns 0 if there is no memory to gather output in. */
static int lend_transmit(struct connection *c) {
    if (c->transmit != NULL)
        return 1; /* it was held */
    c->transmit = pool_take(&transmits);
    return c->transmit != NULL && pws_lend_transmit(&c->ws, c->transmit, transmits.size) == PWS_OK;
}

/* Pulls until there is nothing more or the socket is full. The connection may be gone afterwards.
 */
static void pull(struct connection *c) {
    pws_event ev;

    if (!lend_transmit(c)) {
        drop(c);
        return;
    }
    while (!c->held && pws_next(&c->ws, &c->unread, &ev)) {
        switch (ev.kind) {
        case PWS_REQUEST:
            answer_request(c, &ev);
            break;
        case PWS_TEXT:
        case PWS_BINARY:
            echo(c, &ev);
            break;
        case PWS_WRITE:
            write_out(c, &ev);
            break;
        case PWS_NEED_WORK:
            lend_receive(c);
            break;
        default: /* Ping and Close are answered by the machine, PWS_CLOSED by the state */
            break;
        }
    }
    if (pws_state(&c->ws) == PWS_STATE_CLOSED) {
        finish(c);
        return;
    }
    settle(c);
    watch(c, c->held ? EPOLLOUT : EPOLLIN);
}

static void read_in(struct connection *c) {
    ssize_t n;

    if (c->input == NULL)
        c->input = pool_take(&inputs);
    n = c->input == NULL ? 0 : recv(c->fd, c->input, INPUT_SIZE, 0);
    if (n > 0) {
        c->unread.ptr = c->input;
        c->unread.len = (size_t)n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        c->ended = 1;
        pws_eof(&c->ws);
    }
}

static void discard(struct connection *c) {
    static uint8_t waste[65536];
    ssize_t n = recv(c->fd, waste, sizeof waste, 0);

    if (n > 0)
        c->discarded += (size_t)n;
    else if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || c->discarded > DISCARD_LIMIT)
        drop(c);
}

/* What epoll has found about a connection's socket. */
static void on_ready(struct connection *c) {
    if (c->stage == STAGE_DRAINING) {
        discard(c);
        return;
    }
    if (c->held) { /* the socket takes more, or says with an error that it never will */
        c->held = 0;
        pws_hold(&c->ws, 0);
    } else {
        read_in(c);
    }
    pull(c);
}

/* ---- The loop ---- */

static volatile sig_atomic_t stopping;

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

/* Twice a second: drops the connections whose time is up, and gives spare memory back. */
static void tick(void) {
    struct connection *c, *next;

    for (c = connections; c != NULL; c = next) {
        next = c->next;
        if (c->deadline != 0 && c->deadline <= now)
            drop(c);
    }
    pool_empty(&inputs);
    pool_empty(&transmits);
    pool_empty(&receives);
    listen_again(1);
}

/* Tells everybody that the server goes away. */
static void close_all(void) {
    struct connection *c, *next;

    close(listen_fd);
    for (c = connections; c != NULL; c = next) {
        next = c->next;
        if (c->stage == STAGE_HANDSHAKE) {
            drop(c);
        } else if (c->stage != STAGE_DRAINING && lend_transmit(c)) {
            pws_close(&c->ws, 1001, pws_cstr("server is shutting down"));
            pull(c);
        }
    }
}

static void run(void) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t ticked = 0, last = 0; /* milliseconds; last: when to end, once stopping */
    sigset_t unblocked;
    int i, count, idle;

    sigemptyset(&unblocked);
    while (last == 0 || (connections != NULL && now < last)) {
        idle = connections == NULL && inputs.spares + receives.spares == 0 && listening;
        count = epoll_pwait(epoll_fd, events, EVENTS_AT_ONCE, idle ? -1 : TICK,
                            stopping ? NULL : &unblocked);
        read_clock();
        for (i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_connections();
            else
                on_ready(events[i].data.ptr);
        }
        if (stopping && last == 0) {
            last = now + SHUTDOWN_SECONDS * 1000;
            close_all();
        }
        if (now >= ticked + TICK) {
            ticked = now;
            tick();
        }
    }
}

/* ---- Starting
 * ------------------------------------------------------------------------------------ */

/* Listens, and prints where. */
static void start_listening(const char *host, const char *port) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char number[NI_MAXSERV];
    int yes = 1, error = getaddrinfo(host, port, &hints, &address);
    const char *brackets = strchr(host, ':') != NULL ? "[]" : "";

    if (error != 0)
        fail(1, host, gai_strerror(error));
    listen_fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (listen_fd < 0 || bind(listen_fd, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(listen_fd, 4096) != 0)
        fail(1, "cannot listen", strerror(errno));
    freeaddrinfo(address);
    getsockname(listen_fd, (struct sockaddr *)&bound, &size);
    getnameinfo((struct sockaddr *)&bound, size, NULL, 0, number, sizeof number, NI_NUMERICSERV);
    printf("listening on ws://%.1s%s%.1s:%s/\n", brackets, host, brackets + (brackets[0] != '\0'),
           number);
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    struct sigaction action = {.sa_handler = on_signal};
    struct rlimit files;
    sigset_t blocked;
    const char *host = "127.0.0.1", *port = NULL;

#ifdef PUREWS_ZLIB
    codec = zlib_codec(&codecs);
    config.codec = &codec;
#endif
    parse_options(argc, argv, &config, &host, &port);
#ifdef PUREWS_ZLIB
    if (config.deflate.server_no_context_takeover)
        codecs.max_inflate = codecs.max_deflate = POOLED_CODECS;
    codecs.small_windows =
        config.deflate.client_max_window_bits != 0; /* asked for to save memory */
#endif
    receives.size = pws_receive_size(&config);

    /* Signals come only while the loop waits. */
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    /* One descriptor for each connection: as many as we may have. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    start_listening(host, port);
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) != 0)
        fail(1, "cannot wait for events", strerror(errno));
    listening = 1;
    run();
    while (connections != NULL)
        drop(connections);
#ifdef PUREWS_ZLIB
    zlib_codecs_free(&codecs);
#endif
    return 0;
}
