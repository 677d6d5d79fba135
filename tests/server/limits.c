/* The rate limit and the queue of echo_server: what becomes of a peer that sends too much, and of
 * the echoes of one that does not take them.
 *
 *     limits [PATH_OF_ECHO_SERVER] */
#define _GNU_SOURCE
#include "peer.h"

#include "check.h"

enum {
    SIZE = 1000,      /* bytes of a numbered message */
    FRAME = 8 + SIZE, /* and of its frame */
    SMALL_QUEUE = 65536,
    MANY = 20000,    /* messages: more than all buffers between the ends hold */
    A_LOT = 64 << 20 /* bytes: likewise */
};

static const char exceeded[] = "purews_rate_exceeded_messages_total";
static const char dropped[] = "purews_queue_dropped_messages_total";

/* ---- Numbered messages ---- */

static void make_numbered(uint8_t *frame, int number) {
    size_t head = peer_frame_head(frame, 0x82, SIZE);

    memset(frame + head, 'x', SIZE);
    snprintf((char *)frame + head, SIZE, "%d", number);
}

static int send_numbered(int fd, int number) {
    uint8_t frame[FRAME];

    make_numbered(frame, number);
    return peer_send(fd, frame, sizeof frame);
}

/* The number of the next message; -1: it is none, or broken. */
static int receive_numbered(int fd) {
    char payload[SIZE];
    size_t length;

    if (peer_receive_frame(fd, payload, sizeof payload, &length) != 0x82 || length != SIZE ||
        memchr(payload, '\0', SIZE) == NULL)
        return -1;
    return atoi(payload);
}

/* ---- Rate ---- */

/* Sends so many messages of one byte at once. */
static int send_burst(int fd, int count) {
    uint8_t frames[7 * 100], *p = frames;
    int i;

    for (i = 0; i < count; i++, p += 7) {
        peer_frame_head(p, 0x81, 1);
        p[6] = (uint8_t)('a' + i % 26);
    }
    return peer_send(fd, frames, (size_t)(p - frames));
}

/* Receives echoes of such messages, in order, until there is another frame. Returns how many. */
static int receive_burst(int fd, uint8_t *first, uint8_t *payload, size_t *length) {
    int count = 0;

    for (;;) {
        *length = 0;
        *first = peer_receive_frame(fd, payload, 125, length);
        if (*first != 0x81 || *length != 1 || payload[0] != 'a' + count % 26)
            return count;
        count++;
    }
}

static void test_rate_closes(const char *path, const char *options, int least) {
    struct server server = server_start_with(path, 0, options);
    uint8_t first, payload[125];
    size_t length;
    int fd = peer_open(&server, 0), count;

    CHECK(fd >= 0 && send_burst(fd, 100));
    count = receive_burst(fd, &first, payload, &length);
    CHECK(count >= least && count < 100);
    CHECK(first == 0x88 && length >= 2 && (payload[0] << 8 | payload[1]) == 1008);
    CHECK(peer_send_frame(fd, 0x88, "\x03\xf0", 2) && peer_ends(fd));
    close(fd);
    CHECK(metric(&server, exceeded) == 1);
    CHECK(peer_is_served(&server));
    CHECK(server_stop(&server) == 0);
}

static void test_rate_counts(const char *path) {
    struct server server = server_start_with(path, 0, "--rate 5 --rate-action count");
    uint8_t first, payload[125];
    size_t length;
    int fd = peer_open(&server, 0);

    check_case("--rate-action count answers all and counts what is too much");
    CHECK(fd >= 0 && send_burst(fd, 100) && peer_send_frame(fd, 0x88, "\x03\xe8", 2));
    CHECK(receive_burst(fd, &first, payload, &length) == 100);
    CHECK(first == 0x88 && length == 2 && memcmp(payload, "\x03\xe8", 2) == 0);
    close(fd);
    CHECK(metric(&server, exceeded) >= 1);
    CHECK(server_stop(&server) == 0);
}

static void test_rate_delays(const char *path) {
    struct server server =
        server_start_with(path, 0, "--rate 50 --rate-action delay --open-time 0.2");
    uint8_t first, payload[125];
    size_t length;
    int fd = peer_open(&server, 0), clock = clock_start(&server);

    check_case("--rate-action delay loses nothing, but takes its time");
    CHECK(fd >= 0 && send_burst(fd, 100) && peer_send_frame(fd, 0x88, "\x03\xe8", 2));
    CHECK(receive_burst(fd, &first, payload, &length) == 100);
    CHECK(peer_has_news(clock)); /* its 0.2 s are over */
    CHECK(first == 0x88 && length == 2 && memcmp(payload, "\x03\xe8", 2) == 0);
    CHECK(clock_ends(clock));
    CHECK(metric(&server, exceeded) >= 1);
    close(fd);
    CHECK(server_stop(&server) == 0);
}

static void test_delayed_vanishes(const char *path) {
    struct server server =
        server_start_with(path, 0, "--rate 1 --rate-action delay --open-time 0.2");
    struct linger reset = {1, 0};
    uint8_t payload[125];
    size_t length;
    int fd = peer_open(&server, 0), clock;

    check_case("a peer that vanishes while it is delayed is let go at once");
    CHECK(fd >= 0 && send_burst(fd, 5));
    CHECK(peer_receive_frame(fd, payload, sizeof payload, &length) == 0x81);
    CHECK(peer_receive_frame(fd, payload, sizeof payload, &length) == 0x81);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    clock = clock_start(&server);
    CHECK(clock_ends(clock)); /* and not the second that it was delayed by */
    CHECK(metric(&server, "purews_errors_total{error=\"eof\"}") == 1);
    CHECK(metric(&server, "purews_received_messages_total") == 2);
    CHECK(server_stop(&server) == 0);
}

/* ---- Queue ---- */

/* Sends numbered messages and receives their echoes, both as fast as the server allows, but with
 * little read at a time. Returns how many came back in order. */
static int exchange(int fd, int count) {
    uint8_t frame[FRAME];
    struct pollfd ready = {fd, 0, 0};
    size_t done = FRAME;
    int sent = -1, received = 0;

    while (received < count) {
        ready.events = (short)(POLLIN | (sent + (done == FRAME) < count ? POLLOUT : 0));
        if (poll(&ready, 1, PATIENCE) != 1)
            break;
        if (ready.revents & POLLOUT) {
            ssize_t n;

            if (done == FRAME) {
                make_numbered(frame, ++sent);
                done = 0;
            }
            n = send(fd, frame + done, FRAME - done, MSG_NOSIGNAL | MSG_DONTWAIT);
            done += n > 0 ? (size_t)n : 0;
        } else if (receive_numbered(fd) != received++) {
            break;
        }
    }
    return received;
}

static void test_queue_refuses(const char *path) {
    struct server server = server_start_with(path, 0, "--queue 65536");
    static uint8_t largest[SMALL_QUEUE];
    size_t length;
    int fd = peer_open(&server, 4096);

    check_case("--queue: a peer that reads slowly gets every echo, whole and in order");
    CHECK(fd >= 0 && exchange(fd, 10000) == 10000);
    CHECK(metric(&server, dropped) == 0);
    close(fd);

    check_case("--queue: the largest message is one that fits");
    fd = peer_open(&server, 0);
    CHECK(fd >= 0 && peer_send_frame(fd, 0x82, largest, SMALL_QUEUE - 64));
    CHECK(peer_receive_frame(fd, largest, sizeof largest, &length) == 0x82);
    CHECK(length == SMALL_QUEUE - 64);
    CHECK(peer_send_head(fd, 0x82, SMALL_QUEUE - 63) && peer_closed_with(fd, 1009));
    close(fd);
    CHECK(server_stop(&server) == 0);
}

/* Sends many messages and reads no echo, until the server has got them all. Then reads those that
 * it has not dropped, which must be in order. Returns the number of the last. */
static int last_kept(const struct server *server, int fd) {
    int i, kept, number = -1, last = -1;

    for (i = 0; i < MANY; i++)
        if (!send_numbered(fd, i))
            return -1;
    CHECK(metric_reaches(server, "purews_received_messages_total", MANY));
    kept = MANY - (int)metric(server, dropped);
    CHECK(kept > 0 && kept < MANY);
    for (i = 0; i < kept; i++) {
        number = receive_numbered(fd);
        if (number <= last)
            return -1;
        last = number;
    }
    return number;
}

static void test_queue_drops(const char *path, const char *options, int newest) {
    struct server server = server_start_with(path, 0, options);
    int fd = peer_open(&server, 4096), last;

    CHECK(fd >= 0);
    last = last_kept(&server, fd);
    CHECK(newest ? last == MANY - 1 : last >= 0 && last < MANY - 1);
    CHECK(send_numbered(fd, MANY) && receive_numbered(fd) == MANY);
    close(fd);
    CHECK(server_stop(&server) == 0);
}

static void test_queue_closes(const char *path) {
    struct server server = server_start_with(
        path, 0, "--queue 65536 --queue-full close --send-time 60 --close-time 60");
    static uint8_t frame[FRAME];
    uint8_t payload[SIZE], first;
    size_t length = 0;
    int fd = peer_open(&server, 4096), count = 0;

    check_case("--queue-full close: a peer that takes too little is closed with 1008");
    make_numbered(frame, 7);
    CHECK(fd >= 0 && peer_flood(fd, frame, FRAME, A_LOT) < A_LOT);
    while ((first = peer_receive_frame(fd, payload, sizeof payload, &length)) == 0x82)
        count++;
    CHECK(count > 0);
    CHECK(first == 0x88 && length >= 2 && (payload[0] << 8 | payload[1]) == 1008);
    close(fd);
    CHECK(server_stop(&server) == 0);
}

int main(int argc, char **argv) {
    const char *path = server_path(argc, argv);

    check_case("--rate: a peer that sends more is closed with 1008");
    test_rate_closes(path, "--rate 5", 5);
    check_case("--rate-bytes: likewise for bytes");
    test_rate_closes(path, "--rate-bytes 20", 20);
    test_rate_counts(path);
    test_rate_delays(path);
    test_delayed_vanishes(path);
    test_queue_refuses(path);
    check_case("--queue-full drop-oldest: the server reads on, and the newest echoes are kept");
    test_queue_drops(path, "--queue 65536 --queue-full drop-oldest", 1);
    check_case("--queue-full drop-newest: the server reads on, and the oldest echoes are kept");
    test_queue_drops(path, "--queue 65536 --queue-full drop-newest", 0);
    test_queue_closes(path);
    return check_end();
}
