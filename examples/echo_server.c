/* echo_server: sends every message back, to thousands of connections at once, in one thread over
 * epoll. Linux. It shows what a server has to get right around the machine:
 *
 * - Memory. A connection that is idle owns its struct and nothing else. While it works it has
 *   blocks from pools, described below; afterwards they go back, but for one that keeps an
 *   unfinished message. So a few blocks usually serve everybody.
 *
 * - System calls. They cost more than all else here. So all that one read gives rise to is one
 *   write, and epoll is told nothing new while a connection goes on as it did.
 *
 * - Backpressure. When a socket takes no more, its connection is held and not read from. It keeps
 *   its blocks as they are, with all that the machine points to and the input that is still unread,
 *   until the socket takes more. Thus a peer that sends without reading costs at most the struct,
 *   68 KiB of input, 72 KiB of output and the bytes of one message. Or, with --queue, the peer is
 *   read from all the same and its echoes wait in a queue of so many bytes.
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
 * - Time. Heartbeat and limits are those of pws_config. A timing wheel finds the connections whose
 *   deadline has come, and says how long epoll may wait.
 *
 * - Watching. All events of all connections are counted, for GET /metrics. */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "echo_metrics.h"
#include "echo_options.h"
#include "echo_outbox.h"
#include "echo_page.h"
#include "echo_pool.h"
#include "purews.h"
#include "wheel.h"
#ifdef PUREWS_ZLIB
#include "zlib_codec.h"
#endif

enum {
    INPUT_SIZE = 69632,       /* bytes: 64 KiB of payload, and the headers of their frames */
    QUEUED_INPUT = 16384,     /* bytes, with --queue: the echoes of one input wait in the queue */
    TRANSMIT_SIZE = 73728,    /* bytes: the echo of one input, and pongs */
    DISCARD_LIMIT = 16 << 20, /* bytes that are read and thrown away at the end */
    DRAIN_MS = 2000,          /* for the peer to end after us */
    SHUTDOWN_MS = 3000,       /* from SIGTERM to the exit at the latest */
    TIDY_MS = 500,            /* from when there is something to tidy up */
    POOLED_CODECS = 64,       /* for each direction, without context takeover */
    EVENTS_AT_ONCE = 64,      /* sockets that one epoll_wait reports */
    READS_AT_ONCE = 16,       /* of these, that are read from before the first is written to */
    IN_HAND = 32768           /* bytes: with so many, no further one is read from before that */
};

static struct options options = {
    .host = "127.0.0.1",
    .config = {.role = PWS_SERVER,
               .max_message = 16 << 20, /* as conformance suites send */
               .open_ms = 10000,
               .ping_ms = 30000,
               .pong_ms = 10000,
               .message_ms = 60000,
               .send_ms = 60000,
               .close_ms = 5000}};
#ifdef PUREWS_ZLIB
static struct zlib_codecs codecs;
static pws_codec codec;
#endif

/* What was just read. Payloads are unmasked there, and large ones written from there. size:
 * INPUT_SIZE or QUEUED_INPUT */
static struct pool inputs = {.keep = READS_AT_ONCE};
/* Output that is gathered, so that all that one read gives rise to is one write. */
static struct pool transmits = {.size = TRANSMIT_SIZE, .keep = 4};
/* A head or a message that is not complete yet. size: pws_receive_size */
static struct pool receives = {.keep = 4};
/* struct outbox, with --queue. */
static struct pool outboxes = {.keep = 4};

/* How a peer keeps its rate. */
struct pace {
    pws_rate rate;
    uint64_t resume; /* when it is read from again, in milliseconds */
};

struct connection {
    pws_conn ws;
    struct outbox *outbox;               /* block, or NULL */
    uint8_t *input, *transmit, *receive; /* blocks, or NULL */
    pws_bytes unread;                    /* what is left of input */
    uint64_t armed;                      /* the deadline that the wheel has */
    int fd;
    uint32_t watched;   /* what epoll waits for */
    uint32_t discarded; /* bytes, while draining */
    uint8_t unfinished; /* the last read may have left something in the socket */
    uint8_t held;       /* the socket takes no more output now */
    uint8_t ended;      /* the peer has ended, or the socket failed: no use in draining */
    uint8_t opened;     /* PWS_OPEN has come */
    struct pace pace[]; /* one, if there is a limit */
};

static struct connection **connections; /* by their descriptors, which are the ids of the wheel */
static uint32_t places;                 /* at connections and wheel.links */
static uint32_t connected;
static struct wheel wheel;
static struct metrics metrics;
static int epoll_fd, listen_fd;
static int listening; /* whether epoll watches listen_fd */
static int tidying;   /* whether the wheel has listen_fd, for tidy_up */
static uint64_t now;  /* milliseconds, since the last epoll_pwait */

static void read_clock(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    now = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static int has_rate(void) {
    return options.rate.messages_per_second != 0 || options.rate.bytes_per_second != 0;
}

/* ---- Connections come and go ---- */

/* Makes a place for a descriptor. Returns 0 if there is no memory. */
static int make_place(int fd) {
    uint32_t more = places > 0 ? places : 64;
    void *moved;

    for (; (uint32_t)fd >= places; places += more, more = places) {
        moved = realloc(connections, (places + more) * sizeof *connections);
        if (moved == NULL)
            return 0;
        connections = moved;
        memset(connections + places, 0, more * sizeof *connections);
        moved = realloc(wheel.links, (places + more) * sizeof *wheel.links);
        if (moved == NULL)
            return 0;
        wheel.links = moved;
        memset(wheel.links + places, 0, more * sizeof *wheel.links);
    }
    return 1;
}

/* Accepting stops when there is no descriptor left, until one is or some time has passed: epoll
 * would report the listener all the time. */
static void listen_again(int yes) {
    struct epoll_event event = {.events = yes ? EPOLLIN : 0, .data.ptr = NULL};

    if (listening != yes)
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, listen_fd, &event);
    listening = yes;
}

/* What to wait for on a socket that is read from. epoll says once that something has come
 * (edge-triggered), and need not look at the socket again when it is asked next. A read that does
 * not fill its buffer has emptied the socket; otherwise `unfinished` has epoll look again. */
#define READABLE ((uint32_t)EPOLLIN | EPOLLRDHUP | EPOLLET)

/* Telling epoll has it look anew, also at what has come before. */
static void watch(struct connection *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (c->watched != events || c->unfinished)
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
    c->watched = events;
    c->unfinished = 0;
}

/* Sees to it that the wheel calls at a deadline, or before. Most move on with every message, so a
 * later one waits until the wheel calls. */
static void arm(struct connection *c, uint64_t deadline) {
    if (deadline >= c->armed)
        return;
    wheel_set(&wheel, (uint32_t)c->fd, deadline);
    c->armed = deadline;
}

static void give_blocks(struct connection *c) {
    pool_give(&inputs, c->input);
    pool_give(&transmits, c->transmit);
    pool_give(&receives, c->receive);
    pool_give(&outboxes, c->outbox);
    c->input = c->transmit = c->receive = NULL;
    c->outbox = NULL;
    c->unread.len = 0;
}

static void drop(struct connection *c) {
    pws_end(&c->ws);
    metrics.open -= c->opened;
    give_blocks(c);
    wheel_set(&wheel, (uint32_t)c->fd, UINT64_MAX);
    connections[c->fd] = NULL;
    connected--;
    close(c->fd);
    free(c);
    listen_again(1);
}

static void add_connection(int fd) {
    struct connection *c = calloc(1, sizeof *c + (has_rate() ? sizeof *c->pace : 0));
    struct epoll_event event = {.events = READABLE, .data.ptr = c};
    int yes = 1;

    if (c == NULL || !make_place(fd) || pws_init(&c->ws, &options.config, NULL, 0) != PWS_OK ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        free(c);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->fd = fd;
    c->watched = READABLE;
    c->armed = UINT64_MAX;
    connections[fd] = c;
    connected++;
    pws_tick(&c->ws, now);
    arm(c, pws_deadline(&c->ws));
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

/* The socket or memory has failed: the machine ends without another word. */
static void give_up(struct connection *c) {
    c->ended = 1;
    c->held = 1;
    pws_hold(&c->ws, 1);
    pws_eof(&c->ws);
}

/* Everything is said: lets the peer read it before the connection is closed. */
static void finish(struct connection *c) {
    give_blocks(c);
    metrics.open -= c->opened;
    c->opened = 0;
    if (c->ended || c->held || shutdown(c->fd, SHUT_WR) != 0) {
        drop(c);
        return;
    }
    watch(c, EPOLLIN);
    c->armed = UINT64_MAX;
    arm(c, now + DRAIN_MS);
}

/* ---- Plain HTTP ---- */

/* Whether a request target is this path, with or without a query. */
static int is_path(pws_str target, const char *path) {
    size_t length = strlen(path);

    return target.len >= length && memcmp(target.ptr, path, length) == 0 &&
           (target.len == length || target.ptr[length] == '?');
}

/* Answers a request that does not ask for a WebSocket. */
static void answer_plain(struct connection *c, pws_str target) {
    static const char missing[] = "There is a page at /, one at /metrics, and a WebSocket "
                                  "anywhere.\n";
    pws_header type = {pws_cstr("Content-Type"), pws_cstr("text/html; charset=utf-8")};
    pws_response response = {.status = 200, .headers = &type, .header_count = 1};

    if (is_path(target, "/")) {
        response.body.ptr = (const uint8_t *)echo_page;
        response.body.len = sizeof echo_page - 1;
    } else if (is_path(target, "/metrics")) {
        /* The head lies in the receive half, and what may be behind it is of no use any more. */
        type.value = pws_cstr(metrics_type);
        response.body.ptr = c->input;
        response.body.len = metrics_write(&metrics, (char *)c->input);
        c->unread.len = 0;
    } else {
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

/* ---- Echoes ---- */

/* Puts a message into the queue, from which it is sent. Once we have sent Close it is of no use. */
static void enqueue(struct connection *c, const pws_event *ev) {
    if (pws_state(&c->ws) != PWS_STATE_OPEN)
        return;
    if (c->outbox == NULL) {
        c->outbox = pool_take(&outboxes);
        if (c->outbox == NULL) {
            give_up(c);
            return;
        }
        outbox_begin(c->outbox, &options.queue, options.queue_size);
    }
    outbox_put(c->outbox, ev, now, &metrics);
}

/* Sends a message back. A large one is not copied: it stays where it is and is written from there
 * before the machine takes more input. Once we have sent Close this does nothing. */
static void echo(struct connection *c, const pws_event *ev) {
    int32_t error = pws_send(&c->ws, ev->kind, ev->data.ptr, ev->data.len);

    /* Nothing is borrowed, and there is room: it can only be that no codec is free. */
    if (error == PWS_E_BUSY)
        error = pws_send(&c->ws, ev->kind | PWS_PLAIN, ev->data.ptr, ev->data.len);
    if (error == PWS_OK)
        pws_stats_sent(&metrics.stats, ev->kind, ev->data.len);
}

/* Returns 0 if the message is more than the peer may send and is not to be answered. */
static int keeps_rate(struct connection *c, const pws_event *ev) {
    uint64_t wait = pws_rate_take(&c->pace->rate, &options.rate, now, 1, ev->data.len);

    if (wait == 0)
        return 1;
    if (pws_state(&c->ws) == PWS_STATE_OPEN)
        metrics.rate_exceeded++;
    if (options.rate_action == RATE_CLOSE)
        pws_close(&c->ws, 1008, pws_cstr("this is more than one connection may send"));
    if (options.rate_action == RATE_DELAY)
        c->pace->resume = now + wait;
    return options.rate_action != RATE_CLOSE;
}

static void on_message(struct connection *c, const pws_event *ev) {
    if (has_rate() && !keeps_rate(c, ev))
        return;
    if (options.queue_size > 0)
        enqueue(c, ev);
    else
        echo(c, ev);
}

/* ---- The machine ---- */

/* Whether something points into the input or the receive half that must stay as it is: what the
 * machine has borrowed, or a message without room in the queue. With a queue the machine borrows
 * from there alone, while messages may flow. */
static int is_stuck(const struct connection *c) {
    if (options.queue_size > 0 && pws_state(&c->ws) == PWS_STATE_OPEN && !c->ended)
        return c->outbox != NULL && outbox_is_full(c->outbox);
    return c->held;
}

/* Whether the peer has sent too much and is not read from now. */
static int is_delayed(const struct connection *c) {
    return options.rate_action == RATE_DELAY && has_rate() && c->pace->resume > now;
}

static void lend_receive(struct connection *c) {
    c->receive = pool_take(&receives);
    if (c->receive == NULL || pws_lend_receive(&c->ws, c->receive, receives.size) != PWS_OK)
        give_up(c);
}

/* Returns 0 if there is no memory to gather output in. */
static int lend_transmit(struct connection *c) {
    if (c->transmit != NULL)
        return 1; /* it was held */
    c->transmit = pool_take(&transmits);
    return c->transmit != NULL && pws_lend_transmit(&c->ws, c->transmit, transmits.size) == PWS_OK;
}

/* Takes the blocks back that are not in use. */
static void take_back(struct connection *c) {
    if (c->outbox != NULL && outbox_is_empty(c->outbox)) {
        pool_give(&outboxes, c->outbox);
        c->outbox = NULL;
    }
    if (!c->held && pws_lend_transmit(&c->ws, NULL, 0) == PWS_OK) {
        pool_give(&transmits, c->transmit);
        c->transmit = NULL;
    }
    if (is_stuck(c))
        return;
    if (c->unread.len == 0) {
        pool_give(&inputs, c->input);
        c->input = NULL;
    }
    if (c->receive != NULL && pws_lend_receive(&c->ws, NULL, 0) == PWS_OK) {
        pool_give(&receives, c->receive);
        c->receive = NULL;
    }
}

static ssize_t write_pieces(int fd, const pws_view out[2]) {
    struct iovec pieces[2];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    int i;

    for (i = 0; i < 2; i++) {
        pieces[i].iov_base = (void *)(uintptr_t)out[i].ptr;
        pieces[i].iov_len = out[i].len;
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* Writes as much as the socket takes. The machine keeps the rest. */
static void write_out(struct connection *c, const pws_event *ev) {
    ssize_t n;
    size_t written;

    if (ev->out[1].len == 0)
        n = send(c->fd, ev->out[0].ptr, ev->out[0].len, MSG_NOSIGNAL);
    else
        n = write_pieces(c->fd, ev->out);
    written = n > 0 ? (size_t)n : 0;
    pws_stats_wrote(&metrics.stats, written);
    if (c->outbox != NULL)
        pws_queue_wrote(&c->outbox->queue, &c->ws, written);
    else
        pws_wrote(&c->ws, written);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        give_up(c);
    } else if (written < ev->out[0].len + ev->out[1].len) {
        pws_hold(&c->ws, 1);
        c->held = 1;
    }
}

static void on_event(struct connection *c, const pws_event *ev) {
    switch (ev->kind) {
    case PWS_REQUEST:
        answer_request(c, ev);
        break;
    case PWS_OPEN:
        c->opened = 1;
        metrics.open++;
        break;
    case PWS_TEXT:
    case PWS_BINARY:
        on_message(c, ev);
        break;
    case PWS_WRITE:
        write_out(c, ev);
        break;
    case PWS_NEED_WORK:
        lend_receive(c);
        break;
    default: /* Ping and Close are answered by the machine, PWS_CLOSED by the state */
        break;
    }
}

/* The next event. Input has to wait while is_stuck or is_delayed. */
static int next_event(struct connection *c, pws_event *ev) {
    if (c->outbox != NULL)
        outbox_send(c->outbox, &c->ws, now, &metrics);
    return pws_next(&c->ws, is_stuck(c) || is_delayed(c) ? NULL : &c->unread, ev);
}

/* Pulls until there is nothing more, and waits for what has to come then. The connection may be
 * gone afterwards. */
static void pull(struct connection *c) {
    uint64_t deadline;
    pws_event ev;
    int waits;

    if (!lend_transmit(c))
        give_up(c);
    while (next_event(c, &ev)) {
        pws_stats_event(&metrics.stats, &ev);
        on_event(c, &ev);
    }
    if (pws_state(&c->ws) == PWS_STATE_CLOSED) {
        finish(c);
        return;
    }
    take_back(c);
    waits = is_stuck(c) || is_delayed(c);
    watch(c, (c->held ? EPOLLOUT : 0u) | (waits ? 0u : READABLE));
    deadline = pws_deadline(&c->ws);
    if (is_delayed(c) && c->pace->resume < deadline)
        deadline = c->pace->resume;
    arm(c, deadline);
}

static void read_in(struct connection *c) {
    ssize_t n;

    if (c->input == NULL)
        c->input = pool_take(&inputs);
    n = c->input == NULL ? 0 : recv(c->fd, c->input, inputs.size, 0);
    if (n > 0) {
        c->unread.ptr = c->input;
        c->unread.len = (size_t)n;
        c->unfinished |= (size_t)n == inputs.size;
        pws_stats_read(&metrics.stats, (uint64_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        c->ended = 1;
        pws_eof(&c->ws);
    }
}

static void discard(struct connection *c) {
    static uint8_t waste[65536];
    ssize_t n = recv(c->fd, waste, sizeof waste, 0);

    if (n > 0) {
        c->discarded += (uint32_t)n;
        pws_stats_read(&metrics.stats, (uint64_t)n);
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0 || c->discarded > DISCARD_LIMIT)
        drop(c);
}

/* What epoll has found about a connection's socket. Returns whether to pull. */
static int on_ready(struct connection *c, uint32_t events) {
    uint32_t reads = c->watched & EPOLLIN;

    if (pws_state(&c->ws) == PWS_STATE_CLOSED) {
        discard(c);
        return 0;
    }
    pws_tick(&c->ws, now);
    if (c->watched == 0) /* an error: nothing else was asked for */
        give_up(c);
    if (c->held && (events & ~(uint32_t)EPOLLIN) != 0 && !c->ended) {
        c->held = 0; /* it takes more, or says with an error that it never will */
        pws_hold(&c->ws, 0);
    }
    if (reads != 0 && (events & ~(uint32_t)EPOLLOUT) != 0) {
        /* the end of the stream, or an error, may lie behind the bytes that are read now */
        c->unfinished = (events & ~(uint32_t)(EPOLLIN | EPOLLOUT)) != 0;
        read_in(c);
    }
    return 1;
}

/* A connection's deadline has come, or one that it had earlier. */
static void on_time(struct connection *c) {
    c->armed = UINT64_MAX; /* the wheel has disarmed it */
    if (pws_state(&c->ws) == PWS_STATE_CLOSED) {
        drop(c);
        return;
    }
    pws_tick(&c->ws, now);
    /* what has come is not late: one turn of epoll shows only so many sockets */
    if ((c->watched & EPOLLIN) != 0 && c->unread.len == 0)
        read_in(c);
    pull(c);
}

/* ---- The loop ---- */

static volatile sig_atomic_t stopping;

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

/* Gives spare memory back, and tries to accept again. */
static void tidy_up(void) {
    tidying = 0;
    pool_empty(&inputs);
    pool_empty(&transmits);
    pool_empty(&receives);
    pool_empty(&outboxes);
    listen_again(1);
}

/* Sees to it that there is a tidy_up some time after there is something to do for it. */
static void plan_tidying(void) {
    if (tidying ||
        (listening && inputs.spares + transmits.spares + receives.spares + outboxes.spares == 0))
        return;
    tidying = 1;
    wheel_set(&wheel, (uint32_t)listen_fd, now + TIDY_MS);
}

static void turn_wheel(void) {
    uint32_t id;

    while ((id = wheel_take(&wheel, now)) != WHEEL_NONE) {
        if (id == (uint32_t)listen_fd)
            tidy_up();
        else
            on_time(connections[id]);
    }
}

/* Tells everybody that the server goes away. */
static void close_all(void) {
    uint32_t place;

    for (place = 0; place < places; place++) {
        struct connection *c = connections[place];

        if (c == NULL || pws_state(&c->ws) == PWS_STATE_CLOSED)
            continue;
        if (pws_state(&c->ws) == PWS_STATE_CONNECTING) {
            drop(c);
        } else {
            pws_tick(&c->ws, now);
            pws_close(&c->ws, 1001, pws_cstr("server is shutting down"));
            pull(c);
        }
    }
}

/* Sees to sockets, up to where enough has been read. Returns how many that were; those of the
 * events that are to be pulled keep their connection. */
static int read_some(struct epoll_event *events, int count) {
    size_t in_hand = 0;
    int i;

    for (i = 0; i < count && i < READS_AT_ONCE && in_hand < IN_HAND; i++) {
        struct connection *c = events[i].data.ptr;

        if (c == NULL)
            accept_connections();
        else if (on_ready(c, events[i].events))
            in_hand += c->unread.len;
        else
            events[i].data.ptr = NULL;
    }
    return i;
}

/* Sees to what epoll has found: reads from several sockets, then pulls and so writes to them. A
 * processor is faster at doing the same again and again than at doing one after the other. */
static void turn_sockets(struct epoll_event *events, int count) {
    int done, some;

    for (done = 0; done < count; done += some) {
        int i;

        some = read_some(events + done, count - done);
        for (i = done; i < done + some; i++)
            if (events[i].data.ptr != NULL)
                pull(events[i].data.ptr);
    }
}

/* Milliseconds that epoll may wait. */
static int patience(uint64_t last) {
    uint64_t next = wheel_next(&wheel);

    if (next > last)
        next = last;
    if (next == UINT64_MAX)
        return -1;
    if (next <= now)
        return 0;
    return next - now < INT_MAX ? (int)(next - now) : INT_MAX;
}

static void run(void) {
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t last = UINT64_MAX; /* when to end, once stopping; milliseconds */
    sigset_t unblocked;
    int count;

    sigemptyset(&unblocked);
    while (last == UINT64_MAX || (connected > 0 && now < last)) {
        count = epoll_pwait(epoll_fd, events, EVENTS_AT_ONCE, patience(last),
                            stopping ? NULL : &unblocked);
        read_clock();
        turn_sockets(events, count);
        turn_wheel();
        if (stopping && last == UINT64_MAX) {
            last = now + SHUTDOWN_MS;
            epoll_ctl(epoll_fd, EPOLL_CTL_DEL, listen_fd, NULL);
            close(listen_fd);
            close_all();
        }
        plan_tidying();
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
    uint32_t place;

#ifdef PUREWS_ZLIB
    codec = zlib_codec(&codecs);
    options.config.codec = &codec;
#endif
    options.config.cpu = pws_cpu();
    parse_options(argc, argv, &options);
#ifdef PUREWS_ZLIB
    if (options.config.deflate.server_no_context_takeover)
        codecs.max_inflate = codecs.max_deflate = POOLED_CODECS;
    codecs.small_windows =
        options.config.deflate.client_max_window_bits != 0; /* asked for to save memory */
#endif
    inputs.size = options.queue_size > 0 ? QUEUED_INPUT : INPUT_SIZE;
    receives.size = pws_receive_size(&options.config);
    outboxes.size = sizeof(struct outbox) + options.queue_size;

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
    start_listening(options.host, options.port);
    read_clock();
    wheel_init(&wheel, now);
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) != 0 ||
        !make_place(listen_fd))
        fail(1, "cannot wait for events", strerror(errno));
    listening = 1;
    run();
    for (place = 0; place < places; place++)
        if (connections[place] != NULL)
            drop(connections[place]);
    free(connections);
    free(wheel.links);
#ifdef PUREWS_ZLIB
    zlib_codecs_free(&codecs);
#endif
    return 0;
}
