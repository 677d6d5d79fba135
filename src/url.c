/* ws and wss URLs (RFC 6455 3, RFC 3986) and the query of a request target. */
#include "vector.h"

/* The value of a hexadecimal digit, or 16. */
static unsigned pws_url_hex(char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

/* 1 if text begins with a percent sign and two hexadecimal digits (RFC 3986 2.1). */
static int pws_is_encoded(pws_str text) {
    return text.len >= 3 && text.ptr[0] == '%' && pws_url_hex(text.ptr[1]) != 16 &&
           pws_url_hex(text.ptr[2]) != 16;
}

/* 1 if every percent sign is that of such a group. */
static int pws_url_percent_ok(pws_str text) {
    size_t i;

    for (i = 0; i < text.len; i++)
        if (text.ptr[i] == '%' && !pws_is_encoded(pws_part(text, i, text.len)))
            return 0;
    return 1;
}

/* ---- Hosts (RFC 3986 3.2.2) ---- */

/* dec-octet "." dec-octet "." dec-octet "." dec-octet, each 0 to 255 without leading zeros. */
static int pws_is_ipv4(pws_str text) {
    size_t i = 0, digits;
    unsigned part, value;

    for (part = 0; part < 4; part++) {
        if (part != 0 && (i == text.len || text.ptr[i++] != '.'))
            return 0;
        value = 0;
        for (digits = 0; digits < 3 && i < text.len && pws_is_digit(text.ptr[i]); digits++)
            value = 10 * value + (unsigned)(text.ptr[i++] - '0');
        if (digits == 0 || value > 255 || (digits > 1 && text.ptr[i - digits] == '0'))
            return 0;
    }
    return i == text.len;
}

/* Eight groups of 16 bits; "::" once, for one or more groups of zeros; the last two may be an
 * IPv4 address (RFC 4291 2.2). Zones (RFC 6874) mean nothing to the peer and are refused. */
static int pws_is_ipv6(pws_str text) {
    size_t i = 0, digits, groups = 0;
    int gap = text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':';

    if (gap)
        i = 2;
    while (i < text.len) {
        if (pws_is_ipv4(pws_part(text, i, text.len))) {
            groups += 2;
            break;
        }
        digits = 0;
        while (i < text.len && digits < 5 && pws_url_hex(text.ptr[i]) != 16) {
            digits++;
            i++;
        }
        if (digits == 0 || digits == 5)
            return 0;
        groups++;
        if (i == text.len)
            break;
        if (text.ptr[i++] != ':' || i == text.len)
            return 0;
        if (text.ptr[i] == ':') {
            if (gap)
                return 0;
            gap = 1;
            i++;
        }
    }
    return gap ? groups <= 7 : groups == 8;
}

/* unreserved and sub-delims of RFC 3986 2.2 and 2.3. */
static int pws_is_reg_name_char(char c) {
    if (pws_is_letter(c) || pws_is_digit(c))
        return 1;
    switch (c) {
    case '-':
    case '.':
    case '_':
    case '~':
    case '!':
    case '$':
    case '&':
    case '\'':
    case '(':
    case ')':
    case '*':
    case '+':
    case ',':
    case ';':
    case '=':
        return 1;
    default:
        return 0;
    }
}

/* The length of what text begins with of a registered name or an IPv4 address, which looks like
 * one. */
static size_t pws_reg_name_span(pws_str text) {
    size_t i = 0;

    for (;;) {
        i = pws_words_end(text, i);
        if (i < text.len && pws_is_reg_name_char(text.ptr[i]))
            i++;
        else if (pws_is_encoded(pws_part(text, i, text.len)))
            i += 3;
        else
            return i;
    }
}

/* ---- URLs (RFC 6455 3) ---- */

/* The length of "ws://" or "wss://" at the front, or 0. */
static size_t pws_url_scheme(pws_str text) {
    if (text.len >= 5 && pws_str_equal_nocase(pws_part(text, 0, 5), pws_cstr("ws://")))
        return 5;
    if (text.len >= 6 && pws_str_equal_nocase(pws_part(text, 0, 6), pws_cstr("wss://")))
        return 6;
    return 0;
}

/* Sets *port from digits; there may be none (RFC 3986 3.2.3). Returns 0 if it is out of range. */
static int pws_url_port(pws_str digits, uint32_t *port) {
    uint32_t value = 0;
    size_t i;

    if (digits.len == 0)
        return 1;
    for (i = 0; i < digits.len; i++) {
        if (!pws_is_digit(digits.ptr[i]))
            return 0;
        value = 10 * value + (uint32_t)(digits.ptr[i] - '0');
        if (value > 65535)
            return 0;
    }
    *port = value;
    return value != 0;
}

/* Divides host [":" port] (RFC 3986 3.2), brackets left on. User information is refused with the
 * "@", which no host has. Returns 0 if it is none. */
static int pws_url_divide(pws_str text, pws_str *host, pws_str *port) {
    size_t end;

    if (text.len != 0 && text.ptr[0] == '[') {
        end = pws_index_of(text, ']');
        if (end == text.len || !pws_is_ipv6(pws_part(text, 1, end)))
            return 0;
        end++;
    } else {
        end = pws_reg_name_span(text);
        if (end == 0) /* RFC 6455 3 */
            return 0;
    }
    *host = pws_part(text, 0, end);
    *port = pws_part(text, end, text.len);
    if (port->len == 0)
        return 1;
    *port = pws_part(*port, 1, port->len);
    return text.ptr[end] == ':';
}

PWS_PRIVATE int pws_is_authority(pws_str text) {
    pws_str host, digits;
    uint32_t port;

    return pws_url_divide(text, &host, &digits) && pws_url_port(digits, &port);
}

static int pws_url_authority(pws_str text, pws_url *url) {
    uint32_t standard = url->secure ? 443 : 80;
    pws_str host, digits;

    url->port = standard;
    if (!pws_url_divide(text, &host, &digits) || !pws_url_port(digits, &url->port))
        return 0;
    url->authority = url->port == standard ? host : text;
    url->host = host.ptr[0] == '[' ? pws_part(host, 1, host.len - 1) : host;
    return 1;
}

/* Path and query: visible ASCII, no fragment (RFC 6455 3). */
static int pws_url_target_ok(pws_str text) {
    size_t i;

    for (i = 0; i < text.len; i++)
        if (text.ptr[i] < '!' || text.ptr[i] > '~' || text.ptr[i] == '#')
            return 0;
    return pws_url_percent_ok(text);
}

int32_t pws_url_parse(pws_str text, pws_url *url) {
    pws_url found;
    size_t begin, end;

    if (url == NULL || (text.ptr == NULL && text.len != 0))
        return PWS_E_ARG;
    begin = pws_url_scheme(text);
    if (begin == 0)
        return PWS_E_URL;
    found.secure = begin == 6;
    end = begin;
    while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?' && text.ptr[end] != '#')
        end++;
    found.target = pws_part(text, end, text.len);
    if (!pws_url_authority(pws_part(text, begin, end), &found) || !pws_url_target_ok(found.target))
        return PWS_E_URL;
    *url = found;
    return PWS_OK;
}

/* ---- Queries ---- */

/* Takes the next decoded character off text, which is not empty and passed pws_url_percent_ok. */
static char pws_query_character(pws_str *text) {
    char c = text->ptr[0];
    size_t size = 1;

    if (c == '+') {
        c = ' ';
    } else if (c == '%') {
        c = (char)(16 * pws_url_hex(text->ptr[1]) + pws_url_hex(text->ptr[2]));
        size = 3;
    }
    text->ptr += size;
    text->len -= size;
    return c;
}

/* 1 if encoded stands for name. */
static int pws_query_is(pws_str encoded, pws_str name) {
    size_t i;

    for (i = 0; encoded.len != 0; i++)
        if (i == name.len || pws_query_character(&encoded) != name.ptr[i])
            return 0;
    return i == name.len;
}

/* Finds the first parameter called name and gives its value, still encoded. */
static int pws_query_find(pws_str query, pws_str name, pws_str *value) {
    pws_str parameter;
    size_t end, equals;

    while (query.len != 0) {
        end = pws_index_of(query, '&');
        parameter = pws_part(query, 0, end);
        query = pws_part(query, end < query.len ? end + 1 : end, query.len);
        equals = pws_index_of(parameter, '=');
        if (parameter.len != 0 && pws_query_is(pws_part(parameter, 0, equals), name)) {
            *value =
                pws_part(parameter, equals < parameter.len ? equals + 1 : equals, parameter.len);
            return 1;
        }
    }
    return 0;
}

/* A call that fails leaves buffer as it is, so the value is measured before it is written. */
int32_t pws_query(pws_str target, const char *name, char *buffer, size_t capacity, size_t *length) {
    pws_str query, value, rest;
    size_t mark, i;

    if ((target.ptr == NULL && target.len != 0) || name == NULL || buffer == NULL || length == NULL)
        return PWS_E_ARG;
    mark = pws_index_of(target, '?');
    if (mark == target.len)
        return PWS_E_STATE;
    query = pws_part(target, mark + 1, target.len);
    if (!pws_url_percent_ok(query))
        return PWS_E_URL;
    if (!pws_query_find(query, pws_cstr(name), &value))
        return PWS_E_STATE;
    rest = value;
    for (i = 0; rest.len != 0; i++)
        pws_query_character(&rest);
    if (i > capacity)
        return PWS_E_SPACE;
    *length = i;
    for (i = 0; value.len != 0; i++)
        buffer[i] = pws_query_character(&value);
    return PWS_OK;
}
