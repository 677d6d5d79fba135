/* One end of a connection: what a program with an event loop is around a pws_conn, and all that it
 * can check by itself. */
#ifndef END_H
#define END_H

#include "content.h"
#include "purews.h"
#include "watch.h"
#include "wire.h"
#include "world.h"

struct end {
    struct world *world;
    struct call *call;
    struct party *party; /* NULL while a server does not know who it is */
    uint32_t side;
    uint32_t number; /* of the party; 0 while not known */
    const struct setup *setup;
    pws_conn *ws;
    uint8_t *work, *receive, *transmit; /* lent: both halves, or each; exactly as large */

    struct watch watch;
    struct wire in, out; /* what was read, what was written */
    uint8_t status[12];  /* what a server wrote first */
    pws_stats stats;
    pws_rate rate;
    uint64_t rate_clock; /* the latest time that it was told */

    uint64_t arrived; /* whole messages */
    struct note note; /* the message that is arriving */
    size_t offset;    /* of it */
    int in_parts;     /* and a part of it has come */
    uint8_t *parts;   /* what has come of a message of which it is not known which one it is */

    enum limit limit;      /* that has run out in this turn */
    int was_held;          /* when the turn began */
    uint64_t frozen_until; /* network's time: it does nothing */
    uint64_t deaf_until;   /* network's time */
    uint64_t timer_at;     /* network's time of the next CALL_TIMER; UINT64_MAX: none */
    uint64_t answer_at;    /* a request waits for its answer until then; 0: none */
    uint64_t last_read;    /* clock */
    uint64_t leaps;        /* the world's, at that time */
    uint64_t pinged;       /* clock: the library's last Ping was written */
    int was_frozen;        /* since the last byte came */
    int held, room, eof_told, over, close_seen, close_told, rejected, refuses, opened;
    uint32_t closes;      /* the code to close with; 0: not yet */
    uint32_t peer_code;   /* of its Close */
    uint64_t retry_after; /* milliseconds */
    uint8_t control[125]; /* of the last Ping or Pong of the program */
    pws_event closed;     /* PWS_CLOSED */
};

/* Begins an end. */
struct end *end_begin(struct call *call, uint32_t side, struct party *party);
/* The event loop has been woken: time, input, output, and whatever the program wants to tell. */
void end_turn(struct end *end);
/* A tick before the deadline: nothing may come of it. */
void end_early(struct end *end);
/* Makes sure of a wake-up at its deadline. */
void end_set_timer(struct end *end);
/* The transport has ended. */
void end_eof(struct end *end);
/* Whether its party's queue is at its disposal. */
int end_has_queue(const struct end *end);
/* Whether its deadline has come. */
int end_is_due(const struct end *end);
/* Gives all memory back. */
void end_free(struct end *end);

/* A promise is broken. */
#define EXPECT(end, condition, ...)                                                                \
    do {                                                                                           \
        if (!(condition))                                                                          \
            end_fail(end, __VA_ARGS__);                                                            \
    } while (0)
void end_fail(struct end *end, const char *format, ...);
void end_trace(const struct end *end, const char *format, ...);

/* lend.c: memory for a connection. */
void lend_begin(struct end *end);
void lend_transmit(struct end *end);
void lend_asked(struct end *end, const pws_event *ev);
void lend_take_back(struct end *end);
void lend_free(struct end *end);

/* pull.c: tells what waits and pulls. in may be NULL. */
void pull(struct end *end, pws_bytes *in);
/* Answers the request that waits. */
void pull_answer(struct end *end);

/* judge.c: whether what came is what had to come. */
void judge_closed(struct end *end, const pws_event *ev);
void judge_limits(struct end *end);
void judge_turn(struct end *end);
void judge_message(struct end *end, const pws_event *ev);
void judge_pong(struct end *end, const pws_event *ev);

#endif
