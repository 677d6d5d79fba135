/* How a connection fails, and the state that the program sees. */
#include "internal.h"

PWS_PRIVATE int pws_asks_head(const pws_conn *ws) {
    static const char method[] = {'H', 'E', 'A', 'D', ' '};

    return ws->gathered >= sizeof method && memcmp(ws->receive, method, sizeof method) == 0;
}

PWS_PRIVATE void pws_enter_open(pws_conn *ws) {
    memset(&ws->got, 0, sizeof ws->got);
    ws->since = (uint32_t)ws->now;
    ws->used = (uint32_t)ws->now;
    ws->phase = PWS_PHASE_OPEN;
    ws->busy &= ~(uint32_t)PWS_BUSY_PHASE;
}

PWS_PRIVATE void pws_enter_discard(pws_conn *ws) {
    if ((ws->busy & PWS_BUSY_CLOSING) == 0) /* else close_ms runs already */
        ws->since = (uint32_t)ws->now;
    ws->phase = PWS_PHASE_DISCARD;
    ws->busy |= PWS_BUSY_PHASE;
}

PWS_PRIVATE void pws_fail(pws_conn *ws, int32_t error) {
    pws_fail_with(ws, error, pws_close_code_for(error));
}

PWS_PRIVATE void pws_fail_with(pws_conn *ws, int32_t error, uint16_t code) {
    ws->error = (uint8_t)error;
    if (ws->phase == PWS_PHASE_REQUEST || ws->phase == PWS_PHASE_ANSWER) {
        ws->busy |= PWS_BUSY_REFUSE | (pws_asks_head(ws) ? (uint32_t)PWS_BUSY_HEAD_ONLY : 0u);
    } else if (ws->phase == PWS_PHASE_OPEN && (ws->busy & PWS_BUSY_CLOSING) == 0) {
        pws_str reason = pws_cstr(pws_reason_for(error));

        pws_output_close(ws, code, reason.ptr, reason.len);
    }
    if ((ws->busy & PWS_BUSY_DEFLATE) != 0) /* the rest of the message is given up */
        ws->busy &= ~PWS_BUSY_SENDING;
    ws->busy &= ~(uint32_t)PWS_BUSY_INFLATE;
    pws_close_codecs(ws);
    ws->gathered = 0;
    ws->control_length = 0;
    pws_enter_discard(ws);
}

int pws_state(const pws_conn *ws) {
    if (ws == NULL)
        return PWS_STATE_CLOSED;
    switch (ws->phase) {
    case PWS_PHASE_OPEN:
        return (ws->busy & PWS_BUSY_CLOSING) == 0 ? PWS_STATE_OPEN : PWS_STATE_CLOSING;
    case PWS_PHASE_REJECTED:
    case PWS_PHASE_DISCARD:
        return PWS_STATE_CLOSING;
    case PWS_PHASE_CLOSED:
        return PWS_STATE_CLOSED;
    default:
        return PWS_STATE_CONNECTING;
    }
}
