/* The simulation: whole fleets of clients and servers over a simulated network, with everything
 * that goes wrong there, in no time. Each run follows from a number, so that what it has found can
 * be looked at again.
 *
 *     simulate [--machines N] [--seeds FROM COUNT | --seed S [--trace]] [--storm CLIENTS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storm.h"
#include "watch.h"
#include "world.h"

struct options {
    uint32_t machines;
    uint64_t from, count;
    uint32_t storm;
    int trace;
};

static void add(struct tally *total, const struct tally *one) {
    int i;

    total->connections += one->connections;
    total->opened += one->opened;
    total->clean += one->clean;
    total->rejected += one->rejected;
    total->refused += one->refused;
    total->messages += one->messages;
    total->bytes += one->bytes;
    total->kept += one->kept;
    total->lost += one->lost;
    for (i = 0; i < LIMITS; i++)
        total->limits[i] += one->limits[i];
    total->half_open += one->half_open;
    total->resets += one->resets;
    total->severed += one->severed;
    total->stalls += one->stalls;
    total->crashes += one->crashes;
    total->leaps += one->leaps;
    total->holds += one->holds;
    total->pings += one->pings;
    total->turns += one->turns;
    total->milliseconds += one->milliseconds;
}

static void print(const struct tally *tally) {
    int i;

    printf("%" PRIu64 " connections, %" PRIu64 " refused, %" PRIu64 " rejected, %" PRIu64
           " closed by both\n",
           tally->connections, tally->refused, tally->rejected, tally->clean);
    printf("%" PRIu64 " messages of %" PRIu64 " bytes received, %" PRIu64
           " lost on the way, %" PRIu64 " kept for the next connection\n",
           tally->messages, tally->bytes, tally->lost, tally->kept);
    printf("%" PRIu64 " resets, %" PRIu64 " links cut silently, %" PRIu64 " stalls, %" PRIu64
           " crashes, %" PRIu64 " leaps of the clock\n",
           tally->resets, tally->severed, tally->stalls, tally->crashes, tally->leaps);
    printf("%" PRIu64 " partial writes, %" PRIu64 " heartbeats, %" PRIu64
           " half-open ends found; limits:",
           tally->holds, tally->pings, tally->half_open);
    for (i = LIMIT_SEND; i < LIMITS; i++)
        printf(" %s %" PRIu64, watch_limit_name((enum limit)i), tally->limits[i]);
    printf("\n%" PRIu64 " turns of event loops, %" PRIu64 " simulated seconds\n", tally->turns,
           tally->milliseconds / 1000);
}

/* Returns how many seeds failed. */
static uint64_t run_seeds(const struct options *options) {
    static struct world world;
    struct tally total;
    uint64_t i, failed = 0;

    memset(&total, 0, sizeof total);
    for (i = 0; i < options->count; i++) {
        failed += !world_run(&world, options->from + i, options->machines, options->trace);
        add(&total, &world.tally);
    }
    if (options->count > 0)
        print(&total);
    return failed;
}

static uint64_t number(int argc, char **argv, int i) {
    char *end;
    uint64_t value;

    if (i >= argc) {
        fprintf(stderr, "%s: a number is missing\n", argv[0]);
        exit(2);
    }
    value = strtoull(argv[i], &end, 10);
    if (end == argv[i] || *end != '\0') {
        fprintf(stderr, "%s: not a number: %s\n", argv[0], argv[i]);
        exit(2);
    }
    return value;
}

static void read_options(int argc, char **argv, struct options *options) {
    int i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seeds") == 0) {
            options->from = number(argc, argv, ++i);
            options->count = number(argc, argv, ++i);
        } else if (strcmp(argv[i], "--seed") == 0) {
            options->from = number(argc, argv, ++i);
            options->count = 1;
        } else if (strcmp(argv[i], "--machines") == 0) {
            options->machines = (uint32_t)number(argc, argv, ++i);
        } else if (strcmp(argv[i], "--storm") == 0) {
            options->storm = (uint32_t)number(argc, argv, ++i);
        } else if (strcmp(argv[i], "--trace") == 0) {
            options->trace = 1;
        } else {
            fprintf(stderr, "%s: unknown option: %s\n", argv[0], argv[i]);
            exit(2);
        }
    }
}

int main(int argc, char **argv) {
    struct options options = {20, 1, 0, 0, 0};
    uint64_t failed;
    unsigned promises = 0, broken = 0;

    read_options(argc, argv, &options);
    failed = run_seeds(&options);
    if (options.storm != 0)
        broken = storm(options.storm, &promises);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", options.count + promises - failed - broken,
           failed + broken);
    return failed + broken != 0;
}
