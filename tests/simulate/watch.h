/* An independent record of what the time limits of a connection run from, kept by the program that
 * drives it. It says when each has to run out, to the millisecond. */
#ifndef WATCH_H
#define WATCH_H

#include <stdint.h>

#include "purews.h"

enum stage {
    STAGE_OPENING,
    STAGE_OPEN,
    STAGE_CLOSING, /* a Close has been told or received, or the connection has failed */
    STAGE_OVER
};

enum limit {
    LIMIT_NONE,
    LIMIT_SEND,
    LIMIT_OPEN,
    LIMIT_CLOSE,
    LIMIT_PONG,
    LIMIT_MESSAGE,
    LIMIT_IDLE,
    LIMITS
};

/* Begins with zeros and the configuration. */
struct watch {
    const pws_config *config;
    enum stage stage;
    int ticked;
    uint64_t now;     /* the latest tick's */
    uint64_t opening; /* times: of the first tick */
    uint64_t since;   /* of the last byte that came, or of the Ping: when it was due, then out */
    uint64_t pinged;  /* when it was wholly written */
    uint64_t used;    /* of the last frame of either program */
    uint64_t message; /* of the first byte of the message that is coming */
    uint64_t held;    /* of pws_hold */
    uint64_t closing; /* of the stage */
    int in_message;
    int is_held;
    int waits_for_pong; /* the Ping was due, and no byte has come since */
    int late[LIMITS];   /* due with the last tick, unless what is pulled next shows otherwise */
    int late_ping;      /* likewise the Ping */
    int ping_out;       /* a Ping has gone out, but not all of what it went out with */
    uint32_t pings;     /* due, and to be written as soon as the peer takes it */
    uint32_t spare;     /* due once; they may be written or not, since a byte has come meanwhile */
};

/* A tick. */
void watch_tick(struct watch *watch, uint64_t now);
/* What came with the tick has been pulled. Returns the limit that has run out all the same; if
 * there is none, the Ping may be due. */
enum limit watch_judge(struct watch *watch);
/* When the next tick is needed; what pws_deadline should say. */
uint64_t watch_deadline(const struct watch *watch);

/* What starts limits and stops them, at the time of the last tick. */
void watch_opened(struct watch *watch);
void watch_closing(struct watch *watch);
void watch_hold(struct watch *watch, int held);
/* The library has written so many Pings of its own. Returns 0 if they were not due. */
int watch_pinged(struct watch *watch, uint32_t pings);
/* What was gathered, and a Ping with it, has been wholly written. */
void watch_written(struct watch *watch);
/* The transport has ended: that comes first. */
void watch_ended(struct watch *watch);
/* All has been written: what is still owed has been given up. */
void watch_settled(struct watch *watch);
/* Bytes have come. */
void watch_read(struct watch *watch);
/* A frame of either program has come, or has been told, or a part of it has been taken. */
void watch_used(struct watch *watch);
/* Whether a message has begun and is not over. With the bytes that just came, has_ended: one was
 * over; is_new: one has begun. */
void watch_message(struct watch *watch, int in_message, int has_ended, int is_new);

/* "send", ... */
const char *watch_limit_name(enum limit limit);

#endif
