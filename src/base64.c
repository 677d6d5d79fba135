/* Base64 (RFC 4648 4), for the keys of the opening handshake. */
#include "vector.h"

/* Four characters, of 24 bits. */
static void pws_base64_group(char out[4], uint32_t bits) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = alphabet[bits >> 6 & 63];
    out[3] = alphabet[bits & 63];
}

PWS_PRIVATE void pws_base64_encode(char *out, const uint8_t *data, size_t length) {
    size_t i;

    for (i = 0; length - i >= 3; i += 3, out += 4)
        pws_base64_group(out, (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2]);
    if (i == length)
        return;
    pws_base64_group(out,
                     (uint32_t)data[i] << 16 | (length - i == 2 ? (uint32_t)data[i + 1] << 8 : 0));
    out[3] = '=';
    if (length - i == 1)
        out[2] = '=';
}

/* The characters that hold the 16 bytes of a key; "==" follows. */
enum {
    PWS_KEY_DIGITS = PWS_KEY_LENGTH - 2
};

#if !PWS_BLOCKS

static int pws_is_base64(const char *text) {
    size_t i = 0;

    while (i < PWS_KEY_DIGITS &&
           (pws_is_letter(text[i]) || pws_is_digit(text[i]) || text[i] == '+' || text[i] == '/'))
        i++;
    return i == PWS_KEY_DIGITS;
}

#else

/* Whether sixteen characters are of the alphabet. */
static int pws_is_base64_16(const char *text) {
    const pws_block block = pws_block_load((const uint8_t *)text);
    const pws_block lower = pws_or(block, pws_block_of('a' - 'A'));
    const pws_block letter =
        pws_and(pws_less(pws_block_of('a' - 1), lower), pws_less(lower, pws_block_of('z' + 1)));
    const pws_block digit = /* or slash */
        pws_and(pws_less(pws_block_of('/' - 1), block), pws_less(block, pws_block_of('9' + 1)));
    const pws_block good = pws_or(pws_or(letter, digit), pws_equal(block, pws_block_of('+')));

    return !pws_any_high(pws_without(pws_block_of(0xFF), good));
}

/* Two blocks, which overlap. */
static int pws_is_base64(const char *text) {
    return pws_is_base64_16(text) && pws_is_base64_16(text + PWS_KEY_DIGITS - 16);
}

#endif

PWS_PRIVATE int pws_base64_is_key(pws_str text) {
    return text.len == PWS_KEY_LENGTH && pws_is_base64(text.ptr) &&
           text.ptr[PWS_KEY_DIGITS] == '=' && text.ptr[PWS_KEY_DIGITS + 1] == '=';
}
