#include <string.h>

#include "world.h"

/* A limit of time, or none. */
static uint32_t limit(struct world *world, uint32_t chance) {
    if (!dice_chance(&world->dice, chance))
        return 0;
    return (uint32_t)dice_scaled(&world->dice, world->time_scale / 3, 4 * world->time_scale);
}

static void setup_times(struct world *world, pws_config *config) {
    config->open_ms = limit(world, 500);
    config->ping_ms = limit(world, 750);
    config->pong_ms = limit(world, 800);
    config->idle_ms = limit(world, 200);
    config->message_ms = limit(world, 300);
    config->send_ms = limit(world, 400);
    config->close_ms = limit(world, 500);
}

static void setup_deflate(struct world *world, pws_config *config) {
    struct dice *dice = &world->dice;

    config->codec = HAS_DEFLATE ? &world->codec : NULL;
    config->deflate.server_no_context_takeover = (uint8_t)dice_below(dice, 2);
    config->deflate.client_no_context_takeover = (uint8_t)dice_below(dice, 2);
    config->deflate_min = (uint32_t)dice_scaled(dice, 1, 1000);
}

static void setup_rate(struct setup *setup, struct dice *dice) {
    setup->has_rate = dice_chance(dice, 150);
    setup->rate.messages_per_second = (uint32_t)dice_scaled(dice, 5, 1000);
    if (dice_chance(dice, 500))
        setup->rate.bytes_per_second = (uint32_t)dice_scaled(dice, 10000, 10000000);
}

static void setup_end(struct world *world, struct setup *setup, uint32_t side) {
    struct dice *dice = &world->dice;

    setup->config.role = side == CLIENT ? PWS_CLIENT : PWS_SERVER;
    setup->config.max_message = world->largest + dice_scaled(dice, 1, 100);
    if (dice_chance(dice, 400))
        setup->config.flags |= PWS_STREAM;
    if (dice_chance(dice, 100))
        setup->config.flags |= PWS_NO_AUTO_PONG;
    if (world->deflate.agreed)
        setup_deflate(world, &setup->config);
    setup_times(world, &setup->config);
    setup->lending = (enum lending)dice_below(dice, 3);
    setup->transmit = (size_t)dice_scaled(dice, PWS_TRANSMIT_MIN, 20000);
    setup->reads_while_held = dice_chance(dice, 500);
    setup->untimed = dice_chance(dice, 50);
    setup->crumbs = dice_chance(dice, 300) ? (uint32_t)dice_scaled(dice, 1, 1000) : 0;
    setup->early = (uint32_t)dice_scaled(dice, 1, 200);
    setup_rate(setup, dice);
}

/* How rough the network is. */
static void setup_network(struct world *world) {
    static const uint32_t delays[] = {2, 40, 300}, speeds[] = {0, 10000, 100, 10};
    struct dice *dice = &world->dice;
    uint32_t kind;

    world->roughest.delay = delays[dice_below(dice, 3)];
    world->roughest.jitter = dice_chance(dice, 500) ? world->roughest.delay : 0;
    world->roughest.speed = speeds[dice_below(dice, 4)];
    for (kind = 0; kind < sizeof world->faults / sizeof world->faults[0]; kind++)
        world->faults[kind] = dice_chance(dice, 600) ? (uint32_t)dice_scaled(dice, 1, 500) : 0;
}

static void setup_size(struct world *world) {
    static const uint32_t sizes[] = {300, 300, 5000, 5000, 102400};
    static const uint32_t scales[] = {300, 3000, 30000};
    struct dice *dice = &world->dice;

    world->largest = sizes[dice_below(dice, world->machines > 100 ? 2 : 5)];
    world->time_scale = scales[dice_below(dice, 3)];
    world->active = dice_between(dice, 5000, world->machines > 100 ? 10000 : 40000);
}

void setup_world(struct world *world) {
    struct dice *dice = &world->dice;
    uint32_t side, i;

    setup_size(world);
    setup_network(world);
    world->sites = (uint32_t)dice_between(dice, 1, SITES);
    world->clients = world->machines > world->sites ? world->machines - world->sites : 1;
    world->elsewhere = dice_chance(dice, 300) ? 500 : 0;
    world->codec = stored_codec(&world->codecs);
    if (dice_chance(dice, 300)) {
        world->deflate.agreed = 1;
        world->deflate.server_no_context_takeover = (uint8_t)dice_below(dice, 2);
        world->deflate.client_no_context_takeover = (uint8_t)dice_below(dice, 2);
        world->deflate.server_max_window_bits = (uint8_t)dice_between(dice, 8, 15);
        world->deflate.client_max_window_bits = (uint8_t)dice_between(dice, 8, 15);
    }
    world->backoff.base_ms = (uint32_t)dice_scaled(dice, 50, 2000);
    world->backoff.floor_ms = (uint32_t)dice_below(dice, world->backoff.base_ms + 1);
    world->backoff.cap_ms = world->backoff.base_ms + (uint32_t)dice_scaled(dice, 1, 8000);
    world->backoff.stable_ms = (uint32_t)dice_scaled(dice, 100, 10000);
    for (side = 0; side < 2; side++)
        for (i = 0; i < SETUPS; i++)
            setup_end(world, &world->setups[side][i], side);
}

struct line setup_line(struct world *world) {
    const struct line *roughest = &world->roughest;
    struct dice *dice = &world->dice;
    struct line line;
    uint32_t least = world->largest / 32 + 16;

    memset(&line, 0, sizeof line);
    line.capacity = (uint32_t)dice_scaled(dice, least, 262144);
    if (world->machines > 100)
        line.capacity = (uint32_t)dice_scaled(dice, least, 8192);
    line.piece = (uint32_t)dice_scaled(dice, line.capacity / 64 + 1, line.capacity);
    if (world->calm)
        return line;
    line.delay = (uint32_t)dice_below(dice, roughest->delay + 1);
    line.jitter = roughest->jitter != 0 ? (uint32_t)dice_below(dice, roughest->jitter) : 0;
    if (roughest->speed != 0 && dice_chance(dice, 500))
        line.speed = (uint32_t)dice_scaled(dice, roughest->speed, 10 * roughest->speed);
    line.short_writes = dice_chance(dice, 300) ? (uint32_t)dice_scaled(dice, 1, 500) : 0;
    return line;
}
