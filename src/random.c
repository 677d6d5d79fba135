/* Unpredictable bytes for clients (RFC 6455 10.3): ChaCha20 (RFC 8439 2.3) with fast key erasure.
 * Each filling of the pool replaces the key, and bytes are wiped as they are handed out, so that
 * whoever reads the memory later learns nothing of what was given before. */
#include "vector.h"

/* So many blocks are computed side by side, each operation on the same word of all of them. The
 * vectors are those of the compiler, to whom x ^ y and x << n of them are what they look like. */
#if PWS_BLOCKS && defined(__AVX2__)
#define PWS_LANES 8
#elif PWS_BLOCKS
#define PWS_LANES 4
#else
#define PWS_LANES 1
#endif
#if PWS_LANES > 1
typedef uint32_t pws_lanes __attribute__((vector_size(4 * PWS_LANES)));
#else
typedef uint32_t pws_lanes;
#endif

static inline void pws_chacha20_quarter(pws_lanes *a, pws_lanes *b, pws_lanes *c, pws_lanes *d) {
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

/* The words that blocks begin with: constant, key, counters, and a nonce of zeros. */
static void pws_chacha20_begin(uint32_t words[16][PWS_LANES], const uint32_t key[8],
                               uint32_t counter) {
    static const uint32_t constant[4] = {0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};
    uint32_t i, lane;

    for (lane = 0; lane < PWS_LANES; lane++) {
        for (i = 0; i < 16; i++)
            words[i][lane] = i < 4 ? constant[i] : i < 12 ? key[i - 4] : 0;
        words[12][lane] = counter + lane;
    }
}

/* PWS_LANES blocks of the key stream (RFC 8439 2.3): words[i][lane] is word i of the block
 * counter + lane. */
static void pws_chacha20_blocks(uint32_t words[16][PWS_LANES], const uint32_t key[8],
                                uint32_t counter) {
    pws_lanes x[16], begin, zero = {0};
    volatile pws_lanes *secret = x; /* volatile, or the wiping would be optimised away */
    int round, i;

    pws_chacha20_begin(words, key, counter);
    memcpy(x, words, sizeof x);
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
    for (i = 0; i < 16; i++) {
        memcpy(&begin, words[i], sizeof begin);
        begin += x[i];
        memcpy(words[i], &begin, sizeof begin);
        secret[i] = zero; /* from these words and the sum, the key could be computed */
    }
}

/* Writes a word as bytes, the lowest byte first. */
static void pws_word_write(uint8_t *out, uint32_t word) {
    out[0] = (uint8_t)word;
    out[1] = (uint8_t)(word >> 8);
    out[2] = (uint8_t)(word >> 16);
    out[3] = (uint8_t)(word >> 24);
}

/* Makes 8 blocks: the first 32 bytes are the next key, the other 480 fill the pool. */
static void pws_random_fill(pws_random *random) {
    uint32_t words[16][PWS_LANES], next[8], counter, lane, i;
    volatile uint32_t *secret; /* as above */
    uint8_t *out = random->pool;

    for (counter = 0; counter < 8; counter += PWS_LANES) {
        pws_chacha20_blocks(words, random->key, counter);
        for (lane = 0; lane < PWS_LANES; lane++) {
            i = 0;
            if (counter + lane == 0)
                for (; i < 8; i++)
                    next[i] = words[i][0];
            for (; i < 16; i++, out += 4)
                pws_word_write(out, words[i][lane]);
        }
    }
    memcpy(random->key, next, 32);
    random->left = sizeof random->pool;
    secret = &words[0][0];
    for (i = 0; i < 16 * PWS_LANES; i++)
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

/* Of a size that compilers know, so that it is a load and two stores. Fewer bytes than
 * that at the end of a pool are not used. */
PWS_PRIVATE void pws_masking_key(pws_random *random, uint8_t key[4]) {
    uint8_t *from;

    if (random->left < 4)
        pws_random_fill(random);
    from = random->pool + sizeof random->pool - random->left;
    memcpy(key, from, 4);
    memset(from, 0, 4);
    random->left -= 4;
}
