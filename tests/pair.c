/* A client and a server joined back to back over two pipes, with random cuts: what one tells, the
 * other is told, whatever the cuts. The environment variable PAIR_SEEDS says how many schedules of
 * calls there are: fewer take less time, as under valgrind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "purews.h"

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

struct bytes {
    uint8_t *ptr;
    size_t length, capacity;
};

static void bytes_add(struct bytes *bytes, const void *data, size_t length) {
    if (bytes->capacity - bytes->length < length) {
        bytes->capacity = 2 * (bytes->length + length) + 64;
        bytes->ptr = (uint8_t *)realloc(bytes->ptr, bytes->capacity);
        if (bytes->ptr == NULL)
            exit(2);
    }
    if (length != 0)
        memcpy(bytes->ptr + bytes->length, data, length);
    bytes->length += length;
}

/* A record: a number and bytes. */
static void bytes_add_record(struct bytes *bytes, uint32_t number, const void *data,
                             size_t length) {
    uint64_t head[2];

    head[0] = number;
    head[1] = length;
    bytes_add(bytes, head, sizeof head);
    bytes_add(bytes, data, length);
}

static int bytes_equal(const struct bytes *a, const struct bytes *b) {
    return a->length == b->length && (a->length == 0 || memcmp(a->ptr, b->ptr, a->length) == 0);
}

/* What is on its way in one direction. */
struct pipe {
    struct bytes bytes;
    size_t begin; /* what stands before has been read */
    size_t limit; /* bytes that it takes */
    int ended;
};

static size_t pipe_length(const struct pipe *pipe) {
    return pipe->bytes.length - pipe->begin;
}

static void pipe_drop(struct pipe *pipe, size_t length) {
    pipe->begin += length;
    if (pipe->begin < 0x10000 && pipe_length(pipe) != 0)
        return;
    pipe->bytes.length -= pipe->begin;
    if (pipe->bytes.length != 0)
        memmove(pipe->bytes.ptr, pipe->bytes.ptr + pipe->begin, pipe->bytes.length);
    pipe->begin = 0;
}

/* ---- One end ---- */

enum memory {
    MEMORY_LENT, /* one block from the beginning */
    MEMORY_LATE, /* when it is asked for; then it stays */
    MEMORY_BARE, /* when it is asked for; taken back after each read */
    MEMORY_KINDS
};

struct end {
    pws_config config;
    pws_conn *ws;
    pws_random random;
    enum memory memory;
    uint8_t *work, *receive, *transmit;
    struct pipe *in, *out;
    uint32_t *cuts; /* generator; 0: no cuts */
    uint8_t *outgoing;
    size_t outgoing_length;
    struct bytes unsent; /* of a message that is sent in parts */
    size_t unsent_begin;
    uint32_t unsent_kind;        /* 0: none */
    struct bytes message;        /* being received */
    struct bytes log;            /* records: what was told and what the calls returned */
    struct bytes sent, received; /* records: whole messages */
    size_t chunk;                /* of the log: parts of messages are joined */
    int patient;                 /* after a part of a PWS_WRITE, reads before it writes more */
    int full;                    /* the transport takes no more */
    int hold;                    /* the program holds */
    int over, told_eof, broken;
    size_t events;
};

#define EXPECT(end, condition)                                                                     \
    do {                                                                                           \
        if (!(condition) && !(end)->broken) {                                                      \
            (end)->broken = 1;                                                                     \
            CHECK(condition);                                                                      \
        }                                                                                          \
    } while (0)

static void end_log(struct end *end, uint32_t number, const void *data, size_t length) {
    end->chunk = SIZE_MAX;
    bytes_add_record(&end->log, number, data, length);
}

/* Joins a part with the part before it. */
static void end_log_part(struct end *end, const uint8_t *data, size_t length) {
    uint64_t before;

    if (length == 0)
        return;
    if (end->chunk == SIZE_MAX) {
        end_log(end, 0xDDDD, NULL, 0);
        end->chunk = end->log.length - 8;
    }
    memcpy(&before, end->log.ptr + end->chunk, 8);
    before += length;
    memcpy(end->log.ptr + end->chunk, &before, 8);
    bytes_add(&end->log, data, length);
}

static void lend_receive(struct end *end) {
    size_t size = pws_receive_size(&end->config);

    end->receive = (uint8_t *)get_memory(size);
    EXPECT(end, pws_lend_receive(end->ws, end->receive, size) == PWS_OK);
}

static void lend_transmit(struct end *end) {
    if (end->transmit != NULL)
        return;
    end->transmit = (uint8_t *)get_memory(PWS_TRANSMIT_MIN);
    EXPECT(end, pws_lend_transmit(end->ws, end->transmit, PWS_TRANSMIT_MIN) == PWS_OK);
}

/* Takes back the halves that are free. */
static void take_back(struct end *end) {
    if (end->work != NULL)
        return;
    if (pws_lend_receive(end->ws, NULL, 0) == PWS_OK) {
        free(end->receive);
        end->receive = NULL;
    }
    if (pws_lend_transmit(end->ws, NULL, 0) == PWS_OK) {
        free(end->transmit);
        end->transmit = NULL;
    }
}

/* Memory that was borrowed is gone as soon as it is free. */
static void free_outgoing(struct end *end) {
    if (end->outgoing == NULL || pws_borrows(end->ws))
        return;
    free(end->outgoing);
    end->outgoing = NULL;
}

static int end_pull(struct end *end, pws_bytes *in, pws_event *ev) {
    pws_conn *moved = (pws_conn *)exact_copy(end->ws, sizeof *end->ws);
    int found;

    memset(end->ws, 0xEE, sizeof *end->ws);
    free(end->ws);
    end->ws = moved;
    pws_hold(end->ws, end->full || end->hold);
    found = pws_next(end->ws, in, ev);
    free_outgoing(end);
    end->events++;
    return found && !end->broken;
}

static void on_write(struct end *end, const pws_event *ev) {
    size_t total = ev->out[0].len + ev->out[1].len, taken = total, first;
    size_t room = end->out->limit - pipe_length(end->out);

    EXPECT(end, total != 0 && !end->full && !end->hold && !end->out->ended);
    if (end->cuts != NULL && next_random(end->cuts, 3) == 0)
        taken = next_random(end->cuts, (uint32_t)total + 1);
    if (taken > room)
        taken = room;
    first = taken < ev->out[0].len ? taken : ev->out[0].len;
    bytes_add(&end->out->bytes, ev->out[0].ptr, first);
    bytes_add(&end->out->bytes, ev->out[1].ptr, taken - first);
    if (taken == total)
        return;
    pws_wrote(end->ws, taken);
    end->full = end->patient || taken == room;
}

static void on_part(struct end *end, const pws_event *ev) {
    if ((ev->flags & PWS_FIRST) != 0) {
        end->message.length = 0;
        end_log(end, ev->kind, NULL, 0);
    }
    end_log_part(end, ev->data.ptr, ev->data.len);
    bytes_add(&end->message, ev->data.ptr, ev->data.len);
    if ((ev->flags & PWS_LAST) == 0)
        return;
    end_log(end, 0xEEEE, NULL, 0);
    bytes_add_record(&end->received, ev->kind, end->message.ptr, end->message.length);
}

static void on_event(struct end *end, const pws_event *ev) {
    switch (ev->kind) {
    case PWS_TEXT:
    case PWS_BINARY:
        on_part(end, ev);
        break;
    case PWS_CLOSE:
        end_log(end, ev->code, NULL, 0);
        end_log(end, ev->kind, ev->data.ptr, ev->data.len);
        break;
    case PWS_PING:
    case PWS_PONG:
        end_log(end, ev->kind, ev->data.ptr, ev->data.len);
        break;
    case PWS_WRITE:
        on_write(end, ev);
        break;
    case PWS_REQUEST:
        end_log(end, ev->kind, ev->head.fields.ptr, ev->head.fields.len);
        EXPECT(end, ev->error == PWS_OK);
        lend_transmit(end);
        EXPECT(end, pws_accept(end->ws, NULL) == PWS_OK);
        break;
    case PWS_OPEN:
        end_log(end, ev->kind, ev->head.protocol.ptr, ev->head.protocol.len);
        break;
    case PWS_NEED_WORK:
        if (ev->need_receive != 0)
            lend_receive(end);
        if (ev->need_transmit != 0)
            lend_transmit(end);
        break;
    default:
        EXPECT(end, ev->kind == PWS_CLOSED && !end->over);
        end_log(end, ev->kind, NULL, 0);
        end_log(end, ev->code, NULL, 0);
        end_log(end, ev->sent_code, NULL, 0);
        end_log(end, (uint32_t)ev->error, NULL, 0);
        end->over = 1;
        end->out->ended = 1;
    }
}

/* One read, as long as the cuts say, or none, and the writes that it leads to. Returns the bytes
 * read. */
static size_t end_read(struct end *end) {
    size_t length = pipe_length(end->in), most = length;
    uint8_t *buffer;
    pws_bytes in;
    pws_event ev;

    if (end->cuts != NULL && length != 0) {
        most = next_random(end->cuts, 2) != 0 ? 20 : 3000;
        most = 1 + next_random(end->cuts, (uint32_t)most);
    }
    if (most < length)
        length = most;
    buffer = exact_copy(end->in->bytes.ptr + end->in->begin, length);
    pipe_drop(end->in, length);
    in.ptr = buffer;
    in.len = length;
    while (end_pull(end, &in, &ev))
        on_event(end, &ev);
    EXPECT(end, in.len == 0 || end->over);
    memset(buffer, 0xEE, length);
    free(buffer);
    if (end->memory == MEMORY_BARE)
        take_back(end);
    return length;
}

/* Lets an end do what it can do now. Returns 1 if that was anything. */
static int end_step(struct end *end) {
    size_t before = end->log.length, out = end->out->bytes.length + end->out->begin;
    size_t length;

    if (end->over) { /* the transport is closed: what still comes is lost */
        length = pipe_length(end->in);
        pipe_drop(end->in, length);
        return length != 0;
    }
    if (end->full && pipe_length(end->out) < end->out->limit)
        end->full = 0;
    if (pipe_length(end->in) == 0 && end->in->ended && !end->told_eof) {
        end->told_eof = 1;
        pws_eof(end->ws);
    }
    length = end_read(end);
    return length != 0 || end->log.length != before || end->full ||
           end->out->bytes.length + end->out->begin != out;
}

/* ---- Both ---- */

struct world {
    struct pipe pipes[2];
    struct end ends[2]; /* client, server */
    uint32_t generator; /* of the cuts */
};

struct setting {
    enum memory memory[2];
    uint32_t flags[2];
    size_t limit;  /* bytes of each pipe */
    int patient;   /* see struct end */
    int handshake; /* 0: pws_start */
    uint32_t cuts; /* seed; 0: no cuts */
};

static void end_begin(struct end *end, const struct setting *setting, int which) {
    static const uint8_t seeds[2][32] = {"client", "server"};
    size_t size;
    pws_agreed agreed;

    memset(&agreed, 0, sizeof agreed);
    (void)pws_random_seed(&end->random, seeds[which]);
    agreed.random = &end->random;
    end->config.role = which == 0 ? PWS_CLIENT : PWS_SERVER;
    end->config.flags = setting->flags[which];
    end->config.protocols = which == 0 ? "chat, superchat" : "superchat";
    end->memory = setting->memory[which];
    end->patient = setting->patient;
    end->chunk = SIZE_MAX;
    end->ws = (pws_conn *)get_memory(sizeof *end->ws);
    size = end->memory == MEMORY_LENT ? pws_work_size(&end->config) : 0;
    if (size != 0)
        end->work = (uint8_t *)get_memory(size);
    EXPECT(end, (setting->handshake
                     ? pws_init(end->ws, &end->config, end->work, size)
                     : pws_start(end->ws, &end->config, end->work, size, &agreed)) == PWS_OK);
    if (end->work != NULL) {
        end->receive = end->work;
        end->transmit = end->work + pws_receive_size(&end->config);
    } else if (end->memory == MEMORY_LATE) {
        lend_transmit(end);
    }
}

/* Steps until nothing moves: what was told before has been seen by the other end. */
static void settle(struct world *world) {
    size_t rounds = 0;

    while (end_step(&world->ends[0]) | end_step(&world->ends[1]))
        if (++rounds > 3000000) {
            EXPECT(&world->ends[0], rounds == 0);
            break;
        }
}

static void world_begin(struct world *world, const struct setting *setting) {
    pws_request request;
    int i;

    memset(world, 0, sizeof *world);
    world->generator = setting->cuts * 2654435761u | 1;
    for (i = 0; i < 2; i++) {
        struct end *end = &world->ends[i];

        world->pipes[i].limit = setting->limit;
        end->out = &world->pipes[i];
        end->in = &world->pipes[1 - i];
        end->cuts = setting->cuts != 0 ? &world->generator : NULL;
        end_begin(end, setting, i);
    }
    if (!setting->handshake)
        return;
    memset(&request, 0, sizeof request);
    request.host = pws_cstr("example.com");
    lend_transmit(&world->ends[0]);
    EXPECT(&world->ends[0],
           pws_connect(world->ends[0].ws, &world->ends[0].random, &request) == PWS_OK);
    settle(world);
    EXPECT(&world->ends[0], pws_state(world->ends[0].ws) == PWS_STATE_OPEN);
    EXPECT(&world->ends[1], pws_state(world->ends[1].ws) == PWS_STATE_OPEN);
}

static void world_free(struct world *world) {
    int i;

    for (i = 0; i < 2; i++) {
        struct end *end = &world->ends[i];

        EXPECT(end, end->over && end->outgoing == NULL);
        free(end->outgoing);
        free(end->work);
        if (end->work == NULL) {
            free(end->receive);
            free(end->transmit);
        }
        free(end->ws);
        free(end->unsent.ptr);
        free(end->message.ptr);
        free(end->log.ptr);
        free(end->sent.ptr);
        free(end->received.ptr);
        free(world->pipes[i].bytes.ptr);
    }
}

/* Everything that one end has sent has arrived at the other, and nothing else. */
static int arrived(const struct world *world) {
    return bytes_equal(&world->ends[0].sent, &world->ends[1].received) &&
           bytes_equal(&world->ends[1].sent, &world->ends[0].received);
}

static int32_t end_close(struct end *end, uint32_t code, const char *reason) {
    int32_t error;

    if (end->config.role == PWS_CLIENT && end->transmit == NULL)
        reason = NULL;
    error = pws_close(end->ws, code, pws_cstr(reason));
    end_log(end, (uint32_t)error, NULL, 0);
    return error;
}

/* Ends what has not ended. */
static void world_end(struct world *world) {
    int i;

    for (i = 0; i < 2; i++)
        world->ends[i].hold = 0;
    settle(world);
    if (!world->ends[0].over && pws_state(world->ends[0].ws) == PWS_STATE_OPEN)
        (void)end_close(&world->ends[0], 1000, "the end");
    settle(world);
}

/* ---- Calls ---- */

enum way {
    WAY_SEND,
    WAY_INPLACE,
    WAY_PREPARED, /* server */
    WAY_KINDS
};

/* Sends a copy of the data. A way that the end does not have becomes another. */
static int32_t end_send(struct end *end, enum way way, uint32_t kind, const uint8_t *data,
                        size_t length) {
    int32_t error;
    size_t written;

    if (end->outgoing != NULL)
        return PWS_E_BUSY;
    if (way == WAY_PREPARED &&
        (end->config.role == PWS_CLIENT || (kind & PWS_MORE) != 0 || end->unsent_kind != 0))
        way = WAY_SEND;
    if (way == WAY_SEND && end->config.role == PWS_CLIENT && end->transmit == NULL)
        way = WAY_INPLACE;
    end->outgoing = exact_copy(data, length);
    if (way == WAY_PREPARED) {
        size_t size = pws_frame_size(length, 0);

        free(end->outgoing);
        end->outgoing = (uint8_t *)get_memory(size);
        EXPECT(end,
               pws_frame_write(end->outgoing, size, &written, kind, NULL, data, length) == PWS_OK);
        error = pws_send_prepared(end->ws, end->outgoing, size, 0);
    } else if (way == WAY_INPLACE) {
        error = pws_send_inplace(end->ws, kind, end->outgoing, length);
    } else {
        error = pws_send(end->ws, kind, end->outgoing, length);
    }
    free_outgoing(end);
    return error;
}

/* Pseudorandom bytes, or characters of one to four bytes. */
static void make_data(struct bytes *data, uint32_t *generator, uint32_t kind, size_t length) {
    static const char *const characters[4] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};

    data->length = 0;
    while (data->length < length) {
        uint8_t byte = (uint8_t)next_random(generator, 256);
        const char *character = characters[byte % 4];

        if (kind == PWS_TEXT && strlen(character) <= length - data->length)
            bytes_add(data, character, strlen(character));
        else
            bytes_add(data, kind == PWS_TEXT ? (const void *)"y" : (const void *)&byte, 1);
    }
}

static size_t pick_length(uint32_t *generator) {
    static const size_t borders[] = {0, 1, 125, 126, 127, 4095, 4097, 9000};

    if (next_random(generator, 3) == 0)
        return borders[next_random(generator, sizeof borders / sizeof borders[0])];
    return next_random(generator, 400);
}

/* The next part of a message in work, or the first of one. */
static int32_t send_part(struct end *end, uint32_t *generator) {
    size_t left, length;
    int32_t error;
    uint32_t kind, more;

    if (end->unsent_kind == 0) {
        kind = next_random(generator, 2) != 0 ? PWS_TEXT : PWS_BINARY;
        make_data(&end->unsent, generator, kind, pick_length(generator));
        end->unsent_begin = 0;
    } else {
        kind = end->unsent_kind;
    }
    left = end->unsent.length - end->unsent_begin;
    more = next_random(generator, 3) != 0 ? PWS_MORE : 0;
    length = more != 0 ? next_random(generator, (uint32_t)left + 1) : left;
    error = end_send(end, (enum way)next_random(generator, 2), kind | more,
                     end->unsent.ptr + end->unsent_begin, length);
    if (error != PWS_OK)
        return error;
    end->unsent_begin += length;
    end->unsent_kind = more != 0 ? kind : 0;
    if (more == 0)
        bytes_add_record(&end->sent, kind, end->unsent.ptr, end->unsent.length);
    return error;
}

static int32_t send_whole(struct end *end, uint32_t *generator) {
    struct bytes data = {NULL, 0, 0};
    uint32_t kind = next_random(generator, 2) != 0 ? PWS_TEXT : PWS_BINARY;
    int32_t error;

    make_data(&data, generator, kind, pick_length(generator));
    error = end_send(end, (enum way)next_random(generator, WAY_KINDS), kind, data.ptr, data.length);
    if (error == PWS_OK)
        bytes_add_record(&end->sent, kind, data.ptr, data.length);
    free(data.ptr);
    return error;
}

static int32_t send_control(struct end *end, uint32_t *generator, uint32_t kind) {
    struct bytes data = {NULL, 0, 0};
    int32_t error;

    make_data(&data, generator, PWS_BINARY, next_random(generator, 126));
    error = end_send(end, (enum way)next_random(generator, WAY_KINDS), kind, data.ptr, data.length);
    free(data.ptr);
    return error;
}

/* Lends other memory instead of what is free. */
static void exchange_memory(struct end *end) {
    int had_receive = end->receive != NULL, had_transmit = end->transmit != NULL;

    take_back(end);
    if (had_receive && end->receive == NULL && !end->over)
        lend_receive(end);
    if (had_transmit && end->transmit == NULL && !end->over)
        lend_transmit(end);
}

enum {
    CALL_CLOSE_BOTH = 90 /* calls are numbers below 100; from here on they close */
};

/* One call, which the schedule's generator picks. */
static void any_call(struct world *world, uint32_t *schedule) {
    struct end *end = &world->ends[next_random(schedule, 2)];
    uint32_t call = next_random(schedule, 100);
    int32_t error = PWS_OK;

    if (call < 30)
        error = end->unsent_kind != 0 ? send_part(end, schedule) : send_whole(end, schedule);
    else if (call < 50)
        error = send_part(end, schedule);
    else if (call < 62)
        error = send_control(end, schedule, PWS_PING);
    else if (call < 68)
        error = send_control(end, schedule, PWS_PONG);
    else if (call < 76)
        end->hold = 1;
    else if (call < 86)
        end->hold = 0;
    else if (call < CALL_CLOSE_BOTH)
        exchange_memory(end);
    else if (call < 94 && next_random(schedule, 4) == 0)
        error = end_close(end, 3000 + call, "enough");
    else if (next_random(schedule, 4) == 0) {
        (void)end_close(&world->ends[0], 1001, "going");
        (void)end_close(&world->ends[1], 0, NULL);
    }
    end_log(end, (uint32_t)error, NULL, 0);
    EXPECT(end, error == PWS_OK || error == PWS_E_BUSY ||
                    (error == PWS_E_STATE && pws_state(end->ws) != PWS_STATE_OPEN));
}

enum {
    CALLS = 40
};

/* Each call after the effect of the one before it has been seen. While an end can't write, newer
 * Pings replace older ones; that depends on the cuts, so here it goes on writing until it is held.
 */
static void in_turn(struct world *world, uint32_t seed) {
    uint32_t schedule = seed * 40503u | 1;
    int i;

    for (i = 0; i < CALLS; i++) {
        any_call(world, &schedule);
        settle(world);
    }
    world_end(world);
}

/* Calls at any moment. */
static void at_random(struct world *world, uint32_t seed) {
    uint32_t schedule = seed * 40503u | 1;
    int i, steps;

    for (i = 0; i < CALLS; i++) {
        any_call(world, &schedule);
        for (steps = (int)next_random(&world->generator, 4); steps > 0; steps--)
            (void)end_step(&world->ends[next_random(&world->generator, 2)]);
    }
    world_end(world);
}

static void pick_setting(struct setting *setting, uint32_t seed) {
    memset(setting, 0, sizeof *setting);
    setting->memory[0] = (enum memory)(seed % MEMORY_KINDS);
    setting->memory[1] = (enum memory)(seed / 3 % MEMORY_KINDS);
    setting->flags[0] = seed / 9 % 2 != 0 ? PWS_STREAM : 0;
    setting->flags[1] = seed / 18 % 2 != 0 ? PWS_STREAM : 0;
    setting->handshake = seed % 5 != 0;
    setting->limit = 100000;
}

/* ---- Cases ---- */

static void test_in_turn(uint32_t seeds) {
    struct world whole, cut;
    struct setting setting;
    uint32_t seed, cuts;

    check_case("whatever the cuts, both ends are told the same, and messages arrive as sent");
    for (seed = 1; seed <= seeds; seed++) {
        pick_setting(&setting, seed);
        world_begin(&whole, &setting);
        in_turn(&whole, seed);
        CHECK(arrived(&whole));
        for (cuts = 1; cuts <= 3; cuts++) {
            setting.cuts = seed * 100 + cuts;
            world_begin(&cut, &setting);
            in_turn(&cut, seed);
            CHECK(bytes_equal(&whole.ends[0].log, &cut.ends[0].log));
            CHECK(bytes_equal(&whole.ends[1].log, &cut.ends[1].log));
            CHECK(arrived(&cut));
            world_free(&cut);
        }
        world_free(&whole);
        if (check_broken) {
            printf("    seed %u\n", (unsigned)seed);
            break;
        }
    }
}

static void test_at_random(uint32_t seeds) {
    struct world world;
    struct setting setting;
    uint32_t seed;

    check_case("calls at any moment: messages arrive as sent");
    for (seed = 1; seed <= seeds && !check_broken; seed++) {
        pick_setting(&setting, seed);
        setting.cuts = seed;
        setting.patient = 1;
        if (seed % 4 == 0)
            setting.limit = 700;
        world_begin(&world, &setting);
        at_random(&world, seed);
        CHECK(arrived(&world));
        world_free(&world);
        if (check_broken)
            printf("    seed %u\n", (unsigned)seed);
    }
}

/* Every way of sending at the borders of the length's forms (section 5.2). */
static void send_sizes(struct world *world, struct end *end) {
    static const size_t sizes[] = {0, 1, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537};
    struct bytes data = {NULL, 0, 0};
    uint32_t generator = 12345, way;
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (way = 0; way < WAY_KINDS; way++) {
            make_data(&data, &generator, PWS_TEXT, sizes[i]);
            EXPECT(end, end_send(end, (enum way)way, PWS_TEXT, data.ptr, data.length) == PWS_OK);
            bytes_add_record(&end->sent, PWS_TEXT, data.ptr, data.length);
            settle(world);
        }
    free(data.ptr);
}

static void test_sizes(void) {
    struct world world;
    struct setting setting;
    uint32_t seed;

    for (seed = 0; seed < 4; seed++) {
        check_case(seed < 2 ? "lengths around 125, 126, 65535 and 65536, whole"
                            : "lengths around 125, 126, 65535 and 65536, in parts");
        memset(&setting, 0, sizeof setting);
        setting.memory[0] = setting.memory[1] = seed % 2 != 0 ? MEMORY_BARE : MEMORY_LENT;
        setting.flags[0] = setting.flags[1] = seed / 2 % 2 != 0 ? PWS_STREAM : 0;
        setting.limit = 100000;
        setting.cuts = seed + 1;
        setting.handshake = 1;
        world_begin(&world, &setting);
        send_sizes(&world, &world.ends[0]);
        send_sizes(&world, &world.ends[1]);
        world_end(&world);
        CHECK(arrived(&world));
        world_free(&world);
    }
}

/* Neither waits for the other to read first: each goes on reading while it can't write. */
static void test_both_large(void) {
    enum {
        SIZE = 1 << 20
    };
    struct world world;
    struct setting setting;
    struct bytes data = {NULL, 0, 0};
    uint32_t seed, generator = 777;
    int i;

    make_data(&data, &generator, PWS_BINARY, SIZE);
    for (seed = 0; seed < 4; seed++) {
        check_case("1 MiB each way at the same time over pipes of 4 KiB");
        memset(&setting, 0, sizeof setting);
        setting.memory[0] = setting.memory[1] = seed % 2 != 0 ? MEMORY_BARE : MEMORY_LENT;
        setting.flags[0] = setting.flags[1] = seed / 2 != 0 ? PWS_STREAM : 0;
        setting.limit = 4096;
        setting.cuts = seed % 2;
        setting.handshake = 1;
        world_begin(&world, &setting);
        for (i = 0; i < 2; i++) {
            struct end *end = &world.ends[i];

            EXPECT(end, end_send(end, seed % 2 != 0 ? WAY_INPLACE : WAY_SEND, PWS_BINARY, data.ptr,
                                 data.length) == PWS_OK);
            bytes_add_record(&end->sent, PWS_BINARY, data.ptr, data.length);
        }
        settle(&world);
        CHECK(arrived(&world));
        /* a pull for each 4 KiB each way, or for each cut, and a few more */
        CHECK(world.ends[0].events + world.ends[1].events < (setting.cuts != 0 ? 60000 : 6000));
        world_end(&world);
        world_free(&world);
    }
    free(data.ptr);
}

/* Says that an end was told of the peer's Close and of an end without an error. */
static int closed_well(const struct end *end, uint32_t code, uint32_t sent_code) {
    struct bytes tail = {NULL, 0, 0};
    int same;

    bytes_add_record(&tail, PWS_CLOSED, NULL, 0);
    bytes_add_record(&tail, code, NULL, 0);
    bytes_add_record(&tail, sent_code, NULL, 0);
    bytes_add_record(&tail, PWS_OK, NULL, 0);
    same = end->log.length >= tail.length &&
           memcmp(end->log.ptr + end->log.length - tail.length, tail.ptr, tail.length) == 0;
    free(tail.ptr);
    return same;
}

static void test_closes(void) {
    struct world world;
    struct setting setting;
    uint32_t seed;
    int who;

    for (who = 0; who < 3; who++) {
        check_case(who == 0   ? "the client closes"
                   : who == 1 ? "the server closes"
                              : "closes that cross: each is told the other's code");
        for (seed = 0; seed < 30; seed++) {
            pick_setting(&setting, seed);
            setting.cuts = seed;
            world_begin(&world, &setting);
            if (who != 1)
                CHECK(end_close(&world.ends[0], 3001, "client") == PWS_OK);
            if (who != 0)
                CHECK(end_close(&world.ends[1], 3002, "server") == PWS_OK);
            CHECK(pws_close(world.ends[who % 2].ws, 1000, pws_cstr(NULL)) == PWS_E_STATE);
            settle(&world);
            CHECK(closed_well(&world.ends[0], who == 0 ? 3001 : 3002, who == 1 ? 3002 : 3001));
            CHECK(closed_well(&world.ends[1], who == 1 ? 3002 : 3001, who == 0 ? 3001 : 3002));
            world_free(&world);
        }
    }
}

int main(void) {
    const char *wanted = getenv("PAIR_SEEDS");
    uint32_t seeds = wanted != NULL ? (uint32_t)strtoul(wanted, NULL, 10) : 1500;

    test_in_turn(seeds);
    test_at_random(2 * seeds);
    test_sizes();
    test_both_large();
    test_closes();
    return check_end();
}
