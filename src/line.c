/* Where a header line of HTTP ends, looked for as bytes arrive (RFC 9112 2.2). */
#include "vector.h"

/* Whether no head has this byte: a control character other than HTAB, CR, LF. */
static int pws_is_forbidden(uint8_t byte) {
    return (byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7F;
}

/* The index of the first control character, or length. */
static size_t pws_control_find_plain(const uint8_t *bytes, size_t length) {
    size_t i = 0;

    while (i < length && bytes[i] >= ' ' && bytes[i] != 0x7F)
        i++;
    return i;
}

#if PWS_BLOCKS

/* Sixteen bytes at a time; the last block overlaps what has been looked at. */
static size_t pws_control_find(const uint8_t *bytes, size_t length) {
    const pws_block space = pws_block_of(' '), del = pws_block_of(0x7F);
    pws_block block, found;
    size_t i = 0, first;

    if (length < 16)
        return pws_control_find_plain(bytes, length);
    for (;;) {
        block = pws_block_load(bytes + i);
        /* As signed, below the space are control characters and all above 7F, which are allowed. */
        found = pws_without(pws_less(block, space), block);
        first = pws_first_high(pws_or(found, pws_equal(block, del)));
        if (first < 16)
            return i + first;
        if (i == length - 16)
            return length;
        i = length - i < 32 ? length - 16 : i + 16;
    }
}

#else

static size_t pws_control_find(const uint8_t *bytes, size_t length) {
    return pws_control_find_plain(bytes, length);
}

#endif

PWS_PRIVATE size_t pws_line_scan(const uint8_t *bytes, size_t length, int32_t *error) {
    size_t i = 0;

    *error = PWS_OK;
    for (;;) {
        i += pws_control_find(bytes + i, length - i);
        if (i == length)
            return length;
        if (pws_is_forbidden(bytes[i])) {
            *error = PWS_E_HTTP;
            return i;
        }
        i++;
        if (bytes[i - 1] == '\n')
            return i;
    }
}
