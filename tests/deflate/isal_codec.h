/* isal_codec.h: permessage-deflate with Intel ISA-L (libisal): proof that the hooks of pws_codec
 * fit more than one library. One codec is 82 KiB and more to compress, 149 KiB to decompress,
 * whatever its window. */
#ifndef ISAL_CODEC_H
#define ISAL_CODEC_H

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>

#include "purews.h"

struct isal_inflater {
    struct inflate_state state;
    size_t history;                         /* bytes */
    uint8_t window[2 * ISAL_DEF_HIST_SIZE]; /* the last 32 KiB of them count */
};

struct isal_deflater {
    struct isal_zstream stream;
    int flushed;             /* nothing is owed: not even the end of an empty message */
    size_t held_start, held; /* bytes of output for which there was no room */
    uint8_t hold[64];
    uint8_t level[ISAL_DEF_LVL1_SMALL];
};

/* Either direction. */
struct isal_stream {
    struct isal_inflater *inflater;
    struct isal_deflater *deflater;
};

static inline void isal_close(void *codec) {
    struct isal_stream *stream = (struct isal_stream *)codec;

    free(stream->inflater);
    free(stream->deflater);
    free(stream);
}

static inline void *isal_open(void *context, uint32_t direction, uint32_t window_bits) {
    struct isal_stream *stream = (struct isal_stream *)calloc(1, sizeof *stream);
    struct isal_zstream *z;

    (void)context;
    if (stream == NULL)
        return NULL;
    if (direction == PWS_INFLATE) {
        stream->inflater = (struct isal_inflater *)calloc(1, sizeof *stream->inflater);
        if (stream->inflater != NULL) {
            isal_inflate_init(&stream->inflater->state);
            stream->inflater->state.hist_bits = window_bits;
        }
    } else {
        stream->deflater = (struct isal_deflater *)calloc(1, sizeof *stream->deflater);
        if (stream->deflater != NULL) {
            z = &stream->deflater->stream;
            isal_deflate_init(z);
            z->level = 1;
            z->level_buf = stream->deflater->level;
            z->level_buf_size = sizeof stream->deflater->level;
            z->hist_bits = (uint16_t)window_bits;
            z->flush = SYNC_FLUSH;
        }
    }
    if (stream->inflater == NULL && stream->deflater == NULL) {
        free(stream);
        return NULL;
    }
    return stream;
}

/* ISA-L counts in 32 bits: longer pieces are done in turns. */
static inline uint32_t isal_turn(size_t length) {
    return length < (1u << 30) ? (uint32_t)length : 1u << 30;
}

/* Advances in and out by what has been done. Returns 0 if that was nothing. */
static inline int isal_advance(pws_view *in, uint32_t in_left, pws_bytes *out, uint32_t out_left) {
    size_t taken = isal_turn(in->len) - in_left, written = isal_turn(out->len) - out_left;

    in->ptr += taken;
    in->len -= taken;
    out->ptr += written;
    out->len -= written;
    return taken + written > 0;
}

/* Adds what was written last to the window; moves it only when the memory is full. */
static inline void isal_remember(struct isal_inflater *inflater, const uint8_t *end,
                                 size_t length) {
    size_t kept = ISAL_DEF_HIST_SIZE;

    if (length > kept)
        length = kept;
    if (inflater->history + length > sizeof inflater->window) {
        kept = kept < inflater->history ? kept : inflater->history;
        memmove(inflater->window, inflater->window + inflater->history - kept, kept);
        inflater->history = kept;
    }
    if (length > 0)
        memcpy(inflater->window + inflater->history, end - length, length);
    inflater->history += length;
}

/* Behind a final block: goes on with the next byte and the same window. Whole bytes that have been
 * read ahead belong to the next block. */
static inline int isal_go_on(struct isal_inflater *inflater) {
    struct inflate_state *state = &inflater->state;
    uint64_t ahead = state->read_in >> (state->read_in_length % 8);
    int32_t bits = state->read_in_length - state->read_in_length % 8;
    size_t length = inflater->history < ISAL_DEF_HIST_SIZE ? inflater->history : ISAL_DEF_HIST_SIZE;

    isal_inflate_reset(state);
    if (isal_inflate_set_dict(state, inflater->window + inflater->history - length,
                              (uint32_t)length) != COMP_OK)
        return 0;
    state->read_in = ahead;
    state->read_in_length = bits;
    return 1;
}

static inline int32_t isal_codec_inflate(void *codec, pws_view *in, pws_bytes *out) {
    struct isal_inflater *inflater = ((struct isal_stream *)codec)->inflater;
    struct inflate_state *state = &inflater->state;
    uint8_t *start;
    int status, moved;

    if (out->len == 0)
        return PWS_OK;
    do { /* what it keeps inside may come only when it is called again */
        start = out->ptr;
        state->next_in = (uint8_t *)(uintptr_t)in->ptr;
        state->avail_in = isal_turn(in->len);
        state->next_out = out->ptr;
        state->avail_out = isal_turn(out->len);
        status = isal_inflate(state);
        moved = isal_advance(in, state->avail_in, out, state->avail_out);
        isal_remember(inflater, out->ptr, (size_t)(out->ptr - start));
        if (status < 0)
            return PWS_E_INFLATE;
        if (state->block_state == ISAL_BLOCK_FINISH) {
            if (!isal_go_on(inflater))
                return PWS_E_INFLATE;
            moved = 1;
        }
    } while (moved && out->len > 0);
    return PWS_OK;
}

/* Compresses into out, with room for one call of ISA-L at least. */
static inline int32_t isal_deflate_some(struct isal_deflater *deflater, pws_view *in,
                                        pws_bytes *out) {
    struct isal_zstream *z = &deflater->stream;

    z->next_in = (uint8_t *)(uintptr_t)in->ptr;
    z->avail_in = isal_turn(in->len);
    z->next_out = out->ptr;
    z->avail_out = isal_turn(out->len);
    if (isal_deflate(z) != COMP_OK)
        return PWS_E_DEFLATE;
    isal_advance(in, z->avail_in, out, z->avail_out);
    /* Called once more it would write the end again. */
    deflater->flushed = in->len == 0 && z->internal_state.state == ZSTATE_NEW_HDR &&
                        z->internal_state.b_bytes_processed == z->internal_state.b_bytes_valid;
    return PWS_OK;
}

static inline int32_t isal_codec_deflate(void *codec, pws_view *in, pws_bytes *out) {
    struct isal_deflater *deflater = ((struct isal_stream *)codec)->deflater;
    pws_bytes hold;
    int32_t result = PWS_OK;
    size_t n;

    if (in->len > 0)
        deflater->flushed = 0;
    for (;;) {
        n = deflater->held < out->len ? deflater->held : out->len;
        if (n > 0)
            memcpy(out->ptr, deflater->hold + deflater->held_start, n);
        out->ptr += n;
        out->len -= n;
        deflater->held_start += n;
        deflater->held -= n;
        if (deflater->flushed && deflater->held == 0)
            return PWS_OK;
        if (out->len == 0)
            return PWS_E_SPACE;
        if (out->len >= sizeof deflater->hold) {
            result = isal_deflate_some(deflater, in, out);
        } else { /* in a few bytes of room ISA-L does not get on */
            hold.ptr = deflater->hold;
            hold.len = sizeof deflater->hold;
            result = isal_deflate_some(deflater, in, &hold);
            deflater->held_start = 0;
            deflater->held = sizeof deflater->hold - hold.len;
        }
        if (result != PWS_OK)
            return result;
    }
}

static inline pws_codec isal_codec(void) {
    pws_codec codec;

    memset(&codec, 0, sizeof codec);
    codec.open = isal_open;
    codec.inflate = isal_codec_inflate;
    codec.deflate = isal_codec_deflate;
    codec.close = isal_close;
    codec.min_deflate_bits = 8;
    return codec;
}

#endif
