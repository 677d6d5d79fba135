/* Heads of HTTP requests and responses, strictly as RFC 9112 has them. What that RFC lets a
 * recipient forgive (a bare LF, white space in odd places, folded lines) is refused: two programs
 * that forgive differently see different requests. */
#include "internal.h"

/* ---- The line that begins a head ---- */

/* Takes what stands before the first space off *rest, and the space. Returns 0 if there is none. */
static int pws_field_take(pws_str *rest, pws_str *field) {
    size_t space = pws_index_of(*rest, ' ');
    if (space == rest->len)
        return 0;
    *field = pws_part(*rest, 0, space);
    *rest = pws_part(*rest, space + 1, rest->len);
    return 1;
}

/* HTTP-version (RFC 9112 2.3). Returns 0 if text is none. */
static int pws_http_version(pws_str text, uint32_t *version) {
    if (text.len != 8 || memcmp(text.ptr, "HTTP/", 5) != 0 || !pws_is_digit(text.ptr[5]) ||
        text.ptr[6] != '.' || !pws_is_digit(text.ptr[7]))
        return 0;
    *version = (uint32_t)(text.ptr[5] - '0') * 10 + (uint32_t)(text.ptr[7] - '0');
    return 1;
}

/* status-code (RFC 9110 15): 100 to 599, or 0. */
static uint32_t pws_status_code(pws_str text) {
    uint32_t status = 0;
    size_t i;
    if (text.len != 3)
        return 0;
    for (i = 0; i < 3; i++) {
        if (!pws_is_digit(text.ptr[i]))
            return 0;
        status = status * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return status >= 100 && status <= 599 ? status : 0;
}

/* request-line (RFC 9112 3): method SP request-target SP HTTP-version. */
static int pws_request_line(pws_str line, pws_head *head) {
    head->reason = pws_literal(NULL, 0);
    head->status = 0;
    if (!pws_field_take(&line, &head->method) || !pws_field_take(&line, &head->target))
        return 0;
    return pws_is_token(head->method) && pws_is_visible(head->target) &&
           pws_http_version(line, &head->version);
}

/* status-line (RFC 9112 4): HTTP-version SP status-code SP [reason-phrase]. */
static int pws_status_line(pws_str line, pws_head *head) {
    pws_str version, status;
    head->method = head->target = pws_literal(NULL, 0);
    if (!pws_field_take(&line, &version) || !pws_field_take(&line, &status))
        return 0;
    head->status = pws_status_code(status);
    head->reason = line;
    return pws_http_version(version, &head->version) && head->status != 0;
}

PWS_PRIVATE int pws_start_line(uint32_t role, pws_str line, pws_head *head) {
    return role == PWS_SERVER ? pws_request_line(line, head) : pws_status_line(line, head);
}

/* ---- Targets ---- */

PWS_PRIVATE int pws_target_authority(pws_str target, pws_str *authority) {
    size_t begin = pws_begins(target, PWS_LITERAL("http://")) ? 7 : 8, end;
    if (begin == 8 && !pws_begins(target, PWS_LITERAL("https://")))
        return 0;
    end = begin;
    while (end < target.len && target.ptr[end] != '/' && target.ptr[end] != '?')
        end++;
    *authority = pws_part(target, begin, end);
    return 1;
}
