/* pws_sha1 against the vectors of RFC 3174 7.3, and lengths around the borders of a block against
 * Python's hashlib over the bytes (7 * i + 3) % 256. */
#include <string.h>

#include "../check.h"
#include "internal.h"

static uint8_t bytes[1000000];

static uint32_t cpu;

static int digest_is(const void *data, size_t length, const char *expected) {
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[20];
    char text[41];
    size_t i;

    pws_sha1(digest, (const uint8_t *)data, length, cpu);
    for (i = 0; i < 20; i++) {
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    text[40] = '\0';
    return strcmp(text, expected) == 0;
}

static void check_vectors(void) {
    static const struct {
        size_t length;
        const char *digest;
    } lengths[] = {
        {0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {1, "9842926af7ca0a8cca12604f945414f07b01e13d"},
        {3, "4201de9f98cb0a9b8cf52398be7802b55d45266a"},
        {54, "0617d0e2db51b03d5d09c217b3fe0643ed6d152f"},
        {55, "ddf57317ef34bfee3b6df83d359098930eb278bc"},
        {56, "a0d492bb0fc889d0eca3bc137066ab6f4f74f369"},
        {57, "11a02dcf95859677a62e75024067c22b165d890f"},
        {63, "c55856749bef509bdfe6bfebfc7bf4e793e82132"},
        {64, "bede92be29c3874e1b54ddc77988d606fc857a8e"},
        {65, "b05a80522b053d6dc7e0a517d0e70212c7dad11f"},
        {118, "55bfbde27c9acb13670a70e765a687b2da3435fc"},
        {119, "504e27376a6e0f0dba8295b85cb25dc4dfa17d23"},
        {120, "82134b02fb3f702491be9bed581eeab59334acb2"},
        {121, "f004a54c50aa3705ccc2f03f21016ca6a25755cb"},
        {127, "34d5e582029e9b9b85b2febe31da3db7cdabaaea"},
        {128, "a09133e6730ffe899efb70204cb5646cd5dc24ee"},
        {129, "808aea332ce367541d37adae7f94e59c5c1a934e"},
        {1000, "4231a8a50a10fa9758db8ec71fdef855b751048a"},
    };
    static const char *const handshake =
        "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static uint8_t digests[301 * 20];
    size_t i;

    check_case("RFC 3174 7.3, TEST1: abc");
    CHECK(digest_is("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d"));

    check_case("RFC 3174 7.3, TEST2: 56 bytes");
    CHECK(digest_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                    "84983e441c3bd26ebaae4aa1f95129e5e54670f1"));

    check_case("RFC 3174 7.3, TEST3: a million times a");
    memset(bytes, 'a', sizeof bytes);
    CHECK(digest_is(bytes, sizeof bytes, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"));

    check_case("RFC 3174 7.3, TEST4: 640 bytes");
    for (i = 0; i < 640; i++)
        bytes[i] = (uint8_t)('0' + i % 8);
    CHECK(digest_is(bytes, 640, "dea356a2cddd90c7a7ecedc5ebb563934f460452"));

    check_case("the key of RFC 6455 1.3");
    CHECK(digest_is(handshake, strlen(handshake), "b37a4f2cc0624f1690f64606cf385945b2bec4ea"));

    check_case("lengths around the borders of a block");
    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(7 * i + 3);
    for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        CHECK(digest_is(bytes, lengths[i].length, lengths[i].digest));

    check_case("every length from 0 to 300: the digest of their digests");
    for (i = 0; i <= 300; i++)
        pws_sha1(digests + 20 * i, bytes, i, cpu);
    CHECK(digest_is(digests, sizeof digests, "43debf5006166594c976375f1c06253e43d53ddf"));

    check_case("nothing, given as NULL");
    CHECK(digest_is(NULL, 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"));
}

int main(void) {
    check_vectors();
    cpu = pws_cpu();
    check_vectors();
    return check_end();
}
