/* Masking of payloads (RFC 6455 5.3): the plain code says what it is, the rest is faster. */
#include "vector.h"

#if !PWS_BLOCKS

/* Words of eight bytes hold the key twice. Key and data lie in memory in the same order, so the
 * byte order of the machine does not matter. */
static void pws_mask_plain(uint8_t *dst, const uint8_t *src, size_t length, const uint8_t key[4]) {
    uint8_t twice[8];
    uint64_t mask, word[4];
    size_t i = 0;

    memcpy(twice, key, 4);
    memcpy(twice + 4, key, 4);
    memcpy(&mask, twice, 8);
    for (; length - i >= 32; i += 32) {
        memcpy(word, src + i, 32);
        word[0] ^= mask;
        word[1] ^= mask;
        word[2] ^= mask;
        word[3] ^= mask;
        memcpy(dst + i, word, 32);
    }
    for (; length - i >= 8; i += 8) {
        memcpy(word, src + i, 8);
        word[0] ^= mask;
        memcpy(dst + i, word, 8);
    }
    for (; i < length; i++)
        dst[i] = (uint8_t)(src[i] ^ twice[i % 4]);
}

#endif

PWS_PRIVATE void pws_mask_rotate(uint8_t key[4], size_t length) {
    uint8_t twice[8];

    memcpy(twice, key, 4);
    memcpy(twice + 4, key, 4);
    memcpy(key, twice + length % 4, 4);
}

/* ---- With vectors ----
 *
 * Four blocks at a time. The last four are loaded before anything is stored, and stored when all
 * else is: they overlap what the loop has done, and in place that would otherwise be masked twice.
 * So no length needs a loop for what is left over, whose end the processor would have to guess. */

#if PWS_BLOCKS

/* Needs 64 bytes. */
static void pws_mask_blocks(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key) {
    const size_t last = length - 64;
    const pws_block mask = pws_block_of_key(key);
    const pws_block turned = pws_block_of_key(pws_key_at(key, length));
    const pws_block tail = pws_xor(pws_block_load(src + last), turned);
    const pws_block tail_2 = pws_xor(pws_block_load(src + last + 16), turned);
    const pws_block tail_3 = pws_xor(pws_block_load(src + last + 32), turned);
    const pws_block tail_4 = pws_xor(pws_block_load(src + last + 48), turned);
    pws_block a, b, c, d;
    size_t i;

    for (i = 0; i < last; i += 64) {
        if (dst != src)
            pws_fetch(dst + i);
        a = pws_xor(pws_block_load(src + i), mask);
        b = pws_xor(pws_block_load(src + i + 16), mask);
        c = pws_xor(pws_block_load(src + i + 32), mask);
        d = pws_xor(pws_block_load(src + i + 48), mask);
        pws_block_store(dst + i, a);
        pws_block_store(dst + i + 16, b);
        pws_block_store(dst + i + 32, c);
        pws_block_store(dst + i + 48, d);
    }
    pws_block_store(dst + last, tail);
    pws_block_store(dst + last + 16, tail_2);
    pws_block_store(dst + last + 32, tail_3);
    pws_block_store(dst + last + 48, tail_4);
}

#endif

#if PWS_X86

/* The wider ones go on from a multiple of their size, since vectors across two lines of the cache
 * take twice the time. What is before is kept back like the end. */

PWS_WITH_AVX2 static inline __m256i pws_masked32(const uint8_t *src, __m256i mask) {
    __m256i block;

    memcpy(&block, src, 32);
    return _mm256_xor_si256(block, mask);
}

PWS_WITH_AVX2 static inline void pws_store32(uint8_t *dst, __m256i block) {
    memcpy(dst, &block, 32);
}

/* Needs 64 bytes. */
PWS_WITH_AVX2 static void pws_mask_avx2(uint8_t *dst, const uint8_t *src, size_t length,
                                        uint32_t key) {
    const size_t begin = 32 - ((uintptr_t)dst & 31);
    const __m256i mask = _mm256_set1_epi32((int)key);
    const __m256i moved = _mm256_set1_epi32((int)pws_key_at(key, begin));
    const __m256i turned = _mm256_set1_epi32((int)pws_key_at(key, length));
    const __m256i head = pws_masked32(src, mask);
    const __m256i head_2 = pws_masked32(src + 32, mask);
    const __m256i tail = pws_masked32(src + length - 64, turned);
    const __m256i tail_2 = pws_masked32(src + length - 32, turned);
    __m256i tail_3, tail_4, a, b, c, d;
    size_t i;

    if (length > 128) {
        tail_3 = pws_masked32(src + length - 128, turned);
        tail_4 = pws_masked32(src + length - 96, turned);
        for (i = begin; i + 128 < length; i += 128) {
            if (dst != src) {
                pws_fetch(dst + i);
                pws_fetch(dst + i + 64);
            }
            a = pws_masked32(src + i, moved);
            b = pws_masked32(src + i + 32, moved);
            c = pws_masked32(src + i + 64, moved);
            d = pws_masked32(src + i + 96, moved);
            pws_store32(dst + i, a);
            pws_store32(dst + i + 32, b);
            pws_store32(dst + i + 64, c);
            pws_store32(dst + i + 96, d);
        }
        pws_store32(dst + length - 128, tail_3);
        pws_store32(dst + length - 96, tail_4);
    }
    pws_store32(dst, head);
    pws_store32(dst + 32, head_2);
    pws_store32(dst + length - 64, tail);
    pws_store32(dst + length - 32, tail_2);
}

PWS_WITH_AVX512 static inline __m512i pws_masked64(const uint8_t *src, __m512i mask) {
    __m512i block;

    memcpy(&block, src, 64);
    return _mm512_xor_si512(block, mask);
}

PWS_WITH_AVX512 static inline void pws_store64(uint8_t *dst, __m512i block) {
    memcpy(dst, &block, 64);
}

/* Needs 256 bytes. */
PWS_WITH_AVX512 static void pws_mask_long64(uint8_t *dst, const uint8_t *src, size_t length,
                                            uint32_t key) {
    const size_t begin = 64 - ((uintptr_t)dst & 63), last = length - 256;
    const __m512i moved = _mm512_set1_epi32((int)pws_key_at(key, begin));
    const __m512i turned = _mm512_set1_epi32((int)pws_key_at(key, length));
    const __m512i head = pws_masked64(src, _mm512_set1_epi32((int)key));
    const __m512i tail = pws_masked64(src + last, turned);
    const __m512i tail_2 = pws_masked64(src + last + 64, turned);
    const __m512i tail_3 = pws_masked64(src + last + 128, turned);
    const __m512i tail_4 = pws_masked64(src + last + 192, turned);
    __m512i a, b, c, d;
    size_t i;

    for (i = begin; i < last; i += 256) {
        if (dst != src) {
            pws_fetch(dst + i);
            pws_fetch(dst + i + 64);
            pws_fetch(dst + i + 128);
            pws_fetch(dst + i + 192);
        }
        a = pws_masked64(src + i, moved);
        b = pws_masked64(src + i + 64, moved);
        c = pws_masked64(src + i + 128, moved);
        d = pws_masked64(src + i + 192, moved);
        pws_store64(dst + i, a);
        pws_store64(dst + i + 64, b);
        pws_store64(dst + i + 128, c);
        pws_store64(dst + i + 192, d);
    }
    pws_store64(dst, head);
    pws_store64(dst + last, tail);
    pws_store64(dst + last + 64, tail_2);
    pws_store64(dst + last + 128, tail_3);
    pws_store64(dst + last + 192, tail_4);
}

/* Needs 64 bytes. */
PWS_WITH_AVX512 static void pws_mask_avx512(uint8_t *dst, const uint8_t *src, size_t length,
                                            uint32_t key) {
    __m512i mask, turned, head, head_2, tail, tail_2;

    if (length > 256) {
        pws_mask_long64(dst, src, length, key);
        return;
    }
    mask = _mm512_set1_epi32((int)key);
    turned = _mm512_set1_epi32((int)pws_key_at(key, length));
    head = pws_masked64(src, mask);
    tail = pws_masked64(src + length - 64, turned);
    if (length > 128) {
        head_2 = pws_masked64(src + 64, mask);
        tail_2 = pws_masked64(src + length - 128, turned);
        pws_store64(dst + 64, head_2);
        pws_store64(dst + length - 128, tail_2);
    }
    pws_store64(dst, head);
    pws_store64(dst + length - 64, tail);
}

#endif

PWS_PRIVATE void pws_mask(uint8_t *dst, const uint8_t *src, size_t length, const uint8_t key[4],
                          uint32_t cpu) {
#if PWS_BLOCKS
    if (length <= 64) {
        (void)pws_mask_short(dst, src, length, pws_load32(key), 0);
        return;
    }
#if PWS_X86
    if (pws_has(cpu, PWS_CPU_AVX512)) {
        pws_mask_avx512(dst, src, length, pws_load32(key));
        return;
    }
    if (pws_has(cpu, PWS_CPU_AVX2)) {
        pws_mask_avx2(dst, src, length, pws_load32(key));
        return;
    }
#endif
    (void)cpu;
    pws_mask_blocks(dst, src, length, pws_load32(key));
#else
    (void)cpu;
    pws_mask_plain(dst, src, length, key);
#endif
}
