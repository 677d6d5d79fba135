/* Base64 (RFC 4648 4), for the keys of the opening handshake. */
#include "internal.h"

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

static int pws_is_base64(char c) {
    return pws_is_letter(c) || pws_is_digit(c) || c == '+' || c == '/';
}

PWS_PRIVATE int pws_base64_is_key(pws_str text) {
    size_t i;

    if (text.len != PWS_KEY_LENGTH)
        return 0;
    for (i = 0; i < PWS_KEY_LENGTH - 2; i++)
        if (!pws_is_base64(text.ptr[i]))
            return 0;
    return text.ptr[i] == '=' && text.ptr[i + 1] == '=';
}
