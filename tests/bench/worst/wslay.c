/* wslay's event layer under the worst inputs. It has no opening handshake. */
#include "../wslay_wire.h"
#include "worst.h"

static struct outcome *current;

static void on_message(wslay_event_context_ptr context,
                       const struct wslay_event_on_msg_recv_arg *message, void *user) {
    (void)context;
    (void)user;
    if (message->opcode == WSLAY_TEXT_FRAME)
        worst_message(current, message->msg, message->msg_length);
}

static int can(const struct input *input) {
    return !input->is_request;
}

static void *open_state(const struct input *input) {
    static const struct wslay_event_callbacks callbacks = {
        wslay_wire_read, wslay_wire_write, NULL, NULL, NULL, NULL, on_message};
    wslay_event_context_ptr context;

    (void)input;
    if (wslay_event_context_server_init(&context, &callbacks, NULL) != 0)
        return NULL;
    wslay_event_config_set_max_recv_msg_length(context, WORST_MESSAGE);
    return context;
}

static void run(void *opened, struct outcome *outcome) {
    wslay_event_context_ptr context = (wslay_event_context_ptr)opened;

    current = outcome;
    while (wire_next()) {
        outcome->wrong |= wslay_event_recv(context) != 0;
        if (wslay_event_want_write(context))
            outcome->wrong |= wslay_event_send(context) != 0;
    }
}

static void close_state(void *opened) {
    wslay_event_context_free((wslay_event_context_ptr)opened);
}

const struct library worst_wslay = {"wslay", can, open_state, run, close_state};
