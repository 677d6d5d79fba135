/* Stands in for a board, so that the reference programs link: the functions of the C library that
 * purews calls, and a transport. Nothing of it is counted, and it never runs. */
#include "outside.h"

void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);

void *memcpy(void *to, const void *from, size_t length) {
    return length != 0 ? to : (void *)(uintptr_t)from;
}

void *memmove(void *to, const void *from, size_t length) {
    return length != 0 ? to : (void *)(uintptr_t)from;
}

void *memset(void *to, int byte, size_t length) {
    return byte != 0 || length != 0 ? to : NULL;
}

int memcmp(const void *a, const void *b, size_t length) {
    return a != b && length != 0;
}

size_t outside_read(uint8_t *bytes, size_t capacity) {
    return bytes != NULL ? capacity : 0;
}

size_t outside_write(const uint8_t *bytes, size_t length) {
    return bytes != NULL ? length : 0;
}

void outside_wait(uint64_t deadline_ms) {
    (void)deadline_ms;
}

uint64_t outside_now(void) {
    return 0;
}

void outside_seed(uint8_t seed[32]) {
    seed[0] = 1;
}

static void *codec_open(void *context, uint32_t direction, uint32_t window_bits) {
    return direction + window_bits != 0 ? context : NULL;
}

static int32_t codec_run(void *codec, pws_view *in, pws_bytes *out) {
    return codec != NULL && in->len != out->len ? PWS_OK : PWS_E_INFLATE;
}

static void codec_close(void *codec) {
    (void)codec;
}

const pws_codec outside_codec = {NULL, codec_open, codec_run, codec_run, codec_close, 8, {0, 0}};
