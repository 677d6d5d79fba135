/* Vector code against the plain code, whatever of it this machine has: the same results for random
 * inputs of every length and alignment, in place and from one place to another. Buffers are as
 * small as they can be, so that a sanitizer sees whether more is read. */
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "../plain.h"
#include "../texts.h"

enum {
    LONGEST = 512,
    ALIGNMENTS = 64,
    TEXTS = 400000
};

static uint32_t variants[4];
static size_t variant_count;

static void random_fill(uint8_t *bytes, size_t length) {
    size_t i;

    for (i = 0; i < length; i++)
        bytes[i] = (uint8_t)random32();
}

/* Every choice among the bits that this machine has and that matter to masks and text. */
static void find_variants(void) {
    uint32_t cpu = pws_cpu() & (PWS_CPU_AVX2 | PWS_CPU_AVX512), chosen;

    for (chosen = 0; chosen <= cpu; chosen++)
        if ((chosen & ~cpu) == 0)
            variants[variant_count++] = chosen;
}

/* Memory of offset + length bytes, of which those from offset on are used, so that their end is the
 * end of the memory. */
static uint8_t *reserve(size_t length, size_t offset) {
    uint8_t *memory = (uint8_t *)malloc(length + offset + (length + offset == 0));

    if (memory == NULL)
        abort();
    memset(memory, 0xEE, offset);
    return memory;
}

static int untouched(const uint8_t *memory, size_t offset) {
    size_t i;

    for (i = 0; i < offset; i++)
        if (memory[i] != 0xEE)
            return 0;
    return 1;
}

/* 1 if masking agrees with the plain code, to another place and in place. */
static int masks_alike(const uint8_t *data, size_t length, size_t from, size_t to, uint32_t cpu) {
    uint8_t expected[LONGEST], key[4];
    uint8_t *src = reserve(length, from), *dst = reserve(length, to);
    int alike;

    random_fill(key, 4);
    plain_mask(expected, data, length, key, 0);
    memcpy(src + from, data, length);
    pws_mask(dst + to, src + from, length, key, cpu);
    alike = memcmp(dst + to, expected, length) == 0 && memcmp(src + from, data, length) == 0;
    pws_mask(src + from, src + from, length, key, cpu);
    alike = alike && memcmp(src + from, expected, length) == 0;
    alike = alike && untouched(src, from) && untouched(dst, to);
    free(src);
    free(dst);
    return alike;
}

static void check_masks(void) {
    uint8_t data[LONGEST];
    size_t length, offset, v;
    int wrong = 0;

    check_case("masking: every length up to 512 at every alignment");
    random_fill(data, sizeof data);
    for (length = 0; length <= LONGEST; length++)
        for (offset = 0; offset < ALIGNMENTS; offset++)
            for (v = 0; v < variant_count; v++)
                wrong += !masks_alike(data, length, offset, random_below(ALIGNMENTS), variants[v]);
    CHECK(wrong == 0);
}

/* ---- Text ---- */

enum way {
    COPY,
    IN_PLACE,
    ONLY_READ,
    WAYS
};

/* 1 if a part of a text, of which *expected_state and *state are left, is judged and unmasked as by
 * the plain code. *good: whether it may go on. */
static int part_alike(const uint8_t *text, size_t length, enum way way, uint32_t cpu,
                      uint32_t *expected_state, uint32_t *state, int *good) {
    size_t from = random_below(ALIGNMENTS), to = random_below(ALIGNMENTS), found, expected;
    uint8_t *src = reserve(length, from), *dst = reserve(length, to), *out = dst + to, key[4];
    int alike;

    random_fill(key, 4);
    expected = plain_utf8_scan(expected_state, text, length, 0);
    if (way == ONLY_READ) {
        memcpy(out, text, length);
        found = pws_utf8_scan(state, out, length, cpu);
    } else {
        plain_mask(src + from, text, length, key, 0);
        if (way == IN_PLACE)
            out = src + from;
        found = pws_mask_text(out, src + from, length, key, state, cpu);
    }
    alike = found == expected && *state == *expected_state && memcmp(out, text, length) == 0 &&
            untouched(src, from) && untouched(dst, to);
    *good = expected == length;
    free(src);
    free(dst);
    return alike;
}

/* 1 if a text by itself is judged and unmasked in place as by the plain code. */
static int whole_alike(const uint8_t *text, size_t length, uint32_t cpu) {
    size_t from = random_below(ALIGNMENTS);
    uint8_t *src = reserve(length, from), key[4];
    int alike, good = plain_utf8_valid(text, length);

    random_fill(key, 4);
    plain_mask(src + from, text, length, key, 0);
    alike = pws_mask_whole_text(src + from, src + from, length, key, cpu) == good &&
            memcmp(src + from, text, length) == 0 && untouched(src, from);
    free(src);
    return alike;
}

/* 1 if a text that comes in three parts, and by itself, is judged as by the plain code, in every
 * way. */
static int text_alike(const uint8_t *text, size_t length, size_t first, size_t second) {
    size_t v, p, at, sizes[3];
    uint32_t expected_state, state;
    int way, good;

    sizes[0] = first;
    sizes[1] = second;
    sizes[2] = length - first - second;
    for (v = 0; v < variant_count; v++) {
        if (!whole_alike(text, length, variants[v]))
            return 0;
        for (way = 0; way < WAYS; way++) {
            expected_state = state = 0;
            good = 1;
            for (p = 0, at = 0; p < 3 && good; at += sizes[p], p++)
                if (!part_alike(text + at, sizes[p], (enum way)way, variants[v], &expected_state,
                                &state, &good))
                    return 0;
        }
    }
    return 1;
}

static void check_texts(void) {
    static uint8_t text[20000];
    uint8_t small[LONGEST];
    size_t i, length, first, at;
    int wrong = 0;

    check_case("text: random ones in three parts, good and bad");
    for (i = 0; i < TEXTS / variant_count; i++) {
        length = random_below(i % 4 == 0 ? LONGEST : 160) + 1;
        make_text(text, length, i % 3 == 0 ? 0 : i % 3 == 1 ? 8 : 80);
        first = random_below(length + 1);
        wrong += !text_alike(text, length, first, random_below(length - first + 1));
    }
    CHECK(wrong == 0);

    check_case("text: each bad piece at every place of a mixed text, and of ASCII");
    wrong = 0;
    for (i = 0; i < COUNT(bad_pieces); i++) {
        make_text(text, 200, 0);
        memset(text + 200, 'a', LONGEST);
        for (at = 0; at < 200 + LONGEST; at++) {
            length = at < 200 ? 200 : LONGEST;
            memcpy(small, at < 200 ? text : text + 200, length);
            add_piece(small, at < 200 ? at : at - 200, length, bad_pieces[i]);
            wrong += !text_alike(small, length, 0, length);
        }
    }
    CHECK(wrong == 0);

    check_case("text: every cut in two, at every length up to 200");
    wrong = 0;
    make_text(text, 200, 0);
    for (length = 0; length <= 200; length += length < 140 ? 1 : 7)
        for (first = 0; first <= length; first++)
            wrong += !text_alike(text, length, first, 0);
    CHECK(wrong == 0);

    check_case("text: long ones");
    wrong = 0;
    for (i = 0; i < 300; i++) {
        length = sizeof text - random_below(9000);
        make_text(text, length, i % 2 == 0 ? 0 : 500);
        wrong += !text_alike(text, length, random_below(length), 0);
    }
    CHECK(wrong == 0);

    check_case("text: whole, without configuration");
    wrong = 0;
    for (i = 0; i < 20000; i++) {
        length = random_below(100);
        make_text(text, length, 20);
        wrong += pws_utf8_valid(text, length) != plain_utf8_valid(text, length);
    }
    CHECK(wrong == 0);
}

/* ---- The other leaves ---- */

static void check_digests(void) {
    uint8_t text[PWS_SHA1_TEXT], expected[20], digest[20];
    size_t i, v;
    int wrong = 0;

    check_case("SHA-1: random texts");
    for (i = 0; i < 1000; i++) {
        random_fill(text, sizeof text);
        plain_sha1(expected, text, 0);
        for (v = 0; v < 2; v++) {
            pws_sha1(digest, text, v == 0 ? 0 : pws_cpu());
            wrong += memcmp(digest, expected, 20) != 0;
        }
    }
    CHECK(wrong == 0);
}

/* Keys with none, one or two characters changed for any other. */
static void check_keys(void) {
    char key[PWS_KEY_LENGTH];
    pws_str text = {key, sizeof key};
    uint8_t nonce[16];
    size_t i, j, good = 0;
    int wrong = 0;

    check_case("base64: random keys");
    for (i = 0; i < 100000; i++) {
        random_fill(nonce, sizeof nonce);
        plain_base64_encode(key, nonce, sizeof nonce);
        for (j = i % 3; j > 0; j--)
            key[random_below(sizeof key)] = (char)random32();
        good += (size_t)plain_base64_is_key(text);
        wrong += pws_base64_is_key(text) != plain_base64_is_key(text);
    }
    CHECK(wrong == 0);
    CHECK(good > 30000 && good < 70000);
}

static void check_random(void) {
    static pws_random plain, vectors;
    uint8_t seed[32], expected[700], bytes[700];
    size_t i, length;
    int wrong = 0;

    check_case("random bytes and masking keys: the same in the same order");
    random_fill(seed, sizeof seed);
    CHECK(plain_random_seed(&plain, seed) == PWS_OK && pws_random_seed(&vectors, seed) == PWS_OK);
    for (i = 0; i < 3000; i++) {
        length = random_below(i % 100 == 0 ? sizeof bytes : 9);
        memset(expected, 0, sizeof expected);
        memset(bytes, 0, sizeof bytes);
        plain_random_bytes(&plain, expected, length);
        pws_random_bytes(&vectors, bytes, length);
        plain_masking_key(&plain, expected + 1);
        pws_masking_key(&vectors, bytes + 1);
        wrong += memcmp(expected, bytes, sizeof bytes) != 0;
        wrong += memcmp(&plain, &vectors, sizeof plain) != 0;
    }
    CHECK(wrong == 0);

    check_case("masking keys are what random bytes would be");
    CHECK(plain_random_seed(&plain, seed) == PWS_OK && pws_random_seed(&vectors, seed) == PWS_OK);
    plain_random_bytes(&plain, expected, 600);
    wrong = 0;
    for (i = 0; i < 600; i += 4) {
        pws_masking_key(&vectors, bytes);
        wrong += memcmp(bytes, expected + i, 4) != 0;
    }
    CHECK(wrong == 0);
    CHECK(memcmp(&plain, &vectors, sizeof plain) == 0);
}

/* Reads a head with the library's code or the plain code. Returns where that ended. */
static int read_head(int plain, const pws_config *config, const uint8_t *text, size_t length,
                     uint8_t *memory, pws_reading *reading, pws_head *head) {
    pws_lines lines;
    int found;

    memset(head, 0, sizeof *head);
    memset(reading, 0, sizeof *reading);
    reading->config = config;
    reading->head = head;
    lines.head = (const char *)memory;
    lines.begin = lines.to = memory;
    lines.from = text;
    lines.left = length;
    found = plain ? plain_read_lines(&lines, reading) : pws_read_lines(&lines, reading);
    reading->head = NULL;
    return found + 8 * (int)(lines.begin - memory) + 4096 * (int)(lines.to - memory);
}

static void check_lines(void) {
    static const char controls[] = "\t\t\r\n\n\x01\x1F\x7F";
    static const char begin[] = "GET / HTTP/1.1\r\nSec-WebSocket-Key: x\r\nOrigin:";
    pws_config config;
    pws_reading reading, expected;
    pws_head head, expected_head;
    uint8_t text[300], memory[300], *bytes;
    size_t i, j, length;
    int wrong = 0;

    check_case("header lines: random ones");
    memset(&config, 0, sizeof config);
    config.role = PWS_SERVER;
    for (i = 0; i < 200000; i++) {
        length = sizeof begin - 1 + random_below(200);
        memcpy(text, begin, sizeof begin - 1);
        for (j = sizeof begin - 1; j < length; j++)
            text[j] = random_below(60) == 0 ? (uint8_t)controls[random_below(sizeof controls)]
                                            : (uint8_t)(' ' + random_below(95));
        if (i % 3 == 0)
            text[random_below(length)] = (uint8_t)random32();
        if (i % 2 == 0 && length > sizeof begin + 4)
            memcpy(text + length - 4, "\r\n\r\n", 4);
        bytes = reserve(length, 0);
        memcpy(bytes, text, length);
        memset(memory, 0, sizeof memory);
        wrong += read_head(1, &config, text, length, memory, &expected, &expected_head) !=
                 read_head(0, &config, bytes, length, memory, &reading, &head);
        wrong += memcmp(&reading, &expected, sizeof reading) != 0;
        wrong += memcmp(&head, &expected_head, sizeof head) != 0;
        free(bytes);
    }
    CHECK(wrong == 0);
}

int main(void) {
    find_variants();
    check_masks();
    check_texts();
    check_digests();
    check_keys();
    check_random();
    check_lines();
    return check_end();
}
