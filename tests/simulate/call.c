#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "party.h"

/* ---- Beginning ---- */

/* On one side, at some time. */
static void plan(struct call *call, uint32_t kind) {
    struct world *world = call->world;
    uint64_t after = dice_scaled(&world->dice, 1, world->active / 2);

    world_add(world, world->now + after, kind, call, (uint32_t)dice_below(&world->dice, 2));
}

/* What goes wrong with this one. */
static void plan_faults(struct call *call) {
    struct world *world = call->world;
    struct dice *dice = &world->dice;
    uint32_t kind;

    for (kind = CALL_RESETS; kind <= CALL_CLOSES; kind++) {
        uint32_t chance = kind == CALL_CLOSES ? 300 : world->faults[kind - CALL_RESETS];

        if (!world->calm && dice_chance(dice, chance))
            plan(call, kind);
    }
}

void call_begin(struct party *client) {
    struct world *world = client->world;
    struct call *call = (struct call *)world_memory(1, sizeof *call);
    struct line line = setup_line(world);

    if (world->call_count == world->call_capacity) {
        world->call_capacity = 2 * world->call_capacity + 64;
        world->calls =
            (struct call **)realloc(world->calls, world->call_capacity * sizeof *world->calls);
        if (world->calls == NULL)
            exit(2);
    }
    world->calls[world->call_count++] = call;
    world->tally.connections++;
    call->link.number = (uint32_t)world->call_count;
    call->world = world;
    call->client = client;
    world->live++;
    call->elsewhere = dice_chance(&world->dice, world->elsewhere);
    call->first[CLIENT] = client->done;
    link_open(&call->link, &line, &world->agenda, &world->dice, &world->now);
    plan_faults(call);
    world_add(world, world->now + line.delay, CALL_ARRIVES, call, SERVER);
    client->end = call->ends[CLIENT] = end_begin(call, CLIENT, client);
    end_turn(client->end);
}

/* ---- The end ---- */

static void judge(struct call *call, int holds, uint32_t side, const char *what, uint64_t there,
                  uint64_t here) {
    if (!holds)
        world_fail(call->world, side == CLIENT ? "client" : "server", call->client->number,
                   call->link.number, "%s: %llu at the sender, %llu at the receiver", what,
                   (unsigned long long)there, (unsigned long long)here);
}

/* What a side has sent, and the other received, over a connection that was closed by both. */
static void judge_sums(struct call *call, uint32_t side) {
    const struct result *from = call->results[side], *to = call->results[!side];
    const struct party *party = side == CLIENT ? call->client : call->client->other;

    judge(call, from->out.messages == to->stats.messages_in, side, "messages", from->out.messages,
          to->stats.messages_in);
    if (!party->lossy) {
        judge(call, from->stats.messages_out == to->stats.messages_in, side, "messages counted",
              from->stats.messages_out, to->stats.messages_in);
        judge(call, from->stats.payload_out == to->stats.payload_in, side, "payload",
              from->stats.payload_out, to->stats.payload_in);
    }
    judge(call, from->stats.frames_out == from->out.frames || from->held, side, "frames written",
          from->out.frames, from->stats.frames_out);
    judge(call, from->out.frames - from->out.behind == to->stats.frames_in, side, "frames",
          from->out.frames - from->out.behind, to->stats.frames_in);
    judge(call, from->stats.pings_out == from->out.pings, side, "Pings written", from->out.pings,
          from->stats.pings_out);
    judge(call, from->stats.pongs_out == from->out.pongs || from->held, side, "Pongs written",
          from->out.pongs, from->stats.pongs_out);
    judge(call, from->stats.pings_out == to->stats.pings_in, side, "Pings", from->stats.pings_out,
          to->stats.pings_in);
    judge(call, from->stats.pongs_out >= to->stats.pongs_in, side, "Pongs", from->stats.pongs_out,
          to->stats.pongs_in);
}

static int is_clean(const struct result *result) {
    return result != NULL && !result->abandoned && !result->rejected && result->error == PWS_OK;
}

/* Both ends are over. */
static void settle(struct call *call) {
    struct party *parties[2];
    uint32_t side;

    call->world->live--;
    parties[CLIENT] = call->client;
    parties[SERVER] = call->client->other;
    for (side = 0; side < 2; side++) {
        const struct result *to = call->results[!side];
        uint64_t arrived = to != NULL ? to->arrived : 0, lost = call->passed[side] - arrived;

        parties[side]->lost += lost;
        call->world->tally.lost += lost;
        if (to != NULL && to->saw_close && to->opened)
            judge(call, lost == 0, side, "messages before a Close", call->passed[side], arrived);
    }
    if (is_clean(call->results[CLIENT]) && is_clean(call->results[SERVER])) {
        call->world->tally.clean++;
        judge_sums(call, CLIENT);
        judge_sums(call, SERVER);
    }
    for (side = 0; side < 2; side++) {
        free(call->results[side]);
        call->results[side] = NULL;
    }
    link_free(&call->link);
}

static void take_result(struct end *end, int abandoned) {
    struct call *call = end->call;
    struct result *result = (struct result *)world_memory(1, sizeof *result);
    const struct pipe *written = &call->link.pipes[end->side];
    const struct pipe *read = &call->link.pipes[!end->side];

    result->abandoned = abandoned;
    result->saw_close = end->close_seen;
    result->opened = end->opened;
    result->held = end->held;
    result->rejected = end->rejected;
    result->error = abandoned ? PWS_E_EOF : end->closed.error;
    result->arrived = end->arrived;
    result->in = end->in;
    result->out = end->out;
    result->stats = end->stats;
    EXPECT(end, end->stats.wire_out == written->written, "bytes written: %llu, counted: %llu",
           (unsigned long long)written->written, (unsigned long long)end->stats.wire_out);
    EXPECT(end, end->stats.wire_in == read->read, "bytes read: %llu, counted: %llu",
           (unsigned long long)read->read, (unsigned long long)end->stats.wire_in);
    pws_stats_add(&end->world->stats, &end->stats);
    end->world->tally.opened += end->opened ? 1 : 0;
    end->world->tally.rejected += end->rejected && end->side == SERVER ? 1 : 0;
    call->results[end->side] = result;
}

/* Takes an end out of the world. */
static void take_out(struct end *end, int abandoned) {
    struct call *call = end->call;
    struct party *party = end->party;

    take_result(end, abandoned);
    if (!abandoned)
        link_finish(&call->link, end->side);
    call->ends[end->side] = NULL;
    if (party != NULL)
        party_lost(party, end);
    end_free(end);
    if (call->ends[CLIENT] == NULL && call->ends[SERVER] == NULL && call->arrived)
        settle(call);
}

void call_end_over(struct end *end) {
    end_trace(end, "is over: %s", pws_strerror(end->closed.error));
    take_out(end, 0);
}

void call_abandon(struct end *end) {
    end_trace(end, "is abandoned");
    pws_end(end->ws);
    take_out(end, 1);
}

void call_free(struct call *call) {
    uint32_t side;

    for (side = 0; side < 2; side++) {
        if (call->ends[side] != NULL)
            end_free(call->ends[side]);
        free(call->results[side]);
    }
    link_free(&call->link);
    free(call);
}

/* ---- At the server ---- */

void call_take_over(struct end *end) {
    struct party *party = end->party;

    if (party->end != NULL) {
        end_trace(end, "takes over");
        link_reset(&party->end->call->link, 0);
        call_abandon(party->end);
    }
    party->end = end;
    party->newest = end->call->link.number;
    end->call->first[SERVER] = party->done;
}

int call_is_old(const struct call *call) {
    return call->link.number < call->client->other->newest;
}

/* Whether there is a server, and the connection is not one that was overtaken by the next. */
static int accepts(struct call *call) {
    struct world *world = call->world;

    if (world->site_away[call->client->site] <= world->now &&
        !(call->elsewhere && call_is_old(call)))
        return 1;
    world->tally.refused++;
    link_reset(&call->link, call->link.line.delay);
    return 0;
}

/* The connection is there for the server to accept, if there is a server. */
static void arrive(struct call *call) {
    struct end *end;

    call->arrived = 1;
    if (call->link.pipes[CLIENT].severed || call->link.broken[SERVER] || !accepts(call)) {
        if (call->ends[CLIENT] == NULL)
            settle(call);
        return;
    }
    end = end_begin(call, SERVER, call->elsewhere ? call->client->other : NULL);
    call->ends[SERVER] = end;
    if (call->elsewhere)
        call_take_over(end);
    end_turn(end);
}

/* ---- What happens ---- */

static void sever(struct call *call) {
    call->world->tally.severed++;
    world_trace(call->world, "link", call->client->number, call->link.number, "is severed");
    link_sever(&call->link);
}

static void crash(struct call *call, struct end *end) {
    call->world->tally.crashes++;
    link_sever(&call->link);
    call_abandon(end);
}

/* An end has a reason to look. */
static void wake(struct end *end, const struct item *item) {
    struct world *world = end->world;

    switch (item->kind) {
    case LINK_ROOM:
        end->room = 1;
        break;
    case CALL_TIMER:
        if (end->timer_at != item->at)
            return;
        end->timer_at = UINT64_MAX;
        if (end->frozen_until > world->now)
            break;
        if (!end_is_due(end)) {
            end_set_timer(end);
            return;
        }
        break;
    case CALL_EARLY:
        end_early(end);
        return;
    case CALL_DEAF:
        if (world->calm)
            return;
        end->deaf_until = world->now + dice_scaled(&world->dice, 1, world->time_scale);
        world_add(world, end->deaf_until, CALL_LOOK, end->call, end->side);
        return;
    case CALL_FREEZES:
        if (world->calm)
            return;
        end->frozen_until = world->now + dice_scaled(&world->dice, 1, world->time_scale);
        world_add(world, end->frozen_until, CALL_LOOK, end->call, end->side);
        end_trace(end, "does nothing for %u ms", (unsigned)(end->frozen_until - world->now));
        return;
    case CALL_CRASHES:
        if (!world->calm)
            crash(end->call, end);
        return;
    case CALL_CLOSES:
        end->closes = dice_chance(&world->dice, 500)
                          ? 1000
                          : (uint32_t)dice_between(&world->dice, 3000, 4999);
        break;
    default:
        break;
    }
    end_turn(end);
}

void call_happens(struct call *call, const struct item *item) {
    struct world *world = call->world;
    struct dice *dice = &world->dice;

    if (item->kind == CALL_ARRIVES) {
        arrive(call);
        return;
    }
    if (call->ends[CLIENT] == NULL && call->ends[SERVER] == NULL)
        return;
    if (item->kind < LINK_KINDS && !link_happens(&call->link, item))
        return;
    switch (item->kind) {
    case CALL_RESETS:
        if (world->calm)
            return;
        world->tally.resets++;
        link_reset(&call->link, call->link.line.delay);
        return;
    case CALL_SEVERED:
        if (!world->calm)
            sever(call);
        return;
    case CALL_STALLS:
        if (world->calm)
            return;
        world->tally.stalls++;
        link_stall(&call->link, item->side, (uint32_t)dice_scaled(dice, 1, 2 * world->time_scale));
        return;
    default:
        if (call->ends[item->side] != NULL)
            wake(call->ends[item->side], item);
    }
}
