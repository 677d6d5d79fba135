/* pws_base64_encode against RFC 4648, and which texts are a Sec-WebSocket-Key. */
#include <string.h>

#include "../check.h"
#include "internal.h"

static int encodes(const void *data, size_t length, const char *expected) {
    char out[100];
    size_t size = 4 * ((length + 2) / 3);

    memset(out, '#', sizeof out);
    pws_base64_encode(out, (const uint8_t *)data, length);
    return strlen(expected) == size && memcmp(out, expected, size) == 0 && out[size] == '#';
}

static int is_key(const char *text) {
    pws_str str;

    str.ptr = text;
    str.len = strlen(text);
    return pws_base64_is_key(str);
}

int main(void) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const uint8_t fb[3] = {0xFB, 0xFF, 0xBF};
    uint8_t all[48] = {0};
    char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
    pws_str nothing = {NULL, 0};
    size_t i, wrong;
    int c;

    check_case("the vectors of RFC 4648 10");
    CHECK(encodes("", 0, ""));
    CHECK(encodes("f", 1, "Zg=="));
    CHECK(encodes("fo", 2, "Zm8="));
    CHECK(encodes("foo", 3, "Zm9v"));
    CHECK(encodes("foob", 4, "Zm9vYg=="));
    CHECK(encodes("fooba", 5, "Zm9vYmE="));
    CHECK(encodes("foobar", 6, "Zm9vYmFy"));

    check_case("the whole alphabet, in its order");
    for (i = 0; i < 64; i++) /* 6 bits of i at bit 6 * i */
        for (c = 0; c < 6; c++)
            if (i >> (5 - c) & 1)
                all[(6 * i + (size_t)c) / 8] |= (uint8_t)(0x80 >> (6 * i + (size_t)c) % 8);
    CHECK(encodes(all, 48, alphabet));
    CHECK(encodes(fb, 3, "+/+/"));

    check_case("the key of RFC 6455 1.3");
    CHECK(encodes("the sample nonce", 16, key));
    CHECK(is_key(key));

    check_case("a key has 22 characters of the alphabet and two =");
    CHECK(is_key("AAAAAAAAAAAAAAAAAAAAAA=="));
    CHECK(is_key("++++++++++//////////+w=="));
    CHECK(!pws_base64_is_key(nothing));
    CHECK(!is_key(""));
    CHECK(!is_key("=="));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZQ="));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZQ==="));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZQ"));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZVE="));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZVEw"));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZ==="));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZQ=A"));
    CHECK(!is_key(" dGhlIHNhbXBsZSBub25jZQ="));
    CHECK(!is_key("dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="));

    check_case("every byte at every place of a key");
    wrong = 0;
    for (i = 0; i < 24; i++)
        for (c = 1; c < 256; c++) {
            char kept = key[i];
            int good = i < 22 ? strchr(alphabet, c) != NULL : c == '=';
            key[i] = (char)c;
            wrong += is_key(key) != good;
            key[i] = kept;
        }
    CHECK(wrong == 0);

    return check_end();
}
