/* Names in the format and what they stand for. */
#include <stddef.h>

#include "case_parse.h"

const struct name error_names[] = {
    {"OK", PWS_OK},
    {"E_ARG", PWS_E_ARG},
    {"E_STATE", PWS_E_STATE},
    {"E_BUSY", PWS_E_BUSY},
    {"E_SPACE", PWS_E_SPACE},
    {"E_HEADER", PWS_E_HEADER},
    {"E_URL", PWS_E_URL},
    {"E_EOF", PWS_E_EOF},
    {"E_TIMEOUT", PWS_E_TIMEOUT},
    {"E_HTTP", PWS_E_HTTP},
    {"E_HEAD_SIZE", PWS_E_HEAD_SIZE},
    {"E_METHOD", PWS_E_METHOD},
    {"E_HTTP_VERSION", PWS_E_HTTP_VERSION},
    {"E_HOST", PWS_E_HOST},
    {"E_BODY", PWS_E_BODY},
    {"E_UPGRADE", PWS_E_UPGRADE},
    {"E_CONNECTION", PWS_E_CONNECTION},
    {"E_VERSION", PWS_E_VERSION},
    {"E_KEY", PWS_E_KEY},
    {"E_ORIGIN", PWS_E_ORIGIN},
    {"E_STATUS", PWS_E_STATUS},
    {"E_ACCEPT", PWS_E_ACCEPT},
    {"E_PROTOCOL", PWS_E_PROTOCOL},
    {"E_EXTENSION", PWS_E_EXTENSION},
    {"E_TARGET", PWS_E_TARGET},
    {"E_RSV", PWS_E_RSV},
    {"E_OPCODE", PWS_E_OPCODE},
    {"E_FRAGMENT", PWS_E_FRAGMENT},
    {"E_CONTROL", PWS_E_CONTROL},
    {"E_MASK", PWS_E_MASK},
    {"E_LENGTH", PWS_E_LENGTH},
    {"E_CLOSE_PAYLOAD", PWS_E_CLOSE_PAYLOAD},
    {"E_CLOSE_CODE", PWS_E_CLOSE_CODE},
    {"E_INFLATE", PWS_E_INFLATE},
    {"E_DEFLATE", PWS_E_DEFLATE},
    {"E_CODEC", PWS_E_CODEC},
    {"E_UTF8", PWS_E_UTF8},
    {"E_TOO_BIG", PWS_E_TOO_BIG},
    {NULL, 0},
};

const struct name event_names[] = {
    {"CONTINUATION", PWS_CONTINUATION},
    {"TEXT", PWS_TEXT},
    {"BINARY", PWS_BINARY},
    {"CLOSE", PWS_CLOSE},
    {"PING", PWS_PING},
    {"PONG", PWS_PONG},
    {"WRITE", PWS_WRITE},
    {"REQUEST", PWS_REQUEST},
    {"OPEN", PWS_OPEN},
    {"REJECTED", PWS_REJECTED},
    {"NEED_WORK", PWS_NEED_WORK},
    {"CLOSED", PWS_CLOSED},
    {NULL, 0},
};

const struct name state_names[] = {
    {"CONNECTING", PWS_STATE_CONNECTING},
    {"OPEN", PWS_STATE_OPEN},
    {"CLOSING", PWS_STATE_CLOSING},
    {"CLOSED", PWS_STATE_CLOSED},
    {NULL, 0},
};

const struct name call_names[] = {
    {"connect", CALL_CONNECT},
    {"accept", CALL_ACCEPT},
    {"reject", CALL_REJECT},
    {"send", CALL_SEND},
    {"inplace", CALL_INPLACE},
    {"prepared", CALL_PREPARED},
    {"deflated", CALL_DEFLATED},
    {"echo", CALL_ECHO},
    {"close", CALL_CLOSE},
    {"eof", CALL_EOF},
    {"hold", CALL_HOLD},
    {"tick", CALL_TICK},
    {"end", CALL_END},
    {"lend-receive", CALL_LEND_RECEIVE},
    {"lend-transmit", CALL_LEND_TRANSMIT},
    {NULL, 0},
};

static const char *name_of(const struct name *names, uint32_t number) {
    for (; names->text != NULL; names++)
        if (names->number == number)
            return names->text;
    return "?";
}

const char *error_name(int32_t error) {
    return name_of(error_names, (uint32_t)error);
}

const char *event_name(uint32_t kind) {
    return name_of(event_names, kind);
}

const char *state_name(uint32_t state) {
    return name_of(state_names, state);
}
