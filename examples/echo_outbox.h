/* The echoes of echo_server that wait for a peer to take them (--queue). Part of that program. */
#ifndef ECHO_OUTBOX_H
#define ECHO_OUTBOX_H

#include "echo_metrics.h"
#include "purews.h"

/* A queue with its memory. Where its full is PWS_FULL_REFUSE, a message that finds no room waits
 * where it was received, and nothing more may be received then. */
struct outbox {
    pws_queue queue;
    uint32_t kind;     /* of the message that has no room; 0: there is none */
    pws_bytes data;    /* and its bytes */
    uint64_t memory[]; /* of the queue */
};

/* size: bytes of memory. */
static void outbox_begin(struct outbox *outbox, const pws_queue_config *config, size_t size) {
    outbox->kind = 0;
    pws_queue_init(&outbox->queue, config, outbox->memory, size);
}

/* Whether a message waits for room. */
static int outbox_is_full(const struct outbox *outbox) {
    return outbox->kind != 0;
}

static int outbox_is_empty(const struct outbox *outbox) {
    return outbox->queue.messages == 0 && outbox->kind == 0;
}

/* Puts a message into the queue if there is room, and counts it, and those that are dropped for it.
 */
static int32_t outbox_add(struct outbox *outbox, uint32_t kind, pws_bytes data, uint64_t now,
                          struct metrics *metrics) {
    uint64_t dropped = outbox->queue.dropped;
    int32_t error = pws_queue_put(&outbox->queue, kind, data.ptr, data.len, 0, now);

    metrics->queue_dropped += outbox->queue.dropped - dropped;
    if (error == PWS_OK)
        pws_stats_sent(&metrics->stats, kind, data.len);
    return error;
}

/* Takes a message. */
static void outbox_put(struct outbox *outbox, const pws_event *ev, uint64_t now,
                       struct metrics *metrics) {
    if (outbox_add(outbox, ev->kind, ev->data, now, metrics) == PWS_OK)
        return;
    if (outbox->queue.config->full == PWS_FULL_REFUSE) {
        outbox->kind = ev->kind;
        outbox->data = ev->data;
    } else {
        metrics->queue_dropped++;
    }
}

/* Tells the machine what it takes now; call it before each pws_next. */
static void outbox_send(struct outbox *outbox, pws_conn *ws, uint64_t now,
                        struct metrics *metrics) {
    if (pws_state(ws) != PWS_STATE_OPEN)
        outbox->kind = 0; /* nothing is sent any more */
    if (outbox->kind != 0 && !pws_queue_is_high(&outbox->queue) &&
        outbox_add(outbox, outbox->kind, outbox->data, now, metrics) == PWS_OK)
        outbox->kind = 0;
    pws_queue_send(&outbox->queue, ws, now);
}

#endif
