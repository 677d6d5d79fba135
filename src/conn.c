/* The connection: its configuration and memory, and the machine's one step. What a phase
 * means is decided here and nowhere else. */
#include "internal.h"

/* ---- Configuration and memory ---- */

static int pws_config_ok(const pws_config *config) {
    if (config == NULL || (config->role != PWS_SERVER && config->role != PWS_CLIENT))
        return 0;
    if ((config->flags & ~(uint32_t)(PWS_STREAM | PWS_REQUIRE_ORIGIN | PWS_NO_AUTO_PONG)) != 0)
        return 0;
    if (!pws_deflate_wish_ok(config))
        return 0;
    if (config->max_head != 0 && (config->max_head < 64 || config->max_head > 0x1000000))
        return 0;
    if ((config->cpu & ~(uint32_t)(PWS_CPU_AVX2 | PWS_CPU_AVX512 | PWS_CPU_SHA)) != 0)
        return 0;
    return pws_is_zero(config->reserved, sizeof config->reserved / sizeof(uintptr_t));
}

PWS_PRIVATE uint64_t pws_max_message(const pws_config *config) {
    if (config->max_message != 0)
        return config->max_message;
    return (config->flags & PWS_STREAM) != 0 ? UINT64_MAX : (uint64_t)PWS_DEFAULT_MESSAGE;
}

PWS_PRIVATE size_t pws_receive_needed(const pws_config *config) {
    uint64_t head, message;

    head = config->max_head != 0 ? config->max_head : (uint64_t)PWS_DEFAULT_HEAD;
    message = pws_max_message(config);
    if ((config->flags & PWS_STREAM) != 0) /* what is decompressed at a time */
        message = PWS_IF_DEFLATE(config->codec != NULL) ? PWS_INFLATE_PIECE : 0;
    if (message > SIZE_MAX - PWS_MAX_CONTROL)
        return SIZE_MAX;
    message += PWS_MAX_CONTROL;
    return (size_t)(head > message ? head : message);
}

size_t pws_receive_size(const pws_config *config) {
    return pws_config_ok(config) ? pws_receive_needed(config) : 0;
}

size_t pws_work_size(const pws_config *config) {
    size_t receive = pws_receive_size(config);

    if (receive == 0)
        return 0;
    return receive <= SIZE_MAX - PWS_TRANSMIT_SIZE ? receive + PWS_TRANSMIT_SIZE : SIZE_MAX;
}

/* Whether something the machine still needs lies in memory[0..size). */
static int pws_lies_in(const uint8_t *ptr, const uint8_t *memory, size_t size) {
    return memory != NULL && (uintptr_t)ptr - (uintptr_t)memory < size;
}

static int pws_pong_lies_in(const pws_conn *ws, const uint8_t *memory, size_t size) {
    return (ws->busy & PWS_BUSY_PONG) != 0 && ws->pong_length != 0 &&
           pws_lies_in(ws->pong_data, memory, size);
}

static int pws_receive_busy(const pws_conn *ws) {
    size_t size = pws_receive_needed(ws->config);

    if (ws->gathered != 0 || ws->control_length != 0 || pws_pong_lies_in(ws, ws->receive, size))
        return 1;
    return (ws->busy & PWS_BUSY_SEND) != 0 && pws_lies_in(ws->send_data, ws->receive, size);
}

static int pws_transmit_busy(const pws_conn *ws) {
    if (ws->batch_length != 0 || (ws->busy & (PWS_BUSY_MASK | PWS_BUSY_DEFLATE)) != 0)
        return 1;
    if (pws_pong_lies_in(ws, ws->transmit, ws->transmit_size))
        return 1;
    /* a client masks the reason of its Close there */
    return ws->config->role == PWS_CLIENT && (ws->busy & PWS_BUSY_CLOSE) != 0 &&
           ws->reason_length != 0;
}

int32_t pws_lend_receive(pws_conn *ws, void *memory, size_t size) {
    if (ws == NULL || (memory == NULL) != (size == 0))
        return PWS_E_ARG;
    if (memory != NULL && size < pws_receive_needed(ws->config))
        return PWS_E_SPACE;
    if (pws_receive_busy(ws))
        return PWS_E_BUSY;
    ws->receive = (uint8_t *)memory;
    return PWS_OK;
}

int32_t pws_lend_transmit(pws_conn *ws, void *memory, size_t size) {
    if (ws == NULL || (memory == NULL) != (size == 0))
        return PWS_E_ARG;
    if (memory != NULL && size < PWS_TRANSMIT_MIN)
        return PWS_E_SPACE;
    if (ws->transmit != NULL && pws_transmit_busy(ws))
        return PWS_E_BUSY;
    if (ws->transmit == NULL && memory != NULL) /* a frame header moves out of `small` */
        memcpy(memory, ws->small, ws->batch_length);
    ws->transmit = (uint8_t *)memory;
    ws->transmit_size = size < INT32_MAX ? (uint32_t)size : (uint32_t)INT32_MAX;
    return PWS_OK;
}

static int32_t pws_begin(pws_conn *ws, const pws_config *config, void *work, size_t work_size,
                         uint8_t phase) {
    size_t receive;

    if (ws == NULL || !pws_config_ok(config) || (work == NULL) != (work_size == 0))
        return PWS_E_ARG;
    receive = pws_receive_needed(config);
    if (work != NULL && (receive > work_size || work_size - receive < PWS_TRANSMIT_SIZE))
        return PWS_E_SPACE;
    memset(ws, 0, sizeof *ws);
    ws->config = config;
    ws->code = 1006;
    ws->sent_code = 1006;
    ws->phase = phase;
    ws->busy = phase != PWS_PHASE_OPEN ? (uint32_t)PWS_BUSY_PHASE : 0u;
    if (work != NULL) {
        ws->receive = (uint8_t *)work;
        (void)pws_lend_transmit(ws, (uint8_t *)work + receive, work_size - receive);
    }
    return PWS_OK;
}

int32_t pws_init(pws_conn *ws, const pws_config *config, void *work, size_t work_size) {
    uint8_t phase = PWS_PHASE_REQUEST;

    if (config != NULL && config->role == PWS_CLIENT)
        phase = PWS_PHASE_CONNECT;
    return pws_begin(ws, config, work, work_size, phase);
}

/* Whether parameters agreed on elsewhere make sense. */
static int pws_agreed_ok(const pws_config *config, const pws_deflate_params *agreed) {
    if (agreed->agreed == 0)
        return 1;
    return agreed->agreed == 1 && agreed->server_no_context_takeover <= 1 &&
           agreed->client_no_context_takeover <= 1 && agreed->window_named <= 1 &&
           agreed->reserved[0] == 0 && agreed->reserved[1] == 0 && config->codec != NULL &&
           agreed->server_max_window_bits >= 8 && agreed->server_max_window_bits <= 15 &&
           agreed->client_max_window_bits >= 8 && agreed->client_max_window_bits <= 15;
}

int32_t pws_start(pws_conn *ws, const pws_config *config, void *work, size_t work_size,
                  const pws_agreed *agreed) {
    int32_t error;

    if (config == NULL || agreed == NULL || !pws_agreed_ok(config, &agreed->deflate) ||
        !pws_is_zero(agreed->reserved, sizeof agreed->reserved / sizeof(uintptr_t)))
        return PWS_E_ARG;
    if (config->role == PWS_CLIENT) {
        if (agreed->random == NULL)
            return PWS_E_ARG;
        if (!agreed->random->seeded)
            return PWS_E_STATE;
    }
    error = pws_begin(ws, config, work, work_size, PWS_PHASE_OPEN);
    if (error == PWS_OK) {
        ws->random = agreed->random;
        ws->deflate = pws_deflate_pack(&agreed->deflate);
    }
    return error;
}

/* ---- Tell ---- */

int32_t pws_close(pws_conn *ws, uint32_t code, pws_str reason) {
    if (ws == NULL || (reason.ptr == NULL && reason.len != 0) || (code == 0 && reason.len != 0))
        return PWS_E_ARG;
    if (code != 0 && !pws_close_code_ok(code)) /* 7.4 */
        return PWS_E_CLOSE_CODE;
    if (reason.len > PWS_MAX_REASON) /* 5.5 */
        return PWS_E_CONTROL;
    if (!pws_utf8_valid(reason.ptr, reason.len)) /* 5.5.1 */
        return PWS_E_UTF8;
    if (ws->phase != PWS_PHASE_OPEN || (ws->busy & PWS_BUSY_CLOSING) != 0)
        return PWS_E_STATE;
    if (ws->config->role == PWS_CLIENT && reason.len != 0 && ws->transmit == NULL)
        return PWS_E_SPACE;
    pws_output_close(ws, code, reason.ptr, reason.len);
    return PWS_OK;
}

void pws_eof(pws_conn *ws) {
    if (ws != NULL)
        ws->busy |= PWS_BUSY_EOF;
}

void pws_end(pws_conn *ws) {
    if (ws == NULL)
        return;
    ws->busy = PWS_BUSY_PHASE;
    pws_close_codecs(ws);
    ws->gathered = 0;
    ws->control_length = 0;
    ws->batch_length = 0;
    ws->batch_done = 0;
    ws->told = 0;
    ws->phase = PWS_PHASE_CLOSED;
}

/* ---- Pull ---- */

/* Reads input as the phase has it. Returns 1 with an event. */
static int pws_input(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    if (ws->phase == PWS_PHASE_ACCEPTED)
        return pws_open(ws, ev);
    if (in == NULL || (in->len == 0 && (ws->busy & PWS_BUSY_INFLATE) == 0))
        return 0;
    switch (ws->phase) {
    case PWS_PHASE_REQUEST:
    case PWS_PHASE_RESPONSE:
        return pws_receive_head(ws, in, ev);
    case PWS_PHASE_OPEN:
        if (in->len != 0)
            pws_time_heard(ws);
        return pws_receive_frames(ws, in, ev);
    default:
        return 0;
    }
}

/* Throws input away after the peer's Close and after a failure (RFC 6455 1.4, 7.1.7). */
static void pws_discard(const pws_conn *ws, pws_bytes *in) {
    if (ws->phase != PWS_PHASE_DISCARD || in == NULL || in->len == 0)
        return;
    in->ptr += in->len;
    in->len = 0;
}

/* Whether the transport is to be closed as soon as nothing is owed. */
static int pws_is_over(const pws_conn *ws) {
    if ((ws->busy & PWS_BUSY_EOF) != 0)
        return 1;
    /* 7.1.1: the server closes first; 7.1.7: after a failure nobody waits */
    return ws->phase == PWS_PHASE_DISCARD &&
           (ws->config->role == PWS_SERVER || ws->error != PWS_OK);
}

/* Reports the end, once. Returns 1 with the event. */
static int pws_finish(pws_conn *ws, pws_event *ev) {
    if (ws->phase == PWS_PHASE_CLOSED || !pws_is_over(ws))
        return 0;
    if ((ws->busy & PWS_BUSY_EOF) == 0 && pws_output_owes(ws)) /* held: the last output is first */
        return 0;
    ev->kind = PWS_CLOSED;
    ev->code = ws->code;
    ev->sent_code = (ws->flags & PWS_FLAG_CLOSE_WRITTEN) != 0 ? ws->sent_code : 1006;
    ev->error = ws->error;
    if (ws->error == PWS_OK &&
        (ws->phase != PWS_PHASE_DISCARD || (ws->flags & PWS_FLAG_CLOSE_WRITTEN) == 0)) /* 7.1.5 */
        ev->error = PWS_E_EOF;
    pws_end(ws);
    return 1;
}

/* Whether output may be owed. */
static int pws_has_output(const pws_conn *ws) {
    return (ws->busy & PWS_BUSY_OUTPUT) != 0 || ws->batch_length != 0;
}

PWS_PRIVATE int pws_next_any(pws_conn *ws, pws_bytes *in, pws_event *ev) {
    if ((ws->busy & PWS_BUSY_WRITING) != 0)
        pws_output_settle(ws);
    if (pws_has_output(ws) && pws_output_owed(ws, ev))
        return 1;
    if (pws_input(ws, in, ev))
        return 1;
    pws_discard(ws, in);
    /* input may have failed the connection, and the batch waits only for more of it */
    if (pws_has_output(ws) && (pws_output_owed(ws, ev) || pws_output_flush(ws, ev)))
        return 1;
    if ((ws->busy & PWS_BUSY_LATE) != 0) {
        pws_time_judge(ws);
        if (pws_output_owed(ws, ev) || pws_output_flush(ws, ev))
            return 1;
    }
    return pws_finish(ws, ev);
}
