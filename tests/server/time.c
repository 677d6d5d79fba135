/* Time in echo_server: heartbeat, idle limit, and the limits of handshakes, messages, output and
 * closing. Limits are short, and what is waited for is what the server says when they are over.
 *
 *     time [PATH_OF_ECHO_SERVER] */
#define _GNU_SOURCE
#include "peer.h"

#include "check.h"

/* Answers a Ping with its payload. Returns 1 if the next frame is a Ping. */
static int answers_ping(int fd) {
    uint8_t payload[125];
    size_t length;

    return peer_receive_frame(fd, payload, sizeof payload, &length) == 0x89 &&
           peer_send_frame(fd, 0x8a, payload, length);
}

/* Returns 1 if the next frame is a Ping, which is not answered. */
static int is_pinged(int fd) {
    uint8_t payload[125];
    size_t length;

    return peer_receive_frame(fd, payload, sizeof payload, &length) == 0x89;
}

static int is_echoed(int fd, const char *text) {
    uint8_t payload[125];
    size_t length;

    return peer_send_frame(fd, 0x81, text, strlen(text)) &&
           peer_receive_frame(fd, payload, sizeof payload, &length) == 0x81 &&
           length == strlen(text) && memcmp(payload, text, length) == 0;
}

static void test_heartbeat(const char *path) {
    struct server server = server_start_with(path, 0, "--ping-interval 0.05 --pong-timeout 10");
    int fd = peer_open(&server, 0), i;

    check_case("a silent peer is sent Pings, and stays as long as it answers");
    CHECK(fd >= 0);
    for (i = 0; i < 5; i++)
        CHECK(answers_ping(fd));
    CHECK(metric_reaches(&server, "purews_open_connections", 1));
    close(fd);
    CHECK(server_stop(&server) == 0);

    check_case("--ping-interval 0 sends no Pings");
    server = server_start_with(path, 0, "--ping-interval 0 --idle 0.2");
    fd = peer_open(&server, 0);
    CHECK(fd >= 0 && is_echoed(fd, "one"));
    CHECK(peer_closed_with(fd, 1001));
    close(fd);
    CHECK(server_stop(&server) == 0);
}

static void test_silence(const char *path) {
    struct server server =
        server_start_with(path, 0, "--ping-interval 0.05 --pong-timeout 0.05 --open-time 1");
    int fd = peer_open(&server, 0), clock = clock_start(&server);

    check_case("a peer that stays silent is closed with 1011");
    CHECK(fd >= 0 && is_pinged(fd));
    CHECK(clock_ends(clock));
    CHECK(peer_has_news(fd) && peer_closed_with(fd, 1011));
    CHECK(peer_ends(fd));
    CHECK(metric(&server, "purews_errors_total{error=\"timeout\"}") == 2);
    CHECK(metric(&server, "purews_open_connections") == 0);
    close(fd);
    CHECK(server_stop(&server) == 0);
}

static void test_idle(const char *path) {
    struct server server =
        server_start_with(path, 0, "--ping-interval 0.05 --pong-timeout 10 --idle 0.5");
    uint8_t payload[125];
    size_t length = 0;
    int fd = peer_open(&server, 0), pings = 0;
    uint8_t first = 0x89;

    check_case("a peer that only answers Pings is closed with 1001");
    CHECK(fd >= 0);
    while (first == 0x89) {
        first = peer_receive_frame(fd, payload, sizeof payload, &length);
        if (first == 0x89 && peer_send_frame(fd, 0x8a, payload, length))
            pings++;
    }
    CHECK(pings > 0);
    CHECK(first == 0x88 && length >= 2 && (payload[0] << 8 | payload[1]) == 1001);
    CHECK(peer_ends(fd));
    close(fd);
    CHECK(server_stop(&server) == 0);
}

static void test_opening(const char *path) {
    struct server server = server_start_with(path, 0, "--open-time 0.1");
    int slow, silent;

    check_case("an opening handshake that is not finished is answered with 408");
    slow = peer_connect(&server, 0);
    silent = peer_connect(&server, 0);
    CHECK(slow >= 0 && silent >= 0 && peer_send_text(slow, "GET / HTTP/1.1\r\nHost: "));
    CHECK(peer_status(slow) == 408);
    CHECK(peer_ends(slow));
    CHECK(peer_status(silent) == 408);
    CHECK(peer_ends(silent));
    close(slow);
    close(silent);
    CHECK(peer_is_served(&server));
    CHECK(server_stop(&server) == 0);
}

static void test_message(const char *path) {
    struct server server = server_start_with(path, 0, "--message-time 0.1");
    int fd = peer_open(&server, 0);

    check_case("a message that does not come to its end is closed with 1008");
    CHECK(fd >= 0 && is_echoed(fd, "a whole one"));
    CHECK(peer_send_head(fd, 0x81, 10) && peer_send_text(fd, "a part"));
    CHECK(peer_closed_with(fd, 1008));
    CHECK(peer_ends(fd));
    close(fd);
    CHECK(server_stop(&server) == 0);
}

static void test_output(const char *path, const char *options) {
    struct server server = server_start_with(path, 0, options);
    static uint8_t message[14 + 60000];
    int fd = peer_open(&server, 4096);

    peer_frame_head(message, 0x82, 60000);
    CHECK(fd >= 0);
    peer_flood(fd, message, 8 + 60000, 64 << 20);
    CHECK(metric_reaches(&server, "purews_errors_total{error=\"timeout\"}", 1));
    CHECK(metric(&server, "purews_open_connections") == 0);
    close(fd);
    CHECK(peer_is_served(&server));
    CHECK(server_stop(&server) == 0);
}

static void test_closing(const char *path) {
    struct server server = server_start_with(path, 0, "--rate 1 --close-time 0.1 --open-time 0.5");
    int fd = peer_open(&server, 0), clock;

    check_case("a peer that does not answer a Close is not waited for");
    CHECK(fd >= 0 && is_echoed(fd, "one"));
    CHECK(peer_send_frame(fd, 0x81, "two", 3) && peer_closed_with(fd, 1008));
    clock = clock_start(&server);
    CHECK(clock_ends(clock));
    CHECK(peer_has_news(fd) && peer_ends(fd));
    CHECK(metric(&server, "purews_errors_total{error=\"timeout\"}") == 2);
    close(fd);
    CHECK(server_stop(&server) == 0);
}

int main(int argc, char **argv) {
    const char *path = server_path(argc, argv);

    test_heartbeat(path);
    test_silence(path);
    test_idle(path);
    test_opening(path);
    test_message(path);
    check_case("a peer that does not take its echoes is given up");
    test_output(path, "--send-time 0.2");
    check_case("a peer that does not take its echoes is given up, with a queue");
    test_output(path, "--send-time 0.2 --queue 100000 --queue-full drop-newest");
    test_closing(path);
    return check_end();
}
