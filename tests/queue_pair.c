/* A queue whose connections die: what one machine tells from its queue, another machine receives,
 * over as many connections as it takes. The transport takes any part of each PWS_WRITE and dies at
 * any byte; then exactly the messages that have not wholly passed are still in the queue, and go
 * out on the next connection. The environment variable QUEUE_SEEDS says how many schedules of calls
 * there are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "has_deflate.h"
#include "purews.h"
#include "stored_codec.h"

/* ---- Small parts ---- */

static uint32_t next_random(uint32_t *generator, uint32_t below) {
    *generator ^= *generator << 13;
    *generator ^= *generator >> 17;
    *generator ^= *generator << 5;
    return *generator % below;
}

static void *get_memory(size_t size) {
    void *memory = malloc(size != 0 ? size : 1);

    if (memory == NULL)
        exit(2);
    return memory;
}

static uint8_t *exact_copy(const void *data, size_t length) {
    uint8_t *copy = (uint8_t *)get_memory(length);

    if (length != 0)
        memcpy(copy, data, length);
    return copy;
}

/* A shared message in memory of its own, compressed for a window of that size, too, unless it is 0.
 */
static pws_shared *shared_new(uint32_t kind, const void *data, size_t length,
                              uint32_t window_bits) {
    struct stored_codecs codecs = {0, STORED_BEHAVES, 0, 0, 0, 0, 0, 0, 0};
    pws_codec codec = stored_codec(&codecs);
    pws_config config;
    pws_shared *shared = (pws_shared *)get_memory(sizeof *shared);
    size_t size = pws_frame_size(length, 0), written = 0;
    uint8_t *frame = (uint8_t *)get_memory(size), *deflated;

    memset(shared, 0, sizeof *shared);
    CHECK(pws_frame_write(frame, size, &written, kind, NULL, data, length) == PWS_OK);
    shared->frame.ptr = frame;
    shared->frame.len = size;
    shared->count = 1;
    if (window_bits == 0 || !HAS_DEFLATE)
        return shared;
    memset(&config, 0, sizeof config);
    config.codec = &codec;
    deflated = (uint8_t *)get_memory(length + 100);
    CHECK(pws_frame_deflate(&config, window_bits, deflated, length + 100, &written, kind, data,
                            length) == PWS_OK);
    shared->deflated.ptr = exact_copy(deflated, written);
    shared->deflated.len = written;
    shared->window_bits = window_bits;
    free(deflated);
    return shared;
}

static void shared_free(pws_shared *shared) {
    free((void *)(uintptr_t)shared->frame.ptr);
    free((void *)(uintptr_t)shared->deflated.ptr);
    free(shared);
}

/* Frees what the queue hands back. Returns how many. */
static unsigned free_freed(pws_queue *queue) {
    pws_shared *shared;
    unsigned count = 0;

    for (; (shared = pws_queue_freed(queue)) != NULL; count++)
        shared_free(shared);
    return count;
}

/* ---- A world: a queue, and one connection after the other ---- */

enum {
    MESSAGES = 60,       /* in a world */
    CONNECTIONS = 25,    /* after so many the next one lives */
    MAX_MESSAGE = 12000, /* bytes */
    STEPS = 200000
};

/* One end of a connection. */
struct side {
    pws_config config;
    pws_conn ws;
    struct stored_codecs codecs;
    pws_codec codec;
    uint8_t *receive, *transmit;
};

struct world {
    uint32_t seed, generator;
    pws_random random;
    pws_queue_config config;
    pws_queue queue;
    uint8_t *memory;
    struct side sender, receiver;
    uint8_t back[100000]; /* what the receiver has written and the sender has not read */
    size_t back_length;
    size_t put, received; /* messages so far */
    size_t budget;        /* bytes that the transport still takes before it dies */
    int deflate;          /* of this connection: 0, 1, 2 as below */
    int lives;            /* this connection is not made to end */
    int dead, over, full; /* the transport; the sender's connection; it takes no more now */
    uint32_t own;         /* a message that the program sends in parts: its kind, or 0 */
    size_t arrived;       /* bytes of the message that the receiver is in */
    uint8_t message[MAX_MESSAGE];
    unsigned shared_made, shared_freed;
};

static uint32_t pick(struct world *world, uint32_t below) {
    return next_random(&world->generator, below);
}

/* ---- The messages: each is known by its number; those of the program itself begin with "o" ----
 */

static size_t message_length(const struct world *world, size_t number) {
    uint32_t generator = (uint32_t)(number + 1) * 2654435761u ^ (world->seed * 40503u + 1);

    if (next_random(&generator, 4) == 0)
        return next_random(&generator, 9000);
    return next_random(&generator, 200);
}

static uint32_t message_kind(size_t number) {
    return number % 2 != 0 ? PWS_TEXT : PWS_BINARY;
}

static uint8_t message_byte(size_t number, size_t i) {
    return (uint8_t)('a' + (number * 7 + i * 3) % 14);
}

static uint8_t *message_new(const struct world *world, size_t number, size_t *length) {
    uint8_t *data;
    size_t i;

    *length = message_length(world, number);
    data = (uint8_t *)get_memory(*length);
    for (i = 0; i < *length; i++)
        data[i] = message_byte(number, i);
    return data;
}

/* Puts the next message, copied or, from a server, shared. */
static void put_next(struct world *world) {
    size_t length, number = world->put;
    uint8_t *data = message_new(world, number, &length);
    int32_t error;

    if (world->sender.config.role == PWS_SERVER && number % 3 == 0) {
        pws_shared *shared =
            shared_new(message_kind(number), data, length, number % 2 != 0 ? 12 : 0);

        error = pws_queue_put_shared(&world->queue, shared, 0, 0);
        if (pws_shared_release(shared))
            shared_free(shared);
        else
            world->shared_made++;
    } else {
        error = pws_queue_put(&world->queue, message_kind(number), data, length, 0, 0);
    }
    free(data);
    CHECK(error == PWS_OK || (error == PWS_E_SPACE && world->queue.messages != 0));
    if (error == PWS_OK)
        world->put++;
}

/* Whether the queue has exactly the messages that the receiver has not had. */
static int is_exact(struct world *world) {
    world->shared_freed += free_freed(&world->queue);
    return world->queue.messages == world->put - world->received;
}

/* ---- The receiver: takes all that the transport has taken ---- */

static void receive_message(struct world *world, const pws_event *ev) {
    size_t number = world->received, length = message_length(world, number), i;
    int same = ev->kind == message_kind(number) && ev->data.len == length;

    if (ev->data.len != 0 && ev->data.ptr[0] == 'o')
        return;
    CHECK(number < world->put);
    for (i = 0; same && i < length; i++)
        same = ev->data.ptr[i] == message_byte(number, i);
    CHECK(same);
    world->received++;
}

static void answer(struct world *world, const pws_event *ev) {
    int i;

    for (i = 0; i < 2; i++) {
        if (ev->out[i].len > sizeof world->back - world->back_length)
            exit(2);
        if (ev->out[i].len != 0)
            memcpy(world->back + world->back_length, ev->out[i].ptr, ev->out[i].len);
        world->back_length += ev->out[i].len;
    }
}

static void receiver_pull(struct world *world, const uint8_t *bytes, size_t length) {
    uint8_t *copy = exact_copy(bytes, length);
    pws_bytes in;
    pws_event ev;

    in.ptr = copy;
    in.len = length;
    while (pws_next(&world->receiver.ws, &in, &ev)) {
        if (ev.kind == PWS_TEXT || ev.kind == PWS_BINARY)
            receive_message(world, &ev);
        else if (ev.kind == PWS_WRITE)
            answer(world, &ev);
        else if (ev.kind == PWS_REQUEST)
            CHECK(pws_accept(&world->receiver.ws, NULL) == PWS_OK);
        else
            CHECK(ev.kind != PWS_NEED_WORK && ev.kind != PWS_REJECTED);
    }
    free(copy);
}

/* What the receiver does by itself: it gives the sender something to answer. */
static void receiver_act(struct world *world) {
    uint32_t act = pick(world, world->lives ? 6 : 60);
    pws_conn *ws = &world->receiver.ws;

    if (pws_state(ws) != PWS_STATE_OPEN || pws_borrows(ws))
        return;
    if (act < 3)
        (void)pws_send(ws, PWS_PING, "are you there?", pick(world, 14));
    else if (act < 6)
        (void)pws_send(ws, PWS_TEXT | PWS_PLAIN, "hello", 5);
    else if (act == 6 && pick(world, 10) == 0)
        (void)pws_close(ws, 1000, pws_cstr("enough"));
    receiver_pull(world, NULL, 0);
}

/* ---- The sender ---- */

static void on_write(struct world *world, const pws_event *ev) {
    size_t total = ev->out[0].len + ev->out[1].len, taken = total, first;
    uint8_t *bytes;

    CHECK(!world->full && !world->dead);
    if (pick(world, 3) == 0)
        taken = pick(world, (uint32_t)total + 1);
    if (taken > world->budget)
        taken = world->budget;
    bytes = (uint8_t *)get_memory(taken);
    first = taken < ev->out[0].len ? taken : ev->out[0].len;
    if (first != 0)
        memcpy(bytes, ev->out[0].ptr, first);
    if (taken != first)
        memcpy(bytes + first, ev->out[1].ptr, taken - first);
    pws_queue_wrote(&world->queue, &world->sender.ws, taken);
    receiver_pull(world, bytes, taken);
    free(bytes);
    CHECK(is_exact(world));
    world->budget -= taken;
    world->dead = world->budget == 0;
    if (taken != total && pick(world, 2) != 0)
        world->full = 1;
}

/* Messages of the program itself, whole or in parts, between those of the queue. Before them the
 * queue is asked to send, so that it knows what is its own. */
static void send_own(struct world *world) {
    static const char own[300] = "o";
    pws_conn *ws = &world->sender.ws;
    uint32_t kind = world->own != 0 ? world->own : pick(world, 2) + PWS_TEXT;
    uint32_t more = pick(world, 3) == 0 ? PWS_MORE : 0;

    if (world->sender.config.role == PWS_CLIENT && world->sender.transmit == NULL)
        return;
    CHECK(pws_queue_send(&world->queue, ws, 0) == PWS_OK);
    if (pws_send(ws, kind | more, own, pick(world, 299) + 1) == PWS_OK)
        world->own = more != 0 ? kind : 0;
}

static void lend_transmit(struct side *side, size_t size) {
    if (size == 0)
        return;
    side->transmit = (uint8_t *)get_memory(size);
    CHECK(pws_lend_transmit(&side->ws, side->transmit, size) == PWS_OK);
}

static void on_event(struct world *world, const pws_event *ev) {
    switch (ev->kind) {
    case PWS_WRITE:
        on_write(world, ev);
        break;
    case PWS_REQUEST:
        CHECK(pws_accept(&world->sender.ws, NULL) == PWS_OK);
        break;
    case PWS_TEXT:
        if (pick(world, 2) == 0)
            send_own(world);
        break;
    case PWS_NEED_WORK:
        CHECK(ev->need_transmit != 0);
        lend_transmit(&world->sender, PWS_TRANSMIT_MIN);
        break;
    case PWS_CLOSED:
        world->over = 1;
        break;
    default:
        break;
    }
}

/* The transport is gone, and the program pulls what is left, or does not. */
static void give_up(struct world *world) {
    pws_conn *ws = &world->sender.ws;
    uint32_t way = pick(world, 3);
    pws_event ev;

    if (way == 0)
        return;
    pws_eof(ws);
    pws_hold(ws, way == 1);
    while (pws_next(ws, NULL, &ev)) /* what is to be written goes nowhere */
        CHECK(ev.kind == PWS_WRITE || ev.kind == PWS_CLOSED);
    CHECK(pws_state(ws) == PWS_STATE_CLOSED);
}

/* Reads a part of what has come, and writes what is to be written. */
static void sender_read(struct world *world) {
    size_t length = world->back_length != 0 ? pick(world, (uint32_t)world->back_length + 1) : 0;
    uint8_t *copy = exact_copy(world->back, length);
    pws_bytes in;
    pws_event ev;

    in.ptr = copy;
    in.len = length;
    world->back_length -= length;
    memmove(world->back, world->back + length, world->back_length);
    for (;;) {
        world->sender.codecs.misbehaviour =
            pick(world, 8) == 0 ? STORED_REFUSES : STORED_BEHAVES; /* none is free */
        pws_hold(&world->sender.ws, world->full);
        CHECK(pws_queue_send(&world->queue, &world->sender.ws, 0) == PWS_OK);
        if (!pws_next(&world->sender.ws, &in, &ev))
            break;
        on_event(world, &ev);
        if (world->dead || world->over || check_broken)
            break;
    }
    if (world->back_length == 0 && pws_state(&world->receiver.ws) == PWS_STATE_CLOSED)
        world->dead = 1; /* the peer has closed the transport */
    if (world->dead)
        give_up(world);
    free(copy);
}

static void sender_act(struct world *world) {
    uint32_t act = pick(world, 100);
    pws_conn *ws = &world->sender.ws;

    if (act < 30 && world->put < MESSAGES)
        put_next(world);
    else if (act < 35 || (world->own != 0 && act >= 70))
        send_own(world);
    else if (act < 40)
        (void)pws_send(ws, PWS_PING, NULL, 0);
    else if (act < 43)
        world->full = !world->lives || !world->full;
    else if (act < 60)
        world->full = 0;
    else if (act == 60 && !world->lives)
        (void)pws_close(ws, 1001, pws_cstr(world->sender.transmit != NULL ? "going" : NULL));
    else if (act == 61 && !world->lives && world->back_length == 0 &&
             pws_state(ws) == PWS_STATE_OPEN) /* the peer breaks a rule: a reserved opcode */
        world->back[world->back_length++] = 0x83;
}

/* ---- Connections ---- */

static void side_begin(struct world *world, struct side *side, uint32_t role) {
    memset(side, 0, sizeof *side);
    side->codec = stored_codec(&side->codecs);
    side->config.role = role;
    side->config.max_message = MAX_MESSAGE;
    side->config.codec = world->deflate != 0 ? &side->codec : NULL;
    side->config.deflate.server_no_context_takeover = world->deflate == 1;
    side->config.deflate.server_max_window_bits = 12;
    side->config.deflate_min = 1;
}

/* Both ends, with an opening handshake, whose bytes the queue is told of like others, or without.
 */
static void side_open(struct world *world, struct side *side, size_t transmit, int handshake) {
    size_t size = pws_receive_size(&side->config);
    pws_agreed agreed;

    memset(&agreed, 0, sizeof agreed);
    agreed.random = &world->random;
    agreed.deflate.agreed = world->deflate != 0;
    agreed.deflate.server_no_context_takeover = world->deflate == 1;
    agreed.deflate.server_max_window_bits = 12;
    agreed.deflate.client_max_window_bits = 15;
    CHECK((handshake ? pws_init(&side->ws, &side->config, NULL, 0)
                     : pws_start(&side->ws, &side->config, NULL, 0, &agreed)) == PWS_OK);
    side->receive = (uint8_t *)get_memory(size);
    CHECK(pws_lend_receive(&side->ws, side->receive, size) == PWS_OK);
    lend_transmit(side, transmit);
}

static void side_end(struct side *side) {
    pws_end(&side->ws);
    CHECK(side->codecs.open == 0);
    free(side->receive);
    free(side->transmit);
}

static void client_connect(struct world *world, struct side *client) {
    pws_request request;

    memset(&request, 0, sizeof request);
    request.host = pws_cstr("example.com");
    CHECK(pws_connect(&client->ws, &world->random, &request) == PWS_OK);
}

static void connect_again(struct world *world, uint32_t role) {
    static const size_t sizes[] = {0, 512, 520, 700, 4096, 20000};
    size_t transmit = sizes[role == PWS_SERVER ? pick(world, 6) : 1 + pick(world, 5)];
    int handshake = transmit != 0 && pick(world, 2) != 0;

    world->deflate = HAS_DEFLATE ? (int)pick(world, 3) : 0;
    world->lives = pick(world, 4) == 0;
    world->budget = world->lives ? SIZE_MAX : 1 + pick(world, pick(world, 2) != 0 ? 2000 : 30000);
    world->dead = world->over = world->full = 0;
    world->own = 0;
    world->back_length = 0;
    side_begin(world, &world->sender, role);
    side_begin(world, &world->receiver, role == PWS_SERVER ? PWS_CLIENT : PWS_SERVER);
    side_open(world, &world->sender, transmit, handshake);
    side_open(world, &world->receiver, PWS_TRANSMIT_SIZE, handshake);
    if (handshake)
        client_connect(world, role == PWS_CLIENT ? &world->sender : &world->receiver);
    receiver_pull(world, NULL, 0);
}

static void disconnect(struct world *world) {
    side_end(&world->sender);
    side_end(&world->receiver);
    pws_queue_lost(&world->queue);
    CHECK(is_exact(world));
}

static void world_play(struct world *world, uint32_t seed, uint32_t role) {
    static const uint8_t secret[32] = {3};
    size_t size = 15000;
    unsigned steps = 0, connections = 0;

    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->generator = seed * 2654435761u | 1;
    (void)pws_random_seed(&world->random, secret);
    if (pick(world, 3) != 0)
        size = 9000 + PWS_QUEUE_ENTRY + pick(world, 3000);
    world->memory = (uint8_t *)get_memory(size);
    CHECK(pws_queue_init(&world->queue, &world->config, world->memory, size) == PWS_OK);
    while (world->received < MESSAGES && !check_broken) {
        connect_again(world, role);
        world->lives |= ++connections >= CONNECTIONS;
        if (world->lives)
            world->budget = SIZE_MAX;
        while (!world->dead && !world->over && world->received < MESSAGES && !check_broken) {
            sender_act(world);
            receiver_act(world);
            sender_read(world);
            CHECK(++steps < STEPS);
        }
        disconnect(world);
    }
    CHECK(world->received == MESSAGES && world->queue.messages == 0 && world->queue.bytes == 0);
    CHECK(world->shared_freed == world->shared_made && world->queue.dropped == 0);
    pws_queue_clear(&world->queue);
    (void)free_freed(&world->queue);
    free(world->memory);
    if (check_broken)
        printf("    seed %u\n", (unsigned)seed);
}

/* ---- One message for many ---- */

enum {
    READERS = 40,
    BROADCASTS = 200
};

/* A connection whose peer takes what it likes. */
struct reader {
    pws_queue queue;
    pws_queue_config config;
    uint8_t *memory;
    struct side side;
};

static void reader_connect(struct world *world, struct reader *reader) {
    world->deflate = HAS_DEFLATE ? (int)pick(world, 3) : 0;
    side_begin(world, &reader->side, PWS_SERVER);
    side_open(world, &reader->side, pick(world, 2) != 0 ? 512 : 0, 0);
}

/* Sends what the peer takes now. The bytes are looked at, so that those of freed messages show. */
static size_t reader_write(struct world *world, struct reader *reader) {
    pws_conn *ws = &reader->side.ws;
    size_t sum = 0, i, most = pick(world, 500);
    pws_event ev;

    pws_hold(ws, 0);
    CHECK(pws_queue_send(&reader->queue, ws, 0) == PWS_OK);
    while (pws_next(ws, NULL, &ev) && ev.kind == PWS_WRITE) {
        size_t total = ev.out[0].len + ev.out[1].len, taken = total < most ? total : most;

        for (i = 0; i < taken; i++)
            sum += i < ev.out[0].len ? ev.out[0].ptr[i] : ev.out[1].ptr[i - ev.out[0].len];
        pws_queue_wrote(&reader->queue, ws, taken);
        CHECK(pws_queue_send(&reader->queue, ws, 0) == PWS_OK);
        most -= taken;
        if (taken != total)
            break;
    }
    pws_hold(ws, most == 0);
    return sum;
}

static void reader_act(struct world *world, struct reader *reader) {
    uint32_t act = pick(world, 100);

    if (act < 90) {
        (void)reader_write(world, reader);
        return;
    }
    side_end(&reader->side);
    if (act == 99)
        pws_queue_clear(&reader->queue); /* it does not come back: another one comes */
    else
        pws_queue_lost(&reader->queue);
    reader_connect(world, reader);
}

static void broadcast(struct world *world, struct reader *readers, unsigned *freed) {
    uint8_t data[1000];
    size_t length = pick(world, sizeof data), i;
    pws_shared *shared;

    memset(data, 'x', length);
    shared =
        shared_new(PWS_BINARY, data, length, world->deflate != 0 && pick(world, 2) != 0 ? 12 : 0);
    for (i = 0; i < READERS; i++) {
        int32_t error = pws_queue_put_shared(&readers[i].queue, shared, pick(world, 3), 0);

        CHECK(error == PWS_OK || error == PWS_E_SPACE);
        *freed += free_freed(&readers[i].queue);
    }
    if (pws_shared_release(shared)) {
        shared_free(shared);
        (*freed)++;
    }
}

static void test_readers(void) {
    static struct world world;
    static struct reader readers[READERS];
    unsigned freed = 0;
    size_t i, j;

    check_case("a message for many readers, slow and lost ones, is handed back exactly once");
    memset(&world, 0, sizeof world);
    world.generator = 4711;
    for (i = 0; i < READERS; i++) {
        size_t size = PWS_QUEUE_ENTRY * (2 + pick(&world, 20));

        memset(&readers[i], 0, sizeof readers[i]);
        readers[i].config.full = (uint32_t)(i % 4); /* all but PWS_FULL_CLOSE */
        readers[i].memory = (uint8_t *)get_memory(size);
        CHECK(pws_queue_init(&readers[i].queue, &readers[i].config, readers[i].memory, size) ==
              PWS_OK);
        reader_connect(&world, &readers[i]);
    }
    for (j = 0; j < BROADCASTS; j++) {
        broadcast(&world, readers, &freed);
        for (i = 0; i < READERS; i++) {
            reader_act(&world, &readers[i]);
            freed += free_freed(&readers[i].queue);
        }
    }
    CHECK(freed < BROADCASTS);
    for (i = 0; i < READERS; i++) {
        side_end(&readers[i].side);
        pws_queue_clear(&readers[i].queue);
        freed += free_freed(&readers[i].queue);
        free(readers[i].memory);
    }
    CHECK(freed == BROADCASTS);
}

int main(void) {
    static struct world world;
    const char *wanted = getenv("QUEUE_SEEDS");
    uint32_t seeds = wanted != NULL ? (uint32_t)strtoul(wanted, NULL, 10) : 300, seed;

    check_case("from a server: each message once, in order, over connections that die");
    for (seed = 1; seed <= seeds && !check_broken; seed++)
        world_play(&world, seed, PWS_SERVER);
    check_case("from a client: each message once, in order, over connections that die");
    for (seed = 1; seed <= seeds && !check_broken; seed++)
        world_play(&world, seed, PWS_CLIENT);
    test_readers();
    return check_end();
}
