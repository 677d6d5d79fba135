/* What vector code gains: the leaves that have it, against their plain code and memcpy, in
 * nanoseconds. Samples are short and taken in turn, and the best of each counts, so that what else
 * the machine does touches all alike. */
#define _POSIX_C_SOURCE 199309L
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../plain.h"
#include <stdio.h>

enum {
    LARGEST = 1 << 20,
    SAMPLES = 400
};

static const uint8_t bench_key[4] = {0x37, 0xFA, 0x21, 0x3D};
static uint8_t *source, *target, *other;
static uint32_t machine, state;
static size_t length;
static pws_random random_plain, random_vector;
static uint8_t small[32];
static volatile size_t sink;

/* One thing that is measured. cpu is what it may use, plain the plain code. */
typedef struct leaf {
    const char *name;
    void (*run)(uint32_t cpu, int plain);
} leaf;

static void run_memcpy(uint32_t cpu, int plain) {
    (void)cpu;
    (void)plain;
    memcpy(other, source, length);
}

static void run_mask(uint32_t cpu, int plain) {
    if (plain)
        plain_mask(target, source, length, bench_key, 0);
    else
        pws_mask(target, source, length, bench_key, cpu);
}

static void run_mask_there(uint32_t cpu, int plain) {
    if (plain)
        plain_mask(target, target, length, bench_key, 0);
    else
        pws_mask(target, target, length, bench_key, cpu);
}

static void run_text(uint32_t cpu, int plain) {
    if (plain)
        sink += plain_mask_text(target, source, length, bench_key, &state, 0);
    else
        sink += pws_mask_text(target, source, length, bench_key, &state, cpu);
}

static void run_scan(uint32_t cpu, int plain) {
    if (plain)
        sink += plain_utf8_scan(&state, target, length, 0);
    else
        sink += pws_utf8_scan(&state, target, length, cpu);
}

static void run_sha1(uint32_t cpu, int plain) {
    if (plain)
        plain_sha1(small, source, 0);
    else
        pws_sha1(small, source, cpu);
}

/* Header lines of a head that began before: they are found, copied and divided. */
static void run_lines(uint32_t cpu, int plain) {
    static pws_reading reading;
    pws_lines lines;

    (void)cpu;
    memset(&lines, 0, sizeof lines);
    lines.begin = lines.to = other;
    lines.from = target;
    lines.left = length;
    sink += (size_t)(plain ? plain_read_lines(&lines, &reading) : pws_read_lines(&lines, &reading));
}

static void run_key(uint32_t cpu, int plain) {
    size_t i;

    (void)cpu;
    for (i = 0; i < 120; i++)
        if (plain)
            plain_masking_key(&random_plain, small);
        else
            pws_masking_key(&random_vector, small);
}

static uint64_t now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static double sample(const leaf *leaf, uint32_t cpu, int plain, size_t count) {
    uint64_t begin = now();
    size_t i;

    for (i = 0; i < count; i++) {
        state = 0;
        leaf->run(cpu, plain);
    }
    return (double)(now() - begin) / (double)count;
}

/* Columns: memcpy, plain code, vectors of 16 bytes, then what the processor has more. */
static void measure(const char *text, const leaf *leaf) {
    static const struct leaf copy = {"memcpy", run_memcpy};
    const uint32_t cpus[3] = {0, machine & ~(uint32_t)PWS_CPU_AVX512, machine};
    double best[5], taken;
    size_t i, j, count = 10000 / (length + 40) + 1;

    for (j = 0; j < 5; j++)
        best[j] = 1e30;
    for (i = 0; i < SAMPLES; i++)
        for (j = 0; j < 5; j++) {
            taken = sample(j == 0 ? &copy : leaf, j < 2 ? 0 : cpus[j - 2], j == 1, count);
            if (taken < best[j])
                best[j] = taken;
        }
    printf("%-8s %-9s %8lu %11.1f %11.1f %11.1f %11.1f %11.1f\n", leaf->name, text,
           (unsigned long)length, best[0], best[1], best[2], best[3], best[4]);
}

/* Fills length bytes with a text over and over, and what can't be a whole character with full
 * stops. */
static void fill(const char *text) {
    size_t i, size = strlen(text), whole = length;

    for (i = 0; i < length; i++)
        target[i] = (uint8_t)text[i % size];
    while (whole > 0 && whole + 4 > length && target[whole - 1] >= 0x80)
        whole--;
    memset(target + whole, '.', length - whole);
    plain_mask(source, target, length, bench_key, 0);
}

int main(int argc, char **argv) {
    static const leaf mask = {"mask", run_mask}, there = {"in place", run_mask_there};
    static const leaf text = {"text", run_text}, scan = {"utf8", run_scan};
    static const leaf sha1 = {"sha1", run_sha1}, key = {"keys", run_key};
    static const leaf lines = {"head", run_lines};
    static const size_t lengths[] = {16, 40, 125, 256, 512, 1024, 4096, 16384, LARGEST};
    static const char *const texts[][2] = {
        {"ascii", "The quick brown fox jumps over the lazy dog. "},
        {"mixed", "Gr\xC3\xB6\xC3\x9F"
                  "e \xD0\xB4\xD0\xB0 \xE6\xBC\xA2\xE5\xAD\x97 "
                  "\xF0\x9F\x98\x80 ok, \xCE\xB1\xCE\xB2 \xE2\x82\xAC 5 "}};
    uint8_t seed[32] = {1};
    size_t i, j, offset = argc > 1 ? (size_t)atoi(argv[1]) : 6;

    machine = pws_cpu();
    source = (uint8_t *)aligned_alloc(4096, LARGEST + 4096);
    target = (uint8_t *)aligned_alloc(4096, LARGEST + 4096);
    other = (uint8_t *)aligned_alloc(4096, LARGEST + 4096);
    if (source == NULL || target == NULL || other == NULL)
        return 1;
    source += offset; /* as behind a frame header */
    target += offset;
    pws_random_seed(&random_vector, seed);
    plain_random_seed(&random_plain, seed);
    printf("leaf     text         bytes      memcpy       plain    16 bytes        AVX2     "
           "AVX-512\n");
    for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        length = lengths[i];
        fill(texts[0][1]);
        measure("", &mask);
        measure("", &there);
        for (j = 0; j < 2; j++) {
            fill(texts[j][1]);
            measure(texts[j][0], &text);
            fill(texts[j][1]);
            measure(texts[j][0], &scan);
        }
    }
    length = 60;
    measure("", &sha1);
    length = 420;
    fill("Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n");
    measure("10 lines", &lines);
    length = 480;
    measure("120 of 4", &key);
    return 0;
}
