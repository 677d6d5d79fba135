#include "wire.h"

/* Looks for the empty line behind a head. Returns how many bytes belong to it. */
static size_t pass_head(struct wire *wire, const uint8_t *bytes, size_t length) {
    static const char end[] = "\r\n\r\n";
    size_t i;

    for (i = 0; i < length && !wire->open; i++) {
        if (bytes[i] == (uint8_t)end[wire->have])
            wire->have++;
        else
            wire->have = bytes[i] == '\r';
        wire->open = wire->have == 4;
    }
    if (wire->open)
        wire->have = 0;
    return i;
}

static uint32_t header_size(const struct wire *wire) {
    uint32_t size = 2;

    if (wire->have < 2)
        return 2;
    if ((wire->head[1] & 0x7F) == 126)
        size += 2;
    if ((wire->head[1] & 0x7F) == 127)
        size += 8;
    if ((wire->head[1] & 0x80) != 0)
        size += 4;
    return size;
}

static uint64_t payload_length(const struct wire *wire) {
    uint64_t length = wire->head[1] & 0x7F;
    uint32_t i, size = 0;

    if (length >= 126) {
        size = length == 126 ? 2 : 8;
        length = 0;
    }
    for (i = 0; i < size; i++)
        length = length << 8 | wire->head[2 + i];
    return length;
}

static int is_data(const struct wire *wire) {
    return (wire->head[0] & 8) == 0;
}

static void begin_frame(struct wire *wire) {
    wire->frames++;
    wire->behind += wire->closed ? 1 : 0;
    if (is_data(wire) && !wire->in_message)
        wire->in_message = wire->new_message = 1;
}

static void end_frame(struct wire *wire) {
    wire->have = 0;
    if (is_data(wire) && (wire->head[0] & 0x80) != 0) {
        wire->messages++;
        wire->in_message = 0;
    }
    if ((wire->head[0] & 15) == 8)
        wire->closed = 1;
    if ((wire->head[0] & 15) == 9)
        wire->pings++;
    if ((wire->head[0] & 15) == 10)
        wire->pongs++;
}

/* One byte of a frame's header. */
static void pass_header(struct wire *wire, uint8_t byte) {
    wire->head[wire->have++] = byte;
    if (wire->have == 1)
        begin_frame(wire);
    if (is_data(wire))
        wire->data++;
    if (wire->have < 2 || wire->have < header_size(wire))
        return;
    wire->left = payload_length(wire);
    if (wire->left == 0)
        end_frame(wire);
}

void wire_pass(struct wire *wire, const uint8_t *bytes, size_t length) {
    size_t i = 0, n;

    wire->bytes += length;
    if (!wire->open)
        i = pass_head(wire, bytes, length);
    while (i < length) {
        if (wire->left == 0) {
            pass_header(wire, bytes[i++]);
            continue;
        }
        n = wire->left < length - i ? (size_t)wire->left : length - i;
        i += n;
        wire->left -= n;
        if (is_data(wire))
            wire->data += n;
        if (wire->left == 0)
            end_frame(wire);
    }
}
