/* What the leaves with vector code share: which of it is compiled, how it is chosen, and blocks of
 * 16 bytes, which SSE2 on x86-64 and NEON on AArch64 have always. Wider ones are chosen by cpu, the
 * bits of PWS_CPU_ that pws_config holds. PWS_NO_SIMD, a freestanding build, another compiler or
 * another machine leaves the plain code alone. */
#ifndef PWS_VECTOR_H
#define PWS_VECTOR_H

#include "internal.h"

#define PWS_X86 0
#define PWS_NEON 0
#if !defined(PWS_NO_SIMD) && defined(__GNUC__) && defined(__STDC_HOSTED__) && __STDC_HOSTED__
#if defined(__x86_64__) && defined(__SSE2__)
#undef PWS_X86
#define PWS_X86 1
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__AARCH64EL__)
#undef PWS_NEON
#define PWS_NEON 1
#include <arm_neon.h>
#endif
#endif
#define PWS_BLOCKS (PWS_X86 || PWS_NEON)

/* ---- Text of heads, plain: see below ---- */

/* Without memcmp, which compilers may turn into bcmp where only equality is asked for. */
static inline int pws_same_plain(const char *a, const char *b, size_t length) {
    size_t i = 0;

    while (i < length && a[i] == b[i])
        i++;
    return i == length;
}

/* The index from i on of the first character that is no letter, hyphen or underscore, or the
 * length. Tokens and host names are mostly of these alone. */
static inline size_t pws_words_end_plain(pws_str text, size_t i) {
    while (i < text.len && (pws_is_letter(text.ptr[i]) || text.ptr[i] == '-' || text.ptr[i] == '_'))
        i++;
    return i;
}

#if PWS_X86

/* A function marked so may use these instructions, whatever the rest is compiled for; nothing but
 * pws_has may lead to it. Where all is compiled for them, it needs no mark and can be inlined. */
#if defined(__AVX2__)
#define PWS_WITH_AVX2
#define PWS_COMPILED_AVX2 PWS_CPU_AVX2
#else
#define PWS_WITH_AVX2 __attribute__((target("avx2")))
#define PWS_COMPILED_AVX2 0
#endif
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VBMI__)
#define PWS_WITH_AVX512
#define PWS_COMPILED_AVX512 PWS_CPU_AVX512
#else
#define PWS_WITH_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi")))
#define PWS_COMPILED_AVX512 0
#endif
#if defined(__SHA__) && defined(__SSE4_1__)
#define PWS_WITH_SHA
#define PWS_COMPILED_SHA PWS_CPU_SHA
#else
#define PWS_WITH_SHA __attribute__((target("sha,sse4.1")))
#define PWS_COMPILED_SHA 0
#endif

/* Whether these instructions are there: known by the compiler, or said by the program. */
static inline int pws_has(uint32_t cpu, uint32_t feature) {
    const uint32_t compiled = PWS_COMPILED_AVX2 | PWS_COMPILED_AVX512 | PWS_COMPILED_SHA;

    return ((cpu | compiled) & feature) != 0;
}

#endif

/* ---- Blocks of 16 bytes ---- */

#if PWS_X86

typedef __m128i pws_block;

static inline pws_block pws_block_of(uint8_t byte) {
    return _mm_set1_epi8((char)byte);
}

/* The key of a mask, four times. */
static inline pws_block pws_block_of_key(uint32_t key) {
    return _mm_set1_epi32((int)key);
}

static inline pws_block pws_block_of_words(uint64_t low, uint64_t high) {
    return _mm_set_epi64x((long long)high, (long long)low);
}

static inline pws_block pws_xor(pws_block a, pws_block b) {
    return _mm_xor_si128(a, b);
}

static inline pws_block pws_or(pws_block a, pws_block b) {
    return _mm_or_si128(a, b);
}

static inline pws_block pws_and(pws_block a, pws_block b) {
    return _mm_and_si128(a, b);
}

/* a and not b. */
static inline pws_block pws_without(pws_block a, pws_block b) {
    return _mm_andnot_si128(b, a);
}

/* Bytes of ones where they are equal. */
static inline pws_block pws_equal(pws_block a, pws_block b) {
    return _mm_cmpeq_epi8(a, b);
}

/* Bytes of ones where a < b, both read as signed: 80 to FF come before 00 to 7F. */
static inline pws_block pws_less(pws_block a, pws_block b) {
    return _mm_cmplt_epi8(a, b);
}

/* a - b, not below 0. */
static inline pws_block pws_reduce(pws_block a, pws_block b) {
    return _mm_subs_epu8(a, b);
}

/* The block that begins one byte earlier, and two, and three: before is what stands in front. */
static inline pws_block pws_one_back(pws_block block, pws_block before) {
    return _mm_or_si128(_mm_slli_si128(block, 1), _mm_srli_si128(before, 15));
}

static inline pws_block pws_two_back(pws_block block, pws_block before) {
    return _mm_or_si128(_mm_slli_si128(block, 2), _mm_srli_si128(before, 14));
}

static inline pws_block pws_three_back(pws_block block, pws_block before) {
    return _mm_or_si128(_mm_slli_si128(block, 3), _mm_srli_si128(before, 13));
}

/* Whether the highest bit of any byte is set. */
static inline int pws_any_high(pws_block a) {
    return _mm_movemask_epi8(a) != 0;
}

/* The index of the first byte with its highest bit set, or 16. */
static inline size_t pws_first_high(pws_block a) {
    return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(a) | 0x10000u);
}

#elif PWS_NEON

typedef uint8x16_t pws_block;

static inline pws_block pws_block_of(uint8_t byte) {
    return vdupq_n_u8(byte);
}

static inline pws_block pws_block_of_key(uint32_t key) {
    return vreinterpretq_u8_u32(vdupq_n_u32(key));
}

static inline pws_block pws_block_of_words(uint64_t low, uint64_t high) {
    return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)));
}

static inline pws_block pws_xor(pws_block a, pws_block b) {
    return veorq_u8(a, b);
}

static inline pws_block pws_or(pws_block a, pws_block b) {
    return vorrq_u8(a, b);
}

static inline pws_block pws_and(pws_block a, pws_block b) {
    return vandq_u8(a, b);
}

static inline pws_block pws_without(pws_block a, pws_block b) {
    return vbicq_u8(a, b);
}

static inline pws_block pws_equal(pws_block a, pws_block b) {
    return vceqq_u8(a, b);
}

static inline pws_block pws_less(pws_block a, pws_block b) {
    return vcltq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b));
}

static inline pws_block pws_reduce(pws_block a, pws_block b) {
    return vqsubq_u8(a, b);
}

static inline pws_block pws_one_back(pws_block block, pws_block before) {
    return vextq_u8(before, block, 15);
}

static inline pws_block pws_two_back(pws_block block, pws_block before) {
    return vextq_u8(before, block, 14);
}

static inline pws_block pws_three_back(pws_block block, pws_block before) {
    return vextq_u8(before, block, 13);
}

static inline int pws_any_high(pws_block a) {
    return vmaxvq_u8(a) >= 0x80;
}

/* NEON gathers no bits, but narrows each byte to four of them. */
static inline size_t pws_first_high(pws_block a) {
    uint8x16_t ones = vreinterpretq_u8_s8(vshrq_n_s8(vreinterpretq_s8_u8(a), 7));
    uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(ones), 4);
    uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(nibbles), 0);

    return bits == 0 ? 16 : (size_t)__builtin_ctzll(bits) / 4;
}

#endif

#if PWS_BLOCKS

static inline pws_block pws_block_load(const uint8_t *bytes) {
    pws_block block;

    memcpy(&block, bytes, 16);
    return block;
}

static inline void pws_block_store(uint8_t *bytes, pws_block block) {
    memcpy(bytes, &block, 16);
}

static inline uint64_t pws_load64(const uint8_t *bytes) {
    uint64_t word;

    memcpy(&word, bytes, 8);
    return word;
}

static inline uint32_t pws_load32(const uint8_t *bytes) {
    uint32_t word;

    memcpy(&word, bytes, 4);
    return word;
}

/* Where a message is gathered, memory is seldom in the cache: asks for the line that will be
 * written soon. Such a hint can't fault, so it may lie behind the end. */
static inline void pws_fetch(const uint8_t *at) {
    __builtin_prefetch((const void *)((uintptr_t)at + 512), 1);
}

/* ---- Text of heads ---- */

static inline int pws_same(const char *a, const char *b, size_t length) {
    size_t i;

    if (length < 8)
        return pws_same_plain(a, b, length);
    for (i = 0; length - i > 8; i += 8)
        if (pws_load64((const uint8_t *)a + i) != pws_load64((const uint8_t *)b + i))
            return 0;
    i = length - 8; /* the last eight overlap what has been compared */
    return pws_load64((const uint8_t *)a + i) == pws_load64((const uint8_t *)b + i);
}

static inline size_t pws_words_end(pws_str text, size_t i) {
    pws_block block, lower, other;

    while (text.len - i >= 16) {
        block = pws_block_load((const uint8_t *)text.ptr + i);
        lower = pws_or(block, pws_block_of('a' - 'A'));
        other = pws_or(pws_less(lower, pws_block_of('a')), pws_less(pws_block_of('z'), lower));
        other = pws_without(other, pws_equal(block, pws_block_of('-')));
        other = pws_without(other, pws_equal(block, pws_block_of('_')));
        if (pws_any_high(other))
            return i + pws_first_high(other);
        i += 16;
    }
    return pws_words_end_plain(text, i);
}

/* ---- Masking of little, for where a call would cost as much as the work ---- */

/* The key for the bytes from `length` on, as pws_mask_rotate. Machines with blocks here are
 * little-endian. */
static inline uint32_t pws_key_at(uint32_t key, size_t length) {
    unsigned bits = 8 * (unsigned)(length % 4);

    return key >> bits | key << (-bits & 31);
}

/* Masks 1 to 16 bytes, loading all before storing any; two words overlap in the middle. If text is
 * not 0, only where all become ASCII: returns 0, with nothing stored, where they don't. dst may be
 * NULL: then nothing is stored. */
static inline int pws_mask_words(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key,
                                 int text) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint32_t turned = pws_key_at(key, length), c, d;
    uint64_t a, b;

    if (length >= 8) {
        a = pws_load64(src) ^ (key | (uint64_t)key << 32);
        b = pws_load64(src + length - 8) ^ (turned | (uint64_t)turned << 32);
        if (text && ((a | b) & high) != 0)
            return 0;
        if (dst != NULL) {
            memcpy(dst, &a, 8);
            memcpy(dst + length - 8, &b, 8);
        }
    } else if (length >= 4) {
        c = pws_load32(src) ^ key;
        d = pws_load32(src + length - 4) ^ turned;
        if (text && ((c | d) & (uint32_t)high) != 0)
            return 0;
        if (dst != NULL) {
            memcpy(dst, &c, 4);
            memcpy(dst + length - 4, &d, 4);
        }
    } else {
        c = src[0] | (uint32_t)src[length / 2] << 8 | (uint32_t)src[length - 1] << 16;
        c ^= (key & 0xFF) | (key >> 8 * (length / 2) & 0xFF) << 8 | (turned >> 24) << 16;
        if (text && (c & (uint32_t)high) != 0)
            return 0;
        if (dst != NULL) {
            dst[0] = (uint8_t)c;
            dst[length / 2] = (uint8_t)(c >> 8);
            dst[length - 1] = (uint8_t)(c >> 16);
        }
    }
    return 1;
}

/* As pws_mask_words, for 0 to 64 bytes. */
static inline int pws_mask_short(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key,
                                 int text) {
    const pws_block front = pws_block_of_key(key);
    const pws_block back = pws_block_of_key(pws_key_at(key, length));
    pws_block a, b, c, d;

    if (length <= 16)
        return length == 0 || pws_mask_words(dst, src, length, key, text);
    a = pws_xor(pws_block_load(src), front);
    d = pws_xor(pws_block_load(src + length - 16), back);
    b = length > 32 ? pws_xor(pws_block_load(src + 16), front) : a;
    c = length > 32 ? pws_xor(pws_block_load(src + length - 32), back) : d;
    if (text && pws_any_high(pws_or(pws_or(a, b), pws_or(c, d))))
        return 0;
    if (dst != NULL) {
        if (length > 32) {
            pws_block_store(dst + 16, b);
            pws_block_store(dst + length - 32, c);
        }
        pws_block_store(dst, a);
        pws_block_store(dst + length - 16, d);
    }
    return 1;
}

/* Copies 64 bytes to another place. */
static inline void pws_copy64(uint8_t *dst, const uint8_t *src) {
    pws_block_store(dst, pws_block_load(src));
    pws_block_store(dst + 16, pws_block_load(src + 16));
    pws_block_store(dst + 32, pws_block_load(src + 32));
    pws_block_store(dst + 48, pws_block_load(src + 48));
}

/* Copies up to 16 bytes to another place. */
static inline void pws_copy_words(uint8_t *dst, const uint8_t *src, size_t length) {
    if (length >= 8) {
        memcpy(dst, src, 8);
        memcpy(dst + length - 8, src + length - 8, 8);
    } else if (length >= 4) {
        memcpy(dst, src, 4);
        memcpy(dst + length - 4, src + length - 4, 4);
    } else if (length != 0) {
        dst[0] = src[0];
        dst[length / 2] = src[length / 2];
        dst[length - 1] = src[length - 1];
    }
}

/* Copies up to 128 bytes to another place. */
static inline void pws_copy_short(uint8_t *dst, const uint8_t *src, size_t length) {
    if (length <= 16) {
        pws_copy_words(dst, src, length);
        return;
    }
    if (length > 64) {
        pws_copy64(dst, src);
        pws_copy64(dst + length - 64, src + length - 64);
        return;
    }
    pws_block_store(dst, pws_block_load(src));
    if (length > 32) {
        pws_block_store(dst + 16, pws_block_load(src + 16));
        pws_block_store(dst + length - 32, pws_block_load(src + length - 32));
    }
    pws_block_store(dst + length - 16, pws_block_load(src + length - 16));
}

/* ---- Text ----
 *
 * Functions pws_text_... unmask text from src to dst, or the same place, and return 1 if it is
 * UTF-8. It begins between characters and may end inside one, even with a byte that begins none:
 * pws_utf8_cut finds both. dst may be NULL, with a key of 0: then it is only read. Otherwise all of
 * it is stored, whatever it is. */

/* The four bytes of text before src[at], as the end of a block; zeros in front of the text. */
static inline uint32_t pws_text_before(const uint8_t *src, size_t at, uint32_t key) {
    if (at >= 4)
        return pws_load32(src + at - 4) ^ pws_key_at(key, at);
    return (uint32_t)((uint64_t)(pws_load32(src) ^ key) << (32 - 8 * at));
}

/* utf8.c. Needs 16 bytes. */
PWS_PRIVATE int pws_text_blocks(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key);

#if PWS_X86
/* utf8_wide.c. They need 32 and 64 bytes, and what they are named after. */
PWS_PRIVATE int pws_text_avx2(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key);
PWS_PRIVATE int pws_text_avx512(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key);
#endif

#else

static inline int pws_same(const char *a, const char *b, size_t length) {
    return pws_same_plain(a, b, length);
}

static inline size_t pws_words_end(pws_str text, size_t i) {
    return pws_words_end_plain(text, i);
}

#endif

#endif
