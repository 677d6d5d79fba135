#include "dice.h"

/* SplitMix64 (Steele, Lea, Flood 2014): a counter and a mixing function. */

uint64_t dice_mix(uint64_t number) {
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

uint64_t dice_roll(struct dice *dice) {
    dice->state += UINT64_C(0x9e3779b97f4a7c15);
    return dice_mix(dice->state);
}

uint64_t dice_below(struct dice *dice, uint64_t below) {
    return dice_roll(dice) % below;
}

uint64_t dice_between(struct dice *dice, uint64_t low, uint64_t high) {
    return low + dice_below(dice, high - low + 1);
}

uint64_t dice_scaled(struct dice *dice, uint64_t low, uint64_t high) {
    uint32_t doublings = 0;
    uint64_t top;

    while (doublings < 63 && low << (doublings + 1) <= high)
        doublings++;
    low <<= dice_below(dice, doublings + 1);
    top = 2 * low;
    return dice_between(dice, low, top < high ? top : high);
}

int dice_chance(struct dice *dice, uint32_t per_mille) {
    return dice_below(dice, 1000) < per_mille;
}
