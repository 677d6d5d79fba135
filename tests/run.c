/* Runs test cases written as cases/FORMAT.md says. Each case is replayed many times, its input cut
 * into reads in as many ways; it passes if every replay gives the same, expected events and output.
 *
 *     run [--list] [--quick] [--case NAME] FILE...
 *
 * --list   prints the names of the cases
 * --quick  few replays: whole, byte by byte and ten random ones (for slow tools)
 * --case   runs this case alone */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "has_deflate.h"

enum {
    EVERY_CUT = 4096,     /* bytes of input up to which a case is cut at every position */
    RANDOM_REPLAYS = 200, /* for longer cases */
    PARTIAL_REPLAYS = 20, /* with partial writes, for every case */
    QUICK_REPLAYS = 5     /* of each random sort */
};

/* Bytes of input that one sort of replays may feed in total, so that cases of megabytes end. */
static const size_t most_fed = (size_t)256 << 20;

struct run {
    const struct test_case *test;
    struct half kept;
    unsigned long long replays;
    int quick;
};

static void plan_name(struct plan plan, struct bytes *text) {
    unsigned long long number = plan.number;
    switch (plan.kind) {
    case PLAN_WHOLE:
        bytes_printf(text, "whole");
        break;
    case PLAN_BYTES:
        bytes_printf(text, "byte by byte");
        break;
    case PLAN_CUT:
        bytes_printf(text, "cut at %llu", number);
        break;
    case PLAN_BORDERS:
        bytes_printf(text, "cut at all borders of items");
        break;
    case PLAN_BUFFERS:
        bytes_printf(text, "cut at all multiples of 4096");
        break;
    case PLAN_RANDOM:
        bytes_printf(text, "random cuts, seed %llu", number);
        break;
    case PLAN_PARTIAL:
        bytes_printf(text, "random cuts and partial writes, seed %llu", number);
        break;
    }
}

static int try_plan(struct run *run, enum plan_kind kind, uint64_t number) {
    struct bytes report = {NULL, 0, 0}, name = {NULL, 0, 0};
    struct plan plan;
    int passes;
    plan.kind = kind;
    plan.number = number;
    run->replays++;
    passes = replay(run->test, plan, &run->kept, &report);
    if (!passes) {
        plan_name(plan, &name);
        printf("FAILED %s:%d: %s\n    replay: %.*s\n%.*s", run->test->file, run->test->line,
               run->test->name, (int)name.length, (const char *)name.ptr, (int)report.length,
               (const char *)report.ptr);
    }
    bytes_clear(&report);
    bytes_clear(&name);
    return passes;
}

/* How many replays of one sort a case gets, `most` unless its input is very long. */
static size_t replay_count(const struct run *run, size_t most) {
    size_t input = run->test->input_length, count;
    if (run->quick && most > QUICK_REPLAYS)
        most = QUICK_REPLAYS;
    count = input == 0 ? most : most_fed / input;
    return count < 3 ? 3 : count < most ? count : most;
}

static int try_random(struct run *run, enum plan_kind kind, size_t most) {
    size_t count = replay_count(run, most), i;
    for (i = 0; i < count; i++)
        if (!try_plan(run, kind, i))
            return 0;
    return 1;
}

static int try_every_cut(struct run *run) {
    size_t i;
    for (i = 1; i < run->test->input_length; i++)
        if (!try_plan(run, PLAN_CUT, i))
            return 0;
    return 1;
}

/* One cut at each of the borders, or evenly at so many of them as time allows. */
static int try_borders(struct run *run) {
    size_t borders = run->test->border_count;
    size_t count = replay_count(run, RANDOM_REPLAYS), i;
    if (count > borders)
        count = borders;
    for (i = 0; i < count; i++)
        if (!try_plan(run, PLAN_CUT, run->test->borders[i * borders / count]))
            return 0;
    return try_plan(run, PLAN_BORDERS, 0);
}

/* One cut at each multiple of 4096, likewise. */
static int try_buffers(struct run *run) {
    size_t multiples = (run->test->input_length - 1) / 4096;
    size_t count = replay_count(run, RANDOM_REPLAYS), i;
    if (count > multiples)
        count = multiples;
    for (i = 0; i < count; i++)
        if (!try_plan(run, PLAN_CUT, (1 + i * multiples / count) * 4096))
            return 0;
    return try_plan(run, PLAN_BUFFERS, 0);
}

static int try_case(struct run *run) {
    if (!try_plan(run, PLAN_WHOLE, 0))
        return 0;
    if (run->test->input_length > 1) {
        if (!try_plan(run, PLAN_BYTES, 0))
            return 0;
        if (run->quick) {
            if (!try_random(run, PLAN_RANDOM, QUICK_REPLAYS))
                return 0;
        } else if (run->test->input_length <= EVERY_CUT) {
            if (!try_every_cut(run))
                return 0;
        } else if (!try_borders(run) || !try_buffers(run) ||
                   !try_random(run, PLAN_RANDOM, RANDOM_REPLAYS)) {
            return 0;
        }
    }
    return try_random(run, PLAN_PARTIAL, PARTIAL_REPLAYS);
}

static int usage(void) {
    fprintf(stderr, "usage: run [--list] [--quick] [--case NAME] FILE...\n");
    return 2;
}

int main(int argc, char **argv) {
    struct suite suite = {NULL, 0, NULL, 0};
    struct run run = {NULL, {NULL, 0}, 0, 0};
    const char *only = NULL;
    int list = 0, i = 1;
    unsigned passed = 0, failed = 0, left_out = 0;
    size_t k;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--list") == 0)
            list = 1;
        else if (strcmp(argv[i], "--quick") == 0)
            run.quick = 1;
        else if (strcmp(argv[i], "--case") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            return usage();
    }
    if (i == argc)
        return usage();
    for (; i < argc; i++)
        suite_read(&suite, argv[i]);
    for (k = 0; k < suite.count; k++) {
        const struct test_case *test = &suite.cases[k];
        if (only != NULL && strcmp(only, test->name) != 0)
            continue;
        if (list) {
            printf("%s:%d: %s\n", test->file, test->line, test->name);
            passed++;
            continue;
        }
        run.test = test;
        if (!HAS_DEFLATE && test->deflate.agreed)
            left_out++;
        else if (try_case(&run))
            passed++;
        else
            failed++;
        free(run.kept.ptr);
        memset(&run.kept, 0, sizeof run.kept);
    }
    suite_free(&suite);
    if (passed + failed + left_out == 0) {
        fprintf(stderr, "there is no case of that name\n");
        return 2;
    }
    if (list)
        return 0;
    if (left_out != 0)
        printf("left out: %u cases with a codec\n", left_out);
    printf("%llu replays\n%u passed, %u failed\n", run.replays, passed, failed);
    return failed != 0;
}
