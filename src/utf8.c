/* UTF-8 (RFC 3629), judged byte by byte, so that text may be cut anywhere (RFC 6455 5.6, 8.1). */
#include "internal.h"

/* The state inside a character: how many bytes are still to come, and the range of the next one. */
#define PWS_UTF8_EXPECT(count, low, high) ((uint32_t)(count) << 16 | (low) << 8 | (high))
/* After an impossible byte: no byte lies in this range, so that nothing can follow. */
#define PWS_UTF8_IMPOSSIBLE PWS_UTF8_EXPECT(1, 0xFFu, 0u)

/* The state after the first byte of a character, by the table of RFC 3629 4. */
static uint32_t pws_utf8_first(uint8_t byte) {
    if (byte < 0x80)
        return 0;
    if (byte < 0xC2) /* a byte of the middle, or overlong: below U+0080 */
        return PWS_UTF8_IMPOSSIBLE;
    if (byte < 0xE0)
        return PWS_UTF8_EXPECT(1, 0x80u, 0xBFu);
    if (byte == 0xE0) /* 80 to 9F: overlong, below U+0800 */
        return PWS_UTF8_EXPECT(2, 0xA0u, 0xBFu);
    if (byte == 0xED) /* A0 to BF: surrogates, U+D800 to U+DFFF */
        return PWS_UTF8_EXPECT(2, 0x80u, 0x9Fu);
    if (byte < 0xF0)
        return PWS_UTF8_EXPECT(2, 0x80u, 0xBFu);
    if (byte == 0xF0) /* 80 to 8F: overlong, below U+10000 */
        return PWS_UTF8_EXPECT(3, 0x90u, 0xBFu);
    if (byte < 0xF4)
        return PWS_UTF8_EXPECT(3, 0x80u, 0xBFu);
    if (byte == 0xF4) /* 90 to BF: above U+10FFFF */
        return PWS_UTF8_EXPECT(3, 0x80u, 0x8Fu);
    return PWS_UTF8_IMPOSSIBLE;
}

/* The state after one more byte. */
static uint32_t pws_utf8_step(uint32_t state, uint8_t byte) {
    uint32_t count = state >> 16, low = state >> 8 & 0xFF, high = state & 0xFF;

    if (state == 0)
        return pws_utf8_first(byte);
    if (byte < low || byte > high)
        return PWS_UTF8_IMPOSSIBLE;
    return count == 1 ? 0 : PWS_UTF8_EXPECT(count - 1, 0x80u, 0xBFu);
}

/* How many bytes at the front are ASCII. */
static size_t pws_utf8_ascii(const uint8_t *bytes, size_t length) {
    uint64_t word[2];
    size_t i = 0;

    for (; length - i >= 16; i += 16) {
        memcpy(word, bytes + i, 16);
        if ((word[0] | word[1]) & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < length && bytes[i] < 0x80)
        i++;
    return i;
}

/* The next three: 1 where a character of that many bytes begins, all of which can be read. */

static int pws_utf8_is_two(const uint8_t *bytes) {
    return bytes[0] >= 0xC2 && bytes[0] <= 0xDF && (bytes[1] & 0xC0) == 0x80;
}

static int pws_utf8_is_three(const uint8_t *bytes) {
    uint32_t code = (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6;
    uint32_t marks = (bytes[0] & 0xF0u) << 16 | (bytes[1] & 0xC0u) << 8 | (bytes[2] & 0xC0u);

    return marks == 0xE08080 && code >= 0x800 && (code < 0xD800 || code > 0xDFFF);
}

static int pws_utf8_is_four(const uint8_t *bytes) {
    uint32_t code = (bytes[0] & 0x07u) << 18 | (bytes[1] & 0x3Fu) << 12;
    uint32_t marks = (bytes[0] & 0xF8u) << 24 | (bytes[1] & 0xC0u) << 16 | (bytes[2] & 0xC0u) << 8 |
                     (bytes[3] & 0xC0u);

    return marks == 0xF0808080 && code >= 0x10000 && code <= 0x10FFFF;
}

/* How many bytes at the front are whole characters. It may stop early and judges nothing: what it
 * leaves goes through pws_utf8_step. A loop for each size, since text keeps to one for a while. */
static size_t pws_utf8_whole(const uint8_t *bytes, size_t length) {
    size_t i = 0, begin;

    do {
        begin = i;
        i += pws_utf8_ascii(bytes + i, length - i);
        while (length - i >= 2 && pws_utf8_is_two(bytes + i))
            i += 2;
        while (length - i >= 3 && pws_utf8_is_three(bytes + i))
            i += 3;
        while (length - i >= 4 && pws_utf8_is_four(bytes + i))
            i += 4;
    } while (i != begin);
    return i;
}

PWS_PRIVATE size_t pws_utf8_scan(uint32_t *state, const uint8_t *bytes, size_t length) {
    size_t i = 0;

    while (i < length) {
        if (*state == 0)
            i += pws_utf8_whole(bytes + i, length - i);
        if (i == length)
            break;
        *state = pws_utf8_step(*state, bytes[i]);
        if (*state == PWS_UTF8_IMPOSSIBLE)
            break;
        i++;
    }
    return i;
}

int pws_utf8_valid(const void *data, size_t length) {
    uint32_t state = 0;

    if (data == NULL)
        return length == 0;
    return pws_utf8_scan(&state, (const uint8_t *)data, length) == length && state == 0;
}
