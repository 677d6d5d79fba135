/* The reference program that is a server. */
#include "echo.h"

void serve(void);

void serve(void) {
    static pws_config config;
    static pws_conn ws;
    pws_event ev;
    pws_bytes in;

    echo_config(&config, PWS_SERVER);
    if (pws_init(&ws, &config, echo_work, sizeof echo_work) != PWS_OK)
        return;
    while (echo_read(&ws, &in))
        while (pws_next(&ws, &in, &ev))
            if (ev.kind == PWS_REQUEST)
                (void)pws_accept(&ws, NULL);
            else
                echo_event(&ws, &ev);
}
