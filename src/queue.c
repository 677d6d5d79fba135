/* The outbound queue: a companion, called by the program alone. Its messages lie in the slots of
 * arena.c. Their order is a list: first the told ones, which a connection has taken but not wholly
 * written, then those that wait. */
#include "arena.h"

enum {
    PWS_DEFAULT_DELAY_BYTES = 4096 /* bytes: pws_queue_config.delay_bytes */
};

/* What a message counts for. */
static size_t pws_slot_bytes(const pws_slot *slot) {
    return slot->shared != NULL ? slot->shared->frame.len : slot->length;
}

static void pws_queue_time(pws_queue *queue, uint64_t now_ms) {
    if (queue->now_ms < now_ms)
        queue->now_ms = now_ms;
}

/* Between the two marks it stays what it was. */
static void pws_queue_watch(pws_queue *queue) {
    if (queue->config->high == 0)
        return;
    if (queue->waiting_bytes >= queue->config->high)
        queue->is_high = 1;
    else if (queue->waiting_bytes <= queue->config->low)
        queue->is_high = 0;
}

/* Puts a message into a slot, and into the order in front of another one that waits, or at the end.
 */
static void pws_queue_insert(pws_queue *queue, uint32_t at, uint32_t following, pws_slot message,
                             const void *data) {
    const pws_slot slot = pws_slot_get(queue, at);
    uint32_t previous = queue->last;

    if (following != PWS_NO_SLOT)
        previous = pws_slot_get(queue, following).previous;
    message.size = slot.size;
    message.before = slot.before;
    pws_slot_set(queue, at, &message);
    if (message.length != 0)
        memcpy(queue->memory + at + PWS_QUEUE_ENTRY, data, message.length);
    pws_slot_join(queue, previous, at);
    pws_slot_join(queue, at, following);
    if (previous == PWS_NO_SLOT)
        queue->first = at;
    if (following == PWS_NO_SLOT)
        queue->last = at;
    if (queue->waiting == PWS_NO_SLOT) /* the first that waits for others */
        queue->ready = 0;
    if (queue->waiting == following)
        queue->waiting = at;
    queue->messages++;
    queue->bytes += pws_slot_bytes(&message);
    queue->waiting_bytes += pws_slot_bytes(&message);
    if (message.shared != NULL)
        message.shared->count++;
}

/* Returns the free slot where it was. */
static uint32_t pws_queue_remove(pws_queue *queue, uint32_t at) {
    const pws_slot slot = pws_slot_get(queue, at);

    pws_slot_join(queue, slot.previous, slot.next);
    if (queue->first == at)
        queue->first = slot.next;
    if (queue->last == at)
        queue->last = slot.previous;
    if (queue->waiting == at)
        queue->waiting = slot.next;
    queue->messages--;
    queue->bytes -= pws_slot_bytes(&slot);
    if (slot.end == PWS_END_NONE)
        queue->waiting_bytes -= pws_slot_bytes(&slot);
    if (pws_shared_release(slot.shared)) {
        slot.shared->next = queue->freed;
        queue->freed = slot.shared;
    }
    return pws_slot_release(queue, at);
}

int pws_shared_release(pws_shared *shared) {
    return shared != NULL && shared->count != 0 && --shared->count == 0;
}

pws_shared *pws_queue_freed(pws_queue *queue) {
    pws_shared *shared = queue != NULL ? queue->freed : NULL;

    if (shared != NULL)
        queue->freed = shared->next;
    return shared;
}

static int pws_queue_config_ok(const pws_queue_config *config) {
    return config->full <= PWS_FULL_CLOSE &&
           (config->close_code == 0 || config->close_code == 1008 || config->close_code == 1013) &&
           config->low <= config->high &&
           pws_is_zero(config->reserved, sizeof config->reserved / sizeof(uintptr_t));
}

int32_t pws_queue_init(pws_queue *queue, const pws_queue_config *config, void *memory,
                       size_t size) {
    if (queue == NULL || config == NULL || memory == NULL || (uintptr_t)memory % 8 != 0 ||
        !pws_queue_config_ok(config))
        return PWS_E_ARG;
    if (size < (size_t)2 * PWS_QUEUE_ENTRY)
        return PWS_E_SPACE;
    memset(queue, 0, sizeof *queue);
    queue->config = config;
    queue->memory = (uint8_t *)memory;
    queue->size = size < 0x80000000u ? (uint32_t)(size & ~(size_t)7) : 0x80000000u;
    queue->first = queue->last = queue->waiting = PWS_NO_SLOT;
    pws_slot_begin(queue);
    return PWS_OK;
}

void pws_queue_clear(pws_queue *queue) {
    if (queue == NULL)
        return;
    while (queue->first != PWS_NO_SLOT)
        (void)pws_queue_remove(queue, queue->first);
    queue->overflowed = 0;
    pws_queue_watch(queue);
}

/* ---- Putting ---- */

/* The waiting message that one with this key takes the place of. There are several only after a
 * connection was lost: the newest, so that no older state comes behind a newer one. */
static uint32_t pws_queue_same(const pws_queue *queue, uint64_t key) {
    uint32_t at = queue->last;

    if (queue->config->full != PWS_FULL_REPLACE || key == 0)
        return PWS_NO_SLOT;
    while (at != PWS_NO_SLOT) {
        const pws_slot slot = pws_slot_get(queue, at);

        if (slot.end != PWS_END_NONE)
            return PWS_NO_SLOT;
        if (slot.key == key)
            return at;
        at = slot.previous;
    }
    return PWS_NO_SLOT;
}

/* Removes a message if there is room for another one then. Returns where. */
static uint32_t pws_queue_exchange(pws_queue *queue, uint32_t old, uint32_t size) {
    uint32_t at = PWS_NO_SLOT;

    if (pws_slot_span(queue, old) < size) {
        at = pws_slot_find(queue, size);
        if (at == PWS_NO_SLOT)
            return PWS_NO_SLOT;
    }
    queue->dropped++;
    old = pws_queue_remove(queue, old);
    return at != PWS_NO_SLOT ? at : old;
}

/* Removes the messages that have waited longest until there is room, if there can be. Returns
 * where. Where they touch in memory, as they do if they are sent in the order in which they came,
 * only a few are looked at. */
static uint32_t pws_queue_drop(pws_queue *queue, uint32_t size) {
    uint32_t at;

    if (!pws_slot_run(queue, queue->waiting, size) &&
        (queue->waiting == PWS_NO_SLOT || !pws_slot_run(queue, 0, size)))
        return PWS_NO_SLOT;
    do {
        queue->dropped++;
        at = pws_queue_remove(queue, queue->waiting);
    } while (pws_slot_get(queue, at).size < size);
    return at;
}

/* There is no room. */
static int32_t pws_queue_refuse(pws_queue *queue) {
    if (queue->config->full == PWS_FULL_DROP_NEWEST) {
        queue->dropped++;
        return PWS_OK;
    }
    queue->overflowed = queue->config->full == PWS_FULL_CLOSE;
    return PWS_E_SPACE;
}

/* size: of the slot that the message needs. */
static int32_t pws_queue_add(pws_queue *queue, pws_slot *message, const void *data, uint32_t size,
                             uint64_t now_ms) {
    const uint32_t same = pws_queue_same(queue, message->key);
    uint32_t following = PWS_NO_SLOT, at;

    pws_queue_time(queue, now_ms);
    message->put_ms = queue->now_ms;
    if (same != PWS_NO_SLOT) {
        const pws_slot old = pws_slot_get(queue, same);

        following = old.next;
        message->put_ms = old.put_ms; /* or one that changes all the time would never go out */
        at = pws_queue_exchange(queue, same, size);
    } else {
        at = pws_slot_find(queue, size);
        if (at == PWS_NO_SLOT && queue->config->full == PWS_FULL_DROP_OLDEST)
            at = pws_queue_drop(queue, size);
    }
    if (at == PWS_NO_SLOT)
        return pws_queue_refuse(queue);
    pws_slot_cut(queue, at, size);
    pws_queue_insert(queue, at, following, *message, data);
    pws_queue_watch(queue);
    return PWS_OK;
}

int32_t pws_queue_put(pws_queue *queue, uint32_t kind, const void *data, size_t length,
                      uint64_t key, uint64_t now_ms) {
    const uint32_t opcode = kind & ~(uint32_t)PWS_PLAIN;
    pws_slot message;

    if (queue == NULL || (data == NULL && length != 0) ||
        (opcode != PWS_TEXT && opcode != PWS_BINARY))
        return PWS_E_ARG;
    if (length > queue->size - PWS_QUEUE_ENTRY)
        return PWS_E_SPACE;
    memset(&message, 0, sizeof message);
    message.key = key;
    message.kind = kind;
    message.length = (uint32_t)length;
    return pws_queue_add(queue, &message, data,
                         PWS_QUEUE_ENTRY + ((message.length + 7) & ~(uint32_t)7), now_ms);
}

/* Whether a view is a frame of a message that may be sent as it is. */
static int pws_is_message(pws_view frame, uint32_t window_bits) {
    return frame.ptr != NULL && pws_is_prepared(frame.ptr, frame.len, window_bits) &&
           (frame.ptr[0] & 0x0F) <= PWS_BINARY;
}

static int pws_shared_ok(const pws_shared *shared) {
    if (shared->count == 0 || !pws_is_message(shared->frame, 0))
        return 0;
    if (shared->deflated.len == 0)
        return shared->window_bits == 0;
    return shared->window_bits != 0 && pws_is_message(shared->deflated, shared->window_bits);
}

int32_t pws_queue_put_shared(pws_queue *queue, pws_shared *shared, uint64_t key, uint64_t now_ms) {
    pws_slot message;

    if (queue == NULL || shared == NULL || !pws_shared_ok(shared))
        return PWS_E_ARG;
    memset(&message, 0, sizeof message);
    message.key = key;
    message.kind = shared->frame.ptr[0] & 0x0F;
    message.shared = shared;
    return pws_queue_add(queue, &message, NULL, PWS_QUEUE_ENTRY, now_ms);
}

/* ---- Sending ---- */

/* Where the message that was told last ends in the output; not known while it is compressed, nor
 * ever if the connection has failed meanwhile and gave up the rest. */
static uint64_t pws_queue_end(const pws_queue *queue, const pws_conn *ws) {
    if ((ws->flags & PWS_FLAG_SEND_COMPRESSED) != 0)
        return PWS_END_UNKNOWN;
    return queue->written + pws_unsent(ws);
}

/* Notes the end of the message that was told last, if it is known only now. */
static void pws_queue_note(pws_queue *queue, const pws_conn *ws) {
    uint32_t at = queue->last;
    pws_slot slot;

    if (queue->waiting != PWS_NO_SLOT)
        at = pws_slot_get(queue, queue->waiting).previous;
    if (at == PWS_NO_SLOT)
        return;
    slot = pws_slot_get(queue, at);
    if (slot.end != PWS_END_UNKNOWN)
        return;
    slot.end = pws_queue_end(queue, ws);
    pws_slot_set(queue, at, &slot);
}

static int32_t pws_tell_shared(const pws_shared *shared, pws_conn *ws) {
    int32_t error = PWS_E_EXTENSION;

    if (shared->deflated.len != 0)
        error =
            pws_send_prepared(ws, shared->deflated.ptr, shared->deflated.len, shared->window_bits);
    if (error == PWS_E_EXTENSION)
        error = pws_send_prepared(ws, shared->frame.ptr, shared->frame.len, 0);
    return error;
}

static int32_t pws_tell(const pws_queue *queue, uint32_t at, const pws_slot *slot, pws_conn *ws) {
    const uint8_t *data = queue->memory + at + PWS_QUEUE_ENTRY;
    int32_t error;

    if (slot->shared != NULL)
        return pws_tell_shared(slot->shared, ws);
    error = pws_send(ws, slot->kind, data, slot->length);
    if (error == PWS_E_BUSY) /* if it was for want of a codec */
        error = pws_send(ws, slot->kind | PWS_PLAIN, data, slot->length);
    return error;
}

/* Tells the connection the first message that waits. */
static int32_t pws_queue_tell(pws_queue *queue, pws_conn *ws) {
    const uint32_t at = queue->waiting;
    pws_slot slot = pws_slot_get(queue, at);
    int32_t error = pws_tell(queue, at, &slot, ws);

    if (error != PWS_OK)
        return error;
    slot.end = pws_queue_end(queue, ws);
    pws_slot_set(queue, at, &slot);
    queue->waiting = slot.next;
    queue->waiting_bytes -= pws_slot_bytes(&slot);
    return PWS_OK;
}

/* Whether the messages need not wait for others any more. */
static int pws_queue_is_ready(const pws_queue *queue) {
    const pws_queue_config *config = queue->config;
    uint32_t enough = config->delay_bytes;

    if (enough == 0)
        enough = PWS_DEFAULT_DELAY_BYTES;
    return queue->waiting_bytes >= enough ||
           queue->now_ms - pws_slot_get(queue, queue->waiting).put_ms >= config->delay_ms;
}

/* Closes a connection whose messages have found no room. */
static void pws_queue_close(const pws_queue *queue, pws_conn *ws) {
    const uint32_t code = queue->config->close_code != 0 ? queue->config->close_code : 1008;

    if (pws_close(ws, code, pws_cstr("messages are not read fast enough")) == PWS_E_SPACE)
        (void)pws_close(ws, code, pws_cstr(NULL)); /* a client without a transmit half */
}

int32_t pws_queue_send(pws_queue *queue, pws_conn *ws, uint64_t now_ms) {
    int32_t error = PWS_OK;

    if (queue == NULL || ws == NULL)
        return PWS_E_ARG;
    pws_queue_time(queue, now_ms);
    if (queue->waiting != PWS_NO_SLOT && !queue->ready)
        queue->ready = (uint8_t)pws_queue_is_ready(queue);
    /* after pws_eof nothing arrives any more: it stays for the next connection */
    if (pws_state(ws) != PWS_STATE_OPEN || (ws->busy & PWS_BUSY_EOF) != 0)
        return PWS_OK;
    if (queue->overflowed)
        pws_queue_close(queue, ws);
    /* in the middle of a message of the program, what is sent would become a part of it (5.4) */
    if ((ws->busy & PWS_BUSY_HELD) != 0 || ws->send_message != 0 || !queue->ready)
        return PWS_OK;
    while (error == PWS_OK && queue->waiting != PWS_NO_SLOT && pws_state(ws) == PWS_STATE_OPEN)
        error = pws_queue_tell(queue, ws);
    pws_queue_watch(queue);
    return error != PWS_E_BUSY ? error : PWS_OK;
}

/* Bytes of the PWS_WRITE that is out. */
static uint64_t pws_queue_out(const pws_conn *ws) {
    if ((ws->busy & PWS_BUSY_WRITING) == 0)
        return 0;
    return (uint64_t)ws->writing + ((ws->busy & PWS_BUSY_LENDING) != 0 ? ws->send_length : 0);
}

void pws_queue_wrote(pws_queue *queue, pws_conn *ws, size_t written) {
    uint64_t out;

    if (queue == NULL || ws == NULL) {
        pws_wrote(ws, written);
        return;
    }
    out = pws_queue_out(ws);
    pws_wrote(ws, written);
    if (out == 0 || (ws->busy & PWS_BUSY_EOF) != 0)
        return;
    queue->written += written < out ? written : out;
    pws_queue_note(queue, ws);
    while (queue->first != queue->waiting &&
           pws_slot_get(queue, queue->first).end <= queue->written)
        (void)pws_queue_remove(queue, queue->first);
}

void pws_queue_lost(pws_queue *queue) {
    uint32_t at;

    if (queue == NULL)
        return;
    for (at = queue->first; at != queue->waiting;) {
        pws_slot slot = pws_slot_get(queue, at);

        slot.end = PWS_END_NONE;
        pws_slot_set(queue, at, &slot);
        queue->waiting_bytes += pws_slot_bytes(&slot);
        at = slot.next;
    }
    queue->waiting = queue->first;
    queue->overflowed = 0;
    pws_queue_watch(queue);
}

/* ---- Asking ---- */

uint64_t pws_queue_deadline(const pws_queue *queue) {
    if (queue == NULL || queue->config->delay_ms == 0 || queue->waiting == PWS_NO_SLOT ||
        queue->ready)
        return UINT64_MAX;
    if (pws_queue_is_ready(queue))
        return queue->now_ms;
    return pws_slot_get(queue, queue->waiting).put_ms + queue->config->delay_ms;
}

int pws_queue_is_high(const pws_queue *queue) {
    return queue != NULL && queue->is_high;
}
