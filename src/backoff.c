/* Companion: how long a client waits before it connects again (RFC 6455 7.2.3). */
#include "internal.h"

/* Milliseconds: what fields of pws_backoff_config mean if they are 0, and the bounds that 1012 and
 * 1013 (RFC 6455 11.7) give the wait. */
enum {
    PWS_BACKOFF_BASE = 1000,
    PWS_BACKOFF_CAP = 60000,
    PWS_BACKOFF_STABLE = 60000,
    PWS_BACKOFF_RETRY_AFTER = 3600000,
    PWS_BACKOFF_RESTART_FLOOR = 5000,
    PWS_BACKOFF_RESTART_CEILING = 30000
};

static uint32_t pws_backoff_or(uint32_t value, uint32_t standard) {
    return value != 0 ? value : standard;
}

static uint64_t pws_backoff_larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static uint64_t pws_backoff_smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int pws_backoff_config_ok(const pws_backoff_config *config) {
    uint32_t cap = pws_backoff_or(config->cap_ms, PWS_BACKOFF_CAP);

    return config->floor_ms <= cap && config->base_ms <= cap &&
           pws_is_zero(config->reserved, sizeof config->reserved / sizeof(uintptr_t));
}

/* now_ms is the time of the last call of either kind; if the connection is open, that was its
 * opening. */
static void pws_backoff_time(pws_backoff *backoff, uint64_t now_ms) {
    backoff->now_ms = pws_backoff_larger(backoff->now_ms, now_ms);
}

void pws_backoff_opened(pws_backoff *backoff, uint64_t now_ms) {
    if (backoff == NULL)
        return;
    pws_backoff_time(backoff, now_ms);
    backoff->open = 1;
}

/* Takes note that the connection, if there was one, has ended. */
static void pws_backoff_ended(pws_backoff *backoff, const pws_backoff_config *config,
                              uint64_t now_ms) {
    uint64_t opened = backoff->now_ms;

    pws_backoff_time(backoff, now_ms);
    if (backoff->open != 0 &&
        backoff->now_ms - opened >= pws_backoff_or(config->stable_ms, PWS_BACKOFF_STABLE))
        backoff->attempts = 0;
    backoff->open = 0;
}

/* base_ms doubled by each attempt of the row, up to cap_ms. 32 times take 1 beyond any cap, but the
 * largest base not beyond 64 bits. */
static uint64_t pws_backoff_ceiling(const pws_backoff *backoff, const pws_backoff_config *config) {
    uint64_t base = pws_backoff_or(config->base_ms, PWS_BACKOFF_BASE);

    return pws_backoff_smaller(base << pws_backoff_smaller(backoff->attempts, 32),
                               pws_backoff_or(config->cap_ms, PWS_BACKOFF_CAP));
}

/* The lowest byte first, so that the same bytes mean the same on every machine. */
static uint64_t pws_backoff_word(const uint8_t bytes[4]) {
    return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
           (uint64_t)bytes[3] << 24;
}

/* One of count numbers from 0 on, count at most 2^32: the whole part of count times the fraction
 * that the random bytes are of 2^64, so that none is likelier than another by more than 2^-32. */
static uint64_t pws_backoff_draw(const uint8_t random[8], uint64_t count) {
    uint64_t low = pws_backoff_word(random) * count;
    uint64_t high = pws_backoff_word(random + 4) * count;

    return (high + (low >> 32)) >> 32;
}

static uint64_t pws_backoff_add(uint64_t a, uint64_t b) {
    return a + pws_backoff_smaller(b, UINT64_MAX - a);
}

int32_t pws_backoff_next(pws_backoff *backoff, const pws_backoff_config *config, uint32_t code,
                         uint64_t retry_after_ms, uint64_t now_ms, const uint8_t random[8],
                         uint64_t *at_ms) {
    uint64_t least, most, longest;

    if (backoff == NULL || config == NULL || random == NULL || at_ms == NULL ||
        !pws_backoff_config_ok(config))
        return PWS_E_ARG;
    pws_backoff_ended(backoff, config, now_ms);
    if (config->max_attempts != 0 && backoff->attempts >= config->max_attempts)
        return PWS_E_STATE;
    least = config->floor_ms;
    most = pws_backoff_larger(pws_backoff_ceiling(backoff, config), least);
    if (code == 1012 || code == 1013) {
        least = pws_backoff_larger(least, PWS_BACKOFF_RESTART_FLOOR);
        most = pws_backoff_larger(most, PWS_BACKOFF_RESTART_CEILING);
    }
    longest = pws_backoff_or(config->retry_after_max_ms, PWS_BACKOFF_RETRY_AFTER);
    *at_ms = pws_backoff_add(backoff->now_ms, pws_backoff_smaller(retry_after_ms, longest));
    *at_ms = pws_backoff_add(*at_ms, least + pws_backoff_draw(random, most - least + 1));
    if (backoff->attempts < UINT32_MAX)
        backoff->attempts++;
    return PWS_OK;
}
