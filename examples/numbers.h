/* numbers.h: what the programs here read from their command lines. Each function returns 1 with the
 * number, or 0 if the text is none. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stdint.h>

/* A whole number from low to high. */
static inline int read_number(const char *text, uint64_t low, uint64_t high, uint64_t *number) {
    const char *p;

    *number = 0;
    for (p = text; *p >= '0' && *p <= '9' && *number <= high; p++)
        *number = *number * 10 + (uint64_t)(*p - '0');
    return p != text && *p == '\0' && *number >= low && *number <= high;
}

/* Seconds with at most three decimals, such as 30 or 0.5, up to a million of them. */
static inline int read_seconds(const char *text, uint32_t *milliseconds) {
    uint32_t unit = 100;
    uint64_t number = 0;
    const char *p;

    for (p = text; *p >= '0' && *p <= '9' && number <= 1000000; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    if (p == text || number > 1000000)
        return 0;
    number *= 1000;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9' && unit > 0; p++, unit /= 10)
            number += unit * (uint64_t)(*p - '0');
    *milliseconds = (uint32_t)number;
    return *p == '\0';
}

#endif
