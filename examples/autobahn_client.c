/* autobahn_client: the client under test for the Autobahn test suite's fuzzing server. It asks the
 * server how many cases there are, plays each by sending every message back, and has the report
 * written.
 *
 *     autobahn_client URL AGENT      for example: autobahn_client ws://127.0.0.1:9001 purews
 *
 * It also shows how a client that answers large messages stays free of deadlock: it never stops
 * reading, so what is to be sent is copied into a queue of its own, up to a limit, and masked and
 * written from there. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>

#include "client.h"
#ifdef PUREWS_ZLIB
#include "zlib_codec.h"
#endif

enum {
    MAX_MESSAGE = 16 << 20, /* bytes: the largest that the suite sends */
    MAX_QUEUED = 64 << 20,  /* bytes that wait for the server to read */
    OPEN_TIMEOUT = 60000,   /* milliseconds of silence while messages may flow, or before */
    CLOSING_TIMEOUT = 5000  /* and afterwards */
};

/* A message that waits to be sent back. */
struct queued {
    struct queued *next;
    uint32_t kind;
    size_t length;
    uint8_t data[];
};

struct queue {
    struct queued *first, *last;
    int sending; /* the machine has been given the first */
    size_t bytes;
};

static struct client client;
static struct queue queue;
static pws_random rng;
static pws_config config = {.role = PWS_CLIENT, .max_message = MAX_MESSAGE};
#ifdef PUREWS_ZLIB
static struct zlib_codecs codecs;
static pws_codec codec;
#endif

static void fail(const char *text) {
    fprintf(stderr, "autobahn_client: %s\n", text);
    exit(1);
}

static void queue_push(uint32_t kind, pws_bytes data) {
    struct queued *item = malloc(sizeof *item + data.len);

    if (item == NULL || queue.bytes + data.len > MAX_QUEUED)
        fail("the server does not read its answers");
    item->next = NULL;
    item->kind = kind;
    item->length = data.len;
    if (data.len > 0)
        memcpy(item->data, data.ptr, data.len);
    if (queue.last != NULL)
        queue.last->next = item;
    else
        queue.first = item;
    queue.last = item;
    queue.bytes += data.len;
}

static void queue_pop(void) {
    struct queued *item = queue.first;

    queue.first = item->next;
    if (queue.first == NULL)
        queue.last = NULL;
    queue.bytes -= item->length;
    queue.sending = 0;
    free(item);
}

/* Gives the machine the next message as soon as it has done with the one before. Returns 1 if it
 * must be pulled. */
static int send_next(void) {
    if (pws_borrows(&client.ws))
        return 0;
    if (queue.sending)
        queue_pop();
    if (queue.first == NULL || pws_send_inplace(&client.ws, queue.first->kind, queue.first->data,
                                                queue.first->length) != PWS_OK)
        return 0;
    queue.sending = 1;
    return 1;
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
            int closing = pws_state(&client.ws) == PWS_STATE_CLOSING;
            if (!send_next() &&
                client_wait(&client, -1, closing ? CLOSING_TIMEOUT : OPEN_TIMEOUT) ==
                    CLIENT_TIMEOUT)
                pws_eof(&client.ws);
        } else if (ev.kind == PWS_OPEN) {
            opened = 1;
        } else if (ev.kind == PWS_REJECTED) {
            client.unread.len = 0;
            pws_eof(&client.ws);
        } else if ((ev.kind == PWS_TEXT || ev.kind == PWS_BINARY) && answer == NULL) {
            queue_push(ev.kind, ev.data);
        } else if (ev.kind == PWS_TEXT && ev.data.len > 0 && ev.data.len < size) {
            memcpy(answer, ev.data.ptr, ev.data.len);
            answer[ev.data.len] = '\0';
        }
    }
    client_hang_up(&client);
    while (queue.first != NULL)
        queue_pop();
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
    uint8_t *work;
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
    if (work == NULL || !client_seed(&rng))
        fail("no memory or no randomness");
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
    return cases > 0 ? 0 : 1;
}
