/* The outbound queue: what it keeps, in which order and for how long. Where a connection is needed,
 * it is one that is open from the beginning, and its output is taken here. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"
#include "../has_deflate.h"
#include "../stored_codec.h"
#include "arena.h"

static uint32_t next_random(uint32_t *generator, uint32_t below) {
    *generator ^= *generator << 13;
    *generator ^= *generator >> 17;
    *generator ^= *generator << 5;
    return *generator % below;
}

static void *get_memory(size_t size) {
    void *memory = malloc(size != 0 ? size : 1);

    if (memory == NULL)
        exit(2);
    return memory;
}

/* ---- A queue ---- */

struct box {
    pws_queue queue;
    pws_queue_config config;
    uint8_t *memory; /* of exactly the size given */
};

static void box_begin(struct box *box, uint32_t full, size_t size) {
    memset(box, 0, sizeof *box);
    box->config.full = full;
    box->memory = (uint8_t *)get_memory(size);
    CHECK(pws_queue_init(&box->queue, &box->config, box->memory, size) == PWS_OK);
}

static void box_end(struct box *box) {
    pws_queue_clear(&box->queue);
    free(box->memory);
}

/* Bytes that so many messages of such a length take. */
static size_t room_for(size_t messages, size_t length) {
    return messages * (PWS_QUEUE_ENTRY + (length + 7) / 8 * 8);
}

static int32_t put_key(struct box *box, const char *text, uint64_t key) {
    return pws_queue_put(&box->queue, PWS_TEXT, text, strlen(text), key, 0);
}

static int32_t put(struct box *box, const char *text) {
    return put_key(box, text, 0);
}

static int32_t put_bytes(struct box *box, size_t length) {
    uint8_t *data = (uint8_t *)get_memory(length);
    int32_t error;

    memset(data, 'x', length);
    error = pws_queue_put(&box->queue, PWS_BINARY, data, length, 0, 0);
    free(data);
    return error;
}

/* The payload of a message in the queue. */
static const uint8_t *payload_at(const pws_queue *queue, uint32_t at, size_t *length) {
    const pws_slot slot = pws_slot_get(queue, at);
    size_t head;

    *length = slot.length;
    if (slot.shared == NULL)
        return queue->memory + at + PWS_QUEUE_ENTRY;
    head = pws_frame_head_size(slot.shared->frame.ptr);
    *length = slot.shared->frame.len - head;
    return slot.shared->frame.ptr + head;
}

/* Whether these messages are in the queue: "told told|waiting waiting". */
static int holds(const pws_queue *queue, const char *expected) {
    char text[500];
    size_t used = 0, length;
    uint32_t at;

    for (at = queue->first; at != PWS_NO_SLOT; at = pws_slot_get(queue, at).next) {
        const uint8_t *payload = payload_at(queue, at, &length);

        if (at == queue->waiting)
            text[used++] = '|';
        else if (at != queue->first)
            text[used++] = ' ';
        if (length > sizeof text - used - 3)
            length = sizeof text - used - 3;
        memcpy(text + used, payload, length);
        used += length;
    }
    if (queue->waiting == PWS_NO_SLOT)
        text[used++] = '|';
    text[used] = '\0';
    if (strcmp(text, expected) != 0)
        printf("    it holds %s\n", text);
    return strcmp(text, expected) == 0;
}

/* Whether the memory is a row of slots without two free ones that touch, the free ones are listed,
 * and the order and the counts are right. */
static int is_sound(const pws_queue *queue) {
    uint32_t at, before = PWS_NO_SLOT, free_slots = 0;
    size_t messages = 0, bytes = 0, waiting_bytes = 0;
    int waits = 0, was_free = 0;

    for (at = 0; at < queue->size; at += pws_slot_get(queue, at).size) {
        const pws_slot slot = pws_slot_get(queue, at);

        if (slot.size < PWS_QUEUE_ENTRY || slot.size % 8 != 0 || slot.before != before ||
            (slot.kind == PWS_SLOT_FREE && was_free))
            return 0;
        was_free = slot.kind == PWS_SLOT_FREE;
        free_slots += was_free ? 1 : 0;
        messages += was_free ? 0 : 1;
        before = at;
    }
    if (at != queue->size || messages != queue->messages)
        return 0;
    before = PWS_NO_SLOT;
    for (at = queue->place; at != PWS_NO_SLOT; at = pws_slot_get(queue, at).next) {
        const pws_slot slot = pws_slot_get(queue, at);

        if (slot.kind != PWS_SLOT_FREE || slot.previous != before || free_slots-- == 0)
            return 0;
        before = at;
    }
    if (free_slots != 0)
        return 0;
    before = PWS_NO_SLOT;
    for (at = queue->first; at != PWS_NO_SLOT; at = pws_slot_get(queue, at).next) {
        const pws_slot slot = pws_slot_get(queue, at);
        size_t length = slot.shared != NULL ? slot.shared->frame.len : slot.length;

        waits |= at == queue->waiting;
        if (slot.kind == PWS_SLOT_FREE || slot.previous != before || messages-- == 0 ||
            (slot.end == PWS_END_NONE) != (waits != 0))
            return 0;
        bytes += length;
        waiting_bytes += waits ? length : 0;
        before = at;
    }
    return messages == 0 && queue->last == before && waits == (queue->waiting != PWS_NO_SLOT) &&
           bytes == queue->bytes && waiting_bytes == queue->waiting_bytes;
}

/* ---- A connection ---- */

struct line {
    pws_config config;
    pws_conn ws;
    pws_random random;
    struct stored_codecs codecs;
    pws_codec codec;
    uint8_t *transmit;      /* or NULL */
    uint8_t receive[10000]; /* for a config whose max_message is less */
    uint8_t out[60000];     /* what the transport has taken */
    size_t length;
};

/* transmit: bytes of the half, or 0. deflate: 1: with permessage-deflate, and each message of the
 * server stands alone; 2: with context takeover. */
static void line_begin(struct line *line, uint32_t role, size_t transmit, int deflate) {
    static const uint8_t seed[32] = {7};
    pws_agreed agreed;

    memset(line, 0, sizeof *line);
    memset(&agreed, 0, sizeof agreed);
    (void)pws_random_seed(&line->random, seed);
    line->codec = stored_codec(&line->codecs);
    line->config.role = role;
    line->config.codec = HAS_DEFLATE ? &line->codec : NULL;
    line->config.max_message = 5000;
    agreed.random = &line->random;
    if (HAS_DEFLATE && deflate != 0) {
        agreed.deflate.agreed = 1;
        agreed.deflate.server_no_context_takeover = deflate == 1;
        agreed.deflate.server_max_window_bits = 12;
        agreed.deflate.client_max_window_bits = 12;
    }
    CHECK(pws_start(&line->ws, &line->config, NULL, 0, &agreed) == PWS_OK);
    CHECK(pws_lend_receive(&line->ws, line->receive, sizeof line->receive) == PWS_OK);
    if (transmit == 0)
        return;
    line->transmit = (uint8_t *)get_memory(transmit);
    CHECK(pws_lend_transmit(&line->ws, line->transmit, transmit) == PWS_OK);
}

static void line_end(struct line *line) {
    pws_end(&line->ws);
    CHECK(line->codecs.open == 0);
    free(line->transmit);
}

static void take(struct line *line, const pws_event *ev, size_t length) {
    size_t first = length < ev->out[0].len ? length : ev->out[0].len;

    if (length > sizeof line->out - line->length)
        exit(2);
    if (first != 0)
        memcpy(line->out + line->length, ev->out[0].ptr, first);
    if (length != first)
        memcpy(line->out + line->length + first, ev->out[1].ptr, length - first);
    line->length += length;
}

/* Pulls output of which the transport takes at most so many bytes. Returns how many. */
static size_t pull(struct line *line, pws_queue *queue, size_t most) {
    size_t taken = 0;
    pws_event ev;

    while (pws_next(&line->ws, NULL, &ev)) {
        size_t length = ev.out[0].len + ev.out[1].len;

        if (ev.kind != PWS_WRITE)
            break;
        if (length > most - taken)
            length = most - taken;
        take(line, &ev, length);
        taken += length;
        pws_queue_wrote(queue, &line->ws, length);
        if (length != ev.out[0].len + ev.out[1].len)
            break;
    }
    return taken;
}

/* As a program does: tells, pulls, and again, until all is written. */
static void send_all(struct box *box, struct line *line, uint64_t now_ms) {
    do
        CHECK(pws_queue_send(&box->queue, &line->ws, now_ms) == PWS_OK);
    while (pull(line, &box->queue, SIZE_MAX) != 0);
}

/* Whether the server's output is these frames, of one byte of payload each. */
static int wrote_letters(const struct line *line, const char *letters) {
    size_t i, count = strlen(letters);

    if (line->length != 3 * count)
        return 0;
    for (i = 0; i < count; i++)
        if (line->out[3 * i] != 0x81 || line->out[3 * i + 1] != 1 ||
            line->out[3 * i + 2] != (uint8_t)letters[i])
            return 0;
    return 1;
}

/* Gives input, in which there is one event of that kind. */
static void feed(struct line *line, const char *bytes, size_t length, uint32_t kind) {
    uint8_t *copy = (uint8_t *)get_memory(length);
    pws_bytes in;
    pws_event ev;

    in.ptr = copy;
    in.len = length;
    memcpy(copy, bytes, length);
    CHECK(pws_next(&line->ws, &in, &ev) && ev.kind == kind);
    free(copy);
}

/* ---- Beginning ---- */

static void test_begin(void) {
    union {
        uint64_t align;
        uint8_t bytes[256];
    } memory;
    pws_queue queue;
    pws_queue_config config;
    pws_conn ws;

    memset(&config, 0, sizeof config);
    check_case("init: a NULL argument, or memory that is not aligned");
    CHECK(pws_queue_init(NULL, &config, memory.bytes, 256) == PWS_E_ARG);
    CHECK(pws_queue_init(&queue, NULL, memory.bytes, 256) == PWS_E_ARG);
    CHECK(pws_queue_init(&queue, &config, NULL, 256) == PWS_E_ARG);
    CHECK(pws_queue_init(&queue, &config, NULL, 0) == PWS_E_ARG);
    CHECK(pws_queue_init(&queue, &config, memory.bytes + 4, 248) == PWS_E_ARG);

    check_case("init: fields of the configuration out of range");
    config.full = PWS_FULL_CLOSE + 1;
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_E_ARG);
    config.full = PWS_FULL_CLOSE;
    config.close_code = 1000;
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_E_ARG);
    config.close_code = 1008;
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_OK);
    config.close_code = 1013;
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_OK);
    config.high = 10;
    config.low = 11;
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_E_ARG);
    config.low = 10;
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_OK);
    config.reserved[1] = 1;
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_E_ARG);
    config.reserved[1] = 0;

    check_case("init: two entries are the least, and what is over a multiple of 8 is left");
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 2 * PWS_QUEUE_ENTRY - 1) == PWS_E_SPACE);
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 2 * PWS_QUEUE_ENTRY) == PWS_OK);
    CHECK(queue.size == 128 && is_sound(&queue));
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 255) == PWS_OK);
    CHECK(queue.size == 248 && is_sound(&queue));

    check_case("init: of more than 2^31 bytes no more are used");
    CHECK(pws_queue_init(&queue, &config, memory.bytes, SIZE_MAX) == PWS_OK);
    CHECK(queue.size == 0x80000000u);

    check_case("a queue begins empty");
    memset(&queue, 0xEE, sizeof queue);
    CHECK(pws_queue_init(&queue, &config, memory.bytes, 256) == PWS_OK);
    CHECK(queue.messages == 0 && queue.bytes == 0 && queue.dropped == 0 && holds(&queue, "|"));
    CHECK(pws_queue_deadline(&queue) == UINT64_MAX && !pws_queue_is_high(&queue) &&
          pws_queue_freed(&queue) == NULL);

    check_case("NULL is ignored, or refused");
    pws_queue_lost(NULL);
    pws_queue_clear(NULL);
    pws_queue_wrote(NULL, NULL, 1);
    pws_queue_wrote(&queue, NULL, 1);
    CHECK(pws_queue_freed(NULL) == NULL && !pws_shared_release(NULL));
    CHECK(pws_queue_deadline(NULL) == UINT64_MAX && !pws_queue_is_high(NULL));
    CHECK(pws_queue_put(NULL, PWS_TEXT, "x", 1, 0, 0) == PWS_E_ARG);
    CHECK(pws_queue_put_shared(&queue, NULL, 0, 0) == PWS_E_ARG);
    memset(&ws, 0, sizeof ws);
    CHECK(pws_queue_send(&queue, NULL, 0) == PWS_E_ARG &&
          pws_queue_send(NULL, &ws, 0) == PWS_E_ARG);
}

/* ---- Putting ---- */

static void test_put(void) {
    struct box box;
    char text[8] = "one";
    int i;

    check_case("put: kinds, NULL");
    box_begin(&box, PWS_FULL_REFUSE, 1000);
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, NULL, 1, 0, 0) == PWS_E_ARG);
    CHECK(pws_queue_put(&box.queue, PWS_CONTINUATION, "x", 1, 0, 0) == PWS_E_ARG);
    CHECK(pws_queue_put(&box.queue, PWS_PING, "x", 1, 0, 0) == PWS_E_ARG);
    CHECK(pws_queue_put(&box.queue, PWS_CLOSE, "x", 1, 0, 0) == PWS_E_ARG);
    CHECK(pws_queue_put(&box.queue, PWS_TEXT | PWS_MORE, "x", 1, 0, 0) == PWS_E_ARG);
    CHECK(holds(&box.queue, "|"));
    CHECK(pws_queue_put(&box.queue, PWS_TEXT | PWS_PLAIN, "a", 1, 0, 0) == PWS_OK);
    CHECK(pws_queue_put(&box.queue, PWS_BINARY | PWS_PLAIN, "b", 1, 0, 0) == PWS_OK);
    CHECK(pws_queue_put(&box.queue, PWS_BINARY, "c", 1, 0, 0) == PWS_OK);
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, NULL, 0, 0, 0) == PWS_OK);
    CHECK(pws_slot_get(&box.queue, box.queue.first).kind == (PWS_TEXT | PWS_PLAIN));
    CHECK(pws_slot_get(&box.queue, box.queue.last).kind == PWS_TEXT);
    CHECK(holds(&box.queue, "|a b c ") && box.queue.messages == 4 && box.queue.bytes == 3);
    CHECK(is_sound(&box.queue));
    box_end(&box);

    check_case("put copies");
    box_begin(&box, PWS_FULL_REFUSE, 1000);
    CHECK(put(&box, text) == PWS_OK);
    memcpy(text, "two", 4);
    CHECK(put(&box, text) == PWS_OK);
    CHECK(holds(&box.queue, "|one two") && box.queue.bytes == 6);
    box_end(&box);

    check_case("a message takes its entry and its payload, rounded up to a multiple of 8");
    box_begin(&box, PWS_FULL_REFUSE, room_for(3, 17) + room_for(1, 0));
    for (i = 0; i < 3; i++)
        CHECK(put_bytes(&box, 17) == PWS_OK);
    CHECK(put_bytes(&box, 1) == PWS_E_SPACE);
    CHECK(put_bytes(&box, 0) == PWS_OK);
    CHECK(put_bytes(&box, 0) == PWS_E_SPACE);
    CHECK(is_sound(&box.queue) && box.queue.messages == 4);
    box_end(&box);

    for (i = PWS_FULL_REFUSE; i <= PWS_FULL_CLOSE; i++) {
        check_case("one message may fill all the memory; a larger one is refused for good");
        box_begin(&box, (uint32_t)i, 203);
        CHECK(put_bytes(&box, 200 - PWS_QUEUE_ENTRY + 1) == PWS_E_SPACE);
        CHECK(put_bytes(&box, SIZE_MAX / 4 > 1000000 ? 1000000 : 1000) == PWS_E_SPACE);
        CHECK(pws_queue_put(&box.queue, PWS_TEXT, "x", SIZE_MAX, 0, 0) == PWS_E_SPACE);
        CHECK(box.queue.dropped == 0 && !box.queue.overflowed);
        CHECK(put_bytes(&box, 200 - PWS_QUEUE_ENTRY) == PWS_OK);
        CHECK(box.queue.messages == 1 && box.queue.bytes == 200 - PWS_QUEUE_ENTRY);
        CHECK(is_sound(&box.queue));
        box_end(&box);
    }
}

static void test_clear(void) {
    struct box box;

    check_case("clear forgets all messages and drops none");
    box_begin(&box, PWS_FULL_REFUSE, 1000);
    box.config.high = 2;
    CHECK(put(&box, "one") == PWS_OK && put(&box, "two") == PWS_OK);
    CHECK(pws_queue_is_high(&box.queue));
    pws_queue_clear(&box.queue);
    CHECK(holds(&box.queue, "|") && is_sound(&box.queue) && !pws_queue_is_high(&box.queue));
    CHECK(box.queue.messages == 0 && box.queue.bytes == 0 && box.queue.dropped == 0);
    CHECK(put_bytes(&box, 1000 - PWS_QUEUE_ENTRY) == PWS_OK);
    box_end(&box);
}

/* ---- Policies ---- */

static void test_refuse(void) {
    struct box box;

    check_case("full, refuse: what is there stays");
    box_begin(&box, PWS_FULL_REFUSE, room_for(2, 1));
    CHECK(put(&box, "a") == PWS_OK && put_key(&box, "b", 5) == PWS_OK);
    CHECK(put(&box, "c") == PWS_E_SPACE && put_key(&box, "c", 5) == PWS_E_SPACE);
    CHECK(holds(&box.queue, "|a b") && box.queue.dropped == 0);
    box_end(&box);
}

static void test_drop_oldest(void) {
    static struct line line;
    struct box box;

    check_case("full, drop oldest: as many as the new one needs, those that have waited longest");
    box_begin(&box, PWS_FULL_DROP_OLDEST, room_for(4, 8));
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK && put(&box, "c") == PWS_OK &&
          put(&box, "d") == PWS_OK);
    CHECK(box.queue.dropped == 0);
    CHECK(put(&box, "e") == PWS_OK && holds(&box.queue, "|b c d e") && box.queue.dropped == 1);
    CHECK(put_bytes(&box, 9) == PWS_OK && box.queue.dropped == 3);
    CHECK(holds(&box.queue, "|d e xxxxxxxxx") && is_sound(&box.queue));
    CHECK(put_bytes(&box, 4 * 72 - PWS_QUEUE_ENTRY) == PWS_OK);
    CHECK(box.queue.messages == 1 && box.queue.dropped == 6 && is_sound(&box.queue));
    box_end(&box);

    check_case("full, drop oldest: told ones stay, and nothing is dropped in vain");
    box_begin(&box, PWS_FULL_DROP_OLDEST, room_for(4, 8));
    line_begin(&line, PWS_SERVER, 0, 0);
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(put(&box, "c") == PWS_OK && put(&box, "d") == PWS_OK && holds(&box.queue, "a|b c d"));
    CHECK(put_bytes(&box, 3 * 72 - PWS_QUEUE_ENTRY + 1) == PWS_E_SPACE);
    CHECK(holds(&box.queue, "a|b c d") && box.queue.dropped == 0);
    CHECK(put_bytes(&box, 8) == PWS_OK);
    CHECK(holds(&box.queue, "a|c d xxxxxxxx") && is_sound(&box.queue));
    CHECK(put_bytes(&box, 3 * 72 - PWS_QUEUE_ENTRY) == PWS_OK);
    CHECK(box.queue.messages == 2 && box.queue.dropped == 4 && is_sound(&box.queue));
    CHECK(put_bytes(&box, 3 * 72) == PWS_E_SPACE && box.queue.messages == 2);
    line_end(&line);
    box_end(&box);

    check_case("full, drop oldest: all are told");
    box_begin(&box, PWS_FULL_DROP_OLDEST, room_for(2, 8));
    line_begin(&line, PWS_SERVER, 512, 0);
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(put(&box, "c") == PWS_E_SPACE && holds(&box.queue, "a b|") && box.queue.dropped == 0);
    line_end(&line);
    box_end(&box);

    check_case("full, drop oldest: room that lies before the first one in memory counts, too");
    box_begin(&box, PWS_FULL_DROP_OLDEST, room_for(4, 8));
    line_begin(&line, PWS_SERVER, 0, 0);
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK && put(&box, "c") == PWS_OK);
    send_all(&box, &line, 0);
    CHECK(put(&box, "d") == PWS_OK && put(&box, "e") == PWS_OK && put(&box, "f") == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "d|e f"));
    CHECK(put_bytes(&box, 4 * 72 - PWS_QUEUE_ENTRY) == PWS_E_SPACE);
    CHECK(put_bytes(&box, 3 * 72 - PWS_QUEUE_ENTRY) == PWS_OK);
    CHECK(box.queue.messages == 2 && box.queue.dropped == 2 && is_sound(&box.queue));
    line_end(&line);
    box_end(&box);
}

static void test_drop_newest(void) {
    struct box box;

    check_case("full, drop newest: it is dropped as if it had been put");
    box_begin(&box, PWS_FULL_DROP_NEWEST, room_for(2, 1));
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK);
    CHECK(put(&box, "c") == PWS_OK && put(&box, "d") == PWS_OK);
    CHECK(holds(&box.queue, "|a b") && box.queue.dropped == 2);
    box_end(&box);
}

static void test_replace(void) {
    static struct line line;
    struct box box;

    check_case("replace: the newest of a key stands where the one before it stood");
    box_begin(&box, PWS_FULL_REPLACE, 1000);
    CHECK(put_key(&box, "a1", 1) == PWS_OK && put_key(&box, "b1", 2) == PWS_OK);
    CHECK(put(&box, "n") == PWS_OK && put(&box, "n") == PWS_OK && put_key(&box, "c1", 3) == PWS_OK);
    CHECK(put_key(&box, "b2", 2) == PWS_OK && holds(&box.queue, "|a1 b2 n n c1"));
    CHECK(put_key(&box, "a2 and more", 1) == PWS_OK);
    CHECK(put_key(&box, "c2 and more", 3) == PWS_OK);
    CHECK(holds(&box.queue, "|a2 and more b2 n n c2 and more"));
    CHECK(box.queue.dropped == 3 && box.queue.messages == 5 && is_sound(&box.queue));
    CHECK(put_key(&box, "b3", 2) == PWS_OK && put(&box, "z") == PWS_OK);
    CHECK(holds(&box.queue, "|a2 and more b3 n n c2 and more z") && is_sound(&box.queue));
    box_end(&box);

    check_case("replace, full: another of the key fits, what has none is refused");
    box_begin(&box, PWS_FULL_REPLACE, room_for(3, 8));
    CHECK(put_key(&box, "a", 1) == PWS_OK && put_key(&box, "b", 2) == PWS_OK &&
          put_key(&box, "c", 3) == PWS_OK);
    CHECK(put_key(&box, "B", 2) == PWS_OK && put_key(&box, "C", 3) == PWS_OK &&
          put_key(&box, "A", 1) == PWS_OK);
    CHECK(put(&box, "d") == PWS_E_SPACE && put_key(&box, "d", 4) == PWS_E_SPACE);
    CHECK(holds(&box.queue, "|A B C") && box.queue.dropped == 3 && is_sound(&box.queue));

    check_case("replace, full: a larger one of the key is refused, and the old one stays");
    CHECK(put_key(&box, "123456789", 2) == PWS_E_SPACE);
    CHECK(holds(&box.queue, "|A B C") && box.queue.dropped == 3);
    box_end(&box);

    check_case("replace: a larger one takes the room of the old one and what is free around it");
    box_begin(&box, PWS_FULL_REPLACE, room_for(3, 8));
    line_begin(&line, PWS_SERVER, 0, 0);
    CHECK(put(&box, "a") == PWS_OK && put_key(&box, "b", 2) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pull(&line, &box.queue, SIZE_MAX) == 3 && holds(&box.queue, "|b"));
    CHECK(put_key(&box, "bbbbbbbbb", 2) == PWS_OK && holds(&box.queue, "|bbbbbbbbb"));
    CHECK(is_sound(&box.queue));
    line_end(&line);
    box_end(&box);

    check_case("replace: one that is told stays, the new one comes behind it");
    box_begin(&box, PWS_FULL_REPLACE, 1000);
    line_begin(&line, PWS_SERVER, 0, 0);
    CHECK(put_key(&box, "a", 1) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(put_key(&box, "b", 1) == PWS_OK && holds(&box.queue, "a|b"));
    CHECK(put_key(&box, "c", 1) == PWS_OK && holds(&box.queue, "a|c"));

    check_case("replace: after a lost connection no older state comes behind a newer one");
    CHECK(put(&box, "n") == PWS_OK);
    pws_queue_lost(&box.queue);
    CHECK(holds(&box.queue, "|a c n"));
    CHECK(put_key(&box, "d", 1) == PWS_OK && holds(&box.queue, "|a d n"));
    line_end(&line);
    box_end(&box);

    check_case("replace: the time that the old one has waited counts for the new one");
    box_begin(&box, PWS_FULL_REPLACE, 1000);
    box.config.delay_ms = 50;
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "a", 1, 1, 100) == PWS_OK);
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "b", 1, 1, 140) == PWS_OK);
    CHECK(pws_queue_deadline(&box.queue) == 150);
    box_end(&box);

    check_case("keys mean nothing where nothing is replaced");
    box_begin(&box, PWS_FULL_DROP_OLDEST, 1000);
    CHECK(put_key(&box, "a", 1) == PWS_OK && put_key(&box, "b", 1) == PWS_OK);
    CHECK(holds(&box.queue, "|a b"));
    box_end(&box);
}

static void test_close(void) {
    static struct line line, next;
    struct box box;
    uint32_t code;
    int i;

    for (i = 0; i < 3; i++) {
        code = i == 2 ? 1013 : 1008;
        check_case("full, close: the next send closes the connection, once, and sends no more");
        box_begin(&box, PWS_FULL_CLOSE, room_for(3, 1));
        box.config.close_code = i == 0 ? 0 : code;
        line_begin(&line, PWS_SERVER, 512, 0);
        CHECK(put(&box, "a") == PWS_OK);
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
        CHECK(put(&box, "b") == PWS_OK && put(&box, "c") == PWS_OK);
        CHECK(pws_state(&line.ws) == PWS_STATE_OPEN);
        CHECK(put(&box, "d") == PWS_E_SPACE && holds(&box.queue, "a|b c"));
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
        CHECK(pws_state(&line.ws) == PWS_STATE_CLOSING && holds(&box.queue, "a|b c"));
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
        (void)pull(&line, &box.queue, SIZE_MAX);
        CHECK(memcmp(line.out,
                     "\x81\x01"
                     "a\x88",
                     4) == 0 &&
              line.length == (size_t)5 + line.out[4] && line.out[4] > 2 &&
              ((uint32_t)line.out[5] << 8 | line.out[6]) == code);
        CHECK(put(&box, "e") == PWS_OK);
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "|b c e"));

        check_case("full, close: the next connection is not closed");
        pws_queue_lost(&box.queue);
        line_begin(&next, PWS_SERVER, 512, 0);
        send_all(&box, &next, 0);
        CHECK(wrote_letters(&next, "bce") && pws_state(&next.ws) == PWS_STATE_OPEN);
        line_end(&next);
        line_end(&line);
        box_end(&box);
    }

    check_case("full, close: clear makes up for it");
    box_begin(&box, PWS_FULL_CLOSE, room_for(2, 1));
    line_begin(&line, PWS_SERVER, 512, 0);
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK && put(&box, "c") == PWS_E_SPACE);
    pws_queue_clear(&box.queue);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_state(&line.ws) == PWS_STATE_OPEN);

    check_case("full, close: also while it is held, as it is for a peer that reads too slowly");
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK && put(&box, "c") == PWS_E_SPACE);
    pws_hold(&line.ws, 1);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_state(&line.ws) == PWS_STATE_CLOSING && holds(&box.queue, "|a b"));
    line_end(&line);
    box_end(&box);

    check_case("full, close: a client without a transmit half closes without a reason");
    box_begin(&box, PWS_FULL_CLOSE, room_for(2, 1));
    line_begin(&line, PWS_CLIENT, 0, 0);
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK && put(&box, "c") == PWS_E_SPACE);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_state(&line.ws) == PWS_STATE_CLOSING);
    CHECK(pull(&line, &box.queue, SIZE_MAX) == 8 && line.out[0] == 0x88 && line.out[1] == 0x82);
    line_end(&line);
    box_end(&box);
}

/* ---- Watermarks and delay ---- */

static void test_watermarks(void) {
    static struct line line;
    struct box box;

    check_case("high from `high` bytes on, until at most `low` wait");
    box_begin(&box, PWS_FULL_REFUSE, 4000);
    box.config.high = 10;
    box.config.low = 4;
    line_begin(&line, PWS_SERVER, 0, 0);
    CHECK(put_bytes(&box, 3) == PWS_OK && put_bytes(&box, 3) == PWS_OK &&
          put_bytes(&box, 3) == PWS_OK);
    CHECK(!pws_queue_is_high(&box.queue));
    CHECK(put_bytes(&box, 1) == PWS_OK && pws_queue_is_high(&box.queue));
    CHECK(put_bytes(&box, 3) == PWS_OK && pws_queue_is_high(&box.queue));
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK); /* tells one: 10 wait */
    (void)pull(&line, &box.queue, SIZE_MAX);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK); /* 7 */
    CHECK(pws_queue_is_high(&box.queue));
    (void)pull(&line, &box.queue, SIZE_MAX);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK); /* 4 */
    CHECK(!pws_queue_is_high(&box.queue));

    check_case("told ones do not count, until the connection is lost");
    CHECK(put_bytes(&box, 5) == PWS_OK && box.queue.bytes == 12);
    CHECK(!pws_queue_is_high(&box.queue));
    pws_queue_lost(&box.queue);
    CHECK(pws_queue_is_high(&box.queue));
    line_end(&line);
    box_end(&box);

    check_case("replacing does not lower it in between");
    box_begin(&box, PWS_FULL_REPLACE, 4000);
    box.config.high = 10;
    box.config.low = 4;
    CHECK(put_key(&box, "12345678", 1) == PWS_OK && put_key(&box, "12", 2) == PWS_OK);
    CHECK(put_key(&box, "1", 2) == PWS_OK && pws_queue_is_high(&box.queue));
    CHECK(put_key(&box, "abcdefgh", 1) == PWS_OK && pws_queue_is_high(&box.queue));
    CHECK(put_key(&box, "abc", 1) == PWS_OK && !pws_queue_is_high(&box.queue));
    box_end(&box);

    check_case("never high without a mark");
    box_begin(&box, PWS_FULL_REFUSE, 4000);
    CHECK(put_bytes(&box, 3000) == PWS_OK && !pws_queue_is_high(&box.queue));
    box_end(&box);
}

static void test_delay(void) {
    static struct line line;
    struct box box;

    check_case("messages wait for others for delay_ms, then all go out together");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    box.config.delay_ms = 50;
    line_begin(&line, PWS_SERVER, 512, 0);
    CHECK(pws_queue_deadline(&box.queue) == UINT64_MAX);
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "a", 1, 0, 1000) == PWS_OK);
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "b", 1, 0, 1049) == PWS_OK);
    CHECK(pws_queue_deadline(&box.queue) == 1050);
    CHECK(pws_queue_send(&box.queue, &line.ws, 1049) == PWS_OK && holds(&box.queue, "|a b"));
    CHECK(pws_queue_send(&box.queue, &line.ws, 1050) == PWS_OK && holds(&box.queue, "a b|"));
    CHECK(pws_queue_deadline(&box.queue) == UINT64_MAX);

    check_case("the next ones wait again");
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "c", 1, 0, 1051) == PWS_OK);
    CHECK(pws_queue_deadline(&box.queue) == 1101);
    CHECK(pws_queue_send(&box.queue, &line.ws, 1100) == PWS_OK && holds(&box.queue, "a b|c"));
    send_all(&box, &line, 1101);
    CHECK(wrote_letters(&line, "abc") && holds(&box.queue, "|"));

    check_case("an earlier time counts as the last one");
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "d", 1, 0, 7) == PWS_OK);
    CHECK(pws_queue_deadline(&box.queue) == 1151);
    CHECK(pws_queue_send(&box.queue, &line.ws, 1150) == PWS_OK && holds(&box.queue, "|d"));
    CHECK(pws_queue_send(&box.queue, &line.ws, 1151) == PWS_OK && holds(&box.queue, "d|"));
    (void)pull(&line, &box.queue, SIZE_MAX);

    check_case("they wait no longer once delay_bytes do; 4096 where nothing is said");
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "e", 1, 0, 2000) == PWS_OK);
    CHECK(put_bytes(&box, 4094) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 2001) == PWS_OK &&
          box.queue.first == box.queue.waiting);
    CHECK(put_bytes(&box, 1) == PWS_OK);
    send_all(&box, &line, 2001);
    CHECK(holds(&box.queue, "|"));
    box.config.delay_bytes = 2;
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "f", 1, 0, 2100) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 2101) == PWS_OK && holds(&box.queue, "|f"));
    CHECK(pws_queue_deadline(&box.queue) == 2150);
    CHECK(put(&box, "g") == PWS_OK);
    CHECK(pws_queue_deadline(&box.queue) == 2101);
    CHECK(pws_queue_send(&box.queue, &line.ws, 2101) == PWS_OK && holds(&box.queue, "f g|"));
    (void)pull(&line, &box.queue, SIZE_MAX);

    check_case("what waits only because the peer is slow has no deadline, and others join it");
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "h", 1, 0, 3000) == PWS_OK);
    pws_hold(&line.ws, 1);
    CHECK(pws_queue_send(&box.queue, &line.ws, 3050) == PWS_OK && holds(&box.queue, "|h"));
    CHECK(pws_queue_deadline(&box.queue) == UINT64_MAX);
    CHECK(pws_queue_put(&box.queue, PWS_TEXT, "i", 1, 0, 3051) == PWS_OK);
    CHECK(pws_queue_deadline(&box.queue) == UINT64_MAX);
    pws_hold(&line.ws, 0);
    CHECK(pws_queue_send(&box.queue, &line.ws, 3051) == PWS_OK && holds(&box.queue, "h i|"));
    line_end(&line);
    box_end(&box);
}

/* ---- Shared messages ---- */

static void share(pws_shared *shared, uint8_t *frame, size_t capacity, uint32_t kind,
                  const char *text) {
    size_t written = 0;

    memset(shared, 0, sizeof *shared);
    CHECK(pws_frame_write(frame, capacity, &written, kind, NULL, text, strlen(text)) == PWS_OK);
    shared->frame.ptr = frame;
    shared->frame.len = written;
    shared->count = 1;
}

static void test_shared(void) {
    enum {
        QUEUES = 5
    };
    static struct line line;
    struct box boxes[QUEUES];
    pws_shared shared, other;
    uint8_t frame[100], frame2[100];
    int i;

    check_case("references are counted: the program's own, and one for each time it is in a queue");
    share(&shared, frame, sizeof frame, PWS_TEXT, "all");
    for (i = 0; i < QUEUES; i++) {
        box_begin(&boxes[i], PWS_FULL_DROP_OLDEST, room_for(3, 0));
        CHECK(pws_queue_put_shared(&boxes[i].queue, &shared, 0, 0) == PWS_OK);
        CHECK(holds(&boxes[i].queue, "|all") && boxes[i].queue.bytes == 5);
    }
    CHECK(pws_queue_put_shared(&boxes[0].queue, &shared, 0, 0) == PWS_OK);
    CHECK(holds(&boxes[0].queue, "|all all") && shared.count == 2 + QUEUES);
    CHECK(!pws_shared_release(&shared));

    check_case("it is handed back by the queue that gives up the last reference, once");
    line_begin(&line, PWS_SERVER, 512, 0);
    send_all(&boxes[0], &line, 0); /* sent */
    CHECK(line.length == 10 && memcmp(line.out,
                                      "\x81\x03"
                                      "all\x81\x03"
                                      "all",
                                      10) == 0);
    line_end(&line);
    pws_queue_clear(&boxes[1].queue);                                             /* forgotten */
    CHECK(put_bytes(&boxes[2], 3 * PWS_QUEUE_ENTRY - PWS_QUEUE_ENTRY) == PWS_OK); /* dropped */
    CHECK(boxes[2].queue.dropped == 1 && boxes[2].queue.messages == 1);
    pws_queue_clear(&boxes[3].queue);
    CHECK(shared.count == 1);
    for (i = 0; i < QUEUES; i++)
        CHECK(pws_queue_freed(&boxes[i].queue) == NULL);
    pws_queue_clear(&boxes[4].queue);
    CHECK(shared.count == 0);
    for (i = 0; i < QUEUES; i++)
        CHECK(pws_queue_freed(&boxes[i].queue) == (i == 4 ? &shared : NULL));
    CHECK(pws_queue_freed(&boxes[4].queue) == NULL);

    check_case("release: 1 for the last reference, and never again");
    share(&shared, frame, sizeof frame, PWS_TEXT, "all");
    CHECK(pws_shared_release(&shared) == 1 && shared.count == 0);
    CHECK(pws_shared_release(&shared) == 0 && shared.count == 0);

    check_case("several that are given up at a time are all handed out");
    share(&shared, frame, sizeof frame, PWS_TEXT, "one");
    share(&other, frame2, sizeof frame2, PWS_BINARY, "two");
    CHECK(pws_queue_put_shared(&boxes[0].queue, &shared, 0, 0) == PWS_OK);
    CHECK(pws_queue_put_shared(&boxes[0].queue, &other, 0, 0) == PWS_OK);
    CHECK(!pws_shared_release(&shared) && !pws_shared_release(&other));
    pws_queue_clear(&boxes[0].queue);
    CHECK(pws_queue_freed(&boxes[0].queue) == &other);
    CHECK(pws_queue_freed(&boxes[0].queue) == &shared);
    CHECK(pws_queue_freed(&boxes[0].queue) == NULL);

    check_case("one that finds no room is not referred to");
    share(&shared, frame, sizeof frame, PWS_TEXT, "all");
    boxes[1].config.full = PWS_FULL_DROP_NEWEST;
    boxes[2].config.full = PWS_FULL_REFUSE;
    for (i = 1; i < 3; i++) {
        pws_queue_clear(&boxes[i].queue);
        CHECK(put_bytes(&boxes[i], 2 * PWS_QUEUE_ENTRY) == PWS_OK);
        CHECK(pws_queue_put_shared(&boxes[i].queue, &shared, 0, 0) ==
              (i == 1 ? PWS_OK : PWS_E_SPACE));
        CHECK(shared.count == 1);
    }

    check_case("one with a key replaces and is replaced");
    boxes[3].config.full = PWS_FULL_REPLACE;
    CHECK(put_key(&boxes[3], "a", 1) == PWS_OK);
    CHECK(pws_queue_put_shared(&boxes[3].queue, &shared, 1, 0) == PWS_OK);
    CHECK(holds(&boxes[3].queue, "|all") && shared.count == 2);
    CHECK(put_key(&boxes[3], "b", 1) == PWS_OK && holds(&boxes[3].queue, "|b"));
    CHECK(shared.count == 1 && is_sound(&boxes[3].queue));
    for (i = 0; i < QUEUES; i++)
        box_end(&boxes[i]);
}

static void test_shared_arguments(void) {
    struct box box;
    pws_shared shared;
    uint8_t frame[100];

    box_begin(&box, PWS_FULL_REFUSE, 1000);

    check_case("put_shared: NULL, and nobody's message");
    share(&shared, frame, sizeof frame, PWS_TEXT, "all");
    CHECK(pws_queue_put_shared(NULL, &shared, 0, 0) == PWS_E_ARG);
    shared.count = 0;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);

    check_case("put_shared: what is not exactly one whole frame of a message");
    share(&shared, frame, sizeof frame, PWS_TEXT, "all");
    shared.frame.ptr = NULL;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.frame.ptr = frame;
    shared.frame.len--;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.frame.len += 2;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.frame.len = 0;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    share(&shared, frame, sizeof frame, PWS_PING, "all");
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    share(&shared, frame, sizeof frame, PWS_TEXT | PWS_MORE, "all");
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    share(&shared, frame, sizeof frame, PWS_CONTINUATION, "all");
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);

    CHECK(shared.count == 1 && box.queue.messages == 0);
    box_end(&box);
}

static void test_deflated_arguments(void) {
    struct box box;
    pws_shared shared;
    uint8_t frame[100], deflated[100];
    struct stored_codecs codecs = {0, STORED_BEHAVES, 0, 0, 0, 0, 0, 0, 0};
    pws_codec codec = stored_codec(&codecs);
    pws_config config;
    size_t written = 0;

    memset(&config, 0, sizeof config);
    config.codec = &codec;
    box_begin(&box, PWS_FULL_REFUSE, 1000);

    check_case("put_shared: a compressed frame and its window belong together");
    share(&shared, frame, sizeof frame, PWS_TEXT, "all");
    CHECK(pws_frame_deflate(&config, 12, deflated, sizeof deflated, &written, PWS_TEXT, "all", 3) ==
          PWS_OK);
    shared.window_bits = 12;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.deflated.len = written;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.deflated.ptr = deflated;
    shared.window_bits = 0;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.window_bits = 16;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.window_bits = 12;
    shared.deflated.len--;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.deflated.len++;
    shared.frame = shared.deflated;
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_E_ARG);
    shared.frame.ptr = frame;
    shared.frame.len = 5;
    CHECK(shared.count == 1 && box.queue.messages == 0);
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_OK && shared.count == 2);
    CHECK(box.queue.bytes == 5);
    box_end(&box);
    CHECK(shared.count == 1 && codecs.open == 0);
}

static void test_shared_deflated(void) {
    static struct line line;
    struct box box;
    pws_shared shared;
    uint8_t frame[200], deflated[200];
    char text[101];
    size_t written = 0;
    int i;

    memset(text, 'z', 100);
    text[100] = '\0';
    for (i = 0; i < 4; i++) {
        check_case(i == 1 ? "a shared message goes out compressed where it can"
                          : "a shared message goes out plain where it can't be compressed");
        box_begin(&box, PWS_FULL_REFUSE, 1000);
        line_begin(&line, PWS_SERVER, i == 3 ? 0 : 512, i == 3 ? 1 : i);
        share(&shared, frame, sizeof frame, PWS_BINARY, text);
        shared.window_bits = i == 3 ? 13 : 12; /* 12 are agreed on */
        CHECK(pws_frame_deflate(&line.config, shared.window_bits, deflated, sizeof deflated,
                                &written, PWS_BINARY, text, 100) == PWS_OK);
        shared.deflated.ptr = deflated;
        shared.deflated.len = written;
        CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_OK);
        send_all(&box, &line, 0);
        if (i == 1)
            CHECK(line.length == written && memcmp(line.out, deflated, written) == 0);
        else
            CHECK(line.length == 102 && memcmp(line.out, frame, 102) == 0);
        CHECK(shared.count == 1 && holds(&box.queue, "|"));
        line_end(&line);
        box_end(&box);
    }
}

static void test_shared_client(void) {
    static struct line line;
    struct box box;
    pws_shared shared;
    uint8_t frame[100];

    check_case("a shared message can't go from a client");
    box_begin(&box, PWS_FULL_REFUSE, 1000);
    line_begin(&line, PWS_CLIENT, 512, 0);
    share(&shared, frame, sizeof frame, PWS_TEXT, "all");
    CHECK(pws_queue_put_shared(&box.queue, &shared, 0, 0) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_E_STATE && holds(&box.queue, "|all"));
    line_end(&line);
    box_end(&box);
}

/* ---- Sending ---- */

static void test_send(void) {
    static struct line line;
    struct box box;
    pws_event ev;

    check_case("as many as the transmit half takes are told; they leave when they are written");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 512, 0);
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK && put(&box, "c") == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "a b c|"));
    CHECK(box.queue.messages == 3 && box.queue.bytes == 3);
    CHECK(pull(&line, &box.queue, 2) == 2 && holds(&box.queue, "a b c|"));
    CHECK(pull(&line, &box.queue, 1) == 1 && holds(&box.queue, "b c|"));
    CHECK(pull(&line, &box.queue, 5) == 5 && holds(&box.queue, "c|"));
    CHECK(put(&box, "d") == PWS_OK && holds(&box.queue, "c|d"));
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "c d|"));
    CHECK(pull(&line, &box.queue, 1) == 1 && holds(&box.queue, "d|"));
    CHECK(pull(&line, &box.queue, SIZE_MAX) == 3 && holds(&box.queue, "|"));
    CHECK(wrote_letters(&line, "abcd") && is_sound(&box.queue));

    check_case("what else goes out does not count for them");
    CHECK(pws_send(&line.ws, PWS_PING, "ping", 4) == PWS_OK && put(&box, "e") == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_send(&line.ws, PWS_TEXT, "own", 3) == PWS_OK);
    CHECK(pull(&line, &box.queue, 8) == 8 && holds(&box.queue, "e|"));
    CHECK(pull(&line, &box.queue, 1) == 1 && holds(&box.queue, "|"));
    CHECK(pull(&line, &box.queue, SIZE_MAX) == 5);

    check_case("more bytes than there were count as all, and without a PWS_WRITE none do");
    CHECK(put(&box, "f") == PWS_OK && pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    pws_queue_wrote(&box.queue, &line.ws, 1000);
    CHECK(holds(&box.queue, "f|"));
    CHECK(pws_next(&line.ws, NULL, &ev) && ev.kind == PWS_WRITE);
    pws_queue_wrote(&box.queue, &line.ws, SIZE_MAX);
    pws_queue_wrote(&box.queue, &line.ws, SIZE_MAX);
    CHECK(holds(&box.queue, "|"));
    CHECK(put(&box, "g") == PWS_OK && pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pull(&line, &box.queue, 2) == 2 && holds(&box.queue, "g|"));
    CHECK(pull(&line, &box.queue, 1) == 1 && holds(&box.queue, "|"));

    check_case("without a queue the connection is told all the same");
    CHECK(pws_send(&line.ws, PWS_TEXT, "h", 1) == PWS_OK);
    CHECK(pws_next(&line.ws, NULL, &ev) && ev.kind == PWS_WRITE);
    pws_queue_wrote(NULL, &line.ws, 1);
    CHECK(pws_unsent(&line.ws) == 2);
    (void)pull(&line, &box.queue, SIZE_MAX);

    check_case("while the connection is held nothing is told, so it can still be dropped");
    pws_hold(&line.ws, 1);
    CHECK(put(&box, "i") == PWS_OK && pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(holds(&box.queue, "|i"));
    pws_hold(&line.ws, 0);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "i|"));
    (void)pull(&line, &box.queue, SIZE_MAX);

    check_case("nor behind our Close");
    CHECK(put(&box, "j") == PWS_OK && pws_close(&line.ws, 1000, pws_cstr(NULL)) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "|j"));
    line_end(&line);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "|j"));

    check_case("nor before the connection is open");
    memset(&line, 0, sizeof line);
    line.config.role = PWS_SERVER;
    CHECK(pws_init(&line.ws, &line.config, NULL, 0) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "|j"));
    box_end(&box);
}

static void test_bare(void) {
    static struct line line;
    struct box box;

    check_case("without a transmit half one is told at a time, and its bytes stay where they are");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 0, 0);
    CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "a|b"));
    CHECK(pull(&line, &box.queue, 1) == 1 && holds(&box.queue, "a|b"));
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "a|b"));
    CHECK(pull(&line, &box.queue, 1) == 1 && holds(&box.queue, "a|b"));
    CHECK(pull(&line, &box.queue, 1) == 1 && holds(&box.queue, "|b"));
    send_all(&box, &line, 0);
    CHECK(wrote_letters(&line, "ab"));

    check_case("a Close with a reason that waits behind it does not hide that it is written");
    CHECK(put(&box, "c") == PWS_OK && pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_close(&line.ws, 1000, pws_cstr("a reason of the program's")) == PWS_OK);
    CHECK(pull(&line, &box.queue, 3) == 3 && holds(&box.queue, "|"));
    line_end(&line);
    box_end(&box);

    check_case("a client without a transmit half can send none");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_CLIENT, 0, 0);
    CHECK(put(&box, "a") == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_E_SPACE && holds(&box.queue, "|a"));
    line_end(&line);
    box_end(&box);
}

/* A message that is borrowed and masked piece by piece. */
static void test_client(void) {
    static struct line line;
    struct box box;
    size_t i;

    check_case("a client's large message leaves with its last byte, not before");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_CLIENT, 512, 0);
    CHECK(put_bytes(&box, 3000) == PWS_OK && put(&box, "b") == PWS_OK);
    for (i = 0; i < 3008; i += pull(&line, &box.queue, i < 2900 ? 100 : 1)) {
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
        CHECK(box.queue.messages == 2);
    }
    CHECK(i == 3008 && box.queue.messages == 1);
    send_all(&box, &line, 0);
    CHECK(line.length == 3008 + 7 && box.queue.messages == 0);
    line_end(&line);
    box_end(&box);
}

/* The program is in the middle of a message of its own. */
static void test_fragment(void) {
    static struct line line;
    struct box box;
    int i;

    for (i = 0; i < 2; i++) {
        check_case("messages do not become a part of one that the program sends in parts");
        box_begin(&box, PWS_FULL_REFUSE, 1000);
        line_begin(&line, PWS_SERVER, 512, 0);
        CHECK(pws_send(&line.ws, (i == 0 ? PWS_TEXT : PWS_BINARY) | PWS_MORE, "1", 1) == PWS_OK);
        CHECK(put(&box, "a") == PWS_OK);
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "|a"));
        CHECK(pws_send(&line.ws, i == 0 ? PWS_TEXT : PWS_BINARY, "2", 1) == PWS_OK);
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "a|"));
        CHECK(pull(&line, &box.queue, SIZE_MAX) == 9 && holds(&box.queue, "|"));
        CHECK(memcmp(line.out + 3,
                     "\x80\x01"
                     "2\x81\x01"
                     "a",
                     6) == 0);
        line_end(&line);
        box_end(&box);
    }
}

/* ---- Compressed messages ---- */

static void test_deflate(void) {
    static struct line line;
    struct box box;
    pws_event ev;
    size_t before = 0;
    int i;

    for (i = 1; i <= 2; i++) {
        check_case("a message that is compressed in pieces leaves with its last byte");
        box_begin(&box, PWS_FULL_REFUSE, 10000);
        line_begin(&line, PWS_SERVER, 512, i);
        CHECK(put_bytes(&box, 2000) == PWS_OK && put(&box, "b") == PWS_OK);
        while (box.queue.messages == 2) {
            CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
            before = line.length;
            CHECK(pull(&line, &box.queue, 1) == 1);
        }
        /* what is left is the second message alone */
        CHECK(line.out[before] == 0x00); /* the end of an empty stored block */
        before = line.length;
        send_all(&box, &line, 0);
        CHECK(line.length - before == 3 && memcmp(line.out + before,
                                                  "\x81\x01"
                                                  "b",
                                                  3) == 0);
        CHECK(box.queue.messages == 0);
        line_end(&line);
        box_end(&box);
    }

    check_case("what the program sends behind its end does not count to it");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 512, 1);
    CHECK(put_bytes(&box, 400) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_next(&line.ws, NULL, &ev) && ev.kind == PWS_WRITE);
    before = ev.out[0].len;
    pws_queue_wrote(&box.queue, &line.ws, before);
    CHECK(pws_borrows(&line.ws) && box.queue.messages == 1);
    feed(&line, "\x81\x81\0\0\0\0?", 7, PWS_WRITE); /* the rest goes out before input is read */
    pws_queue_wrote(&box.queue, &line.ws, 1);
    CHECK(!pws_borrows(&line.ws) && box.queue.messages == 1);
    before = (size_t)pws_unsent(&line.ws);
    CHECK(pws_send(&line.ws, PWS_TEXT, "own", 3) == PWS_OK);
    CHECK(pull(&line, &box.queue, before - 1) == before - 1 && box.queue.messages == 1);
    CHECK(pull(&line, &box.queue, 1) == 1 && box.queue.messages == 0);
    CHECK(pull(&line, &box.queue, SIZE_MAX) == 5);
    line_end(&line);
    box_end(&box);

    check_case("what is compressed but not written when the connection ends, stays");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 512, 1);
    CHECK(put_bytes(&box, 400) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_next(&line.ws, NULL, &ev) && ev.kind == PWS_WRITE);
    pws_queue_wrote(&box.queue, &line.ws, SIZE_MAX);
    feed(&line, "\x81\x81\0\0\0\0?", 7, PWS_WRITE); /* the rest is compressed */
    pws_end(&line.ws);
    pws_queue_wrote(&box.queue, &line.ws, SIZE_MAX);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && box.queue.messages == 1);
    pws_queue_lost(&box.queue);
    CHECK(box.queue.messages == 1);
    line_end(&line);
    box_end(&box);

    check_case("where no codec is free, a message goes out plain");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 512, 1);
    line.codecs.misbehaviour = STORED_REFUSES;
    CHECK(put_bytes(&box, 100) == PWS_OK);
    send_all(&box, &line, 0);
    CHECK(line.length == 102 && line.out[0] == 0x82);
    line_end(&line);
    box_end(&box);

    check_case("PWS_PLAIN is kept");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 4096, 1);
    CHECK(put_bytes(&box, 100) == PWS_OK);
    CHECK(pws_queue_put(&box.queue, PWS_BINARY | PWS_PLAIN, line.out, 100, 0, 0) == PWS_OK);
    send_all(&box, &line, 0);
    CHECK(line.out[0] == 0xC2 && line.out[line.length - 102] == 0x82);
    line_end(&line);
    box_end(&box);

    check_case("a message of which the codec fails is not sent, nor are those behind it");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 4096, 1);
    line.codecs.misbehaviour = STORED_FAILS;
    CHECK(put_bytes(&box, 100) == PWS_OK && put(&box, "b") == PWS_OK);
    send_all(&box, &line, 0);
    CHECK(pws_state(&line.ws) != PWS_STATE_OPEN && line.length != 0 && line.out[0] == 0x88);
    CHECK(box.queue.messages == 2);
    pws_queue_lost(&box.queue);
    CHECK(box.queue.messages == 2 && box.queue.first == box.queue.waiting);
    line_end(&line);
    box_end(&box);

    for (i = 0; i < 2; i++) {
        check_case("a message that is given up half-way, because the connection fails, stays");
        box_begin(&box, PWS_FULL_REFUSE, 10000);
        line_begin(&line, PWS_SERVER, 512, 1);
        CHECK(put_bytes(&box, 2000) == PWS_OK);
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
        if (i == 1)
            line.codecs.misbehaviour = STORED_FAILS;
        (void)pull(&line, &box.queue, 300); /* less than one batch */
        CHECK(pws_next(&line.ws, NULL, &ev) && ev.kind == PWS_WRITE);
        pws_queue_wrote(&box.queue, &line.ws, SIZE_MAX);
        if (i == 0) {
            line.codecs.misbehaviour = STORED_FAILS;
            CHECK(pws_borrows(&line.ws));
        }
        (void)pull(&line, &box.queue, SIZE_MAX);
        CHECK(pws_state(&line.ws) != PWS_STATE_OPEN && box.queue.messages == 1);
        line_end(&line);
        box_end(&box);
    }

    check_case("our Close does not stop the message before it, which leaves when it is written");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 512, 1);
    CHECK(put_bytes(&box, 2000) == PWS_OK);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(pws_close(&line.ws, 1000, pws_cstr("bye")) == PWS_OK);
    while (box.queue.messages != 0 && pull(&line, &box.queue, 1) == 1)
        ;
    CHECK(box.queue.messages == 0 && pull(&line, &box.queue, SIZE_MAX) == 7);
    CHECK(line.out[line.length - 7] == 0x88);
    line_end(&line);
    box_end(&box);
}

/* ---- The end of a connection ---- */

static void test_lost(void) {
    static struct line line, next;
    struct box box;
    size_t taken;

    for (taken = 0; taken <= 9; taken++) {
        static const char *const left[] = {"|a b c d", "|b c d", "|c d", "|d"};
        static const char *const letters[] = {"abcd", "bcd", "cd", "d"};

        check_case("what was not wholly written waits again, in order, for the next connection");
        box_begin(&box, PWS_FULL_REFUSE, 10000);
        line_begin(&line, PWS_SERVER, 512, 0);
        CHECK(put(&box, "a") == PWS_OK && put(&box, "b") == PWS_OK && put(&box, "c") == PWS_OK);
        CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
        CHECK(put(&box, "d") == PWS_OK);
        CHECK(pull(&line, &box.queue, taken) == taken);
        pws_end(&line.ws);
        pws_queue_lost(&box.queue);
        CHECK(holds(&box.queue, left[taken / 3]) && is_sound(&box.queue));
        line_begin(&next, PWS_SERVER, 512, 0);
        send_all(&box, &next, 0);
        CHECK(wrote_letters(&next, letters[taken / 3]) && holds(&box.queue, "|"));
        CHECK(box.queue.dropped == 0);
        line_end(&next);
        line_end(&line);
        box_end(&box);
    }

    check_case("after the end of the transport nothing leaves the queue");
    box_begin(&box, PWS_FULL_REFUSE, 10000);
    line_begin(&line, PWS_SERVER, 512, 0);
    CHECK(put(&box, "a") == PWS_OK && pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
    CHECK(put(&box, "b") == PWS_OK);
    pws_eof(&line.ws);
    CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK && holds(&box.queue, "a|b"));
    CHECK(pull(&line, &box.queue, SIZE_MAX) == 3 && holds(&box.queue, "a|b"));
    pws_queue_lost(&box.queue);
    CHECK(holds(&box.queue, "|a b"));
    line_end(&line);
    box_end(&box);
}

/* ---- Time and memory over many messages ---- */

static void test_ring(void) {
    static struct line line;
    struct box box;
    uint32_t generator = 99, i, most = 0;

    check_case("messages that leave in order use the memory as a ring, without ever being refused");
    box_begin(&box, PWS_FULL_REFUSE, room_for(5, 200));
    line_begin(&line, PWS_SERVER, 0, 0);
    for (i = 0; i < 20000; i++) {
        /* at most three of five are in use: room for one more at the end or at the beginning */
        CHECK(put_bytes(&box, next_random(&generator, 201)) == PWS_OK);
        if (box.queue.messages == 3) {
            CHECK(pws_queue_send(&box.queue, &line.ws, 0) == PWS_OK);
            (void)pull(&line, &box.queue, SIZE_MAX);
            line.length = 0;
        }
        most = box.queue.last > most ? box.queue.last : most;
    }
    CHECK(is_sound(&box.queue) && most > box.queue.size / 2);
    line_end(&line);
    box_end(&box);
}

/* ---- Random calls, against a list ---- */

enum {
    MODEL_MOST = 100,
    MODEL_SHARED = 3
};

struct item {
    uint32_t number; /* names its payload */
    size_t length;
    uint64_t key;
    const pws_shared *shared;
};

struct model {
    struct item items[MODEL_MOST];
    size_t count;
};

static uint8_t item_byte(uint32_t number, size_t i) {
    return (uint8_t)(number * 31 + i * 7);
}

static int is_same(const pws_queue *queue, const struct model *model) {
    uint32_t at = queue->first;
    size_t i, j, length;

    for (i = 0; i < model->count; i++) {
        const struct item *item = &model->items[i];
        pws_slot slot;
        const uint8_t *payload;

        if (at == PWS_NO_SLOT)
            return 0;
        slot = pws_slot_get(queue, at);
        payload = payload_at(queue, at, &length);
        if (slot.shared != item->shared || slot.key != item->key || length != item->length)
            return 0;
        for (j = 0; item->shared == NULL && j < length; j++)
            if (payload[j] != item_byte(item->number, j))
                return 0;
        at = slot.next;
    }
    return at == PWS_NO_SLOT;
}

static void model_remove(struct model *model, size_t index, size_t count) {
    memmove(model->items + index, model->items + index + count,
            (model->count - index - count) * sizeof(struct item));
    model->count -= count;
}

/* How many messages are told. */
static size_t told_count(const pws_queue *queue) {
    size_t count = 0;
    uint32_t at;

    for (at = queue->first; at != queue->waiting; at = pws_slot_get(queue, at).next)
        count++;
    return count;
}

/* The most bytes in a row that are free, or would be without the first so many that wait. */
static size_t longest_run(const pws_queue *queue, size_t without) {
    uint32_t at, gone[MODEL_MOST];
    size_t count = 0, run = 0, longest = 0, i;

    for (at = queue->waiting; at != PWS_NO_SLOT && count < without; count++) {
        gone[count] = at;
        at = pws_slot_get(queue, at).next;
    }
    for (at = 0; at < queue->size; at += pws_slot_get(queue, at).size) {
        int is_free = pws_slot_get(queue, at).kind == PWS_SLOT_FREE;

        for (i = 0; i < count; i++)
            is_free |= gone[i] == at;
        run = is_free ? run + pws_slot_get(queue, at).size : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* The place in the model of the message that one with this key replaces, or its count. */
static size_t same_key(const struct box *box, const struct model *model, size_t told,
                       uint64_t key) {
    size_t i;

    if (box->config.full == PWS_FULL_REPLACE && key != 0)
        for (i = model->count; i > told; i--)
            if (model->items[i - 1].key == key)
                return i - 1;
    return model->count;
}

/* What putting the item does, as the policy has it; before it is done. Returns the expected result,
 * with the model as it is to be. */
static int32_t model_put(struct box *box, struct model *model, const struct item *item) {
    const pws_queue *queue = &box->queue;
    size_t told = told_count(queue), waiting = model->count - told, drops = 0;
    size_t same = same_key(box, model, told, item->key);
    size_t need = room_for(1, item->shared != NULL ? 0 : item->length);

    if (need > queue->size)
        return PWS_E_SPACE;
    if (same != model->count) { /* nothing else is dropped: its own place, or another */
        uint32_t at = queue->first;
        size_t i;

        for (i = 0; i < same; i++)
            at = pws_slot_get(queue, at).next;
        if (longest_run(queue, 0) < need && pws_slot_span(queue, at) < need)
            return PWS_E_SPACE;
        model->items[same] = *item;
        return PWS_OK;
    }
    if (box->config.full == PWS_FULL_DROP_OLDEST)
        while (drops < waiting && longest_run(queue, drops) < need)
            drops++;
    if (longest_run(queue, drops) < need)
        return box->config.full == PWS_FULL_DROP_NEWEST ? PWS_OK : PWS_E_SPACE;
    model_remove(model, told, drops);
    model->items[model->count++] = *item;
    return PWS_OK;
}

struct scene {
    struct box box;
    struct line line;
    struct model model;
    pws_shared shared[MODEL_SHARED];
    uint8_t frames[MODEL_SHARED][32];
    uint32_t generator, number;
};

static void scene_put(struct scene *scene) {
    struct box *box = &scene->box;
    struct item item;
    uint32_t which = next_random(&scene->generator, 12);
    uint64_t dropped = box->queue.dropped;
    size_t before = scene->model.count, i;
    int32_t expected, error;

    item.number = ++scene->number;
    item.key = next_random(&scene->generator, 4);
    item.length = next_random(&scene->generator, which == 11 ? 2000 : 90);
    item.shared = NULL;
    if (which < MODEL_SHARED) {
        item.shared = &scene->shared[which];
        item.length = item.shared->frame.len - 2;
    }
    expected = model_put(box, &scene->model, &item);
    if (item.shared != NULL) {
        error = pws_queue_put_shared(&box->queue, &scene->shared[which], item.key, 0);
    } else {
        uint8_t *data = (uint8_t *)get_memory(item.length);

        for (i = 0; i < item.length; i++)
            data[i] = item_byte(item.number, i);
        error = pws_queue_put(&box->queue, PWS_BINARY, data, item.length, item.key, 0);
        free(data);
    }
    CHECK(error == expected);
    before += error == PWS_OK ? 1 : 0;
    CHECK(box->queue.dropped - dropped == before - scene->model.count);
}

/* The transport takes a part of what there is. What leaves is at the front. */
static void scene_write(struct scene *scene) {
    const pws_queue *queue = &scene->box.queue;
    size_t told = told_count(queue), messages = queue->messages;

    (void)pull(&scene->line, &scene->box.queue, next_random(&scene->generator, 200));
    CHECK(messages - queue->messages <= told);
    model_remove(&scene->model, 0, messages - queue->messages);
    scene->line.length = 0;
}

static void scene_connect(struct scene *scene) {
    static const size_t sizes[] = {0, 512, 700, 4096};

    line_begin(&scene->line, PWS_SERVER, sizes[next_random(&scene->generator, 4)],
               (int)next_random(&scene->generator, 3));
    scene->line.config.deflate_min = 1;
}

static void scene_step(struct scene *scene) {
    pws_queue *queue = &scene->box.queue;
    uint32_t call = next_random(&scene->generator, 100);

    if (call < 60) {
        scene_put(scene);
    } else if (call < 75) {
        CHECK(pws_queue_send(queue, &scene->line.ws, 0) == PWS_OK);
        if (pws_state(&scene->line.ws) != PWS_STATE_OPEN)
            CHECK(scene->box.config.full == PWS_FULL_CLOSE);
    } else if (call < 95) {
        scene_write(scene);
    } else {
        line_end(&scene->line);
        if (call == 99) {
            pws_queue_clear(queue);
            scene->model.count = 0;
        } else {
            pws_queue_lost(queue);
        }
        CHECK(queue->first == queue->waiting);
        scene_connect(scene);
    }
}

/* The program's reference, and one for each time that it is in the queue. */
static int counts_are_right(const struct scene *scene) {
    size_t i, j;

    for (j = 0; j < MODEL_SHARED; j++) {
        uint32_t count = 1;

        for (i = 0; i < scene->model.count; i++)
            count += scene->model.items[i].shared == &scene->shared[j] ? 1 : 0;
        if (scene->shared[j].count != count)
            return 0;
    }
    return scene->box.queue.freed == NULL;
}

static void scene_play(uint32_t seed) {
    static struct scene scene;
    uint32_t freed = 0, left = 0;
    int i;

    memset(&scene, 0, sizeof scene);
    scene.generator = seed * 2654435761u | 1;
    box_begin(&scene.box, seed % 5, 2 * PWS_QUEUE_ENTRY + next_random(&scene.generator, 2500));
    for (i = 0; i < MODEL_SHARED; i++)
        share(&scene.shared[i], scene.frames[i], sizeof scene.frames[i], PWS_TEXT, "for all");
    scene_connect(&scene);
    for (i = 0; i < 300 && !check_broken; i++) {
        scene_step(&scene);
        CHECK(is_sound(&scene.box.queue));
        CHECK(is_same(&scene.box.queue, &scene.model));
        CHECK(counts_are_right(&scene));
    }
    if (check_broken)
        printf("    seed %u, step %d\n", (unsigned)seed, i);
    line_end(&scene.line);
    for (i = 0; i < MODEL_SHARED; i++)
        left += pws_shared_release(&scene.shared[i]) ? 0 : 1;
    pws_queue_clear(&scene.box.queue);
    while (pws_queue_freed(&scene.box.queue) != NULL)
        freed++;
    CHECK(freed == left);
    CHECK(put_bytes(&scene.box, scene.box.queue.size - PWS_QUEUE_ENTRY) == PWS_OK);
    box_end(&scene.box);
}

static void test_random(void) {
    uint32_t seed;

    check_case("any calls: order, contents and counts are those of a list, and nothing is dropped "
               "or refused for which there is room");
    for (seed = 0; seed < 1000 && !check_broken; seed++)
        scene_play(seed);
}

int main(void) {
    test_begin();
    test_put();
    test_clear();
    test_refuse();
    test_drop_oldest();
    test_drop_newest();
    test_replace();
    test_close();
    test_watermarks();
    test_delay();
    test_shared();
    test_shared_arguments();
    test_shared_client();
    test_send();
    test_bare();
    test_client();
    test_fragment();
    test_lost();
    test_ring();
    test_random();
    if (HAS_DEFLATE) {
        test_deflated_arguments();
        test_shared_deflated();
        test_deflate();
    } else {
        puts("left out: compressed messages of a queue");
    }
    return check_end();
}
