/* A client and a server with compression agreed on, joined by two pipes that cut at random: every
 * message arrives as it was sent. All 64 combinations of
 *
 *     context taken over by the server or not, by the client or not
 *     the server's window 8, 9, 12 or 15 bits (of 8 zlib can only inflate: it sends plain)
 *     the client's window likewise
 *
 * In every fourth, one end has the codec of ISA-L. pairs --quick sends fewer messages. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "isal_codec.h"
#include "purews.h"
#include "zlib_codec.h"

enum {
    LONGEST = 200 * 1024, /* bytes of a message */
    MOST = 24,            /* messages of each end */
    ROUNDS = 4000000      /* more than any of this takes */
};

static uint32_t generator;

static uint32_t draw(uint32_t below) {
    generator ^= generator << 13;
    generator ^= generator >> 17;
    generator ^= generator << 5;
    return generator % below;
}

static void *get_memory(size_t size) {
    void *memory = malloc(size != 0 ? size : 1);

    if (memory == NULL)
        exit(2);
    return memory;
}

/* ---- Messages ---- */

struct message {
    uint32_t kind;
    uint32_t flags; /* PWS_PLAIN */
    uint8_t *data;
    size_t length;
};

/* Noise, runs, words, and what was there before at any distance. */
static void fill(uint8_t *data, size_t length) {
    static const char words[] = "compression takes over the context of the messages before it ";
    size_t at = 0, i;

    while (at < length) {
        size_t n = 1 + draw(3000);
        uint32_t sort = draw(4);
        size_t distance = 1 + draw(40000);
        uint8_t byte = (uint8_t)('a' + draw(26));

        if (n > length - at)
            n = length - at;
        if (sort == 3 && distance > at)
            sort = 0;
        for (i = at; i < at + n; i++)
            data[i] = sort == 0   ? (uint8_t)(' ' + draw(95))
                      : sort == 1 ? byte
                      : sort == 2 ? (uint8_t)words[i % (sizeof words - 1)]
                                  : data[i - distance];
        at += n;
    }
}

static void make_message(struct message *message) {
    static const uint32_t most[] = {1, 70, 1000, 20000, LONGEST + 1};

    message->kind = draw(2) != 0 ? PWS_TEXT : PWS_BINARY;
    message->flags = draw(6) == 0 ? (uint32_t)PWS_PLAIN : 0;
    message->length = draw(most[draw(5)]);
    message->data = (uint8_t *)get_memory(message->length);
    fill(message->data, message->length);
}

/* ---- One end ---- */

struct pipe {
    uint8_t *ptr;
    size_t begin, end, capacity;
    uint64_t total;
};

static void pipe_add(struct pipe *pipe, const uint8_t *data, size_t length) {
    if (length == 0)
        return;
    if (pipe->capacity - pipe->end < length) {
        pipe->capacity = 2 * (pipe->end + length);
        pipe->ptr = (uint8_t *)realloc(pipe->ptr, pipe->capacity);
        if (pipe->ptr == NULL)
            exit(2);
    }
    memcpy(pipe->ptr + pipe->end, data, length);
    pipe->end += length;
    pipe->total += length;
}

struct end {
    pws_config config;
    pws_conn *ws;
    pws_random random;
    uint8_t *work;
    struct pipe *in, *out;
    struct message messages[MOST];
    unsigned count, next;         /* messages to send, and of them the first that is not sent */
    size_t sent;                  /* bytes of it that are */
    const struct message *wanted; /* the peer's messages */
    unsigned received;
    uint8_t *gathered;
    size_t gathered_length;
    uint32_t pings, pongs;
    int broken;
};

#define EXPECT(end, condition)                                                                     \
    do {                                                                                           \
        if (!(condition) && !(end)->broken) {                                                      \
            (end)->broken = 1;                                                                     \
            CHECK(condition);                                                                      \
        }                                                                                          \
    } while (0)

static void take_part(struct end *end, const pws_event *ev) {
    const struct message *wanted = &end->wanted[end->received];

    EXPECT(end, ev->kind == wanted->kind);
    EXPECT(end, ((ev->flags & PWS_FIRST) != 0) == (end->gathered_length == 0) || ev->data.len == 0);
    EXPECT(end, end->gathered_length + ev->data.len <= LONGEST);
    if (end->broken)
        return;
    if (ev->data.len != 0)
        memcpy(end->gathered + end->gathered_length, ev->data.ptr, ev->data.len);
    end->gathered_length += ev->data.len;
    if ((ev->flags & PWS_LAST) == 0)
        return;
    EXPECT(end,
           end->gathered_length == wanted->length &&
               (wanted->length == 0 || memcmp(end->gathered, wanted->data, wanted->length) == 0));
    end->gathered_length = 0;
    end->received++;
}

static void take_write(struct end *end, const pws_event *ev) {
    size_t total = ev->out[0].len + ev->out[1].len, taken = total, first;

    if (draw(3) == 0)
        taken = draw((uint32_t)total + 1);
    first = taken < ev->out[0].len ? taken : ev->out[0].len;
    pipe_add(end->out, ev->out[0].ptr, first);
    pipe_add(end->out, ev->out[1].ptr, taken - first);
    if (taken < total)
        pws_wrote(end->ws, taken);
}

static void take(struct end *end, const pws_event *ev) {
    switch (ev->kind) {
    case PWS_WRITE:
        take_write(end, ev);
        break;
    case PWS_TEXT:
    case PWS_BINARY:
        take_part(end, ev);
        break;
    case PWS_PING:
        break;
    case PWS_PONG:
        end->pongs++;
        break;
    default:
        EXPECT(end, ev->kind == PWS_WRITE);
    }
}

/* The next part of the next message, if it goes now. */
static void tell(struct end *end) {
    const struct message *message = &end->messages[end->next];
    size_t length;
    int32_t error;

    if (draw(20) == 0) {
        error = pws_send(end->ws, PWS_PING, "?", 1);
        EXPECT(end, error == PWS_OK || error == PWS_E_BUSY);
        end->pings += error == PWS_OK;
    }
    if (end->next == end->count)
        return;
    length = message->length - end->sent;
    if (draw(2) != 0)
        length = draw((uint32_t)length + 1);
    if (length == message->length - end->sent) {
        error = pws_send(end->ws, message->kind | (end->sent == 0 ? message->flags : 0),
                         message->data + end->sent, length);
        if (error == PWS_OK) {
            end->next++;
            end->sent = 0;
        }
    } else {
        error = pws_send(end->ws, message->kind | PWS_MORE | (end->sent == 0 ? message->flags : 0),
                         message->data + end->sent, length);
        if (error == PWS_OK)
            end->sent += length;
    }
    EXPECT(end, error == PWS_OK || error == PWS_E_BUSY);
}

/* One read, of a length as chance will have it, and all that comes of it. */
static void read_some(struct end *end) {
    static const uint32_t most[] = {8, 600, 5000, 100000};
    size_t length = end->in->end - end->in->begin, wish = draw(most[draw(4)]);
    uint8_t *buffer;
    pws_bytes in;
    pws_event ev;

    if (wish < length)
        length = wish;
    buffer = (uint8_t *)get_memory(length);
    if (length != 0)
        memcpy(buffer, end->in->ptr + end->in->begin, length);
    end->in->begin += length;
    if (end->in->begin == end->in->end)
        end->in->begin = end->in->end = 0;
    in.ptr = buffer;
    in.len = length;
    while (!end->broken && pws_next(end->ws, &in, &ev))
        take(end, &ev);
    EXPECT(end, in.len == 0 || end->broken);
    free(buffer);
}

static void end_begin(struct end *end, const pws_codec *codec, const pws_deflate_params *params,
                      uint32_t role, unsigned count) {
    static const uint8_t seed[32] = {1};
    static const size_t transmit[] = {4096, 5000, 40000};
    pws_agreed agreed;
    size_t size, extra;

    memset(end, 0, sizeof *end);
    memset(&agreed, 0, sizeof agreed);
    end->config.role = role;
    end->config.flags = draw(2) != 0 ? (uint32_t)PWS_STREAM : 0;
    end->config.codec = codec;
    (void)pws_random_seed(&end->random, seed);
    agreed.random = role == PWS_CLIENT ? &end->random : NULL;
    agreed.deflate = *params;
    size = pws_receive_size(&end->config);
    extra = transmit[draw(3)];
    end->work = (uint8_t *)get_memory(size + extra);
    end->ws = (pws_conn *)get_memory(sizeof *end->ws);
    EXPECT(end, pws_start(end->ws, &end->config, end->work, size + extra, &agreed) == PWS_OK);
    if (draw(2) != 0) /* the smallest */
        EXPECT(end, pws_lend_transmit(end->ws, end->work + size, PWS_TRANSMIT_MIN) == PWS_OK);
    end->gathered = (uint8_t *)get_memory(LONGEST);
    end->count = count;
    for (count = 0; count < end->count; count++)
        make_message(&end->messages[count]);
}

static void end_free(struct end *end) {
    unsigned i;

    pws_end(end->ws);
    for (i = 0; i < end->count; i++)
        free(end->messages[i].data);
    free(end->gathered);
    free(end->work);
    free(end->ws);
}

/* ---- Both ---- */

static int is_done(const struct end *end, const struct end *other) {
    return end->next == end->count && end->received == other->count && end->pongs == end->pings &&
           end->in->begin == end->in->end;
}

static uint64_t compressible(const struct end *end) {
    uint64_t total = 0;
    unsigned i;

    for (i = 0; i < end->count; i++)
        total += end->messages[i].length;
    return total;
}

static void converse(struct end *ends) {
    unsigned long rounds = 0;

    while (!ends[0].broken && !ends[1].broken &&
           !(is_done(&ends[0], &ends[1]) && is_done(&ends[1], &ends[0]))) {
        struct end *end = &ends[draw(2)];

        /* pings would go on for ever */
        if (end->next < end->count)
            tell(end);
        read_some(end);
        EXPECT(end, ++rounds < ROUNDS);
    }
}

/* The same without compression costs more. */
static void check_saving(const struct end *end, uint32_t window_bits) {
    uint64_t total = compressible(end);

    if (window_bits >= 9 && total > 50000)
        CHECK(end->out->total < total);
}

static void try_pair(unsigned number, unsigned count) {
    static const uint8_t windows[] = {8, 9, 12, 15};
    struct zlib_codecs pools[2];
    pws_codec codecs[2];
    pws_deflate_params params;
    struct pipe pipes[2];
    static struct end ends[2];
    int i;

    generator = number * 2654435761u + 1;
    memset(&params, 0, sizeof params);
    memset(pools, 0, sizeof pools);
    memset(pipes, 0, sizeof pipes);
    params.agreed = 1;
    params.server_no_context_takeover = number & 1;
    params.client_no_context_takeover = number >> 1 & 1;
    params.server_max_window_bits = windows[number >> 2 & 3];
    params.client_max_window_bits = windows[number >> 4 & 3];
    for (i = 0; i < 2; i++) {
        pools[i].level = 1 + (int)draw(9);
        pools[i].memory_level = 1 + (int)draw(9);
        if ((number & 3) == 3) /* a codec is in use for a message only: one is enough */
            pools[i].max_inflate = pools[i].max_deflate = 1;
        codecs[i] = zlib_codec(&pools[i]);
    }
    if ((number + (number >> 2) + (number >> 4)) % 4 == 0)
        codecs[number >> 3 & 1] = isal_codec();
    for (i = 0; i < 2; i++)
        end_begin(&ends[i], &codecs[i], &params, i == 0 ? PWS_SERVER : PWS_CLIENT, count);
    for (i = 0; i < 2; i++) {
        ends[i].out = &pipes[i];
        ends[i].in = &pipes[1 - i];
        ends[i].wanted = ends[1 - i].messages;
    }
    converse(ends);
    check_saving(&ends[0], params.server_max_window_bits);
    check_saving(&ends[1], params.client_max_window_bits);
    for (i = 0; i < 2; i++)
        end_free(&ends[i]);
    for (i = 0; i < 2; i++) {
        zlib_codecs_free(&pools[i]);
        CHECK(pools[i].existing[0] == 0 && pools[i].existing[1] == 0);
        free(pipes[i].ptr);
    }
}

int main(int argc, char **argv) {
    unsigned count = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 6 : MOST, number;

    for (number = 0; number < 64; number++) {
        check_case("messages arrive as they were sent, whatever is agreed on");
        try_pair(number, count);
        if (check_broken)
            printf("    combination %u\n", number);
    }
    return check_end();
}
