/* The opening handshake (RFC 6455 4) as a part of the machine: heads are gathered in the receive
 * half, judged by handshake.c, and answered through output.c. */
#include "internal.h"

static pws_str pws_gathered_head(const pws_conn *ws) {
    pws_str text;

    text.ptr = (const char *)ws->receive;
    text.len = ws->gathered;
    return text;
}

static uint32_t pws_max_head(const pws_config *config) {
    return config->max_head != 0 ? config->max_head : (uint32_t)PWS_DEFAULT_HEAD;
}

/* The receive half is free for messages. */
static void pws_forget_head(pws_conn *ws) {
    ws->gathered = 0;
    ws->got.head.line = 0;
}

/* The Sec-WebSocket-Key that belongs to a nonce (4.1). */
static pws_str pws_nonce_key(const uint8_t nonce[16], char text[PWS_KEY_LENGTH]) {
    pws_str key;

    pws_base64_encode(text, nonce, 16);
    key.ptr = text;
    key.len = PWS_KEY_LENGTH;
    return key;
}

/* The request is complete: it is reported with the first rule that it breaks, and waits. */
static int pws_request_done(pws_conn *ws, pws_event *ev) {
    pws_head_parse(PWS_SERVER, pws_gathered_head(ws), &ev->head);
    ev->kind = PWS_REQUEST;
    ev->error = pws_request_check(ws->config, &ev->head, NULL, NULL);
    ws->request_error = (uint8_t)ev->error;
    ws->phase = PWS_PHASE_ANSWER;
    return 1;
}

/* A response is complete. Returns 1 with an event, 0 after an interim response or a failure. */
static int pws_response_done(pws_conn *ws, pws_event *ev) {
    char text[PWS_KEY_LENGTH];
    pws_str protocol;
    int32_t error;

    pws_head_parse(PWS_CLIENT, pws_gathered_head(ws), &ev->head);
    pws_forget_head(ws);
    if (ev->head.status < 200 && ev->head.status != 101) /* RFC 9110 15.2 */
        return 0;
    if (ev->head.status != 101) {
        ev->kind = PWS_REJECTED;
        ws->error = PWS_E_STATUS;
        ws->phase = PWS_PHASE_REJECTED;
        return 1;
    }
    error = pws_response_check(ws->config, &ev->head, pws_nonce_key(ws->scratch, text), &protocol,
                               &ev->deflate);
    if (error != PWS_OK) {
        pws_fail(ws, error);
        return 0;
    }
    ev->kind = PWS_OPEN;
    ev->head.protocol = protocol;
    ws->deflate = pws_deflate_pack(&ev->deflate);
    pws_enter_open(ws);
    return 1;
}

/* A line is complete. Returns 1 at the end of the head. */
static int pws_line_done(pws_conn *ws) {
    pws_str line;
    int32_t error;

    line.ptr = (const char *)ws->receive + ws->got.head.line;
    line.len = ws->gathered - ws->got.head.line;
    error = pws_line_check(ws->config->role, ws->got.head.line == 0, line);
    ws->got.head.line = (uint32_t)ws->gathered;
    if (error != PWS_OK)
        pws_fail(ws, error);
    return error == PWS_OK && line.len == 2;
}

/* Moves bytes of the input into the receive half, up to the end of the line. Returns 1 if it is
 * there. */
static int pws_gather_line(pws_conn *ws, pws_bytes *in) {
    size_t length = pws_max_head(ws->config) - ws->got.head.total;
    int32_t error;

    if (length > in->len)
        length = in->len;
    length = pws_line_scan(in->ptr, length, &error);
    if (length != 0)
        memcpy(ws->receive + ws->gathered, in->ptr, length);
    in->ptr += length;
    in->len -= length;
    ws->gathered += length;
    ws->got.head.total += (uint32_t)length;
    if (error != PWS_OK)
        pws_fail(ws, error);
    return error == PWS_OK && ws->receive[ws->gathered - 1] == '\n';
}

PWS_PRIVATE int pws_receive_head(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    uint8_t phase = ws->phase;

    while (in->len != 0 && ws->phase == phase) {
        if (ws->receive == NULL)
            return pws_need_receive(ws, ev);
        if (pws_gather_line(ws, in) && pws_line_done(ws)) {
            if (phase == PWS_PHASE_REQUEST)
                return pws_request_done(ws, ev);
            if (pws_response_done(ws, ev))
                return 1;
        }
        if (ws->phase == phase && ws->got.head.total == pws_max_head(ws->config))
            pws_fail(ws, PWS_E_HEAD_SIZE);
    }
    return 0;
}

static int pws_response_ok(const pws_response *response) {
    return response->reserved0 == 0 &&
           pws_is_zero(response->reserved, sizeof response->reserved / sizeof(uintptr_t)) &&
           (response->protocol.ptr != NULL || response->protocol.len == 0);
}

int32_t pws_connect(pws_conn *ws, pws_random *random, const pws_request *request) {
    uint8_t nonce[16];
    char text[PWS_KEY_LENGTH];
    pws_writer out;
    int32_t error;

    if (ws == NULL || random == NULL || request == NULL ||
        !pws_is_zero(request->reserved, sizeof request->reserved / sizeof(uintptr_t)))
        return PWS_E_ARG;
    if (ws->phase != PWS_PHASE_CONNECT || !random->seeded)
        return PWS_E_STATE;
    (void)pws_random_bytes(random, nonce, sizeof nonce); /* seeded, so it can't fail */
    out = pws_output_writer(ws);
    error = pws_write_request(&out, ws->config, request, pws_nonce_key(nonce, text));
    if (error != PWS_OK)
        return error;
    pws_output_head(ws, &out);
    memcpy(ws->scratch, nonce, sizeof nonce);
    ws->random = random;
    ws->phase = PWS_PHASE_RESPONSE;
    return PWS_OK;
}

/* The waiting request broke a rule: it gets that rule's answer. */
static int32_t pws_refuse(pws_conn *ws, const pws_head *head) {
    pws_writer out = pws_output_writer(ws);
    int32_t error = pws_write_refusal(&out, ws->request_error, pws_is_text(head->method, "HEAD"));

    if (error != PWS_OK)
        return error;
    pws_output_head(ws, &out);
    pws_forget_head(ws);
    ws->error = ws->request_error;
    pws_enter_discard(ws);
    return PWS_OK;
}

int32_t pws_accept(pws_conn *ws, const pws_response *response) {
    static const pws_response defaults = {0, 0, {NULL, 0}, NULL, 0, {NULL, 0}, {0, 0, 0, 0}};
    pws_head head;
    pws_str protocol;
    pws_deflate_params deflate;
    pws_writer out;
    int32_t error;

    if (response == NULL)
        response = &defaults;
    if (ws == NULL || !pws_response_ok(response) || response->status != 0 ||
        response->body.len != 0)
        return PWS_E_ARG;
    if (ws->phase != PWS_PHASE_ANSWER)
        return PWS_E_STATE;
    pws_head_parse(PWS_SERVER, pws_gathered_head(ws), &head);
    if (ws->request_error != PWS_OK)
        return pws_refuse(ws, &head);
    (void)pws_request_check(ws->config, &head, &protocol, &deflate);
    if (response->protocol.len != 0) {
        protocol = pws_offered(&head, response->protocol);
        if (protocol.len == 0)
            return PWS_E_PROTOCOL;
    }
    out = pws_output_writer(ws);
    error = pws_write_switch(&out, ws->config, &head, response, protocol, &deflate);
    if (error != PWS_OK)
        return error;
    pws_output_head(ws, &out);
    ws->got.head.protocol =
        protocol.len != 0 ? (uint32_t)(protocol.ptr - (const char *)ws->receive) : 0;
    ws->got.head.protocol_length = (uint32_t)protocol.len;
    ws->deflate = pws_deflate_pack(&deflate);
    ws->phase = PWS_PHASE_ACCEPTED;
    return PWS_OK;
}

PWS_PRIVATE int pws_open(pws_conn *ws, pws_event *ev) {
    memset(&ev->head, 0, sizeof ev->head);
    ev->kind = PWS_OPEN;
    ev->head.protocol.ptr = (const char *)ws->receive + ws->got.head.protocol;
    ev->head.protocol.len = ws->got.head.protocol_length;
    ev->deflate = pws_deflate_unpack(ws->deflate);
    ws->gathered = 0;
    pws_enter_open(ws);
    return 1;
}

int32_t pws_reject(pws_conn *ws, const pws_response *response) {
    pws_head head;
    pws_writer out;
    int32_t error;

    if (ws == NULL || response == NULL || !pws_response_ok(response) || response->protocol.len != 0)
        return PWS_E_ARG;
    if (ws->phase != PWS_PHASE_ANSWER)
        return PWS_E_STATE;
    pws_head_parse(PWS_SERVER, pws_gathered_head(ws), &head);
    out = pws_output_writer(ws);
    error = pws_write_response(&out, response);
    if (error != PWS_OK)
        return error;
    pws_output_head(ws, &out);
    if (!pws_is_text(head.method, "HEAD")) /* RFC 9110 9.3.2 */
        pws_output_data(ws, response->body.ptr, response->body.len);
    pws_forget_head(ws);
    ws->error = PWS_E_STATUS;
    pws_enter_discard(ws);
    return PWS_OK;
}
