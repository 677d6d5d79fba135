/* What passed over connections, counted from their events. */
#include "internal.h"

uint32_t pws_stats_close_place(uint32_t code) {
    if (code >= 1000 && code <= 1015)
        return code - 1000;
    if (code >= 3000 && code <= 3999)
        return 16;
    if (code >= 4000 && code <= 4999)
        return 17;
    return PWS_CLOSE_PLACES;
}

static void pws_stats_close_code(uint64_t closes[PWS_CLOSE_PLACES], uint32_t code) {
    uint32_t place = pws_stats_close_place(code);

    if (place < PWS_CLOSE_PLACES)
        closes[place]++;
}

static void pws_stats_closed(pws_stats *stats, const pws_event *event) {
    stats->closed++;
    if (event->error >= 0 && event->error < PWS_ERROR_PLACES)
        stats->errors[event->error]++;
    pws_stats_close_code(stats->closes_received, event->code);
    pws_stats_close_code(stats->closes_sent, event->sent_code);
}

static void pws_stats_message(pws_stats *stats, const pws_event *event) {
    stats->payload_in += event->data.len;
    if ((event->flags & PWS_LAST) != 0)
        stats->messages_in++;
}

/* RFC 6298 2.2 and 2.3: the first round trip is taken as it is, each further one for an eighth. */
static void pws_stats_smooth(pws_stats *stats, uint64_t us) {
    if (stats->rtt.count == 0)
        stats->rtt_smoothed_us = us;
    else
        stats->rtt_smoothed_us = (7 * stats->rtt_smoothed_us + us) / 8;
}

static void pws_stats_round_trip(pws_stats *stats, uint32_t ms) {
    if (stats->rtt.count == 0 || ms < stats->rtt_min_ms)
        stats->rtt_min_ms = ms;
    if (ms > stats->rtt_max_ms)
        stats->rtt_max_ms = ms;
    stats->rtt_last_ms = ms;
    pws_stats_smooth(stats, (uint64_t)ms * 1000);
    pws_histogram_add(&stats->rtt, ms);
}

void pws_stats_event(pws_stats *stats, const pws_event *event) {
    if (stats == NULL || event == NULL)
        return;
    switch (event->kind) {
    case PWS_TEXT:
    case PWS_BINARY:
        stats->frames_in += event->frames;
        pws_stats_message(stats, event);
        break;
    case PWS_CLOSE:
        stats->frames_in += event->frames;
        break;
    case PWS_PING:
        stats->frames_in += event->frames;
        stats->pings_in++;
        break;
    case PWS_PONG:
        stats->frames_in += event->frames;
        stats->pongs_in++;
        if (event->rtt_ms != UINT32_MAX)
            pws_stats_round_trip(stats, event->rtt_ms);
        break;
    case PWS_WRITE:
        stats->frames_out += event->frames;
        stats->pings_out += event->pings;
        stats->pongs_out += event->pongs;
        break;
    case PWS_OPEN:
        stats->opened++;
        break;
    case PWS_REJECTED:
        stats->rejected++;
        break;
    case PWS_CLOSED:
        pws_stats_closed(stats, event);
        break;
    default:
        break;
    }
}

void pws_stats_sent(pws_stats *stats, uint32_t kind, uint64_t length) {
    if (stats == NULL)
        return;
    switch (kind & ~(uint32_t)(PWS_MORE | PWS_PLAIN)) {
    case PWS_TEXT:
    case PWS_BINARY:
        stats->payload_out += length;
        if ((kind & PWS_MORE) == 0)
            stats->messages_out++;
        break;
    case PWS_PING:
        stats->pings_out++;
        break;
    case PWS_PONG:
        stats->pongs_out++;
        break;
    default:
        break;
    }
}

void pws_stats_read(pws_stats *stats, uint64_t bytes) {
    if (stats != NULL)
        stats->wire_in += bytes;
}

void pws_stats_wrote(pws_stats *stats, uint64_t bytes) {
    if (stats != NULL)
        stats->wire_out += bytes;
}

/* The mean of two times in microseconds, weighed by the numbers of round trips that stand behind
 * them, one at least. Numbers are taken to about a millionth, so that no product overflows. */
static uint64_t pws_stats_mean(uint64_t us, uint64_t count, uint64_t other_us,
                               uint64_t other_count) {
    while (count >= 1 << 20 || other_count >= 1 << 20) {
        count >>= 1;
        other_count >>= 1;
    }
    return (us * count + other_us * other_count) / (count + other_count);
}

/* Adds the round trips of other, which has some. */
static void pws_stats_add_round_trips(pws_stats *stats, const pws_stats *other) {
    if (stats->rtt.count == 0 || other->rtt_min_ms < stats->rtt_min_ms)
        stats->rtt_min_ms = other->rtt_min_ms;
    if (other->rtt_max_ms > stats->rtt_max_ms)
        stats->rtt_max_ms = other->rtt_max_ms;
    stats->rtt_last_ms = other->rtt_last_ms;
    stats->rtt_smoothed_us = pws_stats_mean(stats->rtt_smoothed_us, stats->rtt.count,
                                            other->rtt_smoothed_us, other->rtt.count);
}

static void pws_stats_add_each(uint64_t *counts, const uint64_t *others, size_t length) {
    size_t i;

    for (i = 0; i < length; i++)
        counts[i] += others[i];
}

void pws_stats_add(pws_stats *stats, const pws_stats *other) {
    if (stats == NULL || other == NULL)
        return;
    stats->opened += other->opened;
    stats->closed += other->closed;
    stats->rejected += other->rejected;
    stats->wire_in += other->wire_in;
    stats->wire_out += other->wire_out;
    stats->frames_in += other->frames_in;
    stats->frames_out += other->frames_out;
    stats->messages_in += other->messages_in;
    stats->messages_out += other->messages_out;
    stats->payload_in += other->payload_in;
    stats->payload_out += other->payload_out;
    stats->pings_in += other->pings_in;
    stats->pings_out += other->pings_out;
    stats->pongs_in += other->pongs_in;
    stats->pongs_out += other->pongs_out;
    if (other->rtt.count != 0)
        pws_stats_add_round_trips(stats, other);
    pws_stats_add_each(stats->rtt.counts, other->rtt.counts, PWS_BUCKETS);
    stats->rtt.count += other->rtt.count;
    stats->rtt.sum += other->rtt.sum;
    pws_stats_add_each(stats->errors, other->errors, PWS_ERROR_PLACES);
    pws_stats_add_each(stats->closes_received, other->closes_received, PWS_CLOSE_PLACES);
    pws_stats_add_each(stats->closes_sent, other->closes_sent, PWS_CLOSE_PLACES);
}
