/* purews under the worst inputs. */
#include "purews.h"

#include <stdlib.h>
#include <string.h>

#include "../wire.h"
#include "worst.h"

struct state {
    pws_config config;
    pws_conn ws;
    uint8_t *work;
    size_t work_size;
    uint8_t buffer[65536]; /* of a read */
};

static int can(const struct input *input) {
    (void)input;
    return 1;
}

static void *open_state(const struct input *input) {
    struct state *state = (struct state *)calloc(1, sizeof *state);
    pws_agreed agreed;

    if (state == NULL)
        return NULL;
    state->config.role = PWS_SERVER;
    state->config.cpu = pws_cpu();
    state->config.max_head = WORST_HEAD;
    state->config.max_message = WORST_MESSAGE;
    state->config.protocols = WORST_PROTOCOLS;
    state->work_size = pws_work_size(&state->config);
    state->work = (uint8_t *)malloc(state->work_size);
    memset(&agreed, 0, sizeof agreed);
    if (state->work == NULL ||
        (!input->is_request &&
         pws_start(&state->ws, &state->config, state->work, state->work_size, &agreed) != PWS_OK))
        return NULL;
    return state;
}

static void close_state(void *opened) {
    struct state *state = (struct state *)opened;

    pws_end(&state->ws);
    free(state->work);
    free(state);
}

static void on_request(struct state *state, const pws_event *ev, struct outcome *outcome) {
    pws_str last = {NULL, 0};

    outcome->messages++;
    if (ev->error != PWS_OK || !pws_header_find(ev->head.fields, WORST_LAST_NAME, &last) ||
        last.len != strlen(WORST_LAST_VALUE) || memcmp(last.ptr, WORST_LAST_VALUE, last.len) != 0 ||
        pws_accept(&state->ws, NULL) != PWS_OK)
        outcome->wrong = 1;
}

static void on_event(struct state *state, const pws_event *ev, struct outcome *outcome) {
    if (ev->kind == PWS_TEXT) {
        worst_message(outcome, ev->data.ptr, ev->data.len);
    } else if (ev->kind == PWS_WRITE) {
        wire_write(ev->out[0].ptr, ev->out[0].len);
        wire_write(ev->out[1].ptr, ev->out[1].len);
    } else if (ev->kind == PWS_REQUEST) {
        on_request(state, ev, outcome);
    } else if (ev->kind != PWS_PING && ev->kind != PWS_OPEN) {
        outcome->wrong = 1;
    }
}

static void run(void *opened, struct outcome *outcome) {
    struct state *state = (struct state *)opened;
    pws_event ev;
    pws_bytes in;

    if (outcome->input->is_request)
        pws_init(&state->ws, &state->config, state->work, state->work_size);
    while (wire_next()) {
        in.ptr = state->buffer;
        in.len = wire_read(state->buffer, sizeof state->buffer);
        while (pws_next(&state->ws, &in, &ev))
            on_event(state, &ev, outcome);
    }
    if (pws_state(&state->ws) != PWS_STATE_OPEN)
        outcome->wrong = 1;
}

const struct library worst_purews = {"purews", can, open_state, run, close_state};
