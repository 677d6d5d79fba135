/* echo: a whole WebSocket server on one screen. It serves one connection after another over
 * blocking sockets and sends every message back as it came. For many at once, see echo_server.c.
 *
 *     echo [PORT]      listens on ws://127.0.0.1:PORT/, 9001 if none is given */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "purews.h"

static uint8_t input[16384], work[PWS_WORK_SIZE(1 << 20)];

static int write_all(int fd, pws_view out) {
    while (out.len > 0) {
        ssize_t n = write(fd, out.ptr, out.len);
        if (n <= 0)
            return 0;
        out.ptr += n;
        out.len -= (size_t)n;
    }
    return 1;
}

static void serve(int fd) {
    const pws_config config = {.role = PWS_SERVER};
    pws_conn ws;
    pws_event ev;
    pws_init(&ws, &config, work, sizeof work);
    while (pws_state(&ws) != PWS_STATE_CLOSED) {
        ssize_t n = read(fd, input, sizeof input);
        pws_bytes in = {input, n > 0 ? (size_t)n : 0};
        if (n <= 0)
            pws_eof(&ws);
        while (pws_next(&ws, &in, &ev))
            if (ev.kind == PWS_REQUEST)
                pws_accept(&ws, NULL);
            else if (ev.kind == PWS_TEXT || ev.kind == PWS_BINARY)
                pws_send(&ws, ev.kind, ev.data.ptr, ev.data.len);
            else if (ev.kind == PWS_WRITE &&
                     !(write_all(fd, ev.out[0]) && write_all(fd, ev.out[1])))
                pws_end(&ws);
            else if (ev.kind == PWS_CLOSED)
                shutdown(fd, SHUT_WR);
    }
    while (read(fd, input, sizeof input) > 0)
        continue; /* closing with bytes unread would destroy our last words on their way */
    close(fd);
}

int main(int argc, char **argv) {
    int port = argc > 1 ? atoi(argv[1]) : 9001, yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0) {
        perror("echo");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    printf("listening on ws://127.0.0.1:%d/\n", port);
    for (;;)
        serve(accept(fd, NULL, NULL));
}
