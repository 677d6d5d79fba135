/* The grammar of Sec-WebSocket-Extensions (RFC 6455 9.1). White space may stand between the parts
 * of an extension, as the grammar of RFC 2616 2.1 that section 9.1 uses has it. */
#include "internal.h"

/* Takes the character off *rest if it begins so. */
static int pws_take_character(pws_str *rest, char c) {
    if (rest->len == 0 || rest->ptr[0] != c)
        return 0;
    *rest = pws_part(*rest, 1, rest->len);
    return 1;
}

static void pws_take_space(pws_str *rest) {
    while (rest->len != 0 && pws_is_space(rest->ptr[0]))
        *rest = pws_part(*rest, 1, rest->len);
}

static int pws_take_token(pws_str *rest) {
    size_t end = pws_token_span(*rest);
    *rest = pws_part(*rest, end, rest->len);
    return end > 0;
}

/* The rest of a quoted string, whose content must be a token once it is unescaped (9.1). */
static int pws_take_quoted_token(pws_str *rest) {
    size_t length = 0;
    while (!pws_take_character(rest, '"')) {
        (void)pws_take_character(rest, '\\');
        if (rest->len == 0 || !pws_is_tchar(rest->ptr[0]))
            return 0;
        *rest = pws_part(*rest, 1, rest->len);
        length++;
    }
    return length > 0;
}

static int pws_take_value(pws_str *rest) {
    return pws_take_character(rest, '"') ? pws_take_quoted_token(rest) : pws_take_token(rest);
}

/* The characters that have been taken off before to get rest. */
static pws_str pws_taken(pws_str before, pws_str rest) {
    return pws_part(before, 0, (size_t)(rest.ptr - before.ptr));
}

/* extension-param (9.1): token [ "=" (token | quoted-string) ]. Returns 0 if there is none. */
static int pws_take_parameter(pws_str *rest, pws_str *name, pws_str *value) {
    pws_str begin;
    pws_take_space(rest);
    begin = *rest;
    *value = pws_cstr(NULL);
    if (!pws_take_token(rest))
        return 0;
    *name = pws_taken(begin, *rest);
    pws_take_space(rest);
    if (!pws_take_character(rest, '='))
        return 1;
    pws_take_space(rest);
    begin = *rest;
    if (!pws_take_value(rest))
        return 0;
    *value = pws_taken(begin, *rest);
    return 1;
}

PWS_PRIVATE pws_str pws_extension_name(pws_str *rest) {
    pws_str begin = *rest;
    (void)pws_take_token(rest);
    return pws_taken(begin, *rest);
}

/* extension (9.1): token *( ";" extension-param ), up to a comma. Returns 0 if there is none. */
static int pws_take_extension(pws_str *rest, pws_str *extension) {
    pws_str begin = *rest, name, value;
    if (pws_extension_name(rest).len == 0)
        return 0;
    do {
        *extension = pws_taken(begin, *rest);
        pws_take_space(rest);
        if (rest->len == 0 || rest->ptr[0] == ',')
            return 1;
    } while (pws_extension_parameter(rest, &name, &value));
    return 0;
}

PWS_PRIVATE int pws_extension_next(pws_str *rest, pws_str *extension) {
    do
        pws_take_space(rest);
    while (pws_take_character(rest, ','));
    if (rest->len == 0)
        return 0;
    if (!pws_take_extension(rest, extension))
        *rest = *extension = pws_cstr(NULL);
    return 1;
}

PWS_PRIVATE int pws_extension_parameter(pws_str *rest, pws_str *name, pws_str *value) {
    pws_take_space(rest);
    return pws_take_character(rest, ';') && pws_take_parameter(rest, name, value);
}
