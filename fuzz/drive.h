/* Drives one connection through one input, however it is cut, as a program would: it lends memory,
 * reacts to events, writes in parts. What happens is kept in a trace, so that two runs can be
 * compared. */
#ifndef DRIVE_H
#define DRIVE_H

#include "../tests/has_deflate.h"
#include "../tests/stored_codec.h"
#include "purews.h"
#include "wellformed.h"

enum memory {
    MEMORY_LENT,   /* both halves from the beginning */
    MEMORY_LATE,   /* the receive half when it is asked for, then it stays */
    MEMORY_SHARED, /* both taken back after each read; the transmit half lent again before the next
                    */
    MEMORY_BARE    /* neither, but where there is no way without; taken back after each read */
};

enum reaction {
    REACT_NOT,
    REACT_ECHO,
    REACT_ECHO_INPLACE,
    REACT_ECHO_PARTS,
    REACT_ECHO_PREPARED, /* server, compressed where that is possible; a client echoes */
    REACT_CLOSE,         /* at some event */
    REACT_PING,          /* for each message */
    REACT_HOLD           /* held for some events, else echo */
};

struct options {
    pws_config config;
    int handshake; /* 0: pws_start */
    enum memory memory;
    enum reaction reaction;
    int partial;    /* the transport often takes but a part of a PWS_WRITE */
    int storm;      /* and the connection is then held, so that Pongs may be replaced */
    int reject;     /* server: pws_reject instead of pws_accept */
    int decorate;   /* further header lines */
    int timed;      /* pws_tick at places of the input that do not depend on how it is cut */
    int late;       /* and a request waits for its answer until the next tick */
    uint64_t start; /* the first tick */
    uint32_t clock; /* what the ticks are drawn from */
    size_t transmit_size;
    uint32_t seed;
    struct stored_codecs codecs; /* config.codec, if there is one */
    pws_codec codec;
};

/* How a run cuts its input. */
enum cuts {
    CUTS_NONE,
    CUTS_RANDOM,
    CUTS_BYTES
};

/* What happened. Free with trace_free. */
struct trace {
    struct bytes events; /* records; parts of messages joined */
    struct bytes output;
    struct bytes sent;          /* records: what the reactions sent */
    struct bytes pings;         /* records: Pings received, or Pongs sent in answer */
    size_t open_chunk;          /* where the length of the part in work stands in events; 0: none */
    uint32_t sent_code;         /* of PWS_CLOSED */
    int dropped;                /* it came where output was held, of which the rest may be lost */
    uint64_t frames;            /* in all PWS_WRITE, as they say */
    uint64_t heartbeats;        /* Pings of the library, likewise */
    uint64_t pongs;             /* Pongs of the library, likewise, and of the program */
    uint64_t now;               /* the last tick */
    pws_deflate_params deflate; /* agreed on */
};

struct session {
    const struct options *options;
    struct trace *trace;
    const uint8_t *data; /* the input */
    size_t size;
    size_t read_end; /* bytes of it read so far */
    uint8_t *buffer; /* the read in work: bytes up to read_end */
    size_t buffer_length;
    pws_conn *ws;
    pws_random random;
    uint8_t *work, *receive, *transmit;
    uint8_t *outgoing; /* data of a send, until it is free */
    size_t outgoing_length;
    struct bytes message;
    uint32_t generator, clock;
    size_t tick_at;  /* where in the input the next tick comes */
    uint64_t frames; /* received, as events say, since they were last recorded */
    uint32_t index;  /* events that the reactions count */
    size_t steps, limit;
    int held, ended, waiting, ticked;
    int owing; /* output was held at the last pull, so some may be left */
};

static uint32_t draw(uint32_t *generator, uint32_t below) {
    *generator ^= *generator << 13;
    *generator ^= *generator >> 17;
    *generator ^= *generator << 5;
    return *generator % below;
}

static uint32_t drive_random(struct session *s, uint32_t below) {
    return draw(&s->generator, below);
}

/* ---- Trace ---- */

static void trace_free(struct trace *trace) {
    bytes_free(&trace->events);
    bytes_free(&trace->output);
    bytes_free(&trace->sent);
    bytes_free(&trace->pings);
}

static void trace_record(struct trace *trace, uint32_t number, const void *data, size_t length) {
    trace->open_chunk = 0;
    bytes_add_record(&trace->events, number, data, length);
}

static void trace_text(struct trace *trace, pws_str text) {
    trace_record(trace, 0xAAAA, text.ptr, text.len);
}

static void trace_head(struct trace *trace, const pws_head *head) {
    trace_text(trace, head->method);
    trace_text(trace, head->target);
    trace_text(trace, head->host);
    trace_text(trace, head->origin);
    trace_text(trace, head->reason);
    trace_text(trace, head->protocol);
    trace_text(trace, head->fields);
    trace_record(trace, head->status, NULL, 0);
    trace_record(trace, head->version, NULL, 0);
}

static void trace_deflate(struct trace *trace, const pws_deflate_params *deflate) {
    trace->deflate = *deflate;
    trace_record(trace, 0xCCCC, deflate, sizeof *deflate);
}

/* A part of a message: joined with the one before where nothing came between. */
static void trace_part(struct trace *trace, const uint8_t *data, size_t length) {
    struct bytes *events = &trace->events;
    uint64_t before = 0;
    int i;

    if (length == 0)
        return;
    if (trace->open_chunk == 0) {
        trace_record(trace, 0xDDDD, NULL, 0);
        trace->open_chunk = events->length - 8;
    }
    for (i = 0; i < 8; i++)
        before |= (uint64_t)events->ptr[trace->open_chunk + (size_t)i] << 8 * i;
    before += length;
    for (i = 0; i < 8; i++)
        events->ptr[trace->open_chunk + (size_t)i] = (uint8_t)(before >> 8 * i);
    bytes_add(events, data, length);
}

/* ---- Memory ---- */

static void lend_receive(struct session *s) {
    size_t size = pws_receive_size(s->ws->config);

    require(s->receive == NULL);
    s->receive = (uint8_t *)malloc(size);
    require(s->receive != NULL);
    require(pws_lend_receive(s->ws, s->receive, size) == PWS_OK);
}

static void lend_transmit(struct session *s) {
    if (s->transmit != NULL)
        return;
    s->transmit = (uint8_t *)malloc(s->options->transmit_size);
    require(s->transmit != NULL);
    require(pws_lend_transmit(s->ws, s->transmit, s->options->transmit_size) == PWS_OK);
}

/* Takes back what is not in use; it is gone at once. */
static void take_back(struct session *s) {
    int32_t error;

    if (s->options->memory != MEMORY_SHARED && s->options->memory != MEMORY_BARE)
        return;
    error = pws_lend_receive(s->ws, NULL, 0);
    require(error == PWS_OK || error == PWS_E_BUSY);
    if (error == PWS_OK) {
        free(s->receive);
        s->receive = NULL;
    }
    /* without a transmit half, a client that fails leaves out the reason in its Close */
    if (s->options->config.role == PWS_CLIENT && s->options->memory == MEMORY_BARE &&
        s->read_end != 0)
        return;
    error = pws_lend_transmit(s->ws, NULL, 0);
    require(error == PWS_OK || (error == PWS_E_BUSY && s->held));
    if (error == PWS_OK) {
        free(s->transmit);
        s->transmit = NULL;
    }
}

static int lies_in(const void *ptr, size_t length, const void *memory, size_t size) {
    uintptr_t at = (uintptr_t)ptr, begin = (uintptr_t)memory;

    return memory != NULL && at >= begin && at - begin <= size && length <= size - (at - begin);
}

/* Whether received bytes lie where purews.h says: in the input or in the receive half. */
static int is_received(const struct session *s, const void *ptr, size_t length) {
    return lies_in(ptr, length, s->buffer, s->buffer_length) ||
           lies_in(ptr, length, s->receive, pws_receive_size(&s->options->config));
}

static void free_outgoing(struct session *s) {
    if (s->outgoing == NULL || pws_borrows(s->ws))
        return;
    free(s->outgoing);
    s->outgoing = NULL;
}

/* ---- Pulling ---- */

/* Moves the connection; where it was there is nothing any more. */
static void move(struct session *s) {
    pws_conn *moved = (pws_conn *)exact_copy(s->ws, sizeof *s->ws);

    free(s->ws);
    s->ws = moved;
}

/* pws_next, with what must hold around it. */
static int pull(struct session *s, pws_bytes *in, pws_event *ev) {
    int found;

    move(s);
    memset(ev, 0xA5, sizeof *ev); /* what an event does not define is not used */
    found = pws_next(s->ws, in, ev);
    require(found == 0 || found == 1);
    require(++s->steps <= s->limit);
    if (in != NULL) {
        require(in->len <= s->buffer_length);
        require(in->ptr == s->buffer + s->buffer_length - in->len);
        require(in->len == 0 || memcmp(in->ptr, s->data + s->read_end - in->len, in->len) == 0);
    }
    free_outgoing(s);
    require(!found || !s->ended);
    return found;
}

/* Says how much was written. What is unsent shrinks by no more than that. */
static void wrote(struct session *s, size_t taken) {
    uint64_t before = pws_unsent(s->ws), after;

    pws_wrote(s->ws, taken);
    after = pws_unsent(s->ws);
    require(after <= before && before - after <= taken);
}

/* A PWS_WRITE: the transport takes all or a part. */
static void write_out(struct session *s, const pws_event *ev) {
    size_t total = ev->out[0].len + ev->out[1].len, taken = total, first;

    s->trace->frames += ev->frames;
    s->trace->heartbeats += ev->pings;
    s->trace->pongs += ev->pongs;
    require(ev->frames >= (uint64_t)ev->pings + ev->pongs);

    require(!s->held);
    require(total != 0);
    require(ev->out[0].len == 0 ||
            lies_in(ev->out[0].ptr, ev->out[0].len, s->transmit, s->options->transmit_size) ||
            lies_in(ev->out[0].ptr, ev->out[0].len, s->ws, sizeof *s->ws));
    if (s->options->partial && drive_random(s, 2) == 0)
        taken = drive_random(s, (uint32_t)total + 1);
    first = taken < ev->out[0].len ? taken : ev->out[0].len;
    bytes_add(&s->trace->output, ev->out[0].ptr, first);
    bytes_add(&s->trace->output, ev->out[1].ptr, taken - first);
    if (taken == total) {
        if (s->options->partial && drive_random(s, 2) == 0)
            wrote(s, total);
        return;
    }
    wrote(s, taken);
    if (s->options->storm) {
        pws_hold(s->ws, 1);
        s->held = 1;
    }
}

static void unhold(struct session *s) {
    if (!s->held)
        return;
    s->held = 0;
    pws_hold(s->ws, 0);
}

/* Pulls output alone; the data of the message at hand must survive that. */
static void drain(struct session *s) {
    pws_event ev;

    while (pull(s, NULL, &ev)) {
        require(ev.kind == PWS_WRITE);
        write_out(s, &ev);
    }
}

/* ---- Reactions ---- */

/* Makes room for a send, for which its data is kept. */
static void make_room(struct session *s) {
    uint8_t *kept = s->outgoing;

    s->outgoing = NULL;
    unhold(s);
    drain(s);
    s->outgoing = kept;
}

/* A client without a transmit half can only mask in place. */
static int32_t send_part(struct session *s, uint32_t kind, uint8_t *data, size_t length) {
    if (s->options->reaction == REACT_ECHO_INPLACE || s->transmit == NULL)
        return pws_send_inplace(s->ws, kind, data, length);
    return pws_send(s->ws, kind, data, length);
}

/* Whether a compressed frame for many can go here, and its window: otherwise 0. */
static uint32_t prepared_window(const struct session *s, uint32_t kind) {
    const pws_deflate_params *deflate = &s->trace->deflate;

    if (!deflate->agreed || !deflate->server_no_context_takeover || kind > PWS_BINARY)
        return 0;
    return deflate->server_max_window_bits;
}

/* Writes a frame into s->outgoing. Returns its size. */
static size_t prepare(struct session *s, uint32_t kind, const uint8_t *data, size_t length) {
    uint32_t window = prepared_window(s, kind);
    size_t size = pws_frame_size(length, 0) + (window != 0 ? 64 + length / 1000 : 0), written;

    s->outgoing = (uint8_t *)malloc(size);
    require(s->outgoing != NULL);
    if (window != 0)
        require(pws_frame_deflate(&s->options->config, window, s->outgoing, size, &written, kind,
                                  data, length) == PWS_OK);
    else
        require(pws_frame_write(s->outgoing, size, &written, kind, NULL, data, length) == PWS_OK);
    require(written <= size && (window != 0 || written == size));
    return written;
}

static int32_t send_outgoing(struct session *s, uint32_t kind, size_t length) {
    enum reaction reaction = s->options->reaction;
    size_t half = length / 2;
    int32_t error;

    if (reaction == REACT_ECHO_PREPARED && s->options->config.role == PWS_SERVER)
        return pws_send_prepared(s->ws, s->outgoing, length, prepared_window(s, kind));
    if (reaction != REACT_ECHO_PARTS || kind > PWS_BINARY)
        return send_part(s, kind, s->outgoing, length);
    error = send_part(s, kind | PWS_MORE, s->outgoing, half);
    if (error != PWS_OK)
        return error;
    while ((error = send_part(s, kind, s->outgoing + half, length - half)) == PWS_E_BUSY)
        make_room(s);
    return error;
}

/* Sends, once there is room. What is on hold sends nothing. */
static void send_copy(struct session *s, uint32_t kind, const uint8_t *data, size_t length) {
    int prepared =
        s->options->reaction == REACT_ECHO_PREPARED && s->options->config.role == PWS_SERVER;
    size_t size = length;
    int32_t error;

    if (s->held)
        return;
    while (s->outgoing != NULL) {
        unhold(s);
        drain(s);
    }
    if (prepared)
        size = prepare(s, kind, data, length);
    else
        s->outgoing = exact_copy(data, length);
    s->outgoing_length = size;
    while ((error = send_outgoing(s, kind, size)) == PWS_E_BUSY)
        make_room(s);
    require(error == PWS_OK || (error == PWS_E_STATE && pws_state(s->ws) != PWS_STATE_OPEN));
    if (error == PWS_OK && kind == PWS_PONG)
        s->trace->pongs++;
    if (error == PWS_OK)
        bytes_add_record(kind == PWS_PONG ? &s->trace->pings : &s->trace->sent, kind, data, length);
    free_outgoing(s);
}

static void on_message(struct session *s, uint32_t kind) {
    const struct bytes *message = &s->message;

    switch (s->options->reaction) {
    case REACT_NOT:
    case REACT_CLOSE:
        break;
    case REACT_PING:
        send_copy(s, PWS_PING, message->ptr, message->length < 125 ? message->length : 125);
        break;
    default:
        send_copy(s, kind, message->ptr, message->length);
    }
}

/* What depends only on how many events there were. */
static void on_any(struct session *s) {
    static const char reason[] = "enough";
    pws_str text;
    uint32_t index = s->index++;

    if (s->options->reaction == REACT_HOLD) {
        s->held = index % 8 >= 3 && index % 8 < 6;
        pws_hold(s->ws, s->held);
    }
    if (s->options->reaction == REACT_CLOSE && index == s->options->seed % 6) {
        int32_t error;

        text.ptr = reason;
        text.len = sizeof reason - 1;
        if (s->options->config.role == PWS_CLIENT && s->options->memory == MEMORY_BARE)
            text.len = 0; /* there is nowhere to mask one */
        error = pws_close(s->ws, s->options->seed % 4 != 0 ? 3000 : 0,
                          s->options->seed % 4 != 0 ? text : pws_cstr(NULL));
        require(error == PWS_OK || (error == PWS_E_STATE && pws_state(s->ws) != PWS_STATE_OPEN));
    }
}

static void answer(struct session *s) {
    static const uint8_t body[] = "<p>not here</p>";
    pws_header headers[2];
    pws_response response;

    memset(&response, 0, sizeof response);
    headers[0].name = pws_cstr("Server");
    headers[0].value = pws_cstr("fuzzed");
    headers[1].name = pws_cstr("Set-Cookie");
    headers[1].value = pws_cstr("a=b");
    response.headers = headers;
    response.header_count = s->options->decorate ? 2 : 0;
    lend_transmit(s);
    s->waiting = 0;
    if (!s->options->reject) {
        require(pws_accept(s->ws, &response) == PWS_OK);
        return;
    }
    response.status = 404;
    response.body.ptr = body;
    response.body.len = s->options->decorate ? sizeof body - 1 : 0;
    require(pws_reject(s->ws, &response) == PWS_OK);
}

/* ---- Events ---- */

/* How many frames were received: at places that do not depend on how messages are cut. */
static void trace_frames(struct session *s) {
    trace_record(s->trace, 0xF0F0, &s->frames, sizeof s->frames);
    s->frames = 0;
}

static void on_part(struct session *s, const pws_event *ev) {
    int stream = (s->options->config.flags & PWS_STREAM) != 0;
    int last = (ev->flags & PWS_LAST) != 0;
    uint64_t max_message = s->options->config.max_message;

    s->frames += ev->frames;
    require((ev->flags & ~(uint32_t)(PWS_FIRST | PWS_LAST)) == 0);
    require(stream || ev->flags == (PWS_FIRST | PWS_LAST));
    require(stream || ev->data.len <= (max_message != 0 ? max_message : 1048576));
    if ((ev->flags & PWS_FIRST) != 0) {
        s->message.length = 0;
        trace_record(s->trace, ev->kind, NULL, 0);
    }
    require(ev->data.len == 0 || is_received(s, ev->data.ptr, ev->data.len));
    trace_part(s->trace, ev->data.ptr, ev->data.len);
    bytes_add(&s->message, ev->data.ptr, ev->data.len);
    if (!last)
        return;
    require(ev->kind != PWS_TEXT || utf8_ok(s->message.ptr, s->message.length));
    trace_record(s->trace, 0xEEEE, NULL, 0);
    trace_frames(s);
    on_message(s, ev->kind);
    /* neither sending nor pulling output has touched the data of the event */
    require(ev->data.len == 0 ||
            memcmp(ev->data.ptr, s->message.ptr + s->message.length - ev->data.len, ev->data.len) ==
                0);
    on_any(s);
}

/* A round trip is that of a Ping of ours, whose payload is the time. */
static void check_round_trip(struct session *s, const pws_event *ev) {
    uint64_t sent = 0;
    size_t i;

    trace_record(s->trace, ev->rtt_ms, NULL, 0);
    if (ev->rtt_ms == UINT32_MAX)
        return;
    for (i = 0; i < ev->data.len; i++)
        sent = sent << 8 | ev->data.ptr[i];
    require(ev->data.len == 8 && sent + ev->rtt_ms == s->trace->now);
    require(s->trace->heartbeats != 0);
}

static void on_control(struct session *s, const pws_event *ev) {
    require(ev->data.len <= 125 && is_received(s, ev->data.ptr, ev->data.len));
    trace_record(s->trace, ev->kind, ev->data.ptr, ev->data.len);
    require(ev->frames != 0);
    s->frames += ev->frames;
    trace_frames(s);
    if (ev->kind == PWS_PONG)
        check_round_trip(s, ev);
    if (ev->kind == PWS_CLOSE) {
        require(utf8_ok(ev->data.ptr, ev->data.len));
        trace_record(s->trace, ev->code, NULL, 0);
        require(pws_state(s->ws) == PWS_STATE_CLOSING);
    }
    if (ev->kind == PWS_PING) {
        if ((s->options->config.flags & PWS_NO_AUTO_PONG) == 0)
            bytes_add_record(&s->trace->pings, PWS_PONG, ev->data.ptr, ev->data.len);
        else if (pws_state(s->ws) == PWS_STATE_OPEN)
            send_copy(s, PWS_PONG, ev->data.ptr, ev->data.len);
    }
    on_any(s);
}

static void on_event(struct session *s, const pws_event *ev) {
    switch (ev->kind) {
    case PWS_TEXT:
    case PWS_BINARY:
        on_part(s, ev);
        break;
    case PWS_CLOSE:
    case PWS_PING:
    case PWS_PONG:
        on_control(s, ev);
        break;
    case PWS_WRITE:
        write_out(s, ev);
        break;
    case PWS_REQUEST:
        require(is_received(s, ev->head.fields.ptr, ev->head.fields.len));
        require(is_received(s, ev->head.target.ptr, ev->head.target.len));
        trace_record(s->trace, ev->kind, NULL, 0);
        trace_record(s->trace, (uint32_t)ev->error, NULL, 0);
        trace_head(s->trace, &ev->head);
        s->waiting = 1;
        break;
    case PWS_OPEN:
    case PWS_REJECTED:
        trace_record(s->trace, ev->kind, NULL, 0);
        if (ev->kind == PWS_OPEN)
            trace_deflate(s->trace, &ev->deflate);
        if (s->options->config.role == PWS_CLIENT)
            trace_head(s->trace, &ev->head);
        else
            trace_text(s->trace, ev->head.protocol);
        break;
    case PWS_NEED_WORK:
        require(ev->need_receive != 0 || ev->need_transmit != 0);
        require(ev->need_receive == 0 || ev->need_receive == pws_receive_size(&s->options->config));
        require(ev->need_transmit <= s->options->transmit_size);
        if (ev->need_receive != 0)
            lend_receive(s);
        if (ev->need_transmit != 0) {
            require(s->transmit == NULL);
            lend_transmit(s);
        }
        break;
    default:
        require(ev->kind == PWS_CLOSED);
        trace_record(s->trace, ev->kind, NULL, 0);
        trace_record(s->trace, ev->code, NULL, 0);
        trace_record(s->trace, (uint32_t)ev->error, NULL, 0);
        trace_record(s->trace, ev->sent_code, NULL, 0);
        s->trace->sent_code = ev->sent_code;
        s->trace->dropped = s->held || s->owing;
        s->ended = 1;
        require(pws_state(s->ws) == PWS_STATE_CLOSED);
    }
}

/* ---- Time ---- */

/* All is pulled: nothing is unsent but what is held, and until the deadline nothing happens. */
static void check_rest(struct session *s) {
    uint64_t deadline = pws_deadline(s->ws), unsent = pws_unsent(s->ws);
    pws_conn copy;
    pws_event ev;

    s->owing = s->held;
    require(s->held || unsent == 0);
    require(unsent <= s->options->transmit_size + 14 + s->outgoing_length);
    require((deadline == UINT64_MAX && unsent == 0) || !s->ended);
    require((deadline == 0) == (!s->ticked && !s->ended));
    if (!s->ticked || s->ended)
        return;
    require(deadline > s->trace->now || deadline == UINT64_MAX);
    copy = *s->ws;
    pws_tick(&copy, deadline - 1);
    require(!pws_next(&copy, NULL, &ev));
}

/* The next time: often that at which something is due, or just before. */
static uint64_t next_time(struct session *s) {
    uint64_t now = s->trace->now, deadline = pws_deadline(s->ws);

    switch (draw(&s->clock, 8)) {
    case 0:
    case 1:
        return deadline != UINT64_MAX ? deadline : now;
    case 2:
        return deadline != UINT64_MAX ? deadline - 1 : now + 1;
    case 3:
        return now > 100 ? now - draw(&s->clock, 100) : now;
    case 4:
        return draw(&s->clock, 8) == 0 ? now + (UINT64_C(1) << 32) + draw(&s->clock, 3) : now + 1;
    case 5:
        return now + draw(&s->clock, 10000);
    default:
        return now + draw(&s->clock, 60);
    }
}

/* It becomes later. Returns 1 if what that causes has been pulled. */
static int tick(struct session *s) {
    uint64_t time = s->ticked ? next_time(s) : s->options->start;
    pws_event ev;

    if (s->options->memory == MEMORY_SHARED)
        lend_transmit(s);
    pws_tick(s->ws, time);
    if (time > s->trace->now || !s->ticked)
        s->trace->now = time;
    s->ticked = 1;
    /* what is read next counts as in time; how much that is depends on the cuts */
    if (s->options->storm && draw(&s->clock, 2) == 0)
        return 0;
    while (pull(s, NULL, &ev))
        on_event(s, &ev);
    check_rest(s);
    return 1;
}

/* The ticks that come at this place of the input. */
static void tick_here(struct session *s) {
    while (s->options->timed && !s->ended && s->tick_at == s->read_end) {
        if (tick(s))
            take_back(s);
        if (draw(&s->clock, 3) != 0)
            s->tick_at += draw(&s->clock, 40);
    }
}

/* ---- A run ---- */

static void session_begin(struct session *s) {
    const struct options *options = s->options;
    static const uint8_t seed[32] = "purews";
    pws_agreed agreed;
    size_t work_size = 0;
    int32_t error;

    memset(&agreed, 0, sizeof agreed);
    memset(&s->random, 0, sizeof s->random);
    require(pws_random_seed(&s->random, seed) == PWS_OK);
    if (options->config.role == PWS_CLIENT)
        agreed.random = &s->random;
    if (!options->handshake && options->config.codec != NULL) {
        agreed.deflate = options->config.deflate;
        s->trace->deflate = agreed.deflate;
    }
    s->ws = (pws_conn *)malloc(sizeof *s->ws);
    require(s->ws != NULL);
    if (options->memory == MEMORY_LENT && options->transmit_size >= PWS_TRANSMIT_SIZE) {
        work_size = pws_receive_size(&options->config) + options->transmit_size;
        s->work = (uint8_t *)malloc(work_size);
        require(s->work != NULL);
    }
    if (options->handshake)
        error = pws_init(s->ws, &options->config, s->work, work_size);
    else
        error = pws_start(s->ws, &options->config, s->work, work_size, &agreed);
    require(error == PWS_OK);
    if (s->work != NULL) {
        s->receive = s->work;
        s->transmit = s->work + pws_receive_size(&options->config);
        return;
    }
    if (options->memory == MEMORY_LENT)
        lend_receive(s);
    if (options->memory != MEMORY_BARE)
        lend_transmit(s);
}

static void connect_out(struct session *s) {
    pws_header header;
    pws_request request;

    memset(&request, 0, sizeof request);
    header.name = pws_cstr("Cookie");
    header.value = pws_cstr("a=b");
    request.host = pws_cstr("example.com");
    request.target = pws_cstr("/chat?room=1");
    if (s->options->decorate) {
        request.headers = &header;
        request.header_count = 1;
        request.origin = pws_cstr("https://example.com");
    }
    lend_transmit(s);
    require(pws_connect(s->ws, &s->random, &request) == PWS_OK);
    do {
        unhold(s);
        drain(s);
    } while (s->held);
}

static size_t next_cut(struct session *s, enum cuts cuts) {
    size_t left = s->size - s->read_end, length;

    if (s->options->timed && left > s->tick_at - s->read_end)
        left = s->tick_at - s->read_end;
    if (cuts == CUTS_NONE)
        return left;
    if (cuts == CUTS_BYTES)
        return 1;
    length = drive_random(s, 3) == 0 ? 1 + drive_random(s, 300) : 1 + drive_random(s, 12);
    return length < left ? length : left;
}

/* One read. Returns how much of it is left. */
static size_t read_once(struct session *s, size_t length) {
    pws_event ev;
    pws_bytes in;

    s->buffer = exact_copy(s->data + s->read_end, length);
    s->buffer_length = length;
    s->read_end += length;
    in.ptr = s->buffer;
    in.len = length;
    if (s->options->memory == MEMORY_SHARED)
        lend_transmit(s);
    do {
        if (s->waiting && s->options->late)
            (void)tick(s);
        if (s->waiting && !s->ended)
            answer(s);
        while (pull(s, &in, &ev))
            on_event(s, &ev);
    } while (s->waiting && !s->ended);
    check_rest(s);
    take_back(s);
    free(s->buffer);
    s->buffer = NULL;
    s->buffer_length = 0;
    if (s->options->storm && drive_random(s, 2) == 0)
        unhold(s);
    return in.len;
}

static void session_end(struct session *s) {
    pws_event ev;

    if (s->options->memory == MEMORY_SHARED)
        lend_transmit(s);
    do { /* what is held when the transport ends would be lost */
        unhold(s);
        while (pull(s, NULL, &ev))
            on_event(s, &ev);
    } while (s->held);
    pws_eof(s->ws);
    while (pull(s, NULL, &ev))
        on_event(s, &ev);
    require(s->ended && pws_state(s->ws) == PWS_STATE_CLOSED);
    require(!pws_borrows(s->ws));
    require(!pull(s, NULL, &ev));
    free_outgoing(s);
    require(s->outgoing == NULL);
    require(s->options->codecs.open == 0);
    free(s->ws);
    if (s->work != NULL) {
        free(s->work);
    } else {
        free(s->receive);
        free(s->transmit);
    }
    bytes_free(&s->message);
}

/* The fuzzer can't know the key of a client: the first "$accept" of the input becomes the answer to
 * it. */
static uint8_t *with_accept(const struct trace *trace, const uint8_t *data, size_t *size) {
    static const char marker[] = "$accept", header[] = "Sec-WebSocket-Key: ";
    const size_t length = sizeof marker - 1;
    const uint8_t *out = trace->output.ptr;
    uint8_t *filled;
    pws_str key;
    char text[28];
    size_t at = 0, i = 0;

    while (at + length <= *size && memcmp(data + at, marker, length) != 0)
        at++;
    if (at + length > *size)
        return exact_copy(data, *size);
    while (memcmp(out + i, header, sizeof header - 1) != 0)
        require(++i + sizeof header + 24 <= trace->output.length);
    key.ptr = (const char *)out + i + sizeof header - 1;
    key.len = 24;
    require(pws_accept_key(text, key) == PWS_OK);
    filled = (uint8_t *)malloc(*size - length + sizeof text);
    require(filled != NULL);
    memcpy(filled, data, at);
    memcpy(filled + at, text, sizeof text);
    memcpy(filled + at + sizeof text, data + at + length, *size - at - length);
    *size = *size - length + sizeof text;
    return filled;
}

static void run(const struct options *options, const uint8_t *data, size_t size, enum cuts cuts,
                struct trace *trace) {
    struct session s;
    uint8_t *filled = NULL;
    size_t left = 0;

    memset(trace, 0, sizeof *trace);
    memset(&s, 0, sizeof s);
    s.options = options;
    s.trace = trace;
    s.generator = options->seed * 2654435761u + (uint32_t)cuts + 1;
    s.generator |= 1;
    s.clock = options->clock | 1;
    s.limit = 64 * (size + 256);
    session_begin(&s);
    if (options->handshake && options->config.role == PWS_CLIENT) {
        connect_out(&s);
        filled = with_accept(trace, data, &size);
        data = filled;
    }
    s.data = data;
    s.size = size;
    take_back(&s);
    tick_here(&s);
    while (left == 0 && !s.ended && s.read_end < size) {
        left = read_once(&s, next_cut(&s, cuts));
        if (left == 0)
            tick_here(&s);
    }
    if (left != 0) { /* is the program's: the body of a response */
        require(s.ended || pws_state(s.ws) == PWS_STATE_CLOSING);
        trace_record(trace, 0xBBBB, data + s.read_end - left, size - (s.read_end - left));
    }
    session_end(&s);
    free(filled);
}

/* ---- What must hold for every input ---- */

/* Whether the records of part come in the same order in whole; all of them, if all != 0. */
static int is_subsequence(const struct bytes *part, const struct bytes *whole, int all) {
    size_t at = 0, i = 0;

    if (all)
        return bytes_equal(part, whole);
    while (at < part->length) {
        size_t size = 16 + (size_t)(part->ptr[at + 8]); /* at most 125 bytes behind 16 */

        for (;;) {
            if (i >= whole->length)
                return 0;
            if (i + size <= whole->length && memcmp(part->ptr + at, whole->ptr + i, size) == 0)
                break;
            i += 16 + (size_t)whole->ptr[i + 8];
        }
        i += size;
        at += size;
    }
    return 1;
}

/* Whether the records of sent come in messages, in their order, and beside them nothing but as many
 * Pings whose payload is a time. */
static int is_sent(const struct trace *trace, const struct bytes *messages,
                   const struct bytes *sent, uint64_t heartbeats) {
    size_t at = 0, i = 0, k;

    while (i < messages->length) {
        size_t size = 16;

        for (k = 0; k < 8; k++)
            size += (size_t)messages->ptr[i + 8 + k] << 8 * k;
        if (sent->length - at >= size && memcmp(sent->ptr + at, messages->ptr + i, size) == 0) {
            at += size;
        } else {
            uint64_t time = 0;

            if (heartbeats-- == 0 || messages->ptr[i] != PWS_PING || size != 16 + 8)
                return 0;
            for (k = 0; k < 8; k++)
                time = time << 8 | messages->ptr[i + 16 + k];
            require(time <= trace->now);
        }
        i += size;
    }
    return at == sent->length && heartbeats == 0;
}

static void check_trace(const struct options *options, const struct trace *trace) {
    struct wire wire;
    int may_skip = options->storm || options->reaction == REACT_HOLD;

    if (trace->dropped)
        return;
    check_output(&trace->output, options->config.role == PWS_SERVER, options->handshake,
                 trace->deflate.agreed, &wire);
    require(is_sent(trace, &wire.messages, &trace->sent, trace->heartbeats));
    require(wire.frames == trace->frames && wire.pong_count == trace->pongs);
    require(is_subsequence(&wire.pongs, &trace->pings, !may_skip));
    require(wire.close_code == trace->sent_code);
    bytes_free(&wire.messages);
    bytes_free(&wire.pongs);
}

/* Split invariance. Says where two runs went apart. */
static void require_same(const struct bytes *whole, const struct bytes *cut, const char *what) {
    size_t i = 0;

    if (bytes_equal(whole, cut))
        return;
    while (i < whole->length && i < cut->length && whole->ptr[i] == cut->ptr[i])
        i++;
    fprintf(stderr, "%s: %lu bytes whole, %lu bytes cut, the first difference at %lu\n", what,
            (unsigned long)whole->length, (unsigned long)cut->length, (unsigned long)i);
    require(bytes_equal(whole, cut));
}

static void check_input(const struct options *options, const uint8_t *data, size_t size) {
    struct trace whole, cut;
    enum cuts cuts = CUTS_RANDOM;

    run(options, data, size, CUTS_NONE, &whole);
    check_trace(options, &whole);
    for (;;) {
        run(options, data, size, cuts, &cut);
        check_trace(options, &cut);
        /* how long output is held by a storm depends on the number of reads */
        if (!options->storm || !options->timed)
            require_same(&whole.events, &cut.events, "events");
        /* how a compressed message is cut into frames depends on the room in the transmit half,
         * and on the number of reads, how much went out before the rest was held and lost */
        if (!options->storm && !whole.deflate.agreed && !whole.dropped && !cut.dropped)
            require_same(&whole.output, &cut.output, "output");
        trace_free(&cut);
        if (cuts == CUTS_BYTES || size > 256)
            break;
        cuts = CUTS_BYTES;
    }
    trace_free(&whole);
}

/* ---- Options from the first bytes of the input ---- */

enum {
    OPTION_BYTES = 4,
    CLOCK_BYTES = 4, /* behind them, if there is a clock */
    HAS_CLOCK = 0xC0 /* in byte 3, both bits */
};

static void add_codec(struct options *options, const uint8_t *bytes) {
    pws_deflate_params *deflate = &options->config.deflate;

    options->codec = stored_codec(&options->codecs);
    if (!HAS_DEFLATE)
        return;
    options->config.codec = &options->codec;
    deflate->agreed = 1;
    deflate->server_max_window_bits = 15;
    deflate->client_max_window_bits = 15;
    deflate->server_no_context_takeover = (bytes[2] & 0x40) != 0;
    deflate->client_no_context_takeover = (bytes[2] & 0x80) != 0;
    if ((bytes[3] & 4) != 0)
        options->config.deflate_min = 1;
}

/* byte 0: flags 0x07, pws_start 0x08, memory 0x30, partial 0x40, storm 0x80
 * byte 1: reaction 0x07, reject 0x08, decorate 0x10, protocols 0x20, origins 0x40, codec 0x80
 * byte 2: max_head 0x07, max_message 0x38, and of compression: without the server's context 0x40,
 *     without the client's 0x80
 * byte 3: transmit size 0x03, all messages compressed 0x04, a clock 0xC0; all of it: seed */
static void read_options(struct options *options, uint32_t role, const uint8_t *bytes) {
    static const uint32_t heads[8] = {0, 64, 128, 200, 300, 512, 1024, 4096};
    static const uint64_t messages[8] = {0, 1, 16, 125, 126, 1000, 4096, 70000};
    static const uint32_t transmits[4] = {PWS_TRANSMIT_MIN, 700, PWS_TRANSMIT_SIZE, 20000};

    memset(options, 0, sizeof *options);
    options->config.role = role;
    options->config.flags = bytes[0] & 7;
    options->config.max_head = heads[bytes[2] & 7];
    options->config.max_message = messages[bytes[2] >> 3 & 7];
    if ((bytes[1] & 0x20) != 0)
        options->config.protocols = "chat, superchat";
    if ((bytes[1] & 0x40) != 0)
        options->config.origins = "https://example.com null";
    if ((bytes[1] & 0x80) != 0)
        add_codec(options, bytes);
    options->handshake = (bytes[0] & 8) == 0;
    options->memory = (enum memory)(bytes[0] >> 4 & 3);
    options->partial = (bytes[0] & 0xC0) != 0;
    options->storm = (bytes[0] & 0x80) != 0;
    options->reaction = (enum reaction)(bytes[1] & 7);
    options->reject = (bytes[1] & 8) != 0;
    options->decorate = (bytes[1] & 0x10) != 0;
    options->transmit_size = transmits[bytes[3] & 3];
    options->seed = bytes[3];
}

/* bytes 0 to 2: three bits for each limit, least significant first, then: a request waits 0x200000,
 *     the first tick 0xC00000
 * byte 3: what the ticks are drawn from */
static void read_clock(struct options *options, const uint8_t *bytes) {
    static const uint32_t limits[8] = {0, 1, 10, 50, 100, 1000, 30000, UINT32_MAX};
    static const uint64_t starts[4] = {0, UINT64_C(0xFFFFFFC0), UINT64_C(0x123456789ABCDEF0),
                                       UINT64_MAX - 5000};
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
    pws_config *config = &options->config;

    options->timed = 1;
    config->open_ms = limits[bits & 7];
    config->ping_ms = limits[bits >> 3 & 7];
    config->pong_ms = limits[bits >> 6 & 7];
    config->idle_ms = limits[bits >> 9 & 7];
    config->message_ms = limits[bits >> 12 & 7];
    config->send_ms = limits[bits >> 15 & 7];
    config->close_ms = limits[bits >> 18 & 7];
    options->late = (bits >> 21 & 1) != 0;
    options->start = starts[bits >> 22];
    options->clock = bytes[3] * 2654435761u;
}

static int fuzz_connection(uint32_t role, const uint8_t *data, size_t size) {
    struct options options;

    if (size < OPTION_BYTES)
        return 0;
    read_options(&options, role, data);
    data += OPTION_BYTES;
    size -= OPTION_BYTES;
    if ((options.seed & HAS_CLOCK) == HAS_CLOCK && size >= CLOCK_BYTES) {
        read_clock(&options, data);
        data += CLOCK_BYTES;
        size -= CLOCK_BYTES;
    }
    check_input(&options, data, size);
    return 0;
}

#endif
