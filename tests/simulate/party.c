#include "party.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "end.h"

enum {
    LOSSY_LEAST = 16 /* bytes that tell a message from all others */
};

/* ---- Beginning and end ---- */

static void begin_queue(struct party *party) {
    struct world *world = party->world;
    struct dice *dice = &world->dice;
    size_t size = 1024 + dice_scaled(dice, 1, 3 * (uint64_t)world->largest);

    party->largest = world->largest;
    if (party->largest > size - 2 * PWS_QUEUE_ENTRY)
        party->largest = (uint32_t)size - 2 * PWS_QUEUE_ENTRY;
    if (dice_chance(dice, 150))
        party->queue_config.full = (uint32_t)dice_between(dice, 1, 4);
    party->lossy =
        party->queue_config.full != PWS_FULL_REFUSE && party->queue_config.full != PWS_FULL_CLOSE;
    if (dice_chance(dice, 300))
        party->queue_config.delay_ms = (uint32_t)dice_scaled(dice, 1, 100);
    party->queue_config.delay_bytes = (uint32_t)dice_scaled(dice, 1, 8192);
    if (dice_chance(dice, 300)) {
        party->queue_config.high = dice_scaled(dice, 16, size);
        party->queue_config.low = dice_below(dice, party->queue_config.high);
    }
    party->queue_memory = world_memory(1, size);
    if (pws_queue_init(&party->queue, &party->queue_config, party->queue_memory, size) != PWS_OK)
        world_fail(world, "party", party->number, 0, "pws_queue_init failed");
}

void party_begin(struct party *party, struct world *world, uint32_t side, uint32_t number) {
    struct dice *dice = &world->dice;

    party->world = world;
    party->side = side;
    party->number = number;
    party->site = number % world->sites;
    party->other = &world->parties[!side][number];
    begin_queue(party);
    party->pause = (uint32_t)dice_scaled(dice, 50, world->machines > 100 ? 10000 : 5000);
    party->burst = (uint32_t)dice_scaled(dice, 1, 8);
    party->reply = (uint32_t)dice_below(dice, 500);
}

static void free_shared(struct world *world, pws_shared *shared) {
    world->shared--;
    free((void *)(uintptr_t)shared->frame.ptr);
    free((void *)(uintptr_t)shared->deflated.ptr);
    free(shared);
}

void party_release(struct party *party) {
    pws_shared *shared;

    while ((shared = pws_queue_freed(&party->queue)) != NULL)
        free_shared(party->world, shared);
}

void party_free(struct party *party) {
    if (party->queue_memory == NULL)
        return;
    pws_queue_clear(&party->queue);
    party_release(party);
    free(party->queue_memory);
    free(party->notes);
}

/* ---- Notes of what was said ---- */

static void add_note(struct party *party, const struct note *note) {
    if (party->note_begin + party->note_count == party->note_capacity) {
        if (party->note_count > 0)
            memmove(party->notes, party->notes + party->note_begin,
                    party->note_count * sizeof *party->notes);
        party->note_begin = 0;
        if (2 * party->note_count >= party->note_capacity) {
            party->note_capacity = 2 * party->note_capacity + 8;
            party->notes =
                (struct note *)realloc(party->notes, party->note_capacity * sizeof *party->notes);
            if (party->notes == NULL)
                exit(2);
        }
    }
    party->notes[party->note_begin + party->note_count++] = *note;
    party->put++;
    party->waiting += note->counts;
}

int party_note(const struct party *party, uint64_t message, struct note *note) {
    if (message < party->first_note || message - party->first_note >= party->note_count)
        return 0;
    *note = party->notes[party->note_begin + (size_t)(message - party->first_note)];
    return 1;
}

void party_arrived(struct party *party, uint64_t message) {
    party->seen = message + 1;
    party->got++;
    while (party->first_note < message && party->note_count > 0) {
        party->first_note++;
        party->note_begin++;
        party->note_count--;
    }
}

void party_done(struct party *party, uint64_t messages) {
    struct note note;

    for (; messages > 0; messages--) {
        if (party_note(party, party->done, &note))
            party->waiting -= note.counts;
        party->done++;
    }
}

void party_judge(struct party *party) {
    struct world *world = party->world;
    const pws_queue *queue = &party->queue;
    const char *who = party->side == CLIENT ? "client" : "server";
    uint64_t left = party->put - party->done - queue->dropped;

    if (queue->messages != left)
        world_fail(world, who, party->number, 0,
                   "the queue holds %llu messages, but no link has taken %llu",
                   (unsigned long long)queue->messages, (unsigned long long)left);
    else if (!party->lossy && queue->bytes != party->waiting)
        world_fail(world, who, party->number, 0,
                   "the queue holds %llu bytes, but it should be %llu",
                   (unsigned long long)queue->bytes, (unsigned long long)party->waiting);
    else if (queue->messages == 0 && pws_queue_is_high(queue))
        world_fail(world, who, party->number, 0, "the queue is empty and high");
}

int party_is_silent(const struct party *party) {
    return party->queue.messages == 0;
}

/* ---- Saying something ---- */

static struct note make_note(struct world *world, uint32_t least, uint32_t largest) {
    static const uint32_t edges[] = {125, 126, 127, 4096, 65535, 65536};
    struct dice *dice = &world->dice;
    struct note note;

    note.seed = dice_roll(dice);
    note.kind = dice_chance(dice, 500) ? PWS_TEXT : PWS_BINARY;
    note.length = (uint32_t)dice_scaled(dice, 1, largest);
    if (dice_chance(dice, 400))
        note.length = (uint32_t)dice_scaled(dice, 1, 128) - 1;
    if (dice_chance(dice, 100))
        note.length = edges[dice_below(dice, sizeof edges / sizeof edges[0])];
    if (note.length < least)
        note.length = least;
    if (note.length > largest)
        note.length = largest;
    note.counts = note.length;
    return note;
}

void party_put(struct party *party) {
    struct world *world = party->world;
    struct note note = make_note(world, party->lossy ? LOSSY_LEAST : 0, party->largest);
    uint8_t *data = (uint8_t *)world_memory(1, note.length);
    uint32_t plain = dice_chance(&world->dice, 200) ? (uint32_t)PWS_PLAIN : 0u;
    int was_empty = party->queue.messages == 0;
    int32_t error;

    content_write(&note, data);
    error =
        pws_queue_put(&party->queue, note.kind | plain, data, note.length, 1, world_clock(world));
    free(data);
    party_release(party);
    if (error == PWS_OK)
        add_note(party, &note);
    else if (error != PWS_E_SPACE || was_empty)
        world_fail(world, "party", party->number, 0, "pws_queue_put: %s", pws_strerror(error));
    party_judge(party);
}

pws_shared *party_share(struct world *world, struct note *note) {
    pws_shared *shared = (pws_shared *)world_memory(1, sizeof *shared);
    const pws_config *config = &world->setups[SERVER][0].config;
    size_t size, written = 0;
    uint8_t *data, *frame;

    *note = make_note(world, 0, world->largest < 4096 ? world->largest : 4096);
    data = (uint8_t *)world_memory(1, note->length);
    content_write(note, data);
    size = pws_frame_size(note->length, 0);
    frame = (uint8_t *)world_memory(1, size);
    if (pws_frame_write(frame, size, &written, note->kind, NULL, data, note->length) != PWS_OK ||
        written != size)
        world_fail(world, "server", 0, 0, "pws_frame_write failed");
    shared->frame.ptr = frame;
    shared->frame.len = size;
    note->counts = (uint32_t)size;
    if (config->codec != NULL && dice_chance(&world->dice, 500)) {
        frame = (uint8_t *)world_memory(1, size + 64);
        shared->window_bits = (uint32_t)dice_between(&world->dice, 8, 15);
        if (pws_frame_deflate(config, shared->window_bits, frame, size + 64, &written, note->kind,
                              data, note->length) != PWS_OK)
            world_fail(world, "server", 0, 0, "pws_frame_deflate failed");
        shared->deflated.ptr = frame;
        shared->deflated.len = written;
    }
    free(data);
    shared->count = 1;
    world->shared++;
    return shared;
}

void party_put_shared(struct party *party, pws_shared *shared, const struct note *note) {
    struct world *world = party->world;

    if (party->lossy) /* it could not be told from others */
        return;
    if (pws_queue_put_shared(&party->queue, shared, 1, world_clock(world)) == PWS_OK)
        add_note(party, note);
    party_release(party);
    party_judge(party);
}

void party_unshare(struct world *world, pws_shared *shared) {
    if (pws_shared_release(shared))
        free_shared(world, shared);
}

void party_produces(struct party *party) {
    struct world *world = party->world;
    uint64_t messages = dice_between(&world->dice, 1, party->burst);

    if (world->calm)
        return;
    world_add(world, world->now + dice_between(&world->dice, party->pause / 2, 2 * party->pause),
              PARTY_PRODUCES, party, 0);
    if (pws_queue_is_high(&party->queue) && dice_chance(&world->dice, 500))
        return;
    for (; messages > 0; messages--)
        party_put(party);
    if (party->end != NULL)
        end_turn(party->end);
}

/* ---- Connecting again ---- */

/* Whether the wait is one that the configuration allows. */
static void judge_wait(struct party *party, uint32_t code, uint64_t retry_after, uint64_t wait) {
    const pws_backoff_config *config = &party->world->backoff;
    uint32_t attempts = party->attempts;
    uint64_t least = config->floor_ms;
    uint64_t most = attempts < 32 ? (uint64_t)config->base_ms << attempts : config->cap_ms;

    if (most > config->cap_ms)
        most = config->cap_ms;
    if (code == 1012 || code == 1013) {
        least = least > 5000 ? least : 5000;
        most = most > 30000 ? most : 30000;
    }
    if (most < least)
        most = least;
    if (wait < least + retry_after || wait > most + retry_after)
        world_fail(party->world, "client", party->number, 0,
                   "it waits %llu ms after %u, not %llu to %llu", (unsigned long long)wait,
                   (unsigned)code, (unsigned long long)least, (unsigned long long)most);
}

/* An earlier time counts as the last. */
static void look_at_clock(struct party *party) {
    uint64_t clock = world_clock(party->world);

    party->latest = clock > party->latest ? clock : party->latest;
}

void party_opened(struct party *party) {
    look_at_clock(party);
    party->opened = party->latest;
    party->is_open = 1;
    pws_backoff_opened(&party->backoff, world_clock(party->world));
}

static void connect_later(struct party *party, const struct end *end) {
    struct world *world = party->world;
    uint32_t code = end->over && end->close_seen ? end->closed.code : 0;
    uint64_t clock = world_clock(world), at = clock;
    uint8_t random[8];

    look_at_clock(party);
    if (party->is_open && party->latest - party->opened >= world->backoff.stable_ms)
        party->attempts = 0;
    party->is_open = 0;
    (void)pws_random_bytes(&world->random, random, sizeof random);
    if (pws_backoff_next(&party->backoff, &world->backoff, code, end->retry_after, clock, random,
                         &at) != PWS_OK)
        world_fail(world, "client", party->number, 0, "pws_backoff_next failed");
    judge_wait(party, code, end->retry_after, at - party->latest);
    party->attempts++;
    party->connecting = 1;
    world_add(world, world_time(world, at), PARTY_CONNECTS, party, 0);
}

void party_lost(struct party *party, struct end *end) {
    if (party->end != end)
        return;
    party->end = NULL;
    pws_queue_lost(&party->queue);
    party_judge(party);
    party->world->tally.kept += party->queue.messages;
    if (party->side == CLIENT)
        connect_later(party, end);
}
