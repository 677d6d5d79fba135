/* SHA-1 (RFC 3174), for Sec-WebSocket-Accept alone (RFC 6455 4.2.2), where its weakness is no
 * harm (RFC 6455 10.8). */
#include "vector.h"

static uint32_t pws_sha1_rotate(uint32_t word, unsigned bits) {
    return word << bits | word >> (32 - bits);
}

/* Mixes one block of 64 bytes into the state (RFC 3174 6.1). */
static void pws_sha1_block_plain(uint32_t state[5], const uint8_t *block) {
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

#if PWS_X86

/* The same, four words and four rounds to an instruction. What becomes of e in four rounds is a,
 * rotated, from before them: so `before` begins with the e that rotates into ours. */
PWS_WITH_SHA static void pws_sha1_block_sha(uint32_t state[5], const uint8_t *block) {
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090A0B0C0D0E0F);
    __m128i w[4], next = order, abcd, before, e, first;
    uint32_t old_e = state[4];
    size_t t;

#if defined(__AVX__)
    /* These instructions know no AVX: where upper halves of registers are in use, each waits. */
    _mm256_zeroupper();
#endif
    for (t = 0; t < 4; t++)
        w[t] = _mm_shuffle_epi8(pws_block_load(block + 16 * t), order);
    memcpy(&abcd, state, 16);
    abcd = first = _mm_shuffle_epi32(abcd, 0x1B);
    before = _mm_set_epi32((int)pws_sha1_rotate(old_e, 2), 0, 0, 0);
    for (t = 0; t < 20; t++) {
        e = _mm_sha1nexte_epu32(before, w[0]);
        before = abcd;
        if (t < 5)
            abcd = _mm_sha1rnds4_epu32(abcd, e, 0);
        else if (t < 10)
            abcd = _mm_sha1rnds4_epu32(abcd, e, 1);
        else if (t < 15)
            abcd = _mm_sha1rnds4_epu32(abcd, e, 2);
        else
            abcd = _mm_sha1rnds4_epu32(abcd, e, 3);
        if (t < 16)
            next = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(w[0], w[1]), w[2]), w[3]);
        w[0] = w[1];
        w[1] = w[2];
        w[2] = w[3];
        w[3] = next;
    }
    e = _mm_sha1nexte_epu32(before, _mm_set_epi32((int)old_e, 0, 0, 0));
    state[4] = (uint32_t)_mm_extract_epi32(e, 3);
    abcd = _mm_shuffle_epi32(_mm_add_epi32(abcd, first), 0x1B);
    memcpy(state, &abcd, 16);
}

#endif

static void pws_sha1_block(uint32_t state[5], const uint8_t *block, uint32_t cpu) {
#if PWS_X86
    if (pws_has(cpu, PWS_CPU_SHA)) {
        pws_sha1_block_sha(state, block);
        return;
    }
#endif
    (void)cpu;
    pws_sha1_block_plain(state, block);
}

static void pws_sha1_put_word(uint8_t *out, uint32_t word) {
    out[0] = (uint8_t)(word >> 24);
    out[1] = (uint8_t)(word >> 16);
    out[2] = (uint8_t)(word >> 8);
    out[3] = (uint8_t)word;
}

PWS_PRIVATE void pws_sha1(uint8_t digest[20], const uint8_t *data, size_t length, uint32_t cpu) {
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint64_t bits = (uint64_t)length * 8;
    uint8_t last[128];
    size_t i, end;

    for (i = 0; i + 64 <= length; i += 64)
        pws_sha1_block(state, data + i, cpu);

    /* What is left, a bit 1, zeros, and the length in bits end the last one or two blocks (4). */
    length -= i;
    end = length < 56 ? 56 : 120;
    if (length != 0)
        memcpy(last, data + i, length);
    last[length] = 0x80;
    memset(last + length + 1, 0, end - (length + 1));
    pws_sha1_put_word(last + end, (uint32_t)(bits >> 32));
    pws_sha1_put_word(last + end + 4, (uint32_t)bits);
    pws_sha1_block(state, last, cpu);
    if (end == 120)
        pws_sha1_block(state, last + 64, cpu);

    for (i = 0; i < 5; i++)
        pws_sha1_put_word(digest + 4 * i, state[i]);
}
