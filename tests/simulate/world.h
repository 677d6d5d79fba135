/* The simulated world: machines that are clients, each with a session at one of the servers, and
 * the connections between them, which break and are made again. All of it follows from a seed. */
#ifndef WORLD_H
#define WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "agenda.h"
#include "dice.h"
#include "has_deflate.h"
#include "link.h"
#include "purews.h"
#include "stored_codec.h"

enum {
    CLIENT = 0, /* sides */
    SERVER = 1,
    SETUPS = 6, /* ways in which the ends of a side are set up */
    SITES = 3   /* at most */
};

/* What happens, besides what link.h has. The subject is a call, a party or the world. */
enum {
    CALL_ARRIVES = LINK_KINDS, /* at the server */
    CALL_TIMER,                /* the end on that side has a deadline */
    CALL_LOOK,                 /* it looks, whatever the reason */
    CALL_EARLY,                /* it ticks without a reason */
    CALL_RESETS,               /* the link breaks */
    CALL_SEVERED,              /* the link passes nothing any more */
    CALL_STALLS,               /* the link passes nothing for a while */
    CALL_DEAF,                 /* the program on that side does not read for a while */
    CALL_FREEZES,              /* the program on that side does nothing at all for a while */
    CALL_CRASHES,              /* the program on that side is gone, without a word */
    CALL_CLOSES,               /* the program on that side closes */
    PARTY_CONNECTS,
    PARTY_PRODUCES,
    SITE_BROADCASTS, /* side: which */
    SITE_RESTARTS,   /* all its connections get 1012 */
    SITE_FALLS,      /* all its connections are reset, and it is away for a while */
    WORLD_LEAPS,     /* everybody's clock */
    WORLD_CALMS,     /* nothing goes wrong any more, and nothing new is said */
    WORLD_LOOKS      /* whether all has been said; then all close */
};

/* How memory is lent to a connection. */
enum lending {
    LEND_ALL,  /* from the beginning to the end */
    LEND_LATE, /* when it is asked for */
    LEND_BARE  /* and taken back whenever possible */
};

/* How an end is set up. */
struct setup {
    pws_config config;
    enum lending lending;
    size_t transmit;      /* bytes of its transmit half */
    int reads_while_held; /* a client does */
    int untimed;          /* it never ticks */
    int has_rate;         /* it reads no more than that */
    pws_rate_config rate;
    uint32_t crumbs; /* per mille of reads that are cut small */
    uint32_t early;  /* per mille of turns with a tick too early behind them */
};

/* What a run shows in total. */
struct tally {
    uint64_t connections, opened, clean, rejected, refused;
    uint64_t messages, bytes; /* received */
    uint64_t kept;            /* messages that the next connection began with */
    uint64_t lost;            /* messages that were on their way when a connection died */
    uint64_t limits[8];       /* run out, by enum limit */
    uint64_t half_open;       /* connections found by a missing Pong */
    uint64_t resets, severed, stalls, crashes, leaps, holds, pings;
    uint64_t turns;
    uint64_t milliseconds; /* simulated */
};

struct call;
struct end;
struct party;

struct world {
    uint64_t seed;
    uint32_t machines;
    int trace;
    int failed; /* a promise is broken: the run ends */
    struct tally tally;

    struct dice dice;
    uint64_t now;    /* milliseconds of the network */
    uint64_t offset; /* what the machines' clock shows beyond it */
    struct agenda agenda;
    pws_random random;
    struct stored_codecs codecs;
    pws_codec codec;
    pws_deflate_params deflate; /* of calls without an opening handshake */
    struct setup setups[2][SETUPS];
    pws_backoff_config backoff;

    uint32_t clients, sites;
    uint64_t site_away[SITES]; /* when it is there again */
    struct party *parties[2];  /* by side, one for each client */
    struct call **calls;
    size_t call_count, call_capacity;
    size_t ends;     /* that there are now */
    size_t live;     /* calls that are not settled */
    size_t shared;   /* messages for many that there are now */
    pws_stats stats; /* of all ends that are over */

    /* how things are here */
    uint32_t largest;     /* bytes of a message */
    uint32_t time_scale;  /* milliseconds around which limits lie */
    struct line roughest; /* what a link is at worst */
    uint32_t faults[6];   /* per mille of calls with one: CALL_RESETS to CALL_CRASHES */
    uint32_t elsewhere;   /* per mille of calls whose opening handshake is done elsewhere */
    uint64_t active;      /* milliseconds until it calms */
    int calm, closing;
};

/* Runs a world to its end. Returns 1 if all promises were kept; says what was broken if not. */
int world_run(struct world *world, uint64_t seed, uint32_t machines, int trace);

/* What the machines' clock shows. */
uint64_t world_clock(const struct world *world);
/* When it shows that, in the network's time; not before now. */
uint64_t world_time(const struct world *world, uint64_t clock);
void world_add(struct world *world, uint64_t at, uint32_t kind, void *subject, uint32_t side);

/* A promise is broken. */
void world_fail(struct world *world, const char *who, uint32_t number, uint32_t call,
                const char *format, ...);
/* Prints a line, if asked for. */
void world_trace(const struct world *world, const char *who, uint32_t number, uint32_t call,
                 const char *format, ...);
/* As calloc, or the program ends. */
void *world_memory(size_t count, size_t size);

/* setup.c: the ways of a world, from its dice. */
void setup_world(struct world *world);
/* The ways of one link. */
struct line setup_line(struct world *world);

#endif
