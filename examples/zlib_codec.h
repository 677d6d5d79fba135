/* zlib_codec.h: permessage-deflate with zlib. Include it in one file of the program and link with
 * -lz.
 *
 *     static struct zlib_codecs codecs;                        zeros: the defaults
 *     pws_codec codec = zlib_codec(&codecs);                   both must outlive the connections
 *     pws_config config = {.role = PWS_SERVER, .codec = &codec};
 *     ...
 *     zlib_codecs_free(&codecs);                               when no connection is left
 *
 * Dedicated or pooled. With zeros each codec is allocated when it is opened and freed when it is
 * closed. With max_inflate and max_deflate at most so many exist at a time, and they are kept for
 * the next to need one: then open fails when all are in use, so choose no-context-takeover for
 * both directions, where a codec is held for one message only. One struct zlib_codecs for each
 * thread.
 *
 * Memory in bytes on a 64-bit system, as zlib 1.2.13 asks for it;
 * tests/deflate/memory.c counts it and prints this table:
 *
 *     window bits             8       9      10      11      12      13      14      15
 *     inflate             7416    7672    8184    9208   11256   15352   23544   39928
 *     deflate, level 1       -    9024   11072   15168   23360   39744   72512  138048
 *     deflate, level 2       -   10048   12096   16192   24384   40768   73536  139072
 *     deflate, level 3       -   12096   14144   18240   26432   42816   75584  141120
 *     deflate, level 4       -   16192   18240   22336   30528   46912   79680  145216
 *     deflate, level 5       -   24384   26432   30528   38720   55104   87872  153408
 *     deflate, level 6       -   40768   42816   46912   55104   71488  104256  169792
 *     deflate, level 7       -   73536   75584   79680   87872  104256  137024  202560
 *     deflate, level 8       -  139072  141120  145216  153408  169792  202560  268096
 *     deflate, level 9       -  270144  272192  276288  284480  300864  333632  399168
 *
 * Add some 200 for struct zlib_stream.
 *
 * Decompressing takes the 39928 bytes of 15 bits whatever window was agreed on, so that how the
 * input is cut never changes a result: with a smaller one, zlib finds a peer that looks back
 * further than it has promised only where that lies in an earlier read. With small_windows memory
 * counts more.
 *
 * zlib cannot deflate with a window of 8 bits (256 bytes): min_deflate_bits is 9, and the library
 * negotiates accordingly. */
#ifndef ZLIB_CODEC_H
#define ZLIB_CODEC_H

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "purews.h"

struct zlib_stream;

/* Settings, and the codecs that wait for the next to need one. Begin with zeros. */
struct zlib_codecs {
    int level;            /* 1 (fast) to 9 (small); 0: 6 */
    int memory_level;     /* 1 to 9: see the table; 0: 8 */
    unsigned max_inflate; /* codecs of the pool that decompress; 0: dedicated, no limit */
    unsigned max_deflate; /* likewise that compress */
    int small_windows;    /* 1: decompress with the window agreed on; 0: with 15 bits, see above */
    /* Private. [0]: inflate, [1]: deflate. */
    struct zlib_stream *idle[2];
    unsigned existing[2]; /* idle or open */
};

/* A codec of either direction. */
struct zlib_stream {
    struct zlib_codecs *codecs;
    struct zlib_stream *next; /* idle */
    z_stream z;
    uint32_t direction, window_bits;
    /* Deflate: output for which the caller had no room, and whether it ends the flush. */
    int flushed;
    size_t held_start, held; /* bytes */
    uint8_t hold[32];
};

static inline void zlib_destroy(struct zlib_stream *stream) {
    if (stream->direction == PWS_INFLATE)
        inflateEnd(&stream->z);
    else
        deflateEnd(&stream->z);
    free(stream);
}

static inline struct zlib_stream *zlib_create(struct zlib_codecs *codecs, uint32_t direction,
                                              uint32_t window_bits) {
    struct zlib_stream *stream = (struct zlib_stream *)calloc(1, sizeof *stream);
    int bits = -(int)window_bits; /* negative: raw DEFLATE */
    uint8_t nothing = 0;
    int status;

    if (stream == NULL)
        return NULL;
    stream->codecs = codecs;
    stream->direction = direction;
    stream->window_bits = window_bits;
    if (direction == PWS_INFLATE)
        status = inflateInit2(&stream->z, bits);
    else
        status =
            deflateInit2(&stream->z, codecs->level != 0 ? codecs->level : 6, Z_DEFLATED, bits,
                         codecs->memory_level != 0 ? codecs->memory_level : 8, Z_DEFAULT_STRATEGY);
    if (status != Z_OK) {
        free(stream);
        return NULL;
    }
    /* Has the window allocated, so that memory runs out here or not at all. */
    if (direction == PWS_INFLATE && inflateSetDictionary(&stream->z, &nothing, 0) != Z_OK) {
        zlib_destroy(stream);
        return NULL;
    }
    return stream;
}

/* Takes an idle codec off its list, best one with that window: any other must be created anew. */
static inline struct zlib_stream *zlib_take_idle(struct zlib_codecs *codecs, uint32_t direction,
                                                 uint32_t window_bits) {
    struct zlib_stream **link = &codecs->idle[direction == PWS_DEFLATE], *stream;

    while (*link != NULL && (*link)->window_bits != window_bits && (*link)->next != NULL)
        link = &(*link)->next;
    stream = *link;
    if (stream != NULL)
        *link = stream->next;
    return stream;
}

static inline void *zlib_open(void *context, uint32_t direction, uint32_t window_bits) {
    struct zlib_codecs *codecs = (struct zlib_codecs *)context;
    unsigned most = direction == PWS_INFLATE ? codecs->max_inflate : codecs->max_deflate;
    unsigned *existing = &codecs->existing[direction == PWS_DEFLATE];
    struct zlib_stream *stream;

    if (direction == PWS_INFLATE && !codecs->small_windows)
        window_bits = MAX_WBITS;
    stream = zlib_take_idle(codecs, direction, window_bits);
    if (stream != NULL && stream->window_bits != window_bits) {
        if (*existing < most) { /* leave it to those who want its window */
            stream->next = codecs->idle[direction == PWS_DEFLATE];
            codecs->idle[direction == PWS_DEFLATE] = stream;
        } else {
            zlib_destroy(stream);
            (*existing)--;
        }
        stream = NULL;
    }
    if (stream == NULL && (most == 0 || *existing < most)) {
        stream = zlib_create(codecs, direction, window_bits);
        if (stream != NULL)
            (*existing)++;
    }
    return stream;
}

static inline void zlib_close(void *codec) {
    struct zlib_stream *stream = (struct zlib_stream *)codec;
    struct zlib_codecs *codecs = stream->codecs;
    int deflates = stream->direction == PWS_DEFLATE;

    if ((deflates ? codecs->max_deflate : codecs->max_inflate) == 0 ||
        (deflates ? deflateReset(&stream->z) : inflateReset(&stream->z)) != Z_OK) {
        zlib_destroy(stream);
        codecs->existing[deflates]--;
        return;
    }
    stream->flushed = 0;
    stream->held_start = stream->held = 0;
    stream->next = codecs->idle[deflates];
    codecs->idle[deflates] = stream;
}

/* zlib counts in uInt: longer pieces are done in turns. */
static inline uInt zlib_turn(size_t length) {
    return length < (1u << 30) ? (uInt)length : 1u << 30;
}

/* Shows zlib the next piece of in and out. It does not write to in, and refuses NULL even for no
 * bytes. */
static inline void zlib_aim(struct zlib_stream *stream, const pws_view *in, const pws_bytes *out) {
    z_stream *z = &stream->z;

    z->next_in = in->ptr != NULL ? (Bytef *)(uintptr_t)in->ptr : stream->hold;
    z->avail_in = zlib_turn(in->len);
    z->next_out = out->ptr;
    z->avail_out = zlib_turn(out->len);
}

/* Advances in and out by what zlib has done. Returns 0 if that was nothing. */
static inline int zlib_advance(const z_stream *z, pws_view *in, pws_bytes *out) {
    size_t taken = zlib_turn(in->len) - z->avail_in, written = zlib_turn(out->len) - z->avail_out;

    if (taken > 0)
        in->ptr += taken;
    in->len -= taken;
    if (written > 0)
        out->ptr += written;
    out->len -= written;
    return taken + written > 0;
}

static inline int32_t zlib_inflate(void *codec, pws_view *in, pws_bytes *out) {
    struct zlib_stream *stream = (struct zlib_stream *)codec;
    z_stream *z = &stream->z;
    int status, moved;

    if (out->len == 0)
        return PWS_OK;
    do {
        zlib_aim(stream, in, out);
        status = inflate(z, Z_SYNC_FLUSH);
        moved = zlib_advance(z, in, out);
        if (status == Z_STREAM_END) {
            /* A final block, and the next follows (RFC 7692 7.2.3.4). This forgets everything but
             * the window. Getting the window, inflateReset and setting it again would do the same
             * at the price of 64 KiB to copy for each of maybe very many empty blocks. */
            if (inflateResetKeep(z) != Z_OK)
                return PWS_E_INFLATE;
            moved = 1;
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return PWS_E_INFLATE;
        }
    } while (moved && in->len > 0 && out->len > 0);
    return PWS_OK;
}

/* Writes what is held, as far as there is room. */
static inline void zlib_release(struct zlib_stream *stream, pws_bytes *out) {
    size_t n = stream->held < out->len ? stream->held : out->len;

    if (n == 0)
        return;
    memcpy(out->ptr, stream->hold + stream->held_start, n);
    stream->held_start += n;
    stream->held -= n;
    out->ptr += n;
    out->len -= n;
}

/* Deflates until the flush is done or out is full. Returns 1 if it is done, -1 after an error. */
static inline int zlib_flush(struct zlib_stream *stream, pws_view *in, pws_bytes *out) {
    z_stream *z = &stream->z;
    int status;

    while (out->len > 0) {
        zlib_aim(stream, in, out);
        status = deflate(z, z->avail_in == in->len ? Z_SYNC_FLUSH : Z_NO_FLUSH);
        zlib_advance(z, in, out);
        if (status != Z_OK && status != Z_BUF_ERROR)
            return -1;
        if (in->len == 0 && z->avail_out > 0)
            return 1;
    }
    return 0;
}

static inline int32_t zlib_deflate(void *codec, pws_view *in, pws_bytes *out) {
    struct zlib_stream *stream = (struct zlib_stream *)codec;
    pws_bytes hold;
    int done;

    zlib_release(stream, out);
    if (stream->held > 0)
        return PWS_E_SPACE;
    done = stream->flushed && in->len == 0;
    stream->flushed = 0;
    if (!done)
        done = zlib_flush(stream, in, out);
    if (done == 0) {
        /* out is full, but that does not tell whether the flush is done: zlib does, where it
         * leaves room. More than the six bytes that it wants for that are kept here, or calls with
         * little room would have it write the end again and again. */
        hold.ptr = stream->hold;
        hold.len = sizeof stream->hold;
        done = zlib_flush(stream, in, &hold);
        stream->held_start = 0;
        stream->held = sizeof stream->hold - hold.len;
        stream->flushed = done > 0;
    }
    if (done < 0)
        return PWS_E_DEFLATE;
    return done > 0 && stream->held == 0 ? PWS_OK : PWS_E_SPACE;
}

/* The hooks, for pws_config.codec. */
static inline pws_codec zlib_codec(struct zlib_codecs *codecs) {
    pws_codec codec;

    memset(&codec, 0, sizeof codec);
    codec.context = codecs;
    codec.open = zlib_open;
    codec.inflate = zlib_inflate;
    codec.deflate = zlib_deflate;
    codec.close = zlib_close;
    codec.min_deflate_bits = 9;
    return codec;
}

/* Frees the codecs of the pool. None may be open. */
static inline void zlib_codecs_free(struct zlib_codecs *codecs) {
    struct zlib_stream *stream;
    int i;

    for (i = 0; i < 2; i++) {
        while ((stream = codecs->idle[i]) != NULL) {
            codecs->idle[i] = stream->next;
            zlib_destroy(stream);
        }
        codecs->existing[i] = 0;
    }
}

#endif
