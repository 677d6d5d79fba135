/* Companion: rate limit by two token buckets. For a bucket is kept what has been taken out of it
 * and has not come back yet, in thousandths: so per_second of them come back each millisecond, and
 * nothing is lost by rounding. */
#include "internal.h"

/* Lets come back what does so in elapsed_ms, then takes the amount. Returns the milliseconds until
 * no more than the burst is out. */
static uint64_t pws_rate_bucket(uint64_t *spent, uint32_t per_second, uint32_t burst,
                                uint64_t elapsed_ms, uint64_t amount) {
    uint64_t size = burst != 0 ? burst : per_second;
    uint64_t most = 2 * size; /* the bucket, and the debt of one burst */

    if (per_second == 0) { /* no limit is a bucket that is always full */
        *spent = 0;
        return 0;
    }
    *spent -= elapsed_ms > *spent / per_second ? *spent : elapsed_ms * per_second;
    *spent += 1000 * (amount < most ? amount : most);
    if (*spent > 1000 * most)
        *spent = 1000 * most;
    if (*spent <= 1000 * size)
        return 0;
    return (*spent - 1000 * size + per_second - 1) / per_second;
}

uint64_t pws_rate_take(pws_rate *rate, const pws_rate_config *config, uint64_t now_ms,
                       uint64_t messages, uint64_t bytes) {
    uint64_t elapsed, messages_wait, bytes_wait;

    if (rate == NULL || config == NULL)
        return 0;
    elapsed = now_ms > rate->now_ms ? now_ms - rate->now_ms : 0;
    rate->now_ms += elapsed;
    messages_wait = pws_rate_bucket(&rate->messages_spent, config->messages_per_second,
                                    config->messages_burst, elapsed, messages);
    bytes_wait = pws_rate_bucket(&rate->bytes_spent, config->bytes_per_second, config->bytes_burst,
                                 elapsed, bytes);
    return messages_wait > bytes_wait ? messages_wait : bytes_wait;
}

uint64_t pws_rate_wait(const pws_rate *rate, const pws_rate_config *config, uint64_t now_ms) {
    pws_rate copy;

    if (rate == NULL)
        return 0;
    copy = *rate;
    return pws_rate_take(&copy, config, now_ms, 0, 0);
}
