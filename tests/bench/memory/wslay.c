/* wslay's event layer. It has no opening handshake: what a program takes for its own is not
 * counted. */
#include "../wslay_wire.h"
#include "memory.h"

static wslay_event_context_ptr *connections;

static void on_message(wslay_event_context_ptr context,
                       const struct wslay_event_on_msg_recv_arg *received, void *user) {
    struct wslay_event_msg message;

    (void)user;
    message.opcode = received->opcode;
    message.msg = received->msg;
    message.msg_length = received->msg_length;
    wslay_event_queue_msg(context, &message);
}

static const char *begin(size_t count) {
    connections = (wslay_event_context_ptr *)memory_handles(count, sizeof *connections);
    return NULL;
}

static int open_one(size_t i) {
    static const struct wslay_event_callbacks callbacks = {
        wslay_wire_read, wslay_wire_write, NULL, NULL, NULL, NULL, on_message};

    return wslay_event_context_server_init(&connections[i], &callbacks, NULL) == 0;
}

static int echo_one(size_t i) {
    wire_next();
    return wslay_event_recv(connections[i]) == 0 && wslay_event_send(connections[i]) == 0;
}

const struct peer peers[] = {{"wslay", 0, 0, begin, open_one, echo_one},
                             {NULL, 0, 0, NULL, NULL, NULL}};
