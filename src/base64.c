/* Base64 (RFC 4648 4), for the keys of the opening handshake. */
#include "internal.h"

static char pws_base64_character(uint32_t bits) {
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[bits & 63];
}

PWS_PRIVATE void pws_base64_encode(char *out, const uint8_t *data, size_t length) {
    uint32_t bits;
    size_t i, left;

    for (i = 0; i < length; i += 3, out += 4) {
        left = length - i;
        bits = (uint32_t)data[i] << 16;
        if (left > 1)
            bits |= (uint32_t)data[i + 1] << 8;
        if (left > 2)
            bits |= data[i + 2];
        out[0] = pws_base64_character(bits >> 18);
        out[1] = pws_base64_character(bits >> 12);
        out[2] = left > 1 ? pws_base64_character(bits >> 6) : '=';
        out[3] = left > 2 ? pws_base64_character(bits) : '=';
    }
}

static int pws_is_base64(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
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
