/* Randomness from a seed: the same seed gives the same run, whatever the compiler: so no expression
 * rolls twice in an order that the language leaves open. */
#ifndef DICE_H
#define DICE_H

#include <stdint.h>

struct dice {
    uint64_t state; /* any number; the seed */
};

/* A number that depends on all bits of the given one, and looks like no other's. */
uint64_t dice_mix(uint64_t number);
/* 64 random bits. */
uint64_t dice_roll(struct dice *dice);
/* 0 to below - 1. */
uint64_t dice_below(struct dice *dice, uint64_t below);
/* low to high, both included. */
uint64_t dice_between(struct dice *dice, uint64_t low, uint64_t high);
/* low to high, both included, with all magnitudes alike; low is not 0. */
uint64_t dice_scaled(struct dice *dice, uint64_t low, uint64_t high);
/* 1 in so many of 1000 cases. */
int dice_chance(struct dice *dice, uint32_t per_mille);

#endif
