/* Compressed messages (RFC 7692 6 and 7.2). The codec is the program's; here are the four bytes
 * that are left out on the wire, the frames, and the bounds: what a codec does wrong ends the
 * connection, never the program. Sections without another number are those of RFC 7692. */
#include "internal.h"

#ifndef PWS_NO_DEFLATE

enum {
    PWS_TAIL = 4,          /* bytes of the empty stored block's lengths (7.2.1) */
    PWS_PIECE = 1024,      /* bytes unmasked at a time: only what the codec takes may be altered */
    PWS_DEFLATE_ROOM = 64, /* bytes of the batch under which no frame is begun */
    PWS_DEFAULT_WORTHWHILE = 64 /* bytes: pws_config.deflate_min */
};

/* What ends the data of a message before it is decompressed (7.2.2). */
static const uint8_t pws_tail[PWS_TAIL] = {0x00, 0x00, 0xFF, 0xFF};

/* Whether a codec has moved the cursor forward and not beyond its end. */
static int pws_cursor_ok(const uint8_t *before, size_t length, const uint8_t *after, size_t left) {
    return left <= length && after == before + (length - left);
}

static uint32_t pws_peer(const pws_conn *ws) {
    return ws->config->role == PWS_SERVER ? (uint32_t)PWS_CLIENT : (uint32_t)PWS_SERVER;
}

PWS_PRIVATE void pws_close_codecs(pws_conn *ws) {
    if (ws->inflater != NULL)
        ws->config->codec->close(ws->inflater);
    ws->inflater = NULL;
    if (ws->deflater == NULL || (ws->busy & PWS_BUSY_DEFLATE) != 0)
        return;
    ws->config->codec->close(ws->deflater);
    ws->deflater = NULL;
}

/* ---- Receiving (7.2.2) ---- */

/* The codec, opened with the first bytes that need it. */
static int pws_open_inflater(pws_conn *ws) {
    const pws_codec *codec = ws->config->codec;

    if (ws->inflater == NULL)
        ws->inflater =
            codec->open(codec->context, PWS_INFLATE, pws_deflate_bits(ws->deflate, pws_peer(ws)));
    return ws->inflater != NULL;
}

/* Where decompressed bytes go: behind what is gathered; streaming, the receive half is free each
 * time. No more than the message may still have: with none left, one byte for the codec to show
 * that there is more. */
static pws_bytes pws_inflate_room(const pws_conn *ws, uint8_t *beyond) {
    uint64_t left = pws_max_message(ws->config) - ws->got.frame.message;
    size_t size = pws_receive_needed(ws->config) - PWS_MAX_CONTROL - ws->gathered;
    pws_bytes out;

    out.ptr = ws->receive + ws->gathered;
    out.len = left < size ? (size_t)left : size;
    if (left == 0) {
        out.ptr = beyond;
        out.len = 1;
    }
    return out;
}

/* Whether the last frame is used up, but the codec has not had the tail. It completes a block:
 * where there was not a byte of payload, none has begun. */
static int pws_tail_owed(const pws_conn *ws) {
    return ws->got.frame.left == 0 && pws_is_final(ws) && (ws->flags & PWS_FLAG_HAS_PAYLOAD) != 0 &&
           ws->tail_length < PWS_TAIL;
}

/* What the codec is given next: bytes of the frame, unmasked into piece if they are a client's;
 * when the last frame is used up, the tail. */
static pws_view pws_inflate_input(const pws_conn *ws, const pws_bytes *in, uint8_t *piece) {
    pws_view next;

    next.ptr = pws_tail + ws->tail_length;
    next.len = 0;
    if (pws_tail_owed(ws)) {
        next.len = (size_t)PWS_TAIL - ws->tail_length;
    } else if (ws->got.frame.left == 0) {
        return next;
    } else if (ws->config->role == PWS_SERVER) {
        next.len = pws_available(ws, in);
        if (next.len > PWS_PIECE)
            next.len = PWS_PIECE;
        pws_mask(piece, in->ptr, next.len, ws->key, ws->config->cpu);
        next.ptr = piece;
    } else if (in->len != 0) {
        next.ptr = in->ptr;
        next.len = pws_available(ws, in);
    }
    return next;
}

/* The codec has taken so many bytes. */
static void pws_inflate_taken(pws_conn *ws, pws_bytes *in, size_t length) {
    if (ws->got.frame.left == 0) {
        ws->tail_length = (uint8_t)(ws->tail_length + length);
        return;
    }
    if (length == 0)
        return;
    ws->flags |= PWS_FLAG_HAS_PAYLOAD;
    if (ws->config->role == PWS_SERVER)
        pws_mask_rotate(ws->key, length);
    in->ptr += length;
    in->len -= length;
    ws->got.frame.left -= length;
}

/* One call of the codec. *made becomes what it has written; PWS_BUSY_INFLATE, whether there is more
 * to come without more input. */
static int32_t pws_inflate_step(pws_conn *ws, pws_bytes *in, pws_bytes *made) {
    uint8_t piece[PWS_PIECE], beyond[1];
    const pws_view given = pws_inflate_input(ws, in, piece);
    const pws_bytes room = pws_inflate_room(ws, beyond);
    pws_view next = given;
    pws_bytes out = room;
    int32_t error = ws->config->codec->inflate(ws->inflater, &next, &out);

    made->ptr = ws->receive + ws->gathered;
    made->len = 0;
    if (!pws_cursor_ok(given.ptr, given.len, next.ptr, next.len) ||
        !pws_cursor_ok(room.ptr, room.len, out.ptr, out.len))
        return PWS_E_INFLATE;
    if (room.ptr == beyond && out.len == 0)
        return PWS_E_TOO_BIG;
    made->len = room.len - out.len;
    pws_inflate_taken(ws, in, given.len - next.len);
    ws->busy &= ~(uint32_t)PWS_BUSY_INFLATE;
    if (out.len == 0 || pws_tail_owed(ws))
        ws->busy |= PWS_BUSY_INFLATE;
    if (out.len != 0 && next.len != 0) /* it stalls: there is input and room */
        return PWS_E_INFLATE;
    return error == PWS_OK ? PWS_OK : PWS_E_INFLATE;
}

/* Whether the codec has had all of the message, with its tail, and has given all. */
static int pws_inflate_done(const pws_conn *ws) {
    return ws->got.frame.left == 0 && pws_is_final(ws) && (ws->busy & PWS_BUSY_INFLATE) == 0;
}

static void pws_inflate_end(pws_conn *ws) {
    ws->busy &= ~(uint32_t)PWS_BUSY_FRAME;
    ws->tail_length = 0;
    ws->flags &= (uint8_t)~PWS_FLAG_COMPRESSED;
    if (!pws_deflate_takeover(ws->deflate, pws_peer(ws))) {
        ws->config->codec->close(ws->inflater);
        ws->inflater = NULL;
    }
}

/* Takes what the codec has made: text is judged first, since its bytes come before what ends the
 * message or is wrong with it. Returns 1 with an event. */
static int pws_inflate_take(pws_conn *ws, pws_bytes made, int32_t error, pws_event *ev) {
    int last = error == PWS_OK && pws_inflate_done(ws);
    int streaming = (ws->config->flags & PWS_STREAM) != 0;
    size_t good = pws_text_check(ws, made.ptr, made.len, last, &error);

    ws->got.frame.message += good;
    if (last)
        pws_inflate_end(ws);
    if (error != PWS_OK)
        pws_fail(ws, error);
    last = last && error == PWS_OK;
    if (streaming)
        return good != 0 || last ? pws_deliver(ws, made.ptr, good, last, ev) : 0;
    if (error != PWS_OK)
        return 0;
    ws->gathered += good;
    return last ? pws_deliver(ws, ws->receive, ws->gathered, 1, ev) : 0;
}

PWS_PRIVATE int pws_receive_deflated(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    int found = 0;

    while (!found && ws->phase == PWS_PHASE_OPEN && (ws->busy & PWS_BUSY_FRAME) != 0) {
        pws_bytes made;
        int32_t error;

        if ((ws->busy & PWS_BUSY_INFLATE) == 0) {
            if (ws->got.frame.left != 0 && in->len == 0)
                return 0;
            if (ws->got.frame.left == 0 && !pws_is_final(ws)) {
                ws->busy &= ~(uint32_t)PWS_BUSY_FRAME;
                return 0;
            }
        }
        if (ws->receive == NULL) {
            if (ws->got.frame.left ==
                0) /* an empty last frame: no input will come with the memory */
                ws->busy |= PWS_BUSY_INFLATE;
            return pws_need_receive(ws, ev);
        }
        if (!pws_open_inflater(ws)) {
            pws_fail(ws, PWS_E_CODEC);
            return 0;
        }
        error = pws_inflate_step(ws, in, &made);
        found = pws_inflate_take(ws, made, error, ev);
    }
    return found;
}

/* ---- Sending (7.2.1) ---- */

/* Whether a message that begins so is worth it, and may be compressed at all: some codecs can't
 * keep to the smallest windows. */
static int pws_is_worthwhile(const pws_conn *ws, uint32_t kind, size_t length) {
    uint32_t least = ws->config->deflate_min;

    if (least == 0)
        least = PWS_DEFAULT_WORTHWHILE;
    if ((kind & PWS_PLAIN) != 0 || ws->transmit == NULL ||
        pws_deflate_bits(ws->deflate, ws->config->role) < ws->config->codec->min_deflate_bits)
        return 0;
    return (kind & PWS_MORE) != 0 || length >= least;
}

PWS_PRIVATE int pws_wants_deflate(const pws_conn *ws, uint32_t kind, size_t length) {
    if (ws->deflate == 0 || (kind & 0x08) != 0)
        return 0;
    if (ws->send_message != 0) /* as it began (6.1) */
        return (ws->flags & PWS_FLAG_SEND_COMPRESSED) != 0;
    return pws_is_worthwhile(ws, kind, length);
}

PWS_PRIVATE int32_t pws_send_deflated(pws_conn *ws, uint32_t kind, const uint8_t *data,
                                      size_t length) {
    const pws_codec *codec = ws->config->codec;
    uint8_t opcode = kind & 0x0F;

    if (ws->transmit == NULL)
        return PWS_E_SPACE;
    if (ws->deflater == NULL)
        ws->deflater = codec->open(codec->context, PWS_DEFLATE,
                                   pws_deflate_bits(ws->deflate, ws->config->role));
    if (ws->deflater == NULL)
        return PWS_E_BUSY;
    if (ws->send_message == 0) /* a first part may have made no frame: then the next one does */
        ws->send_first = (uint8_t)(0x40 | opcode);
    ws->send_message = (kind & PWS_MORE) != 0 ? opcode : 0;
    ws->flags |= PWS_FLAG_SEND_COMPRESSED;
    ws->send_data = length != 0 ? data : ws->transmit; /* a codec may count on a pointer */
    ws->send_length = length;
    ws->busy |= PWS_BUSY_SEND | PWS_BUSY_DEFLATE | PWS_BUSY_TOLD;
    pws_time_used(ws);
    pws_output_deflate(ws);
    return PWS_OK;
}

/* Leaves out the last four bytes of a message. Where nothing was left to flush, an empty stored
 * block stands for them (7.2.1, 7.2.3.6). Returns 0 if the codec has not ended as it should. */
static int pws_cut_tail(uint8_t *bytes, size_t *length) {
    if (*length == 0) {
        bytes[0] = 0x00;
        *length = 1;
        return 1;
    }
    if (*length < PWS_TAIL || memcmp(bytes + *length - PWS_TAIL, pws_tail, PWS_TAIL) != 0)
        return 0;
    *length -= PWS_TAIL;
    return 1;
}

/* One call of the codec, with out behind what is stashed. *done becomes whether all is compressed.
 */
static int pws_deflate_step(pws_conn *ws, pws_bytes *out, int *done) {
    pws_view next;
    const pws_bytes room = *out;
    size_t given = ws->send_length;
    int32_t error;

    next.ptr = ws->send_data;
    next.len = given;
    error = ws->config->codec->deflate(ws->deflater, &next, out);
    *done = error == PWS_OK;
    if ((error != PWS_OK && error != PWS_E_SPACE) || (*done && next.len != 0) ||
        !pws_cursor_ok(ws->send_data, given, next.ptr, next.len) ||
        !pws_cursor_ok(room.ptr, room.len, out->ptr, out->len))
        return 0;
    if (!*done && out->len == room.len && next.len == given) /* it stalls */
        return 0;
    ws->send_data = next.ptr;
    ws->send_length = next.len;
    return 1;
}

/* Keeps bytes back that may turn out to be the message's last four. */
static void pws_stash(pws_conn *ws, const uint8_t *bytes, size_t *length) {
    size_t kept = *length < PWS_TAIL ? *length : (size_t)PWS_TAIL;

    *length -= kept;
    memcpy(ws->small, bytes + *length, kept);
    ws->stash_length = (uint8_t)kept;
}

static void pws_deflate_end(pws_conn *ws) {
    ws->busy &= ~PWS_BUSY_SENDING;
    ws->told = ws->batch_length;
    if (ws->send_message != 0)
        return;
    ws->flags &= (uint8_t)~PWS_FLAG_SEND_COMPRESSED;
    if (!pws_deflate_takeover(ws->deflate, ws->config->role)) {
        ws->config->codec->close(ws->deflater);
        ws->deflater = NULL;
    }
}

/* Compresses into one frame behind the batch. Returns 0 if the codec fails. */
static int pws_deflate_frame(pws_conn *ws) {
    uint8_t *payload = ws->transmit + ws->batch_length + PWS_MAX_FRAME_HEAD;
    size_t length;
    int done, last;
    pws_bytes out;

    memcpy(payload, ws->small, ws->stash_length);
    out.ptr = payload + ws->stash_length;
    out.len = pws_output_room(ws) - PWS_MAX_FRAME_HEAD - ws->stash_length;
    if (!pws_deflate_step(ws, &out, &done))
        return 0;
    length = (size_t)(out.ptr - payload);
    last = done && ws->send_message == 0;
    ws->stash_length = 0;
    if (last && !pws_cut_tail(payload, &length))
        return 0;
    if (!done)
        pws_stash(ws, payload, &length);
    if (length != 0 || last) {
        pws_output_moved(ws, (uint8_t)(ws->send_first | (last ? 0x80 : 0)), payload, length);
        ws->send_first = PWS_CONTINUATION;
    }
    if (done)
        pws_deflate_end(ws);
    return 1;
}

PWS_PRIVATE void pws_output_deflate(pws_conn *ws) {
    while ((ws->busy & PWS_BUSY_DEFLATE) != 0 && pws_output_room(ws) >= PWS_DEFLATE_ROOM)
        if (!pws_deflate_frame(ws))
            pws_fail(ws, PWS_E_DEFLATE);
}

int32_t pws_frame_deflate(const pws_config *config, uint32_t window_bits, void *buffer,
                          size_t capacity, size_t *written, uint32_t kind, const void *data,
                          size_t length) {
    uint8_t *frame = (uint8_t *)buffer;
    size_t head = PWS_MAX_FRAME_HEAD, size;
    pws_view next;
    pws_bytes out;
    int32_t error;
    void *codec;

    if (config == NULL || config->codec == NULL || buffer == NULL || written == NULL ||
        (data == NULL && length != 0) || (kind != PWS_TEXT && kind != PWS_BINARY) ||
        window_bits < config->codec->min_deflate_bits || window_bits > 15)
        return PWS_E_ARG;
    if (capacity < head + PWS_TAIL)
        return PWS_E_SPACE;
    codec = config->codec->open(config->codec->context, PWS_DEFLATE, window_bits);
    if (codec == NULL)
        return PWS_E_BUSY;
    next.ptr = length != 0 ? (const uint8_t *)data : frame; /* a codec may count on a pointer */
    next.len = length;
    out.ptr = frame + head;
    out.len = capacity - head;
    error = config->codec->deflate(codec, &next, &out);
    config->codec->close(codec);
    if (error == PWS_E_SPACE)
        return PWS_E_SPACE;
    size = capacity - head - out.len;
    if (error != PWS_OK || next.len != 0 ||
        !pws_cursor_ok(frame + head, capacity - head, out.ptr, out.len) ||
        !pws_cut_tail(frame + head, &size))
        return PWS_E_DEFLATE;
    head = pws_frame_head(frame, (uint8_t)(0xC0 | kind), size, NULL);
    memmove(frame + head, frame + PWS_MAX_FRAME_HEAD, size);
    *written = head + size;
    return PWS_OK;
}

#endif
