/* pws_random against ChaCha20 computed elsewhere: the first pool of the key 0 is known from RFC
 * 8439 A.1 (vectors 1 and 2); the others come from `openssl enc -chacha20` driven by a Python
 * script that takes 512 bytes for each pool, the first 32 of them being the next key. */
#include <string.h>

#include "../check.h"
#include "internal.h"

static void seed_with(pws_random *random, uint8_t first, uint8_t step) {
    uint8_t seed[32];
    size_t i;

    for (i = 0; i < 32; i++)
        seed[i] = (uint8_t)(first + step * i);
    CHECK(pws_random_seed(random, seed) == PWS_OK);
}

static int is_hex(const uint8_t *bytes, const char *hex) {
    size_t i;
    unsigned value;

    for (i = 0; hex[2 * i] != '\0'; i++)
        if (sscanf(hex + 2 * i, "%2x", &value) != 1 || bytes[i] != value)
            return 0;
    return 1;
}

static int is_zero(const uint8_t *bytes, size_t length) {
    size_t i;

    for (i = 0; i < length; i++)
        if (bytes[i] != 0)
            return 0;
    return 1;
}

/* 1 if any 8 bytes in a row of what was handed out are still in memory. */
static int remembers(const pws_random *random, const uint8_t *given, size_t length) {
    const uint8_t *memory = (const uint8_t *)random;
    size_t i, j;

    for (i = 0; i + 8 <= length; i++)
        for (j = 0; j + 8 <= sizeof *random; j++)
            if (memcmp(given + i, memory + j, 8) == 0)
                return 1;
    return 0;
}

static void check_stream(void) {
    static pws_random random;
    static uint8_t whole[2000], parts[2000];
    uint8_t text[PWS_SHA1_TEXT];
    size_t at, part;

    check_case("the key 0 gives the key stream of RFC 8439 A.1, from its byte 32 on");
    seed_with(&random, 0, 0);
    CHECK(pws_random_bytes(&random, whole, 96) == PWS_OK);
    CHECK(is_hex(whole, "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
                        "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                        "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"));

    check_case("the first 32 bytes of the key stream are the next key (RFC 8439 A.1, vector 1)");
    CHECK(random.key[0] == 0xADE0B876u && random.key[1] == 0x903DF1A0u &&
          random.key[2] == 0xE56A5D40u && random.key[3] == 0x28BD8653u &&
          random.key[4] == 0xB819D2BDu && random.key[5] == 0x1AED8DA0u &&
          random.key[6] == 0xCCEF36A8u && random.key[7] == 0xC70D778Bu);

    check_case("2000 bytes of the key 0, 1, ..., 31: five pools");
    seed_with(&random, 0, 1);
    CHECK(pws_random_bytes(&random, whole, sizeof whole) == PWS_OK);
    CHECK(is_hex(whole, "2b23cce7a26023ab3f0eef693ac87f64258235eab1f7a32dc22762a0485b410c"
                        "18b84231ade6a6d113615c61af434e27f8b1f3f5e1ad5b5cecf8fc122a35755c"
                        "7208086dd1ee3c5d9d815824640e003c9ba0f65ede5d59ce0d2a4a7f31955acd"));
    CHECK(is_hex(whole + 448, "17cd76043d85feff6cfc7272f1e6dfb201def102acf0175b4fe41f026a6d9cf2"
                              "2d41a59c90e41a8e7a4dccaa1c46069983b1a333ce25719ec3437768ab57fa42"));
    CHECK(is_hex(whole + 1984, "6180dbbb73a1fe0001641973c8dad374"));
    memset(text, 0, sizeof text);
    for (at = 0; at < sizeof whole; at += 40) { /* SHA-1 of each 40 behind the one before */
        memcpy(text + 20, whole + at, 40);
        pws_sha1(text, text, 0);
    }
    CHECK(is_hex(text, "30eb1e58c4b66f3b7edf1622d18051b76bcb793e"));

    check_case("a masking key is not taken from two pools");
    seed_with(&random, 0, 1);
    pws_random_bytes(&random, parts, 478);
    pws_masking_key(&random, parts);
    CHECK(memcmp(parts, whole + 480, 4) == 0); /* the two bytes left are dropped */

    check_case("however they are asked for, the bytes are the same");
    seed_with(&random, 0, 1);
    for (at = 0, part = 0; at < sizeof parts; at += part, part = part % 13 + 1) {
        if (part > sizeof parts - at)
            part = sizeof parts - at;
        CHECK(pws_random_bytes(&random, parts + at, part) == PWS_OK);
    }
    CHECK(memcmp(parts, whole, sizeof whole) == 0);
}

int main(void) {
    static pws_random random, before, zero;
    static uint8_t given[1000], again[1000];
    uint8_t seed[32] = {0};

    check_stream();

    check_case("what was handed out is wiped");
    seed_with(&random, 7, 3);
    CHECK(pws_random_bytes(&random, given, 40) == PWS_OK);
    CHECK(random.left == 440 && is_zero(random.pool, 40) && !is_zero(random.pool + 40, 8));
    CHECK(!remembers(&random, given, 40));
    CHECK(pws_random_bytes(&random, given + 40, 440) == PWS_OK);
    CHECK(random.left == 0 && is_zero(random.pool, 480));
    CHECK(pws_random_bytes(&random, given + 480, 520) == PWS_OK);
    CHECK(!remembers(&random, given, 1000));

    check_case("the seed is gone with the first byte");
    seed_with(&random, 1, 1);
    before = random;
    CHECK(pws_random_bytes(&random, given, 1) == PWS_OK);
    CHECK(!remembers(&random, (const uint8_t *)before.key, sizeof before.key));

    check_case("seeding again starts again and leaves nothing of the old pool");
    seed_with(&random, 0, 1);
    CHECK(pws_random_bytes(&random, given, 100) == PWS_OK);
    seed_with(&random, 0, 1);
    CHECK(is_zero(random.pool, sizeof random.pool) && random.left == 0);
    CHECK(pws_random_bytes(&random, again, 100) == PWS_OK);
    CHECK(memcmp(given, again, 100) == 0);

    check_case("another seed, other bytes");
    seed_with(&random, 1, 1);
    CHECK(pws_random_bytes(&random, again, 100) == PWS_OK);
    CHECK(memcmp(given, again, 8) != 0);

    check_case("no bytes are asked for: nothing changes");
    before = random;
    CHECK(pws_random_bytes(&random, given, 0) == PWS_OK);
    CHECK(memcmp(&before, &random, sizeof random) == 0);

    check_case("without a seed there are no bytes");
    memset(given, 0x55, sizeof given);
    CHECK(pws_random_bytes(&zero, given, 8) == PWS_E_STATE);
    CHECK(pws_random_bytes(&zero, given, 0) == PWS_E_STATE);
    CHECK(given[0] == 0x55 && given[7] == 0x55 && is_zero((const uint8_t *)&zero, sizeof zero));

    check_case("NULL arguments");
    CHECK(pws_random_seed(NULL, seed) == PWS_E_ARG);
    CHECK(pws_random_seed(&random, NULL) == PWS_E_ARG);
    CHECK(pws_random_bytes(NULL, given, 1) == PWS_E_ARG);
    CHECK(pws_random_bytes(&random, NULL, 1) == PWS_E_ARG);
    CHECK(memcmp(&before, &random, sizeof random) == 0);

    return check_end();
}
