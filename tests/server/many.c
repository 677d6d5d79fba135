/* 1000 clients at once on echo_server, all open from the first to the last message, each with
 * messages of its own that come back to it and nobody else.
 *
 *     many [PATH_OF_ECHO_SERVER] */
#define _GNU_SOURCE
#include "peer.h"

#include "check.h"
#include "purews.h"

enum {
    CLIENTS = 1000,
    ROUNDS = 5,          /* messages of each */
    MAX_MESSAGE = 70000, /* bytes; above 65535, so that every form of length occurs */
    STEP = 20000         /* milliseconds without any progress: it has failed */
};

struct one {
    pws_conn ws;
    int fd;
    int held;
    int echoed; /* messages that came back right */
    int wrong;  /* or not */
    int closed; /* PWS_CLOSED has come */
    int clean;  /* with 1000 and no error */
    uint8_t *work;
    uint8_t *message; /* the one that is under way */
    size_t length;
};

static struct one clients[CLIENTS];
static struct pollfd polled[CLIENTS];
static pws_config config;
static pws_random rng;
static int still_open, all_open, finished; /* clients */

/* The bytes of a client's message depend on both numbers, its length grows from round to round. */
static void make_message(struct one *one, int client, int round) {
    static const size_t lengths[ROUNDS] = {1, 100, 1000, 5000, 66000};
    size_t i;

    one->length = lengths[round] + (size_t)client;
    for (i = 0; i < one->length; i++)
        one->message[i] = (uint8_t)((size_t)client * 31 + (size_t)round * 7 + i * 13 + i / 251);
}

static void send_message(struct one *one, int client) {
    make_message(one, client, one->echoed);
    one->wrong += pws_send(&one->ws, PWS_BINARY, one->message, one->length) != PWS_OK;
}

static void write_out(struct one *one, const pws_event *ev) {
    size_t written = 0;
    int i;

    for (i = 0; i < 2; i++) {
        size_t done = 0;
        while (done < ev->out[i].len) {
            ssize_t n = send(one->fd, ev->out[i].ptr + done, ev->out[i].len - done,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n <= 0) {
                pws_wrote(&one->ws, written);
                pws_hold(&one->ws, 1);
                one->held = 1;
                return;
            }
            done += (size_t)n;
            written += (size_t)n;
        }
    }
}

static void on_message(struct one *one, int client, const pws_event *ev) {
    if (ev->kind != PWS_BINARY || ev->data.len != one->length ||
        memcmp(ev->data.ptr, one->message, one->length) != 0)
        one->wrong++;
    one->echoed++;
    if (one->echoed == ROUNDS)
        finished++;
    else
        send_message(one, client);
}

static void pull(int client, pws_bytes in) {
    struct one *one = &clients[client];
    pws_event ev;

    while (pws_next(&one->ws, &in, &ev)) {
        switch (ev.kind) {
        case PWS_WRITE:
            write_out(one, &ev);
            break;
        case PWS_OPEN:
            all_open++;
            break;
        case PWS_TEXT:
        case PWS_BINARY:
            on_message(one, client, &ev);
            break;
        case PWS_CLOSED:
            one->closed = 1;
            one->clean = ev.error == PWS_OK && ev.code == 1000 && ev.sent_code == 1000;
            still_open--;
            break;
        default:
            break;
        }
    }
}

/* Waits for any of the sockets, reads and pulls. Returns 0 if nothing happens any more. */
static int turn(void) {
    static uint8_t input[65536];
    pws_bytes none = {NULL, 0}, in;
    int i;

    for (i = 0; i < CLIENTS; i++) {
        polled[i].fd = clients[i].closed ? -1 : clients[i].fd;
        polled[i].events = (short)(POLLIN | (clients[i].held ? POLLOUT : 0));
    }
    if (poll(polled, CLIENTS, STEP) <= 0)
        return 0;
    for (i = 0; i < CLIENTS; i++) {
        if (polled[i].revents == 0)
            continue;
        in = none;
        if (polled[i].revents & POLLOUT) {
            clients[i].held = 0;
            pws_hold(&clients[i].ws, 0);
        }
        if (polled[i].revents & (POLLIN | POLLHUP | POLLERR)) {
            ssize_t n = recv(clients[i].fd, input, sizeof input, MSG_DONTWAIT);
            in.ptr = input;
            in.len = n > 0 ? (size_t)n : 0;
            if (n == 0 || (n < 0 && errno != EAGAIN))
                pws_eof(&clients[i].ws);
        }
        pull(i, in);
    }
    return 1;
}

/* Connects and tells the machine to ask. Returns 0 if that fails. */
static int begin(struct one *one, const struct server *server) {
    pws_request request;
    size_t size = pws_work_size(&config);

    memset(&request, 0, sizeof request);
    request.host = pws_cstr("localhost");
    one->work = (uint8_t *)malloc(size);
    one->message = (uint8_t *)malloc(MAX_MESSAGE);
    one->fd = peer_connect(server, 0);
    return one->work != NULL && one->message != NULL && one->fd >= 0 &&
           pws_init(&one->ws, &config, one->work, size) == PWS_OK &&
           pws_connect(&one->ws, &rng, &request) == PWS_OK;
}

int main(int argc, char **argv) {
    static const uint8_t seed[32] = {1, 2, 3}; /* known, so no secret: the same in every run */
    struct server server = server_start(server_path(argc, argv), 0);
    struct rlimit files;
    pws_bytes none = {NULL, 0};
    int i, begun = 0, right = 0, clean = 0;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    config.role = PWS_CLIENT;
    config.max_message = MAX_MESSAGE;
    pws_random_seed(&rng, seed);

    check_case("1000 clients are connected at once");
    for (i = 0; i < CLIENTS; i++)
        begun += begin(&clients[i], &server);
    CHECK(begun == CLIENTS);
    if (begun != CLIENTS)
        return check_end();
    still_open = CLIENTS;
    for (i = 0; i < CLIENTS; i++)
        pull(i, none);
    while (all_open < CLIENTS && turn())
        continue;
    CHECK(all_open == CLIENTS);

    check_case("each gets back its own messages, all at the same time");
    for (i = 0; i < CLIENTS; i++) {
        send_message(&clients[i], i);
        pull(i, none);
    }
    while (finished < CLIENTS && still_open == CLIENTS && turn())
        continue;
    for (i = 0; i < CLIENTS; i++)
        right += clients[i].echoed == ROUNDS && clients[i].wrong == 0;
    CHECK(right == CLIENTS);
    CHECK(still_open == CLIENTS);

    check_case("each is closed with 1000");
    for (i = 0; i < CLIENTS; i++) {
        CHECK(pws_close(&clients[i].ws, 1000, pws_cstr("done")) == PWS_OK);
        pull(i, none);
    }
    while (still_open > 0 && turn())
        continue;
    for (i = 0; i < CLIENTS; i++) {
        clean += clients[i].clean;
        close(clients[i].fd);
        free(clients[i].work);
        free(clients[i].message);
    }
    CHECK(clean == CLIENTS);

    check_case("the server ends with status 0");
    CHECK(server_stop(&server) == 0);
    return check_end();
}
