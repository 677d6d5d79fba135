/* The reference program that is a client. */
#include "echo.h"

void call(void);

void call(void) {
    static pws_config config;
    static pws_conn ws;
    static pws_random random;
    static pws_request request;
    pws_event ev;
    pws_bytes in;
    uint8_t seed[32];

    outside_seed(seed);
    (void)pws_random_seed(&random, seed);
    echo_config(&config, PWS_CLIENT);
    request.host = pws_cstr("example.com");
    request.target = pws_cstr("/chat");
    if (pws_init(&ws, &config, echo_work, sizeof echo_work) != PWS_OK ||
        pws_connect(&ws, &random, &request) != PWS_OK)
        return;
    while (echo_read(&ws, &in))
        while (pws_next(&ws, &in, &ev))
            echo_event(&ws, &ev);
}
