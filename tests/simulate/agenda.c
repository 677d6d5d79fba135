#include "agenda.h"

#include <stdlib.h>

static int comes_before(const struct item *a, const struct item *b) {
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void agenda_add(struct agenda *agenda, uint64_t at, uint32_t kind, void *subject, uint32_t side) {
    struct item item;
    size_t place;

    if (agenda->count == agenda->capacity) {
        agenda->capacity = 2 * agenda->capacity + 64;
        agenda->items =
            (struct item *)realloc(agenda->items, agenda->capacity * sizeof *agenda->items);
        if (agenda->items == NULL)
            exit(2);
    }
    item.at = at;
    item.order = agenda->added++;
    item.kind = kind;
    item.side = side;
    item.subject = subject;
    place = agenda->count++;
    while (place > 0 && comes_before(&item, &agenda->items[(place - 1) / 2])) {
        agenda->items[place] = agenda->items[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    agenda->items[place] = item;
}

int agenda_next(struct agenda *agenda, struct item *item) {
    struct item last;
    size_t place = 0, child;

    if (agenda->count == 0)
        return 0;
    *item = agenda->items[0];
    last = agenda->items[--agenda->count];
    while ((child = 2 * place + 1) < agenda->count) {
        if (child + 1 < agenda->count &&
            comes_before(&agenda->items[child + 1], &agenda->items[child]))
            child++;
        if (!comes_before(&agenda->items[child], &last))
            break;
        agenda->items[place] = agenda->items[child];
        place = child;
    }
    agenda->items[place] = last;
    return 1;
}

void agenda_free(struct agenda *agenda) {
    free(agenda->items);
    agenda->items = NULL;
    agenda->count = agenda->capacity = 0;
}
