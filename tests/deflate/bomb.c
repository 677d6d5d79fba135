/* A gibibyte of zeros, compressed to about a megabyte, against a limit of 1 MiB: the connection
 * ends with 1009, and the codec was never asked for more than the limit and one byte. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "purews.h"
#include "zlib_codec.h"

enum {
    LIMIT = 1 << 20
};

static const uint64_t gibibyte = (uint64_t)1 << 30;

/* ---- A codec around zlib's, which counts ---- */

static struct zlib_codecs zlib;
static pws_codec inner;
static uint64_t offered; /* bytes of room that did not lie in earlier room that was left */
static uint64_t written; /* bytes that it has inflated */
static uint64_t taken;   /* bytes that it has been given and has used */
static unsigned open_codecs;

static void *count_open(void *context, uint32_t direction, uint32_t window_bits) {
    void *codec = inner.open(context, direction, window_bits);

    open_codecs += codec != NULL;
    return codec;
}

static int32_t count_inflate(void *codec, pws_view *in, pws_bytes *out) {
    size_t room = out->len, length = in->len;
    int32_t error = inner.inflate(codec, in, out);

    if (written + room > offered)
        offered = written + room;
    written += room - out->len;
    taken += length - in->len;
    return error;
}

static void count_close(void *codec) {
    open_codecs--;
    inner.close(codec);
}

/* ---- The bomb, made as it is read ---- */

struct bomb {
    z_stream z;
    uint64_t left; /* zeros that are not compressed yet */
    int header;    /* the frame's first two bytes are out */
};

/* The next frame of the message, FIN clear: up to 4096 bytes of payload. Returns its size. */
static size_t next_frame(struct bomb *bomb, uint8_t *frame) {
    static uint8_t zeros[65536];
    size_t payload;

    bomb->z.next_out = frame + 4;
    bomb->z.avail_out = 4096;
    while (bomb->z.avail_out != 0 && bomb->left != 0) {
        bomb->z.next_in = zeros;
        bomb->z.avail_in = sizeof zeros;
        (void)deflate(&bomb->z, Z_NO_FLUSH);
        bomb->left -= sizeof zeros - bomb->z.avail_in;
    }
    if (bomb->left == 0)
        (void)deflate(&bomb->z, Z_SYNC_FLUSH);
    payload = 4096 - bomb->z.avail_out;
    frame[0] = bomb->header ? 0x00 : 0x42;
    frame[1] = 126;
    frame[2] = (uint8_t)(payload >> 8);
    frame[3] = (uint8_t)payload;
    bomb->header = 1;
    return payload > 125 ? payload + 4 : 0;
}

static void bomb_begin(struct bomb *bomb) {
    memset(bomb, 0, sizeof *bomb);
    bomb->left = gibibyte;
    if (deflateInit2(&bomb->z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        exit(2);
}

/* ---- A client that receives it ---- */

struct outcome {
    uint64_t delivered; /* bytes */
    uint64_t fed;       /* bytes of the bomb that were read before the end */
    uint32_t messages, sent_code;
    int32_t error; /* -1: it has not ended */
};

static void take(struct outcome *outcome, const pws_event *ev) {
    size_t i;

    if (ev->kind == PWS_BINARY) {
        outcome->delivered += ev->data.len;
        outcome->messages += (ev->flags & PWS_LAST) != 0;
        for (i = 0; i < ev->data.len; i++)
            if (ev->data.ptr[i] != 0)
                outcome->delivered = 0;
    }
    if (ev->kind == PWS_CLOSED) {
        outcome->error = ev->error;
        outcome->sent_code = ev->sent_code;
    }
}

/* Feeds the bomb in reads of so many bytes at most, until the connection ends. */
static void explode(uint32_t flags, size_t most, struct outcome *outcome) {
    static const uint8_t seed[32] = {1};
    static uint8_t frame[4200];
    struct bomb bomb;
    pws_config config;
    pws_codec codec;
    pws_agreed agreed;
    pws_random random;
    pws_conn ws;
    pws_event ev;
    uint8_t *work;
    size_t size, at, length;

    memset(&config, 0, sizeof config);
    memset(&agreed, 0, sizeof agreed);
    memset(outcome, 0, sizeof *outcome);
    inner = zlib_codec(&zlib);
    codec = inner;
    codec.open = count_open;
    codec.inflate = count_inflate;
    codec.close = count_close;
    offered = written = taken = 0;
    config.role = PWS_CLIENT;
    config.flags = flags;
    config.max_message = LIMIT;
    config.codec = &codec;
    (void)pws_random_seed(&random, seed);
    agreed.random = &random;
    agreed.deflate.agreed = 1;
    agreed.deflate.server_max_window_bits = 15;
    agreed.deflate.client_max_window_bits = 15;
    size = pws_work_size(&config);
    CHECK(size <= (size_t)LIMIT + 125 + PWS_TRANSMIT_SIZE); /* all the memory that there is */
    work = (uint8_t *)malloc(size);
    if (work == NULL)
        exit(2);
    CHECK(pws_start(&ws, &config, work, size, &agreed) == PWS_OK);
    outcome->error = -1;
    bomb_begin(&bomb);
    while (outcome->error == -1 && (length = next_frame(&bomb, frame)) != 0)
        for (at = 0; at < length && outcome->error == -1; at += most) {
            pws_bytes in;

            in.ptr = frame + at;
            in.len = length - at < most ? length - at : most;
            outcome->fed += in.len;
            while (pws_next(&ws, &in, &ev))
                take(outcome, &ev);
        }
    (void)deflateEnd(&bomb.z);
    CHECK(open_codecs == 0);
    free(work);
}

static void check_outcome(const struct outcome *outcome, uint64_t delivered) {
    CHECK(outcome->error == PWS_E_TOO_BIG);
    CHECK(outcome->sent_code == 1009);
    CHECK(outcome->messages == 0);
    CHECK(outcome->delivered == delivered);
    CHECK(offered == LIMIT + 1);
    CHECK(written == LIMIT + 1);
    CHECK(outcome->fed < 8192); /* a 1024th of the bomb's size, and what one frame has more */
    CHECK(taken <= outcome->fed);
}

int main(void) {
    struct outcome outcome;

    check_case("a bomb ends at the limit when it is gathered");
    explode(0, 65536, &outcome);
    check_outcome(&outcome, 0);
    check_case("a bomb ends at the limit however it is cut");
    explode(0, 1, &outcome);
    check_outcome(&outcome, 0);
    check_case("a bomb ends at the limit when its parts are delivered");
    explode(PWS_STREAM, 65536, &outcome);
    check_outcome(&outcome, LIMIT);
    check_case("a bomb ends at the limit when its parts are delivered, however it is cut");
    explode(PWS_STREAM, 1, &outcome);
    check_outcome(&outcome, LIMIT);
    return check_end();
}
