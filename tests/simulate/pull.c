#include "end.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "party.h"

enum {
    EVENTS = 100000 /* of a pull: more are a loop without an end */
};

/* ---- Output ---- */

static size_t write_piece(struct end *end, pws_view piece) {
    size_t n = link_write(&end->call->link, end->side, piece.ptr, piece.len);

    if (end->out.bytes < sizeof end->status && n > 0) {
        size_t room = sizeof end->status - (size_t)end->out.bytes;

        memcpy(end->status + end->out.bytes, piece.ptr, n < room ? n : room);
    }
    if (n > 0)
        wire_pass(&end->out, piece.ptr, n);
    return n;
}

/* Whole messages have passed: they leave the queue. */
static void account(struct end *end, uint64_t messages) {
    struct party *party = end->party;
    struct note note;
    uint64_t i;

    for (i = 0; i < messages; i++)
        if (!party->lossy && party_note(party, party->done + i, &note))
            pws_stats_sent(&end->stats, note.kind, note.length);
    party_done(party, messages);
    end->call->passed[end->side] += messages;
    party_judge(party);
}

/* Tells how much was written. Returns whether something of the program's was among that. */
static int tell_written(struct end *end, size_t length, size_t written) {
    uint64_t unsent = pws_unsent(end->ws);

    if (end_has_queue(end))
        pws_queue_wrote(&end->party->queue, end->ws, written);
    else if (written < length || dice_chance(&end->world->dice, 500))
        pws_wrote(end->ws, written);
    else
        return unsent != 0;
    return pws_unsent(end->ws) < unsent;
}

static void write_out(struct end *end, const pws_event *ev) {
    struct world *world = end->world;
    size_t length = ev->out[0].len + ev->out[1].len, written;
    uint64_t messages = end->out.messages;

    EXPECT(end, length > 0, "a PWS_WRITE of nothing");
    EXPECT(end, !end->held, "a PWS_WRITE while the connection is held");
    written = write_piece(end, ev->out[0]);
    if (written == ev->out[0].len)
        written += write_piece(end, ev->out[1]);
    end_trace(end, "writes %u of %u bytes", (unsigned)written, (unsigned)length);
    pws_stats_wrote(&end->stats, written);
    world->tally.pings += ev->pings;
    if (ev->pings != 0) {
        end_trace(end, "with %u Pings", (unsigned)ev->pings);
        end->pinged = end->watch.now;
    }
    EXPECT(end, watch_pinged(&end->watch, ev->pings), "a Ping before its time");
    if (written >= ev->out[0].len)
        watch_written(&end->watch);
    if (tell_written(end, length, written))
        watch_used(&end->watch);
    if (end_has_queue(end) && end->out.open && !end->eof_told) {
        account(end, end->out.messages - messages);
        party_release(end->party);
    }
    if (written == length)
        return;
    world->tally.holds++;
    end->held = 1;
    pws_hold(end->ws, 1);
    watch_hold(&end->watch, 1);
}

/* ---- The opening handshake ---- */

/* The session that a request names, or NULL. */
static struct party *session(struct end *end, pws_str target) {
    static const char path[] = "/session/";
    uint32_t number = 0;
    size_t i = sizeof path - 1;

    if (target.len <= i || memcmp(target.ptr, path, i) != 0)
        return NULL;
    for (; i < target.len && target.ptr[i] >= '0' && target.ptr[i] <= '9'; i++)
        number = 10 * number + (uint32_t)(target.ptr[i] - '0');
    return number < end->world->clients ? &end->world->parties[SERVER][number] : NULL;
}

static void reject(struct end *end) {
    static const uint8_t body[] = "come back later\n";
    pws_header retry;
    pws_response response;

    memset(&response, 0, sizeof response);
    retry.name = pws_cstr("Retry-After");
    retry.value = pws_cstr("2");
    response.status = 503;
    response.headers = &retry;
    response.header_count = 1;
    response.body.ptr = body;
    response.body.len = sizeof body - 1;
    EXPECT(end, pws_reject(end->ws, &response) == PWS_OK, "pws_reject failed");
    end_trace(end, "rejects");
    end->rejected = 1;
    watch_closing(&end->watch);
}

void pull_answer(struct end *end) {
    end->answer_at = 0;
    if (pws_state(end->ws) != PWS_STATE_CONNECTING) /* it has run out of time */
        return;
    lend_transmit(end);
    if (end->refuses || call_is_old(end->call)) {
        reject(end);
        return;
    }
    EXPECT(end, pws_accept(end->ws, NULL) == PWS_OK, "pws_accept failed");
    end_trace(end, "accepts");
    call_take_over(end);
}

static void on_request(struct end *end, const pws_event *ev) {
    struct world *world = end->world;

    EXPECT(end, ev->error == PWS_OK, "the request breaks a rule: %s", pws_strerror(ev->error));
    end->party = session(end, ev->head.target);
    EXPECT(end, end->party != NULL, "the request names no session");
    if (world->failed)
        return;
    end->number = end->party->number;
    end->refuses = !world->calm && dice_chance(&world->dice, 30);
    if (!world->calm && dice_chance(&world->dice, 200)) {
        end->answer_at = world->now + dice_scaled(&world->dice, 1, world->time_scale);
        world_add(world, end->answer_at, CALL_LOOK, end->call, end->side);
        return;
    }
    pull_answer(end);
}

static void on_open(struct end *end) {
    end->opened = 1;
    end->last_read = end->watch.now;
    end->leaps = end->world->tally.leaps;
    watch_opened(&end->watch);
    if (end->side == CLIENT)
        party_opened(end->party);
}

static void on_rejected(struct end *end, const pws_event *ev, pws_bytes *in) {
    EXPECT(end, ev->head.status == 503 || ev->head.status == 408, "rejected with %u",
           (unsigned)ev->head.status);
    end->rejected = 1;
    if (ev->head.status == 503)
        EXPECT(end,
               pws_retry_after(ev->head.fields, 0, &end->retry_after) == PWS_OK &&
                   end->retry_after == 2000,
               "Retry-After was not found");
    if (in != NULL)
        in->len = 0;
    if (dice_chance(&end->world->dice, 500)) {
        end_eof(end);
    }
}

/* ---- Events ---- */

/* Takes a message out of the buckets, and reads no more until they say so. */
static void limit_rate(struct end *end, size_t length) {
    const pws_rate_config *config = &end->setup->rate;
    struct world *world = end->world;
    uint64_t clock = world_clock(world), wait;

    wait = pws_rate_take(&end->rate, config, clock, 1, length);
    if (clock > end->rate_clock)
        end->rate_clock = clock;
    if (wait == 0)
        return;
    EXPECT(end,
           pws_rate_wait(&end->rate, config, end->rate_clock + wait) == 0 &&
               pws_rate_wait(&end->rate, config, end->rate_clock + wait - 1) != 0,
           "the rate limit asks for %llu ms, but that is not when it is kept again",
           (unsigned long long)wait);
    end->deaf_until = world->now + wait;
    world_add(world, end->deaf_until, CALL_LOOK, end->call, end->side);
}

static void on_message(struct end *end, const pws_event *ev) {
    struct world *world = end->world;

    judge_message(end, ev);
    if ((ev->flags & PWS_LAST) == 0 || world->failed)
        return;
    if (!world->calm && dice_chance(&world->dice, end->party->reply))
        party_put(end->party);
    if (end->setup->has_rate && !world->calm)
        limit_rate(end, ev->data.len);
}

/* Tells what the queue holds, and finds out whether it told anything. */
static void send_queue(struct end *end) {
    int before = pws_state(end->ws);
    uint64_t unsent = pws_unsent(end->ws);
    int32_t error;

    if (!end_has_queue(end))
        return;
    error = pws_queue_send(&end->party->queue, end->ws, world_clock(end->world));
    EXPECT(end,
           error == PWS_OK || (error == PWS_E_SPACE && end->side == CLIENT && end->work == NULL &&
                               end->transmit == NULL),
           "pws_queue_send: %s", pws_strerror(error));
    EXPECT(end, pws_unsent(end->ws) == unsent || (before == PWS_STATE_OPEN && !end->held),
           "the queue sent, though the connection was held or not open");
    if (pws_unsent(end->ws) > unsent)
        watch_used(&end->watch);
    if (before == PWS_STATE_OPEN && pws_state(end->ws) != before)
        watch_closing(&end->watch);
    party_release(end->party);
}

static void on_ping(struct end *end, const pws_event *ev) {
    if ((end->setup->config.flags & PWS_NO_AUTO_PONG) == 0)
        return;
    if (pws_borrows(end->ws))
        return;
    memcpy(end->control, ev->data.ptr, ev->data.len);
    if (pws_send(end->ws, PWS_PONG, end->control, ev->data.len) != PWS_OK)
        return;
    pws_stats_sent(&end->stats, PWS_PONG, ev->data.len);
    if (pws_state(end->ws) == PWS_STATE_OPEN)
        watch_used(&end->watch);
}

static void on_close(struct end *end, const pws_event *ev) {
    const struct call *call = end->call;

    end->close_seen = 1;
    end->peer_code = ev->code;
    watch_closing(&end->watch);
    EXPECT(end,
           end->party == NULL || end->party->other->lossy ||
               end->arrived == call->passed[!end->side],
           "the peer has closed behind %llu messages, and %llu came",
           (unsigned long long)call->passed[!end->side], (unsigned long long)end->arrived);
}

static void on_event(struct end *end, const pws_event *ev, pws_bytes *in) {
    if (ev->kind != PWS_WRITE)
        end_trace(end, "%s", pws_kind_name(ev->kind));
    pws_stats_event(&end->stats, ev);
    switch (ev->kind) {
    case PWS_WRITE:
        write_out(end, ev);
        break;
    case PWS_REQUEST:
        on_request(end, ev);
        break;
    case PWS_OPEN:
        on_open(end);
        break;
    case PWS_REJECTED:
        on_rejected(end, ev, in);
        break;
    case PWS_TEXT:
    case PWS_BINARY:
        on_message(end, ev);
        break;
    case PWS_PING:
        on_ping(end, ev);
        break;
    case PWS_PONG:
        judge_pong(end, ev);
        break;
    case PWS_CLOSE:
        on_close(end, ev);
        break;
    case PWS_NEED_WORK:
        lend_asked(end, ev);
        break;
    case PWS_CLOSED:
        end->over = 1;
        end->closed = *ev;
        judge_closed(end, ev);
        break;
    default:
        EXPECT(end, 0, "an event of kind %u", (unsigned)ev->kind);
        break;
    }
}

void pull(struct end *end, pws_bytes *in) {
    pws_event ev;
    int events = 0;

    while (!end->over && !end->world->failed) {
        send_queue(end);
        if (!pws_next(end->ws, in, &ev)) {
            judge_limits(end);
            break;
        }
        on_event(end, &ev, in);
        EXPECT(end, ++events < EVENTS, "events without an end");
    }
}
