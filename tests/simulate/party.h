/* One who has something to say: a client, or the session of a client at its server. It outlives the
 * connections, and so does its queue. */
#ifndef PARTY_H
#define PARTY_H

#include "content.h"
#include "purews.h"
#include "world.h"

struct party {
    struct world *world;
    struct party *other;
    struct end *end; /* its connection, or NULL */
    uint32_t number;
    uint32_t side;
    uint32_t site;   /* of its server */
    uint32_t newest; /* server: the number of the latest connection that came */

    pws_queue queue;
    pws_queue_config queue_config;
    void *queue_memory; /* exactly as large */
    int lossy;          /* the queue may drop messages */
    uint32_t largest;   /* bytes of its messages */
    uint32_t pause;     /* milliseconds between bursts, about */
    uint32_t burst;     /* messages, at most */
    uint32_t reply;     /* per mille of messages that it answers with one */

    struct note *notes; /* of messages from first_note on that may still arrive */
    size_t note_count, note_capacity, note_begin;
    uint64_t first_note;
    uint64_t put;     /* messages that the queue has taken */
    uint64_t done;    /* of these, those that a link has taken */
    uint64_t seen;    /* behind the last one that has arrived */
    uint64_t got;     /* messages that have arrived at the other */
    uint64_t lost;    /* messages that a link has taken and not delivered */
    uint64_t waiting; /* bytes of those not done */

    pws_backoff backoff; /* client */
    uint64_t latest;     /* clock: of the last call for it */
    uint64_t opened;     /* clock: when its connection was opened; if it is_open */
    uint32_t attempts;   /* that have been made to get a stable one */
    int is_open;
    int connecting; /* PARTY_CONNECTS will come */
};

void party_begin(struct party *party, struct world *world, uint32_t side, uint32_t number);
void party_free(struct party *party);
/* Puts a message into its queue. */
void party_put(struct party *party);
/* Puts one that is shared with others. */
void party_put_shared(struct party *party, pws_shared *shared, const struct note *note);
/* Frees shared messages that nobody needs any more. */
void party_release(struct party *party);
/* PARTY_PRODUCES */
void party_produces(struct party *party);
/* A link has taken the whole of so many more messages. */
void party_done(struct party *party, uint64_t messages);
/* The note of a message. Returns 0 if there is no such message. */
int party_note(const struct party *party, uint64_t message, struct note *note);
/* That message has arrived. */
void party_arrived(struct party *party, uint64_t message);
/* Its connection is over. */
void party_lost(struct party *party, struct end *end);
/* Its connection is open. */
void party_opened(struct party *party);
/* Whether its queue holds exactly what no link has taken. */
void party_judge(struct party *party);
/* Whether nothing is left to be said. */
int party_is_silent(const struct party *party);

/* A message for many. */
pws_shared *party_share(struct world *world, struct note *note);
/* The one who made it does not need it any more. */
void party_unshare(struct world *world, pws_shared *shared);

#endif
