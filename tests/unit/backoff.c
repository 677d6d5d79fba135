/* When a client connects again. The random bytes come from a small generator of the test's own, so
 * that every run sees the same. */
#include "../check.h"
#include "internal.h"

#include <string.h>

#define DRAWS 100000

static uint64_t generator;

/* splitmix64 */
static uint64_t next_word(void) {
    uint64_t z = generator += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* pws_backoff_next with 8 bytes that make up a word, the lowest first. */
static int32_t next_at(pws_backoff *backoff, const pws_backoff_config *config, uint32_t code,
                       uint64_t retry_after_ms, uint64_t now_ms, uint64_t word, uint64_t *at_ms) {
    uint8_t random[8];
    size_t i;

    for (i = 0; i < 8; i++)
        random[i] = (uint8_t)(word >> 8 * i);
    return pws_backoff_next(backoff, config, code, retry_after_ms, now_ms, random, at_ms);
}

/* The wait after so many attempts; UINT64_MAX if there is none. */
static uint64_t wait_after(uint32_t attempts, const pws_backoff_config *config, uint32_t code,
                           uint64_t word) {
    pws_backoff backoff = {0};
    uint64_t at;

    backoff.attempts = attempts;
    return next_at(&backoff, config, code, 0, 0, word, &at) == PWS_OK ? at : UINT64_MAX;
}

/* 1 if the shortest and the longest wait after so many attempts are these. */
static int is_between(uint32_t attempts, const pws_backoff_config *config, uint32_t code,
                      uint64_t shortest, uint64_t longest) {
    return wait_after(attempts, config, code, 0) == shortest &&
           wait_after(attempts, config, code, UINT64_MAX) == longest;
}

static void test_growth(void) {
    pws_backoff_config config = {0};
    pws_backoff backoff = {0};
    uint64_t at = 0;

    check_case("with zeros the first wait is up to a second, doubles, and ends at a minute");
    CHECK(is_between(0, &config, 0, 0, 1000));
    CHECK(is_between(1, &config, 0, 0, 2000));
    CHECK(is_between(5, &config, 0, 0, 32000));
    CHECK(is_between(6, &config, 0, 0, 60000));
    CHECK(is_between(7, &config, 0, 0, 60000));

    check_case("each wait of a row counts as an attempt and begins at the time it is told");
    CHECK(next_at(&backoff, &config, 0, 0, 500, UINT64_MAX, &at) == PWS_OK);
    CHECK(at == 1500 && backoff.attempts == 1);
    CHECK(next_at(&backoff, &config, 0, 0, 1700, UINT64_MAX, &at) == PWS_OK);
    CHECK(at == 3700 && backoff.attempts == 2);
    CHECK(next_at(&backoff, &config, 0, 0, 4000, 0, &at) == PWS_OK);
    CHECK(at == 4000 && backoff.attempts == 3);

    check_case("base and cap are kept to the millisecond");
    config.base_ms = 7;
    config.cap_ms = 55;
    CHECK(is_between(0, &config, 0, 0, 7));
    CHECK(is_between(2, &config, 0, 0, 28));
    CHECK(is_between(3, &config, 0, 0, 55));
    config.base_ms = 55;
    CHECK(is_between(0, &config, 0, 0, 55));

    check_case("a cap under the standard base is the base");
    config.base_ms = 0;
    CHECK(is_between(0, &config, 0, 0, 55));

    check_case("no number of attempts makes the wait shorter, with any base");
    config.base_ms = 1;
    config.cap_ms = UINT32_MAX;
    CHECK(is_between(31, &config, 0, 0, (uint64_t)1 << 31));
    CHECK(is_between(32, &config, 0, 0, UINT32_MAX));
    CHECK(is_between(33, &config, 0, 0, UINT32_MAX));
    CHECK(is_between(63, &config, 0, 0, UINT32_MAX));
    CHECK(is_between(64, &config, 0, 0, UINT32_MAX));
    CHECK(is_between(UINT32_MAX, &config, 0, 0, UINT32_MAX));
    config.base_ms = 0x80000000u;
    CHECK(is_between(0, &config, 0, 0, 0x80000000u));
    CHECK(is_between(UINT32_MAX, &config, 0, 0, UINT32_MAX));
    config.base_ms = UINT32_MAX;
    CHECK(is_between(0, &config, 0, 0, UINT32_MAX));
    CHECK(is_between(1, &config, 0, 0, UINT32_MAX));
    CHECK(is_between(UINT32_MAX, &config, 0, 0, UINT32_MAX));

    check_case("the count of attempts ends at its largest number");
    backoff.attempts = UINT32_MAX - 1;
    CHECK(next_at(&backoff, &config, 0, 0, 0, 0, &at) == PWS_OK);
    CHECK(backoff.attempts == UINT32_MAX);
    CHECK(next_at(&backoff, &config, 0, 0, 0, 0, &at) == PWS_OK);
    CHECK(backoff.attempts == UINT32_MAX);
}

static void test_floor(void) {
    pws_backoff_config config = {0};

    check_case("no wait is shorter than the floor");
    config.floor_ms = 300;
    CHECK(is_between(0, &config, 0, 300, 1000));
    CHECK(is_between(9, &config, 0, 300, 60000));

    check_case("where the base is under the floor, the wait is the floor");
    config.base_ms = 100;
    CHECK(is_between(0, &config, 0, 300, 300));
    CHECK(is_between(1, &config, 0, 300, 300));
    CHECK(is_between(2, &config, 0, 300, 400));

    check_case("floor and cap may be the same");
    config.floor_ms = 60000;
    CHECK(is_between(0, &config, 0, 60000, 60000));
    config.cap_ms = config.floor_ms = UINT32_MAX;
    CHECK(is_between(40, &config, 0, UINT32_MAX, UINT32_MAX));
}

/* Draws waits from 0 to 9 and counts them. */
static void count_waits(uint32_t counts[10]) {
    pws_backoff_config config = {0};
    uint64_t wait;
    size_t i;

    config.base_ms = 9;
    memset(counts, 0, 10 * sizeof *counts);
    for (i = 0; i < DRAWS; i++) {
        wait = wait_after(0, &config, 0, next_word());
        CHECK(wait <= 9);
        if (wait <= 9)
            counts[wait]++;
    }
}

static void test_jitter(void) {
    pws_backoff_config config = {0};
    uint32_t counts[10], short_waits = 0;
    uint64_t wait, sum = 0, thirds = UINT64_MAX / 3 + 1;
    size_t i;

    check_case("a random number is cut into equal parts, to the last of its 64 bits");
    config.base_ms = 2;
    CHECK(wait_after(0, &config, 0, thirds - 1) == 0);
    CHECK(wait_after(0, &config, 0, thirds) == 1);
    CHECK(wait_after(0, &config, 0, 2 * thirds - 2) == 1);
    CHECK(wait_after(0, &config, 0, 2 * thirds - 1) == 2);
    config.base_ms = 1;
    config.cap_ms = UINT32_MAX;
    CHECK(wait_after(32, &config, 0, 0x23456780FFFFFFFFu) == 0x23456780u);
    CHECK(wait_after(32, &config, 0, 0x8000000000000000u) == 0x80000000u);
    CHECK(wait_after(32, &config, 0, 0x7FFFFFFFFFFFFFFFu) == 0x7FFFFFFFu);

    check_case("every wait of the range comes equally often, both bounds too");
    generator = 1;
    count_waits(counts);
    for (i = 0; i < 10; i++) /* five standard deviations of a binomial distribution are 474 */
        CHECK(counts[i] > DRAWS / 10 - 474 && counts[i] < DRAWS / 10 + 474);

    check_case("waits from 10 to 60 seconds have their mean at 35, half of them below");
    memset(&config, 0, sizeof config);
    config.floor_ms = 10000;
    for (i = 0; i < DRAWS; i++) {
        wait = wait_after(20, &config, 0, next_word());
        CHECK(wait >= 10000 && wait <= 60000);
        sum += wait;
        short_waits += wait < 35000;
    }
    /* five standard deviations: 5 * 50000 / sqrt(12 * 100000) and 5 * sqrt(100000) / 2 */
    CHECK(sum / DRAWS > 35000 - 228 && sum / DRAWS < 35000 + 228);
    CHECK(short_waits > DRAWS / 2 - 790 && short_waits < DRAWS / 2 + 790);

    check_case("the same arguments give the same time");
    CHECK(wait_after(3, &config, 1006, 12345) == wait_after(3, &config, 1006, 12345));
}

static void test_codes(void) {
    pws_backoff_config config = {0};

    check_case("after 1012 and 1013 the wait is from 5 to 30 seconds");
    CHECK(is_between(0, &config, 1012, 5000, 30000));
    CHECK(is_between(0, &config, 1013, 5000, 30000));
    CHECK(is_between(4, &config, 1012, 5000, 30000));

    check_case("unless the row, or the floor, already asks for more");
    CHECK(is_between(5, &config, 1013, 5000, 32000));
    CHECK(is_between(9, &config, 1012, 5000, 60000));
    config.floor_ms = 20000;
    CHECK(is_between(0, &config, 1012, 20000, 30000));
    config.floor_ms = 40000;
    CHECK(is_between(0, &config, 1012, 40000, 40000));

    check_case("also where the cap is lower");
    memset(&config, 0, sizeof config);
    config.base_ms = config.cap_ms = 100;
    CHECK(is_between(9, &config, 1013, 5000, 30000));

    check_case("no other code changes the wait");
    CHECK(is_between(0, &config, 0, 0, 100));
    CHECK(is_between(0, &config, 1000, 0, 100));
    CHECK(is_between(0, &config, 1011, 0, 100));
    CHECK(is_between(0, &config, 1014, 0, 100));
    CHECK(is_between(0, &config, 4999, 0, 100));
}

static void test_retry_after(void) {
    pws_backoff_config config = {0};
    pws_backoff backoff = {0};
    uint64_t at = 0;

    check_case("the wait is added to what Retry-After asks for");
    CHECK(next_at(&backoff, &config, 0, 120000, 50, 0, &at) == PWS_OK);
    CHECK(at == 120050);
    memset(&backoff, 0, sizeof backoff);
    CHECK(next_at(&backoff, &config, 0, 120000, 50, UINT64_MAX, &at) == PWS_OK);
    CHECK(at == 121050);
    memset(&backoff, 0, sizeof backoff);
    CHECK(next_at(&backoff, &config, 1013, 120000, 50, UINT64_MAX, &at) == PWS_OK);
    CHECK(at == 150050);

    check_case("of Retry-After counts an hour, or what the configuration allows");
    CHECK(next_at(&backoff, &config, 0, 3600000, 0, 0, &at) == PWS_OK);
    CHECK(at == 50 + 3600000);
    CHECK(next_at(&backoff, &config, 0, 3600001, 0, 0, &at) == PWS_OK);
    CHECK(at == 50 + 3600000);
    config.retry_after_max_ms = 7000;
    CHECK(next_at(&backoff, &config, 0, 6999, 0, 0, &at) == PWS_OK);
    CHECK(at == 50 + 6999);
    CHECK(next_at(&backoff, &config, 0, UINT64_MAX, 0, 0, &at) == PWS_OK);
    CHECK(at == 50 + 7000);

    check_case("a time that would overflow is the last there is");
    memset(&backoff, 0, sizeof backoff);
    CHECK(next_at(&backoff, &config, 0, 5, UINT64_MAX - 8, 0, &at) == PWS_OK);
    CHECK(at == UINT64_MAX - 3);
    CHECK(next_at(&backoff, &config, 0, 9, UINT64_MAX - 8, 0, &at) == PWS_OK);
    CHECK(at == UINT64_MAX);
    CHECK(next_at(&backoff, &config, 0, 0, UINT64_MAX - 8, UINT64_MAX, &at) == PWS_OK);
    CHECK(at == UINT64_MAX);
    CHECK(next_at(&backoff, &config, 0, 7000, UINT64_MAX, UINT64_MAX, &at) == PWS_OK);
    CHECK(at == UINT64_MAX);
}

/* The attempts after a connection that was open from now_ms to ended_ms, in a row of 3. */
static uint32_t attempts_after(const pws_backoff_config *config, uint64_t now_ms,
                               uint64_t ended_ms) {
    pws_backoff backoff = {0};
    uint64_t at;

    backoff.attempts = 3;
    pws_backoff_opened(&backoff, now_ms);
    return next_at(&backoff, config, 0, 0, ended_ms, 0, &at) == PWS_OK ? backoff.attempts : 0;
}

static void test_stable(void) {
    pws_backoff_config config = {0};
    pws_backoff backoff = {0};
    uint64_t at = 0;

    check_case("a connection that was open for a minute begins a new row");
    CHECK(attempts_after(&config, 1000, 61000) == 1);
    CHECK(attempts_after(&config, 0, UINT64_MAX) == 1);

    check_case("one that was not goes on with the old row");
    CHECK(attempts_after(&config, 1000, 60999) == 4);
    CHECK(attempts_after(&config, 1000, 1000) == 4);

    check_case("what is stable is configured");
    config.stable_ms = 500;
    CHECK(attempts_after(&config, 1000, 1499) == 4);
    CHECK(attempts_after(&config, 1000, 1500) == 1);
    config.stable_ms = UINT32_MAX;
    CHECK(attempts_after(&config, 0, (uint64_t)UINT32_MAX - 1) == 4);
    CHECK(attempts_after(&config, 0, UINT32_MAX) == 1);

    check_case("time that passes without a connection is not stable");
    config.stable_ms = 500;
    backoff.attempts = 3;
    CHECK(next_at(&backoff, &config, 0, 0, 1000, 0, &at) == PWS_OK && backoff.attempts == 4);
    CHECK(next_at(&backoff, &config, 0, 0, 9000, 0, &at) == PWS_OK && backoff.attempts == 5);

    check_case("an end counts for one connection only");
    pws_backoff_opened(&backoff, 10000);
    CHECK(next_at(&backoff, &config, 0, 0, 10400, 0, &at) == PWS_OK && backoff.attempts == 6);
    CHECK(next_at(&backoff, &config, 0, 0, 10900, 0, &at) == PWS_OK && backoff.attempts == 7);

    check_case("the new row begins with the shortest range again");
    pws_backoff_opened(&backoff, 20000);
    CHECK(next_at(&backoff, &config, 0, 0, 20500, UINT64_MAX, &at) == PWS_OK);
    CHECK(at == 21500 && backoff.attempts == 1);

    check_case("opening alone does not begin a new row");
    pws_backoff_opened(&backoff, 30000);
    CHECK(backoff.attempts == 1);
}

static void test_clock(void) {
    pws_backoff_config config = {0};
    pws_backoff backoff = {0};
    uint64_t at = 0;

    check_case("an earlier time counts as the last: of the end before");
    CHECK(next_at(&backoff, &config, 0, 0, 5000, 0, &at) == PWS_OK && at == 5000);
    CHECK(next_at(&backoff, &config, 0, 0, 4000, 0, &at) == PWS_OK && at == 5000);

    check_case("of the opening before");
    pws_backoff_opened(&backoff, 100000);
    CHECK(next_at(&backoff, &config, 0, 0, 4000, 0, &at) == PWS_OK);
    CHECK(at == 100000 && backoff.attempts == 3);

    check_case("and of the end before the opening");
    pws_backoff_opened(&backoff, 40000);
    CHECK(next_at(&backoff, &config, 0, 0, 159999, 0, &at) == PWS_OK && backoff.attempts == 4);
    pws_backoff_opened(&backoff, 40000);
    CHECK(next_at(&backoff, &config, 0, 0, 219999, 0, &at) == PWS_OK && backoff.attempts == 1);
}

static void test_end(void) {
    pws_backoff_config config = {0};
    pws_backoff backoff = {0};
    uint64_t at = 0;

    check_case("after max_attempts waits it is time to give up");
    config.max_attempts = 2;
    CHECK(next_at(&backoff, &config, 0, 0, 0, 0, &at) == PWS_OK);
    CHECK(next_at(&backoff, &config, 0, 0, 0, 0, &at) == PWS_OK);
    at = 77;
    CHECK(next_at(&backoff, &config, 0, 0, 0, 0, &at) == PWS_E_STATE);
    CHECK(at == 77 && backoff.attempts == 2);

    check_case("and stays so, however much time passes");
    CHECK(next_at(&backoff, &config, 0, 0, UINT64_MAX / 2, 0, &at) == PWS_E_STATE);
    CHECK(at == 77 && backoff.attempts == 2);

    check_case("also if the last connection was short");
    memset(&backoff, 0, sizeof backoff);
    backoff.attempts = 2;
    pws_backoff_opened(&backoff, 1000);
    CHECK(next_at(&backoff, &config, 0, 0, 2000, 0, &at) == PWS_E_STATE);
    CHECK(next_at(&backoff, &config, 0, 0, 900000, 0, &at) == PWS_E_STATE);

    check_case("a stable connection ends even that");
    pws_backoff_opened(&backoff, 1000000);
    CHECK(next_at(&backoff, &config, 0, 0, 1060000, 0, &at) == PWS_OK);
    CHECK(at == 1060000 && backoff.attempts == 1);
}

static void test_arguments(void) {
    pws_backoff_config config = {0};
    pws_backoff backoff = {0}, before;
    uint8_t random[8] = {0};
    uint64_t at = 77;
    size_t i;

    check_case("NULL arguments");
    CHECK(pws_backoff_next(NULL, &config, 0, 0, 0, random, &at) == PWS_E_ARG);
    CHECK(pws_backoff_next(&backoff, NULL, 0, 0, 0, random, &at) == PWS_E_ARG);
    CHECK(pws_backoff_next(&backoff, &config, 0, 0, 0, NULL, &at) == PWS_E_ARG);
    CHECK(pws_backoff_next(&backoff, &config, 0, 0, 0, random, NULL) == PWS_E_ARG);
    pws_backoff_opened(NULL, 1);

    check_case("base or floor above the cap");
    pws_backoff_opened(&backoff, 5);
    before = backoff;
    config.base_ms = 60001;
    CHECK(next_at(&backoff, &config, 0, 0, 99999, 0, &at) == PWS_E_ARG);
    config.base_ms = 0;
    config.floor_ms = 60001;
    CHECK(next_at(&backoff, &config, 0, 0, 99999, 0, &at) == PWS_E_ARG);
    config.floor_ms = 0;
    config.cap_ms = 10;
    config.base_ms = 11;
    CHECK(next_at(&backoff, &config, 0, 0, 99999, 0, &at) == PWS_E_ARG);
    config.base_ms = 10;
    config.floor_ms = 11;
    CHECK(next_at(&backoff, &config, 0, 0, 99999, 0, &at) == PWS_E_ARG);

    check_case("reserved fields that are not 0");
    config.floor_ms = 10;
    for (i = 0; i < 2; i++) {
        config.reserved[i] = 1;
        CHECK(next_at(&backoff, &config, 0, 0, 99999, 0, &at) == PWS_E_ARG);
        config.reserved[i] = 0;
    }

    check_case("none of these changes anything");
    CHECK(at == 77 && memcmp(&backoff, &before, sizeof backoff) == 0);
    CHECK(next_at(&backoff, &config, 0, 0, 99999, 0, &at) == PWS_OK);
}

int main(void) {
    test_growth();
    test_floor();
    test_jitter();
    test_codes();
    test_retry_after();
    test_stable();
    test_clock();
    test_end();
    test_arguments();
    return check_end();
}
