/* Texts for tests of UTF-8: random, but always the same, and rich in what is just right or wrong.
 */
#ifndef TEXTS_H
#define TEXTS_H

#include <stddef.h>
#include <stdint.h>

static uint64_t noise = 1;

static uint32_t random32(void) {
    noise = noise * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(noise >> 33);
}

static size_t random_below(size_t bound) {
    return random32() % bound;
}

/* Characters at both ends of every range of RFC 3629 4, then what just fails to be one. */
static const char *const good_pieces[] = {"a",
                                          "\x7F",
                                          "\xC2\x80",
                                          "\xDF\xBF",
                                          "\xE0\xA0\x80",
                                          "\xE0\xBF\xBF",
                                          "\xE1\x80\x80",
                                          "\xEC\xBF\xBF",
                                          "\xED\x80\x80",
                                          "\xED\x9F\xBF",
                                          "\xEE\x80\x80",
                                          "\xEF\xBF\xBF",
                                          "\xF0\x90\x80\x80",
                                          "\xF0\xBF\xBF\xBF",
                                          "\xF1\x80\x80\x80",
                                          "\xF3\xBF\xBF\xBF",
                                          "\xF4\x80\x80\x80",
                                          "\xF4\x8F\xBF\xBF"};
static const char *const bad_pieces[] = {"\x80",
                                         "\xBF",
                                         "\xC0\x80",
                                         "\xC1\xBF",
                                         "\xC2",
                                         "\xDF\x7F",
                                         "\xC2\xC0",
                                         "\xE0\x80\x80",
                                         "\xE0\x9F\xBF",
                                         "\xE1\x80",
                                         "\xED\xA0\x80",
                                         "\xED\xBF\xBF",
                                         "\xEF\xBF",
                                         "\xEF\xBF\x7F",
                                         "\xEF\xBF\xC0",
                                         "\xF0\x80\x80\x80",
                                         "\xF0\x8F\xBF\xBF",
                                         "\xF1\x80",
                                         "\xF1\x80\x80",
                                         "\xF1\x80\x80\xC0",
                                         "\xF4\x90\x80\x80",
                                         "\xF4\xBF\xBF\xBF",
                                         "\xF5\x80\x80\x80",
                                         "\xF8\x88\x80\x80\x80",
                                         "\xFE",
                                         "\xFF",
                                         "\xC2\x80\x80",
                                         "\xE1\x80\x80\x80",
                                         "\xF1\x80\x80\x80\x80"};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Adds as much of a piece as there is room for. */
static size_t add_piece(uint8_t *text, size_t at, size_t length, const char *piece) {
    while (*piece != '\0' && at < length)
        text[at++] = (uint8_t)*piece++;
    return at;
}

/* Text in stretches of ASCII and of characters of all kinds; one in so many pieces is bad, none if
 * that is 0. It may end inside a character. */
static void make_text(uint8_t *text, size_t length, size_t bad_one_in) {
    size_t at = 0, i, stretch;

    while (at < length) {
        stretch = random_below(3) == 0 ? random_below(150) : random_below(8);
        for (i = 0; i < stretch && at < length; i++)
            text[at++] = (uint8_t)(' ' + random_below(95));
        stretch = random_below(3) == 0 ? random_below(60) : random_below(4);
        for (i = 0; i < stretch; i++)
            at = add_piece(text, at, length, good_pieces[random_below(COUNT(good_pieces))]);
        if (bad_one_in != 0 && random_below(bad_one_in) == 0)
            at = add_piece(text, at, length, bad_pieces[random_below(COUNT(bad_pieces))]);
    }
}

#endif
