/* wscat: a WebSocket client for the terminal. It sends each line of its input as a text message and
 * prints each message that it receives, reading both at the same time: see client.h.
 *
 * Messages are delivered in parts as they arrive (PWS_STREAM), so that one of any size can be
 * printed with a few kilobytes of memory. Lines wait in a queue until they are written; when it is
 * full, no more input is read. With --reconnect, what a lost connection has not written is there
 * for the next one. */
#define _POSIX_C_SOURCE 200809L
#include <getopt.h>
#include <stdlib.h>

#include "client.h"
#include "numbers.h"
#ifdef PUREWS_ZLIB
#include "zlib_codec.h"
#define DEFLATE_IS "built in, with zlib"
#else
#define DEFLATE_IS "not built in; needs zlib"
#endif

enum {
    MAX_HEADERS = 32,            /* that --header may give */
    OPEN_MS = 10000,             /* for the opening handshake */
    CLOSE_MS = 60000,            /* for what the server has still to say when we have closed */
    LEAST_PONG_MS = 1000,        /* for the answer to a Ping */
    WORK_SIZE = 8192 + (8 << 10) /* bytes: the server's head and what we send */
};

static const char help[] =
    "usage: wscat [--origin O] [--subprotocol P] [--header 'N: v'] [--no-deflate]\n"
    "             [--ping-interval SECONDS] [--reconnect] [--queue BYTES] URL\n"
    "Sends each line of its input as a text message and prints each message that it receives on a\n"
    "line: text as it is, for binary ones \"<binary N bytes>\". Closes at the end of its input;\n"
    "for what the server has still to say then it waits a minute at most.\n"
    "\n"
    "  --origin O         the Origin to name\n"
    "  --subprotocol P    a subprotocol to offer, or several with commas\n"
    "  --header 'N: v'    a further header line; may be given several times\n"
    "  --no-deflate       offer no compression (it is " DEFLATE_IS ")\n"
    "  --ping-interval SECONDS\n"
    "                     send a Ping where the server has sent nothing for so long (30, 0.5),\n"
    "                     and give the connection up where it sends nothing for as long again,\n"
    "                     at least for a second; no Pings if not given\n"
    "  --reconnect        connect again after anything but a normal closure. The waits between\n"
    "                     are drawn at random and grow to a minute; close codes 1012 and 1013\n"
    "                     and Retry-After are obeyed. Refusals that will not change end it: 3xx,\n"
    "                     and 4xx but 408, 425 and 429\n"
    "  --queue BYTES      what lines that wait to be sent may take, each with 64 bytes more, on\n"
    "                     whatever connection; 16777216 if not given. Then no more input is\n"
    "                     read, and a longer line is not sent\n"
    "  --help             this text\n"
    "\n"
    "URL is ws://HOST[:PORT]/PATH. Ends with 0 after a normal closure (1000, or no code), with 1\n"
    "and the reason on the standard error after anything else, with 2 if it was called wrongly.\n"
    "With --reconnect it ends otherwise only when there is no more input and nothing left to\n"
    "send, or after such a refusal.\n";

/* What the command line asks for. */
struct options {
    pws_config config;
    pws_request request;
    pws_url url;
    size_t queue_size; /* bytes */
    int reconnect;
};

/* The lines that have been read and are not in the queue yet: text[start..length). */
struct lines {
    char *text;
    size_t start, length, capacity; /* bytes */
    size_t scanned;                 /* no line ends between start and here */
    int full;                       /* the first of them finds no room in the queue */
    int ended;                      /* the input has no more */
    int failed;                     /* or it had something that cannot be sent */
};

/* What happened to a connection. */
struct outcome {
    int closed;              /* it is over: nothing more to pull */
    int failed;              /* it is no normal closure; the reason has been printed */
    int final;               /* it would not be otherwise the next time */
    uint32_t code;           /* the server's close code, or 0 */
    uint64_t retry_after_ms; /* the server's Retry-After, or 0 */
    uint64_t binary;         /* bytes of the binary message that is arriving */
    char reason[124];        /* of the server's Close */
};

static struct options options = {
    .config = {.role = PWS_CLIENT, .flags = PWS_STREAM, .open_ms = OPEN_MS, .close_ms = CLOSE_MS},
    .queue_size = 16 << 20};
static struct client client;
static struct lines lines;
static struct outcome outcome;
static pws_queue queue;
static pws_random rng;
static pws_backoff backoff;

static void complain(const char *text, const char *detail) {
    fprintf(stderr, "wscat: %s%s%s\n", text, detail[0] != '\0' ? ": " : "", detail);
}

static void usage_error(const char *text, const char *detail) {
    complain(text, detail);
    exit(2);
}

static void give_up(const char *text, const char *detail) {
    if (!outcome.failed)
        complain(text, detail);
    outcome.failed = 1;
}

/* ---- Lines of input ---- */

/* The line must not be longer for the queue. */
static size_t longest_line(void) {
    return options.queue_size - PWS_QUEUE_ENTRY;
}

/* Gives up, and closes without sending more. */
static void give_up_sending(const char *text) {
    complain(text, "");
    lines.failed = lines.ended = 1;
    lines.start = lines.scanned = lines.length;
}

/* Reads more input behind what there is. */
static void read_lines(void) {
    ssize_t n;

    if (lines.start > 0) {
        memmove(lines.text, lines.text + lines.start, lines.length - lines.start);
        lines.length -= lines.start;
        lines.scanned -= lines.start;
        lines.start = 0;
    }
    if (lines.length == lines.capacity) {
        size_t capacity = lines.capacity > 0 ? lines.capacity * 2 : 65536;
        char *text = lines.length <= longest_line() ? realloc(lines.text, capacity) : NULL;
        if (text == NULL) {
            give_up_sending("a line of the input is too long");
            return;
        }
        lines.text = text;
        lines.capacity = capacity;
    }
    n = read(STDIN_FILENO, lines.text + lines.length, lines.capacity - lines.length);
    if (n > 0)
        lines.length += (size_t)n;
    else if (n == 0 || errno != EINTR)
        lines.ended = 1;
}

/* Finds the next whole line, or at the end of the input what there is. Returns the number of bytes
 * to go on by when it has been taken, or 0 if there is no line yet. */
static size_t find_line(pws_str *line) {
    const char *newline = NULL;

    if (lines.start == lines.length)
        return 0;
    line->ptr = lines.text + lines.start;
    line->len = lines.length - lines.start;
    if (lines.scanned < lines.length)
        newline = memchr(lines.text + lines.scanned, '\n', lines.length - lines.scanned);
    if (newline == NULL) {
        lines.scanned = lines.length;
        return lines.ended ? line->len : 0;
    }
    line->len = (size_t)(newline - line->ptr);
    lines.scanned = lines.start + line->len;
    return line->len + 1;
}

/* Puts the lines that there are into the queue, as long as it has room. Returns 1 if there was one.
 */
static int put_lines(void) {
    pws_str line;
    size_t step;
    int put = 0;

    lines.full = 0;
    while (!lines.full && (step = find_line(&line)) > 0) {
        if (line.len > longest_line()) {
            give_up_sending("a line of the input is too long");
        } else if (!pws_utf8_valid(line.ptr, line.len)) {
            give_up_sending("a line of the input is not UTF-8");
        } else if (pws_queue_put(&queue, PWS_TEXT, line.ptr, line.len, 0, client_now()) == PWS_OK) {
            lines.start = lines.scanned = lines.start + step;
            put = 1;
        } else {
            lines.full = 1;
        }
    }
    return put;
}

/* Whether there is more input to be read, and room for it. */
static int wants_input(void) {
    return !lines.ended && !lines.full;
}

/* Whether the input has ended and every line has been written. */
static int all_sent(void) {
    return lines.ended && lines.start == lines.length && queue.messages == 0;
}

/* ---- What the server says ---- */

/* Whether a refusal would be the same the next time (RFC 9110 15.5, RFC 8470 5.2, RFC 6585 4). */
static int is_final(uint32_t status) {
    return status >= 300 && status < 500 && status != 408 && status != 425 && status != 429;
}

/* Says how the server has refused: status, reason, and the first line of the body, which is in the
 * cursor as far as it has arrived. */
static void report_refusal(const pws_head *head) {
    char text[256], body[160];
    size_t length = 0;
    pws_event ev;

    outcome.final = is_final(head->status);
    if (pws_retry_after(head->fields, (uint64_t)time(NULL), &outcome.retry_after_ms) != PWS_OK)
        outcome.retry_after_ms = 0;
    snprintf(text, sizeof text, "the server refused: %u %.*s", (unsigned)head->status,
             head->reason.len < 160 ? (int)head->reason.len : 160,
             head->reason.len > 0 ? head->reason.ptr : "");
    while (pws_state(&client.ws) != PWS_STATE_CLOSED) {
        for (; client.unread.len > 0; client.unread.ptr++, client.unread.len--) {
            if (*client.unread.ptr == '\n' || length == sizeof body - 1)
                break;
            if (*client.unread.ptr >= ' ')
                body[length++] = (char)*client.unread.ptr;
        }
        if (client.unread.len > 0)
            break;
        client_wait(&client, -1, -1);
        while (client.unread.len == 0 && client_next(&client, &ev))
            continue; /* its end may have come */
    }
    body[length] = '\0';
    give_up(text, body);
    pws_end(&client.ws);
    outcome.closed = 1;
}

static void report_end(const pws_event *ev) {
    char text[64];

    outcome.closed = 1;
    outcome.code = ev->code;
    if (ev->code != 1006 && ev->code != 1005 && ev->code != 1000) {
        snprintf(text, sizeof text, "the server closed with %u", (unsigned)ev->code);
        give_up(text, outcome.reason);
    } else if (ev->error == PWS_E_TIMEOUT) {
        give_up("the server does not answer", "");
    } else if (ev->error != PWS_OK) {
        give_up(pws_strerror(ev->error), "");
    }
}

static void handle(const pws_event *ev) {
    switch (ev->kind) {
    case PWS_OPEN:
        if (backoff.attempts > 0)
            complain("connected again", "");
        pws_backoff_opened(&backoff, client_now());
        break;
    case PWS_TEXT:
        if (ev->data.len > 0)
            fwrite(ev->data.ptr, 1, ev->data.len, stdout);
        if (ev->flags & PWS_LAST)
            putchar('\n');
        break;
    case PWS_BINARY:
        outcome.binary = (ev->flags & PWS_FIRST ? 0 : outcome.binary) + ev->data.len;
        if (ev->flags & PWS_LAST)
            printf("<binary %llu bytes>\n", (unsigned long long)outcome.binary);
        break;
    case PWS_CLOSE:
        if (ev->data.len > 0)
            memcpy(outcome.reason, ev->data.ptr, ev->data.len); /* 123 bytes at most */
        break;
    case PWS_REJECTED:
        report_refusal(&ev->head);
        break;
    case PWS_CLOSED:
        report_end(ev);
        break;
    default:
        break;
    }
}

/* ---- Connections ---- */

/* At the end of the input, when all is written, closes. Returns 1 if the machine must be pulled. */
static int close_at_end(void) {
    return all_sent() && pws_close(&client.ws, 1000, pws_cstr("")) == PWS_OK;
}

/* Talks until the connection has ended. */
static void talk(void) {
    pws_event ev;

    while (!outcome.closed) {
        int reads;

        while (client_next(&client, &ev))
            handle(&ev);
        if (outcome.closed || put_lines() || close_at_end())
            continue;
        fflush(stdout);
        reads = wants_input() && pws_state(&client.ws) < PWS_STATE_CLOSING;
        if (client_wait(&client, reads ? STDIN_FILENO : -1, -1) & CLIENT_OTHER)
            read_lines();
    }
    fflush(stdout);
}

/* Makes a connection and uses it to its end. */
static void visit(void) {
    static uint8_t work[WORK_SIZE];
    const char *problem;
    char text[300];
    int32_t error = pws_init(&client.ws, &options.config, work, sizeof work);

    memset(&outcome, 0, sizeof outcome);
    if (error == PWS_OK)
        error = pws_connect(&client.ws, &rng, &options.request);
    if (error != PWS_OK)
        usage_error(pws_strerror(error), "");
    problem = client_dial(&client, &options.url);
    if (problem != NULL) {
        snprintf(text, sizeof text, "cannot connect to %.*s", (int)options.url.authority.len,
                 options.url.authority.ptr);
        give_up(text, problem);
        return;
    }
    talk();
    client_hang_up(&client);
}

/* Reads input until then. Returns 0 if there is nothing left to be done. */
static int wait_until(uint64_t at) {
    struct pollfd input = {.events = POLLIN};
    uint64_t now;

    for (now = client_now(); now < at && !all_sent(); now = client_now()) {
        input.fd = wants_input() ? STDIN_FILENO : -1;
        if (poll(&input, 1, at - now < INT_MAX ? (int)(at - now) : INT_MAX) > 0)
            read_lines();
        put_lines();
    }
    return !all_sent();
}

/* After a connection: whether there is to be another one, when its time has come. */
static int goes_on(void) {
    static const pws_backoff_config config; /* the defaults */
    uint64_t now = client_now(), at;
    uint8_t random[8];
    char text[64];

    pws_queue_lost(&queue);
    put_lines();
    if (!options.reconnect || !outcome.failed || outcome.final || lines.failed || all_sent())
        return 0;
    if (pws_random_bytes(&rng, random, sizeof random) != PWS_OK ||
        pws_backoff_next(&backoff, &config, outcome.code, outcome.retry_after_ms, now, random,
                         &at) != PWS_OK)
        return 0;
    snprintf(text, sizeof text, "connecting again in %.1f s", (double)(at - now) / 1000);
    complain(text, "");
    return wait_until(at);
}

/* ---- Starting
 * ------------------------------------------------------------------------------------ */

static pws_header parse_header(const char *text) {
    const char *colon = strchr(text, ':');
    pws_header header;

    if (colon == NULL)
        usage_error("--header takes 'Name: value'", text);
    header.name.ptr = text;
    header.name.len = (size_t)(colon - text);
    header.value = pws_cstr(colon + 1 + strspn(colon + 1, " \t"));
    return header;
}

static void parse_ping_interval(const char *text) {
    pws_config *config = &options.config;

    if (!read_seconds(text, &config->ping_ms) || config->ping_ms == 0)
        usage_error("--ping-interval takes seconds such as 30 or 0.5", text);
    config->pong_ms = config->ping_ms > LEAST_PONG_MS ? config->ping_ms : LEAST_PONG_MS;
}

static void parse_queue(const char *text) {
    uint64_t size;

    if (!read_number(text, 1024, 1 << 30, &size))
        usage_error("--queue takes a number from 1024 to 1073741824", text);
    options.queue_size = (size_t)size & ~(size_t)7;
}

/* Fills options. Returns the URL. */
static const char *parse_options(int argc, char **argv) {
    static const struct option names[] = {{"origin", required_argument, NULL, 'o'},
                                          {"subprotocol", required_argument, NULL, 's'},
                                          {"header", required_argument, NULL, 'h'},
                                          {"no-deflate", no_argument, NULL, 'd'},
                                          {"ping-interval", required_argument, NULL, 'p'},
                                          {"reconnect", no_argument, NULL, 'r'},
                                          {"queue", required_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'u'},
                                          {NULL, 0, NULL, 0}};
    static pws_header headers[MAX_HEADERS];
    pws_request *request = &options.request;
    int option;

    request->headers = headers;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'o':
            request->origin = pws_cstr(optarg);
            break;
        case 's':
            options.config.protocols = optarg;
            break;
        case 'h':
            if (request->header_count == MAX_HEADERS)
                usage_error("too many --header", "");
            headers[request->header_count++] = parse_header(optarg);
            break;
        case 'd':
            options.config.codec = NULL;
            break;
        case 'p':
            parse_ping_interval(optarg);
            break;
        case 'r':
            options.reconnect = 1;
            break;
        case 'q':
            parse_queue(optarg);
            break;
        case 'u':
            fputs(help, stdout);
            exit(0);
        default:
            exit(2); /* getopt_long has said why */
        }
    }
    if (optind + 1 != argc)
        usage_error("give one URL; --help says more", "");
    return argv[optind];
}

int main(int argc, char **argv) {
    static const pws_queue_config queue_config; /* what finds no room is refused */
    const char *text;
    void *memory;
    int32_t error;
#ifdef PUREWS_ZLIB
    static struct zlib_codecs codecs;
    pws_codec codec = zlib_codec(&codecs);

    options.config.codec = &codec;
#endif
    text = parse_options(argc, argv);
    error = pws_url_parse(pws_cstr(text), &options.url);
    if (error != PWS_OK)
        usage_error(text, pws_strerror(error));
    if (options.url.secure)
        usage_error("wss needs TLS, which is not built in", text);
    options.request.host = options.url.authority;
    options.request.target = options.url.target;
    memory = malloc(options.queue_size);
    if (!client_seed(&rng) || memory == NULL ||
        pws_queue_init(&queue, &queue_config, memory, options.queue_size) != PWS_OK) {
        complain("no randomness in /dev/urandom, or no memory", "");
        return 1;
    }
    client.queue = &queue;
    do
        visit();
    while (goes_on());
    free(memory);
    free(lines.text);
    return outcome.failed || lines.failed;
}
