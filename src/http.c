/* Heads of HTTP requests and responses, strictly as RFC 9112 has them. What that RFC lets a
 * recipient forgive (a bare LF, white space in odd places, folded lines) is refused: two programs
 * that forgive differently see different requests. */
#include "reading.h"

/* ---- The line that begins a head ---- */

/* Takes the first length characters and a space behind them off *rest. Returns 0 if there is no
 * space, or nothing in front of it. */
static int pws_part_take(pws_str *rest, size_t length, pws_str *part) {
    if (length == rest->len || rest->ptr[length] != ' ')
        return 0;
    *part = pws_part(*rest, 0, length);
    *rest = pws_part(*rest, length + 1, rest->len);
    return length > 0;
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
    return pws_part_take(&line, pws_token_span(line), &head->method) &&
           pws_part_take(&line, pws_visible_span(line), &head->target) &&
           pws_http_version(line, &head->version);
}

/* status-line (RFC 9112 4): HTTP-version SP status-code SP [reason-phrase]. */
static int pws_status_line(pws_str line, pws_head *head) {
    pws_str version, status;
    head->method = head->target = pws_literal(NULL, 0);
    if (!pws_part_take(&line, pws_visible_span(line), &version) ||
        !pws_part_take(&line, pws_visible_span(line), &status))
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
    size_t begin, end;
    if (target.len == 0 || target.ptr[0] == '/') /* a path, as almost always */
        return 0;
    begin = pws_begins(target, PWS_LITERAL("http://")) ? 7 : 8;
    if (begin == 8 && !pws_begins(target, PWS_LITERAL("https://")))
        return 0;
    end = begin;
    while (end < target.len && target.ptr[end] != '/' && target.ptr[end] != '?')
        end++;
    *authority = pws_part(target, begin, end);
    return 1;
}
