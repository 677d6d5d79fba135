/* Codecs that misbehave: whatever one does, the connection ends with the error of its direction and
 * the close code for it, in a bounded number of events, and the codecs are given back. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "purews.h"
#include "stored_codec.h"

enum {
    EVENTS = 1000 /* more than any of this takes */
};

/* A compressed "Hello", from a client and from a server. */
static const uint8_t from_client[] = {0xc1, 0x8b, 0,   0,   0,   0,   0,   5, 0,
                                      0xfa, 0xff, 'H', 'e', 'l', 'l', 'o', 0};
static const uint8_t from_server[] = {0xc1, 0x0b, 0, 5, 0, 0xfa, 0xff, 'H', 'e', 'l', 'l', 'o', 0};

struct world {
    struct stored_codecs codecs;
    pws_codec codec;
    pws_config config;
    pws_random random;
    pws_conn ws;
    uint8_t *work;
    uint8_t output[8192];
    size_t output_length;
    uint32_t messages, events, code;
    int32_t error; /* -1 until PWS_CLOSED */
};

/* With these windows agreed on. */
static void begin_with(struct world *world, uint32_t role, uint32_t flags, uint8_t server_bits,
                       uint8_t client_bits) {
    static const uint8_t seed[32] = {1};
    pws_agreed agreed;
    size_t size;

    memset(world, 0, sizeof *world);
    memset(&agreed, 0, sizeof agreed);
    world->codec = stored_codec(&world->codecs);
    world->config.role = role;
    world->config.flags = flags;
    world->config.codec = &world->codec;
    world->config.max_message = 1000;
    world->error = -1;
    (void)pws_random_seed(&world->random, seed);
    agreed.random = role == PWS_CLIENT ? &world->random : NULL;
    agreed.deflate.agreed = 1;
    agreed.deflate.server_max_window_bits = server_bits;
    agreed.deflate.client_max_window_bits = client_bits;
    size = pws_work_size(&world->config);
    world->work = (uint8_t *)malloc(size);
    if (world->work == NULL)
        exit(2);
    CHECK(pws_start(&world->ws, &world->config, world->work, size, &agreed) == PWS_OK);
}

static void begin(struct world *world, uint32_t role, uint32_t flags) {
    begin_with(world, role, flags, 15, 15);
}

static void take(struct world *world, const pws_event *ev) {
    int i;

    switch (ev->kind) {
    case PWS_WRITE:
        for (i = 0; i < 2; i++) {
            CHECK(world->output_length + ev->out[i].len <= sizeof world->output);
            if (ev->out[i].len == 0 || world->output_length + ev->out[i].len > sizeof world->output)
                continue;
            memcpy(world->output + world->output_length, ev->out[i].ptr, ev->out[i].len);
            world->output_length += ev->out[i].len;
        }
        break;
    case PWS_TEXT:
    case PWS_BINARY:
        world->messages += (ev->flags & PWS_LAST) != 0;
        break;
    case PWS_CLOSED:
        world->error = ev->error;
        world->code = ev->sent_code;
        break;
    default:
        break;
    }
}

/* Pulls until there is nothing more. */
static void pull(struct world *world, pws_bytes *in) {
    pws_event ev;

    while (world->events < EVENTS && pws_next(&world->ws, in, &ev)) {
        world->events++;
        take(world, &ev);
    }
    CHECK(world->events < EVENTS);
}

/* Gives the bytes of a message in memory of their size, in reads of `step` bytes. */
static void feed(struct world *world, const uint8_t *bytes, size_t length, size_t step) {
    size_t at;

    for (at = 0; at < length; at += step) {
        size_t n = length - at < step ? length - at : step;
        uint8_t *buffer = (uint8_t *)malloc(n);
        pws_bytes in;

        if (buffer == NULL)
            exit(2);
        memcpy(buffer, bytes + at, n);
        in.ptr = buffer;
        in.len = n;
        pull(world, &in);
        CHECK(in.len == 0 || pws_state(&world->ws) == PWS_STATE_CLOSED);
        free(buffer);
    }
}

static void feed_hello(struct world *world, size_t step) {
    if (world->config.role == PWS_SERVER)
        feed(world, from_client, sizeof from_client, step);
    else
        feed(world, from_server, sizeof from_server, step);
}

/* After the connection has ended: codecs are back, and nothing comes any more. */
static void end(struct world *world) {
    pws_event ev;

    pws_end(&world->ws);
    CHECK(world->codecs.open == 0);
    CHECK(!pws_borrows(&world->ws));
    CHECK(!pws_next(&world->ws, NULL, &ev));
    free(world->work);
}

static void expect_failure(struct world *world, int32_t error, uint32_t code) {
    CHECK(world->error == error);
    CHECK(world->code == code);
    CHECK(world->codecs.open == 0); /* without pws_end */
    CHECK(pws_state(&world->ws) == PWS_STATE_CLOSED);
}

/* ---- Receiving ---- */

static const struct {
    const char *name;
    enum stored_misbehaviour misbehaviour;
} wrong[] = {
    {"a codec that fails ends the connection", STORED_FAILS},
    {"a codec with an error of its own ends the connection", STORED_ODD_ERROR},
    {"a codec that stalls ends the connection", STORED_STALLS},
    {"a codec that wants space for nothing ends the connection", STORED_WANTS_SPACE},
    {"a codec that goes beyond the end ends the connection", STORED_OVERRUNS},
    {"a codec that goes backwards ends the connection", STORED_RETREATS},
    {"a codec that forgets where it was ends the connection", STORED_FORGETS},
};

enum {
    WRONGS = sizeof wrong / sizeof wrong[0]
};

static void inflate_wrongly(uint32_t role, uint32_t flags, enum stored_misbehaviour misbehaviour,
                            size_t step) {
    struct world world;

    begin(&world, role, flags);
    world.codecs.misbehaviour = misbehaviour;
    feed_hello(&world, step);
    expect_failure(&world, PWS_E_INFLATE, 1007);
    CHECK(world.messages == 0);
    end(&world);
}

/* What goes wrong only in a later message finds a codec that has behaved so far. */
static void test_inflate_later(void) {
    struct world world;
    size_t i;

    check_case("a codec that misbehaves later ends the connection then");
    for (i = 0; i < WRONGS; i++) {
        begin(&world, PWS_SERVER, 0);
        feed_hello(&world, 100);
        CHECK(world.messages == 1 && world.codecs.open == 1);
        world.codecs.misbehaviour = wrong[i].misbehaviour;
        feed_hello(&world, 3);
        expect_failure(&world, PWS_E_INFLATE, 1007);
        CHECK(world.messages == 1);
        end(&world);
    }
}

static void test_refused_inflater(void) {
    struct world world;

    check_case("a message for which there is no codec ends in 1013");
    begin(&world, PWS_SERVER, 0);
    world.codecs.misbehaviour = STORED_REFUSES;
    feed_hello(&world, 1);
    expect_failure(&world, PWS_E_CODEC, 1013);
    CHECK(world.codecs.calls == 0);
    end(&world);
}

/* ---- Sending ---- */

/* Sends 5000 bytes, more than the batch holds. */
static int32_t send_much(struct world *world) {
    static uint8_t data[5000];

    return pws_send(&world->ws, PWS_BINARY, data, sizeof data);
}

static void deflate_wrongly(uint32_t role, enum stored_misbehaviour misbehaviour, int later) {
    struct world world;

    begin(&world, role, 0);
    if (later) {
        CHECK(send_much(&world) == PWS_OK);
        pull(&world, NULL);
        CHECK(world.error == -1 && world.codecs.open == 1);
        world.output_length = 0;
    }
    world.codecs.misbehaviour = misbehaviour;
    CHECK(send_much(&world) == PWS_OK);
    pull(&world, NULL);
    expect_failure(&world, PWS_E_DEFLATE, 1011);
    CHECK(world.output_length < 300); /* the Close, and not what the codec claims to have written */
    end(&world);
}

static void test_both(void) {
    uint32_t role, flags;
    size_t i;

    for (i = 0; i < WRONGS; i++) {
        enum stored_misbehaviour misbehaviour = wrong[i].misbehaviour;

        check_case(wrong[i].name);
        for (role = PWS_SERVER; role <= PWS_CLIENT; role++) {
            for (flags = 0; flags <= PWS_STREAM; flags++) {
                inflate_wrongly(role, flags, misbehaviour, 100);
                inflate_wrongly(role, flags, misbehaviour, 1);
            }
            deflate_wrongly(role, misbehaviour, 0);
            deflate_wrongly(role, misbehaviour, 1);
        }
    }
}

static void test_refused_deflater(void) {
    struct world world;
    static const uint8_t data[100] = {0};

    check_case("a send for which there is no codec is refused and changes nothing");
    begin(&world, PWS_SERVER, 0);
    world.codecs.misbehaviour = STORED_REFUSES;
    CHECK(pws_send(&world.ws, PWS_BINARY, data, sizeof data) == PWS_E_BUSY);
    CHECK(pws_send(&world.ws, PWS_BINARY | PWS_PLAIN, data, sizeof data) == PWS_OK);
    pull(&world, NULL);
    CHECK(world.output_length == 102 && world.error == -1);
    end(&world);
}

/* ---- A codec that leaves out what must be there ---- */

/* Deflates as the stored codec does, but the last four bytes are others. */
static int32_t deflate_without_tail(void *codec, pws_view *in, pws_bytes *out) {
    uint8_t *begin_of_output = out->ptr;
    int32_t error = stored_deflate(codec, in, out);

    if (error == PWS_OK && out->ptr - begin_of_output >= 4)
        out->ptr[-1] = 0x55;
    return error;
}

/* Says that it is done when it has not taken all. */
static int32_t deflate_half(void *codec, pws_view *in, pws_bytes *out) {
    pws_view half;
    size_t left = in->len / 2;

    half.ptr = in->ptr;
    half.len = in->len - left;
    (void)stored_deflate(codec, &half, out);
    in->ptr = half.ptr;
    in->len = half.len + left;
    return PWS_OK;
}

/* Writes for ever. */
static int32_t deflate_for_ever(void *codec, pws_view *in, pws_bytes *out) {
    (void)codec;
    in->ptr += in->len;
    in->len = 0;
    memset(out->ptr, 0x2a, out->len);
    out->ptr += out->len;
    out->len = 0;
    return PWS_E_SPACE;
}

static void deflate_with(int32_t (*deflate)(void *, pws_view *, pws_bytes *)) {
    struct world world;
    static const uint8_t data[100] = {0};

    begin(&world, PWS_SERVER, 0);
    world.codec.deflate = deflate;
    CHECK(pws_send(&world.ws, PWS_BINARY, data, sizeof data) == PWS_OK);
    pull(&world, NULL);
    expect_failure(&world, PWS_E_DEFLATE, 1011);
    end(&world);
}

static void test_ends(void) {
    check_case("a message that a codec ends without 00 00 ff ff ends in 1011");
    deflate_with(deflate_without_tail);
    check_case("a codec that is done before it has taken all ends in 1011");
    deflate_with(deflate_half);
}

/* The machine can't tell this from a message that grows, but the program sees each PWS_WRITE. */
static void test_endless(void) {
    struct world world;
    static const uint8_t data[100] = {0};
    pws_event ev;
    int i;

    check_case("a codec that writes for ever is stopped by pws_end");
    begin(&world, PWS_SERVER, 0);
    world.codec.deflate = deflate_for_ever;
    CHECK(pws_send(&world.ws, PWS_BINARY, data, sizeof data) == PWS_OK);
    for (i = 0; i < 100; i++)
        CHECK(pws_next(&world.ws, NULL, &ev) && ev.kind == PWS_WRITE);
    end(&world);
}

/* Inflates for ever, from nothing. */
static int32_t inflate_for_ever(void *codec, pws_view *in, pws_bytes *out) {
    (void)codec;
    (void)in;
    memset(out->ptr, 0x2a, out->len);
    out->ptr += out->len;
    out->len = 0;
    return PWS_OK;
}

static void test_endless_inflater(void) {
    struct world world;
    uint32_t flags;

    check_case("a codec that inflates for ever ends at max_message");
    for (flags = 0; flags <= PWS_STREAM; flags++) {
        begin(&world, PWS_SERVER, flags);
        world.codec.inflate = inflate_for_ever;
        feed_hello(&world, 100);
        expect_failure(&world, PWS_E_TOO_BIG, 1009);
        end(&world);
    }
}

/* ---- What a codec is asked for ---- */

static void check_windows(uint32_t role, uint32_t inflate_bits, uint32_t deflate_bits) {
    static const uint8_t data[100] = {0};
    struct world world;

    begin_with(&world, role, 0, 10, 12);
    feed_hello(&world, 100);
    CHECK(world.codecs.inflaters == 1 && world.codecs.window_bits == inflate_bits);
    CHECK(pws_send(&world.ws, PWS_BINARY, data, sizeof data) == PWS_OK);
    CHECK(world.codecs.deflaters == 1 && world.codecs.window_bits == deflate_bits);
    end(&world);
}

static void test_windows(void) {
    check_case("a codec is opened with the window of the end that compresses");
    check_windows(PWS_SERVER, 12, 10);
    check_windows(PWS_CLIENT, 10, 12);
}

/* ---- Both ways at once ---- */

/* A client's masked message goes out in pieces, and between two of them a compressed one comes in.
 */
static void test_pieces(void) {
    static uint8_t data[6000];
    struct world world;
    pws_event ev;
    size_t i;

    check_case("what is received does not touch the mask of what is being sent");
    begin(&world, PWS_CLIENT, 0);
    for (i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    CHECK(pws_send(&world.ws, PWS_BINARY | PWS_PLAIN, data, sizeof data) == PWS_OK);
    CHECK(pws_next(&world.ws, NULL, &ev) && ev.kind == PWS_WRITE && pws_borrows(&world.ws));
    memcpy(world.output, ev.out[0].ptr, ev.out[0].len);
    world.output_length = ev.out[0].len;
    pws_wrote(&world.ws, ev.out[0].len);
    pws_hold(&world.ws, 1);
    feed_hello(&world, 100);
    CHECK(world.messages == 1);
    pws_hold(&world.ws, 0);
    pull(&world, NULL);
    CHECK(world.output_length == 8 + sizeof data);
    for (i = 0; i < sizeof data; i++)
        if ((world.output[8 + i] ^ world.output[4 + i % 4]) != data[i])
            break;
    CHECK(i == sizeof data);
    end(&world);
}

/* ---- Frames for many ---- */

static void test_frame_deflate(void) {
    struct world world;
    static const uint8_t data[100] = {0};
    uint8_t frame[200];
    size_t i, written;

    check_case("pws_frame_deflate says what a codec does wrong, and gives it back");
    begin(&world, PWS_SERVER, 0);
    for (i = 0; i < WRONGS; i++) {
        int32_t error, expected = PWS_E_DEFLATE;

        if (wrong[i].misbehaviour == STORED_WANTS_SPACE)
            expected = PWS_E_SPACE;
        world.codecs.misbehaviour = wrong[i].misbehaviour;
        error = pws_frame_deflate(&world.config, 15, frame, sizeof frame, &written, PWS_BINARY,
                                  data, sizeof data);
        CHECK(error == expected);
        CHECK(world.codecs.open == 0);
    }
    world.codecs.misbehaviour = STORED_REFUSES;
    CHECK(pws_frame_deflate(&world.config, 15, frame, sizeof frame, &written, PWS_BINARY, data,
                            sizeof data) == PWS_E_BUSY);
    world.codecs.misbehaviour = STORED_BEHAVES;
    world.codec.deflate = deflate_without_tail;
    CHECK(pws_frame_deflate(&world.config, 15, frame, sizeof frame, &written, PWS_BINARY, data,
                            sizeof data) == PWS_E_DEFLATE);
    CHECK(world.codecs.open == 0);
    world.codec.deflate = stored_deflate;
    for (i = 0; i < sizeof frame; i++) {
        uint8_t *exact = (uint8_t *)malloc(i + 1);
        int32_t error;

        if (exact == NULL)
            exit(2);
        error = pws_frame_deflate(&world.config, 15, exact, i + 1, &written, PWS_BINARY, data,
                                  sizeof data);
        CHECK(error == PWS_OK || error == PWS_E_SPACE);
        CHECK(error != PWS_OK || written <= i + 1);
        CHECK(error == PWS_OK || i + 1 < sizeof frame);
        free(exact);
    }
    CHECK(world.codecs.open == 0);
    end(&world);
}

int main(void) {
    test_both();
    test_inflate_later();
    test_refused_inflater();
    test_refused_deflater();
    test_ends();
    test_endless();
    test_endless_inflater();
    test_windows();
    test_pieces();
    test_frame_deflate();
    return check_end();
}
