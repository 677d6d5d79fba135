#include "end.h"

#include <stdlib.h>

/* Blocks are exactly as large as they have to be, so that tools see what goes beyond. */

void lend_begin(struct end *end) {
    const struct setup *setup = end->setup;
    size_t size = pws_work_size(&setup->config);

    if (setup->lending != LEND_ALL)
        return;
    if (setup->transmit > PWS_TRANSMIT_SIZE)
        size += setup->transmit - PWS_TRANSMIT_SIZE;
    end->work = (uint8_t *)world_memory(1, size);
}

void lend_transmit(struct end *end) {
    uint8_t *memory;

    if (end->work != NULL || end->transmit != NULL)
        return;
    memory = (uint8_t *)world_memory(1, end->setup->transmit);
    EXPECT(end, pws_lend_transmit(end->ws, memory, end->setup->transmit) == PWS_OK,
           "a transmit half was refused");
    end->transmit = memory;
}

static void lend_receive(struct end *end, size_t size) {
    uint8_t *memory = (uint8_t *)world_memory(1, size);

    EXPECT(end, pws_lend_receive(end->ws, memory, size) == PWS_OK, "a receive half was refused");
    end->receive = memory;
}

void lend_asked(struct end *end, const pws_event *ev) {
    EXPECT(end, end->work == NULL, "memory is asked for, though there is all of it");
    EXPECT(end, ev->need_receive != 0 || ev->need_transmit != 0, "no memory is asked for");
    EXPECT(end, ev->need_receive == 0 || end->receive == NULL, "a second receive half");
    EXPECT(end, ev->need_transmit == 0 || end->transmit == NULL, "a second transmit half");
    if (end->world->failed)
        return;
    if (ev->need_receive != 0)
        lend_receive(end, ev->need_receive);
    if (ev->need_transmit != 0)
        lend_transmit(end);
}

void lend_take_back(struct end *end) {
    if (end->setup->lending != LEND_BARE || end->world->failed)
        return;
    if (end->receive != NULL && pws_lend_receive(end->ws, NULL, 0) == PWS_OK) {
        free(end->receive);
        end->receive = NULL;
    }
    if (end->transmit != NULL && pws_lend_transmit(end->ws, NULL, 0) == PWS_OK) {
        free(end->transmit);
        end->transmit = NULL;
    }
    EXPECT(end, end->transmit == NULL || end->held,
           "the transmit half is in use, though all is written");
}

void lend_free(struct end *end) {
    free(end->work);
    free(end->receive);
    free(end->transmit);
    end->work = end->receive = end->transmit = NULL;
}
