/* wscat: a WebSocket client for the terminal. It sends each line of its input as a text message and
 * prints each message that it receives, reading both at the same time: see client.h.
 *
 * Messages are delivered in parts as they arrive (PWS_STREAM), so that one of any size can be
 * printed with a few kilobytes of memory. A line that is sent lies in the line buffer until it is
 * written; as long as the machine borrows it, no more lines are read. */
#define _POSIX_C_SOURCE 200809L
#include <getopt.h>
#include <stdlib.h>

#include "client.h"
#ifdef PUREWS_ZLIB
#include "zlib_codec.h"
#define DEFLATE_IS "built in, with zlib"
#else
#define DEFLATE_IS "not built in; needs zlib"
#endif

enum {
    MAX_HEADERS = 32,            /* that --header may give */
    MAX_LINE = 64 << 20,         /* bytes of a line of input */
    HANDSHAKE_TIMEOUT = 10000,   /* milliseconds of silence */
    CLOSING_TIMEOUT = 5000,      /* likewise */
    WORK_SIZE = 8192 + (8 << 10) /* bytes: the server's head and what we send */
};

static const char help[] =
    "usage: wscat [--origin O] [--subprotocol P] [--header 'N: v'] [--no-deflate] URL\n"
    "Sends each line of its input as a text message and prints each message that it receives on a\n"
    "line: text as it is, for binary ones \"<binary N bytes>\". Closes at the end of its input.\n"
    "\n"
    "  --origin O         the Origin to name\n"
    "  --subprotocol P    a subprotocol to offer, or several with commas\n"
    "  --header 'N: v'    a further header line; may be given several times\n"
    "  --no-deflate       offer no compression (it is " DEFLATE_IS ")\n"
    "  --help             this text\n"
    "\n"
    "URL is ws://HOST[:PORT]/PATH. Ends with 0 after a normal closure (1000, or no code), with 1 "
    "and\n"
    "the reason on the standard error after anything else, with 2 if it was called wrongly.\n";

/* The lines that have been read and not been sent: text[start..length). */
struct lines {
    char *text;
    size_t start, length, capacity; /* bytes */
    size_t scanned;                 /* no line ends between start and here */
    int ended;                      /* the input has no more */
};

/* What happened to the connection. */
struct outcome {
    int closed;       /* it is over: nothing more to pull */
    int failed;       /* it is no normal closure; the reason has been printed */
    uint64_t binary;  /* bytes of the binary message that is arriving */
    char reason[124]; /* of the server's Close */
};

static struct client client;
static struct lines lines;
static struct outcome outcome;

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

/* Gives up, and closes without sending more. */
static void give_up_sending(const char *text) {
    give_up(text, "");
    lines.ended = 1;
    lines.start = lines.scanned = lines.length;
}

/* Reads more input behind what there is. Only while nothing of it is borrowed. */
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
        char *text = capacity <= MAX_LINE ? realloc(lines.text, capacity) : NULL;
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
 * to go on by once it has been sent, or 0 if there is no line yet. */
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

/* Returns 0 if what was gathered must be written first. Without memory to compress it with, the
 * line goes out plain. */
static int send_line(pws_str line) {
    return pws_send(&client.ws, PWS_TEXT, line.ptr, line.len) == PWS_OK ||
           pws_send(&client.ws, PWS_TEXT | PWS_PLAIN, line.ptr, line.len) == PWS_OK;
}

/* Sends the lines that there are, and at the end of the input Close. Returns 1 if the machine must
 * be pulled. */
static int send_lines(void) {
    pws_str line;
    size_t step;
    int told = 0;

    while (pws_state(&client.ws) == PWS_STATE_OPEN && !client.held && !pws_borrows(&client.ws)) {
        step = find_line(&line);
        if (step == 0 && !lines.ended)
            break;
        told = 1;
        if (step == 0)
            pws_close(&client.ws, 1000, pws_cstr(""));
        else if (!pws_utf8_valid(line.ptr, line.len))
            give_up_sending("a line of the input is not UTF-8");
        else if (send_line(line))
            lines.start = lines.scanned = lines.start + step;
        else
            break;
    }
    return told;
}

/* ---- What the server says ---- */

/* Says how the server has refused: status, reason, and the first line of the body, which is in the
 * cursor as far as it has arrived. */
static void report_refusal(const pws_head *head) {
    char text[256], body[160];
    size_t length = 0;
    int news = CLIENT_SOCKET;

    snprintf(text, sizeof text, "the server refused: %u %.*s", (unsigned)head->status,
             head->reason.len < 160 ? (int)head->reason.len : 160,
             head->reason.len > 0 ? head->reason.ptr : "");
    while (!(news & CLIENT_TIMEOUT) && pws_state(&client.ws) != PWS_STATE_CLOSED) {
        pws_event ev;
        for (; client.unread.len > 0; client.unread.ptr++, client.unread.len--) {
            if (*client.unread.ptr == '\n' || length == sizeof body - 1)
                break;
            if (*client.unread.ptr >= ' ')
                body[length++] = (char)*client.unread.ptr;
        }
        if (client.unread.len > 0)
            break;
        news = client_wait(&client, -1, CLOSING_TIMEOUT);
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
    if (ev->code != 1006 && ev->code != 1005 && ev->code != 1000) {
        snprintf(text, sizeof text, "the server closed with %u", (unsigned)ev->code);
        give_up(text, outcome.reason);
    } else if (ev->error != PWS_OK) {
        give_up(pws_strerror(ev->error), "");
    }
}

static void handle(const pws_event *ev) {
    switch (ev->kind) {
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

/* Talks until the connection has ended. */
static void talk(void) {
    pws_event ev;
    int news;

    while (!outcome.closed) {
        int state, wants_input, timeout = -1;
        while (client_next(&client, &ev))
            handle(&ev);
        if (outcome.closed || send_lines())
            continue;
        fflush(stdout);
        state = pws_state(&client.ws);
        if (state != PWS_STATE_OPEN)
            timeout = state == PWS_STATE_CONNECTING ? HANDSHAKE_TIMEOUT : CLOSING_TIMEOUT;
        wants_input =
            state == PWS_STATE_OPEN && !lines.ended && !client.held && !pws_borrows(&client.ws);
        news = client_wait(&client, wants_input ? STDIN_FILENO : -1, timeout);
        if (news & CLIENT_OTHER)
            read_lines();
        if (news & CLIENT_TIMEOUT) {
            if (state == PWS_STATE_CONNECTING)
                give_up("the server does not answer", "");
            pws_eof(&client.ws);
        }
    }
    fflush(stdout);
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

/* Fills what comes from the command line. Returns the URL. */
static const char *parse_options(int argc, char **argv, pws_config *config, pws_request *request) {
    static const struct option options[] = {
        {"origin", required_argument, NULL, 'o'}, {"subprotocol", required_argument, NULL, 's'},
        {"header", required_argument, NULL, 'h'}, {"no-deflate", no_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'u'},         {NULL, 0, NULL, 0}};
    static pws_header headers[MAX_HEADERS];
    int option;

    request->headers = headers;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            request->origin = pws_cstr(optarg);
            break;
        case 's':
            config->protocols = optarg;
            break;
        case 'h':
            if (request->header_count == MAX_HEADERS)
                usage_error("too many --header", "");
            headers[request->header_count++] = parse_header(optarg);
            break;
        case 'd':
            config->codec = NULL;
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
    static uint8_t work[WORK_SIZE];
    static pws_random rng;
    pws_config config = {.role = PWS_CLIENT, .flags = PWS_STREAM};
    pws_request request = {.header_count = 0};
    pws_url url;
    const char *text, *problem;
    int32_t error;
#ifdef PUREWS_ZLIB
    static struct zlib_codecs codecs;
    pws_codec codec = zlib_codec(&codecs);

    config.codec = &codec;
#endif
    text = parse_options(argc, argv, &config, &request);
    error = pws_url_parse(pws_cstr(text), &url);
    if (error != PWS_OK)
        usage_error(text, pws_strerror(error));
    if (url.secure)
        usage_error("wss needs TLS, which is not built in", text);
    if (!client_seed(&rng)) {
        complain("cannot read /dev/urandom", "");
        return 1;
    }
    request.host = url.authority;
    request.target = url.target;
    error = pws_init(&client.ws, &config, work, sizeof work);
    if (error == PWS_OK)
        error = pws_connect(&client.ws, &rng, &request);
    if (error != PWS_OK)
        usage_error(pws_strerror(error), "");
    problem = client_dial(&client, &url);
    if (problem != NULL) {
        fprintf(stderr, "wscat: cannot connect to %.*s: %s\n", (int)url.authority.len,
                url.authority.ptr, problem);
        return 1;
    }
    talk();
    client_hang_up(&client);
    free(lines.text);
    return outcome.failed;
}
