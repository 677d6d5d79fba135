#include "content.h"

#include <string.h>

#include "dice.h"
#include "purews.h"

enum {
    WORD = 8 /* bytes; no character reaches over the end of one */
};

/* Characters of this many bytes each, WORD in total. */
static void put_characters(uint8_t word[WORD], uint64_t random, uint32_t size) {
    static const uint8_t first[] = {0, 0, 0xC3, 0, 0xF0};
    uint32_t i;

    for (i = 0; i < WORD; i++) {
        word[i] = (uint8_t)(0x80 | (random >> (6 * i) & 0x3F));
        if (i % size == 0)
            word[i] = first[size];
        if (size == 4 && i % size == 1) /* not below F0 90 80 80 */
            word[i] |= 0x10;
    }
}

static void put_word(const struct note *note, size_t index, uint8_t word[WORD]) {
    uint64_t random = dice_mix(note->seed + index);
    int is_last = (index + 1) * WORD > note->length;

    if (note->kind == PWS_TEXT && !is_last && random >> 62 == 1) {
        put_characters(word, random, 2);
        return;
    }
    if (note->kind == PWS_TEXT && !is_last && random >> 62 == 2) {
        put_characters(word, random, 4);
        return;
    }
    if (note->kind == PWS_TEXT)
        random = (random & UINT64_C(0x3F3F3F3F3F3F3F3F)) + UINT64_C(0x2020202020202020);
    memcpy(word, &random, WORD);
}

void content_write(const struct note *note, uint8_t *to) {
    uint8_t word[WORD];
    size_t i, n;

    for (i = 0; i * WORD < note->length; i++) {
        n = note->length - i * WORD;
        put_word(note, i, word);
        memcpy(to + i * WORD, word, n < WORD ? n : WORD);
    }
}

int content_is(const struct note *note, size_t offset, const uint8_t *bytes, size_t length) {
    uint8_t word[WORD];
    size_t begin, n;

    if (offset > note->length || length > note->length - offset)
        return 0;
    while (length > 0) {
        begin = offset % WORD;
        n = length < WORD - begin ? length : WORD - begin;
        put_word(note, offset / WORD, word);
        if (memcmp(bytes, word + begin, n) != 0)
            return 0;
        bytes += n;
        offset += n;
        length -= n;
    }
    return 1;
}
