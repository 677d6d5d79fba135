/* Negotiation of permessage-deflate (RFC 7692 5 and 7.1), both roles. */
#include "../check.h"
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What a side wants: server_no_context_takeover, client_no_context_takeover,
 * server_max_window_bits, client_max_window_bits. */
typedef struct wish {
    uint8_t server_alone, client_alone, server_bits, client_bits;
} wish;

static const wish nothing = {0, 0, 0, 0};

static void *open_codec(void *context, uint32_t direction, uint32_t window_bits) {
    (void)direction;
    (void)window_bits;
    return context;
}

static int32_t run_codec(void *codec, pws_view *in, pws_bytes *out) {
    (void)codec;
    (void)in;
    (void)out;
    return PWS_OK;
}

static void close_codec(void *codec) {
    (void)codec;
}

static pws_codec make_codec(uint32_t min_deflate_bits) {
    pws_codec codec = {.open = open_codec,
                       .inflate = run_codec,
                       .deflate = run_codec,
                       .close = close_codec,
                       .min_deflate_bits = min_deflate_bits};
    return codec;
}

static pws_config make_config(uint32_t role, wish wanted, const pws_codec *codec) {
    pws_config config = {.role = role, .codec = codec};
    config.deflate.server_no_context_takeover = wanted.server_alone;
    config.deflate.client_no_context_takeover = wanted.client_alone;
    config.deflate.server_max_window_bits = wanted.server_bits;
    config.deflate.client_max_window_bits = wanted.client_bits;
    return config;
}

/* ---- Handshakes of RFC 8441, which are short; lines of Sec-WebSocket-Extensions end in \n ---- */

static pws_header headers[16];
static char field_text[4096];

static size_t build(const char *lines) {
    size_t count = 1;
    headers[0].name = pws_cstr("Sec-WebSocket-Version");
    headers[0].value = pws_cstr("13");
    strcpy(field_text, "Sec-WebSocket-Version: 13\r\n");
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        headers[count].name = pws_cstr("sec-websocket-extensions");
        headers[count].value.ptr = lines;
        headers[count].value.len = length;
        count++;
        strcat(field_text, "Sec-WebSocket-Extensions: ");
        strncat(field_text, lines, length);
        strcat(field_text, "\r\n");
        lines += lines[length] == '\n' ? length + 1 : length;
    }
    return count;
}

/* What the lines of field_text say. */
static void find_in_fields(const pws_config *config, pws_findings *found) {
    pws_str fields = pws_cstr(field_text);
    pws_header header;

    pws_find_nothing(found, config);
    while (pws_header_next(&fields, &header))
        pws_found_line(found, header.name, header.value);
}

/* Both forms of the check of a request. */
static int32_t request(const pws_config *config, const char *lines, pws_deflate_params *agreed) {
    pws_head head = {.version = 20};
    pws_deflate_params again;
    pws_findings found;
    size_t count = build(lines);
    int32_t error;

    head.method = pws_cstr("CONNECT");
    head.protocol = pws_cstr("websocket");
    memset(agreed, 0x5A, sizeof *agreed);
    memset(&again, 0x5A, sizeof again);
    error = pws_check_request(config, &head, headers, count, NULL, agreed);
    CHECK(pws_check_request(config, &head, headers, count, NULL, NULL) == error);
    find_in_fields(config, &found);
    CHECK(pws_request_judge(&head, &found) == error);
    if (error == PWS_OK)
        again = found.deflate;
    CHECK(memcmp(agreed, &again, sizeof again) == 0);
    CHECK(error == PWS_OK || agreed->agreed == 0x5A);
    return error;
}

/* Both forms of the check of a response. */
static int32_t response(const pws_config *config, const char *lines, pws_deflate_params *agreed) {
    pws_head head = {.version = 20, .status = 200};
    pws_deflate_params again, answer;
    pws_findings found;
    size_t count = build(lines);
    int32_t error;

    memset(agreed, 0x5A, sizeof *agreed);
    memset(&again, 0x5A, sizeof again);
    error = pws_check_response(config, &head, headers, count, pws_cstr(NULL), NULL, agreed);
    CHECK(pws_check_response(config, &head, headers, count, pws_cstr(NULL), NULL, NULL) == error);
    find_in_fields(config, &found);
    CHECK(pws_response_judge(&head, &found, pws_cstr(NULL), &answer) == error);
    if (error == PWS_OK)
        again = answer;
    CHECK(memcmp(agreed, &again, sizeof again) == 0);
    CHECK(error == PWS_OK || agreed->agreed == 0x5A);
    return error;
}

static const char *answer_text(const pws_deflate_params *agreed) {
    static char text[PWS_DEFLATE_TEXT + 1];
    size_t length = 0;
    CHECK(pws_deflate_answer(agreed, text, PWS_DEFLATE_TEXT, &length) == PWS_OK);
    text[length] = '\0';
    return text;
}

static const char *offer_text(const pws_config *config) {
    static char text[PWS_DEFLATE_TEXT + 1];
    size_t length = 0;
    CHECK(pws_deflate_offer(config, text, PWS_DEFLATE_TEXT, &length) == PWS_OK);
    text[length] = '\0';
    return text;
}

/* ---- A server's answers ---- */

#define PMD "permessage-deflate"
#define SERVER_ALONE "; server_no_context_takeover"
#define CLIENT_ALONE "; client_no_context_takeover"
#define SERVER_BITS "; server_max_window_bits"
#define CLIENT_BITS "; client_max_window_bits"

/* answer: what is sent; "": every offer is declined; NULL: the request is malformed. */
typedef struct offer_case {
    const char *name;
    wish wanted;
    uint32_t min_deflate_bits;
    const char *lines, *answer;
} offer_case;

static const offer_case offer_cases[] = {
    /* the examples of RFC 7692 */
    {"7.1.3: nothing but the name", {0, 0, 0, 0}, 9, PMD, PMD},
    {"7.1.3: a window of 10 for the server",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_BITS SERVER_BITS "=10",
     PMD SERVER_BITS "=10"},
    {"7.1.3: with a fallback, the first that can be accepted",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_BITS SERVER_BITS "=10, " PMD CLIENT_BITS,
     PMD SERVER_BITS "=10"},
    {"7.1.3: with a fallback, the second",
     {0, 0, 0, 0},
     11,
     PMD CLIENT_BITS SERVER_BITS "=10, " PMD CLIENT_BITS,
     PMD},
    {"7.1.2.2: the hint of a smaller window is taken",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_BITS "=10",
     PMD CLIENT_BITS "=10"},

    /* what is no offer */
    {"nothing is offered", {1, 1, 9, 9}, 9, "", ""},
    {"another extension", {0, 0, 0, 0}, 9, "x-webkit-deflate-frame", ""},
    {"a name that begins so", {0, 0, 0, 0}, 9, "permessage-deflate2", ""},
    {"a beginning of the name", {0, 0, 0, 0}, 9, "permessage-deflat", ""},
    {"permessage-bzip2, which nobody knows", {0, 0, 0, 0}, 9, "permessage-bzip2; level=9", ""},
    {"the name as a parameter of another", {0, 0, 0, 0}, 9, "foo; permessage-deflate", ""},
    {"the name in capitals", {0, 0, 0, 0}, 9, "Permessage-DEFLATE", PMD},
    {"a parameter in capitals",
     {0, 0, 0, 0},
     9,
     PMD "; SERVER_No_Context_Takeover",
     PMD SERVER_ALONE},

    /* server_no_context_takeover (7.1.1.1) */
    {"server_no_context_takeover", {0, 0, 0, 0}, 9, PMD SERVER_ALONE, PMD SERVER_ALONE},
    {"server_no_context_takeover that is wished", {1, 0, 0, 0}, 9, PMD, PMD SERVER_ALONE},
    {"server_no_context_takeover that both want",
     {1, 0, 0, 0},
     9,
     PMD SERVER_ALONE,
     PMD SERVER_ALONE},
    {"server_no_context_takeover with a value", {0, 0, 0, 0}, 9, PMD SERVER_ALONE "=1", ""},
    {"server_no_context_takeover=true", {0, 0, 0, 0}, 9, PMD SERVER_ALONE "=true", ""},
    {"server_no_context_takeover with a value in quotes",
     {0, 0, 0, 0},
     9,
     PMD SERVER_ALONE "=\"1\"",
     ""},
    {"server_no_context_takeover twice", {0, 0, 0, 0}, 9, PMD SERVER_ALONE SERVER_ALONE, ""},
    {"server_no_context_takeover twice, once in capitals",
     {0, 0, 0, 0},
     9,
     PMD SERVER_ALONE "; SERVER_NO_CONTEXT_TAKEOVER",
     ""},

    /* client_no_context_takeover (7.1.1.2) */
    {"client_no_context_takeover", {0, 0, 0, 0}, 9, PMD CLIENT_ALONE, PMD CLIENT_ALONE},
    {"client_no_context_takeover that is wished", {0, 1, 0, 0}, 9, PMD, PMD CLIENT_ALONE},
    {"client_no_context_takeover with a value", {0, 0, 0, 0}, 9, PMD CLIENT_ALONE "=0", ""},
    {"client_no_context_takeover twice", {0, 0, 0, 0}, 9, PMD CLIENT_ALONE CLIENT_ALONE, ""},
    {"both give up their context",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_ALONE SERVER_ALONE,
     PMD SERVER_ALONE CLIENT_ALONE},

    /* server_max_window_bits (7.1.2.1) */
    {"server_max_window_bits=8 for a codec that can",
     {0, 0, 0, 0},
     8,
     PMD SERVER_BITS "=8",
     PMD SERVER_BITS "=8"},
    {"server_max_window_bits=8 for a codec that can't", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=8", ""},
    {"server_max_window_bits=9", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=9", PMD SERVER_BITS "=9"},
    {"server_max_window_bits=14", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=14", PMD SERVER_BITS "=14"},
    {"server_max_window_bits=15 is answered",
     {0, 0, 0, 0},
     9,
     PMD SERVER_BITS "=15",
     PMD SERVER_BITS "=15"},
    {"server_max_window_bits of a codec of 15", {0, 0, 0, 0}, 15, PMD, PMD},
    {"server_max_window_bits=14 for a codec of 15", {0, 0, 0, 0}, 15, PMD SERVER_BITS "=14", ""},
    {"server_max_window_bits larger than wished",
     {0, 0, 11, 0},
     9,
     PMD SERVER_BITS "=12",
     PMD SERVER_BITS "=11"},
    {"server_max_window_bits smaller than wished",
     {0, 0, 12, 0},
     9,
     PMD SERVER_BITS "=11",
     PMD SERVER_BITS "=11"},
    {"server_max_window_bits that is only wished", {0, 0, 10, 0}, 9, PMD, PMD SERVER_BITS "=10"},
    {"server_max_window_bits=15 that is only wished", {0, 0, 15, 0}, 9, PMD, PMD},
    {"a wish that the codec can't fulfil", {0, 0, 8, 0}, 9, PMD, ""},
    {"server_max_window_bits in quotes",
     {0, 0, 0, 0},
     9,
     PMD SERVER_BITS "=\"10\"",
     PMD SERVER_BITS "=10"},
    {"server_max_window_bits in quotes with escapes",
     {0, 0, 0, 0},
     9,
     PMD SERVER_BITS "=\"\\1\\0\"",
     PMD SERVER_BITS "=10"},
    {"server_max_window_bits with white space",
     {0, 0, 0, 0},
     9,
     PMD "\t;\tserver_max_window_bits = 10 ",
     PMD SERVER_BITS "=10"},
    {"server_max_window_bits without a value", {0, 0, 0, 0}, 9, PMD SERVER_BITS, ""},
    {"server_max_window_bits=7", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=7", ""},
    {"server_max_window_bits=16", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=16", ""},
    {"server_max_window_bits=0", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=0", ""},
    {"server_max_window_bits=1", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=1", ""},
    {"server_max_window_bits=-10", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=-10", ""},
    {"server_max_window_bits=+10", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=+10", ""},
    {"server_max_window_bits=08", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=08", ""},
    {"server_max_window_bits=010", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=010", ""},
    {"server_max_window_bits=010 in quotes", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=\"010\"", ""},
    {"server_max_window_bits=10.0", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=10.0", ""},
    {"server_max_window_bits=0x0a", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=0x0a", ""},
    {"server_max_window_bits=1e1", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=1e1", ""},
    {"server_max_window_bits=ten", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=ten", ""},
    {"server_max_window_bits=10a", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=10a", ""},
    {"server_max_window_bits=2^32+10", {0, 0, 0, 0}, 8, PMD SERVER_BITS "=4294967306", ""},
    {"server_max_window_bits=2^64+10",
     {0, 0, 0, 0},
     8,
     PMD SERVER_BITS "=18446744073709551626",
     ""},
    {"server_max_window_bits twice", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=10" SERVER_BITS "=10", ""},
    {"server_max_window_bits twice, the first malformed",
     {0, 0, 0, 0},
     9,
     PMD SERVER_BITS "=7" SERVER_BITS "=10",
     ""},

    /* client_max_window_bits (7.1.2.2) */
    {"client_max_window_bits without a value", {0, 0, 0, 0}, 9, PMD CLIENT_BITS, PMD},
    {"client_max_window_bits without a value, wished",
     {0, 0, 0, 10},
     9,
     PMD CLIENT_BITS,
     PMD CLIENT_BITS "=10"},
    {"client_max_window_bits=15", {0, 0, 0, 0}, 9, PMD CLIENT_BITS "=15", PMD},
    {"client_max_window_bits=8, which every codec inflates",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_BITS "=8",
     PMD CLIENT_BITS "=8"},
    {"client_max_window_bits larger than wished",
     {0, 0, 0, 9},
     9,
     PMD CLIENT_BITS "=12",
     PMD CLIENT_BITS "=9"},
    {"client_max_window_bits smaller than wished",
     {0, 0, 0, 12},
     9,
     PMD CLIENT_BITS "=9",
     PMD CLIENT_BITS "=9"},
    {"client_max_window_bits in quotes",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_BITS "=\"1\\2\"",
     PMD CLIENT_BITS "=12"},
    {"client_max_window_bits wished, but not offered", {0, 0, 0, 14}, 9, PMD, ""},
    {"client_max_window_bits of 15 wished, but not offered", {0, 0, 0, 15}, 9, PMD, PMD},
    {"client_max_window_bits=7", {0, 0, 0, 0}, 8, PMD CLIENT_BITS "=7", ""},
    {"client_max_window_bits=16", {0, 0, 0, 0}, 8, PMD CLIENT_BITS "=16", ""},
    {"client_max_window_bits=0", {0, 0, 0, 0}, 8, PMD CLIENT_BITS "=0", ""},
    {"client_max_window_bits=09", {0, 0, 0, 0}, 8, PMD CLIENT_BITS "=09", ""},
    {"client_max_window_bits=true", {0, 0, 0, 0}, 8, PMD CLIENT_BITS "=true", ""},
    {"client_max_window_bits twice", {0, 0, 0, 0}, 9, PMD CLIENT_BITS CLIENT_BITS, ""},
    {"client_max_window_bits twice, once with a value",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_BITS CLIENT_BITS "=10",
     ""},

    /* all of them, and others */
    {"all four",
     {0, 0, 0, 0},
     9,
     PMD CLIENT_BITS "=11" SERVER_BITS "=12" CLIENT_ALONE SERVER_ALONE,
     PMD SERVER_ALONE CLIENT_ALONE SERVER_BITS "=12" CLIENT_BITS "=11"},
    {"all four wished",
     {1, 1, 9, 10},
     9,
     PMD CLIENT_BITS,
     PMD SERVER_ALONE CLIENT_ALONE SERVER_BITS "=9" CLIENT_BITS "=10"},
    {"an unknown parameter", {0, 0, 0, 0}, 9, PMD "; max_window_bits=10", ""},
    {"an unknown parameter behind good ones", {0, 0, 0, 0}, 9, PMD SERVER_ALONE "; foo", ""},
    {"__proto__", {0, 0, 0, 0}, 9, PMD "; __proto__", ""},
    {"constructor=10", {0, 0, 0, 0}, 9, PMD "; constructor=10", ""},
    {"a parameter that begins so", {0, 0, 0, 0}, 9, PMD "; server_max_window_bits2=10", ""},
    {"a beginning of a parameter", {0, 0, 0, 0}, 9, PMD "; server_max_window=10", ""},
    {"the name as a parameter", {0, 0, 0, 0}, 9, PMD "; " PMD, ""},

    /* several offers (5) */
    {"the first of two that are good",
     {0, 0, 0, 0},
     9,
     PMD SERVER_ALONE ", " PMD,
     PMD SERVER_ALONE},
    {"the second in a line of its own",
     {0, 0, 0, 0},
     9,
     PMD "; foo\n" PMD CLIENT_ALONE,
     PMD CLIENT_ALONE},
    {"the third of three lines",
     {0, 0, 0, 0},
     9,
     "foo; bar=1, baz\n" PMD SERVER_BITS "\n" PMD,
     PMD},
    {"one behind another extension", {0, 0, 0, 0}, 9, "permessage-foo; use_y, " PMD, PMD},
    {"one that the wish allows", {0, 0, 0, 10}, 9, PMD ", " PMD CLIENT_BITS, PMD CLIENT_BITS "=10"},
    {"one that the codec can",
     {0, 0, 0, 0},
     9,
     PMD SERVER_BITS "=8, " PMD SERVER_BITS "=9",
     PMD SERVER_BITS "=9"},
    {"nothing of a declined offer stays",
     {0, 0, 0, 0},
     9,
     PMD SERVER_ALONE CLIENT_ALONE SERVER_BITS "=10" CLIENT_BITS "=10; foo, " PMD,
     PMD},
    {"all are declined", {0, 0, 0, 0}, 9, PMD "; a, " PMD "; b=1\n" PMD SERVER_BITS ", x", ""},
    {"empty elements", {0, 0, 0, 0}, 9, ", ,\t" PMD " ,", PMD},

    /* what breaks the grammar of RFC 6455 9.1 breaks the request */
    {"no value behind the equals sign", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=", NULL},
    {"an empty value in quotes", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=\"\"", NULL},
    {"a value in quotes that does not end", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=\"10", NULL},
    {"a value in quotes with white space", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=\" 10\"", NULL},
    {"two values", {0, 0, 0, 0}, 9, PMD SERVER_BITS "=10 11", NULL},
    {"a semicolon at the end", {0, 0, 0, 0}, 9, PMD ";", NULL},
    {"a good offer before a malformed one", {0, 0, 0, 0}, 9, PMD ", " PMD ";;", NULL},
    {"a good offer before a malformed line", {0, 0, 0, 0}, 9, PMD "\n=", NULL},
};

static void test_offers(void) {
    static const pws_deflate_params none = {0};
    size_t i;
    for (i = 0; i < COUNT(offer_cases); i++) {
        const offer_case *row = &offer_cases[i];
        pws_codec codec = make_codec(row->min_deflate_bits);
        pws_config config = make_config(PWS_SERVER, row->wanted, &codec);
        pws_deflate_params agreed;
        int32_t error;

        check_case(row->name);
        CHECK(pws_deflate_wish_ok(&config));
        error = request(&config, row->lines, &agreed);
        CHECK(error == (row->answer == NULL ? PWS_E_EXTENSION : PWS_OK));
        if (error != PWS_OK || row->answer == NULL)
            continue;
        if (strcmp(answer_text(&agreed), row->answer) != 0)
            printf("    answer: %s\n", answer_text(&agreed));
        CHECK(strcmp(answer_text(&agreed), row->answer) == 0);
        CHECK(row->answer[0] != '\0' || memcmp(&agreed, &none, sizeof none) == 0);

        config.codec = NULL; /* a server without a codec declines all */
        CHECK(request(&config, row->lines, &agreed) == PWS_OK);
        CHECK(memcmp(&agreed, &none, sizeof none) == 0);
    }
}

static void test_many_offers(void) {
    static const char declined[] = PMD "; server_max_window_bits=\"\\7\"; x=\"\\y\", ";
    const size_t length = sizeof declined - 1, count = 20000;
    char *value = (char *)malloc(length * count + sizeof PMD);
    pws_codec codec = make_codec(9);
    pws_config config = make_config(PWS_SERVER, nothing, &codec);
    pws_head head = {.version = 20};
    pws_header lines[2];
    pws_deflate_params agreed;
    size_t i;

    check_case("a good offer behind twenty thousand others is found");
    CHECK(value != NULL);
    if (value == NULL)
        return;
    for (i = 0; i < count; i++)
        memcpy(value + i * length, declined, length);
    memcpy(value + count * length, PMD, sizeof PMD);
    head.method = pws_cstr("CONNECT");
    head.protocol = pws_cstr("websocket");
    lines[0].name = pws_cstr("Sec-WebSocket-Version");
    lines[0].value = pws_cstr("13");
    lines[1].name = pws_cstr("Sec-WebSocket-Extensions");
    lines[1].value = pws_cstr(value);
    CHECK(pws_check_request(&config, &head, lines, 2, NULL, &agreed) == PWS_OK);
    CHECK(agreed.agreed == 1);
    free(value);
}

/* ---- A client's judgements ---- */

enum {
    FAILS,
    OPENS
};

/* outcome: FAILS, or OPENS with server_no_context_takeover, client_no_context_takeover,
 * server_max_window_bits, client_max_window_bits as agreed on. */
typedef struct answer_case {
    const char *name;
    wish wanted;
    const char *lines;
    int outcome;
    wish agreed;
} answer_case;

static const answer_case answer_cases[] = {
    /* the examples of RFC 7692 */
    {"7.1.3: the answer is the name", {0, 0, 0, 0}, PMD, OPENS, {0, 0, 15, 15}},
    {"7.1.3: the answer is a window of 10",
     {0, 0, 10, 0},
     PMD SERVER_BITS "=10",
     OPENS,
     {0, 0, 10, 15}},

    /* which extension */
    {"another extension is answered", {0, 0, 0, 0}, "foo", FAILS, {0, 0, 0, 0}},
    {"an extension that begins so", {0, 0, 0, 0}, "permessage-deflate2", FAILS, {0, 0, 0, 0}},
    {"the extension twice", {0, 0, 0, 0}, PMD ", " PMD, FAILS, {0, 0, 0, 0}},
    {"the extension in two lines", {0, 0, 0, 0}, PMD "\n" PMD, FAILS, {0, 0, 0, 0}},
    {"the extension and another", {0, 0, 0, 0}, PMD ", foo", FAILS, {0, 0, 0, 0}},
    {"another and the extension", {0, 0, 0, 0}, "foo, " PMD, FAILS, {0, 0, 0, 0}},
    {"another in a line of its own", {0, 0, 0, 0}, PMD "\nfoo", FAILS, {0, 0, 0, 0}},
    {"an empty second line", {0, 0, 0, 0}, PMD "\n,", FAILS, {0, 0, 0, 0}},
    {"no extension in the line", {0, 0, 0, 0}, ",", FAILS, {0, 0, 0, 0}},
    {"the name answered in capitals", {0, 0, 0, 0}, "PERMESSAGE-Deflate", OPENS, {0, 0, 15, 15}},
    {"empty elements beside it", {0, 0, 0, 0}, ", " PMD " ,", OPENS, {0, 0, 15, 15}},
    {"an answer with a semicolon at the end", {0, 0, 0, 0}, PMD ";", FAILS, {0, 0, 0, 0}},
    {"a malformed answer", {0, 0, 0, 0}, PMD "; =", FAILS, {0, 0, 0, 0}},

    /* server_no_context_takeover */
    {"server_no_context_takeover unasked", {0, 0, 0, 0}, PMD SERVER_ALONE, OPENS, {1, 0, 15, 15}},
    {"server_no_context_takeover demanded", {1, 0, 0, 0}, PMD SERVER_ALONE, OPENS, {1, 0, 15, 15}},
    {"server_no_context_takeover demanded, not answered", {1, 0, 0, 0}, PMD, FAILS, {0, 0, 0, 0}},
    {"server_no_context_takeover answered with a value",
     {0, 0, 0, 0},
     PMD SERVER_ALONE "=1",
     FAILS,
     {0, 0, 0, 0}},
    {"server_no_context_takeover answered twice",
     {0, 0, 0, 0},
     PMD SERVER_ALONE SERVER_ALONE,
     FAILS,
     {0, 0, 0, 0}},

    /* client_no_context_takeover */
    {"client_no_context_takeover answered", {0, 0, 0, 0}, PMD CLIENT_ALONE, OPENS, {0, 1, 15, 15}},
    {"client_no_context_takeover hinted and answered",
     {0, 1, 0, 0},
     PMD CLIENT_ALONE,
     OPENS,
     {0, 1, 15, 15}},
    {"client_no_context_takeover hinted holds without an answer",
     {0, 1, 0, 0},
     PMD,
     OPENS,
     {0, 1, 15, 15}},
    {"client_no_context_takeover answered with a value",
     {0, 0, 0, 0},
     PMD CLIENT_ALONE "=\"x\"",
     FAILS,
     {0, 0, 0, 0}},
    {"client_no_context_takeover answered twice",
     {0, 0, 0, 0},
     PMD CLIENT_ALONE CLIENT_ALONE,
     FAILS,
     {0, 0, 0, 0}},

    /* server_max_window_bits */
    {"server_max_window_bits=8 unasked", {0, 0, 0, 0}, PMD SERVER_BITS "=8", OPENS, {0, 0, 8, 15}},
    {"server_max_window_bits=15 unasked",
     {0, 0, 0, 0},
     PMD SERVER_BITS "=15",
     OPENS,
     {0, 0, 15, 15}},
    {"server_max_window_bits=15 wished is not offered", {0, 0, 15, 0}, PMD, OPENS, {0, 0, 15, 15}},
    {"server_max_window_bits smaller than offered",
     {0, 0, 12, 0},
     PMD SERVER_BITS "=9",
     OPENS,
     {0, 0, 9, 15}},
    {"server_max_window_bits larger than offered",
     {0, 0, 12, 0},
     PMD SERVER_BITS "=13",
     FAILS,
     {0, 0, 0, 0}},
    {"server_max_window_bits=15 where 14 is offered",
     {0, 0, 14, 0},
     PMD SERVER_BITS "=15",
     FAILS,
     {0, 0, 0, 0}},
    {"server_max_window_bits offered, not answered", {0, 0, 12, 0}, PMD, FAILS, {0, 0, 0, 0}},
    {"server_max_window_bits=8 offered", {0, 0, 8, 0}, PMD SERVER_BITS "=8", OPENS, {0, 0, 8, 15}},
    {"server_max_window_bits answered in quotes",
     {0, 0, 0, 0},
     PMD SERVER_BITS "=\"\\9\"",
     OPENS,
     {0, 0, 9, 15}},
    {"server_max_window_bits answered without a value",
     {0, 0, 0, 0},
     PMD SERVER_BITS,
     FAILS,
     {0, 0, 0, 0}},
    {"server_max_window_bits=7 answered", {0, 0, 0, 0}, PMD SERVER_BITS "=7", FAILS, {0, 0, 0, 0}},
    {"server_max_window_bits=16 answered",
     {0, 0, 0, 0},
     PMD SERVER_BITS "=16",
     FAILS,
     {0, 0, 0, 0}},
    {"server_max_window_bits=010 answered",
     {0, 0, 0, 0},
     PMD SERVER_BITS "=010",
     FAILS,
     {0, 0, 0, 0}},
    {"server_max_window_bits answered twice",
     {0, 0, 0, 0},
     PMD SERVER_BITS "=10" SERVER_BITS "=10",
     FAILS,
     {0, 0, 0, 0}},

    /* client_max_window_bits */
    {"client_max_window_bits=9 answered", {0, 0, 0, 0}, PMD CLIENT_BITS "=9", OPENS, {0, 0, 15, 9}},
    {"client_max_window_bits=8, less than the codec can",
     {0, 0, 0, 0},
     PMD CLIENT_BITS "=8",
     OPENS,
     {0, 0, 15, 8}},
    {"client_max_window_bits=15 answered",
     {0, 0, 0, 0},
     PMD CLIENT_BITS "=15",
     OPENS,
     {0, 0, 15, 15}},
    {"client_max_window_bits as hinted",
     {0, 0, 0, 10},
     PMD CLIENT_BITS "=10",
     OPENS,
     {0, 0, 15, 10}},
    {"client_max_window_bits smaller than hinted",
     {0, 0, 0, 10},
     PMD CLIENT_BITS "=9",
     OPENS,
     {0, 0, 15, 9}},
    {"client_max_window_bits larger than hinted",
     {0, 0, 0, 10},
     PMD CLIENT_BITS "=11",
     OPENS,
     {0, 0, 15, 10}},
    {"client_max_window_bits hinted holds without an answer",
     {0, 0, 0, 10},
     PMD,
     OPENS,
     {0, 0, 15, 10}},
    {"client_max_window_bits answered without a value",
     {0, 0, 0, 0},
     PMD CLIENT_BITS,
     FAILS,
     {0, 0, 0, 0}},
    {"client_max_window_bits=16 answered",
     {0, 0, 0, 0},
     PMD CLIENT_BITS "=16",
     FAILS,
     {0, 0, 0, 0}},
    {"client_max_window_bits=7 answered", {0, 0, 0, 0}, PMD CLIENT_BITS "=7", FAILS, {0, 0, 0, 0}},
    {"client_max_window_bits answered twice",
     {0, 0, 0, 0},
     PMD CLIENT_BITS "=9" CLIENT_BITS "=9",
     FAILS,
     {0, 0, 0, 0}},

    /* all of them, and others */
    {"all four answered",
     {1, 1, 12, 11},
     PMD CLIENT_BITS "=\"10\"" CLIENT_ALONE SERVER_BITS "=11" SERVER_ALONE,
     OPENS,
     {1, 1, 11, 10}},
    {"an unknown parameter answered", {0, 0, 0, 0}, PMD "; foo", FAILS, {0, 0, 0, 0}},
    {"__proto__ answered", {0, 0, 0, 0}, PMD SERVER_ALONE "; __proto__=1", FAILS, {0, 0, 0, 0}},
};

static void test_answers(void) {
    pws_codec codec = make_codec(9);
    size_t i;
    for (i = 0; i < COUNT(answer_cases); i++) {
        const answer_case *row = &answer_cases[i];
        pws_config config = make_config(PWS_CLIENT, row->wanted, &codec);
        pws_deflate_params agreed;

        check_case(row->name);
        CHECK(response(&config, row->lines, &agreed) ==
              (row->outcome == OPENS ? PWS_OK : PWS_E_EXTENSION));
        if (row->outcome == OPENS) {
            CHECK(agreed.agreed == 1);
            CHECK(agreed.server_no_context_takeover == row->agreed.server_alone);
            CHECK(agreed.client_no_context_takeover == row->agreed.client_alone);
            CHECK(agreed.server_max_window_bits == row->agreed.server_bits);
            CHECK(agreed.client_max_window_bits == row->agreed.client_bits);
            CHECK(agreed.reserved[0] == 0 && agreed.reserved[1] == 0);
        }
        config.codec = NULL; /* nothing was offered */
        CHECK(response(&config, row->lines, &agreed) == PWS_E_EXTENSION);
    }
}

static void test_no_answer(void) {
    static const pws_deflate_params none = {0};
    pws_codec codec = make_codec(9);
    wish all = {1, 1, 9, 9};
    pws_config config = make_config(PWS_CLIENT, all, &codec);
    pws_deflate_params agreed;

    check_case("an offer that is not answered is declined, whatever it demands");
    CHECK(response(&config, "", &agreed) == PWS_OK);
    CHECK(memcmp(&agreed, &none, sizeof none) == 0);
}

/* ---- What is written ---- */

typedef struct text_case {
    const char *name;
    wish wanted;
    const char *text;
} text_case;

static const text_case offer_texts[] = {
    {"an offer without a wish", {0, 0, 0, 0}, PMD CLIENT_BITS},
    {"an offer of the largest windows", {0, 0, 15, 15}, PMD CLIENT_BITS},
    {"an offer without the server's context", {1, 0, 0, 0}, PMD SERVER_ALONE CLIENT_BITS},
    {"an offer without the client's context", {0, 1, 0, 0}, PMD CLIENT_ALONE CLIENT_BITS},
    {"an offer with the server's window", {0, 0, 14, 0}, PMD SERVER_BITS "=14" CLIENT_BITS},
    {"an offer with the client's window", {0, 0, 0, 8}, PMD CLIENT_BITS "=8"},
    {"an offer with all",
     {1, 1, 9, 10},
     PMD SERVER_ALONE CLIENT_ALONE SERVER_BITS "=9" CLIENT_BITS "=10"},
};

static void test_texts(void) {
    pws_codec codec = make_codec(9);
    pws_config config = make_config(PWS_CLIENT, nothing, NULL);
    pws_deflate_params agreed;
    char text[PWS_DEFLATE_TEXT];
    size_t i, capacity, length = 77;

    for (i = 0; i < COUNT(offer_texts); i++) {
        check_case(offer_texts[i].name);
        config = make_config(PWS_CLIENT, offer_texts[i].wanted, &codec);
        CHECK(strcmp(offer_text(&config), offer_texts[i].text) == 0);
    }

    check_case("a text that does not fit is not begun");
    memset(&agreed, 0, sizeof agreed);
    agreed.agreed = agreed.server_no_context_takeover = agreed.client_no_context_takeover = 1;
    agreed.server_max_window_bits = agreed.client_max_window_bits = 10;
    for (capacity = 0; capacity < strlen(offer_texts[6].text); capacity++) {
        memset(text, '#', sizeof text);
        CHECK(pws_deflate_offer(&config, text, capacity, &length) == PWS_E_SPACE);
        CHECK(pws_deflate_answer(&agreed, text, capacity, &length) == PWS_E_SPACE);
        CHECK(length == 77 && text[0] == '#');
    }
    CHECK(pws_deflate_offer(&config, text, capacity, &length) == PWS_OK && length == capacity);
    CHECK(text[capacity] == '#');

    check_case("without a codec nothing is offered, without an agreement nothing answered");
    config.codec = NULL;
    CHECK(pws_deflate_offer(&config, text, 0, &length) == PWS_OK && length == 0);
    agreed.agreed = 0;
    length = 77;
    CHECK(pws_deflate_answer(&agreed, text, 0, &length) == PWS_OK && length == 0);

    check_case("even texts of numbers out of range fit");
    config.codec = &codec;
    memset(&config.deflate, 0xFF, sizeof config.deflate);
    CHECK(pws_deflate_offer(&config, text, sizeof text, &length) == PWS_OK);
    CHECK(pws_deflate_answer(&config.deflate, text, sizeof text, &length) == PWS_OK);
    CHECK(length == strlen(PMD SERVER_ALONE CLIENT_ALONE SERVER_BITS "=255"));
}

/* ---- Both sides ---- */

static uint8_t smaller(uint8_t a, uint8_t b) {
    if (a == 0)
        a = 15;
    if (b == 0)
        b = 15;
    return a < b ? a : b;
}

/* The wish with that number: every combination of takeovers and of windows 8 to 15 or none. */
enum {
    WISHES = 2 * 2 * 9 * 9
};

static wish wish_of(int number) {
    wish wanted;
    int server = number / 4 % 9, client = number / 36;
    wanted.server_alone = (uint8_t)(number % 2);
    wanted.client_alone = (uint8_t)(number / 2 % 2);
    wanted.server_bits = (uint8_t)(server == 0 ? 0 : server + 7);
    wanted.client_bits = (uint8_t)(client == 0 ? 0 : client + 7);
    return wanted;
}

/* Offer, accept, answer, confirm. */
static void agree(wish of_server, wish of_client, uint32_t min_deflate_bits) {
    pws_codec codec = make_codec(min_deflate_bits);
    pws_config server = make_config(PWS_SERVER, of_server, &codec);
    pws_config client = make_config(PWS_CLIENT, of_client, &codec);
    uint8_t bits = smaller(of_server.server_bits, of_client.server_bits);
    pws_deflate_params accepted, confirmed;

    CHECK(pws_deflate_wish_ok(&server) && pws_deflate_wish_ok(&client));
    if (!pws_deflate_accept(&server, pws_cstr(offer_text(&client)), &accepted)) {
        CHECK(bits < min_deflate_bits);
        return;
    }
    CHECK(pws_deflate_confirm(&client, pws_cstr(answer_text(&accepted)), &confirmed));
    CHECK(memcmp(&accepted, &confirmed, sizeof confirmed) == 0);
    CHECK(accepted.server_max_window_bits == bits && bits >= min_deflate_bits);
    CHECK(accepted.client_max_window_bits == smaller(of_server.client_bits, of_client.client_bits));
    CHECK(accepted.server_no_context_takeover == (of_server.server_alone | of_client.server_alone));
    CHECK(accepted.client_no_context_takeover == (of_server.client_alone | of_client.client_alone));
}

static void test_agreement(void) {
    pws_deflate_params agreed = {0};
    int i, j;

    check_case("client and server agree, whatever each of them wishes");
    for (i = 0; i < WISHES; i++)
        for (j = 0; j < WISHES; j++)
            agree(wish_of(i), wish_of(j), 8 + (uint32_t)(i + j) % 2);

    check_case("each role has its window and its takeover");
    agreed.agreed = 1;
    agreed.server_max_window_bits = 9;
    agreed.client_max_window_bits = 15;
    CHECK(pws_deflate_bits(pws_deflate_pack(&agreed), PWS_SERVER) == 9);
    CHECK(pws_deflate_bits(pws_deflate_pack(&agreed), PWS_CLIENT) == 15);
    agreed.server_no_context_takeover = 1;
    CHECK(!pws_deflate_takeover(pws_deflate_pack(&agreed), PWS_SERVER));
    CHECK(pws_deflate_takeover(pws_deflate_pack(&agreed), PWS_CLIENT));
    agreed.server_no_context_takeover = 0;
    agreed.client_no_context_takeover = 1;
    CHECK(pws_deflate_takeover(pws_deflate_pack(&agreed), PWS_SERVER));
    CHECK(!pws_deflate_takeover(pws_deflate_pack(&agreed), PWS_CLIENT));

    check_case("a connection keeps what is agreed on in 16 bits");
    for (i = 0; i < 8 * 8 * 8; i++) {
        pws_deflate_params kept;

        agreed.server_no_context_takeover = (i & 1) != 0;
        agreed.client_no_context_takeover = (i & 2) != 0;
        agreed.window_named = (i & 4) != 0;
        agreed.server_max_window_bits = (uint8_t)(8 + (i >> 3) % 8);
        agreed.client_max_window_bits = (uint8_t)(8 + (i >> 6) % 8);
        kept = pws_deflate_unpack(pws_deflate_pack(&agreed));
        CHECK(memcmp(&kept, &agreed, sizeof kept) == 0);
    }
    agreed.agreed = 0;
    CHECK(pws_deflate_pack(&agreed) == 0);
    CHECK(pws_deflate_unpack(0).agreed == 0);
}

/* ---- In the machine ---- */

/* Pulls from one end, hands what it writes to the other, and notes what their PWS_OPEN shows. */
static void carry(pws_conn *from, pws_conn *to, pws_deflate_params *of_from,
                  pws_deflate_params *of_to) {
    static uint8_t bytes[1024];
    pws_event ev, other;
    while (pws_next(from, NULL, &ev)) {
        pws_bytes in = {bytes, 0};
        if (ev.kind == PWS_OPEN)
            *of_from = ev.deflate;
        if (ev.kind != PWS_WRITE)
            continue;
        in.len = ev.out[0].len;
        CHECK(in.len <= sizeof bytes && ev.out[1].len == 0);
        memcpy(bytes, ev.out[0].ptr, in.len);
        while (pws_next(to, &in, &other))
            if (other.kind == PWS_OPEN)
                *of_to = other.deflate;
    }
}

/* The opening handshake between two ends, and what is agreed on. */
static void shake_hands(const pws_config *of_server, const pws_config *of_client,
                        pws_deflate_params *server_agreed, pws_deflate_params *client_agreed) {
    static uint8_t server_work[PWS_WORK_SIZE(8192)], client_work[PWS_WORK_SIZE(8192)];
    static const uint8_t seed[32];
    pws_random random = {{0}, {0}, 0, 0};
    pws_request asked = {.host = {"h", 1}};
    pws_conn server, client;

    memset(server_agreed, 0x5A, sizeof *server_agreed);
    memset(client_agreed, 0x5A, sizeof *client_agreed);
    CHECK(pws_random_seed(&random, seed) == PWS_OK);
    CHECK(pws_init(&server, of_server, server_work, sizeof server_work) == PWS_OK);
    CHECK(pws_init(&client, of_client, client_work, sizeof client_work) == PWS_OK);
    CHECK(pws_connect(&client, &random, &asked) == PWS_OK);
    carry(&client, &server, client_agreed, server_agreed);
    CHECK(pws_accept(&server, NULL) == PWS_OK);
    carry(&server, &client, server_agreed, client_agreed);
    CHECK(pws_state(&server) == PWS_STATE_OPEN && pws_state(&client) == PWS_STATE_OPEN);
    pws_end(&server);
    pws_end(&client);
}

static void test_machine(void) {
    static const pws_deflate_params none = {0};
    static const wish of_server = {0, 1, 12, 0}, of_client = {1, 0, 0, 11};
    pws_codec codec = make_codec(9);
    pws_config server = make_config(PWS_SERVER, of_server, &codec);
    pws_config client = make_config(PWS_CLIENT, of_client, &codec);
    pws_deflate_params server_agreed, client_agreed;

    server.max_message = client.max_message = 8192;
    check_case("PWS_OPEN shows at both ends what is agreed on");
    shake_hands(&server, &client, &server_agreed, &client_agreed);
    CHECK(memcmp(&server_agreed, &client_agreed, sizeof client_agreed) == 0);
    CHECK(strcmp(answer_text(&server_agreed),
                 PMD SERVER_ALONE CLIENT_ALONE SERVER_BITS "=12" CLIENT_BITS "=11") == 0);

    check_case("PWS_OPEN shows zeros where one end has no codec");
    server.codec = NULL;
    shake_hands(&server, &client, &server_agreed, &client_agreed);
    CHECK(memcmp(&server_agreed, &none, sizeof none) == 0);
    CHECK(memcmp(&client_agreed, &none, sizeof none) == 0);
    server.codec = &codec;
    client.codec = NULL;
    shake_hands(&server, &client, &server_agreed, &client_agreed);
    CHECK(memcmp(&server_agreed, &none, sizeof none) == 0);
    CHECK(memcmp(&client_agreed, &none, sizeof none) == 0);

    check_case("PWS_OPEN shows zeros where the server declines");
    client.codec = &codec;
    server.deflate.server_max_window_bits = 8;
    shake_hands(&server, &client, &server_agreed, &client_agreed);
    CHECK(memcmp(&server_agreed, &none, sizeof none) == 0);
    CHECK(memcmp(&client_agreed, &none, sizeof none) == 0);
}

static void test_wishes(void) {
    pws_codec good = make_codec(9), codec = good;
    pws_config best = make_config(PWS_SERVER, nothing, &codec), config = best;
    int bits;

    check_case("windows that can be wished are 8 to 15, or 0");
    for (bits = 0; bits < 256; bits++) {
        int fine = bits == 0 || (bits >= 8 && bits <= 15);
        config = best;
        config.deflate.server_max_window_bits = (uint8_t)bits;
        CHECK(pws_deflate_wish_ok(&config) == fine);
        config = best;
        config.deflate.client_max_window_bits = (uint8_t)bits;
        CHECK(pws_deflate_wish_ok(&config) == fine);
        config.codec = NULL;
        CHECK(pws_deflate_wish_ok(&config) == fine);
    }

    check_case("takeovers that can be wished are 0 and 1");
    config = best;
    config.deflate.server_no_context_takeover = 2;
    CHECK(!pws_deflate_wish_ok(&config));
    config = best;
    config.deflate.client_no_context_takeover = 2;
    CHECK(!pws_deflate_wish_ok(&config));

    check_case("what is not for wishes is 0, but for agreed, which is not looked at");
    config = best;
    config.deflate.agreed = 1;
    CHECK(pws_deflate_wish_ok(&config));
    config.deflate.window_named = 1;
    CHECK(!pws_deflate_wish_ok(&config));
    config = best;
    config.deflate.reserved[0] = 1;
    CHECK(!pws_deflate_wish_ok(&config));
    config = best;
    config.deflate.reserved[1] = 1;
    CHECK(!pws_deflate_wish_ok(&config));

    check_case("a codec has all its functions and a window that exists");
    codec.open = NULL;
    CHECK(!pws_deflate_wish_ok(&best));
    codec = good;
    codec.inflate = NULL;
    CHECK(!pws_deflate_wish_ok(&best));
    codec = good;
    codec.deflate = NULL;
    CHECK(!pws_deflate_wish_ok(&best));
    codec = good;
    codec.close = NULL;
    CHECK(!pws_deflate_wish_ok(&best));
    codec = good;
    codec.reserved[1] = 1;
    CHECK(!pws_deflate_wish_ok(&best));
    codec = good;
    for (bits = 0; bits < 20; bits++) {
        codec.min_deflate_bits = (uint32_t)bits;
        CHECK(pws_deflate_wish_ok(&best) == (bits >= 8 && bits <= 15));
    }
}

int main(void) {
    test_offers();
    test_many_offers();
    test_answers();
    test_no_answer();
    test_texts();
    test_agreement();
    test_machine();
    test_wishes();
    return check_end();
}
