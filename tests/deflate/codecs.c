/* The codecs by themselves, without the library: what one compresses each other decompresses,
 * however input and room are cut, and the hooks keep the promises of pws_codec. */
#include "check.h"
#include "isal_codec.h"
#include "stored_codec.h"
#include "zlib_codec.h"

enum {
    LONGEST = 200000,     /* bytes of a message */
    PACKED = LONGEST * 2, /* bytes that it may become; room of one byte adds ends */
    MESSAGES = 6,         /* that take over the context of the one before */
    TAIL = 4              /* 00 00 ff ff, which is not sent (RFC 7692 7.2.1) */
};

/* How pieces are cut. */
enum cut {
    CUT_NONE,
    CUT_RANDOM,
    CUT_BYTES,
    CUTS
};

static struct stored_codecs stored;
static struct zlib_codecs zlib;
static pws_codec codecs[3];
static const char *const names[3] = {"stored", "zlib", "ISA-L"};
enum {
    STORED,
    ZLIB,
    ISAL
};

static uint8_t message[LONGEST], packed[PACKED], unpacked[LONGEST + 1];
static int quick; /* --quick: for tools that slow everything down */
static uint64_t random_state = 88172645463325252u;

static uint32_t draw(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

static size_t cut(enum cut how, size_t length) {
    size_t n = how == CUT_NONE ? length : how == CUT_BYTES ? 1 : 1 + draw(700);

    return n < length ? n : length;
}

/* ---- Through a codec ---- */

/* Compresses data in parts with room cut likewise, as the library does. Returns the length, with
 * its end, or 0 if the hook breaks its promise. */
static size_t pack(const pws_codec *codec, void *deflater, const uint8_t *data, size_t length,
                   enum cut how) {
    size_t done = 0, written = 0, part, room, before;
    pws_view in;
    pws_bytes out;
    int32_t result = PWS_OK;

    do {
        part = cut(how == CUT_BYTES ? CUT_RANDOM : how, length - done);
        in.ptr = data + done;
        in.len = part;
        do {
            room = cut(how, PACKED - written);
            before = in.len;
            out.ptr = packed + written;
            out.len = room;
            result = codec->deflate(deflater, &in, &out);
            if (out.len > room || out.ptr != packed + written + room - out.len || in.len > before)
                return 0;
            if (result == PWS_E_SPACE && out.len > 0)
                return 0; /* it had room */
            written += room - out.len;
            if (written == PACKED)
                return 0;
        } while (result == PWS_E_SPACE);
        if (result != PWS_OK || in.len > 0)
            return 0;
        done += part;
    } while (done < length);
    if (length == 0 && written == 0) { /* the hook may leave an empty message to the library */
        memset(packed, 0, TAIL - 1);
        memset(packed + TAIL - 1, 0xff, 2);
        written = TAIL + 1;
    }
    if (written < TAIL || memcmp(packed + written - TAIL, "\0\0\377\377", TAIL) != 0)
        return 0;
    return written;
}

/* Decompresses data, cut, into unpacked. Returns the length, or SIZE_MAX after an error. */
static size_t unpack(const pws_codec *codec, void *inflater, const uint8_t *data, size_t length,
                     enum cut how) {
    size_t done = 0, written = 0, room;
    pws_view in = {NULL, 0};
    pws_bytes out;

    for (;;) {
        if (in.len == 0) {
            in.ptr = data + done;
            in.len = cut(how, length - done);
            done += in.len;
        }
        room = cut(how, sizeof unpacked - written);
        out.ptr = unpacked + written;
        out.len = room;
        if (codec->inflate(inflater, &in, &out) != PWS_OK)
            return SIZE_MAX;
        written += room - out.len;
        if (written == sizeof unpacked || (in.len > 0 && out.len > 0))
            return SIZE_MAX; /* it stopped with input and room */
        if (in.len == 0 && out.len > 0 && done == length)
            return written;
    }
}

/* The same with the tail as a piece of its own, as the library adds it. */
static size_t unpack_message(const pws_codec *codec, void *inflater, const uint8_t *data,
                             size_t length, enum cut how) {
    static const uint8_t tail[TAIL] = {0x00, 0x00, 0xff, 0xff};
    static uint8_t first[LONGEST];
    size_t body = unpack(codec, inflater, data, length, how), end;

    if (body == SIZE_MAX)
        return SIZE_MAX;
    memcpy(first, unpacked, body);
    end = unpack(codec, inflater, tail, TAIL, how);
    if (end == SIZE_MAX || body + end > LONGEST)
        return SIZE_MAX;
    memmove(unpacked + body, unpacked, end);
    memcpy(unpacked, first, body);
    return body + end;
}

/* ---- Messages ---- */

enum content {
    CONTENT_RANDOM,
    CONTENT_TEXT,
    CONTENT_RUNS,
    CONTENT_FAR, /* repeats at the edge of the window */
    CONTENTS
};

static void fill(enum content content, size_t length, uint32_t bits) {
    static const char *const words[] = {"frame ", "message ", "of ", "the ", "peer ", "mask\n"};
    size_t i = 0, period = ((size_t)1 << bits) - 2 + draw(5);
    const char *word;
    uint8_t byte;

    while (i < length) {
        switch (content) {
        case CONTENT_RANDOM:
            message[i++] = (uint8_t)draw(256);
            break;
        case CONTENT_TEXT:
            for (word = words[draw(6)]; *word != '\0' && i < length; word++)
                message[i++] = (uint8_t)*word;
            break;
        case CONTENT_RUNS:
            byte = (uint8_t)draw(3);
            for (period = 1 + draw(1000); period > 0 && i < length; period--)
                message[i++] = byte;
            break;
        default:
            message[i] = i < period ? (uint8_t)draw(256) : message[i - period];
            i++;
            break;
        }
    }
}

static size_t message_length(enum cut how, int number) {
    if (number == 1)
        return 0;
    if (how == CUT_BYTES)
        return draw(2000);
    if (quick)
        return draw(5000);
    return number == 0 ? LONGEST - draw(1000) : draw(20000);
}

/* ---- The tests ---- */

static void test_pair(int from, int to) {
    static char name[100];
    uint32_t bits;
    int content, how, number;

    for (bits = codecs[from].min_deflate_bits; bits <= 15; bits += quick ? 3 : 1) {
        snprintf(name, sizeof name, "%s decompresses what %s compresses with a window of %u bits",
                 names[to], names[from], (unsigned)bits);
        check_case(name);
        for (content = 0; content < CONTENTS; content++) {
            for (how = 0; how < CUTS; how++) {
                void *deflater = codecs[from].open(codecs[from].context, PWS_DEFLATE, bits);
                void *inflater = codecs[to].open(codecs[to].context, PWS_INFLATE, bits);
                for (number = 0; number < MESSAGES; number++) {
                    size_t length = message_length((enum cut)how, number), small;
                    fill((enum content)content, length, bits);
                    small = pack(&codecs[from], deflater, message, length, (enum cut)how);
                    CHECK(small > 0);
                    if (small == 0)
                        break;
                    if (content == CONTENT_RUNS && from != STORED && length > 2000)
                        CHECK(small < length / 4);
                    CHECK(unpack_message(&codecs[to], inflater, packed, small - TAIL,
                                         (enum cut)how) == length);
                    CHECK(memcmp(unpacked, message, length) == 0);
                }
                codecs[from].close(deflater);
                codecs[to].close(inflater);
            }
        }
    }
}

/* Decompresses, with every cut, messages that take over; expects the texts. */
static void test_inflates(int to, const char *const *bytes, const size_t *lengths,
                          const char *const *texts, int count) {
    int how, i;

    for (how = 0; how < CUTS; how++) {
        void *inflater = codecs[to].open(codecs[to].context, PWS_INFLATE, 15);
        for (i = 0; i < count; i++) {
            size_t length = unpack_message(&codecs[to], inflater, (const uint8_t *)bytes[i],
                                           lengths[i], (enum cut)how);
            CHECK(length == strlen(texts[i]));
            CHECK(length <= sizeof unpacked && memcmp(unpacked, texts[i], length) == 0);
        }
        codecs[to].close(inflater);
    }
}

static void test_rfc_examples(int to) {
    static const char *const compressed[] = {"\xf2\x48\xcd\xc9\xc9\x07\x00",
                                             "\xf2\x00\x11\x00\x00"};
    static const char *const stored_block[] = {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"};
    static const char *const final[] = {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "\xf2\x00\x11\x00\x00"};
    static const char *const two_blocks[] = {
        "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"};
    static const char *const empty[] = {"\x00", "\x00"};
    static const size_t compressed_lengths[] = {7, 5}, stored_lengths[] = {11},
                        final_lengths[] = {8, 5}, two_lengths[] = {13}, empty_lengths[] = {1, 1};
    static const char *const hello[] = {"Hello", "Hello"}, *const nothing[] = {"", ""};
    static char name[100];

    snprintf(name, sizeof name, "%s and the examples of RFC 7692 7.2.3", names[to]);
    check_case(name);
    test_inflates(to, stored_block, stored_lengths, hello, 1); /* 7.2.3.3 */
    test_inflates(to, empty, empty_lengths, nothing, 2);       /* 7.2.3.6 */
    if (to == STORED)
        return;
    test_inflates(to, compressed, compressed_lengths, hello, 2); /* 7.2.3.1, 7.2.3.2 */
    test_inflates(to, final, final_lengths, hello, 2);           /* 7.2.3.4, and taken over */
    test_inflates(to, two_blocks, two_lengths, hello, 1);        /* 7.2.3.5 */
}

/* A stream of final blocks, each of which refers to what was before it. */
static size_t pack_final(size_t length, size_t piece) {
    size_t done, written = 0;
    z_stream z;

    memset(&z, 0, sizeof z);
    CHECK(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    for (done = 0; done < length; done += piece) {
        deflateReset(&z);
        if (done > 0)
            deflateSetDictionary(&z, message, (uInt)done);
        z.next_in = message + done;
        z.avail_in = (uInt)(length - done < piece ? length - done : piece);
        z.next_out = packed + written;
        z.avail_out = (uInt)(PACKED - written);
        CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
        written = PACKED - z.avail_out;
    }
    deflateEnd(&z);
    packed[written++] = 0; /* the head of the empty block whose rest is the tail */
    return written;
}

static void test_final_blocks(int to) {
    static const size_t pieces[] = {1, 2, 7, 300, 5000, 40000};
    static char name[100];
    size_t i, length, small;
    int content, how;

    snprintf(name, sizeof name, "%s goes on after final blocks with the same window", names[to]);
    check_case(name);
    for (content = 0; content < CONTENTS; content++) {
        for (i = quick ? 2 : 0; i < sizeof pieces / sizeof *pieces; i++) {
            for (how = 0; how < CUTS; how++) {
                void *inflater = codecs[to].open(codecs[to].context, PWS_INFLATE, 15);
                length = pieces[i] * 20 < LONGEST ? pieces[i] * 20 : LONGEST;
                if (quick && length > 6000)
                    length = 6000;
                fill((enum content)content, length, 12);
                small = pack_final(length, pieces[i]);
                CHECK(unpack_message(&codecs[to], inflater, packed, small, (enum cut)how) ==
                      length);
                CHECK(memcmp(unpacked, message, length) == 0);
                codecs[to].close(inflater);
            }
        }
    }
}

static void test_garbage(int to) {
    static const struct {
        const char *bytes;
        size_t length;
    } bad[] = {
        {"\x07", 1},                     /* block type 3 */
        {"\x00\x01\x00\x01\x00\x61", 6}, /* NLEN is not the complement of LEN */
        {"\xf2\x00\x11\x00\x00", 5},     /* refers to what was never there */
        {"\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12} /* no Huffman code */
    };
    static char name[100];
    uint8_t noise[300];
    size_t i, n;
    int how;

    snprintf(name, sizeof name, "%s refuses what is not DEFLATE", names[to]);
    check_case(name);
    for (how = 0; how < CUTS; how++) {
        for (i = 0; i < sizeof bad / sizeof *bad; i++) {
            void *inflater = codecs[to].open(codecs[to].context, PWS_INFLATE, 15);
            CHECK(unpack(&codecs[to], inflater, (const uint8_t *)bad[i].bytes, bad[i].length,
                         (enum cut)how) == SIZE_MAX);
            codecs[to].close(inflater);
        }
        for (i = 0; i < (size_t)(quick ? 20 : 2000); i++) { /* whatever comes of it, it ends */
            void *inflater = codecs[to].open(codecs[to].context, PWS_INFLATE, 8 + draw(8));
            for (n = 0; n < sizeof noise; n++)
                noise[n] = (uint8_t)draw(256);
            unpack(&codecs[to], inflater, noise, sizeof noise, (enum cut)how);
            codecs[to].close(inflater);
        }
    }
}

static void test_rooms(int from) {
    static char name[100];
    void *deflater = codecs[from].open(codecs[from].context, PWS_DEFLATE, 15);
    void *inflater = codecs[ZLIB].open(codecs[ZLIB].context, PWS_INFLATE, 15);
    size_t room, length, written, n;
    pws_view in;
    pws_bytes out;
    int32_t result;

    snprintf(name, sizeof name, "%s compresses into rooms of every size, always the same",
             names[from]);
    check_case(name);
    if (from == STORED) {
        codecs[ZLIB].close(inflater);
        inflater = codecs[STORED].open(codecs[STORED].context, PWS_INFLATE, 15);
    }
    for (room = 1; room <= 80; room += quick ? 7 : 1) {
        for (length = 0; length < 40; length++) {
            fill(CONTENT_TEXT, length, 15);
            in.ptr = message;
            in.len = length;
            written = 0;
            do {
                out.ptr = packed + written;
                out.len = room;
                result = codecs[from].deflate(deflater, &in, &out);
                n = room - out.len;
                written += n;
                CHECK(result == PWS_OK || (result == PWS_E_SPACE && n == room));
            } while (result == PWS_E_SPACE && written < 4096);
            CHECK(result == PWS_OK && in.len == 0);
            CHECK(unpack(from == STORED ? &codecs[STORED] : &codecs[ZLIB], inflater, packed,
                         written, CUT_NONE) == length);
            CHECK(memcmp(unpacked, message, length) == 0);
        }
    }
    codecs[from].close(deflater);
    codecs[from == STORED ? STORED : ZLIB].close(inflater);
}

static void test_pool(void) {
    static const uint8_t refers[] = {0xf2, 0x00, 0x11, 0x00, 0x00}; /* RFC 7692 7.2.3.2 */
    struct zlib_codecs pool;
    pws_codec codec;
    void *a, *b, *c;
    size_t small;
    uint32_t bits;

    memset(&pool, 0, sizeof pool);
    pool.level = 9;
    pool.memory_level = 1;
    pool.max_inflate = 2;
    pool.max_deflate = 1;
    codec = zlib_codec(&pool);

    check_case("zlib: a pool gives so many codecs and no more, for each direction");
    a = codec.open(codec.context, PWS_INFLATE, 15);
    b = codec.open(codec.context, PWS_INFLATE, 10);
    CHECK(a != NULL && b != NULL && a != b);
    CHECK(codec.open(codec.context, PWS_INFLATE, 15) == NULL);
    c = codec.open(codec.context, PWS_DEFLATE, 15);
    CHECK(c != NULL);
    CHECK(codec.open(codec.context, PWS_DEFLATE, 9) == NULL);

    check_case("zlib: a codec that was given back goes to the next, without history");
    fill(CONTENT_TEXT, 1000, 15);
    small = pack(&codec, c, message, 1000, CUT_NONE);
    CHECK(small > 0 && unpack(&codec, a, packed, small, CUT_NONE) == 1000);
    codec.close(a);
    CHECK(codec.open(codec.context, PWS_INFLATE, 15) == a);
    CHECK(unpack(&codec, a, refers, sizeof refers, CUT_NONE) == SIZE_MAX);
    codec.close(c);
    CHECK(codec.open(codec.context, PWS_DEFLATE, 15) == c);
    CHECK(pack(&codec, c, message, 1000, CUT_NONE) == small);

    check_case("zlib: a codec that was given back in the middle of anything is as good as new");
    codec.close(a);
    codec.close(c);
    a = codec.open(codec.context, PWS_INFLATE, 15);
    c = codec.open(codec.context, PWS_DEFLATE, 15);
    CHECK(a != NULL && c != NULL);
    {
        pws_view in = {message, 1000};
        pws_bytes out = {packed, 10};
        CHECK(codec.deflate(c, &in, &out) == PWS_E_SPACE);
        codec.close(c);
        c = codec.open(codec.context, PWS_DEFLATE, 15);
        CHECK(pack(&codec, c, message, 1000, CUT_RANDOM) > 0);
        unpack(&codec, a, packed, 100, CUT_NONE);
        codec.close(a);
        a = codec.open(codec.context, PWS_INFLATE, 15);
        small = pack(&codec, c, message, 0, CUT_NONE);
        codec.close(c);
        c = codec.open(codec.context, PWS_DEFLATE, 15);
        small = pack(&codec, c, message, 1000, CUT_RANDOM);
        CHECK(unpack(&codec, a, packed, small, CUT_RANDOM) == 1000);
        CHECK(memcmp(unpacked, message, 1000) == 0);
    }

    check_case("zlib: a full pool makes a codec with another window out of an idle one");
    codec.close(a);
    codec.close(b);
    codec.close(c);
    for (bits = 9; bits <= 15; bits++) {
        a = codec.open(codec.context, PWS_INFLATE, bits);
        c = codec.open(codec.context, PWS_DEFLATE, bits);
        CHECK(a != NULL && c != NULL);
        fill(CONTENT_FAR, 5000, bits);
        small = pack(&codec, c, message, 5000, CUT_RANDOM);
        CHECK(small > 0 && unpack(&codec, a, packed, small, CUT_RANDOM) == 5000);
        codec.close(a);
        codec.close(c);
        CHECK(pool.existing[0] <= 2 && pool.existing[1] <= 1);
    }
    zlib_codecs_free(&pool);

    check_case("zlib: a setting out of range gives no codec");
    pool.level = 10;
    CHECK(codec.open(codec.context, PWS_DEFLATE, 15) == NULL);
    CHECK(pool.existing[1] == 0);
    pool.level = 1;
    CHECK(codec.open(codec.context, PWS_DEFLATE, 8) == NULL);

    check_case("zlib: lengths beyond its integers are done in turns");
    CHECK(zlib_turn(SIZE_MAX) == 1u << 30 && zlib_turn((size_t)1 << 30) == 1u << 30);
    CHECK(zlib_turn(17) == 17);
}

/* What levels are for. */
static void test_levels(void) {
    struct zlib_codecs fast, small;
    pws_codec codec;
    void *deflater;
    size_t fast_length, small_length;

    memset(&fast, 0, sizeof fast);
    memset(&small, 0, sizeof small);
    fast.level = 1;
    small.level = 9;
    check_case("zlib: level 9 is smaller than level 1");
    fill(CONTENT_TEXT, 100000, 15);
    codec = zlib_codec(&fast);
    deflater = codec.open(codec.context, PWS_DEFLATE, 15);
    fast_length = pack(&codec, deflater, message, 100000, CUT_NONE);
    codec.close(deflater);
    codec = zlib_codec(&small);
    deflater = codec.open(codec.context, PWS_DEFLATE, 15);
    small_length = pack(&codec, deflater, message, 100000, CUT_NONE);
    codec.close(deflater);
    CHECK(fast_length > 0 && small_length > 0 && small_length < fast_length);
    CHECK(fast.existing[1] == 0 && small.existing[1] == 0);
}

static void test_stored_limit(void) {
    void *a;

    check_case("stored: the limit, and the count of what is open");
    CHECK(stored.open == 0 && stored.inflaters == 0 && stored.deflaters == 0);
    stored.limit = 1;
    a = codecs[STORED].open(&stored, PWS_INFLATE, 15);
    CHECK(a != NULL && stored.open == 1 && stored.inflaters == 1);
    CHECK(codecs[STORED].open(&stored, PWS_INFLATE, 15) == NULL);
    codecs[STORED].close(a);
    CHECK(stored.open == 0);
    stored.limit = 0;
    check_case("stored: blocks with codes are refused");
    a = codecs[STORED].open(&stored, PWS_INFLATE, 15);
    CHECK(unpack(&codecs[STORED], a, (const uint8_t *)"\xf2\x48\xcd\xc9\xc9\x07\x00", 7,
                 CUT_NONE) == SIZE_MAX);
    codecs[STORED].close(a);
}

int main(int argc, char **argv) {
    int from, to;

    quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    codecs[STORED] = stored_codec(&stored);
    codecs[ZLIB] = zlib_codec(&zlib);
    codecs[ISAL] = isal_codec();
    for (from = STORED; from <= ISAL; from++) {
        for (to = from == STORED ? STORED : ZLIB; to <= ISAL; to++)
            test_pair(from, to);
        test_rooms(from);
        test_rfc_examples(from);
        test_garbage(from);
    }
    test_final_blocks(ZLIB);
    test_final_blocks(ISAL);
    test_pool();
    test_levels();
    test_stored_limit();
    check_case("zlib: dedicated codecs leave nothing behind");
    CHECK(zlib.existing[0] == 0 && zlib.existing[1] == 0 && zlib.idle[0] == NULL);
    return check_end();
}
