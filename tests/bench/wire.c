/* A network in memory. */
#include "wire.h"

#include <string.h>

struct wire wire;

void wire_give(const void *bytes, size_t length, size_t piece) {
    wire.input = (const uint8_t *)bytes;
    wire.input_length = length;
    wire.piece = piece;
    wire.in_piece = 0;
    wire.output_length = 0;
}

int wire_next(void) {
    wire.in_piece = wire.input_length < wire.piece ? wire.input_length : wire.piece;
    return wire.in_piece != 0;
}

size_t wire_read(void *buffer, size_t length) {
    if (length > wire.in_piece)
        length = wire.in_piece;
    if (length != 0)
        memcpy(buffer, wire.input, length);
    wire.input += length;
    wire.input_length -= length;
    wire.in_piece -= length;
    return length;
}

void wire_write(const void *bytes, size_t length) {
    size_t room = wire.output_length < WIRE_OUTPUT ? WIRE_OUTPUT - wire.output_length : 0;

    if (length != 0 && room != 0)
        memcpy(wire.output + wire.output_length, bytes, length < room ? length : room);
    wire.output_length += length;
}
