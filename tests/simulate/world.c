#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "party.h"

enum {
    LOOK_EVERY = 200,  /* milliseconds: WORLD_LOOKS */
    PATIENCE = 3600000 /* milliseconds of calm until all must be over */
};

/* ---- Words ---- */

/* Begins a line: when it is, and who. */
static void print_head(const struct world *world, const char *who, uint32_t number, uint32_t call) {
    printf("%10" PRIu64 " ms  %s %" PRIu32, world->now, who, number);
    if (call != 0)
        printf(" (connection %" PRIu32 ")", call);
    printf(": ");
}

void world_fail(struct world *world, const char *who, uint32_t number, uint32_t call,
                const char *format, ...) {
    va_list arguments;

    if (world->failed)
        return;
    world->failed = 1;
    printf("FAILED seed %" PRIu64 "\n", world->seed);
    print_head(world, who, number, call);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n    again: simulate --machines %" PRIu32 " --seed %" PRIu64 " --trace\n",
           world->machines, world->seed);
    fflush(stdout);
}

void world_trace(const struct world *world, const char *who, uint32_t number, uint32_t call,
                 const char *format, ...) {
    va_list arguments;

    if (!world->trace)
        return;
    print_head(world, who, number, call);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void *world_memory(size_t count, size_t size) {
    void *memory = size != 0 ? calloc(count, size) : malloc(1);

    if (memory == NULL) {
        fprintf(stderr, "no memory\n");
        exit(2);
    }
    return memory;
}

/* ---- Time ---- */

uint64_t world_clock(const struct world *world) {
    return world->now + world->offset;
}

uint64_t world_time(const struct world *world, uint64_t clock) {
    return clock > world_clock(world) ? clock - world->offset : world->now;
}

void world_add(struct world *world, uint64_t at, uint32_t kind, void *subject, uint32_t side) {
    agenda_add(&world->agenda, at, kind, subject, side);
}

/* Everybody's clock goes forward, or back for a while. What waits for it has to wait anew. */
static void leap(struct world *world) {
    struct dice *dice = &world->dice;
    uint64_t way = dice_scaled(dice, 1, dice_chance(dice, 100) ? UINT64_C(10000000000) : 300000);
    int back = dice_chance(dice, 400);
    size_t i;
    uint32_t side;

    if (back)
        way = dice_scaled(dice, 1, 3000);
    if (back && way > world->offset)
        return;
    world->offset = back ? world->offset - way : world->offset + way;
    world->tally.leaps++;
    world_trace(world, "clock", 0, 0, "%s by %" PRIu64 " ms", back ? "back" : "forward", way);
    for (i = 0; i < world->call_count; i++)
        for (side = 0; side < 2; side++)
            if (world->calls[i]->ends[side] != NULL)
                end_set_timer(world->calls[i]->ends[side]);
}

/* ---- Servers ---- */

/* Everybody who is there is told something by a server. */
static void broadcast(struct world *world, uint32_t site) {
    struct note note;
    pws_shared *shared = party_share(world, &note);
    uint32_t i;

    for (i = site; i < world->clients && !world->failed; i += world->sites)
        party_put_shared(&world->parties[SERVER][i], shared, &note);
    for (i = site; i < world->clients && !world->failed; i += world->sites)
        if (world->parties[SERVER][i].end != NULL)
            end_turn(world->parties[SERVER][i].end);
    party_unshare(world, shared);
}

static void restart(struct world *world, uint32_t site) {
    uint32_t i;

    world_trace(world, "site", site, 0, "restarts");
    for (i = site; i < world->clients && !world->failed; i += world->sites) {
        struct end *end = world->parties[SERVER][i].end;

        if (end != NULL) {
            end->closes = 1012;
            end_turn(end);
        }
    }
}

static void fall(struct world *world, uint32_t site) {
    size_t i, count = world->call_count;

    world_trace(world, "site", site, 0, "falls");
    world->site_away[site] = world->now + dice_scaled(&world->dice, 1, 5000);
    for (i = 0; i < count && !world->failed; i++) {
        struct call *call = world->calls[i];

        if (call->client->site == site && call->ends[SERVER] != NULL) {
            link_reset(&call->link, 50);
            call_abandon(call->ends[SERVER]);
        }
    }
}

/* ---- The end ---- */

static void calm(struct world *world) {
    size_t i;
    uint32_t side;

    world_trace(world, "world", 0, 0, "calms");
    world->calm = 1;
    memset(world->site_away, 0, sizeof world->site_away);
    for (i = 0; i < world->call_count; i++) {
        struct call *call = world->calls[i];

        link_calm(&call->link);
        if (call->link.pipes[CLIENT].severed)
            link_reset(&call->link, 8 * world->time_scale);
        for (side = 0; side < 2; side++)
            if (call->ends[side] != NULL)
                call->ends[side]->deaf_until = 0;
        for (side = 0; side < 2; side++)
            if (call->ends[side] != NULL)
                world_add(world, world->now, CALL_LOOK, call, side);
    }
    world_add(world, world->now + LOOK_EVERY, WORLD_LOOKS, world, 0);
}

/* Whether nobody has anything left to say. */
static int is_silent(const struct world *world) {
    uint32_t side, i;

    for (side = 0; side < 2; side++)
        for (i = 0; i < world->clients; i++)
            if (!party_is_silent(&world->parties[side][i]))
                return 0;
    return 1;
}

/* One end of each connection closes. */
static void close_all(struct world *world) {
    uint32_t i;

    for (i = 0; i < world->clients && !world->failed; i++) {
        struct party *party = &world->parties[dice_below(&world->dice, 2)][i];

        if (party->end != NULL) {
            party->end->closes = 1000;
            end_turn(party->end);
        }
    }
}

static void look(struct world *world) {
    if (world->closing && world->ends == 0)
        return;
    if (!world->closing)
        world->closing = is_silent(world);
    if (world->closing)
        close_all(world);
    world_add(world, world->now + LOOK_EVERY, WORLD_LOOKS, world, 0);
}

static void connect(struct world *world, struct party *party) {
    party->connecting = 0;
    if (world->closing && party_is_silent(party) && party_is_silent(party->other))
        return;
    call_begin(party);
}

static void judge_party(struct world *world, const struct party *party) {
    const char *who = party->side == CLIENT ? "client" : "server";

    if (party->queue.messages != 0)
        world_fail(world, who, party->number, 0, "%" PRIu64 " messages are left over",
                   (uint64_t)party->queue.messages);
    if (party->put != party->got + party->lost + party->queue.dropped)
        world_fail(world, who, party->number, 0,
                   "of %" PRIu64 " messages %" PRIu64 " came, %" PRIu64
                   " were lost with their connection, %" PRIu64 " were dropped",
                   party->put, party->got, party->lost, party->queue.dropped);
}

/* What has to hold when all is over. */
static void judge(struct world *world) {
    uint32_t side, i;

    if (world->ends != 0 || world->live != 0)
        world_fail(world, "world", 0, 0, "it does not come to rest: %u ends",
                   (unsigned)world->ends);
    for (side = 0; side < 2 && !world->failed; side++)
        for (i = 0; i < world->clients && !world->failed; i++)
            judge_party(world, &world->parties[side][i]);
    if (world->failed)
        return;
    if (world->shared != 0)
        world_fail(world, "world", 0, 0, "shared messages are left over");
    if (world->codecs.open != 0)
        world_fail(world, "world", 0, 0, "codecs are left over");
    if (world->stats.messages_in != world->tally.messages ||
        world->stats.payload_in != world->tally.bytes ||
        world->stats.errors[PWS_E_TIMEOUT] > world->stats.closed)
        world_fail(world, "world", 0, 0, "the statistics of all do not add up");
}

/* ---- A run ---- */

/* Clocks begin anywhere, also where 32 bits are about to run over. */
static uint64_t first_clock(struct dice *dice) {
    static const uint64_t beginnings[] = {1, UINT64_C(0xFFFFFFFF), UINT64_C(0x7FFFFFFF),
                                          UINT64_C(1700000000000), UINT64_C(1) << 62};
    uint64_t begin = beginnings[dice_below(dice, 5)];

    return begin > 30000 ? begin - dice_below(dice, 30000) : begin;
}

/* What a server does at some time, mostly a broadcast. */
static void plan_site(struct world *world) {
    struct dice *dice = &world->dice;
    uint64_t at = dice_below(dice, world->active);
    uint32_t kind = SITE_BROADCASTS, site = (uint32_t)dice_below(dice, world->sites);

    if (dice_chance(dice, 500))
        kind += (uint32_t)dice_below(dice, 3);
    world_add(world, at, kind, world, site);
}

static void begin(struct world *world) {
    struct dice *dice = &world->dice;
    uint8_t seed[32];
    uint32_t side, i;

    for (i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)dice_roll(dice);
    (void)pws_random_seed(&world->random, seed);
    setup_world(world);
    world->offset = first_clock(dice);
    for (side = 0; side < 2; side++)
        world->parties[side] =
            (struct party *)world_memory(world->clients, sizeof *world->parties[side]);
    for (side = 0; side < 2; side++) {
        for (i = 0; i < world->clients; i++) {
            struct party *party = &world->parties[side][i];

            party_begin(party, world, side, i);
            world_add(world, dice_below(dice, party->pause), PARTY_PRODUCES, party, 0);
            if (side == CLIENT)
                world_add(world, dice_below(dice, 1000), PARTY_CONNECTS, party, 0);
        }
    }
    for (i = (uint32_t)dice_below(dice, 4); i > 0; i--)
        world_add(world, dice_below(dice, world->active), WORLD_LEAPS, world, 0);
    for (i = (uint32_t)dice_below(dice, 5); i > 0; i--)
        plan_site(world);
    world_add(world, world->active, WORLD_CALMS, world, 0);
}

static void end(struct world *world) {
    uint32_t side, i;
    size_t c;

    for (c = 0; c < world->call_count; c++)
        call_free(world->calls[c]);
    for (side = 0; side < 2; side++) {
        for (i = 0; i < world->clients; i++)
            party_free(&world->parties[side][i]);
        free(world->parties[side]);
    }
    free(world->calls);
    agenda_free(&world->agenda);
}

static void happens(struct world *world, const struct item *item) {
    switch (item->kind) {
    case PARTY_CONNECTS:
        connect(world, (struct party *)item->subject);
        break;
    case PARTY_PRODUCES:
        party_produces((struct party *)item->subject);
        break;
    case SITE_BROADCASTS:
        broadcast(world, item->side);
        break;
    case SITE_RESTARTS:
        restart(world, item->side);
        break;
    case SITE_FALLS:
        fall(world, item->side);
        break;
    case WORLD_LEAPS:
        leap(world);
        break;
    case WORLD_CALMS:
        calm(world);
        break;
    case WORLD_LOOKS:
        look(world);
        break;
    default:
        call_happens((struct call *)item->subject, item);
        break;
    }
}

int world_run(struct world *world, uint64_t seed, uint32_t machines, int trace) {
    struct item item;

    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->machines = machines;
    world->trace = trace;
    world->dice.state = dice_mix(seed + 1);
    begin(world);
    while (!world->failed && agenda_next(&world->agenda, &item)) {
        world->now = item.at;
        happens(world, &item);
        if (world->now > world->active + PATIENCE)
            break;
    }
    if (!world->failed)
        judge(world);
    world->tally.milliseconds = world->now;
    end(world);
    return !world->failed;
}
