/* Rate limits: single cases by hand, then long rows of random calls against a bucket that is
 * reckoned one millisecond at a time. */
#include "../check.h"
#include "internal.h"

#include <string.h>

static uint64_t generator;

/* A random number under count. */
static uint64_t below(uint64_t count) {
    generator = generator * 6364136223846793005u + 1442695040888963407u;
    return (generator >> 33) % count;
}

/* 1 if wait is not 0 and the smallest number of milliseconds after which the limit is kept. */
static int is_exact(const pws_rate *rate, const pws_rate_config *config, uint64_t now_ms,
                    uint64_t wait) {
    return wait > 0 && pws_rate_wait(rate, config, now_ms) == wait &&
           pws_rate_wait(rate, config, now_ms + wait - 1) == 1 &&
           pws_rate_wait(rate, config, now_ms + wait) == 0;
}

static void test_messages(void) {
    pws_rate_config config = {0};
    pws_rate rate = {0};
    size_t i;

    check_case("a burst goes through at once, one more does not");
    config.messages_per_second = 10;
    config.messages_burst = 3;
    for (i = 0; i < 3; i++)
        CHECK(pws_rate_take(&rate, &config, 1000, 1, 1000000) == 0);
    CHECK(pws_rate_take(&rate, &config, 1000, 1, 0) == 100);
    CHECK(is_exact(&rate, &config, 1000, 100));

    check_case("who waits as told may send again, one at a time");
    CHECK(pws_rate_take(&rate, &config, 1100, 0, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 1200, 1, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 1299, 1, 0) == 1);
    CHECK(pws_rate_take(&rate, &config, 1300, 1, 0) == 100);

    check_case("who keeps the average never waits");
    memset(&rate, 0, sizeof rate);
    config.messages_burst = 1;
    for (i = 0; i < 1000; i++)
        CHECK(pws_rate_take(&rate, &config, 100 * i, 1, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 100 * i - 1, 1, 0) == 1);

    check_case("silence saves up one burst and no more");
    memset(&rate, 0, sizeof rate);
    config.messages_burst = 3;
    CHECK(pws_rate_take(&rate, &config, 0, 3, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 1000000, 3, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 1000000, 1, 0) == 100);

    check_case("a burst of 0 is what one second has");
    memset(&rate, 0, sizeof rate);
    config.messages_burst = 0;
    CHECK(pws_rate_take(&rate, &config, 5, 10, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 5, 1, 0) == 100);

    check_case("waits are rounded up");
    memset(&rate, 0, sizeof rate);
    config.messages_per_second = 3;
    config.messages_burst = 1;
    CHECK(pws_rate_take(&rate, &config, 0, 2, 0) == 334);
    CHECK(is_exact(&rate, &config, 0, 334));
    config.messages_per_second = 4000;
    memset(&rate, 0, sizeof rate);
    CHECK(pws_rate_take(&rate, &config, 0, 2, 0) == 1);
    CHECK(is_exact(&rate, &config, 0, 1));
}

static void test_debt(void) {
    pws_rate_config config = {0};
    pws_rate rate = {0};
    size_t i;

    check_case("a peer that goes on owes at most one burst");
    config.messages_per_second = 10;
    config.messages_burst = 5;
    for (i = 0; i < 10; i++)
        CHECK(pws_rate_take(&rate, &config, 0, 1, 0) == (i < 5 ? 0 : 100 * (i - 4)));
    for (i = 0; i < 100; i++)
        CHECK(pws_rate_take(&rate, &config, 0, 1, 0) == 500);
    CHECK(is_exact(&rate, &config, 0, 500));

    check_case("in one piece or in many");
    memset(&rate, 0, sizeof rate);
    CHECK(pws_rate_take(&rate, &config, 0, 10, 0) == 500);
    memset(&rate, 0, sizeof rate);
    CHECK(pws_rate_take(&rate, &config, 0, 11, 0) == 500);
    memset(&rate, 0, sizeof rate);
    CHECK(pws_rate_take(&rate, &config, 0, UINT64_MAX, 0) == 500);
    CHECK(pws_rate_take(&rate, &config, 0, UINT64_MAX, 0) == 500);
    CHECK(is_exact(&rate, &config, 0, 500));

    check_case("a debt is paid off in time, and then the bucket fills");
    CHECK(pws_rate_wait(&rate, &config, 499) == 1);
    CHECK(pws_rate_take(&rate, &config, 900, 4, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 900, 1, 0) == 100);
}

static void test_bytes(void) {
    pws_rate_config config = {0};
    pws_rate rate = {0};

    check_case("bytes are limited likewise, however many messages they are");
    config.bytes_per_second = 2000;
    config.bytes_burst = 65536;
    CHECK(pws_rate_take(&rate, &config, 50, UINT64_MAX, 65536) == 0);
    CHECK(pws_rate_take(&rate, &config, 50, 0, 1) == 1);
    CHECK(pws_rate_take(&rate, &config, 50, 1, 2000) == 1001);
    CHECK(is_exact(&rate, &config, 50, 1001));
    CHECK(pws_rate_take(&rate, &config, 50, 1, UINT64_MAX) == 32768);
    memset(&rate, 0, sizeof rate);
    config.bytes_burst = 0;
    CHECK(pws_rate_take(&rate, &config, 50, 1, 2000) == 0);
    CHECK(pws_rate_take(&rate, &config, 50, 1, 3) == 2);

    check_case("with two buckets the longer wait counts");
    memset(&rate, 0, sizeof rate);
    config.messages_per_second = 10;
    CHECK(pws_rate_take(&rate, &config, 60, 15, 2200) == 500);
    CHECK(is_exact(&rate, &config, 60, 500));
    CHECK(pws_rate_take(&rate, &config, 60, 0, 1000) == 600);
    CHECK(is_exact(&rate, &config, 60, 600));

    check_case("no limit, no wait");
    memset(&rate, 0, sizeof rate);
    memset(&config, 0, sizeof config);
    config.messages_burst = config.bytes_burst = 1;
    CHECK(pws_rate_take(&rate, &config, 1, UINT64_MAX, UINT64_MAX) == 0);
    CHECK(pws_rate_wait(&rate, &config, 1) == 0);
}

static void test_clock(void) {
    pws_rate_config config = {0};
    pws_rate rate = {0};

    check_case("an earlier time counts as the last");
    config.messages_per_second = 10;
    config.messages_burst = 2;
    CHECK(pws_rate_take(&rate, &config, 5000, 3, 0) == 100);
    CHECK(pws_rate_take(&rate, &config, 0, 0, 0) == 100);
    CHECK(pws_rate_wait(&rate, &config, 4999) == 100);
    CHECK(pws_rate_take(&rate, &config, 5050, 0, 0) == 50);
    CHECK(pws_rate_take(&rate, &config, 5000, 0, 0) == 50);
    CHECK(pws_rate_take(&rate, &config, 5099, 0, 0) == 1);

    check_case("nothing flows back twice");
    CHECK(pws_rate_take(&rate, &config, 5000, 1, 0) == 101);
    CHECK(pws_rate_take(&rate, &config, 5099, 0, 0) == 101);
    CHECK(pws_rate_take(&rate, &config, 5100, 0, 0) == 100);

    check_case("looking takes nothing and lets nothing flow back");
    CHECK(pws_rate_wait(&rate, &config, 999999) == 0);
    CHECK(rate.now_ms == 5100 && rate.messages_spent == 3000 && rate.bytes_spent == 0);

    check_case("the last millisecond of the clock");
    CHECK(pws_rate_take(&rate, &config, UINT64_MAX, 3, 0) == 100);
    CHECK(pws_rate_take(&rate, &config, UINT64_MAX, 3, 0) == 200);
    CHECK(rate.now_ms == UINT64_MAX);
}

static void test_extremes(void) {
    pws_rate_config config = {0};
    pws_rate rate = {0};

    check_case("the largest burst at the lowest rate: 49,710 days");
    config.messages_per_second = 1;
    config.messages_burst = UINT32_MAX;
    CHECK(pws_rate_take(&rate, &config, 0, UINT32_MAX, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 0, 1, 0) == 1000);
    CHECK(pws_rate_take(&rate, &config, 0, UINT64_MAX, 0) == 1000 * (uint64_t)UINT32_MAX);
    CHECK(is_exact(&rate, &config, 0, 1000 * (uint64_t)UINT32_MAX));
    CHECK(pws_rate_wait(&rate, &config, 2000 * (uint64_t)UINT32_MAX - 1) == 0);
    CHECK(pws_rate_take(&rate, &config, 2000 * (uint64_t)UINT32_MAX - 1, UINT32_MAX, 0) == 1);

    check_case("the highest rate, the largest burst, and all the time there is");
    memset(&rate, 0, sizeof rate);
    config.bytes_per_second = config.bytes_burst = UINT32_MAX;
    config.messages_per_second = 0;
    CHECK(pws_rate_take(&rate, &config, 0, 0, 2 * (uint64_t)UINT32_MAX) == 1000);
    CHECK(is_exact(&rate, &config, 0, 1000));
    CHECK(pws_rate_take(&rate, &config, 1999, 0, 0) == 0);
    CHECK(rate.bytes_spent == UINT32_MAX);
    CHECK(pws_rate_take(&rate, &config, 2000, 0, 0) == 0 && rate.bytes_spent == 0);
    CHECK(pws_rate_take(&rate, &config, UINT64_MAX, 0, UINT64_MAX) == 1000);
    memset(&rate, 0, sizeof rate);
    CHECK(pws_rate_take(&rate, &config, 0, 0, UINT64_MAX) == 1000);
    CHECK(pws_rate_take(&rate, &config, UINT64_MAX, 0, UINT32_MAX) == 0);

    check_case("the highest rate with a burst of one byte");
    memset(&rate, 0, sizeof rate);
    config.bytes_burst = 1;
    CHECK(pws_rate_take(&rate, &config, 0, 0, UINT64_MAX) == 1);
    CHECK(is_exact(&rate, &config, 0, 1));
}

static void test_change(void) {
    pws_rate_config small = {0}, large = {0}, none = {0};
    pws_rate rate = {0};

    check_case("under another configuration the debt is one burst of that");
    large.messages_per_second = 10;
    large.messages_burst = 1000;
    small.messages_per_second = 10;
    small.messages_burst = 5;
    CHECK(pws_rate_take(&rate, &large, 0, 2000, 0) == 100000);
    CHECK(pws_rate_wait(&rate, &small, 0) == 500);
    CHECK(pws_rate_take(&rate, &small, 0, 0, 0) == 500);
    CHECK(pws_rate_take(&rate, &large, 0, 0, 0) == 0);

    check_case("where there was no limit for a time, nothing is owed");
    CHECK(pws_rate_take(&rate, &small, 0, 10, 0) == 500);
    CHECK(pws_rate_take(&rate, &none, 0, 10, 0) == 0);
    CHECK(pws_rate_take(&rate, &small, 0, 5, 0) == 0);
}

/* A bucket, one millisecond and one piece at a time. */
typedef struct model {
    uint64_t spent, per_second, size;
} model;

static void model_pass(model *bucket) {
    bucket->spent -= bucket->spent < bucket->per_second ? bucket->spent : bucket->per_second;
}

static void model_take(model *bucket, uint64_t amount) {
    for (; amount > 0; amount--)
        bucket->spent += 1000;
    if (bucket->spent > 2000 * bucket->size)
        bucket->spent = 2000 * bucket->size;
}

static uint64_t model_wait(model bucket) {
    uint64_t wait = 0;

    for (; bucket.spent > 1000 * bucket.size; wait++)
        model_pass(&bucket);
    return wait;
}

static void check_against_model(void) {
    pws_rate_config config = {0};
    pws_rate rate = {0};
    model messages = {0, 0, 0}, bytes = {0, 0, 0};
    uint64_t now = 0, wait, count, length, elapsed, of_messages, of_bytes;
    size_t i;

    messages.per_second = config.messages_per_second = 1 + (uint32_t)below(60);
    messages.size = config.messages_burst = 1 + (uint32_t)below(20);
    bytes.per_second = config.bytes_per_second = 100 + (uint32_t)below(5000);
    bytes.size = config.bytes_burst = 1 + (uint32_t)below(2000);
    for (i = 0; i < 60; i++) {
        elapsed = below(2) * below(200);
        count = below(4);
        length = below(300);
        for (now += elapsed; elapsed > 0; elapsed--) {
            model_pass(&messages);
            model_pass(&bytes);
        }
        model_take(&messages, count);
        model_take(&bytes, length);
        of_messages = model_wait(messages);
        of_bytes = model_wait(bytes);
        wait = pws_rate_take(&rate, &config, now, count, length);
        CHECK(wait == (of_messages > of_bytes ? of_messages : of_bytes));
        CHECK(wait == 0 || is_exact(&rate, &config, now, wait));
        CHECK(rate.messages_spent == messages.spent && rate.bytes_spent == bytes.spent);
    }
}

int main(void) {
    pws_rate_config config = {0};
    pws_rate rate = {0};
    size_t i;

    test_messages();
    test_debt();
    test_bytes();
    test_clock();
    test_extremes();
    test_change();

    check_case("300 random rows, against a bucket reckoned one millisecond at a time");
    generator = 1;
    for (i = 0; i < 300; i++)
        check_against_model();

    check_case("NULL arguments");
    config.messages_per_second = 1;
    CHECK(pws_rate_take(NULL, &config, 0, 9, 9) == 0);
    CHECK(pws_rate_take(&rate, NULL, 5, 9, 9) == 0);
    CHECK(rate.now_ms == 0 && rate.messages_spent == 0);
    CHECK(pws_rate_wait(NULL, &config, 0) == 0);
    CHECK(pws_rate_take(&rate, &config, 0, 9, 9) == 1000);
    CHECK(pws_rate_wait(&rate, NULL, 0) == 0);
    return check_end();
}
