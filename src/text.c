/* Comparing and classifying text: ASCII only, so that no locale matters. */
#include "internal.h"

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

static int pws_is_space(char c) {
    return c == ' ' || c == '\t';
}

/* Without memcmp, which compilers may turn into bcmp where only equality is asked for. */
PWS_PRIVATE int pws_str_equal(pws_str a, pws_str b) {
    size_t i;
    if (a.len != b.len)
        return 0;
    for (i = 0; i < a.len; i++)
        if (a.ptr[i] != b.ptr[i])
            return 0;
    return 1;
}

PWS_PRIVATE int pws_is_text(pws_str text, const char *word) {
    return pws_str_equal(text, pws_cstr(word));
}

PWS_PRIVATE int pws_str_equal_nocase(pws_str a, pws_str b) {
    size_t i;
    if (a.len != b.len)
        return 0;
    for (i = 0; i < a.len; i++)
        if (pws_lower(a.ptr[i]) != pws_lower(b.ptr[i]))
            return 0;
    return 1;
}

/* Stops at the first difference and so rarely looks further than one character. */
PWS_PRIVATE int pws_is_named(pws_str name, const char *header) {
    size_t i;
    for (i = 0; i < name.len; i++)
        if (header[i] == '\0' || pws_lower(name.ptr[i]) != pws_lower(header[i]))
            return 0;
    return header[i] == '\0';
}

PWS_PRIVATE int pws_begins(pws_str text, const char *beginning) {
    size_t length = pws_cstr(beginning).len;
    return text.len >= length && pws_is_named(pws_part(text, 0, length), beginning);
}

PWS_PRIVATE pws_str pws_part(pws_str text, size_t begin, size_t end) {
    if (begin > 0)
        text.ptr += begin;
    text.len = end - begin;
    return text;
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

PWS_PRIVATE int pws_is_digit(char c) {
    return c >= '0' && c <= '9';
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
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
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

PWS_PRIVATE int pws_is_token(pws_str text) {
    size_t i;
    for (i = 0; i < text.len; i++)
        if (!pws_is_tchar(text.ptr[i]))
            return 0;
    return text.len > 0;
}

PWS_PRIVATE int pws_is_visible(pws_str text) {
    size_t i;
    for (i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7E)
            return 0;
    return text.len > 0;
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

/* The index of the first comma outside quoted strings (RFC 9110 5.6.4), or the length. */
static size_t pws_element_end(pws_str text) {
    size_t i;
    int quoted = 0;
    for (i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == ',' && !quoted)
            break;
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted && i + 1 < text.len)
            i++;
    }
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
