/* Frames that the program sends (RFC 6455 5.4 to 5.6, 6.1): what it may send now, and how they join
 * what is owed. */
#include "internal.h"

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

/* The program's frame has been taken: into the batch, or its payload is borrowed. */
static void pws_send_done(pws_conn *ws) {
    ws->told = ws->batch_length;
    if ((ws->busy & PWS_BUSY_SEND) != 0)
        ws->busy |= PWS_BUSY_TOLD;
    pws_time_used(ws);
}

PWS_PRIVATE int32_t pws_send_any(pws_conn *ws, uint32_t kind, const void *data, size_t length) {
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
    pws_send_done(ws);
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
        pws_mask((uint8_t *)data, (const uint8_t *)data, length, key, ws->config->cpu);
    pws_output_data(ws, (const uint8_t *)data, length);
    pws_send_done(ws);
    return PWS_OK;
}

PWS_PRIVATE int pws_is_prepared(const uint8_t *frame, size_t length, uint32_t window_bits) {
    size_t head;

    if (length < 2 || (frame[0] & 0x80) == 0 || (frame[0] & 0x0F) == PWS_CLOSE)
        return 0;
    if (((frame[0] & 0x40) != 0) != (window_bits != 0) ||
        (window_bits != 0 && (window_bits < 8 || window_bits > 15)) ||
        pws_frame_check_first(frame[0], 0, 1) != PWS_OK ||
        pws_frame_check_second(frame[0], frame[1], PWS_CLIENT) != PWS_OK)
        return 0;
    head = pws_frame_head_size(frame);
    return length >= head && pws_frame_length(frame) == length - head &&
           pws_frame_check_length(frame, length - head) == PWS_OK;
}

/* Whether the peer can decompress a message that others get, too: our next ones must not look back
 * behind it, and it must not look back further than the peer does (RFC 7692 7.1). */
static int pws_fits_all(const pws_conn *ws, uint32_t window_bits) {
    return ws->deflate != 0 && !pws_deflate_takeover(ws->deflate, PWS_SERVER) &&
           pws_deflate_bits(ws->deflate, PWS_SERVER) >= window_bits;
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
    ws->frames_out++;
    pws_send_done(ws);
    return PWS_OK;
}
