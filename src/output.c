/* What is owed to the transport, in the order in which it goes out:
 *
 *     the batch (whole frames and heads, in the transmit half)
 *     one borrowed payload, whose header ends the batch
 *     one Pong
 *     one Close
 *
 * Without a transmit half the batch is a single frame header in pws_conn.small. */
#include "internal.h"

static uint8_t *pws_batch(pws_conn *ws) {
    return ws->transmit != NULL ? ws->transmit : ws->small;
}

/* Where the payload of a held Pong is kept: the end of the transmit half. */
static uint8_t *pws_held_pong(const pws_conn *ws) {
    return ws->transmit + ws->transmit_size - PWS_MAX_CONTROL;
}

PWS_PRIVATE int pws_output_fits(const pws_conn *ws, size_t length) {
    return ws->batch_length == 0 || pws_output_room(ws) >= PWS_MAX_FRAME_HEAD + length;
}

PWS_PRIVATE pws_writer pws_output_writer(pws_conn *ws) {
    size_t room = pws_output_room(ws);
    pws_writer out;

    /* so that the program can answer PWS_OPEN with a send */
    out.capacity = room > PWS_MAX_FRAME_HEAD ? room - PWS_MAX_FRAME_HEAD : 0;
    out.ptr = out.capacity != 0 ? ws->transmit + ws->batch_length : NULL;
    out.length = 0;
    out.full = 0;
    return out;
}

PWS_PRIVATE void pws_output_head(pws_conn *ws, const pws_writer *head) {
    ws->batch_length += (uint32_t)head->length;
}

PWS_PRIVATE void pws_output_data(pws_conn *ws, const uint8_t *data, size_t length) {
    if (length == 0)
        return;
    if (length <= PWS_COPY_MAX && length <= pws_output_room(ws)) {
        memcpy(ws->transmit + ws->batch_length, data, length);
        ws->batch_length += (uint32_t)length;
        return;
    }
    ws->send_data = data;
    ws->send_length = length;
    ws->busy |= PWS_BUSY_SEND;
}

PWS_PRIVATE void pws_output_masked(pws_conn *ws, const uint8_t *data, size_t length,
                                   const uint8_t key[4]) {
    if (length == 0)
        return;
    if (length <= PWS_COPY_MAX && length <= pws_output_room(ws)) {
        pws_mask(ws->transmit + ws->batch_length, data, length, key, ws->config->cpu);
        ws->batch_length += (uint32_t)length;
        return;
    }
    memcpy(ws->key, key, 4);
    ws->send_data = data;
    ws->send_length = length;
    ws->busy |= PWS_BUSY_SEND | PWS_BUSY_MASK;
}

PWS_PRIVATE void pws_output_frame(pws_conn *ws, uint8_t first, size_t length, uint8_t key[4]) {
    const uint8_t *masking_key = NULL;

    memset(key, 0, 4);
    if (ws->config->role == PWS_CLIENT) {
        pws_masking_key(ws->random, key); /* 5.3: a fresh one */
        masking_key = key;
    }
    ws->frames_out++;
    ws->batch_length +=
        (uint32_t)pws_frame_head(pws_batch(ws) + ws->batch_length, first, length, masking_key);
}

PWS_PRIVATE void pws_output_moved(pws_conn *ws, uint8_t first, const uint8_t *payload,
                                  size_t length) {
    uint8_t key[4], *end;

    pws_output_frame(ws, first, length, key);
    end = pws_batch(ws) + ws->batch_length;
    memmove(end, payload, length);
    if (ws->config->role == PWS_CLIENT)
        pws_mask(end, end, length, key, ws->config->cpu);
    ws->batch_length += (uint32_t)length;
}

/* What of the last PWS_WRITE went out leaves the output. */
static void pws_output_written(pws_conn *ws) {
    ws->batch_done += ws->writing;
    if (ws->batch_done == ws->batch_length)
        ws->batch_done = ws->batch_length = ws->told = 0;
    if ((ws->busy & PWS_BUSY_LENDING) != 0)
        ws->busy &= ~PWS_BUSY_SENDING;
    ws->busy &= ~(uint32_t)(PWS_BUSY_WRITING | PWS_BUSY_LENDING);
    if (ws->batch_length == 0 &&
        (ws->busy & (PWS_BUSY_CLOSING | PWS_BUSY_CLOSE | PWS_BUSY_SEND)) == PWS_BUSY_CLOSING)
        ws->flags |= PWS_FLAG_CLOSE_WRITTEN;
    if (ws->batch_length == 0 && (ws->flags & PWS_FLAG_PING_OUT) != 0)
        pws_time_ping_written(ws);
}

PWS_PRIVATE void pws_output_settle(pws_conn *ws) {
    if (pws_unsent(ws) != 0) /* the peer takes what the program sends */
        pws_time_used(ws);
    pws_output_written(ws);
}

void pws_wrote(pws_conn *ws, size_t written) {
    uint64_t unsent;
    size_t lent;

    if (ws == NULL || (ws->busy & PWS_BUSY_WRITING) == 0)
        return;
    unsent = pws_unsent(ws);
    lent = (ws->busy & PWS_BUSY_LENDING) != 0 ? ws->send_length : 0;
    if (written < ws->writing) {
        ws->batch_done += (uint32_t)written;
        ws->writing = 0;
        ws->busy &= ~(uint32_t)PWS_BUSY_LENDING;
    } else if (written - ws->writing < lent) {
        ws->send_data += written - ws->writing;
        ws->send_length -= written - ws->writing;
        ws->busy &= ~(uint32_t)PWS_BUSY_LENDING;
    }
    pws_output_written(ws);
    if (pws_unsent(ws) < unsent)
        pws_time_used(ws);
}

/* Masks as much of the borrowed payload into the transmit half as fits. */
static void pws_output_refill(pws_conn *ws) {
    size_t length = pws_output_room(ws);

    if (length > ws->send_length)
        length = ws->send_length;
    pws_mask(ws->transmit + ws->batch_length, ws->send_data, length, ws->key, ws->config->cpu);
    pws_mask_rotate(ws->key, length);
    ws->batch_length += (uint32_t)length;
    ws->send_data += length;
    ws->send_length -= length;
    if (ws->send_length == 0) {
        ws->busy &= ~PWS_BUSY_SENDING;
        ws->told = ws->batch_length;
    }
}

/* Makes a PWS_WRITE of the batch and the borrowed payload. Returns 1. */
static int pws_output_write(pws_conn *ws, pws_event *ev) {
    if ((ws->busy & PWS_BUSY_MASK) != 0)
        pws_output_refill(ws);
    ws->writing = ws->batch_length - ws->batch_done;
    ws->busy |= PWS_BUSY_WRITING;
    ev->kind = PWS_WRITE;
    ev->frames = ws->frames_out;
    ev->pings = ws->pings_out;
    ev->pongs = ws->pongs_out;
    ws->frames_out = 0;
    ws->pings_out = 0;
    ws->pongs_out = 0;
    ev->out[0].ptr = pws_batch(ws) + ws->batch_done;
    ev->out[0].len = ws->writing;
    ev->out[1].ptr = NULL;
    ev->out[1].len = 0;
    if ((ws->busy & PWS_BUSY_SEND) != 0 && (ws->busy & (PWS_BUSY_MASK | PWS_BUSY_DEFLATE)) == 0) {
        ws->busy |= PWS_BUSY_LENDING;
        ev->out[1].ptr = ws->send_data;
        ev->out[1].len = ws->send_length;
    }
    return 1;
}

PWS_PRIVATE int pws_output_flush(pws_conn *ws, pws_event *ev) {
    if ((ws->busy & PWS_BUSY_HELD) != 0 || ws->batch_length == 0)
        return 0;
    return pws_output_write(ws, ev);
}

/* Puts a control frame after the batch: copied, or where there is no transmit half, with its
 * payload left where it is. */
static void pws_output_control(pws_conn *ws, uint8_t opcode, uint8_t *payload, size_t length) {
    uint8_t key[4];

    pws_output_frame(ws, 0x80 | opcode, length, key);
    if (ws->config->role == PWS_CLIENT)
        pws_mask(payload, payload, length, key, ws->config->cpu);
    pws_output_data(ws, payload, length);
}

/* Puts our own Ping into the batch, if there is room. Without a transmit half it just fits into
 * `small`. */
static int pws_put_ping(pws_conn *ws) {
    uint8_t payload[PWS_PING_PAYLOAD];

    if (!pws_output_fits(ws, PWS_PING_PAYLOAD))
        return 0;
    pws_time_pinged(ws, payload);
    pws_output_moved(ws, 0x80 | PWS_PING, payload, sizeof payload);
    ws->pings_out++;
    ws->busy &= ~(uint32_t)PWS_BUSY_PING;
    return 1;
}

PWS_PRIVATE void pws_output_pong(pws_conn *ws, pws_bytes payload) {
    ws->pong_data = payload.ptr;
    ws->pong_length = (uint8_t)payload.len;
    ws->busy |= PWS_BUSY_PONG;
}

/* Puts the Pong into the batch, if there is room. */
static int pws_put_pong(pws_conn *ws) {
    if (!pws_output_fits(ws, ws->pong_length))
        return 0;
    pws_output_control(ws, PWS_PONG, ws->pong_data, ws->pong_length);
    ws->busy &= ~(uint32_t)PWS_BUSY_PONG;
    if (ws->pongs_out != UINT16_MAX)
        ws->pongs_out++;
    if ((ws->busy & PWS_BUSY_SEND) != 0)
        ws->busy |= PWS_BUSY_PONGING;
    return 1;
}

/* While held, input may be overwritten: keeps the payload of the Pong that is owed in the transmit
 * half. Returns 1 with an event if there is none. */
static int pws_keep_pong(pws_conn *ws, pws_event *ev) {
    int owed = (ws->busy & PWS_BUSY_PONG) != 0 && ws->pong_length != 0;
    int sending = (ws->busy & PWS_BUSY_PONGING) != 0;

    if ((!owed && !sending) || (ws->busy & PWS_BUSY_EOF) != 0)
        return 0;
    if (ws->transmit == NULL)
        return pws_need_transmit(ev);
    if (sending) { /* a part of it is written: the rest joins what is left of its header */
        memcpy(ws->transmit + ws->batch_length, ws->send_data, ws->send_length);
        ws->batch_length += (uint32_t)ws->send_length;
        ws->busy &= ~PWS_BUSY_SENDING;
    }
    if (owed) {
        memmove(pws_held_pong(ws), ws->pong_data, ws->pong_length);
        ws->pong_data = pws_held_pong(ws);
    }
    return 0;
}

PWS_PRIVATE void pws_output_close(pws_conn *ws, uint32_t code, const char *reason, size_t length) {
    ws->sent_code = (uint16_t)(code != 0 ? code : 1005);
    ws->reason = reason;
    ws->reason_length = (uint8_t)length;
    ws->since = (uint32_t)ws->now;
    ws->busy &= ~(uint32_t)(PWS_BUSY_PING | PWS_BUSY_PROBED);
    ws->busy |= PWS_BUSY_CLOSE | PWS_BUSY_CLOSING;
}

PWS_PRIVATE void pws_output_drop(pws_conn *ws) {
    ws->busy &= ~PWS_BUSY_SENDING;
    ws->busy &= ~(uint32_t)(PWS_BUSY_WRITING | PWS_BUSY_LENDING | PWS_BUSY_PING | PWS_BUSY_PONG |
                            PWS_BUSY_CLOSE | PWS_BUSY_REFUSE);
    ws->batch_length = ws->batch_done = ws->told = 0;
    ws->flags &= (uint8_t)~PWS_FLAG_PING_OUT;
}

PWS_PRIVATE int pws_output_owes(const pws_conn *ws) {
    return (ws->busy & (PWS_BUSY_SEND | PWS_BUSY_PONG | PWS_BUSY_CLOSE | PWS_BUSY_REFUSE)) != 0 ||
           ws->batch_length != 0;
}

/* A Close where there is no transmit half: its code joins its header in `small`, its reason stays
 * where it is. A client has nowhere to mask a reason and leaves it out; only one of our own making
 * can come to that. */
static void pws_output_bare_close(pws_conn *ws, const uint8_t *code, size_t length) {
    int client = ws->config->role == PWS_CLIENT;
    size_t reason_length = client ? 0 : ws->reason_length;
    uint8_t key[4], *end;

    pws_output_frame(ws, 0x80 | PWS_CLOSE, length + reason_length, key);
    end = ws->small + ws->batch_length;
    memcpy(end, code, length);
    if (client)
        pws_mask(end, end, length, key, ws->config->cpu);
    ws->batch_length += (uint32_t)length;
    pws_output_data(ws, (const uint8_t *)ws->reason, reason_length);
}

/* Puts the Close into the batch, if there is room. */
static int pws_put_close(pws_conn *ws) {
    uint8_t payload[PWS_MAX_CONTROL];
    size_t length = ws->sent_code != 1005 ? 2 : 0;

    if (!pws_output_fits(ws, PWS_MAX_CONTROL))
        return 0;
    payload[0] = (uint8_t)(ws->sent_code >> 8);
    payload[1] = (uint8_t)ws->sent_code;
    if (ws->transmit == NULL) {
        pws_output_bare_close(ws, payload, length);
    } else {
        if (ws->reason_length != 0)
            memcpy(payload + 2, ws->reason, ws->reason_length);
        pws_output_control(ws, PWS_CLOSE, payload, length + ws->reason_length);
    }
    ws->busy &= ~(uint32_t)PWS_BUSY_CLOSE;
    return 1;
}

/* Puts the answer to a malformed request into the batch. Returns 1 with an event if memory is
 * needed. */
static int pws_put_refusal(pws_conn *ws, pws_event *ev) {
    pws_writer out = pws_output_writer(ws);

    if (ws->transmit == NULL && (ws->busy & PWS_BUSY_EOF) == 0)
        return pws_need_transmit(ev);
    (void)pws_write_refusal(&out, ws->error,
                            (ws->busy & PWS_BUSY_HEAD_ONLY) != 0); /* fits into PWS_TRANSMIT_MIN */
    pws_output_head(ws, &out);
    ws->busy &= ~(uint32_t)PWS_BUSY_REFUSE;
    return 0;
}

PWS_PRIVATE int pws_output_owed(pws_conn *ws, pws_event *ev) {
    if ((ws->busy & PWS_BUSY_OUTPUT) == 0) /* only a batch: it waits for more while there is room */
        return !pws_output_fits(ws, 0) && pws_output_flush(ws, ev);
    if ((ws->busy & PWS_BUSY_HELD) != 0)
        return pws_keep_pong(ws, ev);
    if ((ws->busy & PWS_BUSY_DEFLATE) != 0) {
        pws_output_deflate(ws);
        /* nothing joins its end, so that the program can tell by pws_unsent when that is written */
        if ((ws->busy & PWS_BUSY_DEFLATE) == 0 && ws->batch_length != 0)
            return pws_output_write(ws, ev);
    }
    if ((ws->busy & PWS_BUSY_SEND) != 0)
        return pws_output_write(ws, ev);
    if ((ws->busy & PWS_BUSY_REFUSE) != 0 && pws_put_refusal(ws, ev))
        return 1;
    if ((ws->busy & PWS_BUSY_PING) != 0 && !pws_put_ping(ws))
        return pws_output_write(ws, ev);
    if ((ws->busy & PWS_BUSY_PONG) != 0 && !pws_put_pong(ws))
        return pws_output_write(ws, ev);
    if ((ws->busy & PWS_BUSY_SEND) != 0) /* the Pong's payload */
        return pws_output_write(ws, ev);
    if ((ws->busy & PWS_BUSY_CLOSE) != 0 && !pws_put_close(ws))
        return pws_output_write(ws, ev);
    if ((ws->busy & PWS_BUSY_SEND) != 0) /* the Close's reason */
        return pws_output_write(ws, ev);
    /* no data will join the batch, or nothing can */
    if ((ws->busy & PWS_BUSY_CLOSING) != 0 || !pws_output_fits(ws, 0))
        return pws_output_flush(ws, ev);
    return 0;
}

PWS_PRIVATE int pws_need_receive(const pws_conn *ws, pws_event *ev) {
    ev->kind = PWS_NEED_WORK;
    ev->need_receive = pws_receive_needed(ws->config);
    ev->need_transmit = 0;
    return 1;
}

PWS_PRIVATE int pws_need_transmit(pws_event *ev) {
    ev->kind = PWS_NEED_WORK;
    ev->need_receive = 0;
    ev->need_transmit = PWS_TRANSMIT_MIN;
    return 1;
}

void pws_hold(pws_conn *ws, int full) {
    if (ws == NULL)
        return;
    if (!full) {
        ws->busy &= ~(uint32_t)(PWS_BUSY_HELD | PWS_BUSY_LATE_SEND);
        return;
    }
    if ((ws->busy & PWS_BUSY_HELD) == 0)
        ws->held = (uint32_t)ws->now;
    ws->busy |= PWS_BUSY_HELD;
    if (ws->error == PWS_E_TIMEOUT && ws->phase == PWS_PHASE_DISCARD) /* nobody waits any more */
        pws_time_over(ws);
}

uint64_t pws_unsent(const pws_conn *ws) {
    if (ws == NULL)
        return 0;
    if ((ws->busy & PWS_BUSY_DEFLATE) != 0) /* the codec has at least the end of it */
        return (uint64_t)(ws->batch_length - ws->batch_done) + ws->send_length + ws->stash_length +
               1;
    if ((ws->busy & PWS_BUSY_TOLD) != 0)
        return (uint64_t)(ws->batch_length - ws->batch_done) + ws->send_length;
    return ws->told > ws->batch_done ? ws->told - ws->batch_done : 0;
}

int pws_borrows(const pws_conn *ws) {
    if (ws == NULL)
        return 0;
    if ((ws->busy & PWS_BUSY_SEND) != 0)
        return 1;
    /* the reason of a failure is our own */
    return (ws->busy & PWS_BUSY_CLOSE) != 0 && ws->reason_length != 0 &&
           ws->reason != pws_reason_for(ws->error);
}
