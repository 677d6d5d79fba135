/* pws_utf8_scan against a reference that shares nothing with it: it decodes code points from every
 * candidate, so a byte is impossible if no character of RFC 3629 begins with what stands up to it.
 */
#include <string.h>

#include "../check.h"
#include "internal.h"

static uint32_t cpu;

/* Writes the UTF-8 of a code point; returns its size. */
static size_t encode(uint32_t code, uint8_t out[4]) {
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xE0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

static int is_scalar(uint32_t code) {
    return code < 0xD800 || (code > 0xDFFF && code <= 0x10FFFF);
}

/* What characters begin with, and what whole ones of up to three bytes are, found by encoding all
 * of them. The set at [n] is of n + 1 bytes: the first one, then six bits of each other. (Of the
 * fourth byte nothing but its form 10xxxxxx matters.) */
static uint8_t begins[3][256 * 64 * 64 / 8];
static uint8_t ends[3][256 * 64 * 64 / 8];

static void mark(uint8_t *set, uint32_t index) {
    set[index / 8] |= (uint8_t)(1u << index % 8);
}

static int marked(const uint8_t *set, uint32_t index) {
    return set[index / 8] >> index % 8 & 1;
}

static void reference_build(void) {
    uint8_t bytes[4];
    uint32_t code, index;
    size_t size, i;

    for (code = 0; code <= 0x10FFFF; code++) {
        if (!is_scalar(code))
            continue;
        size = encode(code, bytes);
        index = bytes[0];
        for (i = 0; i < size && i < 3; i++) {
            if (i > 0)
                index = index * 64 + (bytes[i] & 63);
            mark(begins[i], index);
        }
        if (size < 4)
            mark(ends[size - 1], index);
    }
}

/* The index of the first impossible byte, and whether a character is unfinished at the end. */
static size_t reference(const uint8_t *bytes, size_t length, int *unfinished) {
    size_t i, at = 0;
    uint32_t index = 0;

    for (i = 0; i < length; i++) {
        if (at > 0 && bytes[i] >> 6 != 2)
            break;
        index = at == 0 ? bytes[i] : index * 64 + (bytes[i] & 63);
        if (at < 3 && !marked(begins[at], index))
            break;
        at = at == 3 || marked(ends[at], index) ? 0 : at + 1;
    }
    *unfinished = at != 0;
    return i;
}

/* 1 if scanning agrees with the reference, whole and cut anywhere in two. The text is put at the
 * end of its memory, where a sanitizer sees whether more is read. */
static int agrees(const uint8_t *text, size_t length) {
    uint8_t room[80], *bytes = room + sizeof room - length;
    int unfinished;
    size_t expected = reference(text, length, &unfinished), cut, found;
    uint32_t state;

    memcpy(bytes, text, length);
    for (cut = 0; cut <= length; cut++) {
        state = 0;
        found = pws_utf8_scan(&state, bytes, cut, cpu);
        if (found == cut)
            found += pws_utf8_scan(&state, bytes + cut, length - cut, cpu);
        if (found != expected || (found == length && (state != 0) != unfinished))
            return 0;
    }
    return pws_utf8_valid(bytes, length) == (expected == length && !unfinished);
}

/* The bytes at both sides of every border in the table of RFC 3629 4. */
static const uint8_t borders[] = {0x00, 0x01, 0x41, 0x7E, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x91,
                                  0x9F, 0xA0, 0xA1, 0xBE, 0xBF, 0xC0, 0xC1, 0xC2, 0xC3, 0xDE,
                                  0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF2,
                                  0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF};

static size_t first_bad(const char *text) {
    uint32_t state = 0;

    return pws_utf8_scan(&state, (const uint8_t *)text, strlen(text), cpu);
}

static void check_sequences(void) {
    uint8_t bytes[4];
    uint32_t n, state;
    size_t a, b, c, d, found;
    int wrong = 0, unfinished;

    check_case("every sequence of one byte, and of two");
    for (n = 0; n < 0x10000; n++) {
        bytes[0] = (uint8_t)(n >> 8);
        bytes[1] = (uint8_t)n;
        wrong += !agrees(bytes, 1) + !agrees(bytes, 2);
    }
    CHECK(wrong == 0);

    check_case("every sequence of three bytes");
    wrong = 0;
    for (n = 0; n < 0x1000000; n++) {
        state = 0;
        bytes[0] = (uint8_t)(n >> 16);
        bytes[1] = (uint8_t)(n >> 8);
        bytes[2] = (uint8_t)n;
        found = pws_utf8_scan(&state, bytes, 3, cpu);
        if (found != reference(bytes, 3, &unfinished) || (found == 3 && (state != 0) != unfinished))
            wrong++;
    }
    CHECK(wrong == 0);

    check_case("every sequence of four bytes from both sides of every border, at every cut");
    wrong = 0;
    for (a = 0; a < sizeof borders; a++)
        for (b = 0; b < sizeof borders; b++)
            for (c = 0; c < sizeof borders; c++)
                for (d = 0; d < sizeof borders; d++) {
                    bytes[0] = borders[a];
                    bytes[1] = borders[b];
                    bytes[2] = borders[c];
                    bytes[3] = borders[d];
                    wrong += !agrees(bytes, 4);
                }
    CHECK(wrong == 0);

    check_case("every code point, and none of the surrogates");
    wrong = 0;
    for (n = 0; n <= 0x10FFFF; n++)
        wrong += pws_utf8_valid(bytes, encode(n, bytes)) != is_scalar(n);
    CHECK(wrong == 0);
}

/* One bad or cut character at every place of a longer text, so that each fast path meets it. */
static void check_places(void) {
    static const char *const fillers[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                          "ab\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"};
    static const char *const spots[] = {"z",
                                        "\x80",
                                        "\xC1\xBF",
                                        "\xC3",
                                        "\xE0\x9F\x80",
                                        "\xED\xA0\x80",
                                        "\xE2\x82",
                                        "\xF0\x8F\x80\x80",
                                        "\xF4\x90\x80\x80",
                                        "\xF0\x9F\x98",
                                        "\xF5",
                                        "\xFF"};
    uint8_t text[80];
    size_t f, s, at, size, length;
    int wrong = 0;

    check_case("a bad or unfinished character at every place of a longer text, at every cut");
    for (f = 0; f < sizeof fillers / sizeof fillers[0]; f++)
        for (s = 0; s < sizeof spots / sizeof spots[0]; s++)
            for (at = 0; at <= 40; at++) {
                size = strlen(fillers[f]);
                for (length = 0; length + size <= at;) {
                    memcpy(text + length, fillers[f], size);
                    length += size;
                }
                memcpy(text + length, spots[s], strlen(spots[s]));
                length += strlen(spots[s]);
                wrong += !agrees(text, length);
                for (; length + size <= sizeof text;) {
                    memcpy(text + length, fillers[f], size);
                    length += size;
                }
                wrong += !agrees(text, length);
            }
    CHECK(wrong == 0);
}

int main(void) {
    static const uint8_t euro[3] = {0xE2, 0x82, 0xAC};
    uint32_t state = 0;

    reference_build();
    cpu = pws_cpu();

    check_case("the first impossible byte is where it becomes clear");
    CHECK(first_bad("abc\x80") == 3);
    CHECK(first_bad("\xC0\xAF") == 0);
    CHECK(first_bad("\xE0\x9F\xBF") == 1);
    CHECK(first_bad("\xED\xA0\x80") == 1);
    CHECK(first_bad("\xF0\x8F\xBF\xBF") == 1);
    CHECK(first_bad("\xF4\x90\x80\x80") == 1);
    CHECK(first_bad("\xF5\x80\x80\x80") == 0);
    CHECK(first_bad("\xE2\x82x") == 2);
    CHECK(first_bad("\xF0\x9F\x98(") == 3);
    CHECK(first_bad("\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80") == 12);

    check_case("the state is 0 between characters only");
    CHECK(pws_utf8_scan(&state, euro, 1, cpu) == 1 && state != 0);
    CHECK(pws_utf8_scan(&state, euro + 1, 1, cpu) == 1 && state != 0);
    CHECK(pws_utf8_scan(&state, euro + 1, 0, cpu) == 0 && state != 0);
    CHECK(pws_utf8_scan(&state, euro + 2, 1, cpu) == 1 && state == 0);

    check_case("nothing follows an impossible byte");
    CHECK(pws_utf8_scan(&state, (const uint8_t *)"\xFF", 1, cpu) == 0 && state != 0);
    CHECK(pws_utf8_scan(&state, (const uint8_t *)"a", 1, cpu) == 0);
    CHECK(pws_utf8_scan(&state, (const uint8_t *)"\x80", 1, cpu) == 0);
    CHECK(pws_utf8_scan(&state, (const uint8_t *)"\xFF", 1, cpu) == 0);

    check_case("nothing is UTF-8, NULL is nothing, an unfinished character is not");
    CHECK(pws_utf8_valid("", 0) == 1);
    CHECK(pws_utf8_valid(NULL, 0) == 1);
    CHECK(pws_utf8_valid(NULL, 1) == 0);
    CHECK(pws_utf8_valid(euro, 3) == 1);
    CHECK(pws_utf8_valid(euro, 2) == 0);
    CHECK(pws_utf8_valid("a\0b", 3) == 1);

    check_sequences();
    check_places();
    return check_end();
}
