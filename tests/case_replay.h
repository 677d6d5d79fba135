/* A replay under way: what case_replay.c, case_call.c and case_event.c share. */
#ifndef CASE_REPLAY_H
#define CASE_REPLAY_H

#include "case.h"
#include "case_codec.h"

/* Copies in memory of exactly their size. */
struct copies {
    void **ptr;
    size_t count;
};

/* Frames that are sent. */
struct counts {
    uint64_t frames, pings, pongs;
};

struct replay {
    const struct test_case *test;
    struct plan plan;
    struct bytes *report;
    pws_config config;
    struct case_codecs codecs;
    pws_codec codec;
    pws_random random;
    pws_conn *ws;
    struct half work; /* both halves in one; or else nothing */
    struct half receive, transmit;
    struct half *kept;
    int asked_receive, asked_transmit; /* PWS_NEED_WORK asked for that half */

    size_t next;   /* the step to come */
    uint32_t seen; /* if that is an event which comes several times: how often it has come */

    struct bytes stretch; /* all input up to the next step that waits */
    size_t fed;           /* of all input of the case */
    size_t border;        /* the next of the case's borders */
    uint64_t dice;

    uint8_t *buffer;       /* one read */
    pws_bytes in;          /* what is left of it */
    struct bytes original; /* what was in it */

    struct bytes output;
    struct bytes message; /* streaming: parts of a message that nothing has come between */
    uint32_t message_kind;
    uint32_t frames; /* of these parts */
    int in_message;  /* a message has begun and not ended */
    struct copies borrowed;
    uint64_t events, most_events;
    size_t most_output;
    int held, waiting, rejected, closed;
    int ended; /* pws_end has thrown away what was to be sent */
    int ticked;
    uint64_t now;          /* the last tick */
    struct counts told;    /* what the PWS_WRITE events have said */
    struct counts program; /* what of that is the program's own: Pings and Pongs */
    int partly;            /* the transport took but a part of the last PWS_WRITE */
};

/* ---- case_event.c ---- */

/* Appends the event as an ev line would have it. */
void show_event(struct bytes *text, const pws_event *ev);
/* 1 if the event is what the ev line says. */
int same_event(const struct test_case *test, const struct step *step, const pws_event *ev);
int same_pattern(const uint8_t *data, size_t length, const struct pattern *expected);
/* name: value, as in a field header="..." */
pws_header split_header(const uint8_t *line, size_t length);

/* ---- case_count.c ---- */

/* Takes note of a PWS_WRITE, and of a call that the library has taken. */
void count_write(struct replay *r, const pws_event *ev);
void count_call(struct replay *r, const struct step *step, const pws_event *ev);
/* Compares with the frames in the output. Returns 1 if they agree, or 0 with the reason in the
 * report. */
int compare_counts(struct replay *r);

/* ---- case_call.c ---- */

/* A copy of data in memory of exactly that size. */
void *exact_copy(struct copies *copies, const void *data, size_t length);
void free_copies(struct copies *copies);
void free_half(struct half *half);
/* Frees the receive half unless it belongs to something else. */
void drop_receive(struct replay *r);
/* Moves the connection to another place, as is allowed while no event is in use. */
void move_connection(struct replay *r);
/* Lend memory of that size, or with 0 take back what is lent. Return what the library returns. */
int32_t lend_receive(struct replay *r, size_t size);
int32_t lend_transmit(struct replay *r, size_t size);
/* Makes the call of a call line; ev is the event it answers, or NULL. Returns what the library
 * returns. */
int32_t make_call(struct replay *r, const struct step *step, const pws_event *ev);

#endif
