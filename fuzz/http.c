/* The functions that look into text: header lines, lists, cookies, queries, URLs, checks of
 * handshakes done elsewhere. The first byte says which, the text up to the first line feed is a
 * name, the rest the text. */
#include "../tests/has_deflate.h"
#include "basics.h"
#include "purews.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lies_in(pws_str part, pws_str whole) {
    uintptr_t at = (uintptr_t)part.ptr, begin = (uintptr_t)whole.ptr;

    return part.len == 0 ||
           (at >= begin && at - begin <= whole.len - part.len && part.len <= whole.len);
}

static int has_space_around(pws_str text) {
    return text.len != 0 && (memchr(" \t", text.ptr[0], 2) != NULL ||
                             memchr(" \t", text.ptr[text.len - 1], 2) != NULL);
}

static int same_letters(pws_str a, const char *b) {
    size_t i;

    for (i = 0; i < a.len; i++) {
        char x = a.ptr[i], y = b[i];

        if (x >= 'A' && x <= 'Z')
            x = (char)(x + 32);
        if (y >= 'A' && y <= 'Z')
            y = (char)(y + 32);
        if (y == '\0' || x != y)
            return 0;
    }
    return b[i] == '\0';
}

static void check_headers(const char *name, pws_str text) {
    pws_str rest = text, value, first = {NULL, 0};
    pws_header header;
    size_t left = text.len;
    int found = 0;

    while (pws_header_next(&rest, &header)) {
        require(rest.len < left); /* each line takes something off */
        left = rest.len;
        require(header.name.len != 0 && lies_in(header.name, text));
        require(lies_in(header.value, text) && !has_space_around(header.value));
        require(memchr(header.name.ptr, ':', header.name.len) == NULL);
        if (!found && same_letters(header.name, name)) {
            found = 1;
            first = header.value;
        }
    }
    require(pws_header_find(text, name, &value) == found);
    require(!found || (value.ptr == first.ptr && value.len == first.len));
}

static void check_list(const char *name, pws_str text) {
    pws_list list = pws_list_of(text, name);
    pws_str element, value;
    size_t count = 0;

    while (pws_list_next(&list, &element)) {
        require(++count <= text.len);
        require(element.len != 0 && lies_in(element, text) && !has_space_around(element));
    }
    require(!pws_list_next(&list, &element));
    require(count == 0 || pws_header_find(text, name, &value));
}

static void check_cookie(const char *name, pws_str text) {
    pws_str value;

    if (pws_cookie(text, name, &value))
        require(lies_in(value, text) &&
                (value.len == 0 || memchr(value.ptr, ';', value.len) == NULL));
}

static void check_query(const char *name, pws_str text) {
    size_t length = 77, again = 77;
    char *buffer = (char *)exact_copy(text.ptr, text.len);
    char *small;
    int32_t error = pws_query(text, name, buffer, text.len, &length);

    require(error == PWS_OK || error == PWS_E_STATE || error == PWS_E_URL);
    if (error != PWS_OK) {
        require(length == 77 && (text.len == 0 || memcmp(buffer, text.ptr, text.len) == 0));
    } else {
        require(length < text.len);
        small = (char *)exact_copy(text.ptr, length);
        require(pws_query(text, name, small, length, &again) == PWS_OK);
        require(again == length && (length == 0 || memcmp(small, buffer, length) == 0));
        if (length != 0)
            require(pws_query(text, name, small, length - 1, &again) == PWS_E_SPACE);
        require(again == length && (length == 0 || memcmp(small, buffer, length) == 0));
        free(small);
    }
    free(buffer);
}

/* What pws_url_parse lets through, pws_connect takes. */
static void check_connect(const pws_url *url) {
    static uint8_t seed[32];
    static pws_random random;
    size_t size = url->authority.len + url->target.len + 1024;
    uint8_t *transmit = (uint8_t *)malloc(size);
    pws_request request;
    pws_config config;
    pws_conn ws;

    memset(&request, 0, sizeof request);
    memset(&config, 0, sizeof config);
    config.role = PWS_CLIENT;
    request.host = url->authority;
    request.target = url->target;
    require(transmit != NULL && pws_random_seed(&random, seed) == PWS_OK);
    require(pws_init(&ws, &config, NULL, 0) == PWS_OK);
    require(pws_lend_transmit(&ws, transmit, size) == PWS_OK);
    require(pws_connect(&ws, &random, &request) == PWS_OK);
    free(transmit);
}

static void check_url(pws_str text) {
    pws_url url, untouched;
    int32_t error;
    size_t i;

    memset(&url, 0x5A, sizeof url);
    untouched = url;
    error = pws_url_parse(text, &url);
    require(error == PWS_OK || error == PWS_E_URL);
    if (error != PWS_OK) {
        require(url.secure == untouched.secure && url.host.ptr == untouched.host.ptr);
        return;
    }
    require(url.secure <= 1 && url.port >= 1 && url.port <= 65535);
    require(url.host.len != 0 && lies_in(url.host, text));
    require(lies_in(url.authority, text) && lies_in(url.host, url.authority));
    require(lies_in(url.target, text));
    require(url.target.len == 0 || url.target.ptr[0] == '/' || url.target.ptr[0] == '?');
    for (i = 0; i < text.len; i++)
        require(text.ptr[i] > ' ' && text.ptr[i] < 0x7F && text.ptr[i] != '#');
    check_connect(&url);
}

/* Never called: a handshake only asks whether there is a codec, and for its smallest window. */
static void *no_open(void *context, uint32_t direction, uint32_t window_bits) {
    (void)context;
    (void)direction;
    (void)window_bits;
    abort();
}

static int32_t no_step(void *codec, pws_view *in, pws_bytes *out) {
    (void)codec;
    (void)in;
    (void)out;
    abort();
}

static void no_close(void *codec) {
    (void)codec;
    abort();
}

static const pws_codec no_codec = {NULL, no_open, no_step, no_step, no_close, 9, {0, 0}};

/* What is agreed on is in range, and its answer suits a client that leaves all to the server. */
static void check_deflate(const pws_deflate_params *agreed) {
    pws_config config;
    pws_deflate_params confirmed;
    pws_head head;
    pws_header line;
    char text[PWS_DEFLATE_TEXT];

    require(agreed->agreed <= 1);
    if (!agreed->agreed)
        return;
    require(agreed->server_max_window_bits >= 9 && agreed->server_max_window_bits <= 15);
    require(agreed->client_max_window_bits >= 8 && agreed->client_max_window_bits <= 15);
    memset(&config, 0, sizeof config);
    memset(&head, 0, sizeof head);
    config.role = PWS_CLIENT;
    config.codec = HAS_DEFLATE ? &no_codec : NULL;
    head.status = 200;
    head.version = 20;
    line.name = pws_cstr("Sec-WebSocket-Extensions");
    line.value.ptr = text;
    require(pws_deflate_answer(agreed, text, sizeof text, &line.value.len) == PWS_OK);
    require(pws_check_response(&config, &head, &line, 1, pws_cstr(NULL), NULL, &confirmed) ==
            PWS_OK);
    confirmed.window_named = agreed->window_named;
    require(memcmp(&confirmed, agreed, sizeof confirmed) == 0);
}

/* A request judged by the machine and by pws_check_request: the same verdict. */
static void check_request(pws_str text) {
    static const char *const protocols = "chat, superchat";
    pws_config config;
    pws_header headers[64];
    pws_conn ws;
    pws_event ev;
    pws_bytes in;
    pws_deflate_params deflate;
    pws_str fields, protocol = {NULL, 0};
    uint8_t *receive, *input = exact_copy(text.ptr, text.len);
    size_t count = 0;
    int32_t error;

    memset(&config, 0, sizeof config);
    config.role = PWS_SERVER;
    config.protocols = protocols;
    config.origins = "https://example.com null";
    config.codec = HAS_DEFLATE ? &no_codec : NULL;
    receive = (uint8_t *)malloc(pws_receive_size(&config));
    require(receive != NULL && pws_init(&ws, &config, NULL, 0) == PWS_OK);
    require(pws_lend_receive(&ws, receive, pws_receive_size(&config)) == PWS_OK);
    in.ptr = input;
    in.len = text.len;
    if (pws_next(&ws, &in, &ev) && ev.kind == PWS_REQUEST) {
        fields = ev.head.fields;
        while (count < 64 && pws_header_next(&fields, &headers[count]))
            count++;
        if (fields.len <= 2) { /* all of them: the empty line is left */
            memset(&deflate, 0, sizeof deflate);
            error = pws_check_request(&config, &ev.head, headers, count, &protocol, &deflate);
            require(error == ev.error);
            check_deflate(&deflate);
            require(protocol.len == 0 || (error == PWS_OK && lies_in(protocol, ev.head.fields)));
        }
    }
    free(receive);
    free(input);
}

/* Header lines, method or status, version in whatever order they come. */
static void check_elsewhere(const char *name, pws_str text) {
    pws_config config;
    pws_header headers[64];
    pws_head head;
    pws_str protocol = {NULL, 0}, rest = text;
    pws_deflate_params deflate;
    size_t count = 0;
    int32_t error;

    memset(&config, 0, sizeof config);
    memset(&head, 0, sizeof head);
    memset(&deflate, 0, sizeof deflate);
    config.role = PWS_SERVER;
    config.codec = HAS_DEFLATE ? &no_codec : NULL;
    config.protocols = "chat, superchat";
    while (count < 64 && pws_header_next(&rest, &headers[count]))
        count++;
    head.method = pws_cstr(name[0] == 'C' ? "CONNECT" : "GET");
    head.protocol = pws_cstr(name[0] == 'C' ? "websocket" : NULL);
    head.host = pws_cstr("example.com");
    head.version = name[0] == 'C' ? 20 : 11;
    error = pws_check_request(&config, &head, headers, count, &protocol, &deflate);
    check_deflate(&deflate);
    require(error == PWS_OK || (error >= PWS_E_HTTP && error <= PWS_E_EXTENSION));
    require(lies_in(protocol, text) && (error == PWS_OK || protocol.len == 0));

    config.role = PWS_CLIENT;
    head.status = name[0] == 'C' ? 200 : 101;
    error =
        pws_check_response(&config, &head, headers, count,
                           name[0] == 'C' ? pws_cstr(NULL) : pws_cstr("dGhlIHNhbXBsZSBub25jZQ=="),
                           &protocol, &deflate);
    require(!deflate.agreed || deflate.client_max_window_bits >= 8);
    require(error == PWS_OK || (error >= PWS_E_HTTP && error <= PWS_E_EXTENSION));
    require(protocol.len == 0 || lies_in(protocol, text));
}

static void check_key(pws_str text) {
    char accept[28];
    int32_t error;
    size_t i;

    memset(accept, 'x', sizeof accept);
    error = pws_accept_key(accept, text);
    require(error == PWS_OK || error == PWS_E_KEY);
    require(error == PWS_E_KEY || (text.len == 24 && accept[27] == '='));
    for (i = 0; i < sizeof accept; i++)
        require(error == PWS_OK || accept[i] == 'x');
}

static void check_text(uint8_t which, const char *name, pws_str text) {
    switch (which % 8) {
    case 0:
        check_headers(name, text);
        break;
    case 1:
        check_list(name, text);
        break;
    case 2:
        check_cookie(name, text);
        break;
    case 3:
        check_query(name, text);
        break;
    case 4:
        check_url(text);
        break;
    case 5:
        check_request(text);
        break;
    case 6:
        check_elsewhere(name, text);
        break;
    default:
        check_key(text);
        require(pws_utf8_valid(text.ptr, text.len) == utf8_ok((const uint8_t *)text.ptr, text.len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *feed;
    size_t length;
    char *name;
    pws_str text;

    if (size < 2 || (feed = (const uint8_t *)memchr(data + 1, '\n', size - 1)) == NULL)
        return 0;
    length = (size_t)(feed - data) - 1;
    name = (char *)malloc(length + 1);
    require(name != NULL);
    memcpy(name, data + 1, length);
    name[length] = '\0';
    text.len = size - length - 2;
    text.ptr = (const char *)exact_copy(feed + 1, text.len);
    check_text(data[0], name, text);
    free((void *)(uintptr_t)text.ptr);
    free(name);
    return 0;
}
