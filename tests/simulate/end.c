#include "end.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "party.h"

enum {
    READS = 64,     /* of a turn, at most */
    CRUMBS = 8,     /* bytes of a small read, at most */
    TEXT_SIZE = 400 /* of a line that is printed */
};

/* ---- Words ---- */

void end_fail(struct end *end, const char *format, ...) {
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    world_fail(end->world, end->side == CLIENT ? "client" : "server", end->number,
               end->call->link.number, "%s", text);
}

void end_trace(const struct end *end, const char *format, ...) {
    char text[TEXT_SIZE];
    va_list arguments;

    if (!end->world->trace)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    world_trace(end->world, end->side == CLIENT ? "client" : "server", end->number,
                end->call->link.number, "%s", text);
}

/* ---- Beginning and end ---- */

/* Begins where the opening handshake is done elsewhere. */
static int32_t begin_open(struct end *end, size_t work_size) {
    struct world *world = end->world;
    pws_agreed agreed;

    memset(&agreed, 0, sizeof agreed);
    agreed.random = &world->random;
    if (end->setup->config.codec != NULL)
        agreed.deflate = world->deflate;
    end->watch.stage = STAGE_OPEN;
    end->in.open = end->out.open = end->opened = 1;
    if (end->side == CLIENT)
        party_opened(end->party);
    return pws_start(end->ws, &end->setup->config, end->work, work_size, &agreed);
}

/* A client's request names its session. */
static void connect(struct end *end) {
    char target[32];
    pws_request request;

    memset(&request, 0, sizeof request);
    snprintf(target, sizeof target, "/session/%u", (unsigned)end->number);
    request.host = pws_cstr("server.example");
    request.target = pws_cstr(target);
    lend_transmit(end);
    EXPECT(end, pws_connect(end->ws, &end->world->random, &request) == PWS_OK,
           "pws_connect failed");
}

static void describe(const struct end *end) {
    static const char *const lending[] = {"all", "late", "bare"};
    const struct setup *setup = end->setup;
    const pws_config *config = &setup->config;

    end_trace(end,
              "begins: %s%s%s, memory %s, transmit half %u, open %u ping %u pong %u idle %u "
              "message %u send %u close %u%s%s",
              (config->flags & PWS_STREAM) != 0 ? "in parts" : "whole",
              config->codec != NULL ? ", compressed" : "",
              end->call->elsewhere ? ", elsewhere" : "", lending[setup->lending],
              (unsigned)setup->transmit, (unsigned)config->open_ms, (unsigned)config->ping_ms,
              (unsigned)config->pong_ms, (unsigned)config->idle_ms, (unsigned)config->message_ms,
              (unsigned)config->send_ms, (unsigned)config->close_ms,
              (config->flags & PWS_NO_AUTO_PONG) != 0 ? ", answers Pings itself" : "",
              setup->untimed ? ", without ticks" : "");
}

struct end *end_begin(struct call *call, uint32_t side, struct party *party) {
    struct world *world = call->world;
    struct end *end = (struct end *)world_memory(1, sizeof *end);
    size_t work_size = 0;
    int32_t error;

    end->world = world;
    end->call = call;
    end->side = side;
    end->party = party;
    end->number = party != NULL ? party->number : 0;
    end->timer_at = UINT64_MAX;
    end->setup = &world->setups[side][dice_below(&world->dice, SETUPS)];
    end->watch.config = &end->setup->config;
    end->ws = (pws_conn *)world_memory(1, sizeof *end->ws);
    world->ends++;
    lend_begin(end);
    if (end->work != NULL) {
        work_size = pws_work_size(&end->setup->config);
        if (end->setup->transmit > PWS_TRANSMIT_SIZE)
            work_size += end->setup->transmit - PWS_TRANSMIT_SIZE;
    }
    if (call->elsewhere)
        error = begin_open(end, work_size);
    else
        error = pws_init(end->ws, &end->setup->config, end->work, work_size);
    EXPECT(end, error == PWS_OK, "it did not begin: %s", pws_strerror(error));
    describe(end);
    EXPECT(end, pws_deadline(end->ws) == 0, "the deadline before the first tick is not 0");
    if (side == CLIENT && !call->elsewhere)
        connect(end);
    return end;
}

void end_free(struct end *end) {
    if (pws_state(end->ws) != PWS_STATE_CLOSED)
        pws_end(end->ws);
    lend_free(end);
    free(end->parts);
    free(end->ws);
    end->world->ends--;
    free(end);
}

void end_eof(struct end *end) {
    end->eof_told = 1;
    pws_eof(end->ws);
    watch_ended(&end->watch);
}

int end_has_queue(const struct end *end) {
    return end->party != NULL && end->party->end == end;
}

/* ---- Time ---- */

/* Until when the program can sleep, by the clock. */
static uint64_t deadline(const struct end *end) {
    uint64_t at = end->setup->untimed ? UINT64_MAX : pws_deadline(end->ws);
    uint64_t queue;

    if (!end_has_queue(end) || end->held || pws_state(end->ws) != PWS_STATE_OPEN)
        return at;
    queue = pws_queue_deadline(&end->party->queue);
    return queue < at ? queue : at;
}

int end_is_due(const struct end *end) {
    return deadline(end) <= world_clock(end->world);
}

void end_set_timer(struct end *end) {
    struct world *world = end->world;
    uint64_t at = deadline(end);

    if (at == UINT64_MAX)
        return;
    at = world_time(world, at);
    if (at >= end->timer_at)
        return;
    end->timer_at = at;
    world_add(world, at, CALL_TIMER, end->call, end->side);
}

/* Tells the time; sometimes also an earlier one, which counts as the last. */
static void tick(struct end *end) {
    struct world *world = end->world;
    uint64_t clock = world_clock(world);

    end->limit = LIMIT_NONE;
    if (end->setup->untimed)
        return;
    if (end->watch.ticked && dice_chance(&world->dice, 50)) {
        uint64_t earlier = end->watch.now - dice_below(&world->dice, end->watch.now + 1);

        pws_tick(end->ws, earlier);
        watch_tick(&end->watch, earlier);
    }
    if (!end->watch.ticked)
        end->last_read = clock;
    pws_tick(end->ws, clock);
    watch_tick(&end->watch, clock);
}

/* ---- A turn ---- */

static void unhold(struct end *end) {
    end->room = 0;
    if (!end->held)
        return;
    end->held = 0;
    pws_hold(end->ws, 0);
    watch_hold(&end->watch, 0);
}

static int may_read(const struct end *end) {
    if (end->over || end->eof_told)
        return 0;
    if (end->call->link.broken[end->side])
        return 1;
    if (end->answer_at != 0)
        return 0;
    if (end->held && end->side == SERVER && !end->setup->reads_while_held)
        return 0;
    return end->deaf_until <= end->world->now || link_ended(&end->call->link, end->side);
}

/* How much of what is there is read at a time. */
static size_t cut(const struct end *end, size_t readable, int small) {
    struct dice *dice = &end->world->dice;

    if (small)
        return 1 + dice_below(dice, readable < CRUMBS ? readable : CRUMBS);
    if (dice_chance(dice, 500))
        return readable;
    return dice_scaled(dice, 1, readable);
}

/* What the bytes mean for the time limits. */
static void note_input(struct end *end, const uint8_t *bytes, size_t length) {
    uint64_t data = end->in.data, pings = end->in.pings, messages = end->in.messages;

    if (end->rejected)
        return;
    end->in.new_message = 0;
    wire_pass(&end->in, bytes, length);
    if (end->watch.stage == STAGE_OPEN) {
        watch_read(&end->watch);
        end->last_read = end->watch.now;
        end->leaps = end->world->tally.leaps;
        end->was_frozen = 0;
    }
    if (end->in.data != data || end->in.pings != pings)
        watch_used(&end->watch);
    watch_message(&end->watch, end->in.in_message, end->in.messages != messages,
                  end->in.new_message);
}

static void read_once(struct end *end, size_t length) {
    uint8_t *buffer = (uint8_t *)world_memory(1, length);
    pws_bytes in;

    in.ptr = buffer;
    in.len = link_read(&end->call->link, end->side, buffer, length);
    end_trace(end, "reads %u bytes", (unsigned)in.len);
    pws_stats_read(&end->stats, in.len);
    note_input(end, buffer, in.len);
    pull(end, &in);
    EXPECT(end, in.len == 0 || end->rejected || end->over, "input is left over");
    free(buffer);
}

/* Reads what there is. Returns how often. */
static int read_all(struct end *end) {
    struct world *world = end->world;
    int small = dice_chance(&world->dice, end->setup->crumbs);
    int reads = 0;
    size_t readable;

    while (reads < READS && may_read(end) && !world->failed) {
        readable = link_readable(&end->call->link, end->side);
        if (readable == 0)
            break;
        read_once(end, cut(end, readable, small && reads < READS / 2));
        reads++;
    }
    if (reads == READS)
        world_add(world, world->now, CALL_LOOK, end->call, end->side);
    return reads;
}

/* The struct may be moved while no event is in use. */
static void move(struct end *end) {
    pws_conn *ws = (pws_conn *)world_memory(1, sizeof *ws);

    memcpy(ws, end->ws, sizeof *ws);
    memset(end->ws, 0xA5, sizeof *ws);
    free(end->ws);
    end->ws = ws;
}

/* What the program wants to say now. */
static void tell(struct end *end) {
    static const char reason[] = "the program has had enough of it";
    struct dice *dice = &end->world->dice;
    uint8_t length;

    if (end->answer_at != 0 && end->answer_at <= end->world->now)
        pull_answer(end);
    if (pws_state(end->ws) != PWS_STATE_OPEN)
        return;
    if (end->closes != 0) {
        pws_str why = pws_cstr(dice_chance(dice, 500) ? reason : NULL);

        if (end->side == CLIENT && end->work == NULL && end->transmit == NULL)
            why = pws_cstr(NULL);
        EXPECT(end, pws_close(end->ws, end->closes, why) == PWS_OK, "pws_close failed");
        end_trace(end, "closes with %u", (unsigned)end->closes);
        end->close_told = 1;
        watch_closing(&end->watch);
        return;
    }
    if (!dice_chance(dice, 20) || pws_borrows(end->ws))
        return;
    length = (uint8_t)dice_below(dice, sizeof end->control + 1);
    memset(end->control, length, sizeof end->control);
    if (pws_send(end->ws, PWS_PING, end->control, length) != PWS_OK)
        return;
    pws_stats_sent(&end->stats, PWS_PING, length);
    watch_used(&end->watch);
}

static void finish_turn(struct end *end) {
    struct world *world = end->world;

    if (world->failed)
        return;
    if (end->over) {
        call_end_over(end);
        return;
    }
    judge_turn(end);
    lend_take_back(end);
    if (dice_chance(&world->dice, 20))
        move(end);
    end_set_timer(end);
    if (dice_chance(&world->dice, end->setup->early))
        world_add(world, world->now + 1 + dice_scaled(&world->dice, 1, world->time_scale),
                  CALL_EARLY, end->call, end->side);
}

void end_turn(struct end *end) {
    struct world *world = end->world;
    pws_bytes none = {NULL, 0};

    if (end->frozen_until > world->now) {
        end->was_frozen = 1;
        return;
    }
    world->tally.turns++;
    end->was_held = end->held;
    if (end->room && dice_chance(&world->dice, 500))
        unhold(end);
    tick(end);
    if (end->room)
        unhold(end);
    if (end->held && dice_chance(&world->dice, 50)) /* once more changes nothing */
        pws_hold(end->ws, 1);
    if (end->side == CLIENT || (end->setup->lending == LEND_BARE && dice_chance(&world->dice, 500)))
        lend_transmit(end);
    tell(end);
    if (read_all(end) == 0)
        pull(end, dice_chance(&world->dice, 500) ? &none : NULL);
    if (may_read(end) && link_readable(&end->call->link, end->side) == 0 &&
        link_ended(&end->call->link, end->side)) {
        end_trace(end, "the transport has ended");
        end_eof(end);
        pull(end, NULL);
        EXPECT(end, end->over, "the transport has ended, but PWS_CLOSED has not come");
    }
    finish_turn(end);
}

void end_early(struct end *end) {
    pws_event ev;

    if (end->frozen_until > end->world->now)
        return;
    if (end->setup->untimed || !end->watch.ticked || end_is_due(end)) {
        end_turn(end);
        return;
    }
    tick(end);
    end->limit = watch_judge(&end->watch);
    EXPECT(end, end->limit == LIMIT_NONE, "the deadline was later than the limit of time: %s",
           watch_limit_name(end->limit));
    EXPECT(end, !pws_next(end->ws, NULL, &ev), "before the deadline came an event: %s",
           pws_kind_name(ev.kind));
    EXPECT(end, pws_deadline(end->ws) == watch_deadline(&end->watch),
           "a tick before the deadline has changed it");
}
