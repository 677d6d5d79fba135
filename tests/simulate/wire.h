/* Reads along with one direction of a connection, knowing nothing of the library: where the head
 * ends, where frames begin and end. Lengths are believed, rules are not checked. */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Begins with zeros, for a direction that begins with a head. */
struct wire {
    uint64_t bytes;
    uint64_t frames;   /* begun: their first byte has passed */
    uint64_t messages; /* whole: their last byte has passed */
    uint64_t data;     /* bytes of data frames, headers too */
    uint64_t pings;    /* whole */
    uint64_t pongs;    /* whole */
    uint64_t behind;   /* frames that began behind a Close */
    int closed;        /* a whole Close has passed */
    int open;          /* the head has passed */
    int in_message;    /* between the first byte of a message and its last */
    int new_message;   /* a message has begun since this was set to 0 */
    uint64_t left;     /* private, as what follows: payload bytes of the frame still to come */
    uint32_t have;     /* of head: bytes of the frame's header; before, of CR LF CR LF */
    uint8_t head[14];
};

void wire_pass(struct wire *wire, const uint8_t *bytes, size_t length);

#endif
