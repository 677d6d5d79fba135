/* What compressing costs in time: the zlib adapter over made-up JSON, each message flushed, for
 * some sizes of message, levels, and context taken over or not. Prints a table in Markdown. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "zlib_codec.h"

enum {
    TOTAL = 8 << 20,
    LARGEST = 16384
};

static uint8_t text[TOTAL], packed[TOTAL], unpacked[LARGEST];
static size_t packed_length[TOTAL / 200];

/* Fills text with objects as a chat or a ticker sends them; always the same. */
static void make_text(void) {
    static const char *const words[] = {"alpha", "bravo", "charlie", "delta", "echo", "foxtrot"};
    uint32_t state = 1;
    size_t length = 0;

    while (length < sizeof text) {
        char object[160];
        int size;

        state = state * 1664525u + 1013904223u;
        size = snprintf(object, sizeof object,
                        "{\"id\":%u,\"user\":\"%s\",\"room\":\"%s\",\"price\":%u.%02u,\"ok\":%s}\n",
                        (unsigned)(state >> 4), words[state % 6], words[(state >> 9) % 6],
                        (unsigned)(state >> 20), (unsigned)(state >> 8) % 100,
                        (state >> 16) % 2 ? "true" : "false");
        if ((size_t)size > sizeof text - length)
            size = (int)(sizeof text - length);
        memcpy(text + length, object, (size_t)size);
        length += (size_t)size;
    }
}

static void *open_or_exit(const pws_codec *codec, uint32_t direction) {
    void *opened = codec->open(codec->context, direction, 15);

    if (opened == NULL)
        exit(1);
    return opened;
}

static double seconds(clock_t begin) {
    return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

/* Compresses all of text in such messages. Returns the bytes that come out. */
static size_t deflate_all(const pws_codec *codec, size_t message, int takeover) {
    void *deflater = open_or_exit(codec, PWS_DEFLATE);
    size_t begin, used = 0;

    for (begin = 0; begin + message <= sizeof text; begin += message) {
        pws_view in = {text + begin, message};
        pws_bytes out = {packed + used, sizeof packed - used};

        if (codec->deflate(deflater, &in, &out) != PWS_OK)
            exit(1);
        packed_length[begin / message] = sizeof packed - used - out.len;
        used = sizeof packed - out.len;
        if (!takeover) {
            codec->close(deflater);
            deflater = open_or_exit(codec, PWS_DEFLATE);
        }
    }
    codec->close(deflater);
    return used;
}

/* Decompresses it all and compares it. */
static void inflate_all(const pws_codec *codec, size_t message, int takeover) {
    void *inflater = open_or_exit(codec, PWS_INFLATE);
    const uint8_t *next = packed;
    size_t begin;

    for (begin = 0; begin + message <= sizeof text; begin += message) {
        pws_view in = {next, packed_length[begin / message]};
        pws_bytes out = {unpacked, sizeof unpacked};

        next += in.len;
        if (codec->inflate(inflater, &in, &out) != PWS_OK || sizeof unpacked - out.len != message ||
            memcmp(unpacked, text + begin, message) != 0)
            exit(1);
        if (!takeover) {
            codec->close(inflater);
            inflater = open_or_exit(codec, PWS_INFLATE);
        }
    }
    codec->close(inflater);
}

int main(void) {
    static const size_t sizes[] = {200, 1000, 16384};
    static const int levels[] = {1, 6, 9};
    size_t i, j;
    int takeover;

    make_text();
    puts("| bytes of a message | level | context | size becomes | deflate, MB/s | inflate, MB/s |");
    puts("|---|---|---|---|---|---|");
    for (i = 0; i < 3; i++)
        for (takeover = 1; takeover >= 0; takeover--)
            for (j = 0; j < 3; j++) {
                struct zlib_codecs codecs;
                pws_codec codec;
                double deflating, inflating;
                clock_t begin;
                size_t used;

                memset(&codecs, 0, sizeof codecs);
                codecs.level = levels[j];
                codecs.max_inflate = codecs.max_deflate = 1;
                codec = zlib_codec(&codecs);
                begin = clock();
                used = deflate_all(&codec, sizes[i], takeover);
                deflating = seconds(begin);
                begin = clock();
                inflate_all(&codec, sizes[i], takeover);
                inflating = seconds(begin);
                printf("| %zu | %d | %s | %.0f %% | %.0f | %.0f |\n", sizes[i], levels[j],
                       takeover ? "taken over" : "not", 100.0 * (double)used / sizeof text,
                       sizeof text / 1e6 / deflating, sizeof text / 1e6 / inflating);
                zlib_codecs_free(&codecs);
            }
    return 0;
}
