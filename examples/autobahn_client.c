/* autobahn_client: the client under test for the Autobahn test suite's fuzzing server. It asks the
 * server how many cases there are, plays each by sending every message back, and has the report
 * written.
 *
 *     autobahn_client URL AGENT      for example: autobahn_client ws://127.0.0.1:9001 purews
 *
 * It also shows how a client that answers large messages stays free of deadlock: it never stops
 * reading, so what is to be sent is copied into a queue of a fixed size, and written from there. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>

#include "client.h"
#ifdef PUREWS_ZLIB
#include "zlib_codec.h"
#endif

enum {
    MAX_MESSAGE = 16 << 20, /* bytes: the largest that the suite sends */
    QUEUE_SIZE = 64 << 20,  /* bytes: of messages that wait for the server to read */
    TIMEOUT = 60000         /* milliseconds of silence */
};

static struct client client;
static pws_queue queue;
static pws_random rng;
static pws_config config = {
    .role = PWS_CLIENT, .max_message = MAX_MESSAGE, .open_ms = TIMEOUT, .idle_ms = TIMEOUT};
#ifdef PUREWS_ZLIB
static struct zlib_codecs codecs;
static pws_codec codec;
#endif

static void fail(const char *text) {
    fprintf(stderr, "autobahn_client: %s\n", text);
    exit(1);
}

/* Connects to target and stays until the server has closed. With answer == NULL every message is
 * sent back, otherwise a text message shorter than size bytes is put into answer. Returns 0 if the
 * opening handshake failed. */
static int visit(const pws_url *url, const char *target, uint8_t *work, char *answer, size_t size) {
    pws_request request = {.host = url->authority, .target = pws_cstr(target)};
    pws_event ev = {.kind = 0};
    const char *problem;
    int opened = 0;

    if (pws_init(&client.ws, &config, work, pws_work_size(&config)) != PWS_OK ||
        pws_connect(&client.ws, &rng, &request) != PWS_OK)
        fail("this URL cannot be asked for");
    problem = client_dial(&client, url);
    if (problem != NULL)
        fail(problem);
    while (ev.kind != PWS_CLOSED) {
        if (!client_next(&client, &ev)) {
            client_wait(&client, -1, -1);
        } else if (ev.kind == PWS_OPEN) {
            opened = 1;
        } else if (ev.kind == PWS_REJECTED) {
            client.unread.len = 0;
            pws_eof(&client.ws);
        } else if ((ev.kind == PWS_TEXT || ev.kind == PWS_BINARY) && answer == NULL) {
            if (pws_queue_put(&queue, ev.kind, ev.data.ptr, ev.data.len, 0, 0) != PWS_OK)
                fail("the server does not read its answers");
        } else if (ev.kind == PWS_TEXT && ev.data.len > 0 && ev.data.len < size) {
            memcpy(answer, ev.data.ptr, ev.data.len);
            answer[ev.data.len] = '\0';
        }
    }
    client_hang_up(&client);
    pws_queue_clear(&queue);
    return opened;
}

/* Writes text into out as it may stand in a query (RFC 3986 2.3). */
static void percent_encode(char *out, size_t size, const char *text) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t length = 0;

    for (; *text != '\0' && length + 4 <= size; text++) {
        if (strchr(plain, *text) != NULL)
            out[length++] = *text;
        else
            length += (size_t)snprintf(out + length, 4, "%%%02X", (unsigned)(unsigned char)*text);
    }
    out[length] = '\0';
}

int main(int argc, char **argv) {
    static const pws_queue_config queue_config;
    uint8_t *work;
    void *memory;
    char base[128], agent[256], target[512], answer[32] = "";
    pws_url url;
    long cases, number;

    if (argc != 3 || argv[1][0] == '-') {
        fputs("usage: autobahn_client URL AGENT\n", stderr);
        return 2;
    }
    if (pws_url_parse(pws_cstr(argv[1]), &url) != PWS_OK || url.secure ||
        url.target.len >= sizeof base) {
        fprintf(stderr, "autobahn_client: no ws URL: %s\n", argv[1]);
        return 2;
    }
#ifdef PUREWS_ZLIB
    codec = zlib_codec(&codecs);
    config.codec = &codec;
#endif
    work = malloc(pws_work_size(&config));
    memory = malloc(QUEUE_SIZE);
    if (work == NULL || !client_seed(&rng) ||
        pws_queue_init(&queue, &queue_config, memory, QUEUE_SIZE) != PWS_OK)
        fail("no memory or no randomness");
    client.queue = &queue;
    snprintf(base, sizeof base, "%.*s", (int)url.target.len, url.target.ptr);
    if (base[0] != '\0' && base[strlen(base) - 1] == '/')
        base[strlen(base) - 1] = '\0';
    percent_encode(agent, sizeof agent, argv[2]);

    snprintf(target, sizeof target, "%s/getCaseCount", base);
    if (!visit(&url, target, work, answer, sizeof answer))
        fail("the server refused the connection");
    cases = strtol(answer, NULL, 10);
    for (number = 1; number <= cases; number++) {
        printf("case %ld of %ld\n", number, cases);
        fflush(stdout);
        snprintf(target, sizeof target, "%s/runCase?case=%ld&agent=%s", base, number, agent);
        visit(&url, target, work, NULL, 0);
    }
    snprintf(target, sizeof target, "%s/updateReports?agent=%s", base, agent);
    visit(&url, target, work, answer, sizeof answer);
    free(work);
    free(memory);
    return cases > 0 ? 0 : 1;
}
