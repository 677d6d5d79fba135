/* The memory of an outbound queue: a row of slots, each free or with one message. A slot begins
 * with a header, and behind it the payload, unless that is shared. Messages stay where they are,
 * since a connection may borrow their bytes. Free slots that touch are merged, and they are listed.
 * Room is cut off the front of the first that is large enough, and the rest comes first from then
 * on: so messages that leave in the order in which they came find the memory used as a ring.
 *
 * The memory is the program's and may have any type: headers are copied out of it and back. */
#include "arena.h"

/* A header fits where PWS_QUEUE_ENTRY says. */
typedef char pws_slot_is_small[sizeof(pws_slot) <= PWS_QUEUE_ENTRY ? 1 : -1];

PWS_PRIVATE pws_slot pws_slot_get(const pws_queue *queue, uint32_t at) {
    pws_slot slot;

    memcpy(&slot, queue->memory + at, sizeof slot);
    return slot;
}

PWS_PRIVATE void pws_slot_set(pws_queue *queue, uint32_t at, const pws_slot *slot) {
    memcpy(queue->memory + at, slot, sizeof *slot);
}

/* Makes two slots neighbours in a list. Either may be none. */
PWS_PRIVATE void pws_slot_join(pws_queue *queue, uint32_t previous, uint32_t next) {
    pws_slot slot;

    if (previous != PWS_NO_SLOT) {
        slot = pws_slot_get(queue, previous);
        slot.next = next;
        pws_slot_set(queue, previous, &slot);
    }
    if (next != PWS_NO_SLOT) {
        slot = pws_slot_get(queue, next);
        slot.previous = previous;
        pws_slot_set(queue, next, &slot);
    }
}

/* The slot behind one in memory. */
static uint32_t pws_slot_after(const pws_queue *queue, uint32_t at) {
    uint32_t after = at + pws_slot_get(queue, at).size;

    return after < queue->size ? after : PWS_NO_SLOT;
}

/* The size of a slot if it is free, else 0. */
static uint32_t pws_slot_room(const pws_queue *queue, uint32_t at) {
    pws_slot slot;

    if (at == PWS_NO_SLOT)
        return 0;
    slot = pws_slot_get(queue, at);
    return slot.kind == PWS_SLOT_FREE ? slot.size : 0;
}

/* Makes a free slot, the first in which room is looked for. */
static void pws_slot_list(pws_queue *queue, uint32_t at, uint32_t size, uint32_t before) {
    pws_slot slot;
    uint32_t after;

    memset(&slot, 0, sizeof slot);
    slot.size = size;
    slot.before = before;
    slot.previous = PWS_NO_SLOT;
    pws_slot_set(queue, at, &slot);
    pws_slot_join(queue, at, queue->place);
    queue->place = at;
    after = pws_slot_after(queue, at);
    if (after != PWS_NO_SLOT) {
        slot = pws_slot_get(queue, after);
        slot.before = at;
        pws_slot_set(queue, after, &slot);
    }
}

/* Takes a free slot off their list. */
static void pws_slot_unlist(pws_queue *queue, uint32_t at) {
    const pws_slot slot = pws_slot_get(queue, at);

    if (queue->place == at)
        queue->place = slot.next;
    pws_slot_join(queue, slot.previous, slot.next);
}

/* What pws_slot_release would make. */
PWS_PRIVATE uint32_t pws_slot_span(const pws_queue *queue, uint32_t at) {
    const pws_slot slot = pws_slot_get(queue, at);

    return pws_slot_room(queue, slot.before) + slot.size +
           pws_slot_room(queue, pws_slot_after(queue, at));
}

/* Makes a slot free, with those that it touches. Returns where the free slot begins now. */
PWS_PRIVATE uint32_t pws_slot_release(pws_queue *queue, uint32_t at) {
    pws_slot slot = pws_slot_get(queue, at);
    const uint32_t after = pws_slot_after(queue, at), span = pws_slot_span(queue, at);

    if (pws_slot_room(queue, after) != 0)
        pws_slot_unlist(queue, after);
    if (pws_slot_room(queue, slot.before) != 0) {
        pws_slot_unlist(queue, slot.before);
        at = slot.before;
        slot = pws_slot_get(queue, at);
    }
    pws_slot_list(queue, at, span, slot.before);
    return at;
}

/* The first free slot of at least that size. */
PWS_PRIVATE uint32_t pws_slot_find(const pws_queue *queue, uint32_t size) {
    uint32_t at = queue->place;

    while (at != PWS_NO_SLOT && pws_slot_get(queue, at).size < size)
        at = pws_slot_get(queue, at).next;
    return at;
}

/* Takes the front of a free slot; all of it where the rest could hold no message. */
PWS_PRIVATE void pws_slot_cut(pws_queue *queue, uint32_t at, uint32_t size) {
    pws_slot slot = pws_slot_get(queue, at);
    const uint32_t rest = slot.size - size;

    pws_slot_unlist(queue, at);
    if (rest < PWS_QUEUE_ENTRY)
        return;
    slot.size = size;
    pws_slot_set(queue, at, &slot);
    pws_slot_list(queue, at + size, rest, at);
}

/* Whether from that slot on there are so many bytes in a row that no told message holds. */
PWS_PRIVATE int pws_slot_run(const pws_queue *queue, uint32_t at, uint32_t size) {
    uint32_t run = 0;

    for (; at != PWS_NO_SLOT && run < size; at = pws_slot_after(queue, at)) {
        const pws_slot slot = pws_slot_get(queue, at);

        run = slot.end == PWS_END_NONE ? run + slot.size : 0;
    }
    return run >= size;
}

PWS_PRIVATE void pws_slot_begin(pws_queue *queue) {
    queue->place = PWS_NO_SLOT;
    pws_slot_list(queue, 0, queue->size, PWS_NO_SLOT);
}
