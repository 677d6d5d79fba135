/* What is going to happen in the simulated world, by its time. Things of the same time happen in
 * the order in which they were added. */
#ifndef AGENDA_H
#define AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct item {
    uint64_t at;    /* milliseconds */
    uint64_t order; /* of being added */
    uint32_t kind;  /* the world's */
    uint32_t side;
    void *subject; /* what it happens to; lives as long as the world */
};

/* A heap. Begins with zeros. */
struct agenda {
    struct item *items;
    size_t count, capacity;
    uint64_t added; /* so far */
};

void agenda_add(struct agenda *agenda, uint64_t at, uint32_t kind, void *subject, uint32_t side);
/* Takes the next one. Returns 0 if there is none. */
int agenda_next(struct agenda *agenda, struct item *item);
void agenda_free(struct agenda *agenda);

#endif
