/* The rules of the opening handshake (RFC 6455 4), of both roles. Nothing here keeps state. First
 * the header lines are read once, one by one as they come, and what they say is gathered; then the
 * rules are judged in a fixed order, each a function with its section. Sections without a number of
 * their own are those of RFC 6455. */
#include "reading.h"

static int32_t pws_find_in_headers(pws_findings *found, const pws_config *config,
                                   const pws_header *headers, size_t count) {
    pws_header line;
    size_t i;
    pws_find_nothing(found, config);
    if (headers == NULL && count > 0)
        return PWS_E_ARG;
    for (i = 0; i < count; i++) {
        line = headers[i];
        if (pws_is_missing(line.name) || pws_is_missing(line.value))
            return PWS_E_ARG;
        pws_found_line(found, line.name, pws_trim(line.value));
    }
    return PWS_OK;
}

/* ---- Rules of both requests and responses; 1 if they are kept ---- */

/* 4.2.1 item 1; for responses RFC 9110 7.8: HTTP/1.0 has no Upgrade. */
static int pws_http_version_ok(const pws_head *head) {
    return head->version >= 11;
}

/* 4.2.1 item 4, 4.1 (response) item 3. */
static int pws_connection_ok(const pws_findings *found) {
    return found->connection;
}

/* ---- Rules of requests (4.2.1) ---- */

/* Extended CONNECT (RFC 8441 4). */
static int pws_is_extended_connect(const pws_head *head) {
    return head->version >= 20 && head->protocol.len > 0 && pws_is_text(head->method, "CONNECT");
}

/* 4.2.1 item 1. */
static int pws_method_ok(const pws_head *head) {
    return pws_is_text(head->method, "GET");
}

/* 4.2.1 item 1: a path, or an http or https URL, without a fragment (3). Characters that should
 * have been percent-encoded are let through: browsers send them. Where the handshake is done
 * elsewhere, the target may be unknown. */
static int pws_target_ok(const pws_head *head) {
    pws_str target = head->target, authority;
    if (target.len == 0)
        return 1;
    if (pws_index_of(target, '#') < target.len)
        return 0;
    if (pws_target_authority(target, &authority))
        return pws_is_authority(authority);
    return target.ptr[0] == '/';
}

/* 4.2.1 item 2, RFC 9112 3.2: exactly one. With RFC 8441, :authority stands for it. */
static int pws_host_ok(const pws_head *head, const pws_findings *found) {
    if (found->host.count == 0)
        return pws_is_extended_connect(head) || pws_is_authority(head->host);
    return found->host.count == 1 && pws_is_authority(found->host.value);
}

/* 4.1 item 1 wants a valid GET; a body would be taken for frames. */
static int pws_body_ok(const pws_findings *found) {
    return !found->has_body;
}

/* 4.2.1 item 3; RFC 8441 5: :protocol instead. */
static int pws_request_upgrade_ok(const pws_head *head, const pws_findings *found) {
    if (pws_is_extended_connect(head))
        return PWS_IS_NAMED(head->protocol, "websocket");
    return found->websocket;
}

/* 4.2.1 item 6. */
static int pws_version_ok(const pws_findings *found) {
    return found->version.count == 1 && pws_is_text(found->version.value, "13");
}

/* 4.2.1 item 5, 11.3.1: exactly one. */
static int pws_key_ok(const pws_findings *found) {
    return found->key.count == 1 && pws_base64_is_key(found->key.value);
}

/* The triple of RFC 6454 4; port is empty if it is the default of the scheme. */
typedef struct pws_origin {
    pws_str scheme, host, port;
} pws_origin;

static size_t pws_port_begin(pws_str authority) {
    size_t begin = authority.len;
    while (begin > 0 && authority.ptr[begin - 1] >= '0' && authority.ptr[begin - 1] <= '9')
        begin--;
    return begin;
}

static int pws_is_default_port(pws_str scheme, pws_str port) {
    if (PWS_IS_NAMED(scheme, "http") || PWS_IS_NAMED(scheme, "ws"))
        return pws_is_text(port, "80");
    if (PWS_IS_NAMED(scheme, "https") || PWS_IS_NAMED(scheme, "wss"))
        return pws_is_text(port, "443");
    return 0;
}

/* serialized-origin (RFC 6454 7.1): scheme "://" host [ ":" port ]. Returns 0 if text is none. */
static int pws_origin_parse(pws_str text, pws_origin *origin) {
    size_t colon = pws_index_of(text, ':'), port;
    if (text.len - colon < 3 || memcmp(text.ptr + colon, "://", 3) != 0)
        return 0;
    origin->scheme = pws_part(text, 0, colon);
    origin->host = pws_part(text, colon + 3, text.len);
    origin->port = pws_literal(NULL, 0);
    port = pws_port_begin(origin->host);
    if (port == 0 || port == origin->host.len || origin->host.ptr[port - 1] != ':')
        return 1;
    origin->port = pws_part(origin->host, port, origin->host.len);
    origin->host = pws_part(origin->host, 0, port - 1);
    if (pws_is_default_port(origin->scheme, origin->port))
        origin->port.len = 0;
    return 1;
}

/* RFC 6454 5. What is no triple, such as "null", must be the same to the letter. */
static int pws_origin_equal(pws_str a, pws_str b) {
    pws_origin first, second;
    if (!pws_origin_parse(a, &first) || !pws_origin_parse(b, &second))
        return pws_str_equal(a, b);
    return pws_str_equal_nocase(first.scheme, second.scheme) &&
           pws_str_equal_nocase(first.host, second.host) && pws_str_equal(first.port, second.port);
}

/* 4.2.2 item 4, 10.2. An origin-list (RFC 6454 7.1) has spaces and so equals no word of
 * config.origins. */
static int pws_origin_ok(const pws_findings *found) {
    const pws_config *config = found->config;
    pws_str allowed = pws_cstr(config->origins), word;
    if (found->origin.count > 1)
        return 0;
    if (config->origins == NULL)
        return 1;
    if (found->origin.count == 0) /* no browser (4.2.1 item 7) */
        return (config->flags & PWS_REQUIRE_ORIGIN) == 0;
    while (pws_word_next(&allowed, &word))
        if (pws_origin_equal(word, found->origin.value))
            return 1;
    return 0;
}

/* 4.2.1 item 8, 11.3.4: one or more tokens, if there is such a line. */
static int pws_offers_ok(const pws_findings *found) {
    return !found->protocols_broken && (found->offers > 0 || found->protocol.count == 0);
}

/* 4.2.1 item 9, 9.1: one or more extensions, if there is such a line. */
static int pws_extensions_ok(const pws_findings *found) {
    return !found->extensions_broken && (found->extensions > 0 || found->extension.count == 0);
}

PWS_PRIVATE int32_t pws_request_judge(const pws_head *head, const pws_findings *found) {
    int extended = pws_is_extended_connect(head);
    if (!extended && !pws_method_ok(head))
        return PWS_E_METHOD;
    if (!pws_target_ok(head))
        return PWS_E_TARGET;
    if (!pws_http_version_ok(head))
        return PWS_E_HTTP_VERSION;
    if (!pws_host_ok(head, found))
        return PWS_E_HOST;
    if (!pws_body_ok(found))
        return PWS_E_BODY;
    if (!pws_request_upgrade_ok(head, found))
        return PWS_E_UPGRADE;
    if (!extended && !pws_connection_ok(found))
        return PWS_E_CONNECTION;
    if (!pws_version_ok(found))
        return PWS_E_VERSION;
    if (!extended && !pws_key_ok(found))
        return PWS_E_KEY;
    if (!pws_origin_ok(found))
        return PWS_E_ORIGIN;
    if (!pws_offers_ok(found))
        return PWS_E_PROTOCOL;
    if (!pws_extensions_ok(found))
        return PWS_E_EXTENSION;
    return PWS_OK;
}

int32_t pws_check_request(const pws_config *config, const pws_head *head, const pws_header *headers,
                          size_t header_count, pws_str *protocol, pws_deflate_params *deflate) {
    pws_findings found;
    int32_t error;
    if (config == NULL || head == NULL || pws_is_missing(head->method) ||
        pws_is_missing(head->target) || pws_is_missing(head->host) ||
        pws_is_missing(head->protocol) ||
        pws_find_in_headers(&found, config, headers, header_count) != PWS_OK)
        return PWS_E_ARG;
    error = pws_request_judge(head, &found);
    if (error == PWS_OK && protocol != NULL)
        *protocol = found.chosen;
    if (error == PWS_OK && deflate != NULL)
        *deflate = found.deflate;
    return error;
}

PWS_PRIVATE pws_str pws_offered(pws_str fields, pws_str wanted) {
    pws_list offers = pws_list_of(fields, "Sec-WebSocket-Protocol");
    pws_str offer;
    while (pws_list_next(&offers, &offer))
        if (pws_str_equal(offer, wanted))
            return offer;
    return pws_literal(NULL, 0);
}

/* ---- Rules of responses (4.1, "Once the client's opening handshake has been sent") ---- */

/* Item 1; RFC 8441 5: any 2xx. */
static int pws_status_ok(const pws_head *head, int extended) {
    return extended ? head->status >= 200 && head->status <= 299 : head->status == 101;
}

/* Item 2: the value is websocket, and nothing else. */
static int pws_response_upgrade_ok(const pws_findings *found) {
    return found->websocket && !found->other_upgrade;
}

/* Item 4, 11.3.3: exactly one, for our key. */
static int pws_accept_ok(const pws_findings *found, pws_str key) {
    char accept[PWS_ACCEPT_LENGTH];
    pws_str expected = {accept, PWS_ACCEPT_LENGTH};
    if (found->accept.count != 1 || !pws_base64_is_key(key))
        return 0;
    pws_accept_write(accept, key.ptr, found->config->cpu);
    return pws_str_equal(found->accept.value, expected);
}

/* Item 6, 11.3.4: at most one, and one that we offered. */
static int pws_answer_ok(const pws_findings *found) {
    if (found->protocol.count == 0)
        return 1;
    return found->protocol.count == 1 &&
           pws_protocol_rank(pws_cstr(found->config->protocols), found->protocol.value) != SIZE_MAX;
}

/* Item 5, 9.1, 11.3.2: none, or the one that we have offered. *deflate becomes what it says. */
static int pws_extension_ok(const pws_findings *found, pws_deflate_params *deflate) {
    pws_str answer = found->extension.value, extension;
    memset(deflate, 0, sizeof *deflate);
    if (found->extension.count == 0)
        return 1;
    return found->extension.count == 1 && found->extensions == 1 && !found->extensions_broken &&
           pws_extension_next(&answer, &extension) &&
           pws_deflate_confirm(found->config, extension, deflate);
}

PWS_PRIVATE int32_t pws_response_judge(const pws_head *head, const pws_findings *found, pws_str key,
                                       pws_deflate_params *deflate) {
    int extended = key.len == 0;
    if (!pws_status_ok(head, extended))
        return PWS_E_STATUS;
    if (!pws_http_version_ok(head))
        return PWS_E_HTTP_VERSION;
    if (!extended && !pws_response_upgrade_ok(found))
        return PWS_E_UPGRADE;
    if (!extended && !pws_connection_ok(found))
        return PWS_E_CONNECTION;
    if (!extended && !pws_accept_ok(found, key))
        return PWS_E_ACCEPT;
    if (!pws_answer_ok(found))
        return PWS_E_PROTOCOL;
    if (!pws_extension_ok(found, deflate))
        return PWS_E_EXTENSION;
    return PWS_OK;
}

int32_t pws_check_response(const pws_config *config, const pws_head *head,
                           const pws_header *headers, size_t header_count, pws_str key,
                           pws_str *protocol, pws_deflate_params *deflate) {
    pws_findings found;
    pws_deflate_params agreed;
    int32_t error;
    if (config == NULL || head == NULL || pws_is_missing(key) ||
        pws_find_in_headers(&found, config, headers, header_count) != PWS_OK)
        return PWS_E_ARG;
    error = pws_response_judge(head, &found, key, &agreed);
    if (error == PWS_OK && protocol != NULL)
        *protocol = found.protocol.value;
    if (error == PWS_OK && deflate != NULL)
        *deflate = agreed;
    return error;
}

PWS_PRIVATE void pws_accept_write(char accept[PWS_ACCEPT_LENGTH], const char *key, uint32_t cpu) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* 1.3 */
    uint8_t text[PWS_SHA1_TEXT];
    uint8_t digest[20];
    memcpy(text, key, PWS_KEY_LENGTH);
    memcpy(text + PWS_KEY_LENGTH, guid, sizeof guid - 1);
    pws_sha1(digest, text, cpu);
    pws_base64_encode(accept, digest, sizeof digest);
}

int32_t pws_accept_key(char accept[28], pws_str key) {
    if (accept == NULL || pws_is_missing(key))
        return PWS_E_ARG;
    if (!pws_base64_is_key(key))
        return PWS_E_KEY;
    pws_accept_write(accept, key.ptr, 0);
    return PWS_OK;
}
