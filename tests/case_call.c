/* Calls: does what a call line says; all that is passed or lent lies in memory of its own. */
#include <stdlib.h>
#include <string.h>

#include "case_replay.h"

/* ---- Memory ---- */

void *exact_copy(struct copies *copies, const void *data, size_t length) {
    void *copy = must_realloc(NULL, length);
    if (length > 0)
        memcpy(copy, data, length);
    if ((copies->count & (copies->count - 1)) == 0)
        copies->ptr = (void **)must_realloc(
            copies->ptr, (copies->count == 0 ? 1 : copies->count * 2) * sizeof *copies->ptr);
    copies->ptr[copies->count++] = copy;
    return copy;
}

void free_copies(struct copies *copies) {
    size_t i;
    for (i = 0; i < copies->count; i++)
        free(copies->ptr[i]);
    free(copies->ptr);
    memset(copies, 0, sizeof *copies);
}

void free_half(struct half *half) {
    free(half->ptr);
    half->ptr = NULL;
    half->size = 0;
}

void move_connection(struct replay *r) {
    pws_conn *moved = (pws_conn *)must_realloc(NULL, sizeof *moved);
    memcpy(moved, r->ws, sizeof *moved);
    memset(r->ws, 0xdd, sizeof *r->ws);
    free(r->ws);
    r->ws = moved;
}

void drop_receive(struct replay *r) {
    if (r->receive.ptr != r->work.ptr && r->receive.ptr != r->kept->ptr)
        free_half(&r->receive);
}

int32_t lend_receive(struct replay *r, size_t size) {
    struct half half;
    int32_t error;
    half.ptr = size > 0 ? (uint8_t *)must_realloc(NULL, size) : NULL;
    half.size = size;
    error = pws_lend_receive(r->ws, half.ptr, size);
    if (error != PWS_OK) {
        free_half(&half);
        return error;
    }
    drop_receive(r);
    r->receive = half;
    return PWS_OK;
}

int32_t lend_transmit(struct replay *r, size_t size) {
    struct half half;
    int32_t error;
    half.ptr = size > 0 ? (uint8_t *)must_realloc(NULL, size) : NULL;
    half.size = size;
    error = pws_lend_transmit(r->ws, half.ptr, size);
    if (error != PWS_OK) {
        free_half(&half);
        return error;
    }
    free_half(&r->transmit);
    r->transmit = half;
    return PWS_OK;
}

/* ---- Calls ---- */

static pws_str text_field(struct copies *copies, const struct step *step, const char *name) {
    pws_str text = {NULL, 0};
    size_t i;
    for (i = 0; i < step->field_count; i++)
        if (strcmp(step->fields[i].name, name) == 0) {
            const struct bytes *value = &step->fields[i].value;
            text.ptr = (const char *)exact_copy(copies, value->ptr, value->length);
            text.len = value->length;
        }
    return text;
}

static const pws_header *header_fields(struct copies *copies, const struct step *step,
                                       size_t *count) {
    pws_header *headers;
    size_t i;
    *count = 0;
    for (i = 0; i < step->field_count; i++)
        *count += strcmp(step->fields[i].name, "header") == 0;
    if (*count == 0)
        return NULL;
    headers = (pws_header *)must_realloc(NULL, *count * sizeof *headers);
    *count = 0;
    for (i = 0; i < step->field_count; i++)
        if (strcmp(step->fields[i].name, "header") == 0) {
            const struct bytes *value = &step->fields[i].value;
            const uint8_t *line = (const uint8_t *)exact_copy(copies, value->ptr, value->length);
            headers[(*count)++] = split_header(line, value->length);
        }
    return headers;
}

static int32_t call_connect(struct replay *r, const struct step *step) {
    struct copies copies = {NULL, 0};
    pws_request request;
    int32_t error;
    memset(&request, 0, sizeof request);
    request.host = text_field(&copies, step, "host");
    request.target = text_field(&copies, step, "target");
    request.origin = text_field(&copies, step, "origin");
    request.headers = header_fields(&copies, step, &request.header_count);
    error = pws_connect(r->ws, &r->random, &request);
    free((void *)request.headers);
    free_copies(&copies);
    return error;
}

static int32_t call_answer(struct replay *r, const struct step *step) {
    struct copies copies = {NULL, 0};
    pws_response response;
    pws_str body;
    int32_t error;
    memset(&response, 0, sizeof response);
    response.status = step->code;
    response.protocol = text_field(&copies, step, "protocol");
    response.headers = header_fields(&copies, step, &response.header_count);
    body = text_field(&r->borrowed, step, "body");
    response.body.ptr = (const uint8_t *)body.ptr;
    response.body.len = body.len;
    if (step->call == CALL_REJECT)
        error = pws_reject(r->ws, &response);
    else
        error = pws_accept(r->ws, step->field_count > 0 ? &response : NULL);
    if (error == PWS_OK)
        r->waiting = 0;
    free((void *)response.headers);
    free_copies(&copies);
    return error;
}

static int32_t call_prepared(struct replay *r, const struct step *step, const uint8_t *data,
                             size_t length) {
    size_t size = pws_frame_size(length, 0), written = 0;
    uint8_t *frame;
    int32_t error;
    if (step->raw)
        return pws_send_prepared(r->ws, exact_copy(&r->borrowed, data, length), length, 0);
    frame = (uint8_t *)must_realloc(NULL, size);
    error = pws_frame_write(frame, size, &written, step->number, NULL, data, length);
    if (error == PWS_OK)
        error = pws_send_prepared(r->ws, exact_copy(&r->borrowed, frame, written), written, 0);
    free(frame);
    return error;
}

static int32_t call_deflated(struct replay *r, const struct step *step, const uint8_t *data,
                             size_t length) {
    size_t size = 2 * length + 64, written = 0;
    const uint8_t *copy = (const uint8_t *)exact_copy(&r->borrowed, data, length);
    uint8_t *frame;
    int32_t error;
    if (step->raw)
        return pws_send_prepared(r->ws, copy, length, step->window);
    frame = (uint8_t *)must_realloc(NULL, size);
    error = pws_frame_deflate(&r->config, step->window, frame, size, &written, step->number, copy,
                              length);
    if (error == PWS_OK)
        error = pws_send_prepared(r->ws, exact_copy(&r->borrowed, frame, written), written,
                                  step->window);
    free(frame);
    return error;
}

/* Sends the data of the event from where it lies, unless it would be gone before it is written. */
static int32_t call_echo(struct replay *r, const pws_event *ev) {
    const void *data = ev->data.ptr;
    if (r->held || ev->data.ptr == r->message.ptr)
        data = exact_copy(&r->borrowed, ev->data.ptr, ev->data.len);
    return pws_send(r->ws, ev->kind, data, ev->data.len);
}

static int32_t call_lend(struct replay *r, const struct step *step) {
    size_t size = step->none ? 0 : step->number;
    if (step->call == CALL_LEND_RECEIVE) {
        r->asked_receive = 0;
        return lend_receive(r, step->all ? pws_receive_size(&r->config) : size);
    }
    r->asked_transmit = 0;
    return lend_transmit(r, step->all ? PWS_TRANSMIT_SIZE : size);
}

int32_t make_call(struct replay *r, const struct step *step, const pws_event *ev) {
    const uint8_t *data = step->data.bytes.ptr;
    size_t length = step->data.bytes.length;
    pws_str reason = {NULL, 0};
    switch (step->call) {
    case CALL_CONNECT:
        return call_connect(r, step);
    case CALL_ACCEPT:
    case CALL_REJECT:
        return call_answer(r, step);
    case CALL_SEND:
        return pws_send(r->ws, step->number, exact_copy(&r->borrowed, data, length), length);
    case CALL_INPLACE:
        return pws_send_inplace(r->ws, step->number, exact_copy(&r->borrowed, data, length),
                                length);
    case CALL_PREPARED:
        return call_prepared(r, step, data, length);
    case CALL_DEFLATED:
        return call_deflated(r, step, data, length);
    case CALL_ECHO:
        return call_echo(r, ev);
    case CALL_CLOSE:
        if (length > 0) {
            reason.ptr = (const char *)exact_copy(&r->borrowed, data, length);
            reason.len = length;
        }
        return pws_close(r->ws, step->code, reason);
    case CALL_EOF:
        pws_eof(r->ws);
        return PWS_OK;
    case CALL_HOLD:
        r->held = (int)step->number;
        pws_hold(r->ws, r->held);
        return PWS_OK;
    case CALL_TICK:
        if (step->value > r->now)
            r->now = step->value;
        r->ticked = 1;
        pws_tick(r->ws, step->value);
        return PWS_OK;
    case CALL_END:
        pws_end(r->ws);
        r->closed = r->ended = 1;
        r->waiting = r->rejected = 0;
        return PWS_OK;
    case CALL_LEND_RECEIVE:
    case CALL_LEND_TRANSMIT:
        return call_lend(r, step);
    }
    return PWS_OK;
}
