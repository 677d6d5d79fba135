/* Writes heads of HTTP requests and responses, and keeps callers from breaking them. */
#include "internal.h"

PWS_PRIVATE void pws_put(pws_writer *out, pws_str text) {
    if (text.len > out->capacity - out->length)
        out->full = 1;
    if (out->full || text.len == 0)
        return;
    memcpy(out->ptr + out->length, text.ptr, text.len);
    out->length += text.len;
}

PWS_PRIVATE void pws_put_text(pws_writer *out, const char *text) {
    pws_put(out, pws_cstr(text));
}

PWS_PRIVATE void pws_put_number(pws_writer *out, size_t number) {
    char digits[20]; /* of 64 bits, should a size have so many */
    pws_str text;
    size_t begin = sizeof digits;
    do {
        digits[--begin] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text.ptr = digits + begin;
    text.len = sizeof digits - begin;
    pws_put(out, text);
}

PWS_PRIVATE void pws_put_headers(pws_writer *out, const pws_header *headers, size_t count) {
    size_t i;
    for (i = 0; i < count; i++) {
        pws_put(out, headers[i].name);
        pws_put_text(out, ": ");
        pws_put(out, headers[i].value);
        pws_put_text(out, "\r\n");
    }
}

PWS_PRIVATE void pws_put_header(pws_writer *out, const char *name, pws_str value) {
    pws_header header;
    header.name = pws_cstr(name);
    header.value = value;
    pws_put_headers(out, &header, 1);
}

/* Header lines that the library itself writes, or that would give the head another end. */
static int pws_is_reserved(uint32_t role, pws_str name) {
    if (pws_begins(name, PWS_LITERAL("Sec-WebSocket-")) || PWS_IS_NAMED(name, "Upgrade") ||
        PWS_IS_NAMED(name, "Connection") || PWS_IS_NAMED(name, "Content-Length") ||
        PWS_IS_NAMED(name, "Transfer-Encoding"))
        return 1;
    return role == PWS_CLIENT && (PWS_IS_NAMED(name, "Host") || PWS_IS_NAMED(name, "Origin"));
}

/* A value with a CR or LF would end its line and begin the next: header injection. */
PWS_PRIVATE int32_t pws_headers_check(uint32_t role, const pws_header *headers, size_t count) {
    size_t i;
    if (headers == NULL && count > 0)
        return PWS_E_ARG;
    for (i = 0; i < count; i++) {
        pws_str name = headers[i].name, value = headers[i].value;
        if (pws_is_missing(name) || pws_is_missing(value))
            return PWS_E_ARG;
        if (!pws_is_token(name) || !pws_is_field_value(value) || pws_is_reserved(role, name))
            return PWS_E_HEADER;
    }
    return PWS_OK;
}
