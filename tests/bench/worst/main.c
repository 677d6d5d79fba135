/* What the worst inputs cost a server for each of their bytes, in purews and its peers, each in two
 * sizes: where the cost for a byte grows with the size, it is not linear. All get the same bytes in
 * the same reads, one sample of each in turn, pinned to one processor.
 *
 *     worst CSV ROUNDS
 *
 * Writes rows to the file CSV and prints a table. Before anything is timed, every byte that comes
 * out is compared with what it should be; the exit status is 1 if one is wrong. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "worst.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../wire.h"

enum {
    LIBRARIES = 3,
    SIZES = 2,
    MAX_ROUNDS = 1000
};

static const struct library *const libraries[LIBRARIES] = {&worst_purews, &worst_wslay,
                                                           &worst_beast};

/* One library with one input. */
struct row {
    const struct library *library;
    struct input *input;
    void *state;
    size_t output_length;       /* bytes that it sends each time */
    double samples[MAX_ROUNDS]; /* ns a byte */
};

static int rounds;
static int wrong;

/* ---- What is to come of it ---- */

void worst_message(struct outcome *outcome, const void *data, size_t length) {
    const struct input *input = outcome->input;

    outcome->messages++;
    if (length != input->message_length ||
        (outcome->verify && memcmp(data, input->message, length) != 0))
        outcome->wrong = 1;
}

static int has(const char *text) {
    return memmem(wire.output, wire.output_length, text, strlen(text)) != NULL;
}

static int is_accepted(const struct input *input) {
    static const char accepted[] = "HTTP/1.1 101 Switching Protocols\r\n";

    return wire.output_length >= sizeof accepted &&
           memcmp(wire.output, accepted, sizeof accepted - 1) == 0 &&
           has("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") &&
           has("\r\nSec-WebSocket-Protocol: " WORST_PROTOCOL "\r\n") == input->offers_protocols;
}

/* A Pong for each Ping, in order, with its number, and nothing else. */
static int is_ponged(const struct input *input) {
    static const uint8_t head[2] = {0x8A, 8};
    size_t i, j;

    if (wire.output_length != 10 * input->pings || wire.output_length > WIRE_OUTPUT)
        return 0;
    for (i = 0; i < input->pings; i++) {
        const uint8_t *pong = wire.output + 10 * i;
        if (memcmp(pong, head, sizeof head) != 0)
            return 0;
        for (j = 0; j < 8; j++)
            if (pong[2 + j] != (uint8_t)((uint64_t)i >> 8 * (7 - j)))
                return 0;
    }
    return 1;
}

/* ---- One sample ---- */

static double seconds(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Returns ns a byte. */
static double run(struct row *row, int verify) {
    struct outcome outcome = {0};
    double begin, taken;

    outcome.input = row->input;
    outcome.verify = verify;
    wire_give(row->input->bytes, row->input->length, row->input->read);
    begin = seconds();
    row->library->run(row->state, &outcome);
    taken = seconds() - begin;
    if (verify) {
        row->output_length = wire.output_length;
        if (row->input->is_request ? !is_accepted(row->input) : !is_ponged(row->input))
            outcome.wrong = 1;
    }
    if (outcome.wrong || outcome.messages != 1 || wire.input_length != 0 ||
        wire.output_length != row->output_length) {
        fprintf(stderr, "worst: %s is wrong: %s, %zu bytes\n", row->library->name, row->input->name,
                row->input->length);
        wrong = 1;
    }
    return taken * 1e9 / (double)row->input->length;
}

/* ---- The table ---- */

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The last column is what the best cost of a byte has grown by: 1 where it is linear. */
static void print_library(struct row rows[SIZES], FILE *csv) {
    int size;

    printf("%-34s %-7s", rows[0].input->name, rows[0].library->name);
    for (size = 0; size < SIZES; size++) {
        struct row *row = &rows[size];
        double best, median;
        qsort(row->samples, (size_t)rounds, sizeof(double), compare);
        best = row->samples[0];
        median = row->samples[rounds / 2];
        printf(" %10zu %7.2f %7.2f", row->input->length, best, median);
        fprintf(csv, "%s,%zu,%s,%.3f,%.3f\n", row->input->name, row->input->length,
                row->library->name, best, median);
    }
    printf(" %6.2f\n", rows[1].samples[0] / rows[0].samples[0]);
}

static void print_heading(void) {
    int size;

    printf("ns for each byte of input, in two sizes; linear where the last column is about 1\n"
           "%-34s %-7s",
           "input", "library");
    for (size = 0; size < SIZES; size++)
        printf(" %10s %7s %7s", "bytes", "best", "median");
    printf(" %6s\n", "grows");
}

/* ---- All ---- */

/* One size of an input, with all libraries: an untimed pass each, where every byte is compared. */
static void prepare(struct row rows[LIBRARIES][SIZES], int size, struct input *input) {
    int i;

    for (i = 0; i < LIBRARIES; i++) {
        struct row *row = &rows[i][size];
        row->library = libraries[i];
        row->input = input;
        row->state = NULL;
        if (!libraries[i]->can(input))
            continue;
        row->state = libraries[i]->open(input);
        if (row->state == NULL) {
            fprintf(stderr, "worst: %s can't be made ready\n", libraries[i]->name);
            exit(2);
        }
        run(row, 1);
    }
}

static void sample(struct row rows[LIBRARIES][SIZES]) {
    int i, size, round;

    for (round = 0; round < rounds; round++)
        for (size = 0; size < SIZES; size++)
            for (i = 0; i < LIBRARIES; i++)
                if (rows[i][size].state != NULL)
                    rows[i][size].samples[round] = run(&rows[i][size], 0);
}

/* The two sizes of an input, with all libraries. */
static void measure(int kind, FILE *csv) {
    static struct row rows[LIBRARIES][SIZES];
    struct input inputs[SIZES];
    int i, size;

    for (size = 0; size < SIZES; size++) {
        worst_make(&inputs[size], kind, size);
        prepare(rows, size, &inputs[size]);
    }
    sample(rows);
    for (i = 0; i < LIBRARIES; i++) {
        if (rows[i][0].state == NULL)
            continue;
        print_library(rows[i], csv);
        for (size = 0; size < SIZES; size++)
            libraries[i]->close(rows[i][size].state);
    }
    fflush(stdout);
    for (size = 0; size < SIZES; size++)
        worst_free(&inputs[size]);
}

int main(int argc, char **argv) {
    cpu_set_t processor;
    FILE *csv;
    int kind;

    rounds = argc == 3 ? atoi(argv[2]) : 0;
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: worst CSV ROUNDS      1 to %d rounds\n", MAX_ROUNDS);
        return 2;
    }
    csv = fopen(argv[1], "w");
    if (csv == NULL) {
        perror(argv[1]);
        return 2;
    }
    CPU_ZERO(&processor);
    CPU_SET(1, &processor);
    sched_setaffinity(0, sizeof processor, &processor); /* where there is only one, it stays */
    fprintf(csv, "input,bytes,library,best_ns_per_byte,median_ns_per_byte\n");
    print_heading();
    for (kind = 0; kind < WORST_INPUTS; kind++)
        measure(kind, csv);
    if (fclose(csv) != 0) {
        perror(argv[1]);
        return 2;
    }
    return wrong;
}
