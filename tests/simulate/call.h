/* One connection between a client and a server: the link and an end on either side. */
#ifndef CALL_H
#define CALL_H

#include "end.h"
#include "link.h"
#include "world.h"

/* What is left of an end that is over. */
struct result {
    int opened;
    int abandoned; /* without PWS_CLOSED */
    int saw_close; /* the peer's Close has come */
    int rejected;
    int held;         /* with Pongs that nobody waits for */
    int32_t error;    /* of PWS_CLOSED */
    uint64_t arrived; /* whole messages */
    struct wire in, out;
    pws_stats stats;
};

struct call {
    struct link link; /* first: it is the subject of what happens to it */
    struct world *world;
    struct party *client;
    int arrived;               /* at the server, if it ever does */
    struct end *ends[2];       /* NULL before they begin and when they are over */
    int elsewhere;             /* there is no opening handshake */
    uint64_t first[2];         /* by side: the first of its messages that may pass */
    uint64_t passed[2];        /* by side: of its messages, those that the link has taken */
    struct result *results[2]; /* NULL while there is an end */
};

/* A client calls its server. */
void call_begin(struct party *client);
/* Does what an item asks for. */
void call_happens(struct call *call, const struct item *item);
/* An end is over and is taken apart. */
void call_end_over(struct end *end);
/* Abandons an end without telling it or its peer. */
void call_abandon(struct end *end);
/* A server's end takes the place of one for the same session whose end has not been noticed. */
void call_take_over(struct end *end);
/* Whether a newer connection for the same session has come before it. */
int call_is_old(const struct call *call);
void call_free(struct call *call);

#endif
