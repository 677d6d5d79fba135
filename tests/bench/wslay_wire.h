/* The wire of wire.h as wslay's event layer reads and writes it. */
#ifndef WSLAY_WIRE_H
#define WSLAY_WIRE_H

#include <wslay/wslay.h>

#include "wire.h"

static inline ssize_t wslay_wire_read(wslay_event_context_ptr context, uint8_t *buffer,
                                      size_t length, int flags, void *user) {
    size_t n = wire_read(buffer, length);

    (void)flags;
    (void)user;
    if (n != 0)
        return (ssize_t)n;
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static inline ssize_t wslay_wire_write(wslay_event_context_ptr context, const uint8_t *data,
                                       size_t length, int flags, void *user) {
    (void)context;
    (void)flags;
    (void)user;
    wire_write(data, length);
    return (ssize_t)length;
}

#endif
