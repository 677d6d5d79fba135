/* What the reference programs of this directory find on their board. Its bytes are not counted. */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "purews.h"

/* Bytes read or written; 0: none. */
size_t outside_read(uint8_t *bytes, size_t capacity);
size_t outside_write(const uint8_t *bytes, size_t length);
/* Waits for input, room for output, or that time. */
void outside_wait(uint64_t deadline_ms);
uint64_t outside_now(void);
void outside_seed(uint8_t seed[32]);
/* Raw DEFLATE. */
extern const pws_codec outside_codec;

#endif
