/* Numbers in words: every error and every kind of event has its own. */
#include <string.h>

#include "../check.h"
#include "internal.h"

enum {
    LAST_ERROR = 1000,
    LAST_KIND = 1000
};

static const int32_t errors[] = {
    PWS_OK,           PWS_E_ARG,        PWS_E_STATE,        PWS_E_BUSY,      PWS_E_SPACE,
    PWS_E_HEADER,     PWS_E_URL,        PWS_E_EOF,          PWS_E_TIMEOUT,   PWS_E_HTTP,
    PWS_E_HEAD_SIZE,  PWS_E_METHOD,     PWS_E_HTTP_VERSION, PWS_E_HOST,      PWS_E_BODY,
    PWS_E_UPGRADE,    PWS_E_CONNECTION, PWS_E_VERSION,      PWS_E_KEY,       PWS_E_ORIGIN,
    PWS_E_STATUS,     PWS_E_ACCEPT,     PWS_E_PROTOCOL,     PWS_E_EXTENSION, PWS_E_TARGET,
    PWS_E_INFLATE,    PWS_E_DEFLATE,    PWS_E_CODEC,        PWS_E_RSV,       PWS_E_OPCODE,
    PWS_E_FRAGMENT,   PWS_E_CONTROL,    PWS_E_MASK,         PWS_E_LENGTH,    PWS_E_CLOSE_PAYLOAD,
    PWS_E_CLOSE_CODE, PWS_E_UTF8,       PWS_E_TOO_BIG};

static const struct {
    uint32_t kind;
    const char *name;
} kinds[] = {{PWS_CONTINUATION, "CONTINUATION"},
             {PWS_TEXT, "TEXT"},
             {PWS_BINARY, "BINARY"},
             {PWS_CLOSE, "CLOSE"},
             {PWS_PING, "PING"},
             {PWS_PONG, "PONG"},
             {PWS_WRITE, "WRITE"},
             {PWS_REQUEST, "REQUEST"},
             {PWS_OPEN, "OPEN"},
             {PWS_REJECTED, "REJECTED"},
             {PWS_NEED_WORK, "NEED_WORK"},
             {PWS_CLOSED, "CLOSED"}};

enum {
    ERROR_COUNT = sizeof errors / sizeof errors[0],
    KIND_COUNT = sizeof kinds / sizeof kinds[0]
};

static int is_printable(const char *text) {
    size_t i;

    for (i = 0; text[i] != '\0'; i++)
        if (text[i] < ' ' || text[i] > '~')
            return 0;
    return i > 0;
}

int main(void) {
    size_t i, j, wrong, known = 0;
    int32_t number;
    uint32_t kind;

    check_case("every error has a text of its own");
    for (i = 0; i < ERROR_COUNT; i++) {
        CHECK(strcmp(pws_strerror(errors[i]), "unknown error") != 0);
        for (j = 0; j < i; j++)
            CHECK(strcmp(pws_strerror(errors[i]), pws_strerror(errors[j])) != 0);
    }

    check_case("every other number is an unknown error");
    for (number = -LAST_ERROR; number <= LAST_ERROR; number++)
        known += strcmp(pws_strerror(number), "unknown error") != 0;
    CHECK(known == ERROR_COUNT);
    CHECK(strcmp(pws_strerror(INT32_MIN), "unknown error") == 0);
    CHECK(strcmp(pws_strerror(INT32_MAX), "unknown error") == 0);

    check_case("a text fits into a close reason and is one line of ASCII");
    wrong = 0;
    for (number = -1; number <= LAST_ERROR; number++)
        wrong +=
            strlen(pws_strerror(number)) > PWS_MAX_REASON || !is_printable(pws_strerror(number));
    CHECK(wrong == 0);

    check_case("a rule that a peer broke names its section");
    for (i = 0; i < ERROR_COUNT; i++)
        if (errors[i] >= PWS_E_EOF)
            CHECK(strstr(pws_strerror(errors[i]), "(RFC ") != NULL);
    CHECK(strstr(pws_strerror(PWS_E_MASK), "mask") != NULL);
    CHECK(strstr(pws_strerror(PWS_E_MASK), "(RFC 6455 5.1)") != NULL);
    CHECK(strstr(pws_strerror(PWS_E_UTF8), "UTF-8") != NULL);
    CHECK(strstr(pws_strerror(PWS_E_KEY), "Sec-WebSocket-Key") != NULL);
    CHECK(strstr(pws_strerror(PWS_E_ACCEPT), "Sec-WebSocket-Accept") != NULL);

    check_case("every kind has its name");
    for (i = 0; i < KIND_COUNT; i++)
        CHECK(strcmp(pws_kind_name(kinds[i].kind), kinds[i].name) == 0);

    check_case("every other number is no kind");
    known = 0;
    for (kind = 0; kind <= LAST_KIND; kind++)
        known += strcmp(pws_kind_name(kind), "?") != 0;
    CHECK(known == KIND_COUNT);
    CHECK(strcmp(pws_kind_name(UINT32_MAX), "?") == 0);
    CHECK(strcmp(pws_kind_name(PWS_TEXT | PWS_MORE), "?") == 0);

    check_case("header and library belong together");
    CHECK(pws_version() == PWS_VERSION);
    CHECK(pws_sizeof() == sizeof(pws_conn));
    CHECK(pws_sizeof() <= 256);

    check_case("the version as text is the version as a number");
    {
        unsigned major, minor, patch;
        char text[32];
        CHECK(sscanf(PWS_VERSION_STRING, "%u.%u.%u", &major, &minor, &patch) == 3);
        CHECK(major * 10000 + minor * 100 + patch == PWS_VERSION);
        snprintf(text, sizeof text, "%u.%u.%u", major, minor, patch);
        CHECK(strcmp(text, PWS_VERSION_STRING) == 0);
    }

    return check_end();
}
