/* The command line of echo_server. Part of that program: it defines functions. */
#ifndef ECHO_OPTIONS_H
#define ECHO_OPTIONS_H

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "purews.h"

#ifdef PUREWS_ZLIB
#define DEFLATE_IS "built in, with zlib"
#else
#define DEFLATE_IS "not built in; needs zlib"
#endif

static const char help[] =
    "usage: echo_server --port N [OPTION]...\n"
    "Sends every WebSocket message back. Its first line says where it listens.\n"
    "\n"
    "  --port N             TCP port; 0 picks a free one\n"
    "  --host H             address or name to listen on; 127.0.0.1 if not given\n"
    "  --max-message BYTES  largest message that is accepted; 16777216 if not given. Memory is\n"
    "                       used only for what has arrived\n"
    "  --subprotocol a,b    subprotocols, best first\n"
    "  --origin URL         let in pages of this origin, such as https://example.com, and of no\n"
    "                       other; may be given several times\n"
    "  --help               this text\n"
    "\n"
    "Time, in seconds such as 30 or 0.5; 0: no limit.\n"
    "\n"
    "  --ping-interval S    send a Ping where nothing has come for so long; 30 if not given\n"
    "  --pong-timeout S     close with 1011 where nothing comes for so long after that; 10\n"
    "  --idle S             close with 1001 where no message and no Ping of the peer has come and\n"
    "                       no message has gone for so long; 0\n"
    "  --open-time S        the opening handshake must be over by then, or it is answered with\n"
    "                       408; 10\n"
    "  --message-time S     close with 1008 where a message takes longer to arrive; 60\n"
    "  --send-time S        end a connection that takes none of its output for so long; 60\n"
    "  --close-time S       end a connection when its closing takes longer; 5, also for 0\n"
    "\n"
    "Rate, for each connection. Each second's share may come at once.\n"
    "\n"
    "  --rate MESSAGES      messages per second; no limit if not given\n"
    "  --rate-bytes BYTES   bytes of messages per second; no limit if not given\n"
    "  --rate-action close|delay|count\n"
    "                       with who sends more: close with 1008 (if not given); do not read\n"
    "                       from it until it keeps the limit again; only count it\n"
    "\n"
    "A peer that does not take its echoes is not read from. Or, so that it is:\n"
    "\n"
    "  --queue BYTES        let so many bytes of echoes wait for each connection, each with 64\n"
    "                       more; --max-message becomes at most what fits\n"
    "  --queue-full refuse|drop-oldest|drop-newest|close\n"
    "                       when it is full: stop reading, until a quarter waits (if not given);\n"
    "                       drop the echo that has waited longest; drop the new one; close with\n"
    "                       1008\n"
    "\n"
    "Compression (permessage-deflate, RFC 7692): " DEFLATE_IS ".\n"
    "\n"
    "  --no-deflate         none\n"
    "  --deflate-window BITS\n"
    "                       window of what the server sends: 2 to the power of 9 to 15 bytes; 15\n"
    "                       if not given\n"
    "  --deflate-client-window BITS\n"
    "                       window of what clients that can choose it send: 8 to 15\n"
    "  --deflate-no-takeover\n"
    "                       each message is compressed by itself. Otherwise a connection keeps\n"
    "                       301 KiB (less with smaller windows) from its first compressed\n"
    "                       messages to its end; so, at most 64 keep 39 KiB while a message\n"
    "                       comes in and 64 keep 262 KiB while one goes out. Who finds none free\n"
    "                       to decompress with is closed with 1013\n"
    "\n"
    "GET / without an upgrade shows a page to try it with, GET /metrics what the server has\n"
    "counted, for Prometheus and whoever else asks. SIGTERM or SIGINT closes every connection\n"
    "with 1001 and ends the program.\n";

/* What to do with a peer that sends more than it may. */
enum rate_action {
    RATE_CLOSE,
    RATE_DELAY,
    RATE_COUNT
};

/* What the command line asks for. */
struct options {
    const char *host, *port; /* port: the text of a number */
    pws_config config;
    pws_rate_config rate; /* zeros: no limit */
    enum rate_action rate_action;
    pws_queue_config queue;
    size_t queue_size; /* bytes for each connection; 0: no queue */
};

static void fail(int status, const char *text, const char *about) {
    fprintf(stderr, "echo_server: %s%s%s\n", text, about[0] != '\0' ? ": " : "", about);
    exit(status);
}

/* The number that text is, from low to high, or the end of the program. */
static uint64_t parse_number(const char *text, uint64_t low, uint64_t high, const char *complaint) {
    uint64_t number;

    if (!read_number(text, low, high, &number))
        fail(2, complaint, text);
    return number;
}

/* The milliseconds that are asked for, or the end of the program. */
static uint32_t parse_seconds(const char *option, const char *text) {
    uint32_t milliseconds;

    if (!read_seconds(text, &milliseconds)) {
        fprintf(stderr, "echo_server: --%s takes seconds such as 30 or 0.5: %s\n", option, text);
        exit(2);
    }
    return milliseconds;
}

/* The place of text among words, of which NULL is the last, or the end of the program. */
static unsigned parse_word(const char *text, const char *const *words, const char *complaint) {
    unsigned place;

    for (place = 0; words[place] != NULL; place++)
        if (strcmp(text, words[place]) == 0)
            return place;
    fail(2, complaint, text);
    return 0;
}

/* Adds a comma and item to the list of size bytes. Returns the list. */
static const char *append(char *list, size_t size, const char *item) {
    size_t length = strlen(list);

    if (length + 1 + strlen(item) >= size)
        fail(2, "this is too much", item);
    snprintf(list + length, size - length, "%s%s", length > 0 ? "," : "", item);
    return list;
}

/* Ends the program if it cannot compress. */
static void need_deflate(const char *option) {
#ifdef PUREWS_ZLIB
    (void)option;
#else
    fail(2, "compression is not built in", option);
#endif
}

enum option_name {
    OPTION_PORT = 1,
    OPTION_HOST,
    OPTION_MAX_MESSAGE,
    OPTION_SUBPROTOCOL,
    OPTION_ORIGIN,
    OPTION_HELP,
    OPTION_PING_INTERVAL,
    OPTION_PONG_TIMEOUT,
    OPTION_IDLE,
    OPTION_OPEN_TIME,
    OPTION_MESSAGE_TIME,
    OPTION_SEND_TIME,
    OPTION_CLOSE_TIME,
    OPTION_RATE,
    OPTION_RATE_BYTES,
    OPTION_RATE_ACTION,
    OPTION_QUEUE,
    OPTION_QUEUE_FULL,
    OPTION_NO_DEFLATE,
    OPTION_DEFLATE_WINDOW,
    OPTION_DEFLATE_CLIENT_WINDOW,
    OPTION_DEFLATE_NO_TAKEOVER
};

/* What is said of time. Returns 0 if it is another option. */
static int parse_time(pws_config *config, int option, const char *name, const char *text) {
    uint32_t *limit;

    switch (option) {
    case OPTION_PING_INTERVAL:
        limit = &config->ping_ms;
        break;
    case OPTION_PONG_TIMEOUT:
        limit = &config->pong_ms;
        break;
    case OPTION_IDLE:
        limit = &config->idle_ms;
        break;
    case OPTION_OPEN_TIME:
        limit = &config->open_ms;
        break;
    case OPTION_MESSAGE_TIME:
        limit = &config->message_ms;
        break;
    case OPTION_SEND_TIME:
        limit = &config->send_ms;
        break;
    case OPTION_CLOSE_TIME:
        limit = &config->close_ms;
        break;
    default:
        return 0;
    }
    *limit = parse_seconds(name, text);
    return 1;
}

/* What is said of rates and queues. Returns 0 if it is another option. */
static int parse_limits(struct options *options, int option, const char *text) {
    /* in the order of enum rate_action and of PWS_FULL_REFUSE, ... */
    static const char *const actions[] = {"close", "delay", "count", NULL};
    static const char *const fulls[] = {"refuse", "drop-oldest", "drop-newest", "close", NULL};
    static const uint32_t policies[] = {PWS_FULL_REFUSE, PWS_FULL_DROP_OLDEST, PWS_FULL_DROP_NEWEST,
                                        PWS_FULL_CLOSE};

    switch (option) {
    case OPTION_RATE:
        options->rate.messages_per_second = (uint32_t)parse_number(
            text, 1, UINT32_MAX, "--rate takes a number from 1 to 4294967295");
        return 1;
    case OPTION_RATE_BYTES:
        options->rate.bytes_per_second = (uint32_t)parse_number(
            text, 1, UINT32_MAX, "--rate-bytes takes a number from 1 to 4294967295");
        return 1;
    case OPTION_RATE_ACTION:
        options->rate_action = (enum rate_action)parse_word(
            text, actions, "--rate-action takes close, delay or count");
        return 1;
    case OPTION_QUEUE:
        options->queue_size = (size_t)parse_number(
            text, 1024, 1 << 30, "--queue takes a number from 1024 to 1073741824");
        return 1;
    case OPTION_QUEUE_FULL:
        options->queue.full = policies[parse_word(
            text, fulls, "--queue-full takes refuse, drop-oldest, drop-newest or close")];
        return 1;
    default:
        return 0;
    }
}

/* What is said of compression. Returns 0 if it is another option. */
static int parse_deflate(pws_config *config, int option, const char *text) {
    switch (option) {
    case OPTION_NO_DEFLATE:
        config->codec = NULL;
        return 1;
    case OPTION_DEFLATE_WINDOW:
        need_deflate("--deflate-window");
        config->deflate.server_max_window_bits =
            (uint8_t)parse_number(text, 9, 15, "--deflate-window takes a number from 9 to 15");
        return 1;
    case OPTION_DEFLATE_CLIENT_WINDOW:
        need_deflate("--deflate-client-window");
        config->deflate.client_max_window_bits = (uint8_t)parse_number(
            text, 8, 15, "--deflate-client-window takes a number from 8 to 15");
        return 1;
    case OPTION_DEFLATE_NO_TAKEOVER:
        need_deflate("--deflate-no-takeover");
        config->deflate.server_no_context_takeover = 1;
        config->deflate.client_no_context_takeover = 1;
        return 1;
    default:
        return 0;
    }
}

static void parse_option(struct options *options, int option, const char *text) {
    static char origins[4096], protocols[1024];

    switch (option) {
    case OPTION_PORT:
        parse_number(text, 0, 65535, "--port takes a number from 0 to 65535");
        options->port = text;
        break;
    case OPTION_HOST:
        options->host = text;
        break;
    case OPTION_MAX_MESSAGE:
        options->config.max_message =
            parse_number(text, 1, UINT32_MAX, "--max-message takes a number from 1 to 4294967295");
        break;
    case OPTION_SUBPROTOCOL:
        options->config.protocols = append(protocols, sizeof protocols, text);
        break;
    case OPTION_ORIGIN:
        options->config.origins = append(origins, sizeof origins, text);
        break;
    case OPTION_HELP:
        fputs(help, stdout);
        exit(0);
    default:
        exit(2); /* getopt_long has said why */
    }
}

/* Echoes wait in a queue: each must fit into it. */
static void settle_queue(struct options *options) {
    uint64_t largest;

    if (options->queue_size == 0)
        return;
    options->queue_size &= ~(size_t)7;
    largest = options->queue_size - PWS_QUEUE_ENTRY;
    if (options->config.max_message > largest)
        options->config.max_message = largest;
    options->queue.high = options->queue_size / 2;
    options->queue.low = options->queue_size / 4;
}

/* Fills options, which has the defaults, or ends the program. */
static void parse_options(int argc, char **argv, struct options *options) {
    static const struct option names[] = {
        {"port", required_argument, NULL, OPTION_PORT},
        {"host", required_argument, NULL, OPTION_HOST},
        {"max-message", required_argument, NULL, OPTION_MAX_MESSAGE},
        {"subprotocol", required_argument, NULL, OPTION_SUBPROTOCOL},
        {"origin", required_argument, NULL, OPTION_ORIGIN},
        {"help", no_argument, NULL, OPTION_HELP},
        {"ping-interval", required_argument, NULL, OPTION_PING_INTERVAL},
        {"pong-timeout", required_argument, NULL, OPTION_PONG_TIMEOUT},
        {"idle", required_argument, NULL, OPTION_IDLE},
        {"open-time", required_argument, NULL, OPTION_OPEN_TIME},
        {"message-time", required_argument, NULL, OPTION_MESSAGE_TIME},
        {"send-time", required_argument, NULL, OPTION_SEND_TIME},
        {"close-time", required_argument, NULL, OPTION_CLOSE_TIME},
        {"rate", required_argument, NULL, OPTION_RATE},
        {"rate-bytes", required_argument, NULL, OPTION_RATE_BYTES},
        {"rate-action", required_argument, NULL, OPTION_RATE_ACTION},
        {"queue", required_argument, NULL, OPTION_QUEUE},
        {"queue-full", required_argument, NULL, OPTION_QUEUE_FULL},
        {"no-deflate", no_argument, NULL, OPTION_NO_DEFLATE},
        {"deflate-window", required_argument, NULL, OPTION_DEFLATE_WINDOW},
        {"deflate-client-window", required_argument, NULL, OPTION_DEFLATE_CLIENT_WINDOW},
        {"deflate-no-takeover", no_argument, NULL, OPTION_DEFLATE_NO_TAKEOVER},
        {NULL, 0, NULL, 0}};
    int option, place = 0;

    while ((option = getopt_long(argc, argv, "", names, &place)) != -1)
        if (!parse_time(&options->config, option, names[place].name, optarg) &&
            !parse_limits(options, option, optarg) &&
            !parse_deflate(&options->config, option, optarg))
            parse_option(options, option, optarg);
    if (optind < argc)
        fail(2, "this is no option", argv[optind]);
    if (options->port == NULL)
        fail(2, "--port is needed; --help says more", "");
    settle_queue(options);
}

#endif
