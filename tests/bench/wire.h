/* A network in memory for benchmarks: what a peer has sent is read off it in pieces of a size, and
 * what the library sends is kept. C and C++. */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WIRE_OUTPUT = 1 << 20 /* bytes that are kept; more are counted only */
};

struct wire {
    const uint8_t *input; /* what is still to be read */
    size_t input_length;  /* bytes */
    size_t piece;         /* bytes of a read */
    size_t in_piece;      /* bytes that the read under way still has */
    uint8_t output[WIRE_OUTPUT];
    size_t output_length; /* bytes sent since wire_give */
};

extern struct wire wire;

/* The peer has sent these bytes, and nothing else; output begins anew. */
void wire_give(const void *bytes, size_t length, size_t piece);
/* Begins the next read. Returns 0 if nothing is left. */
int wire_next(void);
/* Takes bytes of the read that is under way. Returns how many: 0 if it is used up. */
size_t wire_read(void *buffer, size_t length);
/* The library sends. */
void wire_write(const void *bytes, size_t length);

#ifdef __cplusplus
}
#endif

#endif
