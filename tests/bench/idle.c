/* How many open connections fit into how much memory, and what their heartbeat costs: holds N
 * server connections in one process, each opened by a real opening handshake, and drives a
 * heartbeat round over all of them, with a clock of its own and the wheel of examples/wheel.h. The
 * network is left out: what the peers say is made up here.
 *
 *     idle [N]      100000 connections if it is not given
 *
 * Exit status 0 if every connection got its Ping, and they fit into the memory that is promised. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../check.h"
#include "proc.h"
#include "purews.h"
#include "wheel.h"

enum {
    PING_MS = 30000,
    PONG_MS = 10000,
    PROMISED = 272,  /* bytes for each connection, everything counted */
    MANY = 100000,   /* connections, from which on what all share counts, too */
    INPUT = 512,     /* bytes of a request */
    PING_LENGTH = 10 /* bytes of a Ping of the library: a time */
};

/* What all share. */
struct shared {
    struct wheel wheel;
    uint8_t receive[8192], transmit[PWS_TRANSMIT_SIZE], input[INPUT];
};

static const pws_config config = {.role = PWS_SERVER,
                                  .max_message = 4096,
                                  .open_ms = 10000,
                                  .ping_ms = PING_MS,
                                  .pong_ms = PONG_MS,
                                  .close_ms = 5000};

static const char request[] = "GET /feed?channel=1 HTTP/1.1\r\n"
                              "Host: example.com\r\n"
                              "Origin: https://example.com\r\n"
                              "Connection: Upgrade\r\n"
                              "Upgrade: websocket\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "\r\n";
static const char response[] = "HTTP/1.1 101 Switching Protocols\r\n"
                               "Upgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                               "\r\n";

static struct shared shared;
static pws_conn *connections;
static uint8_t *pinged; /* one bit for each connection */
static uint32_t count;

/* ---- Memory ---- */

static uint64_t bytes_needed(void) {
    return count * (uint64_t)(sizeof *connections + sizeof *shared.wheel.links) + count / 8 + 1 +
           sizeof shared;
}

static double gib(uint64_t bytes) {
    return (double)bytes / (1 << 30);
}

static void *map_or_exit(uint64_t bytes) {
    void *memory = bytes > SIZE_MAX ? MAP_FAILED
                                    : mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        printf("FAILED %lu connections need %.2f GiB of memory: %s\n", (unsigned long)count,
               gib(bytes_needed()), strerror(errno));
        exit(1);
    }
    return memory;
}

static void map_all(void) {
    uint64_t available = proc_bytes("/proc/meminfo", "MemAvailable:");

    if (available != 0 && available < bytes_needed()) {
        printf("FAILED %lu connections need %.2f GiB of memory; %.2f GiB are available\n",
               (unsigned long)count, gib(bytes_needed()), gib(available));
        exit(1);
    }
    connections = (pws_conn *)map_or_exit(count * (uint64_t)sizeof *connections);
    shared.wheel.links =
        (struct wheel_link *)map_or_exit(count * (uint64_t)sizeof *shared.wheel.links);
    pinged = (uint8_t *)map_or_exit(count / 8 + 1);
}

/* ---- Time: of the processor, so that what else runs there counts less ---- */

static double seconds(void) {
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_time(const char *what, double begin, double times) {
    double each = (seconds() - begin) / times * 1e9;

    printf("  %-46s %10.0f ns\n", what, each);
}

/* ---- The opening handshakes ---- */

/* Opens a connection with memory that is lent for as long as that takes; 0 if anything is wrong. */
static int open_one(pws_conn *ws, uint64_t now) {
    pws_bytes in = {shared.input, sizeof request - 1};
    int requests = 0, opened = 0, answered = 0, wrong = 0;
    pws_event ev;

    memcpy(shared.input, request, sizeof request - 1);
    if (pws_init(ws, &config, NULL, 0) != PWS_OK ||
        pws_lend_receive(ws, shared.receive, sizeof shared.receive) != PWS_OK ||
        pws_lend_transmit(ws, shared.transmit, sizeof shared.transmit) != PWS_OK)
        return 0;
    pws_tick(ws, now);
    while (pws_next(ws, &in, &ev)) {
        if (ev.kind == PWS_REQUEST && ev.error == PWS_OK)
            requests += pws_accept(ws, NULL) == PWS_OK;
        else if (ev.kind == PWS_WRITE && ev.out[0].len == sizeof response - 1)
            answered += memcmp(ev.out[0].ptr, response, sizeof response - 1) == 0;
        else if (ev.kind == PWS_OPEN)
            opened++;
        else
            wrong++;
    }
    return requests == 1 && answered == 1 && opened == 1 && !wrong &&
           pws_state(ws) == PWS_STATE_OPEN && pws_deadline(ws) == now + PING_MS &&
           pws_lend_receive(ws, NULL, 0) == PWS_OK && pws_lend_transmit(ws, NULL, 0) == PWS_OK;
}

/* They come in an order that has nothing to do with where they lie in memory. */
static uint32_t nth(uint32_t i) {
    return (uint32_t)(i * UINT64_C(2654435761) % count); /* a prime above any count */
}

/* Spread evenly over the interval of the heartbeat. */
static void open_all(void) {
    double begin = seconds();
    uint32_t i, failed = 0, early = 0;

    check_case("every connection is opened by its handshake");
    for (i = 0; i < count; i++) {
        uint64_t now = (uint64_t)i * PING_MS / count;
        uint32_t id = nth(i);

        early += wheel_take(&shared.wheel, now) != WHEEL_NONE;
        failed += !open_one(&connections[id], now);
        wheel_set(&shared.wheel, id, pws_deadline(&connections[id]));
    }
    print_time("opening handshake", begin, count);
    CHECK(failed == 0);
    CHECK(early == 0);
}

/* ---- The heartbeat ---- */

/* Ticks a connection whose time has come: it wants a Ping written, which says when it was sent. */
static int expect_ping(pws_conn *ws, uint64_t now) {
    uint8_t ping[PING_LENGTH] = {0x89, PING_LENGTH - 2};
    pws_event ev;
    int i;

    for (i = 0; i < 8; i++)
        ping[2 + i] = (uint8_t)(now >> (56 - 8 * i));
    pws_tick(ws, now);
    return pws_next(ws, NULL, &ev) && ev.kind == PWS_WRITE && ev.pings == 1 && ev.frames == 1 &&
           ev.out[0].len + ev.out[1].len == PING_LENGTH &&
           memcmp(ev.out[0].ptr, ping, ev.out[0].len) == 0 &&
           (ev.out[1].len == 0 ||
            memcmp(ev.out[1].ptr, ping + ev.out[0].len, ev.out[1].len) == 0) &&
           !pws_next(ws, NULL, &ev) && pws_deadline(ws) == now + PONG_MS;
}

/* The peer's Pong comes so many milliseconds later. */
static int answer_ping(pws_conn *ws, uint64_t pinged_at, uint32_t delay) {
    uint8_t pong[6 + 8] = {0x8a, 0x88, 0x12, 0x34, 0x56, 0x78};
    pws_bytes in = {pong, sizeof pong};
    pws_event ev;
    int i;

    for (i = 0; i < 8; i++)
        pong[6 + i] = (uint8_t)(pong[2 + i % 4] ^ (uint8_t)(pinged_at >> (56 - 8 * i)));
    pws_tick(ws, pinged_at + delay);
    return pws_next(ws, &in, &ev) && ev.kind == PWS_PONG && ev.data.len == 8 &&
           ev.rtt_ms == delay && !pws_next(ws, &in, &ev) && in.len == 0 &&
           pws_deadline(ws) == pinged_at + delay + PING_MS;
}

static uint32_t times_pinged(uint32_t id) {
    return (uint32_t)(pinged[id / 8] >> id % 8) & 1u;
}

/* One interval of the heartbeat: the time of every connection comes once. */
static void beat_all(void) {
    uint32_t i, failed = 0, repeated = 0, missing = 0, late = 0, not_open = 0;
    double begin = seconds();
    uint64_t now;

    check_case("in a round every connection is sent one Ping, and its Pong is understood");
    for (now = PING_MS; now <= 2 * PING_MS; now += WHEEL_STEP) {
        uint32_t id;

        while ((id = wheel_take(&shared.wheel, now)) != WHEEL_NONE) {
            pws_conn *ws = &connections[id];

            late += now - pws_deadline(ws) >= WHEEL_STEP;
            failed += !expect_ping(ws, now);
            wheel_set(&shared.wheel, id, pws_deadline(ws));
            failed += !answer_ping(ws, now, 1 + id % 200);
            wheel_set(&shared.wheel, id, pws_deadline(ws));
            repeated += times_pinged(id);
            pinged[id / 8] = (uint8_t)(pinged[id / 8] | 1u << id % 8);
        }
    }
    print_time("heartbeat: tick, Ping, Pong, wheel", begin, count);
    for (i = 0; i < count; i++) {
        missing += times_pinged(i) == 0;
        not_open += pws_state(&connections[i]) != PWS_STATE_OPEN;
    }
    CHECK(failed == 0);
    CHECK(late == 0);
    CHECK(missing == 0);
    CHECK(repeated == 0);
    CHECK(not_open == 0);
    CHECK(shared.wheel.armed == count);
}

static void tick_idle(void) {
    uint32_t i, spoke = 0;
    double begin = seconds();
    pws_event ev;

    check_case("a tick before the deadline changes nothing");
    for (i = 0; i < count; i++)
        pws_tick(&connections[i], 2 * PING_MS);
    print_time("pws_tick before its deadline, one after another", begin, count);
    for (i = 0; i < count; i++)
        spoke += (uint32_t)pws_next(&connections[i], NULL, &ev);
    CHECK(spoke == 0);
}

/* A wheel of one far id, step by step. */
static void turn_idle(void) {
    enum {
        STEPS = (WHEEL_SLOTS - 1) * 100
    };
    static struct wheel wheel;
    static struct wheel_link link;
    uint64_t now = 0, looks = 0;
    double begin = seconds();
    uint32_t i;

    wheel.links = &link;
    wheel_init(&wheel, now);
    for (i = 0; i < STEPS; i++) {
        if (i % (WHEEL_SLOTS - 1) == 0)
            wheel_set(&wheel, 0, now + (WHEEL_SLOTS - 1) * WHEEL_STEP);
        looks += wheel_next(&wheel) > now;
        looks += wheel_take(&wheel, now) == WHEEL_NONE;
        now += WHEEL_STEP;
    }
    print_time("step of the wheel with nothing due", begin, STEPS);
    check_case("a step of the wheel with nothing due finds nothing");
    CHECK(looks >= 2 * STEPS - 2 * 100);
}

/* ---- What it takes ---- */

static void check_memory(void) {
    uint64_t own = sizeof *connections + sizeof *shared.wheel.links;
    double each = (double)bytes_needed() / count;
    uint64_t resident = proc_bytes("/proc/self/status", "VmRSS:");
    uint64_t most = proc_bytes("/proc/self/status", "VmHWM:");

    printf("  pws_conn %lu + wheel_link %lu + what all share / N %.2f = %.2f bytes a connection\n",
           (unsigned long)sizeof *connections, (unsigned long)sizeof *shared.wheel.links,
           each - (double)own, each);
    printf("  and where they are used: pws_queue %lu, pws_rate %lu, pws_backoff %lu, pws_stats %lu "
           "bytes\n",
           (unsigned long)sizeof(pws_queue), (unsigned long)sizeof(pws_rate),
           (unsigned long)sizeof(pws_backoff), (unsigned long)sizeof(pws_stats));
    if (resident != 0)
        printf("  resident: %.3f GiB now, %.3f GiB at most = %.2f bytes a connection\n",
               gib(resident), gib(most), (double)most / count);
    check_case("a connection takes at most 272 bytes, all state counted");
    CHECK(own <= PROMISED);
    CHECK(count < MANY || bytes_needed() <= (uint64_t)PROMISED * count);
    check_case("the whole process fits in 4 GiB");
    CHECK(most <= UINT64_C(4) << 30);
    CHECK(bytes_needed() <= UINT64_C(4) << 30);
}

int main(int argc, char **argv) {
    char *end = NULL;
    unsigned long wanted = argc > 1 ? strtoul(argv[1], &end, 10) : MANY;

    if (argc > 2 || (end != NULL && *end != '\0') || wanted == 0 || wanted >= WHEEL_HEAD) {
        fprintf(stderr, "usage: idle [N]      N connections, 1 to 2147483647\n");
        return 2;
    }
    count = (uint32_t)wanted;
    map_all();
    wheel_init(&shared.wheel, 0);
    printf("%lu open connections, a heartbeat each 30 seconds\n", wanted);
    open_all();
    beat_all();
    tick_idle();
    turn_idle();
    check_memory();
    return check_end();
}
