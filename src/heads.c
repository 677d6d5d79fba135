/* The heads that we send: a client's request, a server's 101, other responses and refusals.
 * Sections without a document are those of RFC 6455. */
#include "internal.h"

/* Ends a head that begins at start. One that did not fit is taken back. */
static int32_t pws_head_end(pws_writer *out, size_t start) {
    if (!out->full)
        return PWS_OK;
    out->length = start;
    return PWS_E_SPACE;
}

/* 4.1 item 10: each is a token, and stands once. */
static int pws_protocols_ok(pws_str protocols) {
    pws_str word;
    while (pws_word_next(&protocols, &word))
        if (!pws_is_token(word) || pws_protocol_rank(protocols, word) != SIZE_MAX)
            return 0;
    return 1;
}

static void pws_put_protocols(pws_writer *out, pws_str protocols) {
    const char *before = "Sec-WebSocket-Protocol: ";
    pws_str word;
    if (!pws_word_next(&protocols, &word))
        return;
    do {
        pws_put_text(out, before);
        pws_put(out, word);
        before = ", ";
    } while (pws_word_next(&protocols, &word));
    pws_put_text(out, "\r\n");
}

static void pws_put_offer(pws_writer *out, const pws_config *config) {
    if (!PWS_IF_DEFLATE(config->codec != NULL))
        return;
    pws_put_text(out, "Sec-WebSocket-Extensions: ");
    pws_put_deflate_offer(out, config);
    pws_put_text(out, "\r\n");
}

static void pws_put_answer(pws_writer *out, const pws_deflate_params *agreed) {
    if (!PWS_IF_DEFLATE(agreed->agreed))
        return;
    pws_put_text(out, "Sec-WebSocket-Extensions: ");
    pws_put_deflate_answer(out, agreed);
    pws_put_text(out, "\r\n");
}

/* 1 if the text may be empty, or has visible ASCII characters only. */
static int pws_is_optional(pws_str text) {
    return text.len == 0 || (text.ptr != NULL && pws_is_visible(text));
}

/* What pws_connect demands of a request; no fragment (3). */
static int32_t pws_write_request_check(const pws_config *config, const pws_request *request) {
    if (request->host.len == 0 || !pws_is_optional(request->host) ||
        !pws_is_optional(request->target) || !pws_is_optional(request->origin) ||
        pws_index_of(request->target, '#') < request->target.len)
        return PWS_E_ARG;
    if (!pws_protocols_ok(pws_cstr(config->protocols)))
        return PWS_E_PROTOCOL;
    return pws_headers_check(PWS_CLIENT, request->headers, request->header_count);
}

PWS_PRIVATE int32_t pws_write_request(pws_writer *out, const pws_config *config,
                                      const pws_request *request, pws_str key) {
    size_t start = out->length;
    int32_t error = pws_write_request_check(config, request);
    if (error != PWS_OK)
        return error;
    pws_put_text(out, "GET ");
    if (request->target.len == 0 || request->target.ptr[0] != '/')
        pws_put_text(out, "/");
    pws_put(out, request->target);
    pws_put_text(out, " HTTP/1.1\r\n");
    pws_put_header(out, "Host", request->host);
    pws_put_text(out, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    pws_put_header(out, "Sec-WebSocket-Key", key);
    pws_put_text(out, "Sec-WebSocket-Version: 13\r\n");
    if (request->origin.len > 0)
        pws_put_header(out, "Origin", request->origin);
    pws_put_protocols(out, pws_cstr(config->protocols));
    pws_put_offer(out, config);
    pws_put_headers(out, request->headers, request->header_count);
    pws_put_text(out, "\r\n");
    return pws_head_end(out, start);
}

PWS_PRIVATE int32_t pws_write_switch(pws_writer *out, const pws_config *config, const char *key,
                                     const pws_response *response, pws_str protocol,
                                     const pws_deflate_params *deflate) {
    char accept[PWS_ACCEPT_LENGTH];
    pws_str value = {accept, PWS_ACCEPT_LENGTH};
    size_t start = out->length;
    int32_t error = pws_headers_check(PWS_SERVER, response->headers, response->header_count);
    if (error != PWS_OK)
        return error;
    pws_accept_write(accept, key, config->cpu);
    pws_put(out, PWS_LITERAL("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Accept: "));
    pws_put(out, value);
    pws_put(out, PWS_LITERAL("\r\n"));
    if (protocol.len > 0)
        pws_put_header(out, "Sec-WebSocket-Protocol", protocol);
    pws_put_answer(out, deflate);
    pws_put_headers(out, response->headers, response->header_count);
    pws_put(out, PWS_LITERAL("\r\n"));
    return pws_head_end(out, start);
}

/* Who sends 426 must send Upgrade (RFC 9110 15.5.22), list it in Connection (7.8), and say which
 * version is wanted (RFC 6455 4.4). */
static void pws_put_connection(pws_writer *out, int upgrade) {
    if (upgrade)
        pws_put_text(out, "Upgrade: websocket\r\nConnection: close, Upgrade\r\n"
                          "Sec-WebSocket-Version: 13\r\n");
    else
        pws_put_text(out, "Connection: close\r\n");
}

static void pws_put_content_length(pws_writer *out, size_t length) {
    pws_put_text(out, "Content-Length: ");
    pws_put_number(out, length);
    pws_put_text(out, "\r\n");
}

/* RFC 9110 6.4.1: responses that have no content, and so no Content-Length. */
static int pws_is_bodiless(uint32_t status) {
    return status == 204 || status == 304;
}

/* And 205, which says with a Content-Length of 0 that it has none (RFC 9110 15.3.6). */
static int pws_may_have_body(uint32_t status) {
    return !pws_is_bodiless(status) && status != 205;
}

/* Code and phrase of what programs answer with. One text, not a switch: the code for that is larger
 * than the words. */
static const char pws_statuses[] = "200 OK\n"
                                   "201 Created\n"
                                   "202 Accepted\n"
                                   "204 No Content\n"
                                   "205 Reset Content\n"
                                   "301 Moved Permanently\n"
                                   "302 Found\n"
                                   "303 See Other\n"
                                   "304 Not Modified\n"
                                   "307 Temporary Redirect\n"
                                   "308 Permanent Redirect\n"
                                   "400 Bad Request\n"
                                   "401 Unauthorized\n"
                                   "403 Forbidden\n"
                                   "404 Not Found\n"
                                   "405 Method Not Allowed\n"
                                   "406 Not Acceptable\n"
                                   "408 Request Timeout\n"
                                   "409 Conflict\n"
                                   "410 Gone\n"
                                   "413 Content Too Large\n"
                                   "414 URI Too Long\n"
                                   "421 Misdirected Request\n"
                                   "426 Upgrade Required\n"
                                   "429 Too Many Requests\n"
                                   "431 Request Header Fields Too Large\n"
                                   "500 Internal Server Error\n"
                                   "501 Not Implemented\n"
                                   "502 Bad Gateway\n"
                                   "503 Service Unavailable\n"
                                   "504 Gateway Timeout\n";

/* The phrase of a status with the space before it, which stands even where there is no phrase (RFC
 * 9112 4). */
static pws_str pws_reason_phrase(uint32_t status) {
    pws_str all, rest;
    all.ptr = pws_statuses;
    all.len = sizeof pws_statuses - 1;
    rest = all;
    while (rest.len > 0) {
        size_t end = pws_index_of(rest, '\n');
        const char *code = rest.ptr;
        if (status == (uint32_t)(100 * (code[0] - '0') + 10 * (code[1] - '0') + (code[2] - '0')))
            return pws_part(rest, 3, end);
        rest = pws_part(rest, end + 1, rest.len);
    }
    return pws_part(all, 3, 4);
}

static void pws_put_status_line(pws_writer *out, uint32_t status) {
    pws_put_text(out, "HTTP/1.1 ");
    pws_put_number(out, status);
    pws_put(out, pws_reason_phrase(status));
    pws_put_text(out, "\r\n");
}

PWS_PRIVATE int32_t pws_write_response(pws_writer *out, const pws_response *response) {
    size_t start = out->length, length = response->body.len;
    int32_t error;
    if (response->status < 200 || response->status > 599 || response->protocol.len > 0 ||
        (length > 0 && (response->body.ptr == NULL || !pws_may_have_body(response->status))))
        return PWS_E_ARG;
    error = pws_headers_check(PWS_SERVER, response->headers, response->header_count);
    if (error != PWS_OK)
        return error;
    pws_put_status_line(out, response->status);
    pws_put_headers(out, response->headers, response->header_count);
    if (!pws_is_bodiless(response->status))
        pws_put_content_length(out, length);
    pws_put_connection(out, response->status == 426);
    pws_put_text(out, "\r\n");
    return pws_head_end(out, start);
}

static int pws_lacks_upgrade(int32_t error) {
    return error == PWS_E_UPGRADE || error == PWS_E_CONNECTION || error == PWS_E_VERSION;
}

/* The status of a refusal, and what must come with it. */
static const char *pws_refusal_status(int32_t error) {
    if (pws_lacks_upgrade(error))
        return "426 Upgrade Required";
    switch (error) {
    case PWS_E_METHOD:
        return "405 Method Not Allowed\r\nAllow: GET"; /* RFC 9110 15.5.6 */
    case PWS_E_ORIGIN:
        return "403 Forbidden";
    case PWS_E_TIMEOUT:
        return "408 Request Timeout";
    case PWS_E_HEAD_SIZE:
        return "431 Request Header Fields Too Large";
    default:
        return "400 Bad Request";
    }
}

PWS_PRIVATE int32_t pws_write_refusal(pws_writer *out, int32_t error, int head_only) {
    size_t start = out->length;
    pws_str text = pws_cstr(pws_reason_for(error));
    pws_put_text(out, "HTTP/1.1 ");
    pws_put_text(out, pws_refusal_status(error));
    pws_put_text(out, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    pws_put_content_length(out, text.len + 1);
    pws_put_connection(out, pws_lacks_upgrade(error));
    pws_put_text(out, "\r\n");
    if (!head_only) { /* RFC 9110 9.3.2 */
        pws_put(out, text);
        pws_put_text(out, "\n");
    }
    return pws_head_end(out, start);
}
