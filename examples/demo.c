/* demo: starts echo_server on a free port of this machine, talks to it with the library's client,
 * and prints what goes over the wire in both directions, decoded from the bytes themselves.
 *
 *     demo [PATH_OF_ECHO_SERVER]
 *
 * Every step is checked. Ends with 0 if all of them went as RFC 6455 says, and leaves nothing
 * running. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "client.h"

enum {
    PATIENCE = 5000 /* milliseconds to wait for anything */
};

static struct client client;
static pid_t server;

/* ---- The end
 * ------------------------------------------------------------------------------------- */

/* Ends the server as a service manager does. Returns 1 if it ended by itself and in order. */
static int stop_server(void) {
    int status = 0, waited;

    if (server <= 0)
        return 0;
    kill(server, SIGTERM);
    for (waited = 0; waited < PATIENCE; waited += 20) {
        if (waitpid(server, &status, WNOHANG) == server) {
            server = 0;
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        poll(NULL, 0, 20);
    }
    kill(server, SIGKILL);
    waitpid(server, &status, 0);
    server = 0;
    return 0;
}

static void fail(const char *text, const char *detail) {
    fflush(stdout);
    fprintf(stderr, "demo: %s%s\n", text, detail);
    stop_server();
    exit(1);
}

static void check(int holds, const char *expectation) {
    if (!holds)
        fail("this did not happen: ", expectation);
}

/* ---- The transcript
 * ------------------------------------------------------------------------------ */

/* The bytes of one direction that have not been printed yet. */
struct wire {
    const char *arrow;
    int in_frames; /* the HTTP head is over */
    size_t length;
    uint8_t bytes[4096];
};

static struct wire wires[2] = {{.arrow = "client <- server"}, {.arrow = "client -> server"}};

/* Prints the HTTP head and returns its length in bytes, or 0 if it is not complete yet. */
static size_t print_head(struct wire *wire) {
    const char *text = (const char *)wire->bytes, *label = wire->arrow, *newline;
    size_t start = 0, end;

    while ((newline = memchr(text + start, '\n', wire->length - start)) != NULL) {
        end = (size_t)(newline - text) + 1;
        if (end - start == 2) { /* CR LF alone */
            for (start = 0; start + 2 < end; start = (size_t)(newline - text) + 1) {
                newline = memchr(text + start, '\n', end - start);
                printf("%-16s  %.*s\n", label, (int)(newline - text - 1) - (int)start,
                       text + start);
                label = "";
            }
            wire->in_frames = 1;
            return end;
        }
        start = end;
    }
    return 0;
}

static void print_payload(uint32_t kind, const uint8_t *payload, size_t length) {
    size_t i;

    if (kind == PWS_CLOSE && length >= 2) {
        printf(" %d", payload[0] << 8 | payload[1]);
        payload += 2;
        length -= 2;
    }
    if (kind == PWS_BINARY) {
        for (i = 0; i < length; i++)
            printf(" %02x", payload[i]);
    } else if (length > 0) {
        printf(" \"%.*s\"", (int)length, (const char *)payload);
    }
    putchar('\n');
}

/* Prints one frame (RFC 6455 5.2) and returns its length in bytes, or 0 if it is not complete yet.
 */
static size_t print_frame(struct wire *wire) {
    uint8_t *frame = wire->bytes, *key;
    size_t head, length, i;
    uint32_t kind;
    int masked;

    if (wire->length < 2)
        return 0;
    kind = frame[0] & 15u;
    masked = frame[1] & 128;
    length = frame[1] & 127u;
    check(length < 126, "frames of the demo are short");
    head = masked ? 6 : 2;
    if (wire->length < head + length)
        return 0;
    key = frame + 2;
    for (i = 0; masked && i < length; i++)
        frame[head + i] ^= key[i % 4];
    printf("%s  %s%s, %u bytes%s:", wire->arrow, kind == 0 ? "CONTINUATION" : pws_kind_name(kind),
           frame[0] & 128 ? "" : ", more to come", (unsigned)length, masked ? ", masked" : "");
    print_payload(kind, frame + head, length);
    return head + length;
}

/* Sees all bytes that pass (struct client). */
static void trace(int sent, const uint8_t *bytes, size_t length) {
    struct wire *wire = &wires[sent];
    size_t done;

    if (length == 0)
        return;
    check(wire->length + length <= sizeof wire->bytes, "what the demo sends and receives is small");
    memcpy(wire->bytes + wire->length, bytes, length);
    wire->length += length;
    do {
        done = wire->in_frames ? print_frame(wire) : print_head(wire);
        wire->length -= done;
        memmove(wire->bytes, wire->bytes + done, wire->length);
    } while (done > 0 && wire->length > 0);
}

static void step(const char *text) {
    printf("\n%s\n", text);
}

/* ---- The steps
 * ----------------------------------------------------------------------------------- */

/* The next event, which must be of this kind. */
static pws_event expect(uint32_t kind) {
    pws_event ev;

    while (!client_next(&client, &ev)) {
        if (client_wait(&client, -1, PATIENCE) & CLIENT_TIMEOUT)
            fail("the server does not answer; expected ", pws_kind_name(kind));
    }
    if (ev.kind == PWS_CLOSED && kind != PWS_CLOSED)
        fail("the connection has ended: ", pws_strerror(ev.error));
    check(ev.kind == kind, pws_kind_name(kind));
    return ev;
}

static void expect_data(uint32_t kind, const void *data, size_t length) {
    pws_event ev = expect(kind);

    check(ev.data.len == length && memcmp(ev.data.ptr, data, length) == 0,
          "the same bytes come back");
}

static void send_data(uint32_t kind, const void *data, size_t length) {
    int32_t error = pws_send(&client.ws, kind, data, length);

    if (error != PWS_OK)
        fail("pws_send: ", pws_strerror(error));
}

static void run_steps(const pws_url *url) {
    static const pws_config config = {.role = PWS_CLIENT};
    static uint8_t work[PWS_WORK_SIZE(1 << 20)];
    static pws_random rng;
    static const uint8_t bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    pws_request request = {.host = url->authority, .target = url->target};
    pws_event ev;
    const char *problem;

    step("Opening handshake (RFC 6455 section 4)");
    check(client_seed(&rng), "/dev/urandom can be read");
    client.trace = trace;
    check(pws_init(&client.ws, &config, work, sizeof work) == PWS_OK, "pws_init");
    check(pws_connect(&client.ws, &rng, &request) == PWS_OK, "pws_connect");
    problem = client_dial(&client, url);
    if (problem != NULL)
        fail("cannot connect: ", problem);
    ev = expect(PWS_OPEN);
    check(ev.head.status == 101, "101 Switching Protocols");

    step("A text message and its echo (section 5.6)");
    send_data(PWS_TEXT, "Hello", 5);
    expect_data(PWS_TEXT, "Hello", 5);

    step("A binary message and its echo");
    send_data(PWS_BINARY, bytes, sizeof bytes);
    expect_data(PWS_BINARY, bytes, sizeof bytes);

    step("A message in three fragments, which come back as one message (section 5.4)");
    send_data(PWS_TEXT | PWS_MORE, "In three ", 9);
    send_data(PWS_TEXT | PWS_MORE, "pieces, ", 8);
    send_data(PWS_TEXT, "but one.", 8);
    expect_data(PWS_TEXT, "In three pieces, but one.", 25);

    step("A Ping and its Pong (section 5.5.2)");
    send_data(PWS_PING, "Are you there?", 14);
    expect_data(PWS_PONG, "Are you there?", 14);

    step("Closing handshake (section 7); the server closes TCP first");
    check(pws_close(&client.ws, 1000, pws_cstr("bye")) == PWS_OK, "pws_close");
    ev = expect(PWS_CLOSE);
    check(ev.code == 1000, "the server answers Close with our code");
    ev = expect(PWS_CLOSED);
    check(ev.error == PWS_OK && ev.code == 1000 && ev.sent_code == 1000, "a clean end");
    client_hang_up(&client);
}

/* ---- The server
 * ---------------------------------------------------------------------------------- */

/* Starts the server and returns the first line that it prints. */
static char *start_server(char *path) {
    static char line[256];
    char *arguments[] = {path, "--port", "0", NULL};
    int pipe_fds[2];
    size_t length = 0;
    struct pollfd output;

    if (pipe(pipe_fds) != 0 || (server = fork()) < 0)
        fail("cannot start a process: ", strerror(errno));
    if (server == 0) {
        dup2(pipe_fds[1], STDOUT_FILENO);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        execv(path, arguments);
        fprintf(stderr, "demo: cannot run %s: %s\n", path, strerror(errno));
        _exit(127);
    }
    close(pipe_fds[1]);
    output.fd = pipe_fds[0];
    output.events = POLLIN;
    while (length < sizeof line - 1 && memchr(line, '\n', length) == NULL) {
        ssize_t n = poll(&output, 1, PATIENCE) == 1
                        ? read(pipe_fds[0], line + length, sizeof line - 1 - length)
                        : 0;
        if (n <= 0)
            fail("the server did not start: ", path);
        length += (size_t)n;
    }
    close(pipe_fds[0]);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

int main(int argc, char **argv) {
    static char beside[] = "build/examples/echo_server";
    static const char greeting[] = "listening on ";
    char *line = start_server(argc > 1 ? argv[1] : beside);
    pws_url url;

    printf("server: %s\n", line);
    check(strncmp(line, greeting, strlen(greeting)) == 0 &&
              pws_url_parse(pws_cstr(line + strlen(greeting)), &url) == PWS_OK,
          "the server says where it listens");
    run_steps(&url);
    check(stop_server(), "the server ends with status 0 on SIGTERM");
    printf("\nThe server has ended. Every step went as RFC 6455 says.\n");
    return 0;
}
