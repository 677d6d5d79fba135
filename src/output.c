/* What is owed to the transport, in the order in which it goes out:
 *
 *     the batch (whole frames and heads, in the transmit half)
 *     one borrowed payload, whose header ends the batch
 *     one Pong
 *     one Close
 *
 * Without a transmit half the batch is a single frame header in pws_conn.small. */
#include "internal.h"

/* Payloads up to this many bytes are copied into the batch where there is room; a larger one costs
 * less as a piece of writev than as a copy. */
enum {
    PWS_COPY_MAX = 4096
};

static uint8_t *pws_batch(pws_conn *ws) {
    return ws->transmit != NULL ? ws->transmit : ws->small;
}

/* Where the payload of a held Pong is kept: the end of the transmit half. */
static uint8_t *pws_held_pong(const pws_conn *ws) {
    return ws->transmit + ws->transmit_size - PWS_MAX_CONTROL;
}

PWS_PRIVATE size_t pws_output_room(const pws_conn *ws) {
    return ws->transmit != NULL ? ws->transmit_size - PWS_MAX_CONTROL - ws->batch_length : 0;
}

/* Whether there is room for a frame with a payload of that many bytes, or there will never be more.
 */
static int pws_output_fits(const pws_conn *ws, size_t length) {
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

/* As pws_output_data, for a client's payload that must not be masked where it lies. The machine is
 * not asked to do this without a transmit half. */
static void pws_output_masked(pws_conn *ws, const uint8_t *data, size_t length,
                              const uint8_t key[4]) {
    if (length == 0)
        return;
    if (length <= PWS_COPY_MAX && length <= pws_output_room(ws)) {
        pws_mask(ws->transmit + ws->batch_length, data, length, key);
        ws->batch_length += (uint32_t)length;
        return;
    }
    memcpy(ws->send_key, key, 4);
    ws->send_data = data;
    ws->send_length = length;
    ws->busy |= PWS_BUSY_SEND | PWS_BUSY_MASK;
}

/* Adds a frame header to the batch, where pws_output_fits has found room for it. key becomes the
 * masking key of a client's frame. */
static void pws_output_frame(pws_conn *ws, uint8_t first, size_t length, uint8_t key[4]) {
    const uint8_t *masking_key = NULL;

    if (ws->config->role == PWS_CLIENT) {
        (void)pws_random_bytes(ws->random, key, 4); /* 5.3: a fresh one; seeded, so it can't fail */
        masking_key = key;
    }
    ws->batch_length +=
        (uint32_t)pws_frame_head(pws_batch(ws) + ws->batch_length, first, length, masking_key);
}

PWS_PRIVATE void pws_output_moved(pws_conn *ws, uint8_t first, const uint8_t *payload,
                                  size_t length) {
    uint8_t key[4], *end;

    pws_output_frame(ws, first, length, key);
    end = ws->transmit + ws->batch_length;
    memmove(end, payload, length);
    if (ws->config->role == PWS_CLIENT)
        pws_mask(end, end, length, key);
    ws->batch_length += (uint32_t)length;
}

PWS_PRIVATE void pws_output_settle(pws_conn *ws) {
    if ((ws->busy & PWS_BUSY_WRITING) == 0)
        return;
    ws->batch_done += ws->writing;
    if (ws->batch_done == ws->batch_length)
        ws->batch_done = ws->batch_length = 0;
    if ((ws->busy & PWS_BUSY_LENDING) != 0)
        ws->busy &= ~(uint32_t)(PWS_BUSY_SEND | PWS_BUSY_PONGING);
    ws->busy &= ~(uint32_t)(PWS_BUSY_WRITING | PWS_BUSY_LENDING);
}

void pws_wrote(pws_conn *ws, size_t written) {
    size_t lent;

    if (ws == NULL || (ws->busy & PWS_BUSY_WRITING) == 0)
        return;
    lent = (ws->busy & PWS_BUSY_LENDING) != 0 ? ws->send_length : 0;
    if (written >= ws->writing && written - ws->writing >= lent)
        return;
    if (written < ws->writing) {
        ws->batch_done += (uint32_t)written;
        ws->writing = 0;
    } else {
        ws->send_data += written - ws->writing;
        ws->send_length -= written - ws->writing;
    }
    ws->busy &= ~(uint32_t)PWS_BUSY_LENDING;
    pws_output_settle(ws);
}

/* Masks as much of the borrowed payload into the transmit half as fits. */
static void pws_output_refill(pws_conn *ws) {
    size_t length = pws_output_room(ws);

    if (length > ws->send_length)
        length = ws->send_length;
    pws_mask(ws->transmit + ws->batch_length, ws->send_data, length, ws->send_key);
    pws_mask_rotate(ws->send_key, length);
    ws->batch_length += (uint32_t)length;
    ws->send_data += length;
    ws->send_length -= length;
    if (ws->send_length == 0)
        ws->busy &= ~(uint32_t)(PWS_BUSY_SEND | PWS_BUSY_MASK);
}

/* Makes a PWS_WRITE of the batch and the borrowed payload. Returns 1. */
static int pws_output_write(pws_conn *ws, pws_event *ev) {
    if ((ws->busy & PWS_BUSY_MASK) != 0)
        pws_output_refill(ws);
    ws->writing = ws->batch_length - ws->batch_done;
    ws->busy |= PWS_BUSY_WRITING;
    ev->kind = PWS_WRITE;
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
        pws_mask(payload, payload, length, key);
    pws_output_data(ws, payload, length);
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
        ws->busy &= ~(uint32_t)(PWS_BUSY_SEND | PWS_BUSY_PONGING);
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
    ws->busy |= PWS_BUSY_CLOSE | PWS_BUSY_CLOSING;
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
        pws_mask(end, end, length, key);
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
    if ((ws->busy & PWS_BUSY_HELD) != 0)
        return pws_keep_pong(ws, ev);
    if ((ws->busy & PWS_BUSY_DEFLATE) != 0)
        pws_output_deflate(ws);
    if ((ws->busy & PWS_BUSY_SEND) != 0)
        return pws_output_write(ws, ev);
    if ((ws->busy & PWS_BUSY_REFUSE) != 0 && pws_put_refusal(ws, ev))
        return 1;
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
    ev->need_receive = pws_receive_size(ws->config);
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
    if (full)
        ws->busy |= PWS_BUSY_HELD;
    else
        ws->busy &= ~(uint32_t)PWS_BUSY_HELD;
}

int pws_borrows(const pws_conn *ws) {
    if (ws == NULL)
        return 0;
    if ((ws->busy & PWS_BUSY_SEND) != 0)
        return 1;
    /* the reason of a failure is our own */
    return (ws->busy & PWS_BUSY_CLOSE) != 0 && ws->reason_length != 0 &&
           ws->reason != pws_strerror(ws->error);
}

/* Whether the program may send such a frame now: open, and behind our Close only Pongs
 * (5.5.1, 5.5.2). */
static int pws_may_send(const pws_conn *ws, uint32_t opcode) {
    return ws->phase == PWS_PHASE_OPEN &&
           ((ws->busy & PWS_BUSY_CLOSING) == 0 || opcode == PWS_PONG);
}

/* Whether no frame can be taken now: one borrowed payload at a time, and its header in the batch.
 */
static int pws_send_busy(const pws_conn *ws) {
    return (ws->busy & PWS_BUSY_SEND) != 0 || !pws_output_fits(ws, 0);
}

/* The rules for a frame of the program, in whatever way it is sent. */
static int32_t pws_send_check(const pws_conn *ws, uint32_t kind, const void *data, size_t length) {
    uint32_t opcode = kind & ~(uint32_t)(PWS_MORE | PWS_PLAIN);
    int32_t error;

    if (ws == NULL || (data == NULL && length != 0))
        return PWS_E_ARG;
    error = pws_frame_check_kind(kind, length);
    if (error != PWS_OK)
        return error;
    if (!pws_may_send(ws, opcode))
        return PWS_E_STATE;
    if (opcode <= PWS_BINARY && ws->send_message != 0 && ws->send_message != opcode) /* 5.4 */
        return PWS_E_FRAGMENT;
    return pws_send_busy(ws) ? PWS_E_BUSY : PWS_OK;
}

/* Adds the header of a frame of the program; the message goes on or ends with it (5.4). */
static void pws_send_head(pws_conn *ws, uint32_t kind, size_t length, uint8_t key[4]) {
    uint32_t opcode = kind & ~(uint32_t)(PWS_MORE | PWS_PLAIN);

    if (opcode <= PWS_BINARY) {
        uint8_t message = (kind & PWS_MORE) != 0 ? (uint8_t)opcode : 0;

        if (ws->send_message != 0)
            opcode = PWS_CONTINUATION;
        ws->send_message = message;
    }
    pws_output_frame(ws, pws_frame_first(opcode, kind), length, key);
}

int32_t pws_send(pws_conn *ws, uint32_t kind, const void *data, size_t length) {
    int32_t error = pws_send_check(ws, kind, data, length);
    uint8_t key[4];

    if (error != PWS_OK)
        return error;
    if (pws_wants_deflate(ws, kind, length))
        return pws_send_deflated(ws, kind, (const uint8_t *)data, length);
    if (ws->config->role == PWS_CLIENT && ws->transmit == NULL)
        return PWS_E_SPACE;
    pws_send_head(ws, kind, length, key);
    if (ws->config->role == PWS_CLIENT)
        pws_output_masked(ws, (const uint8_t *)data, length, key);
    else
        pws_output_data(ws, (const uint8_t *)data, length);
    return PWS_OK;
}

int32_t pws_send_inplace(pws_conn *ws, uint32_t kind, void *data, size_t length) {
    int32_t error = pws_send_check(ws, kind, data, length);
    uint8_t key[4];

    if (error != PWS_OK)
        return error;
    if (pws_wants_deflate(ws, kind, length))
        return pws_send_deflated(ws, kind, (const uint8_t *)data, length);
    pws_send_head(ws, kind, length, key);
    if (ws->config->role == PWS_CLIENT)
        pws_mask((uint8_t *)data, (const uint8_t *)data, length, key);
    pws_output_data(ws, (const uint8_t *)data, length);
    return PWS_OK;
}

/* Whether bytes are exactly one frame that may be sent as it is: whole, unmasked, and compressed if
 * there is a window. */
static int pws_is_prepared(const uint8_t *frame, size_t length, uint32_t window_bits) {
    size_t head;

    if (length < 2 || (frame[0] & 0x80) == 0 || (frame[0] & 0x0F) == PWS_CLOSE)
        return 0;
    if (((frame[0] & 0x40) != 0) != (window_bits != 0) ||
        (window_bits != 0 && (window_bits < 8 || window_bits > 15)) ||
        pws_frame_check_first(frame[0], 0, 1) != PWS_OK ||
        pws_frame_check_second(frame[0], frame[1], PWS_CLIENT) != PWS_OK)
        return 0;
    head = pws_frame_head_size(frame);
    return length >= head && pws_frame_check_length(frame) == PWS_OK &&
           pws_frame_length(frame) == length - head;
}

/* Whether the peer can decompress a message that others get, too: our next ones must not look back
 * behind it, and it must not look back further than the peer does (RFC 7692 7.1). */
static int pws_fits_all(const pws_conn *ws, uint32_t window_bits) {
    return ws->deflate.agreed && !pws_deflate_takeover(&ws->deflate, PWS_SERVER) &&
           pws_deflate_bits(&ws->deflate, PWS_SERVER) >= window_bits;
}

int32_t pws_send_prepared(pws_conn *ws, const void *frame, size_t length, uint32_t window_bits) {
    const uint8_t *bytes = (const uint8_t *)frame;

    if (ws == NULL || frame == NULL || !pws_is_prepared(bytes, length, window_bits))
        return PWS_E_ARG;
    if (!pws_may_send(ws, bytes[0] & 0x0F) || ws->config->role != PWS_SERVER)
        return PWS_E_STATE;
    if (ws->send_message != 0 && (bytes[0] & 0x0F) <= PWS_BINARY) /* 5.4 */
        return PWS_E_FRAGMENT;
    if (window_bits != 0 && !pws_fits_all(ws, window_bits))
        return PWS_E_EXTENSION;
    if (pws_send_busy(ws))
        return PWS_E_BUSY;
    pws_output_data(ws, bytes, length);
    return PWS_OK;
}
