/* The memory of an outbound queue: what queue.c asks of arena.c. */
#ifndef PWS_ARENA_H
#define PWS_ARENA_H

#include "internal.h"

/* Slots are named by where they begin in the memory; this is none. */
#define PWS_NO_SLOT UINT32_MAX
/* pws_slot.end of a message that waits, and of one that is still being compressed. */
#define PWS_END_NONE ((uint64_t)0)
#define PWS_END_UNKNOWN UINT64_MAX
/* pws_slot.kind of a slot without a message */
enum {
    PWS_SLOT_FREE = 0
};

/* The header of a slot. */
typedef struct pws_slot {
    uint64_t key;       /* the program's */
    uint64_t put_ms;    /* when it was put */
    uint64_t end;       /* told: where it ends in the output, as queue.written counts it */
    pws_shared *shared; /* or NULL: the payload follows PWS_QUEUE_ENTRY bytes from the beginning */
    uint32_t size;      /* bytes, with this header */
    uint32_t before;    /* the slot before it in memory */
    uint32_t previous;  /* the one before it in its list: of messages, or of free slots */
    uint32_t next;      /* and the one behind it */
    uint32_t length;    /* bytes of the payload that follows */
    uint32_t kind;      /* for pws_send; or PWS_SLOT_FREE */
} pws_slot;

/* Makes all the memory one free slot. */
PWS_PRIVATE void pws_slot_begin(pws_queue *queue);
PWS_PRIVATE pws_slot pws_slot_get(const pws_queue *queue, uint32_t at);
PWS_PRIVATE void pws_slot_set(pws_queue *queue, uint32_t at, const pws_slot *slot);
/* Makes two slots neighbours in a list. Either may be none. */
PWS_PRIVATE void pws_slot_join(pws_queue *queue, uint32_t previous, uint32_t next);
/* The first free slot of at least that size, or none. */
PWS_PRIVATE uint32_t pws_slot_find(const pws_queue *queue, uint32_t size);
/* Takes the front of a free slot; all of it where the rest could hold no message. */
PWS_PRIVATE void pws_slot_cut(pws_queue *queue, uint32_t at, uint32_t size);
/* Makes a slot free, with those that it touches. Returns where the free slot begins now. */
PWS_PRIVATE uint32_t pws_slot_release(pws_queue *queue, uint32_t at);
/* The size of the free slot that pws_slot_release would make. */
PWS_PRIVATE uint32_t pws_slot_span(const pws_queue *queue, uint32_t at);
/* Whether from that slot on, or none, there are so many bytes in a row that no told message holds.
 */
PWS_PRIVATE int pws_slot_run(const pws_queue *queue, uint32_t at, uint32_t size);

#endif
