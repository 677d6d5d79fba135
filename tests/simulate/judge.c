#include "end.h"

#include <string.h>

#include "call.h"
#include "party.h"

enum {
    HEARTBEAT = 8 /* bytes of payload of the library's Pings */
};

/* ---- The end ---- */

/* Whether our Close is written, but something behind it is not: then it may count as not written.
 */
static int is_stuck(const struct end *end) {
    return (end->held || end->was_held) && end->out.closed;
}

/* What PWS_CLOSED has to carry when a limit of time has run out. */
static void judge_limit(struct end *end, const pws_event *ev) {
    static const uint32_t codes[LIMITS] = {0, 0, 0, 0, 1011, 1008, 1001};
    int complete = end->close_seen && end->out.closed;
    int32_t error = PWS_E_TIMEOUT;

    end_trace(end, "limit of time: %s", watch_limit_name(end->limit));
    if ((end->limit == LIMIT_SEND || end->limit == LIMIT_CLOSE) && complete)
        error = PWS_OK;
    if (end->rejected && codes[end->limit] == 0)
        error = PWS_E_STATUS;
    EXPECT(end, ev->error == error || (error == PWS_OK && is_stuck(end)),
           "after the limit of time (%s) it ended with: %s", watch_limit_name(end->limit),
           pws_strerror(ev->error));
    if (codes[end->limit] != 0 && end->out.closed && !is_stuck(end))
        EXPECT(end, ev->sent_code == codes[end->limit], "after the limit of time (%s) it sent %u",
               watch_limit_name(end->limit), (unsigned)ev->sent_code);
    if (codes[end->limit] != 0 && !end->held)
        EXPECT(end, end->out.closed, "after the limit of time (%s) no Close was written",
               watch_limit_name(end->limit));
    if (end->limit == LIMIT_OPEN && end->side == SERVER && !end->held)
        EXPECT(end, memcmp(end->status, "HTTP/1.1 408", sizeof end->status) == 0,
               "no 408 was written");
    if (end->limit == LIMIT_OPEN && end->side == CLIENT)
        EXPECT(end, !end->out.open || end->out.frames == 0, "a client said something in the end");
    end->world->tally.limits[end->limit]++;
}

/* Whether a connection on which nothing came any more was found in time. */
static void judge_half_open(struct end *end) {
    const struct link *link = &end->call->link;
    const pws_config *config = &end->setup->config;
    uint64_t silence = end->watch.now - end->last_read;

    if (end->limit != LIMIT_PONG)
        return;
    if (link->pipes[!end->side].severed)
        end->world->tally.half_open++;
    if (end->leaps == end->world->tally.leaps && !end->was_frozen)
        EXPECT(end,
               silence == (uint64_t)config->ping_ms + config->pong_ms ||
                   end->watch.now - end->pinged == config->pong_ms ||
                   end->watch.now - end->watch.pinged == config->pong_ms,
               "a silent peer was found after %llu ms, not after %u + %u",
               (unsigned long long)silence, (unsigned)config->ping_ms, (unsigned)config->pong_ms);
}

static void judge_without_limit(struct end *end, const pws_event *ev) {
    int complete = end->close_seen && end->out.closed;

    EXPECT(end, ev->error != PWS_E_TIMEOUT, "an end before its time");
    if (end->rejected) {
        EXPECT(end, ev->error == PWS_E_STATUS, "a rejection ended with: %s",
               pws_strerror(ev->error));
        return;
    }
    EXPECT(end, ev->error == PWS_OK || ev->error == PWS_E_EOF, "it failed: %s",
           pws_strerror(ev->error));
    EXPECT(end, (ev->error == PWS_OK) == complete || is_stuck(end),
           "it ended with \"%s\", but the Closes have%s passed", pws_strerror(ev->error),
           complete ? "" : " not");
    EXPECT(end, ev->error == PWS_OK || end->eof_told, "it ended by itself");
}

void judge_closed(struct end *end, const pws_event *ev) {
    pws_event next;

    if (end->limit == LIMIT_NONE)
        end->limit = watch_judge(&end->watch);
    if (end->limit != LIMIT_NONE)
        judge_limit(end, ev);
    else
        judge_without_limit(end, ev);
    judge_half_open(end);
    EXPECT(end, (ev->sent_code != 1006) == end->out.closed || is_stuck(end),
           "it says that it sent %u, but a Close has%s been written", (unsigned)ev->sent_code,
           end->out.closed ? "" : " not");
    EXPECT(end, ev->code == (end->close_seen ? end->peer_code : 1006),
           "it says that the peer sent %u", (unsigned)ev->code);
    EXPECT(end, pws_state(end->ws) == PWS_STATE_CLOSED, "the state is not CLOSED");
    EXPECT(end, pws_deadline(end->ws) == UINT64_MAX, "there is a deadline behind the end");
    pws_tick(end->ws, UINT64_MAX);
    EXPECT(end, !pws_next(end->ws, NULL, &next), "an event behind the end");
    watch_closing(&end->watch);
    end->watch.stage = STAGE_OVER;
}

/* ---- A turn ---- */

static void judge_deadline(struct end *end) {
    uint64_t library = pws_deadline(end->ws), record = watch_deadline(&end->watch);

    if (end->setup->untimed) {
        EXPECT(end, library == 0, "a deadline without a tick");
        return;
    }
    EXPECT(end, library > end->watch.now, "the deadline has passed already");
    EXPECT(end, library == record, "the deadline is %lld ms from now, and should be %lld",
           (long long)(library - end->watch.now), (long long)(record - end->watch.now));
}

void judge_limits(struct end *end) {
    if (end->limit == LIMIT_NONE)
        end->limit = watch_judge(&end->watch);
    EXPECT(end, end->limit == LIMIT_NONE, "the limit of time (%s) has run out, and it goes on",
           watch_limit_name(end->limit));
}

void judge_turn(struct end *end) {
    struct party *party = end->party;

    judge_deadline(end);
    if (party != NULL)
        party_judge(party);
    if (end->held)
        return;
    EXPECT(end, end->watch.pings == 0, "no Ping, though it is time");
    watch_settled(&end->watch);
    EXPECT(end, pws_unsent(end->ws) == 0, "all is written, but %llu bytes are unsent",
           (unsigned long long)pws_unsent(end->ws));
    EXPECT(end, !pws_borrows(end->ws), "all is written, but something is borrowed");
    if (end_has_queue(end) && pws_state(end->ws) == PWS_STATE_OPEN)
        EXPECT(end,
               pws_queue_deadline(&party->queue) > world_clock(end->world) &&
                   (party->queue.messages == 0 || party->queue_config.delay_ms != 0),
               "messages wait, though the peer takes them");
}

/* ---- What comes ---- */

/* A message is complete. */
static void arrived(struct end *end, uint64_t message) {
    end->world->tally.messages++;
    end->offset = 0;
    end->arrived++;
    party_arrived(end->party->other, message);
}

/* A message of a sender whose queue may drop some: it is any that comes behind the last one. */
static void judge_lossy(struct end *end, const pws_event *ev) {
    const struct party *sender = end->party->other;
    uint64_t message;

    if (end->parts == NULL)
        end->parts = (uint8_t *)world_memory(1, sender->largest);
    EXPECT(end, ev->data.len <= sender->largest - end->offset, "a message that is too long");
    if (end->world->failed)
        return;
    if (ev->data.len > 0)
        memcpy(end->parts + end->offset, ev->data.ptr, ev->data.len);
    end->offset += ev->data.len;
    if ((ev->flags & PWS_LAST) == 0)
        return;
    for (message = sender->seen; message < sender->put; message++) {
        if (party_note(sender, message, &end->note) && end->note.kind == ev->kind &&
            end->note.length == end->offset && content_is(&end->note, 0, end->parts, end->offset)) {
            arrived(end, message);
            return;
        }
    }
    EXPECT(end, 0, "a message of %u bytes that is changed, or comes again, or too late",
           (unsigned)end->offset);
}

/* A message begins or goes on: it must be that one. */
static void expect_message(struct end *end, const pws_event *ev, uint64_t message) {
    const struct party *sender = end->party->other;

    EXPECT(end, message >= sender->seen, "message %llu comes again", (unsigned long long)message);
    EXPECT(end, message < sender->done || (ev->flags & PWS_LAST) == 0,
           "a message has arrived that no link has taken");
    EXPECT(end, party_note(sender, message, &end->note), "a message that nobody has sent");
}

void judge_message(struct end *end, const pws_event *ev) {
    struct world *world = end->world;
    uint64_t message;

    EXPECT(end, end->party != NULL, "a message before the opening handshake");
    if (world->failed)
        return;
    world->tally.bytes += ev->data.len;
    EXPECT(end, ((ev->flags & PWS_FIRST) != 0) == !end->in_parts,
           "it is wrong about which part of a message is the first");
    end->in_parts = (ev->flags & PWS_LAST) == 0;
    if (end->party->other->lossy) {
        judge_lossy(end, ev);
        return;
    }
    message = end->call->first[!end->side] + end->arrived;
    expect_message(end, ev, message);
    if (world->failed)
        return;
    EXPECT(end, ev->kind == end->note.kind, "message %llu changed its kind",
           (unsigned long long)message);
    EXPECT(end, content_is(&end->note, end->offset, ev->data.ptr, ev->data.len),
           "message %llu of %u bytes is changed, or another one, at byte %u + %u",
           (unsigned long long)message, (unsigned)end->note.length, (unsigned)end->offset,
           (unsigned)ev->data.len);
    end->offset += ev->data.len;
    if ((ev->flags & PWS_LAST) == 0)
        return;
    EXPECT(end, end->offset == end->note.length, "message %llu is cut off",
           (unsigned long long)message);
    arrived(end, message);
}

void judge_pong(struct end *end, const pws_event *ev) {
    size_t i;

    if (ev->rtt_ms != UINT32_MAX) {
        EXPECT(end, end->pinged + ev->rtt_ms == end->watch.now,
               "a round trip of %u ms, but the Ping was written %llu ms ago", (unsigned)ev->rtt_ms,
               (unsigned long long)(end->watch.now - end->pinged));
        return;
    }
    if (ev->data.len == HEARTBEAT && end->setup->config.ping_ms != 0) /* a late one, it seems */
        return;
    watch_used(&end->watch);
    for (i = 0; i < ev->data.len; i++)
        if (ev->data.ptr[i] != (uint8_t)ev->data.len)
            break;
    EXPECT(end, i == ev->data.len, "a Pong that answers no Ping");
}
