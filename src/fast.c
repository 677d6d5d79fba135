/* pws_next and pws_send, with short ways for what is most frequent: a small message that is
 * received or sent as one frame, while nothing else is under way (busy is 0). They do what the long
 * ways would, which pws_next_any and pws_send_any begin, or change nothing and leave it to these.
 */
#include "internal.h"
#include "vector.h"

/* Whether a whole text or binary frame may be taken here: nothing keeps its message from being
 * delivered. The first bytes of the header are there. */
static inline int pws_fast_may(const pws_conn *ws, const uint8_t *head) {
    if ((uint8_t)(head[0] - (0x80 | PWS_TEXT)) > 1)
        return 0;
    if (ws->config->max_message - 1 < 0xFFFF) /* the long way knows how large it may be */
        return 0;
    return ws->batch_length == 0 || pws_output_room(ws) >= PWS_MAX_FRAME_HEAD;
}

/* Makes the event of a message whose payload has been judged. Returns 1. */
static inline int pws_fast_deliver(pws_conn *ws, pws_bytes *in, pws_event *ev, size_t size,
                                   size_t length) {
    ev->kind = in->ptr[0] & 0x0F;
    ev->flags = PWS_FIRST | PWS_LAST;
    ev->frames = 1;
    ev->data.ptr = in->ptr + size;
    ev->data.len = length;
    in->ptr += size + length;
    in->len -= size + length;
    ws->since = (uint32_t)ws->now;
    ws->used = (uint32_t)ws->now;
    return 1;
}

/* The size of the header, or 0 if this is not a frame for the short way; *length becomes that of
 * the payload, all of which is there. */
static inline size_t pws_fast_head(const pws_bytes *in, int masked, size_t *length) {
    const uint8_t *head = in->ptr;
    size_t size = masked ? 6 : 2;

    *length = (size_t)head[1] - (masked ? 0x80u : 0u); /* the wrong mask bit: above 127 */
    if (*length > PWS_MAX_CONTROL) {
        if (*length != 126 || in->len < size + 2)
            return 0;
        *length = (size_t)head[2] << 8 | head[3];
        if (*length <= PWS_MAX_CONTROL) /* 5.2: the shortest form */
            return 0;
        size += 2;
    }
    return in->len - size >= *length ? size : 0;
}

/* Text that a client received. */
static int pws_fast_client_text(pws_conn *ws, pws_bytes *in, pws_event *ev, size_t size,
                                size_t length) {
    uint32_t state = 0;

    if (pws_utf8_scan(&state, in->ptr + size, length, ws->config->cpu) == length && state == 0)
        return pws_fast_deliver(ws, in, ev, size, length);
    return pws_next_any(ws, in, ev);
}

static PWS_NOINLINE int pws_fast_client(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    size_t length, size = pws_fast_head(in, 0, &length);

    if (size == 0)
        return pws_next_any(ws, in, ev);
    if (in->ptr[0] == (0x80 | PWS_TEXT))
        return pws_fast_client_text(ws, in, ev, size, length);
    return pws_fast_deliver(ws, in, ev, size, length);
}

/* Text that a server received. If it is not UTF-8 its mask is put back, for the long way to find
 * out. */
static PWS_NOINLINE int pws_fast_server_text(pws_conn *ws, pws_bytes *in, pws_event *ev,
                                             size_t size, size_t length) {
    uint8_t *payload = in->ptr + size;

    if (pws_mask_whole_text(payload, payload, length, payload - 4, ws->config->cpu))
        return pws_fast_deliver(ws, in, ev, size, length);
    pws_mask(payload, payload, length, payload - 4, ws->config->cpu);
    return pws_next_any(ws, in, ev);
}

/* What a server received. */
static PWS_NOINLINE int pws_fast_server(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    size_t length, size = pws_fast_head(in, 1, &length);
    uint8_t *payload = in->ptr + size;

    if (size == 0)
        return pws_next_any(ws, in, ev);
    if (in->ptr[0] == (0x80 | PWS_TEXT))
        return pws_fast_server_text(ws, in, ev, size, length);
    (void)pws_fast_deliver(ws, in, ev, size, length);
    pws_mask(payload, payload, length, payload - 4, ws->config->cpu);
    return 1;
}

#if PWS_BLOCKS

enum {
    PWS_FAST_SHORT = 64 /* bytes of the longest payload for the next function */
};

/* The shortest of what a server received: nothing is called for these. */
static PWS_NOINLINE int pws_fast_server_short(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    uint8_t *head = in->ptr;
    size_t length = (size_t)head[1] - 0x80u;

    if (in->len - 6 >= length && pws_mask_short(head + 6, head + 6, length, pws_load32(head + 2),
                                                head[0] == (0x80 | PWS_TEXT)))
        return pws_fast_deliver(ws, in, ev, 6, length);
    return pws_fast_server(ws, in, ev);
}

#endif

int pws_next(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    if (ws->busy != 0 || in == NULL || in->len < 6 || !pws_fast_may(ws, in->ptr))
        return pws_next_any(ws, in, ev);
    if (ws->config->role != PWS_SERVER)
        return pws_fast_client(ws, in, ev);
#if PWS_BLOCKS
    if ((uint8_t)(in->ptr[1] - 0x80) <= PWS_FAST_SHORT)
        return pws_fast_server_short(ws, in, ev);
#endif
    return pws_fast_server(ws, in, ev);
}

/* Takes note of what has just been added to the batch. Returns PWS_OK. */
static inline int32_t pws_fast_sent(pws_conn *ws, const uint8_t *end) {
    ws->batch_length = (uint32_t)(end - ws->transmit);
    ws->told = ws->batch_length;
    ws->frames_out++;
    ws->used = (uint32_t)ws->now;
    return PWS_OK;
}

/* A client's frame. */
static int32_t pws_fast_send_masked(pws_conn *ws, uint32_t opcode, const uint8_t *data,
                                    size_t length) {
    uint8_t *end = ws->transmit + ws->batch_length, key[4];

    pws_masking_key(ws->random, key); /* 5.3: a fresh one */
    end += pws_frame_head(end, (uint8_t)(0x80 | opcode), length, key);
    pws_mask(end, data, length, key, ws->config->cpu);
    return pws_fast_sent(ws, end + length);
}

/* A server's frame of any size whose payload is borrowed. */
static int32_t pws_fast_send_borrowed(pws_conn *ws, uint32_t opcode, const uint8_t *data,
                                      size_t length) {
    uint8_t *end = ws->transmit + ws->batch_length;

    end += pws_frame_head(end, (uint8_t)(0x80 | opcode), length, NULL);
    ws->send_data = data;
    ws->send_length = length;
    ws->busy |= PWS_BUSY_SEND | PWS_BUSY_TOLD;
    return pws_fast_sent(ws, end);
}

/* Whether the batch has room for so many bytes, behind it the one for a held Pong. */
static inline int pws_fast_fits(const pws_conn *ws, size_t length) {
    return (uint64_t)ws->batch_length + PWS_MAX_CONTROL + length <= ws->transmit_size;
}

/* What is not the shortest. */
static PWS_NOINLINE int32_t pws_fast_send(pws_conn *ws, uint32_t kind, const void *data,
                                          size_t length) {
    const uint8_t *payload = (const uint8_t *)data;
    uint8_t *end = ws->transmit + ws->batch_length;

    if (length > PWS_COPY_MAX && ws->config->role == PWS_SERVER)
        return pws_fast_send_borrowed(ws, kind, payload, length);
    if (length > PWS_COPY_MAX || !pws_fast_fits(ws, PWS_MAX_FRAME_HEAD + length))
        return pws_send_any(ws, kind, data, length);
    if (ws->config->role != PWS_SERVER)
        return pws_fast_send_masked(ws, kind, payload, length);
    end += pws_frame_head(end, (uint8_t)(0x80 | kind), length, NULL);
    memcpy(end, payload, length);
    return pws_fast_sent(ws, end + length);
}

int32_t pws_send(pws_conn *ws, uint32_t kind, const void *data, size_t length) {
    if (ws == NULL || ws->busy != 0 || (kind != PWS_TEXT && kind != PWS_BINARY) || data == NULL ||
        (ws->deflate | ws->send_message) != 0 || !pws_fast_fits(ws, PWS_MAX_FRAME_HEAD))
        return pws_send_any(ws, kind, data, length);
#if PWS_BLOCKS
    if (length <= PWS_MAX_CONTROL && pws_fast_fits(ws, 2 + PWS_MAX_CONTROL) &&
        ws->config->role == PWS_SERVER) {
        uint8_t *end = ws->transmit + ws->batch_length;

        end[0] = (uint8_t)(0x80 | kind);
        end[1] = (uint8_t)length;
        pws_copy_short(end + 2, (const uint8_t *)data, length);
        return pws_fast_sent(ws, end + 2 + length);
    }
#endif
    return pws_fast_send(ws, kind, data, length);
}
