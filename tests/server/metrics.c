/* GET /metrics of echo_server: every line as the text format 0.0.4 of Prometheus has it, and right
 * after known traffic.
 *
 *     metrics [PATH_OF_ECHO_SERVER] */
#define _GNU_SOURCE
#include "peer.h"

#include "check.h"

static char page[65536];

/* ---- The format ---- */

/* The metric that the lines are about, from its HELP line on. */
struct family {
    char name[128];
    char kind[16]; /* empty: no TYPE line yet */
    int samples;
};

/* Goes over a name. Returns NULL if there is none. */
static const char *skip_name(const char *p, int colons) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const char *begin = p;

    while (*p != '\0' && (strchr(letters, *p) != NULL || (colons && *p == ':') ||
                          (p != begin && *p >= '0' && *p <= '9')))
        p++;
    return p != begin ? p : NULL;
}

/* Goes over {name="value",...}. Returns NULL if it is malformed. */
static const char *skip_labels(const char *p) {
    do {
        p = skip_name(p + 1, 0);
        if (p == NULL || p[0] != '=' || p[1] != '"')
            return NULL;
        for (p += 2; *p != '"'; p++)
            if (*p == '\\' || *p < ' ') /* escapes are not needed here */
                return NULL;
        p++;
    } while (*p == ',');
    return *p == '}' ? p + 1 : NULL;
}

static int is_comment(const char *line, struct family *family) {
    char name[128], kind[16];

    if (sscanf(line, "# HELP %127s", name) == 1 && line[7 + strlen(name)] == ' ') {
        memset(family, 0, sizeof *family);
        strcpy(family->name, name);
        return skip_name(name, 1) == name + strlen(name);
    }
    if (sscanf(line, "# TYPE %127s %15s", name, kind) != 2 || strcmp(name, family->name) != 0 ||
        family->kind[0] != '\0' || family->samples > 0)
        return 0;
    strcpy(family->kind, kind);
    if (strcmp(kind, "counter") == 0)
        return strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
    return strcmp(kind, "gauge") == 0 || strcmp(kind, "histogram") == 0;
}

/* Whether a sample may have this name in its family. */
static int belongs(const char *name, size_t length, const struct family *family) {
    static const char *const endings[] = {"_bucket", "_sum", "_count"};
    size_t base = strlen(family->name), i;

    if (length < base || strncmp(name, family->name, base) != 0)
        return 0;
    if (strcmp(family->kind, "histogram") != 0)
        return length == base;
    for (i = 0; i < 3; i++)
        if (length == base + strlen(endings[i]) &&
            strncmp(name + base, endings[i], strlen(endings[i])) == 0)
            return 1;
    return 0;
}

static int is_sample(const char *line, struct family *family) {
    const char *p = skip_name(line, 1);
    char *end;

    if (p == NULL || family->kind[0] == '\0' || !belongs(line, (size_t)(p - line), family))
        return 0;
    family->samples++;
    if (*p == '{')
        p = skip_labels(p);
    if (p == NULL || p[0] != ' ' || p[1] < '0' || p[1] > '9')
        return 0;
    (void)strtod(p + 1, &end);
    return *end == '\0';
}

/* Judges a body line by line; it is cut up for that. Returns the number of samples, or 0 if a line
 * is malformed or occurs twice. */
static int count_samples(char *body) {
    static const char *lines[1000];
    struct family family = {"", "", 0};
    int count = 0, samples = 0, i;
    char *newline;

    for (; *body != '\0' && count < 1000; body = newline + 1) {
        newline = strchr(body, '\n');
        if (newline == NULL)
            return 0;
        *newline = '\0';
        if (!(body[0] == '#' ? is_comment(body, &family) : is_sample(body, &family))) {
            printf("    malformed: %s\n", body);
            return 0;
        }
        samples += body[0] != '#';
        for (i = 0; i < count; i++) /* the same series, or the same comment */
            if (strncmp(lines[i], body, strcspn(body, body[0] == '#' ? "" : " ") + 1) == 0)
                return 0;
        lines[count++] = body;
    }
    return samples;
}

static void check_format(const struct server *server) {
    char *body;

    CHECK(page_get(server, "/metrics", page, sizeof page) > 0);
    CHECK(strncmp(page, "HTTP/1.1 200 ", 13) == 0);
    CHECK(strstr(page, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != NULL);
    body = strstr(page, "\r\n\r\n");
    CHECK(body != NULL);
    if (body != NULL)
        CHECK(count_samples(body + 4) > 20);
}

/* ---- The numbers ---- */

static size_t sent, received; /* bytes, all that this test has to do with the server */

/* GET /metrics, with its bytes counted. */
static void get_metrics(const struct server *server) {
    sent += strlen("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    received += page_get(server, "/metrics", page, sizeof page);
}

/* The value of a line of the page; -1: there is none. */
static double value(const char *name) {
    char line[256], *found;

    snprintf(line, sizeof line, "\n%s ", name);
    found = strstr(page, line);
    return found != NULL ? strtod(found + strlen(line), NULL) : -1;
}

static void send_counted(int fd, uint8_t first, const char *payload, size_t length) {
    CHECK(peer_send_frame(fd, first, payload, length));
    sent += 6 + length;
}

static uint8_t receive_counted(int fd) {
    uint8_t payload[125];
    size_t length = 0;
    uint8_t first = peer_receive_frame(fd, payload, sizeof payload, &length);

    received += 2 + length;
    return first;
}

/* The opening handshake, byte by byte: frames may follow its head. */
static int open_counted(const struct server *server) {
    char head[1024] = "";
    size_t length = 0;
    int fd = peer_connect(server, 0);

    CHECK(fd >= 0 && peer_send_text(fd, peer_request));
    sent += strlen(peer_request);
    while (length < sizeof head - 1 && strstr(head, "\r\n\r\n") == NULL &&
           peer_receive(fd, head + length, 1))
        length++;
    received += length;
    return fd;
}

static void test_numbers(const char *path) {
    struct server server = server_start(path, 0);
    int fd;

    check_case("the page is well formed before anything has happened");
    check_format(&server);
    CHECK(server_stop(&server) == 0);

    check_case("3 messages, a Ping and a Close, each counted once");
    server = server_start(path, 0);
    fd = open_counted(&server);
    send_counted(fd, 0x81, "a", 1);
    send_counted(fd, 0x82, "bb", 2);
    send_counted(fd, 0x01, "c", 1);
    send_counted(fd, 0x80, "cc", 2);
    send_counted(fd, 0x89, "hey", 3);
    CHECK(receive_counted(fd) == 0x81);
    CHECK(receive_counted(fd) == 0x82);
    CHECK(receive_counted(fd) == 0x81);
    CHECK(receive_counted(fd) == 0x8a);
    get_metrics(&server);
    CHECK(value("purews_open_connections") == 1);
    CHECK(value("purews_opened_connections_total") == 1);
    CHECK(value("purews_closed_connections_total") == 0);
    send_counted(fd, 0x88, "\x03\xe8", 2);
    CHECK(receive_counted(fd) == 0x88);
    CHECK(peer_ends(fd));
    close(fd);
    get_metrics(&server);
    CHECK(value("purews_open_connections") == 0);
    CHECK(value("purews_opened_connections_total") == 1);
    CHECK(value("purews_closed_connections_total") == 2); /* the first page, too */
    CHECK(value("purews_received_messages_total") == 3);
    CHECK(value("purews_sent_messages_total") == 3);
    CHECK(value("purews_received_payload_bytes_total") == 6);
    CHECK(value("purews_sent_payload_bytes_total") == 6);
    CHECK(value("purews_received_frames_total") == 6);
    CHECK(value("purews_sent_frames_total") == 5);
    CHECK(value("purews_received_pings_total") == 1);
    CHECK(value("purews_sent_pings_total") == 0);
    CHECK(value("purews_received_pongs_total") == 0);
    CHECK(value("purews_sent_pongs_total") == 1);
    CHECK(value("purews_received_closes_total{code=\"1000\"}") == 1);
    CHECK(value("purews_received_closes_total{code=\"1006\"}") == 1); /* the first page */
    CHECK(value("purews_sent_closes_total{code=\"1000\"}") == 1);
    CHECK(value("purews_errors_total{error=\"status\"}") == 1);
    CHECK(value("purews_errors_total{error=\"eof\"}") == -1);
    CHECK(value("purews_rtt_seconds_count") == 0);
    get_metrics(&server);
    CHECK((size_t)value("purews_received_bytes_total") == sent);

    check_case("what the server has written is what has arrived");
    {
        size_t before = received;

        get_metrics(&server);
        CHECK((size_t)value("purews_sent_bytes_total") == before);
    }
    check_format(&server);
    CHECK(server_stop(&server) == 0);
}

static void test_errors(const char *path) {
    struct server server = server_start_with(path, 0, "--no-deflate");
    int fd = peer_open(&server, 0);

    check_case("errors and closes are counted by kind and code");
    CHECK(fd >= 0 && peer_send_frame(fd, 0x81, "\xff", 1) && peer_closed_with(fd, 1007));
    CHECK(peer_ends(fd));
    close(fd);
    fd = peer_open(&server, 0);
    CHECK(fd >= 0 && peer_send_frame(fd, 0x88, "\x0f\xa0", 2) && peer_closed_with(fd, 4000));
    CHECK(peer_ends(fd));
    close(fd);
    CHECK(metric(&server, "purews_errors_total{error=\"utf8\"}") == 1);
    CHECK(metric(&server, "purews_sent_closes_total{code=\"1007\"}") == 1);
    CHECK(metric(&server, "purews_received_closes_total{code=\"4xxx\"}") == 1);
    fd = peer_open(&server, 0);
    CHECK(fd >= 0);
    close(fd);
    CHECK(metric_reaches(&server, "purews_errors_total{error=\"eof\"}", 1));
    check_format(&server);
    CHECK(server_stop(&server) == 0);
}

static void test_round_trips(const char *path) {
    struct server server =
        server_start_with(path, 0, "--ping-interval 0.05 --pong-timeout 10 --open-time 0.1");
    char line[128];
    uint8_t payload[125];
    size_t length;
    double last = 0, count;
    unsigned limit;
    int fd = peer_open(&server, 0), clock, i, grows = 1;

    check_case("round trips of Pings are a histogram");
    CHECK(fd >= 0);
    for (i = 0; i < 3; i++) {
        CHECK(peer_receive_frame(fd, payload, sizeof payload, &length) == 0x89);
        if (i == 2) {
            clock = clock_start(&server);
            CHECK(clock_ends(clock));
        }
        CHECK(peer_send_frame(fd, 0x8a, payload, length));
    }
    CHECK(metric_reaches(&server, "purews_rtt_seconds_count", 3));
    get_metrics(&server);
    for (limit = 4; limit <= 65536; limit *= 2) {
        snprintf(line, sizeof line, "purews_rtt_seconds_bucket{le=\"%u.%03u\"}", (limit - 1) / 1000,
                 (limit - 1) % 1000);
        grows = grows && value(line) >= last;
        last = value(line);
    }
    count = value("purews_rtt_seconds_count");
    CHECK(grows);
    CHECK(count >= 3 && last <= count);
    CHECK(value("purews_rtt_seconds_bucket{le=\"+Inf\"}") == count);
    CHECK(value("purews_rtt_seconds_sum") >= 0.1);
    CHECK(value("purews_rtt_seconds_bucket{le=\"0.063\"}") < last);
    CHECK(value("purews_received_pongs_total") == 3);
    CHECK(value("purews_sent_pings_total") >= 3);
    check_format(&server);
    close(fd);
    CHECK(server_stop(&server) == 0);
}

static void test_paths(const char *path) {
    struct server server = server_start(path, 0);

    check_case("the page has a path of its own");
    CHECK(page_get(&server, "/metrics?x=1", page, sizeof page) > 0);
    CHECK(strncmp(page, "HTTP/1.1 200 ", 13) == 0 && strstr(page, "text/plain") != NULL);
    CHECK(page_get(&server, "/", page, sizeof page) > 0);
    CHECK(strncmp(page, "HTTP/1.1 200 ", 13) == 0 && strstr(page, "text/html") != NULL);
    CHECK(page_get(&server, "/metrics/", page, sizeof page) > 0);
    CHECK(strncmp(page, "HTTP/1.1 404 ", 13) == 0);
    CHECK(server_stop(&server) == 0);
}

int main(int argc, char **argv) {
    const char *path = server_path(argc, argv);

    test_numbers(path);
    test_errors(path);
    test_round_trips(path);
    test_paths(path);
    return check_end();
}
