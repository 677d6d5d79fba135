/* A program that has taken in purews.h and purews.c, and nothing else of the library: client and
 * server in one process exchange a message and close. */
#include "purews.h"

#include <stdio.h>
#include <string.h>

#include "../check.h"

enum {
    PIPE = 4096
};

typedef struct end {
    pws_conn ws;
    uint8_t work[PWS_WORK_SIZE(1024)];
    uint8_t in[PIPE]; /* what the other end has written */
    size_t length;
    char message[32];
    uint32_t closed_with;
    int closed;
} end;

/* Pulls all that an end has to tell; what it writes becomes the input of the other. */
static void pull(end *one, end *other) {
    pws_bytes in;
    pws_event ev;
    int i;
    in.ptr = one->in;
    in.len = one->length;
    one->length = 0;
    while (pws_next(&one->ws, &in, &ev)) {
        if (ev.kind == PWS_WRITE) {
            for (i = 0; i < 2; i++) {
                if (ev.out[i].len == 0 || ev.out[i].len > PIPE - other->length)
                    continue;
                memcpy(other->in + other->length, ev.out[i].ptr, ev.out[i].len);
                other->length += ev.out[i].len;
            }
        } else if (ev.kind == PWS_REQUEST) {
            CHECK(pws_accept(&one->ws, NULL) == PWS_OK);
        } else if (ev.kind == PWS_TEXT && ev.data.len < sizeof one->message) {
            memcpy(one->message, ev.data.ptr, ev.data.len);
            one->message[ev.data.len] = 0;
        } else if (ev.kind == PWS_CLOSED) {
            one->closed = 1;
            one->closed_with = ev.code;
        }
    }
}

static void exchange(end *client, end *server) {
    int round;
    for (round = 0; round < 8; round++) {
        pull(client, server);
        pull(server, client);
    }
}

static end client, server;

int main(void) {
    static const uint8_t seed[32] = {1, 2, 3};
    pws_config client_config, server_config;
    pws_random random;
    pws_request request;
    memset(&client_config, 0, sizeof client_config);
    memset(&server_config, 0, sizeof server_config);
    memset(&random, 0, sizeof random);
    memset(&request, 0, sizeof request);
    client_config.role = PWS_CLIENT;
    server_config.role = PWS_SERVER;
    client_config.max_message = server_config.max_message = 1024;
    request.host = pws_cstr("example.com");

    check_case("header and library belong together");
    CHECK(pws_version() == PWS_VERSION);
    CHECK(pws_sizeof() == sizeof(pws_conn));

    check_case("client and server of the two files open a connection");
    CHECK(pws_random_seed(&random, seed) == PWS_OK);
    CHECK(pws_init(&server.ws, &server_config, server.work, sizeof server.work) == PWS_OK);
    CHECK(pws_init(&client.ws, &client_config, client.work, sizeof client.work) == PWS_OK);
    CHECK(pws_connect(&client.ws, &random, &request) == PWS_OK);
    exchange(&client, &server);
    CHECK(pws_state(&client.ws) == PWS_STATE_OPEN);
    CHECK(pws_state(&server.ws) == PWS_STATE_OPEN);

    check_case("a message goes each way");
    CHECK(pws_send(&client.ws, PWS_TEXT, "to the server", 13) == PWS_OK);
    CHECK(pws_send(&server.ws, PWS_TEXT, "to the client", 13) == PWS_OK);
    exchange(&client, &server);
    CHECK(strcmp(server.message, "to the server") == 0);
    CHECK(strcmp(client.message, "to the client") == 0);

    check_case("both close");
    CHECK(pws_close(&client.ws, 1000, pws_cstr("bye")) == PWS_OK);
    exchange(&client, &server);
    CHECK(server.closed && server.closed_with == 1000);
    pws_eof(&client.ws);
    exchange(&client, &server);
    CHECK(client.closed && client.closed_with == 1000);
    return check_end();
}
