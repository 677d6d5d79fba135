/* purews as a server with many connections has it: an array of connections, a timing wheel for
 * their heartbeats, and one receive half and one transmit half for all, which are lent while one of
 * them is at work. Counted: 256 bytes and 8 of the wheel, and what is shared. */
#include "purews.h"

#include <stdlib.h>

#include "../wire.h"
#include "memory.h"
#include "wheel.h"
#include "zlib_codec.h"

enum {
    RECEIVE = 8192, /* bytes of the receive half */
    INPUT = 16384   /* bytes of a read */
};

/* What all share. */
struct shared {
    pws_config config;
    pws_codec codec;
    struct zlib_codecs codecs;
    struct wheel wheel;
    uint8_t receive[RECEIVE], transmit[PWS_TRANSMIT_SIZE], input[INPUT];
};

static struct shared *shared;
static pws_conn *connections;

static const char *begin(size_t count) {
    shared = (struct shared *)calloc(1, sizeof *shared);
    connections = (pws_conn *)calloc(count, sizeof *connections);
    if (shared == NULL || connections == NULL)
        return "no memory";
    wheel_init(&shared->wheel, 0);
    shared->wheel.links = (struct wheel_link *)calloc(count, sizeof *shared->wheel.links);
    if (shared->wheel.links == NULL)
        return "no memory";
    shared->config.role = PWS_SERVER;
    shared->config.cpu = pws_cpu();
    shared->config.max_message = 4096;
    shared->config.ping_ms = 30000;
    shared->config.pong_ms = 10000;
    return NULL;
}

/* One codec of each direction serves all, since each is held for one message only. */
static const char *begin_deflate(size_t count) {
    const char *reason = begin(count);

    if (reason != NULL)
        return reason;
    shared->codecs.max_inflate = 1;
    shared->codecs.max_deflate = 1;
    shared->codecs.memory_level = 4; /* as Boost.Beast has it */
    shared->codecs.level = 1;        /* what it costs in time is not measured here */
    shared->codec = zlib_codec(&shared->codecs);
    shared->config.codec = &shared->codec;
    shared->config.deflate.server_no_context_takeover = 1;
    shared->config.deflate.client_no_context_takeover = 1;
    return NULL;
}

/* Reads what is on the wire. Returns the messages that came, and one for the opening; -1 if
 * anything else did. */
static int pull(pws_conn *ws) {
    int messages = 0;
    pws_event ev;
    pws_bytes in;

    if (pws_lend_receive(ws, shared->receive, sizeof shared->receive) != PWS_OK ||
        pws_lend_transmit(ws, shared->transmit, sizeof shared->transmit) != PWS_OK)
        return -1;
    pws_tick(ws, 0);
    wire_next();
    in.ptr = shared->input;
    in.len = wire_read(shared->input, sizeof shared->input);
    while (pws_next(ws, &in, &ev)) {
        if (ev.kind == PWS_REQUEST && ev.error == PWS_OK) {
            pws_accept(ws, NULL);
        } else if (ev.kind == PWS_WRITE) {
            wire_write(ev.out[0].ptr, ev.out[0].len);
            wire_write(ev.out[1].ptr, ev.out[1].len);
        } else if (ev.kind == PWS_OPEN) {
            messages++;
        } else if (ev.kind == PWS_TEXT) {
            messages += pws_send(ws, PWS_TEXT, ev.data.ptr, ev.data.len) == PWS_OK;
        } else {
            return -1;
        }
    }
    if (pws_lend_receive(ws, NULL, 0) != PWS_OK || pws_lend_transmit(ws, NULL, 0) != PWS_OK)
        return -1;
    return messages;
}

static int echo_one(size_t i) {
    pws_conn *ws = &connections[i];

    if (pull(ws) != 1 || pws_state(ws) != PWS_STATE_OPEN)
        return 0;
    wheel_set(&shared->wheel, (uint32_t)i, pws_deadline(ws));
    return shared->wheel.links[i].next != 0;
}

static int open_one(size_t i) {
    return pws_init(&connections[i], &shared->config, NULL, 0) == PWS_OK && echo_one(i);
}

const struct peer peers[] = {{"purews", 1, 0, begin, open_one, echo_one},
                             {"purews-deflate", 1, 1, begin_deflate, open_one, echo_one},
                             {NULL, 0, 0, NULL, NULL, NULL}};
