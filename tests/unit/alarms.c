/* Where vector code finds a text bad, plain code has the last word: a false alarm changes no result
 * and would only make all text slow. So here the verdicts themselves are tested. */
#include <string.h>

#include "../check.h"
#include "../texts.h"
#include "vector.h"

typedef int judge_text(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key);

enum {
    LONGEST = 2000,
    TEXTS = 100000
};

/* 1 if the judge finds bad exactly what has a byte that can't be part of UTF-8, wherever it lies.
 */
static int judges(judge_text *judge, const uint8_t *text, size_t length) {
    uint8_t memory[LONGEST + 64], out[LONGEST], *bytes = memory + random_below(64);
    static const uint8_t key_bytes[4] = {0x37, 0xFA, 0x21, 0x3D};
    uint32_t state = 0, key;
    int good = pws_utf8_scan(&state, text, length, 0) == length;

    memcpy(&key, key_bytes, 4);
    memcpy(bytes, text, length);
    if (judge(NULL, bytes, length, 0) != good)
        return 0;
    pws_mask(bytes, bytes, length, key_bytes, 0);
    return judge(out, bytes, length, key) == good && memcmp(out, text, length) == 0;
}

static void check_judge(const char *name, judge_text *judge, size_t least) {
    uint8_t text[LONGEST];
    size_t i, length;
    int wrong = 0;

    check_case(name);
    for (i = 0; i < TEXTS; i++) {
        length = least + random_below(i % 50 == 0 ? LONGEST - least + 1 : 200);
        make_text(text, length, i % 2 == 0 ? 0 : 20);
        /* That nothing begins with C0, say, may show with the byte that follows. */
        if (length != 0 && text[length - 1] >= 0xC0)
            text[length - 1] = '.';
        wrong += !judges(judge, text, length);
    }
    CHECK(wrong == 0);
}

/* Everything, as the machine calls it. */
static int judge_all(uint8_t *dst, const uint8_t *src, size_t length, uint32_t key) {
    uint8_t bytes[4];
    uint32_t state = 0;

    memcpy(bytes, &key, 4);
    if (dst == NULL)
        return pws_utf8_scan(&state, src, length, pws_cpu()) == length;
    return pws_mask_text(dst, src, length, bytes, &state, pws_cpu()) == length;
}

int main(void) {
    check_judge("all together: no false alarm, and none missed", judge_all, 0);
#if PWS_BLOCKS
    check_judge("blocks of 16 bytes: no false alarm, and none missed", pws_text_blocks, 16);
#if PWS_X86
    if ((pws_cpu() & PWS_CPU_AVX2) != 0)
        check_judge("AVX2: no false alarm, and none missed", pws_text_avx2, 32);
    if ((pws_cpu() & PWS_CPU_AVX512) != 0)
        check_judge("AVX-512: no false alarm, and none missed", pws_text_avx512, 64);
#endif
#endif
    return check_end();
}
