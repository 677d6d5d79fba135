/* The memory that the connections of echo_server take turns with. Part of that program. Linux. */
#ifndef ECHO_POOL_H
#define ECHO_POOL_H

#include <stddef.h>
#include <sys/mman.h>

enum {
    SPARE_BLOCKS = 16 /* that a pool can keep for the next to need one */
};

/* Blocks of one size. They come fresh from mmap, so that of a large block only the pages exist that
 * bytes have arrived for. A few are kept when they are given back, until pool_empty. */
struct pool {
    size_t size; /* of each block, in bytes */
    int keep;    /* spare blocks, at most SPARE_BLOCKS */
    void *spare[SPARE_BLOCKS];
    int spares;
};

/* A block, or NULL if there is no memory. */
static inline void *pool_take(struct pool *pool) {
    void *block;

    if (pool->spares > 0)
        return pool->spare[--pool->spares];
    block = mmap(NULL, pool->size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

static inline void pool_give(struct pool *pool, void *block) {
    if (block == NULL)
        return;
    if (pool->spares < pool->keep)
        pool->spare[pool->spares++] = block;
    else
        munmap(block, pool->size);
}

/* Gives the spare blocks back to the system. */
static inline void pool_empty(struct pool *pool) {
    while (pool->spares > 0)
        munmap(pool->spare[--pool->spares], pool->size);
}

#endif
