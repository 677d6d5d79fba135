#include "watch.h"

#include <string.h>

enum {
    DEFAULT_CLOSE = 5000 /* milliseconds: pws_config.close_ms */
};

static uint64_t close_limit(const struct watch *watch) {
    return watch->config->close_ms != 0 ? watch->config->close_ms : DEFAULT_CLOSE;
}

static uint64_t end_of(uint64_t begin, uint32_t limit) {
    return limit != 0 ? begin + limit : UINT64_MAX;
}

/* When each limit runs out, if nothing happens. */
static uint64_t due_at(const struct watch *watch, enum limit limit) {
    const pws_config *config = watch->config;
    int open = watch->stage == STAGE_OPEN;

    if (limit == LIMIT_SEND && watch->is_held)
        return end_of(watch->held, config->send_ms);
    if (limit == LIMIT_OPEN && watch->stage == STAGE_OPENING)
        return end_of(watch->opening, config->open_ms);
    if (limit == LIMIT_CLOSE && watch->stage == STAGE_CLOSING)
        return watch->closing + close_limit(watch);
    if (limit == LIMIT_PONG && (watch->pings != 0 || watch->ping_out) && config->send_ms != 0)
        return UINT64_MAX; /* it can't have been seen */
    if (limit == LIMIT_PONG && open && watch->waits_for_pong)
        return end_of(watch->since, config->pong_ms);
    if (limit == LIMIT_MESSAGE && open && watch->in_message)
        return end_of(watch->message, config->message_ms);
    if (limit == LIMIT_IDLE && open)
        return end_of(watch->used, config->idle_ms);
    return UINT64_MAX;
}

static uint64_t ping_at(const struct watch *watch) {
    if (watch->stage != STAGE_OPEN || watch->config->ping_ms == 0)
        return UINT64_MAX;
    if (watch->waits_for_pong && watch->config->pong_ms != 0)
        return UINT64_MAX;
    return watch->since + watch->config->ping_ms;
}

static void nothing_is_late(struct watch *watch) {
    memset(watch->late, 0, sizeof watch->late);
    watch->late_ping = 0;
}

/* In another stage only the limit counts that does not belong to one. */
static void only_hold_is_late(struct watch *watch) {
    int send = watch->late[LIMIT_SEND];

    nothing_is_late(watch);
    watch->late[LIMIT_SEND] = send;
}

void watch_tick(struct watch *watch, uint64_t now) {
    int limit;

    if (watch->stage == STAGE_OVER)
        return;
    if (!watch->ticked) {
        watch->ticked = 1;
        watch->now = watch->opening = watch->since = watch->used = now;
        watch->message = watch->held = watch->closing = now;
    }
    if (now > watch->now)
        watch->now = now;
    for (limit = LIMIT_SEND; limit < LIMITS; limit++)
        watch->late[limit] = due_at(watch, (enum limit)limit) <= watch->now;
    watch->late_ping = ping_at(watch) <= watch->now;
}

enum limit watch_judge(struct watch *watch) {
    int limit, judged = LIMIT_NONE;

    for (limit = LIMITS - 1; limit > LIMIT_NONE; limit--)
        if (watch->late[limit])
            judged = limit;
    if (judged == LIMIT_NONE && watch->late_ping) {
        watch->since = watch->now;
        watch->waits_for_pong = 1;
        watch->spare += watch->pings;
        watch->pings = 1;
    }
    nothing_is_late(watch);
    return (enum limit)judged;
}

uint64_t watch_deadline(const struct watch *watch) {
    uint64_t deadline = ping_at(watch);
    int limit;

    if (watch->stage == STAGE_OVER)
        return UINT64_MAX;
    if (!watch->ticked)
        return 0;
    for (limit = LIMIT_SEND; limit < LIMITS; limit++) {
        uint64_t at = due_at(watch, (enum limit)limit);

        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}

void watch_opened(struct watch *watch) {
    watch->stage = STAGE_OPEN;
    only_hold_is_late(watch);
    watch->since = watch->used = watch->now;
}

void watch_closing(struct watch *watch) {
    if (watch->stage != STAGE_OPENING && watch->stage != STAGE_OPEN)
        return;
    watch->stage = STAGE_CLOSING;
    only_hold_is_late(watch);
    watch->closing = watch->now;
    watch->spare += watch->pings;
    watch->pings = 0;
}

int watch_pinged(struct watch *watch, uint32_t pings) {
    if (pings != 0 && watch->late_ping && watch_judge(watch) != LIMIT_NONE)
        return 0;
    if (pings > watch->pings + watch->spare)
        return 0;
    if (pings != 0) {
        watch->ping_out = 1;
        watch->since = watch->now;
    }
    if (pings > watch->pings)
        watch->spare -= pings - watch->pings;
    watch->pings = pings < watch->pings ? watch->pings - pings : 0;
    return 1;
}

void watch_written(struct watch *watch) {
    if (!watch->ping_out)
        return;
    watch->ping_out = 0;
    if (!watch->waits_for_pong)
        return;
    watch->since = watch->pinged = watch->now;
    watch->late[LIMIT_PONG] = 0;
}

void watch_ended(struct watch *watch) {
    nothing_is_late(watch);
}

void watch_settled(struct watch *watch) {
    watch->spare = 0;
}

void watch_hold(struct watch *watch, int held) {
    if (held && !watch->is_held)
        watch->held = watch->now;
    if (!held)
        watch->late[LIMIT_SEND] = 0;
    watch->is_held = held;
}

void watch_read(struct watch *watch) {
    watch->since = watch->now;
    watch->waits_for_pong = 0;
    watch->late[LIMIT_PONG] = watch->late_ping = 0;
    watch->spare += watch->pings;
    watch->pings = 0;
}

void watch_used(struct watch *watch) {
    watch->used = watch->now;
    watch->late[LIMIT_IDLE] = 0;
}

void watch_message(struct watch *watch, int in_message, int has_ended, int is_new) {
    if (has_ended)
        watch->late[LIMIT_MESSAGE] = 0;
    if (is_new)
        watch->message = watch->now;
    watch->in_message = in_message;
}

const char *watch_limit_name(enum limit limit) {
    static const char *const names[LIMITS] = {"no",   "send",    "open", "close",
                                              "pong", "message", "idle"};

    return names[limit];
}
