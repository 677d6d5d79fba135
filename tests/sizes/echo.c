/* The part of the reference programs that servers and clients share: messages come and go, Pings,
 * limits of time, a transport that takes only a part, and the closing handshake. */
#include "echo.h"

uint8_t echo_work[PWS_WORK_SIZE(4096)];
static uint8_t input[1024];

void echo_config(pws_config *config, uint32_t role) {
    config->role = role;
    config->max_message = 4096;
    config->open_ms = 10000;
    config->ping_ms = 20000;
    config->pong_ms = 10000;
#ifdef ECHO_CODEC
    config->codec = &outside_codec;
#endif
}

int echo_read(pws_conn *ws, pws_bytes *in) {
    if (pws_state(ws) == PWS_STATE_CLOSED)
        return 0;
    outside_wait(pws_deadline(ws));
    pws_tick(ws, outside_now());
    pws_hold(ws, 0);
    in->ptr = input;
    in->len = outside_read(input, sizeof input);
    if (in->len == 0)
        pws_eof(ws);
    return 1;
}

static void echo_write(pws_conn *ws, const pws_event *ev) {
    size_t written = outside_write(ev->out[0].ptr, ev->out[0].len);

    if (written == ev->out[0].len)
        written += outside_write(ev->out[1].ptr, ev->out[1].len);
    pws_wrote(ws, written);
    pws_hold(ws, written != ev->out[0].len + ev->out[1].len);
}

void echo_event(pws_conn *ws, const pws_event *ev) {
    switch (ev->kind) {
    case PWS_WRITE:
        echo_write(ws, ev);
        break;
    case PWS_TEXT:
    case PWS_BINARY:
        if (ev->data.len == 0)
            (void)pws_close(ws, 1000, pws_cstr("bye"));
        else if (pws_send(ws, ev->kind, ev->data.ptr, ev->data.len) != PWS_OK)
            pws_end(ws);
        break;
    default:
        break;
    }
}
