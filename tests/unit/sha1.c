/* pws_sha1, which hashes 60 bytes, against Python's hashlib. */
#include <string.h>

#include "../check.h"
#include "internal.h"

static uint32_t cpu;

static int digest_is(const uint8_t text[PWS_SHA1_TEXT], const char *expected) {
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[20];
    char found[41];
    size_t i;

    pws_sha1(digest, text, cpu);
    for (i = 0; i < 20; i++) {
        found[2 * i] = hex[digest[i] >> 4];
        found[2 * i + 1] = hex[digest[i] & 15];
    }
    found[40] = '\0';
    return strcmp(found, expected) == 0;
}

static void check_vectors(void) {
    static const char *const handshake =
        "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t text[PWS_SHA1_TEXT], digest[20], all[20] = {0};
    size_t i, j;

    check_case("the key of RFC 6455 1.3");
    memcpy(text, handshake, sizeof text);
    CHECK(digest_is(text, "b37a4f2cc0624f1690f64606cf385945b2bec4ea"));

    check_case("bytes that are all the same");
    memset(text, 0, sizeof text);
    CHECK(digest_is(text, "fb3d8fb74570a077e332993f7d3d27603501b987"));
    memset(text, 0xFF, sizeof text);
    CHECK(digest_is(text, "f821288b0c02ef8dc17ad5cb3a2c6bc78f0046b6"));
    memset(text, 'a', sizeof text);
    CHECK(digest_is(text, "13d956033d9af449bfe2c4ef78c17c20469c4bf1"));

    check_case("every single bit: the digests put together");
    for (i = 0; i < 8 * sizeof text; i++) {
        memset(text, 0, sizeof text);
        text[i / 8] = (uint8_t)(0x80 >> i % 8);
        pws_sha1(digest, text, cpu);
        for (j = 0; j < 20; j++)
            all[j] ^= digest[j];
    }
    memset(text, 0, sizeof text);
    memcpy(text, all, 20);
    CHECK(digest_is(text, "4947d3c7460eecc2947db4600c97c69f0ae2ef8f"));

    check_case("a thousand digests, each of the one before, three times over");
    for (i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(7 * i + 3);
    CHECK(digest_is(text, "4a72dc48088734d6ee17cccbb158de29744e9733"));
    for (i = 0; i < 1000; i++) {
        pws_sha1(digest, text, cpu);
        for (j = 0; j < 3; j++)
            memcpy(text + 20 * j, digest, 20);
    }
    CHECK(digest_is(text, "1357a697a2e1e260684f0188fe4fa4652364c710"));
}

int main(void) {
    check_vectors();
    cpu = pws_cpu();
    check_vectors();
    return check_end();
}
