/* The load of `make bench-load`: connections that keep so many messages in flight each, and compare
 * every byte that comes back. It makes its frames by itself. */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CONNECTIONS = 64,
    MAX_IN_FLIGHT = 16
};

/* What is sent and what has to come back: whole frames, one behind the other, each with its own
 * masking key and its own payload. Behind the last one the first MAX_IN_FLIGHT come again, so that
 * whatever is in flight lies in one piece. */
struct wire {
    size_t payload;     /* bytes of a message */
    size_t frame, echo; /* bytes of a frame, masked and not */
    size_t count;       /* frames, before they come again */
    uint8_t *frames, *echoes;
};

/* What was measured. */
struct sample {
    uint64_t messages; /* that came back */
    uint64_t wall_ns;
    uint64_t cpu_ns; /* of the server */
};

/* Makes binary messages. Returns 0 if there is no memory. */
int wire_make(struct wire *wire, size_t payload);
void wire_free(struct wire *wire);

/* Connects to a server, keeps it busy and measures for so many milliseconds, then waits for what is
 * still in flight. Returns NULL, or what went wrong. */
const char *client_run(const struct wire *wire, uint16_t port, pid_t server, size_t in_flight,
                       uint32_t milliseconds, struct sample *sample);

#endif
