/* purews as a program uses it: a read into a buffer, then events. */
#include "purews.h"

#include <stdlib.h>
#include <string.h>

#include "speed.h"

enum {
    TRANSMIT = 16640 /* bytes; the echo of a read, and it stays in the first cache */
};

struct state {
    const struct job *job;
    pws_config config;
    pws_conn ws;
    pws_random random;
    uint8_t *work;
    size_t work_size;
    uint8_t *buffer; /* of a read */
};

static int can(const struct job *job) {
    (void)job;
    return 1;
}

static void *open_state(const struct job *job) {
    static const uint8_t seed[32] = {7};
    struct state *state = (struct state *)calloc(1, sizeof *state);
    int client = job->operation == ENCODE_CLIENT;
    pws_agreed agreed;

    state->job = job;
    state->config.role = client ? PWS_CLIENT : PWS_SERVER;
    state->config.flags = job->operation == DECODE_STREAM ? PWS_STREAM : 0;
    state->config.max_message = job->payload > 1 << 20 ? job->payload : 1 << 20;
    state->config.cpu = pws_cpu();
    state->work_size = pws_receive_size(&state->config) + TRANSMIT;
    state->work = (uint8_t *)malloc(state->work_size);
    state->buffer = new_buffer(job->chunk);
    memset(&agreed, 0, sizeof agreed);
    pws_random_seed(&state->random, seed);
    agreed.random = client ? &state->random : NULL;
    if (pws_start(&state->ws, &state->config, state->work, state->work_size, &agreed) != PWS_OK)
        return NULL;
    return state;
}

static void close_state(void *opened) {
    struct state *state = (struct state *)opened;

    pws_end(&state->ws);
    free(state->work);
    free(state->buffer);
    free(state);
}

static void on_other(struct state *state, const pws_event *ev, struct sink *sink) {
    switch (ev->kind) {
    case PWS_WRITE:
        sink_output(sink, ev->out[0].ptr, ev->out[0].len);
        sink_output(sink, ev->out[1].ptr, ev->out[1].len);
        break;
    case PWS_REQUEST:
        pws_accept(&state->ws, NULL);
        break;
    case PWS_OPEN:
        sink->messages++;
        break;
    case PWS_CLOSED:
        sink->wrong = 1;
        break;
    default:
        break;
    }
}

static inline void on_event(struct state *state, const pws_event *ev, struct sink *sink) {
    if (ev->kind == PWS_TEXT || ev->kind == PWS_BINARY) {
        sink_data(sink, ev->data.ptr, ev->data.len, (ev->flags & PWS_LAST) != 0);
        if (state->job->operation == ECHO)
            pws_send(&state->ws, ev->kind, ev->data.ptr, ev->data.len);
    } else {
        on_other(state, ev, sink);
    }
}

static void receive(struct state *state, struct sink *sink) {
    const struct job *job = state->job;
    size_t at, length;
    pws_event ev;
    pws_bytes in;

    for (at = 0; at < job->wire_length; at += length) {
        length = job->wire_length - at < job->chunk ? job->wire_length - at : job->chunk;
        memcpy(state->buffer, job->wire + at, length);
        in.ptr = state->buffer;
        in.len = length;
        while (pws_next(&state->ws, &in, &ev))
            on_event(state, &ev, sink);
    }
}

static void pull(struct state *state, struct sink *sink) {
    pws_event ev;

    while (pws_next(&state->ws, NULL, &ev))
        on_event(state, &ev, sink);
}

static void send_all(struct state *state, struct sink *sink) {
    const struct job *job = state->job;
    uint32_t kind = job->is_text ? PWS_TEXT : PWS_BINARY;
    size_t i;

    for (i = 0; i < job->messages; i++) {
        while (pws_send(&state->ws, kind, job->message, job->payload) != PWS_OK)
            pull(state, sink);
        if (job->payload > TRANSMIT / 2) /* it is borrowed */
            pull(state, sink);
    }
    pull(state, sink);
}

static void shake_hands(struct state *state, struct sink *sink) {
    const struct job *job = state->job;
    size_t i;
    pws_event ev;
    pws_bytes in;

    for (i = 0; i < job->messages; i++) {
        memcpy(state->buffer, job->wire, job->wire_length);
        in.ptr = state->buffer;
        in.len = job->wire_length;
        pws_init(&state->ws, &state->config, state->work, state->work_size);
        while (pws_next(&state->ws, &in, &ev))
            on_event(state, &ev, sink);
    }
}

static void run(void *opened, struct sink *sink) {
    struct state *state = (struct state *)opened;

    if (state->job->operation == HANDSHAKE)
        shake_hands(state, sink);
    else if (state->job->operation == ENCODE_SERVER || state->job->operation == ENCODE_CLIENT)
        send_all(state, sink);
    else
        receive(state, sink);
}

const struct library library_purews = {"purews", can, open_state, run, close_state};
