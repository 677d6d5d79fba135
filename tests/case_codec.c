/* The codec of the cases, counted. */
#include "case_codec.h"

#include "case.h"

#ifdef RUN_ZLIB
#include "zlib_codec.h"
static struct zlib_codecs inner_codecs;
#else
#include "stored_codec.h"
static struct stored_codecs inner_codecs;
#endif

static pws_codec inner(void) {
#ifdef RUN_ZLIB
    return zlib_codec(&inner_codecs);
#else
    return stored_codec(&inner_codecs);
#endif
}

struct counted {
    struct case_codecs *codecs;
    void *inner;
};

static void *counted_open(void *context, uint32_t direction, uint32_t window_bits) {
    struct case_codecs *codecs = (struct case_codecs *)context;
    pws_codec codec = inner();
    struct counted *counted;
    if (codecs->limit != 0 && codecs->open >= codecs->limit)
        return NULL;
    counted = (struct counted *)must_realloc(NULL, sizeof *counted);
    counted->codecs = codecs;
    counted->inner = codec.open(codec.context, direction, window_bits);
    if (counted->inner == NULL) {
        free(counted);
        return NULL;
    }
    codecs->open++;
    return counted;
}

static int32_t counted_inflate(void *codec, pws_view *in, pws_bytes *out) {
    return inner().inflate(((struct counted *)codec)->inner, in, out);
}

static int32_t counted_deflate(void *codec, pws_view *in, pws_bytes *out) {
    return inner().deflate(((struct counted *)codec)->inner, in, out);
}

static void counted_close(void *codec) {
    struct counted *counted = (struct counted *)codec;
    counted->codecs->open--;
    inner().close(counted->inner);
    free(counted);
}

pws_codec case_codec(struct case_codecs *codecs) {
    pws_codec codec = inner();
    codec.context = codecs;
    codec.open = counted_open;
    codec.inflate = counted_inflate;
    codec.deflate = counted_deflate;
    codec.close = counted_close;
    return codec;
}
