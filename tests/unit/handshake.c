/* The rules of the opening handshake, and the heads that we send. Compression: negotiation.c. */
#include "../check.h"
#include "heads.h"

#include <string.h>

/* The header line of permessage-deflate, which is not there without compression. */
#ifdef PWS_NO_DEFLATE
#define EXTENSIONS(parameter) ""
#else
#define EXTENSIONS(parameter) "Sec-WebSocket-Extensions: permessage-deflate; " parameter "\r\n"
#endif

#define TEXT(literal) ((pws_str){(literal), sizeof(literal) - 1})
#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The example of section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static int is(pws_str text, const char *wanted) {
    return pws_str_equal(text, pws_cstr(wanted));
}

/* ---- Heads with one line changed ---- */

/* The lines of a good head, in order; more is empty. */
enum {
    START,
    HOST,
    UPGRADE,
    CONNECTION,
    VERSION,
    TOKEN, /* Sec-WebSocket-Key, Sec-WebSocket-Accept */
    MORE,
    LINES
};

static const char *const good_request[LINES] = {
    "GET /chat HTTP/1.1\r\n",
    "Host: server.example.com\r\n",
    "Upgrade: websocket\r\n",
    "Connection: Upgrade\r\n",
    "Sec-WebSocket-Version: 13\r\n",
    "Sec-WebSocket-Key: " KEY "\r\n",
    "",
};

static const char *const good_response[LINES] = {
    "HTTP/1.1 101 Switching Protocols\r\n",
    "",
    "Upgrade: websocket\r\n",
    "Connection: Upgrade\r\n",
    "",
    "Sec-WebSocket-Accept: " ACCEPT "\r\n",
    "",
};

/* A head in which text stands for one of the lines, and what is wrong with it. */
typedef struct change {
    const char *name;
    int line;
    const char *text;
    int32_t error;
} change;

static char head_text[4096];
static size_t text_length;
static pws_head head;
static pws_header headers[64];
static size_t header_count;

/* Builds the head, and from its lines the array of headers. Every line must be well-formed. */
static void build(uint32_t role, const char *const good[LINES], int line, const char *text) {
    pws_config config = {0};
    pws_findings found;
    size_t length = 0;
    pws_str fields;
    int i;

    for (i = 0; i < LINES; i++) {
        const char *next = i == line ? text : good[i];
        memcpy(head_text + length, next, strlen(next));
        length += strlen(next);
    }
    memcpy(head_text + length, "\r\n", 2);
    length += 2;
    text_length = length;
    config.role = role;
    heads_parse(&config, head_text, text_length, &head, &found);
    fields = head.fields;
    header_count = 0;
    while (header_count < COUNT(headers) && pws_header_next(&fields, &headers[header_count]))
        header_count++;
}

/* Both forms of the check over the same request; the array form gets Host from the array alone. */
static int32_t check_request(const pws_config *config, pws_str *protocol) {
    pws_head array_head = head;
    pws_str again = TEXT("unchanged");
    pws_findings found;
    int32_t error;

    *protocol = again;
    array_head.host = array_head.origin = array_head.fields = pws_cstr(NULL);
    heads_parse(config, head_text, text_length, &head, &found);
    error = pws_request_judge(&head, &found);
    if (error == PWS_OK)
        *protocol = found.chosen;
    CHECK(pws_check_request(config, &array_head, headers, header_count, &again, NULL) == error);
    CHECK(pws_check_request(config, &array_head, headers, header_count, NULL, NULL) == error);
    CHECK(pws_str_equal(*protocol, again));
    CHECK(error == PWS_OK || is(*protocol, "unchanged"));
    return error;
}

static int32_t check_response(const pws_config *config, pws_str key, pws_str *protocol) {
    pws_head array_head = head;
    pws_str again = TEXT("unchanged");
    pws_deflate_params deflate;
    pws_findings found;
    int32_t error;

    *protocol = again;
    array_head.fields = pws_cstr(NULL);
    heads_parse(config, head_text, text_length, &head, &found);
    error = pws_response_judge(&head, &found, key, &deflate);
    if (error == PWS_OK)
        *protocol = found.protocol.value;
    CHECK(pws_check_response(config, &array_head, headers, header_count, key, &again, NULL) ==
          error);
    CHECK(pws_check_response(config, &array_head, headers, header_count, key, NULL, NULL) == error);
    CHECK(pws_str_equal(*protocol, again));
    CHECK(error == PWS_OK || is(*protocol, "unchanged"));
    return error;
}

/* ---- Requests ---- */

static const change request_changes[] = {
    {"the request of the example", MORE, "", PWS_OK},
    {"names and values whatever their case", CONNECTION, "CONNECTION: UPGRADE\r\n", PWS_OK},
    {"unknown header lines", MORE, "X: y\r\nSec-WebSocket-Accept: z\r\n", PWS_OK},

    {"method POST", START, "POST /chat HTTP/1.1\r\n", PWS_E_METHOD},
    {"method HEAD", START, "HEAD /chat HTTP/1.1\r\n", PWS_E_METHOD},
    {"method in lower case", START, "get /chat HTTP/1.1\r\n", PWS_E_METHOD},
    {"method CONNECT without :protocol", START, "CONNECT a:1 HTTP/2.0\r\n", PWS_E_METHOD},

    {"HTTP/1.0", START, "GET /chat HTTP/1.0\r\n", PWS_E_HTTP_VERSION},
    {"HTTP/0.9", START, "GET /chat HTTP/0.9\r\n", PWS_E_HTTP_VERSION},
    {"HTTP/1.2", START, "GET /chat HTTP/1.2\r\n", PWS_OK},

    {"no Host", HOST, "", PWS_E_HOST},
    {"empty Host", HOST, "Host:\r\n", PWS_E_HOST},
    {"two Hosts", HOST, "Host: a\r\nHost: a\r\n", PWS_E_HOST},
    {"empty Host before another", HOST, "Host:\r\nHost: a\r\n", PWS_E_HOST},
    {"Host with white space", HOST, "Host: a b\r\n", PWS_E_HOST},
    {"Host with a non-ASCII character", HOST, "Host: \xC3\xA4\r\n", PWS_E_HOST},
    {"Host with port", HOST, "Host: [::1]:8080\r\n", PWS_OK},

    {"Transfer-Encoding", MORE, "Transfer-Encoding: chunked\r\n", PWS_E_BODY},
    {"empty Transfer-Encoding", MORE, "Transfer-Encoding:\r\n", PWS_E_BODY},
    {"Content-Length", MORE, "Content-Length: 1\r\n", PWS_E_BODY},
    {"malformed Content-Length", MORE, "Content-Length: x\r\n", PWS_E_BODY},
    {"empty Content-Length", MORE, "Content-Length:\r\n", PWS_E_BODY},
    {"Content-Length -0", MORE, "Content-Length: -0\r\n", PWS_E_BODY},
    {"a second Content-Length", MORE, "Content-Length: 0\r\nContent-Length: 5\r\n", PWS_E_BODY},
    {"Content-Length 0", MORE, "Content-Length: 0\r\n", PWS_OK},

    {"no Upgrade", UPGRADE, "", PWS_E_UPGRADE},
    {"empty Upgrade", UPGRADE, "Upgrade:\r\n", PWS_E_UPGRADE},
    {"Upgrade to another protocol", UPGRADE, "Upgrade: h2c\r\n", PWS_E_UPGRADE},
    {"Upgrade: websockets", UPGRADE, "Upgrade: websockets\r\n", PWS_E_UPGRADE},
    {"Upgrade: websocket/13", UPGRADE, "Upgrade: websocket/13\r\n", PWS_E_UPGRADE},
    {"Upgrade: web socket", UPGRADE, "Upgrade: web socket\r\n", PWS_E_UPGRADE},
    {"websocket in quotes", UPGRADE, "Upgrade: \"websocket\"\r\n", PWS_E_UPGRADE},
    {"websocket inside quotes", UPGRADE, "Upgrade: \"a,websocket,b\"\r\n", PWS_E_UPGRADE},
    {"Upgrade: WebSocket", UPGRADE, "upgrade: WebSocket\r\n", PWS_OK},
    {"Upgrade to one of several", UPGRADE, "Upgrade: h2c, websocket\r\n", PWS_OK},
    {"Upgrade in several lines", UPGRADE, "Upgrade: h2c\r\nUpgrade: websocket\r\n", PWS_OK},

    {"no Connection", CONNECTION, "", PWS_E_CONNECTION},
    {"Connection: close", CONNECTION, "Connection: close\r\n", PWS_E_CONNECTION},
    {"Connection: upgraded", CONNECTION, "Connection: upgraded\r\n", PWS_E_CONNECTION},
    {"Connection: no-upgrade", CONNECTION, "Connection: no-upgrade\r\n", PWS_E_CONNECTION},
    {"Connection: keep-alive Upgrade", CONNECTION, "Connection: keep-alive Upgrade\r\n",
     PWS_E_CONNECTION},
    {"Connection: keep-alive, Upgrade", CONNECTION, "Connection: keep-alive, Upgrade\r\n", PWS_OK},
    {"Connection in several lines", CONNECTION, "Connection: a\r\nConnection: ,upgrade\r\n",
     PWS_OK},

    {"no version", VERSION, "", PWS_E_VERSION},
    {"version 8", VERSION, "Sec-WebSocket-Version: 8\r\n", PWS_E_VERSION},
    {"version 013", VERSION, "Sec-WebSocket-Version: 013\r\n", PWS_E_VERSION},
    {"version 130", VERSION, "Sec-WebSocket-Version: 130\r\n", PWS_E_VERSION},
    {"version list", VERSION, "Sec-WebSocket-Version: 13, 8\r\n", PWS_E_VERSION},
    {"two versions", VERSION, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n",
     PWS_E_VERSION},
    {"version with white space", VERSION, "Sec-WebSocket-Version: \t13 \r\n", PWS_OK},

    {"no key", TOKEN, "", PWS_E_KEY},
    {"empty key", TOKEN, "Sec-WebSocket-Key:\r\n", PWS_E_KEY},
    {"short key", TOKEN, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n", PWS_E_KEY},
    {"long key", TOKEN, "Sec-WebSocket-Key: A" KEY "\r\n", PWS_E_KEY},
    {"key that is no base64", TOKEN, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n", PWS_E_KEY},
    {"two keys", TOKEN, "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Key: " KEY "\r\n", PWS_E_KEY},

    {"several Origins", MORE, "Origin: http://a\r\nOrigin: http://a\r\n", PWS_E_ORIGIN},
    {"any Origin where none are configured", MORE, "Origin: null\r\n", PWS_OK},

    {"a subprotocol that is no token", MORE, "Sec-WebSocket-Protocol: a, b c\r\n", PWS_E_PROTOCOL},
    {"a subprotocol in quotes", MORE, "Sec-WebSocket-Protocol: \"a\"\r\n", PWS_E_PROTOCOL},
    {"no subprotocol in the line", MORE, "Sec-WebSocket-Protocol: ,\r\n", PWS_E_PROTOCOL},
    {"a broken subprotocol in a later line", MORE,
     "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b/c\r\n", PWS_E_PROTOCOL},
    {"subprotocols", MORE, "Sec-WebSocket-Protocol: a,b,, c\r\n", PWS_OK},

    {"no extension in the line", MORE, "Sec-WebSocket-Extensions:\r\n", PWS_E_EXTENSION},
    {"an extension that is no token", MORE, "Sec-WebSocket-Extensions: a b\r\n", PWS_E_EXTENSION},
    {"a parameter without a name", MORE, "Sec-WebSocket-Extensions: a;\r\n", PWS_E_EXTENSION},
    {"a parameter that is only a value", MORE, "Sec-WebSocket-Extensions: a; =1\r\n",
     PWS_E_EXTENSION},
    {"a parameter with an empty value", MORE, "Sec-WebSocket-Extensions: a; b=\r\n",
     PWS_E_EXTENSION},
    {"a parameter with two values", MORE, "Sec-WebSocket-Extensions: a; b=1=2\r\n",
     PWS_E_EXTENSION},
    {"a quoted value that is empty", MORE, "Sec-WebSocket-Extensions: a; b=\"\"\r\n",
     PWS_E_EXTENSION},
    {"a quoted value that is no token", MORE, "Sec-WebSocket-Extensions: a; b=\"1 2\"\r\n",
     PWS_E_EXTENSION},
    {"a quoted value with a comma", MORE, "Sec-WebSocket-Extensions: a; b=\"1,2\", c\r\n",
     PWS_E_EXTENSION},
    {"a quoted value with an escaped quote", MORE, "Sec-WebSocket-Extensions: a; b=\"1\\\"\"\r\n",
     PWS_E_EXTENSION},
    {"a quoted value that does not end", MORE, "Sec-WebSocket-Extensions: a; b=\"1\r\n",
     PWS_E_EXTENSION},
    {"a quoted value that ends in a backslash", MORE, "Sec-WebSocket-Extensions: a; b=\"1\\\r\n",
     PWS_E_EXTENSION},
    {"text behind a quoted value", MORE, "Sec-WebSocket-Extensions: a; b=\"1\"2\r\n",
     PWS_E_EXTENSION},
    {"a broken extension in a later line", MORE,
     "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: ;\r\n", PWS_E_EXTENSION},
    {"extensions", MORE,
     "Sec-WebSocket-Extensions: a, b; c; d=1;e=\"x\"\r\n"
     "Sec-WebSocket-Extensions: f ;\tg = \"\\x\\y\" , a\r\n",
     PWS_OK},
};

static void test_requests(void) {
    pws_config config = {.role = PWS_SERVER};
    pws_str protocol;
    size_t i;

    for (i = 0; i < COUNT(request_changes); i++) {
        const change *row = &request_changes[i];
        check_case(row->name);
        build(PWS_SERVER, good_request, row->line, row->text);
        CHECK(check_request(&config, &protocol) == row->error);
        CHECK(row->error != PWS_OK || protocol.len == 0);
    }
}

/* Each head breaks its rule and all later ones. */
static void test_request_order(void) {
    static const char *const broken[] = {
        "POST / HTTP/1.0\r\n",
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
    };
    static const char *const good[LINES] = {"",
                                            "Origin: a\r\nOrigin: b\r\n",
                                            "Sec-WebSocket-Protocol: /\r\n",
                                            "Sec-WebSocket-Extensions: /\r\n",
                                            "",
                                            "",
                                            ""};
    static const int32_t errors[] = {PWS_E_METHOD, PWS_E_HTTP_VERSION, PWS_E_HOST, PWS_E_BODY,
                                     PWS_E_UPGRADE};
    static const char *const more[] = {
        "Upgrade: websocket\r\n",
        "Upgrade: websocket\r\nConnection: upgrade\r\n",
        "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n",
        "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: " KEY "\r\n",
    };
    static const int32_t more_errors[] = {PWS_E_CONNECTION, PWS_E_VERSION, PWS_E_KEY, PWS_E_ORIGIN};
    pws_config config = {.role = PWS_SERVER};
    pws_str protocol;
    size_t i;

    check_case("of several broken rules of a request the first is named");
    for (i = 0; i < COUNT(broken); i++) {
        char text[256];
        strcpy(text, broken[i]);
        if (i < 4)
            strcat(text, "Transfer-Encoding: chunked\r\n");
        build(PWS_SERVER, good, START, text);
        CHECK(check_request(&config, &protocol) == errors[i]);
    }
    for (i = 0; i < COUNT(more); i++) {
        char text[512] = "GET / HTTP/1.1\r\nHost: a\r\n";
        strcat(text, more[i]);
        build(PWS_SERVER, good, START, text);
        CHECK(check_request(&config, &protocol) == more_errors[i]);
    }
    build(PWS_SERVER, good_request, MORE,
          "Sec-WebSocket-Extensions: /\r\nSec-WebSocket-Protocol: /\r\n");
    CHECK(check_request(&config, &protocol) == PWS_E_PROTOCOL);
}

/* An allow list, an Origin, and whether it is allowed. */
typedef struct origin_case {
    const char *name, *allowed, *origin;
    int good;
} origin_case;

static const origin_case origin_cases[] = {
    {"an origin that is listed", "https://a.example", "https://a.example", 1},
    {"one of several origins", "http://b, https://a.example http://c", "http://c", 1},
    {"an origin that is not listed", "https://a.example", "https://b.example", 0},
    {"scheme and host whatever their case", "https://a.example", "HTTPS://A.Example", 1},
    {"another scheme", "https://a.example", "http://a.example", 0},
    {"the default port of https", "https://a.example", "https://a.example:443", 1},
    {"the default port of http, listed", "http://a.example:80", "http://a.example", 1},
    {"the default ports of ws and wss", "ws://a wss://b:443", "wss://b", 1},
    {"the default port of another scheme", "https://a.example", "https://a.example:80", 0},
    {"no default port of an unknown scheme", "app://a", "app://a:80", 0},
    {"another port", "https://a.example:8443", "https://a.example", 0},
    {"the same port", "https://a.example:8443", "https://A.example:8443", 1},
    {"an address in brackets", "http://[::1]:80", "http://[::1]", 1},
    {"another address in brackets", "http://[::1]:80", "http://[::2]", 0},
    {"a host that begins like one listed", "https://a.example", "https://a.example.evil.net", 0},
    {"a host that ends like one listed", "https://a.example", "https://evil-a.example", 0},
    {"a path behind the origin", "https://a.example", "https://a.example/", 0},
    {"an empty port", "https://a.example", "https://a.example:", 0},
    {"null where it is not listed", "https://a.example", "null", 0},
    {"null where it is listed", "https://a.example null", "null", 1},
    {"null in capitals", "null", "NULL", 0},
    {"a list of origins", "http://a http://b", "http://a http://b", 0},
    {"an empty Origin", "http://a", "", 0},
    {"an Origin where nothing is allowed", "", "http://a", 0},
    {"something that is no origin", "http://a", "a", 0},
    {"another host of digits", "http://80", "http://81", 0},
    {"the same host of digits", "http://80", "HTTP://80", 1},
    {"another host that ends in digits", "http://a80", "http://a", 0},
    {"a host that ends in a mark", "http://a~", "http://A~:80", 1},
    {"a colon without slashes", "http:a/b/c", "HTTP:a/b/c", 0},
    {"an empty host", "file://", "FILE://", 1},
    {"only a scheme", "http://a", "http:", 0},
    {"only a port", "http://:80", "http://:81", 0},
};

static void test_origins(void) {
    pws_config config = {.role = PWS_SERVER};
    pws_str protocol;
    size_t i;

    for (i = 0; i < COUNT(origin_cases); i++) {
        char line[128] = "Origin: ";
        check_case(origin_cases[i].name);
        config.origins = origin_cases[i].allowed;
        strcat(line, origin_cases[i].origin);
        strcat(line, "\r\n");
        build(PWS_SERVER, good_request, MORE, line);
        CHECK(check_request(&config, &protocol) == (origin_cases[i].good ? PWS_OK : PWS_E_ORIGIN));
    }

    check_case("no Origin is let through, unless one is required");
    config.origins = "http://a";
    build(PWS_SERVER, good_request, MORE, "");
    CHECK(check_request(&config, &protocol) == PWS_OK);
    config.flags = PWS_REQUIRE_ORIGIN;
    CHECK(check_request(&config, &protocol) == PWS_E_ORIGIN);
    build(PWS_SERVER, good_request, MORE, "Origin: http://a\r\n");
    CHECK(check_request(&config, &protocol) == PWS_OK);

    check_case("several Origins are refused, though each is allowed");
    build(PWS_SERVER, good_request, MORE, "Origin: http://a\r\nOrigin: http://a\r\n");
    CHECK(check_request(&config, &protocol) == PWS_E_ORIGIN);
}

/* What a server configures, what a client offers, and what is chosen. */
typedef struct protocol_case {
    const char *name, *configured, *line, *chosen;
} protocol_case;

static const protocol_case protocol_cases[] = {
    {"no subprotocol is offered", "a b", "", ""},
    {"no subprotocol is configured", NULL, "Sec-WebSocket-Protocol: a\r\n", ""},
    {"the subprotocol that is offered", "a b", "Sec-WebSocket-Protocol: b\r\n", "b"},
    {"the best of those offered, whatever their order", "x, b, a",
     "Sec-WebSocket-Protocol: a, b, c\r\n", "b"},
    {"offers in several lines", "b a", "sec-websocket-protocol: a\r\nSec-WebSocket-Protocol: b\r\n",
     "b"},
    {"no subprotocol in common", "a", "Sec-WebSocket-Protocol: b\r\n", ""},
    {"subprotocols differ by case", "chat", "Sec-WebSocket-Protocol: Chat\r\n", ""},
    {"a part of a subprotocol is another", "chat", "Sec-WebSocket-Protocol: chat2, cha\r\n", ""},
    {"an offer that is repeated", "a", "Sec-WebSocket-Protocol: a, a\r\n", "a"},
};

static void test_protocols(void) {
    pws_config config = {.role = PWS_SERVER};
    pws_str protocol;
    size_t i;

    for (i = 0; i < COUNT(protocol_cases); i++) {
        check_case(protocol_cases[i].name);
        config.protocols = protocol_cases[i].configured;
        build(PWS_SERVER, good_request, MORE, protocol_cases[i].line);
        CHECK(check_request(&config, &protocol) == PWS_OK);
        CHECK(is(protocol, protocol_cases[i].chosen));
        CHECK(protocol.len == 0 ||
              (protocol.ptr > head_text && protocol.ptr < head_text + sizeof head_text));
    }

    check_case("a subprotocol is looked up among those offered");
    build(PWS_SERVER, good_request, MORE,
          "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n");
    protocol = pws_offered(head.fields, TEXT("c"));
    CHECK(is(protocol, "c") && protocol.ptr > head_text &&
          protocol.ptr < head_text + sizeof head_text);
    CHECK(pws_offered(head.fields, TEXT("C")).ptr == NULL);
    CHECK(pws_offered(head.fields, TEXT("a, b")).ptr == NULL);
    CHECK(pws_offered(head.fields, TEXT("")).ptr == NULL);
}

/* RFC 8441, and the other things that only the array form has. */
static void test_array_form(void) {
    static const pws_header extended[] = {{{"sec-websocket-version", 21}, {"13", 2}},
                                          {{"sec-websocket-protocol", 22}, {"a, b", 4}}};
    static const pws_header spaced[] = {{{"Host", 4}, {" a ", 3}},
                                        {{"Upgrade", 7}, {"websocket", 9}},
                                        {{"Connection", 10}, {"\tUpgrade", 8}},
                                        {{"Sec-WebSocket-Version", 21}, {"13 ", 3}},
                                        {{"Sec-WebSocket-Key", 17}, {" " KEY, 25}}};
    static const pws_header missing_value[] = {{{"Host", 4}, {NULL, 1}}};
    static const pws_header missing_name[] = {{{NULL, 4}, {"a", 1}}};
    pws_config config = {.role = PWS_SERVER, .protocols = "b"};
    pws_str protocol;
    pws_head request;

    memset(&request, 0, sizeof request);
    request.method = TEXT("CONNECT");
    request.protocol = TEXT("websocket");
    request.version = 20;

    check_case("extended CONNECT needs no Host, Upgrade, Connection and key (RFC 8441 5)");
    CHECK(pws_check_request(&config, &request, extended, 2, &protocol, NULL) == PWS_OK);
    CHECK(is(protocol, "b"));
    request.version = 30;
    CHECK(pws_check_request(&config, &request, extended, 2, &protocol, NULL) == PWS_OK);

    check_case("extended CONNECT keeps the other rules");
    CHECK(pws_check_request(&config, &request, NULL, 0, &protocol, NULL) == PWS_E_VERSION);
    config.origins = "http://a";
    config.flags = PWS_REQUIRE_ORIGIN;
    CHECK(pws_check_request(&config, &request, extended, 2, &protocol, NULL) == PWS_E_ORIGIN);
    config.origins = NULL;

    check_case("extended CONNECT must be for websocket");
    request.protocol = TEXT("connect-udp");
    CHECK(pws_check_request(&config, &request, extended, 2, &protocol, NULL) == PWS_E_UPGRADE);

    check_case("CONNECT that is not extended is not GET");
    request.protocol = TEXT("websocket");
    request.version = 11;
    CHECK(pws_check_request(&config, &request, extended, 2, &protocol, NULL) == PWS_E_METHOD);
    request.version = 20;
    request.protocol = pws_cstr(NULL);
    CHECK(pws_check_request(&config, &request, extended, 2, &protocol, NULL) == PWS_E_METHOD);

    check_case("with another method, :protocol does not count");
    request.method = TEXT("GET");
    request.protocol = TEXT("websocket");
    CHECK(pws_check_request(&config, &request, spaced + 2, 3, &protocol, NULL) == PWS_E_HOST);
    request.host = TEXT("a");
    CHECK(pws_check_request(&config, &request, spaced + 2, 3, &protocol, NULL) == PWS_E_UPGRADE);
    request.host = request.protocol = pws_cstr(NULL);

    check_case("white space around values does not count");
    request.version = 11;
    CHECK(pws_check_request(&config, &request, spaced, 5, &protocol, NULL) == PWS_OK);

    check_case("the head gives the Host that the headers lack");
    CHECK(pws_check_request(&config, &request, spaced + 1, 4, &protocol, NULL) == PWS_E_HOST);
    request.host = TEXT("a b");
    CHECK(pws_check_request(&config, &request, spaced + 1, 4, &protocol, NULL) == PWS_E_HOST);
    request.host = TEXT("a");
    CHECK(pws_check_request(&config, &request, spaced + 1, 4, &protocol, NULL) == PWS_OK);

    check_case("NULL is an argument error");
    protocol = TEXT("unchanged");
    CHECK(pws_check_request(NULL, &request, spaced, 5, &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_request(&config, NULL, spaced, 5, &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_request(&config, &request, NULL, 5, &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_request(&config, &request, missing_value, 1, &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_request(&config, &request, missing_name, 1, &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_response(NULL, &request, spaced, 5, TEXT(KEY), &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_response(&config, NULL, spaced, 5, TEXT(KEY), &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_response(&config, &request, NULL, 5, TEXT(KEY), &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_response(&config, &request, missing_value, 1, TEXT(KEY), NULL, NULL) ==
          PWS_E_ARG);
    request.method.ptr = NULL;
    CHECK(pws_check_request(&config, &request, spaced, 5, &protocol, NULL) == PWS_E_ARG);
    request.method = TEXT("GET");
    request.host = (pws_str){NULL, 1};
    CHECK(pws_check_request(&config, &request, spaced, 5, &protocol, NULL) == PWS_E_ARG);
    request.host = pws_cstr(NULL);
    request.protocol = (pws_str){NULL, 1};
    CHECK(pws_check_request(&config, &request, spaced, 5, &protocol, NULL) == PWS_E_ARG);
    CHECK(pws_check_response(&config, &request, NULL, 0, (pws_str){NULL, 1}, NULL, NULL) ==
          PWS_E_ARG);
    CHECK(is(protocol, "unchanged"));
}

/* ---- Responses ---- */

static const change response_changes[] = {
    {"the response of the example", MORE, "", PWS_OK},
    {"200", START, "HTTP/1.1 200 OK\r\n", PWS_E_STATUS},
    {"100", START, "HTTP/1.1 100 Continue\r\n", PWS_E_STATUS},
    {"response of HTTP/1.0", START, "HTTP/1.0 101 Switching Protocols\r\n", PWS_E_HTTP_VERSION},

    {"response without Upgrade", UPGRADE, "", PWS_E_UPGRADE},
    {"response with another Upgrade", UPGRADE, "Upgrade: h2c\r\n", PWS_E_UPGRADE},
    {"response with one Upgrade too many", UPGRADE, "Upgrade: websocket, h2c\r\n", PWS_E_UPGRADE},
    {"response with Upgrade: WebSocket", UPGRADE, "upgrade: WebSocket\r\n", PWS_OK},

    {"response without Connection", CONNECTION, "", PWS_E_CONNECTION},
    {"response with Connection: upgraded", CONNECTION, "Connection: upgraded\r\n",
     PWS_E_CONNECTION},
    {"response with Connection: close, upgrade", CONNECTION, "Connection: close, upgrade\r\n",
     PWS_OK},

    {"response without accept", TOKEN, "", PWS_E_ACCEPT},
    {"accept of another key", TOKEN, "Sec-WebSocket-Accept: t3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
     PWS_E_ACCEPT},
    {"accept in another case", TOKEN, "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
     PWS_E_ACCEPT},
    {"accept cut off", TOKEN, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n",
     PWS_E_ACCEPT},
    {"empty accept", TOKEN, "Sec-WebSocket-Accept:\r\n", PWS_E_ACCEPT},
    {"two accepts", TOKEN,
     "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Accept: " ACCEPT "\r\n", PWS_E_ACCEPT},
    {"accept with white space", TOKEN, "Sec-WebSocket-Accept: \t" ACCEPT " \r\n", PWS_OK},

    {"a subprotocol that was offered", MORE, "Sec-WebSocket-Protocol: chat\r\n", PWS_OK},
    {"a subprotocol that was not offered", MORE, "Sec-WebSocket-Protocol: other\r\n",
     PWS_E_PROTOCOL},
    {"a subprotocol in another case", MORE, "Sec-WebSocket-Protocol: Chat\r\n", PWS_E_PROTOCOL},
    {"an empty subprotocol", MORE, "Sec-WebSocket-Protocol:\r\n", PWS_E_PROTOCOL},
    {"a list of subprotocols", MORE, "Sec-WebSocket-Protocol: chat, superchat\r\n", PWS_E_PROTOCOL},
    {"two subprotocols", MORE, "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n",
     PWS_E_PROTOCOL},

    {"an extension that was not offered", MORE, "Sec-WebSocket-Extensions: permessage-deflate\r\n",
     PWS_E_EXTENSION},
    {"an empty line of extensions", MORE, "Sec-WebSocket-Extensions:\r\n", PWS_E_EXTENSION},
    {"a malformed extension", MORE, "Sec-WebSocket-Extensions: ;;\r\n", PWS_E_EXTENSION},
};

static void test_responses(void) {
    pws_config config = {.role = PWS_CLIENT, .protocols = "superchat, chat"};
    pws_str protocol;
    size_t i;

    for (i = 0; i < COUNT(response_changes); i++) {
        const change *row = &response_changes[i];
        check_case(row->name);
        build(PWS_CLIENT, good_response, row->line, row->text);
        CHECK(check_response(&config, TEXT(KEY), &protocol) == row->error);
        if (row->error == PWS_OK)
            CHECK(is(protocol, row->line == MORE && row->text[0] != '\0' ? "chat" : ""));
    }

    check_case("any subprotocol is too much where none was offered");
    config.protocols = NULL;
    build(PWS_CLIENT, good_response, MORE, "Sec-WebSocket-Protocol: chat\r\n");
    CHECK(check_response(&config, TEXT(KEY), &protocol) == PWS_E_PROTOCOL);

    check_case("a response to another key is refused");
    build(PWS_CLIENT, good_response, MORE, "");
    CHECK(check_response(&config, TEXT("AAAAAAAAAAAAAAAAAAAAAA=="), &protocol) == PWS_E_ACCEPT);
    CHECK(check_response(&config, TEXT("no key"), &protocol) == PWS_E_ACCEPT);

    check_case("of several broken rules of a response the first is named");
    build(PWS_CLIENT, good_response, START,
          "HTTP/1.0 200 OK\r\nSec-WebSocket-Protocol: x\r\nSec-WebSocket-Extensions: x\r\n");
    CHECK(check_response(&config, TEXT(KEY), &protocol) == PWS_E_STATUS);
    build(PWS_CLIENT, good_response, MORE,
          "Sec-WebSocket-Extensions: x\r\nSec-WebSocket-Protocol: x\r\n");
    CHECK(check_response(&config, TEXT(KEY), &protocol) == PWS_E_PROTOCOL);
}

static void test_extended_responses(void) {
    pws_config config = {.role = PWS_CLIENT, .protocols = "chat"};
    pws_header line = {TEXT("sec-websocket-protocol"), TEXT("chat")};
    pws_str protocol, none = {NULL, 0};
    pws_head response;

    memset(&response, 0, sizeof response);
    response.version = 20;
    response.status = 200;

    check_case("with RFC 8441 any 2xx opens, and nothing else");
    CHECK(pws_check_response(&config, &response, &line, 1, none, &protocol, NULL) == PWS_OK);
    CHECK(is(protocol, "chat"));
    response.status = 299;
    CHECK(pws_check_response(&config, &response, NULL, 0, none, &protocol, NULL) == PWS_OK);
    response.status = 300;
    CHECK(pws_check_response(&config, &response, NULL, 0, none, &protocol, NULL) == PWS_E_STATUS);
    response.status = 101;
    CHECK(pws_check_response(&config, &response, NULL, 0, none, &protocol, NULL) == PWS_E_STATUS);

    check_case("with RFC 8441 subprotocols and extensions keep their rules");
    response.status = 200;
    line.value = TEXT("other");
    CHECK(pws_check_response(&config, &response, &line, 1, none, &protocol, NULL) ==
          PWS_E_PROTOCOL);
    line.name = TEXT("sec-websocket-extensions");
    CHECK(pws_check_response(&config, &response, &line, 1, none, &protocol, NULL) ==
          PWS_E_EXTENSION);
}

static void test_accept_key(void) {
    char accept[29] = "############################";

    check_case("the accept of the example (1.3)");
    CHECK(pws_accept_key(accept, TEXT(KEY)) == PWS_OK);
    CHECK(strcmp(accept, ACCEPT) == 0);

    check_case("there is no accept of what is no key");
    strcpy(accept, "before");
    CHECK(pws_accept_key(accept, TEXT("")) == PWS_E_KEY);
    CHECK(pws_accept_key(accept, TEXT("dGhlIHNhbXBsZSBub25jZQ=")) == PWS_E_KEY);
    CHECK(pws_accept_key(NULL, TEXT(KEY)) == PWS_E_ARG);
    CHECK(pws_accept_key(accept, (pws_str){NULL, 24}) == PWS_E_ARG);
    CHECK(strcmp(accept, "before") == 0);
}

/* ---- The heads that we send ---- */

static uint8_t memory[1024];

static pws_writer writer(size_t capacity) {
    pws_writer out = {memory, capacity, 0, 0};
    memset(memory, '#', sizeof memory);
    return out;
}

static int wrote(const pws_writer *out, const char *wanted) {
    return out->length == strlen(wanted) && memcmp(memory, wanted, out->length) == 0 &&
           memory[out->length] == '#';
}

static int32_t connect_with(const pws_config *config, const pws_request *request) {
    pws_writer out = writer(sizeof memory);
    int32_t error = pws_write_request(&out, config, request, TEXT(KEY));
    CHECK(error == PWS_OK || (out.length == 0 && memory[0] == '#'));
    return error;
}

static void test_write_request(void) {
    static const char whole[] = "GET /chat?x=1 HTTP/1.1\r\n"
                                "Host: server.example.com\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Key: " KEY "\r\n"
                                "Sec-WebSocket-Version: 13\r\n"
                                "Origin: http://example.com\r\n"
                                "Sec-WebSocket-Protocol: chat, superchat\r\n" EXTENSIONS(
                                    "client_max_window_bits") "Cookie: a=1\r\n"
                                                              "\r\n";
    pws_codec codec = {.min_deflate_bits = 9};
    pws_config config = {.role = PWS_CLIENT, .protocols = "chat superchat", .codec = &codec};
    pws_header cookie = {TEXT("Cookie"), TEXT("a=1")};
    pws_request request;
    pws_writer out = writer(sizeof memory);
    size_t capacity;

    memset(&request, 0, sizeof request);
    request.host = TEXT("server.example.com");
    request.target = TEXT("/chat?x=1");
    request.origin = TEXT("http://example.com");
    request.headers = &cookie;
    request.header_count = 1;

    check_case("a request with everything");
    CHECK(pws_write_request(&out, &config, &request, TEXT(KEY)) == PWS_OK);
    CHECK(wrote(&out, whole));

    check_case("a request that does not fit writes nothing");
    for (capacity = 0; capacity < sizeof whole; capacity++) {
        int fits = capacity == sizeof whole - 1;
        out = writer(capacity);
        CHECK(pws_write_request(&out, &config, &request, TEXT(KEY)) ==
              (fits ? PWS_OK : PWS_E_SPACE));
        CHECK(out.length == (fits ? capacity : 0) && memory[capacity] == '#');
    }

    check_case("a request with nothing but its host, behind what is there already");
    config.protocols = " ,";
    config.codec = NULL;
    memset(&request, 0, sizeof request);
    request.host = TEXT("h");
    out = writer(sizeof memory);
    pws_put_text(&out, "before");
    CHECK(pws_write_request(&out, &config, &request, TEXT(KEY)) == PWS_OK);
    CHECK(wrote(&out, "beforeGET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\n"
                      "Sec-WebSocket-Version: 13\r\n\r\n"));

    check_case("a slash is put in front of a target without one");
    request.target = TEXT("?a=b");
    out = writer(sizeof memory);
    CHECK(pws_write_request(&out, &config, &request, TEXT(KEY)) == PWS_OK);
    CHECK(memcmp(memory, "GET /?a=b HTTP/1.1\r\n", 20) == 0);
}

static void test_write_request_errors(void) {
    static const pws_str bad[] = {{"a b", 3}, {"a\r\nX: y", 7}, {"a\n", 2},       {"a\tb", 3},
                                  {"a\0", 2}, {" ", 1},         {"a\xC3\xA4", 3}, {"\x7F", 1},
                                  {"a\r", 2}, {NULL, 3}};
    pws_config config = {.role = PWS_CLIENT};
    pws_header line = {TEXT("X"), TEXT("y\r\nHost: z")};
    pws_request request, good;
    size_t i;

    memset(&good, 0, sizeof good);
    good.host = TEXT("h");

    check_case("nothing gets into a request through host, target and origin");
    for (i = 0; i < COUNT(bad); i++) {
        request = good;
        request.host = bad[i];
        CHECK(connect_with(&config, &request) == PWS_E_ARG);
        request = good;
        request.target = bad[i];
        CHECK(connect_with(&config, &request) == PWS_E_ARG);
        request = good;
        request.origin = bad[i];
        CHECK(connect_with(&config, &request) == PWS_E_ARG);
    }

    check_case("a request needs a host and has no fragment");
    request = good;
    request.host = TEXT("");
    CHECK(connect_with(&config, &request) == PWS_E_ARG);
    request = good;
    request.target = TEXT("/a#b");
    CHECK(connect_with(&config, &request) == PWS_E_ARG);

    check_case("further headers of a request are checked");
    request = good;
    request.headers = &line;
    request.header_count = 1;
    CHECK(connect_with(&config, &request) == PWS_E_HEADER);
    line.value = TEXT("y");
    CHECK(connect_with(&config, &request) == PWS_OK);
    line.name = TEXT("host");
    CHECK(connect_with(&config, &request) == PWS_E_HEADER);
    request.headers = NULL;
    CHECK(connect_with(&config, &request) == PWS_E_ARG);

    check_case("subprotocols are tokens, each once");
    config.protocols = "a b/c";
    CHECK(connect_with(&config, &good) == PWS_E_PROTOCOL);
    config.protocols = "a\r\nX:y";
    CHECK(connect_with(&config, &good) == PWS_E_PROTOCOL);
    config.protocols = "a b a";
    CHECK(connect_with(&config, &good) == PWS_E_PROTOCOL);
    config.protocols = "a A ab";
    CHECK(connect_with(&config, &good) == PWS_OK);
}

static void test_write_switch(void) {
    static const char whole[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: " ACCEPT "\r\n"
                                "Sec-WebSocket-Protocol: chat\r\n" EXTENSIONS(
                                    "server_max_window_bits=12") "Set-Cookie: a=1\r\n"
                                                                 "\r\n";
    pws_header cookie = {TEXT("Set-Cookie"), TEXT("a=1")};
    pws_deflate_params deflate = {0};
    const pws_config config = {.role = PWS_SERVER};
    pws_response response;
    pws_writer out = writer(sizeof memory);

    memset(&response, 0, sizeof response);

    check_case("101 with nothing but what is needed");
    CHECK(pws_write_switch(&out, &config, KEY, &response, pws_cstr(NULL), &deflate) == PWS_OK);
    CHECK(wrote(&out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n"));

    check_case("101 with everything");
    deflate.agreed = 1;
    deflate.server_max_window_bits = 12;
    deflate.client_max_window_bits = 15;
    response.headers = &cookie;
    response.header_count = 1;
    out = writer(sizeof whole - 1);
    CHECK(pws_write_switch(&out, &config, KEY, &response, TEXT("chat"), &deflate) == PWS_OK);
    CHECK(wrote(&out, whole));

    check_case("101 that does not fit writes nothing");
    out = writer(sizeof whole - 2);
    CHECK(pws_write_switch(&out, &config, KEY, &response, TEXT("chat"), &deflate) == PWS_E_SPACE);
    CHECK(out.length == 0);

    check_case("nothing gets into a 101 through headers");
    cookie.value = TEXT("a\r\n\r\nframes");
    CHECK(pws_write_switch(&out, &config, KEY, &response, pws_cstr(NULL), &deflate) ==
          PWS_E_HEADER);
    cookie.value = TEXT("a");
    cookie.name = TEXT("Sec-WebSocket-Extensions");
    CHECK(pws_write_switch(&out, &config, KEY, &response, pws_cstr(NULL), &deflate) ==
          PWS_E_HEADER);
    CHECK(out.length == 0);
}

static int32_t respond(uint32_t status, pws_view body, const char *wanted) {
    pws_response response;
    pws_writer out = writer(sizeof memory);
    int32_t error;

    memset(&response, 0, sizeof response);
    response.status = status;
    response.body = body;
    error = pws_write_response(&out, &response);
    CHECK(wrote(&out, wanted));
    return error;
}

static void test_write_response(void) {
    static const char whole[] = "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 12\r\n"
                                "Connection: close\r\n\r\n";
    pws_view none = {NULL, 0}, body = {memory, 12}, missing = {NULL, 1};
    pws_header line = {TEXT("Location"), TEXT("/a")};
    pws_response response;
    pws_writer out = writer(sizeof whole - 1);

    check_case("a response has its headers, its length, and ends the connection");
    memset(&response, 0, sizeof response);
    response.status = 302;
    response.headers = &line;
    response.header_count = 1;
    response.body = body;
    CHECK(pws_write_response(&out, &response) == PWS_OK);
    CHECK(wrote(&out, whole));

    check_case("a response that does not fit writes nothing");
    out = writer(sizeof whole - 2);
    CHECK(pws_write_response(&out, &response) == PWS_E_SPACE);
    CHECK(out.length == 0);

    check_case("nothing gets into a response through headers");
    line.value = TEXT("/a\r\nSet-Cookie: b");
    CHECK(pws_write_response(&out, &response) == PWS_E_HEADER);
    line.value = TEXT("/a");
    line.name = TEXT("Content-Length");
    CHECK(pws_write_response(&out, &response) == PWS_E_HEADER);

    check_case("a response never has a subprotocol");
    response.header_count = 0;
    response.protocol = TEXT("chat");
    CHECK(pws_write_response(&out, &response) == PWS_E_ARG);

    check_case("a status without a usual reason has an empty one");
    CHECK(respond(299, none, "HTTP/1.1 299 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n") ==
          PWS_OK);

    check_case("204 and 304 have neither length nor body");
    CHECK(respond(204, none, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") == PWS_OK);
    CHECK(respond(304, none, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n") == PWS_OK);
    CHECK(respond(204, body, "") == PWS_E_ARG);
    CHECK(respond(304, body, "") == PWS_E_ARG);

    check_case("426 says what to upgrade to");
    CHECK(respond(426, none,
                  "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nUpgrade: websocket\r\n"
                  "Connection: close, Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n") == PWS_OK);

    check_case("a status is 200 to 599, and a body is not NULL");
    CHECK(respond(599, none, "HTTP/1.1 599 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n") ==
          PWS_OK);
    CHECK(respond(101, none, "") == PWS_E_ARG);
    CHECK(respond(199, none, "") == PWS_E_ARG);
    CHECK(respond(600, none, "") == PWS_E_ARG);
    CHECK(respond(200, missing, "") == PWS_E_ARG);
}

/* RFC 9110 15, RFC 6585. */
static void test_reasons(void) {
    static const char *const reasons[] = {
        "200 OK",
        "201 Created",
        "202 Accepted",
        "204 No Content",
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "304 Not Modified",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "406 Not Acceptable",
        "408 Request Timeout",
        "409 Conflict",
        "410 Gone",
        "413 Content Too Large",
        "414 URI Too Long",
        "421 Misdirected Request",
        "426 Upgrade Required",
        "429 Too Many Requests",
        "431 Request Header Fields Too Large",
        "500 Internal Server Error",
        "501 Not Implemented",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    };
    pws_response response;
    size_t i;

    check_case("a status has its usual reason");
    memset(&response, 0, sizeof response);
    for (i = 0; i < COUNT(reasons); i++) {
        pws_writer out = writer(sizeof memory);
        response.status = (uint32_t)(reasons[i][0] - '0') * 100 +
                          (uint32_t)(reasons[i][1] - '0') * 10 + (uint32_t)(reasons[i][2] - '0');
        CHECK(pws_write_response(&out, &response) == PWS_OK);
        CHECK(memcmp(memory, "HTTP/1.1 ", 9) == 0);
        CHECK(memcmp(memory + 9, reasons[i], strlen(reasons[i])) == 0);
        CHECK(memcmp(memory + 9 + strlen(reasons[i]), "\r\n", 2) == 0);
    }
}

/* An error, and the status line and header lines of its answer. */
typedef struct refusal {
    const char *name;
    int32_t error;
    const char *start, *end;
} refusal;

#define LAST "Connection: close\r\n\r\n"
#define UPGRADES                                                                                   \
    "Upgrade: websocket\r\nConnection: close, Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n"

static const refusal refusals[] = {
    {"malformed: 400", PWS_E_HTTP, "HTTP/1.1 400 Bad Request\r\n", LAST},
    {"HTTP/1.0: 400", PWS_E_HTTP_VERSION, "HTTP/1.1 400 Bad Request\r\n", LAST},
    {"host: 400", PWS_E_HOST, "HTTP/1.1 400 Bad Request\r\n", LAST},
    {"body: 400", PWS_E_BODY, "HTTP/1.1 400 Bad Request\r\n", LAST},
    {"key: 400", PWS_E_KEY, "HTTP/1.1 400 Bad Request\r\n", LAST},
    {"subprotocol: 400", PWS_E_PROTOCOL, "HTTP/1.1 400 Bad Request\r\n", LAST},
    {"extension: 400", PWS_E_EXTENSION, "HTTP/1.1 400 Bad Request\r\n", LAST},
    {"origin: 403", PWS_E_ORIGIN, "HTTP/1.1 403 Forbidden\r\n", LAST},
    {"method: 405 with Allow", PWS_E_METHOD, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n",
     LAST},
    {"Upgrade: 426", PWS_E_UPGRADE, "HTTP/1.1 426 Upgrade Required\r\n", UPGRADES},
    {"Connection: 426", PWS_E_CONNECTION, "HTTP/1.1 426 Upgrade Required\r\n", UPGRADES},
    {"version: 426", PWS_E_VERSION, "HTTP/1.1 426 Upgrade Required\r\n", UPGRADES},
    {"size: 431", PWS_E_HEAD_SIZE, "HTTP/1.1 431 Request Header Fields Too Large\r\n", LAST},
};

static void test_refusals(void) {
    size_t i;
    for (i = 0; i < COUNT(refusals); i++) {
        const refusal *row = &refusals[i];
        const char *text = pws_strerror(row->error);
        pws_writer out = writer(PWS_TRANSMIT_MIN);
        char wanted[1024];
        int head_length =
            snprintf(wanted, sizeof wanted,
                     "%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %u\r\n%s",
                     row->start, (unsigned)strlen(text) + 1, row->end);

        check_case(row->name);
        CHECK(pws_write_refusal(&out, row->error, 1) == PWS_OK);
        CHECK(wrote(&out, wanted));
        snprintf(wanted + head_length, sizeof wanted - (size_t)head_length, "%s\n", text);
        out = writer(PWS_TRANSMIT_MIN);
        CHECK(pws_write_refusal(&out, row->error, 0) == PWS_OK);
        CHECK(wrote(&out, wanted));
        out = writer(strlen(wanted) - 1);
        CHECK(pws_write_refusal(&out, row->error, 0) == PWS_E_SPACE);
        CHECK(out.length == 0);
    }
}

int main(void) {
    test_requests();
    test_request_order();
    test_origins();
    test_protocols();
    test_array_form();
    test_responses();
    test_extended_responses();
    test_accept_key();
    test_write_request();
    test_write_request_errors();
    test_write_switch();
    test_write_response();
    test_reasons();
    test_refusals();
    return check_end();
}
