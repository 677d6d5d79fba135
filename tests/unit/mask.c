/* pws_mask and pws_mask_rotate against the sentence of RFC 6455 5.3: octet i is masked with octet
 * i modulo 4 of the key. */
#include <string.h>

#include "../check.h"
#include "internal.h"

enum {
    LONGEST = 300,
    ROOM = LONGEST + 32
};

static uint32_t cpu;
static const uint8_t test_key[4] = {0x37, 0xFA, 0x21, 0x3D};
static uint8_t plain[ROOM];

/* Masks length bytes at those offsets from 16-byte borders. Returns 1 if exactly these come out
 * masked. */
static int masks(size_t length, size_t from, size_t to, int in_place) {
    union {
        uint64_t aligned[ROOM / 8];
        uint8_t bytes[ROOM];
    } source, target;
    uint8_t *src = source.bytes + from, *dst = in_place ? src : target.bytes + to;
    uint8_t *base = in_place ? source.bytes : target.bytes;
    size_t i, begin = (size_t)(dst - base);

    memset(target.bytes, 0xEE, ROOM);
    memcpy(source.bytes, plain, ROOM);
    if (in_place) {
        memset(source.bytes, 0xEE, ROOM);
        memcpy(src, plain + from, length);
    }
    pws_mask(dst, src, length, test_key, cpu);
    for (i = 0; i < ROOM; i++)
        if (i < begin || i >= begin + length) {
            if (base[i] != 0xEE)
                return 0;
        } else if (base[i] != (plain[from + i - begin] ^ test_key[(i - begin) % 4])) {
            return 0;
        }
    return in_place || memcmp(source.bytes, plain, ROOM) == 0;
}

static void check_mask(void) {
    static const uint8_t hello[5] = {0x7F, 0x9F, 0x4D, 0x51, 0x58};
    uint8_t key[4], out[ROOM], expected[ROOM];
    size_t length, from, to, cut, wrong;
    uint32_t noise = 1;

    for (length = 0; length < ROOM; length++) {
        noise = noise * 1664525 + 1013904223;
        plain[length] = (uint8_t)(noise >> 24);
    }

    check_case("the masked Hello of RFC 6455 5.7");
    pws_mask(out, (const uint8_t *)"Hello", 5, test_key, cpu);
    CHECK(memcmp(out, hello, 5) == 0);

    check_case("every length at every alignment, from one buffer to another");
    wrong = 0;
    for (length = 0; length <= LONGEST; length++)
        for (from = 0; from <= 8; from++)
            for (to = 0; to <= 8; to++)
                wrong += !masks(length, from, to, 0);
    CHECK(wrong == 0);

    check_case("every length at every alignment, in place");
    wrong = 0;
    for (length = 0; length <= LONGEST; length++)
        for (from = 0; from <= 8; from++)
            wrong += !masks(length, from, from, 1);
    CHECK(wrong == 0);

    check_case("masking twice gives the data back");
    pws_mask(out, plain, LONGEST, test_key, cpu);
    CHECK(memcmp(out, plain, LONGEST) != 0);
    pws_mask(out, out, LONGEST, test_key, cpu);
    CHECK(memcmp(out, plain, LONGEST) == 0);

    check_case("a rotated key goes on where the first part ended, wherever that is");
    pws_mask(expected, plain, LONGEST, test_key, cpu);
    wrong = 0;
    for (cut = 0; cut <= LONGEST; cut++) {
        memcpy(key, test_key, 4);
        pws_mask(out, plain, cut, key, cpu);
        pws_mask_rotate(key, cut);
        pws_mask(out + cut, plain + cut, LONGEST - cut, key, cpu);
        wrong += memcmp(out, expected, LONGEST) != 0;
    }
    CHECK(wrong == 0);

    check_case("rotations add up, and four of one byte are none");
    memcpy(key, test_key, 4);
    pws_mask_rotate(key, 1);
    CHECK(memcmp(key, "\xFA\x21\x3D\x37", 4) == 0);
    pws_mask_rotate(key, 2);
    CHECK(memcmp(key, "\x3D\x37\xFA\x21", 4) == 0);
    pws_mask_rotate(key, 1);
    CHECK(memcmp(key, test_key, 4) == 0);

    check_case("the largest length rotates without overflow");
    memcpy(key, test_key, 4);
    pws_mask_rotate(key, SIZE_MAX);
    CHECK(memcmp(key, "\x3D\x37\xFA\x21", 4) == 0);
}

int main(void) {
    check_mask();
    cpu = pws_cpu();
    check_mask();
    return check_end();
}
