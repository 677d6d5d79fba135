/* The network: a connection of the transport between two ends, 0 the client's and 1 the server's.
 * Bytes take their time, in their order; an end takes only so many; what is on the way can be cut
 * into pieces, stop for a while, be lost with the connection, or vanish without a word. */
#ifndef LINK_H
#define LINK_H

#include <stddef.h>
#include <stdint.h>

#include "agenda.h"
#include "dice.h"

/* How a link is. */
struct line {
    uint32_t delay;        /* milliseconds */
    uint32_t jitter;       /* milliseconds that may come on top */
    uint32_t speed;        /* bytes a millisecond; 0: any number */
    uint32_t capacity;     /* bytes that one direction takes before they are read */
    uint32_t piece;        /* bytes that arrive together, at most */
    uint32_t short_writes; /* per mille of writes that take less than there is room for */
};

struct segment {
    uint64_t at;
    uint32_t bytes;
};

/* One direction. */
struct pipe {
    uint8_t *ring; /* capacity bytes, of which these have been written and not read: */
    uint32_t begin, length;
    uint32_t capacity;
    uint32_t arrived; /* of these, at the reader */
    struct segment *segments;
    size_t first_segment, segment_count, segment_capacity;
    uint64_t last_arrival;
    uint64_t stalled_until;
    uint64_t written, read; /* bytes, ever */
    uint8_t blocked;        /* the writer waits for room */
    uint8_t finished;       /* the writer has said that this is all; at last_arrival */
    uint8_t end_arrived;    /* and that has arrived */
    uint8_t severed;        /* nothing arrives any more */
    uint8_t drained;        /* the reader throws all away */
};

/* What the world does when an item's time has come: see link_happens. */
enum {
    LINK_ARRIVAL, /* at the end on that side */
    LINK_ROOM,    /* for the end on that side to write */
    LINK_BREAK,   /* the end on that side learns that the link is broken */
    LINK_KINDS
};

struct link {
    uint32_t number;
    struct line line;
    struct pipe pipes[2]; /* by the side that writes */
    uint8_t broken[2];    /* by side: reading and writing fail */
    struct agenda *agenda;
    struct dice *dice;
    const uint64_t *now;
};

/* Begins a link; the fields behind number are set by this. */
void link_open(struct link *link, const struct line *line, struct agenda *agenda, struct dice *dice,
               const uint64_t *now);
/* Gives the memory back; what is left are the numbers. */
void link_free(struct link *link);

/* Returns how many of the bytes were taken. If not all, LINK_ROOM comes. */
size_t link_write(struct link *link, uint32_t side, const uint8_t *bytes, size_t length);
/* Bytes that can be read now. */
size_t link_readable(const struct link *link, uint32_t side);
size_t link_read(struct link *link, uint32_t side, uint8_t *bytes, size_t capacity);
/* Whether nothing will come any more: the end of the stream, or an error. */
int link_ended(const struct link *link, uint32_t side);

/* This side writes no more and throws away what it gets. */
void link_finish(struct link *link, uint32_t side);
/* Both sides are told that the link is broken, within so many milliseconds. */
void link_reset(struct link *link, uint32_t within);
/* Nothing passes any more, and nobody is told. */
void link_sever(struct link *link);
void link_stall(struct link *link, uint32_t side, uint32_t milliseconds);
/* No delays from now on. */
void link_calm(struct link *link);

/* Does what an item asks for. Returns 1 if the end on item->side has a reason to look. */
int link_happens(struct link *link, const struct item *item);

#endif
