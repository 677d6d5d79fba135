/* The library without compression (PWS_NO_DEFLATE): no codec is taken, and a peer that asks for
 * compression gets none. */
#include "../check.h"
#include "../stored_codec.h"
#include "purews.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static struct stored_codecs codecs;
static pws_codec codec;
static uint8_t work[PWS_WORK_SIZE(1000)];

static pws_config configure(uint32_t role) {
    pws_config config;

    codec = stored_codec(&codecs);
    memset(&config, 0, sizeof config);
    config.role = role;
    config.max_message = 1000;
    config.codec = &codec;
    return config;
}

static pws_header offer(void) {
    pws_header header;

    header.name = pws_cstr("Sec-WebSocket-Extensions");
    header.value = pws_cstr("permessage-deflate; client_max_window_bits");
    return header;
}

static void test_begin(void) {
    pws_config config = configure(PWS_SERVER);
    pws_agreed agreed;
    pws_conn ws;

    check_case("a codec is refused");
    CHECK(pws_init(&ws, &config, NULL, 0) == PWS_E_ARG);
    CHECK(pws_init(&ws, &config, work, sizeof work) == PWS_E_ARG);
    CHECK(pws_work_size(&config) == 0 && pws_receive_size(&config) == 0);
    config.codec = NULL;
    CHECK(pws_init(&ws, &config, work, sizeof work) == PWS_OK);

    check_case("compression that was agreed on elsewhere is refused");
    memset(&agreed, 0, sizeof agreed);
    CHECK(pws_start(&ws, &config, NULL, 0, &agreed) == PWS_OK);
    agreed.deflate.agreed = 1;
    agreed.deflate.server_max_window_bits = 15;
    agreed.deflate.client_max_window_bits = 15;
    CHECK(pws_start(&ws, &config, NULL, 0, &agreed) == PWS_E_ARG);
    config.codec = &codec;
    CHECK(pws_start(&ws, &config, NULL, 0, &agreed) == PWS_E_ARG);
}

static void test_server(void) {
    uint8_t request[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n"
                        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
                        "\xC1\x81\x01\x02\x03\x04 ";
    pws_bytes in = {request, sizeof request - 1};
    pws_config config = configure(PWS_SERVER);
    pws_event ev;
    pws_conn ws;
    size_t i;

    check_case("a server does not answer the offer, and takes no compressed frame");
    config.codec = NULL;
    CHECK(pws_init(&ws, &config, work, sizeof work) == PWS_OK);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_REQUEST && ev.error == PWS_OK);
    CHECK(pws_accept(&ws, NULL) == PWS_OK);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_OPEN && ev.deflate.agreed == 0);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_WRITE && ev.out[0].len > 10);
    for (i = 0; i + 10 < ev.out[0].len; i++)
        CHECK(memcmp(ev.out[0].ptr + i, "Extensions", 10) != 0);
    CHECK(pws_next(&ws, &in, &ev) && ev.kind == PWS_CLOSED && ev.error == PWS_E_RSV);
}

static void test_elsewhere(void) {
    pws_config config = configure(PWS_SERVER);
    const pws_header header = offer();
    pws_deflate_params deflate;
    char text[PWS_DEFLATE_TEXT];
    size_t length = 77;
    pws_head head;

    check_case("handshakes done elsewhere: nothing is agreed on");
    memset(&head, 0, sizeof head);
    head.version = 20;
    head.method = pws_cstr("CONNECT");
    head.protocol = pws_cstr("websocket");
    head.host = pws_cstr("a");
    memset(&deflate, 0xFF, sizeof deflate);
    {
        pws_header headers[2];

        headers[0] = header;
        headers[1].name = pws_cstr("Sec-WebSocket-Version");
        headers[1].value = pws_cstr("13");
        CHECK(pws_check_request(&config, &head, headers, 2, NULL, &deflate) == PWS_OK);
    }
    CHECK(deflate.agreed == 0);
    CHECK(pws_deflate_answer(&deflate, text, sizeof text, &length) == PWS_OK && length == 0);

    check_case("a client offers nothing, and fails where it is answered");
    config.role = PWS_CLIENT;
    length = 77;
    CHECK(pws_deflate_offer(&config, text, sizeof text, &length) == PWS_OK && length == 0);
    head.status = 200;
    CHECK(pws_check_response(&config, &head, NULL, 0, pws_cstr(NULL), NULL, &deflate) == PWS_OK);
    CHECK(deflate.agreed == 0);
    CHECK(pws_check_response(&config, &head, &header, 1, pws_cstr(NULL), NULL, &deflate) ==
          PWS_E_EXTENSION);
}

static void test_frames(void) {
    static const uint8_t deflated[] = {0xC1, 0x01, 0x00};
    const pws_config with = configure(PWS_SERVER);
    pws_config config = with;
    uint8_t frame[100];
    size_t written = 77;
    pws_agreed agreed;
    pws_conn ws;

    check_case("no frame is compressed, and none that is goes out");
    CHECK(pws_frame_deflate(&with, 15, frame, sizeof frame, &written, PWS_TEXT, "a", 1) ==
          PWS_E_ARG);
    CHECK(written == 77 && codecs.calls == 0);
    config.codec = NULL;
    memset(&agreed, 0, sizeof agreed);
    CHECK(pws_start(&ws, &config, work, sizeof work, &agreed) == PWS_OK);
    CHECK(pws_send_prepared(&ws, deflated, sizeof deflated, 15) == PWS_E_EXTENSION);
}

int main(void) {
    test_begin();
    test_server();
    test_elsewhere();
    test_frames();
    return check_end();
}
