/* The page of echo_server for those who watch it: GET /metrics, in the text format 0.0.4 of
 * Prometheus. Part of that program. */
#ifndef ECHO_METRICS_H
#define ECHO_METRICS_H

#include <stdarg.h>
#include <stdio.h>

#include "purews.h"

enum {
    METRICS_SIZE = 16384, /* bytes that are enough for the page */
    METRICS_BUCKETS = 60  /* of the library's histogram; longer round trips count as endless */
};

static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

/* What the server counts, from its start on. */
struct metrics {
    pws_stats stats;        /* of all connections */
    uint64_t open;          /* connections that are open now */
    uint64_t rate_exceeded; /* messages beyond --rate or --rate-bytes */
    uint64_t queue_dropped; /* messages for which a queue had no room */
};

/* The page as far as it is written. */
struct metrics_page {
    char *text;
    size_t capacity, length;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
metrics_print(struct metrics_page *page, const char *format, ...) {
    size_t room = page->capacity - page->length;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(page->text + page->length, room, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < room)
        page->length += (size_t)length;
}

/* Begins a metric. kind: counter, gauge or histogram. */
static void metrics_begin(struct metrics_page *page, const char *name, const char *kind,
                          const char *text) {
    metrics_print(page, "# HELP %s %s\n# TYPE %s %s\n", name, text, name, kind);
}

/* A metric with one value. */
static void metrics_put(struct metrics_page *page, const char *name, const char *kind,
                        const char *text, uint64_t value) {
    metrics_begin(page, name, kind, text);
    metrics_print(page, "%s %llu\n", name, (unsigned long long)value);
}

static void metrics_counter(struct metrics_page *page, const char *name, const char *text,
                            uint64_t value) {
    metrics_put(page, name, "counter", text, value);
}

static void metrics_traffic(struct metrics_page *page, const pws_stats *stats) {
    metrics_counter(page, "purews_opened_connections_total", "Opening handshakes that succeeded.",
                    stats->opened);
    metrics_counter(page, "purews_closed_connections_total",
                    "Connections that have ended, whether they were open or not.", stats->closed);
    metrics_counter(page, "purews_received_bytes_total", "Bytes read from sockets.",
                    stats->wire_in);
    metrics_counter(page, "purews_sent_bytes_total", "Bytes written to sockets.", stats->wire_out);
    metrics_counter(page, "purews_received_frames_total", "Frames received, control frames too.",
                    stats->frames_in);
    metrics_counter(page, "purews_sent_frames_total", "Frames sent, control frames too.",
                    stats->frames_out);
    metrics_counter(page, "purews_received_messages_total", "Whole messages received.",
                    stats->messages_in);
    metrics_counter(page, "purews_sent_messages_total",
                    "Whole messages sent, or put into a queue to be sent.", stats->messages_out);
    metrics_counter(page, "purews_received_payload_bytes_total",
                    "Bytes of messages received, after decompression.", stats->payload_in);
    metrics_counter(page, "purews_sent_payload_bytes_total",
                    "Bytes of messages sent, before compression.", stats->payload_out);
    metrics_counter(page, "purews_received_pings_total", "Pings received.", stats->pings_in);
    metrics_counter(page, "purews_sent_pings_total", "Pings sent.", stats->pings_out);
    metrics_counter(page, "purews_received_pongs_total", "Pongs received.", stats->pongs_in);
    metrics_counter(page, "purews_sent_pongs_total", "Pongs sent.", stats->pongs_out);
}

/* One line for each close code that has occurred. */
static void metrics_closes(struct metrics_page *page, const char *name, const char *text,
                           const uint64_t closes[PWS_CLOSE_PLACES]) {
    uint32_t place;

    metrics_begin(page, name, "counter", text);
    for (place = 0; place < PWS_CLOSE_PLACES; place++) {
        if (closes[place] == 0)
            continue;
        if (place < 16)
            metrics_print(page, "%s{code=\"%u\"}", name, 1000 + (unsigned)place);
        else
            metrics_print(page, "%s{code=\"%uxxx\"}", name, (unsigned)place - 13);
        metrics_print(page, " %llu\n", (unsigned long long)closes[place]);
    }
}

static const char *metrics_error(int32_t error) {
    static const struct {
        int32_t error;
        const char *name;
    } names[] = {
        {PWS_E_EOF, "eof"},
        {PWS_E_TIMEOUT, "timeout"},
        {PWS_E_HTTP, "http"},
        {PWS_E_HEAD_SIZE, "head_size"},
        {PWS_E_METHOD, "method"},
        {PWS_E_HTTP_VERSION, "http_version"},
        {PWS_E_HOST, "host"},
        {PWS_E_BODY, "body"},
        {PWS_E_UPGRADE, "upgrade"},
        {PWS_E_CONNECTION, "connection"},
        {PWS_E_VERSION, "version"},
        {PWS_E_KEY, "key"},
        {PWS_E_ORIGIN, "origin"},
        {PWS_E_STATUS, "status"},
        {PWS_E_PROTOCOL, "protocol"},
        {PWS_E_EXTENSION, "extension"},
        {PWS_E_TARGET, "target"},
        {PWS_E_RSV, "rsv"},
        {PWS_E_OPCODE, "opcode"},
        {PWS_E_FRAGMENT, "fragment"},
        {PWS_E_CONTROL, "control"},
        {PWS_E_MASK, "mask"},
        {PWS_E_LENGTH, "length"},
        {PWS_E_CLOSE_PAYLOAD, "close_payload"},
        {PWS_E_CLOSE_CODE, "close_code"},
        {PWS_E_UTF8, "utf8"},
        {PWS_E_TOO_BIG, "too_big"},
        {PWS_E_INFLATE, "inflate"},
        {PWS_E_DEFLATE, "deflate"},
        {PWS_E_CODEC, "codec"},
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    return "other";
}

/* One line for each kind of error that has occurred. */
static void metrics_errors(struct metrics_page *page, const uint64_t errors[PWS_ERROR_PLACES]) {
    int32_t error;

    metrics_begin(page, "purews_errors_total", "counter",
                  "Connections that did not end with a complete closing handshake, by what was "
                  "found. A page that was asked for counts as status.");
    for (error = PWS_OK + 1; error < PWS_ERROR_PLACES; error++)
        if (errors[error] != 0)
            metrics_print(page, "purews_errors_total{error=\"%s\"} %llu\n", metrics_error(error),
                          (unsigned long long)errors[error]);
}

/* Milliseconds as seconds. */
static void metrics_seconds(struct metrics_page *page, const char *before, uint64_t milliseconds,
                            const char *behind) {
    metrics_print(page, "%s%llu.%03u%s", before, (unsigned long long)(milliseconds / 1000),
                  (unsigned)(milliseconds % 1000), behind);
}

/* The buckets of the library up to 65.535 s, four at a time: a line for each power of two. */
static void metrics_round_trips(struct metrics_page *page, const pws_histogram *rtt) {
    uint64_t count = 0;
    uint32_t bucket;

    metrics_begin(page, "purews_rtt_seconds", "histogram",
                  "Round trips, from a Ping of the server to its Pong.");
    for (bucket = 0; bucket < METRICS_BUCKETS; bucket++) {
        count += rtt->counts[bucket];
        if (bucket % 4 != 3)
            continue;
        metrics_seconds(page, "purews_rtt_seconds_bucket{le=\"", pws_histogram_limit(bucket),
                        "\"}");
        metrics_print(page, " %llu\n", (unsigned long long)count);
    }
    metrics_print(page, "purews_rtt_seconds_bucket{le=\"+Inf\"} %llu\n",
                  (unsigned long long)rtt->count);
    metrics_seconds(page, "purews_rtt_seconds_sum ", rtt->sum, "\n");
    metrics_print(page, "purews_rtt_seconds_count %llu\n", (unsigned long long)rtt->count);
}

/* Writes the page to text, which has METRICS_SIZE bytes. Returns its length. */
static size_t metrics_write(const struct metrics *metrics, char *text) {
    const pws_stats *stats = &metrics->stats;
    struct metrics_page page = {text, METRICS_SIZE, 0};

    metrics_put(&page, "purews_open_connections", "gauge", "Connections that are open now.",
                metrics->open);
    metrics_traffic(&page, stats);
    metrics_counter(&page, "purews_rate_exceeded_messages_total",
                    "Messages beyond what --rate and --rate-bytes allow.", metrics->rate_exceeded);
    metrics_counter(&page, "purews_queue_dropped_messages_total",
                    "Messages that were dropped because a queue was full.", metrics->queue_dropped);
    metrics_closes(&page, "purews_received_closes_total",
                   "Connections that have ended, by the peer's close code; 1005: Close without a "
                   "code, 1006: no Close.",
                   stats->closes_received);
    metrics_closes(&page, "purews_sent_closes_total",
                   "Connections that have ended, by the server's close code.", stats->closes_sent);
    metrics_errors(&page, stats->errors);
    metrics_round_trips(&page, &stats->rtt);
    return page.length;
}

#endif
