/* Unpredictable bytes for clients (RFC 6455 10.3): ChaCha20 (RFC 8439 2.3) with fast key erasure.
 * Each filling of the pool replaces the key, and bytes are wiped as they are handed out, so that
 * whoever reads the memory later learns nothing of what was given before. */
#include "internal.h"

static void pws_chacha20_quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
    *a += *b;
    *d ^= *a;
    *d = *d << 16 | *d >> 16;
    *c += *d;
    *b ^= *c;
    *b = *b << 12 | *b >> 20;
    *a += *b;
    *d ^= *a;
    *d = *d << 8 | *d >> 24;
    *c += *d;
    *b ^= *c;
    *b = *b << 7 | *b >> 25;
}

/* The words that a block begins with: constant, key, counter, and a nonce of zeros. */
static void pws_chacha20_add(uint32_t x[16], const uint32_t key[8], uint32_t counter) {
    size_t i;

    x[0] += 0x61707865;
    x[1] += 0x3320646E;
    x[2] += 0x79622D32;
    x[3] += 0x6B206574;
    for (i = 0; i < 8; i++)
        x[4 + i] += key[i];
    x[12] += counter;
}

/* One block of the key stream as 16 words (RFC 8439 2.3). */
static void pws_chacha20_block(uint32_t x[16], const uint32_t key[8], uint32_t counter) {
    int round;

    memset(x, 0, 64);
    pws_chacha20_add(x, key, counter);
    for (round = 0; round < 20; round += 2) {
        pws_chacha20_quarter(&x[0], &x[4], &x[8], &x[12]);
        pws_chacha20_quarter(&x[1], &x[5], &x[9], &x[13]);
        pws_chacha20_quarter(&x[2], &x[6], &x[10], &x[14]);
        pws_chacha20_quarter(&x[3], &x[7], &x[11], &x[15]);
        pws_chacha20_quarter(&x[0], &x[5], &x[10], &x[15]);
        pws_chacha20_quarter(&x[1], &x[6], &x[11], &x[12]);
        pws_chacha20_quarter(&x[2], &x[7], &x[8], &x[13]);
        pws_chacha20_quarter(&x[3], &x[4], &x[9], &x[14]);
    }
    pws_chacha20_add(x, key, counter);
}

/* Writes words as bytes, the lowest byte first. */
static void pws_words_write(uint8_t *out, const uint32_t *words, size_t count) {
    size_t i;

    for (i = 0; i < 4 * count; i++)
        out[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}

/* Makes 8 blocks: the first 32 bytes are the next key, the other 480 fill the pool. */
static void pws_random_fill(pws_random *random) {
    uint32_t x[16], next[8];
    volatile uint32_t *secret = x; /* volatile, or the wiping would be optimised away */
    uint32_t counter;
    size_t i;

    pws_chacha20_block(x, random->key, 0);
    memcpy(next, x, 32);
    pws_words_write(random->pool, x + 8, 8);
    for (counter = 1; counter < 8; counter++) {
        pws_chacha20_block(x, random->key, counter);
        pws_words_write(random->pool + 64 * counter - 32, x, 16);
    }
    memcpy(random->key, next, 32);
    random->left = sizeof random->pool;
    for (i = 0; i < 16; i++)
        secret[i] = 0;
    secret = next;
    for (i = 0; i < 8; i++)
        secret[i] = 0;
}

int32_t pws_random_seed(pws_random *random, const uint8_t seed[32]) {
    size_t i;

    if (random == NULL || seed == NULL)
        return PWS_E_ARG;
    memset(random, 0, sizeof *random);
    for (i = 0; i < 32; i++)
        random->key[i / 4] |= (uint32_t)seed[i] << 8 * (i % 4);
    random->seeded = 1;
    return PWS_OK;
}

int32_t pws_random_bytes(pws_random *random, void *bytes, size_t length) {
    uint8_t *out = (uint8_t *)bytes, *from;
    size_t part;

    if (random == NULL || bytes == NULL)
        return PWS_E_ARG;
    if (!random->seeded)
        return PWS_E_STATE;
    for (; length != 0; length -= part, out += part) {
        if (random->left == 0)
            pws_random_fill(random);
        part = length < random->left ? length : random->left;
        from = random->pool + sizeof random->pool - random->left;
        memcpy(out, from, part);
        memset(from, 0, part);
        random->left -= (uint32_t)part;
    }
    return PWS_OK;
}
