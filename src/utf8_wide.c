/* UTF-8 in vectors of 32 and 64 bytes: what utf8.c says byte by byte. x86-64 alone. */
#include "vector.h"

#if PWS_X86

/* What can be wrong with two bytes in a row is told by three tables of sixteen entries: for the
 * high half of the first byte, its low half, and the high half of the second. A fault is there if
 * all three name it. (The method of Keiser and Lemire, "Validating UTF-8 in less than one
 * instruction per byte", 2020.) */
enum {
    PWS_BAD_SHORT = 1,      /* C0 to FF, then no byte of the middle */
    PWS_BAD_LONG = 2,       /* 00 to 7F, then a byte of the middle */
    PWS_BAD_TWO = 4,        /* C0 or C1: overlong */
    PWS_BAD_THREE = 8,      /* E0, then 80 to 9F: overlong */
    PWS_BAD_SURROGATE = 16, /* ED, then A0 to BF */
    PWS_BAD_LARGE = 32,     /* F4 to FF, then 90 to BF: above U+10FFFF */
    PWS_BAD_FOUR = 64,      /* F0, then 80 to 8F: overlong; F5 to FF, then the same */
    PWS_BAD_MIDDLE = 128,   /* two bytes of the middle: bad unless they are asked for */
    PWS_BAD_ANY = PWS_BAD_SHORT | PWS_BAD_LONG | PWS_BAD_MIDDLE, /* whatever the low half */
    PWS_BAD_5_TO_F = PWS_BAD_ANY | PWS_BAD_LARGE | PWS_BAD_FOUR
};

static const uint8_t pws_first_high_half[16] = {PWS_BAD_LONG,
                                                PWS_BAD_LONG,
                                                PWS_BAD_LONG,
                                                PWS_BAD_LONG,
                                                PWS_BAD_LONG,
                                                PWS_BAD_LONG,
                                                PWS_BAD_LONG,
                                                PWS_BAD_LONG,
                                                PWS_BAD_MIDDLE,
                                                PWS_BAD_MIDDLE,
                                                PWS_BAD_MIDDLE,
                                                PWS_BAD_MIDDLE,
                                                PWS_BAD_SHORT | PWS_BAD_TWO,
                                                PWS_BAD_SHORT,
                                                PWS_BAD_SHORT | PWS_BAD_THREE | PWS_BAD_SURROGATE,
                                                PWS_BAD_SHORT | PWS_BAD_LARGE | PWS_BAD_FOUR};

static const uint8_t pws_first_low_half[16] = {PWS_BAD_ANY | PWS_BAD_TWO | PWS_BAD_THREE |
                                                   PWS_BAD_FOUR,
                                               PWS_BAD_ANY | PWS_BAD_TWO,
                                               PWS_BAD_ANY,
                                               PWS_BAD_ANY,
                                               PWS_BAD_ANY | PWS_BAD_LARGE,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F | PWS_BAD_SURROGATE,
                                               PWS_BAD_5_TO_F,
                                               PWS_BAD_5_TO_F};

static const uint8_t pws_second_high_half[16] = {
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_LONG | PWS_BAD_MIDDLE | PWS_BAD_TWO | PWS_BAD_THREE | PWS_BAD_FOUR,
    PWS_BAD_LONG | PWS_BAD_MIDDLE | PWS_BAD_TWO | PWS_BAD_THREE | PWS_BAD_LARGE,
    PWS_BAD_LONG | PWS_BAD_MIDDLE | PWS_BAD_TWO | PWS_BAD_SURROGATE | PWS_BAD_LARGE,
    PWS_BAD_LONG | PWS_BAD_MIDDLE | PWS_BAD_TWO | PWS_BAD_SURROGATE | PWS_BAD_LARGE,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT,
    PWS_BAD_SHORT};

/* Where long text is worth going on from a multiple of size: vectors across two lines of the cache
 * take twice the time. What is before is done again, as its own block; 0: not worth it. */
static inline size_t pws_text_aligned(const uint8_t *dst, const uint8_t *src, size_t length,
                                      size_t size) {
    uintptr_t address = (uintptr_t)(dst != NULL ? dst : src);

    return length < 512 ? 0 : (size_t)(-address & (size - 1));
}

/* ---- AVX2 ---- */

PWS_WITH_AVX2 static inline __m256i pws_text_load32(const uint8_t *src, __m256i mask) {
    __m256i block;

    memcpy(&block, src, 32);
    return _mm256_xor_si256(block, mask);
}

PWS_WITH_AVX2 static inline void pws_text_store32(uint8_t *dst, __m256i block) {
    memcpy(dst, &block, 32);
}

PWS_WITH_AVX2 static inline __m256i pws_look_up32(const uint8_t table[16], __m256i halves) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(pws_block_load(table)), halves);
}

/* Bits are set in bytes that can't stand where they are. before: the block in front. */
PWS_WITH_AVX2 static inline __m256i pws_text_errors32(__m256i block, __m256i before) {
    const __m256i low_half = _mm256_set1_epi8(0x0F);
    const __m256i joint = _mm256_permute2x128_si256(before, block, 0x21);
    const __m256i one = _mm256_alignr_epi8(block, joint, 15);
    const __m256i two = _mm256_alignr_epi8(block, joint, 14);
    const __m256i three = _mm256_alignr_epi8(block, joint, 13);
    const __m256i one_high = _mm256_and_si256(_mm256_srli_epi16(one, 4), low_half);
    const __m256i one_low = _mm256_and_si256(one, low_half);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(block, 4), low_half);
    const __m256i first = _mm256_and_si256(pws_look_up32(pws_first_high_half, one_high),
                                           pws_look_up32(pws_first_low_half, one_low));
    const __m256i fault = _mm256_and_si256(first, pws_look_up32(pws_second_high_half, high));
    /* The highest bit, of PWS_BAD_MIDDLE: a third or fourth byte is asked for. */
    const __m256i asked = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0xE0 - 0x80)),
                                          _mm256_subs_epu8(three, _mm256_set1_epi8(0xF0 - 0x80)));

    return _mm256_xor_si256(fault, _mm256_and_si256(asked, _mm256_set1_epi8((char)0x80)));
}

/* The same, of one block and of two in a row. Where all is ASCII, and was before, there is nothing
 * to look for. */
PWS_WITH_AVX2 static inline __m256i pws_text_one32(__m256i block, __m256i before) {
    if (_mm256_movemask_epi8(_mm256_or_si256(block, before)) == 0)
        return _mm256_setzero_si256();
    return pws_text_errors32(block, before);
}

PWS_WITH_AVX2 static inline __m256i pws_text_pair32(__m256i a, __m256i b, __m256i before) {
    if (_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(a, b), before)) == 0)
        return _mm256_setzero_si256();
    return _mm256_or_si256(pws_text_errors32(a, before), pws_text_errors32(b, a));
}

/* 32 to 64 bytes: two blocks that overlap. */
PWS_WITH_AVX2 static int pws_text_two32(uint8_t *dst, const uint8_t *src, size_t length,
                                        uint32_t key) {
    const size_t last = length - 32;
    const __m256i head = pws_text_load32(src, _mm256_set1_epi32((int)key));
    const __m256i turned = _mm256_set1_epi32((int)pws_key_at(key, length));
    const __m256i tail = pws_text_load32(src + last, turned);
    const __m256i front = _mm256_set1_epi32((int)pws_text_before(src, last, key));
    __m256i errors;

    if (dst != NULL) {
        pws_text_store32(dst, head);
        pws_text_store32(dst + last, tail);
    }
    errors = pws_text_one32(head, _mm256_setzero_si256());
    errors = _mm256_or_si256(errors, pws_text_one32(tail, front));
    return _mm256_testz_si256(errors, errors);
}

/* More: from pair to pair, and a last pair that overlaps. */
PWS_WITH_AVX2 static int pws_text_long32(uint8_t *dst, const uint8_t *src, size_t length,
                                         uint32_t key) {
    const size_t last = length - 64, begin = pws_text_aligned(dst, src, length, 32);
    const __m256i zero = _mm256_setzero_si256();
    const __m256i mask = _mm256_set1_epi32((int)pws_key_at(key, begin));
    const __m256i turned = _mm256_set1_epi32((int)pws_key_at(key, length));
    const __m256i front = _mm256_set1_epi32((int)pws_text_before(src, last, key));
    const __m256i head = pws_text_load32(src, _mm256_set1_epi32((int)key));
    const __m256i tail = pws_text_load32(src + last, turned);
    const __m256i tail_2 = pws_text_load32(src + last + 32, turned);
    __m256i errors = zero, before = zero, a, b;
    size_t i;

    if (begin != 0) {
        errors = pws_text_one32(head, zero);
        before = _mm256_set1_epi32((int)pws_text_before(src, begin, key));
    }
    for (i = begin; i < last; i += 64) {
        a = pws_text_load32(src + i, mask);
        b = pws_text_load32(src + i + 32, mask);
        if (dst != NULL) {
            pws_fetch(dst + i);
            pws_text_store32(dst + i, a);
            pws_text_store32(dst + i + 32, b);
        }
        errors = _mm256_or_si256(errors, pws_text_pair32(a, b, before));
        before = b;
    }
    if (dst != NULL) {
        pws_text_store32(dst, head);
        pws_text_store32(dst + last, tail);
        pws_text_store32(dst + last + 32, tail_2);
    }
    errors = _mm256_or_si256(errors, pws_text_pair32(tail, tail_2, front));
    return _mm256_testz_si256(errors, errors);
}

PWS_WITH_AVX2 PWS_PRIVATE int pws_text_avx2(uint8_t *dst, const uint8_t *src, size_t length,
                                            uint32_t key) {
    if (length <= 64)
        return pws_text_two32(dst, src, length, key);
    return pws_text_long32(dst, src, length, key);
}

/* ---- AVX-512: the same in 64 bytes ----
 *
 * Two intrinsics are those with a mask, of all ones, for the other ones are written with a variable
 * that is never set, of which some compilers warn. */

PWS_WITH_AVX512 static inline __m512i pws_text_load64(const uint8_t *src, __m512i mask) {
    __m512i block;

    memcpy(&block, src, 64);
    return _mm512_xor_si512(block, mask);
}

PWS_WITH_AVX512 static inline void pws_text_store64(uint8_t *dst, __m512i block) {
    memcpy(dst, &block, 64);
}

PWS_WITH_AVX512 static inline __m512i pws_look_up64(const uint8_t table[16], __m512i halves) {
    return _mm512_shuffle_epi8(_mm512_maskz_broadcast_i32x4(0xFFFF, pws_block_load(table)), halves);
}

PWS_WITH_AVX512 static inline __m512i pws_text_errors64(__m512i block, __m512i before) {
    const __m512i low_half = _mm512_set1_epi8(0x0F);
    const __m512i joint = _mm512_maskz_alignr_epi64(0xFF, block, before, 6);
    const __m512i one = _mm512_alignr_epi8(block, joint, 15);
    const __m512i two = _mm512_alignr_epi8(block, joint, 14);
    const __m512i three = _mm512_alignr_epi8(block, joint, 13);
    const __m512i one_high = _mm512_and_si512(_mm512_srli_epi16(one, 4), low_half);
    const __m512i one_low = _mm512_and_si512(one, low_half);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(block, 4), low_half);
    const __m512i first = _mm512_and_si512(pws_look_up64(pws_first_high_half, one_high),
                                           pws_look_up64(pws_first_low_half, one_low));
    const __m512i fault = _mm512_and_si512(first, pws_look_up64(pws_second_high_half, high));
    const __m512i asked = _mm512_or_si512(_mm512_subs_epu8(two, _mm512_set1_epi8(0xE0 - 0x80)),
                                          _mm512_subs_epu8(three, _mm512_set1_epi8(0xF0 - 0x80)));

    return _mm512_xor_si512(fault, _mm512_and_si512(asked, _mm512_set1_epi8((char)0x80)));
}

PWS_WITH_AVX512 static inline __m512i pws_text_one64(__m512i block, __m512i before) {
    if (_mm512_movepi8_mask(_mm512_or_si512(block, before)) == 0)
        return _mm512_setzero_si512();
    return pws_text_errors64(block, before);
}

PWS_WITH_AVX512 static inline __m512i pws_text_pair64(__m512i a, __m512i b, __m512i before) {
    if (_mm512_movepi8_mask(_mm512_or_si512(_mm512_or_si512(a, b), before)) == 0)
        return _mm512_setzero_si512();
    return _mm512_or_si512(pws_text_errors64(a, before), pws_text_errors64(b, a));
}

/* 64 to 128 bytes: two blocks that overlap. */
PWS_WITH_AVX512 static int pws_text_two64(uint8_t *dst, const uint8_t *src, size_t length,
                                          uint32_t key) {
    const size_t last = length - 64;
    const __m512i head = pws_text_load64(src, _mm512_set1_epi32((int)key));
    const __m512i turned = _mm512_set1_epi32((int)pws_key_at(key, length));
    const __m512i tail = pws_text_load64(src + last, turned);
    __m512i front, errors;

    front = _mm512_set1_epi32((int)pws_text_before(src, last, key));
    if (dst != NULL) {
        pws_text_store64(dst, head);
        pws_text_store64(dst + last, tail);
    }
    if (_mm512_movepi8_mask(_mm512_or_si512(head, tail)) == 0)
        return 1;
    errors = _mm512_or_si512(pws_text_errors64(head, _mm512_setzero_si512()),
                             pws_text_errors64(tail, front));
    return _mm512_test_epi8_mask(errors, errors) == 0;
}

/* More: from pair to pair, and a last pair that overlaps. */
PWS_WITH_AVX512 static int pws_text_long64(uint8_t *dst, const uint8_t *src, size_t length,
                                           uint32_t key) {
    const size_t last = length - 128, begin = pws_text_aligned(dst, src, length, 64);
    const __m512i zero = _mm512_setzero_si512();
    const __m512i mask = _mm512_set1_epi32((int)pws_key_at(key, begin));
    const __m512i turned = _mm512_set1_epi32((int)pws_key_at(key, length));
    const __m512i front = _mm512_set1_epi32((int)pws_text_before(src, last, key));
    const __m512i head = pws_text_load64(src, _mm512_set1_epi32((int)key));
    const __m512i tail = pws_text_load64(src + last, turned);
    const __m512i tail_2 = pws_text_load64(src + last + 64, turned);
    __m512i errors = zero, before = zero, a, b;
    size_t i;

    if (begin != 0) {
        errors = pws_text_one64(head, zero);
        before = _mm512_set1_epi32((int)pws_text_before(src, begin, key));
    }
    for (i = begin; i < last; i += 128) {
        a = pws_text_load64(src + i, mask);
        b = pws_text_load64(src + i + 64, mask);
        if (dst != NULL) {
            pws_fetch(dst + i);
            pws_fetch(dst + i + 64);
            pws_text_store64(dst + i, a);
            pws_text_store64(dst + i + 64, b);
        }
        errors = _mm512_or_si512(errors, pws_text_pair64(a, b, before));
        before = b;
    }
    if (dst != NULL) {
        pws_text_store64(dst, head);
        pws_text_store64(dst + last, tail);
        pws_text_store64(dst + last + 64, tail_2);
    }
    errors = _mm512_or_si512(errors, pws_text_pair64(tail, tail_2, front));
    return _mm512_test_epi8_mask(errors, errors) == 0;
}

PWS_WITH_AVX512 PWS_PRIVATE int pws_text_avx512(uint8_t *dst, const uint8_t *src, size_t length,
                                                uint32_t key) {
    if (length <= 128)
        return pws_text_two64(dst, src, length, key);
    return pws_text_long64(dst, src, length, key);
}

#endif
