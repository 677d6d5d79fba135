/* Makes seeds for fuzz/server.c and fuzz/client.c of the test cases: one file for each case, its
 * input behind the option bytes that come nearest. Built with tests/case_*.c: seeds DIRECTORY
 * tests/cases/....txt        writes DIRECTORY/server/N and DIRECTORY/client/N */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

/* The limit of those that a clock in fuzz/drive.h knows that comes nearest. */
static uint32_t limit_bits(uint32_t limit) {
    static const uint32_t limits[8] = {0, 1, 10, 50, 100, 1000, 30000, UINT32_MAX};
    uint32_t bits = 0;

    while (limits[bits] < limit)
        bits++;
    return bits;
}

static uint32_t clock_bits(const struct test_case *test) {
    return limit_bits(test->open_ms) | limit_bits(test->ping_ms) << 3 |
           limit_bits(test->pong_ms) << 6 | limit_bits(test->idle_ms) << 9 |
           limit_bits(test->message_ms) << 12 | limit_bits(test->send_ms) << 15 |
           limit_bits(test->close_ms) << 18;
}

/* The options as fuzz/drive.h reads them, with a clock where the case has limits. */
static void add_options(struct bytes *seed, const struct test_case *test, size_t number) {
    uint32_t clock = clock_bits(test);
    uint8_t options[8];

    options[0] = (uint8_t)(test->flags & 7);
    if (test->open)
        options[0] |= 8;
    options[0] |= (uint8_t)((unsigned)number % 4 << 4); /* each way of lending memory */
    options[1] = (uint8_t)(number / 4 % 8);             /* each reaction */
    if (test->protocols != NULL)
        options[1] |= 0x20;
    if (test->origins != NULL)
        options[1] |= 0x40;
    if (test->deflate.agreed)
        options[1] |= 0x80;
    options[2] = (uint8_t)((test->max_head != 0 ? 1 : 0) | (test->max_message != 0 ? 2 << 3 : 0));
    if (test->deflate.server_no_context_takeover)
        options[2] |= 0x40;
    if (test->deflate.client_no_context_takeover)
        options[2] |= 0x80;
    options[3] = (uint8_t)(number & 0x3F) | (clock != 0 ? 0xC0 : 0);
    options[4] = (uint8_t)clock;
    options[5] = (uint8_t)(clock >> 8);
    options[6] = (uint8_t)(clock >> 16 | (number % 8) << 5); /* late or not, and when it begins */
    options[7] = (uint8_t)number;
    bytes_add(seed, options, clock != 0 ? 8 : 4);
}

static void add_input(struct bytes *seed, const struct pattern *data) {
    size_t i;

    for (i = 0; i < data->part_count; i++) {
        const struct part *part = &data->parts[i];

        if (part->kind == PART_ACCEPT)
            bytes_add(seed, "$accept", 7);
        else
            bytes_add(seed, data->bytes.ptr + part->offset, part->length);
    }
}

static void write_seed(const char *directory, const struct test_case *test, size_t number) {
    struct bytes seed = {NULL, 0, 0};
    char path[4096];
    FILE *file;
    size_t i;

    add_options(&seed, test, number);
    for (i = 0; i < test->step_count; i++)
        if (test->steps[i].kind == STEP_IN)
            add_input(&seed, &test->steps[i].data);
    snprintf(path, sizeof path, "%s/%s/%lu", directory,
             test->role == PWS_SERVER ? "server" : "client", (unsigned long)number);
    file = seed.length <= 4096 ? fopen(path, "wb") : NULL;
    if (file != NULL) {
        fwrite(seed.ptr, 1, seed.length, file);
        fclose(file);
    }
    free(seed.ptr);
}

int main(int argc, char **argv) {
    struct suite suite;
    size_t i;
    int arg;

    memset(&suite, 0, sizeof suite);
    for (arg = 2; arg < argc; arg++)
        suite_read(&suite, argv[arg]);
    for (i = 0; i < suite.count; i++)
        write_seed(argv[1], &suite.cases[i], i);
    printf("%lu seeds\n", (unsigned long)suite.count);
    suite_free(&suite);
    return suite.count == 0;
}
