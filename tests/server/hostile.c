/* Hostile peers against echo_server: whatever they send, it lives on, serves others, and pays for
 * each of them no more memory than the bound below, whose parts echo_server.c names. POSIX, and
 * Linux for /proc.
 *
 *     hostile [PATH_OF_ECHO_SERVER] */
#define _GNU_SOURCE
#include "peer.h"

#include "check.h"

enum {
    MAX_MESSAGE = 16 << 20, /* bytes: echo_server's default */
    BOUND = 64,             /* KiB for a connection, beside the message that it has sent: the head
                               or a cut frame, the struct */
    STUCK = 192,            /* KiB for one that takes no output: moreover 68 KiB of input, 72 KiB of
                               output */
    SLACK = 2048,           /* KiB for the server as a whole: its blocks to spare, its C library */
    STILL_SENDING = 2 << 20 /* bytes that a peer goes on sending after its fault */
};

#if defined(__SANITIZE_ADDRESS__)
#define MEASURABLE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEASURABLE 0
#endif
#endif
#ifndef MEASURABLE
#define MEASURABLE 1 /* memory that the server uses is its own, not a sanitizer's */
#endif

static struct server server;
static uint8_t megabyte[1 << 20];
static uint64_t random_state = 0x9e3779b97f4a7c15;

/* xorshift: the same bytes in every run. */
static uint32_t next_random(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

static void close_all(int *fds, int count) {
    int i;

    for (i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Whether the server uses at most so many KiB more than before, after it has had time to read all
 * that was sent: two well-behaved clients were served since. */
static int grew_by_at_most(long before, long kibibytes) {
    long after;
    int served = peer_is_served(&server) && peer_is_served(&server);

    after = server_memory(&server, "VmRSS:");
    if (MEASURABLE && after - before > kibibytes)
        printf("    memory grew by %ld KiB, from %ld to %ld; the bound is %ld\n", after - before,
               before, after, kibibytes);
    return served && before > 0 && (!MEASURABLE || after - before <= kibibytes);
}

/* Whether the server comes back to the memory it used before, when it looks after its spare blocks.
 */
static int shrinks_to(long before, long kibibytes) {
    int waited;

    for (waited = 0; waited < PATIENCE; waited += 20) {
        if (!MEASURABLE || server_memory(&server, "VmRSS:") - before <= kibibytes)
            return 1;
        poll(NULL, 0, 20);
    }
    return 0;
}

/* ---- Noise ---- */

/* Sends length bytes of noise in pieces cut at random; the server may end the connection meanwhile.
 */
static void send_noise(int fd, size_t length) {
    uint8_t noise[4096];
    size_t i, piece;

    for (i = 0; i < length; i++)
        noise[i] = (uint8_t)next_random(256);
    for (i = 0; i < length; i += piece) {
        piece = 1 + next_random(200);
        if (piece > length - i)
            piece = length - i;
        if (!peer_send(fd, noise + i, piece))
            return;
    }
}

/* Sends frames that are right but for a byte here and there. */
static void send_damaged_frames(int fd) {
    static const uint8_t firsts[] = {0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88};
    uint8_t frame[14 + 300];
    size_t length, head;
    int i;

    for (i = 0; i < 20; i++) {
        length = next_random(300);
        head = peer_frame_head(frame, firsts[next_random(sizeof firsts)], length);
        memset(frame + head, 'a', length);
        if (next_random(4) == 0)
            frame[next_random((uint32_t)(head + length))] = (uint8_t)next_random(256);
        if (!peer_send(fd, frame, head + length))
            return;
    }
}

static void test_noise(void) {
    int fds[300], i;
    long before = server_memory(&server, "VmRSS:");

    check_case("300 peers that send noise, cut at random");
    for (i = 0; i < 300; i++) {
        int after_handshake = i % 3 != 0;
        fds[i] = after_handshake ? peer_open(&server, 0) : peer_connect(&server, 0);
        CHECK(fds[i] >= 0);
        if (i % 3 == 2)
            send_damaged_frames(fds[i]);
        else
            send_noise(fds[i], 1 + next_random(4096));
    }
    CHECK(grew_by_at_most(before, 300 * BOUND + SLACK));
    close_all(fds, 300);
    CHECK(peer_is_served(&server));
}

/* ---- Peers that do not read ---- */

static void test_pings(void) {
    uint8_t frames[131 * 100];
    int fds[8], i;
    long before = server_memory(&server, "VmRSS:");

    check_case("8 peers that send pings for ever and read no pong");
    for (i = 0; i < 100; i++) {
        memset(frames + 131 * i, 'p', 131);
        peer_frame_head(frames + 131 * i, 0x89, 125);
    }
    for (i = 0; i < 8; i++) {
        fds[i] = peer_open(&server, 4096);
        CHECK(fds[i] >= 0);
        CHECK(peer_flood(fds[i], frames, sizeof frames, 32 << 20) > sizeof frames);
    }
    CHECK(grew_by_at_most(before, 8 * STUCK + SLACK));
    close_all(fds, 8);
}

static void test_unread_echoes(void) {
    int fds[4], i, sent;
    long before = server_memory(&server, "VmRSS:");

    check_case("4 peers that send messages of 8 MiB for ever and read no echo");
    for (i = 0; i < 4; i++) {
        fds[i] = peer_open(&server, 4096);
        CHECK(fds[i] >= 0 && peer_send_head(fds[i], 0x82, 8 << 20));
        for (sent = 0; sent < 8; sent++)
            CHECK(peer_send(fds[i], megabyte, sizeof megabyte));
        peer_send_head(fds[i], 0x82, 8 << 20);
        peer_flood(fds[i], megabyte, sizeof megabyte, 32 << 20);
    }
    CHECK(grew_by_at_most(before, 4 * (8192 + STUCK) + SLACK));
    close_all(fds, 4);
    CHECK(shrinks_to(before, SLACK));
}

/* Messages of every size, one behind the other, as they go to the server and as they come back. */
static size_t make_stream(uint8_t *sent, uint8_t *echoed, size_t *echoed_length, int count) {
    size_t to = 0, back = 0, length, head;
    int i;

    for (i = 0; i < count; i++) {
        length = i % 100 == 99 ? 40000 : i % 10 == 9 ? next_random(3000) : next_random(20);
        head = peer_frame_head(sent + to, 0x82, length);
        memset(sent + to + head, i, length);
        memcpy(echoed + back, sent + to, head - 4); /* without the masking key */
        echoed[back + 1] &= 127;
        memset(echoed + back + head - 4, i, length);
        to += head + length;
        back += head - 4 + length;
    }
    *echoed_length = back;
    return to;
}

static void test_slow_reader(void) {
    enum {
        MESSAGES = 6000
    };
    uint8_t *sent = (uint8_t *)malloc(MESSAGES * 1000),
            *echoed = (uint8_t *)malloc(MESSAGES * 1000);
    uint8_t piece[4000];
    size_t sent_length, echoed_length, to = 0, back = 0;
    int fd = peer_open(&server, 4096), right = 1;
    struct pollfd ready = {fd, 0, 0};

    check_case("a peer that reads slowly gets every echo, whole and in order");
    sent_length = make_stream(sent, echoed, &echoed_length, MESSAGES);
    while (right && back < echoed_length) {
        ssize_t n;
        /* sends as long as the server takes it: its output is stuck again and again */
        ready.events = (short)(to < sent_length ? POLLIN | POLLOUT : POLLIN);
        if (poll(&ready, 1, PATIENCE) != 1)
            break;
        if (ready.revents & POLLOUT) {
            n = send(fd, sent + to, sent_length - to, MSG_NOSIGNAL | MSG_DONTWAIT);
            to += n > 0 ? (size_t)n : 0;
            continue;
        }
        n = recv(fd, piece, 1 + next_random(sizeof piece), MSG_DONTWAIT);
        right = n > 0 && (size_t)n <= echoed_length - back &&
                memcmp(piece, echoed + back, (size_t)n) == 0;
        back += n > 0 ? (size_t)n : 0;
    }
    CHECK(to == sent_length);
    CHECK(right);
    CHECK(back == echoed_length);
    close(fd);
    free(sent);
    free(echoed);
}

static void test_full_queues(const char *path) {
    static uint8_t frame[8 + 60000];
    int fds[4], i;
    long before;

    check_case("4 peers that send for ever to a server that reads on, and read no echo");
    server = server_start_with(path, 0, "--queue 262144 --queue-full drop-newest");
    CHECK(peer_is_served(&server));
    before = server_memory(&server, "VmRSS:");
    memset(frame, 'x', sizeof frame);
    peer_frame_head(frame, 0x82, 60000);
    for (i = 0; i < 4; i++) {
        fds[i] = peer_open(&server, 4096);
        CHECK(fds[i] >= 0);
        CHECK(peer_flood(fds[i], frame, sizeof frame, 32 << 20) >= 32 << 20);
    }
    CHECK(grew_by_at_most(before, 4 * (256 + STUCK) + SLACK));
    close_all(fds, 4);
    CHECK(server_stop(&server) == 0);
}

/* ---- Announcements ---- */

static void test_announcements(void) {
    int fds[200], i;
    long before = server_memory(&server, "VmRSS:");

    check_case("a message announced with 2^62 bytes is refused at its header: 1009");
    fds[0] = peer_open(&server, 0);
    CHECK(fds[0] >= 0 && peer_send_head(fds[0], 0x82, (uint64_t)1 << 62));
    CHECK(peer_closed_with(fds[0], 1009));
    CHECK(peer_send(fds[0], "go on", 5));
    close(fds[0]);

    check_case("a frame announced with 2^63 bytes is refused at its header: 1002");
    fds[0] = peer_open(&server, 0);
    CHECK(fds[0] >= 0 && peer_send_head(fds[0], 0x82, (uint64_t)1 << 63));
    CHECK(peer_closed_with(fds[0], 1002));
    close(fds[0]);

    check_case("200 peers that announce the largest message and send one byte of it");
    for (i = 0; i < 200; i++) {
        fds[i] = peer_open(&server, 0);
        CHECK(fds[i] >= 0 && peer_send_head(fds[i], 0x82, MAX_MESSAGE));
        CHECK(peer_send(fds[i], "x", 1));
    }
    CHECK(grew_by_at_most(before, 200 * BOUND + SLACK));
    close_all(fds, 200);
}

/* ---- Opening handshakes ---- */

/* How many connections at once this process and the server may have, at most wanted. */
static int affordable(int wanted) {
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        if (files.rlim_cur < (rlim_t)wanted + 100)
            wanted = (int)files.rlim_cur - 100;
    }
    return wanted;
}

static void test_half_open(void) {
    static int fds[3000];
    static char half[4096];
    int count = affordable(3000), i, opened = 0;
    long before = server_memory(&server, "VmRSS:");

    check_case("3000 opening handshakes that stop in the middle");
    memset(half, 'a', sizeof half);
    memcpy(half, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ", 42);
    for (i = 0; i < count; i++) {
        fds[i] = peer_connect(&server, 0);
        opened += fds[i] >= 0 && peer_send(fds[i], half, sizeof half);
    }
    CHECK(opened == count);
    CHECK(grew_by_at_most(before, (long)count * BOUND + SLACK));
    close_all(fds, count);
    CHECK(peer_is_served(&server));
}

static void test_endless_headers(void) {
    static const char line[] = "X-Endless: and again and again and again\r\n";
    char lines[100 * sizeof line] = "";
    long before = server_memory(&server, "VmRSS:");
    size_t sent;
    int fd = peer_connect(&server, 0), i;

    for (i = 0; i < 100; i++)
        strcat(lines, line);
    check_case("endless headers: 431 reaches the peer, which goes on sending");
    CHECK(fd >= 0 && peer_send_text(fd, "GET / HTTP/1.1\r\nHost: localhost\r\n"));
    for (sent = 0; sent < STILL_SENDING; sent += strlen(lines))
        if (!peer_send_text(fd, lines))
            break;
    CHECK(sent >= STILL_SENDING);
    CHECK(peer_status(fd) == 431);
    CHECK(peer_ends(fd));
    close(fd);
    CHECK(grew_by_at_most(before, BOUND + SLACK));
}

/* ---- Faults ---- */

static void test_fault(void) {
    int fd = peer_open(&server, 0), sent;

    check_case("a frame with a reserved opcode: 1002 reaches the peer, which goes on sending");
    CHECK(fd >= 0 && peer_send_head(fd, 0x83, 0));
    for (sent = 0; sent < STILL_SENDING; sent += 1 << 20)
        CHECK(peer_send(fd, megabyte, sizeof megabyte));
    CHECK(peer_closed_with(fd, 1002));
    CHECK(peer_ends(fd));
    close(fd);
}

static void test_vanishing(void) {
    struct linger reset = {1, 0};
    int i, fd, opened = 0;

    check_case("100 peers that reset the connection at once");
    for (i = 0; i < 100; i++) {
        fd = i % 2 == 0 ? peer_open(&server, 0) : peer_connect(&server, 0);
        opened += fd >= 0 && peer_send_head(fd, 0x82, 4096) && peer_send(fd, megabyte, 4096);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    CHECK(opened == 100);
    CHECK(peer_is_served(&server));
}

/* ---- The end ---- */

static void test_shutdown(void) {
    int well, deaf, half;

    check_case("SIGTERM: 1001 to those who listen, no waiting for those who do not, status 0");
    well = peer_open(&server, 0);
    deaf = peer_open(&server, 4096);
    half = peer_connect(&server, 0);
    CHECK(well >= 0 && deaf >= 0 && half >= 0 && peer_send_text(half, "GET "));
    CHECK(peer_send_head(deaf, 0x82, 1 << 20) && peer_send(deaf, megabyte, 1 << 20));
    kill(server.pid, SIGTERM);
    CHECK(peer_closed_with(well, 1001));
    CHECK(peer_send_head(well, 0x88, 2) && peer_send(well, "\x03\xe9", 2));
    CHECK(peer_ends(well));
    CHECK(server_wait(&server) == 0);
    close(well);
    close(deaf);
    close(half);
}

static void test_few_descriptors(const char *path) {
    int fds[200], i, opened = 0;

    check_case("with no descriptor left the server waits until one is free");
    server = server_start(path, 64);
    for (i = 0; i < 200; i++) {
        fds[i] = peer_connect(&server, 0);
        opened += fds[i] >= 0;
    }
    CHECK(opened == 200);
    close_all(fds, 200);
    CHECK(peer_is_served(&server));
    CHECK(server_stop(&server) == 0);
}

int main(int argc, char **argv) {
    const char *path = server_path(argc, argv);

    server = server_start(path, 0);
    test_noise();
    test_pings();
    test_unread_echoes();
    test_slow_reader();
    test_announcements();
    test_half_open();
    test_endless_headers();
    test_fault();
    test_vanishing();
    check_case("the server has lived through all of that");
    CHECK(server_lives(&server));
    test_shutdown();
    test_full_queues(path);
    test_few_descriptors(path);
    return check_end();
}
