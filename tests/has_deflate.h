/* Whether the library was compiled with compression (without PWS_NO_DEFLATE). Without it a
 * configuration may have no codec, and what needs one is left out. */
#ifndef HAS_DEFLATE_H
#define HAS_DEFLATE_H

enum {
#ifdef PWS_NO_DEFLATE
    HAS_DEFLATE = 0
#else
    HAS_DEFLATE = 1
#endif
};

#endif
