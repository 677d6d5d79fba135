/* SHA-1 (RFC 3174) of 60 bytes, a Sec-WebSocket-Key and the GUID, for Sec-WebSocket-Accept alone
 * (RFC 6455 4.2.2), where its weakness is no harm (RFC 6455 10.8). What SHA-1 puts behind its text
 * (RFC 3174 4) is then always the same: a bit 1 and zeros end a first block of 64 bytes; a second
 * has zeros and the length, 480 bits. */
#include "vector.h"

static uint32_t pws_sha1_rotate(uint32_t word, unsigned bits) {
    return word << bits | word >> (32 - bits);
}

/* Mixes one block of 64 bytes into the state (RFC 3174 6.1). */
static void pws_sha1_block(uint32_t state[5], const uint8_t *block) {
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    uint32_t f, k, next;
    size_t t;

    for (t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (; t < 80; t++)
        w[t] = pws_sha1_rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

    for (t = 0; t < 80; t++) {
        if (t < 20) {
            f = (b & c) | (~b & d);
            k = 0x5A827999;
        } else if (t < 40) {
            f = b ^ c ^ d;
            k = 0x6ED9EBA1;
        } else if (t < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8F1BBCDC;
        } else {
            f = b ^ c ^ d;
            k = 0xCA62C1D6;
        }
        next = pws_sha1_rotate(a, 5) + f + e + w[t] + k;
        e = d;
        d = c;
        c = pws_sha1_rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void pws_sha1_plain(uint32_t state[5], const uint8_t text[PWS_SHA1_TEXT]) {
    uint8_t block[64];

    memcpy(block, text, PWS_SHA1_TEXT);
    memset(block + PWS_SHA1_TEXT, 0, 4);
    block[PWS_SHA1_TEXT] = 0x80;
    pws_sha1_block(state, block);
    memset(block, 0, sizeof block);
    block[62] = 480 >> 8;
    block[63] = 480 & 0xFF;
    pws_sha1_block(state, block);
}

#if PWS_X86

/* The words of the second block's rounds (RFC 3174 6.1). */
static const uint32_t pws_sha1_second[80] = {
    /* clang-format off */
    0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
    0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x000001E0,
    0x00000000, 0x00000000, 0x000003C0, 0x00000000, 0x00000000, 0x00000780, 0x00000000, 0x000003C0,
    0x00000F00, 0x00000000, 0x00000000, 0x00001E00, 0x00000000, 0x00000CC0, 0x00003C00, 0x00000440,
    0x00000000, 0x00007800, 0x00000F00, 0x00003300, 0x0000F000, 0x00000F00, 0x00000000, 0x0001EF00,
    0x00000000, 0x0000CC00, 0x0003C000, 0x00004380, 0x00000000, 0x00078F00, 0x0000FF00, 0x00032680,
    0x000F0000, 0x0000F000, 0x00003300, 0x001EFF00, 0x00000000, 0x000CB800, 0x003C0000, 0x00040B00,
    0x0000F000, 0x0078FF00, 0x000FF000, 0x00338700, 0x00F00000, 0x000FC300, 0x0000F000, 0x01EFBB00,
    0x00000000, 0x00CC0000, 0x03C0F000, 0x00438000, 0x00000000, 0x078F0000, 0x00FF0000, 0x03269E00,
    0x0F000000, 0x00F0F000, 0x00333C00, 0x1EFF8800, 0x00000000, 0x0CB88800, 0x3C00F000, 0x040A4A00,
    /* clang-format on */
};

/* The state as SHA instructions have it: a and e in the highest words. */
typedef struct pws_sha1_state {
    __m128i abcd, e;
} pws_sha1_state;

/* Four rounds, of which there are twenty in a block. */
PWS_WITH_SHA static inline __m128i pws_sha1_rounds(__m128i abcd, __m128i e, size_t which) {
    if (which < 5)
        return _mm_sha1rnds4_epu32(abcd, e, 0);
    if (which < 10)
        return _mm_sha1rnds4_epu32(abcd, e, 1);
    if (which < 15)
        return _mm_sha1rnds4_epu32(abcd, e, 2);
    return _mm_sha1rnds4_epu32(abcd, e, 3);
}

/* Mixes the first block into the state. What becomes of e in four rounds is a, rotated, from before
 * them. */
PWS_WITH_SHA static pws_sha1_state pws_sha1_first_sha(pws_sha1_state state,
                                                      const uint8_t text[PWS_SHA1_TEXT]) {
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090A0B0C0D0E0F);
    const __m128i end = _mm_set_epi32(0, 0, 0, INT32_MIN); /* 80 00 00 00 */
    __m128i w[4], next = end, abcd = state.abcd, before = abcd, e;
    size_t t;

    for (t = 0; t < 3; t++)
        w[t] = _mm_shuffle_epi8(pws_block_load(text + 16 * t), order);
    w[3] = _mm_srli_si128(pws_block_load(text + PWS_SHA1_TEXT - 16), 4);
    w[3] = _mm_or_si128(_mm_shuffle_epi8(w[3], order), end);
    e = _mm_add_epi32(state.e, w[0]);
    for (t = 0; t < 20; t++) {
        if (t != 0)
            e = _mm_sha1nexte_epu32(before, w[0]);
        before = abcd;
        abcd = pws_sha1_rounds(abcd, e, t);
        if (t < 16)
            next = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(w[0], w[1]), w[2]), w[3]);
        w[0] = w[1];
        w[1] = w[2];
        w[2] = w[3];
        w[3] = next;
    }
    state.abcd = _mm_add_epi32(state.abcd, abcd);
    state.e = _mm_sha1nexte_epu32(before, state.e);
    return state;
}

/* Mixes the second block into the state. Its first words are 0, so the first
 * four rounds take e as it is. */
PWS_WITH_SHA static pws_sha1_state pws_sha1_second_sha(pws_sha1_state state) {
    const uint8_t *words = (const uint8_t *)pws_sha1_second;
    __m128i abcd = state.abcd, before = abcd, e = state.e, w;
    size_t t;

    for (t = 0; t < 20; t++) {
        w = _mm_shuffle_epi32(pws_block_load(words + 16 * t), 0x1B);
        if (t != 0)
            e = _mm_sha1nexte_epu32(before, w);
        before = abcd;
        abcd = pws_sha1_rounds(abcd, e, t);
    }
    state.abcd = _mm_add_epi32(state.abcd, abcd);
    state.e = _mm_sha1nexte_epu32(before, state.e);
    return state;
}

PWS_WITH_SHA static void pws_sha1_sha(uint32_t state[5], const uint8_t text[PWS_SHA1_TEXT]) {
    pws_sha1_state now;

#if defined(__AVX__)
    /* These instructions know no AVX: where upper halves of registers are in use, each waits. */
    _mm256_zeroupper();
#endif
    now.abcd = _mm_shuffle_epi32(pws_block_load((const uint8_t *)state), 0x1B);
    now.e = _mm_set_epi32((int)state[4], 0, 0, 0);
    now = pws_sha1_second_sha(pws_sha1_first_sha(now, text));
    pws_block_store((uint8_t *)state, _mm_shuffle_epi32(now.abcd, 0x1B));
    state[4] = (uint32_t)_mm_extract_epi32(now.e, 3);
}

#endif

static void pws_sha1_put_word(uint8_t *out, uint32_t word) {
    out[0] = (uint8_t)(word >> 24);
    out[1] = (uint8_t)(word >> 16);
    out[2] = (uint8_t)(word >> 8);
    out[3] = (uint8_t)word;
}

static void pws_sha1_text(uint32_t state[5], const uint8_t text[PWS_SHA1_TEXT], uint32_t cpu) {
#if PWS_X86
    if (pws_has(cpu, PWS_CPU_SHA)) {
        pws_sha1_sha(state, text);
        return;
    }
#endif
    (void)cpu;
    pws_sha1_plain(state, text);
}

PWS_PRIVATE void pws_sha1(uint8_t digest[20], const uint8_t text[PWS_SHA1_TEXT], uint32_t cpu) {
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    size_t i;

    pws_sha1_text(state, text, cpu);
    for (i = 0; i < 5; i++)
        pws_sha1_put_word(digest + 4 * i, state[i]);
}
