/* wslay: its event layer as a server, and its frame layer. */
#include <wslay/wslay.h>

#include <stdlib.h>
#include <string.h>

#include "speed.h"

struct state {
    const struct job *job;
    wslay_event_context_ptr events;
    wslay_frame_context_ptr frames;
    struct sink *sink;
    size_t at, end; /* of the wire: what this read still has */
};

static size_t take(struct state *state, uint8_t *buffer, size_t length) {
    if (length > state->end - state->at)
        length = state->end - state->at;
    memcpy(buffer, state->job->wire + state->at, length);
    state->at += length;
    return length;
}

static int next_read(struct state *state) {
    size_t left = state->job->wire_length - state->at;

    state->end = state->at + (left < state->job->chunk ? left : state->job->chunk);
    return left > 0;
}

/* ---- Events ---- */

static ssize_t event_receive(wslay_event_context_ptr context, uint8_t *buffer, size_t length,
                             int flags, void *user) {
    struct state *state = (struct state *)user;

    (void)flags;
    length = take(state, buffer, length);
    if (length > 0)
        return (ssize_t)length;
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t event_send(wslay_event_context_ptr context, const uint8_t *data, size_t length,
                          int flags, void *user) {
    struct state *state = (struct state *)user;

    (void)context;
    (void)flags;
    sink_piece(state->sink, data, length);
    return (ssize_t)length;
}

static int event_mask(wslay_event_context_ptr context, uint8_t *key, size_t length, void *user) {
    (void)context;
    (void)user;
    while (length >= 4) {
        uint32_t random = speed_random();
        memcpy(key, &random, 4);
        key += 4;
        length -= 4;
    }
    return 0;
}

static void queue(struct state *state, const uint8_t *data, size_t length) {
    struct wslay_event_msg message;

    message.opcode = state->job->is_text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
    message.msg = data;
    message.msg_length = length;
    wslay_event_queue_msg(state->events, &message);
}

static void on_message(wslay_event_context_ptr context,
                       const struct wslay_event_on_msg_recv_arg *message, void *user) {
    struct state *state = (struct state *)user;

    (void)context;
    sink_data(state->sink, message->msg, message->msg_length, 1);
    if (state->job->operation == ECHO)
        queue(state, message->msg, message->msg_length);
}

static int event_can(const struct job *job) {
    return job->operation == DECODE || job->operation == ECHO || job->operation == ENCODE_SERVER ||
           job->operation == ENCODE_CLIENT;
}

static void *event_open(const struct job *job) {
    const struct wslay_event_callbacks callbacks = {event_receive, event_send, event_mask, NULL,
                                                    NULL,          NULL,       on_message};
    struct state *state = (struct state *)calloc(1, sizeof *state);

    state->job = job;
    if (job->operation == ENCODE_CLIENT)
        wslay_event_context_client_init(&state->events, &callbacks, state);
    else
        wslay_event_context_server_init(&state->events, &callbacks, state);
    return state;
}

static void event_run(void *opened, struct sink *sink) {
    struct state *state = (struct state *)opened;
    size_t i;

    state->sink = sink;
    state->at = state->end = 0;
    if (state->job->operation == ENCODE_SERVER || state->job->operation == ENCODE_CLIENT) {
        for (i = 0; i < state->job->messages; i++) {
            queue(state, state->job->message, state->job->payload);
            if (i % 16 == 15 || i + 1 == state->job->messages)
                sink->wrong |= wslay_event_send(state->events) != 0;
        }
        sink_flush(sink);
        return;
    }
    while (next_read(state)) {
        sink->wrong |= wslay_event_recv(state->events) != 0;
        if (state->job->operation == ECHO)
            sink->wrong |= wslay_event_send(state->events) != 0;
        sink_flush(sink);
    }
}

static void event_close(void *opened) {
    struct state *state = (struct state *)opened;

    wslay_event_context_free(state->events);
    free(state);
}

/* ---- Frames ---- */

static ssize_t frame_receive(uint8_t *buffer, size_t length, int flags, void *user) {
    struct state *state = (struct state *)user;

    (void)flags;
    length = take(state, buffer, length);
    return length > 0 ? (ssize_t)length : -1;
}

static ssize_t frame_send(const uint8_t *data, size_t length, int flags, void *user) {
    struct state *state = (struct state *)user;

    (void)flags;
    sink_piece(state->sink, data, length);
    return (ssize_t)length;
}

static int frame_mask(uint8_t *key, size_t length, void *user) {
    return event_mask(NULL, key, length, user);
}

/* It does not judge text. */
static int frame_can(const struct job *job) {
    if (job->operation == DECODE_STREAM)
        return !job->is_text;
    return job->operation == ENCODE_SERVER || job->operation == ENCODE_CLIENT;
}

static void *frame_open(const struct job *job) {
    const struct wslay_frame_callbacks callbacks = {frame_send, frame_receive, frame_mask};
    struct state *state = (struct state *)calloc(1, sizeof *state);

    state->job = job;
    wslay_frame_context_init(&state->frames, &callbacks, state);
    return state;
}

static void frame_encode(struct state *state) {
    struct wslay_frame_iocb frame;

    memset(&frame, 0, sizeof frame);
    frame.fin = 1;
    frame.opcode = state->job->is_text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
    frame.mask = state->job->operation == ENCODE_CLIENT;
    frame.payload_length = state->job->payload;
    frame.data = state->job->message;
    frame.data_length = state->job->payload;
    while (frame.data_length > 0) {
        ssize_t n = wslay_frame_send(state->frames, &frame);
        if (n < 0)
            break;
        frame.data += n;
        frame.data_length -= (size_t)n;
    }
}

static void frame_decode(struct state *state, struct sink *sink) {
    struct wslay_frame_iocb frame;
    uint64_t left = 0;

    while (next_read(state)) {
        for (;;) {
            ssize_t n = wslay_frame_recv(state->frames, &frame);
            if (n < 0)
                break;
            if (left == 0)
                left = frame.payload_length;
            left -= (uint64_t)n;
            sink_data(sink, frame.data, (size_t)n, left == 0);
        }
    }
}

static void frame_run(void *opened, struct sink *sink) {
    struct state *state = (struct state *)opened;
    size_t i;

    state->sink = sink;
    state->at = state->end = 0;
    if (state->job->operation == DECODE_STREAM)
        frame_decode(state, sink);
    else
        for (i = 0; i < state->job->messages; i++)
            frame_encode(state);
    sink_flush(sink);
}

static void frame_close(void *opened) {
    struct state *state = (struct state *)opened;

    wslay_frame_context_free(state->frames);
    free(state);
}

const struct library library_wslay_event = {"wslay-event", event_can, event_open, event_run,
                                            event_close};
const struct library library_wslay_frame = {"wslay-frame", frame_can, frame_open, frame_run,
                                            frame_close};
