/* The command line of echo_server. Part of that program: it defines functions. */
#ifndef ECHO_OPTIONS_H
#define ECHO_OPTIONS_H

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "purews.h"

#ifdef PUREWS_ZLIB
#define DEFLATE_IS "built in, with zlib"
#else
#define DEFLATE_IS "not built in; needs zlib"
#endif

static const char help[] =
    "usage: echo_server --port N [--host H] [--max-message BYTES] [--subprotocol a,b]\n"
    "                   [--origin URL]... [--no-deflate]\n"
    "                   [--deflate-window BITS] [--deflate-client-window BITS]\n"
    "                   [--deflate-no-takeover]\n"
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
    "GET / without an upgrade shows a page to try it with. SIGTERM or SIGINT closes every\n"
    "connection with 1001 and ends the program.\n";

static void fail(int status, const char *text, const char *about) {
    fprintf(stderr, "echo_server: %s%s%s\n", text, about[0] != '\0' ? ": " : "", about);
    exit(status);
}

/* The number that text is, from low to high, or the end of the program. */
static uint64_t parse_number(const char *text, uint64_t low, uint64_t high, const char *complaint) {
    uint64_t number = 0;
    const char *p;

    for (p = text; *p >= '0' && *p <= '9' && number <= high; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    if (p == text || *p != '\0' || number < low || number > high)
        fail(2, complaint, text);
    return number;
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

/* Fills config, *host and *port (text of a number), or ends the program. */
static void parse_options(int argc, char **argv, pws_config *config, const char **host,
                          const char **port) {
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"host", required_argument, NULL, 'h'},
                                            {"max-message", required_argument, NULL, 'm'},
                                            {"subprotocol", required_argument, NULL, 's'},
                                            {"origin", required_argument, NULL, 'o'},
                                            {"no-deflate", no_argument, NULL, 'd'},
                                            {"deflate-window", required_argument, NULL, 'w'},
                                            {"deflate-client-window", required_argument, NULL, 'c'},
                                            {"deflate-no-takeover", no_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    static char origins[4096], protocols[1024];
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            parse_number(optarg, 0, 65535, "--port takes a number from 0 to 65535");
            *port = optarg;
            break;
        case 'h':
            *host = optarg;
            break;
        case 'm':
            config->max_message = parse_number(optarg, 1, UINT32_MAX,
                                               "--max-message takes a number from 1 to 4294967295");
            break;
        case 's':
            config->protocols = append(protocols, sizeof protocols, optarg);
            break;
        case 'o':
            config->origins = append(origins, sizeof origins, optarg);
            break;
        case 'd':
            config->codec = NULL;
            break;
        case 'w':
            need_deflate("--deflate-window");
            config->deflate.server_max_window_bits = (uint8_t)parse_number(
                optarg, 9, 15, "--deflate-window takes a number from 9 to 15");
            break;
        case 'c':
            need_deflate("--deflate-client-window");
            config->deflate.client_max_window_bits = (uint8_t)parse_number(
                optarg, 8, 15, "--deflate-client-window takes a number from 8 to 15");
            break;
        case 't':
            need_deflate("--deflate-no-takeover");
            config->deflate.server_no_context_takeover = 1;
            config->deflate.client_no_context_takeover = 1;
            break;
        case 'u':
            fputs(help, stdout);
            exit(0);
        default:
            exit(2); /* getopt_long has said why */
        }
    }
    if (optind < argc)
        fail(2, "this is no option", argv[optind]);
    if (*port == NULL)
        fail(2, "--port is needed; --help says more", "");
}

#endif
