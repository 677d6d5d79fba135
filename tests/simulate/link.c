#include "link.h"

#include <stdlib.h>
#include <string.h>

void link_open(struct link *link, const struct line *line, struct agenda *agenda, struct dice *dice,
               const uint64_t *now) {
    int side;

    link->line = *line;
    link->agenda = agenda;
    link->dice = dice;
    link->now = now;
    for (side = 0; side < 2; side++) {
        struct pipe *pipe = &link->pipes[side];

        memset(pipe, 0, sizeof *pipe);
        pipe->capacity = line->capacity;
        pipe->ring = (uint8_t *)malloc(pipe->capacity);
        if (pipe->ring == NULL)
            exit(2);
        link->broken[side] = 0;
    }
}

void link_free(struct link *link) {
    int side;

    for (side = 0; side < 2; side++) {
        struct pipe *pipe = &link->pipes[side];

        free(pipe->ring);
        free(pipe->segments);
        pipe->ring = NULL;
        pipe->segments = NULL;
        pipe->length = pipe->arrived = pipe->capacity = 0;
        pipe->segment_count = pipe->segment_capacity = 0;
        pipe->severed = 1;
    }
}

/* ---- Writing ---- */

static void add_segment(struct pipe *pipe, uint64_t at, uint32_t bytes) {
    struct segment *segment;

    if (pipe->first_segment + pipe->segment_count == pipe->segment_capacity) {
        if (pipe->segment_count > 0)
            memmove(pipe->segments, pipe->segments + pipe->first_segment,
                    pipe->segment_count * sizeof *pipe->segments);
        pipe->first_segment = 0;
        if (2 * pipe->segment_count >= pipe->segment_capacity) {
            pipe->segment_capacity = 2 * pipe->segment_capacity + 8;
            pipe->segments = (struct segment *)realloc(pipe->segments, pipe->segment_capacity *
                                                                           sizeof *pipe->segments);
            if (pipe->segments == NULL)
                exit(2);
        }
    }
    segment = &pipe->segments[pipe->first_segment + pipe->segment_count++];
    segment->at = at;
    segment->bytes = bytes;
}

/* When something that is written now arrives. */
static uint64_t arrival(struct link *link, struct pipe *pipe, size_t bytes) {
    uint64_t at = *link->now + link->line.delay;

    if (link->line.jitter != 0)
        at += dice_below(link->dice, link->line.jitter + 1);
    if (at < pipe->stalled_until)
        at = pipe->stalled_until;
    if (at < pipe->last_arrival)
        at = pipe->last_arrival;
    if (link->line.speed != 0)
        at += bytes / link->line.speed;
    pipe->last_arrival = at;
    return at;
}

/* Puts bytes on their way that the ring has room for. */
static void send_off(struct link *link, uint32_t side, const uint8_t *bytes, size_t length) {
    struct pipe *pipe = &link->pipes[side];

    while (length > 0) {
        uint32_t end = (pipe->begin + pipe->length) % pipe->capacity;
        size_t n = length < link->line.piece ? length : link->line.piece;
        uint64_t at;

        n = n < pipe->capacity - end ? n : pipe->capacity - end;
        memcpy(pipe->ring + end, bytes, n);
        pipe->length += (uint32_t)n;
        at = arrival(link, pipe, n);
        add_segment(pipe, at, (uint32_t)n);
        agenda_add(link->agenda, at, LINK_ARRIVAL, link, !side);
        bytes += n;
        length -= n;
    }
}

size_t link_write(struct link *link, uint32_t side, const uint8_t *bytes, size_t length) {
    struct pipe *pipe = &link->pipes[side];
    size_t n = pipe->capacity - pipe->length;

    if (link->broken[side] || length == 0)
        return 0;
    if (pipe->severed && pipe->capacity == 0) /* the other end is gone, which is not known yet */
        return length;
    n = n < length ? n : length;
    if (n > 0 && dice_chance(link->dice, link->line.short_writes)) {
        n = dice_below(link->dice, n + 1);
        if (n < length)
            agenda_add(link->agenda, *link->now + dice_below(link->dice, 3), LINK_ROOM, link, side);
    } else if (n < length) {
        pipe->blocked = 1;
    }
    if (n > 0)
        send_off(link, side, bytes, n);
    pipe->written += n;
    return n;
}

/* ---- Reading ---- */

size_t link_readable(const struct link *link, uint32_t side) {
    return link->broken[side] ? 0 : link->pipes[!side].arrived;
}

static void take(struct link *link, uint32_t reader, uint32_t length) {
    struct pipe *pipe = &link->pipes[!reader];

    if (length == 0)
        return;
    pipe->begin = (pipe->begin + length) % pipe->capacity;
    pipe->length -= length;
    pipe->arrived -= length;
    pipe->read += length;
    if (pipe->blocked && !pipe->severed) {
        pipe->blocked = 0;
        agenda_add(link->agenda, *link->now + link->line.delay, LINK_ROOM, link, !reader);
    }
}

size_t link_read(struct link *link, uint32_t side, uint8_t *bytes, size_t capacity) {
    struct pipe *pipe = &link->pipes[!side];
    size_t n = link_readable(link, side), first;

    n = n < capacity ? n : capacity;
    first = n < pipe->capacity - pipe->begin ? n : pipe->capacity - pipe->begin;
    if (n > 0) {
        memcpy(bytes, pipe->ring + pipe->begin, first);
        memcpy(bytes + first, pipe->ring, n - first);
    }
    take(link, side, (uint32_t)n);
    return n;
}

int link_ended(const struct link *link, uint32_t side) {
    const struct pipe *pipe = &link->pipes[!side];

    return link->broken[side] || (pipe->end_arrived && pipe->arrived == 0);
}

/* ---- What happens to it ---- */

void link_finish(struct link *link, uint32_t side) {
    struct pipe *pipe = &link->pipes[side];

    if (!pipe->finished) {
        pipe->finished = 1;
        agenda_add(link->agenda, arrival(link, pipe, 0), LINK_ARRIVAL, link, !side);
    }
    link->pipes[!side].drained = 1;
    take(link, side, link->pipes[!side].arrived);
}

void link_reset(struct link *link, uint32_t within) {
    uint32_t side;

    for (side = 0; side < 2; side++) {
        link->pipes[side].severed = 1;
        agenda_add(link->agenda, *link->now + dice_below(link->dice, within + 1), LINK_BREAK, link,
                   side);
    }
}

void link_sever(struct link *link) {
    link->pipes[0].severed = link->pipes[1].severed = 1;
}

void link_stall(struct link *link, uint32_t side, uint32_t milliseconds) {
    link->pipes[side].stalled_until = *link->now + milliseconds;
}

void link_calm(struct link *link) {
    link->line.delay = link->line.jitter = link->line.speed = link->line.short_writes = 0;
    link->pipes[0].stalled_until = link->pipes[1].stalled_until = 0;
}

/* What should have arrived by now arrives, unless nothing does now. */
static int arrive(struct link *link, uint32_t side) {
    struct pipe *pipe = &link->pipes[!side];
    int news = 0;

    if (pipe->severed)
        return 0;
    if (*link->now < pipe->stalled_until) {
        agenda_add(link->agenda, pipe->stalled_until, LINK_ARRIVAL, link, side);
        if (pipe->last_arrival < pipe->stalled_until)
            pipe->last_arrival = pipe->stalled_until;
        return 0;
    }
    while (pipe->segment_count > 0 && pipe->segments[pipe->first_segment].at <= *link->now) {
        pipe->arrived += pipe->segments[pipe->first_segment].bytes;
        pipe->first_segment++;
        pipe->segment_count--;
        news = 1;
    }
    if (pipe->drained)
        take(link, side, pipe->arrived);
    if (pipe->finished && pipe->segment_count == 0 && !pipe->end_arrived) {
        pipe->end_arrived = 1;
        news = 1;
    }
    return news;
}

int link_happens(struct link *link, const struct item *item) {
    switch (item->kind) {
    case LINK_ARRIVAL:
        return arrive(link, item->side);
    case LINK_BREAK:
        link->broken[item->side] = 1;
        return 1;
    default: /* LINK_ROOM */
        return 1;
    }
}
