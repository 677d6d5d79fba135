/* Measures echo servers beside each other: the same load for all, one sample of each in turn, the
 * servers pinned to one processor and the load to another. Absolute numbers drift on a shared
 * machine; the ratios in a row were measured in the same seconds.
 *
 *     load CSV ROUNDS NAME=PROGRAM...
 *
 * Takes four times ROUNDS samples of each server in each row, each short and right behind those of
 * the others, and goes through all rows again and again, so that moments in which the machine is
 * fast or slow come to all. The first server is
 * the one that is compared, the last one the limit, the others are its peers. Each prints as its
 * first line where it listens. Rows go to the file CSV, a table to the screen. The exit status is 1
 * if a byte that came back is not the one that was sent, or nothing was measured. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <sched.h>

#include "../../server/peer.h"
#include "client.h"

enum {
    SAMPLE_MS = 20,
    SAMPLES_A_ROUND = 4,
    MAX_SERVERS = 8,
    MAX_ROUNDS = 1000,
    ROWS = 6
};

static const struct {
    size_t payload, in_flight;
} rows[ROWS] = {{16, 1}, {16, 16}, {125, 1}, {125, 16}, {4096, 1}, {4096, 16}};

struct contestant {
    const char *name;
    struct server server;
    double rates[ROWS][SAMPLES_A_ROUND * MAX_ROUNDS]; /* messages per second */
    double costs[ROWS][SAMPLES_A_ROUND * MAX_ROUNDS]; /* ns of the server's processor a message */
};

static struct contestant contestants[MAX_SERVERS];
static size_t count, samples;

/* ---- Starting and ending ---- */

/* Runs this process, and what it starts, on the first or second processor that it may use. */
static void pin(const cpu_set_t *allowed, int second) {
    cpu_set_t one;
    size_t cpu = 0;

    while (!CPU_ISSET(cpu, allowed))
        cpu++;
    if (second && CPU_COUNT(allowed) > 1)
        do
            cpu++;
        while (!CPU_ISSET(cpu, allowed));
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

/* When the program ends, because something has failed or all is done, so do they. */
static void stop_servers(void) {
    size_t i;

    for (i = 0; i < count; i++)
        kill(contestants[i].server.pid, SIGKILL);
}

/* NAME=PROGRAM */
static void start(char *argument) {
    char *equals = strchr(argument, '=');
    struct contestant *new = &contestants[count];

    if (equals == NULL || count == MAX_SERVERS) {
        fprintf(stderr, "load: at most %d servers, as NAME=PROGRAM: %s\n", MAX_SERVERS, argument);
        exit(2);
    }
    *equals = '\0';
    new->name = argument;
    new->server = server_start_with(equals + 1, 0, "--no-deflate");
    count++;
}

/* ---- Measuring ---- */

/* One sample of each, another one first each time. */
static void measure(const struct wire *wire, size_t row, size_t turn) {
    size_t in_flight = rows[row].in_flight, i;

    for (i = 0; i < count; i++) {
        struct contestant *c = &contestants[(turn + i) % count];
        struct sample sample;
        const char *error =
            client_run(wire, c->server.port, c->server.pid, in_flight, SAMPLE_MS, &sample);

        if (error != NULL) {
            printf("FAILED %s, %zu bytes, %zu in flight: %s\n", c->name, wire->payload, in_flight,
                   error);
            exit(1);
        }
        c->rates[row][turn] = (double)sample.messages * 1e9 / (double)sample.wall_ns;
        c->costs[row][turn] = (double)sample.cpu_ns / (double)sample.messages;
    }
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* ---- Reporting ---- */

static double best_rate(const struct contestant *c, size_t row) {
    return c->rates[row][samples - 1];
}

static double median_rate(const struct contestant *c, size_t row) {
    return c->rates[row][samples / 2];
}

/* The first server's rate, as a multiple of the best of its peers. */
static double lead(double (*rate)(const struct contestant *, size_t), size_t row) {
    double peer = 0;
    size_t i;

    for (i = 1; i + 1 < count; i++)
        if (rate(&contestants[i], row) > peer)
            peer = rate(&contestants[i], row);
    return rate(&contestants[0], row) / peer;
}

static void print_titles(void) {
    size_t i;

    printf("Echo of binary messages by one processor to %d connections on another: thousand "
           "messages a\nsecond, best and median of %zu samples, and below nanoseconds of the "
           "server's processor for\na message. %s is the limit: a loop that knows these frames "
           "alone and checks nothing.\n\n",
           CONNECTIONS, samples, contestants[count - 1].name);
    printf("%7s %9s", "payload", "in flight");
    for (i = 0; i < count; i++)
        printf(" %17s", contestants[i].name);
    printf("   %s / best peer\n", contestants[0].name);
}

static void print_row(size_t row) {
    size_t i;

    printf("%7zu %9zu", rows[row].payload, rows[row].in_flight);
    for (i = 0; i < count; i++)
        printf("   %7.1f %7.1f", best_rate(&contestants[i], row) / 1000,
               median_rate(&contestants[i], row) / 1000);
    printf("   %8.2f %8.2f\n%17s", lead(best_rate, row), lead(median_rate, row), "");
    for (i = 0; i < count; i++)
        printf("   %7.0f %7.0f", contestants[i].costs[row][0],
               contestants[i].costs[row][samples / 2]);
    printf("\n");
}

static void write_row(FILE *csv, size_t row) {
    size_t i;

    for (i = 0; i < count; i++) {
        const struct contestant *c = &contestants[i];

        fprintf(csv, "%s,%zu,%zu,%.0f,%.0f,%.1f,%.1f\n", c->name, rows[row].payload,
                rows[row].in_flight, best_rate(c, row), median_rate(c, row), c->costs[row][0],
                c->costs[row][samples / 2]);
    }
}

static void report(FILE *csv, size_t row) {
    size_t i;

    for (i = 0; i < count; i++) {
        qsort(contestants[i].rates[row], samples, sizeof(double), compare);
        qsort(contestants[i].costs[row], samples, sizeof(double), compare);
    }
    print_row(row);
    write_row(csv, row);
}

static void run_all(FILE *csv) {
    struct wire wires[ROWS];
    size_t row, turn;

    for (row = 0; row < ROWS; row++)
        if (!wire_make(&wires[row], rows[row].payload)) {
            perror("load: no memory or no random bytes");
            exit(1);
        }
    for (turn = 0; turn < samples; turn++)
        for (row = 0; row < ROWS; row++)
            measure(&wires[row], row, turn);
    for (row = 0; row < ROWS; row++) {
        report(csv, row);
        wire_free(&wires[row]);
    }
}

int main(int argc, char **argv) {
    cpu_set_t allowed;
    size_t rounds;
    FILE *csv;
    int i;

    rounds = argc > 5 ? strtoul(argv[2], NULL, 10) : 0;
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr,
                "usage: load CSV ROUNDS NAME=PROGRAM...\n"
                "ROUNDS: 1 to %d; at least three programs: ours, a peer, the limit\n",
                MAX_ROUNDS);
        return 2;
    }
    samples = SAMPLES_A_ROUND * rounds;
    csv = fopen(argv[1], "w");
    if (csv == NULL) {
        perror(argv[1]);
        return 2;
    }
    sched_getaffinity(0, sizeof allowed, &allowed);
    atexit(stop_servers);
    pin(&allowed, 0);
    for (i = 3; i < argc; i++)
        start(argv[i]);
    pin(&allowed, 1);
    fprintf(csv, "server,payload,in_flight,best_messages_per_s,median_messages_per_s,best_cpu_ns,"
                 "median_cpu_ns\n");
    print_titles();
    fflush(stdout);
    run_all(csv);
    return fclose(csv) == 0 ? 0 : 1;
}
