/* Looking into the header lines of a head. A program may hand in any text: lines that are no header
 * lines are passed over. */
#include "internal.h"

/* Takes what stands before the next CR LF off *fields, and the CR LF. */
static pws_str pws_line_take(pws_str *fields) {
    const char *text = fields->ptr;
    size_t end = 0, next;
    pws_str line;
    while (end < fields->len &&
           (text[end] != '\r' || fields->len - end < 2 || text[end + 1] != '\n'))
        end++;
    next = end < fields->len ? end + 2 : end;
    line = pws_part(*fields, 0, end);
    *fields = pws_part(*fields, next, fields->len);
    return line;
}

/* Divides text at the first separator. Returns 0 if there is none. */
static int pws_divide(pws_str text, char separator, pws_str *before, pws_str *behind) {
    size_t i = pws_index_of(text, separator);
    if (i == text.len)
        return 0;
    *before = pws_part(text, 0, i);
    *behind = pws_part(text, i + 1, text.len);
    return 1;
}

int pws_header_next(pws_str *fields, pws_header *header) {
    pws_str name, value;
    if (fields == NULL || fields->ptr == NULL || header == NULL)
        return 0;
    while (fields->len > 0) {
        if (!pws_divide(pws_line_take(fields), ':', &name, &value) || !pws_is_token(name))
            continue;
        header->name = name;
        header->value = pws_trim(value);
        return 1;
    }
    return 0;
}

int pws_header_find(pws_str fields, const char *name, pws_str *value) {
    pws_str wanted = pws_cstr(name);
    pws_header header;
    if (name == NULL || value == NULL)
        return 0;
    while (pws_header_next(&fields, &header)) {
        if (!pws_str_equal_nocase(header.name, wanted))
            continue;
        *value = header.value;
        return 1;
    }
    return 0;
}

pws_list pws_list_of(pws_str fields, const char *name) {
    pws_list list;
    list.fields = fields;
    list.name = pws_cstr(name);
    list.rest = pws_cstr(NULL);
    return list;
}

int pws_list_next(pws_list *list, pws_str *element) {
    pws_header header;
    if (list == NULL || element == NULL)
        return 0;
    while (!pws_element_next(&list->rest, element)) {
        do {
            if (!pws_header_next(&list->fields, &header))
                return 0;
        } while (!pws_str_equal_nocase(header.name, list->name));
        list->rest = header.value;
    }
    return 1;
}

/* cookie-value (RFC 6265 4.1.1) without the double quotes that may stand around it. */
static pws_str pws_cookie_value(pws_str value) {
    value = pws_trim(value);
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        return pws_part(value, 1, value.len - 1);
    return value;
}

/* Finds the cookie in cookie-string (RFC 6265 4.2.1): pairs with a semicolon between them. */
static int pws_cookie_find(pws_str pairs, pws_str name, pws_str *value) {
    while (pairs.len > 0) {
        pws_str pair = pairs, rest = pws_cstr(NULL), key, text;
        (void)pws_divide(pairs, ';', &pair, &rest);
        pairs = rest;
        if (!pws_divide(pair, '=', &key, &text) || !pws_str_equal(pws_trim(key), name))
            continue;
        *value = pws_cookie_value(text);
        return 1;
    }
    return 0;
}

int pws_cookie(pws_str fields, const char *name, pws_str *value) {
    pws_header header;
    pws_str wanted = pws_cstr(name);
    if (name == NULL || value == NULL)
        return 0;
    while (pws_header_next(&fields, &header))
        if (PWS_IS_NAMED(header.name, "Cookie") && pws_cookie_find(header.value, wanted, value))
            return 1;
    return 0;
}
