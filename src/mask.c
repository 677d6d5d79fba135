/* Masking of payloads (RFC 6455 5.3). */
#include "internal.h"

/* Words of eight bytes hold the key twice. Key and data lie in memory in the same order, so the
 * byte order of the machine does not matter. Compilers turn four words at a time into vectors. */
PWS_PRIVATE void pws_mask(uint8_t *dst, const uint8_t *src, size_t length, const uint8_t key[4]) {
    uint8_t twice[8];
    uint64_t mask, word[4];
    size_t i = 0;

    memcpy(twice, key, 4);
    memcpy(twice + 4, key, 4);
    memcpy(&mask, twice, 8);
    for (; length - i >= 32; i += 32) {
        memcpy(word, src + i, 32);
        word[0] ^= mask;
        word[1] ^= mask;
        word[2] ^= mask;
        word[3] ^= mask;
        memcpy(dst + i, word, 32);
    }
    for (; length - i >= 8; i += 8) {
        memcpy(word, src + i, 8);
        word[0] ^= mask;
        memcpy(dst + i, word, 8);
    }
    for (; i < length; i++)
        dst[i] = (uint8_t)(src[i] ^ twice[i % 4]);
}

PWS_PRIVATE void pws_mask_rotate(uint8_t key[4], size_t length) {
    uint8_t old[4];
    size_t i;

    memcpy(old, key, 4);
    for (i = 0; i < 4; i++)
        key[i] = old[(i + length % 4) % 4];
}
