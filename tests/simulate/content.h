/* What messages say: bytes that follow from a seed, so that any part of any message can be checked
 * without keeping it. */
#ifndef CONTENT_H
#define CONTENT_H

#include <stddef.h>
#include <stdint.h>

/* One message. */
struct note {
    uint64_t seed;   /* no two have the same */
    uint32_t length; /* bytes */
    uint32_t kind;   /* PWS_TEXT or PWS_BINARY */
    uint32_t counts; /* bytes that it counts for in a queue */
};

void content_write(const struct note *note, uint8_t *to);
/* Whether these are the bytes of the message from offset on. */
int content_is(const struct note *note, size_t offset, const uint8_t *bytes, size_t length);

#endif
