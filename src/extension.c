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

static int pws_take_token(pws_str *rest) {
    size_t end = 0;
    while (end < rest->len && pws_is_tchar(rest->ptr[end]))
        end++;
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

/* extension-param (9.1): token [ "=" (token | quoted-string) ]. Returns 0 if there is none. */
static int pws_take_parameter(pws_str *rest, pws_str *name, pws_str *value) {
    pws_str begin = pws_trim(*rest);
    *rest = begin;
    *value = pws_cstr(NULL);
    if (!pws_take_token(rest))
        return 0;
    *name = pws_part(begin, 0, begin.len - rest->len);
    *rest = pws_trim(*rest);
    if (!pws_take_character(rest, '='))
        return 1;
    begin = pws_trim(*rest);
    *rest = begin;
    if (!pws_take_value(rest))
        return 0;
    *value = pws_part(begin, 0, begin.len - rest->len);
    return 1;
}

PWS_PRIVATE pws_str pws_extension_name(pws_str *rest) {
    pws_str begin = *rest;
    (void)pws_take_token(rest);
    return pws_part(begin, 0, begin.len - rest->len);
}

PWS_PRIVATE int pws_extension_parameter(pws_str *rest, pws_str *name, pws_str *value) {
    *rest = pws_trim(*rest);
    return pws_take_character(rest, ';') && pws_take_parameter(rest, name, value);
}

/* extension (9.1): token *( ";" extension-param ). */
PWS_PRIVATE int pws_is_extension(pws_str element) {
    pws_str name, value;
    if (pws_extension_name(&element).len == 0)
        return 0;
    for (;;) {
        element = pws_trim(element);
        if (element.len == 0)
            return 1;
        if (!pws_extension_parameter(&element, &name, &value))
            return 0;
    }
}
