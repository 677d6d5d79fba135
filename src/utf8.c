/* UTF-8 (RFC 3629), judged byte by byte, so that text may be cut anywhere (RFC 6455 5.6, 8.1); and
 * with vectors, which judge whole characters and leave it to the plain code to find out where a
 * text that is not UTF-8 goes wrong. */
#include "vector.h"

/* The state inside a character: how many bytes are still to come, and the range of the next one. */
#define PWS_UTF8_EXPECT(count, low, high) ((uint32_t)(count) << 16 | (low) << 8 | (high))
/* After an impossible byte: no byte lies in this range, so that nothing can follow. */
#define PWS_UTF8_IMPOSSIBLE PWS_UTF8_EXPECT(1, 0xFFu, 0u)

/* The state after the first byte of a character, by the table of RFC 3629 4. */
static uint32_t pws_utf8_first(uint8_t byte) {
    if (byte < 0x80)
        return 0;
    if (byte < 0xC2) /* a byte of the middle, or overlong: below U+0080 */
        return PWS_UTF8_IMPOSSIBLE;
    if (byte < 0xE0)
        return PWS_UTF8_EXPECT(1, 0x80u, 0xBFu);
    if (byte == 0xE0) /* 80 to 9F: overlong, below U+0800 */
        return PWS_UTF8_EXPECT(2, 0xA0u, 0xBFu);
    if (byte == 0xED) /* A0 to BF: surrogates, U+D800 to U+DFFF */
        return PWS_UTF8_EXPECT(2, 0x80u, 0x9Fu);
    if (byte < 0xF0)
        return PWS_UTF8_EXPECT(2, 0x80u, 0xBFu);
    if (byte == 0xF0) /* 80 to 8F: overlong, below U+10000 */
        return PWS_UTF8_EXPECT(3, 0x90u, 0xBFu);
    if (byte < 0xF4)
        return PWS_UTF8_EXPECT(3, 0x80u, 0xBFu);
    if (byte == 0xF4) /* 90 to BF: above U+10FFFF */
        return PWS_UTF8_EXPECT(3, 0x80u, 0x8Fu);
    return PWS_UTF8_IMPOSSIBLE;
}

/* The state after one more byte. */
static uint32_t pws_utf8_step(uint32_t state, uint8_t byte) {
    uint32_t count = state >> 16, low = state >> 8 & 0xFF, high = state & 0xFF;

    if (state == 0)
        return pws_utf8_first(byte);
    if (byte < low || byte > high)
        return PWS_UTF8_IMPOSSIBLE;
    return count == 1 ? 0 : PWS_UTF8_EXPECT(count - 1, 0x80u, 0xBFu);
}

/* How many bytes at the front are ASCII. */
static size_t pws_utf8_ascii(const uint8_t *bytes, size_t length) {
    uint64_t word[2];
    size_t i = 0;

    for (; length - i >= 16; i += 16) {
        memcpy(word, bytes + i, 16);
        if ((word[0] | word[1]) & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < length && bytes[i] < 0x80)
        i++;
    return i;
}

/* The next three: 1 where a character of that many bytes begins, all of which can be read. */

static int pws_utf8_is_two(const uint8_t *bytes) {
    return bytes[0] >= 0xC2 && bytes[0] <= 0xDF && (bytes[1] & 0xC0) == 0x80;
}

static int pws_utf8_is_three(const uint8_t *bytes) {
    uint32_t code = (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6;
    uint32_t marks = (bytes[0] & 0xF0u) << 16 | (bytes[1] & 0xC0u) << 8 | (bytes[2] & 0xC0u);

    return marks == 0xE08080 && code >= 0x800 && (code < 0xD800 || code > 0xDFFF);
}

static int pws_utf8_is_four(const uint8_t *bytes) {
    uint32_t code = (bytes[0] & 0x07u) << 18 | (bytes[1] & 0x3Fu) << 12;
    uint32_t marks = (bytes[0] & 0xF8u) << 24 | (bytes[1] & 0xC0u) << 16 | (bytes[2] & 0xC0u) << 8 |
                     (bytes[3] & 0xC0u);

    return marks == 0xF0808080 && code >= 0x10000 && code <= 0x10FFFF;
}

/* How many bytes at the front are whole characters. It may stop early and judges nothing: what it
 * leaves goes through pws_utf8_step. A loop for each size, since text keeps to one for a while. */
static size_t pws_utf8_whole(const uint8_t *bytes, size_t length) {
    size_t i = 0, begin;

    do {
        begin = i;
        i += pws_utf8_ascii(bytes + i, length - i);
        while (length - i >= 2 && pws_utf8_is_two(bytes + i))
            i += 2;
        while (length - i >= 3 && pws_utf8_is_three(bytes + i))
            i += 3;
        while (length - i >= 4 && pws_utf8_is_four(bytes + i))
            i += 4;
    } while (i != begin);
    return i;
}

static size_t pws_utf8_plain(uint32_t *state, const uint8_t *bytes, size_t length) {
    size_t i = 0;

    while (i < length) {
        if (*state == 0)
            i += pws_utf8_whole(bytes + i, length - i);
        if (i == length)
            break;
        *state = pws_utf8_step(*state, bytes[i]);
        if (*state == PWS_UTF8_IMPOSSIBLE)
            break;
        i++;
    }
    return i;
}

#if !PWS_BLOCKS

PWS_PRIVATE size_t pws_utf8_scan(uint32_t *state, const uint8_t *bytes, size_t length,
                                 uint32_t cpu) {
    (void)cpu;
    return pws_utf8_plain(state, bytes, length);
}

PWS_PRIVATE int pws_mask_whole_text(uint8_t *dst, const uint8_t *src, size_t length,
                                    const uint8_t key[4], uint32_t cpu) {
    uint32_t state = 0;

    return pws_mask_text(dst, src, length, key, &state, cpu) == length && state == 0;
}

/* In pieces, so that what has been unmasked is still near when it is read. */
PWS_PRIVATE size_t pws_mask_text(uint8_t *dst, const uint8_t *src, size_t length,
                                 const uint8_t key[4], uint32_t *state, uint32_t cpu) {
    size_t i, part, good = 0;

    for (i = 0; i < length && good == i; i += part) {
        part = length - i < 4096 ? length - i : 4096;
        pws_mask(dst + i, src + i, part, key, cpu);
        good += pws_utf8_plain(state, dst + i, part);
    }
    if (i < length)
        pws_mask(dst + i, src + i, length - i, key, cpu);
    return good;
}

#else

/* ---- With vectors: see vector.h for what functions called pws_text_... do ---- */

/* Bytes that can't stand where they are have their highest bit set. before: the block in front. */
static inline pws_block pws_text_errors(pws_block block, pws_block before) {
    const pws_block one = pws_one_back(block, before);
    /* The highest bit: the first byte of a character, one, two or three back, asks for a byte of
     * the middle (80 to BF) here; and whether there is one. */
    const pws_block asked =
        pws_or(pws_reduce(one, pws_block_of(0xC0 - 0x80)),
               pws_or(pws_reduce(pws_two_back(block, before), pws_block_of(0xE0 - 0x80)),
                      pws_reduce(pws_three_back(block, before), pws_block_of(0xF0 - 0x80))));
    const pws_block given = pws_less(block, pws_block_of(0xC0));
    /* What a second byte is bounded to by four of the first bytes (RFC 3629 4). */
    const pws_block below_90 = pws_less(block, pws_block_of(0x90));
    const pws_block below_A0 = pws_less(block, pws_block_of(0xA0));
    const pws_block low = pws_or(pws_and(pws_equal(one, pws_block_of(0xE0)), below_A0),
                                 pws_and(pws_equal(one, pws_block_of(0xF0)), below_90));
    const pws_block high = pws_or(pws_without(pws_equal(one, pws_block_of(0xED)), below_A0),
                                  pws_without(pws_equal(one, pws_block_of(0xF4)), below_90));
    /* C0 and C1, which are overlong, and F5 to FF. */
    const pws_block never =
        pws_or(pws_equal(pws_and(block, pws_block_of(0xFE)), pws_block_of(0xC0)),
               pws_reduce(block, pws_block_of(0xF5 - 0x80)));

    return pws_or(pws_xor(asked, given), pws_or(pws_or(low, high), never));
}

/* As pws_mask_text, a few bytes, one after the other. */
static size_t pws_text_few(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key,
                           uint32_t *state) {
    size_t i, good = 0;
    uint8_t byte;

    for (i = 0; i < length; i++) {
        byte = (uint8_t)(src[i] ^ key);
        key = pws_key_at(key, 1);
        if (dst != NULL)
            dst[i] = byte;
        *state = pws_utf8_step(*state, byte);
        good += *state != PWS_UTF8_IMPOSSIBLE; /* as it then stays */
    }
    return good;
}

/* 4 to 15 bytes that are not masked. Zeros stand behind them, so that no character may be
 * unfinished. */
static int pws_text_words(const uint8_t *bytes, size_t length) {
    const pws_block none = pws_block_of(0);
    uint64_t low, high = 0;

    if (length >= 8) {
        low = pws_load64(bytes);
        high = pws_load64(bytes + length - 8) >> 4 * (16 - length) >> 4 * (16 - length);
    } else {
        low = pws_load32(bytes) | (uint64_t)pws_load32(bytes + length - 4) << 8 * (length - 4);
    }
    return !pws_any_high(pws_text_errors(pws_block_of_words(low, high), none));
}

/* The same, of one block and of four in a row. Where all is ASCII, and was before, there is nothing
 * to look for. */
static inline pws_block pws_text_one(pws_block block, pws_block before) {
    return pws_any_high(pws_or(block, before)) ? pws_text_errors(block, before) : pws_block_of(0);
}

static inline pws_block pws_text_four(pws_block a, pws_block b, pws_block c, pws_block d,
                                      pws_block before) {
    pws_block errors = pws_block_of(0);

    if (pws_any_high(pws_or(pws_or(pws_or(a, b), pws_or(c, d)), before))) {
        errors = pws_or(pws_text_errors(a, before), pws_text_errors(b, a));
        errors = pws_or(errors, pws_or(pws_text_errors(c, b), pws_text_errors(d, c)));
    }
    return errors;
}

PWS_PRIVATE int pws_text_blocks(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key) {
    const size_t last = length - 16;
    const pws_block mask = pws_block_of_key(key);
    const pws_block turned = pws_block_of_key(pws_key_at(key, length));
    const pws_block front = pws_block_of_key(pws_text_before(src, last, key));
    const pws_block tail = pws_xor(pws_block_load(src + last), turned);
    pws_block errors = pws_block_of(0), before = errors, a, b, c, d;
    size_t i = 0;

    for (; last - i >= 64; i += 64) {
        a = pws_xor(pws_block_load(src + i), mask);
        b = pws_xor(pws_block_load(src + i + 16), mask);
        c = pws_xor(pws_block_load(src + i + 32), mask);
        d = pws_xor(pws_block_load(src + i + 48), mask);
        if (dst != NULL) {
            pws_block_store(dst + i, a);
            pws_block_store(dst + i + 16, b);
            pws_block_store(dst + i + 32, c);
            pws_block_store(dst + i + 48, d);
        }
        errors = pws_or(errors, pws_text_four(a, b, c, d, before));
        before = d;
    }
    for (; i < last; i += 16) {
        a = pws_xor(pws_block_load(src + i), mask);
        if (dst != NULL)
            pws_block_store(dst + i, a);
        errors = pws_or(errors, pws_text_one(a, before));
        before = a;
    }
    if (dst != NULL)
        pws_block_store(dst + last, tail);
    return !pws_any_high(pws_or(errors, pws_text_one(tail, front)));
}

/* How many bytes at the end, 0 to 3, begin a character and don't finish it. Needs 4 bytes. */
static size_t pws_utf8_cut(const uint8_t *text, size_t length) {
    text += length;
    if (text[-1] < 0x80)
        return 0;
    if (text[-1] >= 0xC0)
        return 1;
    if (text[-2] >= 0xE0)
        return 2;
    return text[-3] >= 0xF0 ? 3 : 0;
}

/* Unmasks text that begins between characters; returns 1 if it is UTF-8 so far, though it may end
 * inside a character. */
static int pws_text_begin(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key,
                          uint32_t cpu) {
#if PWS_X86
    if (length >= 64 && pws_has(cpu, PWS_CPU_AVX512))
        return pws_text_avx512(dst, src, length, key);
    if (length >= 32 && pws_has(cpu, PWS_CPU_AVX2))
        return pws_text_avx2(dst, src, length, key);
#endif
    (void)cpu;
    return pws_text_blocks(dst, src, length, key);
}

/* As pws_mask_text, where no character is unfinished from the call before; dst may be NULL. */
static size_t pws_text(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key,
                       uint32_t *state, uint32_t cpu) {
    const uint8_t *text = dst != NULL ? dst : src;
    size_t cut = 0;
    int good;

    if (length < 4)
        return pws_text_few(dst, src, length, key, state);
    if (length < 16) {
        if (dst != NULL)
            (void)pws_mask_short(dst, src, length, key, 0);
        good = pws_text_words(text, length);
    } else {
        good = pws_text_begin(dst, src, length, key, cpu);
        cut = pws_utf8_cut(text, length);
    }
    if (!good)
        cut = length;
    return cut == 0 ? length : length - cut + pws_utf8_plain(state, text + length - cut, cut);
}

static void pws_text_unmask(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key,
                            uint32_t cpu) {
    uint8_t bytes[4];

    memcpy(bytes, &key, 4);
    if (dst != NULL)
        pws_mask(dst, src, length, bytes, cpu);
}

/* As pws_text, of at least 4 bytes, after a character that is unfinished. */
static size_t pws_text_resume(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key,
                              uint32_t *state, uint32_t cpu) {
    size_t begun = *state >> 16, good; /* bytes that are still to come */

    good = pws_text_few(dst, src, begun, key, state);
    src += begun;
    length -= begun;
    key = pws_key_at(key, begun);
    if (dst != NULL)
        dst += begun;
    if (*state == 0)
        return good + pws_text(dst, src, length, key, state, cpu);
    pws_text_unmask(dst, src, length, key, cpu);
    return good;
}

PWS_PRIVATE size_t pws_utf8_scan(uint32_t *state, const uint8_t *bytes, size_t length,
                                 uint32_t cpu) {
    if (length < 4)
        return pws_text_few(NULL, bytes, length, 0, state);
    if (*state != 0)
        return pws_text_resume(NULL, bytes, length, 0, state, cpu);
    if (length <= 64 && pws_mask_short(NULL, bytes, length, 0, 1))
        return length;
    return pws_text(NULL, bytes, length, 0, state, cpu);
}

PWS_PRIVATE size_t pws_mask_text(uint8_t *dst, const uint8_t *src, size_t length,
                                 const uint8_t key[4], uint32_t *state, uint32_t cpu) {
    uint32_t word = pws_load32(key);

    if (length < 4)
        return pws_text_few(dst, src, length, word, state);
    if (*state != 0)
        return pws_text_resume(dst, src, length, word, state, cpu);
    if (length <= 64 && pws_mask_short(dst, src, length, word, 1))
        return length;
    return pws_text(dst, src, length, word, state, cpu);
}

PWS_PRIVATE int pws_mask_whole_text(uint8_t *dst, const uint8_t *src, size_t length,
                                    const uint8_t key[4], uint32_t cpu) {
    uint32_t word = pws_load32(key), state = 0;

    if (length >= 16)
        return pws_text_begin(dst, src, length, word, cpu) && pws_utf8_cut(dst, length) == 0;
    if (length < 4)
        return pws_text_few(dst, src, length, word, &state) == length && state == 0;
    (void)pws_mask_short(dst, src, length, word, 0);
    return pws_text_words(dst, length);
}

#endif

int pws_utf8_valid(const void *data, size_t length) {
    uint32_t state = 0;

    if (data == NULL)
        return length == 0;
    return pws_utf8_scan(&state, (const uint8_t *)data, length, 0) == length && state == 0;
}
