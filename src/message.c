/* Receiving: frame headers, control frames, and the fragments of messages (RFC 6455 5.4 to 5.6). */
#include "internal.h"

PWS_PRIVATE int pws_is_final(const pws_conn *ws) {
    return (ws->scratch[0] & 0x80) != 0;
}

/* Takes payload bytes off the cursor. */
static void pws_take(pws_conn *ws, pws_bytes *in, size_t length) {
    in->ptr += length;
    in->len -= length;
    ws->got.frame.left -= length;
    if (ws->got.frame.left == 0)
        ws->busy &= ~(uint32_t)PWS_BUSY_FRAME;
}

/* Turns the masking key to the next byte of the frame; behind its last there is none. */
static void pws_turn_key(pws_conn *ws, size_t length) {
    if (length != ws->got.frame.left)
        pws_mask_rotate(ws->key, length);
}

/* Removes a client's mask (5.3): length bytes from the input, in place or into the receive half. */
static void pws_unmask(pws_conn *ws, uint8_t *to, const uint8_t *from, size_t length) {
    if (ws->config->role == PWS_SERVER) {
        pws_mask(to, from, length, ws->key, ws->config->cpu);
        pws_turn_key(ws, length);
    } else if (to != from && length != 0) {
        memcpy(to, from, length);
    }
}

PWS_PRIVATE size_t pws_available(const pws_conn *ws, const pws_bytes *in) {
    return in->len < ws->got.frame.left ? in->len : (size_t)ws->got.frame.left;
}

/* Whether a data frame with this first byte belongs to a compressed message (RFC 7692 6). What such
 * a message has is counted when it is decompressed. */
static int pws_is_compressed(const pws_conn *ws, uint8_t first) {
    return (first & 0x0F) == PWS_CONTINUATION ? (ws->flags & PWS_FLAG_COMPRESSED) != 0
                                              : (first & 0x40) != 0;
}

/* Whether a frame's message stays within max_message. What is too big is decided by what the header
 * announces (10.4), not by what arrives. */
static inline int32_t pws_message_fits(const pws_conn *ws, uint8_t first, uint64_t length) {
    uint64_t before = (first & 0x0F) == PWS_CONTINUATION ? ws->got.frame.message : 0;

    if (length == 0 || (first & 0x08) != 0 || pws_is_compressed(ws, first))
        return PWS_OK;
    return length <= pws_max_message(ws->config) - before ? PWS_OK : PWS_E_TOO_BIG;
}

/* The length is complete; only the masking key may be missing. */
static int32_t pws_length_check(const pws_conn *ws) {
    const uint8_t *head = ws->scratch;
    uint64_t length = pws_frame_length(head);
    int32_t error = pws_frame_check_length(head, length);

    return error == PWS_OK ? pws_message_fits(ws, head[0], length) : error;
}

/* Judges the header bytes that are new since `before`, each as soon as it is there. */
static int32_t pws_header_check(const pws_conn *ws, size_t before) {
    const uint8_t *head = ws->scratch;
    size_t now = ws->scratch_length;
    int32_t error = PWS_OK;

    if (before < 1)
        error = pws_frame_check_first(head[0], ws->message, PWS_IF_DEFLATE(ws->deflate != 0));
    if (error == PWS_OK && before < 2 && now >= 2)
        error = pws_frame_check_second(head[0], head[1], ws->config->role);
    if (error == PWS_OK && now >= 2) {
        size_t key_length = ws->config->role == PWS_SERVER ? 4 : 0;
        size_t length_end = pws_frame_head_size(head) - key_length;

        if (before < length_end && now >= length_end)
            error = pws_length_check(ws);
    }
    return error;
}

/* A frame header begins or continues a message. */
static void pws_message_begin(pws_conn *ws, uint64_t length) {
    uint8_t opcode = ws->scratch[0] & 0x0F;

    if (opcode != PWS_CONTINUATION) {
        ws->message = opcode;
        ws->got.frame.message = 0;
        ws->gathered = 0;
        ws->utf8 = 0;
        ws->flags &= (uint8_t) ~(PWS_FLAG_DELIVERED | PWS_FLAG_HAS_PAYLOAD | PWS_FLAG_COMPRESSED);
        if ((ws->scratch[0] & 0x40) != 0)
            ws->flags |= PWS_FLAG_COMPRESSED;
    }
    if ((ws->flags & PWS_FLAG_COMPRESSED) == 0)
        ws->got.frame.message += length;
}

/* The header is complete: its payload comes next. end: behind it; a client's ends with the
 * masking key. */
static void pws_frame_begin(pws_conn *ws, uint64_t length, const uint8_t *end) {
    if (ws->config->role == PWS_SERVER)
        memcpy(ws->key, end - 4, 4);
    ws->got.frame.left = length;
    ws->frames_in++;
    ws->scratch_length = 0;
    ws->control_length = 0;
    ws->busy |= PWS_BUSY_FRAME;
    if ((ws->scratch[0] & 0x08) == 0)
        pws_message_begin(ws, length);
}

/* Bytes of a header that has no extended length (5.2). */
static size_t pws_short_header_size(const pws_conn *ws) {
    return ws->config->role == PWS_SERVER ? 6 : 2;
}

/* Whether such a header comes, and is there as a whole. */
static int pws_is_short_header(const pws_conn *ws, const pws_bytes *in) {
    return ws->scratch_length == 0 && in->len >= pws_short_header_size(ws) &&
           (in->ptr[1] & 0x7F) <= 125;
}

/* As pws_receive_header, for such a header: small frames cost as much as their headers do. That the
 * connection is used, pws_frames notes. */
static int pws_receive_short_header(pws_conn *ws, pws_bytes *in) {
    const uint8_t *head = in->ptr;
    size_t size = pws_short_header_size(ws), length = head[1] & 0x7F;
    int32_t error = pws_frame_check_first(head[0], ws->message, PWS_IF_DEFLATE(ws->deflate != 0));

    in->ptr += size;
    in->len -= size;
    ws->scratch[0] = head[0];
    if (ws->message == 0)
        ws->began = (uint32_t)ws->now;
    if (error == PWS_OK)
        error = pws_frame_check_second(head[0], head[1], ws->config->role);
    if (error == PWS_OK)
        error = pws_message_fits(ws, head[0], length);
    if (error != PWS_OK) {
        pws_fail(ws, error);
        return 0;
    }
    pws_frame_begin(ws, length, in->ptr);
    return 1;
}

/* The size of the frame header that comes; 2 until both bytes that tell it are there. */
static size_t pws_header_size(const pws_conn *ws, const pws_bytes *in) {
    if (ws->scratch_length >= 2)
        return pws_frame_head_size(ws->scratch);
    return ws->scratch_length == 0 && in->len >= 2 ? pws_frame_head_size(in->ptr) : 2;
}

/* Reads a frame header (5.2), which may be cut anywhere. Returns 1 when it is complete. */
static int pws_receive_header(pws_conn *ws, pws_bytes *in) {
    int32_t error = PWS_OK;

    if (pws_is_short_header(ws, in))
        return pws_receive_short_header(ws, in);
    while (in->len != 0 && error == PWS_OK) {
        size_t before = ws->scratch_length;
        size_t size = pws_header_size(ws, in);
        size_t length = size - before < in->len ? size - before : in->len;

        memcpy(ws->scratch + before, in->ptr, length);
        in->ptr += length;
        in->len -= length;
        ws->scratch_length = (uint8_t)(before + length);
        error = pws_header_check(ws, before);
        if (before == 0 && ws->message == 0)
            ws->began = (uint32_t)ws->now;
        if ((ws->scratch[0] & 0x08) == 0)
            pws_time_used(ws);
        if (error == PWS_OK && ws->scratch_length >= 2 &&
            ws->scratch_length == pws_frame_head_size(ws->scratch)) {
            pws_frame_begin(ws, pws_frame_length(ws->scratch), ws->scratch + ws->scratch_length);
            return 1;
        }
    }
    if (error != PWS_OK)
        pws_fail(ws, error);
    return 0;
}

/* The event tells how many frames have begun. */
static void pws_frames_event(pws_conn *ws, pws_event *ev) {
    ev->frames = ws->frames_in;
    ws->frames_in = 0;
}

/* A whole Close: reported, answered with its own code unless ours is already out (5.5.1), and the
 * end of what is read (1.4). */
static int pws_receive_close(pws_conn *ws, pws_bytes payload, pws_event *ev) {
    pws_bytes reason;
    int32_t error = pws_close_parse(payload, &ws->code, &reason);

    if (error != PWS_OK) {
        ws->code = 1006;
        pws_fail(ws, error);
        return 0;
    }
    ev->code = ws->code;
    ev->data = reason;
    if ((ws->busy & PWS_BUSY_CLOSING) == 0)
        pws_output_close(ws, ws->code != 1005 ? ws->code : 0, NULL, 0);
    pws_enter_discard(ws);
    pws_close_codecs(ws); /* others may need them before the transport ends */
    return 1;
}

/* Whether a Pong answers a Ping of the library, the last one or, by its looks, an earlier one. */
static int pws_answers_ping(const pws_conn *ws, const pws_event *ev) {
    return ev->rtt_ms != UINT32_MAX ||
           (ws->config->ping_ms != 0 && ev->data.len == PWS_PING_PAYLOAD);
}

/* A whole control frame (5.5). */
static int pws_control(pws_conn *ws, pws_bytes payload, pws_event *ev) {
    ev->kind = ws->scratch[0] & 0x0F;
    pws_frames_event(ws, ev);
    if (ev->kind == PWS_CLOSE)
        return pws_receive_close(ws, payload, ev);
    ev->data = payload;
    if (ev->kind == PWS_PONG)
        ev->rtt_ms = pws_time_ponged(ws, payload);
    if (ev->kind == PWS_PING || !pws_answers_ping(ws, ev))
        pws_time_used(ws);
    if (ev->kind == PWS_PING && (ws->config->flags & PWS_NO_AUTO_PONG) == 0)
        pws_output_pong(ws, payload); /* 5.5.2: until the peer's Close has come, ours or not */
    return 1;
}

/* Reads the payload of a control frame: in place if it is whole, else gathered at the end of the
 * receive half, beside an unfinished message. */
static int pws_receive_control(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    size_t length = pws_available(ws, in);
    pws_bytes payload;

    payload.ptr = in->ptr;
    payload.len = length;
    if (length < ws->got.frame.left || ws->control_length != 0) {
        if (length == 0)
            return 0;
        if (ws->receive == NULL)
            return pws_need_receive(ws, ev);
        payload.ptr = ws->receive + pws_receive_needed(ws->config) - PWS_MAX_CONTROL;
    }
    pws_unmask(ws, payload.ptr + ws->control_length, in->ptr, length);
    pws_take(ws, in, length);
    if (ws->got.frame.left != 0) {
        ws->control_length = (uint8_t)(ws->control_length + length);
        return 0;
    }
    payload.len = ws->control_length + length;
    ws->control_length = 0;
    return pws_control(ws, payload, ev);
}

PWS_PRIVATE size_t pws_text_check(pws_conn *ws, const uint8_t *bytes, size_t length, int last,
                                  int32_t *error) {
    size_t good = length;

    if (ws->message == PWS_TEXT) {
        good = pws_utf8_scan(&ws->utf8, bytes, length, ws->config->cpu);
        if (good != length || (last && ws->utf8 != 0))
            *error = PWS_E_UTF8;
    }
    return good;
}

/* Unmasks payload of a message and judges it, if it is text: a server both in one go. Returns as
 * pws_text_check. */
static size_t pws_read(pws_conn *ws, uint8_t *to, const uint8_t *from, size_t length, int last,
                       int32_t *error) {
    size_t good;

    if (ws->config->role != PWS_SERVER || ws->message != PWS_TEXT) {
        pws_unmask(ws, to, from, length);
        return pws_text_check(ws, to, length, last, error);
    }
    good = pws_mask_text(to, from, length, ws->key, &ws->utf8, ws->config->cpu);
    pws_turn_key(ws, length);
    if (good != length || (last && ws->utf8 != 0))
        *error = PWS_E_UTF8;
    return good;
}

PWS_PRIVATE int pws_deliver(pws_conn *ws, uint8_t *bytes, size_t length, int last, pws_event *ev) {
    ev->kind = ws->message;
    ev->flags = last ? (uint32_t)PWS_LAST : 0u;
    if ((ws->flags & PWS_FLAG_DELIVERED) == 0)
        ev->flags |= PWS_FIRST;
    pws_frames_event(ws, ev);
    ev->data.ptr = bytes;
    ev->data.len = length;
    ws->flags |= PWS_FLAG_DELIVERED;
    if (last) {
        ws->message = 0;
        ws->gathered = 0;
        ws->busy &= ~(uint32_t)PWS_BUSY_LATE_MESSAGE;
    }
    return 1;
}

/* Reads payload of a message that is delivered whole: in place if it lies whole in the input, else
 * gathered in the receive half. */
static int pws_receive_whole(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    size_t length = pws_available(ws, in);
    int last = pws_is_final(ws) && length == ws->got.frame.left;
    int in_place = last && ws->gathered == 0;
    uint8_t *to = in->ptr;
    int32_t error = PWS_OK;

    if (!in_place) {
        if (length != 0 && ws->receive == NULL)
            return pws_need_receive(ws, ev);
        to = ws->receive != NULL ? ws->receive + ws->gathered : NULL;
    }
    (void)pws_read(ws, to, in->ptr, length, last, &error);
    pws_take(ws, in, length);
    if (error != PWS_OK) {
        pws_fail(ws, error);
        return 0;
    }
    if (!in_place)
        ws->gathered += length;
    if (!last)
        return 0;
    return pws_deliver(ws, in_place ? to : ws->receive, in_place ? length : ws->gathered, 1, ev);
}

/* Reads payload of a message that is delivered in parts. Bytes before the first bad one are
 * delivered, the failure comes with the next pull: so it does however the input is cut. */
static int pws_receive_part(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    size_t length = pws_available(ws, in);
    int last = pws_is_final(ws) && length == ws->got.frame.left;
    uint8_t *bytes = in->ptr;
    int32_t error = PWS_OK;
    size_t good;

    good = pws_read(ws, bytes, bytes, length, last, &error);
    pws_take(ws, in, length);
    if (error != PWS_OK) {
        pws_fail(ws, error);
        last = 0;
    }
    if (good == 0 && !last)
        return 0;
    return pws_deliver(ws, bytes, good, last, ev);
}

static int pws_frames(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    int found = 0;

    while (!found && ws->phase == PWS_PHASE_OPEN) {
        if ((ws->busy & PWS_BUSY_FRAME) == 0 && !pws_receive_header(ws, in))
            return 0;
        if ((ws->scratch[0] & 0x08) == 0)
            pws_time_used(ws);
        if ((ws->scratch[0] & 0x08) != 0)
            found = pws_receive_control(ws, in, ev);
        else if ((ws->flags & PWS_FLAG_COMPRESSED) != 0)
            found = pws_receive_deflated(ws, in, ev);
        else if (ws->got.frame.left == 0 && !pws_is_final(ws)) /* nothing to gather or to judge */
            ws->busy &= ~(uint32_t)PWS_BUSY_FRAME;
        else if ((ws->config->flags & PWS_STREAM) != 0)
            found = pws_receive_part(ws, in, ev);
        else
            found = pws_receive_whole(ws, in, ev);
        if (!found && (ws->busy & PWS_BUSY_FRAME) != 0)
            return 0;
    }
    return found;
}

PWS_PRIVATE int pws_receive_frames(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    int found = pws_frames(ws, in, ev);

    if (ws->message != 0 || ws->scratch_length != 0)
        ws->busy |= PWS_BUSY_MESSAGE;
    else
        ws->busy &= ~(uint32_t)PWS_BUSY_MESSAGE;
    return found;
}
