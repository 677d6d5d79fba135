/* Comparing and classifying text: ASCII only, so that no locale matters. */
#include "vector.h"

/* The bound, which no text reaches, keeps compilers from putting a call of strlen here. */
pws_str pws_cstr(const char *text) {
    pws_str str = {text, 0};
    if (text == NULL)
        return str;
    while (str.len < SIZE_MAX && text[str.len] != '\0')
        str.len++;
    return str;
}

static char pws_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* This and the next are not inlined: where b is a short literal, compilers would warn of loads that
 * its length rules out. */
PWS_PRIVATE PWS_NOINLINE int pws_str_equal(pws_str a, pws_str b) {
    return a.len == b.len && pws_same(a.ptr, b.ptr, a.len);
}

PWS_PRIVATE int pws_is_text(pws_str text, const char *word) {
    return pws_str_equal(text, pws_cstr(word));
}

/* Names mostly are in the case that everybody writes. */
PWS_PRIVATE PWS_NOINLINE int pws_str_equal_nocase(pws_str a, pws_str b) {
    size_t i;
    if (a.len != b.len)
        return 0;
    if (pws_same(a.ptr, b.ptr, a.len))
        return 1;
    for (i = 0; i < a.len; i++)
        if (pws_lower(a.ptr[i]) != pws_lower(b.ptr[i]))
            return 0;
    return 1;
}

PWS_PRIVATE int pws_begins(pws_str text, pws_str beginning) {
    return text.len >= beginning.len &&
           pws_str_equal_nocase(pws_part(text, 0, beginning.len), beginning);
}

PWS_PRIVATE size_t pws_index_of(pws_str text, char c) {
    size_t i = 0;
    while (i < text.len && text.ptr[i] != c)
        i++;
    return i;
}

PWS_PRIVATE int pws_is_missing(pws_str text) {
    return text.ptr == NULL && text.len > 0;
}

PWS_PRIVATE int pws_is_zero(const uintptr_t *fields, size_t count) {
    size_t i;
    for (i = 0; i < count; i++)
        if (fields[i] != 0)
            return 0;
    return 1;
}

PWS_PRIVATE pws_str pws_trim(pws_str text) {
    size_t begin = 0, end = text.len;
    while (begin < end && pws_is_space(text.ptr[begin]))
        begin++;
    while (begin < end && pws_is_space(text.ptr[end - 1]))
        end--;
    return pws_part(text, begin, end);
}

PWS_PRIVATE int pws_is_tchar(char c) {
    if (pws_is_letter(c) || pws_is_digit(c))
        return 1;
    switch (c) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return 1;
    default:
        return 0;
    }
}

PWS_PRIVATE size_t pws_token_span(pws_str text) {
    size_t i;

    for (i = 0;; i++) {
        i = pws_words_end(text, i);
        if (i == text.len || !pws_is_tchar(text.ptr[i]))
            return i;
    }
}

PWS_PRIVATE int pws_is_token(pws_str text) {
    return text.len > 0 && pws_token_span(text) == text.len;
}

PWS_PRIVATE size_t pws_visible_span(pws_str text) {
    size_t i = 0;
    while (i < text.len && text.ptr[i] > ' ' && text.ptr[i] < 0x7F)
        i++;
    return i;
}

PWS_PRIVATE int pws_is_visible(pws_str text) {
    return text.len > 0 && pws_visible_span(text) == text.len;
}

PWS_PRIVATE int pws_is_field_value(pws_str text) {
    size_t i;
    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7F)
            return 0;
    }
    return 1;
}

static int pws_is_separator(char c) {
    return c == ',' || pws_is_space(c);
}

PWS_PRIVATE int pws_word_next(pws_str *rest, pws_str *word) {
    size_t begin = 0, end;
    while (begin < rest->len && pws_is_separator(rest->ptr[begin]))
        begin++;
    end = begin;
    while (end < rest->len && !pws_is_separator(rest->ptr[end]))
        end++;
    *word = pws_part(*rest, begin, end);
    *rest = pws_part(*rest, end, rest->len);
    return word->len > 0;
}

/* The index behind the quoted string (RFC 9110 5.6.4) that begins at i, or the length. */
static size_t pws_quoted_end(pws_str text, size_t i) {
    for (i++; i < text.len; i++) {
        if (text.ptr[i] == '"')
            return i + 1;
        if (text.ptr[i] == '\\' && i + 1 < text.len)
            i++;
    }
    return i;
}

/* The index of the first comma outside quoted strings, or the length. */
static size_t pws_element_end(pws_str text) {
    size_t i = 0;
    while (i < text.len && text.ptr[i] != ',')
        i = text.ptr[i] == '"' ? pws_quoted_end(text, i) : i + 1;
    return i;
}

PWS_PRIVATE int pws_element_next(pws_str *rest, pws_str *element) {
    while (rest->len > 0) {
        size_t end = pws_element_end(*rest);
        size_t next = end < rest->len ? end + 1 : end;
        pws_str found = pws_trim(pws_part(*rest, 0, end));
        *rest = pws_part(*rest, next, rest->len);
        if (found.len == 0)
            continue;
        *element = found;
        return 1;
    }
    return 0;
}
