/* The opening handshake (RFC 6455 4) as a part of the machine: heads are gathered in the receive
 * half, judged by handshake.c, and answered through output.c. */
#include "reading.h"

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

/* ---- Heads that are received ---- */

/* Lines that come from there into the receive half, where the unfinished one begins at `begin` and
 * has come to `end`. */
static pws_lines pws_lines_begin(const pws_conn *ws, size_t begin, size_t end, const uint8_t *from,
                                 size_t length) {
    pws_lines lines;

    lines.head = (const char *)ws->receive;
    lines.begin = ws->receive + begin;
    lines.to = ws->receive + end;
    lines.from = from;
    lines.left = length;
    lines.line = pws_literal(NULL, 0);
    return lines;
}

/* The head is complete. */
static void pws_read_end(const pws_conn *ws, pws_reading *reading) {
    pws_head *head = reading->head;
    pws_lines lines;

    if (!reading->whole) {
        lines = pws_lines_begin(ws, 0, 0, ws->receive, ws->gathered);
        (void)pws_read_lines(&lines, reading);
    }
    head->fields.len = (size_t)((const char *)ws->receive + ws->gathered - 2 - head->fields.ptr);
    head->host = reading->found.host.value;
    head->origin = reading->found.origin.value;
    head->protocol = pws_literal(NULL, 0);
    (void)pws_target_authority(head->target, &head->host);
}

/* The request is complete: it is reported with the first rule that it breaks, and waits. */
static int pws_request_done(pws_conn *ws, const pws_reading *reading, pws_event *ev) {
    const pws_findings *found = &reading->found;
    const char *begin = (const char *)ws->receive;

    ev->kind = PWS_REQUEST;
    ev->error = pws_request_judge(&ev->head, found);
    ws->request_error = (uint8_t)ev->error;
    ws->phase = PWS_PHASE_ANSWER;
    if (ev->error != PWS_OK)
        return 1;
    ws->got.request.key = (uint32_t)(found->key.value.ptr - begin);
    ws->got.request.protocol = found->chosen.len != 0 ? (uint32_t)(found->chosen.ptr - begin) : 0;
    ws->got.request.protocol_length = (uint32_t)found->chosen.len;
    ws->deflate = pws_deflate_pack(&found->deflate);
    return 1;
}

/* A response is complete. Returns 1 with an event, 0 after an interim response or a failure. */
static int pws_response_done(pws_conn *ws, const pws_reading *reading, pws_event *ev) {
    char text[PWS_KEY_LENGTH];
    int32_t error;

    pws_forget_head(ws);
    if (ev->head.status < 200 && ev->head.status != 101) /* RFC 9110 15.2 */
        return 0;
    if (ev->head.status != 101) {
        ev->kind = PWS_REJECTED;
        ws->error = PWS_E_STATUS;
        ws->phase = PWS_PHASE_REJECTED;
        return 1;
    }
    error = pws_response_judge(&ev->head, &reading->found, pws_nonce_key(ws->scratch, text),
                               &ev->deflate);
    if (error != PWS_OK) {
        pws_fail(ws, error);
        return 0;
    }
    ev->kind = PWS_OPEN;
    ev->head.protocol = reading->found.protocol.value;
    ws->deflate = pws_deflate_pack(&ev->deflate);
    pws_enter_open(ws);
    return 1;
}

/* Input has been moved into the receive half. */
static void pws_head_grown(pws_conn *ws, pws_bytes *in, size_t length) {
    in->ptr += length;
    in->len -= length;
    ws->gathered += length;
    ws->got.head.total += (uint32_t)length;
}

/* Moves so much input into the receive half and reads the lines that this completes. */
static int pws_receive_lines(pws_conn *ws, pws_bytes *in, size_t length, pws_reading *reading) {
    size_t joined = 0;
    pws_lines lines;
    int found;

    if (ws->got.head.line != ws->gathered) { /* a line goes on; often no more than that */
        joined = pws_line_join(ws->receive + ws->gathered, in->ptr, length);
        pws_head_grown(ws, in, joined);
        if (joined == length)
            return PWS_LINE_UNFINISHED;
    }
    lines = pws_lines_begin(ws, ws->got.head.line, ws->gathered, in->ptr, length - joined);
    found = pws_read_lines(&lines, reading);
    pws_head_grown(ws, in, (size_t)(lines.from - in->ptr));
    ws->got.head.line = (uint32_t)(lines.begin - ws->receive);
    return found;
}

/* A head is complete. Returns as pws_response_done. */
static int pws_head_done(pws_conn *ws, pws_reading *reading, pws_event *ev) {
    pws_read_end(ws, reading);
    if (ws->phase == PWS_PHASE_REQUEST)
        return pws_request_done(ws, reading, ev);
    return pws_response_done(ws, reading, ev);
}

PWS_PRIVATE int pws_receive_head(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    uint8_t phase = ws->phase;
    pws_reading reading;
    size_t room;
    int state;

    reading.config = ws->config;
    reading.head = &ev->head;
    reading.whole = 0;
    while (in->len != 0 && ws->phase == phase) {
        if (ws->receive == NULL)
            return pws_need_receive(ws, ev);
        room = pws_max_head(ws->config) - ws->got.head.total;
        state = pws_receive_lines(ws, in, in->len < room ? in->len : room, &reading);
        if (state == PWS_LINE_MALFORMED)
            pws_fail(ws, PWS_E_HTTP);
        else if (state == PWS_LINE_EMPTY && pws_head_done(ws, &reading, ev))
            return 1;
        else if (ws->phase == phase && ws->got.head.total == pws_max_head(ws->config))
            pws_fail(ws, PWS_E_HEAD_SIZE);
    }
    return 0;
}

/* ---- Heads that are sent ---- */

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
static int32_t pws_refuse(pws_conn *ws) {
    pws_writer out = pws_output_writer(ws);
    int32_t error = pws_write_refusal(&out, ws->request_error, pws_asks_head(ws));

    if (error != PWS_OK)
        return error;
    pws_output_head(ws, &out);
    pws_forget_head(ws);
    ws->error = ws->request_error;
    pws_enter_discard(ws);
    return PWS_OK;
}

/* The subprotocol agreed on, or nothing. */
static pws_str pws_agreed_protocol(const pws_conn *ws) {
    return pws_part(pws_gathered_head(ws), ws->got.request.protocol,
                    ws->got.request.protocol + ws->got.request.protocol_length);
}

int32_t pws_accept(pws_conn *ws, const pws_response *response) {
    static const pws_response defaults = {0, 0, {NULL, 0}, NULL, 0, {NULL, 0}, {0, 0, 0, 0}};
    const char *begin;
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
    if (ws->request_error != PWS_OK)
        return pws_refuse(ws);
    begin = (const char *)ws->receive;
    protocol = pws_agreed_protocol(ws);
    if (response->protocol.len != 0) {
        protocol = pws_offered(pws_gathered_head(ws), response->protocol);
        if (protocol.len == 0)
            return PWS_E_PROTOCOL;
    }
    deflate = pws_deflate_unpack(ws->deflate);
    out = pws_output_writer(ws);
    error = pws_write_switch(&out, ws->config, begin + ws->got.request.key, response, protocol,
                             &deflate);
    if (error != PWS_OK)
        return error;
    pws_output_head(ws, &out);
    ws->got.request.protocol = (uint32_t)(protocol.ptr - begin);
    ws->got.request.protocol_length = (uint32_t)protocol.len;
    ws->phase = PWS_PHASE_ACCEPTED;
    return PWS_OK;
}

PWS_PRIVATE int pws_open(pws_conn *ws, pws_event *ev) {
    memset(&ev->head, 0, sizeof ev->head);
    ev->kind = PWS_OPEN;
    ev->head.protocol = pws_agreed_protocol(ws);
    ev->deflate = pws_deflate_unpack(ws->deflate);
    ws->gathered = 0;
    pws_enter_open(ws);
    return 1;
}

int32_t pws_reject(pws_conn *ws, const pws_response *response) {
    pws_writer out;
    int32_t error;

    if (ws == NULL || response == NULL || !pws_response_ok(response) || response->protocol.len != 0)
        return PWS_E_ARG;
    if (ws->phase != PWS_PHASE_ANSWER)
        return PWS_E_STATE;
    out = pws_output_writer(ws);
    error = pws_write_response(&out, response);
    if (error != PWS_OK)
        return error;
    pws_output_head(ws, &out);
    if (!pws_asks_head(ws))
        pws_output_data(ws, response->body.ptr, response->body.len);
    pws_forget_head(ws);
    ws->error = PWS_E_STATUS;
    pws_enter_discard(ws);
    return PWS_OK;
}
