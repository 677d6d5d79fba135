/* Short ways for what is most frequent: a small message that is received or sent as one frame,
 * while nothing else is under way. They do what the long ways would (message.c, send.c), or
 * nothing. */
#include "internal.h"
#include "vector.h"

/* The length of the payload, and where it begins; 0 if this is not a frame for the short way. Both
 * bytes of a short header and the masking key are there. */
static size_t pws_fast_head(const uint8_t *head, size_t available, int masked, size_t *length) {
    size_t size = masked ? 6 : 2;
    size_t second = (size_t)head[1] - (masked ? 0x80u : 0u); /* the wrong mask bit: above 127 */

    if (second <= PWS_MAX_CONTROL) {
        *length = second;
        return size;
    }
    if (second != 126 || available < size + 2)
        return 0;
    *length = (size_t)head[2] << 8 | head[3];
    return *length > PWS_MAX_CONTROL ? size + 2 : 0; /* 5.2: the shortest form */
}

/* Unmasks text and judges it. Returns 0 with the bytes as they were if it is not UTF-8. */
static int pws_fast_payload(uint8_t *payload, size_t length, const uint8_t *key, int is_text,
                            uint32_t cpu) {
    size_t good = length;
    uint32_t state = 0;

#if PWS_BLOCKS
    if (key != NULL && length <= 64 &&
        pws_mask_short(payload, payload, length, pws_load32(key), is_text))
        return 1;
#endif
    if (is_text && key != NULL)
        good = pws_mask_text(payload, payload, length, key, &state, cpu);
    else if (is_text)
        good = pws_utf8_scan(&state, payload, length, cpu);
    else if (key != NULL)
        pws_mask(payload, payload, length, key, cpu);
    if (good == length && state == 0)
        return 1;
    if (key != NULL)
        pws_mask(payload, payload, length, key, cpu);
    return 0;
}

PWS_PRIVATE int pws_receive_fast(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    int masked = ws->config->role == PWS_SERVER;
    uint8_t *head = in->ptr;
    size_t size, length;

    if (in->len < 6 || (uint8_t)(head[0] - (0x80 | PWS_TEXT)) > 1)
        return 0;
    if (ws->config->max_message - 1 < 0xFFFF) /* the long way knows how large it may be */
        return 0;
    if (ws->batch_length != 0 && pws_output_room(ws) < PWS_MAX_FRAME_HEAD)
        return 0;
    size = pws_fast_head(head, in->len, masked, &length);
    if (size == 0 || in->len - size < length)
        return 0;
    if (!pws_fast_payload(head + size, length, masked ? head + size - 4 : NULL,
                          head[0] == (0x80 | PWS_TEXT), ws->config->cpu))
        return 0;
    ev->kind = head[0] & 0x0F;
    ev->flags = PWS_FIRST | PWS_LAST;
    ev->frames = 1;
    ev->data.ptr = head + size;
    ev->data.len = length;
    in->ptr += size + length;
    in->len -= size + length;
    ws->since = (uint32_t)ws->now;
    ws->used = (uint32_t)ws->now;
    return 1;
}

/* Writes the header of a whole frame that is not masked, of at most 65535 bytes. Returns its size.
 */
static size_t pws_fast_write_head(uint8_t *out, uint32_t opcode, size_t length) {
    out[0] = (uint8_t)(0x80 | opcode);
    if (length <= PWS_MAX_CONTROL) {
        out[1] = (uint8_t)length;
        return 2;
    }
    out[1] = 126;
    out[2] = (uint8_t)(length >> 8);
    out[3] = (uint8_t)length;
    return 4;
}

PWS_PRIVATE int pws_send_fast(pws_conn *ws, uint32_t kind, const void *data, size_t length) {
    uint8_t *end;

    if ((kind != PWS_TEXT && kind != PWS_BINARY) || data == NULL || length > PWS_COPY_MAX)
        return 0;
    if (ws->config->role != PWS_SERVER || ws->deflate != 0 || ws->send_message != 0 ||
        pws_output_room(ws) < PWS_MAX_FRAME_HEAD + length)
        return 0;
    end = ws->transmit + ws->batch_length;
    end += pws_fast_write_head(end, kind, length);
    memcpy(end, data, length);
    ws->batch_length = (uint32_t)(end - ws->transmit) + (uint32_t)length;
    ws->told = ws->batch_length;
    ws->frames_out++;
    ws->used = (uint32_t)ws->now;
    return 1;
}
