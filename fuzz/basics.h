/* What every fuzz target needs: require(), which stops at what must not be, exact copies, and an
 * opinion of its own on UTF-8. */
#ifndef BASICS_H
#define BASICS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require_that(int holds, const char *text, const char *file, int line) {
    if (holds)
        return;
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, text);
    abort();
}

#define require(condition) require_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* A copy in memory of exactly its size, so that AddressSanitizer sees a byte too far. */
static uint8_t *exact_copy(const void *data, size_t length) {
    uint8_t *copy = (uint8_t *)malloc(length != 0 ? length : 1);

    require(copy != NULL);
    if (length != 0)
        memcpy(copy, data, length);
    return copy;
}

/* ---- UTF-8 (RFC 3629 3), by decoding ---- */

static int utf8_ok(const uint8_t *text, size_t length) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t i = 0, size, k;

    while (i < length) {
        uint32_t c = text[i];

        size = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
        if (size == 0 || length - i < size)
            return 0;
        if (size > 1)
            c &= 0x7Fu >> size;
        for (k = 1; k < size; k++) {
            if (text[i + k] >> 6 != 2)
                return 0;
            c = c << 6 | (text[i + k] & 0x3F);
        }
        if (c < least[size] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
            return 0;
        i += size;
    }
    return 1;
}

#endif
