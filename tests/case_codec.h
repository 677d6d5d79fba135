/* The codec of the cases: examples/zlib_codec.h with -DRUN_ZLIB, otherwise stored_codec.h; and
 * around it what counts the codecs that are open. */
#ifndef CASE_CODEC_H
#define CASE_CODEC_H

#include "purews.h"

/* Begin with zeros. */
struct case_codecs {
    unsigned limit; /* of codecs open at a time; 0: none */
    unsigned open;
};

/* The hooks; codecs must outlive what they open. */
pws_codec case_codec(struct case_codecs *codecs);

#endif
