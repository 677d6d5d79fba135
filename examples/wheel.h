/* wheel.h: a timing wheel, so that a program with many connections ticks only those whose time has
 * come. It belongs to the program, knows ids (the index of a connection, its descriptor) and not
 * what they stand for, allocates nothing, and takes 8 bytes for each id.
 *
 *     static struct wheel wheel;
 *     wheel_init(&wheel, now_ms);
 *     wheel.links = calloc(count, sizeof *wheel.links);
 *
 *     wheel_set(&wheel, id, pws_deadline(&connections[id].ws));       each time you have pulled
 *
 *     wait for at most wheel_next(&wheel) - now_ms, then
 *     while ((id = wheel_take(&wheel, now_ms)) != WHEEL_NONE)
 *         tick, read, pull and set the connection id
 *
 * Deadlines are rounded up to a step and so at most one step late. One that is further away than
 * the wheel reaches (about 65 seconds) comes out when that is over: too early, which for pws_tick
 * does no harm, and is set again then.
 *
 * To copy into a program, not to link with. One thread at a time for each wheel.
 *
 * SPDX-License-Identifier: MIT */
#ifndef WHEEL_H
#define WHEEL_H

#include <stdint.h>

/* A power of two steps, of so many milliseconds each. */
enum {
    WHEEL_SLOTS = 4096,
    WHEEL_STEP = 16
};

/* No id. */
#define WHEEL_NONE UINT32_MAX

/* A place in a ring of ids: its neighbours, each an id or WHEEL_HEAD and the number of a slot.
 * Zeros: not armed, since no id can be on both sides of another. */
struct wheel_link {
    uint32_t previous, next;
};

/* A ring for each step that lies ahead, and one for what is due. */
struct wheel {
    struct wheel_link *links; /* the program's: one for each id, zeros at first; may be moved */
    uint64_t now;             /* milliseconds: the last wheel_take */
    uint64_t next;            /* no step before this one has an id */
    uint32_t armed;           /* ids in all rings */
    struct wheel_link slots[WHEEL_SLOTS + 1];
};

/* Private. The bit of a neighbour that is no id: ids are below it. */
#define WHEEL_HEAD UINT32_C(0x80000000)
/* Private. The ring of what is due. */
#define WHEEL_DUE ((uint32_t)WHEEL_SLOTS)

/* Private. */
static inline struct wheel_link *wheel_link_of(struct wheel *wheel, uint32_t place) {
    return place >= WHEEL_HEAD ? &wheel->slots[place - WHEEL_HEAD] : &wheel->links[place];
}

/* Private. The ring of a step. */
static inline uint32_t wheel_slot(uint64_t step) {
    return (uint32_t)(step % WHEEL_SLOTS);
}

/* Private. */
static inline int wheel_is_empty(const struct wheel *wheel, uint32_t slot) {
    return wheel->slots[slot].next == (WHEEL_HEAD | slot);
}

/* Begins with nothing armed. The links are set before or after. */
static inline void wheel_init(struct wheel *wheel, uint64_t now_ms) {
    uint32_t slot;

    wheel->now = now_ms;
    wheel->next = now_ms / WHEEL_STEP + 1;
    wheel->armed = 0;
    for (slot = 0; slot <= WHEEL_DUE; slot++) {
        wheel->slots[slot].previous = WHEEL_HEAD | slot;
        wheel->slots[slot].next = WHEEL_HEAD | slot;
    }
}

/* Private. */
static inline void wheel_unlink(struct wheel *wheel, uint32_t id) {
    struct wheel_link *link = &wheel->links[id];

    wheel_link_of(wheel, link->previous)->next = link->next;
    wheel_link_of(wheel, link->next)->previous = link->previous;
    link->previous = 0;
    link->next = 0;
    wheel->armed--;
}

/* Private. At the end of the ring. */
static inline void wheel_append(struct wheel *wheel, uint32_t slot, uint32_t id) {
    struct wheel_link *head = &wheel->slots[slot], *link = &wheel->links[id];

    link->previous = head->previous;
    link->next = WHEEL_HEAD | slot;
    wheel_link_of(wheel, link->previous)->next = id;
    head->previous = id;
    wheel->armed++;
}

/* Arms an id below 2^31, or arms it anew, or, with UINT64_MAX, disarms it. What has passed is due
 * with the next wheel_take. */
static inline void wheel_set(struct wheel *wheel, uint32_t id, uint64_t deadline_ms) {
    uint64_t step = deadline_ms / WHEEL_STEP + (deadline_ms % WHEEL_STEP != 0);
    uint64_t last = wheel->now / WHEEL_STEP + WHEEL_SLOTS;

    if (wheel->links[id].previous != wheel->links[id].next || wheel->links[id].next != 0)
        wheel_unlink(wheel, id);
    if (deadline_ms == UINT64_MAX)
        return;
    if (step > last)
        step = last;
    if (deadline_ms > wheel->now && step < wheel->next)
        wheel->next = step;
    wheel_append(wheel, deadline_ms > wheel->now ? wheel_slot(step) : WHEEL_DUE, id);
}

/* Private. Makes all of a slot due. */
static inline void wheel_splice(struct wheel *wheel, uint32_t slot) {
    struct wheel_link *from = &wheel->slots[slot], *due = &wheel->slots[WHEEL_DUE];

    if (wheel_is_empty(wheel, slot))
        return;
    wheel_link_of(wheel, from->next)->previous = due->previous;
    wheel_link_of(wheel, due->previous)->next = from->next;
    wheel_link_of(wheel, from->previous)->next = WHEEL_HEAD | WHEEL_DUE;
    due->previous = from->previous;
    from->previous = WHEEL_HEAD | slot;
    from->next = WHEEL_HEAD | slot;
}

/* Private. Makes due what lies before or at a step, and looks for the next one. */
static inline void wheel_advance(struct wheel *wheel, uint64_t step) {
    uint64_t end = step - wheel->next < WHEEL_SLOTS ? step + 1 : wheel->next + WHEEL_SLOTS;

    for (; wheel->next < end; wheel->next++)
        wheel_splice(wheel, wheel_slot(wheel->next));
    wheel->next = step + 1;
    while (wheel->next < step + WHEEL_SLOTS && wheel_is_empty(wheel, wheel_slot(wheel->next)))
        wheel->next++;
}

/* Returns an id whose time has come, in the order of the steps, and disarms it; WHEEL_NONE if there
 * is none. An earlier time counts as the last. */
static inline uint32_t wheel_take(struct wheel *wheel, uint64_t now_ms) {
    uint32_t id;

    if (now_ms > wheel->now)
        wheel->now = now_ms;
    if (wheel->now / WHEEL_STEP >= wheel->next)
        wheel_advance(wheel, wheel->now / WHEEL_STEP);
    id = wheel->slots[WHEEL_DUE].next;
    if (id >= WHEEL_HEAD)
        return WHEEL_NONE;
    wheel_unlink(wheel, id);
    return id;
}

/* The time, in milliseconds, at which wheel_take is called next at the latest; UINT64_MAX if
 * nothing is armed. It may be early, after an id was disarmed or set to later. */
static inline uint64_t wheel_next(const struct wheel *wheel) {
    if (wheel->armed == 0)
        return UINT64_MAX;
    return wheel_is_empty(wheel, WHEEL_DUE) ? wheel->next * WHEEL_STEP : wheel->now;
}

#endif
