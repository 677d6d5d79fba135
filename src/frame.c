/* Frame headers (RFC 6455 5.2), and the leaf that writes a frame into the caller's memory. */
#include "internal.h"

PWS_PRIVATE size_t pws_frame_head(uint8_t *out, uint8_t first, uint64_t length,
                                  const uint8_t *key) {
    uint8_t mask_bit = key != NULL ? 0x80 : 0;
    size_t size = 2;

    out[0] = first;
    if (length <= 125) {
        out[1] = (uint8_t)(mask_bit | length);
    } else if (length <= 0xFFFF) {
        out[1] = mask_bit | 126;
        out[2] = (uint8_t)(length >> 8);
        out[3] = (uint8_t)length;
        size = 4;
    } else {
        out[1] = mask_bit | 127;
        for (; size < 10; size++)
            out[size] = (uint8_t)(length >> 8 * (9 - size));
    }
    if (key == NULL)
        return size;
    memcpy(out + size, key, 4);
    return size + 4;
}

PWS_PRIVATE size_t pws_frame_head_size(const uint8_t *head) {
    size_t size = (head[1] & 0x80) != 0 ? 6 : 2;

    switch (head[1] & 0x7F) {
    case 126:
        return size + 2;
    case 127:
        return size + 8;
    default:
        return size;
    }
}

PWS_PRIVATE uint64_t pws_frame_length(const uint8_t *head) {
    unsigned bytes = 0;
    uint64_t length = head[1] & 0x7F;
    unsigned i;

    if (length == 126)
        bytes = 2;
    else if (length == 127)
        bytes = 8;
    if (bytes != 0)
        length = 0;
    for (i = 0; i < bytes; i++)
        length = length << 8 | head[2 + i];
    return length;
}

PWS_PRIVATE int32_t pws_frame_check_first(uint8_t first, int in_message, int deflate) {
    uint8_t opcode = first & 0x0F;
    int control = (opcode & 0x08) != 0;
    uint8_t undefined = 0x70;

    if (deflate && opcode != PWS_CONTINUATION && !control) /* RFC 7692 6: a message's first frame */
        undefined = 0x30;
    if ((first & undefined) != 0) /* 5.2: 0 unless an extension defines them */
        return PWS_E_RSV;
    if ((opcode > PWS_BINARY && !control) || opcode > PWS_PONG) /* 5.2: 3 to 7, 0xB to 0xF */
        return PWS_E_OPCODE;
    if (control)
        return (first & 0x80) != 0 ? PWS_OK : PWS_E_CONTROL; /* 5.5: not fragmented */
    if ((opcode == PWS_CONTINUATION) != (in_message != 0))   /* 5.4 */
        return PWS_E_FRAGMENT;
    return PWS_OK;
}

PWS_PRIVATE int32_t pws_frame_check_second(uint8_t first, uint8_t second, uint32_t role) {
    if (((second & 0x80) != 0) != (role == PWS_SERVER)) /* 5.1 */
        return PWS_E_MASK;
    if ((first & 0x08) != 0 && (second & 0x7F) > PWS_MAX_CONTROL) /* 5.5 */
        return PWS_E_CONTROL;
    return PWS_OK;
}

PWS_PRIVATE int32_t pws_frame_check_length(const uint8_t *head, uint64_t length) {
    uint64_t least = 0;

    if ((head[1] & 0x7F) == 126)
        least = 126;
    else if ((head[1] & 0x7F) == 127)
        least = 0x10000;
    if (length < least || length >> 63 != 0) /* 5.2: minimal; the most significant bit is 0 */
        return PWS_E_LENGTH;
    return PWS_OK;
}

PWS_PRIVATE int32_t pws_frame_check_kind(uint32_t kind, size_t length) {
    if ((kind & PWS_PLAIN) != 0 && (kind & 0x08) != 0)
        return PWS_E_ARG;
    switch (kind & ~(uint32_t)(PWS_MORE | PWS_PLAIN)) {
    case PWS_TEXT:
    case PWS_BINARY:
        return PWS_OK;
    case PWS_PING:
    case PWS_PONG:
        return length <= PWS_MAX_CONTROL && kind <= PWS_PONG ? PWS_OK : PWS_E_CONTROL;
    default:
        return PWS_E_ARG;
    }
}

PWS_PRIVATE uint8_t pws_frame_first(uint32_t opcode, uint32_t kind) {
    return (uint8_t)(opcode | ((kind & PWS_MORE) != 0 ? 0 : 0x80u));
}

size_t pws_frame_size(size_t length, int masked) {
    size_t head = masked ? 6 : 2;

    if (length > 0xFFFF)
        head += 8;
    else if (length > 125)
        head += 2;
    return length <= SIZE_MAX - head ? length + head : SIZE_MAX;
}

int32_t pws_frame_write(void *buffer, size_t capacity, size_t *written, uint32_t kind,
                        const uint8_t *masking_key, const void *data, size_t length) {
    uint8_t *out = (uint8_t *)buffer;
    uint32_t opcode = kind & ~(uint32_t)PWS_MORE;
    size_t size = pws_frame_size(length, masking_key != NULL);
    size_t head;
    int32_t error = PWS_OK;

    if (buffer == NULL || written == NULL || (data == NULL && length != 0) ||
        (kind & PWS_PLAIN) != 0)
        return PWS_E_ARG;
    if (opcode != PWS_CONTINUATION)
        error = pws_frame_check_kind(kind, length);
    if (error != PWS_OK)
        return error;
    if (capacity < size)
        return PWS_E_SPACE;
    head = pws_frame_head(out, pws_frame_first(opcode, kind), length, masking_key);
    if (masking_key != NULL)
        pws_mask(out + head, (const uint8_t *)data, length, masking_key, 0);
    else if (length != 0)
        memcpy(out + head, data, length);
    *written = size;
    return PWS_OK;
}
