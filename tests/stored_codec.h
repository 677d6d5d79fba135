/* stored_codec.h: DEFLATE without compression, so that `make check` needs no library. It deflates
 * into stored blocks (RFC 1951 3.2.4) and inflates nothing else. Windows do not matter to it.
 *
 * It counts what is open, and misbehaves on demand:
 *
 *     struct stored_codecs codecs = {.limit = 2, .misbehaviour = STORED_STALLS};
 *     pws_codec codec = stored_codec(&codecs);
 */
#ifndef STORED_CODEC_H
#define STORED_CODEC_H

#include <stdlib.h>
#include <string.h>

#include "purews.h"

/* What a codec may do wrong, whatever the library hands to it. */
enum stored_misbehaviour {
    STORED_BEHAVES,
    STORED_REFUSES,     /* open: never a codec */
    STORED_FAILS,       /* an error at once */
    STORED_ODD_ERROR,   /* an error that is none of the library's */
    STORED_STALLS,      /* success, but nothing taken and nothing written */
    STORED_WANTS_SPACE, /* PWS_E_SPACE, but nothing taken and nothing written */
    STORED_OVERRUNS,    /* the cursors behind the end, and a length that has wrapped around */
    STORED_RETREATS,    /* the cursors before where they began */
    STORED_FORGETS      /* the cursors where they began, with their lengths 0 */
};

struct stored_codecs {
    unsigned limit; /* of codecs open at a time; 0: none */
    enum stored_misbehaviour misbehaviour;
    unsigned open, opened; /* codecs now, and ever */
    unsigned inflaters, deflaters;
    unsigned most;        /* open at a time */
    unsigned window_bits; /* what the last open asked for */
    unsigned long calls;  /* of inflate and deflate */
};

enum stored_state {
    STORED_BLOCK, /* at the first byte of a block */
    STORED_LEN,   /* in the four bytes of LEN and NLEN */
    STORED_DATA
};

/* Either direction. */
struct stored_stream {
    struct stored_codecs *codecs;
    uint32_t direction;
    enum stored_state state;
    unsigned have;    /* inflate: bytes in field. deflate: bytes of field that are written */
    uint8_t field[5]; /* inflate: LEN and NLEN. deflate: the head of the block */
    unsigned left;    /* bytes of data in the block still to come */
    int last;         /* deflate: this is the empty block at the end */
};

static inline void *stored_open(void *context, uint32_t direction, uint32_t window_bits) {
    struct stored_codecs *codecs = (struct stored_codecs *)context;
    struct stored_stream *stream;

    codecs->window_bits = window_bits;
    if (codecs->misbehaviour == STORED_REFUSES ||
        (codecs->limit != 0 && codecs->open >= codecs->limit))
        return NULL;
    stream = (struct stored_stream *)calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->codecs = codecs;
    stream->direction = direction;
    codecs->opened++;
    if (++codecs->open > codecs->most)
        codecs->most = codecs->open;
    if (direction == PWS_INFLATE)
        codecs->inflaters++;
    else
        codecs->deflaters++;
    return stream;
}

static inline void stored_close(void *codec) {
    struct stored_stream *stream = (struct stored_stream *)codec;

    stream->codecs->open--;
    if (stream->direction == PWS_INFLATE)
        stream->codecs->inflaters--;
    else
        stream->codecs->deflaters--;
    free(stream);
}

/* Returns 1 with *result if the codec is to do something wrong. */
static inline int stored_misbehaves(const struct stored_codecs *codecs, pws_view *in,
                                    pws_bytes *out, int32_t *result) {
    *result = PWS_OK;
    switch (codecs->misbehaviour) {
    case STORED_FAILS:
        *result = PWS_E_ARG;
        return 1;
    case STORED_ODD_ERROR:
        *result = -1;
        return 1;
    case STORED_STALLS:
        return 1;
    case STORED_WANTS_SPACE:
        *result = PWS_E_SPACE;
        return 1;
    case STORED_OVERRUNS:
        in->ptr += in->len + 1;
        in->len = SIZE_MAX;
        out->ptr += out->len + 1;
        out->len = SIZE_MAX;
        return 1;
    case STORED_RETREATS:
        in->ptr--;
        in->len++;
        out->ptr--;
        out->len++;
        return 1;
    case STORED_FORGETS:
        in->len = 0;
        out->len = 0;
        return 1;
    default:
        return 0;
    }
}

/* Copies as much as fits of the block's data. */
static inline void stored_copy(struct stored_stream *stream, pws_view *in, pws_bytes *out) {
    size_t n = stream->left;

    n = n < in->len ? n : in->len;
    n = n < out->len ? n : out->len;
    if (n > 0)
        memcpy(out->ptr, in->ptr, n);
    in->ptr += n;
    in->len -= n;
    out->ptr += n;
    out->len -= n;
    stream->left -= (unsigned)n;
}

static inline int32_t stored_inflate(void *codec, pws_view *in, pws_bytes *out) {
    struct stored_stream *stream = (struct stored_stream *)codec;
    int32_t result;

    stream->codecs->calls++;
    if (stored_misbehaves(stream->codecs, in, out, &result))
        return result;
    while (in->len > 0) {
        if (stream->state == STORED_DATA) {
            if (out->len == 0)
                break;
            stored_copy(stream, in, out);
            if (stream->left == 0)
                stream->state = STORED_BLOCK;
            continue;
        }
        if (stream->state == STORED_BLOCK) {
            if ((*in->ptr & 6) != 0) /* BTYPE; BFINAL says nothing here, and the rest is padding */
                return PWS_E_INFLATE;
            stream->state = STORED_LEN;
            stream->have = 0;
        } else {
            stream->field[stream->have++] = *in->ptr;
            if (stream->have == 4) {
                stream->left = stream->field[0] | (unsigned)stream->field[1] << 8;
                if ((stream->left ^ 0xffff) != (stream->field[2] | (unsigned)stream->field[3] << 8))
                    return PWS_E_INFLATE;
                stream->state = stream->left > 0 ? STORED_DATA : STORED_BLOCK;
            }
        }
        in->ptr++;
        in->len--;
    }
    return PWS_OK;
}

static inline int32_t stored_deflate(void *codec, pws_view *in, pws_bytes *out) {
    struct stored_stream *stream = (struct stored_stream *)codec;
    int32_t result;

    stream->codecs->calls++;
    if (stored_misbehaves(stream->codecs, in, out, &result))
        return result;
    for (;;) {
        if (stream->state == STORED_BLOCK) {
            stream->left = in->len < 65535 ? (unsigned)in->len : 65535;
            stream->last = in->len == 0;
            stream->field[0] = 0;
            stream->field[1] = (uint8_t)(stream->left & 255);
            stream->field[2] = (uint8_t)(stream->left >> 8);
            stream->field[3] = stream->field[1] ^ 255;
            stream->field[4] = stream->field[2] ^ 255;
            stream->have = 0;
            stream->state = STORED_LEN;
        }
        if (stream->state == STORED_LEN) {
            for (; stream->have < 5 && out->len > 0; out->len--)
                *out->ptr++ = stream->field[stream->have++];
            if (stream->have < 5)
                return PWS_E_SPACE;
            stream->state = STORED_DATA;
        }
        if (stream->left > in->len)
            return PWS_E_DEFLATE; /* the library has taken data back */
        stored_copy(stream, in, out);
        if (stream->left > 0)
            return PWS_E_SPACE;
        stream->state = STORED_BLOCK;
        if (stream->last)
            return PWS_OK;
    }
}

static inline pws_codec stored_codec(struct stored_codecs *codecs) {
    pws_codec codec;

    memset(&codec, 0, sizeof codec);
    codec.context = codecs;
    codec.open = stored_open;
    codec.inflate = stored_inflate;
    codec.deflate = stored_deflate;
    codec.close = stored_close;
    codec.min_deflate_bits = 8;
    return codec;
}

#endif
